"""All answers as tables, as a page, and as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from three_mismatches import export
from three_mismatches.reproduce.records import Answer
from three_mismatches.reproduce.text import page

__all__ = ["DETAILS", "TABLE", "Answers", "Provenance"]

TABLE = (
    "claim", "question", "quantity", "figure", "low", "high", "unit", "interval", "formula", "sources", "model",
    "verdict", "would_change",
)  # fmt: skip
DETAILS = ("claim", "quantity", "value", "low", "high", "unit", "source")


@dataclass(frozen=True)
class Provenance:
    """
    What the answers were made with.

    Attributes
    ----------
    version
        Of the library.
    demand, years, assume, draws, seed
        As they were asked for; `assume` holds only what was replaced.
    inputs_sha256
        Hash of every input table, by name.
    """

    version: str
    demand: str
    years: tuple[int, ...]
    assume: Mapping[str, float]
    draws: int
    seed: int
    inputs_sha256: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Answers:
    """
    Answers to the claims of the critique.

    Attributes
    ----------
    claims
        The claims, restated, as `inputs.claims.read_claims` has them.
    answers
        One for each, in their order.
    provenance
        What they were made with.
    """

    claims: pd.DataFrame
    answers: tuple[Answer, ...]
    provenance: Provenance

    @cached_property
    def table(self) -> pd.DataFrame:
        """
        Indexed by claim (its number): the claim restated, question, quantity, figure, low and high [`unit`], interval
        (what low and high are over), formula, sources, model, verdict, would_change.
        """
        rows = [
            (
                self.claims["restated"][answer.claim], self.claims["question"][answer.claim], answer.figure.name,
                answer.figure.value, answer.figure.low, answer.figure.high, answer.figure.unit, answer.interval,
                answer.formula, "; ".join(answer.sources), answer.model, answer.verdict, answer.would_change,
            )
            for answer in self.answers
        ]  # fmt: skip
        index = pd.Index([answer.claim for answer in self.answers], name="number")
        return pd.DataFrame(rows, columns=list(TABLE), index=index)

    @cached_property
    def details(self) -> pd.DataFrame:
        """Further figures of every claim, long: claim (its number), quantity, value, low, high, unit, source."""
        rows = [
            (answer.claim, item.name, item.value, item.low, item.high, item.unit, item.source)
            for answer in self.answers
            for item in answer.details
        ]
        return pd.DataFrame(rows, columns=list(DETAILS))

    def markdown(self) -> str:
        """Return the page: how it was made, the verdicts, and a section for each claim."""
        return page(self)

    def write(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """
        Write tanaka.md, tanaka.csv, tanaka_details.csv and summary.json; the same bytes for the same answers.

        Parameters
        ----------
        folder
            Where to.
        overwrite
            Whether what this library wrote there is replaced.

        Raises
        ------
        FileExistsError
            If something is there and `overwrite` is False, or it is a folder of somebody else's.
        """
        target = Path(folder)
        with export.atomic_folder(target, overwrite=overwrite) as part:
            (part / "tanaka.md").write_text(self.markdown(), encoding="utf-8", newline="\n")
            export.write_table(self.table, part / "tanaka.csv")
            export.write_table(self.details, part / "tanaka_details.csv")
            files = sorted(["summary.json", *(path.name for path in part.iterdir())])
            verdicts = {str(answer.claim): answer.verdict for answer in self.answers}
            export.write_json(
                {"verdicts": verdicts, **asdict(self.provenance), "files": files}, part / "summary.json"
            )
        return target

    def __repr__(self) -> str:
        """Return the verdicts."""
        return f"Answers({', '.join(f'{answer.claim}: {answer.verdict}' for answer in self.answers)})"
