"""A region of one's own: tables in memory, to a study on disk and back, solved; and what a wrong table says."""

import tempfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
from shapely.geometry import Point, box

import three_mismatches as tm
from three_mismatches.errors import LayerError
from three_mismatches.layers.checks import check

LONLAT = "EPSG:4326"


def points(rows: dict[str, dict[str, object]]) -> gpd.GeoDataFrame:
    """Return rows by their ids, each at its `at` = (lon, lat)."""
    table = pd.DataFrame.from_dict(rows, orient="index")
    return gpd.GeoDataFrame(table, geometry=table.pop("at").map(Point), crs=LONLAT)


def plain(rows: dict[str, dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index")


def two_areas() -> dict[str, pd.DataFrame]:
    """Return the tables of a made-up region: power to spare in the north, the exchange in the south."""
    areas = gpd.GeoDataFrame(
        {"peak_mw": [300.0, 950.0], "firm_mw": [700.0, 1_050.0]},
        index=["north", "south"],
        geometry=[box(10, 51, 12, 53), box(10, 49, 12, 51)],
        crs=LONLAT,
    )
    return {
        "areas": areas,
        "sites": points({
            "quay": {"at": (11.0, 49.6), "use": "cloud", "request_mw": 200.0},
            "mill": {"at": (11.2, 52.4), "use": "cloud", "request_mw": 150.0},
            "mine": {"at": (10.4, 52.8), "use": "training", "request_mw": 120.0},
        }),
        "links": plain({"tie": {"bus0": "north", "bus1": "south", "p_nom": 80.0}}),
        "generators": plain({
            "north-1": {"area": "north", "p_nom": 100.0, "p_unit": 100.0},
            "south-1": {"area": "south", "p_nom": 60.0, "p_unit": 60.0},
        }),
        "fibre_nodes": points({"upton": {"at": (11.2, 52.3)}, "exton": {"at": (11.0, 49.5)}}),
        "fibre_routes": plain({"trunk": {"node0": "upton", "node1": "exton", "length": 380.0}}),
        "hubs": points({"exchange": {"at": (11.0, 49.5), "kind": "ix", "node": "exton"}}),
        "budgets": plain({"cloud": {"rtt_ms": 2.0}, "training": {"rtt_ms": 100.0}}),
    }  # fmt: skip


def show_gaps(result: tm.Result) -> None:
    columns = ["area", "request_mw", "hosting_mw", "power_gap_mw", "joint_gap_mw", "rtt_gap_ms"]
    print(result.sites[[*columns, "dominant_mismatch"]].round(1).to_string())


def show_faults(frames: dict[str, pd.DataFrame]) -> None:
    """Print what is said of sites in kW, of a use that no budget names and of an area that is not there."""
    sites = frames["sites"].assign(request_mw=[200_000.0, 150.0, 120.0], use=["clowd", "cloud", "training"])
    try:
        check({**frames, "sites": sites.assign(area=[None, None, "nord"])})
    except LayerError as error:
        print(error)


frames = two_areas()
study = tm.Study(check(frames), tm.Settings(name="Two areas", year=2030, base_year=2026))
with tempfile.TemporaryDirectory() as folder:
    path = study.write(Path(folder) / "two_areas")
    print("written:", ", ".join(sorted(file.name for file in path.iterdir())), "\n")
    read_back = tm.read_study(path)
show_gaps(read_back.solve())
print()
show_faults(frames)
