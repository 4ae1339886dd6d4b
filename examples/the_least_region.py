"""The least that a region needs: a table of areas and one of sites. Power is answered, the rest is not known."""

import geopandas as gpd
from shapely.geometry import Point, box

import three_mismatches as tm

areas = gpd.GeoDataFrame(
    {"peak_mw": [300.0], "firm_mw": [500.0]},
    index=["valley"],
    geometry=[box(10, 50, 12, 52)],
    crs="EPSG:4326",
)
sites = gpd.GeoDataFrame(
    {"request_mw": [150.0, 100.0]},
    index=["mill", "quay"],
    geometry=[Point(11, 51), Point(11, 50.4)],
    crs="EPSG:4326",
)
settings = tm.Settings(name="Least region", year=2030, base_year=2026)
result = tm.Study.from_frames({"areas": areas, "sites": sites}, settings=settings).solve()

columns = ["hosting_mw", "power_gap_mw", "joint_gap_mw", "rtt_gap_ms", "bound", "flags"]
print(result.sites[columns].to_string())
