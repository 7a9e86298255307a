"""What a mutant of the model is: one term of one rule removed or turned.

Rules are what becomes rows, bounds, costs and offers: functions that Pyomo evaluates in `formulation.py`, `technologies/`
and `policies/`.

kind      what is done
rule      the whole constraint is left out
term      one of two added or subtracted terms is left out
sign      an added term is subtracted, or the other way round
factor    one of two factors, or a divisor, is left out
relation  == becomes <= or >=, <= becomes ==, >= becomes ==; a word is compared the other way
bound     one side of a column's bounds is left open
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """One change of one module: where, of which kind, and the changed source; `count` tells equal changes of a rule apart."""

    module: str
    rule: str
    kind: str
    change: str
    count: int
    function: str
    line: int
    source: str

    @property
    def key(self) -> tuple[str, ...]:
        """What names it in tables, whatever moves in the file."""
        return self.module, self.rule, self.kind, self.change, str(self.count)


def mutants(path: Path) -> Iterator[Mutant]:
    """All mutants of a module, by line."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    found = []
    every = rules(tree)
    within = {id(rule): {id(inner) for inner in ast.walk(rule)} for rule, _ in every}
    for rule, name in every:
        nested = {one for other, _ in every if other is not rule and id(other) in within[id(rule)] for one in within[id(other)]}
        function = _qualified_name(tree, rule)
        for node in ast.walk(rule):
            if id(node) not in nested or node is rule:
                found += [(name, kind, " ".join(change.split()), function, node.lineno, _replaced(text, node, new))
                          for kind, change, new in _changes(node, rule, text)]
    unique = {one[-1]: one for one in sorted(found, key=lambda one: one[4])}
    counted: Counter = Counter()
    for one in unique.values():
        counted[one[:3]] += 1
        yield Mutant(path.stem, *one[:3], counted[one[:3]], *one[3:])


def rules(tree: ast.Module) -> list[tuple[ast.AST, str]]:
    """Functions that Pyomo evaluates, with their names: nested in `add_*`, taking block and data, or taking a step."""
    found = []
    adders = [(one, {id(inner) for inner in ast.walk(one)}) for one in ast.walk(tree)
              if isinstance(one, ast.FunctionDef) and one.name.startswith(("add_", "_add_"))]
    for top in ast.walk(tree):
        if isinstance(top, (ast.FunctionDef, ast.Lambda)):
            arguments = [argument.arg for argument in top.args.args]
            name = getattr(top, "name", "lambda")
            docstring = isinstance(top, ast.FunctionDef) and (ast.get_docstring(top) or "")
            assembles = name.startswith(("add_", "_add_", "read", "_read", "declare", "check"))
            evaluated = {"step", "border"} & set(arguments) or (len(arguments) > 1 and arguments[1] == "data")
            evaluated = evaluated or bool(docstring) and docstring.endswith(("[GW]", "[GWh]"))  # of a class that makes rows
            adder = next((other for other, inner in adders if other is not top and id(top) in inner), None)
            if not assembles and "solved" not in arguments and (evaluated or adder is not None):
                found.append((top, name if name != "lambda" or adder is None else f"{adder.name} lambda"))
    return found


SCOPES = {ast.Lambda: "<lambda>", ast.GeneratorExp: "<genexpr>", ast.ListComp: "<listcomp>", ast.SetComp: "<setcomp>",
          ast.DictComp: "<dictcomp>"}


def _qualified_name(tree: ast.Module, function: ast.AST) -> str:
    """Name of a function as its code knows it."""
    name = ""
    for node in ast.walk(tree):  # outer ones come before inner ones
        if isinstance(node, (*SCOPES, ast.FunctionDef, ast.ClassDef)) and (node is function or _inside(function, node)):
            holds = isinstance(node, (ast.FunctionDef, ast.Lambda))
            name += (SCOPES.get(type(node)) or node.name) + ("" if node is function else ".<locals>." if holds else ".")
    return name


def _inside(node: ast.AST, other: ast.AST) -> bool:
    return node is not other and any(inner is node for inner in ast.walk(other))


def _changes(node, rule, text):
    """(kind, what is changed, new source) for every mutation of one node."""
    def source(part):
        return ast.get_source_segment(text, part)

    if node is rule and isinstance(node, ast.FunctionDef) and any("Constraint" in source(one) for one in node.decorator_list):
        yield "rule", "left out", "pass"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        left, right, minus = source(node.left), source(node.right), isinstance(node.op, ast.Sub)
        yield "term", f"without {left}", f"(-({right}))" if minus else f"({right})"
        yield "term", f"without {right}", f"({left})"
        yield "sign", f"{'+' if minus else '-'} {right}", f"(({left}) {'+' if minus else '-'} ({right}))"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        yield "factor", f"without {source(node.right)}", f"({source(node.left)})"
        if isinstance(node.op, ast.Mult):
            yield "factor", f"without {source(node.left)}", f"({source(node.right)})"
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], (ast.Eq, ast.LtE, ast.GtE)):
        left, right = source(node.left), source(node.comparators[0])
        word = isinstance(node.comparators[0], ast.Constant) and isinstance(node.comparators[0].value, str)
        others = ("!=",) if word else ("<=", ">=") if isinstance(node.ops[0], ast.Eq) else ("==",)
        for sign in others:
            yield "relation", f"{left} {sign} {right}", f"(({left}) {sign} ({right}))"
    elif isinstance(node, ast.Tuple) and node is getattr(rule, "body", None) and len(node.elts) == 2:
        lower, upper = (source(one) for one in node.elts)
        yield "bound", f"without {lower}", f"(None, {upper})"
        yield "bound", f"without {upper}", f"({lower}, None)"


def _replaced(text: str, node: ast.AST, new: str) -> str:
    """The source with one node replaced, every line keeping its number; a function goes with its decorators."""
    lines = text.splitlines(keepends=True)
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    before = "".join(lines[:first - 1]) + lines[first - 1].encode()[:node.col_offset].decode()
    after = lines[node.end_lineno - 1].encode()[node.end_col_offset:].decode() + "".join(lines[node.end_lineno:])
    short = "\n" * (node.end_lineno - first - new.count("\n"))
    changed = before + (new + short if new == "pass" else new[:-1] + short + new[-1]) + after
    compile(changed, "mutant", "exec")
    return changed
