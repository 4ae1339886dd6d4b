"""Why this site: what takes its power away step by step, and what its round trip is made of."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from three_mismatches.errors import Fault, LayerError
from three_mismatches.language import Language, names_of, say
from three_mismatches.maps import base
from three_mismatches.maps.legend import footer_height, wrap
from three_mismatches.maps.style import (
    NOTHING,
    PALETTE,
    RAMPS,
    SIZES,
    Style,
    drawing,
    number,
    readable,
    shorten,
)

__all__ = ["latency_waterfall", "power_waterfall", "waterfall"]

RUNGS = ("adequacy_mw", "transport_mw", "secure_mw", "n0_mw", "n1_mw", "joint_mw")
"""What a site could draw as less and less is relaxed: of the area model, of the lines, and with all others."""

PARTS = ("rtt_vacuum_ms", "rtt_glass_ms", "rtt_route_ms", "rtt_policy_ms", "rtt_equipment_ms")
"""What a round trip is made of, in the order in which it is stacked."""

THROUGH = "#9CC4E4"
"""Filling of what still gets through: a light tint of power."""

FACES = (*RAMPS["fibre"][3:0:-1], *RAMPS["fibre"][1:3])
HATCH = "////"
BAR, ROW = 0.30, 1.0
"""Height of a bar, and of a row with the words above and below it."""

WIDTH, ROW_HEIGHT = 5.4, 0.54
SIDE, BETWEEN, ABOVE, BELOW = 0.25, 0.4, 1.12, 0.42
"""Inches: a panel and its rows, and the room round panels."""

ALONE = 0.62
"""Inches above a panel on its own."""

CLOSE = 3
ELEMENT_LENGTH = 36
SHOWN_NAMES = 2


class SiteTables(Protocol):
    """What the composed waterfall reads of a result."""

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
    def hubs(self) -> gpd.GeoDataFrame:
        """What the sites must reach."""


@dataclass(frozen=True)
class Bar:
    """
    One row: its words, the figure at its right end, its bar from `low` to `high`, and the words below it.

    `kept` is what still gets through, `lost` how far up from `high` is missing, `link` where the row above is joined.
    """

    words: str
    figure: str
    low: float
    high: float
    face: str
    below: str = ""
    kept: float = 0.0
    lost: float = 0.0
    link: float = np.nan


def waterfall(
    result: SiteTables, site: str, *, names: Mapping[str, str] | None = None, lang: Language = "en"
) -> Figure:
    """
    Draw why a site is short: what takes its power away, and what its round trip is made of.

    Parameters
    ----------
    result
        Has `sites`, `areas`, `ties` and `hubs`; the last three are read for names.
    site
        Index of the site.
    names
        What readers call whatever else may limit a site or be lost, by its id, such as pockets and units.
    lang
        `"en"` or `"ja"`.

    Returns
    -------
    figure
        Two axes: MW on the left, ms on the right.

    Raises
    ------
    LayerError
        If there is no such site, with the nearest there are, or a column is missing.
    """
    row = _row_of(result.sites, site)
    with drawing(lang):
        called = _names(result) | {str(each): readable(name) for each, name in (names or {}).items()}
        footer = base.source_line(base.source_texts({"Sites": result.sites.loc[[site]]}))
        power, light = _power_bars(row, called), _latency_bars(row, called)
        figure, axes = _two_axes(max(len(power), len(light)), footer)
        _draw_power(axes[0], row, called)
        _draw_latency(axes[1], row, called)
        _write_title(figure, result.sites.loc[[site]], called)
        _write_footer(figure, footer)
    return figure


def power_waterfall(row: pd.Series, *, ax: Axes | None = None, lang: Language = "en") -> Axes:
    """
    Draw what a site asks for down to what it gets: each step by what takes MW away.

    The steps are those rungs of the ladder that the row has: all supply, transport, the worst loss, lines, all other
    sites. Each is counted after those above it, so that the steps add up to the request less what is delivered.

    Parameters
    ----------
    row
        Of `result.sites`: `request_mw` and some of `adequacy_mw`, `transport_mw`, `secure_mw`, `n0_mw`, `n1_mw`,
        `joint_mw`, NaN where the model lacks the rung; also read: `hosting_mw`, `limiting_element`,
        `limiting_outage`, `in_base_mw`, `bound`. [MW]
    ax
        Where to draw; a new figure if None.
    lang
        `"en"` or `"ja"`.

    Returns
    -------
    ax
        The axes, MW to the right.

    Raises
    ------
    LayerError
        If `request_mw` is missing.
    """
    with drawing(lang):
        ax = _one_axes(len(_power_bars(row, {}))) if ax is None else ax
        _draw_power(ax, row, {})
    return ax


def latency_waterfall(row: pd.Series, *, ax: Axes | None = None, lang: Language = "en") -> Axes:
    """
    Draw what a round trip is made of, against its budget.

    Parameters
    ----------
    row
        Of `result.sites`: `rtt_ms` and the five parts that sum to it, `rtt_vacuum_ms`, `rtt_glass_ms`,
        `rtt_route_ms`, `rtt_policy_ms`, `rtt_equipment_ms`; also read: `rtt_low_ms`, `rtt_high_ms`, `budget_ms`,
        `nearest_hub`. inf is no path, NaN unknown. [ms]
    ax
        Where to draw; a new figure if None.
    lang
        `"en"` or `"ja"`.

    Returns
    -------
    ax
        The axes, ms to the right.

    Raises
    ------
    LayerError
        If a column is missing.
    """
    with drawing(lang):
        ax = _one_axes(len(_latency_bars(row, {}))) if ax is None else ax
        _draw_latency(ax, row, {})
    return ax


def _row_of(sites: gpd.GeoDataFrame, site: str) -> pd.Series:
    """Return the row of a site; raise `LayerError` that names the nearest."""
    if site in sites.index:
        row: pd.Series = sites.loc[site]
        return row
    known = [str(each) for each in sites.index]
    near = difflib.get_close_matches(str(site), known, n=CLOSE, cutoff=0.0)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else "The table has no rows"
    raise LayerError([Fault("sites", "site", f"has no {site!r}", hint)])


def _names(result: SiteTables) -> dict[str, str]:
    """Return what readers call ties, areas (also as supply) and hubs, by their ids."""
    found: dict[str, str] = {}
    for table in (result.hubs, result.ties, result.areas):
        if table is not None and len(table):
            names = names_of(table)
            found |= {str(each): readable(name) for each, name in names.items()}
    return found


def _number_in(row: pd.Series, column: str) -> float:
    """Return a figure of the row, NaN where it has none."""
    value = row.get(column, np.nan)
    return float(value) if value is not None and value == value else float("nan")


def _text_in(row: pd.Series, column: str) -> str:
    return readable(row.get(column, ""))


def _power_bars(row: pd.Series, names: Mapping[str, str]) -> list[Bar]:
    """Return the rows of the power panel: what is asked, each rung, and what is delivered."""
    base.need_columns(row.to_frame().T, "row", ("request_mw",))
    request = _number_in(row, "request_mw")
    rungs = {rung: mw for rung in RUNGS if not np.isnan(mw := _number_in(row, rung))}
    if np.isnan(request):
        return [Bar(say("Asked for"), say("not known"), 0.0, 0.0, ""), *_open_bars(row, rungs, names)]
    base_mw = _number_in(row, "in_base_mw")
    drawn = say("of it, {value} MW drawn already", value=number(base_mw)) if base_mw > NOTHING else ""
    bars = [Bar(say("Asked for"), f"{_mw(request)} MW", 0.0, request, PALETTE["demand"], drawn)]
    left = request
    for rung, mw in rungs.items():
        kept = float(min(left, max(mw, 0.0)))
        bars.append(_step(row, rung, mw, (kept, left), names))
        left = kept
    return (
        [*bars, _delivered(left, request)]
        if rungs
        else [*bars, Bar(say("Delivered"), say("not known"), 0, 0, "")]
    )


def _delivered(left: float, request: float) -> Bar:
    """Return the last row: what the site gets, and what is missing."""
    gap = request - left
    if gap <= NOTHING:
        return Bar(
            say("Delivered"),
            f"{_mw(left)} MW",
            0.0,
            left,
            PALETTE["power"],
            say("nothing is missing"),
            link=left,
        )
    told = say("{value} MW; {gap} MW short", value=_mw(left), gap=_mw(gap))
    return Bar(say("Delivered"), told, 0.0, left, PALETTE["power"], lost=request, link=left)


def _open_bars(row: pd.Series, rungs: Mapping[str, float], names: Mapping[str, str]) -> list[Bar]:
    """Return a bar for each rung of a site that does not say what it asks for."""
    return [
        Bar(
            _step_words(rung), say("room for {value} MW", value=_mw(mw)), 0.0, max(mw, 0.0), THROUGH,
            _because(row, rung, names),
        )
        for rung, mw in rungs.items() if rung != "joint_mw"
    ]  # fmt: skip


def _step(row: pd.Series, rung: str, mw: float, span: tuple[float, float], names: Mapping[str, str]) -> Bar:
    """Return the row of one rung: what it leaves, and what it takes away."""
    kept, left = span
    words, why = _step_words(rung), _because(row, rung, names)
    if left - kept > NOTHING:
        figure = f"−{_mw(left - kept)} MW"
        return Bar(words, figure, kept, kept, "", why, kept=kept, lost=left, link=left)
    figure = say("takes nothing") if rung == "joint_mw" else _room(mw, _number_in(row, "request_mw"))
    return Bar(words, figure, left, left, "", why, kept=left, link=left)


def _room(mw: float, request: float) -> str:
    """Return how much a rung would allow, and how many times the request that is."""
    if not np.isfinite(mw) or request <= NOTHING:
        return say("room for {value} MW", value=_mw(mw))
    return say(
        "room for {value} MW, {times} × the request", value=_mw(mw), times=number(round(mw / request, 1))
    )


def _step_words(rung: str) -> str:
    """Return what a rung is in plain words."""
    return {
        "adequacy_mw": say("Generation: all supply that any tie connects"),
        "transport_mw": say("Transport: ties between areas, local limits"),
        "secure_mw": say("Loss of the largest unit or pole"),
        "n0_mw": say("Lines, all of them in service"),
        "n1_mw": say("Loss of any one line"),
        "joint_mw": say("Sharing with all other sites"),
    }[rung]


def _because(row: pd.Series, rung: str, names: Mapping[str, str]) -> str:
    """Return what binds on the rung that hosting is limited by, else nothing."""
    hosting, mw = _number_in(row, "hosting_mw"), _number_in(row, rung)
    element, outage = _text_in(row, "limiting_element"), _text_in(row, "limiting_outage")
    lines = _number_in(row, "n1_mw") < _number_in(row, "secure_mw")
    if not element or rung != ("n1_mw" if lines else "secure_mw") or not abs(hosting - mw) <= NOTHING:
        return ""
    what = _listed([_element(each, names) for each in element.split("; ")])
    if not outage:
        return say("bound by {what}", what=what)
    return say("bound by {what}, with {outage} lost", what=what, outage=_element(outage, names))


def _element(name: str, names: Mapping[str, str]) -> str:
    """Return what readers call an interface, a pocket, a unit, or the supply of an area."""
    if name in names:
        return shorten(names[name], most=ELEMENT_LENGTH)
    kind, colon, rest = name.partition(":")
    known = shorten(names.get(rest, rest) if colon else name, most=26)
    if kind == "capacity" and colon:
        return say("the supply of {area}", area=known)
    return say("unit {name}", name=known) if kind == "unit" and colon else known


def _listed(words: Sequence[str]) -> str:
    shown = say(", ").join(words[:SHOWN_NAMES])
    more = len(words) - SHOWN_NAMES
    return say("{names} and {count} more", names=shown, count=number(more)) if more > 0 else shown


def _mw(value: float) -> str:
    """Return MW to a tenth below 1,000, whole above."""
    if not np.isfinite(value) or abs(value) >= 1_000.0:
        return number(value)
    return f"{value:,.1f}".removesuffix(".0")


def _draw_power(ax: Axes, row: pd.Series, names: Mapping[str, str]) -> None:
    bars = _power_bars(row, names)
    _draw_bars(ax, bars, say("Power [MW]"))
    _write_heading(ax, say("Power: what takes it away"), _power_words(row))


def _power_words(row: pd.Series) -> str:
    """Return what the site could host alone, and how firm that is."""
    hosting, request = _number_in(row, "hosting_mw"), _number_in(row, "request_mw")
    if np.isnan(hosting):
        return say("What the grid could host here is not known")
    loose = _text_in(row, "bound") == "upper"
    if loose:
        told = say("Alone it could draw at most {value} MW (an upper bound)", value=_mw(hosting))
    else:
        told = say("Alone it could draw {value} MW", value=_mw(hosting))
    spare = hosting - request
    if np.isfinite(spare) and spare > NOTHING:
        told += say(": {value} MW more than it asks for", value=_mw(spare))
    return told


def _latency_bars(row: pd.Series, names: Mapping[str, str]) -> list[Bar]:
    """Return the rows of the latency panel: each part, and the whole."""
    base.need_columns(row.to_frame().T, "row", ("rtt_ms", *PARTS))
    rtt, budget = _number_in(row, "rtt_ms"), _number_in(row, "budget_ms")
    hub = _text_in(row, "nearest_hub")
    target = shorten(names.get(hub, hub), most=26)
    whole = say("Round trip to {hub}", hub=target) if target else say("Round trip")
    if not np.isfinite(rtt):
        told = say("no path along the fibre") if np.isinf(rtt) else say("not known")
        return [Bar(whole, told, 0.0, 0.0, "")]
    bars: list[Bar] = []
    start = 0.0
    for part, face in zip(PARTS, FACES, strict=True):
        ms = max(np.nan_to_num(_number_in(row, part)), 0.0)
        figure = f"+{_ms(ms, rtt)} ms" if start > 0.0 and ms > 0.0 else f"{_ms(ms, rtt)} ms"
        bars.append(Bar(_part_words(part), figure, start, start + ms, face, link=start if bars else np.nan))
        start += ms
    low, high = _number_in(row, "rtt_low_ms"), _number_in(row, "rtt_high_ms")
    told = f"{_ms(rtt, rtt)} ms"
    if np.isfinite([low, high]).all():
        told = say(
            "{value} ms ({low} to {high})", value=_ms(rtt, rtt), low=_ms(low, rtt), high=_ms(high, rtt)
        )
    return [*bars, Bar(whole, told, 0.0, rtt, PALETTE["fibre"], _verdict(rtt, budget), link=rtt)]


def _verdict(rtt: float, budget: float) -> str:
    if np.isnan(budget):
        return say("no budget is known for this use")
    away, of = _ms(abs(rtt - budget), rtt), number(budget)
    if rtt - budget > NOTHING:
        return say("{value} ms beyond the budget of {budget} ms", value=away, budget=of)
    return say("{value} ms within the budget of {budget} ms", value=away, budget=of)


def _part_words(part: str) -> str:
    """Return what a part of the round trip is in plain words."""
    return {
        "rtt_vacuum_ms": say("Light in a vacuum, straight"),
        "rtt_glass_ms": say("Light is slower in glass"),
        "rtt_route_ms": say("Detours of the route"),
        "rtt_policy_ms": say("The way through an exchange"),
        "rtt_equipment_ms": say("Equipment"),
    }[part]


def _ms(value: float, rtt: float) -> str:
    """Return ms with as many digits as the other parts of the same round trip."""
    if not np.isfinite(value) or value <= NOTHING:
        return number(value if value > NOTHING or value != value else 0.0)
    return f"{value:,.1f}" if rtt >= 10.0 else f"{value:.2f}"


def _draw_latency(ax: Axes, row: pd.Series, names: Mapping[str, str]) -> None:
    bars = _latency_bars(row, names)
    rtt, budget = _number_in(row, "rtt_ms"), _number_in(row, "budget_ms")
    high = _number_in(row, "rtt_high_ms")
    seen = [mw for mw in (rtt, high, _seen_budget(budget, rtt)) if np.isfinite(mw)]
    _draw_bars(ax, bars, say("Round trip [ms]"), end=max(seen, default=0.0))
    if np.isfinite(rtt):
        _draw_excess(ax, row, len(bars) - 1)
    _draw_budget(ax, budget, rtt)
    _write_heading(ax, say("Round trip: what it is made of"), _latency_words(row, budget, rtt))


def _seen_budget(budget: float, rtt: float) -> float:
    """Return the budget where it is near enough for the picture, else NaN."""
    return budget if not np.isfinite(rtt) or budget <= 4.0 * max(rtt, NOTHING) else float("nan")


def _latency_words(row: pd.Series, budget: float, rtt: float) -> str:
    use = _use(_text_in(row, "use") or "unspecified")
    if np.isnan(budget):
        return say("No budget is known for this use")
    value = number(budget)
    if np.isnan(_seen_budget(budget, rtt)):
        return say("Budget for {use}: {value} ms, farther than is drawn", use=use, value=value)
    return say("Budget for {use}: {value} ms (dashed line)", use=use, value=value)


def _use(use: str) -> str:
    """Return a use in the language that is spoken; one of a user's own as it is."""
    known = {
        "cloud": say("cloud"),
        "colocation": say("colocation"),
        "ai training": say("AI training"),
        "ai inference": say("AI inference"),
        "unspecified": say("use not stated"),
    }
    return known.get(use, shorten(use, most=24))


