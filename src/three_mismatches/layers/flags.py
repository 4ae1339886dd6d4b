"""What a row wants its reader to know: one code for each doubt, joined by ";" in the column `flags`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Flag", "join_flags"]


class Flag(StrEnum):
    """Codes of the column `flags`; the member's docstring line in `MEANING` says what each stands for."""

    AREA_NEAREST = "area_nearest"
    BASE_INFEASIBLE = "base_infeasible"
    BASE_VIOLATION = "base_violation"
    CAPACITY_UNKNOWN = "capacity_unknown"
    FIBRE_SCHEMATIC = "fibre_schematic"
    FIBRE_UNREACHABLE = "fibre_unreachable"
    FLOORED = "floored"
    INDICATIVE = "indicative"
    ISLAND = "island"
    LINE_OVERLOADED = "line_overloaded"
    LISTED_EXCEED_SCENARIO = "listed_exceed_scenario"
    LOCAL_GRID_UNKNOWN = "local_grid_unknown"
    LOCATION_PREFECTURE = "location_prefecture"
    MW_KIND_CONVERTED = "mw_kind_converted"
    MW_KIND_UNSPECIFIED = "mw_kind_unspecified"
    NESTED = "nested"
    NO_BUDGET = "no_budget"
    NOT_YET_BUILT = "not_yet_built"
    POCKET_LOAD_UNKNOWN = "pocket_load_unknown"
    POWERED_LAND_FIRST_PHASE = "powered_land_first_phase"
    RADIAL = "radial"
    RATING_UNKNOWN = "rating_unknown"
    REQUEST_ASSUMED = "request_assumed"
    REQUEST_UNKNOWN = "request_unknown"
    SINGLE_HOMED = "single_homed"
    STATUS_INFERRED = "status_inferred"
    UNBOUNDED = "unbounded"
    UNDATED_PHASE = "undated_phase"


MEANING: Mapping[Flag, str] = {
    Flag.AREA_NEAREST: "the point lies in no area polygon; the geodesically nearest area was taken",
    Flag.BASE_INFEASIBLE: "the area model cannot serve the demand that is there already; least shed assumed",
    Flag.BASE_VIOLATION: "the site changes a flow that is beyond its rating already, which is left out as a limit",
    Flag.CAPACITY_UNKNOWN: "the area's firm capacity or peak is not given",
    Flag.FIBRE_SCHEMATIC: "routes are straight chords of a backbone sketch; build_km is an upper bound",
    Flag.FIBRE_UNREACHABLE: "no fibre path to any hub that the budget names",
    Flag.FLOORED: "a route on the path was shorter than its geodesic and was raised to it",
    Flag.INDICATIVE: "n0_mw comes from a grid repaired from map lines, with parameters of voltage classes",
    Flag.ISLAND: "no generator or link answers in the part of the network that the bus is in",
    Flag.LINE_OVERLOADED: "a line at the site's bus is loaded beyond its assumed rating before any new load",
    Flag.LISTED_EXCEED_SCENARIO: "listed sites ask for more than the demand scenario; unsited demand is 0",
    Flag.LOCAL_GRID_UNKNOWN: "no local supply limit is published; hosting_mw is an upper bound",
    Flag.LOCATION_PREFECTURE: "the point is the prefectural office; the site is somewhere in the prefecture",
    Flag.MW_KIND_CONVERTED: "the source gives IT power; converted to receiving power by a stated ratio",
    Flag.MW_KIND_UNSPECIFIED: "the source does not say whether its MW are IT or receiving power",
    Flag.NESTED: "part of another row; left out of every sum",
    Flag.NO_BUDGET: "no round-trip budget for this use",
    Flag.NOT_YET_BUILT: "no phase of the site has begun in the study year",
    Flag.POCKET_LOAD_UNKNOWN: "the pocket's own load is not published; its listed sites stand for it",
    Flag.POWERED_LAND_FIRST_PHASE: "an offer of powered land, taken at its first phase",
    Flag.RADIAL: "an outage leaves the bus without any source: nothing is firm there",
    Flag.RATING_UNKNOWN: "a line that the site's load uses has no known rating and is no limit",
    Flag.REQUEST_ASSUMED: "no MW figure is published; the assumption unknown_request_mw was taken",
    Flag.REQUEST_UNKNOWN: "no MW figure is published for the site",
    Flag.SINGLE_HOMED: "the loss of one route, of one node on the way or of one shared-risk group leaves no fibre path",
    Flag.STATUS_INFERRED: "the due date passed without a report of the opening",
    Flag.UNBOUNDED: "nothing in the model limits this figure",
    Flag.UNDATED_PHASE: "the year of the full plan is not published; the stated default year was taken",
}


def join_flags(marks: Mapping[Flag, NDArray[np.bool_]], index: pd.Index) -> pd.Series:
    """
    Return one sorted, ";"-joined text of codes for each row.

    Parameters
    ----------
    marks
        For each flag, where it holds, in the order of `index`.
    index
        Row labels of the result.
    """
    texts = np.full(len(index), "", dtype=object)
    for flag in sorted(marks):
        texts[marks[flag]] += f"{flag.value};"
    return pd.Series([text.rstrip(";") for text in texts], index=index, name="flags", dtype="object")
