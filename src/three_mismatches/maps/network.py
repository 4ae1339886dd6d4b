"""Grids line by line: any figure of the lines, the flows between areas, and what is at its limit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

import pandas as pd
from matplotlib.axes import Axes

from three_mismatches.language import Language, say
from three_mismatches.maps import base, flows, lines
from three_mismatches.maps.labels import place_labels
from three_mismatches.maps.legend import Block
from three_mismatches.maps.lines import GridTables, Page
from three_mismatches.maps.style import drawing, readable, shorten

__all__ = ["LOADING_EDGES", "network_map"]

MORE = re.compile(r"and \d+ more")
"""Ends the list of limiting elements where there are too many to name."""

LOADING_EDGES = (50.0, 80.0, 100.0)
"""Inner edges of the classes of loading, the last one the rating. [%]"""


def network_map(
    grid: GridTables,
    *,
    value: pd.Series | None = None,
    label: str = "",
    edges: Sequence[float] | None = None,
    ties: pd.DataFrame | None = None,
    binding: Collection[str] | None = None,
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
        Figures >= 0 by line or by corridor; a corridor shows its largest. NaN or not there is unknown. Figures that
        are named "loading" and have no label are shares of the rating and drawn in % by `LOADING_EDGES`.
    label
        What the figures are, with their unit in brackets: the title of the legend.
    edges
        Inner edges of the classes, ascending; round ones if None. [unit of value]
    ties
        `area0`, `area1`, `flow_mw` (> 0 leaves area0), `limit_forward`, `limit_reverse` [MW], `binding`: an arrow for
        each two areas, by their interfaces, else by the sum of their links.
    binding
        Ids of lines, corridors, transformers or ties that are at a limit, such as `result.sites["limiting_element"]`,
        where a text may list several; one that comes more often is named first.
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
            figures, title, steps = _in_words(value, label, edges)
            zones = Block("", ())
            rows = lines.draw_by_value(page, branches, lines.figures_of(grid.lines, branches, figures), steps)
        links = Block(say("Links") + "\n", tuple(lines.draw_links(page, grid)))
        limits = _draw_limits(page, grid, ties, [] if binding is None else _ids(binding))
        return lines.finish(page, [Block(title, tuple(rows)), links, limits, zones])


def _ids(binding: Collection[str]) -> list[str]:
    """Return the ids that texts list, as often as they come; what is missing, or only counts others, is none."""
    texts = [text for text in binding if isinstance(text, str)]
    return [
        element for text in texts for element in text.split("; ") if element and not MORE.fullmatch(element)
    ]


def _in_words(
    value: pd.Series, label: str, edges: Sequence[float] | None
) -> tuple[pd.Series, str, Sequence[float] | None]:
    """Return figures, the title of their legend and their classes; shares of the rating become per cent."""
    if value.name == "loading" and not label and edges is None:
        return value * 100.0, say("Loading\n[% of rating]"), LOADING_EDGES
    return value, shorten(readable(label or value.name), most=44) + "\n", edges


def _draw_limits(page: Page, grid: GridTables, ties: pd.DataFrame | None, ids: Sequence[str]) -> Block:
    """Draw flows between areas and mark what is at its limit, name both, and return the legend."""
    ranked = [str(element) for element, _ in Counter(ids).most_common()]
    shown = flows.flows_of(grid.areas, ties, ranked)
    places = flows.limits_of(
        grid, [element for element in ranked if ties is None or element not in ties.index]
    )
    rows = [*flows.draw_limits(page, places), *flows.draw_flows(page, shown)]
    insets = [frame.ax for frame in page.frames[1:]]
    for at, frame in enumerate(page.frames):
        labels, discs = flows.labels_on(page, at, shown, places)
        place_labels(frame.ax, labels, discs=discs, frames=base.fixed_boxes(frame.ax, [] if at else insets))
    return Block(say("Limits") + "\n", tuple(rows))
