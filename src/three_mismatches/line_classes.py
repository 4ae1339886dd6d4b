"""
What a line or a transformer is taken to be when a map tells only its voltage.

No utility of Japan publishes reactance per km, and few publish ratings line by line. Each voltage class therefore
has a default and a range wide enough to hold every published value found; `docs/line_parameters.md` shows which.
All values are for one circuit, or for one bank. Reactances hold at 50 and at 60 Hz alike: the range covers both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

__all__ = [
    "BASE_MVA",
    "LINE_CLASSES",
    "MW_PER_MVA",
    "TRANSFORMER_CLASSES",
    "LineClass",
    "TransformerClass",
    "line_class",
    "line_class_table",
    "transformer_class",
    "transformer_class_table",
]

BASE_MVA = 100.0
"""Base of every per-unit value that leaves this module [MVA]."""

MW_PER_MVA = 0.95
"""Active power that Japan's utilities count per MVA of a bank [MW/MVA]: Kansai and Tokyo, tables of 2026."""


@dataclass(frozen=True)
class LineClass:
    """
    One circuit of a line or cable of one voltage; circuits of one drawn line where the map does not say.

    `s_nom` is the continuous equipment rating. `emergency_ratio` is what the circuit may carry for a short time
    after an outage, over `s_nom`.
    """

    v_nom: float
    kind: str
    x_ohm_per_km: float
    x_low: float
    x_high: float
    r_ohm_per_km: float
    r_low: float
    r_high: float
    s_nom: float
    s_nom_low: float
    s_nom_high: float
    emergency_ratio: float
    emergency_ratio_low: float
    emergency_ratio_high: float
    circuits: int
    circuits_low: int
    circuits_high: int
    source: str
    source_date: str

    def x_pu_100(self, length_km: float) -> float:
        """Return the reactance of one circuit of this length on `BASE_MVA`. [p.u.]"""
        return self.x_ohm_per_km * length_km * BASE_MVA / self.v_nom**2


@dataclass(frozen=True)
class TransformerClass:
    """
    One bank between two voltages; banks of one substation where nothing tells them.

    `x_pu` and `r_pu` are on the bank's own rating. `emergency_ratio` is what the bank may carry for a short time
    after another one is lost, over `bank_mva`.
    """

    v_high: float
    v_low: float
    bank_mva: float
    bank_mva_low: float
    bank_mva_high: float
    banks: int
    banks_low: int
    banks_high: int
    x_pu: float
    x_pu_low: float
    x_pu_high: float
    r_pu: float
    r_pu_low: float
    r_pu_high: float
    emergency_ratio: float
    emergency_ratio_low: float
    emergency_ratio_high: float
    source: str
    source_date: str

    @property
    def x_pu_100(self) -> float:
        """Reactance of one bank on `BASE_MVA`. [p.u.]"""
        return self.x_pu * BASE_MVA / self.bank_mva


_Span = tuple[float, float, float]  # default, low, high
_Count = tuple[int, int, int]


class _Spans(NamedTuple):
    """Default, low and high of what a line class holds."""

    x: _Span
    r: _Span
    rating: _Span
    emergency: _Span
    circuits: _Count


