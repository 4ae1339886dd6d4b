"""Sites against fibre: by how many milliseconds each site is beyond its budget, and what those are made of."""

import three_mismatches as tm

result = tm.japan(year=2034, demand="high").solve()
fibre = result.fibre
axes = tm.maps.fibre_map(
    result.sites,
    fibre.fibre_nodes,
    fibre.fibre_routes,
    areas=result.areas,
    hubs=result.hubs,
    layout=result.layout,
)
tm.maps.save(axes.figure, "how_far_from_the_exchange.png")

worst = result.sites.nlargest(5, "rtt_gap_ms")
columns = ["use", "nearest_hub", "budget_ms", "rtt_ms", "rtt_low_ms", "rtt_high_ms", "rtt_gap_ms"]
print(worst[columns].round(1).to_string())
increments = [f"rtt_{part}_ms" for part in ("vacuum", "glass", "route", "policy", "equipment")]
print("\n" + worst[increments].round(1).to_string())
