"""The reachable-power curve: how much spare power comes within reach as more milliseconds are tolerated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from three_mismatches.language import Language, names_of, say
from three_mismatches.maps import base
from three_mismatches.maps.legend import footer_height, text_width, wrap
from three_mismatches.maps.style import NOTHING, PALETTE, SIZES, Style, drawing, number, readable, shorten
from three_mismatches.maps.terms import use_word

__all__ = ["reach_curve"]

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 7.2, 4.6
LEFT, RIGHT, ABOVE, BELOW = 0.72, 1.75, 0.62, 0.55
"""Inches: the figure, and what is around its axes; names stand in the right margin."""

BANDS = ("#9CC4E4", "#D3E5F2")
"""Fillings of neighbouring areas, in turns: a dark and a light tint of power."""

DASHES = ((0, (4.0, 1.4)), (0, (1.2, 1.2)), (0, (7.0, 1.4, 1.2, 1.4)))
NAME_STEP = 9.6
"""Least distance between two names in the margin. [pt]"""


class ReachCurves(Protocol):
    """What the picture reads; `mismatch.Reach` is one."""

    @property
    def areas(self) -> pd.DataFrame:
        """Index area; `spare_mw`. [MW]"""

    @property
    def budget_ms(self) -> pd.Series:
        """Index use. [ms]"""

    @property
    def origin(self) -> Mapping[str, pd.DataFrame]:
        """Rows with their sources; those of Areas have names."""

    def curve(self, *, use: str, area: str | None = None, within_km: float = np.inf) -> pd.DataFrame:
        """Return `rtt_ms` and `reachable_mw`, step by step."""

    def reachable_mw(
        self, ms: float, *, use: str, area: str | None = None, within_km: float = np.inf
    ) -> float:
        """Return what is within reach. [MW]"""


def reach_curve(
    reach: ReachCurves,
    *,
    use: str,
    within_km: Sequence[float] = (10.0, 50.0),
    ax: Axes | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw spare power within reach against the round trip that is tolerated, one band for each area.

    Parameters
    ----------
    reach
        From `mismatch.reach`.
    use
        Whose hubs are to be reached; its budget is marked.
    within_km
        At most three lengths of fibre to build: for each a line shows what of the total needs no more. [km]
    ax
        Where to draw, with room to its right for names; a new figure if None.
    sources
        Texts of the source line; None reads them from `reach.origin`, () leaves the line out.
    lang
        "en" or "ja".

    Returns
    -------
    ax
        The axes: milliseconds to the right, MW upwards.

    Raises
    ------
    ValueError
        If the use is unknown, or there are more than three lengths.
    """
    with drawing(lang):
        if len(within_km) > len(DASHES):
            msg = f"within_km has {len(within_km)} lengths; at most {len(DASHES)} can be told apart"
            raise ValueError(msg)
        curve = reach.curve(use=use)
        footer = base.source_line(_sources(reach.origin) if sources is None else sources)
        own = ax is None
        ax = _new_axes(footer) if ax is None else ax
        budget = float(reach.budget_ms[use])
        end = _end(curve["rtt_ms"].to_numpy(), budget)
        top = _draw_bands(ax, reach, use, end)
        _frame(ax, end, use)
        _draw_lengths(ax, reach, use, within_km, end)
        _draw_budget(ax, reach, use, budget, top)
        if own and footer:
            _write_footer(ax, footer)
        return ax


