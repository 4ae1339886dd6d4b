"""The answer in five sentences, for readers who will read nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import pandas as pd

from three_mismatches.language import Language, names_of, say, speaking
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.report.words import element_names, figure_of, mw, word

if TYPE_CHECKING:
    from three_mismatches.study import Result

__all__ = ["five_sentences", "reading"]

LEAST_MW = 0.5
"""Less than that is printed as 0 MW and told as nothing."""

LISTED = 3


def five_sentences(result: Result, *, lang: Language = "en") -> tuple[str, ...]:
    """
    Return the answer in five sentences: what is asked, power, fibre, power to spare, years.

    Parameters
    ----------
    result
        An answer.
    lang
        `"en"` or `"ja"`.
    """
    with speaking(lang):
        return (_asked(result), _power(result), _fibre(result), _spare(result), _years(result))


def reading(text: str) -> str:
    """Return in words which reading of the doubtful inputs makes an end of the years lost."""
    return {
        "as it is": say("the readings taken here"),
        "lead_time_level=-1": say("all lead times short"),
        "lead_time_level=1": say("all lead times long"),
        "tie_level=-1": say("all ties at their lowest half-hour"),
        "tie_level=1": say("all ties at their highest half-hour"),
        "supply_level=-1": say("all supply low"),
        "supply_level=1": say("all supply high"),
    }.get(text, text)


def _asked(result: Result) -> str:
    value, settings = result.fleet["value"], result.settings
    known, unsited = value["sites_with_request"], value["unsited_mw"]
    unknown = value["sites"] - known
    if known == 0 and unsited < LEAST_MW:
        return say(
            "No site has a published size, so nothing can be said of power in {year}.", year=settings.year
        )
    told = {
        "year": settings.year, "base": settings.base_year, "sites": figure_of(known), "unknown": figure_of(unknown),
        "listed": mw(value["new_load_mw"]),
    }  # fmt: skip
    if unsited < LEAST_MW:
        return say(
            "In {year}, data-centre sites of known size ({sites}) ask for {listed} more than they drew in {base}; "
            "sites that publish no size: {unknown}.",
            **told,
        )
    return say(
        "In {year}, under the demand scenario “{demand}”, data centres ask for {total} more than they drew in {base}: "
        "{listed} at listed sites of known size ({sites}) and {unsited} that no listed site stands for; sites that "
        "publish no size: {unknown}.",
        **told,
        demand=word(settings.demand),
        total=mw(value["new_load_mw"] + unsited),
        unsited=mw(unsited),
    )


def _power(result: Result) -> str:
    row, value = _quantity(result, "joint_gap_mw"), result.fleet["value"]
    if max(value["new_load_mw"], 0.0) + value["unsited_mw"] < LEAST_MW:
        return say("Nothing new is asked of the grid, so nothing can be said of what it lacks.")
    told = {"gap": mw(row["value"]), "span": _span(row["low"], row["high"])}
    if row["value"] >= LEAST_MW:
        return say(
            "At the peak and after the worst single loss the grid cannot bring {gap} of it{span}; what binds is "
            "{names}; limits of local networks, mostly unpublished, would come on top.",
            **told,
            names=_binding(result),
        )
    return say(
        "Between areas the grid can bring all of it at the peak even after the worst single loss, if every dated work "
        "comes in time: {gap} are short{span}; {growth}, and limits of local networks, mostly unpublished, would come "
        "on top.",
        **told,
        growth=_growth(result),
    )


def _growth(result: Result) -> str:
    row = _quantity(result, "joint_multiple")
    if not np.isfinite(row["value"]):
        return say("nothing in the model limits further growth")
    first = str(row["meaning"]).partition("first: ")[2]
    names = element_names(result)
    told = say(", ").join(str(names.get(part, part)) for part in first.split("; ")[:LISTED])
    return say(
        "the first limit that growth meets is {first}, at {times} times this load",
        first=told,
        times=f"{row['value']:.2g}",
    )


def _binding(result: Result) -> str:
    """Return the names of what binds: ties, the dearest first, and local limits; else what limits each site alone."""
    ties = result.ties
    full = ties[ties["binding"]].sort_values("shadow_price", ascending=False, kind="stable")
    limits, pockets = _limits_of_short_sites(result), result.grid.pockets.index
    elements = (
        dict.fromkeys([*full.index, *(each for each in limits if each in pockets)]) if len(full) else limits
    )
    names = element_names(result)
    found = [str(names.get(element, element)) for element in list(elements)[:LISTED]]
    return _listed(found) or say("the supply of the areas themselves")


def _limits_of_short_sites(result: Result) -> list[str]:
    """Return what limits the sites that lack power when all ask, those that lack most first."""
    sites = result.sites[is_top_level(result.sites)]
    short = sites[sites["joint_gap_mw"] >= LEAST_MW].sort_values(
        "joint_gap_mw", ascending=False, kind="stable"
    )
    texts = short["limiting_element"].fillna("").astype(str)
    return list(dict.fromkeys(part for text in texts for part in text.split("; ") if part))


def _fibre(result: Result) -> str:
    sites = result.sites[is_top_level(result.sites)]
    judged = sites[sites["budget_ms"].notna()]
    if judged.empty:
        return say(
            "No site has a latency budget over a modelled fibre network, so nothing can be said of latency."
        )
    over, row = judged[judged["rtt_gap_ms"] > 0.0], _quantity(result, "sites_over_rtt_budget")
    if over.empty:
        return say(
            "Every site with a latency budget ({judged}) is within it over the modelled fibre{span}.",
            judged=len(judged),
            span=_span(row["low"], row["high"], of="over"),
        )
    worst = over["rtt_gap_ms"].idxmax()
    return say(
        "Over the modelled fibre, {over} of {judged} sites with a latency budget are beyond it{span}, those of "
        "known size together {asked}; the farthest is {name} ({use}), {rtt} there and back against {budget}.",
        over=len(over),
        judged=len(judged),
        span=_span(row["low"], row["high"], of="sites"),
        asked=mw(result.fleet["value"]["over_rtt_budget_mw"]),
        name=names_of(over)[worst],
        use=word(over["use"][worst]),
        rtt=_ms(over["rtt_ms"][worst]),
        budget=_ms(over["budget_ms"][worst]),
    )


def _spare(result: Result) -> str:
    row, areas = _quantity(result, "spare_mw"), result.areas
    if not row["value"] > LEAST_MW:
        return say("No area has power to spare at the peak, so moving load towards power would cure nothing.")
    spare = areas["spare_mw"][areas["spare_mw"] > 0.0].sort_values(ascending=False, kind="stable")
    told = {
        "spare": mw(row["value"]), "span": _span(row["low"], row["high"]),
        "areas": _listed(names_of(areas)[spare.index[:LISTED]]),
    }  # fmt: skip
    if "stranded_mw" not in areas or areas["stranded_mw"].isna().all():
        return say(
            "At the peak {spare} are to spare{span}, the largest parts in {areas}; how far that is in light from what "
            "load must reach is not known, and so neither is what moving sites would cure.",
            **told,
        )
    column, use = _nearest_use(result)
    return say(
        "At the peak {spare} are to spare{span}, the largest parts in {areas}; {stranded} of that lie farther in light "
        "than {use} load may be from its hub, and moving sites within their budgets would cure {regret} of what "
        "each lacks alone.",
        **told,
        stranded=mw(float(areas[column].sum())),
        use=word(use),
        regret=mw(result.fleet["value"]["regret_mw"]),
    )


def _nearest_use(result: Result) -> tuple[str, str]:
    """Return the column of what cloud load cannot reach, else what load of the tightest budget cannot, and the use."""
    if "stranded_cloud_mw" in result.areas:
        return "stranded_cloud_mw", "cloud"
    return "stranded_mw", str(result.tables.inputs.budgets["rtt_ms"].idxmin())


def _years(result: Result) -> str:
    fleet = result.fleet
    if "years_lost" not in fleet.index or fleet["value"]["new_mw_realised"] < LEAST_MW:
        return say("No site of known size asks for anything new, so nothing can be said of years.")
    row, value = _quantity(result, "years_lost"), fleet["value"]
    least, most = (_end(str(row["meaning"]), end) for end in ("least", "most"))
    ends = say(
        "; over other readings, {low} with {least} to {high} with {most}",
        low=figure_of(row["low"], 1), least=least, high=figure_of(row["high"], 1), most=most,
    ) if least and most else ""  # fmt: skip
    return say(
        "Waiting for power and fibre after the building stands costs {years} years for each MW ({p10} to {p90} in "
        "eight of ten draws{ends}); {late} of {come} run a year or more late, and {slowest}{untimed}.",
        years=figure_of(row["value"], 1),
        p10=figure_of(row["p10"], 1),
        p90=figure_of(row["p90"], 1),
        ends=ends,
        late=mw(value["late_1y_mw"]),
        come=mw(value["new_mw_realised"]),
        slowest=_slowest(value),
        untimed=_untimed(str(row["meaning"])),
    )


def _quantity(result: Result, name: str) -> pd.Series:
    """Return the row of a headline quantity."""
    return cast("pd.Series", result.fleet.loc[name])


def _end(meaning: str, end: str) -> str:
    """Return which reading a row of the fleet says makes its least or its most."""
    return reading(meaning.partition(f"{end}: ")[2].partition(";")[0].strip())


def _slowest(value: pd.Series) -> str:
    """Return which step beyond the building is the slowest for most MW."""
    steps = ("connection", "network", "generation", "fibre")
    waits = {step: float(value.get(f"critical_{step}_mw", 0.0)) for step in steps}
    most = max(waits, key=lambda step: waits[step])
    if waits[most] < LEAST_MW:
        return say("no step takes longer than the building")
    # A sentence needs an article where a table's cell has none.
    step = say("the grid connection") if most == "connection" else word(most)
    return say("beyond the building what is slowest is most often {step}", step=step)


def _untimed(meaning: str) -> str:
    """Return that years are a lower bound where the study says nothing of how long a step takes."""
    _, _, named = meaning.partition("no lead times of: ")
    if not named:
        return ""
    steps = say(", ").join(word(step.strip()) for step in named.split(","))
    return say("; the study gives no lead times of {steps}, so this is the least that it can be", steps=steps)


def _span(low: float, high: float, *, of: Literal["MW", "sites", "over"] = "MW") -> str:
    """Return the range of a figure in brackets, or nothing where it has none."""
    if np.isnan(low) or np.isnan(high) or low == high:
        return ""
    ends = {"low": figure_of(low), "high": figure_of(high)}
    return {
        "MW": say(" [{low} to {high} MW]", **ends),
        "sites": say(" [{low} to {high} sites]", **ends),
        "over": say(" [{low} to {high} over it]", **ends),
    }[of]


def _ms(value: float) -> str:
    return say("no path") if np.isinf(value) else f"{value:.3g} ms"


def _listed(names: Iterable[object]) -> str:
    found = [str(name) for name in names]
    if len(found) < 2:
        return "".join(found)
    return say("{first} and {last}", first=say(", ").join(found[:-1]), last=found[-1])
