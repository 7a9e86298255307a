"""YAML of scenarios: read safely with the line of every key, and written so that it reads back the same.

Dates stay text, 1e6 is a number, 1:30 is text. Tags, aliases and keys given twice are problems.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from grid_model.encoding import decode
from grid_model.errors import Problem, printable, shown


class _Loader(yaml.SafeLoader):
    """Safe YAML whose dates stay text, whose 1e6 is a number, and that knows no clock arithmetic (1:30 is text)."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_DIGITS = list("-+0123456789.")
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), _DIGITS)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$"
    ),
    _DIGITS,
)
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


class _Dumper(yaml.SafeDumper):
    """Writes text that the loader would take for a number in quotes."""


_Dumper.yaml_implicit_resolvers = {
    first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *_Loader.yaml_implicit_resolvers.get(first, [])]
    for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *_Loader.yaml_implicit_resolvers}
}
PATHS = ("inputs", "profiles")  # keys of a scenario that name folders
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null")}


@dataclass
class Document:
    """One YAML file as plain values, with the line of every dotted key."""

    content: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def parse_value(text: str) -> object:
    """One YAML value as it stands in `key=value`; raises ValueError where it is none."""
    loader = _Loader(text)
    composer = _Composer(loader, "")
    try:
        node = loader.get_single_node()
        value = None if node is None else composer.value(node, "")
    except (yaml.YAMLError, RecursionError):
        raise ValueError("a value as in YAML") from None
    finally:
        loader.dispose()
    if composer.problems:
        raise ValueError(composer.problems[0].allowed)
    return value


class _Composer:
    """Turns the nodes of YAML into values, noting lines; aliases, tags and double keys are problems."""

    def __init__(self, loader: _Loader, file: str):
        self.loader, self.file = loader, file
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, key: str) -> object:
        self.lines[key] = node.start_mark.line + 1
        if id(node) in self.seen:
            self._problem(node, key, "", "no alias (*name); write the value, or use extends")
            return None
        self.seen.add(id(node))
        if node.tag not in _TAGS:
            self._problem(node, key, node.tag, "no tag (!name)")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(inner, join(key, index)) for index, inner in enumerate(node.value)]
        try:
            return self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self._problem(node, key, node.value, "plain text, a number, true or false")
            return None

    def _mapping(self, node: yaml.MappingNode, key: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name_node, inner in node.value:
            name = name_node.value if isinstance(name_node, yaml.ScalarNode) else None
            if name is None or name in result:
                self._problem(name_node, key, name or "", "each key once, a plain word")
                continue
            result[name] = self.value(inner, join(key, name))
            self.lines[join(key, name)] = name_node.start_mark.line + 1
        return result

    def _problem(self, node: yaml.Node, key: str, value: object, allowed: str) -> None:
        self.problems.append(Problem(self.file, node.start_mark.line + 1, key, printable(value), allowed))


def join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


def read_document(path: Path) -> Document:
    """The content of one scenario file; what is wrong with it is among its problems."""
    file = shown(path)
    if os.path.isdir(path):
        inside = path / "scenario.yaml"
        hint = f"; did you mean {shown(inside)}?" if os.path.isfile(inside) else ""
        return Document({}, problems=[Problem(file, 0, "", "a folder", "a scenario file" + hint)])
    try:
        text, fault = decode(path.read_bytes())
        if fault:
            value, allowed, row = fault
            return Document({}, problems=[Problem(file, row, "", printable(value), "YAML, " + allowed)])
        loader = _Loader(text)
        composer = _Composer(loader, file)
        node = loader.get_single_node()
        content = {} if node is None else composer.value(node, "")
    except OSError as error:
        return Document({}, problems=[Problem(file, 0, "", error.strerror or "", "a scenario file that can be read")])
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        row = mark.line + 1 if mark else 0
        return Document({}, problems=[Problem(file, row, "", error.problem or "", "YAML: keys with values")])
    except yaml.YAMLError as error:
        return Document({}, problems=[Problem(file, 0, "", str(error), "YAML: keys with values")])
    except RecursionError:
        return Document({}, problems=[Problem(file, 0, "", "", "YAML that is not nested so deeply")])
    if not isinstance(content, dict):
        composer.problems.append(Problem(file, 1, "", printable(content), "YAML: keys with values"))
        content = {}
    return Document(content, composer.lines, composer.problems)


def to_yaml(content: Mapping[str, Any]) -> str:
    """Nested values as YAML that `read_document` reads back."""
    return yaml.dump(_plain(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _plain(value: object) -> object:
    """Nested values as YAML's own kinds."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.as_posix() if isinstance(value, Path) else value


def absolute_paths(text: str, folder: Path) -> str:
    """A scenario's text whose paths are relative to a folder, with absolute ones."""
    return _with_paths(text, lambda path: os.path.normpath(folder / path))


def relative_paths(text: str, folder: Path) -> str:
    """A scenario's text whose paths are absolute, as it is to stand in a folder.

    Where both lie below the working folder they are of one project, and the path is relative, so that the project can
    be moved; otherwise it stays absolute, so that the folder can.
    """
    project = Path.cwd()

    def path_from(path: str) -> str:
        together = Path(path).is_relative_to(project) and folder.is_relative_to(project)
        return os.path.relpath(path, folder) if together else path

    return _with_paths(text, path_from)


def _with_paths(text: str, change: Callable[[str], str]) -> str:
    content = yaml.load(text, _Loader) or {}
    return to_yaml(
        {key: change(value) if key in PATHS and isinstance(value, str) else value for key, value in content.items()}
    )
