"""A result as a map in a browser: layers to switch, the gap and the reason of each site, a legend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import LineString, mapping
from shapely.geometry.base import BaseGeometry

from three_mismatches.language import Language, names_of, say, speaking, spoken
from three_mismatches.maps import base
from three_mismatches.maps.discs import class_colour, class_rows
from three_mismatches.maps.style import (
    GAP_EDGES,
    NOTHING,
    PALETTE,
    RAMPS,
    VOLTAGE_RAMP,
    ZONE_RAMPS,
    ZONE_TINTS,
    breaks,
    disc_diameters,
    disc_legend,
    number,
    readable,
)
from three_mismatches.maps.terms import study_word
from three_mismatches.report import tips
from three_mismatches.report.words import element_names

if TYPE_CHECKING:
    from folium import Map, TileLayer

    from three_mismatches.study import Result

__all__ = ["explore"]

CURE = 'the map needs folium: pip install "three-mismatches[explore]"'
JAPAN = (122.0, 20.0, 154.0, 46.0)
"""Within these degrees the tiles are those of the Geospatial Information Authority of Japan."""

GSI = "https://cyberjapandata.gsi.go.jp/xyz/{kind}/{{z}}/{{x}}/{{y}}.png"
GSI_BY = '<a href="https://maps.gsi.go.jp/development/ichiran.html">{name}</a>'
WIDEST_ZOOM = 2
FADED = 0.6
"""Opacity of the tiles: what is drawn on them counts."""

POWER_RAMP = (ZONE_TINTS[0], *ZONE_RAMPS[0][:3])
"""Areas by what they have to spare, light enough for ties to be seen on them."""

YEARS_EDGES = (1.0, 2.0, 3.0, 5.0)
VOLTAGE_EDGES = (200.0, 300.0, 400.0)  # [kV]
PIXELS = 96.0 / 72.0
"""Pixels of a page to a point of a map on paper."""

FINE, COARSE = 1e-4, 1e-2
"""To which a place is told, and to which the outline of an area is: about 10 m and 1 km. [degrees]"""

FAN_DEGREES = 0.004
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
BESIDE = 0.09
"""Distance of ties that join the same areas. [degrees]"""

GLYPHS = {"cloud": "■", "ix": "▲", "landing": "▼"}
OTHER_GLYPH = "◆"

Feature = Mapping[str, object]
Style = dict[str, object]


@dataclass(frozen=True)
class Shown:
    """A layer: what it is called here and by readers, what is on it, what the legend says, whether it is on."""

    key: str
    name: str
    features: tuple[Feature, ...]
    legend: str
    on: bool = False
    sites: bool = False


def explore(result: Result, *, lang: Language = "en") -> Map:
    """
    Return a map for a browser; `save("map.html")` writes it, and a notebook shows it.

    One of the layers of sites is on at a time: by power gap, by round trip beyond the budget, by years lost. Areas,
    ties, fibre routes, hubs and local limits can be switched; so can lines, at line resolution. The page needs a
    network: folium's scripts (Leaflet and others) come from public servers, and so do the tiles under the map: in Japan
    from the Geospatial Information Authority, elsewhere from OpenStreetMap, which serves no page that is opened from a
    disk. Without a network the page says so. Sites that are published at the very same point are drawn a little apart.

    Parameters
    ----------
    result
        A solved study.
    lang
        "en" or "ja".

    Returns
    -------
    map
        A `folium.Map`; more can be added to it.

    Raises
    ------
    ImportError
        If folium is not installed, with the cure.
    ValueError
        If there is no such language.
    """
    try:
        import folium
    except ImportError as error:
        raise ImportError(CURE) from error
    from three_mismatches.report.leaflet import Drawn, Legend, Note, Tools

    with speaking(lang):
        shown = [layer for layer in _layers(result) if layer.features]
        west, south, east, north = _extent(result)
        page = folium.Map(location=[(south + north) / 2, (west + east) / 2], tiles=None)
        page.options["minZoom"] = (
            WIDEST_ZOOM  # else the tiles decide, and a narrow screen shows a part of the land
        )
        root: Any = page.get_root()
        root.title = escape(_title(result))
        root.html.add_child(Note(_without_network(result), lang=lang))
        page.add_child(Tools())
        tiles = _tiles((west, south, east, north))
        page.add_child(tiles)
        drawn = [
            Drawn(
                layer.features,
                key=layer.key,
                name=layer.name,
                height=410 + 5 * at,
                overlay=not layer.sites,
                show=layer.on,
            )
            for at, layer in enumerate(shown)
        ]
        for item in drawn:
            page.add_child(item)
        narrow: Any = folium.JsCode("window.innerWidth < 700")
        folium.LayerControl(collapsed=narrow).add_to(page)
        words = _legend(shown, result)
        offline = say("The background map could not be loaded: it needs a network.")
        page.add_child(Legend(words, sources=_sources(result), layers=drawn, tiles=tiles, offline=offline))
        page.fit_bounds([[south, west], [north, east]])
    return page


def _tiles(extent: tuple[float, float, float, float]) -> TileLayer:
    """Return tiles for which nobody asks a key, and in Japan such as a page on a disk is served too."""
    from folium import TileLayer

    west, south, east, north = extent
    name = say("Background map")
    if not (JAPAN[0] <= west and JAPAN[1] <= south and east <= JAPAN[2] and north <= JAPAN[3]):
        # OpenStreetMap's servers turn away who does not say which page asks.
        return TileLayer(
            "OpenStreetMap",
            name=name,
            overlay=True,
            opacity=FADED,
            referrer_policy="origin-when-cross-origin",
        )
    kind, most = ("pale", 18) if spoken() == "ja" else ("english", 11)
    by = GSI_BY.format(name=say("Geospatial Information Authority of Japan"))
    return TileLayer(
        GSI.format(kind=kind), attr=by, name=name, overlay=True, opacity=FADED, min_zoom=5, max_zoom=18,
        max_native_zoom=most,
    )  # fmt: skip


def _layers(result: Result) -> list[Shown]:
    """Return every layer, the lowest first."""
    return [
        _areas(result, "spare_mw"), _areas(result, "joint_gap_mw"), _pockets(result), _lines(result), _routes(result),
        _ties(result), _hubs(result), _sites(result, _power_column(result), on=True), _sites(result, "rtt_gap_ms"),
        _sites(result, "delay_y_p50"),
    ]  # fmt: skip


def _power_column(result: Result) -> str:
    return "joint_gap_mw" if "joint_gap_mw" in result.sites else "power_gap_mw"


def _sites(result: Result, column: str, *, on: bool = False) -> Shown:
    """Return sites, sized by what they ask and coloured by a gap; a part of another site is not drawn."""
    table = result.sites
    if column not in table:
        return Shown(column, "", (), "")
    whole = table["part_of"].fillna("").eq("") if "part_of" in table else pd.Series(True, index=table.index)
    table = table[whole & table.geometry.notna() & ~table.geometry.is_empty]
    request, values = (table[name].to_numpy(float) for name in ("request_mw", column))
    largest = float(np.nanmax(request, initial=0.0))
    size = disc_diameters(request, largest=largest) * PIXELS
    edges = _edges(column, values)
    elements, hubs = _texts(element_names(result)), _called(result.hubs)
    every = [
        tips.site_tip(row, called=name, elements=elements, hubs=hubs)
        for _, row, name in tips.both_names(table)
    ]
    features = [
        _feature(point, _disc(size[at], request[at], values[at], edges), every[at])
        for at, point in enumerate(_fanned(table.geometry))
    ]
    # Large ones below, so that each can be pointed at.
    order = np.argsort(-np.nan_to_num(request, nan=-1.0), kind="stable")
    name = {
        "power_gap_mw": say("Sites by power gap"),
        "joint_gap_mw": say("Sites by power gap"),
        "rtt_gap_ms": say("Sites by round trip beyond the budget"),
        "delay_y_p50": say("Sites by years lost"),
    }[column]
    legend = _section(_title_of(column), _site_rows(values, edges)) + _sizes(request)
    return Shown(column, name, tuple(features[at] for at in order), legend, on=on, sites=True)


def _disc(size: float, request: float, value: float, edges: Sequence[float]) -> Style:
    """Return a disc's looks: hollow where the request is not known, or the gap; then its rim shows the gap."""
    colour = class_colour(value, edges, RAMPS["gap"], nothing=PALETTE["none"])
    unknown, some = bool(np.isnan(request)), bool(value > NOTHING)
    rim = colour if unknown and some else PALETTE["ink"]
    style: Style = {"radius": round(float(size) / 2, 1), "color": rim, "weight": 2.2 if unknown else 1}
    hollow = unknown or bool(np.isnan(value))
    if np.isnan(value) and not unknown:
        style["dashArray"] = "3 2"
    return style | {"fillColor": "#FFFFFF" if hollow else colour, "fillOpacity": 0.35 if hollow else 0.9}


