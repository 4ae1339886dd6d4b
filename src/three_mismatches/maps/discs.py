"""Sites as discs: sized by what they ask for, coloured by their gap, the worst of them named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from urllib.parse import quote

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from three_mismatches.language import names_of, say, spoken
from three_mismatches.maps import base
from three_mismatches.maps.folding import fold
from three_mismatches.maps.labels import Label, dpi_of, place_labels
from three_mismatches.maps.legend import Block, Row, disc_row, fanned_row, patch_row
from three_mismatches.maps.style import (
    GAP_EDGES,
    NO_GLYPH,
    NOTHING,
    PALETTE,
    RAMPS,
    UNKNOWN_DISC,
    breaks,
    disc_diameters,
    disc_legend,
    measure_title,
    number,
    readable,
    round_up,
    shorten,
    unit_of,
)

__all__ = [
    "Discs",
    "class_colour",
    "class_rows",
    "draw_sites",
    "fan_out",
    "fan_rank",
    "site_names",
    "site_url",
    "whole_sites",
]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LABELS_ON_MAP = 6
LABELS_PER_WIDTH = 6
"""An inset as wide as the map would have so many labels."""

LINE_LENGTH = 18
SHORTER = {"Data Center": "DC", "Data Centre": "DC", "Data Centers": "DCs", "Data Centres": "DCs"}
# Sites that share one point are fanned out by this much for each further one, so that all are seen. [pt]
FAN_STEP = 3.2
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
HOLLOW = "#FFFFFF00"


@dataclass(frozen=True)
class Discs:
    """Sites made ready to draw, the large ones first so that small ones lie on top of them."""

    lon: Floats
    lat: Floats
    request: Floats
    gap: Floats
    diameter: Floats
    names: tuple[str, ...]
    urls: tuple[str, ...]


def draw_sites(
    ax: Axes,
    insets: Sequence[Axes],
    layout: base.Layout,
    sites: gpd.GeoDataFrame,
    column: str,
    *,
    first: Sequence[Label] = (),
    extra: Sequence[Row] = (),
) -> list[Block]:
    """
    Draw sites on the map and on its insets, name the worst and the largest, and return the legend.

    Parameters
    ----------
    ax, insets, layout
        What `base.draw_base` made.
    sites
        Points with `request_mw` and the column of the gap.
    column
        The gap; its name ends in its unit.
    first
        Labels of the map itself that go before those of sites.
    extra
        Rows of the legend for what else is on the map.
    """
    base.need_columns(sites, "sites", ("request_mw", column))
    base.need_degrees(sites, "sites")
    discs = _ready(sites, column)
    edges = GAP_EDGES.get(column) or breaks(discs.gap)
    elsewhere = np.zeros(discs.lon.size, dtype=bool)
    for frame, inset in zip(insets, layout.insets, strict=True):
        inside = base.inside(discs.lon, discs.lat, inset.extent)
        elsewhere |= inside
        _draw_frame(frame, _chosen(discs, inside), edges, column, most=round(LABELS_PER_WIDTH * inset.width))
    apart = base.inside(discs.lon, discs.lat, layout.extent) & ~elsewhere
    _draw_frame(ax, discs, edges, column, most=LABELS_ON_MAP, among=apart, insets=insets, first=first)
    return _blocks(discs, edges, column, extra)


def site_url(site: object) -> str:
    """Return the link of a site's disc, safe whatever its id holds."""
    return "#site-" + quote(str(site), safe="", errors="replace")


def class_colour(value: float, edges: Sequence[float], ramp: Sequence[str], *, nothing: str = "") -> str:
    """Return the colour of a value's class: hollow if unknown, `nothing` where there is none."""
    if np.isnan(value):
        return HOLLOW
    if nothing and value <= NOTHING:
        return nothing
    return _ramp(edges, ramp)[int(np.searchsorted(edges, value, side="left"))]


def class_rows(edges: Sequence[float], ramp: Sequence[str], values: Floats) -> tuple[Row, ...]:
    """Return the legend's rows of the classes, the least first."""
    if not (np.isfinite(values) & (values > NOTHING)).any():
        return ()
    colours = _ramp(edges, ramp)
    if not edges:
        return (
            patch_row(
                say("up to {value}", value=number(round_up(float(np.nanmax(values[np.isfinite(values)]))))),
                face=colours[0],
            ),
        )
    words = [say("up to {value}", value=number(edges[0]))]
    words += [say("{low} to {high}", low=number(low), high=number(high)) for low, high in pairwise(edges)]
    words.append(say("over {value}", value=number(edges[-1])))
    return tuple(patch_row(text, face=colour) for text, colour in zip(words, colours, strict=True))


