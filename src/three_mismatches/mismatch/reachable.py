"""How much spare power lies within some milliseconds of the hubs and some km of fibre to build: R(ms, km)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches import latency, match
from three_mismatches.assumptions import resolve
from three_mismatches.layers import StudyTables
from three_mismatches.layers.question import Question
from three_mismatches.mismatch.spare_power import spare_mw, spare_units

__all__ = ["WITHIN_KM", "Reach", "reach", "reach_in_year", "require_known"]

WITHIN_KM = (1.0, 5.0, 10.0, 25.0, 50.0, 100.0, np.inf)
"""Km of fibre to build for which tables of reach are made."""

CURVE = ("area", "use", "within_km", "rtt_ms", "reachable_mw")
"""Columns of `Reach.table`."""

STRANDED = (
    "budget_ms", "spare_mw", "reachable_mw", "stranded_mw", "stranded_low_mw", "stranded_high_mw", "no_path_mw",
)  # fmt: skip
"""Columns of `Reach.stranded`."""

ROUNDING = 1e-9
"""Share of an area's spare power that is no more than the rounding of its sum."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reach:
    """
    Spare power by where it stands, and how far that is in light and in fibre to be built.

    R(ms, km) is the spare power whose round trip is at most so many ms and whose fibre to be built is at most so many
    km. It grows with either.

    Attributes
    ----------
    points
        Where spare power stands, plants at one place together: `area` that they feed, `spare_mw` [MW], `placed`,
        `build_km` [km], geometry. Plants without a place are spread over the placed ones of their area; where it has
        none, over its fibre nodes.
    latency
        Long table point x use, as `latency.by_use` returns it. [ms, km]
    budget_ms
        Index use: its round-trip budget, NaN where there is none. [ms]
    areas
        Index area: `spare_mw`; `unplaced_mw`, of it what stood at no known place before it was spread; `nowhere_mw`,
        what could not be spread either; `hub_rtt_ms`, the least round trip of its points for the use with the tightest
        budget [ms]; `stranded_mw`, spare power beyond that budget; one `stranded_<use>_mw` for each [MW]: NaN in a
        study without fibre or hubs.
    stranded
        Index (area, use, within_km): `budget_ms`, `spare_mw`, `reachable_mw`, `stranded_mw`, `stranded_low_mw` and
        `stranded_high_mw` at the low and the high end of the route factor, `no_path_mw`. A use without budget has
        none of these but spare power and what has no path. [MW]
    origin
        By what it is about (Areas, Plants, Fibre, Hubs): `name`, `source` and `licence` of the rows that were used.
    """

    points: gpd.GeoDataFrame
    latency: pd.DataFrame
    budget_ms: pd.Series
    areas: pd.DataFrame
    stranded: pd.DataFrame
    origin: Mapping[str, pd.DataFrame]

    @property
    def uses(self) -> tuple[str, ...]:
        """Uses that the study knows, in the order of its budgets."""
        return tuple(map(str, self.budget_ms.index))

    @property
    def table(self) -> pd.DataFrame:
        """
        Every curve, long: area, use, within_km [km], rtt_ms [ms], reachable_mw [MW].

        One row for each step; each curve begins with 0 MW at 0 ms.
        """
        curves = [
            self.curve(use=use, area=area, within_km=km).assign(area=area, use=str(use), within_km=km)
            for area in self.areas.index
            for use in self.uses
            for km in WITHIN_KM
        ]
        found = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=list(CURVE))
        return found[list(CURVE)]

    def curve(self, *, use: str, area: str | None = None, within_km: float = np.inf) -> pd.DataFrame:
        """
        Return the steps of R for one use.

        Parameters
        ----------
        use
            A row of `budgets`.
        area
            One area; all of them if None.
        within_km
            Most fibre to build. [km]

        Returns
        -------
        curve
            `rtt_ms` ascending [ms], `reachable_mw` from there on [MW]; the first row is 0 MW at 0 ms. Power without a
            fibre path is in no step.

        Raises
        ------
        ValueError
            If the use or the area is unknown, with the nearest name there is.
        """
        ms, mw = self._kept(use, area, within_km)
        ends = np.flatnonzero(np.append(ms[1:] > ms[:-1], True)) if ms.size else np.empty(0, dtype=np.int64)
        steps, total = np.append(0.0, ms[ends]), np.append(0.0, np.cumsum(mw)[ends])
        return pd.DataFrame({"rtt_ms": steps, "reachable_mw": total})

    def reachable_mw(
        self, ms: float, *, use: str, area: str | None = None, within_km: float = np.inf
    ) -> float:
        """Return R(ms, km): the spare power within so many ms and km; the parameters are those of `curve`. [MW]"""
        curve = self.curve(use=use, area=area, within_km=within_km)
        step = int(np.searchsorted(curve["rtt_ms"], ms, side="right")) - 1
        return float(curve["reachable_mw"].iloc[step]) if step >= 0 else 0.0

    def ms_for(self, mw: float, *, use: str, area: str | None = None, within_km: float = np.inf) -> float:
        """
        Return how many ms must be tolerated to reach so many MW; inf where that is never reached. [ms]

        Parameters
        ----------
        mw
            Spare power that is wanted. [MW]
        use, area, within_km
            As for `curve`.
        """
        curve = self.curve(use=use, area=area, within_km=within_km)
        enough = np.flatnonzero(curve["reachable_mw"] >= mw)
        return float(curve["rtt_ms"].iloc[enough[0]]) if enough.size else np.inf

    @cached_property
    def _rtt_ms(self) -> pd.DataFrame:
        """Return round trips, points by uses; NaN where the study has no fibre at all. [ms]"""
        wide = self.latency["rtt_ms"].unstack("use")
        return wide.reindex(index=self.points.index, columns=self.budget_ms.index)

    def _kept(self, use: str, area: str | None, within_km: float) -> tuple[Floats, Floats]:
        """Return round trip and spare power of the points that count, in the order of the steps. [ms, MW]"""
        require_known("use", use, self.uses)
        ms = self._rtt_ms[use].to_numpy(dtype=np.float64)
        counted = np.isfinite(ms) & (self.points["build_km"].to_numpy(dtype=np.float64) <= within_km)
        if area is not None:
            require_known("area", area, self.areas.index)
            counted &= (self.points["area"] == area).to_numpy(dtype=bool)
        mw = self.points["spare_mw"].to_numpy(dtype=np.float64)
        counted &= mw > 0.0
        ms, mw = ms[counted], mw[counted]
        # By MW within equal ms: sums are then the same whatever the points are called.
        order = np.lexsort((mw, ms))
        return ms[order], mw[order]


