"""Hand-drawn studies with the answer worked out, for every test."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import Phase, settings
from shapely.geometry import box

import three_mismatches
from three_mismatches.layers import LAYERS, StudyTables, empty
from three_mismatches.study import Result, Study

# Shrinking takes minutes where an example solves many programmes: the thorough run does it.
QUICK = (Phase.explicit, Phase.generate)
# The ordinary run repeats the same few examples, CI more of them; HYPOTHESIS_PROFILE=thorough looks for new ones.
settings.register_profile("ordinary", max_examples=3, deadline=None, derandomize=True, phases=QUICK)
settings.register_profile("wide", max_examples=25, deadline=None, derandomize=True, phases=QUICK)
settings.register_profile("thorough", max_examples=200, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ordinary"))

Rows = Mapping[str, Mapping[str, Any]]


@cache
def schema_of(name: str, given: tuple[str, ...]) -> pa.DataFrameSchema:
    """Return the schema of the named layer for the columns that are given and those that must be."""
    schema = LAYERS[name].schema()
    missing = [
        key
        for key, column in schema.columns.items()
        if key not in given and (column.nullable or column.default is not None)
    ]
    return schema.remove_columns(missing)


def blank_column(column: pa.Column, index: pd.Index) -> pd.Series:
    """Return what a column that is not given holds: its default, or nothing."""
    kind = str(column.dtype)
    if kind in ("float64", "bool"):
        return pd.Series(column.default, index=index, dtype=kind)
    return pd.Series(column.default, index=index, dtype=pd.Series([""]).dtype)


def table(name: str, rows: Rows) -> pd.DataFrame:
    """Return a valid table of the named layer from `{id: {column: value}}`."""
    if not rows:
        return empty(name)
    layer = LAYERS[name]
    frame = pd.DataFrame.from_dict(dict(rows), orient="index")
    frame.index = frame.index.astype(str)
    points = frame.pop("geometry") if "geometry" in frame else [None] * len(frame)
    given = schema_of(name, tuple(frame)).validate(frame.rename_axis(layer.index))
    blank = {
        key: blank_column(column, given.index) for key, column in layer.columns.items() if key not in given
    }
    frame = given.assign(**blank)[[*layer.columns, *given.columns.difference([*layer.columns], sort=False)]]
    if layer.geometry is None:
        return frame
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(list(points), index=frame.index, crs="EPSG:4326"))


def tables_of(layers: Mapping[str, Rows]) -> StudyTables:
    """Return a study's tables from `{layer: {id: {column: value}}}`."""
    return StudyTables.from_frames({name: table(name, rows) for name, rows in layers.items()})


def radial_layers() -> dict[str, Rows]:
    """
    Return two areas on one two-pole HVDC link, a pocket, and an island.

    a: firm 120, peak 100, so 20 MW of its own; its largest unit is 5. b: 150 - 100 = 50; largest unit 40.
    The link carries 30 from a to b and 10 back, half of each on one pole. c: 12 - 10 = 2, joined to nothing.

    Alone, in a: adequacy 20 + 50 = 70; transport 20 + 10 = 30; secure 25, by the lost pole (20 + 5), the
    lost unit of 5 in a (15 + 10) being the same, and that of 40 in b (20 + 10) less severe.
    In b: adequacy 70; transport 50 + 20 (a's own; the link would take 30) = 70; secure 10 + 20 = 30, by
    the unit in b. In pocket p of a: 15 - 3 = 12 on every rung below adequacy. In c: 2.
    All together under the loss of the unit in b: 20 + 10 = 30 MW for a and b.
    """
    return {
        "areas": {
            "a": {"peak_mw": 100.0, "firm_mw": 120.0, "geometry": box(0, 0, 1, 1)},
            "b": {"peak_mw": 100.0, "firm_mw": 150.0, "geometry": box(1, 0, 2, 1)},
            "c": {"peak_mw": 10.0, "firm_mw": 12.0, "geometry": box(5, 0, 6, 1)},
        },
        "links": {
            "ab": {
                "bus0": "a", "bus1": "b", "carrier": "HVDC", "poles": 2.0, "p_nom": 30.0, "p_nom_reverse": 10.0,
            },
        },
        "pockets": {"p": {"limit_mw": 15.0, "load_mw": 3.0, "geometry": box(0, 0, 0.5, 0.5)}},
        "generators": {
            "unit-a": {"p_nom": 5.0, "p_unit": 5.0, "area": "a"},
            "unit-b": {"p_nom": 40.0, "p_unit": 40.0, "area": "b"},
        },
    }  # fmt: skip


@pytest.fixture
def radial() -> StudyTables:
    """Return `radial_layers` as tables."""
    return tables_of(radial_layers())


@pytest.fixture(scope="session")
def japan_study() -> Study:
    """Return the embedded Japan in its default year, read once for all tests."""
    return three_mismatches.japan()


@pytest.fixture(scope="session")
def japan(japan_study: Study) -> Result:
    """Return the embedded Japan in its default year, solved once for all tests."""
    return japan_study.solve()
