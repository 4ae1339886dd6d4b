"""When 300 MW more could be energised, asked for now at each place behind all who ask already."""

import three_mismatches as tm

study = tm.japan()
places = tm.delay.time_to_power(study, mw=300.0)
columns = ["year_p10", "year_p50", "year_p90", "comes_share", "critical_stream", "reason"]
print(places[columns].round(2).to_string())

axes = tm.maps.time_to_power_map(places, sites=study.sites, layout=study.layout)
tm.maps.save(axes.figure, "time_to_power.png")
