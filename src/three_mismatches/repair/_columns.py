"""What a map's table says, column by column: text without gaps, voltages, frequencies, zones."""

from __future__ import annotations

import re
import unicodedata

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "VOLTAGE_COLUMNS",
    "circuit_refs",
    "frequencies",
    "from_osm",
    "stated_zones",
    "text_of",
    "voltage_text",
]

Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]

VOLTAGE_COLUMNS = ("voltage", "v_nom", "kv")
"""Where a line's or substation's voltage may stand; each fills the gaps of those before it."""

CIRCUIT = re.compile(r"(\d[\d,・、]*)\s*(?:号線|号|l)$|\b(?:circuit|ckt|cct|no\.?|#)\s*(\d+)$")
"""How a name that ends in the number of its circuit does so: 1号線, 3・4L, circuit 2, No. 1."""

SEPARATORS = re.compile(r"[;,/|]")


def text_of(table: gpd.GeoDataFrame, column: str) -> Objects:
    """Return a column as text, "" where it says nothing or is not there."""
    if column not in table:
        return np.full(len(table), "", dtype=object)
    values = ["" if missing else str(value).strip() for value, missing in _with_gaps(table[column])]
    return np.array(values, dtype=object)


def _with_gaps(values: pd.Series) -> zip[tuple[object, bool]]:
    return zip(values, values.isna(), strict=True)


def voltage_text(table: gpd.GeoDataFrame) -> Objects:
    """Return what the table says of voltage."""
    found = np.full(len(table), "", dtype=object)
    for column in VOLTAGE_COLUMNS:
        found = np.where(found == "", text_of(table, column), found)
    return found


def from_osm(table: gpd.GeoDataFrame) -> Bools:
    """Return which rows are OpenStreetMap's, where a voltage is in volts. One in `v_nom` or `kv` is not its tag."""
    told: Bools = (text_of(table, "osm_id") != "") & (text_of(table, "voltage") != "")
    return told


def circuit_refs(table: gpd.GeoDataFrame) -> Objects:
    """Return what tells circuits of one course apart: `ref`, or the circuit's number at the end of the name."""
    ref = text_of(table, "ref")
    names = [unicodedata.normalize("NFKC", name).lower() for name in text_of(table, "name")]
    told = [CIRCUIT.search(name) for name in names]
    numbers = [next(filter(None, found.groups())) if found else "" for found in told]
    return np.where(ref == "", np.array(numbers, dtype=object), ref)


def stated_zones(text: str) -> list[str]:
    """Return the zones that a text names, such as "east;west"."""
    return [part for part in (token.strip() for token in text.split(";")) if part]


def frequencies(text: str) -> tuple[float, ...] | None:
    """
    Return the frequencies that a text names, 0 for direct current. [Hz]

    Examples
    --------
    >>> frequencies("50 Hz"), frequencies("50;0.0"), frequencies("DC"), frequencies(""), frequencies("fast")
    ((50.0,), (0.0, 50.0), (0.0,), (), None)
    """
    found = set()
    for part in filter(None, (token.strip().lower() for token in SEPARATORS.split(text))):
        number = "0" if part == "dc" else part.removesuffix("hz").strip()
        try:
            found.add(float(number))
        except ValueError:
            return None
    return tuple(sorted(found)) if all(0.0 <= value < np.inf for value in found) else None
