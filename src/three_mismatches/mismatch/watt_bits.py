"""Watts or bits: a line that brings power to a site, against fibre that brings its traffic to the power."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches import latency, match
from three_mismatches.assumptions import ASSUMPTIONS, resolve
from three_mismatches.geodesy import distance_km
from three_mismatches.layers.question import Question
from three_mismatches.mismatch.reachable import Reach, reach_in_year, require_known

__all__ = ["WATT_BIT", "watt_bit"]

Floats = NDArray[np.float64]

KINDS = {"AC": ("ac_line_mjpy_per_km", "ac_line_years"), "HVDC": ("hvdc_mjpy_per_km", "hvdc_years")}
"""Cost and years of each kind of line, as `assumptions` name them."""

WATT_BIT = (
    "use", "new_mw", "source_area", "source", "line_kind", "line_km", "fibre_km",
    "rtt_ms", "source_rtt_ms", "extra_ms", "budget_ms", "keeps_budget",
    "line_mjpy", "line_mjpy_low", "line_mjpy_high", "fibre_mjpy", "fibre_mjpy_low", "fibre_mjpy_high",
    "watt_bit", "watt_bit_low", "watt_bit_high", "break_even_km",
    "line_years", "line_years_low", "line_years_high", "fibre_years", "fibre_years_low", "fibre_years_high",
    "years_saved", "cheaper",
)  # fmt: skip
"""Columns of `watt_bit`, in order."""


def watt_bit(study: Question, site: str | None = None) -> pd.DataFrame:
    """
    Return for each site what it takes to bring watts to it, or its bits to the watts.

    Parameters
    ----------
    study
        The study.
    site
        One site; all of them if None.

    Returns
    -------
    comparison
        Index site; `WATT_BIT`. `source` is the place of spare power nearest to the site in an area (`source_area`)
        that has as much of it as the site's new load; of the site's own synchronous zone if there is one.

        Watts: `line_km` of new line from there along the geodesic, the least that it can be; of `line_kind` "AC", or
        "HVDC" between synchronous zones, "" where these are not known. Bits: the site's load would stand at the source,
        with `fibre_km` of fibre to be built there, and a round trip longer by `extra_ms`; `keeps_budget` says whether
        its use allows that.

        Costs `_mjpy` are without substations and converters; `watt_bit` is that of the line over that of the fibre, inf
        where no fibre has to be built; `cheaper` is "bits" above 1, else "watts". `break_even_km`: fibre that the money
        for the line would pay. Low and high are the ends of the assumptions' ranges. NaN where new load is 0 or not
        known, where no area has as much to spare, and where a cost has no source. [MW, km, ms, million JPY, y]

    Raises
    ------
    MatchError, NetworkError
        As solving the study would.
    ValueError
        If the site is unknown, with the nearest name there is.

    Notes
    -----
    Each site is judged alone: what it takes from an area's spare power is not taken from the next. That of an area
    counts as one pool, as in the area model.
    """
    settings = study.settings
    values = resolve(settings.assume)
    now, sites, places = match.in_its_year(study.tables, settings, values)
    if site is not None:
        require_known("site", site, sites.index)
        sites = sites.loc[[site]]
    spare = reach_in_year(now, places, values)
    zones = now.grid.areas["zone"]
    rows = _sources(sites, spare, zones)
    rows["line_kind"] = _line_kinds(sites["area"].map(zones), rows["source_area"].map(zones))
    light = latency.of_points(now, sites, values, "site")
    rows = rows.join(_light(sites["use"], rows["source"], light, spare))
    rows = rows.join(_costs(rows, values)).join(_years(rows, values))
    rows["years_saved"] = rows["line_years"] - rows["fibre_years"]
    return rows.assign(use=sites["use"], new_mw=sites["new_mw"])[list(WATT_BIT)]


def _sources(sites: gpd.GeoDataFrame, spare: Reach, zones: pd.Series) -> pd.DataFrame:
    """Return the nearest point of spare power of an area that has enough for each site. [km]"""
    points = spare.points[spare.points["spare_mw"] > 0.0].sort_index()
    pool = points["area"].map(spare.areas["spare_mw"]).to_numpy(dtype=np.float64)
    found: dict[object, tuple[object, object, float, float]] = {}
    lon, lat = points.geometry.x.to_numpy(), points.geometry.y.to_numpy()
    zone, own = points["area"].map(zones), sites["area"].map(zones)
    for name, need, at, point in zip(sites.index, sites["new_mw"], own, sites.geometry, strict=True):
        enough = pool >= need
        if not need > 0.0 or not enough.any():
            continue
        near = enough & (zone == at).to_numpy(dtype=bool)
        enough = near if near.any() else enough
        km = np.where(enough, distance_km(point.x, point.y, lon, lat), np.inf)
        nearest = points.iloc[int(km.argmin())]
        found[name] = (nearest["area"], nearest.name, float(km.min()), float(nearest["build_km"]))
    columns = ["source_area", "source", "line_km", "fibre_km"]
    rows = pd.DataFrame.from_dict(found, orient="index", columns=columns).reindex(sites.index)
    return rows.astype({"source_area": object, "source": object, "line_km": float, "fibre_km": float})


def _line_kinds(here: pd.Series, there: pd.Series) -> pd.Series:
    """Return what joins two zones: within one AC, between two HVDC."""
    known = here.notna() & there.notna()
    kind = pd.Series("", index=here.index, dtype=object)
    return kind.mask(known & here.eq(there), "AC").mask(known & here.ne(there), "HVDC")


def _light(use: pd.Series, source: pd.Series, light: pd.DataFrame, spare: Reach) -> pd.DataFrame:
    """Return each site's round trip, that of its source, and the budget of its use. [ms]"""
    own = light.reindex(pd.MultiIndex.from_arrays([use.index, use]))
    there = spare.latency["rtt_ms"].reindex(pd.MultiIndex.from_arrays([source, use]))
    found = pd.DataFrame(
        {
            "rtt_ms": own["rtt_ms"].to_numpy(dtype=float),
            "source_rtt_ms": there.to_numpy(dtype=float),
            "budget_ms": own["budget_ms"].to_numpy(dtype=float),
        },
        index=use.index,
    )
    with np.errstate(invalid="ignore"):
        extra = found["source_rtt_ms"] - found["rtt_ms"]
    return found.assign(extra_ms=extra, keeps_budget=found["source_rtt_ms"] <= found["budget_ms"])


