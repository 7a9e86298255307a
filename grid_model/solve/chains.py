"""Which windows are solved where: chains of windows side by side, then what joins them.

    chain 0   |---|---|---|---|   |
    chain 1                   |...|---|---|---|---|   |
    chain 2                                       |...|---|---|---|---|   |

1  Every chain by itself, window after window. It starts from the plan, with a window (...) that only finds its way in;
   it leaves out its last window. Chains begin where few rows that end before the horizon does are open: at the end of
   a month, where months have budgets. Until another chain has solved them, its columns are those of the plan.
2  The window between a chain and the next one with what is on both sides known; where that leaves no way, it and one, three,
   seven more on both sides, as what is missing may be found after it (water that the next chain began with). Where
   that is not enough, windows go on from the border as any others, towards what the next chain found, and the same is
   tried further on; at worst all of the next chain is solved again.
3  The last window, which settles what the year's rows come to, and all accounts (timeline.py).

A window of a chain that what is known leaves no way, and the last one, is solved again as one with those before it, one,
three, seven and so on. How chains are laid depends on the scenario alone, so results do not depend on how many are solved
at once. Two chains can only be joined where their states can: a state that counts from the start of the horizon would stand
apart in each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from grid_model.errors import InfeasibleError
from grid_model.solve.one_way import MustBurn
from grid_model.solve.timeline import borders_of
from grid_model.solve.vertex import SideBySide, Vertex
from grid_model.solve.windows import Known, Piece, Pieced, Sliced, Span

BOTH = 7  # windows on both sides of a border that are solved as one with the window between chains
TOWARDS = 0.1  # how firmly a window goes towards what the next chain found, as `left` of its span
STRAY = 4  # a chain may begin sooner or later than evenly by this part of its windows: 1 / STRAY


@dataclass(frozen=True)
class Chain:
    """Windows `first` to `last` (exclusive) that are solved in a row; a chain that is not the first has one before them."""

    first: int
    last: int


@dataclass(frozen=True)
class Layout:
    """Windows as (a, b) of steps, and chains over them."""

    windows: tuple[tuple[int, int], ...]
    chains: tuple[Chain, ...]
    ahead: int

    @property
    def steps(self) -> int:
        return self.windows[-1][1]

    @property
    def between(self) -> tuple[int, ...]:
        """Windows that no chain has solved."""
        return tuple(chain.last for chain in self.chains)


def layout_of(sliced: Sliced, window: int, ahead: int, chains: int = 1) -> Layout:
    """Windows of a programme in so many chains, no more than have three windows each; without a plan there is one."""
    windows = tuple(borders_of(sliced.time.steps, window))
    count = max(min(chains, len(windows) // 3), 1) if sliced.plan.priced.any() else 1
    open_at = _open_budgets(sliced, windows)
    near = len(windows) // count // STRAY
    firsts = [0]
    for even in range(1, count):
        middle = round(even * len(windows) / count)
        firsts.append(min(range(middle - near, middle + near + 1), key=lambda first: (open_at[first], abs(first - middle))))
    chains = tuple(Chain(first, last - 1) for first, last in pairwise([*firsts, len(windows)]))
    return Layout(windows, chains, ahead)


def _open_budgets(sliced: Sliced, windows) -> np.ndarray:
    """How many long rows that end before the last window begins are open where each window begins."""
    first, last = (positions[sliced.budgets.rows] for positions in (sliced.time.first, sliced.time.last))
    early = last <= windows[-1][0]
    begins = np.array([begin for begin, _ in windows])
    return (np.searchsorted(np.sort(first[early]), begins, "right") - np.searchsorted(np.sort(last[early]), begins, "right"))


def solve_chain(sliced: Sliced, layout: Layout, number: int, found: Iterable[Piece] = (), method: str = "simplex",
                **limits) -> Iterator[Piece]:
    """The pieces of a chain's windows in order, from the first that is not among those `found` before."""
    chain, known = layout.chains[number], sliced.known()
    start = chain.first - (number > 0)
    for piece in (done := list(found)):
        known.enter(piece)
    begin, until = layout.windows[start][0], layout.windows[chain.last][1]
    for place in range(start + len(done), chain.last):
        _, keep = layout.windows[place]
        end = min(keep + layout.ahead, layout.steps)
        span = Span(0, keep, end, end, max(until - end, 1) / (until - begin))
        firsts = (max(place - more, start) for more in _more(place - start))
        spans = (replace(span, begin=layout.windows[first][0], loose=first < chain.first) for first in firsts)
        piece = _first_way(sliced, known, spans, method, limits, known.latest)
        known.enter(piece)
        yield piece


