"""What takes power away from one site, step by step, where ties run at their lowest half-hour."""

import three_mismatches as tm

result = tm.japan(year=2030, assume={"tie_level": -1.0}).solve()
ax = tm.maps.power_waterfall(result.sites.loc["dpdc-inzai-park"])
print(tm.maps.save(ax.figure, "megawatts_of_a_site.png"))
