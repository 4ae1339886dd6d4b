"""A case of MATPOWER, as text or as a MAT-file, becomes a grid; nothing in the file is run."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy.io
from numpy.typing import NDArray

from three_mismatches.errors import Fault, LayerError
from three_mismatches.layers.checks import check_table
from three_mismatches.layers.schemas import CRS, LAYERS, empty
from three_mismatches.layers.tables import Grid

__all__ = ["read_matpower"]

BASE_MVA = 100.0  # of x_pu_100
ISOLATED, REFERENCE = 4, 3
LARGEST_BUS = 2**53  # beyond it a float is no longer one whole number
BUS_TYPES = (1, 2, REFERENCE, ISOLATED)
NEEDED = ("baseMVA", "bus", "gen", "branch")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "bus": (
        "BUS_I", "BUS_TYPE", "PD", "QD", "GS", "BS", "BUS_AREA", "VM", "VA", "BASE_KV", "ZONE", "VMAX", "VMIN",
    ),
    "gen": ("GEN_BUS", "PG", "QG", "QMAX", "QMIN", "VG", "MBASE", "GEN_STATUS", "PMAX", "PMIN"),
    "branch": (
        "F_BUS", "T_BUS", "BR_R", "BR_X", "BR_B", "RATE_A", "RATE_B", "RATE_C", "TAP", "SHIFT", "BR_STATUS",
    ),
    "dcline": (
        "F_BUS", "T_BUS", "BR_STATUS", "PF", "PT", "QF", "QT", "VF", "VT", "PMIN", "PMAX",
        "QMINF", "QMAXF", "QMINT", "QMAXT", "LOSS0", "LOSS1",
    ),
}  # fmt: skip
"""The first columns of each matrix by their names in MATPOWER; further ones are its results and are left out."""
FINITE: Mapping[str, tuple[str, ...]] = {
    "bus": ("BUS_I", "BUS_TYPE", "PD", "QD", "GS", "BS", "BASE_KV"),
    "gen": ("GEN_BUS", "PG", "QG", "GEN_STATUS"),
    "branch": ("F_BUS", "T_BUS", "BR_R", "BR_X", "BR_B", "TAP", "SHIFT", "BR_STATUS"),
    "dcline": ("F_BUS", "T_BUS", "BR_STATUS", "PF", "LOSS1"),
}
KNOWN: Mapping[str, tuple[str, ...]] = {
    "gen": ("PMAX", "PMIN"),
    "branch": ("RATE_A", "RATE_B", "RATE_C"),
    "dcline": ("PMIN", "PMAX"),
}
"""Columns that may be infinite, but not NaN."""
ENDS: Mapping[str, tuple[str, ...]] = {
    "gen": ("GEN_BUS",),
    "branch": ("F_BUS", "T_BUS"),
    "dcline": ("F_BUS", "T_BUS"),
}
CARRIER_OF_FUEL = {
    "biomass": "biomass", "wood": "biomass", "coal": "coal", "geothermal": "geothermal", "hydro": "hydro",
    "hydrops": "pumped_hydro", "ng": "gas", "gas": "gas", "lng": "lng", "nuclear": "nuclear", "oil": "oil",
    "dfo": "oil", "rfo": "oil", "jetfuel": "oil", "refuse": "waste", "solar": "solar", "wind": "wind",
    "ess": "battery",
}  # fmt: skip
"""Carriers of the fuels that MATPOWER names; the others are `other`."""

RESAVE = "Load the case in MATPOWER, write it with savecase, and read that file"
CONVERT = "Load it in MATPOWER and write it with savecase, in version 2"
SHOWN_CHARACTERS = 60

NUMBER = r"[+-]?(?:\d+\.?\d*(?:[eEdD][+-]?\d+)?|\.\d+(?:[eEdD][+-]?\d+)?|[Ii]nf|[Nn]a[Nn])"
ONE_NUMBER = re.compile(NUMBER, re.ASCII)
PLAIN_ROW = re.compile(r"[0-9eE.+\-\sinfaIN]*", re.ASCII)
STRING = r"'(?:[^'\n]|'')*'|\"(?:[^\"\n]|\"\")*\""
ONE_STRING = re.compile(STRING)
SPECIAL = re.compile(rf"\.\.\.[^\n]*\n?|[%#][^\n]*|(?<![\w\])}}.'])(?:{STRING})|[\[\](){{}};\n]")
"""What ends a value or hides its end; a quote behind a name or a bracket transposes, and begins no text."""
BLANK = re.compile(r"(?:[\s;,]|\.\.\.[^\n]*|[%#][^\n]*)*")
REST = re.compile(r"[ \t]*(?=[;,\n%#]|\.\.\.|\Z)")
COMMENT = re.compile(r"\.\.\.|[%#]")
BLOCK_MARK = re.compile(r"^[ \t]*[%#]([{}])[ \t]*$", re.MULTILINE)
FUNCTION = re.compile(
    r"function\b[ \t]*(?:\[?[ \t]*(\w+)[ \t]*\]?[ \t]*=)?[ \t]*\w+[ \t]*(?:\([^)\n]*\))?" + REST.pattern
)
ASSIGNMENT = re.compile(r"([A-Za-z]\w*)((?:\.[A-Za-z]\w*)*)[ \t]*=(?!=)(?:[ \t]|\.\.\.[^\n]*\n)*", re.ASCII)
LAST_WORD = re.compile(r"(?:end|endfunction|return)\b" + BLANK.pattern + r"\Z")
VERSION_1 = re.compile(r"(?:function[ \t]*\[[^\]\n]*,|(?:baseMVA|bus|gen|branch|areas|gencost)[ \t]*=)")


@dataclass
class Matrix:
    """The numbers of a matrix, and where in the file each row is."""

    numbers: NDArray[np.float64]
    places: list[str]

    def table(self, name: str) -> pd.DataFrame:
        """Return the matrix with MATPOWER's names for its columns."""
        names = list(COLUMNS[name])
        return pd.DataFrame(self.numbers[:, : len(names)], columns=names, copy=True)


