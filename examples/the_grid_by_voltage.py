"""A grid line by line, here Japan's from 154 kV up, by voltage; give `value=` for any other figure of the lines."""

import three_mismatches as tm

study = tm.japan(resolution="line")
tm.maps.save(tm.maps.network_map(study.grid, layout=study.layout).figure, "the_grid_by_voltage.png", dpi=110)
