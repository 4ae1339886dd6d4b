"""Two CSV files, one of nodes and one of links, under the names that other tools give their columns."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import shapely

from three_mismatches.errors import Fault, LayerError
from three_mismatches.inputs.fibre._json import fault, read_text
from three_mismatches.inputs.fibre._tables import Draft, Provenance
from three_mismatches.layers.checks import tell
from three_mismatches.layers.tables import Fibre

__all__ = ["read_fibre_csv"]


def read_fibre_csv(
    nodes: str | Path,
    links: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    length_unit: str | None = None,
    geometry_kind: str = "schematic",
    source: str | None = None,
    licence: str | None = None,
) -> Fibre:
    """
    Return the fibre network of two CSV files.

    Parameters
    ----------
    nodes
        CSV with an id and a place in degrees for each node.
    links
        CSV with the ids of both ends for each link, and its length.
    columns
        Columns that go by other names than those below, or where several could be meant: theirs by ours, such as
        `{"fibre_node": "name", "length": "jpn_model_km"}`.
    length_unit
        Unit of the lengths, "km", "m", "mi" or "ft", where it is not the one that the column's name has below.
    geometry_kind
        For links that do not say: "schematic", a sketch, joined at nodes only, whose lengths `route_factor` is applied
        to; "surveyed", built lengths.
    source, licence
        Where the data is from and under what licence, for rows that do not say so. Without `source`, the file's name.

    Returns
    -------
    fibre
        Nodes and routes. Further columns are kept.

    Raises
    ------
    LayerError
        With every fault: columns that are not there, with the names that are accepted; columns of which several
        could be meant; and all that `fibre_from_frames` refuses.

    Warns
    -----
    AssumptionWarning
        As `fibre_from_frames` does.

    Notes
    -----
    Names in any case. Node: fibre_node, id, node_id, nodeid, osmid. Place: lon and lat, longitude and latitude, x and
    y; lng or long and lat. Ends: node0 and node1, source and target, from and to, from_id and to_id (snkit), from_node
    and to_node, u and v (osmnx), start and end (Open Fibre Data Standard), node_start and node_end (momepy), a and b.
    Link: fibre_route, id, link_id, edge_id, route_id; without one, its ends. Length in km: length, length_km, dist,
    dist_km, distance, distance_km, km, fibreLength; in metres: length_m, dist_m, distance_m, mm_len; in miles:
    length_mi, length_miles. A column `geometry` of links is their line as well-known text.

    Examples
    --------
    >>> fibre = read_fibre_csv("nodes.csv", "links.csv", columns={"fibre_node": "name"})  # doctest: +SKIP
    """
    paths = [Path(nodes), Path(links)]
    faults: list[Fault] = []
    frames = []
    for path in paths:
        try:
            frames.append(_read(path))
        except LayerError as error:
            faults += error.faults
    if faults:
        raise LayerError(faults)
    rows = [
        [dict(zip(map(str, frame), row, strict=True)) for row in frame.itertuples(index=False)]
        for frame in frames
    ]
    draft = Draft(
        nodes=rows[0],
        routes=rows[1],
        where=" and ".join(path.name for path in paths),
        names=columns or {},
        length_unit=length_unit,
        geometry_kind=geometry_kind,
        by_columns=True,
        provenance=Provenance(source or paths[1].name, licence),
    )
    fibre, notes = draft.fibre()
    tell(notes, stacklevel=3)
    return fibre


def _read(path: Path) -> pd.DataFrame:
    """Return a CSV file, ids as the text that they are, numbers as numbers, well-known text as shapes."""
    read_text(path)  # says what is wrong with the file as such
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a row longer than the header
            frame = pd.read_csv(
                path, dtype=str, keep_default_na=False, na_values=[""], index_col=False, encoding="utf-8-sig"
            )
    except pd.errors.EmptyDataError:
        raise fault(path.name, "file", "is empty: it has no header", "Write the column names") from None
    except (OSError, ValueError, pd.errors.ParserWarning):
        cure = "Quote fields that hold commas or line breaks, and count the fields of each row"
        raise fault(path.name, "file", "is not a table of comma-separated values", cure) from None
    return pd.DataFrame({name: _typed(frame[name], str(name), path.name) for name in frame})


def _typed(texts: pd.Series, name: str, where: str) -> pd.Series:
    """Return a column as numbers where all of it is, as shapes where it is the geometry."""
    values = texts.astype(object).where(texts.notna(), None)
    if name.lower() == "geometry":
        shapes = shapely.from_wkt(values.to_numpy(), on_invalid="ignore")
        bad = pd.isna(shapes) & values.notna().to_numpy()
        if bad.any():
            rows = tuple(map(str, texts.index[bad]))
            raise fault(
                where,
                name,
                "is not well-known text (rows counted from 0)",
                "Write LINESTRING (...)",
                rows=rows,
            )
        return pd.Series(shapes, index=texts.index, dtype=object)
    numbers = pd.to_numeric(texts, errors="coerce")
    whole = texts.notna().any() and numbers.notna().equals(texts.notna())
    # "007" is a name, not 7; and an id that looks like a number is compared as it is written.
    as_written = not texts.dropna().str.fullmatch(r"\s*[+-]?(0\d.*|\d{16,})").any()
    return numbers.astype(object).where(texts.notna(), None) if whole and as_written else values
