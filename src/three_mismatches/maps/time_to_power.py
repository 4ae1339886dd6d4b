"""When a new request could be energised: each place by its year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from numpy.typing import NDArray

from three_mismatches.language import Language, names_of, say
from three_mismatches.maps import base
from three_mismatches.maps.folding import fold
from three_mismatches.maps.labels import Label, place_labels, settle
from three_mismatches.maps.legend import (
    TALLEST,
    Block,
    Row,
    draw_legend,
    fit_page,
    line_row,
    marker_row,
    page_axes,
    patch_row,
)
from three_mismatches.maps.style import PALETTE, RAMPS, Style, drawing, number, readable, shorten
from three_mismatches.maps.terms import inset_title

__all__ = ["time_to_power_map"]

Floats = NDArray[np.float64]

WIDTH = 5.6
"""Width of a map on its own. [inch]"""

HATCH = "////"
POCKET_RIM = 1.1
YEARS = ("year_p10", "year_p50", "year_p90")
DOT = 4.0
"""Area of the dot that a place's words stand beside. [pt2]"""

NAME_LENGTH = 18
NOTE_LENGTH = 56


def time_to_power_map(
    places: gpd.GeoDataFrame,
    *,
    mw: float | None = None,
    sites: gpd.GeoDataFrame | None = None,
    ax: Axes | None = None,
    layout: base.Layout | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw each place by the year in which a new request could be energised there, dark where that is late.

    Parameters
    ----------
    places
        From `delay.time_to_power`: polygons with `year_p10`, `year_p50`, `year_p90` [calendar year], NaN beyond
        `last_year`; `kind` is "pocket" where a local limit is published: these are drawn over the areas.
    mw
        What is asked; `places["mw"]` if None. [MW]
    sites
        Points to be marked as dots: who asks already.
    ax
        Where to draw; a new figure if None.
    layout
        Extent and insets; `base.layout_of(places)` if None. Insets that enlarge a part without a pocket are left out.
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
        base.need_columns(places, "places", YEARS)
        base.need_degrees(places, "places")
        areas, pockets = _by_kind(places)
        layout = _with_pockets(layout or base.layout_of(areas), pockets)
        tables = {"Areas": places, "Sites": sites, "Borders": layout.borders}
        footer = base.source_line(base.source_texts(tables) if sources is None else sources)
        classes = _classes(places["year_p50"].to_numpy(float))
        own, ax = ax is None, page_axes(min(layout.ratio, TALLEST), footer, width=WIDTH) if ax is None else ax
        insets = base.draw_base(ax, areas, layout, fills=_fills(areas, classes))
        frames = _frames(ax, insets, layout)
        for frame, extent, _ in frames:
            settle(frame)
            _hatch(frame, extent, areas)
            _draw_pockets(frame, extent, pockets, classes)
        dots = _draw_sites([frame for frame, *_ in frames], sites)
        _write_years(frames, areas, pockets)
        box = draw_legend(ax, _blocks(places, classes, mw, dots, pockets=len(pockets) > 0), footer=footer)
        if own:
            fit_page(ax, box)
        return ax


Frames = Sequence[tuple[Axes, base.Extent, str]]
"""Axes, what they show, and their title; the map itself comes first and has none."""

Classes = Sequence[tuple[int, int]]
"""First and last year of each class."""


def _by_kind(places: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    pocket = places["kind"].eq("pocket") if "kind" in places else pd.Series(data=False, index=places.index)
    return places[~pocket], places[pocket]


def _with_pockets(layout: base.Layout, pockets: gpd.GeoDataFrame) -> base.Layout:
    """Return the layout without insets that enlarge a part in which no pocket is to be seen."""
    lon, lat = base.centres(pockets).to_numpy(float).T if len(pockets) else np.empty((2, 0))
    kept = tuple(
        inset for inset in layout.insets if not inset.crowded or base.inside(lon, lat, inset.extent).any()
    )
    return replace(layout, insets=kept)


def _frames(ax: Axes, insets: Sequence[Axes], layout: base.Layout) -> Frames:
    inside = zip(insets, layout.insets, strict=True)
    return [(ax, layout.extent, ""), *((frame, inset.extent, inset.title) for frame, inset in inside)]


def _classes(years: Floats) -> Classes:
    """Return at most as many classes as there are colours: each year its own, or as many places in each."""
    known = np.unique(years[np.isfinite(years)]).astype(int)
    parts = np.array_split(known, min(len(known), len(RAMPS["power"]))) if known.size else []
    return [(int(part[0]), int(part[-1])) for part in parts]


def _colours(classes: Classes) -> list[str]:
    ramp, count = RAMPS["power"], len(classes)
    # Steps of lightness are even for any number: each second colour for three, neighbours else.
    return list(ramp[::2] if count == 3 else ramp[1 : 1 + count] if count < len(ramp) else ramp)


def _colour(year: float, classes: Classes) -> str:
    """Return the colour of a year's class; none for a year that is not known."""
    found = (colour for (_, last), colour in zip(classes, _colours(classes), strict=True) if year <= last)
    return next(found, PALETTE["sea"])


def _fills(areas: gpd.GeoDataFrame, classes: Classes) -> Mapping[str, str]:
    years = zip(areas.index, areas["year_p50"].to_numpy(float), strict=True)
    return {str(area): _colour(year, classes) for area, year in years}


def _hatch(frame: Axes, extent: base.Extent, places: gpd.GeoDataFrame) -> None:
    """Hatch the places whose year lies beyond the last."""
    never = places[places["year_p50"].isna()]
    paths = [path for _, path in base.seen_paths(never, extent)]
    drawn = PathCollection(
        paths, facecolors="none", edgecolors=PALETTE["frame"], linewidths=0.0, hatch=HATCH, zorder=1.005
    )
    drawn.set_label("not in time")
    frame.add_collection(drawn, autolim=False)


def _draw_pockets(frame: Axes, extent: base.Extent, pockets: gpd.GeoDataFrame, classes: Classes) -> None:
    places = base.seen_paths(pockets, extent)
    years = pockets["year_p50"].to_dict()
    drawn = PathCollection(
        [path for _, path in places],
        facecolors=[_colour(years[place], classes) for place, _ in places],
        edgecolors=PALETTE["ink"],
        linewidths=POCKET_RIM,
        zorder=1.5,
    )
    drawn.set_label("pockets")
    frame.add_collection(drawn, autolim=False)
    _hatch_pockets(frame, extent, pockets)


def _hatch_pockets(frame: Axes, extent: base.Extent, pockets: gpd.GeoDataFrame) -> None:
    paths = [path for _, path in base.seen_paths(pockets[pockets["year_p50"].isna()], extent)]
    hatch: Style = {"facecolors": "none", "edgecolors": PALETTE["frame"], "linewidths": 0.0, "hatch": HATCH}
    frame.add_collection(PathCollection(paths, zorder=1.51, **hatch), autolim=False)


def _draw_sites(frames: Sequence[Axes], sites: gpd.GeoDataFrame | None) -> list[Row]:
    """Mark sites that are no part of another, and return the legend's row."""
    if sites is None or sites.empty:
        return []
    whole = sites[sites["part_of"].isna()] if "part_of" in sites else sites
    points = whole.geometry[whole.geometry.notna() & ~whole.geometry.is_empty]
    ink = PALETTE["ink"]
    style: Style = {"facecolor": PALETTE["sea"], "edgecolor": ink, "linewidth": 0.5, "label": "sites"}
    for frame in frames:
        frame.scatter(points.x, points.y, s=5.0, zorder=4.0, **style)
    row = marker_row(say("site that asks already"), marker="o", size=2.3, face=PALETTE["sea"], edge=ink)
    return [row] * bool(len(points))


def _write_years(frames: Frames, areas: gpd.GeoDataFrame, pockets: gpd.GeoDataFrame) -> None:
    """Write every place's years once, beside a dot: in the first inset that shows its middle, else on the map."""
    places = pd.concat([pockets, areas]) if len(pockets) else areas
    spots, names = base.centres(places).to_numpy(float), names_of(places).tolist()
    left, ax = np.isfinite(spots).all(axis=1), frames[0][0]
    is_pocket = np.arange(len(places)) < len(pockets)
    for frame, extent, title in (*frames[1:], frames[0]):
        seen = left & base.inside(spots[:, 0], spots[:, 1], extent)
        # A part that shows a pocket enlarged shows no area whole: its name stands on the map.
        chosen = np.flatnonzero(seen & is_pocket if title and (seen & is_pocket).any() else seen)
        labels = [
            Label(
                _words(places.iloc[at], names[at], inset_title(title)), spots[at, 0], spots[at, 1], radius=1.5
            )
            for at in chosen
        ]
        style: Style = {"color": PALETTE["ink"], "linewidth": 0.0, "label": "dots"}
        frame.scatter(spots[chosen, 0], spots[chosen, 1], s=DOT, zorder=4.2, **style)
        discs = np.column_stack([spots[chosen], np.full(len(chosen), 2.0)])
        insets = [inset for inset, *_ in frames[1:]] if frame is ax else []
        place_labels(frame, labels, discs=discs, frames=base.fixed_boxes(frame, insets))
        left[chosen] = False


def _words(place: pd.Series, name: object, known_as: str) -> str:
    """Return a place's name and years; without the name where the frame's title says it already."""
    told = shorten(readable(name), most=NAME_LENGTH)
    years = years_of(*(float(place[column]) for column in YEARS), last=float(place.get("last_year", np.nan)))
    lines = years.replace(" [", "\n[")
    return lines if told == known_as else f"{told}\n{lines}"


def years_of(early: float, middle: float, late: float, *, last: float) -> str:
    """
    Return the years of a place: the median, and in brackets those of one and of nine draws in ten.

    Examples
    --------
    >>> years_of(2029.0, 2031.0, float("nan"), last=2045.0)
    '2031 [2029–after 2045]'
    """
    end = f"{last:.0f}" if np.isfinite(last) else ""
    after = say("after {year}", year=end) if end else say("later")
    if np.isnan(early):
        return say("not by {year}", year=end) if end else say("not known")
    ends = f"{early:.0f}–{late:.0f}" if np.isfinite(late) else f"{early:.0f}–{after}"
    return f"{middle:.0f} [{ends}]" if np.isfinite(middle) else f"{after} [{ends}]"


def _blocks(
    places: gpd.GeoDataFrame, classes: Classes, mw: float | None, dots: Sequence[Row], *, pockets: bool
) -> list[Block]:
    size = float(places["mw"].iloc[0]) if mw is None and "mw" in places and len(places) else mw
    asked = say("a new request") if size is None else say("{mw} MW more", mw=number(float(size)))
    title = say("Year in which {asked}\ncan be energised (median)", asked=asked)
    rows = [
        patch_row(_span(first, last), face=colour)
        for (first, last), colour in zip(classes, _colours(classes), strict=True)
    ]
    if places["year_p50"].isna().any():
        rows.append(patch_row(_beyond(places), face=PALETTE["sea"], hatch=HATCH, edge=PALETTE["frame"]))
    rim: Style = {"face": PALETTE["sea"], "edge": PALETTE["ink"], "width": POCKET_RIM}
    also = [patch_row(say("local limit that is published"), **rim)] if pockets else []
    return [Block(title, tuple(rows)), Block(say("How to read it") + "\n", (*also, *dots, *_notes()))]


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}–{last}"


def _beyond(places: gpd.GeoDataFrame) -> str:
    last = places["last_year"].max() if "last_year" in places else np.nan
    return say("not by {year}", year=f"{last:.0f}") if np.isfinite(last) else say("not known")


def _notes() -> list[Row]:
    """Return what a reader must know of the years, as rows of words."""
    told = (
        say(
            "2031 [2029–2034]: the median; one draw in ten is earlier, one later, than the years in brackets"
        ),
        say(
            "asked for now, behind all who ask already; connection, network and supply, without the building"
        ),
        say("lead times are an indication, not an offer"),
    )
    return [line_row(fold(text, NOTE_LENGTH), colour="none", width=0) for text in told]