_ALL_JAPAN_GRID = "github.com/lutelute/All-Japan-Grid"
_X_SOURCE = (
    "x: middle of published line types at 50 and 60 Hz (PyPSA standard types 35aafc0, osmTGmod ad588c8, "
    "PreREISE 004b21e, Indian types in umerbanday/relayh 436edd7; all on github.com)"
)
_JAPAN_SOURCE = (
    f"{_X_SOURCE}, within 7 % of the surge impedance of 582 published Japanese lines from 110 kV; "
    f"r: x over the median X/R of the same lines ({_ALL_JAPAN_GRID}); "
    f"s_nom: published operating capacity of two-circuit lines, national median ({_ALL_JAPAN_GRID} "
    "config/line_capacity_calibration.yaml), range by area; circuits: TEPCO route and circuit km of FY2015 "
    "(www4.tepco.co.jp/pg/electricity-supply/operation/line.html)"
)
_ABROAD_SOURCE = (
    f"{_X_SOURCE}; r and s_nom: PyPSA standard types (Oeding and Oswald 2011) and, where there is one, PreREISE's "
    "rating of short lines, geometric mean; range and circuits: assumption"
)
_CABLE_SOURCE = (
    "x, r and s_nom: published cable types of 110 to 380 kV (osmTGmod ad588c8, pandapower 712a0fe, both on "
    "github.com) and J-Power's 1,200 MW a circuit at 500 kV (jpower.co.jp/news_release/news115.html, 2000); "
    "emergency ratio: assumption; circuits: TEPCO, FY2015, in Japan's voltages"
)
_BANK_SOURCE = "bank: sizes that Japanese utilities print in tables and plans of 2025 and 2026"
_BANK_GUESS = "bank: assumption from the neighbouring pairs of voltages"
_BANK_ABROAD = "bank: PreREISE transformer_params.csv ceb5545 and osmTGmod ad588c8 (github.com)"
_BANK_REST = (
    "; x: own-base values of PreREISE ceb5545, osmTGmod ad588c8 and pandapower 712a0fe (github.com); r: pandapower; "
    "emergency ratio: 1.2 in Tokyo and Tohoku, 1.5 in Kansai (tables of 2026); banks: assumption, "
    "TEPCO prints 2, 3 and 4 at 500/275 kV"
)

_STEP = 1.6
"""Current of a heat-resistant conductor over that of a plain one [-]: jectec.or.jp/densen-kiso/kakuu (150, 90 degC)."""

_R_LOW, _R_HIGH = 1.0 / 3.0, 3.5
"""Range of r over its default [-]: holds every published type found; r plays no part in a lossless flow."""

_LINE_EMERGENCY: _Span = (1.0, 1.0, 1.13)
"""
Short-time over continuous rating of a line [-]: default and ends.

Japan's operating capacity of a two-circuit line is one circuit's equipment rating (318 of 386 lines), hence 1.0. The
high end is the root of the temperature rises of TACSR, 180 over 150 degC, above 40 degC (assumption).
"""

_CABLE_EMERGENCY: _Span = (1.0, 1.0, 1.2)
"""Short-time over continuous rating of a cable [-]: assumption, no source found."""

_BANK_R: _Span = (0.0025, 0.001, 0.005)
"""Resistance of a bank on its own rating [p.u.]: 0.25 and 0.26 % in pandapower's types; the ends are assumptions."""

_BANK_EMERGENCY: _Span = (1.2, 1.0, 1.5)
"""
Short-time over continuous rating of a bank [-]: default and ends.

Two banks run at 0.6 (Tohoku, Tokyo) or 0.75 (Kansai) of their sum: the one left carries 1.2 or 1.5; 1.0 is none.
"""

# kV; x [ohm/km]; X/R [-]; current [kA]; factor of operating capacity [-], ends by area or None where fewer than
# two areas have one; circuits. The factor at 132 kV and X/R at 132 and 77 kV: geometric means of the neighbours.
_JAPAN: tuple[tuple[float, _Span, float, float, tuple[float, float | None, float | None], _Count], ...] = (
    (500.0, (0.29, 0.24, 0.34), 26.24, 4.0, (0.629, 0.365, 0.950), (2, 1, 2)),
    (275.0, (0.32, 0.26, 0.38), 12.66, 2.0, (0.540, 0.449, 0.911), (2, 1, 4)),
    (220.0, (0.35, 0.27, 0.42), 10.58, 1.8, (0.558, 0.512, 0.605), (2, 1, 4)),
    (187.0, (0.38, 0.27, 0.48), 5.83, 1.5, (0.494, 0.339, 0.648), (2, 1, 4)),
    (154.0, (0.39, 0.30, 0.49), 9.13, 1.0, (0.678, 0.506, 0.710), (2, 1, 4)),
    (132.0, (0.40, 0.30, 0.49), 8.15, 1.2, (0.429, 0.271, 0.678), (2, 1, 4)),
    (110.0, (0.41, 0.32, 0.50), 7.28, 0.9, (0.271, None, None), (2, 1, 4)),
    (77.0, (0.41, 0.28, 0.54), 4.51, 0.7, (0.471, None, None), (2, 1, 4)),
    (66.0, (0.41, 0.28, 0.54), 2.80, 0.6, (0.569, None, None), (2, 1, 4)),
)  # fmt: skip

