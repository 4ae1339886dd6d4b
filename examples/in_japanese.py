"""The same maps in Japanese: names, units and sources in the reader's language, with a font that comes along."""

import three_mismatches as tm

result = tm.japan(year=2034, demand="high").solve()
tm.maps.save(tm.maps.mismatch_map(result, lang="ja"), "in_japanese.png", dpi=110)
