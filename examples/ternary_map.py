"""What each Japanese site waits for beyond its building, power, generation or fibre, and how often."""

import three_mismatches as tm

result = tm.japan(year=2034, demand="high").solve()
ax = tm.maps.ternary_map(result.sites, result.areas, layout=result.layout)
print(tm.maps.save(ax.figure, "ternary_map.png"))
