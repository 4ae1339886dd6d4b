"""
One visual language: the palette, the type sizes, and the settings under which every map is drawn and saved.

Lightness alone orders every ramp, so a map keeps its meaning in greyscale;
the hues are apart for the colour-blind.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from numpy.typing import ArrayLike

from three_mismatches.language import Language, say, speaking, spoken
from three_mismatches.maps.folding import SHORT_NAME, shorten

__all__ = [
    "GAP_EDGES",
    "PALETTE",
    "RAMPS",
    "SHORT_NAME",
    "SIZES",
    "breaks",
    "drawing",
    "measure_title",
    "readable",
    "save",
    "shorten",
    "unit_of",
]

Style = dict[str, Any]
"""Keywords for matplotlib."""

PALETTE = {
    "demand": "#D9A53A",
    "power": "#0069A0",
    "fibre": "#329583",
    "gap": "#82231E",
    "ink": "#22252A",
    "quiet": "#5F646B",
    "land": "#EFEDE7",
    "sea": "#FFFFFF",
    "border": "#979186",
    "inner": "#C8C3B8",
    "frame": "#8B8F94",
    "none": "#DDE3EA",
}
"""
Colours by meaning: demand, fibre, power and gap are one hue each and get darker in this order; `border` and `inner`
part areas and what is within them, `none` fills a disc without a gap.
"""

RAMPS: dict[str, tuple[str, ...]] = {
    "gap": ("#EEAF6C", "#DE8140", "#C3562D", "#9F3527", "#6E1F20"),
    "fibre": ("#D2EEE9", "#A6D9D1", "#7CC3B7", "#56AC9D", "#329583"),
    "power": ("#C8DFFB", "#8DBAE8", "#4C96D3", "#1473AC", "#004F7B"),
}
"""Classed ramps, light to dark in even steps of CIE lightness: a gap, a round trip, and a wait for power."""

ZONE_RAMPS: tuple[tuple[str, ...], ...] = (
    ("#92BBDC", "#4090C2", "#026590", "#003B56"),
    ("#80C2B5", "#379888", "#016B5D", "#013F36"),
    ("#CFAACF", "#A978AB", "#814A84", "#502853"),
    ("#D2B180", "#AA823B", "#7C580A", "#493306"),
)
ZONE_TINTS = ("#DBE3EB", "#E6F0EC", "#E1D7E0", "#EFEAE3")
VOLTAGE_RAMP = ("#B3B6B9", "#848A8E", "#5A5F63", "#33373B")
"""Lines by voltage, light to dark: one hue for each synchronous zone, the tint of its land, and no hue at all."""

SIZES = {"title": 14.0, "panel": 10.5, "text": 8.0, "label": 7.2, "small": 6.5}
"""Type sizes [pt]: the figure's title, a panel's, legends, labels on the map, the source line."""

SMALLEST_DISC = 3.2
LARGEST_DISC = 27.0
UNKNOWN_DISC = 3.6
"""Diameters [pt] of the smallest disc that can be seen, of the largest request, and of an unknown request."""

NOTHING = 1e-3
"""A gap below this [MW, ms, km] is drawn as none: a kilowatt, a microsecond or a metre, solver noise."""

FONT = "DejaVu Sans"
JAPANESE = "Three Mismatches Gothic"
"""A subset of BIZ UDPGothic that lies in `fonts` with its licence: a user's machine may have no Japanese font."""

FAMILIES = {"en": [FONT, JAPANESE], "ja": [JAPANESE, FONT]}
"""Fonts of each language, the second for letters that the first lacks."""

NO_GLYPH = "▯"

# Wins over whatever the caller's rcParams say, for the length of one call.
DRAWING: Any = {
    "text.usetex": False,
    "text.parse_math": False,
    "text.color": PALETTE["ink"],
    "axes.unicode_minus": True,
    "lines.solid_capstyle": "butt",
    "lines.dashed_pattern": [3.7, 1.6],
    "path.simplify": True,
}
SAVING: Any = {
    "svg.hashsalt": "three_mismatches",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "savefig.bbox": None,
}

