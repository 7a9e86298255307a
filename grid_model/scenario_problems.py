"""What pydantic finds wrong in a scenario, in the words of a Problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from grid_model.errors import Problem, did_you_mean, printable

Place = Callable[[str], tuple[str, int]]  # file and line of a dotted key


def problems_of(
    error: ValidationError, model: type[BaseModel], place: Place, prefix: str = "", extra: frozenset | set = frozenset()
) -> list[Problem]:
    """What pydantic found, as Problems with dotted keys below `prefix`; `extra` are keys allowed beside the model's."""
    return [_problem_of(entry, model, place, prefix, extra) for entry in _without_union_doubles(error.errors())]


def _problem_of(
    entry: Mapping[str, Any], model: type[BaseModel], place: Place, prefix: str, extra: frozenset | set
) -> Problem:
    names = [str(part) for part in entry["loc"]]
    key = prefix + ".".join(names)
    if entry["type"] == "extra_forbidden":
        known = sorted(_fields_at(model, names[:-1]) | (extra if len(names) == 1 else set()))
        allowed, value = "one of the keys " + ", ".join(known) + did_you_mean(names[-1], known), names[-1]
    elif entry["type"] == "missing":
        allowed, value = "a value: this key is required", ""
    else:
        value = printable(entry["input"]) if not isinstance(entry["input"], BaseModel) else ""
        allowed = ", or ".join(entry["allowed"])
    file, row = place(key)
    return Problem(file, row, key, value, allowed)


def _words(entry: Mapping[str, Any]) -> str:
    """What may stand there."""
    return _WORDS.get(entry["type"]) or entry["msg"].removeprefix("Value error, ").removeprefix("Input should be ")


_WORDS = {
    "path_type": "the path of a folder",
    "is_instance_of": "the path of a folder",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a finite number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "a text",
    "string_too_short": "a text that is not empty",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys and their values",
    "model_type": "keys and their values",
    "model_attributes_type": "keys and their values",
}


def _without_union_doubles(entries: list) -> list:
    """One entry per key, the innermost: pydantic reports a value that fits no branch of a union once per branch."""
    kept: dict[tuple, Any] = {}
    for entry in entries:
        location = tuple(part for part in entry["loc"] if not _is_branch(part))
        before = kept.get(location)
        kept[location] = {**entry, "loc": location, "allowed": dict.fromkeys([*(before["allowed"] if before else ()), _words(entry)])}
    return [
        entry
        for location, entry in kept.items()
        if not any(len(other) > len(location) and other[: len(location)] == location for other in kept)
    ]


def _is_branch(part: object) -> bool:
    """Whether a part of pydantic's location names the branch of a union instead of a key."""
    return isinstance(part, str) and (part in _BRANCHES or "[" in part)


_BRANCHES = {"bool", "int", "float", "str", "path", "lax-or-strict", "constrained-str", "SynthesisedProfiles"}


def _fields_at(model: type[BaseModel], names: list[str]) -> set[str]:
    """The keys allowed below the dotted key `names` of a model."""
    for name in names:
        if name.isdigit():
            continue
        annotation = model.model_fields[name].annotation if name in model.model_fields else None
        model = next(iter(models_in(annotation)), model)
    return set(model.model_fields)


def models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in models_in(part)]