def _status(status: str) -> str:
    known = {
        "operating": say("operating"),
        "under construction": say("under construction"),
        "planned": say("planned"),
        "announced": say("announced"),
        "retired": say("retired"),
    }
    return known.get(status, shorten(status, most=24))


def _draw_excess(ax: Axes, row: pd.Series, at: int) -> None:
    """Hatch what of the round trip is beyond the budget, and draw its range."""
    rtt, budget = _number_in(row, "rtt_ms"), _number_in(row, "budget_ms")
    if rtt - budget > NOTHING:
        over: Style = {
            "facecolor": PALETTE["gap"],
            "edgecolor": PALETTE["sea"],
            "linewidth": 0.0,
            "zorder": 3.2,
        }
        ax.barh(at, rtt - budget, left=budget, height=BAR, hatch=HATCH, label="beyond", **over)
    low, high = _number_in(row, "rtt_low_ms"), _number_in(row, "rtt_high_ms")
    if np.isfinite([low, high]).all():
        spread = [[max(rtt - low, 0.0)], [max(high - rtt, 0.0)]]
        # Pale below dark: to be seen on a bar and off it.
        for colour, width, label in ((PALETTE["sea"], 3.2, "_"), (PALETTE["ink"], 1.0, "range")):
            style: Style = {
                "color": colour,
                "linewidth": width,
                "capthick": width,
                "zorder": 4,
                "label": label,
            }
            ax.errorbar(rtt, at, xerr=spread, capsize=3.0, **style)


