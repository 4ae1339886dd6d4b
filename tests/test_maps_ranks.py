"""How firm an order is: places, ranges and shares, and equals that are told as equals."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from text_boxes import outside, overlaps
from three_mismatches import maps
from three_mismatches.errors import LayerError


def make_ranks(places, *, low=None, high=None, top=2, tau=(0.9, 0.7, 0.8)) -> SimpleNamespace:
    place = np.array(places, dtype=float)
    table = pd.DataFrame(
        {
            "rank_as_it_is": place,
            "top_share": np.where(place <= top, 0.95, 0.05),
            "rank_p10": place if low is None else low,
            "rank_p50": place,
            "rank_p90": place + 1.0 if high is None else high,
            "draws": 3,
        },
        index=pd.Index([f"s{at}" for at in range(len(place))], name="site"),
    )
    return SimpleNamespace(sites=table, kendall_tau=pd.Series(tau), top=top)


def names(ax) -> list[str]:
    return [text.get_text() for text in ax.get_yticklabels()]


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_text()]


def groups(ax, label: str) -> list:
    return [each for each in (*ax.containers, *ax.collections, *ax.lines) if each.get_label() == label]


def test_each_site_has_a_row_with_place_range_median_and_share():
    ax = maps.rank_stability(make_ranks([1, 2, 3]))
    assert names(ax) == ["s0", "s1", "s2"]
    assert [group.get_offsets()[0][0] for group in groups(ax, "place")] == [1, 2, 3]
    assert [group[0].get_width() for group in groups(ax, "range")] == [1, 1, 1]
    assert len(groups(ax, "median")) == 3
    assert {"95%", "5%", "among the\nfirst 2"} <= set(words(ax))


def test_only_the_first_sites_are_shown():
    assert names(maps.rank_stability(make_ranks(range(1, 5001)), most=4)) == ["s0", "s1", "s2", "s3"]


def test_many_equals_are_one_row_over_the_places_that_they_share():
    ax = maps.rank_stability(make_ranks([1, 4, 4, 4, 4, 4]))
    assert names(ax) == ["s0", "5 sites that are equal"]
    assert "places 2 to 6" in words(ax)
    assert len(groups(ax, "place")) == 1


def test_few_equals_have_rows_but_no_place_of_their_own():
    ax = maps.rank_stability(make_ranks([1.5, 1.5, 3]))
    assert names(ax) == ["s0", "s1", "s2"]
    (one, *_) = groups(ax, "equal")
    assert (one[0].get_x(), one[0].get_width()) == (0.5, 2.0)
    assert len(groups(ax, "place")) == 1


def test_an_order_that_is_none_is_told():
    ax = maps.rank_stability(make_ranks([3, 3, 3, 3, 3], tau=(np.nan, np.nan)))
    assert "2 draws; all sites are equal, so there is no order" in words(ax)


def test_how_alike_the_orders_are_is_told():
    told = " ".join(words(maps.rank_stability(make_ranks([1, 2]))))
    assert (
        "3 draws; Kendall's tau with the order of the study: median 0.80, in nine of ten 0.72 or more" in told
    )


def test_a_range_that_leaves_the_picture_is_told_as_a_number():
    ax = maps.rank_stability(make_ranks([1, 2, 3], high=[2, 3, 51.5]))
    assert "to 51.5 →" in words(ax)
    assert ax.get_xlim()[1] < 10


def test_sites_without_a_rank_and_no_sites_at_all():
    assert names(maps.rank_stability(make_ranks([1, np.nan]))) == ["s0"]
    assert names(maps.rank_stability(make_ranks([], tau=()))) == []


@pytest.mark.parametrize(
    ("lang", "places"),
    [("en", [1]), ("ja", [1, 2, 3.5, 3.5]), ("en", [1, 2, *[10] * 15]), ("ja", range(1, 21))],
)
def test_no_words_overlap_and_none_leave_the_page(lang, places):
    figure = maps.rank_stability(make_ranks(places), lang=lang).figure
    assert overlaps(figure) == []
    assert outside(figure) == []


def test_any_name_is_drawn_as_text():
    given = ["<script>", "$x$", "\u202eabc", "😀" * 9, "long " * 60, "長い名前" * 20, "a\nb"]
    sites = pd.DataFrame({"name": given}, index=[f"s{at}" for at in range(len(given))])
    figure = maps.rank_stability(make_ranks(range(1, 8)), sites=sites).figure
    assert overlaps(figure) == []
    assert outside(figure) == []


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="most must be at least 1"):
        maps.rank_stability(make_ranks([1]), most=0)
    less = make_ranks([1])
    less.sites = less.sites.drop(columns="rank_p90")
    with pytest.raises(LayerError, match="rank_p90"):
        maps.rank_stability(less)
