"""Grids line by line: what the repair of a map did and left, and any figure of the lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from three_mismatches.language import Language, say
from three_mismatches.maps import base, lines
from three_mismatches.maps.legend import Block, Row, line_row, marker_row
from three_mismatches.maps.lines import Branches, Floats, GridTables, Mask, Page, words_row
from three_mismatches.maps.style import PALETTE, Style, drawing, number, readable, shorten

__all__ = ["network_map", "repair_map"]

SHOWABLE = ("suspicious", "apart", "joins", "substations")
"""What can be shown besides the lines; the last two only where a part is drawn alone, unless asked for."""

RING = 3.6
CASING, BOLDER = 1.6, 0.7
"""Diameter of a ring; how much wider the pale casing of a piece is than itself, and the piece than its like. [pt]"""

APART = "apart from the largest component"
BY_CONTACT = "stands in another zone"
BARE = "substation to which no line"
FAR_UNIT = "a unit of "
LARGEST = "share of km in the largest component "
ACROSS = ("branches across zones", "all zones")


@dataclass(frozen=True)
class Kind:
    """A kind of place that deserves a look: how it is marked, and which rows of the certificate are of it."""

    name: str
    marker: str
    colour: str
    rows: Callable[[pd.DataFrame], pd.Series]


KINDS = (
    Kind("refused", "o", PALETTE["ink"], lambda rows: rows["action"].eq("refuse")),
    Kind("joined", "s", PALETTE["ink"], lambda rows: rows["action"].eq("join")),
    Kind("apart", "D", PALETTE["gap"], lambda rows: _because(rows, APART)),
    Kind("contact", "^", PALETTE["ink"], lambda rows: _because(rows, BY_CONTACT)),
    Kind("bare", "P", PALETTE["ink"], lambda rows: _because(rows, BARE)),
    Kind("far unit", "v", PALETTE["ink"], lambda rows: _because(rows, FAR_UNIT)),
    Kind("other", "X", PALETTE["ink"], lambda rows: rows["action"].notna()),
)


def _kind_words() -> Mapping[str, str]:
    """Return what readers call each kind of place."""
    return {
        "refused": say("join refused across zones"),
        "joined": say("island joined over a gap"),
        "apart": say("branch that stays apart"),
        "contact": say("zone by contact, not place"),
        "bare": say("substation without a line"),
        "far unit": say("unit far from its bus"),
        "other": say("anything else"),
    }


def repair_map(
    grid: GridTables,
    *,
    ax: Axes | None = None,
    extent: base.Extent | None = None,
    show: Collection[str] | None = None,
    layout: base.Layout | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw a grid that was repaired from a map: lines by voltage and zone, and where to look twice.

    Parameters
    ----------
    grid
        `buses`, `lines`, `links`, `areas` and `certificate`, as `repair.build_grid` returns them.
    ax
        Where to draw; a new figure if None.
    extent
        West, south, east, north of a part to be drawn alone; None draws all of it. [degrees]
    show
        Some of "suspicious" (places that deserve a look), "apart" (pieces apart from the largest of their zone),
        "joins" and "substations"; None: the first two, and with an `extent` all.
    layout
        Extent and insets; `base.layout_of(grid.areas)` if None.
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
    ValueError
        If `show` names something else, or `extent` has no size.
    """
    with drawing(lang):
        chosen, certificate = _showable(show, part=extent is not None), _checked(grid.certificate)
        page = lines.start(grid, ax=ax, extent=extent, layout=layout, sources=sources)
        branches = lines.make_branches(grid, page.zones)
        rows = lines.draw_by_voltage(page, branches) + lines.draw_links(page, grid)
        rows += _draw_apart(page, branches, _apart(grid)) if "apart" in chosen else []
        rows += _draw_substations(page, grid.buses) if "substations" in chosen else []
        rows += _draw_joins(page, certificate) if "joins" in chosen else []
        strange = _draw_suspicious(page, certificate) if "suspicious" in chosen else []
        rows += _draw_alone(page, grid)
        if extent is None:
            lines.label_zones(page, grid, branches)
        measures = (*lines.zone_rows(page, branches, _shares(page, certificate)), *_counts(certificate))
        return lines.finish(
            page,
            [
                Block(say("Lines\n[kV]"), tuple(rows)),
                Block(
                    say("Worth a look\n[places]" if extent is None else "Worth a look\n[places in view]"),
                    tuple(strange),
                ),
                Block(say("Zone: km in its largest piece,\ndrawn → repaired [%]"), measures),
            ],
        )


