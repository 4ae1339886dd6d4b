"""One map each: sites by gap, sites against power, sites against fibre, and power against fibre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from three_mismatches.language import Language, names_of, say
from three_mismatches.maps import base
from three_mismatches.maps.bands import draw_bands
from three_mismatches.maps.discs import class_colour, class_rows, draw_sites
from three_mismatches.maps.folding import fold
from three_mismatches.maps.labels import Label, place_labels, settle
from three_mismatches.maps.legend import (
    SYMBOL_WIDTH,
    TALLEST,
    Block,
    Row,
    disc_row,
    draw_legend,
    fit_page,
    line_row,
    marker_row,
    page_axes,
    patch_row,
)
from three_mismatches.maps.style import (
    NOTHING,
    PALETTE,
    RAMPS,
    Style,
    breaks,
    disc_diameters,
    disc_legend,
    drawing,
    number,
    readable,
    shorten,
)
from three_mismatches.maps.terms import hub_word, inset_title, use_word

__all__ = ["fibre_map", "gap_map", "power_map", "reach_map"]

Floats = NDArray[np.float64]

WIDTH = 5.6
"""Width of a map on its own. [inch]"""

ROW_COLUMNS = 36
"""Width of a long row of the legend, in letters."""

TIE_WIDTH = 0.9
FULL_TIE_WIDTH = 2.6
REACHED = "#9CC4E4"
HUB_MARKERS = {"cloud": "s", "ix": "^", "landing": "v"}
"""Marker of each kind of hub."""


def gap_map(
    sites: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    *,
    column: str = "power_gap_mw",
    ax: Axes | None = None,
    layout: base.Layout | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw sites, sized by what they ask for and coloured by a gap.

    Rows that are a part of another site (`part_of`) are not drawn: the whole is.

    Parameters
    ----------
    sites
        Points; `request_mw` [MW] and the column of the gap. NaN is unknown and drawn hollow.
    areas
        Polygons of the land, indexed by area.
    column
        The gap: its name ends in its unit.
    ax
        Where to draw; a new figure if None.
    layout
        Extent and insets; `base.layout_of(areas)` if None.
    sources
        Texts of the source line; None reads them from the tables, () leaves the line out.
    lang
        "en" or "ja".

    Returns
    -------
    ax
        The axes.

    Raises
    ------
    LayerError
        If a column is missing.
    """
    with drawing(lang):
        footer = _footer(sources, {"Sites": sites, "Areas": areas}, layout)
        own = ax is None
        ax, layout, insets = _start(areas, ax, layout, footer)
        blocks = draw_sites(ax, insets, layout, sites, column)
        return _finish(ax, blocks, footer, fit=own)


