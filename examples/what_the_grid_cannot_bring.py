"""Sites against power: what is short at each site with ties at their lowest half-hour, and what stops it."""

import three_mismatches as tm

result = tm.japan(year=2034, demand="high", assume={"tie_level": -1.0}).solve()
axes = tm.maps.power_map(result.sites, result.areas, ties=result.ties, layout=result.layout)
tm.maps.save(axes.figure, "what_the_grid_cannot_bring.png")

columns = ["request_mw", "adequacy_mw", "transport_mw", "hosting_mw", "joint_gap_mw", "bound"]
worst = result.sites.nlargest(5, "joint_gap_mw")
print(worst[columns].round(0).to_string())
first = worst.iloc[0]
print(f"\n{worst.index[0]} is stopped by {first['limiting_element']} when {first['limiting_outage']} is lost")
