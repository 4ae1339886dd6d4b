"""Where power is to spare, how many milliseconds away that is, and whether to move watts or bits."""

import three_mismatches as tm

study = tm.japan(year=2034, demand="high")

reach = tm.mismatch.reach(study)
for use in ("cloud", "colocation", "ai inference"):
    budget = reach.budget_ms[use]
    mw = reach.reachable_mw(budget, use=use)
    ms = reach.ms_for(5_000.0, use=use)
    print(
        f"{use}: {mw:,.0f} of {reach.areas['spare_mw'].sum():,.0f} MW within {budget:g} ms; 5 GW take {ms:.1f} ms"
    )

print(
    reach.areas[["spare_mw", "hub_rtt_ms", "stranded_cloud_mw", "stranded_colocation_mw"]]
    .round(1)
    .to_string()
)

row = tm.mismatch.watt_bit(study, "softbank-tomakomai").iloc[0]
print(
    f"softbank-tomakomai: {row['line_km']:.0f} km of line or {row['fibre_km']:.0f} km of fibre and "
    f"{row['extra_ms']:.1f} ms; the line costs {row['watt_bit_low']:.0f} to {row['watt_bit_high']:.0f} times as much"
)
