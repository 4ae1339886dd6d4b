"""Two paths without a common risk, as an integer programme: exact, for networks of some hundred routes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_diag, coo_array, csr_array, hstack, vstack

from three_mismatches.errors import SolverError
from three_mismatches.latency.pair_graph import PairGraph, walks_over

__all__ = ["pair_without_shared_risk"]

Ints = NDArray[np.int64]
Groups = tuple[tuple[str, ...], ...]

OPTIMAL = 0
INFEASIBLE = 2


def pair_without_shared_risk(graph: PairGraph, srlg: Groups, *, node_disjoint: bool) -> list[Ints] | None:
    """
    Return the arcs of the two paths of least sum that share no route and no risk; None where there are none.

    Parameters
    ----------
    graph
        The fibre with both points built in.
    srlg
        Shared-risk groups of each route.
    node_disjoint
        Whether they may not share a node on their way either.

    Returns
    -------
    walks
        Positions of the arcs of each path, in order from the source to the target.

    Raises
    ------
    SolverError
        If the programme ends without an answer.

    Notes
    -----
    Binary: whether each path takes each arc, and whether it meets each risk. A risk is a route with all its pieces, a
    group, or a node. A path that takes an arc meets its risks; no risk is met by both.
    """
    arcs, member = graph.tail.size, _risks(graph, srlg, node_disjoint=node_disjoint)
    risks, rows = member.shape[0], member.nnz
    flow = coo_array(
        (
            np.repeat([1.0, -1.0], arcs),
            (np.concatenate([graph.tail, graph.head]), np.tile(np.arange(arcs), 2)),
        ),
        shape=(graph.nodes, arcs),
    )
    supply = np.zeros(graph.nodes)
    supply[graph.source], supply[graph.target] = 1.0, -1.0
    # For each arc and risk of it: taking the arc is no more than meeting the risk.
    risk, arc = member.coords
    takes = csr_array((np.ones(rows), (np.arange(rows), arc)), shape=(rows, arcs))
    meets = csr_array((np.ones(rows), (np.arange(rows), risk)), shape=(rows, risks))
    one = vstack([hstack([flow, coo_array((graph.nodes, risks))]), hstack([takes, -meets])])
    both = hstack([coo_array((risks, arcs)), csr_array(np.eye(risks))])
    upper = np.concatenate([supply, np.zeros(rows)])
    lower = np.concatenate([supply, np.full(rows, -np.inf)])
    found = milp(
        np.tile(np.concatenate([graph.ms, np.zeros(risks)]), 2),
        integrality=np.ones(2 * (arcs + risks)),
        bounds=Bounds(0.0, 1.0),
        constraints=[
            LinearConstraint(csr_array(block_diag([one, one])), np.tile(lower, 2), np.tile(upper, 2)),
            LinearConstraint(csr_array(hstack([both, both])), -np.inf, 1.0),
        ],
        options={"mip_rel_gap": 0.0},
    )
    if found.status == INFEASIBLE:
        return None
    if found.status != OPTIMAL or found.x is None:
        msg = f"the programme of paths without a common risk ended without an answer: {found.message}"
        raise SolverError(msg)
    taken = found.x.reshape(2, arcs + risks)[:, :arcs] > 0.5
    return [walks_over(graph, np.flatnonzero(row), 1)[0] for row in taken]


def _risks(graph: PairGraph, srlg: Groups, *, node_disjoint: bool) -> coo_array:
    """Return which arcs meet which risk, shape (risks, arcs)."""
    names: dict[object, int] = {}
    risk, arc = [], []

    def meet(name: object, at: int) -> None:
        risk.append(names.setdefault(name, len(names)))
        arc.append(at)

    for at, route in enumerate(graph.route.tolist()):
        piece = min(at, int(graph.twin[at]))
        meet(("piece", piece), at)
        for group in srlg[route]:
            meet(("group", group), at)
        if node_disjoint:
            for node in (int(graph.tail[at]), int(graph.head[at])):
                if node not in (graph.source, graph.target):
                    meet(("node", node), at)
    return coo_array((np.ones(len(arc)), (risk, arc)), shape=(len(names), graph.tail.size))
