"""Lines of desire: from which sites to which plants the load would move for the two maps to coincide."""

import three_mismatches as tm

study = tm.japan(year=2034, demand="high")
found = tm.mismatch.triangle(study, permutations=0)
axes = tm.maps.desire_lines(found, study.grid.areas, side="sites-generation", layout=study.layout)
tm.maps.save(axes.figure, "who_would_move_where.png")
