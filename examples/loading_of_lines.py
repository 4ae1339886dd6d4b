"""How loaded each line is before any new load, what flows between areas, and which lines limit the sites."""

import three_mismatches as tm

result = tm.japan(resolution="line", year=2034, demand="high").solve(draws=0)
limits = result.sites["limiting_element"]
print(limits.str.split("; ").explode().value_counts().head(8).to_string())

axes = tm.maps.network_map(
    result.grid, value=result.lines["loading"], ties=result.ties, binding=limits, layout=result.layout
)
tm.maps.save(axes.figure, "loading_of_lines.png")
