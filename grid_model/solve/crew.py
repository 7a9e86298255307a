"""Chains of windows over workers: each chain a task of a dask cluster, its pieces on the shelf.

A worker that is killed loses the window it was in: whoever takes over its chain goes on from the pieces on the shelf. So
does a run that was killed outright and is started again with --resume. Workers on other machines need the shelf's folder
under the same path.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from grid_model.cluster import LIVES, client_of, cores, lost_its_workers, warnings_of_a_task
from grid_model.errors import SolveError
from grid_model.solve.chains import Layout, solve_between, solve_chain
from grid_model.solve.shelf import BETWEEN, IDENTITY, Shelf, chain_stage
from grid_model.solve.windows import Piece, Sliced

POLL = 0.5  # seconds between looks at the shelf

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Crew:
    """Who solves windows, and where they keep what they found.

    workers    local processes; None: as many as cores
    scheduler  address of a running dask cluster instead
    folder     of the shelf; None: one that is gone afterwards
    identity   what the pieces in the folder must belong to for `resume`
    resume     go on from the pieces in the folder
    """

    workers: int | None = None
    scheduler: str | None = None
    folder: Path | None = None
    identity: str = ""
    resume: bool = False

    @contextmanager
    def shelf(self, part: str) -> Iterator[Shelf]:
        """The shelf of a part of the work, emptied unless it is to be resumed."""
        if self.folder is None:
            with tempfile.TemporaryDirectory(prefix="grid-model-") as folder:
                yield Shelf(Path(folder) / part)
            return
        shelf = Shelf(self.folder / part)
        if not (self.resume and shelf.holds(self.identity)):
            shelf.remove()
        yield shelf

    def solve(self, shelf: Shelf, told: Callable[[int], None] | None = None, **limits) -> Iterator[Piece]:
        """All pieces of the programme on a shelf (see `solve_on_shelf`)."""
        return solve_on_shelf(shelf, self.workers or cores(), self.scheduler, told, **limits)


def solve_on_shelf(shelf: Shelf, workers: int, scheduler: str | None = None, told: Callable[[int], None] | None = None,
                   **limits) -> Iterator[Piece]:
    """All pieces of the programme on a shelf, those that it holds already as they are.

    Parameters
    ----------
    workers : local processes; with one, and no scheduler, all is solved in this one
    scheduler : address of a running cluster
    told : called with the number of pieces on the shelf, now and then

    Raises
    ------
    InputError : no such cluster answers
    InfeasibleError, SolveError : as of `solve_chain`; a chain lost too many workers
    """
    sliced, layout = shelf.take()
    told = told or (lambda pieces: None)
    workers = min(workers, len(layout.chains))
    if scheduler is None and workers == 1:
        for number in range(len(layout.chains)):
            _chain(shelf, sliced, layout, number, limits, lambda: told(shelf.count()))
    else:
        _by_crew(shelf, layout, workers, scheduler, told, limits)
    known = np.array(sliced.plan.columns)
    for piece in shelf.found(len(layout.chains)):
        known[piece.columns] = piece.values
    there = len(list(shelf.pieces(BETWEEN)))
    for number, piece in enumerate(solve_between(sliced, layout, known, there, **limits), there):
        shelf.add(BETWEEN, number, piece)
        told(shelf.count())
    return shelf.found(len(layout.chains))


def _chain(shelf: Shelf, sliced: Sliced, layout: Layout, number: int, limits: dict, told: Callable[[], None]) -> None:
    stage = chain_stage(number)
    found = list(shelf.pieces(stage))
    for place, piece in enumerate(solve_chain(sliced, layout, number, found, **limits), len(found)):
        shelf.add(stage, place, piece)
        told()


def _by_crew(shelf: Shelf, layout: Layout, workers: int, scheduler: str | None, told, limits: dict) -> None:
    with client_of(scheduler, workers) as client:
        futures = [client.submit(_task, str(shelf.folder), number, limits | {"threads": 1}, pure=False)
                   for number in range(len(layout.chains))]
        try:
            left = futures
            while left:
                time.sleep(POLL)
                told(shelf.count())
                done = [future for future in left if future.done()]
                left = [future for future in left if future not in done]
                for future in done:
                    _hear(future)
        finally:
            client.cancel(futures, force=True)


def _hear(future) -> None:
    """Pass on what a worker warned of, or the error that it ended with."""
    error = future.exception()
    if lost_its_workers(error):
        raise SolveError(f"a chain of windows lost its worker {LIVES} times, most likely for want of memory: use fewer workers")
    if error is not None:
        raise error
    for warning in future.result():
        logger.warning(warning)


def _task(folder: str, number: int, limits: dict) -> list[str]:
    """What a worker does; what it warned of."""
    with warnings_of_a_task() as warned:
        sliced, layout = _taken(Path(folder), (Path(folder) / IDENTITY).stat().st_mtime_ns)
        _chain(Shelf(folder), sliced, layout, number, limits, lambda: None)
    return list(warned)


@lru_cache(maxsize=1)
def _taken(folder: Path, put: int) -> tuple[Sliced, Layout]:
    """What was put on a shelf at a moment, mapped once for all chains that a worker solves."""
    return Shelf(folder).take()
