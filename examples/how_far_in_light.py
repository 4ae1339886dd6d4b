"""How far Ishikari is in light: by which way, after which loss, and what measured round trips say of the model."""

import three_mismatches as tm

study = tm.japan()
fibre, hubs = study.fibre, study.tables.hubs
site, cities = study.sites.loc[["sakura-ishikari"]], hubs.loc[["ix-tokyo", "ix-osaka"]]

bare = tm.latency.rtt(fibre, site, cities, route_factor=1.0, equipment=False)
told = tm.latency.rtt(fibre, site, cities)
print("bare glass, ms:", bare.round(1).iloc[0].to_dict())
print("as measured pairs suggest, ms:", told.round(1).iloc[0].to_dict())

way = tm.latency.path(fibre, site, cities).iloc[0]
print("by", " > ".join(way["nodes"]), f"({way['km']:.0f} km and {way['access_km']:.0f} km to the fibre)")

worst = tm.latency.n1_rtt(fibre, site, cities).iloc[0]
print(f"without {worst['n1_kind']} {worst['n1_loss']}: {worst['n1_rtt_ms']:.1f} ms to Tokyo")

print(tm.latency.calibrate(fibre, tm.japan_rtt(), fit="route_factor"))
