"""All answers: gather what they rest on, and ask each claim's rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from rich.progress import track

from three_mismatches.assumptions import resolve
from three_mismatches.report import table_hash
from three_mismatches.reproduce.answers import Answers, Provenance
from three_mismatches.reproduce.capital import answer_capital
from three_mismatches.reproduce.contract import answer_contract
from three_mismatches.reproduce.demand import answer_demand
from three_mismatches.reproduce.evidence import Demand, Evidence
from three_mismatches.reproduce.gpu_site import answer_site
from three_mismatches.reproduce.many_sites import answer_many_sites
from three_mismatches.reproduce.records import Answer
from three_mismatches.reproduce.three_gaps import answer_mismatches
from three_mismatches.reproduce.waiting import answer_delay, answer_pace

__all__ = ["DRAWS", "YEARS", "tanaka"]

DRAWS = 1_000
"""Draws of the years of waiting: the mean of years lost is then known to some 2 %."""

YEARS = tuple(range(2026, 2035))
"""Years that are told; the last is that of the claims."""

ANSWERS: Mapping[int, Callable[[Evidence], Answer]] = {
    1: answer_mismatches,
    2: answer_delay,
    3: answer_demand,
    4: answer_contract,
    5: answer_capital,
    6: answer_site,
    7: answer_many_sites,
    8: answer_pace,
}


def tanaka(
    *,
    assume: Mapping[str, float] | str | Path | None = None,
    years: Iterable[int] = YEARS,
    demand: Demand = "high",
    draws: int = DRAWS,
    seed: int = 0,
    claims: Iterable[int] = tuple(ANSWERS),
    progress: bool = False,
) -> Answers:
    """
    Return an answer to each claim of the critique, with its interval, its sources and a verdict.

    Parameters
    ----------
    assume
        Assumptions to replace, by name, or a TOML file of them.
    years
        Years that are told one by one, from the base year of the embedded Japan on; the last is the one judged.
    demand
        Scenario: "outlook", "low" or "high" (57 or 66 TWh in 2034).
    draws, seed
        Of the years of waiting: the same seed, the same answers.
    claims
        Which claims, 1 to 8.
    progress
        Whether a bar is shown.

    Returns
    -------
    answers
        `table`, one row for each claim; `details`, further figures; `markdown()`; `write(folder)`.

    Raises
    ------
    ValueError
        If an option, a claim or an assumption's name is unknown.

    Examples
    --------
    >>> import three_mismatches as tm
    >>> tm.reproduce.tanaka().table["verdict"]  # doctest: +SKIP
    """
    told, wanted = tuple(sorted(set(years))), tuple(sorted(set(claims)))
    _refuse(told, wanted, draws)
    evidence = Evidence(demand, told, resolve(assume, only_given=True), draws, seed)
    _ = evidence.study
    asked = track(wanted, "Claims", disable=not progress, transient=True)
    answers = tuple(ANSWERS[claim](evidence) for claim in asked)
    inputs = {name: table_hash(frame) for name, frame in evidence.study.tables.frames().items()}
    provenance = Provenance(
        version("three-mismatches"), demand, told, dict(evidence.assume), draws, seed, inputs
    )
    return Answers(evidence.published[0].loc[list(wanted)], answers, provenance)


def _refuse(years: tuple[int, ...], claims: tuple[int, ...], draws: int) -> None:
    """Raise one error for all that is wrong with what is asked; `japan` refuses scenarios and early years."""
    faults = [
        f"there is no claim {claim!r}; there are 1 to {len(ANSWERS)}"
        for claim in claims
        if claim not in ANSWERS
    ]
    if not claims:
        faults.append("no claim is asked for")
    if not years:
        faults.append("years is empty; give the year that the claims are judged in")
    faults += [
        f"years: {year!r} is not one of {YEARS[0]} to {YEARS[-1]}" for year in years if year not in YEARS
    ]
    if draws < 1:
        faults.append(f"draws must be at least 1, not {draws}")
    if faults:
        raise ValueError("; ".join(faults))
