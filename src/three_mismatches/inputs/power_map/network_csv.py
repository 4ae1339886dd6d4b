"""Buses, lines and links as PyPSA writes them, or as PyPSA-Eur releases its OpenStreetMap network."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from three_mismatches.errors import AssumptionWarning, CRSError, Fault, LayerError
from three_mismatches.geodesy import distance_km
from three_mismatches.inputs.power_map.csv_files import Network, read_files
from three_mismatches.inputs.power_map.features import MOST_CIRCUITS
from three_mismatches.inputs.shapes import in_lonlat, parse_crs, with_geometry
from three_mismatches.layers.checks import check_table
from three_mismatches.layers.schemas import LAYERS
from three_mismatches.layers.tidy import NO, YES

__all__ = ["read_network_csv"]

ELECTRIC = ("AC", "DC")
HVDC = frozenset({"", "DC", "HVDC", "B2B"})
OTHER_CARRIERS = {"FC": "FC", "AC": "tie", "tie": "tie"}
TOTALS = ("s_nom", "b", "g")  # of a row: parallel circuits add up
SERIES = (
    "x",
    "r",
    "x_pu_100",
    "r_pu_100",
)  # of a row: a circuit has as many times that as there are circuits
BASE_MVA = 100.0
FAR_OFF = 30.0  # between a detour and a factor of 1,000
SHORT_KM = 1.0


def read_network_csv(
    folder: str | Path, *, crs: str | int | None = None, reproject: bool = False
) -> dict[str, pd.DataFrame]:
    """
    Return a network that PyPSA or PyPSA-Eur wrote as CSV.

    A row that stands for several circuits becomes as many rows, "<id>-1", "<id>-2" and so on, with `corridor` <id>.
    In parallel they are what the row was: `x` and `r` of each are the row's times the number of circuits,
    `s_nom` is the row's divided by it [1]_.

    Parameters
    ----------
    folder
        With `buses.csv` and `lines.csv`, and perhaps `links.csv`, `converters.csv` and `transformers.csv`.
    crs
        Coordinate system of `x` and `y` where the folder states none. PyPSA-Eur's release is EPSG:4326.
    reproject
        Whether another system is converted to EPSG:4326.

    Returns
    -------
    tables
        `buses`, `lines` (with the transformers) and `links` (with the converters), each valid by its schema.

    Raises
    ------
    LayerError
        With every fault of every file. A `CRSError` if all are about coordinate systems.

    Warns
    -----
    AssumptionWarning
        For rows that were left out, and for values that had to be taken for something.

    References
    ----------
    .. [1] PyPSA, `pypsa/network/power_flow.py`, `apply_line_types`: x is x per km times length divided by
       `num_parallel`. github.com/PyPSA/PyPSA, commit 0209b0ed0a29.

    Examples
    --------
    >>> tables = read_network_csv("osm_network")  # doctest: +SKIP
    """
    system = parse_crs(crs)
    network = read_files(Path(folder))
    if network.faults:
        _raise(network.faults)
    network.crs = network.crs or system
    buses = _buses(network)
    frames = {"buses": buses, "lines": _lines(network, buses), "links": _links(network, buses)}
    tables = {}
    for name, frame in frames.items():
        placed = in_lonlat(frame, crs=network.crs, reproject=reproject)
        try:
            tables[name] = check_table(name, placed)
        except LayerError as error:
            network.faults += [
                Fault(
                    one.table,
                    one.column,
                    one.problem,
                    one.cure.replace("read_study", "read_network_csv"),
                    one.rows,
                )
                for one in error.faults
            ]
    _raise(network.faults)
    for note in network.notes:
        warnings.warn(f"{note.table}: {note.column} {note}", AssumptionWarning, stacklevel=2)
    return tables


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise CRSError(faults) if all(fault.column == "crs" for fault in faults) else LayerError(faults)


def _number(network: Network, table: str, frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as numbers, NaN where it or the column is missing."""
    if name not in frame.columns:
        return pd.Series(np.nan, index=frame.index)
    numbers = pd.to_numeric(frame[name], errors="coerce").astype(float)
    bad = frame[name].notna() & numbers.isna()
    cure = "Write digits only, without a unit or commas"
    network.say(table, name, f"{_first(frame[name], bad)} is not a number", cure, frame.index[bad])
    return numbers


