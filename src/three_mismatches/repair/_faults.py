"""What is wrong with the tables of a map before anything is done with them, all of it at once."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from three_mismatches.errors import Fault, LayerError
from three_mismatches.layers.geometry import is_lonlat
from three_mismatches.repair._columns import VOLTAGE_COLUMNS, frequencies, stated_zones, text_of

__all__ = ["refuse"]

LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
PLACES = (shapely.GeometryType.POINT, shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
SURFACES = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)

DRAW_LINE, DRAW_PLACE = "Draw it as a LineString", "Draw it as a Point or a Polygon"
DRAW_SURFACE = "Draw it as a Polygon"


def refuse(
    lines: gpd.GeoDataFrame, substations: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, tolerance_km: float
) -> None:
    """Raise one error that names every fault of the three tables."""
    faults = _geometry_faults("lines", lines, LINES, DRAW_LINE)
    faults += _geometry_faults("substations", substations, PLACES, DRAW_PLACE, needed=True)
    faults += _geometry_faults("areas", areas, SURFACES, DRAW_SURFACE, needed=True)
    if not (isinstance(tolerance_km, (int, float)) and 0.0 <= tolerance_km < np.inf):
        faults.append(Fault("options", "tolerance_km", f"is {tolerance_km!r}", "Give kilometres >= 0"))
    tables = {"lines": lines, "substations": substations, "areas": areas}
    if all(isinstance(table, gpd.GeoDataFrame) for table in tables.values()):
        faults += _column_faults(lines, areas)
        for name, table in tables.items():
            faults += _rows(
                "index", name, table, table.index.duplicated(), "the id is given twice", "Name each row"
            )
        if not faults:
            faults = _told_otherwise(lines, substations, areas)
    if faults:
        raise LayerError(faults)


def _rows(
    column: str, name: str, table: gpd.GeoDataFrame, bad: object, problem: str, cure: str
) -> list[Fault]:
    """Return a fault for the rows where `bad`, if there are any."""
    rows = tuple(map(str, table.index[np.asarray(bad, dtype=bool)]))
    return [Fault(name, column, problem, cure, rows)] if rows else []


def _geometry_faults(
    name: str, table: gpd.GeoDataFrame, kinds: tuple[int, ...], cure: str, *, needed: bool = False
) -> list[Fault]:
    """Return what is wrong with the coordinate system and the shapes of a table."""
    if not isinstance(table, gpd.GeoDataFrame) or table.active_geometry_name is None:
        return [Fault(name, "geometry", "is not there", "Give a GeoDataFrame with a geometry")]
    if not len(table):
        return []
    if not is_lonlat(table.crs):
        return [Fault(name, "crs", f"is {table.crs}", 'Set it, or convert with .to_crs("EPSG:4326")')]
    shapes = table.geometry.to_numpy()
    blank = pd.isna(shapes) | shapely.is_empty(shapes)
    wrong = ~blank & ~np.isin(shapely.get_type_id(shapes), kinds)
    lonlat, row = shapely.get_coordinates(shapes, return_index=True)
    off = ~np.isfinite(lonlat).all(axis=1) | (np.abs(lonlat[:, 1]) > 90.0) | (np.abs(lonlat[:, 0]) > 180.0)
    beyond = np.isin(np.arange(len(table)), row[off])
    faults = _rows("geometry", name, table, needed & blank, "is missing", f"{cure}, or drop the row")
    faults += _rows("geometry", name, table, wrong, "is of another kind", cure)
    faults += _rows("geometry", name, table, beyond, "lies beyond longitude 180 or latitude 90", "Correct it")
    if kinds == SURFACES:
        crossed = ~blank & ~wrong & ~beyond & ~shapely.is_valid(np.where(beyond, None, shapes))
        faults += _rows(
            "geometry", name, table, crossed, "crosses itself", "Mend it, perhaps with .make_valid()"
        )
    return faults


def _column_faults(lines: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> list[Fault]:
    """Return what columns lack."""
    faults = []
    if not any(column in lines for column in VOLTAGE_COLUMNS):
        cure = f"Name the column that holds it one of {', '.join(VOLTAGE_COLUMNS)}"
        faults.append(Fault("lines", "voltage", "is not there", cure))
    if not len(areas):
        cure = "A grid needs areas: they say which zone is where"
        faults.append(Fault("areas", "table", "has no rows", cure))
    if "zone" not in areas:
        faults.append(Fault("areas", "zone", "is not there", "Name each area's synchronous zone"))
    else:
        blank = text_of(areas, "zone") == ""
        faults += _rows("zone", "areas", areas, blank, "missing", "Name the area's synchronous zone")
    if "frequency" in areas:
        numbers = pd.to_numeric(areas["frequency"], errors="coerce")
        bad = areas["frequency"].notna() & numbers.isna()
        faults += _rows(
            "frequency", "areas", areas, bad, "is no number", "Write Hz as digits only, such as 50"
        )
    return faults


def _told_otherwise(
    lines: gpd.GeoDataFrame, substations: gpd.GeoDataFrame, areas: gpd.GeoDataFrame
) -> list[Fault]:
    """Return where lines and substations contradict the areas."""
    zones = set(text_of(areas, "zone"))
    cure = f"The zones of areas are {', '.join(sorted(zones))}"
    faults = []
    for name, table in (("lines", lines), ("substations", substations)):
        several = [stated_zones(text) if name == "substations" else [text] for text in text_of(table, "zone")]
        bad = [bool({*stated} - zones - {""}) for stated in several]
        faults += _rows("zone", name, table, bad, "is the zone of no area", cure)
    return faults + _untold_frequencies(lines, areas) + _elsewhere(lines, areas)


def _untold_frequencies(lines: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> list[Fault]:
    """Return a fault if lines are of several frequencies, and areas do not tell which of them is theirs."""
    if "frequency" in areas and areas["frequency"].notna().any():
        return []
    told = zip(text_of(lines, "frequency"), text_of(lines, "zone"), strict=True)
    found = {frequencies(text) for text, zone in told if not zone}
    hertz = sorted({one for several in found if several for one in several if one > 0.0})
    if len(hertz) < 2:
        return []
    problem = f"is not there, but lines are of {', '.join(f'{one:g}' for one in hertz)} Hz"
    return [
        Fault("areas", "frequency", problem, "Give the frequency of each area [Hz], or the zone of each line")
    ]


def _elsewhere(lines: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> list[Fault]:
    """Return a fault if no line lies in any area: then one of both is not where it should be."""
    shapes = lines.geometry.to_numpy()
    drawn = shapes[~(pd.isna(shapes) | shapely.is_empty(shapes))]
    if not len(drawn) or shapely.STRtree(drawn).query(areas.geometry.to_numpy(), predicate="intersects").size:
        return []
    cure = "Are longitude and latitude swapped? Else draw areas where the lines are"
    return [Fault("lines", "geometry", "lies in no area, not one of them", cure)]
