"""The fleet: one row per headline quantity, with the range over the readings that sources leave open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from three_mismatches.layers.at_year import is_top_level
from three_mismatches.mismatch.gaps import DOMINANT
from three_mismatches.power import Delivery, Dispatch, Joint

__all__ = [
    "delay_rows",
    "fibre_readings",
    "fleet_power",
    "fleet_rows",
    "line_rows",
    "stock_readings",
    "with_range",
]

UNTIMED = "no lead times of: "
"""What a row of the years says of streams that took no time."""

MODEL = "three_mismatches, area model"
DELAY_MODEL = "three_mismatches, delay model"
LINE_MODEL = "three_mismatches, line model (indicative)"

MEANING = {
    "sites": ("sites", "rows that are no part of another row"),
    "sites_with_request": ("sites", "of these, with a published or derived MW figure"),
    "request_mw": ("MW", "sum of their requests in the study year"),
    "in_base_mw": ("MW", "of this, drawn in the base year already"),
    "new_load_mw": ("MW", "of this, new since the base year"),
    "unsited_mw": ("MW", "new data-centre load of the scenario that no row of sites covers"),
    "unlisted_mw": ("MW", "data-centre load of the base year, inside the areas' peaks, that no row covers"),
    "power_gap_mw": ("MW", "sum of what each site would lack if it alone were connected"),
    "joint_mw": ("MW", "what listed sites and unsited load get when all ask at once"),
    "joint_gap_mw": ("MW", "what they lack when all ask at once and the worst loss must be survived"),
    "joint_gap_listed_mw": ("MW", "of this, at listed sites"),
    "joint_gap_intact_mw": ("MW", "what they would lack if no unit and no pole were ever lost"),
    "joint_multiple": (
        "-",
        "how many times all new load could be served at once before the first place runs short",
    ),
    "base_shed_mw": ("MW", "ordinary demand that the worst single outage sheds even without new load"),
    "double_count": (
        "-",
        "what sites and unsited load could each have alone, summed, over what they get together",
    ),
    "spare_mw": ("MW", "firm capacity less peak and less exports that are owed, summed over areas"),
    "sites_with_budget": ("sites", "sites whose use has a round-trip budget"),
    "sites_over_rtt_budget": ("sites", "sites whose round trip exceeds the budget of their use"),
    "over_rtt_budget_mw": ("MW", "request of these sites"),
    "rtt_gap_ms": ("ms", "their mean excess, weighted by request; inf where one has no path"),
    "regret_mw": ("MW", "part of the sites' own gaps that another place within budget would cure"),
}

ROUNDING_MW = 1e-3
"""Two gaps that differ by less are the same."""

LINE_MEANING = {
    "line_power_gap_mw": (
        "MW",
        "power_gap_mw with what map lines could bring to each site's bus, all in service",
    ),
    "line_sites_short": ("sites", "sites that lack more by the line model than by the area model"),
    "line_overload_mw": (
        "MW",
        "load beyond assumed ratings before any new load, summed over circuits: the map lacks lines",
    ),
    "line_least_shed_mw": (
        "MW",
        "ordinary demand that the map's lines could not serve within their assumed ratings",
    ),
    "line_least_shed_share": ("-", "of all ordinary demand"),
    "line_pairs_violated": (
        "pairs",
        "of a line and an outage that load it beyond its assumed rating before any new load; no limits",
    ),
    "line_joint_mw": ("MW", "new load of listed sites that the line model can serve together, N-1 secure"),
    "line_joint_gap_mw": ("MW", "new load of listed sites beyond that"),
    "line_double_count": ("-", "what sites' buses get of it alone, added up, over what they get together"),
}


def fleet_rows(sites: pd.DataFrame, areas: pd.DataFrame, joint: Delivery) -> pd.DataFrame:
    """
    Return the headline quantities of a study.

    Parameters
    ----------
    sites
        `result.sites`.
    areas
        `result.areas` with `unsited_mw` and `spare_mw`. [MW]
    joint
        What all new load gets when it asks at once.

    Returns
    -------
    fleet
        Index quantity; value, unit, low, high, p10, p50, p90, meaning, source. low and high are NaN until
        `with_range` has filled them; the percentiles until an ensemble has.
    """
    top = sites[is_top_level(sites)]
    values = {**_power(top, areas, joint), **_stock(areas), **_fibre(top), **_dominance(top)}
    first = f"; first: {joint.multiple_element}" if joint.multiple_element else ""
    meaning = MEANING | {
        "joint_multiple": (MEANING["joint_multiple"][0], MEANING["joint_multiple"][1] + first)
    }
    meaning |= {
        f"dominant_{name.replace('-', '_')}": ("sites", f"sites where {name} is the dominant mismatch")
        for name in (*DOMINANT, "none", "unknown")
    }
    return _table(values, meaning, MODEL)


def line_rows(
    sites: pd.DataFrame, area_gap_mw: pd.Series, base: Dispatch, together: Joint, violated: int
) -> pd.DataFrame:
    """
    Return what the line model says of the fleet, and how far its base can be trusted; rows as in `fleet_rows`.

    Parameters
    ----------
    sites
        `result.sites` at line resolution.
    area_gap_mw
        `power_gap_mw` of the same sites at area resolution. [MW]
    base
        The base dispatch.
    together
        What the sites' buses get together.
    violated
        How many pairs of line and outage are beyond ratings before any new load.
    """
    top = is_top_level(sites) & sites["request_mw"].notna()
    gap = sites["power_gap_mw"][top]
    shed, demand = float(base.least_shed_mw.sum()), float(base.buses["demand_mw"].sum())
    values = {
        "line_power_gap_mw": gap.sum(),
        "line_sites_short": (gap > area_gap_mw[top] + ROUNDING_MW).sum(),
        "line_overload_mw": base.lines["overload_mw"].sum(),
        "line_least_shed_mw": shed,
        "line_least_shed_share": _ratio(shed, demand, of_nothing=0.0),
        "line_pairs_violated": violated,
        "line_joint_mw": together.total_mw,
        "line_joint_gap_mw": together.sites["gap_mw"].sum(),
        "line_double_count": together.double_count,
    }
    return _table(values, LINE_MEANING, LINE_MODEL)


def delay_rows(delay: pd.DataFrame, readings: pd.DataFrame, untimed: Sequence[str] = ()) -> pd.DataFrame:
    """
    Return what the draws say of the fleet; rows as in `fleet_rows`.

    Parameters
    ----------
    readings
        Index reading; the means of years lost under each, so that the range can say where its ends are from.
    untimed
        Streams that took no time because the study gives none.
    delay
        Index quantity: value (the mean), low and high over other readings, p10, p50, p90, unit, meaning.
    """
    columns = ["value", "unit", "low", "high", "p10", "p50", "p90", "meaning", "source"]
    rows = delay.assign(source=DELAY_MODEL)[columns]
    lost, told = readings["years_lost"], [str(delay["meaning"]["years_lost"])]
    told += [f"least: {lost.idxmin()}", f"most: {lost.idxmax()}"] * (len(lost) > 1)
    told += [f"{UNTIMED}{', '.join(untimed)}"] * bool(untimed)
    rows.loc["years_lost", "meaning"] = "; ".join(told)
    return rows


def _table(values: Mapping[str, float], meaning: Mapping[str, tuple[str, str]], source: str) -> pd.DataFrame:
    """Return one row for each value, without ranges."""
    rows = {
        name: {
            "value": float(value), "unit": meaning[name][0], "low": np.nan, "high": np.nan,
            "p10": np.nan, "p50": np.nan, "p90": np.nan, "meaning": meaning[name][1], "source": source,
        }
        for name, value in values.items()
    }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("quantity")


def fleet_power(sites: pd.DataFrame, areas: pd.DataFrame, joint: Delivery) -> pd.Series:
    """Return the values of `fleet_rows` that the power model alone decides, by quantity."""
    return pd.Series(_power(sites[is_top_level(sites)], areas, joint), dtype=float)


def stock_readings(areas: pd.DataFrame) -> list[pd.Series]:
    """Return the data-centre load that no site covers at the low and the high end of its sources."""
    return [pd.Series(_stock(areas, column)) for column in ("unlisted_mw_low", "unlisted_mw_high")]


def with_range(fleet: pd.DataFrame, readings: Iterable[pd.Series]) -> pd.DataFrame:
    """
    Return the fleet with the least and the most of each value over other readings of the sources.

    Parameters
    ----------
    fleet
        From `fleet_rows`.
    readings
        Values of some quantities under another reading, by quantity. What no reading names keeps NaN.
    """
    rows = [reading.reindex(fleet.index).to_numpy(dtype=float) for reading in readings]
    others = pd.DataFrame(dict(enumerate(rows)), index=fleet.index)
    read = others.notna().any(axis=1)
    values = others.assign(value=fleet["value"])
    return fleet.assign(low=values.min(axis=1).where(read), high=values.max(axis=1).where(read))


def fibre_readings(sites: pd.DataFrame) -> list[pd.Series]:
    """Return the fibre quantities at the low and the high end of the route factor's range."""
    top = sites[is_top_level(sites)]
    return [pd.Series(_fibre(top, rtt)) for rtt in ("rtt_low_ms", "rtt_high_ms")]


