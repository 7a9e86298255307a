"""Damages done to a grid on disk, each known by its number, and what reading and solving the damaged grid comes to.

A damage is of one to three kinds: cells, columns, rows and headers of tables; single bytes and whole files; Parquet of
the wrong kind; values, keys and bytes of YAML. A third of all damages keep to what may pass for true: numbers of tables
made larger or smaller, values exchanged with another row's. The same number does the same damage.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import io
import os
import pickle
import random
import shutil
import signal
import traceback
import zipfile
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pandas as pd

import grid_model as gm
from grid_model.case import read
from grid_model.errors import AuditError, GridModelError, InputError
from grid_model.results.audit import audit, demand_passed

SECONDS = 120  # of computing, after which a case counts as endless
VALUES = (
    "", " ", "0", "-0", "1", "-1", "0.5", "2", "1e-9", "1e-300", "1e9", "1e12", "1e300", "1e999", "-1e9", "nan", "NaN",
    "inf", "-inf", "0x10", "1_000", "1,5", "１２", "1/0", "9" * 400, "0." + "3" * 300, "true", "FALSE", "null", "None",
    "~", "1900", "2027-02-30", "2027-01-01", "9999-12-31", "0000-00-00", "24:00", "=1+1", "+1", "-1+2", "@SUM(A1)",
    '=HYPERLINK("http://x")', "<script>alert(1)</script>", "&amp;", "../../../etc/passwd", "/dev/zero", "C:\\x", "~root",
    "甲", "风电场", "🔌", "\u202e", "\u200b", "e\u0301", "\ufeff", "\x00", "\x1b[31m", "\n", "\r", "\t", '"', "'", ",",
    ";", "%s%n", "{0}", "${HOME}", "a" * 5000, "coal", "A", "B", "wind", "battery", "upper lake", "A-B", "gas",
    "1e308", "-1e308", "-0.0", "5e-324", "Infinity", "١٢", "十二", "1\u00a0000", "1e３", "0b11", "NA", "#N/A", "a" * 200_000, "line\nline",
)  # fmt: skip
MOMENTS = (
    "1677-09-21", "1677-09-20T00:12", "2262-04-11T23:47:17", "2262-04-12", "1899-12-31T23:00", "2200-12-31T23:00", "2201-01-01", "0001-01-01",
    "9999-12-31T23:59:59", "10000-01-01", "-0001-01-01", "2027-01-01T24:00", "2027-01-01T23:59:60", "2016-12-31T23:59:60", "2027-02-29",
    "2027-01-01T00:00+08:00", "2027-01-01T00:00Z", "2027-W01-1", "2027-001", "01/02/2027", "2027/1/1", "2027年1月1日", "２０２７-01-01", "46388",
    "1798732800", "now", "nat", "NaT", "", "2027-01-01T00:00:00.5", "2027-01-01T00:00:00.000000000000", "2027-01-01 00:00 ", "12:00",
)  # fmt: skip
YAML_VALUES = (
    *VALUES, "[]", "{}", "[1, 2]", "{a: b}", "!!python/object/apply:os.system ['true']", "!!python/name:os.system",
    "!!binary aGk=", "!!set {a}", "&b [*a, *a, *a, *a, *a, *a, *a, *a]", "!!timestamp 1500-01-01", "1500-01-01", "2027-01-01T00:00:60", "2300-01-01", "&a [*a]", "*unknown", "&x 5", "<<: {a: 1}", "[" * 400, "{a: " * 400, "[[[[[[[1]]]]]]]", "|", ">",
    "? a", "%TAG ! tag:x,2000:", "---", "...", "exact", "weighted", "off", "1e5", ".inf", ".nan", "-.inf", "0o17", "1:30", "1" * 5000,
)  # fmt: skip
FACTORS = (0, -1, 1e-12, 1e-9, 1e-6, 1e-3, 0.1, 0.5, 0.9, 1.1, 2, 10, 1e3, 1e6, 1e9, 1e12)
BYTES = (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\n\n", b'"', b",", b",,,,", b"\x1a", b"\x80", b"\xed\xa0\x80",
         b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"\x80\x04\x95cos\nsystem\n(S'true'\ntR.", b"\x89HDF\r\n\x1a\n", b"=", b"'")  # fmt: skip


@dataclass(frozen=True)
class End:
    """How a damaged grid ended: `solved`, the name of an error of the project's, or `fault` with what went wrong."""

    kind: str
    text: str = ""


