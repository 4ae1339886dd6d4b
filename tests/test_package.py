"""What holds for the package as a whole."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import three_mismatches as tm

ROOT = Path(__file__).parents[1]
LOADED = """
import json, sys
before = set(sys.modules)
import three_mismatches
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_import_loads_nothing_but_the_standard_library_and_numpy():
    loaded = set(json.loads(run(LOADED)))
    assert "three_mismatches" in loaded
    assert loaded - {"three_mismatches", "numpy"} <= sys.stdlib_module_names


@pytest.mark.parametrize("name", tm.__all__)
def test_every_public_name_is_there(name):
    assert getattr(tm, name) is not None
    assert name in dir(tm)


def test_an_unknown_name_raises_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'japam'"):
        tm.japam  # noqa: B018


@pytest.mark.parametrize(
    "module", ["layers", "power", "latency", "mismatch", "maps", "match", "geodesy", "errors"]
)
def test_every_name_that_a_module_exports_is_there_and_documented(module):
    found = importlib.import_module(f"three_mismatches.{module}")
    for name in found.__all__:
        assert hasattr(found, name)
        if callable(getattr(found, name)):
            assert getattr(found, name).__doc__


def test_ci_runs_the_two_commands_of_the_readme():
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```")
    commands = [b.partition("\n")[2].strip() for b in blocks[1::2] if b.startswith("bash")]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert len(commands) == 2
    assert commands[1] in ci
    assert commands[0].replace("--out", "--overwrite --out") in ci


@pytest.mark.parametrize("script", ["make_reference.py", "build_japan.py"])
def test_what_scripts_make_is_up_to_date(script):
    words = [sys.executable, str(ROOT / "scripts" / script), "--check"]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_the_version_is_one():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{tm.__version__}"' in project
    assert f"version: {tm.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