@dataclass
class Case:
    """What a file holds, and what is wrong with it."""

    file: str
    scalars: dict[str, str] = field(default_factory=dict)
    matrices: dict[str, Matrix] = field(default_factory=dict)
    fuels: list[str] | None = None
    told: set[str] = field(default_factory=set)
    """Names that the file gives in some way: they are not missing."""
    faults: list[Fault] = field(default_factory=list)

    def say(self, column: str, problem: str, cure: str, rows: list[str] | None = None) -> None:
        """Add a fault; with `rows`, only if there are any."""
        if rows is None or rows:
            self.faults.append(Fault(self.file, column, problem, cure, tuple(dict.fromkeys(rows or ()))))


def read_matpower(path: str | Path) -> Grid:
    """
    Return the grid of a case in MATPOWER's format, version 2 [1]_.

    The file is read as data and never run. What becomes of each column is in `docs/reading_matpower.md`.

    Parameters
    ----------
    path
        A case as text (`.m`) or as a MAT-file (`.mat`).

    Returns
    -------
    grid
        With `buses`, `loads`, `generators`, `lines` (with the transformers) and `links` (the DC lines). The format
        has no coordinates, so nothing has a geometry. The other tables are empty.

    Raises
    ------
    LayerError
        With every fault of the file: what is no data, what is missing, and what contradicts itself.

    References
    ----------
    .. [1] R. D. Zimmerman, C. E. Murillo-Sánchez, MATPOWER User's Manual, appendix B, "Data File Format".

    Examples
    --------
    >>> grid = read_matpower("case9.m")  # doctest: +SKIP
    """
    path = Path(path)
    case = _read_case(path)
    _check_given(case)
    _check_values(case)
    if case.faults:
        raise LayerError(case.faults)
    frames = _frames(case)
    tables = {name: empty(name) for name in LAYERS}
    faults: list[Fault] = []
    for name, frame in frames.items():
        try:
            tables[name] = check_table(name, frame)
        except LayerError as error:
            faults += error.faults
    if faults:
        raise LayerError(faults)
    return Grid(**{one.name: tables[one.name] for one in fields(Grid)})


