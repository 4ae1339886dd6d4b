"""The command line: three-mismatches japan | solve | check | report | reproduce | ensemble."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

import three_mismatches as tm
from three_mismatches import export
from three_mismatches.assumptions import resolve
from three_mismatches.errors import ThreeMismatchesError
from three_mismatches.layers.at_year import is_top_level

__all__ = ["app", "main"]

app = typer.Typer(
    help="The gap between where data centres are built, where power is generated and where fibre runs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

ROWS_SHOWN = 10
LAST_YEAR = 2034  # of the outlook that the embedded Japan ships
COLUMNS = {
    "site": ("name", 18),
    "area": ("area", 8),
    "MW": ("request_mw", 7),
    "alone": ("power_gap_mw", 7),
    "together": ("joint_gap_mw", 8),
    "ms over": ("rtt_gap_ms", 7),
    "dominant": ("dominant_mismatch", 11),
}
"""Heading, column and width of the printed table: 80 characters with the gaps."""

VERDICT_COLUMNS = {"": 1, "claim": 32, "our figure": 28, "verdict": 13}
"""Heading and width of the table of verdicts: 80 characters with the gaps."""

CAPTION = "alone, together: MW not served when a site asks alone, when all ask at once"
BY_LINES = "\nalone: the least of areas and lines, after any one outage; together: of areas"
ENSEMBLE_ROWS = (
    "new_load_mw", "joint_gap_mw", "joint_multiple", "spare_mw", "sites_over_rtt_budget", "rtt_gap_ms", "regret_mw",
    "late_1y_mw", "late_3y_mw", "lost_mw_y", "years_lost",
)  # fmt: skip
"""Headlines of the fleet that an ensemble prints; the folder holds them all."""

INPUTS_SHOWN = 5
NUMBERS = ("request_mw", "power_gap_mw", "joint_gap_mw", "rtt_gap_ms")
BAD_INPUT = 1


class Demand(enum.StrEnum):
    """Demand scenarios of the embedded Japan."""

    OUTLOOK = "outlook"
    LOW = "low"
    HIGH = "high"


class Speech(enum.StrEnum):
    """Languages of a report."""

    ENGLISH = "en"
    JAPANESE = "ja"


class Resolution(enum.StrEnum):
    """Resolutions of the embedded Japan."""

    AREA = "area"
    LINE = "line"


class Backbone(enum.StrEnum):
    """Cities of the embedded Japan's fibre model."""

    SMALL = "12"
    MIDDLE = "25"
    LARGE = "48"


Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="Folder for tables, maps and summary.json; or one .gpkg for the tables.",
        show_default=False,
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the result that the folder holds.")]
Assume = Annotated[
    list[str] | None,
    typer.Option(
        "--assume", help="name=value, or a TOML file of them; may be given again.", show_default=False
    ),
]
Folder = Annotated[Path, typer.Argument(help="A folder of tables, or one GeoPackage.", show_default=False)]
Reproject = Annotated[bool, typer.Option("--reproject", help="Turn other declared CRSs into EPSG:4326.")]


@app.command()
def japan(
    *,
    year: Annotated[int, typer.Option(min=2026, max=LAST_YEAR, help="Year of the peak.")] = tm.DEFAULT_YEAR,
    demand: Annotated[Demand, typer.Option(help="Demand scenario.")] = Demand.OUTLOOK,
    backbone: Annotated[Backbone, typer.Option(help="Cities of the fibre model.")] = Backbone.LARGE,
    resolution: Annotated[
        Resolution, typer.Option(help="Areas and ties; or also the lines from 154 kV up, indicative.")
    ] = Resolution.AREA,
    out: Out = None,
    overwrite: Overwrite = False,
    assume: Assume = None,
) -> None:
    """Solve the embedded Japan and write its tables and maps."""
    values = _assumed(assume)
    with _bad_input_is_a_message():
        study = tm.japan(
            resolution=resolution.value,
            year=year,
            demand=demand.value,
            backbone=int(backbone.value),
            assume=values,
        )
        _answer(study, out or Path(f"three_mismatches_japan_{year}_{demand.value}"), overwrite=overwrite)


@app.command()
def solve(
    folder: Folder,
    *,
    out: Out = None,
    overwrite: Overwrite = False,
    reproject: Reproject = False,
    assume: Assume = None,
) -> None:
    """Solve a study of your own and write its tables and maps."""
    values = _assumed(assume)
    with _bad_input_is_a_message():
        study = tm.read_study(folder, reproject=reproject, assume=values)
        _answer(study, out or Path(f"{folder.stem}_result"), overwrite=overwrite)


