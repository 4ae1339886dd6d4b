"""A case of MATPOWER as text or as a MAT-file: which matrices it holds. Nothing in the file is run."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.io
from numpy.typing import NDArray

from three_mismatches.errors import Fault, LayerError

__all__ = ["COLUMNS", "CONVERT", "NEEDED", "ONE_NUMBER", "RESAVE", "Case", "Matrix", "read_case"]

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

NEEDED = ("baseMVA", "bus", "gen", "branch")
RESAVE = "Load the case in MATPOWER, write it with savecase, and read that file"
CONVERT = "Load it in MATPOWER and write it with savecase, in version 2"
SHOWN_CHARACTERS = 60

NUMBER = r"[+-]?(?:\d+\.?\d*(?:[eEdD][+-]?\d+)?|\.\d+(?:[eEdD][+-]?\d+)?|[Ii]nf|[Nn]a[Nn])"
ONE_NUMBER = re.compile(NUMBER, re.ASCII)
PLAIN_ROW = re.compile(r"[0-9eE.+\-\sinfaIN]*", re.ASCII)
STRING = r"'(?:[^'\n]|'')*'|\"(?:[^\"\n]|\"\")*\""
LITERAL = re.compile(rf"{STRING}|{NUMBER}|true|false", re.ASCII)
SPECIAL = re.compile(rf"\.\.\.[^\n]*\n?|[%#][^\n]*|(?<![\w\])}}.'])(?:{STRING})|[\[\](){{}};\n]")
"""What ends a value or hides its end; a quote behind a name or a bracket transposes, and begins no text."""
BLANK = re.compile(r"(?:[\s;,]|\.\.\.[^\n]*+|[%#][^\n]*+)*+")  # possessive: a comment holds many %
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


def read_case(path: Path) -> Case:
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
            literal = LITERAL.match(self.text, start)
            end = literal.end() if literal else start
        rest = REST.match(self.text, end)
        if not rest or end == start:
            return False
        self.at = rest.end()
        if again:
            where = [f"line {self._line(begin)}"]
            self.case.say(f"mpc.{name}", "is given twice", "Keep one of the two", where)
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
        """Note a bracket that is not closed; what follows it cannot be told from what is in it."""
        self.case.say(f"mpc.{name}", "has no end", "Close its bracket", [f"line {self._line(begin)}"])
        self.case.told |= set(NEEDED)
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


def _numbers(row: str) -> tuple[list[float], list[str]]:
    """Return the numbers of a row, and what in it is none."""
    if PLAIN_ROW.fullmatch(row):
        try:
            return [float(one) for one in row.split()], []
        except ValueError:
            pass  # the slow way says which it is
    between = row.split(",")[:-1]
    gaps = [] if all(one.strip() for one in between) else ["nothing between two commas"]
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
