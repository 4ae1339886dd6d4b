"""The critique's claims, and the published figures that an answer to each of them needs."""

from __future__ import annotations

from importlib.resources import as_file, files

import pandas as pd

__all__ = ["read_claims"]


def read_claims() -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Return the claims that ship with the library, and the figures beside the tables of the embedded Japan.

    Returns
    -------
    claims
        Indexed by claim, 1 to 8: restated, question, source, source_date, licence, confidence.
    facts
        Indexed by fact: claim, value, low and high (NaN: no range is known), unit, meaning, imputed (whether a figure
        of the row is an assumption), source, source_date, licence, confidence.

    Examples
    --------
    >>> claims, facts = read_claims()
    >>> float(facts.loc["microsoft_investment", "value"]), facts.loc["microsoft_investment", "unit"]
    (10.0, 'USD bn')
    """
    with as_file(files("three_mismatches") / "data" / "claims") as folder:
        claims = pd.read_csv(folder / "claims.csv", index_col="claim", dtype={"source_date": str})
        facts = pd.read_csv(folder / "facts.csv", index_col="fact", dtype={"source_date": str})
    return claims, facts
