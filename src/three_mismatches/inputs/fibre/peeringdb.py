"""Facilities of PeeringDB as hubs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from three_mismatches.errors import Fault, LayerError
from three_mismatches.inputs.fibre._json import Source, fault, read_json
from three_mismatches.inputs.fibre._tables import as_label, as_number, plain_value
from three_mismatches.layers.checks import check_table, tell
from three_mismatches.layers.geometry import LONLAT
from three_mismatches.layers.references import nearest
from three_mismatches.layers.schemas import HUB_KINDS

__all__ = ["read_peeringdb"]

WHAT = 'the answer of PeeringDB\'s api/fac: {"data": [...]}'
WEIGHTS = ("net_count", "ix_count", "carrier_count")
DAY = 10  # letters of a date in a time stamp


def read_peeringdb(
    facilities: Source,
    *,
    kind: str = "ix",
    weight: str | None = None,
    country: str | None = None,
    drop_unplaced: bool = False,
    source: str = "PeeringDB",
    licence: str,
) -> gpd.GeoDataFrame:
    """
    Return facilities of PeeringDB as the table `hubs`.

    This library ships no such data. PeeringDB's acceptable use policy says what a copy may be used for.

    Parameters
    ----------
    facilities
        What `api/fac` answers, with whatever `depth`: an object with the list `data`; a path, or the mapping itself,
        which is not changed.
    kind
        Kind of hub: "ix", "cloud", "population" or "landing".
    weight
        Member that is the weight: "net_count", "ix_count" or "carrier_count". Without it all weigh 1.
    country
        Keep the facilities of this country only, by its code in ISO 3166-1, such as "JP".
    drop_unplaced
        Whether facilities without coordinates are left out, told with their number. They are a fault otherwise.
    source, licence
        Where the copy is from and under what terms it may be passed on; they go into every row.

    Returns
    -------
    hubs
        Indexed by "peeringdb-<id>": name, kind, weight, source, source_date (of the last change), licence, the place;
        then every other member under its own name, nested ones as JSON.

    Raises
    ------
    LayerError
        With what is wrong with the file, and with the facilities that have no coordinates.

    Warns
    -----
    AssumptionWarning
        How many facilities were left out, where that was asked for; how many have no such weight and so weigh 0.

    References
    ----------
    .. [1] docs.peeringdb.com/api_specs; www.peeringdb.com/aup.

    Examples
    --------
    >>> hubs = read_peeringdb("fac.json", country="JP", weight="net_count",
    ...                       licence="PeeringDB AUP")  # doctest: +SKIP
    """
    value, where = read_json(facilities, WHAT)
    _require(kind, weight, licence, where)
    rows = _facilities(value, where, country)
    placed, notes = _placed(rows, where, drop_unplaced=drop_unplaced)
    table = _table(placed, weight, where, notes).assign(kind=kind, source=source, licence=licence)
    hubs: gpd.GeoDataFrame = check_table("hubs", table)
    tell(notes, stacklevel=3)
    return hubs


def _require(kind: str, weight: str | None, licence: object, where: str) -> None:
    faults = []
    if kind not in HUB_KINDS:
        faults.append(
            Fault(
                where,
                "kind",
                f"is {kind!r}, not one of {', '.join(HUB_KINDS)}",
                nearest([str(kind)], HUB_KINDS),
            )
        )
    if weight is not None and weight not in WEIGHTS:
        known = ", ".join(WEIGHTS)
        faults.append(
            Fault(where, "weight", f"is {weight!r}, not one of {known}", nearest([str(weight)], WEIGHTS))
        )
    if not isinstance(licence, str) or not licence.strip():
        faults.append(Fault(where, "licence", "is not stated", "State the terms of your copy"))
    if faults:
        raise LayerError(faults)


def _facilities(value: Mapping[str, Any], where: str, country: str | None) -> dict[str, dict[str, Any]]:
    """Return the facilities by the id of their hub; those that PeeringDB has deleted are none."""
    data = value.get("data")
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise fault(where, "data", f"is no list of objects: this is not {WHAT}", "Ask api/fac")
    found: dict[str, dict[str, Any]] = {}
    for number, one in enumerate(data):
        label = as_label(one.get("id"))
        if label is None:
            raise fault(
                where, "id", "missing", "Ask api/fac without leaving out id", rows=(f"facility {number}",)
            )
        if one.get("status") == "deleted" or (country and str(one.get("country")).upper() != country.upper()):
            continue
        if f"peeringdb-{label}" in found:
            raise fault(where, "id", "is given twice", "Keep one of them", rows=(label,))
        found[f"peeringdb-{label}"] = one
    if country and data and not found:
        known = sorted({str(one.get("country")) for one in data})
        raise fault(where, "country", f"is nowhere {country!r}", nearest([country], known))
    return found


def _placed(
    rows: Mapping[str, Mapping[str, Any]], where: str, *, drop_unplaced: bool
) -> tuple[dict[str, Mapping[str, Any]], list[Fault]]:
    """Return the facilities that have a place, and what is to be told of the others."""
    known = {
        name: all(np.isfinite(as_number(one.get(axis))) for axis in ("longitude", "latitude"))
        for name, one in rows.items()
    }
    lost = tuple(f"{name} ({rows[name].get('name')})" for name, placed in known.items() if not placed)
    if not lost:
        return dict(rows), []
    cure = "Fill in longitude and latitude, or leave them out with drop_unplaced=True"
    if not drop_unplaced:
        raise fault(
            where, "latitude", f"or longitude is missing ({len(lost)} of {len(rows)})", cure, rows=lost
        )
    told = Fault(
        where, "latitude", f"or longitude is missing ({len(lost)} of {len(rows)}): left out", rows=lost
    )
    return {name: one for name, one in rows.items() if known[name]}, [told]


def _table(
    rows: Mapping[str, Mapping[str, Any]], weight: str | None, where: str, notes: list[Fault]
) -> gpd.GeoDataFrame:
    """Return facilities as rows of `hubs`, and add what is to be told of their weights."""
    index = pd.Index(list(rows), name="hub", dtype=object)
    members = list(dict.fromkeys(key for one in rows.values() for key in one))
    taken = (
        "latitude",
        "longitude",
        "kind",
        "weight",
        "node",
        "source",
        "source_date",
        "licence",
        "geometry",
    )
    columns = {
        key: pd.Series(
            [plain_value(one.get(key)) for one in rows.values()], index=index, dtype=object
        ).infer_objects()
        for key in members
        if key not in taken
    }
    lonlat = [[as_number(one["longitude"]), as_number(one["latitude"])] for one in rows.values()]
    shapes = gpd.GeoSeries(shapely.points(np.array(lonlat).reshape(-1, 2)), index=index, crs=LONLAT)
    table = gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=shapes)
    changed = [one.get("updated") for one in rows.values()]
    table["source_date"] = [one[:DAY] if isinstance(one, str) else None for one in changed]
    if weight is not None:
        counts = np.array([as_number(one.get(weight)) for one in rows.values()], dtype=float)
        unknown = tuple(index[np.isnan(counts)])
        if unknown:
            notes.append(Fault(where, weight, "is missing: such facilities weigh 0", rows=unknown))
        table["weight"] = np.nan_to_num(counts)
    return table
