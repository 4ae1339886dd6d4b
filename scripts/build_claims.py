"""
Ship the claims of the critique and the figures that an answer needs: `data/claims/` as it is, once it is sound.

    python scripts/build_claims.py [--check]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "data" / "claims"
PACK = ROOT / "src" / "three_mismatches" / "data" / "claims"
TABLES = ("claims", "facts")


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[1])
    parser.add_argument("--check", action="store_true", help="compare with what is there, write nothing")
    given = parser.parse_args()
    told = faults(*(pd.read_csv(SOURCE / f"{name}.csv") for name in TABLES))
    PACK.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        found, shipped = SOURCE / f"{name}.csv", PACK / f"{name}.csv"
        if not given.check and not told:
            shipped.write_bytes(found.read_bytes())
        elif not shipped.is_file() or shipped.read_bytes() != found.read_bytes():
            told.append(f"{name}.csv is stale; run scripts/build_claims.py")
    print("\n".join(told) or "claims and facts are sound and shipped")
    return 1 if told else 0


def faults(claims: pd.DataFrame, facts: pd.DataFrame) -> list[str]:
    """Return what is wrong with the two tables, row by row."""
    low, high = facts["low"].fillna(facts["value"]), facts["high"].fillna(facts["value"])
    wrong = {
        "given twice": facts["fact"].duplicated(),
        "of no claim": ~facts["claim"].isin(claims["claim"]),
        "not low <= value <= high": ~((low <= facts["value"]) & (facts["value"] <= high)),
        "without a source": facts[["source", "source_date", "unit", "meaning"]].isna().any(axis="columns"),
    }
    return [f"facts: {fact} is {what}" for what, bad in wrong.items() for fact in facts.loc[bad, "fact"]]


if __name__ == "__main__":
    sys.exit(main())