def _sources(origin: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """Return the texts of the source line; plants, which have many licences, are named without."""
    tables = dict(origin)
    if "Plants" in tables:
        tables["Plants"] = tables["Plants"].assign(licence=say("licences in the table of plants"))
    return base.source_texts(tables)


def _new_axes(footer: str) -> Axes:
    below = BELOW + (footer_height(footer, WIDTH - LEFT - 0.2) + 0.12 if footer else 0.0)
    height = HEIGHT + below - BELOW
    figure = base.new_figure(WIDTH, height)
    wide, tall = WIDTH - LEFT - RIGHT, height - ABOVE - below
    return figure.add_axes((LEFT / WIDTH, below / height, wide / WIDTH, tall / height))


def _end(ms: Floats, budget: float) -> float:
    """Return where the picture ends: a little beyond the last step and the budget, unless that lies far out. [ms]"""
    last = float(ms.max())
    seen = max(last, budget) if np.isfinite(budget) and budget < 3.0 * last else last
    return max(1.06 * seen, 1.0)


def _draw_bands(ax: Axes, reach: ReachCurves, use: str, end: float) -> float:
    """Fill one band for each area, those that come within reach first at the bottom; return the height of all. [MW]"""
    curves = {area: reach.curve(use=use, area=str(area)) for area in reach.areas.index}
    some = {area: curve for area, curve in curves.items() if curve["reachable_mw"].iloc[-1] > NOTHING}
    order = sorted(some, key=lambda area: (_half_way(some[area]), str(area)))
    grid = np.unique(np.concatenate([[0.0, end], *(some[area]["rtt_ms"] for area in order)]))
    floor = np.zeros(grid.size)
    middles = []
    for number_, area in enumerate(order):
        step = np.searchsorted(some[area]["rtt_ms"].to_numpy(), grid, side="right") - 1
        ceiling = floor + some[area]["reachable_mw"].to_numpy()[step]
        style: Style = {"facecolor": BANDS[number_ % 2], "edgecolor": "none", "zorder": 2}
        ax.fill_between(grid, floor, ceiling, step="post", **style)
        ax.step(grid, ceiling, where="post", color=PALETTE["sea"], linewidth=0.6, zorder=2.1)
        middles.append((floor[-1] + ceiling[-1]) / 2)
        floor = ceiling
    ax.step(grid, floor, where="post", color=PALETTE["power"], linewidth=1.6, zorder=3, clip_on=False)
    height = max(float(floor[-1]), 1.0)
    # Above the curve there is room for the budget's name and a legend of three rows.
    ax.set_ylim(0.0, 1.24 * height)
    _write_names(ax, [_told(reach, area, some[area]) for area in order], middles)
    return height


def _half_way(curve: pd.DataFrame) -> float:
    """Return the round trip within which half of an area's power lies. [ms]"""
    mw = curve["reachable_mw"].to_numpy()
    return float(curve["rtt_ms"].to_numpy()[np.searchsorted(mw, mw[-1] / 2)])


def _told(reach: ReachCurves, area: object, curve: pd.DataFrame) -> str:
    names = names_of(reach.origin["Areas"]) if "Areas" in reach.origin else pd.Series(dtype=object)
    name = shorten(readable(names.get(area)) or readable(area), most=18)
    return f"{name}  {number(float(curve['reachable_mw'].iloc[-1]))} MW"


def _write_names(ax: Axes, texts: Sequence[str], middles: Sequence[float]) -> None:
    """Write names beside the bands' ends, apart from each other, with a leader to each."""
    low, high = ax.get_ylim()
    points = ax.get_window_extent().height * 72.0 / ax.get_figure(root=True).dpi  # type: ignore[union-attr]
    step = NAME_STEP * (high - low) / points
    heights = spread(np.array(middles, dtype=float), step=step, low=low + step / 2)
    for text, middle, height in zip(texts, middles, heights, strict=True):
        edge = ax.get_yaxis_transform()
        ax.plot([1.0, 1.025, 1.045], [middle, height, height], transform=edge, clip_on=False,
                color=PALETTE["quiet"], linewidth=0.5)  # fmt: skip
        ax.text(1.055, height, text, transform=edge, va="center", size=SIZES["label"], color=PALETTE["ink"])


def spread(heights: Floats, *, step: float, low: float) -> Floats:
    """
    Return ascending heights moved apart until neighbours are `step` from each other and none is below `low`.

    Examples
    --------
    >>> spread(np.array([1.0, 1.0, 5.0]), step=2.0, low=0.0)
    array([0., 2., 5.])
    """
    groups: list[tuple[list[float], float]] = []
    for height in heights:
        members, base_height = [float(height)], float(height)
        while groups and groups[-1][1] + step * len(groups[-1][0]) > base_height:
            members = groups.pop()[0] + members
            middle = float(np.mean([each - step * place for place, each in enumerate(members)]))
            base_height = max(middle, low)
        groups.append((members, max(base_height, low)))
    return np.array([start + step * place for members, start in groups for place in range(len(members))])


def _draw_lengths(ax: Axes, reach: ReachCurves, use: str, within_km: Sequence[float], end: float) -> None:
    """Draw what of the total needs no more than each length of fibre to build."""
    for dash, km in zip(DASHES, sorted(within_km), strict=False):
        curve = reach.curve(use=use, within_km=km)
        ms, mw = (np.append(curve[name], last) for name, last in (("rtt_ms", end), ("reachable_mw", np.nan)))
        mw[-1] = mw[-2]
        label = say("at most {km} km of fibre to build: {mw} MW", km=number(km), mw=number(float(mw[-1])))
        ax.step(
            ms, mw, where="post", color=PALETTE["ink"], linewidth=1.0, linestyle=dash, zorder=3.2, label=label
        )
    if len(within_km):
        style: Style = {
            "loc": "upper left",
            "frameon": False,
            "handlelength": 2.8,
            "fontsize": SIZES["label"],
        }
        ax.legend(**style, borderaxespad=0.2, bbox_to_anchor=(0.0, 1.0), labelcolor=PALETTE["ink"])


def _draw_budget(ax: Axes, reach: ReachCurves, use: str, budget: float, top: float) -> None:
    """Mark the budget and what is within it."""
    spare = float(reach.areas["spare_mw"].sum())
    if not np.isfinite(budget):
        words = say("{mw} MW to spare; no budget is known", mw=number(spare))
    else:
        reached = number(reach.reachable_mw(budget, use=use))
        words = say(
            "Within the budget of {ms} ms: {reached} of {mw} MW",
            ms=number(budget),
            reached=reached,
            mw=number(spare),
        )
        if budget <= ax.get_xlim()[1]:
            ax.plot([budget, budget], [0.0, top], color=PALETTE["gap"], linewidth=1.2, zorder=3.4)
            # Above all curves, and short of the frame's right end.
            side: Style = {"ha": "right" if budget > 0.95 * ax.get_xlim()[1] else "center", "va": "bottom"}
            ax.annotate(f"{number(budget)} ms", (budget, top), (0, 2.0), textcoords="offset points",
                        color=PALETTE["gap"], size=SIZES["label"], zorder=3.5, **side)  # fmt: skip
    lost = spare - float(reach.curve(use=use)["reachable_mw"].iloc[-1])
    words += say("; {mw} MW have no fibre path", mw=number(lost)) if lost > NOTHING else ""
    _write_above(ax, words, up=5.0, size="text", weight="normal", colour="quiet")


def _frame(ax: Axes, end: float, use: str) -> None:
    ax.set_xlim(0.0, end)
    ax.set_xlabel(say("Round trip that is tolerated [ms]"), size=SIZES["text"], color=PALETTE["ink"])
    ax.set_ylabel(say("Spare power within reach [MW]"), size=SIZES["text"], color=PALETTE["ink"])
    ax.yaxis.set_major_formatter(lambda value, _: number(float(value)))
    ax.tick_params(labelsize=SIZES["label"], colors=PALETTE["quiet"], width=0.6, length=3.0)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set(color=PALETTE["frame"], linewidth=0.6)
    heading = say(
        "Power and fibre: spare power that {use} could reach", use=shorten(use_word(readable(use)), most=24)
    )
    _write_above(ax, heading, up=18.0, size="panel", weight="bold", colour="ink")


def _write_above(ax: Axes, words: str, *, up: float, size: str, weight: str, colour: str) -> None:
    style: Style = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "left", "va": "bottom"}
    ax.annotate(words, (0, 1), (0, up), size=SIZES[size], weight=weight, color=PALETTE[colour],
                annotation_clip=False, **style)  # fmt: skip


def _write_footer(ax: Axes, footer: str) -> None:
    width = text_width(ax) + (RIGHT - 0.2) * 72.0
    words = wrap(footer, width=width, size=SIZES["small"])
    style: Style = {"size": SIZES["small"], "color": PALETTE["quiet"], "va": "top", "linespacing": 1.2}
    ax.annotate(words, (0, 0), (0, -34.0), xycoords="axes fraction", textcoords="offset points",
                annotation_clip=False, **style).set_label("sources")  # fmt: skip
