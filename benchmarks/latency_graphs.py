"""
The graphs that `latency.py` runs on: undirected, whole metres, of parallel edges the shortest, no loops.

- backbone: the largest that the package `topohub` ships (`backbone/world`), submarine cables and fibre everywhere.
- roads, synthetic: points at random in a square, numbered along strips of eight; their Delaunay triangulation; of it
  the least spanning tree, and others at random, but not the longest twentieth, until nodes have 2.6 edges on average,
  as roads have; lengths are 1 to 1.5 times the straight line. Only nearby is that like roads: real ones have fewer ways
  across (motorways, rivers), which makes them easier for hierarchies.
- roads, real: `--tntp FILE`, a network of the Transportation Networks for Research collection (Sydney_net.tntp, with
  Sydney_node.tntp beside it), or `--dimacs FILE`, one of the ninth DIMACS challenge (USA-road-d.NY.gr, with
  USA-road-d.NY.co beside it). A street is as long as the shorter of its two directions.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay

__all__ = ["SYNTHETIC", "Graph", "backbone", "dimacs", "load", "save", "synthetic", "tntp", "uneven"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SYNTHETIC = {"roads 33k": 33_000, "roads 264k": 264_000, "roads 1M": 1_000_000}
DEGREE = 2.6
SEED = 20_261_123
METRES = 1000.0


class Graph(NamedTuple):
    """Edges between node positions, each once, and where nodes are."""

    nodes: int
    node0: Ints
    node1: Ints
    metres: Floats
    lon: Floats
    lat: Floats

    def both_ways(self) -> tuple[Ints, Ints, Floats]:
        """Return tails, heads and lengths of arcs in both directions."""
        return (
            np.concatenate([self.node0, self.node1]),
            np.concatenate([self.node1, self.node0]),
            np.concatenate([self.metres, self.metres]),
        )


def plain(nodes: int, node0: Ints, node1: Ints, metres: Floats, lon: Floats, lat: Floats) -> Graph:
    """Return a graph without loops, and of parallel edges with the shortest."""
    low, high = np.minimum(node0, node1), np.maximum(node0, node1)
    order = np.lexsort((metres, high, low))
    low, high = low[order], high[order]
    kept = low != high
    kept[1:] &= (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return Graph(nodes, low[kept], high[kept], np.rint(metres[order][kept]), lon, lat)


def backbone() -> Graph:
    import topohub

    world = topohub.get("backbone/world")
    place = {node["id"]: at for at, node in enumerate(world["nodes"])}
    ends = [[place[edge[end]] for edge in world["edges"]] for end in ("source", "target")]
    node0, node1 = np.array(ends, dtype=np.int64)
    metres = METRES * np.array([edge["dist"] for edge in world["edges"]], dtype=np.float64)
    lon, lat = np.array([node["pos"] for node in world["nodes"]], dtype=np.float64).T
    return plain(len(place), node0, node1, metres, lon, lat)


def synthetic(nodes: int) -> Graph:
    """Return a graph that is like roads, from the seed."""
    rng = np.random.default_rng(SEED)
    place = rng.random((nodes, 2)) * np.sqrt(nodes) * 0.1  # a node for each 100 m x 100 m [km]
    strip = np.floor(place[:, 0] / 0.8)
    place = place[np.lexsort((np.where(strip % 2 == 0, place[:, 1], -place[:, 1]), strip))]
    corners = Delaunay(place).simplices
    pairs = np.unique(
        np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]), axis=1), axis=0
    )
    km = np.hypot(*(place[pairs[:, 0]] - place[pairs[:, 1]]).T)
    tree = minimum_spanning_tree(coo_array((km, tuple(pairs.T)), shape=(nodes, nodes)).tocsr()).tocoo()
    ends = np.sort(np.stack([tree.row, tree.col], axis=1), axis=1).astype(np.int64) @ [nodes, 1]
    first = np.isin(pairs.astype(np.int64) @ [nodes, 1], ends)
    turn = np.where(first, -1.0, rng.random(km.size) + (km > np.quantile(km, 0.95)))
    kept = np.sort(np.argsort(turn, kind="stable")[: round(DEGREE * nodes / 2)])
    metres = np.maximum(1.0, METRES * km[kept] * rng.uniform(1.0, 1.5, kept.size))
    node0, node1 = pairs[kept].T.astype(np.int64)
    return plain(nodes, node0, node1, metres, place[:, 0] / 100.0, place[:, 1] / 100.0)


def uneven(graph: Graph) -> Graph:
    """Return the graph with up to a metre more on each edge, so that no two paths are equally short."""
    more = np.random.default_rng(SEED).random(graph.metres.size)
    return graph._replace(metres=graph.metres + more)


def tntp(path: Path) -> Graph:
    """Return a network of the Transportation Networks collection: lines of tail, head, capacity, km; node, x, y."""
    nodes = numbers(path.with_name(path.name.replace("_net", "_node")), "", 3)
    arcs = numbers(path, "", 4)
    return named(nodes, arcs[:, :2], METRES * arcs[:, 3], scale=1.0)


def dimacs(path: Path) -> Graph:
    """Return a road network of the ninth DIMACS challenge: lines `a tail head length`; `v node x y`."""
    nodes, arcs = numbers(path.with_suffix(".co"), "v", 3), numbers(path, "a", 3)
    return named(nodes, arcs[:, :2], arcs[:, 2], scale=1e-6)


def numbers(path: Path, letter: str, columns: int) -> Floats:
    """Return the first columns of the lines that begin with a letter, or with none."""
    with path.open(encoding="utf-8") as lines:
        found = [line.split() for line in lines]
    begun = [line[1:] if letter else line for line in found if line and (line[0] == letter or not letter)]
    return np.array([line[:columns] for line in begun if line and line[0].isdigit()], dtype=np.float64)


def named(nodes: Floats, ends: Floats, metres: Floats, *, scale: float) -> Graph:
    """Return the graph of arcs between nodes that have names, shape (arcs, 2), and places, shape (nodes, 3)."""
    nodes = nodes[np.argsort(nodes[:, 0])]
    node0, node1 = np.searchsorted(nodes[:, 0], ends).T
    return plain(len(nodes), node0, node1, metres, *(scale * nodes[:, 1:].T))


def save(graph: Graph, path: Path) -> None:
    np.savez(path, **graph._asdict())


def load(path: Path) -> Graph:
    with np.load(path) as stored:
        return Graph(int(stored["nodes"]), *(stored[name] for name in Graph._fields[1:]))