def _power(top: pd.DataFrame, areas: pd.DataFrame, joint: Delivery) -> dict[str, float]:
    known = top[top["request_mw"].notna()]
    headroom = known["hosting_mw"] - known["in_base_mw"]
    got = known["joint_mw"] - known["in_base_mw"]
    unsited = joint.areas["unsited_joint_mw"]
    together = float(got.sum() + unsited.sum())
    alone = float(np.minimum(known["new_mw"], headroom).sum() + joint.areas["unsited_alone_mw"].sum())
    listed = float((known["new_mw"] - got).clip(lower=0.0).sum())
    asked = float(known["new_mw"].sum() + areas["unsited_mw"].sum())
    return {
        "sites": len(top),
        "sites_with_request": len(known),
        "request_mw": known["request_mw"].sum(),
        "in_base_mw": known["in_base_mw"].sum(),
        "new_load_mw": known["new_mw"].sum(),
        "unsited_mw": areas["unsited_mw"].sum(),
        "power_gap_mw": known["power_gap_mw"].sum(),
        "joint_mw": together,
        "joint_gap_mw": listed + float((areas["unsited_mw"] - unsited).clip(lower=0.0).sum()),
        "joint_gap_listed_mw": listed,
        "joint_gap_intact_mw": max(0.0, asked - joint.intact_mw),
        "joint_multiple": joint.multiple,
        "base_shed_mw": joint.base_shed_mw,
        "double_count": _ratio(alone, together),
        "spare_mw": areas["spare_mw"].sum(),
        "regret_mw": known["regret_mw"].sum(),
    }