def _flag(network: Network, table: str, frame: pd.DataFrame, name: str, *, missing: bool) -> pd.Series:
    """Return a column as true and false."""
    if name not in frame.columns:
        return pd.Series(missing, index=frame.index)
    text = frame[name].str.strip().str.lower()
    bad = text.notna() & ~text.isin(YES | NO)
    problem = f"{_first(frame[name], bad)} is neither true nor false"
    network.say(table, name, problem, "Write t or f", frame.index[bad])
    return pd.Series(np.where(text.isna(), missing, text.isin(YES)), index=frame.index).astype(bool)


def _first(values: pd.Series, bad: pd.Series) -> str:
    return repr(values[bad].iloc[0]) if bad.any() else ""


def _buses(network: Network) -> gpd.GeoDataFrame:
    """Return the buses; those that carry no electricity are left out."""
    frame = network.frame("buses").copy()
    if "dc" in frame.columns:
        frame["carrier"] = np.where(_flag(network, "buses", frame, "dc", missing=False), "DC", "AC")
        frame = frame.drop(columns="dc")
    carrier = frame["carrier"].fillna("AC") if "carrier" in frame else pd.Series("AC", index=frame.index)
    others = ~carrier.isin(ELECTRIC)
    network.note("buses", "carrier", "carries no electricity: left out", frame.index[others])
    frame = frame.assign(carrier=carrier)[~others].rename_axis("bus")
    x, y = (_number(network, "buses", frame, name) for name in ("x", "y"))
    shapes = np.full(len(frame), None, dtype=object)
    both = (x.notna() & y.notna()).to_numpy()
    bad = frame["x"].notna() & x.isna() | frame["y"].notna() & y.isna()  # told as no number
    network.say("buses", "x, y", "missing", "Give both coordinates", frame.index[~both & ~bad])
    shapes[both] = shapely.points(x.to_numpy()[both], y.to_numpy()[both])
    plain = _plain(frame.drop(columns=["x", "y", "geometry"], errors="ignore"))
    return gpd.GeoDataFrame(plain, geometry=gpd.GeoSeries(shapes, index=frame.index))


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns that are all numbers are numbers."""
    columns = {}
    for name in frame.columns:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        is_text = (numbers.isna() & frame[name].notna()).any() or name in TEXTS
        columns[name] = frame[name] if is_text else numbers
    return pd.DataFrame(columns, index=frame.index)


TEXTS = frozenset({"bus0", "bus1", "name", "type", "tags", "substation", "carrier", "country", "corridor"})


def _drawn(network: Network, table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the shapes that its column `geometry` spells as well-known text."""
    placed, faults = with_geometry(LAYERS[table], _plain(frame))
    network.faults += faults
    return placed


def _branches(network: Network, table: str, buses: pd.DataFrame) -> pd.DataFrame:
    """Return a table of branches, each end of which is one of the buses."""
    frame = network.frame(table).copy()
    for end in ("bus0", "bus1"):
        known = frame[end].isin(network.frame("buses").index)
        cure = "Add it to buses.csv, or drop the row"
        network.say(
            table, end, f"{_first(frame[end], ~known)} is not in buses.csv", cure, frame.index[~known]
        )
        left = known & ~frame[end].isin(buses.index)
        network.note(table, end, "is a bus that was left out: left out too", frame.index[left])
        frame = frame[~left]
    loop = frame["bus0"] == frame["bus1"]
    network.say(
        table, "bus1", "is where the row begins, too", "Correct an end, or drop the row", frame.index[loop]
    )
    return frame


def _circuits(network: Network, table: str, frame: pd.DataFrame) -> pd.Series:
    """Return how many circuits each row stands for; 1 where that is no whole number."""
    if "circuits" not in frame.columns:
        return pd.Series(1, index=frame.index, dtype=int)
    count = _number(network, table, frame, "circuits")
    many = count > MOST_CIRCUITS
    network.say(
        table, "circuits", f"is more than {MOST_CIRCUITS}", "Count the circuits of one row", frame.index[many]
    )
    whole = (count >= 1) & (count % 1 == 0) & ~many
    network.note(
        table, "circuits", "is no whole number: the row was kept as one circuit", frame.index[~whole & ~many]
    )
    return count.where(whole, 1.0).astype(int)


