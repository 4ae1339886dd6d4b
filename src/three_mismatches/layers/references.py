"""Faults that only several tables together can show."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Collection, Iterable, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from three_mismatches.errors import Fault
from three_mismatches.layers.geometry import lies_swapped
from three_mismatches.layers.routes import route_faults
from three_mismatches.layers.schemas import KW_CURE, LARGEST_SITE_MW, LAYERS, Layer
from three_mismatches.layers.tidy import Mask, labels

__all__ = ["across", "nearest"]

SHOWN_VALUES = 3
POINT_TABLES = ("sites", "generators", "hubs", "fibre_nodes")


def across(frames: Mapping[str, pd.DataFrame], *, unread: Collection[str] = ()) -> list[Fault]:
    """
    Return the faults between tables.

    Parameters
    ----------
    frames
        Every table of `LAYERS` by name, tidied.
    unread
        Tables that could not be read; what refers to them cannot be judged.
    """
    faults = []
    for layer in LAYERS.values():
        for column, targets in layer.refers_to.items():
            if not set(targets) & set(unread):
                faults += _dangling(layer, frames, column, targets)
    if not {"sites", "budgets"} & set(unread):
        faults += _unknown_uses(frames["sites"], frames["budgets"])
    faults += _attributes(frames) + _more_than_area(frames) + _swapped(frames)
    if not {"fibre_nodes", "fibre_routes"} & set(unread):
        faults += route_faults(frames["fibre_nodes"], frames["fibre_routes"])
    faults += _unordered(frames["lead_times"]) + _second_defaults(frames["lead_times"])
    return (
        faults + _rings(frames["sites"]) + _shared_ids(frames) + _twice(frames) + _overlaps(frames["pockets"])
    )


def nearest(values: Iterable[str], options: Iterable[str]) -> str:
    """Return the question which of `options` was meant by each of `values`, or nothing without options."""
    known = list(options)
    near = [difflib.get_close_matches(value, known, n=1, cutoff=0.0) for value in values]
    told = dict.fromkeys(repr(match[0]) for match in near if match)
    return f"Did you mean {', '.join(told)}?" if told else ""


def _dangling(
    layer: Layer, frames: Mapping[str, pd.DataFrame], column: str, targets: tuple[str, ...]
) -> list[Fault]:
    """Return the fault of references to rows that are not there."""
    frame = frames[layer.name]
    given = frame[column].dropna() if column in frame else pd.Series(dtype=object)
    if given.empty:
        return []
    known = np.concatenate([frames[target].index.to_numpy(dtype=object) for target in targets])
    bad = ~given.isin(known).to_numpy()
    if not bad.any():
        return []
    values = labels(given[bad])[:SHOWN_VALUES]
    tables = " or ".join(targets)
    cure = nearest(values, known) or f"Add these rows to {tables}: it has none"
    problem = f"refers to {', '.join(map(repr, values))}, not in {tables}"
    return [Fault(layer.name, column, problem, cure, labels(given.index[bad]))]


def _unknown_uses(sites: pd.DataFrame, budgets: pd.DataFrame) -> list[Fault]:
    """Return the fault of uses without a budget; a study without budgets asks nothing about light."""
    if "use" not in sites or not len(budgets):
        return []
    known = [*budgets.index, "unspecified"]
    bad = (sites["use"].notna() & ~sites["use"].isin(known)).to_numpy()
    if not bad.any():
        return []
    values = labels(sites["use"][bad])[:SHOWN_VALUES]
    problem = f"{', '.join(map(repr, values))} is no row of budgets"
    cure = f"{nearest(values, known)} Or add the use to budgets"
    return [Fault("sites", "use", problem, cure, labels(sites.index[bad]))]


def _attributes(frames: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Return the faults of upgrades that change a column which their element has not got."""
    upgrades, faults = frames["upgrades"], []
    if not {"element", "attribute"} <= set(upgrades.columns):
        return []
    for row, element, attribute in zip(
        upgrades.index, upgrades["element"], upgrades["attribute"], strict=True
    ):
        tables = [name for name in LAYERS["upgrades"].refers_to["element"] if element in frames[name].index]
        known = [
            key
            for name in tables
            for key, column in LAYERS[name].columns.items()
            if str(column.dtype) == "float64"
        ]
        if known and not pd.isna(attribute) and attribute not in known:
            problem = f"{attribute!r} is no number in {' or '.join(tables)}"
            faults.append(Fault("upgrades", "attribute", problem, nearest([attribute], known), (str(row),)))
    return faults