# kV; x [ohm/km]; r [ohm/km]; current of the European and of the American type, twice the same where there is one [kA].
_ABROAD: tuple[tuple[float, _Span, float, float, float], ...] = (
    (765.0, (0.31, 0.25, 0.37), 0.013, 4.16, 4.0),
    (750.0, (0.29, 0.25, 0.34), 0.013, 4.16, 4.0),
    (400.0, (0.29, 0.24, 0.34), 0.030, 2.58, 2.58),
    (380.0, (0.28, 0.24, 0.32), 0.030, 2.58, 2.58),
    (345.0, (0.31, 0.24, 0.37), 0.030, 2.58, 3.0),
    (330.0, (0.30, 0.26, 0.34), 0.040, 1.935, 1.935),
    (300.0, (0.30, 0.26, 0.34), 0.040, 1.935, 1.935),
    (230.0, (0.35, 0.27, 0.42), 0.060, 1.29, 2.0),
    (225.0, (0.35, 0.27, 0.42), 0.060, 1.29, 2.0),
    (150.0, (0.39, 0.30, 0.49), 0.095, 0.74, 1.6),
    (138.0, (0.40, 0.30, 0.49), 0.095, 0.74, 1.6),
)  # fmt: skip

_ABROAD_CIRCUITS: _Count = (1, 1, 2)
"""Circuits of a line outside Japan where the map does not say: assumption."""

_LARGE_CABLE = ((0.13, 0.09, 0.18), (0.0175, 0.0095, 0.06), (1.4, 1.4 / _STEP, 1.4 * _STEP))
_SMALL_CABLE = ((0.15, 0.09, 0.20), (0.032, 0.017, 0.16), (0.93, 0.588, 1.47))
"""x [ohm/km], r [ohm/km] and current [kA] of a cable, from `_LARGE_CABLE_KV` up and below."""

_LARGE_CABLE_KV = 187.0
"""Voltage from which a cable is taken for one of large cross-section [kV]: assumption."""

_CABLE_CIRCUITS: Mapping[float, _Count] = {500.0: (2, 1, 2), 275.0: (3, 1, 4)}
"""Circuits of a cable route [-]: TEPCO's means are 1.98 at 500 kV and 2.89 at 275 kV; elsewhere 2, 1 to 4."""

