"""How firm an order is: the rank of each site as the study is, and its range over many draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from three_mismatches.language import Language, names_of, say
from three_mismatches.maps import base
from three_mismatches.maps.labels import root_figure
from three_mismatches.maps.style import NO_GLYPH, PALETTE, SIZES, Style, drawing, number, readable, shorten

__all__ = ["rank_stability"]

COLUMNS = ("rank_as_it_is", "top_share", "rank_p10", "rank_p50", "rank_p90")
WIDTH, LEFT, RIGHT, ABOVE, BELOW = 7.2, 2.25, 0.95, 0.92, 0.95
"""Inches: the figure, and what is around its axes: names, shares, headings, and the legend."""

ROW_HEIGHT = 0.185
"""Height of a site's row. [inch]"""

APART = 3
"""So many sites of one rank still get rows of their own; more are told in one row."""

BEYOND = 1.6
"""The axis ends at so many times the last place that is shown; what is farther is told as a number."""

NAME_LENGTH = 36
RANGE = "#B9CFE0"


class Ranks(Protocol):
    """What the picture reads; `Ensemble.rank_stability` returns one."""

    @property
    def sites(self) -> pd.DataFrame:
        """Index site, the first first: `rank_as_it_is`, `top_share`, `rank_p10`, `rank_p50`, `rank_p90`, `draws`."""

    @property
    def kendall_tau(self) -> pd.Series:
        """Index draw: how alike the order is to that of the study. [-]"""

    @property
    def top(self) -> int:
        """How many places count."""


@dataclass(frozen=True)
class Line:
    """One row: a site, or several that share one rank; `first` and `last` are the places that they stand on."""

    words: str
    first: float
    last: float
    low: float = np.nan
    middle: float = np.nan
    high: float = np.nan
    share: float = np.nan
    sites: int = 1


