"""What sites wait for beyond their buildings: power, generation or fibre, three shares mixed into one colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.offsetbox import DrawingArea
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

from three_mismatches.errors import Fault, LayerError
from three_mismatches.language import Language, say
from three_mismatches.maps import base
from three_mismatches.maps.discs import (
    LABELS_ON_MAP,
    LABELS_PER_WIDTH,
    fan_out,
    fan_rank,
    site_names,
    site_url,
    whole_sites,
)
from three_mismatches.maps.labels import Label, place_labels, settle
from three_mismatches.maps.legend import (
    SYMBOL_WIDTH,
    TALLEST,
    Block,
    Row,
    disc_row,
    draw_legend,
    fanned_row,
    page_axes,
)
from three_mismatches.maps.oklab import mixed
from three_mismatches.maps.style import PALETTE, Style, disc_diameters, disc_legend, drawing, number
from three_mismatches.maps.symbols import path_row, scaled, sector
from three_mismatches.maps.ternary_key import KEY_HEIGHT, draw_key

__all__ = ["CORNERS", "STREAMS", "ternary_map"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STREAMS = ("power", "generation", "fibre")
CORNERS = (PALETTE["power"], "#E0B030", "#053B2F")
"""Colours of sites that wait for one stream only: apart in lightness, and for the colour-blind, by 0.18 or more."""

SIDES = (0, 4, 3)
"""Sides of the symbol whose stream is the slowest most often: a disc, a square, a triangle."""

SHARES = tuple(f"critical_{stream}" for stream in (*STREAMS, "building"))
TOLERANCE = 1e-6
"""By how much shares may miss their sum, and below which a share is none. [-]"""

WIDTH, BELOW = 5.6, 2.08
"""Inches: width of a map on its own, and the room for its legend."""

SMALLEST = 5.0
"""Least diameter [pt] of a symbol whose shape and filling can be seen."""

CORE = 0.34
"""Share of a symbol's diameter that is left white where the request is not known."""

WEDGES = (1.0, 0.5, 0.1)


@dataclass(frozen=True)
class Waits:
    """
    Sites made ready to draw, the large ones first so that small ones lie on top of them.

    `shares`, shape (n, 3), are those of `STREAMS` given that the building is not the slowest, NaN where it always is;
    `waits` the share of draws in which it is not. [-]
    """

    lon: Floats
    lat: Floats
    request: Floats
    diameter: Floats
    names: tuple[str, ...]
    urls: tuple[str, ...]
    shares: Floats
    waits: Floats
    still: Mask

    @property
    def waiting(self) -> Mask:
        """Which wait for something else than their building in some draw."""
        return self.waits > TOLERANCE

    @cached_property
    def most(self) -> NDArray[np.intp]:
        """Which stream is the slowest most often; of equal ones the first."""
        return np.asarray(np.nan_to_num(self.shares).argmax(axis=1))


