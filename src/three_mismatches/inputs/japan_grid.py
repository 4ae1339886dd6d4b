"""The embedded line-level grid of Japan: buses and branches that a repair made of OpenStreetMap, as they ship."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

__all__ = ["GridPack", "read_japan_grid"]

SOURCE = (
    "OpenStreetMap contributors, as compiled in github.com/lutelute/All-Japan-Grid (April 2026); derived by "
    "scripts/build_japan_grid.py"
)
SOURCE_DATE = "2026-04"
LICENCE = "ODbL 1.0, (c) OpenStreetMap contributors"


@dataclass(frozen=True, eq=False)
class GridPack:
    """
    A network before anything electrical is assumed.

    Attributes
    ----------
    buses
        Index bus: v_nom [kV], zone, area, name, substation, point.
    branches
        Index branch: bus0, bus1, kind, v_nom [kV], length [km], circuits (NaN: by class), in_service, tie, line.
    transformers
        bus0, bus1, the higher voltage first.
    link_ends
        Index link: bus0, bus1.
    interface_members
        interface, branch, sign.
    loads
        Index load: bus, p_set [MW] in the base year.
    certificate
        What the repair did, as `layers` has it.
    """

    buses: gpd.GeoDataFrame
    branches: gpd.GeoDataFrame
    transformers: pd.DataFrame
    link_ends: pd.DataFrame
    interface_members: pd.DataFrame
    loads: pd.DataFrame
    certificate: gpd.GeoDataFrame


def read_japan_grid() -> GridPack:
    """Return the network that ships with the library, under ODbL."""
    with as_file(files("three_mismatches") / "data" / "japan_grid") as folder:
        return _read(folder)


def _read(folder: Path) -> GridPack:
    buses = _table(folder / "buses.csv", "bus")
    branches = _table(folder / "branches.csv", "branch")
    loads = pd.read_csv(folder / "loads.csv", dtype={"bus": str})
    certificate = _table(folder / "certificate.csv.gz", None).rename_axis("row")
    lines = _lines(branches.pop("path").tolist())
    provenance = {"source": SOURCE, "source_date": SOURCE_DATE, "licence": LICENCE, "confidence": "medium"}
    certificate.index = certificate.index.map("{:06d}".format)
    return GridPack(
        buses=_points(buses.assign(substation=buses["name"], **provenance)),
        branches=gpd.GeoDataFrame(branches.assign(**provenance), geometry=lines, crs="EPSG:4326"),
        transformers=pd.read_csv(folder / "transformers.csv", dtype=str),
        link_ends=pd.read_csv(folder / "links.csv", dtype=str, index_col="link"),
        interface_members=pd.read_csv(
            folder / "interface_members.csv", dtype={"interface": str, "branch": str}
        ),
        loads=loads.set_axis(pd.Index(loads["bus"], name="load")).assign(**provenance, imputed=True),
        certificate=_points(certificate.assign(**provenance)),
    )


def _table(path: Path, index: str | None) -> pd.DataFrame:
    text = (
        "bus",
        "bus0",
        "bus1",
        "branch",
        "name",
        "tie",
        "kind",
        "zone",
        "area",
        "action",
        "reason",
        "element",
    )
    found = pd.read_csv(
        path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values={c: [""] for c in NUMBERS}
    )
    return found if index is None else found.set_index(index)


NUMBERS = ("lon", "lat", "v_nom", "length", "circuits", "km", "value")


def _points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table with points for its lon and lat; none where these are not known."""
    lonlat = table[["lon", "lat"]].to_numpy(dtype=np.float64)
    point = np.full(len(table), None, dtype=object)
    known = np.isfinite(lonlat).all(axis=1)
    point[known] = shapely.points(lonlat[known])
    return gpd.GeoDataFrame(table.drop(columns=["lon", "lat"]), geometry=point, crs="EPSG:4326")


def _lines(paths: Sequence[str]) -> npt.NDArray[np.object_]:
    """Return the lines that are written as "lon lat,lon lat"."""
    vertices = [path.count(",") + 1 for path in paths]
    numbers = np.array(",".join(paths).replace(",", " ").split(), dtype=np.float64).reshape(-1, 2)
    lines = shapely.linestrings(numbers, indices=np.repeat(np.arange(len(vertices)), vertices))
    return np.asarray(lines, dtype=object)
