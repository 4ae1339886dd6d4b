"""Why one site is short or not: what takes its power away, step by step, and what its round trip is made of."""

import three_mismatches as tm

result = tm.japan(year=2034, demand="high").solve()
figure = tm.maps.waterfall(result, "nanto-campus")
print(tm.maps.save(figure, "why_this_site.png"))
