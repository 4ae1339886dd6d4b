"""Isochrones as bands on the land: the quickest lightest, each with its outline."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path

from three_mismatches.language import say
from three_mismatches.maps import base
from three_mismatches.maps.legend import Block, patch_row
from three_mismatches.maps.style import PALETTE, RAMPS, Style, number
from three_mismatches.maps.terms import hub_word

__all__ = ["draw_bands"]

OUTLINE = 0.45
"""Width of the line round a band. [pt]"""

BEYOND = "...."
"""Hatching of land from which it takes longer: in greyscale its colour is that of the lightest band."""


def draw_bands(
    frames: Sequence[Axes], layout: base.Layout, areas: gpd.GeoDataFrame, isochrones: gpd.GeoDataFrame
) -> Block:
    """
    Fill the land within each round trip, the longest first, and return the legend.

    Parameters
    ----------
    frames
        The map and its insets, with land on them.
    layout
        Their extents.
    areas
        The land that bands are clipped to.
    isochrones
        Polygons, each within the next, with `rtt_ms` [ms]; `hub_kind` names what is reached.
    """
    base.need_columns(isochrones, "isochrones", ("rtt_ms",))
    base.need_degrees(isochrones, "isochrones")
    ordered = isochrones.sort_values("rtt_ms", kind="stable")
    colours = _colours(len(ordered))
    extents = (layout.extent, *(inset.extent for inset in layout.insets))
    for frame, extent in zip(frames, extents, strict=True):
        _draw_on(frame, extent, areas, ordered, colours)
    rows = [
        patch_row(say("up to {value}", value=number(float(ms))), face=colour)
        for ms, colour in zip(ordered["rtt_ms"], colours, strict=True)
    ]
    beyond = [patch_row(say("longer"), face=PALETTE["land"], hatch=BEYOND, edge=PALETTE["frame"])]
    return Block(_title(ordered), (*rows, *beyond))


def _colours(count: int) -> list[str]:
    """Return one colour for each band; up to four leave the darkest to the routes."""
    ramp = RAMPS["fibre"][:-1]
    places = np.linspace(0, len(ramp) - 1, count) if count > len(ramp) else np.arange(count)
    return [ramp[round(float(place))] for place in places]


def _title(isochrones: gpd.GeoDataFrame) -> str:
    kinds = isochrones["hub_kind"].dropna().unique() if "hub_kind" in isochrones else []
    hub = hub_word(str(kinds[0])) if len(kinds) == 1 else None
    return say("Round trip to nearest\n{hub} [ms]", hub=hub or say("hub"))


def _draw_on(
    frame: Axes,
    extent: base.Extent,
    areas: gpd.GeoDataFrame,
    isochrones: gpd.GeoDataFrame,
    colours: Sequence[str],
) -> None:
    land = [path for _, path in base.seen_paths(areas, extent)]
    places = range(len(isochrones))
    seen = dict(base.seen_paths(isochrones.set_axis(places), extent))
    shown = [at for at in reversed(places) if at in seen]
    bands = PathCollection(
        [seen[at] for at in shown],
        facecolors=[colours[at] for at in shown],
        edgecolors=PALETTE["fibre"],
        linewidths=OUTLINE,
        zorder=1.003,
    )
    bands.set_label("isochrones")
    # A path that clips takes the place of the frame in an SVG, so it must end where the frame does.
    if cut := [path for _, path in base.seen_paths(areas, extent, beyond=0.0)]:
        bands.set_clip_path(Path.make_compound_path(*cut), frame.transData)
        bands.set_clip_box(frame.bbox)
    _add(frame, land, "beyond", 1.002, edgecolors=PALETTE["frame"], linewidths=0.0, hatch=BEYOND)
    frame.add_collection(bands, autolim=False)
    _add(frame, land, "coast", 1.006, edgecolors=PALETTE["border"], linewidths=OUTLINE)


def _add(frame: Axes, paths: Sequence[Path], name: str, zorder: float, **style: object) -> None:
    keywords: Style = {"facecolors": "none", "zorder": zorder, **style}
    drawn = PathCollection(paths, **keywords)
    drawn.set_label(name)
    frame.add_collection(drawn, autolim=False)
