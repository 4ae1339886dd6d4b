"""How firm the order of the latest sites is when the doubtful inputs are drawn at random."""

import three_mismatches as tm

study = tm.japan(year=2034, demand="high")
found = tm.ensemble.run(study, tm.ensemble.Ranges(draws=20, seed=0))
ax = tm.maps.rank_stability(found.rank_stability("delay_y_p50"), sites=study.sites)
print(tm.maps.save(ax.figure, "rank_stability.png"))
