"""Docstrings of modules as Markdown: their aligned columns become tables, their indented lines stay as they are."""

from __future__ import annotations

import html
import re

GAP = re.compile(r"\s{2,}")


def markdown(docstring: str) -> str:
    """A module's docstring after its first sentence, which is the page's lead."""
    return "\n\n".join(_part(part) for part in re.split(r"\n\s*\n", docstring) if part.strip())


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def table(heads: tuple[str, ...], rows: list[tuple]) -> str:
    return "\n".join([row(*heads), row(*("---" for _ in heads)), *(row(*cells) for cells in rows)])


def plain(text: str) -> str:
    """Text whose signs mean themselves."""
    return re.sub(r"([\[\]*_`\\])", r"\\\1", html.escape(text, quote=False))


def linked(words: str) -> str:
    """With links to the pages of the docs that are named: every generated page lies one folder down."""
    return re.sub(r"\bdocs/([a-z]+)\.md", r"[\1](../\1.md)", words)


def code(text: str) -> str:
    """A formula or name in fixed width."""
    signs = html.escape(text, quote=False)
    for sign in "*_[]|`":
        signs = signs.replace(sign, f"&#{ord(sign)};")
    return f"<code>{signs}</code>" if text else ""


def _part(part: str) -> str:
    lines = part.strip("\n").split("\n")
    if not lines[0].startswith(" ") and not lines[0].startswith("- ") and GAP.search(lines[0].strip()):
        return _columns(lines)
    if all(line.startswith("    ") for line in lines):
        return "```text\n" + "\n".join(line[4:] for line in lines) + "\n```"
    words = linked(_inline(part))
    return re.sub(r"(?<=\n)\n?(- )|^(- )", r"\n- ", words, count=1)  # a list needs an empty line before it


def _inline(text: str) -> str:
    """Text whose signs mean themselves, but for code between backticks."""
    return re.sub(r"`([^`]*)`|([\[\]*_\\])", _escaped, html.escape(text, quote=False))


def _escaped(match) -> str:
    return f"`{html.unescape(match[1])}`" if match[1] is not None else f"\\{match[2]}"


def _columns(lines: list[str]) -> str:
    """A table where every line falls into as many columns as the first; else the lines as they stand."""
    starts = [0, *(gap.end() for gap in GAP.finditer(lines[0].rstrip()))]
    cells: list[list[str]] = []
    for line in lines:
        parts = _cells(line, starts)
        if line.startswith("   ") and cells:  # goes on where the line before ended, or column by column
            parts = _below(line, starts) if not GAP.search(line.strip()) else parts
            cells[-1] = [f"{one} {more}".strip() for one, more in zip(cells[-1], parts or [], strict=False)]
        else:
            cells.append(parts)
    if None in cells or any(len(parts) != len(starts) for parts in cells) or len(cells) < 2:
        return "```text\n" + "\n".join(lines) + "\n```"
    first, *others = [[_inline(cell) for cell in parts] for parts in cells]
    return table(tuple(first), [tuple(parts) for parts in others])


def _below(line: str, starts: list[int]) -> list[str]:
    """A line that goes on in one column: the one that it stands below."""
    column = sum(start <= len(line) - len(line.lstrip()) for start in starts) - 1
    return [line.strip() if place == column else "" for place in range(len(starts))]


def _cells(line: str, starts: list[int]) -> list[str] | None:
    """The cells of a line: where gaps are as many as in the first line, or else where its columns begin."""
    parts = GAP.split(line.strip())
    if len(parts) == len(starts) and not line.startswith(" "):
        return parts
    at = [*starts, len(line)]
    if any(start and line[start - 1 : start].strip() for start in starts):
        return None
    return [line[one:other].strip() for one, other in zip(at, at[1:], strict=False)]