# kV, kV; bank, low, high [MVA]; banks, low, high; x, low, high on the bank's own rating [p.u.]; source.
_BANKS: tuple[tuple[float, float, _Span, _Count, _Span, str], ...] = (
    (500.0, 275.0, (1000.0, 1000.0, 1500.0), (3, 2, 4), (0.14, 0.10, 0.18), _BANK_SOURCE),
    (500.0, 220.0, (1000.0, 700.0, 1500.0), (2, 1, 4), (0.14, 0.10, 0.18), _BANK_SOURCE),
    (500.0, 187.0, (1000.0, 700.0, 1500.0), (2, 1, 4), (0.16, 0.11, 0.21), _BANK_GUESS),
    (500.0, 154.0, (750.0, 400.0, 750.0), (2, 1, 4), (0.17, 0.14, 0.21), _BANK_SOURCE),
    (500.0, 110.0, (500.0, 300.0, 750.0), (2, 1, 4), (0.17, 0.14, 0.21), _BANK_GUESS),
    (500.0, 77.0, (300.0, 200.0, 450.0), (2, 1, 4), (0.18, 0.14, 0.21), _BANK_SOURCE),
    (275.0, 187.0, (600.0, 400.0, 900.0), (2, 1, 4), (0.13, 0.10, 0.16), _BANK_SOURCE),
    (275.0, 154.0, (375.0, 300.0, 450.0), (2, 1, 4), (0.14, 0.10, 0.18), _BANK_SOURCE),
    (275.0, 77.0, (300.0, 200.0, 300.0), (2, 1, 4), (0.19, 0.14, 0.21), _BANK_SOURCE),
    (275.0, 66.0, (300.0, 200.0, 450.0), (2, 1, 4), (0.19, 0.14, 0.21), _BANK_SOURCE),
    (220.0, 110.0, (300.0, 200.0, 400.0), (2, 1, 4), (0.12, 0.10, 0.16), _BANK_SOURCE),
    (220.0, 66.0, (200.0, 100.0, 300.0), (2, 1, 4), (0.16, 0.10, 0.21), _BANK_GUESS),
    (187.0, 110.0, (200.0, 100.0, 300.0), (2, 1, 4), (0.11, 0.08, 0.16), _BANK_GUESS),
    (187.0, 66.0, (150.0, 100.0, 200.0), (2, 1, 4), (0.15, 0.10, 0.21), _BANK_SOURCE),
    (154.0, 110.0, (200.0, 100.0, 300.0), (2, 1, 4), (0.11, 0.08, 0.16), _BANK_GUESS),
    (154.0, 77.0, (225.0, 200.0, 250.0), (2, 1, 4), (0.12, 0.10, 0.18), _BANK_SOURCE),
    (154.0, 66.0, (200.0, 130.0, 300.0), (2, 1, 4), (0.12, 0.10, 0.18), _BANK_SOURCE),
    (132.0, 66.0, (125.0, 60.0, 200.0), (2, 1, 4), (0.14, 0.10, 0.18), _BANK_GUESS),
    (110.0, 66.0, (100.0, 60.0, 200.0), (2, 1, 4), (0.12, 0.10, 0.16), _BANK_GUESS),
    (765.0, 500.0, (2100.0, 1050.0, 4200.0), (1, 1, 4), (0.10, 0.08, 0.18), _BANK_ABROAD),
    (765.0, 400.0, (2100.0, 1050.0, 4200.0), (1, 1, 4), (0.14, 0.08, 0.21), _BANK_GUESS),
    (765.0, 345.0, (2100.0, 1050.0, 4200.0), (1, 1, 4), (0.18, 0.10, 0.21), _BANK_ABROAD),
    (765.0, 230.0, (1250.0, 625.0, 2500.0), (1, 1, 4), (0.20, 0.14, 0.21), _BANK_ABROAD),
    (500.0, 345.0, (1100.0, 550.0, 2200.0), (1, 1, 4), (0.12, 0.10, 0.18), _BANK_ABROAD),
    (500.0, 230.0, (1100.0, 550.0, 2200.0), (1, 1, 4), (0.14, 0.10, 0.18), _BANK_ABROAD),
    (500.0, 138.0, (470.0, 235.0, 940.0), (1, 1, 4), (0.20, 0.14, 0.21), _BANK_ABROAD),
    (400.0, 220.0, (1000.0, 500.0, 2000.0), (1, 1, 4), (0.135, 0.10, 0.18), _BANK_ABROAD),
    (400.0, 110.0, (300.0, 150.0, 600.0), (1, 1, 4), (0.14, 0.10, 0.18), _BANK_ABROAD),
    (380.0, 220.0, (1000.0, 500.0, 2000.0), (1, 1, 4), (0.135, 0.10, 0.18), _BANK_ABROAD),
    (380.0, 110.0, (300.0, 150.0, 600.0), (1, 1, 4), (0.14, 0.10, 0.18), _BANK_ABROAD),
    (345.0, 230.0, (580.0, 290.0, 1160.0), (1, 1, 4), (0.105, 0.08, 0.16), _BANK_ABROAD),
    (345.0, 138.0, (480.0, 240.0, 960.0), (1, 1, 4), (0.16, 0.10, 0.21), _BANK_ABROAD),
    (230.0, 138.0, (330.0, 165.0, 660.0), (1, 1, 4), (0.135, 0.10, 0.18), _BANK_ABROAD),
    (230.0, 66.0, (190.0, 95.0, 380.0), (1, 1, 4), (0.20, 0.10, 0.21), _BANK_ABROAD),
    (138.0, 66.0, (100.0, 50.0, 200.0), (1, 1, 4), (0.14, 0.10, 0.18), _BANK_ABROAD),
)  # fmt: skip


