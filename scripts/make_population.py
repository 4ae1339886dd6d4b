"""
Write `municipality_population.csv`: people, office and land of every municipality, wards in place of their city.

    python scripts/make_population.py CENSUS OFFICES [--check]

CENSUS and OFFICES are two tables of others that are not kept in this repository:

`data/processed/census_muni.csv` of github.com/mu373/election-202602-shugiin at commit 58e2fc26
    The Population Census of 1 October 2020 by municipality, from e-Stat: columns `muni_code` (five digits),
    `pop_total` (file 000040186221, item A1101) and `pop_density` (file 000032143614, people per km2 to one decimal).
    Take this commit: later ones fold Hamamatsu's seven wards into the three of 2024, by estimate.
`localgovjp_office_points.csv`
    Municipal offices of github.com/code4fukui/localgovjp (CC0): columns `lgcode` (six digits, the last a check
    digit), `pref`, `city` ("city ward" for a ward), `lat`, `lng`.

People must add up to `population` of `data/japan/prefectures.csv`, prefecture by prefecture, or nothing is written.
With --check nothing is written at all, and the exit code says whether the table holds what the two files say.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

DATA = Path(__file__).resolve().parent.parent / "data" / "japan"
TABLE = DATA / "municipality_population.csv"
SPECIAL_WARDS = "13100"
"""Tokyo's 23 wards together, which the census counts beside each of them."""
DENSITY_HALF_STEP = 0.05
COARSE_AREA = 0.01
"""Where the density's last digit leaves the area less certain than this, the row says so. [-]"""
PROVENANCE = {
    "source": (
        "Population Census 2020, Statistics Bureau of Japan (e-Stat), as compiled in "
        "github.com/mu373/election-202602-shugiin data/processed/census_muni.csv, commit 58e2fc26; "
        "point: github.com/code4fukui/localgovjp"
    ),
    "source_date": "2020-10-01",
    "licence": "facts; e-Stat terms (CC BY 4.0 compatible), attribution; points CC0-1.0",
}
AWAY = "the office stands outside the municipality"
OFFICE_AWAY = {
    "075469": f"{AWAY}, 58 km from its nearest listed town; nobody was counted in 2020",
    "463035": f"{AWAY}, 88 km from its nearest listed town, on the mainland",
    "463043": f"{AWAY}, 190 km from its nearest listed town, on the mainland",
    "473812": f"{AWAY}, 7 km from its nearest listed town, on another island",
}
"""Found by holding offices against the towns of Geolonia's japanese-addresses (CC BY 4.0)."""
OLD_WARDS = range(22131, 22138)
REDRAWN = "one of Hamamatsu's seven wards, redrawn into three in January 2024; people, code and office are of before"


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[1])
    parser.add_argument("census", type=Path)
    parser.add_argument("offices", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    table = municipalities(read_census(given.census), read_offices(given.offices))
    text = table.to_csv(index=False, lineterminator="\n")
    if given.check:
        same = text == TABLE.read_text(encoding="utf-8")
        print("as the sources say" if same else f"stale: {TABLE.stem}; run scripts/make_population.py")
        return 0 if same else 1
    TABLE.write_text(text, encoding="utf-8", newline="\n")
    return 0


def read_census(path: Path) -> pd.DataFrame:
    """Return people and density by five-digit code."""
    census = pd.read_csv(path, dtype={"muni_code": str}).set_index("muni_code")
    return census[["pop_total", "pop_density"]].drop(index=SPECIAL_WARDS, errors="ignore")


def read_offices(path: Path) -> pd.DataFrame:
    """Return offices by five-digit code; `parent` is the designated city of a ward."""
    offices = pd.read_csv(path, dtype={"lgcode": str})
    offices["lgcode"] = offices["lgcode"].str.zfill(6)
    offices["parent"] = offices["city"].str.extract(r"^(\S+) ", expand=False)
    return offices.set_index(offices["lgcode"].str[:5].rename("muni_code"))


def municipalities(census: pd.DataFrame, offices: pd.DataFrame) -> pd.DataFrame:
    """Return the table, one row per municipality that holds no other, checked against the prefectures."""
    split = offices["city"].isin(offices["parent"].dropna())
    lowest = offices[~split].sort_values("lgcode").join(census)
    people = lowest["pop_total"].astype("Int64")
    prefecture = "JP-" + lowest["lgcode"].str[:2]
    refuse(problems(census, offices, people.groupby(prefecture).sum()))
    area = lowest["pop_total"] / lowest["pop_density"].where(lowest["pop_density"] > 0)
    table = pd.DataFrame(
        {
            "lgcode": lowest["lgcode"],
            "prefecture": prefecture,
            "municipality": lowest["city"].str.replace(" ", ""),
            "population": people,
            "year": 2020,
            "lon": lowest["lng"].round(6),
            "lat": lowest["lat"].round(6),
            "area_km2": area.round(2),
            **PROVENANCE,
            "confidence": ["medium" if code in OFFICE_AWAY else "high" for code in lowest["lgcode"]],
        }
    )
    return table.assign(note=list(map(note, lowest["lgcode"], lowest["pop_density"])))


def note(lgcode: str, density: float) -> str:
    """Return what a reader of the row must know: of its office, its borders, its area."""
    said = [OFFICE_AWAY[lgcode]] if lgcode in OFFICE_AWAY else []
    if int(lgcode[:5]) in OLD_WARDS:
        said.append(REDRAWN)
    if 0 < density < DENSITY_HALF_STEP / COARSE_AREA:
        said.append(f"area within {DENSITY_HALF_STEP / density:.1%}, from a density of {density:.1f} per km2")
    return "; ".join(said)


def problems(census: pd.DataFrame, offices: pd.DataFrame, found: pd.Series) -> list[str]:
    """Return every disagreement between census, offices and prefectures."""
    unmatched = census.index.symmetric_difference(offices.index)
    published = pd.read_csv(DATA / "prefectures.csv").set_index("prefecture")["population"]
    off = (found - published.reindex(found.index)).loc[lambda gap: gap != 0]
    said = [f"in one of the two files only: {code}" for code in unmatched]
    return said + [f"{name}: {gap:+d} people against prefectures.csv" for name, gap in off.items()]


def refuse(found: list[str]) -> None:
    """Stop if there is any problem, with all of them."""
    if found:
        raise SystemExit("\n".join(["census, offices and prefectures disagree:", *found]))


if __name__ == "__main__":
    raise SystemExit(main())