@app.command()
def check(folder: Folder, *, reproject: Reproject = False) -> None:
    """Check a study's tables: every fault at once, with its row and its cure."""
    with _bad_input_is_a_message():
        study = tm.read_study(folder, reproject=reproject)
        study.check()
        rows = ", ".join(
            f"{len(frame)} {name}" for name, frame in study.tables.frames().items() if len(frame)
        )
        _say(f"{folder}: no fault found ({rows}).")


@app.command()
def report(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="A folder of tables, or one GeoPackage; the embedded Japan without.", show_default=False
        ),
    ] = None,
    *,
    lang: Annotated[Speech, typer.Option(help="English or Japanese.")] = Speech.ENGLISH,
    year: Annotated[
        int, typer.Option(min=2026, max=LAST_YEAR, help="Of the embedded Japan.")
    ] = tm.DEFAULT_YEAR,
    demand: Annotated[Demand, typer.Option(help="Of the embedded Japan.")] = Demand.OUTLOOK,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for report.html, .pdf, .md, figures and tables.")
    ] = Path("three_mismatches_report"),
    overwrite: Overwrite = False,
    assume: Assume = None,
) -> None:
    """Write a report that can be read with no help: for a browser, for paper, and every picture and table."""
    values = _assumed(assume)
    with _bad_input_is_a_message():
        export.check_folder(out, overwrite=overwrite)
        study = (
            tm.japan(year=year, demand=demand.value, assume=values)
            if folder is None
            else tm.read_study(folder, assume=values)
        )
        with Console(stderr=True).status("Solving") as status:
            result = study.solve()
            status.update("Writing the report, some tens of pictures")
            result.report(out, lang=lang.value, overwrite=overwrite)
    _say_where(f"Report: {out / 'report.html'}, report.pdf and report.md; figures and tables beside them.")


@app.command()
def reproduce(
    *,
    demand: Annotated[Demand, typer.Option(help="Demand scenario.")] = Demand.HIGH,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for tanaka.md, its tables and summary.json.")
    ] = Path("three_mismatches_tanaka"),
    overwrite: Overwrite = False,
    assume: Assume = None,
) -> None:
    """Answer the critique's claims one by one, and write tanaka.md."""
    values = _assumed(assume)
    with _bad_input_is_a_message():
        answers = tm.reproduce.tanaka(assume=values, demand=demand.value, progress=True)
        answers.write(out, overwrite=overwrite)
    _show_verdicts(answers)
    _say_where(f"\nAnswers: {out / 'tanaka.md'}; tanaka.csv, tanaka_details.csv and summary.json beside it.")


@app.command()
def ensemble(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="A folder of tables, or one GeoPackage; the embedded Japan without.", show_default=False
        ),
    ] = None,
    *,
    draws: Annotated[int, typer.Option(min=2, help="How many.")] = 200,
    seed: Annotated[int, typer.Option(help="Same seed, same answer.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    year: Annotated[
        int, typer.Option(min=2026, max=LAST_YEAR, help="Of the embedded Japan.")
    ] = tm.DEFAULT_YEAR,
    demand: Annotated[Demand, typer.Option(help="Of the embedded Japan.")] = Demand.OUTLOOK,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="An assumption to draw; may be given again.", show_default=False),
    ] = None,
    assume: Assume = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of chunks; the same again goes on where it was.")
    ] = Path("three_mismatches_ensemble"),
) -> None:
    """Draw the assumptions many times and say how far the headlines move, and with what."""
    values = _assumed(assume)
    with _bad_input_is_a_message():
        study = (
            tm.japan(year=year, demand=demand.value, assume=values)
            if folder is None
            else tm.read_study(folder, assume=values)
        )
        try:
            sampler = tm.ensemble.Ranges(only or None, draws=draws, seed=seed)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--only") from error
        with tm.ensemble.processes(workers) if workers > 1 else nullcontext() as executor:
            found = tm.ensemble.run(study, sampler, executor=executor, checkpoint=out, progress=True)
    _show_ensemble(found)
    _say_where(f"\nDraws: {out}; tm.ensemble.read() reads them.")


