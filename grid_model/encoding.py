"""Bytes of people's files as text: UTF-8 and nothing else, with a word on what else they may be; and text as cells of CSV.

A cell of text that begins like a formula (FORMULA) is written with an apostrophe before it, which spreadsheets hide; reading
takes it away again.
"""

from __future__ import annotations

import re

TEXT = "text in UTF-8"
FORMULA = r"'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]"
_BARE, _MARKED = re.compile(f"^({FORMULA})"), re.compile(f"^'({FORMULA})")


def as_cell(text: str) -> str:
    """A text as it is written, so that no spreadsheet runs it."""
    return _BARE.sub(r"'\1", text)


def of_cell(cell: str) -> str:
    """The text that a cell was written for."""
    return _MARKED.sub(r"\1", cell) if cell.startswith("'") else cell


def decode(content: bytes) -> tuple[str, tuple[str, str, int] | None]:
    """Bytes as text, a byte order mark removed; and what was found, what is allowed and the row where they are none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        return "", (*_meant(content, error.start), row)
    if "\0" in text:
        return "", ("a zero byte", TEXT, text.count("\n", 0, text.index("\0")) + 1)
    return text, None


def _meant(content: bytes, place: int) -> tuple[str, str]:
    """What stands where UTF-8 ends, and what is allowed; the encodings that spreadsheets write are known by name."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16", TEXT + ": save it as UTF-8 (a spreadsheet: CSV UTF-8)"
    if content.startswith(b"PK\3\4"):
        return "a workbook (or another packed file)", TEXT + ": save it as UTF-8 (a spreadsheet: CSV UTF-8)"
    line = content[content.rfind(b"\n", 0, place) + 1 :].partition(b"\n")[0]
    try:
        written = line.decode("gb18030").strip()
    except UnicodeDecodeError:
        written = ""
    if written.isprintable() and any("\u4e00" <= sign <= "\u9fff" for sign in written):
        return written, TEXT + ": this looks like GBK, save it as UTF-8 (a spreadsheet: CSV UTF-8)"
    return str(content[place : place + 8]), TEXT