def _read_case(path: Path) -> Case:
    """Return what the file gives, unjudged but for its grammar."""
    readers: dict[str, Callable[[Path, Case], None]] = {".m": _read_text, ".mat": _read_mat}
    case = Case(path.name)
    read = readers.get(path.suffix.lower())
    if read is None:
        case.say("file", f"ends with {path.suffix!r}", "Give a case of MATPOWER: .m or .mat")
    elif not path.is_file():
        case = Case(str(path))
        case.say("file", "does not exist", "Give the path of a case")
    else:
        read(path, case)
        return case
    raise LayerError(case.faults)


# Text


def _read_text(path: Path, case: Case) -> None:
    """Add what a case as text gives."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # numbers are ASCII in both: at most a comment reads oddly
    text = _without_block_comments(text.replace("\r\n", "\n").replace("\r", "\n"))
    _Script(text, case).read()


def _without_block_comments(text: str) -> str:
    """Return the text with empty lines for what stands between %{ and %}."""
    depth, kept, start = 0, [], 0
    for mark in BLOCK_MARK.finditer(text):
        if mark[1] == "{":
            if depth == 0:
                kept.append(text[start : mark.start()])
                start = mark.start()
            depth += 1
        elif depth:  # else it is a comment like any other
            depth -= 1
            if depth == 0:
                kept.append("\n" * text.count("\n", start, mark.end()))
                start = mark.end()
    return "".join(kept) + ("" if depth else text[start:])


class _Script:
    """A pass over the statements of a text: values that are written out are taken, all else is refused."""

    def __init__(self, text: str, case: Case) -> None:
        self.text = text
        self.case = case
        self.struct = "mpc"
        self.at = 0
        self.newlines = [mark.start() for mark in re.finditer("\n", text)]
        self.refused: list[str] = []
        self.version_1: list[str] = []

    def read(self) -> None:
        """Add every value and every fault to the case."""
        self._skip_blank()
        header = FUNCTION.match(self.text, self.at)
        if header:
            self.struct = header[1] or self.struct
            self.at = header.end()
        while self._skip_blank():
            self._statement()
        cure = f"Only values that are written out are read, and nothing is run. {RESAVE}"
        self.case.say("statement", "is not data", cure, self.refused)
        if self.version_1:
            self.case.told |= set(NEEDED)
            self.case.say("version", "is 1, where 2 is read", CONVERT, self.version_1)

    def _skip_blank(self) -> bool:
        """Go to the next statement; return whether there is one."""
        self.at = BLANK.match(self.text, self.at).end()  # type: ignore[union-attr]
        return self.at < len(self.text)

    def _line(self, at: int) -> int:
        return bisect_right(self.newlines, at - 1) + 1

    def _statement(self) -> None:
        """Read one statement, or refuse it and go behind it."""
        start = self.at
        if LAST_WORD.match(self.text, start):
            self.at = len(self.text)
            return
        found = ASSIGNMENT.match(self.text, start)
        if found and found[1] == self.struct and found[2] and self._value(found[2][1:], found.end(), start):
            return
        self._refuse(start)

    def _value(self, name: str, start: int, begin: int) -> bool:
        """Take the value of a field; return whether it is one that is written out."""
        opening = self.text[start : start + 1]
        again = name in self.case.told
        self.case.told.add(name)
        if opening in ("[", "{"):
            end = self._closing(start)
            if end is None:
                self._unclosed(name, begin)
                return True
        else:
            literal = ONE_STRING.match(self.text, start) or re.compile(rf"{NUMBER}|true|false").match(
                self.text, start
            )
            if not literal:
                return False
            end = literal.end()
        rest = REST.match(self.text, end)
        if not rest:
            return False
        self.at = rest.end()
        if again:
            self.case.say(
                f"mpc.{name}", "is given twice", "Keep one of the two", [f"line {self._line(begin)}"]
            )
        else:
            self._take(name, start, end)
        return True

    def _take(self, name: str, start: int, end: int) -> None:
        """Add a value to the case, if it is one that is used."""
        opening = self.text[start]
        if opening == "[" and name in COLUMNS:
            self._matrix(name, start, end)
        elif opening == "{" and name == "genfuel":
            marks = SPECIAL.finditer(self.text, start + 1, end - 1)
            self.case.fuels = [mark[0][1:-1] for mark in marks if mark[0][0] in "'\""]
        elif opening not in "[{" or name in (*COLUMNS, "baseMVA", "version"):
            self.case.scalars[name] = self.text[start:end].strip("[]'\" \t\n;")

    def _closing(self, start: int) -> int | None:
        """Return where the bracket that opens at `start` has been closed; brackets in strings and comments are none."""
        depth = 0
        for mark in SPECIAL.finditer(self.text, start):
            if mark[0] in "[({":
                depth += 1
            elif mark[0] in "])}":
                depth -= 1
                if depth == 0:
                    return mark.end()
        return None

    def _unclosed(self, name: str, begin: int) -> None:
        self.case.say(f"mpc.{name}", "has no end", "Close its bracket", [f"line {self._line(begin)}"])
        self.at = len(self.text)

    def _refuse(self, start: int) -> None:
        """Note a statement that is not read, and go behind it."""
        depth, end = 0, len(self.text)
        for mark in SPECIAL.finditer(self.text, start):
            depth += (mark[0] in "[({") - (mark[0] in "])}")
            if mark[0] in "\n;" and depth <= 0:
                end = mark.start()
                break
        words = " ".join(self.text[start:end].split())
        shown = words if len(words) <= SHOWN_CHARACTERS else words[: SHOWN_CHARACTERS - 3] + "..."
        kind = self.version_1 if VERSION_1.match(self.text, start) else self.refused
        kind.append(f"line {self._line(start)}: {shown}")
        self.at = end

    def _matrix(self, name: str, start: int, end: int) -> None:
        """Add a matrix, or what in it is no number."""
        rows, places, bad = [], [], []
        for line, text in _rows(self.text[start + 1 : end - 1], self._line(start)):
            numbers, wrong = _numbers(text)
            bad += [f"line {line}: {one}" for one in wrong]
            if numbers or wrong:
                rows.append(numbers)
                places.append(f"line {line}")
        cure = f"Write digits, Inf or NaN. {RESAVE}"
        self.case.say(f"mpc.{name}", "holds what is no number", cure, bad)
        if not bad:
            _add_matrix(self.case, name, rows, places)


def _rows(body: str, first: int) -> Iterator[tuple[int, str]]:
    """Yield the rows of a matrix with the line on which each begins; a continued line goes on in the next."""
    carried, begin = "", first
    for line, text in enumerate(body.split("\n"), start=first):
        cut = COMMENT.search(text)
        begin = begin if carried else line
        whole = carried + (text[: cut.start()] if cut else text)
        if cut and cut[0] == "...":
            carried = whole + " "
            continue
        carried = ""
        for row in whole.split(";"):
            yield begin, row
    if carried:
        yield begin, carried


def _numbers(row: str) -> tuple[list[float], list[str]]:
    """Return the numbers of a row, and what in it is none."""
    if PLAIN_ROW.fullmatch(row):
        try:
            return [float(one) for one in row.split()], []
        except ValueError:
            pass  # the slow way says which it is
    pieces = row.split(",")
    gaps = (
        [] if len(pieces) == 1 or all(one.strip() for one in pieces[:-1]) else ["nothing between two commas"]
    )
    words = row.replace(",", " ").split()
    wrong = [one for one in words if not ONE_NUMBER.fullmatch(one)]
    good = [float(one.lower().replace("d", "e")) for one in words if ONE_NUMBER.fullmatch(one)]
    return good, wrong + gaps


def _add_matrix(case: Case, name: str, rows: list[list[float]], places: list[str]) -> None:
    """Add rows as a matrix, if all are of the same length."""
    width = len(rows[0]) if rows else 0
    uneven = [f"{place}: {len(row)}" for row, place in zip(rows, places, strict=True) if len(row) != width]
    if uneven:
        problem = f"has {width} columns in its first row and another number"
        case.say(f"mpc.{name}", problem, "Give each row as many numbers", uneven)
    else:
        case.matrices[name] = Matrix(np.array(rows, dtype=float).reshape(len(rows), width), places)


# MAT-files


def _read_mat(path: Path, case: Case) -> None:
    """Add what a case as a MAT-file gives."""
    try:
        found = scipy.io.loadmat(path)
    except NotImplementedError:
        case.say("file", "is a MAT-file of version 7.3", "Save it with save(..., '-v7')")
        raise LayerError(case.faults) from None
    except Exception as error:  # whatever the bytes make of the parser
        case.say("file", "is not a MAT-file", f"{RESAVE} (it says: {error})")
        raise LayerError(case.faults) from error
    struct = found.get("mpc")
    if struct is None or struct.dtype.names is None or struct.size != 1:
        if {"bus", "branch"} & set(found):
            case.say("version", "is 1, where 2 is read", CONVERT)
        else:
            case.say("file", "has no struct 'mpc'", RESAVE)
        raise LayerError(case.faults)
    for name in struct.dtype.names:
        _add_field(case, name, np.asarray(struct.flat[0][name]))


def _add_field(case: Case, name: str, value: NDArray[Any]) -> None:
    """Add one field of the struct."""
    case.told.add(name)
    if name == "genfuel":
        case.fuels = [str(np.asarray(one).item()) if np.size(one) == 1 else "" for one in value.ravel()]
    elif name in COLUMNS:
        if value.dtype.kind not in "fiub" or value.ndim != 2:
            case.say(f"mpc.{name}", "is no matrix of real numbers", RESAVE)
            return
        case.matrices[name] = Matrix(value.astype(float), [f"row {row + 1}" for row in range(len(value))])
    elif name in ("baseMVA", "version") and value.size == 1:
        case.scalars[name] = str(value.item())


# Judging


def _check_given(case: Case) -> None:
    """Add faults for what is missing, of another version, or too narrow."""
    for name in NEEDED:
        if name not in case.told:
            case.say(f"mpc.{name}", "is missing", f"Add it: a case of version 2 has {', '.join(NEEDED)}")
    for name, matrix in list(case.matrices.items()):
        needed, has = len(COLUMNS[name]), matrix.numbers.shape[1]
        if not len(matrix.numbers):
            matrix.numbers = np.empty((0, needed))
        elif has < needed:
            case.say(
                f"mpc.{name}",
                f"has {has} columns, and {needed} are needed",
                f"They are {', '.join(COLUMNS[name])}",
            )
            del case.matrices[name]
    for name in [one for one in COLUMNS if one in case.scalars]:
        case.say(f"mpc.{name}", "is not a matrix", RESAVE)
    if "bus" in case.matrices and not len(case.matrices["bus"].numbers):
        case.say("mpc.bus", "has no rows", "A grid needs a bus")
    version = case.scalars.get("version", "2")
    if not re.fullmatch(r"2(?:\.0*)?", version):
        case.say("mpc.version", f"is {version}, where 2 is read", CONVERT)
    if "baseMVA" in case.scalars and not _base(case) > 0:
        case.say("mpc.baseMVA", "is not a number above 0", "Give the power base. [MVA]")


def _base(case: Case) -> float:
    """Return the power base, NaN where it is no finite number. [MVA]"""
    text = case.scalars.get("baseMVA", "")
    base = float(text.lower().replace("d", "e")) if ONE_NUMBER.fullmatch(text) else np.nan
    return base if np.isfinite(base) else np.nan


def _check_values(case: Case) -> None:
    """Add faults for values that no case can have, row by row."""
    for name, matrix in case.matrices.items():
        table = matrix.table(name)
        for column in FINITE[name]:
            cure = "Give the number, or drop the row"
            _say(case, name, column, ~np.isfinite(table[column]), "is not a finite number", cure)
        for column in KNOWN.get(name, ()):
            _say(case, name, column, table[column].isna(), "is NaN", "Give the number, or Inf for no limit")
    if "bus" in case.matrices:
        _check_buses(case)
        _check_ends(case)
    units = len(case.matrices["gen"].numbers) if "gen" in case.matrices else None
    if case.fuels and units is not None and len(case.fuels) != units:
        problem = f"has {len(case.fuels)} texts for {units} rows of mpc.gen"
        case.say("mpc.genfuel", problem, "Give one for each row, or leave it out")


def _say(case: Case, name: str, column: str, bad: pd.Series, problem: str, cure: str) -> None:
    """Add a fault of the rows of a matrix that have it, with what stands there."""
    matrix = case.matrices[name]
    values = matrix.table(name)[column]
    rows = [f"{matrix.places[row]}: {values.iloc[row]:.12g}" for row in np.flatnonzero(bad)]
    case.say(f"mpc.{name} {column}", problem, cure, rows)


def _check_buses(case: Case) -> None:
    """Add faults of the buses' numbers and types."""
    table = case.matrices["bus"].table("bus")
    number, kind = table["BUS_I"], table["BUS_TYPE"]
    odd = np.isfinite(number) & ((number <= 0) | (number % 1 != 0) | (number > LARGEST_BUS))
    _say(case, "bus", "BUS_I", odd, "is no whole number above 0", "Number the bus")
    twice = number.duplicated() & number.notna()
    _say(case, "bus", "BUS_I", twice, "is given twice", "Number each bus differently")
    strange = np.isfinite(kind) & ~kind.isin(BUS_TYPES)
    cure = "1 is PQ, 2 PV, 3 reference, 4 isolated"
    _say(case, "bus", "BUS_TYPE", strange, "is none of 1, 2, 3 and 4", cure)


