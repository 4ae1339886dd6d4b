"""What lies under every map: the extent and its insets, land and borders, scale bars, the source line."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Bbox
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from three_mismatches.errors import CRSError, Fault, LayerError
from three_mismatches.geodesy import distance_km
from three_mismatches.language import say
from three_mismatches.maps.labels import measurer, plate, settle
from three_mismatches.maps.style import PALETTE, SIZES, Style, number, readable, round_down, shorten
from three_mismatches.maps.terms import inset_title, table_word

__all__ = [
    "JAPAN",
    "Inset",
    "Layout",
    "centres",
    "draw_base",
    "draw_borders",
    "draw_land",
    "layout_of",
    "need_columns",
    "need_degrees",
    "new_figure",
    "polygon_path",
    "scale_bar",
    "seen_paths",
    "source_texts",
]

Extent = tuple[float, float, float, float]
"""West, south, east, north. [degrees]"""

AREA_WIDTH, BORDER_WIDTH = 0.6, 0.3
"""Width of the borders of areas, and of the finer lines within them. [pt]"""

FIXED = {"scale bar", "scale words", "inset title"}
SHOWN_SOURCES = 3
SOURCE_LENGTH = 44
LICENCE_LENGTH = 72
ADDRESS = re.compile(r"https?://(?:www\.)?([^/\s?#]+)", re.IGNORECASE)
HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:[a-z]{2,})\b(?=$|[\s/])")
NAME = re.compile(r"[A-Z]\w{3,}|[A-Z]\w* [A-Z]")


@dataclass(frozen=True)
class Inset:
    """
    A frame inside the map: remote land brought near, or a crowded part enlarged.

    `left`, `bottom` and `width` are shares of the map's axes; the height follows from the extent.
    """

    title: str
    extent: Extent
    left: float
    bottom: float
    width: float
    crowded: bool = False


@dataclass(frozen=True)
class Layout:
    """
    The extent of a map, the insets on it, and where (share of the axes) its scale bar ends.

    `borders`, if there are any, are lines to be drawn finely on the land, in degrees: prefectures, say.
    """

    extent: Extent
    insets: tuple[Inset, ...] = ()
    scale_at: tuple[float, float] = (0.97, 0.04)
    borders: gpd.GeoDataFrame | None = field(default=None, repr=False, compare=False)

    @property
    def ratio(self) -> float:
        """Height over width of the map, true to scale at its central latitude."""
        return _height(self.extent) / _width(self.extent)

    def height_of(self, inset: Inset) -> float:
        """Return the height of an inset as a share of the map's axes."""
        return inset.width / self.ratio * _height(inset.extent) / _width(inset.extent)

    def without_zooms(self) -> Layout:
        """Return the layout with its remote insets only."""
        kept = tuple(inset for inset in self.insets if not inset.crowded)
        return replace(self, insets=kept)


JAPAN = Layout(
    (126.45, 29.75, 147.5, 45.75),
    (
        Inset("Kanto", (139.15, 35.27, 140.78, 36.42), 0.012, 0.548, 0.49, crowded=True),
        Inset("Kansai", (135.3, 34.36, 136.08, 34.96), 0.678, 0.012, 0.31, crowded=True),
        Inset("Okinawa", (122.6, 23.75, 129.3, 27.5), 0.42, 0.012, 0.248),
    ),
    scale_at=(0.965, 0.40),
)


def layout_of(areas: gpd.GeoDataFrame, *, borders: gpd.GeoDataFrame | None = None) -> Layout:
    """
    Return the layout for a set of areas: Japan's where one of them is Okinawa, else all of the land.

    Parameters
    ----------
    areas
        Polygons in degrees, indexed by area.
    borders
        Lines to be drawn finely on the land, in degrees; None for none.
    """
    need_degrees(areas, "areas")
    if "okinawa" in {str(area).lower() for area in areas.index}:
        return JAPAN if borders is None else replace(JAPAN, borders=borders)
    west, south, east, north = (float(bound) for bound in areas.total_bounds)
    if not np.isfinite([west, south, east, north]).all():
        west, south, east, north = -180.0, -60.0, 180.0, 75.0
    # A single point or a strip still needs a map that can be read.
    pad = max(0.04 * max(east - west, north - south), 0.02)
    wide = max(east - west, 0.4 * (north - south))
    tall = max(north - south, 0.4 * (east - west) * _shrink((west, south, east, north)))
    lon, lat = (west + east) / 2, (south + north) / 2
    low, high = max(lat - tall / 2 - pad, -89.0), min(lat + tall / 2 + pad, 89.0)
    return Layout((lon - wide / 2 - pad, low, lon + wide / 2 + pad, high), borders=borders)