def _fanned(points: Iterable[shapely.Point]) -> list[shapely.Point]:
    """Return points with those that are the same moved apart on a spiral, the first left in place."""
    seen: dict[tuple[float, float], int] = {}
    moved = []
    for point in points:
        place = (round(point.x, 5), round(point.y, 5))
        rank = seen.get(place, 0)
        seen[place] = rank + 1
        away = FAN_DEGREES * np.sqrt(rank)
        lon, lat = away * np.cos(rank * GOLDEN_ANGLE), away * np.sin(rank * GOLDEN_ANGLE)
        moved.append(shapely.Point(point.x + lon / _shrink(point.y), point.y + lat))
    return moved


def _shrink(lat: float) -> float:
    return max(float(np.cos(np.radians(lat))), 0.05)


def _areas(result: Result, column: str) -> Shown:
    """Return areas by what they have to spare, or by what their load lacks."""
    table = result.areas
    if column not in table:
        return Shown(f"area-{column}", "", (), "")
    spare = column == "spare_mw"
    values, ramp = table[column].to_numpy(float), POWER_RAMP if spare else RAMPS["gap"]
    edges = breaks(values, most=len(ramp)) if spare else GAP_EDGES["joint_gap_mw"]
    features = []
    for value, (_, row, name) in zip(values, tips.both_names(table), strict=True):
        colour = class_colour(value, edges, ramp, nothing=PALETTE["none"])
        style = _outline(PALETTE["border"], 1.0) | {
            "fill": True,
            "fillColor": colour[:7],
            "fillOpacity": 0.0 if np.isnan(value) else 0.5,
        }
        features.append(_feature(row.geometry, style, tips.area_tip(row, called=name), coarse=True))
    name = say("Areas by power to spare") if spare else say("Areas by power gap")
    title = say("Power to spare [MW]") if spare else say("Power gap of areas, all sites at once [MW]")
    legend = _section(title, _class_rows(values, edges, ramp, opacity=0.5))
    return Shown(f"area-{column}", name, _placed(features), legend, on=spare)


