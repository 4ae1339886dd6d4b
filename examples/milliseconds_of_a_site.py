"""What the round trip of one site is made of: light, glass, detours and the way that traffic must take."""

import three_mismatches as tm

result = tm.japan(year=2034, demand="high").solve()
ax = tm.maps.latency_waterfall(result.sites.loc["sakura-ishikari"])
print(tm.maps.save(ax.figure, "milliseconds_of_a_site.png"))
