"""Japan's grid from 154 kV up after its repair: lines by voltage and zone, and where to look twice."""

import three_mismatches as tm

study = tm.japan(resolution="line")
tm.maps.save(tm.maps.repair_map(study.grid, layout=study.layout).figure, "the_repaired_grid.png", dpi=110)