def _pockets(result: Result) -> Shown:
    style = _outline(PALETTE["gap"], 1.6) | {
        "fill": True,
        "dashArray": "5 4",
        "fillColor": PALETTE["gap"],
        "fillOpacity": 0.06,
    }
    features = [
        _feature(row.geometry, style, tips.pocket_tip(row, called=name))
        for _, row, name in tips.both_names(result.grid.pockets)
    ]
    words = say("published local limit")
    legend = _section("", [(f"border:2px dashed {PALETTE['gap']};width:16px;height:11px", words)])
    return Shown("pockets", say("Local limits"), _placed(features), legend, on=True)


def _lines(result: Result) -> Shown:
    """Return lines by voltage, thick and dark the high ones."""
    table = result.lines
    if "v_nom" not in table:
        return Shown("lines", "", (), "")
    classes = np.searchsorted(VOLTAGE_EDGES, table["v_nom"].to_numpy(float), side="left")
    looks = [(VOLTAGE_RAMP[at], 0.8 + 0.8 * at) for at in range(len(VOLTAGE_EDGES) + 1)]
    features = [
        _feature(row.geometry, _outline(*looks[at]), tips.line_tip(row, called=name))
        for at, (_, row, name) in zip(classes, tips.both_names(table), strict=True)
    ]
    low, *middle, high = VOLTAGE_EDGES
    words = [say("up to {value}", value=number(low))]
    words += [
        say("{low} to {high}", low=number(a), high=number(b))
        for a, b in zip((low, *middle), (*middle, high), strict=True)
    ]
    words.append(say("over {value}", value=number(high)))
    rows = [(_stroke(*look), text) for look, text in zip(looks, words, strict=True)]
    legend = _section(
        say("Voltage of lines [kV]"), [row for at, row in enumerate(rows) if at in set(classes)]
    )
    return Shown("lines", say("Lines by voltage"), _placed(features), legend, on=True)


def _routes(result: Result) -> Shown:
    """Return fibre routes; one without a line is drawn straight from node to node."""
    nodes, routes = result.fibre.fibre_nodes, result.fibre.fibre_routes
    places, called = nodes.geometry.to_dict(), _called(nodes)
    style = _outline(PALETTE["fibre"], 2.0)
    features = [
        _feature(
            _own_or_chord(row.get("geometry"), places.get(row["node0"]), places.get(row["node1"])),
            style,
            tips.route_tip(row, nodes=called),
        )
        for _, row in pd.DataFrame(routes).iterrows()
    ]
    legend = _section("", [(_stroke(PALETTE["fibre"], 2.0), say("fibre route"))])
    return Shown("fibre", say("Fibre routes"), _placed(features), legend)