def _stock(areas: pd.DataFrame, column: str = "unlisted_mw") -> dict[str, float]:
    return {"unlisted_mw": areas[column].sum(min_count=1)}


def _fibre(top: pd.DataFrame, rtt: str = "rtt_ms") -> dict[str, float]:
    """Return how many sites one of the three round trips leaves beyond their budget, and by how much."""
    gap = (top[rtt] - top["budget_ms"]).clip(lower=0.0)
    over = top.assign(gap=gap)[gap > 0.0]
    weight = over["request_mw"].fillna(0.0)
    # Nothing is over: 0. Something is, but nobody knows how large it is: unknown.
    of_nothing = 0.0 if over.empty else np.nan
    return {
        "sites_with_budget": int(top["budget_ms"].notna().sum()),
        "sites_over_rtt_budget": len(over),
        "over_rtt_budget_mw": weight.sum(),
        "rtt_gap_ms": _ratio((over["gap"] * weight)[weight > 0.0].sum(), weight.sum(), of_nothing=of_nothing),
    }


def _dominance(top: pd.DataFrame) -> dict[str, float]:
    counts = top["dominant_mismatch"].value_counts()
    return {
        f"dominant_{name.replace('-', '_')}": counts.get(name, 0) for name in (*DOMINANT, "none", "unknown")
    }


def _ratio(part: float, whole: float, *, of_nothing: float = 1.0) -> float:
    """Return part over whole; `of_nothing` where both are 0, inf where only the whole is."""
    if whole > 0.0:
        return part / whole
    return of_nothing if part <= 0.0 else np.inf