def _check_ends(case: Case) -> None:
    """Add faults of rows at buses that are not there, and of branches that lead nowhere."""
    known = case.matrices["bus"].table("bus")["BUS_I"]
    for name in (one for one in ENDS if one in case.matrices):
        table = case.matrices[name].table(name)
        for column in ENDS[name]:
            strange = ~table[column].isin(known) & np.isfinite(table[column])
            _say(case, name, column, strange, "is no bus", "Add it to mpc.bus, or drop the row")
        if "T_BUS" in table:
            loop = table["F_BUS"] == table["T_BUS"]
            _say(case, name, "T_BUS", loop, "is where the row begins, too", "Correct an end, or drop the row")


# Tables


def _frames(case: Case) -> dict[str, pd.DataFrame]:
    """Return the tables that a sound case gives, before their schemas complete them."""
    bus = case.matrices["bus"].table("bus").set_index("BUS_I", drop=False)
    working = bus["BUS_TYPE"] != ISOLATED
    frames = {
        "buses": _buses(bus),
        "loads": _loads(bus[working]),
        "generators": _generators(case, working),
        "lines": _lines(case, bus, working),
        "links": _links(case, working),
    }
    return {
        name: frame.assign(source=f"MATPOWER case {case.file}", imputed=False)
        for name, frame in frames.items()
    }