def _ramp(edges: Sequence[float], ramp: Sequence[str]) -> list[str]:
    """Return one colour for each class, spread over the whole ramp."""
    # Few classes stay off the ends of the ramp: two near values must not look like the best and the worst.
    classes, ends = len(edges) + 1, (0.0, 1.0) if len(edges) > 1 else (0.25, 0.75)
    shares = np.linspace(*ends, classes) if classes > 1 else [0.5]
    return [ramp[round(float(share) * (len(ramp) - 1))] for share in shares]


def whole_sites(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the sites that are wholes and have a place, large requests first."""
    whole = (
        sites["part_of"].fillna("").eq("").to_numpy()
        if "part_of" in sites
        else np.ones(len(sites), dtype=bool)
    )
    placed = (sites.geometry.notna() & ~sites.geometry.is_empty).to_numpy()
    rows = sites.loc[whole & placed]
    request = np.nan_to_num(rows["request_mw"].to_numpy(float), nan=-1.0)
    return rows.iloc[np.argsort(-request, kind="stable")]


def site_names(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return what labels call each row: on at most two short lines."""
    return tuple(_site_name(name, site) for name, site in zip(names_of(rows), rows.index, strict=True))


def _ready(sites: gpd.GeoDataFrame, column: str) -> Discs:
    """Return the sites that are wholes and have a place, large requests first."""
    rows = whole_sites(sites)
    request = rows["request_mw"].to_numpy(float)
    largest = float(np.nanmax(request, initial=0.0))
    return Discs(
        rows.geometry.x.to_numpy(), rows.geometry.y.to_numpy(), request, rows[column].to_numpy(float),
        disc_diameters(request, largest=largest), site_names(rows), tuple(site_url(site) for site in rows.index),
    )  # fmt: skip


def _chosen(discs: Discs, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Discs:
    """Return the discs of the given rows, in their order."""
    at = np.flatnonzero(rows) if rows.dtype == bool else rows
    parts = (discs.lon[at], discs.lat[at], discs.request[at], discs.gap[at], discs.diameter[at])
    return Discs(*parts, tuple(discs.names[row] for row in at), tuple(discs.urls[row] for row in at))


def _draw_frame(
    ax: Axes,
    discs: Discs,
    edges: Sequence[float],
    column: str,
    *,
    most: int,
    among: Mask | None = None,
    insets: Sequence[Axes] = (),
    first: Sequence[Label] = (),
) -> None:
    """Draw discs on one frame and name up to `most` of those `among` which it is to name."""
    shown = _fan_out(ax, discs)
    _scatter(ax, shown, edges)
    rows = _worst(shown, np.ones(shown.lon.size, dtype=bool) if among is None else among, most)
    labels = [*first, *(_site_label(shown, row, column) for row in rows)]
    obstacles = np.column_stack([shown.lon, shown.lat, shown.diameter / 2])
    place_labels(ax, labels, discs=obstacles, frames=base.fixed_boxes(ax, insets))


def _fan_out(ax: Axes, discs: Discs) -> Discs:
    """Return discs with those that share a point moved apart."""
    lon, lat = fan_out(ax, discs.lon, discs.lat)
    return replace(discs, lon=lon, lat=lat)


def fan_out(ax: Axes, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return places with those that share a point moved apart on a spiral, the first left where it is."""
    if not lon.size:
        return lon, lat
    rank = fan_rank(lon, lat)
    away = FAN_STEP * np.sqrt(rank) * dpi_of(ax) / 72.0
    angle = rank * GOLDEN_ANGLE
    spiral = np.column_stack([np.cos(angle), np.sin(angle)]) * away[:, None]
    place = ax.transData.transform(np.column_stack([lon, lat])) + spiral
    fanned = ax.transData.inverted().transform(place)
    return np.where(rank > 0, fanned[:, 0], lon), np.where(rank > 0, fanned[:, 1], lat)


def fan_rank(lon: Floats, lat: Floats) -> Floats:
    """Return how many earlier places are the very same."""
    points = pd.DataFrame({"lon": lon.round(5), "lat": lat.round(5)})
    return points.groupby(["lon", "lat"]).cumcount().to_numpy().astype(np.float64)


def _scatter(ax: Axes, discs: Discs, edges: Sequence[float]) -> None:
    """Draw the discs: filled by the class of their gap, hollow where the request or the gap is unknown."""
    colours = [class_colour(gap, edges, RAMPS["gap"], nothing=PALETTE["none"]) for gap in discs.gap]
    small = np.isnan(discs.request)
    pairs = list(zip(small, colours, discs.gap > NOTHING, strict=True))
    # A site of unknown size still shows its gap, on its rim.
    rims = [colour if hollow and some else PALETTE["ink"] for hollow, colour, some in pairs]
    faces = [HOLLOW if hollow else colour for hollow, colour, _ in pairs]
    widths = [1.1 if hollow and some else 0.55 for hollow, _, some in pairs]
    sizes = discs.diameter**2
    drawn = ax.scatter(
        discs.lon, discs.lat, sizes, facecolors=faces, edgecolors=rims, linewidths=widths, zorder=4
    )
    drawn.set_label("sites")
    # Inside a report each disc is a link, by which the page knows whose it is; `save` leaves the links out.
    drawn.set_urls(list(discs.urls))


def _worst(discs: Discs, among: Mask, most: int) -> list[int]:
    """Return rows to name: the worst gaps first, then the largest requests."""
    rows = np.flatnonzero(among & np.isfinite(discs.request))
    gap = np.nan_to_num(discs.gap[rows], nan=0.0)
    by_gap = [int(row) for row in rows[np.lexsort([-discs.request[rows], -gap])] if discs.gap[row] > NOTHING]
    by_size = [int(row) for row in rows[np.argsort(-discs.request[rows], kind="stable")]]
    return list(dict.fromkeys([*by_gap[: (most + 1) // 2], *by_size]))[:most]


def _site_label(discs: Discs, row: int, column: str) -> Label:
    """Return a site's name and its gap, or its request where there is no gap."""
    gap = float(discs.gap[row])
    figure = _gap_words(gap, unit_of(column)) if gap > NOTHING else f"{number(discs.request[row])} MW"
    return Label(
        f"{discs.names[row]}\n{figure}", discs.lon[row], discs.lat[row], radius=discs.diameter[row] / 2
    )


def _gap_words(gap: float, unit: str) -> str:
    """Return a gap > 0 in words; one without end is no way in light, or a wait beyond what was looked at."""
    years = unit == say("years")
    if np.isinf(gap) and (years or unit == "ms"):
        return say("no end in sight" if years else "no path")
    if years:
        return say("{value} years late", value=number(gap))
    power = unit == "MW"
    return say("{value} {unit} short" if power else "{value} {unit} over", value=number(gap), unit=unit)


def _blocks(discs: Discs, edges: Sequence[float], column: str, extra: Sequence[Row]) -> list[Block]:
    """Return the legend: sizes, colours, and what else is drawn."""
    largest = float(np.nanmax(discs.request, initial=0.0))
    shown = disc_legend(largest)
    widths = disc_diameters(shown, largest=largest)
    widest = float(max(widths, default=0.0))
    sizes = [
        disc_row(number(mw), diameter=width, widest=widest) for mw, width in zip(shown, widths, strict=True)
    ]
    classes = [*class_rows(edges, RAMPS["gap"], discs.gap)]
    if (discs.gap <= NOTHING).any():
        classes.insert(0, patch_row(say("none"), face=PALETTE["none"]))
    if (np.isnan(discs.gap) & np.isfinite(discs.request)).any():
        classes.append(patch_row(say("not known"), face="none"))
    others = [*extra, *([fanned_row()] if fan_rank(discs.lon, discs.lat).any() else [])]
    if np.isnan(discs.request).any():
        others.append(
            disc_row(say("request not known"), diameter=UNKNOWN_DISC, widest=15.0, edge=PALETTE["ink"])
        )
    return [
        Block(say("Request\n[MW]"), tuple(sizes)),
        Block(measure_title(column), tuple(classes)),
        Block(say("Also shown") + "\n", tuple(others)),
    ]


def _site_name(name: object, site: object) -> str:
    """Return a site's name on at most two short lines; its id where the font lacks the name's letters."""
    words = readable(name)
    if not words.replace(NO_GLYPH, "").strip():
        words = readable(site)
    for long, short in SHORTER.items():
        words = re.sub(rf"\b{long}\b", short, words, flags=re.IGNORECASE)
    words = words.replace("データセンター", "DC") if spoken() == "ja" else words
    return fold(shorten(words, most=2 * LINE_LENGTH - 2), LINE_LENGTH, lines=2)