def reach(study: Question) -> Reach:
    """
    Return how much spare power a study's uses can reach, by area, ms and km.

    Parameters
    ----------
    study
        The study; its year, demand and assumptions count.

    Returns
    -------
    reach
        The curve R(ms, km) as `curve`, its inverse `ms_for`, and what each budget leaves stranded.

    Raises
    ------
    MatchError, NetworkError
        As solving the study would.

    Examples
    --------
    >>> import three_mismatches as tm
    >>> found = reach(tm.japan())  # doctest: +SKIP
    >>> found.ms_for(2_000.0, use="cloud")  # doctest: +SKIP
    """
    settings = study.settings
    values = resolve(settings.assume)
    now, _, places = match.in_its_year(study.tables, settings, values)
    return reach_in_year(now, places, values)


def reach_in_year(now: StudyTables, places: gpd.GeoDataFrame, values: Mapping[str, float]) -> Reach:
    """
    Return `reach` of a study that stands in its year already.

    Parameters
    ----------
    now
        Tables in their year.
    places
        Candidate places with `area`: power without a place stands at these.
    values
        Value of every assumption.
    """
    areas = pd.DataFrame({"spare_mw": spare_mw(now.grid.areas).fillna(0.0)})
    points, unplaced = _points(now, places)
    by_use = latency.of_points(now, points, values, "point")
    km = by_use["build_km"].groupby(level="point").first().reindex(points.index)
    points = points.assign(build_km=km.fillna(np.inf).astype(float))
    there = points.groupby("area")["spare_mw"].sum().reindex(areas.index).fillna(0.0)
    budget = now.budgets["rtt_ms"].astype(float)
    areas = areas.assign(
        unplaced_mw=unplaced.reindex(areas.index).fillna(0.0),
        nowhere_mw=(areas["spare_mw"] - there).where(there == 0.0, 0.0),
    )
    stranded = _stranded(points, by_use, budget, areas["spare_mw"])
    areas = _with_budgets(areas, points, by_use, budget, stranded)
    if now.fibre.fibre_nodes.empty or now.hubs.empty:
        # A study that says nothing of fibre does not say that power is out of reach.
        told = [column for column in areas if str(column).startswith(("stranded_", "hub_"))]
        areas = areas.assign(**dict.fromkeys(map(str, told), np.nan))
    return Reach(points, by_use, budget, areas, stranded, _origin(now))


def _origin(now: StudyTables) -> dict[str, pd.DataFrame]:
    """Return names and sources of the rows that reach is made of."""
    rows = {
        "Areas": now.grid.areas,
        "Plants": now.grid.generators,
        "Fibre": now.fibre.fibre_routes,
        "Hubs": now.hubs,
    }
    return {
        about: pd.DataFrame(table).reindex(columns=["name", "name_ja", "source", "licence"])
        for about, table in rows.items()
    }


def _points(now: StudyTables, places: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, pd.Series]:
    """Return where spare power stands, and how much of each area's stood at no known place. [MW]"""
    units = spare_units(now)
    units = units.assign(spare_mw=units["spare_mw"].fillna(0.0))
    lost = units["placed"] == ""
    unplaced = units[lost].groupby("area")["spare_mw"].sum()
    placed = units.loc[~lost, ["area", "spare_mw", "placed", "geometry"]]
    known = placed.groupby("area")["spare_mw"].sum()
    spread = unplaced.reindex(known.index).fillna(0.0)
    factor = (1.0 + spread / known).where(known > 0.0, 1.0)
    placed = placed.assign(spare_mw=placed["spare_mw"] * placed["area"].map(factor).astype(float))
    bare = unplaced[(unplaced > 0.0) & ~unplaced.index.isin(known.index[known > 0.0])]
    return _at_one_place(gpd.GeoDataFrame(pd.concat([placed, _at_places(bare, places)]))), unplaced