def _ids(numbers: pd.Series) -> pd.Series:
    return numbers.astype(np.int64).astype(str)


def _index(name: str, ids: Any) -> pd.Index:  # noqa: ANN401 - any sequence of texts
    index: pd.Index = pd.Index(ids, dtype=object, name=LAYERS[name].index)
    return index


def _row_numbers(name: str, frame: pd.DataFrame, before: str = "") -> pd.Index:
    return _index(name, [f"{before}{row + 1}" for row in range(len(frame))])


def _buses(bus: pd.DataFrame) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(
        {
            "v_nom": bus["BASE_KV"].where(bus["BASE_KV"] != 0).to_numpy(),
            "slack": (bus["BUS_TYPE"] == REFERENCE).to_numpy(),
            "matpower_area": bus["BUS_AREA"].to_numpy(),
            "matpower_zone": bus["ZONE"].to_numpy(),
        },
        index=_index("buses", _ids(bus["BUS_I"])),
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame), index=frame.index, crs=CRS))


def _loads(bus: pd.DataFrame) -> pd.DataFrame:
    """Return the demand and the shunt conductance of each bus; a susceptance alone draws no power."""
    parts = []
    for word, p, q in (("load", bus["PD"], bus["QD"]), ("shunt", bus["GS"], -bus["BS"])):
        ids = _ids(bus["BUS_I"])
        every = pd.DataFrame({"bus": ids, "p_set": p, "q_set": q}).set_axis(_index("loads", f"{word} " + ids))
        parts.append(every[every["p_set"] != 0])
    return pd.concat(parts)