def damage(folder: Path, number: int) -> list[str]:
    """Do the damage of this number to the grid in a folder; what was done, in words."""
    chance = random.Random(number)
    done, plausible = [], chance.random() < 1 / 3
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        if plausible:
            path, kind = chance.choice([path for path in files if path.suffix == ".csv"]), chance.choice((_number, _number, _swap))
            done.append(f"{path.relative_to(folder)}: {kind.__name__.strip('_')} {kind(path, chance)}")
            continue
        path = chance.choice([path for path in files if path.suffix == ".yaml"] if chance.random() < 0.25 else files)
        kinds = {".csv": (_cell, _cell, _cell, _cells, _column, _row, _bytes, _file), ".yaml": (_yaml, _yaml, _yaml, _bytes),
                 ".parquet": (_bytes, _parquet, _parquet, _file), ".gz": (_bytes, _gzip, _file)}.get(path.suffix, (_bytes,))  # fmt: skip
        kind = _moment if path.suffix == ".csv" and path.parent.name == "profiles" and chance.random() < 0.25 else chance.choice(kinds)
        done.append(f"{path.relative_to(folder)}: {kind.__name__.strip('_')} {kind(path, chance)}")
    return done


def end_of(scenario: Path, solve: bool = True, answered: dict[str, End] | None = None) -> End:
    """Read and solve, audit included; an error must say where it comes from. Without solving a case that reads ends as `read`.
    A case that is the very same as one of those `answered` ends as that one did."""
    old = signal.signal(signal.SIGPROF, _endless)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        case = gm.load_case(scenario)
        if not solve:
            return End("read")
        answered, same = {} if answered is None else answered, fingerprint(case)
        if same not in answered:
            answered[same] = _solved(case)
        return answered[same]
    except InputError as error:
        return _placed(error)
    except AuditError as error:
        return End("fault", f"AuditError: {error}")
    except GridModelError as error:
        return End(type(error).__name__, str(error)) if str(error) else End("fault", "an error without words")
    except BaseException as error:  # noqa: BLE001 - whatever else comes out is what fuzzing looks for
        if isinstance(error, KeyboardInterrupt):
            raise
        frames = [f"{frame.filename.rpartition('grid_model/')[2]}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
                  if "grid_model/" in frame.filename]  # fmt: skip
        return End("fault", f"{type(error).__name__} in {frames[-1] if frames else '?'}: {str(error)[:300]}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)


def _solved(case) -> End:
    """Solved and audited, also where the damage switched the audit off."""
    results = gm.solve(case)
    if not case.scenario.solve.audit:
        demand_passed(audit(case, results.dispatch, results.tables, results.summary))
    return End("solved")


def fingerprint(case) -> str:
    """Of all that a case holds but the files that it came from: the same where a damage changed nothing that is read."""
    series = {name: (values.dims, values.values, [list(values[dim].values) for dim in values.dims]) for name, values in case.series.items()}
    held = case.name, case.scenario.to_yaml(), case.time, case.step_hours, case.step_weights, dict(case.tables), series
    return hashlib.sha256(pickle.dumps(held)).hexdigest()


def try_number(number: int, base: Path, folder: Path, solve: bool = True, answered: dict[str, End] | None = None) -> tuple[list[str], End]:
    """Damage a copy of the grid in `base`, and how that ended."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base, folder)
    done = damage(folder, number)
    return done, end_of(folder / "scenario.yaml", solve, answered)


@contextlib.contextmanager
def reading_once(known: dict):
    """Tables of the same bytes are parsed and judged once; what could not be read without a problem is read anew."""
    plain, judged, completed, filled = read._read_table, read.schema_problems, read.with_package_technologies, read.complete

    def read_table(folder, name, declared, required):
        path = folder.path / (name or "")
        content = path.read_bytes() if name and path.is_file() and not path.is_symlink() else b""
        key = str(path), hashlib.sha256(content).hexdigest()
        if not content or key not in known:
            before = len(folder.problems)
            known[key] = plain(folder, name, declared, required)
            if not content or len(folder.problems) > before:
                return known.pop(key)
        folder.sources[folder.shown(name)] = key[1]
        frame, columns, about, problems = known[key]
        return frame.copy(), list(columns), about | {"missing": list(about["missing"])}, list(problems)

    def schema_problems(tables, name, frame):
        key = name, *(column.name for column in tables[name]), pickle.dumps(frame)
        if key not in known:
            known[key] = judged(tables, name, frame)
        return list(known[key])

    def with_package_technologies(frame, columns):
        key = "completed", *(column.name for column in columns), pickle.dumps(frame)
        if key not in known:
            known[key] = completed(frame, columns)
        return known[key].copy()

    def complete(frame, columns, technologies):
        key = "filled", *(column.name for column in columns), pickle.dumps(frame), pickle.dumps(technologies)
        if key not in known:
            known[key] = filled(frame, columns, technologies)
        return known[key].copy()

    with mock.patch.multiple(read, complete=complete, _read_table=read_table, schema_problems=schema_problems,
                             with_package_technologies=with_package_technologies):
        yield


def _placed(error: InputError) -> End:
    """Each problem names a file, or a setting that no file holds, what is allowed, and is one printable line."""
    for problem in error.problems:
        text = str(problem)
        if not problem.allowed or not (problem.file or problem.column) or not text.isprintable():
            return End("fault", f"a problem without place or words: {text!r}")
    return End("InputError", str(error))


def _endless(*_):
    raise TimeoutError(f"no end after {SECONDS} s")


def _records(path: Path) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8", "replace").replace("\0", ""), newline="")))
    except csv.Error:  # a cell too long to be read
        return []


def _write(path: Path, records: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(records)
    path.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))


def _cell(path: Path, chance: random.Random) -> str:
    records = _records(path)
    row = chance.randrange(len(records)) if records else -1
    if row < 0 or not records[row]:
        return "nothing"
    column, value = chance.randrange(len(records[row])), chance.choice(VALUES)
    records[row][column] = value
    _write(path, records)
    return f"row {row + 1}, cell {column + 1} = {value[:40]!r}"


def _moment(path: Path, chance: random.Random) -> str:
    """A moment of a profile, or all of its moments, written in another way or out of every calendar."""
    records, value = _records(path), chance.choice(MOMENTS)
    rows = [row for row, record in enumerate(records) if row and record]
    if not rows:
        return "nothing"
    chosen = rows if chance.random() < 0.2 else [chance.choice(rows)]
    for row in chosen:
        records[row][0] = value
    _write(path, records)
    return f"{len(chosen)} from row {chosen[0] + 1} on = {value!r}"


def _number(path: Path, chance: random.Random) -> str:
    """One number of a table, larger or smaller by a factor."""
    records, factor = _records(path), chance.choice(FACTORS)
    places = [(row, column) for row, record in enumerate(records) for column, cell in enumerate(record) if row and _is_number(cell)]
    if not places:
        return "nothing"
    row, column = chance.choice(places)
    records[row][column] = repr(float(records[row][column]) * factor)
    _write(path, records)
    return f"row {row + 1}, cell {column + 1} = {records[row][column]}"


def _is_number(cell: str) -> bool:
    try:
        return bool(float(cell))
    except ValueError:
        return False


def _swap(path: Path, chance: random.Random) -> str:
    """The values of two rows in one column change places."""
    records = _records(path)
    if len(records) < 3 or not records[0]:
        return "nothing"
    one, other = chance.sample(range(1, len(records)), 2)
    column = chance.randrange(min(len(records[one]), len(records[other])) or 1)
    if not records[one] or not records[other]:
        return "nothing"
    records[one][column], records[other][column] = records[other][column], records[one][column]
    _write(path, records)
    return f"rows {one + 1} and {other + 1}, cell {column + 1}"


def _cells(path: Path, chance: random.Random) -> str:
    """The same value in a whole column."""
    records = _records(path)
    if not records or not records[0]:
        return "nothing"
    column, value = chance.randrange(len(records[0])), chance.choice(VALUES)
    for record in records[1:]:
        if column < len(record):
            record[column] = value
    _write(path, records)
    return f"column {column + 1} = {value[:40]!r}"


def _column(path: Path, chance: random.Random) -> str:
    records = _records(path)
    if not records or not records[0]:
        return "nothing"
    column, kind = chance.randrange(len(records[0])), chance.choice(("without", "twice", "moved"))
    for record in records:
        if column < len(record):
            value = record.pop(column)
            record.extend([value] if kind == "moved" else [value, value] if kind == "twice" else [])
    _write(path, records)
    return f"{column + 1} {kind}"


def _row(path: Path, chance: random.Random) -> str:
    records = _records(path)
    kind = chance.choice(("without", "twice", "shuffled", "longer", "shorter", "none"))
    row = chance.randrange(len(records)) if records else 0
    if kind == "without":
        records = records[:row] + records[row + 1 :]
    elif kind == "twice":
        records = records[:row] + records[row : row + 1] * 2 + records[row + 1 :]
    elif kind == "shuffled":
        rest = records[1:]
        chance.shuffle(rest)
        records = records[:1] + rest
    elif kind == "none":
        records = records[:1]
    elif records:
        records[row] = [*records[row], "7"] if kind == "longer" else records[row][:-1]
    _write(path, records)
    return f"{row + 1} {kind}"


def _bytes(path: Path, chance: random.Random) -> str:
    content = bytearray(path.read_bytes())
    kind = chance.choice(("flip", "insert", "cut", "truncate", "repeat"))
    place = chance.randrange(len(content) + 1)
    length = chance.choice((1, 3, 20, 200))
    if kind == "flip":
        for _ in range(chance.choice((1, 2, 8))):
            if content:
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif kind == "insert":
        content[place:place] = chance.choice(BYTES)
    elif kind == "cut":
        del content[place : place + length]
    elif kind == "truncate":
        del content[place:]
    else:
        content[place:place] = content[place : place + length] * chance.choice((1, 50))
    path.write_bytes(bytes(content))
    return f"{kind} at {place}"


def _file(path: Path, chance: random.Random) -> str:
    kind = chance.choice(("gone", "empty", "folder", "link", "loop", "noise", "utf-16", "gbk", "other", "crlf", "cr", "bom", "quoted",
                          "pipe", "nowhere", "zip", "zipped", "netcdf", "renamed"))
    content = path.read_bytes()
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("/etc/hostname")
    elif kind in ("loop", "nowhere"):
        path.symlink_to(path.name if kind == "loop" else "nothing there")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind in ("crlf", "cr", "bom"):
        path.write_bytes(b"\xef\xbb\xbf" + content if kind == "bom" else content.replace(b"\n", b"\r\n" if kind == "crlf" else b"\r"))
    elif kind == "quoted":
        text = io.StringIO()
        path.write_bytes(content)
        csv.writer(text, quoting=csv.QUOTE_ALL).writerows(_records(path))
        path.write_text(text.getvalue(), encoding="utf-8")
    elif kind in ("zip", "zipped"):
        with zipfile.ZipFile(path if kind == "zip" else path.with_name(path.name + ".zip"), "w") as archive:
            archive.writestr("../" + path.name, content)
    elif kind == "netcdf":
        path.with_suffix(".nc").write_bytes(b"\x89HDF\r\n\x1a\n" + content)
    elif kind == "renamed":
        path.with_name(path.name.upper()).write_bytes(content)
    elif kind == "other":
        path.write_bytes(chance.choice(sorted(other for other in path.parent.glob("*.csv") if other.is_file())).read_bytes())
    elif kind != "gone":
        text = content.decode("utf-8", "replace").replace("\ufffd", "?")
        path.write_bytes({"empty": b"", "noise": chance.randbytes(500)}.get(kind) if kind in ("empty", "noise")
                         else text.encode(kind, "replace"))  # fmt: skip
    return kind


def _parquet(path: Path, chance: random.Random) -> str:
    kinds = ("words", "lists", "zone", "whole", "none", "nulls", "no time", "first", "objects")
    try:
        frame, kind = pd.read_parquet(path), chance.choice(kinds)
    except (OSError, ValueError):
        return "nothing"
    name = chance.choice(list(frame.columns))
    if kind == "words":
        frame[name] = chance.choice(VALUES)
    elif kind == "lists":
        frame[name] = [[1.0, 2.0]] * len(frame)
    elif kind == "zone" and "time" in frame and frame["time"].dtype.kind == "M":
        frame["time"] = frame["time"].dt.tz_localize("UTC")
    elif kind == "whole":
        frame[name] = 1
    elif kind == "none":
        frame = frame.iloc[:0]
    elif kind == "nulls":
        frame[name] = None
    elif kind == "no time":
        frame = frame.drop(columns="time", errors="ignore")
    elif kind == "first":
        frame = frame.iloc[::-1]
    else:
        frame[name] = [{"a": 1}] * len(frame)
    frame.to_parquet(path, index=False)
    return f"{kind} in {name}"


def _gzip(path: Path, chance: random.Random) -> str:
    kind = chance.choice(("plain", "nested", "zeros"))
    content = path.read_bytes()
    path.write_bytes({"plain": b"time,upper lake\n2027-01-01,5\n", "nested": gzip.compress(content),
                      "zeros": gzip.compress(bytes(2_000_000))}[kind])  # fmt: skip
    return kind


def _yaml(path: Path, chance: random.Random) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    number = chance.randrange(len(lines))
    line, value, kind = lines[number], chance.choice(YAML_VALUES), chance.choice(("value", "key", "twice", "indent", "add"))
    key, colon, _ = line.partition(":")
    if kind == "value":
        places = [place for place, sign in enumerate(line) if sign == ":"]
        place = chance.choice(places) if places else len(line)
        closing = min((end for end in (line.find(sign, place) for sign in ",}]") if end >= 0), default=len(line))
        line = f"{line[:place]}: {value}{line[closing:]}"
    elif kind == "key":
        line = f"{value}{colon}{line[len(key) + 1 :]}"
    elif kind == "indent":
        line = " " * chance.choice((1, 2, 7)) + line
    lines[number : number + 1] = {"twice": [line, line], "add": [line, f"{value}: {value}"]}.get(kind, [line])
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    return f"line {number + 1}, {kind} {value[:40]!r}"


def scratch(folder: Path) -> Path:
    """A folder for copies, in memory where the machine has such a place."""
    return Path("/dev/shm") / f"fuzz-{os.getpid()}" if Path("/dev/shm").is_dir() else folder