def _show_ensemble(found: tm.ensemble.Ensemble) -> None:
    """Print how far the headlines move, and which inputs move them most."""
    table = Table(title=f"{len(found.fleet)} draws", box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("quantity", "as it is", "p10", "p50", "p90", "unit"):
        table.add_column(
            heading, justify="left" if heading in ("quantity", "unit") else "right", no_wrap=True
        )
    rows = found.quantiles()
    for name in ENSEMBLE_ROWS:
        if name in rows.index:
            row = rows.loc[name]
            table.add_row(
                name, *(_cell(row[key]) for key in ("value", "p10", "p50", "p90")), str(row["unit"])
            )
    Console().print(table)
    for name in ("joint_gap_mw", "years_lost"):
        if name in rows.index:
            most = found.most_uncertain_inputs(name, n=INPUTS_SHOWN)
            names = ", ".join(map(str, most.index[most["strength"] > most["by_chance"]]))
            _say(f"What moves {name} most: {names or 'nothing beyond chance in so few draws'}.")


def main() -> None:
    """Run the command line; the exit code is 0, 1 for bad input, 2 for usage."""
    app()


def _answer(study: tm.Study, out: Path, *, overwrite: bool) -> None:
    """Solve, write and print."""
    result = study.solve()
    result.write(out, overwrite=overwrite)
    _show(result)
    for sentence in result.summary():
        _say(f"\n{sentence}")
    _say_where(f"\n{_where(out, repaired=not result.certificate.empty)}")


def _where(out: Path, *, repaired: bool) -> str:
    if out.suffix.lower() == ".gpkg":
        return f"Tables: {out}. For maps too, name a folder."
    first = f"Maps: {out / 'mismatch_map.png'} and .svg"
    if repaired:
        return f"{first}, repair_map.png and .svg; tables, certificate.md and summary.json beside them."
    return f"{first}; tables and summary.json beside them."


def _show(result: tm.Result) -> None:
    """Print the sites with the largest gaps."""
    sites = result.sites[is_top_level(result.sites)]
    worst = sites.sort_values(
        ["joint_gap_mw", "power_gap_mw", "rtt_gap_ms"], ascending=False, na_position="last", kind="stable"
    ).head(ROWS_SHOWN)
    title = (
        f"{result.settings.name} {result.settings.year}: the {len(worst)} worst served of {len(sites)} sites"
    )
    caption = CAPTION + (BY_LINES if len(result.buses) else "")
    table = Table(title=title, caption=caption, box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for heading, (column, width) in COLUMNS.items():
        justify: Literal["left", "right"] = "right" if column in NUMBERS else "left"
        table.add_column(heading, justify=justify, no_wrap=True, min_width=width, max_width=width)
    for _, row in worst.iterrows():
        table.add_row(*(Text(_cell(row[column])) for column, _ in COLUMNS.values()))
    Console().print(table)


def _show_verdicts(answers: tm.reproduce.Answers) -> None:
    """Print each claim's figure and verdict."""
    title = "The three mismatches, claim by claim"
    table = Table(title=title, box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0), show_lines=True)
    for heading, width in VERDICT_COLUMNS.items():
        table.add_column(heading, min_width=width, max_width=width)
    for answer in answers.answers:
        restated = str(answers.claims["restated"][answer.claim])
        shown = f"{answer.figure.name}: {answer.figure}"
        table.add_row(*map(Text, (str(answer.claim), restated, shown, answer.verdict)))
    Console().print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "unknown" if value != value else f"{value:,.1f}"
    return str(value)


def _say(text: str) -> None:
    # Text, not markup: a site's name is shown as it is written, brackets and all.
    Console().print(Text(text))


def _say_where(text: str) -> None:
    """Print a line with a path in it, which can be copied only if nobody breaks it."""
    Console().print(Text(text), soft_wrap=True)


def _assumed(given: list[str] | None) -> dict[str, float]:
    """Return what --assume says; a name or value that is none is a matter of usage."""
    values: dict[str, float] = {}
    try:
        for item in given or []:
            name, equals, value = item.partition("=")
            values |= (
                resolve({name: float(value)}, only_given=True)
                if equals
                else resolve(Path(item), only_given=True)
            )
    except (ValueError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--assume") from error
    return values


@contextmanager
def _bad_input_is_a_message() -> Iterator[None]:
    """Print an error of the input as text and leave with code 1; anything else is a fault of ours."""
    try:
        yield
    except (ThreeMismatchesError, FileExistsError, PermissionError) as error:
        Console(stderr=True).print(Text(str(error)))
        raise typer.Exit(BAD_INPUT) from error
