"""
Make the hourly solar profile that ships with the embedded Japan, and the clearness that it rests on.

    python scripts/make_solar_profile.py            # data/japan/solar_normals.csv -> profiles/ of the shipped pack
    python scripts/make_solar_profile.py --check    # compare with what is there, write nothing

Needs the extra `solar`. Weather is synthetic: no hour of it was measured.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import three_mismatches as tm
from three_mismatches.power import NAGOYA_CLEARNESS, SolarPlant, SolarProfile, solar_profile

ROOT = Path(__file__).resolve().parent.parent
NORMALS = ROOT / "data" / "japan" / "solar_normals.csv"
OUT = ROOT / "src" / "three_mismatches" / "data" / "japan" / "profiles"
NAGOYA = (136.965, 35.168)
"""The observatory at which the normals were measured. [degrees]"""
CONTRACT = "shizen-inuyama"
SEED, YEAR = 0, 2025
ROUNDS = 20
CLOSE = 2e-4
"""Two profiles are the same if no hour differs by more: other versions of pvlib and scipy move last digits. [-]"""
MJ_PER_KWH = 3.6


def clearness(normals: pd.DataFrame) -> np.ndarray:
    """Return the monthly clearness whose plant has the printed shape over the year, at the printed irradiation."""
    row = normals.iloc[0]
    plant = SolarPlant(*NAGOYA, p_ac_mw=1.0, p_dc_mw=0.1, tilt=float(row["tilt"]))
    shape = (normals["kwh"] / normals["kwh"].sum()).to_numpy()
    goal = float(row["ghi_mj_m2_day"]) * 365 / MJ_PER_KWH
    found = np.full(12, 0.6)
    for _ in range(ROUNDS):
        made = solar_profile(plant, clearness=tuple(found), seed=None, year=YEAR).hours
        month = made.groupby(made.index.month).sum()
        clear, output = month["ghi_clear_w_m2"].to_numpy(), month["p_mw"].to_numpy()
        # Half a step at a time: direct light grows faster than clearness, and a whole step would swing.
        found = found * np.sqrt(shape / (output / output.sum()))
        found = np.minimum(found * goal * 1e3 / (found @ clear), 1.0)
    return found


def profile() -> SolarProfile:
    """Return the year that is shipped."""
    row = tm.japan_contracts().loc[CONTRACT]
    plant = SolarPlant(row["lon"], row["lat"], row["p_ac_mw"], row["p_dc_mw"])
    return solar_profile(plant, seed=SEED, year=YEAR)


def told(made: SolarProfile) -> dict[str, Any]:
    """Return what a reader must know of the hours."""
    plant = made.plant
    return {
        "label": made.label,
        "what": "hourly AC output per unit of AC capacity, hour beginning, UTC+9, a year of 365 days",
        "contract": CONTRACT,
        "lon": plant.lon,
        "lat": plant.lat,
        "p_ac_mw": plant.p_ac_mw,
        "p_dc_mw": plant.p_dc_mw,
        "tilt": plant.tilt,
        "azimuth": plant.azimuth,
        "clearness": list(NAGOYA_CLEARNESS),
        "seed": SEED,
        "capacity_factor": round(made.capacity_factor, 4),
        "ghi_kwh_m2": round(made.ghi_kwh_m2, 1),
        "source": "made by scripts/make_solar_profile.py: Ineichen clear sky of pvlib, seeded synthetic clouds about "
        "monthly normals of Nagoya (data/japan/solar_normals.csv)",
        "licence": "CC BY 4.0",
        "pvlib": version("pvlib"),
    }


def packed(made: SolarProfile) -> bytes:
    """Return the hours as a compressed table, the same bytes each time."""
    share = (made.hours["p_mw"] / made.plant.p_ac_mw).round(4).to_numpy()
    table = pd.DataFrame({"hour": np.arange(len(share)), "p_pu": share})
    text = table.to_csv(index=False, lineterminator="\n")
    held = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=held, mtime=0) as file:
        file.write(text.encode())
    return held.getvalue()


def stale(made: SolarProfile, found: np.ndarray) -> list[str]:
    """Return what differs from what is shipped."""
    there = tm.japan_solar_profile()
    share = (made.hours["p_mw"] / made.plant.p_ac_mw).to_numpy()
    faults = []
    if np.abs(there.to_numpy() - share).max() > CLOSE:
        faults.append("profiles/solar.csv.gz")
    now, before = told(made), dict(there.attrs)
    if {**now, "pvlib": ""} != {**before, "pvlib": ""}:
        faults.append("profiles/solar.json")
    if np.abs(found - NAGOYA_CLEARNESS).max() > 1e-3:
        faults.append(f"NAGOYA_CLEARNESS of power/solar.py, which should be {tuple(found.round(3).tolist())}")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[1])
    parser.add_argument("--check", action="store_true", help="compare with what is there, write nothing")
    check = parser.parse_args().check
    found, made = clearness(pd.read_csv(NORMALS)), profile()
    if not check:
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "solar.csv.gz").write_bytes(packed(made))
        text = json.dumps(told(made), indent=2, ensure_ascii=False) + "\n"
        (OUT / "solar.json").write_text(text, encoding="utf-8", newline="\n")
    faults = stale(made, found)
    for fault in faults:
        print(f"stale: {fault}; run scripts/make_solar_profile.py")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