class Picture(Figure):
    """A figure that a notebook shows by itself: pyplot, which would teach the notebook to, is not loaded."""

    def _repr_png_(self) -> bytes:
        """Return the figure as a notebook shows it."""
        image = io.BytesIO()
        self.savefig(image, format="png", metadata={"Software": None})
        return image.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """Return an empty white figure [inch] with a canvas of its own, unknown to pyplot."""
    figure = Picture(figsize=(width, height), dpi=100, facecolor=PALETTE["sea"])
    FigureCanvasAgg(figure)
    return figure


def draw_base(
    ax: Axes, areas: gpd.GeoDataFrame, layout: Layout, *, fills: Mapping[str, str] | None = None
) -> list[Axes]:
    """
    Draw land, borders, insets and scale bars.

    Parameters
    ----------
    ax
        Empty axes; its limits and aspect are set.
    areas
        Polygons in degrees, indexed by area.
    layout
        The extent and its insets.
    fills
        Colour of each area; land-coloured where it is missing.

    Returns
    -------
    insets
        One axes for each inset of the layout, in its order.
    """
    need_degrees(areas, "areas")
    need_degrees(layout.borders, "borders")
    _frame(ax, layout.extent, PALETTE["border"])
    draw_land(ax, areas, layout.extent, fills=fills)
    draw_borders(ax, layout)
    scale_bar(ax, layout.extent, at=layout.scale_at, with_latitude=True)
    return [_draw_inset(ax, areas, layout, inset, fills) for inset in layout.insets]


def draw_land(
    ax: Axes, areas: gpd.GeoDataFrame, extent: Extent, *, fills: Mapping[str, str] | None = None
) -> None:
    """Draw the part of the areas that lies in the extent."""
    shown = seen_paths(areas, extent)
    colours = [(fills or {}).get(str(area), PALETTE["land"]) for area, _ in shown]
    paths = PathCollection(
        [path for _, path in shown],
        facecolors=colours,
        edgecolors=PALETTE["border"],
        linewidths=AREA_WIDTH,
        zorder=1,
    )
    paths.set_label("land")
    ax.add_collection(paths, autolim=False)


def seen_paths(areas: gpd.GeoDataFrame, extent: Extent, *, beyond: float = 0.05) -> list[tuple[object, Path]]:
    """Return each area that has a part in the extent or `beyond` its edge [of its side], and the rings of that part."""
    margin = beyond * max(extent[2] - extent[0], extent[3] - extent[1])
    box = (extent[0] - margin, extent[1] - margin, extent[2] + margin, extent[3] + margin)
    seen = shapely.clip_by_rect(areas.geometry.array, *box)
    return [(area, path) for area, path in zip(areas.index, map(polygon_path, seen), strict=True) if path]


def draw_borders(ax: Axes, layout: Layout) -> None:
    """Draw the layout's fine lines, if it has any."""
    if layout.borders is None or not len(layout.borders):
        return
    shapes = shapely.get_parts(layout.borders.geometry.dropna().to_numpy())
    ways = [shapely.get_coordinates(shape) for shape in shapes if not shape.is_empty]
    drawn = LineCollection(ways, colors=PALETTE["inner"], linewidths=BORDER_WIDTH, zorder=1.01)
    drawn.set_label("borders")
    ax.add_collection(drawn, autolim=False)


def scale_bar(ax: Axes, extent: Extent, *, at: tuple[float, float], with_latitude: bool = False) -> None:
    """
    Draw a bar of a round length, true along the central parallel.

    Parameters
    ----------
    ax
        The map.
    extent
        What it shows. [degrees]
    at
        Right end of the bar, as shares of the axes.
    with_latitude
        Whether the words say at which latitude the bar is true.
    """
    km, degrees = scale_length(extent)
    east = extent[0] + at[0] * (extent[2] - extent[0])
    lat = extent[1] + at[1] * (extent[3] - extent[1])
    middle = (extent[1] + extent[3]) / 2
    bar = ax.plot([east - degrees, east], [lat, lat], color=PALETTE["quiet"], lw=1.6, zorder=8)[0]
    bar.set_label("scale bar")
    lat_words = f"{abs(middle):.0f}°"
    km_words = number(km)
    style: Style = {"ha": "right", "va": "bottom", "bbox": plate(), "zorder": 8}
    text = say("{km} km", km=km_words)
    if with_latitude:
        northern = middle >= 0
        text = say("{km} km at {lat}N" if northern else "{km} km at {lat}S", km=km_words, lat=lat_words)
    words = ax.annotate(
        text,
        (east, lat),
        (0, 2.5),
        textcoords="offset points",
        size=SIZES["small"],
        color=PALETTE["quiet"],
        **style,
    )
    words.set_label("scale words")