def rank_stability(
    ranks: Ranks,
    *,
    sites: gpd.GeoDataFrame | None = None,
    most: int = 20,
    ax: Axes | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw how firm the order of sites is: the rank of each as the study is, and its range over the draws.

    Equal sites have no order. Up to three of them are drawn over all the places that they share, more in one row.

    Parameters
    ----------
    ranks
        What `Ensemble.rank_stability` returns.
    sites
        Read for names; without, sites are called by their ids.
    most
        So many of the first sites are shown.
    ax
        Where to draw, with room to its left for names; a new figure if None.
    lang
        `"en"` or `"ja"`.

    Returns
    -------
    ax
        The axes: places to the right, the first site on top.

    Raises
    ------
    LayerError
        If a column is missing.
    ValueError
        If `most` is below 1.
    """
    if most < 1:
        msg = f"most must be at least 1, not {most!r}"
        raise ValueError(msg)
    base.need_columns(ranks.sites, "ranks", COLUMNS)
    with drawing(lang):
        lines = _lines(ranks.sites, sites, most)
        ax = _new_axes(len(lines)) if ax is None else ax
        end = BEYOND * max([each.last for each in lines if each.sites <= APART], default=0.0)
        end = max(end, ranks.top + 2.0, 5.0)
        _frame(ax, lines, end)
        for at, line in enumerate(lines):
            _draw_line(ax, at, line, end)
        _mark_top(ax, ranks.top, len(lines))
        _write_above(ax, ranks)
        _write_legend(ax, ranks.top)
    return ax


def _lines(rows: pd.DataFrame, sites: gpd.GeoDataFrame | None, most: int) -> list[Line]:
    """Return the rows of the picture: the first sites, those of one rank together where they are many."""
    known = rows[rows["rank_as_it_is"].notna()].sort_values("rank_as_it_is", kind="stable")
    names = _names(known.index, sites)
    lines: list[Line] = []
    shown = 0
    for rank, equals in known.groupby("rank_as_it_is", sort=True):
        if shown >= most:
            break
        half = (len(equals) - 1) / 2
        span = (float(rank) - half, float(rank) + half)  # type: ignore[arg-type]
        if len(equals) > APART:
            words = say("{count} sites that are equal", count=number(len(equals)))
            lines.append(Line(words, *span, sites=len(equals)))
            shown += len(equals)
            continue
        for site, row in list(equals.iterrows())[: most - shown]:
            low, middle, high = (float(row[f"rank_p{share}"]) for share in (10, 50, 90))
            lines.append(Line(names[site], *span, low, middle, high, share=float(row["top_share"])))
            shown += 1
    return lines


def _names(index: pd.Index, sites: gpd.GeoDataFrame | None) -> dict[object, str]:
    """Return what readers call each site; its id where it has no name that can be drawn."""
    table = pd.DataFrame(index=index) if sites is None else pd.DataFrame(sites).reindex(index)
    found = {}
    for site, name in names_of(table).items():
        words = readable(name)
        words = words if words.replace(NO_GLYPH, "").strip() else readable(site)
        found[site] = shorten(words, most=NAME_LENGTH)
    return found


def _new_axes(rows: int) -> Axes:
    tall = ROW_HEIGHT * max(rows, 3)
    height = ABOVE + tall + BELOW
    figure = base.new_figure(WIDTH, height)
    box = (LEFT / WIDTH, BELOW / height, (WIDTH - LEFT - RIGHT) / WIDTH, tall / height)
    return figure.add_axes(box)


def _frame(ax: Axes, lines: Sequence[Line], end: float) -> None:
    ax.set(xlim=(0.4, end), ylim=(max(len(lines), 3) - 0.4, -0.6))
    ax.set_yticks(range(len(lines)), [line.words for line in lines])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1.0 else "")
    ax.tick_params(axis="x", labelsize=SIZES["label"], colors=PALETTE["quiet"], width=0.6, length=3.0)
    ax.tick_params(axis="y", labelsize=SIZES["label"], labelcolor=PALETTE["ink"], length=0.0)
    ax.set_xlabel(say("Place in the order, 1 is the largest"), size=SIZES["text"], color=PALETTE["ink"])
    ax.grid(axis="x", color=PALETTE["none"], linewidth=0.5)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set(color=PALETTE["frame"], linewidth=0.6)


def _draw_line(ax: Axes, at: int, line: Line, end: float) -> None:
    """Draw the range of the draws, their median, the place as the study is, and the share in the first."""
    _draw_equals(ax, at, line, end)
    if np.isfinite([line.low, line.high]).all() and line.low <= end:
        high = min(line.high, end)
        ax.barh(
            at, max(high - line.low, 0.0), left=line.low, height=0.56, color=RANGE, zorder=2, label="range"
        )
    if line.middle <= end:
        ends = [at - 0.28, at + 0.28]
        ax.plot([line.middle] * 2, ends, color=PALETTE["power"], linewidth=2.2, zorder=3, label="median")
    if line.high > end:
        _tell_beyond(ax, at, line, end)
    if line.sites == 1 and line.first == line.last <= end:
        style: Style = {
            "facecolor": PALETTE["sea"],
            "edgecolor": PALETTE["ink"],
            "linewidth": 0.9,
            "zorder": 4,
        }
        ax.scatter(line.first, at, s=17, label="place", **style)
    if np.isfinite(line.share):
        told: Style = {"transform": ax.get_yaxis_transform(), "va": "center", "ha": "right"}
        ax.text(1.13, at, f"{100.0 * line.share:.0f}%", size=SIZES["label"], color=PALETTE["ink"], **told)


def _draw_equals(ax: Axes, at: int, line: Line, end: float) -> None:
    """Draw the places that equal sites share as one open bar: none of them has one of its own."""
    if line.last <= line.first:
        return
    start, stop = line.first - 0.5, min(line.last + 0.5, end)
    style: Style = {
        "facecolor": "none",
        "edgecolor": PALETTE["quiet"],
        "linewidth": 0.7,
        "hatch": "....",
        "zorder": 3,
    }
    ax.barh(at, max(stop - start, 0.0), left=start, height=0.5, label="equal", **style)
    if line.sites > 1:
        words = say("places {first} to {last}", first=number(line.first), last=number(line.last))
        ground: Style = {"facecolor": PALETTE["sea"], "linewidth": 0, "boxstyle": "square,pad=0.15"}
        middle = (max(start, 0.4) + stop) / 2
        ax.text(middle, at, words, size=SIZES["small"], ha="center", va="center", zorder=5, bbox=ground)


def _tell_beyond(ax: Axes, at: int, line: Line, end: float) -> None:
    """Write how far a range goes that ends beyond the picture."""
    style: Style = {
        "size": SIZES["small"],
        "color": PALETTE["quiet"],
        "ha": "right",
        "va": "center",
        "zorder": 5,
    }
    if line.middle > end:
        told = say("median {place} →", place=_place(line.middle))
    else:
        told = say("to {place} →", place=_place(line.high))
    ground: Style = {"facecolor": PALETTE["sea"], "alpha": 0.8, "linewidth": 0, "boxstyle": "square,pad=0.1"}
    ax.text(end, at, told, bbox=ground, **style)


def _place(rank: float) -> str:
    return f"{rank:,.1f}".removesuffix(".0")


def _mark_top(ax: Axes, top: int, rows: int) -> None:
    style: Style = {
        "color": PALETTE["gap"],
        "linewidth": 1.0,
        "linestyle": "--",
        "zorder": 1.5,
        "label": "top",
    }
    ax.plot([top + 0.5] * 2, [-0.6, max(rows, 3) - 0.4], **style)


def _write_above(ax: Axes, ranks: Ranks) -> None:
    """Write the heading, how alike the draws' orders are to the study's, and what the shares are of."""
    style: Style = {"xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False}
    left: Style = {"ha": "left", "va": "bottom", **style}
    quiet: Style = {"size": SIZES["text"], "color": PALETTE["quiet"]}
    start = -LEFT * 72.0 + 18.0
    heading = say("How firm the order of sites is")
    ax.annotate(heading, (0, 1), (start, 36), size=SIZES["panel"], weight="bold", **left)
    ax.annotate(_alike(ranks.kendall_tau), (0, 1), (start, 23), **quiet, **left)
    among = say("among the\nfirst {top}", top=number(ranks.top))
    ax.annotate(among, (1.13, 1), (0, 4), ha="right", va="bottom", size=SIZES["small"], color=PALETTE["quiet"],
                linespacing=1.1, **style)  # fmt: skip


def _alike(tau: pd.Series) -> str:
    """Return how alike the orders are; where all are equal there is none."""
    known = tau.dropna()
    draws = number(len(tau))
    if known.empty:
        return say("{draws} draws; all sites are equal, so there is no order", draws=draws)
    low, middle = (f"{known.quantile(share):.2f}" for share in (0.1, 0.5))
    return say(
        "{draws} draws; Kendall's tau with the order of the study: median {middle}, in nine of ten {low} or more",
        draws=draws, middle=middle, low=low,
    )  # fmt: skip


def _write_legend(ax: Axes, top: int) -> None:
    """Hang the legend below: what dot, bar and stroke are, and what is done with equals."""
    drawn: list[Any] = [*ax.collections, *ax.containers, *ax.lines]
    seen = {artist.get_label(): artist for artist in drawn}
    words = {
        "place": say("as the study is"),
        "median": say("median of the draws"),
        "range": say("10 to 90% of the draws"),
        "equal": say("equal: these places are shared"),
        "top": say("first {top}", top=number(top)),
    }
    shown = [name for name in words if name in seen]
    style: Style = {"frameon": False, "fontsize": SIZES["label"], "handlelength": 1.6, "columnspacing": 1.4}
    below = ax.transAxes + ScaledTranslation(0.25 - LEFT, -0.46, root_figure(ax).dpi_scale_trans)
    place: Style = {"loc": "upper left", "bbox_to_anchor": (0.0, 0.0), "bbox_transform": below}
    key = ax.legend(
        [seen[name] for name in shown], [words[name] for name in shown], ncols=5, **style, **place
    )
    key.set_in_layout(False)
    note: Style = {"size": SIZES["small"], "color": PALETTE["quiet"], "ha": "left", "va": "bottom"}
    text = say(
        "Equal sites have no order; a site that falls among equals is drawn at the middle of their places."
    )
    ax.text(
        0.0,
        0.0,
        text,
        transform=below + ScaledTranslation(0.05, -0.4, root_figure(ax).dpi_scale_trans),
        **note,
    )