def _costs(rows: pd.DataFrame, values: Mapping[str, float]) -> pd.DataFrame:
    """Return what line and fibre cost, low and high, and what that means. [million JPY]"""
    line = {
        end: rows["line_km"] * _per_kind(rows["line_kind"], 0, values, end) for end in ("", "_low", "_high")
    }
    fibre = {end: rows["fibre_km"] * _end("fibre_mjpy_per_km", values, end) for end in ("", "_low", "_high")}
    ratio = _ratio(line[""], fibre[""])
    told = np.select([ratio > 1.0, ratio <= 1.0], ["bits", "watts"], default="")
    return pd.DataFrame(
        {
            **{f"line_mjpy{end}": cost for end, cost in line.items()},
            **{f"fibre_mjpy{end}": cost for end, cost in fibre.items()},
            "watt_bit": ratio,
            "watt_bit_low": _ratio(line["_low"], fibre["_high"]),
            "watt_bit_high": _ratio(line["_high"], fibre["_low"]),
            "break_even_km": _ratio(line[""], pd.Series(values["fibre_mjpy_per_km"], index=rows.index)),
            "cheaper": told,
        }
    )


def _years(rows: pd.DataFrame, values: Mapping[str, float]) -> pd.DataFrame:
    """Return how long line and fibre take; what has not to be built takes none. [y]"""
    columns = {}
    for end in ("", "_low", "_high"):
        line = _per_kind(rows["line_kind"], 1, values, end)
        columns[f"line_years{end}"] = line.where(rows["line_km"] > 0.0, rows["line_km"] * 0.0)
        fibre = pd.Series(_end("fibre_years", values, end), index=rows.index)
        columns[f"fibre_years{end}"] = fibre.where(rows["fibre_km"] > 0.0, rows["fibre_km"] * 0.0)
    return pd.DataFrame(columns)


def _per_kind(kind: pd.Series, which: int, values: Mapping[str, float], end: str) -> pd.Series:
    """Return cost (0) or years (1) of each row's kind of line, NaN where it has none."""
    return kind.map({name: _end(of_kind[which], values, end) for name, of_kind in KINDS.items()}).astype(
        float
    )


def _end(name: str, values: Mapping[str, float], end: str) -> float:
    """Return an assumption's value, or the end of its range; a value beyond its range is its own end."""
    given, item = values[name], ASSUMPTIONS[name]
    return {"": given, "_low": min(item.low, given), "_high": max(item.high, given)}[end]


def _ratio(line: pd.Series, fibre: pd.Series) -> pd.Series:
    """Return line over fibre: inf where only the fibre is free, NaN where both are or one is not known."""
    top, bottom = line.to_numpy(dtype=np.float64), fibre.to_numpy(dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.Series(np.asarray(top / bottom), index=line.index)