def scale_length(extent: Extent) -> tuple[float, float]:
    """Return a round length for the scale bar, and its degrees of longitude. [km], [degrees]"""
    lat = (extent[1] + extent[3]) / 2
    km_per_degree = float(distance_km(0.0, lat, 1.0, lat))
    km = round_down((extent[2] - extent[0]) * km_per_degree * 0.22)
    return km, km / km_per_degree


def centres(areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Return a point inside the largest part of each area.

    Parameters
    ----------
    areas
        Polygons in degrees.

    Returns
    -------
    centres
        Columns lon and lat, indexed as `areas`; NaN where an area has no shape. [degrees]
    """
    found = np.array([_centre(shape) for shape in areas.geometry.array], dtype=float).reshape(-1, 2)
    return pd.DataFrame(found, index=areas.index, columns=["lon", "lat"])


def source_texts(tables: Mapping[str, pd.DataFrame | None]) -> tuple[str, ...]:
    """
    Return where the rows of each table come from, one text for each table.

    Parameters
    ----------
    tables
        What is drawn, by the name that readers see; a missing or empty table is left out.

    Returns
    -------
    texts
        Sources that gave most rows first, grouped by licence.

    Examples
    --------
    >>> source_texts({"Areas": pd.DataFrame({"source": ["Natural Earth"], "licence": ["public domain"]})})
    ('Areas: Natural Earth (public domain)',)
    """
    return tuple(
        say("{table}: {sources}", table=table_word(name), sources=_sources(table))
        for name, table in tables.items()
        if table is not None and len(table)
    )


def source_line(texts: Iterable[str]) -> str:
    """Return the source line of a map, or nothing."""
    joined = say(". ").join(texts)
    return say("Sources. {sources}.", sources=joined) if joined else ""


def inside(lon: NDArray[np.float64], lat: NDArray[np.float64], extent: Extent) -> NDArray[np.bool_]:
    """Return whether each point lies in the extent."""
    return (lon >= extent[0]) & (lon <= extent[2]) & (lat >= extent[1]) & (lat <= extent[3])


def need_columns(table: pd.DataFrame, name: str, columns: Iterable[str]) -> None:
    """Raise `LayerError` that names every column that `table` lacks."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        here = ", ".join(map(str, table.columns))
        raise LayerError([Fault(name, column, "is missing", f"The table has {here}") for column in missing])


def need_degrees(table: pd.DataFrame | None, name: str) -> None:
    """Raise `CRSError` if a table says that its coordinates are no longitudes and latitudes: it would draw nothing."""
    crs = getattr(table, "crs", None)
    if crs is not None and not crs.equals("EPSG:4326", ignore_axis_order=True):
        cure = 'Bring the table to EPSG:4326 with to_crs("EPSG:4326")'
        raise CRSError([Fault(name, "crs", f"{crs.name}, not WGS 84", cure)])


def _draw_inset(
    ax: Axes, areas: gpd.GeoDataFrame, layout: Layout, inset: Inset, fills: Mapping[str, str] | None
) -> Axes:
    frame = ax.inset_axes((inset.left, inset.bottom, inset.width, layout.height_of(inset)), zorder=6)
    _frame(frame, inset.extent, PALETTE["frame"])
    draw_land(frame, areas, inset.extent, fills=fills)
    draw_borders(frame, layout)
    scale_bar(frame, inset.extent, at=(0.95, 0.05))
    style: Style = {"ha": "left", "va": "top", "weight": "bold", "bbox": plate(), "zorder": 9}
    place: Style = {"xycoords": "axes fraction", "textcoords": "offset points"}
    title = frame.annotate(
        inset_title(inset.title),
        (0, 1),
        (4, -4),
        size=SIZES["label"],
        color=PALETTE["quiet"],
        **place,
        **style,
    )
    title.set_label("inset title")
    if inset.crowded:
        _mark_zoom(ax, layout, inset)
    return frame


def _mark_zoom(ax: Axes, layout: Layout, inset: Inset) -> None:
    """Outline on the map what an inset enlarges, and join the two."""
    west, south, east, north = inset.extent
    style: Style = {"edgecolor": PALETTE["frame"], "linewidth": 0.6, "zorder": 5}
    ax.add_patch(Rectangle((west, south), east - west, north - south, fill=False, **style))
    width, height = layout.extent[2] - layout.extent[0], layout.extent[3] - layout.extent[1]
    left = layout.extent[0] + inset.left * width
    base = layout.extent[1] + inset.bottom * height
    top = base + layout.height_of(inset) * height
    above = base > north
    ends = [left, left + inset.width * width]
    for x_map, x_frame in zip((west, east), ends, strict=True):
        y = (north, base) if above else (south, top)
        ax.plot([x_map, x_frame], y, color=PALETTE["frame"], lw=0.4, zorder=2)


def fixed_boxes(ax: Axes, insets: Iterable[Axes] = ()) -> list[Bbox]:
    """Return what labels must keep off: insets, the scale and an inset's own title. [display]"""
    settle(ax)
    for inset in insets:
        settle(inset)
    renderer = measurer(ax)
    fixed = [artist for artist in ax.get_children() if artist.get_label() in FIXED]
    boxes = [inset.get_window_extent() for inset in insets]
    return [
        Bbox.from_extents(*box.extents)
        for box in (*boxes, *(artist.get_window_extent(renderer) for artist in fixed))
    ]


def _frame(ax: Axes, extent: Extent, colour: str) -> None:
    ax.set(
        xlim=(extent[0], extent[2]),
        ylim=(extent[1], extent[3]),
        xticks=[],
        yticks=[],
        facecolor=PALETTE["sea"],
    )
    ax.set_aspect(1.0 / _shrink(extent), adjustable="box", anchor="NW")
    ax.set_autoscale_on(False)
    for spine in ax.spines.values():
        spine.set(color=colour, linewidth=0.6)


def _shrink(extent: Extent) -> float:
    """Return how much shorter a degree of longitude is than one of latitude at the extent's middle."""
    return max(float(np.cos(np.radians((extent[1] + extent[3]) / 2))), 0.05)


def _width(extent: Extent) -> float:
    return (extent[2] - extent[0]) * _shrink(extent)


def _height(extent: Extent) -> float:
    return extent[3] - extent[1]


def polygon_path(shape: BaseGeometry | None) -> Path | None:
    """Return the rings of a polygon as one path, holes included."""
    if shape is None or shape.is_empty:
        return None
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and not part.is_empty]
    # One winding for shells and the other for holes: the nonzero rule then leaves the holes open.
    rings = [ring for part in parts for ring in _rings(shapely.orient_polygons(part))]
    return Path.make_compound_path(*rings) if rings else None