def _lines(network: Network, buses: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each circuit and each transformer."""
    frame = _branches(network, "lines", buses)
    _refuse_direct_current(network, frame, buses)
    _refuse_two_levels(network, frame, buses)
    length = _number(network, "lines", frame, "length") / network.per_km
    numbers: dict[str, Any] = {
        name: _number(network, "lines", frame, name)
        for name in ("x", "r", *TOTALS)
        if name in frame or name not in ("b", "g")
    }
    unknown = numbers["x"] == 0  # PyPSA: must not be zero; 0 is the default, for what its type is to give
    numbers |= {name: numbers[name].mask(unknown) for name in ("x", "r")}
    numbers |= {"length": length.mask(length == 0), "v_nom": _voltage(network, frame, buses, "lines")}
    buried = _flag(network, "lines", frame, "underground", missing=False)
    frame = frame.assign(
        kind=np.where(buried, "cable", "line"), in_service=_in_service(network, "lines", frame), **numbers
    )
    _check_lengths(network, frame, buses)
    frame = _per_circuit(frame, _circuits(network, "lines", frame))
    every = [frame, _transformers(network, buses, set(frame.index))]
    return _drawn(
        network, "lines", pd.concat([one for one in every if len(one)] or every[:1]).rename_axis("line")
    )


def _refuse_direct_current(network: Network, frame: pd.DataFrame, buses: pd.DataFrame) -> None:
    """Add a fault for lines that say they are DC, or that end at a DC bus: PyPSA takes such lines, we do not."""
    carrier = buses["carrier"]
    direct = (frame["bus0"].map(carrier) == "DC") | (frame["bus1"].map(carrier) == "DC")
    if "carrier" in frame.columns:
        direct |= frame["carrier"] == "DC"
    cure = "Move it to links.csv, with its capacity as p_nom"
    network.say("lines", "carrier", "is DC, and lines are passive AC branches", cure, frame.index[direct])


def _refuse_two_levels(network: Network, frame: pd.DataFrame, buses: pd.DataFrame) -> None:
    """Add a fault for lines between buses of two voltages: a transformer is what joins them."""
    known = pd.to_numeric(buses["v_nom"], errors="coerce").astype(float)
    ends = [frame[end].map(known) for end in ("bus0", "bus1")]
    apart = (ends[0] != ends[1]) & ends[0].notna() & ends[1].notna()
    cure = "Correct v_nom of a bus, or move the row to transformers.csv"
    network.say("lines", "bus1", "is of another voltage than bus0", cure, frame.index[apart])


def _voltage(network: Network, frame: pd.DataFrame, buses: pd.DataFrame, table: str) -> pd.Series:
    """Return the voltage of each row, or the higher one of its two buses. [kV]"""
    known = pd.to_numeric(buses["v_nom"], errors="coerce").astype(float)
    ends = pd.concat([frame[end].map(known) for end in ("bus0", "bus1")], axis="columns")
    return _number(network, table, frame, "v_nom").fillna(ends.max(axis="columns"))


def _in_service(network: Network, table: str, frame: pd.DataFrame) -> pd.Series:
    building = _flag(network, table, frame, "under_construction", missing=False)
    return ~building & _flag(network, table, frame, "active", missing=True)


def _check_lengths(network: Network, frame: pd.DataFrame, buses: pd.DataFrame) -> None:
    """Add a fault where most lines are some thousand times as long as the way between their buses, or as short."""
    if not isinstance(buses, gpd.GeoDataFrame) or (network.crs is not None and not network.crs.is_geographic):
        return
    at = [buses.index.get_indexer(pd.Index(frame[end])) for end in ("bus0", "bus1")]
    shapes = np.array([*buses.geometry, None], dtype=object)  # position -1: a bus that is not there
    lon, lat = ([read(shapes[one]) for one in at] for read in (shapely.get_x, shapely.get_y))
    good = np.isfinite([*lon, *lat]).all(axis=0) & (np.abs(lat) <= 90).all(axis=0)
    apart = distance_km(lon[0][good], lat[0][good], lon[1][good], lat[1][good])
    share = frame["length"].to_numpy(dtype=float)[good] / np.where(apart > SHORT_KM, apart, np.nan)
    share = share[np.isfinite(share)]
    if not len(share) or 1.0 / FAR_OFF < np.median(share) < FAR_OFF:
        return
    unit = "metres, as in PyPSA-Eur's release" if network.from_osm else "km, as in PyPSA"
    problem = f"is {np.median(share):.3g} times the distance between the buses if it is in {unit}"
    cure = "Give metres with the column line_id, km with the column name"
    network.faults.append(Fault("lines", "length", problem, cure))


def _per_circuit(frame: pd.DataFrame, count: pd.Series) -> pd.DataFrame:
    """Return one row for each circuit; together they are what the row was."""
    rows = np.repeat(np.arange(len(frame)), count.to_numpy())
    each = frame.iloc[rows].copy()
    times = count.to_numpy()[rows]
    for name in {*TOTALS, *SERIES} & set(frame.columns):
        values = each[name].to_numpy(dtype=float)
        each[name] = values / times if name in TOTALS else values * times
    before = count.cumsum().to_numpy() - count.to_numpy()
    number = np.arange(len(rows)) - before[rows] + 1
    several = times > 1
    ids = each.index.astype(str).to_numpy()
    corridor = each["corridor"].to_numpy() if "corridor" in each else np.full(len(each), None)
    names = [f"{one}-{part}" if split else one for one, part, split in zip(ids, number, several, strict=True)]
    return each.assign(corridor=np.where(several, ids, corridor)).set_axis(pd.Index(names))


def _transformers(network: Network, buses: pd.DataFrame, taken: set[str]) -> pd.DataFrame:
    """Return the transformers as rows of lines; PyPSA gives their x and r per unit of their own s_nom."""
    frame = _branches(network, "transformers", buses)
    s_nom = _number(network, "transformers", frame, "s_nom")
    base = BASE_MVA / s_nom.where(s_nom > 0)
    x, r = (_number(network, "transformers", frame, name) * base for name in ("x", "r"))
    known = x != 0
    frame = frame.drop(columns=["x", "r"], errors="ignore").assign(
        kind="transformer",
        s_nom=s_nom,
        x_pu_100=x.where(known),
        r_pu_100=r.where(known),
        v_nom=_voltage(network, frame, buses, "transformers"),
        in_service=_in_service(network, "transformers", frame),
    )
    each = _per_circuit(frame, _circuits(network, "transformers", frame))
    return _renamed(each, "transformer", taken)


def _renamed(frame: pd.DataFrame, kind: str, taken: set[str]) -> pd.DataFrame:
    """Return a table whose ids that are taken have its kind before them: PyPSA names each table on its own."""
    names = [f"{kind}-{one}" if one in taken else str(one) for one in frame.index]
    return frame.set_axis(pd.Index(names, dtype=object))


def _links(network: Network, buses: pd.DataFrame) -> pd.DataFrame:
    """Return the links and the converters that carry electricity."""
    links = _branches(network, "links", buses)
    converters = _branches(network, "converters", buses)
    if len(converters) and "p_nom" not in converters.columns:
        problem = "is missing: taken as without a limit of its own"
        network.note("converters", "p_nom", problem, converters.index)
        converters = converters.assign(p_nom="inf")
    every = [links, _renamed(converters, "converter", set(links.index))]
    frame = pd.concat([one for one in every if len(one)] or every[:1]).rename_axis("link")
    theirs = frame["carrier"].fillna("") if "carrier" in frame else pd.Series("", index=frame.index)
    carrier = theirs.where(~theirs.isin(HVDC), "HVDC").replace(OTHER_CARRIERS)
    strange = ~carrier.isin(("HVDC", "FC", "tie"))
    network.note("links", "carrier", "is no electric link: left out", frame.index[strange])
    working = _in_service(network, "links", frame)
    network.note(
        "links", "under_construction", "is not in service: left out", frame.index[~working & ~strange]
    )
    kept = working & ~strange
    frame = frame.assign(carrier=carrier, **_capacity(network, frame))[kept]
    if theirs.any():
        frame["carrier_in_source"] = theirs[kept]
    frame = frame.rename(columns={"geometry": "route_wkt"})
    if "length" in frame.columns:
        frame["length"] = _number(network, "links", frame, "length") / network.per_km
    return _plain(frame)


def _capacity(network: Network, frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what links carry in both directions; PyPSA's run one way unless p_min_pu is negative. [MW]"""
    p_nom = _number(network, "links", frame, "p_nom")
    most = _number(network, "links", frame, "p_max_pu").fillna(1.0)
    least = _number(network, "links", frame, "p_min_pu")
    if not network.from_osm:
        least = least.fillna(0.0)
    reverse = p_nom * -least
    return {"p_nom": p_nom * most, "p_nom_reverse": reverse.clip(lower=0.0)}