def _generators(case: Case, working: pd.Series) -> pd.DataFrame:
    gen = case.matrices["gen"].table("gen")
    on = (gen["GEN_STATUS"] > 0) & gen["GEN_BUS"].map(working).astype(bool)
    fuels = pd.Series(case.fuels or "", index=gen.index, dtype=object)
    frame = pd.DataFrame(
        {
            "bus": _ids(gen["GEN_BUS"]),
            "carrier": fuels.str.lower().map(CARRIER_OF_FUEL).fillna("other"),
            "p_nom": gen["PMAX"].clip(lower=0.0),
            "p_min": gen["PMIN"],
            "p_set": gen["PG"].where(on, 0.0),
            "q_set": gen["QG"].where(on, 0.0),
            "q_max": gen["QMAX"],
            "q_min": gen["QMIN"],
            "status": np.where(on, "operating", "retired"),
        }
    )
    return frame.set_axis(_row_numbers("generators", frame))


def _both(branch: pd.DataFrame, working: pd.Series) -> pd.Series:
    """Return whether neither end of a branch is isolated."""
    return branch["F_BUS"].map(working).astype(bool) & branch["T_BUS"].map(working).astype(bool)


def _lines(case: Case, bus: pd.DataFrame, working: pd.Series) -> pd.DataFrame:
    """Return one row for each branch; impedances in ohm are those on the side of the higher voltage."""
    branch, base = case.matrices["branch"].table("branch"), _base(case)
    ends = [branch["F_BUS"], branch["T_BUS"]]
    kv = bus["BASE_KV"].where(bus["BASE_KV"] != 0)
    kv0, kv1 = (end.map(kv).astype(float) for end in ends)
    v_nom = np.fmax(kv0, kv1)
    apart = (kv0 != kv1) & kv0.notna() & kv1.notna()
    shifts = (branch["TAP"] != 0) | (branch["SHIFT"] != 0)
    low, high = _ids(ends[0].clip(upper=ends[1])), _ids(ends[0].clip(lower=ends[1]))
    limits = {name: branch[name].replace(0.0, np.inf) for name in ("RATE_A", "RATE_B", "RATE_C")}
    frame = pd.DataFrame(
        {
            "bus0": _ids(ends[0]),
            "bus1": _ids(ends[1]),
            "kind": np.where(apart | shifts, "transformer", "line"),
            "v_nom": v_nom,
            "x": branch["BR_X"] * v_nom**2 / base,
            "r": branch["BR_R"] * v_nom**2 / base,
            "x_pu_100": branch["BR_X"] * BASE_MVA / base,
            "r_pu_100": branch["BR_R"] * BASE_MVA / base,
            "b_pu_100": branch["BR_B"] * base / BASE_MVA,
            "tap_ratio": branch["TAP"].replace(0.0, 1.0),
            "phase_shift": branch["SHIFT"],
            "s_nom": limits["RATE_A"],
            "s_nom_short": limits["RATE_B"],
            "s_nom_emergency": limits["RATE_C"],
            "corridor": low + "-" + high,
            "in_service": (branch["BR_STATUS"] > 0) & _both(branch, working),
        }
    )
    return frame.set_axis(_row_numbers("lines", frame))


def _links(case: Case, working: pd.Series) -> pd.DataFrame:
    """Return the DC lines that are in service, under the numbers of their rows."""
    none = Matrix(np.empty((0, len(COLUMNS["dcline"]))), [])
    line = case.matrices.get("dcline", none).table("dcline")
    frame = pd.DataFrame(
        {
            "bus0": _ids(line["F_BUS"]),
            "bus1": _ids(line["T_BUS"]),
            "carrier": "HVDC",
            "p_nom": line["PMAX"].clip(lower=0.0),
            "p_nom_reverse": (-line["PMIN"]).clip(lower=0.0),
            "efficiency": 1.0 - line["LOSS1"],
            "p_set": line["PF"],
        }
    )
    on = (line["BR_STATUS"] > 0) & _both(line, working)
    return frame.set_axis(_row_numbers("links", frame, "dcline "))[on.to_numpy()]
