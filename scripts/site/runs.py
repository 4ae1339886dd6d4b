"""Run an example, once for what it and the library hold; later asks get what the first run left."""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

REPO = Path(__file__).parents[2]
EXAMPLES = REPO / "examples"
KEPT = REPO / "out" / "examples"
PRINTED = "printed.txt"
SHORT = {"plot": "mismatch_map"}
"""Methods that draw, and the function that they call."""


class ExampleError(Exception):
    """An example that fails, shows nothing, or shows a path of the machine."""


@dataclass(frozen=True)
class Run:
    """What an example printed and left in its working folder."""

    script: Path
    folder: Path

    @property
    def code(self) -> str:
        """The example after its docstring."""
        text = self.script.read_text(encoding="utf-8")
        first = ast.parse(text).body[0]
        return "\n".join(text.splitlines()[first.end_lineno :]).strip("\n")

    @property
    def words(self) -> str:
        """Its docstring."""
        return ast.get_docstring(ast.parse(self.script.read_text(encoding="utf-8"))) or ""

    @property
    def title(self) -> str:
        """Its name as words."""
        return self.script.stem.replace("_", " ").capitalize().replace("japan", "Japan")

    @property
    def printed(self) -> str:
        """What it printed."""
        return (self.folder / PRINTED).read_text(encoding="utf-8").strip("\n")

    @property
    def left(self) -> list[Path]:
        """What it left, a file or a folder each."""
        return sorted(self.folder.joinpath("work").iterdir())

    @property
    def pictures(self) -> list[Path]:
        """The pictures among them."""
        return [path for path in self.left if path.suffix == ".png"]


def scripts() -> list[Path]:
    """Return every example."""
    return sorted(EXAMPLES.glob("*.py"))


def public_maps() -> set[str]:
    """Return the names of the functions of `maps` that draw."""
    from three_mismatches import maps

    found = {name: getattr(maps, name) for name in maps.__all__}
    return {
        name
        for name, each in found.items()
        if inspect.isfunction(each) and inspect.signature(each).return_annotation in ("Axes", "Figure")
    }


def maps_in(script: Path) -> list[str]:
    """Return the map functions that an example calls, in the order of its code."""
    nodes = ast.walk(ast.parse(script.read_text(encoding="utf-8")))
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    found = [one for one in called if isinstance(one, ast.Attribute) and _may_draw(one)]
    ordered = sorted(found, key=lambda one: (one.end_lineno, one.end_col_offset))
    names = dict.fromkeys(SHORT.get(one.attr, one.attr) for one in ordered)
    return [name for name in names if name in public_maps()]


def _may_draw(function: ast.Attribute) -> bool:
    """Return whether this is `maps.something`, or a method that draws."""
    owner = function.value
    return function.attr in SHORT or "maps" in (getattr(owner, "attr", ""), getattr(owner, "id", ""))


def run(script: Path) -> Run:
    """Return what an example did; run it if nobody has yet."""
    folder = KEPT / f"{script.stem}-{fingerprint(script)}"
    if not folder.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        _forget_older(script, folder)
        with tempfile.TemporaryDirectory(dir=KEPT, prefix=".running-") as place:
            _run_in(script, Path(place) / "run")
            with suppress(OSError):  # another process was here first, with the same
                (Path(place) / "run").rename(folder)
    return Run(script, folder)


def fingerprint(script: Path) -> str:
    """Return what tells this run from one of another example, library or environment."""
    return hashlib.sha256(script.read_bytes() + _surroundings()).hexdigest()[:16]


@cache
def _surroundings() -> bytes:
    found = hashlib.sha256(sys.version.encode())
    for path in sorted((REPO / "src").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(str(path.relative_to(REPO)).encode() + path.read_bytes())
    for words in sorted(f"{one.name}=={one.version}" for one in distributions()):
        found.update(words.encode())
    return found.digest()


def _run_in(script: Path, folder: Path) -> None:
    work, temporary = folder / "work", folder / "temporary"
    work.mkdir(parents=True)
    temporary.mkdir()
    own = {name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")}
    own |= {"PYTHONUTF8": "1", "PYTHONPATH": str(REPO / "src")}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=work,
        env=os.environ | own,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    (folder / PRINTED).write_text(done.stdout, encoding="utf-8")
    _refuse(script, done, nothing_shown=not (done.stdout.strip() or any(work.iterdir())), temporary=temporary)
    temporary.rmdir()


def _refuse(
    script: Path, done: subprocess.CompletedProcess[str], *, nothing_shown: bool, temporary: Path
) -> None:
    paths = [place for place in (str(REPO), tempfile.gettempdir()) if place in done.stdout]
    faults = {
        f"ends with {done.returncode}:\n{done.stderr[-2000:]}": done.returncode != 0,
        "prints nothing and leaves no file": nothing_shown,
        "leaves temporary files behind": any(temporary.iterdir()),
        f"prints a path of the machine: {paths}": bool(paths),
    }
    told = [words for words, holds in faults.items() if holds]
    if told:
        msg = f"examples/{script.name} " + "; ".join(told)
        raise ExampleError(msg)


def _forget_older(script: Path, newest: Path) -> None:
    for folder in KEPT.glob(f"{script.stem}-*"):
        if folder.name[: -len("-") - 16] == script.stem and folder != newest:
            shutil.rmtree(folder, ignore_errors=True)
