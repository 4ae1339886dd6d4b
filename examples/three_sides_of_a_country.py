"""The mismatch triangle of Japan, now and in 2034: its sides, who would move where, and the haul to surplus power."""

import three_mismatches as tm

years = {year: tm.mismatch.triangle(tm.japan(year=year), permutations=0) for year in (2026, 2034)}
for year, found in years.items():
    sides = ", ".join(f"{side} {km:.0f} km" for side, km in found.sides["distance"].items())
    print(f"{year}: {sides}; haul to surplus {found.haul_km:.0f} km, unserved {found.unserved_mw:.0f} MW")

print(years[2034].apart[["measure", "reason", "areas", "points"]].to_string(index=False))
