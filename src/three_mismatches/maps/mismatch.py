"""The three mismatches side by side: sites-power, sites-fibre, power-fibre."""

from __future__ import annotations

from typing import Protocol

import geopandas as gpd
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from three_mismatches.language import Language, say
from three_mismatches.maps import base
from three_mismatches.maps.legend import LEGEND_HEIGHT, footer_height, wrap
from three_mismatches.maps.panels import fibre_map, marked_hubs, power_map, reach_map
from three_mismatches.maps.style import PALETTE, SIZES, Style, drawing, readable, shorten
from three_mismatches.maps.terms import demand_word, study_word

__all__ = ["mismatch_map"]

WIDTH = 12.8
NARROW = 3.7
SIDE, BETWEEN = 0.25, 0.22
ABOVE, BELOW = 0.98, 0.18
"""Inches: the figure's width, that of a narrow panel, margins, room for titles, and what is clear below the legends."""


class FibreTables(Protocol):
    """The fibre network of a result."""

    @property
    def fibre_nodes(self) -> gpd.GeoDataFrame:
        """Points, indexed by node."""

    @property
    def fibre_routes(self) -> pd.DataFrame:
        """Routes between nodes, with or without lines."""


class MapTables(Protocol):
    """What the composed map reads of a result."""

    @property
    def sites(self) -> gpd.GeoDataFrame:
        """One row per site."""

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """Service areas."""

    @property
    def ties(self) -> pd.DataFrame:
        """Ties between areas."""

    @property
    def fibre(self) -> FibreTables:
        """The fibre network."""

    @property
    def hubs(self) -> gpd.GeoDataFrame:
        """What the sites must reach."""

    @property
    def settings(self) -> object:
        """Has `name`, `year` and `demand`, or some of them."""


def mismatch_map(
    result: MapTables,
    *,
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    sources: tuple[str, ...] | None = None,
    layout: base.Layout | None = None,
    lang: Language = "en",
) -> Figure:
    """
    Draw the three mismatches of a result on three maps of the same land.

    Parameters
    ----------
    result
        Has `sites`, `areas`, `ties`, `fibre` (with `fibre_nodes`, `fibre_routes`), `hubs` and `settings`.
    title
        Above the maps; None names the study, its year and its demand.
    figsize
        Width and height; None fits the height to the land. [inch]
    sources
        Texts of the source line; None reads them from the tables, () leaves the line out.
    layout
        Extent and insets; that of the result, or `base.layout_of(result.areas)`, if None.
    lang
        "en" or "ja".

    Returns
    -------
    figure
        Three axes; hand it to `save`, or to a notebook as it is.

    Raises
    ------
    LayerError
        If a table lacks a column that is drawn.
    """
    with drawing(lang):
        layout = layout or getattr(result, "layout", None) or base.layout_of(result.areas)
        nodes, routes, hubs = result.fibre.fibre_nodes, result.fibre.fibre_routes, marked_hubs(result.hubs)
        tables = {
            "Sites": result.sites,
            "Areas": result.areas,
            "Ties": result.ties,
            "Fibre": routes,
            "Hubs": hubs,
            "Borders": layout.borders,
        }
        line = base.source_line(base.source_texts(tables) if sources is None else sources)
        figure, axes = _frames(figsize, layout, line)
        shared: Style = {"layout": layout, "sources": (), "lang": lang}
        power_map(result.sites, result.areas, ties=result.ties, ax=axes[0], **shared)
        fibre_map(result.sites, nodes, routes, areas=result.areas, hubs=hubs, ax=axes[1], **shared)
        reach_map(result.areas, ax=axes[2], **shared)
        lines = "model" in result.sites and result.sites["model"].eq("line").any()
        for ax, (heading, question) in zip(axes, _headings(area_model=bool(lines)), strict=True):
            _write_heading(ax, heading, question)
        _write_title(figure, _default_title(result) if title is None else readable(title))
        _write_sources(figure, line)
        return figure


def _headings(*, area_model: bool) -> tuple[tuple[str, str], ...]:
    """Return the heading of each panel and the question that it answers."""
    # The gap that is drawn is that of all sites at once, which the area model tells.
    power = say(
        "What the area model cannot bring to each site"
        if area_model
        else "What the modelled grid cannot bring to each site"
    )
    return (
        (say("1  Sites and power"), power),
        (say("2  Sites and fibre"), say("How far each site is beyond its latency budget")),
        (say("3  Power and fibre"), say("Where power is to spare, and how far that is in light")),
    )


def _frames(figsize: tuple[float, float] | None, layout: base.Layout, line: str) -> tuple[Figure, list[Axes]]:
    """Return a figure with three axes side by side, room above for titles and below for legends."""
    width = figsize[0] if figsize else WIDTH
    panel = (width - 2 * SIDE - 2 * BETWEEN) / 3
    # A tall strip of land must not make a poster of the figure.
    tall = min(panel * layout.ratio, 1.4 * panel)
    # On a narrow panel the blocks of a legend stand in two rows.
    legend = LEGEND_HEIGHT if panel > NARROW else 1.9 * LEGEND_HEIGHT
    below = legend + footer_height(line, width - 2 * SIDE) + BELOW
    height = figsize[1] if figsize else tall + ABOVE + below
    tall = max(height - ABOVE - below, 0.2 * height)
    figure = base.new_figure(width, height)
    bottom = 1 - (ABOVE + tall) / height
    lefts = [(SIDE + at * (panel + BETWEEN)) / width for at in range(3)]
    return figure, [figure.add_axes((left, bottom, panel / width, tall / height)) for left in lefts]


def _write_heading(ax: Axes, heading: str, question: str) -> None:
    style: Style = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "left", "va": "bottom"}
    ax.annotate(heading, (0, 1), (0, 17), size=SIZES["panel"], weight="bold", annotation_clip=False, **style)
    words: Style = {"size": SIZES["text"], "color": PALETTE["quiet"], "annotation_clip": False}
    ax.annotate(question, (0, 1), (0, 5), **words, **style)


def _write_title(figure: Figure, title: str) -> None:
    width, height = figure.get_size_inches()
    figure.text(
        SIDE / width,
        1 - 0.16 / height,
        shorten(title, most=int(width * 8)),
        size=SIZES["title"],
        weight="bold",
        va="top",
    )


def _write_sources(figure: Figure, line: str) -> None:
    width, height = figure.get_size_inches()
    room = (width - 2 * SIDE) * 72.0
    words = wrap(line, width=room, size=SIZES["small"])
    style: Style = {"size": SIZES["small"], "color": PALETTE["quiet"], "va": "bottom", "linespacing": 1.2}
    figure.text(SIDE / width, 0.12 / height, words, **style).set_label("sources")


def _default_title(result: MapTables) -> str:
    """Return the study's name, year and demand, as far as its settings say them."""
    told = [readable(getattr(result.settings, word, None)) for word in ("name", "year", "demand")]
    name, year, demand = told
    when = say("{year}", year=year) if year else ""
    parts = [shorten(study_word(name), most=40), when, demand_word(demand) if demand else ""]
    study = say(", ").join(part for part in parts if part)
    return say("Three mismatches: {study}", study=study) if study else say("Three mismatches")
