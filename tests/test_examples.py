"""Every example runs from anywhere and leaves only its picture behind; the README shows one and what it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
EXAMPLES = sorted((REPO / "examples").glob("*.py"))
IN_README = REPO / "examples" / "japan_in_ten_lines.py"
ORDINARY = ("japan_in_ten_lines",)
"""Each example takes seconds, most of them imports; CI runs the others with the slow tests."""

PARAMETERS = [
    pytest.param(path, id=path.stem, marks=[] if path.stem in ORDINARY else pytest.mark.slow)
    for path in EXAMPLES
]
WATCHED = ("data", "examples", "src")

Run = Callable[[Path], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return what runs an example, once, in an empty working folder beside an empty temporary one."""

    @cache
    def ran(script: Path) -> subprocess.CompletedProcess[str]:
        folder = tmp_path_factory.mktemp(script.stem)
        work, temporary = folder / "work", folder / "temporary"
        work.mkdir()
        temporary.mkdir()
        own = {name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")} | {"PYTHONUTF8": "1"}
        command = [sys.executable, "-X", "importtime", str(script)]
        done = subprocess.run(
            command, cwd=work, env=os.environ | own, capture_output=True, encoding="utf-8", check=False
        )
        left = [path.name for path in work.iterdir() if path.suffix != ".png"]
        assert not [*left, *temporary.iterdir()]
        return done

    return ran


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


@pytest.mark.parametrize("script", PARAMETERS)
def test_an_example_runs_anywhere_leaves_nothing_behind_and_shows_no_path_of_the_machine(script, run):
    before = files_of_repo()
    done = run(script)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()
    assert files_of_repo() == before
    assert not [place for place in (str(REPO), tempfile.gettempdir()) if place in done.stdout]


def test_the_example_of_a_region_shows_gaps_and_faults(run):
    shown = run(REPO / "examples" / "bring_your_own_region.py").stdout
    assert "power_gap_mw" in shown
    assert "sites has 3 problems" in shown


def test_solving_japan_loads_neither_networkx_nor_matplotlib(run):
    told = [line for line in run(IN_README).stderr.splitlines() if line.startswith("import time:")]
    loaded = {line.rpartition("|")[2].strip() for line in told}
    assert {"three_mismatches.solve", "scipy"} <= loaded
    assert not {"networkx", "matplotlib"} & loaded


def test_the_readme_shows_the_example_as_it_is():
    code, _ = block("python")
    assert lines(code) == lines(IN_README.read_text(encoding="utf-8"))


def test_the_readme_shows_what_the_example_prints(run):
    _, end = block("python")
    shown, _ = block("text", after=end)
    assert lines(shown) == lines(run(IN_README).stdout)
