"""Power against fibre: where power is to spare, and how much of it is too far from a cloud hub."""

import three_mismatches as tm

result = tm.japan(year=2034, demand="high").solve()
tm.maps.save(tm.maps.reach_map(result.areas, layout=result.layout).figure, "where_power_is_stranded.png")

columns = ["spare_mw", "hub_rtt_ms", "stranded_cloud_mw", "stranded_colocation_mw"]
print(result.areas[columns].round(1).to_string())
