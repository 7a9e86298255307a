"""Chains of windows, and then the parts of a bound, over workers: tasks of a dask cluster that share what is on the shelf.

A worker that is killed loses the window it was in: whoever takes over its chain goes on from the pieces on the shelf. So
does a run that was killed outright and is started again with --resume. Workers on other machines need the shelf's folder
under the same path.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grid_model.cluster import LIVES, client_of, cores, lost_its_workers, warnings_of_a_task
from grid_model.errors import SolveError, shown
from grid_model.memory import give_back
from grid_model.solve.bound import Relaxed, lower_bound
from grid_model.solve.chains import Layout, solve_between, solve_chain
from grid_model.solve.shelf import Shelf, chain_stage
from grid_model.solve.windows import Pieced, Sliced

if TYPE_CHECKING:
    from distributed import Client

POLL = 0.2  # seconds between looks at the shelf
SMALL = 20_000  # rows of a programme for which no other process is started unless asked for

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Crew:
    """Who solves windows, and where they keep what they found.

    workers    local processes; None: as many as cores, for a small programme this one alone
    scheduler  address of a running dask cluster instead
    folder     of the shelf; None: one that is gone afterwards
    identity   what the pieces in the folder must belong to for `resume`
    resume     go on from the pieces in the folder
    client     of the cluster (see `at_work`)
    """

    workers: int | None = None
    scheduler: str | None = None
    folder: Path | None = None
    identity: str = ""
    resume: bool = False
    client: Callable[[], Client] | None = None

    def of_size(self, rows: int) -> Crew:
        """The crew for a programme of so many rows."""
        return replace(self, workers=1) if self.workers is None and rows <= SMALL else self

    @contextmanager
    def at_work(self) -> Iterator[Crew]:
        """The crew with one cluster for all that it is asked for meanwhile, which is started beside what this process does first."""
        if self.alone:
            yield self
            return
        with ExitStack() as held, ThreadPoolExecutor(1) as beside:
            begun = beside.submit(held.enter_context, client_of(self.scheduler, self.workers or cores()))
            if self.scheduler is not None:
                begun.result()  # an address that nobody answers at is said at once
            yield replace(self, client=begun.result)

    @property
    def alone(self) -> bool:
        """Whether all is solved in this process."""
        return self.scheduler is None and (self.workers or cores()) == 1

    @contextmanager
    def shelf(self, part: str) -> Iterator[Shelf]:
        """The shelf of a part of the work, emptied unless it is to be resumed."""
        if self.folder is None:
            with tempfile.TemporaryDirectory(prefix="grid-model-") as folder:
                yield Shelf(Path(folder) / part)
            return
        shelf = Shelf(self.folder / part)
        if not (self.resume and shelf.holds(self.identity)):
            if self.resume and shelf.whole:
                logger.warning("the windows in %s are of another case, other inputs or versions: all are solved anew", shown(self.folder))
            shelf.remove()
        yield shelf

    def chains(self, shelf: Shelf, told: Callable[[int], None] = lambda pieces: None, meanwhile: Callable[[], None] | None = None,
               **limits) -> Pieced:
        """What the chains of the programme on a shelf find; pieces that it holds already stay as they are.

        Parameters
        ----------
        told : called with the number of pieces on the shelf, now and then
        meanwhile : what this process does while workers solve

        Raises
        ------
        InputError : no such cluster answers
        InfeasibleError, SolveError : as of `solve_chain`; a chain lost too many workers
        """
        sliced, layout = shelf.take()
        chains = range(len(layout.chains))
        meanwhile = meanwhile or (lambda: None)
        if self.alone:
            meanwhile()
            for number in chains:
                _chain(shelf, sliced, layout, number, limits, lambda: told(shelf.count()))
        else:
            with self._shared(_task, chains, shelf, limits) as results:
                meanwhile()
                results(lambda done: told(shelf.count()))
        pieced = Pieced(sliced)
        for piece in shelf.found(len(chains)):
            pieced.enter(piece)
        return pieced

    def between(self, shelf: Shelf, pieced: Pieced, told: Callable[[int], None] = lambda pieces: None, **limits) -> None:
        """Enter what joins the chains and settles the rest, in this process.

        Raises
        ------
        InfeasibleError, SolveError : as of `solve_between`
        """
        sliced, layout = shelf.take()
        of_chains = shelf.count()
        for number, _ in enumerate(solve_between(sliced, layout, pieced, **limits)):
            told(of_chains + number + 1)
        give_back()

    @contextmanager
    def bounding(self, shelf: Shelf, statuses: np.ndarray, **limits) -> Iterator[Callable]:
        """`lower_bound` of what was put on a shelf beside its programme: its parts over workers, from now on, beside what this process
        does meanwhile. Asked for it, it tells who asks of the parts known, of how many.

        Parameters
        ----------
        statuses : of the bases that parts start from

        Raises
        ------
        InputError, SolveError : as of `chains`, when it is asked for
        """
        shelf.put_statuses(statuses)
        if self.alone:
            yield lambda told: lower_bound(shelf.take_bound(), told, **limits)
            return
        relaxed = shelf.take_bound()
        parts, sides = range(1, relaxed.parts + 1), relaxed.sides
        with self._shared(_least, parts, shelf, limits) as results:
            yield lambda told: sides + sum(results(lambda done: told(done, len(parts))))

    @contextmanager
    def _shared(self, task: Callable, numbers: Iterable[int], shelf: Shelf, limits: dict) -> Iterator[Callable]:
        """A task for each of these numbers on the cluster; asked for their results, in their order, it tells who asks how many there
        are, now and then."""
        client = self.client()
        futures = [client.submit(task, str(shelf.folder), number, limits | {"threads": 1}, pure=False) for number in numbers]
        try:
            yield partial(_gathered, futures)
        finally:
            client.cancel(futures, force=True)


def _chain(shelf: Shelf, sliced: Sliced, layout: Layout, number: int, limits: dict, told: Callable[[], None]) -> None:
    stage = chain_stage(number)
    found = list(shelf.pieces(stage))
    for place, piece in enumerate(solve_chain(sliced, layout, number, found, **limits), len(found)):
        shelf.add(stage, place, piece)
        told()


def _gathered(futures: list, told: Callable[[int], None]) -> list:
    """Results of tasks in their order; what their workers warned of is said here, and the first error raised."""
    left = futures
    while left:
        time.sleep(POLL)
        told(len(futures) - len(left))
        done = [future for future in left if future.done()]
        left = [future for future in left if future not in done]
        for future in done:
            _hear(future)
    return [future.result()[0] for future in futures]


def _hear(future) -> None:
    """Pass on what a worker warned of, or the error that it ended with."""
    error = future.exception()
    if lost_its_workers(error):
        raise SolveError(f"a chain of windows lost its worker {LIVES} times, most likely for want of memory: use fewer workers")
    if error is not None:
        raise error
    for warning in future.result()[1]:
        logger.warning(warning)


def _task(folder: str, number: int, limits: dict) -> tuple[None, list[str]]:
    """A chain on a worker, and what it warned of."""
    with warnings_of_a_task() as warned:
        sliced, layout = _taken(Path(folder), Shelf(folder).put_at)
        _chain(Shelf(folder), sliced, layout, number, limits, lambda: None)
    return None, list(warned)


def _least(folder: str, part: int, limits: dict) -> tuple[float, list[str]]:
    """What a part of the bound comes to at least, and what the worker warned of."""
    with warnings_of_a_task() as warned:
        least = _relaxed(Path(folder), Shelf(folder).put_at).least(part, **limits)
    return least, list(warned)


@lru_cache(maxsize=1)
def _taken(folder: Path, put_at: int) -> tuple[Sliced, Layout]:
    """What was put on a shelf at a moment, mapped once for all tasks of a worker."""
    return Shelf(folder).take()


@lru_cache(maxsize=1)
def _relaxed(folder: Path, put_at: int) -> Relaxed:
    """The same of the bound."""
    return Shelf(folder).take_bound()
