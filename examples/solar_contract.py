"""What the Aichi solar contract covers of a load: over the year, hour by hour, and where ties can bring it."""

import pandas as pd

import three_mismatches as tm

plant, output = tm.japan_contracts().loc["shizen-inuyama"], tm.japan_solar_profile()
print(f"{plant['buyer']}, {plant['name']}, {plant['p_ac_mw']:g} MW: {output.attrs['label']}")

cases = {}
for plant_mw, load_mw in ((25, 10), (100, 10), (100, 50)):
    found = tm.power.match_hourly(load_mw, plant_mw * output)
    cases[f"{plant_mw} MW for {load_mw} MW"] = {
        "GWh": found.contracted_mwh / 1e3,
        "volumetric": found.volumetric,
        "cfe_own": found.cfe_own,
        "share of 66 TWh": found.contracted_mwh / 66e6,
    }
print(pd.DataFrame(cases).T.round(4).to_string())

ties = tm.power.deliverable(tm.japan().grid, plant["area"])
for area in ("kansai", "tokyo", "okinawa"):
    found = tm.power.match_hourly(10.0, 25 * output, deliverable_mw=ties[area])
    print(f"to {area}: at most {ties[area]:,.0f} MW, cfe_deliverable {found.cfe_deliverable:.3f}")
