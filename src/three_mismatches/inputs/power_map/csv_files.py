"""The CSV files of PyPSA and of PyPSA-Eur: which there are, how they are quoted, what their columns are called."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyproj

from three_mismatches.errors import Fault
from three_mismatches.layers.geometry import LONLAT

__all__ = ["Network", "read_files"]

REQUIRED = ("buses", "lines")
OPTIONAL = ("links", "converters", "transformers")
IDS = {
    "buses": ("bus_id", "name"),
    "lines": ("line_id", "name"),
    "links": ("link_id", "name"),
    "converters": ("converter_id", "name"),
    "transformers": ("transformer_id", "name"),
}
"""What the column of ids is called: by PyPSA-Eur's OpenStreetMap release, by PyPSA."""
NAMES: Mapping[str, Mapping[str, str]] = {
    "buses": {"voltage": "v_nom", "station_id": "substation"},
    "lines": {"voltage": "v_nom", "num_parallel": "circuits"},
    "links": {},
    "converters": {},
    "transformers": {"num_parallel": "circuits"},
}
"""Columns of theirs that are ours under another name, in the same unit."""
PYPSA = frozenset({"num_parallel"})
"""Which of them PyPSA itself has; a column `voltage` of its files is the user's own, in a unit of his own."""
NEEDED = {
    "buses": ("v_nom", "x", "y"),
    "lines": ("bus0", "bus1"),
    "links": ("bus0", "bus1", "p_nom"),
    "converters": ("bus0", "bus1"),
    "transformers": ("bus0", "bus1"),
}
METRES_PER_KM = 1000.0


@dataclass
class Network:
    """The files of a folder as text, under our names; lengths are in the unit that `km` says."""

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    crs: pyproj.CRS | None = None
    from_osm: bool = False
    """Whether it is a release of PyPSA-Eur's OpenStreetMap network: lengths are in metres, places in EPSG:4326."""
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)

    def frame(self, name: str) -> pd.DataFrame:
        """Return a table, without rows where there is no file of it."""
        empty = pd.DataFrame(columns=[*NEEDED[name], "id"], dtype=str).set_index("id")
        return self.frames.get(name, empty)

    @property
    def per_km(self) -> float:
        """How many units of the column `length` are a kilometre."""
        return METRES_PER_KM if self.from_osm else 1.0

    def say(self, table: str, column: str, problem: str, cure: str, rows: pd.Index) -> None:
        """Add a fault, if there are rows that have it."""
        if len(rows):
            self.faults.append(Fault(table, column, problem, cure, tuple(dict.fromkeys(map(str, rows)))))

    def note(self, table: str, column: str, problem: str, rows: pd.Index) -> None:
        """Add what is to be warned of, if there are rows that it is true of."""
        if len(rows):
            self.notes.append(Fault(table, column, problem, rows=tuple(dict.fromkeys(map(str, rows)))))


def read_files(folder: Path) -> Network:
    """
    Return what the CSV files of a folder hold, every value as text.

    Parameters
    ----------
    folder
        With `buses.csv` and `lines.csv`, and perhaps `links.csv`, `converters.csv`, `transformers.csv`, and the
        `crs.json` or `network.csv` in which PyPSA states a coordinate system.
    """
    network = Network()
    if not folder.is_dir():
        network.faults.append(Fault(str(folder), "path", "is not a folder", "Give the folder of buses.csv"))
        return network
    for name in REQUIRED + OPTIONAL:
        path = folder / f"{name}.csv"
        if path.is_file():
            _add_file(network, path, name)
        elif name in REQUIRED:
            has = ", ".join(sorted(one.name for one in folder.glob("*.csv"))) or "none"
            cure = f"Put {path.name} there; its CSV files are: {has}"
            network.faults.append(Fault(path.name, "file", "is missing", cure))
    network.crs = LONLAT if network.from_osm else _stated_crs(folder)
    return network


def _add_file(network: Network, path: Path, name: str) -> None:
    """Add one file, or what is wrong with it as a whole."""
    try:
        frame = _read(path)
    except UnicodeDecodeError:
        network.faults.append(Fault(path.name, "file", "is not UTF-8", "Save it as CSV UTF-8"))
    except (OSError, ValueError, pd.errors.ParserWarning):
        cure = "Quote fields that hold commas, all with ' or all with \""
        network.faults.append(Fault(path.name, "file", "is not a table of comma-separated values", cure))
    else:
        _add_table(network, frame, path.name, name)


def _add_table(network: Network, frame: pd.DataFrame, file: str, name: str) -> None:
    """Add a table under our names, or what is wrong with its columns and ids."""
    has = ", ".join(frame.columns)
    ids = next((one for one in IDS[name] if one in frame.columns), None)
    if ids is None:
        cure = f"Name it {' or '.join(IDS[name])}; its columns are: {has}"
        network.faults.append(Fault(file, "ids", "are missing", cure))
        return
    network.from_osm |= name in REQUIRED and ids != "name"
    theirs = {new: old for old, new in NAMES[name].items() if ids != "name" or old in PYPSA}
    own = {old: new for new, old in theirs.items() if new not in frame.columns}
    frame = frame.rename(columns=own).set_index(ids).rename_axis("id")
    for column in (one for one in NEEDED[name] if one not in frame.columns):
        wanted = f"{column} or {theirs[column]}" if column in theirs else column
        cure = f"Add a column {wanted}; its columns are: {has}"
        network.faults.append(Fault(file, column, "is missing", cure))
    index = frame.index
    network.say(file, ids, "the id is given twice", "Name each row differently", index[index.duplicated()])
    network.say(file, ids, "missing", "Name the row", index[index.isna()])
    network.frames[name] = frame


def _read(path: Path) -> pd.DataFrame:
    """Return a CSV file as text; PyPSA-Eur quotes with ', PyPSA with "."""
    with path.open(encoding="utf-8-sig") as file:
        header = file.readline()
    quotes = ("'", '"') if "_id" in header.split(",")[0] else ('"', "'")
    for quote in quotes:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)  # a row longer than the header
                frame = pd.read_csv(
                    path,
                    dtype=str,
                    quotechar=quote,
                    keep_default_na=False,
                    na_values=[""],
                    index_col=False,
                    encoding="utf-8-sig",
                )
            return frame.rename(columns={"Unnamed: 0": "name"})  # an index without a name
        except (pd.errors.ParserWarning, pd.errors.ParserError):
            if quote == quotes[-1]:
                raise
    return pd.DataFrame()


def _stated_crs(folder: Path) -> pyproj.CRS | None:
    """Return the system that PyPSA states beside its tables, if it does."""
    try:
        if (folder / "crs.json").is_file():
            stated = json.loads((folder / "crs.json").read_text(encoding="utf-8"))["_crs"]
            return pyproj.CRS.from_user_input(str(stated))
        if (folder / "network.csv").is_file():
            code = pd.read_csv(folder / "network.csv", dtype=str)["srid"].iloc[0]
            return pyproj.CRS.from_epsg(str(code))
    except (OSError, ValueError, KeyError, TypeError, IndexError, pyproj.exceptions.CRSError):
        return None
    return None
