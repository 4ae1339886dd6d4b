"""Every example runs from anywhere and touches nothing; the README shows one of them and what it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
EXAMPLES = sorted((REPO / "examples").glob("*.py"))
IN_README = REPO / "examples" / "japan_in_ten_lines.py"
WATCHED = ("data", "examples", "src")


@pytest.fixture(scope="module")
def runs():
    """Return what runs each example once, for these tests and for the gallery of the site."""
    sys.path.insert(0, str(REPO / "scripts" / "site"))
    try:
        import runs
    finally:
        sys.path.remove(str(REPO / "scripts" / "site"))
    return runs


@pytest.fixture(scope="module")
def of_readme() -> subprocess.CompletedProcess[str]:
    """Return the run of the README's example, with what it imports."""
    command = [sys.executable, "-X", "importtime", str(IN_README)]
    own = {"PYTHONUTF8": "1"}
    return subprocess.run(command, env=os.environ | own, capture_output=True, encoding="utf-8", check=True)


def files_of_repo() -> dict[Path, int]:
    """Return when each file that a user could miss was last written."""
    found = (path for name in WATCHED for path in (REPO / name).rglob("*"))
    return {
        path: path.stat().st_mtime_ns for path in found if path.is_file() and "__pycache__" not in path.parts
    }


def block(language: str, *, after: int = 0) -> tuple[str, int]:
    """Return the README's first fenced block of a language from a place on, and where it ends."""
    text = (REPO / "README.md").read_text(encoding="utf-8")
    found = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE).search(text, after)
    assert found, f"README.md has no ```{language} block"
    return found[1], found.end()


def lines(text: str) -> list[str]:
    """Return lines without the blanks that editors cut off."""
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def test_there_are_examples():
    assert IN_README in EXAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_anywhere_shows_something_and_touches_nothing_else(script, runs):
    before = files_of_repo()
    done = runs.run(script)
    assert done.printed or done.left
    assert done.words
    assert files_of_repo() == before


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("raise SystemExit(3)", "ends with 3"),
        ("", "prints nothing"),
        ("import tempfile; print(tempfile.mkdtemp())", "leaves temporary files"),
        ("print(__file__)", "prints a path of the machine"),
    ],
)
def test_an_example_that_fails_shows_nothing_or_tells_of_the_machine_is_refused(code, fault, runs, tmp_path):
    script = tmp_path / "bad.py"
    script.write_text(f'"""Bad."""\n{code}', encoding="utf-8")
    with pytest.raises(runs.ExampleError, match=fault):
        runs.run(script)


def test_every_map_function_has_an_example(runs):
    drawn = {name for script in EXAMPLES for name in runs.maps_in(script)}
    assert {"mismatch_map", "gap_map", "triangle"} <= drawn
    assert not runs.public_maps() - drawn


@pytest.mark.slow
def test_the_example_of_a_region_shows_gaps_and_faults(runs):
    shown = runs.run(REPO / "examples" / "bring_your_own_region.py").printed
    assert "power_gap_mw" in shown
    assert "sites has 3 problems" in shown


def test_solving_japan_loads_neither_networkx_nor_matplotlib(of_readme):
    told = [line for line in of_readme.stderr.splitlines() if line.startswith("import time:")]
    loaded = {line.rpartition("|")[2].strip() for line in told}
    assert {"three_mismatches.solve", "scipy"} <= loaded
    assert not {"networkx", "matplotlib"} & loaded


def test_the_readme_shows_the_example_as_it_is():
    code, _ = block("python")
    assert lines(code) == lines(IN_README.read_text(encoding="utf-8"))


def test_the_readme_shows_what_the_example_prints(of_readme):
    _, end = block("python")
    shown, _ = block("text", after=end)
    assert lines(shown) == lines(of_readme.stdout)