def solve_between(sliced: Sliced, layout: Layout, known: Known, method: str = "simplex", **limits) -> Iterator[Piece]:
    """The pieces of the windows between chains and of the last one, each entered in what is known.

    known : by what chains found, the last chain's last window latest
    """
    *borders, last = layout.between
    of_last_chain = known.latest
    for place in borders:
        for piece in _joined(sliced, layout, known, place, method, limits):
            known.enter(piece)
            yield piece
    end = layout.steps
    spans = (Span(layout.windows[last - more][0], end, end, end) for more in _more(last))
    settled = _first_way(sliced, known, spans, method, limits, of_last_chain)
    known.enter(settled)
    yield settled


def _joined(sliced: Sliced, layout: Layout, known: Known, place: int, method: str, limits) -> Iterator[Piece]:
    """Windows from this place on, until some fit between what is known on both sides; the last window is left."""
    for at in range(place, len(layout.windows) - 1):
        met = None if (at - place) % (BOTH + 1) else _met(sliced, layout, known, at, method, limits)
        if met is not None:
            yield met
            return
        _, keep = layout.windows[at]
        end = min(keep + layout.ahead, layout.steps)
        spans = (Span(layout.windows[at - more][0], keep, end, end, TOWARDS) for more in _more(at))
        yield _first_way(sliced, known, spans, method, limits, known.ended)


def _met(sliced: Sliced, layout: Layout, known: Known, at: int, method: str, limits) -> Piece | None:
    """A window, with up to BOTH more on either side, between what is known on both sides; none where there is no way."""
    *windows, (last, _) = layout.windows
    around = ((windows[max(at - more, 0)][0], windows[min(at + more, len(windows) - 1)][1]) for more in _more(BOTH))
    try:
        return _first_way(sliced, known, (Span(begin, end, end, last) for begin, end in around), method, limits, known.ended)
    except InfeasibleError:
        return None


def _more(most: int) -> Iterator[int]:
    """How many windows more on a side are tried one after the other, up to a number of them: 0, 1, 3, 7 and so on."""
    more = 0
    while more < most:
        yield more
        more = 2 * more + 1
    yield most


def _first_way(sliced: Sliced, known: Known, spans: Iterable[Span], method: str, limits,
               start: Vertex | SideBySide | None) -> Piece:
    """The piece of the first of these spans that what is known leaves a way, found from where others ended: one in which nothing runs
    against itself, if there is one."""
    burning, failed = [], None
    for span in spans:
        try:
            return sliced.solve(span, known, method, start, **limits)
        except InfeasibleError as error:
            failed = error.with_traceback(None)  # which would keep the window that failed
            if isinstance(error, MustBurn):
                burning.append(span)
    if burning:
        return sliced.solve(burning[0], known, method, start, may_burn=True, **limits)
    raise failed


def solve_windows(sliced: Sliced, layout: Layout, **limits) -> Pieced:
    """All pieces, one chain after the other, in this process."""
    pieced = Pieced(sliced)
    for number in range(len(layout.chains)):
        for piece in solve_chain(sliced, layout, number, **limits):
            pieced.enter(piece)
    for _ in solve_between(sliced, layout, pieced, **limits):
        pass
    return pieced
