"""From where an exchange is within 2, 5, 10 and 20 ms of light, over the fibre that is modelled."""

import three_mismatches as tm

result = tm.japan(year=2034, demand="high").solve(draws=0)
fibre, hubs = result.fibre, result.hubs
reached = tm.latency.isochrones(fibre, hubs, kind="ix", ms=(2, 5, 10, 20))
print(reached[["rtt_ms", "km2"]].round().to_string())

axes = tm.maps.fibre_map(
    result.sites,
    fibre.fibre_nodes,
    fibre.fibre_routes,
    areas=result.areas,
    hubs=hubs[hubs["kind"] == "ix"],
    isochrones=reached,
    layout=result.layout,
)
tm.maps.save(axes.figure, "light_isochrones.png")