def _rings(part: shapely.Polygon) -> list[Path]:
    return [Path(np.asarray(ring.coords)[:, :2], closed=True) for ring in (part.exterior, *part.interiors)]


def _centre(shape: BaseGeometry | None) -> tuple[float, float]:
    if shape is None or shape.is_empty:
        return (np.nan, np.nan)
    largest = max(shapely.get_parts(shape), key=shapely.area)
    point = largest.centroid
    if not largest.contains(point):
        point = largest.representative_point()
    return (point.x, point.y)


def _sources(table: pd.DataFrame) -> str:
    """Return the sources of one table, shortened, those of each licence together."""
    licences = table["licence"] if "licence" in table else pd.Series("", index=table.index)
    sources = table["source"] if "source" in table else pd.Series(None, index=table.index, dtype=object)
    counts: dict[str, dict[str, int]] = {}
    for source, licence in zip(sources, licences, strict=True):
        group = counts.setdefault(readable(licence, drop=True), {})
        for name in _short_sources(source):
            group[name] = group.get(name, 0) + 1
    ranked = sorted(counts, key=lambda licence: (-sum(counts[licence].values()), licence))
    told = [text for licence in ranked if (text := _group(counts[licence], licence))]
    return "; ".join(told) or say("source not stated")


def _group(counts: Mapping[str, int], licence: str) -> str:
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    if not ranked:
        return f"{say('source not stated')} ({licence})" if licence else ""
    rest = len(ranked) - SHOWN_SOURCES
    # One more name is no longer than "and 1 more".
    shown = ranked if rest <= 1 else ranked[:SHOWN_SOURCES]
    names = ", ".join(shown)
    told = say("{names} and {count} more", names=names, count=rest) if rest > 1 else names
    return told + (f" ({shorten(licence, most=LICENCE_LENGTH)})" if licence else "")


def _short_sources(source: object) -> tuple[str, ...]:
    """Return the sources of one row: those with a name, or else the first words."""
    text = readable(source, drop=True)
    parts = [part for part in re.split(r"\s*\|\s*|\s*;\s+|\s+(?=https?://)", text) if part.strip()]
    named = [name for part in parts if (name := _name_in(part))]
    if not named and parts:
        named = [re.split(r"[,;:()]", parts[0])[0].strip() or parts[0]]
    return tuple(dict.fromkeys(shorten(name, most=SOURCE_LENGTH) for name in named))


def _name_in(part: str) -> str:
    """Return the host of an address, or the first name in a sentence: a title, a publisher, a site."""
    if address := ADDRESS.match(part):
        return address.group(1).lower()
    phrases = [phrase.strip(" .") for phrase in re.split(r"[,;:()]\s*|\.\s", part)]
    if phrases[0] == "assumption":
        return phrases[0]
    for phrase in phrases:
        if host := HOST.search(phrase):
            return host.group()
        if NAME.match(phrase):
            return phrase
    return ""
