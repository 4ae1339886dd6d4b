"""A backbone in networkx's node-link form: read, asked for round trips, and what a wrong unit says."""

import three_mismatches as tm
from three_mismatches.errors import LayerError

PLACES = {
    "Tokyo": (139.77, 35.68),
    "Nagoya": (136.88, 35.17),
    "Osaka": (135.50, 34.69),
    "Kanazawa": (136.65, 36.58),
}
LINKS = [
    ("Tokyo", "Nagoya", 366.0),
    ("Nagoya", "Osaka", 186.0),
    ("Tokyo", "Kanazawa", 454.0),
    ("Kanazawa", "Osaka", 268.0),
]

graph = {
    "nodes": [{"id": name, "pos": place} for name, place in PLACES.items()],
    "edges": [{"source": one, "target": other, "dist": km} for one, other, km in LINKS],
}
fibre = tm.read_node_link(graph, geometry_kind="surveyed", source="railway distances, by hand", licence="CC0")
cities = fibre.fibre_nodes.assign(node=fibre.fibre_nodes.index)
print(tm.latency.rtt(fibre, cities, cities, equipment=False).round(2).to_string(), "\n")

metres = [{**edge, "dist": edge["dist"] * 1000} for edge in graph["edges"]]
try:
    tm.read_node_link({**graph, "edges": metres})
except LayerError as error:
    print(error)
