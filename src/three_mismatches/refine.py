"""From area to line resolution: a study's tables, with a repaired network in place of its ties."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from three_mismatches import match, repair
from three_mismatches.inputs.japan_grid import GridPack
from three_mismatches.layers import StudyTables
from three_mismatches.layers.checks import check_table

__all__ = ["at_line_resolution"]

LARGE_MW = 100.0
"""Units from here on have a place of their own in the data; the rest is spread like demand."""


def at_line_resolution(tables: StudyTables, pack: GridPack) -> StudyTables:
    """
    Return the study with buses, lines and loads; its areas, peaks, supply and interfaces stay what they are.

    Parameters
    ----------
    tables
        A study whose links join areas.
    pack
        The network. Its links' ends replace areas, its branches replace AC ties; a link that it does not know keeps
        its areas.
    """
    lines = _lines(pack)
    links = tables.grid.links[tables.grid.links["carrier"] != "tie"]
    ends = pack.link_ends.reindex(links.index)
    links = links.assign(**{end: ends[end].fillna(links[end]) for end in ("bus0", "bus1")})
    members = tables.grid.interface_members
    members = pd.concat([members[members["element"].isin(links.index)], _members(pack, lines, members)])
    connected = match.generators_to_buses(
        tables.grid.generators, pack.buses, capacity_mw=match.capacity_at_buses(lines)
    )
    generators = tables.grid.generators.assign(bus=connected["bus"], bus_km=connected["bus_km"])
    certificate = pd.concat([pack.certificate, _far_units(generators, pack.buses)], ignore_index=True)
    changed = {
        "buses": pack.buses,
        "lines": lines,
        "loads": pack.loads,
        "links": links,
        "interface_members": members,
        "generators": generators,
        "certificate": repair.with_imputations(certificate, pack.branches, lines, pack.buses["zone"]),
    }
    return tables.with_frames(**{name: check_table(name, frame) for name, frame in changed.items()})


def _far_units(generators: gpd.GeoDataFrame, buses: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a row of the certificate for each large unit whose bus is far away: there the map lacks its line."""
    far = generators[(generators["bus_km"] > match.OWN_YARD_KM) & (generators["p_nom"] >= LARGE_MW)]
    rows = pd.DataFrame(
        {
            "action": "keep", "reason": f"a unit of {LARGE_MW:g} MW or more, its bus beyond {match.OWN_YARD_KM:g} km",
            "element": [f"{unit}, {bus}" for unit, bus in zip(far.index, far["bus"], strict=True)],
            "zone": buses["zone"].loc[far["bus"]].to_numpy(), "km": far["bus_km"].to_numpy(),
            "value": far["p_nom"].to_numpy(), "suspicious": True,
            "source": far["source"].to_numpy(), "source_date": far["source_date"].to_numpy(),
            "licence": far["licence"].to_numpy(), "confidence": "low",
        }
    )  # fmt: skip
    return gpd.GeoDataFrame(rows, geometry=far.geometry.to_numpy(), crs="EPSG:4326")


def _lines(pack: GridPack) -> pd.DataFrame:
    """Return the circuits and banks of the network; what the map tells keeps the map's licence."""
    circuits = repair.circuits_of(pack.branches)
    of = pack.branches.loc[circuits["corridor"]]
    circuits = circuits.assign(
        in_service=(of["in_service"].astype(str) == "True").to_numpy(),
        tie=of["tie"].to_numpy(),
        licence=of["licence"].to_numpy(),
        source=[
            f"{there}; {assumed}" for there, assumed in zip(of["source"], circuits["source"], strict=True)
        ],
    )
    banks = repair.transformers_of(pack.transformers[["bus0", "bus1"]].to_numpy(dtype=object), pack.buses)
    both = pd.concat([circuits, banks.assign(licence=pack.buses["licence"].iloc[0], tie="")])
    lines: pd.DataFrame = both.assign(confidence="low")
    return lines


def _members(pack: GridPack, lines: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Return a member of each interface for each circuit of its lines."""
    circuits = pd.DataFrame({"branch": lines["corridor"], "element": lines.index})
    rows = pack.interface_members.merge(circuits, on="branch")
    of = published.drop_duplicates("interface").set_index("interface")[
        ["source", "source_date", "licence", "confidence"]
    ]
    table = rows[["interface", "element", "sign"]].join(of, on="interface")
    return table.set_axis(pd.Index(rows["interface"] + ":" + rows["element"], name="member"))