def _draw_budget(ax: Axes, budget: float, rtt: float) -> None:
    if np.isfinite(_seen_budget(budget, rtt)):
        style: Style = {"color": PALETTE["gap"], "linewidth": 1.3, "linestyle": "--", "zorder": 3.5}
        ax.axvline(budget, label="budget", **style)


def _draw_bars(ax: Axes, bars: Sequence[Bar], unit: str, *, end: float = 0.0) -> None:
    """Draw rows from the top, words over the left end of each and figures over its right end."""
    finite = [bar.high for bar in bars if np.isfinite(bar.high)]
    end = max([end, *finite]) or 1.0
    ax.set(xlim=(0.0, 1.02 * end), ylim=(len(bars) - 0.42, -0.72), yticks=[])
    for at, bar in enumerate(bars):
        _draw_bar(ax, at, bar, end)
        _write_row(ax, at, bar)
    ax.set_xlabel(unit, size=SIZES["text"], color=PALETTE["ink"])
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
    ax.tick_params(labelsize=SIZES["label"], colors=PALETTE["quiet"], width=0.6, length=3.0)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set(color=PALETTE["frame"], linewidth=0.6)


def _draw_bar(ax: Axes, at: int, bar: Bar, end: float) -> None:
    """Draw what gets through, the bar itself, what is lost, and what joins it to the row above."""
    style: Style = {"height": BAR, "edgecolor": PALETTE["ink"], "linewidth": 0.5, "zorder": 3}
    if bar.kept > 0.0:
        ax.barh(at, bar.kept, facecolor=THROUGH, label="kept", **style)
    if bar.face:
        ax.barh(at, min(bar.high, end) - bar.low, left=bar.low, facecolor=bar.face, label="bar", **style)
    if bar.lost > bar.high:
        lost: Style = {"facecolor": PALETTE["gap"], "hatch": HATCH, "label": "lost"}
        if bar.face:
            lost |= {
                "facecolor": PALETTE["sea"],
                "edgecolor": PALETTE["gap"],
                "linestyle": "--",
                "label": "missing",
            }
        ax.barh(at, bar.lost - bar.high, left=bar.high, **{**style, **lost})
    if np.isfinite(bar.link):
        heights = [at - ROW + BAR / 2, at - BAR / 2]
        ax.plot([bar.link] * 2, heights, color=PALETTE["quiet"], linewidth=0.5, zorder=2)


