"""Any gap of a table of sites on a map: here what each site would lack if it were the only one to ask."""

import three_mismatches as tm

result = tm.japan(year=2034, demand="high", assume={"tie_level": -1.0}).solve()
axes = tm.maps.gap_map(result.sites, result.areas, column="power_gap_mw", layout=result.layout)
tm.maps.save(axes.figure, "any_gap_on_a_map.png")
