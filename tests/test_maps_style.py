"""Colours that the colour-blind and a grey printer tell apart, and text cut by its width."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import colors

from three_mismatches.language import catalogue
from three_mismatches.maps import style
from three_mismatches.maps.folding import NOT_FIRST, NOT_LAST, display_width, fold

MEANINGS = ("demand", "fibre", "power", "gap")

TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)
SIGHT = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip
"""Linear RGB as it is seen: Machado, Oliveira, Fernandes, IEEE Trans. Vis. Comput. Graph. 15 (2009), severity 1."""


def lab(colour, sight="usual"):
    """CIE L*a*b* (D65) of an sRGB colour (IEC 61966-2-1)."""
    rgb = np.array(colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.asarray(SIGHT[sight]) @ linear, 0.0, 1.0) / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    "ramp", [*style.RAMPS.values(), *style.ZONE_RAMPS, style.VOLTAGE_RAMP], ids=lambda ramp: ramp[0]
)
def test_ramps_darken_in_even_steps(ramp):
    steps = -np.diff([lab(colour)[0] for colour in ramp])
    assert (steps > 8.0).all()
    assert steps.max() < 1.1 * steps.min()


def test_the_four_meanings_are_apart_in_grey():
    lightness = [lab(style.PALETTE[name])[0] for name in MEANINGS]
    assert (np.diff(lightness) < -10.0).all()


@pytest.mark.parametrize("sight", SIGHT)
def test_the_four_meanings_are_apart_for_the_colour_blind(sight):
    seen = [lab(style.PALETTE[name], sight) for name in MEANINGS]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > 30.0


def test_borders_of_areas_are_stronger_than_lines_within_them():
    land, border, inner = (lab(style.PALETTE[name])[0] for name in ("land", "border", "inner"))
    assert land - border > 2.0 * (land - inner) > 20.0


def test_every_japanese_phrase_has_its_letters_in_the_fonts():
    letters = "".join(catalogue("ja").values()).replace("\n", "")
    assert {
        letter for letter in letters if style.readable(letter) != letter and letter not in " \u3000"
    } == set()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("石狩再エネデータセンター第1号", ["石狩再エネ", "データセンター", "第1号"]),
        ("データセンターの電力、光ファイバー。", ["データセンター", "の電力、", "光ファイバー。"]),
        ("東京（仮称）計画", ["東京", "（仮称）", "計画"]),
    ],
)
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(text, lines):
    folded = fold(text, 14).split("\n")
    assert "".join(folded) == text == "".join(lines)
    assert not any(line[0] in NOT_FIRST or line[-1] in NOT_LAST for line in folded)


def test_a_name_of_two_lines_parts_between_scripts_and_is_cut_after_them():
    assert fold("石狩再エネデータセンター", 18, lines=2) == "石狩再\nエネデータセンター"
    assert fold("データ" * 20, 18, lines=2) == "データデータデータ\nデータデータデー…"


@given(st.text("あア漢字、。（）ーabc -", min_size=1, max_size=60), st.integers(8, 30))
def test_folded_lines_keep_every_letter(text, columns):
    folded = fold(text, columns)
    assert "".join(folded.split()) == "".join(text.split())


@given(st.text("あ漢字x ", max_size=60), st.integers(8, 30))
def test_no_folded_line_is_wider_than_it_may_be(text, columns):
    assert all(display_width(line) <= columns for line in fold(text, columns).split("\n"))


@given(st.text("あ漢字xyz, ", max_size=60), st.integers(2, 40))
def test_shortened_text_is_no_wider_than_it_may_be(text, most):
    assert display_width(style.shorten(text, most=most)) <= most


def test_a_quantile_has_the_unit_that_stands_before_it():
    assert style.unit_of("delay_y_p90") == "years"
    assert style.measure_title("delay_y_p90") == "Delay P90 [years]"
    assert style.measure_title("delay_y_p50").endswith("[years]")


def test_marks_that_turn_the_direction_are_left_out():
    assert style.readable("a \u202e b\u2067") == "a b"
