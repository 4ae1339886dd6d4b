"""A study of three areas with the spare power of each, and its way to the hub, worked out."""

from __future__ import annotations

from functools import cache

import geopandas as gpd
from shapely.geometry import Point, box

import three_mismatches as tm
from conftest import Rows, table, tables_of
from fibres import MS_PER_KM
from three_mismatches import match
from three_mismatches.assumptions import resolve
from three_mismatches.layers import StudyTables
from three_mismatches.layers.settings import Settings

BARE = {"route_factor": 1.0, "cable_slack": 1.0, "equipment_ms": 0.0}
FAR_MS = 200.0 * MS_PER_KM


def layers(**sites: dict[str, object]) -> dict[str, Rows]:
    """
    Return areas a and b of one synchronous zone on a line of fibre, and c of another that no fibre joins.

    a: supply 120 after 5 of export, so 125 of its own; less 100 of peak and the 5: 20 to spare. b: 150 - 100 = 50.
    c: 12 - 10 = 2. Firm output of a: gas-a 60 at the hub, gas-hill 20 half a degree north of it, 40 * 0.5 of solar that
    is not listed; so 12, 4 and 4 to spare, and 15 and 5 once what has no place stands with the others. b: hydro-b 10 *
    0.5 at the far end of 200 km of route, and gas-ab 15 at the hub, in a; so 12.5 and 37.5. c lists no plant: its 2 MW
    stand at its nodes.
    One new site at the hub gets 25 + 10 by the tie less 1 of the largest unit, 34; one in b 50 + 10 - 1 = 59.
    The hub is 0 ms from the first node, `FAR_MS` from the second, and out of reach from c.
    """
    return {
        "areas": {
            "a": {"peak_mw": 100.0, "firm_mw": 120.0, "net_import_mw": -5.0, "zone": "x", "geometry": box(0, -1, 1, 1)},
            "b": {"peak_mw": 100.0, "firm_mw": 150.0, "zone": "x", "geometry": box(1, -1, 2, 1)},
            "c": {"peak_mw": 10.0, "firm_mw": 12.0, "zone": "y", "geometry": box(5, -1, 6, 1)},
        },
        "links": {"ab": {"bus0": "a", "bus1": "b", "p_nom": 10.0}},
        "capacity": {
            "a-solar": {"area": "a", "carrier": "solar", "p_nom": 40.0, "residual_mw": 40.0, "firm_factor": 0.5},
            "b-hydro": {"area": "b", "carrier": "hydro", "p_nom": 10.0, "residual_mw": 0.0, "firm_factor": 0.5},
        },
        "generators": {
            "gas-a": {"p_nom": 60.0, "p_unit": 1.0, "carrier": "gas", "area": "a", "geometry": Point(0.5, 0)},
            "gas-hill": {"p_nom": 20.0, "p_unit": 1.0, "carrier": "gas", "area": "a", "geometry": Point(0.5, 0.5)},
            "hydro-b": {"p_nom": 10.0, "p_unit": 1.0, "carrier": "hydro", "area": "b", "geometry": Point(1.5, 0)},
            "gas-ab": {"p_nom": 15.0, "p_unit": 1.0, "carrier": "gas", "area": "a", "feeds_area": "b",
                       "geometry": Point(0.5, 0)},
        },
        "fibre_nodes": {f"n{lon:g}": {"geometry": Point(lon, 0)} for lon in (0.5, 1.5, 5.5, 5.6)},
        "fibre_routes": {
            "route": {"node0": "n0.5", "node1": "n1.5", "length": 200.0, "geometry_kind": "schematic"},
            "island": {"node0": "n5.5", "node1": "n5.6", "length": 20.0, "geometry_kind": "schematic"},
        },
        "hubs": {"hub": {"geometry": Point(0.5, 0), "kind": "cloud", "node": "n0.5"}},
        "budgets": {"cloud": {"hub_kind": "cloud", "rtt_ms": 1.0}, "batch": {"hub_kind": "cloud", "rtt_ms": 50.0}},
        "sites": sites or {"s": site(0.5, 0.0, request_mw=1.0)},
    }  # fmt: skip


def site(lon: float, lat: float, **columns: object) -> dict[str, object]:
    """Return a planned site for the use cloud."""
    return {"geometry": Point(lon, lat), "use": "cloud", "status": "planned", **columns}


def study(rows: dict[str, Rows] | None = None, **assume: float) -> tm.Study:
    """Return the study of `layers`, or of other rows, with bare light."""
    return tm.Study(tables_of(rows or layers()), Settings(assume={**BARE, **assume}))


VALUES = resolve(BARE)


@cache
def _once() -> tuple[StudyTables, gpd.GeoDataFrame]:
    now, _, places = match.in_its_year(tables_of(layers()), Settings(), VALUES)
    return now, places


def in_year(**rows: Rows) -> tuple[StudyTables, gpd.GeoDataFrame]:
    """Return the tables of `layers` in their year, some replaced by other rows, and the candidate places."""
    now, places = _once()
    return now.with_frames(**{name: table(name, given) for name, given in rows.items()}), places