def _at_places(spare: pd.Series, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return areas' power spread evenly over their candidate places."""
    here = places[places["area"].isin(spare.index) & places.geometry.notna()]
    share = here["area"].map(spare / here["area"].value_counts()).astype(float)
    ids = [f"{area} at {place}" for area, place in zip(here["area"], here.index, strict=True)]
    rows = {"area": here["area"].to_numpy(), "spare_mw": share.to_numpy(), "placed": "place"}
    return gpd.GeoDataFrame(rows, index=ids, geometry=here.geometry.to_numpy(), crs=places.crs)


def _at_one_place(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return one row for the units that feed one area from one point, called as the first of them."""
    keys = pd.DataFrame({"area": units["area"], "lon": units.geometry.x, "lat": units.geometry.y})
    ordered = units.assign(lon=keys["lon"], lat=keys["lat"], point=units.index.astype(str))
    # Sums are taken in an order of their own: they are the same whatever the units are called.
    ordered = ordered.sort_values(["area", "lon", "lat", "spare_mw"], kind="stable")
    whole = pd.DataFrame(ordered).groupby(["area", "lon", "lat"])
    found = whole.agg(point=("point", "min"), spare_mw=("spare_mw", "sum"), placed=("placed", "first"))
    found = found.reset_index().set_index("point").sort_index()
    points = gpd.points_from_xy(found["lon"], found["lat"], crs=units.crs)
    return gpd.GeoDataFrame(found[["area", "spare_mw", "placed"]], geometry=points)


def _stranded(
    points: gpd.GeoDataFrame, by_use: pd.DataFrame, budget: pd.Series, spare: pd.Series
) -> pd.DataFrame:
    """Return what each use's budget leaves reachable and stranded, by area and km of fibre to build."""
    columns = ("rtt_ms", "rtt_low_ms", "rtt_high_ms")
    wide = {name: by_use[name].unstack("use").reindex(points.index, columns=budget.index) for name in columns}
    area, mw = (
        spare.index.get_indexer(pd.Index(points["area"])),
        points["spare_mw"].to_numpy(dtype=np.float64),
    )
    build_km, whole = points["build_km"].to_numpy(dtype=np.float64), spare.to_numpy(dtype=np.float64)

    def within(rtt: str, use: object, ms: float, km: float) -> Floats:
        light = wide[rtt][use].to_numpy(dtype=np.float64)
        kept = np.isfinite(light) & (light <= ms) & (build_km <= km)
        total = np.bincount(area[kept], weights=mw[kept], minlength=len(spare))
        return np.where(np.isnan(ms), np.nan, total)

    blocks = []
    for use, ms in budget.items():
        path = within("rtt_ms", use, np.inf, np.inf)
        for km in WITHIN_KM:
            mid, low, high = (within(name, use, ms, km) for name in columns)
            left = [_less(whole, part) for part in (mid, low, high, path)]
            blocks.append(np.column_stack([np.full(len(spare), ms), whole, mid, *left]))
    order = pd.MultiIndex.from_product(
        [budget.index, WITHIN_KM, spare.index], names=["use", "within_km", "area"]
    )
    rows = np.concatenate(blocks) if blocks else np.empty((0, len(STRANDED)))
    return pd.DataFrame(rows, index=order, columns=list(STRANDED)).reorder_levels(
        ["area", "use", "within_km"]
    )


def _less(whole: Floats, part: Floats) -> Floats:
    """Return what is left of a whole; what is no more than rounding of it is nothing."""
    left = np.maximum(whole - part, 0.0)
    return np.where(left <= ROUNDING * whole, 0.0, left)


def _with_budgets(
    areas: pd.DataFrame,
    points: gpd.GeoDataFrame,
    by_use: pd.DataFrame,
    budget: pd.Series,
    stranded: pd.DataFrame,
) -> pd.DataFrame:
    """Return areas with what each budget strands, however far fibre would have to be built."""
    known = budget.dropna().sort_values(kind="stable")
    if known.empty:
        return areas
    every = stranded["stranded_mw"].xs(np.inf, level="within_km").unstack("use").reindex(areas.index)
    nearest = by_use["rtt_ms"].unstack("use").reindex(points.index, columns=budget.index)
    hub = nearest[known.index[0]].groupby(points["area"]).min().reindex(areas.index).fillna(np.inf)
    more = {f"stranded_{str(use).replace(' ', '_')}_mw": every[use] for use in known.index}
    return areas.assign(**more, hub_rtt_ms=hub.astype(float), stranded_mw=every[known.index[0]])


def require_known(name: str, value: str, known: Iterable[object]) -> None:
    """Refuse a name that is not among those known."""
    names = [str(each) for each in known]
    if value not in names:
        near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.0)
        hint = f"; the nearest name is {near[0]!r}" if near else ""
        msg = f"{name}={value!r} is not known{hint}"
        raise ValueError(msg)
