"""Folders of results: claimed by one run at a time, and whole or not there, whatever ends the run.

A run into `results/NAME` writes into `results/.NAME.*.unfinished` and renames it at the end; results that were there
before are renamed to `.NAME.*.replaced` and then removed. While it runs it holds a lock on `results/.NAME.lock`, which
the system lets go of when a process ends in any way, kill -9 included. So whoever holds the lock knows that other
leftovers of this name are of runs that are dead: unfinished ones are removed, and replaced ones are put back where the
kill came between the two renames.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grid_model.errors import InputError, Problem, WriteError, shown

UNFINISHED, REPLACED = ".unfinished", ".replaced"


@dataclass(frozen=True)
class Claim:
    """A folder that this run alone may write; while it is held, `put` may be called any number of times."""

    folder: Path

    def put(self, write: Callable[[Path], None]) -> None:
        """Let `write` fill a fresh folder, and put that in the place of this one.

        Raises WriteError where it cannot be written; then all is as it was before.
        """
        with writing(self.folder):
            fresh = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}.", suffix=UNFINISHED, dir=self.folder.parent))
            try:
                write(fresh)
                fresh.chmod(0o755)
                _to_disk(fresh)
                _swap(fresh, self.folder)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise


@contextmanager
def claimed(folder: str | Path | Claim, marker: str) -> Iterator[Claim]:
    """The claim to a folder, which must be new, empty, or hold the file `marker`; a claim that is held stays held.

    Raises
    ------
    InputError : the folder holds something else, or another run is writing it
    WriteError : it cannot be written
    """
    if isinstance(folder, Claim):
        yield folder
        return
    folder = Path(os.path.abspath(folder))
    with writing(folder):
        _demand_replaceable(folder, marker)
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock(folder)
    try:
        with writing(folder):
            _clear(folder)
            _demand_writable(folder)
        yield Claim(folder)
    finally:
        _lock_path(folder).unlink(missing_ok=True)
        os.close(lock)


def demand_place(folder: str | Path, marker: str) -> None:
    """What `claimed` would refuse whoever else is writing, said without touching anything: before inputs are read.

    Raises
    ------
    InputError : the folder holds something else
    WriteError : it cannot be written
    """
    folder = Path(os.path.abspath(folder))
    with writing(folder):
        _demand_replaceable(folder, marker)
        _demand_writable(folder)
        _demand_writable(next(path for path in folder.parents if path.exists()))


def _lock_path(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.lock"


def _lock(folder: Path) -> int:
    """The open, locked file beside the folder; a file that its holder removed meanwhile is not the one to hold."""
    while True:
        lock = os.open(_lock_path(folder), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            allowed = "a folder that no other run is writing; wait for that run, or choose another folder with --out"
            raise InputError(Problem(shown(folder), allowed=allowed)) from None
        if _is_at(lock, _lock_path(folder)):
            return lock
        os.close(lock)


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _demand_writable(folder: Path) -> None:
    """A folder that is itself read-only is noticed before hours are spent on solving."""
    if folder.exists():
        with tempfile.TemporaryFile(dir=folder):
            pass


def _demand_replaceable(folder: Path, marker: str) -> None:
    """A folder that holds something else than results is not touched."""
    if folder.is_symlink() or (
        folder.exists() and not (folder / marker).is_file() and (not folder.is_dir() or any(folder.iterdir()))
    ):
        allowed = "a new or empty folder, or one that holds results of an earlier run"
        raise InputError(Problem(shown(folder), allowed=allowed))


def _clear(folder: Path) -> None:
    """Remove or put back what runs that were killed left of this folder."""
    left = [path for path in folder.parent.iterdir() if _is_left_of(folder.name, path.name)]
    for path in sorted(left, key=lambda path: path.suffix == UNFINISHED):
        if path.suffix == REPLACED and not folder.exists():
            os.rename(path, folder)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _is_left_of(name: str, leftover: str) -> bool:
    return re.fullmatch(rf"\.{re.escape(name)}\.[a-z0-9_]{{8}}({UNFINISHED}|{REPLACED})", leftover) is not None


def _swap(fresh: Path, folder: Path) -> None:
    if not folder.exists():
        os.rename(fresh, folder)
        return
    old = fresh.with_suffix(REPLACED)
    os.rename(folder, old)
    try:
        os.rename(fresh, folder)
    except BaseException:
        if not folder.exists():
            os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _to_disk(folder: Path) -> None:
    """What was written is on disk before the folder gets its name, so that a power cut leaves nothing half either."""
    for path in [*folder.rglob("*"), folder]:
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


@contextmanager
def writing(
    folder: Path, what: str = "results", left: str = "nothing half-written is left", other: str = "folder with --out"
) -> Iterator[None]:
    """Whatever keeps something from being written becomes one WriteError."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise WriteError(
            f"{shown(folder)}: {what} cannot be written ({reason}); {left}. Make room or permit writing there, or choose another {other}"
        ) from error
