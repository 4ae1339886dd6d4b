"""The page: a head, the verdicts, and a section for each claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.reproduce.records import Answer, Quantity, row_of, shown
from three_mismatches.reproduce.rules import RULES, THRESHOLDS

if TYPE_CHECKING:
    from three_mismatches.reproduce.answers import Answers, Provenance

__all__ = ["cell", "page", "table"]

HASH_SHOWN = 12
"""Characters of a hash that the page shows; summary.json has all of it."""

INTRODUCTION = (
    "Kenji Tanaka's critique of Japan's AI build-out (2026) names three mismatches. This page restates each claim, and "
    "answers it with figures that this library computes from open data. No figure is typed in: all come from the code, "
    "verdicts from the rules that each section prints. A verdict speaks of the claim as far as open data reach, and "
    "brackets hold the least and the most over what each section names: they are no confidence intervals."
)


def page(answers: Answers) -> str:
    """
    Return the whole page.

    Parameters
    ----------
    answers
        All answers, with their claims and what they were made with.
    """
    restated = answers.claims["restated"]
    summary = table(
        ["", "claim", "our figure", "verdict"],
        [
            [
                str(each.claim),
                restated[each.claim],
                f"{each.figure.name}: {each.figure}",
                f"**{each.verdict}**",
            ]
            for each in answers.answers
        ],
    )
    parts = [
        "# The three mismatches, claim by claim\n\n",
        INTRODUCTION + "\n\n",
        _head(answers.provenance),
        "\n## Verdicts\n\n",
        summary,
        *(_section(each, answers) for each in answers.answers),
        _thresholds(),
    ]
    return "".join(parts)


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """
    Return a Markdown table; what would break a cell is escaped.

    Parameters
    ----------
    heading, rows
        Texts.
    """
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(cell(text) for text in line)} |\n" for line in lines)


def cell(text: str) -> str:
    r"""
    Return a text as a cell of a Markdown table.

    Examples
    --------
    >>> cell("a | b")
    'a \\| b'
    """
    return " ".join(str(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())


def _head(provenance: Provenance) -> str:
    """Return what the page was made with; no date, so that equal answers are equal files."""
    years = provenance.years
    moved = ", ".join(
        f"`{name}` = {value:g} {ASSUMPTIONS[name].unit} (default {ASSUMPTIONS[name].value:g})"
        for name, value in sorted(provenance.assume.items())
    )
    hashes = ", ".join(f"{name} {digest[:HASH_SHOWN]}" for name, digest in provenance.inputs_sha256.items())
    span = f"{years[0]} to {years[-1]}" if len(years) > 1 else str(years[0])
    return (
        f"- Made by three-mismatches {provenance.version} from the embedded Japan; demand scenario "
        f"{provenance.demand}, years {span}, judged in {years[-1]}.\n"
        f"- Assumptions that differ from their defaults: {moved or 'none'}.\n"
        f"- {provenance.draws:,} draws of the years of waiting, seed {provenance.seed}.\n"
        f"- Input tables (SHA-256, first {HASH_SHOWN} characters): {hashes}.\n"
    )


def _section(answer: Answer, answers: Answers) -> str:
    claim = row_of(answers.claims, answer.claim)
    sources = "".join(f"  - {cell(source)}\n" for source in answer.sources)
    return (
        f"\n## Claim {answer.claim}: {answer.verdict}\n\n"
        f"> {cell(claim['restated'])}\n\n"
        f"{cell(claim['question'])}\n\n"
        f"**Answer.** {cell(answer.text)}\n\n"
        f"**Figure.** {cell(answer.figure.name)}: {answer.figure}.\n\n"
        f"{_figures(answer.details)}\n"
        f"- **Formula.** {cell(answer.formula)}.\n"
        f"- **Model.** {cell(answer.model)}.\n"
        f"- **Interval.** {cell(answer.interval)}.\n"
        f"- **Rule.** {cell(RULES[answer.claim])}\n"
        f"- **What would change the verdict.** {cell(answer.would_change)}\n"
        f"- **What open data cannot show.** {cell(answer.unseen)}\n"
        f"- **Claim made in.** {cell(claim['source'])}.\n"
        f"- **Sources.**\n{sources}"
    )


def _figures(details: Iterable[Quantity]) -> str:
    rows = [
        [
            item.name,
            shown(item.value, item.unit),
            "" if item.low != item.low else f"{shown(item.low, item.unit)} to {shown(item.high, item.unit)}",
            item.unit,
            item.source,
        ]
        for item in details
    ]
    return table(["quantity", "value", "range", "unit", "source"], rows)


def _thresholds() -> str:
    rows = [[f"`{name}`", f"{item.value:g}", item.unit, item.why] for name, item in THRESHOLDS.items()]
    return "\n## What the verdicts turn on\n\n" + table(["threshold", "value", "unit", "why"], rows)
