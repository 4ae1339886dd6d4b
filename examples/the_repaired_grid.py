"""Japan's grid from 154 kV up after its repair: lines by voltage and zone, and where to look twice."""

import three_mismatches as tm

grid = tm.japan(resolution="line").grid
tm.maps.save(tm.maps.repair_map(grid).figure, "the_repaired_grid.png", dpi=110)
