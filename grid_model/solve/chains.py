"""Which windows are solved where: chains of windows side by side, then what joins them.

    chain 0   |---|---|---|---|   |
    chain 1                   |...|---|---|---|---|   |
    chain 2                                       |...|---|---|---|---|   |

1  Every chain by itself, window after window. It starts from the plan, with a window (...) that only finds its way in;
   it leaves out its last window. Chains begin where few rows that end before the horizon does are open: at the end of
   a month, where months have budgets. Until another chain has solved them, its columns are those of the plan.
2  The windows between chains, in their order, with what is on both sides of them known.
3  The last window, which settles what the year's rows come to, and all accounts (timeline.py).

A window that what is known leaves no way is solved again as one with those before it, one, three, seven and so on; one
between chains with those on both sides, as what is missing may be found after it (water that a chain began with).
How chains are laid depends on the scenario alone, so results do not depend on how many are solved at once. Two chains
can only be joined where their states can: a state that counts from the start of the horizon would stand apart in each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from grid_model.errors import InfeasibleError
from grid_model.solve.timeline import borders_of
from grid_model.solve.windows import Known, Piece, Sliced, Span

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
        piece = _first_way(sliced, known, spans, method, limits)
        known.enter(piece)
        yield piece


def solve_between(sliced: Sliced, layout: Layout, known: Known, found: int = 0, method: str = "simplex",
                  **limits) -> Iterator[Piece]:
    """The pieces of the windows between chains and of the last one, from number `found` on.

    known : by what was solved before; pieces are entered
    """
    last, count = layout.windows[-1][0], len(layout.windows)
    for place in layout.between[found:]:
        around = ((layout.windows[max(place - more, 0)][0], layout.windows[min(place + more, count - 1)][1])
                  for more in _more(place))
        spans = (Span(begin, end, end, max(last, end)) for begin, end in around)
        piece = _first_way(sliced, known, spans, method, limits)
        known.enter(piece)
        yield piece


def _more(most: int) -> Iterator[int]:
    """How many windows more on a side are tried one after the other, up to a number of them: 0, 1, 3, 7 and so on."""
    more = 0
    while more < most:
        yield more
        more = 2 * more + 1
    yield most


def _first_way(sliced: Sliced, known: Known, spans: Iterable[Span], method: str, limits) -> Piece:
    """The piece of the first of these spans that what is known leaves a way."""
    failed = None
    for span in spans:
        try:
            return sliced.solve(span, known, method, **limits)
        except InfeasibleError as error:
            failed = error
    raise failed


def solve_windows(sliced: Sliced, layout: Layout, **limits) -> list[Piece]:
    """All pieces, one chain after the other, in this process."""
    pieces, known = [], sliced.known()
    for number in range(len(layout.chains)):
        pieces.extend(solve_chain(sliced, layout, number, **limits))
    for piece in pieces:
        known.enter(piece)
    return pieces + list(solve_between(sliced, layout, known, **limits))