def _mva(v_nom: float, current_ka: float) -> float:
    return math.sqrt(3.0) * v_nom * current_ka


def _line(v_nom: float, kind: str, spans: _Spans, source: str, source_date: str) -> LineClass:
    return LineClass(
        v_nom=v_nom, kind=kind,
        x_ohm_per_km=spans.x[0], x_low=spans.x[1], x_high=spans.x[2],
        r_ohm_per_km=round(spans.r[0], 4), r_low=round(spans.r[1], 4), r_high=round(spans.r[2], 4),
        s_nom=round(spans.rating[0], 0),
        s_nom_low=round(spans.rating[1], 0), s_nom_high=round(spans.rating[2], 0),
        emergency_ratio=spans.emergency[0],
        emergency_ratio_low=spans.emergency[1], emergency_ratio_high=spans.emergency[2],
        circuits=spans.circuits[0], circuits_low=spans.circuits[1], circuits_high=spans.circuits[2],
        source=source, source_date=source_date,
    )  # fmt: skip


def _factors(median: float, low: float | None, high: float | None) -> _Span:
    """Return the median with its ends by area, or one step of conductor where these hide how far lines differ."""
    if low is None or high is None or high < _STEP * low:
        return median, median / _STEP, median * _STEP
    return median, low, high


def _japanese_lines() -> list[LineClass]:
    found = []
    for v_nom, x, x_over_r, current, factors, circuits in _JAPAN:
        # A two-circuit line may carry factor x sqrt(3) V I x 2, and that is what one of its circuits is rated for.
        middle, low, high = (2.0 * factor * _mva(v_nom, current) for factor in _factors(*factors))
        r = x[0] / x_over_r
        spans = _Spans(x, (r, r * _R_LOW, r * _R_HIGH), (middle, low, high), _LINE_EMERGENCY, circuits)
        found.append(_line(v_nom, "line", spans, _JAPAN_SOURCE, "2026-09-03"))
    return found


def _foreign_lines() -> list[LineClass]:
    found = []
    for v_nom, x, r, european, american in _ABROAD:
        middle = _mva(v_nom, math.sqrt(european * american))
        rating = (middle, middle / 2.0, middle * 2.0)
        spans = _Spans(x, (r, r * _R_LOW, r * _R_HIGH), rating, _LINE_EMERGENCY, _ABROAD_CIRCUITS)
        found.append(_line(v_nom, "line", spans, _ABROAD_SOURCE, "2025-09-04"))
    return found


def _cable(v_nom: float, circuits: _Count) -> LineClass:
    x, r, current = _LARGE_CABLE if v_nom >= _LARGE_CABLE_KV else _SMALL_CABLE
    rating = (_mva(v_nom, current[0]), _mva(v_nom, current[1]), _mva(v_nom, current[2]))
    return _line(
        v_nom, "cable", _Spans(x, r, rating, _CABLE_EMERGENCY, circuits), _CABLE_SOURCE, "2026-01-26"
    )


def _all_lines() -> list[LineClass]:
    at_home = [_cable(row[0], _CABLE_CIRCUITS.get(row[0], (2, 1, 4))) for row in _JAPAN]
    abroad = [_cable(row[0], _ABROAD_CIRCUITS) for row in _ABROAD]
    return [*_japanese_lines(), *_foreign_lines(), *at_home, *abroad]


def _all_transformers() -> list[TransformerClass]:
    return [
        TransformerClass(
            v_high=v_high, v_low=v_low,
            bank_mva=bank[0], bank_mva_low=bank[1], bank_mva_high=bank[2],
            banks=banks[0], banks_low=banks[1], banks_high=banks[2],
            x_pu=x[0], x_pu_low=x[1], x_pu_high=x[2],
            r_pu=_BANK_R[0], r_pu_low=_BANK_R[1], r_pu_high=_BANK_R[2],
            emergency_ratio=_BANK_EMERGENCY[0],
            emergency_ratio_low=_BANK_EMERGENCY[1], emergency_ratio_high=_BANK_EMERGENCY[2],
            source=source + _BANK_REST, source_date="2026-08-17",
        )
        for v_high, v_low, bank, banks, x, source in _BANKS
    ]  # fmt: skip