def network_map(
    grid: GridTables,
    *,
    value: pd.Series | None = None,
    label: str = "",
    edges: Sequence[float] | None = None,
    ax: Axes | None = None,
    extent: base.Extent | None = None,
    layout: base.Layout | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw the lines of a grid by a figure, such as their loading, or else by voltage.

    Parameters
    ----------
    grid
        `buses`, `lines`, `links`, `areas` and `certificate`.
    value
        Figures >= 0 by line or by corridor; a corridor shows its largest. NaN or not there is unknown.
    label
        What the figures are, with their unit in brackets: the title of the legend.
    edges
        Inner edges of the classes, ascending; round ones if None. [unit of value]
    ax, extent, layout, sources
        As for `repair_map`.
    lang
        "en" or "ja".

    Returns
    -------
    ax
        The axes.

    Raises
    ------
    LayerError
        If a column is missing, or `value` is about none of the lines.
    ValueError
        If `extent` has no size.
    """
    with drawing(lang):
        page = lines.start(grid, ax=ax, extent=extent, layout=layout, sources=sources, tinted=value is None)
        branches = lines.make_branches(grid, page.zones)
        if value is None:
            title, rows = say("Lines\n[kV]"), lines.draw_by_voltage(page, branches)
            zones = Block(say("Zone") + "\n", lines.zone_rows(page, branches, {}))
        else:
            title, zones = shorten(readable(label or value.name), most=44) + "\n", Block("", ())
            figures = lines.figures_of(grid.lines, branches, value)
            rows = lines.draw_by_value(page, branches, figures, edges)
        links = Block(say("Links") + "\n", tuple(lines.draw_links(page, grid)))
        return lines.finish(page, [Block(title, tuple(rows)), links, zones])


def _showable(show: Collection[str] | None, *, part: bool) -> Collection[str]:
    """Return what is to be shown."""
    if show is None:
        return SHOWABLE if part else SHOWABLE[:2]
    chosen = {show} if isinstance(show, str) else set(show)
    if strange := sorted(chosen - set(SHOWABLE)):
        msg = f"show: {', '.join(strange)} is not known; there are {', '.join(SHOWABLE)}"
        raise ValueError(msg)
    return chosen


def _checked(certificate: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the certificate if it has the columns that are read, or no rows."""
    if len(certificate):
        base.need_columns(certificate, "certificate", ("action", "reason", "element", "value", "suspicious"))
    return certificate


def _apart(grid: GridTables) -> Mask:
    """Return which rows of `lines` are not connected with the piece of most km in their zone."""
    table = grid.lines
    if not len(table):
        return np.zeros(0, dtype=bool)
    codes, buses = pd.factorize(pd.concat([table["bus0"], table["bus1"]]))
    one, other = codes.reshape(2, -1)
    joined = coo_array((np.ones(len(table)), (one, other)), shape=(len(buses), len(buses)))
    piece = pd.Series(connected_components(joined, directed=False)[1][one])
    zone = lines.zone_of(grid.buses).reindex(table["bus0"]).fillna("").reset_index(drop=True)
    km = table["length"] if "length" in table else pd.Series(1.0, index=table.index)
    km = km.fillna(0.0).where(~lines.corridors(table).duplicated(), 0.0).reset_index(drop=True)
    largest = km.groupby([zone, piece]).sum().groupby(level=0).idxmax().map(lambda key: key[1])
    return np.asarray(piece.to_numpy() != zone.map(largest).to_numpy())


def _draw_apart(page: Page, branches: Branches, apart: Mask) -> list[Row]:
    """Draw what stays apart from the largest piece of its zone: bold and dashed, in a pale casing."""
    lost = np.flatnonzero(apart[branches.rows])
    if not len(lost):
        return []
    widths = branches.width + BOLDER
    casing, paint = ([PALETTE[colour]] * len(branches.ways) for colour in ("sea", "gap"))
    lines.draw_lines(page, branches, lost, casing, widths + CASING, name="casing", zorder=2.6)
    lines.draw_lines(page, branches, lost, paint, widths, name="apart", zorder=2.7, style="--")
    return [line_row(say("apart from the rest"), colour=PALETTE["gap"], width=1.6, style="--")]


def _draw_substations(page: Page, buses: gpd.GeoDataFrame) -> list[Row]:
    """Mark every substation once."""
    if "substation" not in buses:
        return []
    known = buses[buses["substation"].notna()].drop_duplicates("substation")
    style: Style = {"facecolor": PALETTE["sea"], "edgecolor": PALETTE["ink"], "linewidth": 0.5}
    seen = _mark(page, _points(known), 7.0, "substations", marker="s", zorder=2.9, **style)
    row = marker_row(
        say("substation: {count}", count=number(seen)),
        marker="s",
        size=2.6,
        face=PALETTE["sea"],
        edge=PALETTE["ink"],
    )
    return [row] * bool(seen)


def _draw_alone(page: Page, grid: GridTables) -> list[Row]:
    """Mark buses that neither a line nor a link ends at."""
    tables = [table for table in (grid.lines, grid.links) if len(table)]
    used = {bus for table in tables for end in ("bus0", "bus1") for bus in table[end]}
    ink = PALETTE["ink"]
    places = _points(grid.buses[~grid.buses.index.isin(used)])
    seen = _mark(page, places, 9.0, "buses alone", marker="o", zorder=2.9, color=ink, linewidth=0)
    row = marker_row(
        say("bus without a line: {count}", count=number(seen)), marker="o", size=3.0, face=ink, edge=ink
    )
    return [row] * bool(seen)


def _draw_joins(page: Page, certificate: gpd.GeoDataFrame) -> list[Row]:
    """Mark every join as a dot."""
    if not len(certificate):
        return []
    places = _points(certificate[certificate["action"].eq("join")])
    ink = PALETTE["ink"]
    seen = _mark(page, places, 2.4, "joins", marker="o", zorder=2.95, color=ink, linewidth=0)
    return [
        marker_row(say("join: {count}", count=number(seen)), marker="o", size=1.2, face=ink, edge=ink)
    ] * bool(seen)


def _draw_suspicious(page: Page, certificate: gpd.GeoDataFrame) -> list[Row]:
    """Mark places that deserve a look as open rings by kind, and return the legend with their counts."""
    if not len(certificate):
        return []
    left = certificate[certificate["suspicious"].eq(other=True).fillna(value=False)]
    rows: list[Row] = []
    placeless = int((left.geometry.isna() | left.geometry.is_empty).sum())
    size, words = RING * page.scale, _kind_words()
    for kind in KINDS:
        here = kind.rows(left).to_numpy(bool)
        style: Style = {
            "marker": kind.marker,
            "facecolor": "none",
            "edgecolor": kind.colour,
            "linewidth": 0.7,
        }
        name = words[kind.name]
        seen = _mark(page, _points(left[here]), size**2, name, zorder=3.4, **style)
        left = left[~here]
        if seen:
            text = say("{words}: {count}", words=name, count=number(seen))
            rows.append(marker_row(text, marker=kind.marker, size=size, face="none", edge=kind.colour))
    return rows + [words_row(say("without a place: {count}", count=number(placeless)))] * bool(placeless)


def _mark(page: Page, places: Floats, area: float, name: str, *, zorder: float, **style: object) -> int:
    """Mark places on every frame that shows them, and return how many are on the map."""
    seen = places[page.inside(places)]
    keywords: Style = {"label": name, "zorder": zorder, **style}
    for frame in page.frames:
        here = seen[base.inside(seen[:, 0], seen[:, 1], frame.extent)]
        frame.ax.scatter(here[:, 0], here[:, 1], area, **keywords)
    return len(seen)


def _points(rows: gpd.GeoDataFrame) -> Floats:
    """Return the places of the rows that have one, shape (places, 2)."""
    points = rows.geometry[rows.geometry.notna() & ~rows.geometry.is_empty]
    return np.column_stack([points.x, points.y]).astype(float)


def _because(rows: pd.DataFrame, reason: str) -> pd.Series:
    return rows["reason"].fillna("").astype(str).str.startswith(reason)


def _measures(certificate: gpd.GeoDataFrame) -> Mapping[tuple[object, object], float]:
    """Return the figures of a certificate by what they measure, and of what."""
    if not len(certificate):
        return {}
    found = certificate[certificate["action"].eq("measure")]
    figures = zip(found["reason"], found["element"], found["value"].astype(float), strict=True)
    return {(reason, element): value for reason, element, value in figures}


def _shares(page: Page, certificate: gpd.GeoDataFrame) -> Mapping[str, str]:
    """Return the share of km in the largest component of each zone, as drawn and repaired, in words. [%]"""
    value = _measures(certificate)
    words = {}
    for zone in page.zones:
        shares = [value.get((LARGEST + when, zone), np.nan) for when in ("as drawn", "repaired")]
        if np.isfinite(shares).any():
            told = [f"{100 * share:.1f}" if np.isfinite(share) else say("unknown") for share in shares]
            words[zone] = " → ".join(told)
    return words


def _counts(certificate: gpd.GeoDataFrame) -> list[Row]:
    """Return rows that say how many joins were made, and how many branches cross zones."""
    if not len(certificate):
        return []
    across = _measures(certificate).get(ACROSS, np.nan)
    rows = [words_row(say("joins made: {count}", count=number(int(certificate["action"].eq("join").sum()))))]
    return rows + [words_row(say("branches across zones: {count}", count=number(across)))] * bool(
        np.isfinite(across)
    )
