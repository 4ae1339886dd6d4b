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
from three_mismatches.maps.style import PALETTE, RAMPS, number
from three_mismatches.maps.terms import hub_word

__all__ = ["draw_bands"]

OUTLINE = 0.45
"""Width of the line round a band. [pt]"""


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
    ordered = isochrones.sort_values("rtt_ms", kind="stable")
    colours = _colours(len(ordered))
    extents = (layout.extent, *(inset.extent for inset in layout.insets))
    for frame, extent in zip(frames, extents, strict=True):
        _draw_on(frame, extent, areas, ordered, colours)
    rows = [
        patch_row(say("up to {value}", value=number(float(ms))), face=colour)
        for ms, colour in zip(ordered["rtt_ms"], colours, strict=True)
    ]
    beyond = [patch_row(say("longer"), face=PALETTE["land"])] if rows else []
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
    frame: Axes, extent: base.Extent, areas: gpd.GeoDataFrame, isochrones: gpd.GeoDataFrame, colours: Sequence[str]
) -> None:
    land = [path for _, path in base.seen_paths(areas, extent)]
    places = range(len(isochrones))
    seen = dict(base.seen_paths(isochrones.set_axis(places), extent))
    if not land or not seen:
        return
    shown = [at for at in reversed(places) if at in seen]
    bands = PathCollection(
        [seen[at] for at in shown],
        facecolors=[colours[at] for at in shown],
        edgecolors=PALETTE["fibre"],
        linewidths=OUTLINE,
        zorder=1.003,
    )
    bands.set_label("isochrones")
    bands.set_clip_path(Path.make_compound_path(*land), frame.transData)
    bands.set_clip_box(frame.bbox)
    frame.add_collection(bands, autolim=False)
    coast = PathCollection(land, facecolors="none", edgecolors=PALETTE["border"], linewidths=OUTLINE, zorder=1.006)
    coast.set_label("coast")
    frame.add_collection(coast, autolim=False)