LINE_CLASSES: Mapping[tuple[str, float], LineClass] = {(item.kind, item.v_nom): item for item in _all_lines()}
"""Class of one circuit by kind, "line" or "cable", and voltage [kV]."""

TRANSFORMER_CLASSES: Mapping[tuple[float, float], TransformerClass] = {
    (item.v_high, item.v_low): item for item in _all_transformers()
}
"""Class of one bank by its higher and its lower voltage [kV]."""


def line_class(kind: str, v_nom: float) -> LineClass:
    """
    Return the class of a line or cable of any voltage.

    Between the classes the one of the nearest voltage is taken, by ratio. Its ohms per km stay; its rating moves
    with the voltage, for the same current.

    Parameters
    ----------
    kind
        "line" for an overhead line, "cable" for an underground or submarine one.
    v_nom
        Nominal voltage. [kV]

    Raises
    ------
    ValueError
        If `kind` is neither of the two, or `v_nom` is not a finite voltage above 0.

    Examples
    --------
    >>> line_class("line", 500.0).s_nom
    4358.0
    >>> line_class("line", 287.0).s_nom
    1074.0
    """
    _check_voltage(v_nom)
    voltages = [voltage for name, voltage in LINE_CLASSES if name == kind]
    if not voltages:
        msg = f"kind must be 'line' or 'cable', not {kind!r}"
        raise ValueError(msg)
    nearest = min(voltages, key=lambda voltage: abs(math.log(voltage / v_nom)))
    return _moved(LINE_CLASSES[kind, nearest], v_nom)


def _moved(item: LineClass, v_nom: float) -> LineClass:
    """Return a class at a voltage near its own: the same conductors, so the same current."""
    if item.v_nom == v_nom:
        return item
    ratio = v_nom / item.v_nom
    return replace(
        item,
        v_nom=v_nom,
        s_nom=round(item.s_nom * ratio, 0),
        s_nom_low=round(item.s_nom_low * ratio, 0),
        s_nom_high=round(item.s_nom_high * ratio, 0),
        source=f"class of {item.v_nom:g} kV, rating moved with the voltage; {item.source}",
    )


def transformer_class(v_high: float, v_low: float) -> TransformerClass:
    """
    Return the class of a bank between two voltages, given in either order.

    The nearest pair of voltages is taken, by the sum of squared logarithms of the two ratios; nothing is scaled,
    since banks come in few sizes. The class keeps its own voltages.

    Parameters
    ----------
    v_high, v_low
        Voltages of the two sides. [kV]

    Raises
    ------
    ValueError
        If a voltage is not finite and above 0, or both are the same.

    Examples
    --------
    >>> transformer_class(500.0, 275.0).bank_mva
    1000.0
    """
    _check_voltage(v_high)
    _check_voltage(v_low)
    if v_high == v_low:
        msg = f"a transformer needs two voltages, not {v_high:g} kV twice"
        raise ValueError(msg)
    above, below = max(v_high, v_low), min(v_high, v_low)

    def distance(pair: tuple[float, float]) -> float:
        return math.log(pair[0] / above) ** 2 + math.log(pair[1] / below) ** 2

    return TRANSFORMER_CLASSES[min(TRANSFORMER_CLASSES, key=distance)]


def _check_voltage(v_nom: float) -> None:
    if not (math.isfinite(v_nom) and v_nom > 0.0):
        msg = f"a voltage must be finite and above 0 kV, not {v_nom!r}"
        raise ValueError(msg)


def line_class_table() -> list[dict[str, object]]:
    """Return every line class as a row, overhead first, from the highest voltage down."""
    order = sorted(LINE_CLASSES.values(), key=lambda item: (item.kind != "line", -item.v_nom))
    return [asdict(item) for item in order]


def transformer_class_table() -> list[dict[str, object]]:
    """Return every transformer class as a row, from the highest voltages down."""
    order = sorted(TRANSFORMER_CLASSES.values(), key=lambda item: (-item.v_high, -item.v_low))
    return [asdict(item) for item in order]
