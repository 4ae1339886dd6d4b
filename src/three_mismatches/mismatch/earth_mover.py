"""The mismatch triangle: how far mass would have to move for sites, generation and hubs to coincide."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from three_mismatches import match
from three_mismatches.assumptions import resolve
from three_mismatches.errors import Fault, LayerError, NetworkError
from three_mismatches.geodesy import distance_km, split_at_antimeridian
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.layers.question import Question
from three_mismatches.mismatch._ground import GROUNDS, Ground, ground_of
from three_mismatches.mismatch._haul import Haul, haul_of
from three_mismatches.mismatch._measures import UNLISTED, measures_of
from three_mismatches.mismatch._transport import Moves, Transport, merged, unreachable
from three_mismatches.network import power_graph

__all__ = ["SIDES", "Triangle", "earth_mover", "triangle"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIDES = {
    "sites-generation": ("sites", "generation"),
    "sites-hubs": ("sites", "hubs"),
    "generation-hubs": ("generation", "hubs"),
}
"""The sides of the triangle and the measures between which they lie."""

HAUL = "sites-surplus"
CORNERS = ("sites", "generation", "hubs")

MODEL = "three_mismatches, earth mover's distance"

SAME = 1e-9
"""Two distances that differ by less, as a share, are the same."""

UNREACHED = 1e-10
"""Share that may be left over by rounding before a problem is said to have no plan."""


@dataclass(frozen=True, eq=False)
class Triangle:
    """
    The mismatch triangle of a study in its year.

    Attributes
    ----------
    name, year, demand
        Of the study.
    ground, unit
        The metric that all sides share, and km or ms.
    sides
        Index side: `distance`, how far a unit of mass moves on the mean [`unit`]; `total_mw`, mass of the first of the
        two measures [MW]; `mw_km`, their product, NaN on a ground in ms [MW km]; `null_distance`, mean of the distance
        once sites stand where people are, at random [`unit`]; `p_value`, how often that is at least as far; `excess`,
        distance over that of ordinary load; `source`. The latter four are NaN for generation-hubs, which has no sites.
    plan
        Who would move where: side, from_id, to_id, share [-], mw, distance [`unit`], km of the geodesic, and the line
        between, split at the antimeridian; no line where both are in one place. The last side is the haul.
    haul
        One row: `distance` to surplus power [`unit`], `asked_mw`, `moved_mw`, `unserved_mw`, `surplus_mw`,
        `ordinary_mw` (surplus that other areas' ordinary load takes first), `mw_km`; NaN distance where nothing moves.
    apart
        What is no part of the sides, and why: measure, reason, areas, points, weight, share of its measure. Weight is
        in MW, of hubs a share; NaN where a request is not known.
    measures
        The masses: measure, place, weight, area, and whether it is on the triangle's component.
    """

    name: str
    year: int
    demand: str
    ground: str
    unit: str
    sides: pd.DataFrame
    plan: gpd.GeoDataFrame
    haul: pd.DataFrame
    apart: pd.DataFrame
    measures: gpd.GeoDataFrame

    @property
    def excess(self) -> float:
        """Distance from sites to generation over that from ordinary load to it; > 1: sites are placed worse. [-]"""
        return float(self.sides["excess"]["sites-generation"])

    @property
    def haul_km(self) -> float:
        """Mean haul of new load to surplus power; NaN on a ground in ms, and where nothing can move. [km]"""
        return float(self.haul["distance"].iloc[0]) if self.unit == "km" else np.nan

    @property
    def unserved_mw(self) -> float:
        """New load for which no surplus is left. [MW]"""
        return float(self.haul["unserved_mw"].iloc[0])


def earth_mover(
    source_weight: ArrayLike, target_weight: ArrayLike, cost: ArrayLike
) -> tuple[float, pd.DataFrame]:
    r"""
    Return the earth mover's distance between two measures, exactly, and a plan that attains it.

    Parameters
    ----------
    source_weight, target_weight
        Mass at each place, >= 0; each is divided by its sum. [any]
    cost
        How far each target is from each source, >= 0, shape (sources, targets); inf where nothing can go. [any]

    Returns
    -------
    distance
        How far a unit of mass moves on the mean. [as `cost`]
    plan
        Rows `source`, `target` (positions) and `share` of the mass, in the order of positions. [-]

    Raises
    ------
    LayerError
        If a weight or a cost is missing or below 0, a measure has no mass, or the shapes do not fit, with every fault.
    NetworkError
        If the mass cannot be moved, with the sources and targets that are cut off.
    SolverError
        If HiGHS ends without an optimum.

    Notes
    -----
    The transport programme, solved by HiGHS:

    .. math:: W_1 = \min_{x \ge 0} \sum_{ij} c_{ij} x_{ij}, \quad \sum_j x_{ij} = a_i, \quad \sum_i x_{ij} = b_j

    Several plans can attain the least cost; which one is returned does not hang on the order of the places. Those that
    nothing tells apart share their moves in proportion to their weights.

    References
    ----------
    .. [1] Y. Rubner, C. Tomasi, L. J. Guibas, The Earth Mover's Distance as a metric for image retrieval, International
       Journal of Computer Vision 40, 2000.

    Examples
    --------
    >>> distance, plan = earth_mover([1.0], [0.6, 0.4], [[0.0, 403.828]])
    >>> round(distance, 4)
    161.5312
    """
    source, target, far = (
        np.asarray(given, dtype=np.float64) for given in (source_weight, target_weight, cost)
    )
    _refuse_arrays(source, target, far)
    kept = np.flatnonzero(source > 0.0), np.flatnonzero(target > 0.0)
    moves = _solved(source[kept[0]], target[kept[1]], far[np.ix_(*kept)], kept)
    plan = pd.DataFrame(
        {"source": kept[0][moves.source], "target": kept[1][moves.target], "share": moves.share}
    )
    return moves.cost, plan.sort_values(["source", "target"], ignore_index=True)


def triangle(
    study: Question,
    *,
    ground: str = "geodesic",
    hub_kinds: Collection[str] | None = None,
    unlisted: str = "people",
    permutations: int = 199,
    seed: int = 0,
) -> Triangle:
    r"""
    Return the mismatch triangle: earth mover's distances between sites, generation and hubs.

    Sites weigh what top-level rows ask for. Generation weighs firm supply: each plant its output times its firm factor
    at its point, what no listed plant covers where `unlisted` says, all scaled so that areas have their `firm_mw`. Hubs
    weigh as `hub_kinds` says. Each is divided by its sum, on one component: the part of the ground, joined by power
    ties and, where the ground runs over fibre, by that, which has the most MW of sites among those where all three
    are. All else is in `apart`.

    Parameters
    ----------
    study
        The study; its year and scenario are those of its settings.
    ground
        "geodesic": straight over the ellipsoid [km]. "network_km": model km along the fibre, and straight from places
        to it [km]. "network_ms": round trip, as `latency.rtt` under the study's assumptions; both 0 between points in
        one place [ms].
    hub_kinds
        Which hubs, each kind with the same share and inside it by `weight`; None: the kinds that the budgets name and
        that there are hubs of.
    unlisted
        Where supply that no listed plant covers stands: "people" with ordinary demand, where rooftops and small plants
        are; "plants" with the area's listed plants.
    permutations
        How often sites are placed at random, each where people are, to see how far they would be; 0 for never.
    seed
        Of these draws.

    Returns
    -------
    triangle
        Compare years or regions by `pd.concat({2026: one.sides, 2034: other.sides}, names=["year"])`.

    Raises
    ------
    ValueError
        If an option is none of those above.
    LayerError
        If a measure is empty.
    NetworkError
        If no component has all three measures, or a ground over fibre has none.
    MatchError, SolverError
        As for a solve.

    Notes
    -----
    W1 is a metric, so the three distances are the sides of a triangle [1]_. The p-value is one-sided, (1 + the number
    of draws at least as far) / (1 + draws). Its null: sites with these requests stand independently of each other,
    each at a point drawn in proportion to people. The haul takes each area's firm supply less its ordinary peak,
    floored at 0; areas whose ordinary load is short take from it first, by their own least haul, and only then new load
    does. It knows no limit of ties.

    References
    ----------
    .. [1] C. Villani, Optimal Transport: Old and New, chapter 6, Springer, 2009.
    """
    _refuse_options(ground, unlisted, permutations)
    values = resolve(study.settings.assume)
    now, sites, _ = match.in_its_year(study.tables, study.settings, values)
    points = measures_of(now, sites, hub_kinds, unlisted)
    metric = ground_of(ground, now.fibre, points, values)
    graph = power_graph(now.grid)
    tied = points["area"].map(dict(zip(graph.nodes, graph.component, strict=True))).to_numpy(np.int64)
    component = np.unique(np.stack([tied, metric.part]), axis=1, return_inverse=True)[1].ravel()
    main = component == _main(points, component)
    unit = GROUNDS[ground]
    moved = {side: _between(points, metric, main, *ends) for side, ends in SIDES.items()}
    null = _null(points, metric, main, permutations, seed)
    new_mw = _new_mw(points, sites)
    hauled = haul_of(points, metric, component, new_mw, now.grid.areas)
    return Triangle(
        name=study.settings.name,
        year=study.settings.year,
        demand=study.settings.demand,
        ground=ground,
        unit=unit,
        sides=_sides(points, metric, main, moved, null, ground),
        plan=_plan(points, metric, moved, hauled, _total(points, main)),
        haul=_haul_row(hauled, unit),
        apart=_apart(points, sites, component, main),
        measures=_as_points(points.assign(on_triangle=main)),
    )


def _refuse_options(ground: str, unlisted: str, permutations: int) -> None:
    for name, value, known in (("ground", ground, tuple(GROUNDS)), ("unlisted", unlisted, UNLISTED)):
        if value not in known:
            msg = f"{name} must be one of {', '.join(known)}, not {value!r}"
            raise ValueError(msg)
    if permutations < 0:
        msg = f"permutations must be >= 0, not {permutations}"
        raise ValueError(msg)


def _refuse_arrays(source: Floats, target: Floats, cost: Floats) -> None:
    """Raise one error for all that keeps arrays from being a problem."""
    faults = []
    for name, weight in (("source_weight", source), ("target_weight", target)):
        bad = ~((weight >= 0.0) & np.isfinite(weight))
        if bad.any():
            rows = tuple(map(str, np.flatnonzero(bad)))
            faults.append(
                Fault("earth_mover", name, "missing, below 0 or inf", "Give finite masses >= 0", rows)
            )
        elif not weight.sum() > 0.0:
            faults.append(Fault("earth_mover", name, "no mass at all", "Give one place a mass above 0"))
    if source.ndim != 1 or cost.shape != (*source.shape, *target.shape):
        shapes = f"has shape {cost.shape} for {source.size} sources and {target.size} targets"
        faults.append(
            Fault("earth_mover", "cost", shapes, "Give one row for each source, one column for each target")
        )
    elif not (cost >= 0.0).all():
        rows = tuple(map(str, np.flatnonzero(~(cost >= 0.0).all(axis=1))))
        faults.append(
            Fault("earth_mover", "cost", "missing or below 0", "Write inf where nothing can go", rows)
        )
    if faults:
        raise LayerError(faults)


def _solved(source: Floats, target: Floats, cost: Floats, ids: Sequence[Sequence[object] | Ints]) -> Moves:
    """Return the cheapest moves between masses above 0; `ids` name them in the error that says there are none."""
    # Exact sums: rounding must not tell in which order the places came.
    shares = source / math.fsum(source), target / math.fsum(target)
    problem = merged(cost, *shares)
    if not np.isfinite(cost).all():
        _refuse_unreachable(
            problem.cost, problem.shares(*shares), (problem.source_group, problem.target_group), ids
        )
    return problem.apart(Transport(problem.cost).moves(*problem.shares(*shares)), *shares)


def _refuse_unreachable(
    cost: Floats,
    shares: tuple[Floats, Floats],
    groups: tuple[Ints, Ints],
    ids: Sequence[Sequence[object] | Ints],
) -> None:
    """Raise an error where some mass cannot be moved, with who holds it and who lacks it."""
    stuck = unreachable(cost, *shares)
    if stuck.cost <= UNREACHED:
        return
    barred = np.isinf(cost[stuck.source, stuck.target])
    ends = stuck.source[barred], stuck.target[barred]
    faults = [
        Fault(
            "earth_mover",
            column,
            f"{stuck.cost:.3g} of the mass cannot be moved: no finite cost leads on",
            "Join them, or leave them out",
            tuple(str(name) for name, group in zip(names, of, strict=True) if group in set(end.tolist())),
        )
        for column, names, of, end in zip(("source_weight", "target_weight"), ids, groups, ends, strict=True)
    ]
    raise NetworkError(faults)


def _main(points: pd.DataFrame, component: Ints) -> int:
    """Return the component with the most MW of sites among those where all three measures are."""
    masses = (
        points.groupby([component, "measure"])["weight"]
        .sum()
        .unstack("measure")
        .reindex(columns=list(CORNERS))
    )
    whole = masses.dropna()
    if whole.empty:
        cure = "Add ties, fibre or hubs, or ask for other hub_kinds"
        raise NetworkError(
            [Fault("areas", "table", "no part that is joined has sites, generation and hubs", cure)]
        )
    first = points["area"].groupby(component).min().loc[whole.index]
    order = np.lexsort((first.to_numpy(), -whole["sites"].to_numpy()))
    return int(whole.index[order[0]])


def _rows(points: pd.DataFrame, kept: NDArray[np.bool_], measure: str) -> Ints:
    return np.flatnonzero(kept & points["measure"].eq(measure).to_numpy())


def _total(points: pd.DataFrame, main: NDArray[np.bool_]) -> dict[str, float]:
    """Return the mass of each measure on the component. [MW, of hubs a share]"""
    return {name: float(points["weight"].to_numpy()[_rows(points, main, name)].sum()) for name in CORNERS}


def _between(points: pd.DataFrame, metric: Ground, main: NDArray[np.bool_], one: str, other: str) -> Moves:
    """Return the cheapest moves from one measure to another on the component, in positions of the points."""
    ends, weight = [_rows(points, main, name) for name in (one, other)], points["weight"].to_numpy()
    names = [points["place"].to_numpy()[end] for end in ends]
    moves = _solved(weight[ends[0]], weight[ends[1]], metric.between(*ends), names)
    return Moves(ends[0][moves.source], ends[1][moves.target], moves.share, moves.cost)


def _null(
    points: pd.DataFrame, metric: Ground, main: NDArray[np.bool_], permutations: int, seed: int
) -> dict[str, Floats]:
    """Return how far sites would be from generation and from hubs, each time that they are placed at random."""
    people, sites, weight = (
        _rows(points, main, "people"),
        _rows(points, main, "sites"),
        points["weight"].to_numpy(),
    )
    if not permutations or not people.size:
        return {}
    share = weight[people] / weight[people].sum()
    mass = weight[sites] / weight[sites].sum()
    drawn = np.random.default_rng(seed).choice(people.size, size=(permutations, sites.size), p=share)
    found = {}
    for side in ("sites-generation", "sites-hubs"):
        target = _rows(points, main, SIDES[side][1])
        goal = weight[target] / weight[target].sum()
        problem = merged(metric.between(people, target), share, goal)
        programme = Transport(problem.cost)
        placed = (np.bincount(row, mass, people.size).astype(np.float64) for row in drawn)
        found[side] = np.array([programme.least_cost(*problem.shares(place, goal)) for place in placed])
    return found


def _sides(
    points: pd.DataFrame,
    metric: Ground,
    main: NDArray[np.bool_],
    moved: dict[str, Moves],
    null: dict[str, Floats],
    ground: str,
) -> pd.DataFrame:
    """Return the table of sides."""
    total, unit = _total(points, main), GROUNDS[ground]
    rows = {}
    for side, (one, other) in SIDES.items():
        distance, draws = moved[side].cost, null.get(side, np.empty(0))
        far = int((draws >= distance * (1.0 - SAME)).sum())
        rows[side] = {
            "distance": distance,
            "unit": unit,
            "total_mw": total[one],
            "mw_km": distance * total[one] if unit == "km" else np.nan,
            "null_distance": draws.mean() if draws.size else np.nan,
            "p_value": (1 + far) / (1 + draws.size) if draws.size else np.nan,
            "excess": _excess(points, metric, main, distance, other) if one == "sites" else np.nan,
            "source": f"{MODEL}, {ground}",
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("side")


def _excess(
    points: pd.DataFrame, metric: Ground, main: NDArray[np.bool_], distance: float, other: str
) -> float:
    """Return a distance over that of ordinary load; NaN where there is no such load, inf where it moves nowhere."""
    if not _rows(points, main, "load").size:
        return np.nan
    ordinary = _between(points, metric, main, "load", other).cost
    if ordinary > 0.0:
        return distance / ordinary
    return np.inf if distance > 0.0 else 1.0


def _new_mw(points: pd.DataFrame, sites: gpd.GeoDataFrame) -> Floats:
    """Return the new load of each point that is a site. [MW]"""
    new = sites["new_mw"][is_top_level(sites)].fillna(0.0)
    of_site = points["place"].map(new.set_axis(new.index.astype(str)))
    return np.asarray(of_site.where(points["measure"].eq("sites")).fillna(0.0), dtype=np.float64)


def _haul_row(hauled: Haul, unit: str) -> pd.DataFrame:
    moved = hauled.moved_mw
    row = {
        "distance": hauled.cost / moved if moved > 0.0 else np.nan,
        "unit": unit,
        "asked_mw": hauled.asked_mw,
        "moved_mw": moved,
        "unserved_mw": hauled.unserved_mw,
        "surplus_mw": hauled.surplus_mw,
        "ordinary_mw": hauled.ordinary_mw,
        "mw_km": hauled.cost if unit == "km" else np.nan,
    }
    return pd.DataFrame([row], index=pd.Index([HAUL], name="side"))


def _plan(
    points: pd.DataFrame, metric: Ground, moved: dict[str, Moves], hauled: Haul, total: dict[str, float]
) -> gpd.GeoDataFrame:
    """Return the moves of all sides, and of the haul, as lines."""
    parts = [
        _lines(
            points, metric, side, moves.source, moves.target, moves.share, moves.share * total[SIDES[side][0]]
        )
        for side, moves in moved.items()
    ]
    share = hauled.mw / max(hauled.moved_mw, np.finfo(float).tiny)
    parts.append(_lines(points, metric, HAUL, hauled.source, hauled.target, share, hauled.mw))
    table = pd.concat(parts, ignore_index=True)
    return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326").rename_axis("move")


def _lines(
    points: pd.DataFrame, metric: Ground, side: str, source: Ints, target: Ints, share: Floats, mw: Floats
) -> pd.DataFrame:
    """Return one row for each move, by the ids of its ends."""
    place, lonlat = points["place"].to_numpy(object), points[["lon", "lat"]].to_numpy(float)
    one, other = lonlat[source], lonlat[target]
    km = distance_km(*one.T, *other.T)
    columns = {"side": side, "from_id": place[source], "to_id": place[target], "share": share, "mw": mw}
    table = pd.DataFrame({**columns, "distance": _pairs(metric, source, target), "km": km})
    table["geometry"] = _segments(one, other)
    return table.sort_values(["from_id", "to_id"], ignore_index=True)


def _pairs(metric: Ground, source: Ints, target: Ints) -> Floats:
    """Return the ground's distance of each pair."""
    if not source.size:
        return np.empty(0)
    rows, row = np.unique(source, return_inverse=True)
    columns, column = np.unique(target, return_inverse=True)
    return metric.between(rows, columns)[row, column]


def _segments(one: Floats, other: Floats) -> NDArray[np.object_]:
    """Return the line between each two places, in two parts where it crosses the antimeridian; None within one."""
    lines = np.full(len(one), None, dtype=object)
    apart = np.flatnonzero((one != other).any(axis=1))
    if apart.size:
        lines[apart] = split_at_antimeridian(
            [shapely.LineString(ends) for ends in np.stack([one, other], axis=1)[apart]]
        )
    return lines


def _apart(
    points: pd.DataFrame, sites: gpd.GeoDataFrame, component: Ints, main: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return what of each measure lies off the component, and the sites whose request nobody knows."""
    total = points.groupby("measure")["weight"].sum()
    off = points.assign(component=component)[~main & points["measure"].isin([*CORNERS, "load"])]
    names = points["area"].groupby(component).agg(lambda area: "; ".join(sorted(set(map(str, area)))))
    rows = [
        {"measure": str(measure), "reason": "not joined", "areas": names.loc[part], "points": len(here),
         "weight": here["weight"].sum(), "share": here["weight"].sum() / total.loc[measure]}
        for measure, of_measure in off.groupby("measure")
        for part, here in of_measure.groupby("component")
    ]  # fmt: skip
    top = sites[is_top_level(sites)]
    unknown, nothing = top[top["request_mw"].isna()], top[top["request_mw"].eq(0.0)]
    rows += [
        {"measure": "sites", "reason": reason, "areas": "; ".join(sorted(set(found["area"].astype(str)))),
         "points": len(found), "weight": weight, "share": weight}
        for reason, found, weight in (("request not known", unknown, np.nan), ("asks nothing yet", nothing, 0.0))
        if len(found)
    ]  # fmt: skip
    columns = ["measure", "reason", "areas", "points", "weight", "share"]
    return pd.DataFrame(rows, columns=columns).sort_values(["measure", "reason", "areas"], ignore_index=True)


def _as_points(points: pd.DataFrame) -> gpd.GeoDataFrame:
    kept = points[["measure", "place", "weight", "area", "on_triangle"]]
    return gpd.GeoDataFrame(kept, geometry=gpd.points_from_xy(points["lon"], points["lat"]), crs="EPSG:4326")