# Without these a file tells when and by which version it was made, and no two are equal.
METADATA: dict[str, dict[str, str | None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}

UNITS = {"mw": "MW", "ms": "ms", "km": "km", "twh": "TWh"}
DIRECTIONS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of all that follows them, our own words too."""

CROWD = 500
"""Sites on one frame of a map beyond which they are drawn as pixels."""

QUANTILE = re.compile(r"_p\d+$")
"""Ends the name of a column that holds a quantile: the unit stands before it."""


@contextmanager
def drawing(lang: Language = "en") -> Iterator[None]:
    """
    Draw in a language under our own settings; afterwards the caller's are as before.

    Parameters
    ----------
    lang
        "en" or "ja".

    Raises
    ------
    ValueError
        If there is no such language.
    """
    with speaking(lang), own_settings():
        yield


@contextmanager
def own_settings(extra: Style | None = None) -> Iterator[None]:
    """Draw under matplotlib's defaults and our own settings; afterwards the caller's are as before."""
    add_fonts()
    settings: Any = {**DRAWING, "font.family": FAMILIES[spoken()], **(extra or {})}
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(settings)
        yield


@functools.cache
def add_fonts() -> tuple[Path, ...]:
    """Add our fonts, under a name of their own, to those that matplotlib knows; return where they lie."""
    found = tuple(sorted((Path(__file__).parent / "fonts").glob("*.ttf")))
    for path in found:
        font_manager.fontManager.addfont(path)
    return found


def save(figure: Figure, path: str | Path, *, dpi: float = 200.0) -> Path:
    """
    Write a figure to a file; the same figure gives the same bytes.

    Parameters
    ----------
    figure
        What a composed map returns, or `ax.figure` of a single panel.
    path
        Ends in .png, .svg or .pdf; its folder must exist.
    dpi
        Resolution of a .png. [dots per inch]

    Returns
    -------
    path
        Where the file lies.

    Raises
    ------
    ValueError
        If the path ends in anything else.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in METADATA:
        msg = f"{target.name}: the name of a map must end in {', '.join(METADATA)}"
        raise ValueError(msg)
    with own_settings(SAVING), _unlinked(figure), crowds_as_pixels(figure):
        figure.savefig(target, format=suffix[1:], dpi=dpi, metadata=METADATA[suffix])
    return target


@contextmanager
def crowds_as_pixels(figure: Figure) -> Iterator[None]:
    """Draw sites and their moves as pixels where there are thousands: as shapes they make a file too large to open."""
    found = [each for each in figure.findobj(Collection) if each.get_label() in {"sites", "moves"}]
    crowds = [
        each for each in found if max(len(np.asarray(each.get_offsets())), len(each.get_paths())) > CROWD
    ]
    for each in crowds:
        each.set_rasterized(True)
    try:
        yield
    finally:
        for each in crowds:
            each.set_rasterized(False)


@contextmanager
def _unlinked(figure: Figure) -> Iterator[None]:
    """Draw without the links of discs: a file of its own has nowhere for them to lead."""
    linked = [found for found in figure.findobj(Collection) if any(found.get_urls())]
    urls = [found.get_urls() for found in linked]
    for found in linked:
        found.set_urls([None])
    try:
        yield
    finally:
        for found, given in zip(linked, urls, strict=True):
            found.set_urls(given)


def unit_of(column: str) -> str:
    """Return the unit that a column's name ends in, before the quantile if it is one, or nothing."""
    words = {"y": say("years"), "frac": say("share")}
    return (UNITS | words).get(QUANTILE.sub("", column).rsplit("_", 1)[-1], "")


def measure_title(column: str) -> str:
    """Return what a legend calls a column, with its unit in brackets."""
    if column in (titles := _titles()):
        return titles[column]
    unit = unit_of(column)
    stem = QUANTILE.sub("", column)
    words = stem.removesuffix("_" + stem.rsplit("_", 1)[-1]) if unit else column
    quantile = column[len(stem) :].replace("_", " ").upper() if unit else ""
    return shorten(words.replace("_", " ").capitalize() + quantile) + (f" [{unit}]" if unit else "")


def _titles() -> dict[str, str]:
    return {
        "power_gap_mw": say("Power gap, each\nsite on its own [MW]"),
        "joint_gap_mw": say("Power gap, all\nsites at once [MW]"),
        "rtt_gap_ms": say("Round trip beyond\nits budget [ms]"),
        "regret_mw": say("Gap that another\nplace cures [MW]"),
        "delay_y_p50": say("Wait beyond the\nbuilding, median [years]"),
        "build_km": say("Distance to the\nfibre [km]"),
        "rtt_ms": say("Round trip to its\nhub [ms]"),
    }


GAP_EDGES = {
    "power_gap_mw": (10.0, 50.0, 200.0, 500.0),
    "joint_gap_mw": (10.0, 50.0, 200.0, 500.0),
    "rtt_gap_ms": (1.0, 2.0, 5.0, 10.0),
}
"""Classes of the gaps, the same on every map: a colour means as much in one year as in another."""


def breaks(values: ArrayLike, *, most: int = 5) -> tuple[float, ...]:
    """
    Return round inner edges that part positive values into at most `most` classes.

    Parameters
    ----------
    values
        Any shape; what is not positive and finite is left out. [one unit]
    most
        Largest number of classes.

    Returns
    -------
    edges
        Ascending, of the values' unit; empty where one class is enough.

    Examples
    --------
    >>> breaks([4.0, 25.0, 180.0, 700.0])
    (10.0, 30.0, 300.0)
    """
    known = np.asarray(values, dtype=float).ravel()
    known = known[np.isfinite(known) & (known > NOTHING)]
    if not known.size:
        return ()
    edges = _edges(known, ((1, 2, 5), (1, 3), (1,)), most)
    # Values close together need closer steps.
    fine = _edges(known, ((1, 2, 3, 4, 5, 7),), most) if len(edges) < 2 else []
    return tuple(fine if len(fine) > len(edges) else edges)


def _edges(values: np.ndarray, ladders: Sequence[Sequence[int]], most: int) -> list[float]:
    """Return the upper edges of the first ladder that parts all but the smallest values."""
    low, high, usual = float(values.min()), float(values.max()), float(np.quantile(values, 0.2))
    edges: list[float] = []
    for steps in ladders:
        # An edge just below the largest value would set it apart from its like.
        edges = [edge for edge in _ladder(low, high, steps) if low < edge <= 0.8 * high]
        if sum(edge > usual for edge in edges) < most:
            break
    return _without_empty(edges[-(most - 1) :], values)


def _without_empty(edges: Sequence[float], values: np.ndarray) -> list[float]:
    """Return the edges that have a value between them and the one before."""
    kept: list[float] = []
    for edge in edges:
        if ((values > (kept[-1] if kept else 0.0)) & (values <= edge)).any():
            kept.append(edge)
    return kept


def _ladder(low: float, high: float, steps: Sequence[int]) -> list[float]:
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    # A decimal string, so that 0.3 is the float that people write and not 3 * 0.1.
    return [float(f"{step}e{power}") for power in range(first, last + 1) for step in steps]


def round_down(value: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not above `value` (> 0)."""
    return max(step for step in _ladder(value / 10, value, (1, 2, 5)) if step <= value)


def disc_legend(largest: float) -> tuple[float, ...]:
    """Return two or three round quantities, largest first, whose discs can be told apart."""
    if not np.isfinite(largest) or largest <= 0:
        return ()
    top = round_down(largest)
    return tuple(dict.fromkeys((top, round_down(top / 4), round_down(top / 20))))


def disc_diameters(quantity: ArrayLike, *, largest: float) -> np.ndarray:
    """
    Return the diameter of each disc, its area in proportion to the quantity.

    Parameters
    ----------
    quantity
        What the disc shows; NaN is unknown. [MW]
    largest
        The quantity that gets the largest disc. [MW]

    Returns
    -------
    diameter
        Same shape; discs too small to be seen are raised, unknown ones have one small size. [pt]
    """
    known = np.asarray(quantity, dtype=float)
    scale = largest if np.isfinite(largest) and largest > 0 else 1.0
    share = np.sqrt(np.clip(known, 0.0, scale) / scale)
    return np.where(np.isnan(share), UNKNOWN_DISC, np.maximum(LARGEST_DISC * share, SMALLEST_DISC))


def number(value: float) -> str:
    """Return a number as a reader wants it: 1,200, 17, 3.4, 0.05."""
    if not np.isfinite(value):
        return say("unlimited") if value > 0 else say("unknown")
    if abs(value) >= 10 or value == round(value):
        text = f"{value:,.0f}"
    else:
        text = f"{value:.2g}" if abs(value) >= 0.1 else f"{value:.1g}"
    return text.replace("-", "−")


def round_up(value: float) -> float:
    """Return `value` (> 0) rounded up to two digits."""
    step = float(f"1e{int(np.floor(np.log10(value))) - 1}")
    return float(f"{np.ceil(value / step - 1e-9) * step:.3g}")


def readable(text: object, *, drop: bool = False) -> str:
    """
    Return user text that the font can draw: on one line, without control characters.

    Parameters
    ----------
    text
        Anything; a missing value gives an empty text.
    drop
        Whether a character without a glyph is left out instead of being shown as a box.
    """
    if text is None or text != text:
        return ""
    glyphs = _glyphs()
    words = "".join(char for char in unicodedata.normalize("NFC", str(text)) if char not in DIRECTIONS)
    shown = [
        char if ord(char) in glyphs else "" if drop or _unseen(char) else NO_GLYPH
        for char in " ".join(words.split())
    ]
    return re.sub(rf"{NO_GLYPH}+", NO_GLYPH, "".join(shown)).strip()


def _unseen(char: str) -> bool:
    """Return whether a character has no shape of its own: a joiner, a control, a direction mark."""
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Mn", "Me"}


@functools.cache
def _glyphs() -> frozenset[int]:
    """Return the letters that one of our fonts can draw."""
    paths = [font_manager.findfont(FONT), *(path for path in add_fonts() if "Regular" in path.name)]
    return frozenset(code for path in paths for code in FT2Font(str(path)).get_charmap())
