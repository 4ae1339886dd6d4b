"""A result told as a report: eight sections of words, pictures and tables, in one language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.language import Language, say, speaking
from three_mismatches.maps.terms import study_word
from three_mismatches.report import cures, pictures, sheets
from three_mismatches.report.answer import five_sentences
from three_mismatches.report.folder import table_hash
from three_mismatches.report.story import Block, Bullets, Paragraph, Section, Story
from three_mismatches.report.words import word

if TYPE_CHECKING:
    from three_mismatches.ensemble import Ensemble
    from three_mismatches.study import Result

__all__ = ["story"]

RANKED = ("joint_gap_mw", "delay_y_p50", "rtt_gap_ms")
"""Columns whose order of sites an ensemble is asked to test: the first in which sites differ."""


def story(result: Result, *, lang: Language = "en", ensemble: Ensemble | None = None) -> Story:
    """
    Return a result as a report: what is said, drawn and tabled, whatever it will be written as.

    Parameters
    ----------
    result
        An answer.
    lang
        `"en"` or `"ja"`.
    ensemble
        Draws of the same study, for a chart of how the order of its sites holds; without it the report has none.
    """
    with speaking(lang):
        settings = result.settings
        return Story(
            say("Three mismatches: {name}, {year}", name=study_word(settings.name), year=settings.year),
            say(
                "Where data centres are built, where power is generated and where fibre runs. Demand scenario: "
                "{demand}; base year {base}.",
                demand=word(settings.demand),
                base=settings.base_year,
            ),
            lang,
            (
                _answer(result, lang),
                _mismatches(result),
                _triangle(result),
                _sites(result),
                _cures(result),
                _uncertainty(result, ensemble),
                _method(result),
                _sources(result),
            ),
        )


def _answer(result: Result, lang: Language) -> Section:
    return Section(
        "answer",
        say("The answer in five sentences"),
        (Bullets(five_sentences(result, lang=lang), numbered=True),),
    )


def _mismatches(result: Result) -> Section:
    return Section(
        "mismatches",
        say("The three mismatches"),
        _there(
            pictures.mismatch_map(result),
            Paragraph(
                say(
                    "Sites and power: a gap is what a site asks less what the grid can bring it after the worst "
                    "single loss, never below zero. Sites and fibre: a gap is the round trip beyond the budget of "
                    "the site's use. Power and fibre: power is stranded where it stands farther in light than a use "
                    "may be from what it must reach."
                )
            ),
            sheets.headlines(result),
            pictures.fibre_map(result),
            sheets.budgets(result),
            pictures.reach_curve(result),
            pictures.ternary_map(result),
            *pictures.network_maps(result),
        ),
    )


def _triangle(result: Result) -> Section:
    return Section(
        "triangle",
        say("The mismatch triangle"),
        _there(
            Paragraph(
                say(
                    "Each side is the least distance that the mass of one map would have to move to coincide with the "
                    "other: sites by what they ask, generation by its capacity, hubs by their weight. A side that "
                    "random placements exceed as often as not is not told from chance."
                )
            ),
            _no_triangle() if sheets.triangle_of(result) is None else None,
            pictures.triangle(result),
            sheets.triangle(result),
            pictures.desire_lines(result),
        ),
    )


def _no_triangle() -> Paragraph:
    return Paragraph(
        say(
            "No triangle can be drawn: it needs sites of known size, generation and hubs, in areas that ties or fibre "
            "join."
        )
    )


def _sites(result: Result) -> Section:
    return Section(
        "sites",
        say("Site by site"),
        _there(
            Paragraph(
                say(
                    "The worst first. Unknown is not zero: a site whose size no source prints has no power gap here, "
                    "and where no local limit is published, hosting is an upper bound."
                )
            ),
            sheets.sites(result),
            *pictures.waterfalls(result),
        ),
    )


def _cures(result: Result) -> Section:
    found = cures.cures(result)
    nothing = Paragraph(say("The model sees no gap at any site, so there is nothing to close."))
    return Section(
        "cures",
        say("What would close each gap"),
        _there(
            found if len(found.rows) else nothing,
            sheets.ties(result),
            cures.reinforcements(result),
            pictures.time_to_power_map(result),
            cures.watts_or_bits(result),
        ),
    )


def _uncertainty(result: Result, ensemble: Ensemble | None) -> Section:
    return Section(
        "uncertainty",
        say("How sure this is"),
        _there(
            Paragraph(
                say(
                    "A range in square brackets is the least and the most of a figure over readings that the sources "
                    "leave open, one at a time: no percentiles. P10 and P90 are over draws of which works slip, who "
                    "comes, and how long each step takes; lead times rest on few sources and are an indication."
                )
            ),
            _readings(result),
            sheets.doubts(result),
            *(_draws(result, ensemble) if ensemble is not None else ()),
        ),
    )


def _draws(result: Result, ensemble: Ensemble) -> tuple[Block | None, ...]:
    """Return how far the headlines move over an ensemble, and how the order of sites holds."""
    now = ensemble.sites_as_it_is
    ranked = [name for name in RANKED if name in now and now[name].nunique() > 1]
    chart = pictures.rank_stability(ensemble, result, ranked[0]) if ranked else None
    return (sheets.draws(ensemble), chart)


def _readings(result: Result) -> Bullets | None:
    """Return which reading makes each end of the years lost."""
    if "years_lost" not in result.fleet.index:
        return None
    least, most = sheets.least_and_most(str(result.fleet["meaning"]["years_lost"]))
    if not (least and most):
        return None
    return Bullets(
        (
            say("Years lost are least with {reading}.", reading=least),
            say("Years lost are most with {reading}.", reading=most),
        )
    )


def _method(result: Result) -> Section:
    factor = ASSUMPTIONS["route_factor"]
    return Section(
        "method",
        say("Method and limits"),
        (
            Bullets(
                (
                    say(
                        "Power: areas joined by ties of published operating capacity, and published local limits, in "
                        "one linear programme; every worst single loss of a unit or of a converter pole is survived. "
                        "Demand is counted once: a site asks only what it did not draw in the base year."
                    ),
                    say(
                        "Light: round trips along a published sketch of the backbone, at the group index of glass, "
                        "times a route factor of {factor} [{low}-{high}] that measured round trips carry.",
                        factor=factor.value,
                        low=factor.low,
                        high=factor.high,
                    ),
                    say(
                        "Years: a site runs when the slowest of building, connection, room on the grid, supply and "
                        "fibre is there; works slip and sites queue, in many draws."
                    ),
                )
            ),
            Paragraph(say("What the model cannot know:")),
            Bullets(
                (
                    say("The local grid below the area, except the limits that are published."),
                    say("Outages, fuel, sun and water of another year; a real winter peak."),
                    say("Real fibre routes and the detours of their operators."),
                    say(
                        "Data centres in no list, beyond an estimate by area; sites without a published size."
                    ),
                    say("When a site applied, and how long its own connection takes."),
                )
            ),
            Paragraph(
                say("Assumptions replaced in this study: {names}.", names=_replaced(result))
                if result.settings.assume
                else say("No assumption was replaced in this study.")
            ),
        ),
    )


def _replaced(result: Result) -> str:
    return say(", ").join(f"{name} = {value}" for name, value in result.settings.assume.items())


def _sources(result: Result) -> Section:
    frames = result.tables.inputs.frames()
    hashes = {name: table_hash(frame) for name, frame in frames.items()}
    return Section(
        "sources",
        say("Sources and licences"),
        (sheets.licences(result), sheets.inputs(result, hashes)),
    )


def _there(*blocks: Block | None) -> tuple[Block, ...]:
    """Return the blocks that there are."""
    return tuple(block for block in blocks if block is not None)
