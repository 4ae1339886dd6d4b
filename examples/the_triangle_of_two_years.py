"""The mismatch triangle of two years, true to scale: how far sites, generation and hubs are from each other."""

import three_mismatches as tm

studies = {"2026": tm.japan(year=2026), "2034, high": tm.japan(year=2034, demand="high")}
found = {words: tm.mismatch.triangle(study, permutations=0) for words, study in studies.items()}
tm.maps.save(tm.maps.triangle(found).figure, "the_triangle_of_two_years.png", dpi=110)
