"""From lines on a map to a grid, with a certificate of everything that was done on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.layers import Grid, StudyTables
from three_mismatches.layers.checks import check_table
from three_mismatches.layers.schemas import empty
from three_mismatches.repair._assemble import Network, assemble, complexes
from three_mismatches.repair._chains import make_chains
from three_mismatches.repair._drawn import make_drawn
from three_mismatches.repair._ends import line_ends
from three_mismatches.repair._faults import refuse
from three_mismatches.repair._joins import find_joins
from three_mismatches.repair._log import Log
from three_mismatches.repair._measure import log_bare_stations, log_joins, log_measures, with_imputations
from three_mismatches.repair._near import middles
from three_mismatches.repair._order import STEADY_DIGITS
from three_mismatches.repair._simplify import component_of_bus, gap_km, simplify
from three_mismatches.repair._stations import make_stations
from three_mismatches.repair._tables import branch_table, bus_table, link_table, transformer_pairs
from three_mismatches.repair._zones import Land, with_zones
from three_mismatches.repair.parameters import circuits_of, transformers_of
from three_mismatches.repair.rules import RepairRules

__all__ = ["RepairedMap", "build_grid", "build_network"]

TOLERANCE_KM = 0.25
"""Lines of a map end at a substation's portal or fence, some 100 to 300 m from the point that marks it."""


def build_grid(
    lines: gpd.GeoDataFrame,
    substations: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    *,
    tolerance_km: float = TOLERANCE_KM,
    rules: RepairRules | None = None,
) -> Grid:
    """
    Return the grid that lines on a map make, and a certificate of how.

    Nothing is ever joined across synchronous zones, nor by AC across a line of direct current, nor over water
    wider than `rules.water_km`. The grid does not change if lines are listed, drawn or cut in another way, and a
    wider tolerance never splits a component.

    Parameters
    ----------
    lines
        LineStrings in EPSG:4326; `voltage` as the map writes it ("500000;275000", "154.0"; or `v_nom`, `kv`).
        Numbers below 1,500 without a unit are kV, but volts where `osm_id` says that the row is OpenStreetMap's.
        Optional: `circuits`, `kind` ("line", "cable"), `frequency` ("0" is direct current), `name`, `ref`, `zone` and
        `area` where the map or another source knows them better than the areas' polygons.
    substations
        Points or Polygons; optional `name`, `voltage`, `zone` (several joined by ";"), `area`.
    areas
        Polygons with `zone`, as in a study; optional `frequency`. [Hz]
    tolerance_km
        Largest gap that is closed between line ends, substations and lines. [km]
    rules
        Every other threshold.

    Returns
    -------
    grid
        `buses`, `lines` (a row for each circuit and transformer bank), `links` (HVDC, 0 MW until stated), `areas` and
        `certificate`; its other tables are empty.

    Raises
    ------
    LayerError
        If columns are missing, a geometry is no line, an area has no zone, no line lies in any area, or lines state a
        zone that no area has or frequencies that no area tells apart; with every such fault.
    """
    network = build_network(lines, substations, areas, tolerance_km=tolerance_km, rules=rules)
    return network.grid(areas)


@dataclass(frozen=True, eq=False)
class RepairedMap:
    """
    What a map says once it is repaired, before anything electrical is assumed.

    Attributes
    ----------
    buses
        Index bus: v_nom [kV], zone, area, name, substation, point.
    branches
        Index branch: bus0, bus1, kind, v_nom [kV], length [km], circuits (NaN: not on the map), name, bridge.
    transformers
        bus0, bus1: levels of one substation that are connected, the higher first.
    links
        Index link: lines of direct current between AC buses.
    certificate
        Everything that was done.
    source, licence
        Of the map, as its tables state them.
    """

    buses: gpd.GeoDataFrame
    branches: gpd.GeoDataFrame
    transformers: pd.DataFrame
    links: pd.DataFrame
    certificate: gpd.GeoDataFrame
    source: str = ""
    licence: str = ""

    def grid(self, areas: gpd.GeoDataFrame) -> Grid:
        """Return the grid: circuits and banks with the parameters of their voltage class."""
        pairs = self.transformers[["bus0", "bus1"]].to_numpy(dtype=object)
        of_map = {"source": self.source or None, "licence": self.licence or None}
        lines = pd.concat([circuits_of(self.branches), transformers_of(pairs, self.buses)])
        if self.source:
            lines["source"] = [f"{self.source}; {of_class}" for of_class in lines["source"]]
        lines["licence"] = of_map["licence"]
        certificate = with_imputations(self.certificate, self.branches, lines, self.buses["zone"]).assign(
            **of_map
        )
        frames = {
            "areas": areas,
            "buses": check_table("buses", self.buses.assign(**of_map)),
            "lines": check_table("lines", lines),
            "links": check_table("links", self.links) if len(self.links) else empty("links"),
            "certificate": check_table("certificate", certificate),
        }
        return StudyTables.from_frames(frames).grid