def _write_row(ax: Axes, at: int, bar: Bar) -> None:
    edge = ax.get_yaxis_transform()
    above: Style = {"transform": edge, "va": "bottom", "size": SIZES["text"], "color": PALETTE["ink"]}
    # Words stay readable where a line runs behind them.
    ground: Style = {"facecolor": PALETTE["sea"], "linewidth": 0, "boxstyle": "square,pad=0.08"}
    above |= {"zorder": 6, "bbox": ground}
    ax.text(0.0, at - BAR / 2 - 0.07, bar.words, ha="left", **above)
    ax.text(1.0, at - BAR / 2 - 0.07, bar.figure, ha="right", weight="bold", **above)
    if bar.below:
        quiet: Style = {"transform": edge, "size": SIZES["small"], "color": PALETTE["quiet"], "va": "top"}
        quiet |= {"zorder": 5, "bbox": ground}
        ax.text(0.0, at + BAR / 2 + 0.04, bar.below, ha="left", **quiet)


def _write_heading(ax: Axes, heading: str, words: str) -> None:
    style: Style = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "left", "va": "bottom"}
    quiet: Style = {"size": SIZES["text"], "color": PALETTE["quiet"], "annotation_clip": False}
    ax.annotate(heading, (0, 1), (0, 17), size=SIZES["panel"], weight="bold", annotation_clip=False, **style)
    ax.annotate(words, (0, 1), (0, 5), **quiet, **style)


