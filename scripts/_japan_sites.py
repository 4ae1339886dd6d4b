"""Sites of the embedded Japan and the phases by which they grow, from `data/japan/sites.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.layers.flags import Flag, join_flags

BASE_YEAR = 2026
UNDATED_YEAR = int(ASSUMPTIONS["undated_phase_year"].value)
RECEIVING_PER_IT = ASSUMPTIONS["receiving_per_it"].value
DECIMALS = 4
PHASE_PROVENANCE = ["source", "source_date", "licence", "confidence"]


@dataclass(frozen=True)
class Phase:
    """One stage of a site: from `year` on it asks for `mw`; `undated` where the year is assumed."""

    year: int
    mw: float
    undated: bool = False


def sites_table(printed: pd.DataFrame) -> pd.DataFrame:
    """Return the table `sites` with receiving power, from the figures as printed."""
    sites = printed.set_index("site")
    ratio = receiving_ratio(sites)
    plan = printed_plan(sites)
    request = (plan * ratio).round(DECIMALS)
    sites = sites.assign(
        it_mw=plan.where(sites["mw_kind"] == "IT"),
        request_mw=request,
        in_base_mw=in_base(sites, request, ratio),
    )
    undated = pd.Series({site: any(stage.undated for stage in found) for site, found in stages(sites)})
    sites["flags"] = flags_of(sites, undated.reindex(sites.index, fill_value=False))
    guessed_base = (sites["status"] == "operating") & sites["mw_now"].isna() & request.notna()
    guessed_kind = (sites["mw_kind"] == "IT") & sites["pue"].isna()
    sites["imputed"] = guessed_base | guessed_kind | undated.reindex(sites.index, fill_value=False)
    return sites


def phases_table(sites: pd.DataFrame) -> pd.DataFrame:
    """Return the table `phases`: one row for each stage of each site whose request is known."""
    rows = [
        {
            "phase": f"{site}-{stage.year}",
            "site": site,
            "year": stage.year,
            "mw": stage.mw,
            "imputed": stage.undated,
        }
        | sites.loc[site, PHASE_PROVENANCE].to_dict()
        for site, found in stages(sites)
        for stage in found
    ]
    return pd.DataFrame(rows).set_index("phase")


def receiving_ratio(sites: pd.DataFrame) -> pd.Series:
    """Return receiving MW per printed MW: the printed PUE or the stated ratio for IT power, else 1."""
    ratio = sites["pue"].fillna(RECEIVING_PER_IT)
    return ratio.where(sites["mw_kind"] == "IT", 1.0)


def printed_plan(sites: pd.DataFrame) -> pd.Series:
    """Return the MW of the full plan as printed; an offer of powered land counts with its first phase."""
    plan = sites["mw_full"].fillna(sites["mw_first"]).fillna(sites["mw_now"])
    return plan.mask(sites["powered_land"], sites["mw_first"])


def in_base(sites: pd.DataFrame, request: pd.Series, ratio: pd.Series) -> pd.Series:
    """
    Return what each site already drew in the base year.

    An operating site without a figure is taken to draw all of its request: that never counts a load twice.
    A parent drew at least what its parts drew, because parts are in no sum.
    """
    drawn = (sites["mw_now"] * ratio).fillna(request)
    drawn = np.minimum(drawn, request).where(sites["status"] == "operating", 0.0).round(DECIMALS)
    parts = drawn.groupby(sites["part_of"]).sum().reindex(drawn.index).fillna(0.0)
    return drawn.mask(parts > drawn, parts)


def stages(sites: pd.DataFrame) -> list[tuple[str, list[Phase]]]:
    """Return the stages of each site whose request is known."""
    ratio = receiving_ratio(sites)
    known = sites[sites["request_mw"].notna()]
    return [(str(site), _rising(_planned(row, float(ratio[site])))) for site, row in known.iterrows()]


def _planned(row: pd.Series[Any], ratio: float) -> list[Phase]:
    """Return what the row says about its growth: what it draws, its first phase, its full plan."""
    request, drawn = float(row["request_mw"]), float(row["in_base_mw"])
    first = float(row["mw_first"]) * ratio
    operating = row["status"] == "operating"
    found = [Phase(BASE_YEAR, drawn)] if drawn > 0 else []
    two_steps = first < request - 10.0**-DECIMALS
    if two_steps and not operating:
        found.append(Phase(_year(row["year_operating"]), round(first, DECIMALS)))
    if drawn < request:
        last = row["year_full"]
        if pd.isna(last) and not operating and not two_steps:
            last = row["year_operating"]
        found.append(Phase(_year(last), request, undated=bool(pd.isna(last))))
    return found


def _year(year: float) -> int:
    """Return the year of a stage: a past due date counts from the base year, none from the default."""
    return UNDATED_YEAR if pd.isna(year) else max(int(year), BASE_YEAR)


def _rising(found: list[Phase]) -> list[Phase]:
    """Return the stages in order of time, the largest of each year, each larger than the one before."""
    kept: list[Phase] = []
    for stage in sorted(found, key=lambda stage: (stage.year, -stage.mw)):
        if not kept or stage.mw > kept[-1].mw:
            kept.append(stage)
    return kept


def flags_of(sites: pd.DataFrame, undated: pd.Series) -> pd.Series:
    """Return the doubts about each row."""
    known = sites["request_mw"].notna()
    vague = sites["mw_kind"].isin(["unspecified", "estate supply"])
    marks = {
        Flag.LOCATION_PREFECTURE: sites["location_precision"] == "prefecture",
        Flag.MW_KIND_CONVERTED: known & (sites["mw_kind"] == "IT"),
        Flag.MW_KIND_UNSPECIFIED: known & vague,
        Flag.NESTED: sites["part_of"].notna(),
        Flag.POWERED_LAND_FIRST_PHASE: sites["powered_land"],
        Flag.REQUEST_UNKNOWN: ~known,
        Flag.STATUS_INFERRED: sites["note"].str.contains("STATUS INFERRED", regex=False),
        Flag.UNDATED_PHASE: undated,
    }
    return join_flags({flag: mark.to_numpy(dtype=bool) for flag, mark in marks.items()}, sites.index)