def _more_than_area(frames: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Return the fault of sites that ask for more than their whole area draws at its peak."""
    sites, areas = frames["sites"], frames["areas"]
    if not {"area", "request_mw"} <= set(sites.columns) or "peak_mw" not in areas:
        return []
    peaks = areas["peak_mw"][~areas.index.duplicated()]
    request, peak = sites["request_mw"], sites["area"].map(peaks).astype(float)
    bad: Mask = ((request > peak) & (request <= LARGEST_SITE_MW)).to_numpy()
    if not bad.any():
        return []
    problem = f"{request[bad].iloc[0]:g} MW is more than the peak of the whole area, {peak[bad].iloc[0]:g} MW"
    return [Fault("sites", "request_mw", problem, KW_CURE, labels(sites.index[bad]))]


def _rings(sites: pd.DataFrame) -> list[Fault]:
    """Return the fault of sites that are, through others or at once, a part of themselves."""
    if "part_of" not in sites:
        return []
    parent = sites["part_of"].dropna().to_dict()
    bad = []
    for site in parent:
        above, seen = parent.get(site), {site}
        while above is not None and above not in seen:
            seen.add(above)
            above = parent.get(above)
        if above == site:
            bad.append(str(site))
    return (
        [Fault("sites", "part_of", "leads back to the site itself", "Leave one empty", tuple(bad))]
        if bad
        else []
    )


def _shared_ids(frames: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Return the faults of ids that two tables share where a row or a result names an element by id alone."""
    named = {
        element
        for name in ("upgrades", "interface_members")
        if "element" in frames[name]
        for element in frames[name]["element"].dropna()
    }
    faults = []
    for name, other in itertools.combinations(LAYERS["upgrades"].refers_to["element"], 2):
        shared = frames[name].index.intersection(frames[other].index)
        if (name, other) != ("links", "interfaces"):
            shared = shared[shared.isin(named)]
        if len(shared):
            cure = f"Name the rows of {other} differently"
            faults.append(Fault(name, LAYERS[name].index, f"is an id of {other} too", cure, labels(shared)))
    return faults


def _twice(frames: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Return the fault of elements that an interface counts twice."""
    members = frames["interface_members"]
    if not {"interface", "element"} <= set(members.columns):
        return []
    twice = members.duplicated(["interface", "element"]).to_numpy()
    problem, cure = "is a member of the interface already", "Drop the row"
    rows = labels(members.index[twice])
    return [Fault("interface_members", "element", problem, cure, rows)] if twice.any() else []


def _unordered(lead_times: pd.DataFrame) -> list[Fault]:
    """Return the fault of lead times whose ends and mode are not in order."""
    if not {"low_y", "mode_y", "high_y"} <= set(lead_times.columns):
        return []
    low, mode, high = (lead_times[name] for name in ("low_y", "mode_y", "high_y"))
    rows = labels(lead_times.index[(low > mode) | (mode > high) | (low > high)])
    problem, cure = "is not low_y <= mode_y <= high_y", "Put the least time first, the longest last"
    return [Fault("lead_times", "mode_y", problem, cure, rows)] if rows else []


def _second_defaults(lead_times: pd.DataFrame) -> list[Fault]:
    """Return the fault of rows that would be drawn beside another of the same stream and place."""
    if not {"stream", "place", "what"} <= set(lead_times.columns):
        return []
    drawn = lead_times[lead_times["what"].fillna("default") == "default"]
    rows = labels(drawn.index[drawn.duplicated(["stream", "place"]).to_numpy()])
    problem = "the stream has a default for this place already"
    cure = "Keep one, and name the kind of work in the other's `what`"
    return [Fault("lead_times", "what", problem, cure, rows)] if rows else []


def _overlaps(pockets: pd.DataFrame) -> list[Fault]:
    """Return the fault of pockets that share ground: a site would have two limits."""
    if not isinstance(pockets, gpd.GeoDataFrame) or len(pockets) < 2:
        return []
    shapes = pockets.geometry.to_numpy()
    usable = shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    idx = np.flatnonzero(usable)
    first, second = shapely.STRtree(shapes[idx]).query(shapes[idx], predicate="intersects")
    ahead = first < second
    shared = shapely.area(shapely.intersection(shapes[idx[first[ahead]]], shapes[idx[second[ahead]]])) > 0.0
    rows = labels(pockets.index[idx[second[ahead][shared]]])
    problem, cure = "overlaps another pocket", "Cut the shapes apart: a site has one local limit"
    return [Fault("pockets", "geometry", problem, cure, rows)] if rows else []


def _swapped(frames: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Return the faults of points that would lie among the areas if their coordinates were swapped."""
    areas, faults = frames["areas"], []
    if not isinstance(areas, gpd.GeoDataFrame) or areas.geometry.isna().all():
        return []
    for name in POINT_TABLES:
        frame = frames[name]
        if not isinstance(frame, gpd.GeoDataFrame) or not frame.geometry.notna().any():
            continue
        bad = lies_swapped(frame.geometry, areas.geometry)
        if bad.any():
            problem = "lies far from every area, and among them as (lat, lon): the order is swapped"
            cure = "Give the longitude first, then the latitude"
            faults.append(Fault(name, "geometry", problem, cure, labels(frame.index[bad])))
    return faults
