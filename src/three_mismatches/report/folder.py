"""The folder that the command line leaves: tables, maps, and a summary with the hash of every input."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from three_mismatches import export
from three_mismatches.report.sentences import sentences

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from three_mismatches.study import Result

__all__ = ["summary", "table_hash", "write"]

PACKAGES = (
    "three-mismatches", "geopandas", "highspy", "matplotlib", "numba", "numpy", "pandas", "pandera", "pyproj",
    "shapely",
)  # fmt: skip
"""Packages whose versions a result depends on."""

PLAIN = ("latency", "ties", "fleet")
"""Tables of a result without geometry."""

OF_GRID = ("buses", "lines", "hosting", "reinforcements", "certificate")
"""Tables that a result has at line resolution only."""


def summary(result: Result) -> dict[str, object]:
    """Return headline figures, settings, versions, and a hash of every input table; JSON has no inf or NaN."""
    fleet = result.fleet
    return {
        "name": result.settings.name,
        "settings": result.settings.as_dict(),
        "sentences": sentences(fleet, result.sites, result.ties, result.settings),
        "headline": {str(name): _headline(row) for name, row in fleet.iterrows()},
        "assumptions": dict(result.tables.values),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "inputs_sha256": {name: table_hash(frame) for name, frame in result.tables.inputs.frames().items()},
    }


def table_hash(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a table's canonical CSV: floats as written by repr, geometry as WKT."""
    plain = pd.DataFrame(frame)
    if "geometry" in plain:
        plain = plain.assign(geometry=frame.geometry.to_wkt())
    return hashlib.sha256(plain.to_csv(lineterminator="\n").encode()).hexdigest()


def write(result: Result, path: str | Path, *, overwrite: bool = False) -> Path:
    """
    Write a result as one GeoPackage, or as a folder with its tables, maps and summary.

    Parameters
    ----------
    result
        A solved study.
    path
        A name ending in `.gpkg`; or a folder, for sites.csv, sites.gpkg, sites.parquet, latency.csv, areas.csv,
        ties.csv, fleet.csv, delay_streams.csv, delay_years.csv, mismatch_map.png, mismatch_map.svg and summary.json;
        at line resolution also buses.csv, lines.csv, hosting.csv, reinforcements.csv, certificate.csv, certificate.md,
        repair_map.png and repair_map.svg.
    overwrite
        Whether a result that is there already is replaced.

    Raises
    ------
    FileExistsError
        If something is there and `overwrite` is False, or it is a folder of somebody else's.
    """
    target = Path(path)
    if target.suffix.lower() == ".gpkg":
        grid = OF_GRID if len(result.buses) else ()
        frames = {name: getattr(result, name) for name in ("sites", "areas", *PLAIN, *grid)}
        return export.write_geopackage(frames, target, overwrite=overwrite)
    with export.atomic_folder(target, overwrite=overwrite) as folder:
        _write_answer(result, folder)
    return target


def _write_answer(result: Result, folder: Path) -> None:
    """Write the answer's tables, maps and summary into an empty folder."""
    from three_mismatches import maps  # matplotlib is loaded only where something is drawn

    for suffix in ("csv", "gpkg", "parquet"):
        export.write_table(result.sites, folder / f"sites.{suffix}")
    for name in ("areas", *PLAIN):
        export.write_table(getattr(result, name), folder / f"{name}.csv")
    if result.delay is not None:
        export.write_table(result.delay.streams, folder / "delay_streams.csv")
        export.write_table(result.delay.years, folder / "delay_years.csv")
    figures = {"mismatch_map": result.plot()}
    if len(result.buses):
        figures |= _write_grid(result, folder)
    for name, figure in figures.items():
        for suffix in ("png", "svg"):
            maps.save(figure, folder / f"{name}.{suffix}")
    files = sorted(["summary.json", *(path.name for path in folder.iterdir())])
    export.write_json(summary(result) | {"files": files}, folder / "summary.json")


def _write_grid(result: Result, folder: Path) -> dict[str, Figure]:
    """Write the grid's tables and certificate, and return the map of its repair."""
    from three_mismatches import maps, repair

    for name in OF_GRID:
        export.write_table(getattr(result, name), folder / f"{name}.csv")
    if result.certificate.empty:
        return {}
    text = repair.markdown(result.certificate)
    (folder / "certificate.md").write_text(text, encoding="utf-8", newline="\n")
    return {
        "repair_map": cast("Figure", maps.repair_map(result.tables.tables.grid, layout=result.layout).figure)
    }


def _headline(row: pd.Series) -> dict[str, object]:
    """Return one row of the fleet as JSON can hold it; what is not finite is null, with a flag that says so."""
    values = {key: row[key] for key in ("value", "low", "high", "p10", "p50", "p90")}
    found: dict[str, object] = {
        key: float(value) if np.isfinite(value) else None for key, value in values.items()
    }
    found |= {"unit": row["unit"], "meaning": row["meaning"]}
    flags = sorted(
        f"{key}:{'unknown' if np.isnan(v) else 'unlimited'}"
        for key, v in values.items()
        if not np.isfinite(v)
    )
    return found | {"flags": ";".join(flags)}
