"""The loops of an AC network, round each of which Kirchhoff's voltage law holds.

In the linearised (DC) power flow a line with reactance x carries f = (angle_from - angle_to) / x. Angles exist for all
nodes of a network exactly if x f adds up to nothing round every loop. As many loops as there are lines outside a
spanning forest are independent; each of these lines closes one, with the path between its ends in the forest. Parallel
lines close loops of two, trees have none, islands each have their own.

Source: Hoersch, Ronellenfitsch, Witthaut and Brown, Linear optimal power flow using cycle flows, Electric Power Systems
Research 158 (2018), section 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Cycles:
    """Independent loops as a list of entries: entry i says that `cycle[i]` runs along (1) or against (-1) `line[i]`."""

    count: int
    cycle: np.ndarray
    line: np.ndarray
    sign: np.ndarray


def independent_cycles(from_node: np.ndarray, to_node: np.ndarray) -> Cycles:
    """A basis of the loops of the lines between nodes; line i leads from from_node[i] to to_node[i], never to itself.

    Each line outside a spanning forest closes a loop: along itself, back from its end to the root of the forest, and
    from the root to its beginning; what both ways to the root share cancels.
    """
    nodes, ends = np.unique(np.concatenate([from_node, to_node]), return_inverse=True)
    start, end = ends.reshape(2, -1)
    path, in_forest = _paths_from_roots(start, end, len(nodes))
    closing = np.flatnonzero(~in_forest)
    loops = path[start[closing]] - path[end[closing]]
    loops[np.arange(len(closing)), closing] = 1
    cycle, line = np.nonzero(loops)
    return Cycles(len(closing), cycle, line, loops[cycle, line])


def _paths_from_roots(start: np.ndarray, end: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """The way from a root to each node, (nodes, lines) of -1, 0 and 1, and which lines it uses: a breadth-first forest.

    The root of an island is its node with the most lines, which keeps the loops short.
    """
    path, in_forest = np.zeros((nodes, len(start)), np.int8), np.zeros(len(start), bool)
    ends = list(zip(start.tolist(), end.tolist(), strict=True))
    first_line = {}
    for line, (one, other) in enumerate(ends):
        first_line.setdefault((one, other), (line, 1))
        first_line.setdefault((other, one), (line, -1))
    neighbours = [[] for _ in range(nodes)]
    for one, other in sorted(ends):
        neighbours[one].append(other)
    for one, other in sorted(ends):
        neighbours[other].append(one)
    reached = set()
    for root in np.argsort(-np.bincount(np.concatenate([start, end]), minlength=nodes), kind="stable").tolist():
        island = [] if root in reached else [root]
        reached.add(root)
        for node in island:  # which grows
            for neighbour in neighbours[node]:
                if neighbour not in reached:
                    line, sign = first_line[node, neighbour]
                    path[neighbour] = path[node]
                    path[neighbour, line] = sign
                    in_forest[line] = True
                    reached.add(neighbour)
                    island.append(neighbour)
    return path, in_forest