def build_network(
    lines: gpd.GeoDataFrame,
    substations: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    *,
    tolerance_km: float = TOLERANCE_KM,
    rules: RepairRules | None = None,
) -> RepairedMap:
    """
    Return what lines on a map say once they are repaired, without electrical parameters.

    Parameters
    ----------
    lines, substations, areas
        As `build_grid`.
    tolerance_km
        Largest gap that is closed between line ends, substations and lines. [km]
    rules
        Every other threshold.

    Returns
    -------
    network
        Buses, branches, transformers, links and the certificate; `network.grid(areas)` assumes the rest.

    Raises
    ------
    LayerError
        As `build_grid`.
    """
    rules = rules or RepairRules()
    refuse(lines, substations, areas, tolerance_km)
    log = Log()
    land = Land(areas)
    drawn = make_chains(make_drawn(lines, land, rules, log), log)
    chains = with_zones(drawn, land, rules.water_km, log)
    stations = make_stations(substations, land, rules.classes or (), log)
    ends = line_ends(chains)
    joins = find_joins(chains, ends, stations, land, tolerance_km, rules, log)
    drawn_network, merges = assemble(chains, ends, stations, joins)
    log_joins(log, joins, merges)
    log_bare_stations(log, stations, complexes(stations, joins.table), joins, chains)
    whole = simplify(drawn_network, rules, log)
    label = component_of_bus(whole)
    kept = _without_islands(whole, label, rules, log)
    buses = bus_table(kept, stations, land)
    pairs = pd.DataFrame(transformer_pairs(kept, buses), columns=["bus0", "bus1"])
    log_measures(log, chains=chains, whole=whole, label=label)
    links = link_table(kept, buses, log)
    alternating = ~buses["dc"]
    branches = branch_table(kept, buses)
    return RepairedMap(
        buses=buses[alternating].drop(columns=["dc", "number"]),
        branches=branches[~branches["dc"]].drop(columns="dc"),
        transformers=pairs,
        links=links,
        certificate=log.table(),
        source=_stated("source", lines, substations),
        licence=_stated("licence", lines, substations),
    )


def _stated(column: str, *tables: gpd.GeoDataFrame) -> str:
    """Return what the map's tables say in a column of provenance, each thing once."""
    told = [table[column].dropna().astype(str) for table in tables if column in table]
    return "; ".join(sorted({text.strip() for texts in told for text in texts} - {""}))


def _without_islands(network: Network, label: NDArray[np.int64], rules: RepairRules, log: Log) -> Network:
    """Return the network, without what stays apart from the largest component of its zone if the rules say so."""
    rows = network.branches
    alternating = ~rows["dc"].to_numpy(dtype=bool)
    component = label[rows["bus0"].to_numpy(dtype=np.int64)]
    km = rows[alternating].groupby([rows["zone"][alternating], component[alternating]])["km"].sum()
    km = km.round(STEADY_DIGITS)
    largest = km.groupby(level=0).idxmax().map(lambda key: key[1])
    apart = alternating & (component != rows["zone"].map(largest).to_numpy())
    action, ending = ("drop", "dropped") if rules.islands == "drop" else ("keep", "kept")
    lost = rows[apart]
    name = lost["name"].where(lost["name"].fillna("") != "", lost["v_nom"].map("{:g} kV".format))
    gap = gap_km(rows, component, apart)
    for far, why in (
        (True, "the rest has nothing of its voltage within island_km"),
        (False, "what is near may not be joined"),
    ):
        at = (gap > rules.island_km) == far
        log.add(
            action, f"apart from the largest component of its zone: {ending}; {why}",
            name.to_numpy(dtype=object)[at], lonlat=middles(lost["geometry"].to_numpy(dtype=object)[at]),
            km=lost["km"].to_numpy()[at], value=gap[at], zone=lost["zone"].to_numpy(dtype=object)[at],
            suspicious=True,
        )  # fmt: skip
    if rules.islands == "keep":
        return network
    return replace(network, branches=rows[~apart].reset_index(drop=True))
