"""From messy lines on a map to a grid: two zones, a gap, a branch, a line drawn twice, and what the repair says."""

import geopandas as gpd
from shapely.geometry import LineString, Point, box

import three_mismatches as tm

areas = gpd.GeoDataFrame(
    {"zone": ["east", "west"], "frequency": [50.0, 60.0]},
    index=["sunrise", "sunset"],
    geometry=[box(1, 0, 2, 1), box(0, 0, 1, 1)],
    crs="EPSG:4326",
)
lines = gpd.GeoDataFrame(
    {
        "voltage": ["275000", "275000", "275000;154000", "154000", "275000", "770006.6", "250000"],
        "frequency": ["50", "50", "50", "50", "60", "50", "0"],
        "name": [
            "north",
            "north, again and backwards",
            "two levels",
            "a branch",
            "over the border",
            "a slip",
            "cable",
        ],
    },
    geometry=[
        LineString([(1.1, 0.8), (1.5, 0.8)]),
        LineString([(1.5, 0.8), (1.1, 0.8)]),
        LineString([(1.501, 0.8005), (1.8, 0.5)]),  # begins some 100 m from where the first line ends
        LineString([(1.65, 0.6515), (1.6, 0.3)]),  # begins at the middle of the line before
        LineString([(0.9, 0.8), (1.0995, 0.8)]),  # ends 50 m from a line of the other frequency
        LineString([(1.2, 0.2), (1.3, 0.2)]),
        LineString([(0.9, 0.8), (1.1, 0.8)]),
    ],
    crs="EPSG:4326",
)
substations = gpd.GeoDataFrame(
    {
        "name": ["Dawn", "Noon", "Converter"],
        "voltage": ["275000", "275000;154000", "275000"],
        "zone": ["", "", "west"],
    },
    geometry=[Point(1.1, 0.8), Point(1.8, 0.5), Point(0.9, 0.8)],
    crs="EPSG:4326",
)

grid = tm.repair.build_grid(lines, substations, areas, rules=tm.repair.RepairRules(classes=(275.0, 154.0)))
print(grid.buses[["v_nom", "zone", "area", "name"]].to_string())
print(grid.lines[["bus0", "bus1", "kind", "length", "x_pu_100", "s_nom"]].round(4).to_string())
print(grid.links[["bus0", "bus1", "carrier", "p_nom"]].to_string())
print(tm.repair.summary(grid.certificate).to_string())