def power_map(
    sites: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    *,
    ties: pd.DataFrame | None = None,
    column: str | None = None,
    ax: Axes | None = None,
    layout: base.Layout | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw sites against power: `gap_map` of the power gap, with the ties between areas.

    Parameters
    ----------
    sites
        Points; `request_mw` [MW] and the column of the gap.
    areas
        Polygons, indexed by area; `name` is read for the words on ties.
    ties
        `area0`, `area1`, `limit_forward`, `limit_reverse` [MW], `flow_mw` (> 0 leaves area0), `binding`.
    column
        The gap; if None `joint_gap_mw` where the table has it, else `power_gap_mw`.
    ax, layout, sources
        As for `gap_map`.
    lang
        "en" or "ja".

    Returns
    -------
    ax
        The axes.

    Raises
    ------
    LayerError
        If a column is missing.
    """
    with drawing(lang):
        footer = _footer(sources, {"Sites": sites, "Areas": areas, "Ties": ties}, layout)
        column = column or ("joint_gap_mw" if "joint_gap_mw" in sites else "power_gap_mw")
        own = ax is None
        ax, layout, insets = _start(areas, ax, layout, footer)
        words, rows = _draw_ties(ax, areas, ties)
        blocks = draw_sites(ax, insets, layout, sites, column, first=words, extra=rows)
        return _finish(ax, blocks, footer, fit=own)


def fibre_map(
    sites: gpd.GeoDataFrame,
    fibre_nodes: gpd.GeoDataFrame,
    fibre_routes: pd.DataFrame,
    *,
    areas: gpd.GeoDataFrame,
    hubs: gpd.GeoDataFrame | None = None,
    isochrones: gpd.GeoDataFrame | None = None,
    ax: Axes | None = None,
    layout: base.Layout | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw sites against fibre: `gap_map` of the round trip beyond each site's budget, over the routes.

    Parameters
    ----------
    sites
        Points; `request_mw` [MW] and `rtt_gap_ms` [ms].
    fibre_nodes
        Points, indexed by node.
    fibre_routes
        `node0`, `node1`; a route without a line is drawn as its chord.
    areas
        Polygons, indexed by area.
    hubs
        Points with `kind`: what the sites must reach.
    isochrones
        From `latency.isochrones`: drawn as bands on the land, light where the round trip is short.
    ax, layout, sources
        As for `gap_map`.
    lang
        "en" or "ja".

    Returns
    -------
    ax
        The axes.

    Raises
    ------
    LayerError
        If a column is missing.
    """
    with drawing(lang):
        for name, table in {"fibre_nodes": fibre_nodes, "fibre_routes": fibre_routes, "hubs": hubs}.items():
            base.need_degrees(table, name)
        hubs = marked_hubs(hubs)
        footer = _footer(
            sources, {"Sites": sites, "Fibre": fibre_routes, "Hubs": hubs, "Areas": areas}, layout
        )
        own = ax is None
        ax, layout, insets = _start(areas, ax, layout, footer)
        frames = [ax, *insets]
        bands = [] if isochrones is None else [draw_bands(frames, layout, areas, isochrones)]
        rows = _draw_routes(frames, _route_lines(fibre_nodes, fibre_routes), cased=bool(bands))
        rows += _draw_hubs(frames, hubs)
        blocks = draw_sites(ax, insets, layout, sites, "rtt_gap_ms", extra=rows)
        return _finish(ax, [*blocks, *bands], footer, fit=own)


def reach_map(
    areas: gpd.GeoDataFrame,
    *,
    column: str | None = None,
    ax: Axes | None = None,
    layout: base.Layout | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw power against fibre: where power is to spare, and how far that is from a cloud hub.

    Parameters
    ----------
    areas
        Polygons, indexed by area: `spare_mw`, the part of it that lies beyond a latency budget [MW],
        and `hub_rtt_ms` [ms]. NaN is unknown.
    column
        The part beyond the budget; if None `stranded_cloud_mw` where the table has it, else `stranded_mw`.
    ax, layout, sources
        As for `gap_map`; insets that enlarge a crowded part are left out.
    lang
        "en" or "ja".

    Returns
    -------
    ax
        The axes.

    Raises
    ------
    LayerError
        If a column is missing.
    """
    with drawing(lang):
        areas = areas if column else _with_reach(areas)
        column = column or ("stranded_cloud_mw" if "stranded_cloud_mw" in areas else "stranded_mw")
        base.need_columns(areas, "areas", ("spare_mw", column, "hub_rtt_ms"))
        footer = _footer(sources, {"Areas": areas}, layout)
        rtt = areas["hub_rtt_ms"].to_numpy(float)
        edges = breaks(rtt)
        fills = {
            str(area): class_colour(value, edges, RAMPS["fibre"])
            for area, value in zip(areas.index, rtt, strict=True)
        }
        own = ax is None
        layout = (layout or base.layout_of(areas)).without_zooms()
        ax, layout, insets = _start(areas, ax, layout, footer, fills=fills)
        blocks = _draw_spare(ax, insets, layout, areas, column)
        classes = [*class_rows(edges, RAMPS["fibre"], rtt)]
        if np.isnan(rtt).any():
            classes.append(patch_row(say("not known"), face=PALETTE["sea"]))
        blocks.append(Block(say("Round trip to the\nnearest cloud hub [ms]"), tuple(classes)))
        return _finish(ax, blocks, footer, fit=own)


def _with_reach(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return areas with what a study without fibre or budgets lacks: it is not known."""
    lacking = [column for column in ("stranded_mw", "hub_rtt_ms") if column not in areas]
    return areas.assign(**dict.fromkeys(lacking, np.nan)) if lacking else areas


def marked_hubs(hubs: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Return the hubs that a map marks: all but people, who are everywhere."""
    if hubs is None or "kind" not in hubs:
        return hubs
    return hubs[hubs["kind"] != "population"]


def _footer(
    sources: tuple[str, ...] | None, tables: Mapping[str, pd.DataFrame | None], layout: base.Layout | None
) -> str:
    drawn = {**tables, "Borders": layout.borders if layout else None}
    return base.source_line(base.source_texts(drawn) if sources is None else sources)


def _start(
    areas: gpd.GeoDataFrame,
    ax: Axes | None,
    layout: base.Layout | None,
    footer: str,
    *,
    fills: Mapping[str, str] | None = None,
) -> tuple[Axes, base.Layout, list[Axes]]:
    """Return axes with land on them, their layout, and the axes of its insets."""
    layout = layout or base.layout_of(areas)
    ax = page_axes(min(layout.ratio, TALLEST), footer, width=WIDTH) if ax is None else ax
    insets = base.draw_base(ax, areas, layout, fills=fills)
    settle(ax)
    for inset in insets:
        settle(inset)
    return ax, layout, insets


def _finish(ax: Axes, blocks: Sequence[Block], footer: str, *, fit: bool) -> Axes:
    """Hang the legend below the map; a figure of our own is made as tall as that needs."""
    box = draw_legend(ax, blocks, footer=footer)
    if fit and (footer or any(block.rows for block in blocks)):
        fit_page(ax, box)
    return ax


def _draw_ties(ax: Axes, areas: gpd.GeoDataFrame, ties: pd.DataFrame | None) -> tuple[list[Label], list[Row]]:
    """Draw ties between the centres of their areas; return the words on full ones and the legend's rows."""
    if ties is None or ties.empty:
        return [], []
    base.need_columns(ties, "ties", ("area0", "area1"))
    places = base.centres(areas)
    ends = [places.reindex(ties[side]).to_numpy() for side in ("area0", "area1")]
    lines = np.stack(ends, axis=1)
    known = np.isfinite(lines).all(axis=(1, 2))
    binding = ties["binding"].fillna(False).to_numpy(bool) if "binding" in ties else np.zeros(len(ties), bool)
    full, free = known & binding, known & ~binding
    _draw_lines(ax, list(lines[free]), colour=PALETTE["power"], width=TIE_WIDTH, zorder=3)
    labels = [_draw_full_tie(ax, areas, ties.iloc[at], lines[at]) for at in np.flatnonzero(full)]
    rows: list[Row] = []
    if free.any():
        rows.append(line_row(say("tie between areas"), colour=PALETTE["power"], width=TIE_WIDTH))
    if labels:
        rows.append(line_row(say("tie at its limit"), colour=PALETTE["power"], width=FULL_TIE_WIDTH))
    return labels, [*rows, *_hidden_ties(ties, binding & ~known)]


def _hidden_ties(ties: pd.DataFrame, hidden: NDArray[np.bool_]) -> list[Row]:
    """Return a row that names the full ties which have no two areas to be drawn between."""
    told = [shorten(readable(name), most=20) for name in names_of(ties)[hidden]]
    names, more = say(", ").join(told[:2]), len(told) - 2
    shown = say("{names} and {count} more", names=names, count=more) if more > 0 else names
    words = fold(say("also full: {names}", names=shown), ROW_COLUMNS)
    return [line_row(words, colour="none", width=0)] if told else []


def _draw_full_tie(ax: Axes, areas: gpd.GeoDataFrame, tie: pd.Series, line: Floats) -> Label:
    """Draw a tie at its limit as a thick arrow in the direction of its flow, and return its words."""
    flow = tie.get("flow_mw", np.nan)
    backward = bool(flow < 0)
    start, end = line[::-1] if backward else line
    limit = tie.get("limit_reverse" if backward else "limit_forward", np.nan)
    limit = tie.get("limit_forward", np.nan) if np.isnan(limit) else limit
    _draw_lines(ax, [line], colour=PALETTE["power"], width=FULL_TIE_WIDTH, zorder=3.1)
    middle = (start + end) / 2
    tip = middle + 0.12 * (end - start)
    if np.isfinite(flow) and flow != 0:
        arrow: Style = {
            "arrowstyle": "-|>,head_width=0.35,head_length=0.6",
            "color": PALETTE["power"],
            "lw": 0.5,
        }
        ax.annotate("", tip, middle, arrowprops={**arrow, "shrinkA": 0, "shrinkB": 0}, zorder=3.2)
    names = [
        _area_name(areas, tie[side]) for side in (("area1", "area0") if backward else ("area0", "area1"))
    ]
    words = say("full") if np.isnan(limit) else say("full at {mw} MW", mw=number(limit))
    return Label(
        f"{names[0]} → {names[1]}\n{words}", middle[0], middle[1], radius=3.0, colour=PALETTE["power"]
    )


def _route_lines(nodes: gpd.GeoDataFrame, routes: pd.DataFrame) -> list[Floats]:
    """Return the line of each route; where it has none, the chord between its nodes."""
    base.need_columns(routes, "fibre_routes", ("node0", "node1"))
    place = dict(zip(nodes.index, nodes.geometry, strict=True))
    shapes = routes["geometry"] if "geometry" in routes else [None] * len(routes)
    lines: list[Floats] = []
    for shape, node0, node1 in zip(shapes, routes["node0"], routes["node1"], strict=True):
        ends = [place.get(node0), place.get(node1)]
        if shape is not None and shape == shape and not shape.is_empty:
            lines.extend(np.asarray(part.coords)[:, :2] for part in getattr(shape, "geoms", [shape]))
        elif all(end is not None and not end.is_empty for end in ends):
            lines.append(np.array([[end.x, end.y] for end in ends if end is not None]))
    return lines


def _draw_routes(frames: Sequence[Axes], lines: Sequence[Floats], *, cased: bool) -> list[Row]:
    """Draw the routes, on a coloured ground in a pale casing, and return the legend's row."""
    for frame in frames:
        if cased:
            _draw_lines(frame, lines, colour=PALETTE["sea"], width=2.3, zorder=2.1)
        _draw_lines(frame, lines, colour=PALETTE["fibre"], width=0.9, zorder=2.2)
    return [line_row(say("fibre route"), colour=PALETTE["fibre"], width=0.9)] if lines else []


def _draw_lines(ax: Axes, lines: Sequence[Floats], *, colour: str, width: float, zorder: float) -> None:
    if len(lines):
        drawn = LineCollection(lines, colors=colour, linewidths=width, zorder=zorder, capstyle="round")
        ax.add_collection(drawn, autolim=False)


def _draw_hubs(frames: Sequence[Axes], hubs: gpd.GeoDataFrame | None) -> list[Row]:
    """Mark the hubs on every frame, a marker for each kind, and return the legend's rows."""
    rows: list[Row] = []
    if hubs is None or hubs.empty:
        return rows
    kinds = hubs["kind"] if "kind" in hubs else pd.Series("ix", index=hubs.index)
    for kind in sorted(set(kinds)):
        marker, words = HUB_MARKERS.get(kind, "D"), hub_word(str(kind)) or shorten(readable(kind))
        points = hubs.geometry[(kinds == kind) & hubs.geometry.notna() & ~hubs.geometry.is_empty]
        style: Style = {
            "marker": marker,
            "facecolor": PALETTE["sea"],
            "edgecolor": PALETTE["ink"],
            "linewidth": 0.8,
        }
        for frame in frames:
            frame.scatter(points.x, points.y, s=15, zorder=4.5, **style)
        rows.append(marker_row(words, marker=marker, size=4.2, face=PALETTE["sea"], edge=PALETTE["ink"]))
    return rows


def _draw_spare(
    ax: Axes, insets: Sequence[Axes], layout: base.Layout, areas: gpd.GeoDataFrame, column: str
) -> list[Block]:
    """Draw the spare power of each area as a disc, its stranded part as a dark core; return the legend."""
    places = base.centres(areas).to_numpy()
    spare, stranded = (areas[name].to_numpy(float) for name in ("spare_mw", column))
    largest = float(np.nanmax(spare, initial=0.0))
    outer = disc_diameters(np.clip(spare, 0.0, None), largest=largest)
    core = disc_diameters(np.clip(np.minimum(stranded, spare), 0.0, None), largest=largest)
    frames = [(frame, inset.extent, inset.title) for frame, inset in zip(insets, layout.insets, strict=True)]
    for frame, extent, title in [*frames, (ax, layout.extent, "")]:
        seen = base.inside(places[:, 0], places[:, 1], extent)
        _draw_cores(frame, places, outer, core, spare, stranded, seen)
        rows = [int(at) for at in np.flatnonzero(seen)]
        labels = [_spare_label(areas, at, places[at], outer[at], known_as=title) for at in rows]
        place_labels(
            frame, labels, discs=np.column_stack([places, outer / 2])[seen],
            frames=base.fixed_boxes(frame, insets if frame is ax else ()),
        )  # fmt: skip
    return _spare_blocks(largest, spare, stranded, _budget_name(column))


def _draw_cores(
    ax: Axes,
    places: Floats,
    outer: Floats,
    core: Floats,
    spare: Floats,
    stranded: Floats,
    seen: NDArray[np.bool_],
) -> None:
    """Draw discs, dark cores, rings for what is unknown, and crosses where nothing is to spare."""
    rim: Style = {"edgecolor": PALETTE["ink"], "linewidth": 0.7}
    some, judged = seen & (spare > NOTHING), np.isfinite(stranded)
    for chosen, size, face, zorder in (
        (some & judged, outer, REACHED, 4.0),
        (some & ~judged, outer, "none", 4.0),
        (some & (stranded > NOTHING), core, PALETTE["gap"], 4.1),
        (seen & np.isnan(spare), outer, "none", 4.0),
    ):
        lon, lat = places[chosen].T
        ax.scatter(lon, lat, size[chosen] ** 2, facecolor=face, zorder=zorder, **rim)
    lon, lat = places[seen & (spare <= NOTHING)].T
    ax.scatter(lon, lat, 22, marker="x", color=PALETTE["ink"], linewidth=1.2, zorder=4.0)


def _spare_label(areas: gpd.GeoDataFrame, at: int, place: Floats, diameter: float, *, known_as: str) -> Label:
    """Return an area's name and figures; without the name where the frame's title says it already."""
    spare, rtt = float(areas["spare_mw"].iloc[at]), float(areas["hub_rtt_ms"].iloc[at])
    figures = [f"{number(spare)} MW" if np.isfinite(spare) else say("MW unknown")]
    figures += [f"{number(rtt)} ms"] if np.isfinite(rtt) else []
    name = _area_name(areas, areas.index[at])
    text = "\n".join(figures if name == inset_title(known_as) else [name, *figures])
    return Label(text, place[0], place[1], radius=max(diameter / 2, 3.0))


def _budget_name(column: str) -> str:
    """Return which budget a column of stranded power is about: a use, or latency in general."""
    use = column.removeprefix("stranded").removesuffix("mw").strip("_").replace("_", " ")
    return shorten(use_word(readable(use)), most=16) or say("latency")


def _spare_blocks(largest: float, spare: Floats, stranded: Floats, budget: str) -> list[Block]:
    """Return the legend of the discs: what their size means, and what their filling does."""
    shown = disc_legend(largest)
    widths = disc_diameters(shown, largest=largest)
    widest = float(max(widths, default=0.0))
    sizes = [
        disc_row(number(mw), diameter=width, widest=widest) for mw, width in zip(shown, widths, strict=True)
    ]
    some, ink = spare > NOTHING, PALETTE["ink"]
    fillings = [
        disc_row(words, diameter=8.0, widest=SYMBOL_WIDTH, face=face, edge=ink)
        for there, words, face in (
            (
                (some & (stranded < spare - NOTHING)).any(),
                say("within the {use} budget", use=budget),
                REACHED,
            ),
            ((some & (stranded > NOTHING)).any(), say("stranded: beyond it"), PALETTE["gap"]),
            ((np.isnan(spare) | (some & np.isnan(stranded))).any(), say("not known"), "none"),
        )
        if there
    ]
    if (spare <= NOTHING).any():
        fillings.append(marker_row(say("none to spare"), marker="x", size=4.5, face=ink, edge=ink))
    return [Block(say("Spare power\n[MW]"), tuple(sizes)), Block(say("of which") + "\n", tuple(fillings))]


def _area_name(areas: gpd.GeoDataFrame, area: object) -> str:
    """Return what readers call an area."""
    name = names_of(areas.loc[[area]]).iloc[0] if area in areas.index else area
    return shorten(readable(name) or readable(area), most=18)
