"""
The map of Japan's lines from 154 kV, repaired: figures that its raw extract must give.

Runs where the environment variable TM_RAW names the folder of `osm_lines_ge154kv.geojson` and
`osm_substations.geojson`; the extract itself does not ship.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pytest

from maps_of_lines import same_lines
from three_mismatches.repair import RepairedMap, RepairRules, build_network, measures

RAW = os.environ.get("TM_RAW", "")
pytestmark = pytest.mark.skipif(not RAW, reason="TM_RAW does not name the folder of the raw extract")

LEVELS = (500.0, 275.0, 220.0, 187.0, 154.0, 132.0, 110.0, 100.0, 77.0, 66.0, 33.0, 22.0)
DIRECT_KV = (250.0, 200.0)
"""Levels on which Japan has lines of direct current only; the extract does not say so."""


class Drawn(NamedTuple):
    """The raw tables."""

    lines: gpd.GeoDataFrame
    substations: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame

    def repaired(self, tolerance_km: float = 0.25, **rules: float) -> RepairedMap:
        return build_network(*self, tolerance_km=tolerance_km, rules=RepairRules(classes=LEVELS, **rules))


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    lines = gpd.read_file(Path(RAW) / "osm_lines_ge154kv.geojson").drop(columns="area")
    lines["frequency"] = np.where(lines["kv"].isin(DIRECT_KV), "0", "")
    substations = gpd.read_file(Path(RAW) / "osm_substations.geojson").drop(columns="area")
    areas = gpd.read_file(files("three_mismatches") / "data" / "japan" / "areas.geojson").set_index("area")
    return Drawn(lines, substations, areas)


@pytest.fixture(scope="module")
def found(drawn: Drawn) -> RepairedMap:
    return drawn.repaired()


def test_most_of_each_zone_is_one_component(found):
    """At least 97 % of the km of each zone hang together; drawn it was 11 % at best."""
    value = measures(found.certificate)["value"]
    after = value["share of km in the largest component repaired"]
    assert sorted(after.index) == ["east", "hokkaido", "west"]
    assert (after >= 0.97).all()
    assert (value["share of km in the largest component as drawn"] < 0.12).all()


def test_some_two_thousand_pieces_become_few(found):
    """The extract has about 2,081 pieces with exact ends; a plain snap at 250 m leaves about 195."""
    value = measures(found.certificate)["value"]
    assert 2000 <= value["components as drawn"].sum() <= 2500
    assert value["components repaired"].sum() <= 30


def test_ends_alone_leave_more_pieces(drawn, found):
    """Without the joining of islands there are more pieces than with it, and fewer than a plain snap's 195."""
    alone = measures(drawn.repaired(island_km=0.0).certificate)["value"]["components repaired"].sum()
    assert measures(found.certificate)["value"]["components repaired"].sum() < alone < 195


def test_no_branch_crosses_a_zone(found):
    zone = found.buses["zone"]
    for table in (found.branches, found.transformers):
        assert (zone.loc[table["bus0"]].to_numpy() == zone.loc[table["bus1"]].to_numpy()).all()
    assert measures(found.certificate)["value"][("branches across zones", "all zones")] == 0.0


def test_lines_of_direct_current_are_links(found):
    """
    Kitahon, its newer sister, the Kii channel and Hida-Shinano.

    Shin-Shinano and its lines of 50 Hz stand in the west's area, and the extract does not say that they are the east's:
    the last link joins two zones only once a table states it.
    """
    zone = found.buses["zone"]
    sides = {row.name: {zone[row.bus0], zone[row.bus1]} for row in found.links.itertuples(index=False)}
    assert sides == {
        "HVDC Hokkaido-Honschu": {"hokkaido", "east"},
        "北斗今別直流幹線": {"hokkaido", "east"},
        "阿南紀北直流幹線": {"west"},
        "飛騨信濃直流幹線": {"west"},
    }


def test_little_length_is_lost(drawn, found):
    """Of 32,200 km drawn as lines of alternating current, 97 % are branches; the rest is in the certificate."""
    rows = found.certificate
    lost = rows.loc[rows["action"].isin(["drop", "set aside"]), "km"].sum()
    kept = found.branches.loc[~found.branches["bridge"], "length"].sum() + found.links["length"].sum()
    assert kept + lost == pytest.approx(drawn.lines["km"].sum(), rel=2e-3)
    assert kept / drawn.lines["km"].sum() > 0.97


def test_the_order_of_lines_changes_nothing(drawn, found):
    mixed = drawn._replace(
        lines=drawn.lines.sample(frac=1.0, random_state=3),
        substations=drawn.substations.sample(frac=1.0, random_state=4),
        areas=drawn.areas.iloc[::-1],
    )
    same_lines(found, mixed.repaired())


def test_the_direction_of_lines_changes_nothing(drawn, found):
    turned = drawn.lines.set_geometry(drawn.lines.geometry.reverse())
    same_lines(found, drawn._replace(lines=turned).repaired())


@pytest.mark.slow
def test_a_wider_tolerance_leaves_fewer_pieces(drawn):
    tolerances = (0.05, 0.25, 0.5, 1.0)
    counts = [
        measures(drawn.repaired(tolerance, island_km=0.0).certificate)["value"]["components repaired"].sum()
        for tolerance in tolerances
    ]
    assert counts == sorted(counts, reverse=True)
