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
    return re.sub(r"`([^`]*)`|([\[\]*_\\])", _escaped, html.escape(part, quote=False))


def _escaped(match) -> str:
    return f"`{html.unescape(match[1])}`" if match[1] is not None else f"\\{match[2]}"


def _columns(lines: list[str]) -> str:
    """A table where every line falls into as many columns as the first; else the lines as they stand."""
    cells: list[list[str]] = []
    for line in lines:
        parts = GAP.split(line.strip())
        if line.startswith("   ") and cells and len(parts) == 1:
            cells[-1][-1] += " " + parts[0]
        else:
            cells.append(parts)
    width = len(cells[0])
    if any(len(parts) not in (width, width + 1) for parts in cells[1:]) or len(cells) < 2:
        return "```text\n" + "\n".join(lines) + "\n```"
    cells = [[*parts[: width - 1], "; ".join(parts[width - 1 :])] for parts in cells]
    first, *others = [[plain(cell) for cell in parts] for parts in cells]
    return table(tuple(first), [tuple(parts) for parts in others])