def ternary_map(
    sites: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    *,
    ax: Axes | None = None,
    layout: base.Layout | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw what sites wait for beyond their buildings: power, generation or fibre, mixed into one colour.

    A symbol's area is the request, its filled sector the share of draws in which the building is not the slowest.
    Its colour mixes the shares of the three given that; its shape tells which of them is the largest. Rows that are a
    part of another site (`part_of`) are not drawn: the whole is.

    Parameters
    ----------
    sites
        Points; `request_mw` [MW] and `critical_power`, `critical_generation`, `critical_fibre`, `critical_building`:
        how often each is the slowest. They sum to 1, or to 0 where a site asks for nothing new; NaN is unknown. [-]
    areas
        Polygons of the land, indexed by area.
    ax
        Where to draw, with room below for the legend; a new figure if None.
    layout
        Extent and insets; `base.layout_of(areas)` if None.
    sources
        Texts of the source line; None reads them from the tables, () leaves the line out.
    lang
        `"en"` or `"ja"`.

    Returns
    -------
    ax
        The axes.

    Notes
    -----
    A stream that a study gives no lead times for takes no time, so no site waits for it: that is a gap in the data.

    Raises
    ------
    LayerError
        If a column is missing, or shares of a site are negative or do not sum to 1.

    References
    ----------
    .. [1] J. Schöley 2021, The centered ternary balance scheme, Demographic Research 44, 443-458.
    """
    with drawing(lang):
        waits = _ready(sites)
        layout = layout or base.layout_of(areas)
        drawn = {"Sites": sites, "Areas": areas, "Borders": layout.borders}
        footer = base.source_line(base.source_texts(drawn) if sources is None else sources)
        ax = page_axes(min(layout.ratio, TALLEST), footer, width=WIDTH, below=BELOW) if ax is None else ax
        insets = base.draw_base(ax, areas, layout)
        settle(ax)
        _draw_frames(ax, insets, layout, waits)
        draw_legend(ax, _blocks(waits), footer=footer)
        draw_key(ax, waits.shares[waits.waiting], CORNERS)
    return ax


def _ready(sites: gpd.GeoDataFrame) -> Waits:
    """Return the sites that are wholes and have a place, large requests first."""
    base.need_columns(sites, "sites", ("request_mw", *SHARES))
    base.need_degrees(sites, "sites")
    _need_shares(sites)
    rows = whole_sites(sites)
    shares = rows[list(SHARES)].to_numpy(np.float64)
    waits = shares[:, :3].sum(axis=1)
    request = rows["request_mw"].to_numpy(np.float64)
    some = waits > TOLERANCE
    diameter = disc_diameters(request, largest=float(np.nanmax(request, initial=0.0)))
    return Waits(
        rows.geometry.x.to_numpy(), rows.geometry.y.to_numpy(), request,
        np.where(some, np.maximum(diameter, SMALLEST), diameter), site_names(rows),
        tuple(site_url(site) for site in rows.index), shares[:, :3] / np.where(some, waits, np.nan)[:, None], waits,
        np.asarray(shares.sum(axis=1) <= TOLERANCE),
    )  # fmt: skip


def _need_shares(sites: pd.DataFrame) -> None:
    """Raise `LayerError` where shares are none."""
    shares = sites[list(SHARES)].to_numpy(np.float64)
    total = shares.sum(axis=1)
    known = np.isfinite(total)
    off = known & (np.minimum(abs(total - 1.0), abs(total)) > TOLERANCE)
    below = known & (shares < -TOLERANCE).any(axis=1)
    cure = "They are shares of draws: each from 0 to 1, together 1, or 0 where nothing new is asked for"
    faults = [
        Fault("sites", "critical_*", problem, cure, tuple(map(str, sites.index[rows])))
        for problem, rows in (("sum to neither 1 nor 0", off), ("are negative", below))
        if rows.any()
    ]
    if faults:
        raise LayerError(faults)


def _draw_frames(ax: Axes, insets: Sequence[Axes], layout: base.Layout, waits: Waits) -> None:
    """Draw and name sites on the map and on its insets; one that an inset shows is named there only."""
    elsewhere = np.zeros(waits.lon.size, dtype=bool)
    for frame, inset in zip(insets, layout.insets, strict=True):
        settle(frame)
        inside = base.inside(waits.lon, waits.lat, inset.extent)
        elsewhere |= inside
        _draw_frame(frame, waits, drawn=inside, named=inside, most=round(LABELS_PER_WIDTH * inset.width))
    apart = base.inside(waits.lon, waits.lat, layout.extent) & ~elsewhere
    everywhere = np.ones(waits.lon.size, dtype=bool)
    _draw_frame(ax, waits, drawn=everywhere, named=apart, most=LABELS_ON_MAP, insets=insets)


def _draw_frame(
    ax: Axes, waits: Waits, *, drawn: Mask, named: Mask, most: int, insets: Sequence[Axes] = ()
) -> None:
    """Draw sites on one frame and name up to `most` of them."""
    at = np.flatnonzero(drawn)
    lon, lat = fan_out(ax, waits.lon[at], waits.lat[at])
    _draw_symbols(ax, waits, at, np.column_stack([lon, lat]))
    place = {int(row): (float(x), float(y)) for row, x, y in zip(at, lon, lat, strict=True)}
    rows = _to_name(waits, named, most)
    labels = [
        Label(_told(waits, row), place[row][0], place[row][1], radius=waits.diameter[row] / 2) for row in rows
    ]
    discs = np.column_stack([lon, lat, waits.diameter[at] / 2])
    place_labels(ax, labels, discs=discs, frames=base.fixed_boxes(ax, insets))


def _to_name(waits: Waits, named: Mask, most: int) -> list[int]:
    """Return rows to name: where most MW wait on average first, then the largest requests."""
    held = np.nan_to_num(waits.request * waits.waits, nan=0.0)
    rows = np.flatnonzero(named & np.isfinite(waits.request))
    ranked = rows[np.lexsort([-waits.request[rows], -held[rows]])]
    return [int(row) for row in ranked[:most]]


def _told(waits: Waits, row: int) -> str:
    """Return a site's name, and in how many draws it waits for what."""
    if not waits.waiting[row]:
        return f"{waits.names[row]}\n{number(waits.request[row])} MW"
    share, stream = number(round(100.0 * waits.waits[row], 1)), _words()[STREAMS[waits.most[row]]]
    alone = waits.shares[row].max() > 1.0 - TOLERANCE
    if alone:
        told = say("waits in {share}%: {stream}", share=share, stream=stream)
    else:
        told = say("waits in {share}%: {stream} most", share=share, stream=stream)
    return f"{waits.names[row]}\n{told}"


def _words() -> dict[str, str]:
    return {"power": say("power"), "generation": say("generation"), "fibre": say("fibre")}


def _draw_symbols(ax: Axes, waits: Waits, at: NDArray[np.intp], places: Floats) -> None:
    """Draw one symbol after the other, each of several parts, in one collection."""
    colours = mixed(np.nan_to_num(waits.shares), CORNERS)
    paths, faces, edges, widths, dashes, owners = [], [], [], [], [], []
    for own, row in enumerate(at):
        for path, face, edge, width, dash in _parts(waits, int(row), colours[row]):
            paths.append(path)
            faces.append(to_rgba(face))
            edges.append(to_rgba(edge))
            widths.append(width)
            dashes.append(dash)
            owners.append(own)
    drawn = PathCollection(
        paths, sizes=waits.diameter[at][owners] ** 2, offsets=places[owners], offset_transform=ax.transData,
        facecolors=faces, edgecolors=edges, linewidths=widths, linestyles=dashes or "-", zorder=4,
    )  # fmt: skip
    drawn.set_transform(IdentityTransform())
    drawn.set_label("sites")
    # Every part of a symbol leads to its site, see `discs`.
    drawn.set_urls([waits.urls[at[own]] for own in owners])
    ax.add_collection(drawn, autolim=False)


Colour = str | tuple[float, float, float]
Part = tuple[Path, Colour, Colour, float, str]
"""A path for a symbol of diameter 1, its filling, its rim, the rim's width [pt] and dashes."""


def _parts(waits: Waits, row: int, colour: Floats) -> list[Part]:
    """Return the parts of one symbol: its ground, its sector, and a white core where its size is not known."""
    if np.isnan(waits.waits[row]):
        return [(sector(0), "none", PALETTE["quiet"], 0.8, ":")]
    if waits.still[row]:
        return [(sector(0), "none", PALETTE["quiet"], 0.45, "-")]
    if not waits.waiting[row]:
        return [(sector(0), PALETTE["none"], PALETTE["ink"], 0.55, "-")]
    sides, share = SIDES[waits.most[row]], float(waits.waits[row])
    parts: list[Part] = [
        (sector(sides), PALETTE["none"], PALETTE["ink"], 0.55, "-"),
        (
            sector(sides, share),
            (float(colour[0]), float(colour[1]), float(colour[2])),
            PALETTE["ink"],
            0.3,
            "-",
        ),
    ]
    if np.isnan(waits.request[row]):
        parts.append((scaled(sector(0), CORE), PALETTE["sea"], "none", 0.0, "-"))
    return parts


def _blocks(waits: Waits) -> list[Block]:
    """Return the legend: sizes, sectors, shapes with how many sites each has, and what else is drawn."""
    largest = float(np.nanmax(waits.request, initial=0.0))
    shown = disc_legend(largest)
    widths = disc_diameters(shown, largest=largest)
    widest = float(max(widths, default=0.0))
    sizes = [
        disc_row(number(mw), diameter=width, widest=widest) for mw, width in zip(shown, widths, strict=True)
    ]
    return [
        Block(say("Request\n[MW]"), tuple(sizes)),
        Block(say("Building not the\nslowest [% of draws]"), tuple(map(_wedge_row, WEDGES))),
        Block(say("Then waits most\noften for [sites]"), (*_stream_rows(waits), *_other_rows(waits))),
        # Keeps the source line below the triangle, which is no part of the packed legend.
        Block("", (Row(DrawingArea(1.0, KEY_HEIGHT, 0, 0), ""),)),
    ]


def _wedge_row(share: float) -> Row:
    parts = [(sector(0), PALETTE["none"], 0.55), (sector(0, share), PALETTE["quiet"], 0.3)]
    return path_row(number(100.0 * share), parts, diameter=11.0)


def _stream_rows(waits: Waits) -> list[Row]:
    """Return a row for each stream, in its colour and shape, with how many sites wait for it most often."""
    words, rows = _words(), []
    for at, stream in enumerate(STREAMS):
        count = int((waits.most[waits.waiting] == at).sum())
        text = say("{stream}: {count}", stream=words[stream], count=number(count))
        rows.append(path_row(text, [(sector(SIDES[at]), CORNERS[at], 0.55)], diameter=8.0))
    return rows


def _other_rows(waits: Waits) -> list[Row]:
    """Return rows for sites that do not wait, of which nothing is known, and that are not where they seem."""
    known = np.isfinite(waits.waits)
    always, ink = int((known & ~waits.waiting & ~waits.still).sum()), PALETTE["ink"]
    wide: Style = {"widest": SYMBOL_WIDTH, "diameter": 7.0}
    rows = []
    if always:
        text = say("building always slowest: {count}", count=number(always))
        rows.append(disc_row(text, face=PALETTE["none"], edge=ink, **wide))
    if still := int(waits.still.sum()):
        rows.append(disc_row(say("nothing new asked for: {count}", count=number(still)), **wide))
    if lost := int((~known).sum()):
        dots = [(sector(0), "none", 0.8)]
        rows.append(path_row(say("not known: {count}", count=number(lost)), dots, diameter=7.0, dashes=":"))
    if unsized := int((waits.waiting & np.isnan(waits.request)).sum()):
        parts = [(sector(0), PALETTE["quiet"], 0.55), (scaled(sector(0), CORE), PALETTE["sea"], 0.0)]
        rows.append(path_row(say("size not known: {count}", count=number(unsized)), parts, diameter=SMALLEST))
    return [
        *rows,
        *([fanned_row(say("at one point, fanned out"))] if fan_rank(waits.lon, waits.lat).any() else []),
    ]
