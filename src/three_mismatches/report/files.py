"""The report as files: one page for a browser, one for paper, one of text, and every picture and table beside them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
from shapely.geometry import LineString

from three_mismatches import export
from three_mismatches.language import Language
from three_mismatches.report.folder import OF_GRID, summary

if TYPE_CHECKING:
    from three_mismatches.ensemble import Ensemble
    from three_mismatches.report.story import Story
    from three_mismatches.study import Result

__all__ = ["spatial_tables", "write_report", "write_story"]

log = logging.getLogger(__name__)

PRINT_DPI = 300.0
PICTURES, TABLES = "figures", "tables"


def write_report(
    result: Result,
    folder: str | Path,
    *,
    lang: Language = "en",
    ensemble: Ensemble | None = None,
    overwrite: bool = False,
) -> Path:
    """
    Write a report that can be read with no help: for a browser, for paper, as text, with its pictures and tables.

    Parameters
    ----------
    result
        A solved study.
    folder
        For report.html, report.pdf, report.md, figures/ (.png of 300 dots per inch, .svg, .pdf), tables/ (.csv, and
        tables.gpkg with what has a place on the map) and summary.json.
    lang
        "en" or "ja".
    ensemble
        Draws of the same study: their percentiles and how the order of sites holds are told too.
    overwrite
        Whether a result or report that is there already is replaced.

    Returns
    -------
    folder
        Where it was written.

    Raises
    ------
    FileExistsError
        If something is there and `overwrite` is False, or it is a folder of somebody else's.
    ValueError
        If there is no such language.
    """
    target = Path(folder)
    with export.atomic_folder(target, overwrite=overwrite) as part:
        # Template and drawing libraries are loaded only where a report is made.
        from three_mismatches.report.contents import story
        from three_mismatches.report.html import html
        from three_mismatches.report.spots import spots_of

        log.info("report: drawing the pictures")
        told = story(result, lang=lang, ensemble=ensemble)
        log.info("report: writing report.html")
        _write_text(html(told, spots=spots_of(result.sites, lang=lang)), part / "report.html")
        write_story(told, part)
        log.info("report: writing the tables")
        _write_tables(result, told, part / TABLES)
        names = (path.relative_to(part).as_posix() for path in part.rglob("*") if path.is_file())
        files = sorted(["summary.json", *names])
        export.write_json(summary(result) | {"files": files}, part / "summary.json")
    return target


def write_story(story: Story, folder: Path) -> None:
    """
    Write what a report says as report.md and report.pdf, and its pictures in figures/.

    Parameters
    ----------
    story
        What the report says.
    folder
        An empty folder.
    """
    from three_mismatches import maps
    from three_mismatches.report.markdown import markdown
    from three_mismatches.report.pdf import write_pdf

    _write_text(markdown(story), folder / "report.md")
    log.info("report: writing report.pdf")
    write_pdf(story, folder / "report.pdf")
    (folder / PICTURES).mkdir()
    for picture in story.pictures():
        log.info("report: writing the picture %s", picture.name)
        for suffix in ("png", "svg", "pdf"):
            maps.save(picture.figure, folder / PICTURES / f"{picture.name}.{suffix}", dpi=PRINT_DPI)


def spatial_tables(result: Result) -> dict[str, gpd.GeoDataFrame]:
    """
    Return the tables of a result that have a place on a map, ties and routes as lines between their ends.

    Parameters
    ----------
    result
        A solved study.
    """
    from three_mismatches.maps.base import centres

    nodes, routes = result.fibre.fibre_nodes, result.fibre.fibre_routes
    offices = gpd.GeoSeries.from_xy(
        *centres(result.areas).to_numpy().T, index=result.areas.index, crs="EPSG:4326"
    )
    tables = {
        "sites": result.sites,
        "areas": result.areas,
        "ties": _as_lines(result.ties, offices, ("area0", "area1")),
        "pockets": result.grid.pockets,
        "fibre_nodes": nodes,
        "fibre_routes": _as_lines(routes, nodes.geometry, ("node0", "node1")),
        "hubs": result.hubs,
        "places": result.places,
        "buses": result.buses,
        "lines": result.lines,
    }
    return {name: table for name, table in tables.items() if len(table)}


def _as_lines(table: pd.DataFrame, points: gpd.GeoSeries, ends: tuple[str, str]) -> gpd.GeoDataFrame:
    """Return rows with a line each: their own, or the chord between their ends where both are known."""
    places = {name: point for name, point in points.items() if point is not None and not point.is_empty}
    own = table["geometry"] if "geometry" in table else [None] * len(table)
    chords = [
        shape if shape is not None and shape == shape
        else LineString([places[end0], places[end1]]) if end0 in places and end1 in places
        else None
        for shape, end0, end1 in zip(own, table[ends[0]], table[ends[1]], strict=True)
    ]  # fmt: skip
    plain = pd.DataFrame(table).drop(columns="geometry", errors="ignore")
    return gpd.GeoDataFrame(plain, geometry=chords, crs="EPSG:4326")


def _write_tables(result: Result, story: Story, folder: Path) -> None:
    """Write the tables of the result as they are, those that are only printed, and those with a place in one file."""
    folder.mkdir()
    for name, table in (_printed(story) | _raw(result)).items():
        export.write_table(table, folder / f"{name}.csv")
    export.write_geopackage(spatial_tables(result), folder / "tables.gpkg")


def _raw(result: Result) -> dict[str, pd.DataFrame]:
    """Return the tables of a result; a printed one of the same name has readers' words in it and gives way."""
    names = ("sites", "latency", "areas", "ties", "fleet", *(OF_GRID if len(result.buses) else ()))
    tables: dict[str, pd.DataFrame] = {name: getattr(result, name) for name in names}
    if result.delay is not None:
        tables |= {"delay_streams": result.delay.streams, "delay_years": result.delay.years}
    return tables


def _printed(story: Story) -> dict[str, pd.DataFrame]:
    from three_mismatches.report.story import Sheet

    blocks = (block for section in story.sections for block in section.blocks)
    return {block.name: block.rows for block in blocks if isinstance(block, Sheet)}


def _write_text(text: str, path: Path) -> None:
    # Half a letter, which no file can hold, becomes a question mark.
    path.write_text(text, encoding="utf-8", errors="replace", newline="\n")