def _ties(result: Result) -> Shown:
    """Return ties between the middles of their areas, thick where they bind; those of a pair side by side."""
    ties, middles = result.ties, base.centres(result.areas)
    places = {area: shapely.Point(*row) for area, row in zip(middles.index, middles.to_numpy(), strict=True)}
    areas, pairs, hidden, features = _called(result.areas), dict[frozenset[object], int](), [], []
    for _, row, name in tips.both_names(ties):
        binds = bool(row.get("binding", False))
        ends = [places.get(row["area0"]), places.get(row["area1"])]
        line = _own_or_chord(None, *ends)
        if line is None:
            hidden += [name] if binds else []
            continue
        pair = frozenset((row["area0"], row["area1"]))
        rank = pairs[pair] = pairs.get(pair, -1) + 1
        side = (rank + 1) // 2 * BESIDE * (1 if rank % 2 else -1)
        # The same side of the pair whichever end is named first.
        side = side if str(row["area0"]) < str(row["area1"]) else -side
        style = _outline(PALETTE["power"], 5.0 if binds else 2.0)
        features.append(
            _feature(
                shapely.offset_curve(line, side) if side else line,
                style,
                tips.tie_tip(row, called=name, areas=areas),
            )
        )
    rows = [(_stroke(PALETTE["power"], 2.0), say("tie between areas"))]
    if len(ties) and ties.get("binding", pd.Series(dtype=bool)).fillna(False).astype(bool).any():
        rows.append((_stroke(PALETTE["power"], 5.0), say("tie at its limit")))
    if hidden:
        rows.append(("", say("also full: {names}", names=say(", ").join(readable(name) for name in hidden))))
    return Shown("ties", say("Ties between areas"), _placed(features), _section("", rows), on=True)


def _hubs(result: Result) -> Shown:
    """Return hubs, a sign for each kind; people, who are everywhere, are not marked."""
    table = result.hubs
    if "kind" not in table:
        return Shown("hubs", "", (), "")
    table = table[table["kind"] != "population"]
    features = [
        _feature(
            row.geometry, {"glyph": GLYPHS.get(row["kind"], OTHER_GLYPH)}, tips.hub_tip(row, called=name)
        )
        for _, row, name in tips.both_names(table)
    ]
    known = {"cloud": say("cloud region"), "ix": say("exchange point"), "landing": say("cable landing")}
    kinds = sorted({str(kind) for kind in table["kind"]})
    words = [f"{GLYPHS.get(kind, OTHER_GLYPH)} {known.get(kind, readable(kind))}" for kind in kinds]
    return Shown(
        "hubs", say("Hubs"), _placed(features), _section("", [("", word) for word in words]), on=True
    )


def _called(table: pd.DataFrame) -> dict[str, str]:
    """Return what readers call each row, by its id."""
    return _texts(names_of(table))


def _texts(names: pd.Series) -> dict[str, str]:
    return {str(label): str(name) for label, name in names.items()}


def _own_or_chord(own: object, start: object, end: object) -> BaseGeometry | None:
    """Return a line of its own, else the straight one between two points, else nothing."""
    if isinstance(own, BaseGeometry) and not own.is_empty:
        return own
    ends = [point for point in (start, end) if isinstance(point, shapely.Point) and not point.is_empty]
    known = len(ends) == 2 and all(np.isfinite([point.x, point.y]).all() for point in ends)
    return LineString(ends) if known and not ends[0].equals(ends[1]) else None


def _feature(shape: object, style: Mapping[str, object], tip: tips.Tip, *, coarse: bool = False) -> Feature:
    """Return a feature of GeoJSON; one without a place has no geometry."""
    placed = shape if isinstance(shape, BaseGeometry) and not shape.is_empty else None
    if placed is not None:
        placed = shapely.simplify(placed, COARSE if coarse else FINE)
        placed = shapely.transform(placed, lambda at: np.round(at, 4))
    geometry = mapping(shapely.force_2d(placed)) if placed is not None else None
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {"style": dict(style), "tip": tip.as_dict()},
    }


def _placed(features: Iterable[Feature]) -> tuple[Feature, ...]:
    return tuple(feature for feature in features if feature["geometry"] is not None)


def _outline(colour: str, width: float) -> Style:
    return {"color": colour, "weight": width, "opacity": 0.95, "fill": False}


def _edges(column: str, values: np.ndarray) -> tuple[float, ...]:
    if column == "delay_y_p50":
        return YEARS_EDGES
    return GAP_EDGES.get(column) or breaks(values)


