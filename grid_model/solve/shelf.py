"""A sliced programme and its pieces on disk: what workers share, and what a run that was killed goes on from.

    programme/NAME.npy     every array, which workers map into memory
    pieces/STAGE-NNNN.npz  a piece, under a temporary name until it is whole
    bound/NAME.npy         the same of a bound
    identity               what it all belongs to; written last, so a shelf without it is empty
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from grid_model.algebra import Arrays
from grid_model.solve.bound import Relaxed
from grid_model.solve.budgets import Budgets
from grid_model.solve.chains import Chain, Layout
from grid_model.solve.timeline import Ordered, Timeline
from grid_model.solve.vertex import Vertex
from grid_model.solve.windows import Piece, Plan, Sliced

IDENTITY, PROGRAMME, PIECES, BOUND = "identity", "programme", "pieces", "bound"
MATRIX = ("data", "indices", "indptr")
ORDERS = ("columns_in_order", "rows_in_order")
ARRAYS = ("cost", "column_lower", "column_upper", "row_lower", "row_upper", "matrix")


def save(file: Path, array: np.ndarray) -> None:
    """An array on disk; numpy says of a full one how many bytes it wrote, and gives no number of the error."""
    try:
        np.save(file, array, allow_pickle=False)
    except OSError as error:
        if error.errno is not None:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file)) from error


def chain_stage(number: int) -> str:
    return f"chain{number}"


class Shelf:
    """A folder of one programme and what was found of it so far."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self._taken: tuple[Sliced, Layout] | None = None

    @property
    def whole(self) -> bool:
        """Whether all that workers need is here."""
        return (self.folder / IDENTITY).is_file()

    def holds(self, identity: str) -> bool:
        """Whether it is, and belongs to this."""
        return self.whole and (self.folder / IDENTITY).read_text(encoding="utf-8") == identity

    def put(self, identity: str, sliced: Sliced, layout: Layout) -> None:
        """Begin anew with a programme; what the folder held is removed."""
        self.remove()
        (self.folder / PROGRAMME).mkdir(parents=True)
        (self.folder / PIECES).mkdir()
        arrays = _arrays(sliced)
        with ThreadPoolExecutor() as beside:
            list(beside.map(save, (self.folder / PROGRAMME / f"{name}.npy" for name in arrays), arrays.values()))
        figures = np.array([sliced.time.steps, sliced.reach, layout.ahead, sliced.budgets.block])
        chains = np.array([(chain.first, chain.last) for chain in layout.chains])
        for name, array in (("figures", figures), ("windows", np.array(layout.windows)), ("chains", chains)):
            save(self.folder / PROGRAMME / f"{name}.npy", array)
        _write(self.folder / IDENTITY, identity.encode())

    def take(self) -> tuple[Sliced, Layout]:
        """The programme, mapped into memory once."""
        if self._taken is None:
            self._taken = self._mapped()
        return self._taken

    def _mapped(self) -> tuple[Sliced, Layout]:
        loaded = _loaded(self.folder / PROGRAMME)
        steps, reach, ahead, block = (int(figure) for figure in loaded["figures"])
        matrix = csr_array(tuple(loaded[f"matrix.{name}"] for name in MATRIX), copy=False,
                           shape=(len(loaded["program.row_lower"]), len(loaded["program.cost"])))
        order = {name: _made(Ordered, loaded, name) for name in ORDERS}
        sliced = Sliced(_made(Arrays, loaded, "program", offset=0.0, matrix=matrix), _made(Timeline, loaded, "time", steps=steps, **order),
                        loaded["objective"], _made(Plan, loaded, "plan"), loaded["lazy"], loaded["pairs"], reach,
                        _made(Budgets, loaded, "budgets", block=block), loaded["lean"])
        windows = tuple((int(begin), int(end)) for begin, end in loaded["windows"])
        return sliced, Layout(windows, tuple(Chain(int(first), int(last)) for first, last in loaded["chains"]), ahead)

    def map(self, program: Arrays) -> Sliced:
        """Let the arrays of a programme that was put here be those on disk, which workers share and nobody need hold."""
        sliced, _ = self.take()
        for name in ARRAYS:
            setattr(program, name, getattr(sliced.program, name))
        return sliced

    @property
    def put_at(self) -> int:
        """When the programme was put here [ns]."""
        return (self.folder / IDENTITY).stat().st_mtime_ns

    def put_bound(self, relaxed: Relaxed) -> None:
        """Parts of a bound beside the programme, for all workers; where they start comes later."""
        (self.folder / BOUND).mkdir(exist_ok=True)
        arrays = {"cost": relaxed.cost, "sides": np.asarray(relaxed.sides)} | _of_parts({"columns": relaxed.columns, "rows": relaxed.rows})
        for name, array in arrays.items():
            save(self.folder / BOUND / f"{name}.npy", array)

    def put_statuses(self, statuses: np.ndarray) -> None:
        """Of the bases that the parts of the bound start from."""
        save(self.folder / BOUND / "statuses.npy", statuses)

    def take_bound(self) -> Relaxed:
        """The parts of the bound, mapped into memory."""
        sliced, _ = self.take()
        loaded = _loaded(self.folder / BOUND)
        return Relaxed(sliced.program, loaded["cost"], float(loaded["sides"]), _made(Ordered, loaded, "columns"),
                       _made(Ordered, loaded, "rows"), loaded["statuses"])

    @property
    def windows(self) -> int:
        """How many windows chains solve, those in which they find their way in too."""
        windows, chains = (np.load(self.folder / PROGRAMME / f"{name}.npy") for name in ("windows", "chains"))
        return len(windows) + len(chains) - 1

    def add(self, stage: str, number: int, piece: Piece) -> None:
        """Keep the piece of this number of a stage."""
        file = self.folder / PIECES / f"{stage}-{number:04d}.npz"
        with open(file.with_suffix(".part"), "wb") as stream:
            np.savez(stream, **_of_parts({"piece": piece, "vertex": piece.vertex}))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(file.with_suffix(".part"), file)

    def pieces(self, stage: str) -> Iterator[Piece]:
        """Pieces of a stage in their order."""
        for file in sorted((self.folder / PIECES).glob(f"{stage}-*.npz")):
            with np.load(file, allow_pickle=False) as stored:
                yield _made(Piece, stored, "piece", vertex=_made(Vertex, stored, "vertex"))

    def found(self, chains: int) -> Iterator[Piece]:
        """The pieces of every chain, in the order in which they stand in each other's place."""
        for number in range(chains):
            yield from self.pieces(chain_stage(number))

    def count(self, stage: str = "") -> int:
        """How many pieces of a stage there are, or of all."""
        return sum(1 for _ in (self.folder / PIECES).glob(f"{stage}*.npz"))

    def remove(self) -> None:
        self._taken = None
        (self.folder / IDENTITY).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def _arrays(sliced: Sliced) -> dict[str, np.ndarray]:
    parts = {name: getattr(sliced, name) for name in ("program", "time", "plan", "budgets")} | {
        name: getattr(sliced.time, name) for name in ORDERS}
    found = {name: getattr(sliced, name) for name in ("objective", "lean", "lazy", "pairs")} | _of_parts(parts)
    return found | {f"matrix.{name}": getattr(sliced.program.matrix, name) for name in MATRIX}


def _of_parts(parts: dict[str, object]) -> dict[str, np.ndarray]:
    """All arrays of these objects, by the names of both."""
    return {f"{name}.{field}": array for name, part in parts.items() for field, array in vars(part).items()
            if isinstance(array, np.ndarray)}


def _made(kind, loaded: dict[str, np.ndarray], name: str, **others):
    """An object of the arrays that were kept of one by this name."""
    return kind(**{field.name: loaded[f"{name}.{field.name}"] for field in fields(kind) if field.name not in others}, **others)


def _loaded(folder: Path) -> dict[str, np.ndarray]:
    """The arrays in a folder, mapped into memory."""
    return {file.stem: np.load(file, mmap_mode="r") for file in folder.glob("*.npy")}


def _write(file: Path, content: bytes) -> None:
    part = file.with_suffix(".part")
    part.write_bytes(content)
    os.replace(part, file)
