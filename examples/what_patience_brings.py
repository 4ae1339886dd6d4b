"""The reachable-power curve: how much spare power is within so many milliseconds of a cloud hub."""

import three_mismatches as tm

reach = tm.mismatch.reach(tm.japan(year=2034, demand="high"))
tm.maps.save(tm.maps.reach_curve(reach, use="cloud").figure, "what_patience_brings.png")
