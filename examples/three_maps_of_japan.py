"""The three mismatches of Japan in 2034 on three maps of the same land."""

import three_mismatches as tm

result = tm.japan(year=2034, demand="high").solve()
tm.maps.save(tm.maps.mismatch_map(result), "three_maps_of_japan.png", dpi=110)
