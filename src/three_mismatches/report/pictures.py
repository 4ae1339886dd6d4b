"""The pictures of a report, each with a caption and with what is read out instead of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from three_mismatches import delay, latency, maps, mismatch
from three_mismatches.language import names_of, say, spoken
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.report.sheets import triangle_of
from three_mismatches.report.story import Picture
from three_mismatches.report.words import element_names, figure_of, ms, mw, word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from three_mismatches.ensemble import Ensemble
    from three_mismatches.study import Result

__all__ = [
    "desire_lines",
    "fibre_map",
    "mismatch_map",
    "network_maps",
    "rank_stability",
    "reach_curve",
    "ternary_map",
    "time_to_power_map",
    "triangle",
    "waterfalls",
]

ISOCHRONES_MS = (2.0, 5.0, 10.0, 20.0)
"""Round trips that are drawn round the hubs: the budgets of the embedded uses. [ms]"""

NEW_SITE_MW = 100.0
"""Size of the new site whose year of power is drawn. [MW]"""

WORST_SITES = 3
"""Sites that are drawn one by one."""


def mismatch_map(result: Result) -> Picture:
    """Return the three maps side by side."""
    value = result.fleet["value"]
    return Picture(
        "mismatch_map",
        maps.mismatch_map(result, layout=result.layout, lang=spoken()),
        say(
            "The three mismatches: what the grid cannot bring to each site, how far each site is beyond its latency "
            "budget, and where power is to spare and how far that is in light."
        ),
        say(
            "Three maps of the same land. First: sites as discs sized by what they ask, coloured by their power gap, "
            "{gap} in all. Second: the same sites coloured by their round trip beyond budget, {over} sites over it. "
            "Third: spare power of each area as discs, {spare} in all, the part too far for cloud use dark.",
            gap=mw(value["joint_gap_mw"]),
            over=figure_of(value["sites_over_rtt_budget"] if value["sites_with_budget"] > 0.0 else np.nan),
            spare=mw(value["spare_mw"]),
        ),
    )


def ternary_map(result: Result) -> Picture | None:
    """Return the three-way map of what is slowest, where a delay was drawn."""
    if "critical_power" not in result.sites or result.sites["critical_power"].isna().all():
        return None
    value = result.fleet["value"]
    ax = maps.ternary_map(result.sites, result.areas, layout=result.layout, lang=spoken())
    return Picture(
        "ternary_map",
        _figure(ax),
        say(
            "What is slowest at each site once it is not the building: connection and room on the grid, generation, "
            "or fibre. The colour mixes the three by how often each is the slowest in the draws."
        ),
        say(
            "Map of the sites with a triangular legend. Of the load that comes, power is the slowest for {power}, "
            "generation for {generation} and fibre for {fibre}; for the rest it is the building.",
            power=mw(value.get("critical_power_mw", np.nan)),
            generation=mw(value.get("critical_generation_mw", np.nan)),
            fibre=mw(value.get("critical_fibre_mw", np.nan)),
        ),
    )


def fibre_map(result: Result) -> Picture | None:
    """Return the fibre with the light of its cloud hubs, where there are any."""
    hubs = result.hubs
    cloud = hubs[hubs["kind"].eq("cloud")]
    if cloud.empty or result.fibre.fibre_nodes.empty:
        return None
    within = latency.isochrones(result.fibre, cloud, ms=ISOCHRONES_MS)
    ax = maps.fibre_map(
        result.sites, result.fibre.fibre_nodes, result.fibre.fibre_routes, areas=result.areas, hubs=hubs,
        isochrones=within, layout=result.layout, lang=spoken(),
    )  # fmt: skip
    return Picture(
        "fibre_map",
        _figure(ax),
        say(
            "Fibre of the model and how far light gets: the land within a round trip of the nearest cloud region, at "
            "the mid route factor."
        ),
        say(
            "Map of fibre routes between nodes, with bands of equal round trip round {hubs} cloud regions at {ms} ms, "
            "and sites coloured by how far they are beyond their budgets.",
            hubs=len(cloud),
            ms=say(", ").join(f"{each:g}" for each in ISOCHRONES_MS),
        ),
    )


def reach_curve(result: Result) -> Picture | None:
    """Return spare power within reach of a cloud hub against the round trip that is tolerated."""
    if (
        result.hubs.empty
        or not (result.areas["spare_mw"] > 0.0).any()
        or "stranded_cloud_mw" not in result.areas
        or result.areas["stranded_cloud_mw"].isna().all()
    ):
        return None
    found = mismatch.reach(result.study)
    return Picture(
        "reach_curve",
        _figure(maps.reach_curve(found, use="cloud", lang=spoken())),
        say(
            "Spare power that cloud load could reach, against the round trip that it tolerates; the budget is marked."
        ),
        say(
            "Curve that rises with the round trip: within the budget of cloud use {within} of {spare} are in reach.",
            within=mw(float(result.areas["spare_mw"].sum() - result.areas["stranded_cloud_mw"].sum())),
            spare=mw(float(result.areas["spare_mw"].sum())),
        ),
    )


def triangle(result: Result) -> Picture | None:
    """Return the mismatch triangle, where there is one."""
    made = triangle_of(result)
    if made is None:
        return None
    sides = made.sides["distance"]
    told = {str(side).replace("-", "_"): figure_of(float(km)) for side, km in sides.items()}
    return Picture(
        "triangle",
        _figure(maps.triangle(made, lang=spoken())),
        say(
            "The mismatch triangle: how far mass would have to move for two maps to coincide, true to scale."
        ),
        say(
            "Triangle with corners sites, generation and hubs. Its sides: sites to generation {sites_generation} km, "
            "sites to hubs {sites_hubs} km, generation to hubs {generation_hubs} km.",
            **told,
        ),
    )


def desire_lines(result: Result) -> Picture | None:
    """Return who would move where for sites and generation to coincide, where there is a triangle."""
    made = triangle_of(result)
    if made is None:
        return None
    moved = made.sides["total_mw"]["sites-generation"]
    return Picture(
        "desire_lines",
        _figure(maps.desire_lines(made, result.areas, layout=result.layout, lang=spoken())),
        say("The cheapest way to move sites to where power is generated: lines as wide as the MW on them."),
        say(
            "Map with lines from sites to power plants, for {mw} of sites in all; what stands where power is "
            "generated has no line.",
            mw=mw(float(moved)),
        ),
    )


def time_to_power_map(result: Result) -> Picture | None:
    """Return the year in which a new site could have power, by place, where lead times are known."""
    if result.delay is None or result.tables.inputs.lead_times.empty:
        return None
    places = delay.time_to_power(result.study, mw=NEW_SITE_MW)
    layout, lead_times = result.layout, result.tables.inputs.lead_times
    drawn = {"Lead times": lead_times, "Areas": places, "Borders": layout.borders}
    ax = maps.time_to_power_map(
        places, mw=NEW_SITE_MW, layout=layout, sources=maps.source_texts(drawn), lang=spoken()
    )
    years = places["year_p50"]
    told = [f"{name} {_year(years[place])}" for place, name in names_of(places).items()]
    return Picture(
        "time_to_power_map",
        _figure(ax),
        say(
            "The year in which a new site of {mw} that asks now could have power: the median of the draws, and 10 to "
            "90 % of them in brackets.",
            mw=mw(NEW_SITE_MW),
        ),
        say("Map of areas coloured by the median year: {years}.", years=say(", ").join(told)),
    )


def waterfalls(result: Result) -> tuple[Picture, ...]:
    """Return the waterfalls of the sites that fare worst."""
    return tuple(_waterfall(result, site, at) for at, site in enumerate(worst_sites(result), 1))


def worst_sites(result: Result) -> list[str]:
    """Return the sites that fare worst: by unserved power, then by years late, then by light beyond budget."""
    sites = result.sites[is_top_level(result.sites) & result.sites["request_mw"].notna()]
    order = [
        column for column in ("joint_gap_mw", "power_gap_mw", "delay_y_p50", "rtt_gap_ms") if column in sites
    ]
    ranked = sites.sort_values([*order, "request_mw"], ascending=False, na_position="last", kind="stable")
    return [str(site) for site in ranked.index[:WORST_SITES]]


def rank_stability(ensemble: Ensemble, result: Result, column: str) -> Picture:
    """Return how the order of sites holds over the draws of an ensemble."""
    ranks = ensemble.rank_stability(column)
    return Picture(
        "rank_stability",
        _figure(maps.rank_stability(ranks, sites=result.sites, lang=spoken())),
        say("How the order of the sites holds over {draws} draws.", draws=len(ensemble.fleet)),
        say("Chart of the rank of each site, with its range over {draws} draws.", draws=len(ensemble.fleet)),
    )


def network_maps(result: Result) -> tuple[Picture, ...]:
    """Return the loading of the lines and the map of the repaired grid, at line resolution."""
    return (*_loading_map(result), *_repair_map(result))


def _loading_map(result: Result) -> tuple[Picture, ...]:
    """Return the lines by their loading before any new load, with what limits the sites marked."""
    if result.lines.empty or result.lines["loading"].isna().all():
        return ()
    loading = result.lines["loading"]
    ax = maps.network_map(
        result.grid, value=loading, ties=result.ties, binding=result.sites["limiting_element"],
        layout=result.layout, lang=spoken(),
    )  # fmt: skip
    return (
        Picture(
            "network_map",
            _figure(ax),
            say(
                "How loaded each line is before any new load, what flows between areas at the peak, and which lines "
                "limit the sites: an indication, since the grid is repaired from map lines."
            ),
            say(
                "Map of the grid's lines coloured by loading: {over} of {lines} circuits and transformers are beyond "
                "their assumed rating. Arrows show flows between areas, marks what limits sites.",
                over=figure_of(float((loading > 1.0).sum())),
                lines=figure_of(float(loading.notna().sum())),
            ),
        ),
    )


def _repair_map(result: Result) -> tuple[Picture, ...]:
    """Return the map of the repaired grid."""
    if result.certificate.empty:
        return ()
    grid = result.tables.tables.grid
    told = {"lines": figure_of(float(len(grid.lines))), "buses": figure_of(float(len(grid.buses)))}
    return (
        Picture(
            "repair_map",
            _figure(maps.repair_map(grid, layout=result.layout, lang=spoken())),
            say("The grid as it was repaired from map lines: {lines} circuits and transformers.", **told),
            say(
                "Map of {lines} lines by voltage and synchronous zone between {buses} buses, with places that deserve "
                "a look.",
                **told,
            ),
        ),
    )


def _waterfall(result: Result, site: str, at: int) -> Picture:
    row = result.sites.loc[site]
    name = names_of(result.sites)[site]
    return Picture(
        f"waterfall_{at}",
        maps.waterfall(
            result,
            site,
            names={str(each): str(name) for each, name in element_names(result).items()},
            lang=spoken(),
        ),
        say("{name}: where its power and its milliseconds go.", name=name),
        say(
            "Two waterfalls for {name}. It asks {asked} and gets {joint} when all ask at once; its round trip is "
            "{rtt} against a budget of {budget}; slowest is {stream}.",
            name=name,
            asked=mw(row["request_mw"]),
            joint=mw(row["joint_mw"]),
            rtt=ms(row["rtt_ms"]),
            budget=ms(row["budget_ms"]),
            stream=word(row["critical_stream"]) or say("unknown"),
        ),
    )


def _figure(ax: Axes) -> Figure:
    return cast("Figure", ax.figure)


def _year(value: float) -> str:
    return say("later") if pd.isna(value) else f"{value:.0f}"