def _one_axes(rows: int) -> Axes:
    tall = ROW_HEIGHT * rows
    height = ALONE + tall + BELOW + 0.08
    figure = base.new_figure(WIDTH + 2 * SIDE, height)
    wide = WIDTH / (WIDTH + 2 * SIDE)
    return figure.add_axes(((1 - wide) / 2, (BELOW + 0.08) / height, wide, tall / height))


def _two_axes(rows: int, footer: str) -> tuple[Figure, list[Axes]]:
    """Return a figure with two axes of one height, room above for titles and below for the source line."""
    width = 2 * (SIDE + WIDTH) + BETWEEN
    tall, below = ROW_HEIGHT * rows, BELOW + 0.22 + footer_height(footer, width - 2 * SIDE)
    height = ABOVE + tall + below
    figure = base.new_figure(width, height)
    lefts = (SIDE, SIDE + WIDTH + BETWEEN)
    box = (below / height, WIDTH / width, tall / height)
    return figure, [figure.add_axes((left / width, *box)) for left in lefts]


def _write_title(figure: Figure, rows: gpd.GeoDataFrame, names: Mapping[str, str]) -> None:
    """Write the site's name, and below it its area, use and status."""
    row = rows.iloc[0]
    width, height = figure.get_size_inches()
    name = shorten(readable(names_of(rows).iloc[0]) or readable(rows.index[0]), most=70)
    area = _text_in(row, "area")
    parts = (names.get(area, area), _use(_text_in(row, "use")), _status(_text_in(row, "status")))
    at, ink = SIDE / width, PALETTE["ink"]
    figure.text(at, 1 - 0.14 / height, name, size=SIZES["title"], weight="bold", va="top", color=ink)
    told = " · ".join(shorten(part, most=30) for part in parts if part)
    figure.text(at, 1 - 0.43 / height, told, size=SIZES["text"], va="top", color=PALETTE["quiet"])


def _write_footer(figure: Figure, footer: str) -> None:
    width, height = figure.get_size_inches()
    words = wrap(footer, width=(width - 2 * SIDE) * 72.0, size=SIZES["small"])
    style: Style = {"size": SIZES["small"], "color": PALETTE["quiet"], "va": "bottom", "linespacing": 1.2}
    figure.text(SIDE / width, 0.1 / height, words, **style).set_label("sources")