def _title_of(column: str) -> str:
    """Return what the legend calls a measure, with its unit."""
    return {
        "power_gap_mw": say("Power gap, each site on its own [MW]"),
        "joint_gap_mw": say("Power gap, all sites at once [MW]"),
        "rtt_gap_ms": say("Round trip beyond its budget [ms]"),
        "delay_y_p50": say("Wait after the building stands, median [years]"),
    }[column]


def _class_rows(
    values: np.ndarray, edges: Sequence[float], ramp: Sequence[str], *, opacity: float = 1.0
) -> list[tuple[str, str]]:
    """Return the legend's rows of classes: how each is filled, and its words."""
    rows = class_rows(edges, ramp, values)
    inside = [*edges, np.inf] if edges else [1.0]
    colours = [class_colour(value, edges, ramp) for value in inside]
    found = [(_patch(colour, opacity), row.text) for colour, row in zip(colours, rows, strict=False)]
    if (values <= NOTHING).any():
        found.insert(0, (_patch(PALETTE["none"], opacity), say("none")))
    return found


def _site_rows(values: np.ndarray, edges: Sequence[float]) -> list[tuple[str, str]]:
    rows = _class_rows(values, edges, RAMPS["gap"])
    return [*rows, (_patch("#FFFFFF", 1.0, "dashed"), say("not known"))] if np.isnan(values).any() else rows


def _sizes(request: np.ndarray) -> str:
    """Return the legend of what sites ask: a few discs, and the ring of those of which it is not known."""
    largest = float(np.nanmax(request, initial=0.0))
    steps = disc_legend(largest)
    widths = disc_diameters(steps, largest=largest) * PIXELS
    rows = [(_ring(width, 1), number(mw)) for mw, width in zip(steps, widths, strict=True)]
    if np.isnan(request).any():
        rows.append(
            (_ring(float(disc_diameters(np.nan, largest=1.0)) * PIXELS + 2, 2), say("request not known"))
        )
    return _section(say("Request [MW]"), rows)


def _patch(colour: str, opacity: float, edge: str = "solid") -> str:
    size = "width:16px;height:11px"
    return f"background:{colour[:7]};opacity:{opacity};border:1px {edge} {PALETTE['ink']};{size}"


def _ring(width: float, line: int) -> str:
    return (
        f"border:{line}px solid {PALETTE['ink']};border-radius:50%;width:{width:.0f}px;height:{width:.0f}px"
    )


def _stroke(colour: str, width: float) -> str:
    return f"border-top:{width:.1f}px solid {colour};width:22px;height:0"


def _section(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return markup of a title and rows of drawings and words, the words escaped."""
    head = f"<b>{escape(title)}</b>" if title else ""
    marks = [f'<i style="{look}"></i>' if look else "" for look, _ in rows]
    lines = (f"<div>{mark}{escape(words)}</div>" for mark, (_, words) in zip(marks, rows, strict=True))
    return head + "".join(lines)


def _legend(shown: Sequence[Shown], result: Result) -> str:
    """Return the legend's markup: a part for each layer, those of sites first."""
    ordered = sorted(shown, key=lambda layer: not layer.sites)
    parts = [f'<section data-layer="{layer.key}">{layer.legend}</section>' for layer in ordered]
    note = say("Sites that are published at one point are drawn up to a few hundred metres apart.")
    return f"<summary>{escape(_title(result))}</summary>{''.join(parts)}<section>{escape(note)}</section>"


def _title(result: Result) -> str:
    settings = result.settings
    return say(
        "Three mismatches: {name}, {year}", name=study_word(readable(settings.name)), year=settings.year
    )


def _without_network(result: Result) -> str:
    """Return what is read where the map does not load."""
    return say(
        "{title}. The map should be here. It needs a network: its script, Leaflet, and the tiles under it are fetched "
        "from public servers when the page is opened, and they could not be. `result.report()` writes a page that "
        "needs none.",
        title=_title(result),
    )


def _sources(result: Result) -> str:
    tables = {
        say("Sites"): result.sites, say("Areas"): result.areas, say("Ties"): result.ties,
        say("Fibre"): result.fibre.fibre_routes, say("Hubs"): result.hubs, say("Lines"): result.lines,
    }  # fmt: skip
    return base.source_line(base.source_texts(tables))


def _extent(result: Result) -> tuple[float, float, float, float]:
    """Return west, south, east and north of the sites, or of the land where there are none. [degrees]"""
    points = result.sites.geometry
    points = points[points.notna() & ~points.is_empty]
    if len(points):
        west, south, east, north = (float(bound) for bound in points.total_bounds)
        return west - 0.5, south - 0.5, east + 0.5, north + 0.5
    return base.layout_of(result.areas).extent
