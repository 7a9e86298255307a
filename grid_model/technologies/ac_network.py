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
from scipy.sparse import coo_array


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
    lines = len(start)
    path, in_forest = np.zeros((nodes, lines), np.int8), np.zeros(lines, bool)
    if not lines:
        return path, in_forest
    from scipy.sparse.csgraph import breadth_first_order, connected_components  # slow to import, and most grids have no AC lines

    graph = coo_array((np.ones(lines), (start, end)), shape=(nodes, nodes)).tocsr()
    island = connected_components(graph, directed=False)[1]
    by_degree = np.argsort(-np.bincount(np.concatenate([start, end]), minlength=nodes), kind="stable")
    roots = by_degree[np.unique(island[by_degree], return_index=True)[1]]
    first_line = {}
    for line in reversed(range(lines)):
        first_line[start[line], end[line]] = line, 1
        first_line[end[line], start[line]] = line, -1
    for root in roots:
        order, before = breadth_first_order(graph, root, directed=False)
        for node in order[1:]:
            line, sign = first_line[before[node], node]
            path[node] = path[before[node]]
            path[node, line] = sign
            in_forest[line] = True
    return path, in_forest
