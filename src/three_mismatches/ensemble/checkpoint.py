"""A folder that a run can be resumed from: one file per chunk, and a manifest of what they are and of their hashes."""

from __future__ import annotations

import errno
import hashlib
import importlib
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from three_mismatches.ensemble.chunks import Job
from three_mismatches.ensemble.result import Ensemble, ensemble_of
from three_mismatches.ensemble.samplers import Sampler
from three_mismatches.errors import Fault, LayerError
from three_mismatches.export import atomic_file, write_json
from three_mismatches.inputs.codec import attributes

__all__ = ["MANIFEST", "Checkpoint", "identity", "name_of", "opened", "read"]

logger = logging.getLogger(__name__)

MANIFEST = "manifest.json"
FORMAT = 1
"""Of the manifest and the files beside it; another number is another form."""

DECIDING = ("highspy", "numpy", "pandas", "pyarrow", "scipy")
"""Packages whose release can change a value, or the bytes of a file."""

PARTS = re.compile(r"\.(manifest|draws_\d+|as_it_is)-[0-9a-f]{32}\.(json|parquet)")
"""Names under which files are written before they are whole; a killed run leaves one."""

WHOLE = re.compile(r"(draws_\d+|as_it_is)\.parquet")
"""Names of files that are whole."""

SHARE_OF_TIME = 0.05
"""At most so much of a run goes into writing manifests."""


def name_of(chunk: int) -> str:
    """Return the name of a chunk's file; the study as it is, is chunk -1."""
    return "as_it_is.parquet" if chunk < 0 else f"draws_{chunk:06d}.parquet"


def identity(job: Job, sampler: Sampler, draws: pd.DataFrame, chunk: int) -> dict[str, Any]:
    """Return what makes two runs one: if all of it is equal, their files are."""
    packages = {name: metadata.version(name) for name in DECIDING}
    ours = str(importlib.import_module("three_mismatches").__version__)
    return {
        "format": FORMAT,
        "versions": {"three_mismatches": ours, **packages},
        "tables": {name: _hash_of_table(frame) for name, frame in job.tables.frames().items()},
        "settings": job.settings.as_dict(),
        "evaluate": _name_of_function(job.evaluate),
        "site_columns": list(job.site_columns),
        "sampler": dict(sampler.describe()),
        "draws": {"count": len(draws), "sha256": _hash_of_draws(draws)},
        "chunk": chunk,
    }


def _name_of_function(function: Callable[..., object]) -> str:
    """Return what an evaluation is called; of one made of others, such as a partial, its class and parts."""
    if hasattr(function, "__qualname__"):
        return f"{function.__module__}.{function.__qualname__}"
    parts = [_name_of_function(part) if callable(part) else repr(part) for part in _parts(function)]
    return f"{type(function).__qualname__}({', '.join(parts)})"


def _parts(function: object) -> list[object]:
    return [
        getattr(function, "func", ""),
        *getattr(function, "args", ()),
        *getattr(function, "keywords", {}).items(),
    ]


def _hash_of_table(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a table: ids, names and values of columns, shapes."""
    digest = hashlib.sha256(attributes(frame).to_csv(lineterminator="\n").encode())
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        digest.update(str(frame.crs).encode())
        for shape in frame.geometry.to_wkb():
            digest.update(b"" if shape is None else shape)
    return digest.hexdigest()


def _hash_of_draws(draws: pd.DataFrame) -> str:
    """Return the SHA-256 of draws; there may be a million, so numbers go in as they are."""
    digest = hashlib.sha256()
    for name, values in draws.items():
        plain = values.to_numpy()
        digest.update(f"{name}\n".encode())
        digest.update("\n".join(plain).encode() if plain.dtype == object else plain.tobytes())
    return digest.hexdigest()


@dataclass(eq=False)
class Checkpoint:
    """
    A folder of chunks.

    Attributes
    ----------
    folder
        Where it is.
    identity
        What makes two runs one.
    chunks
        How many there are to be, beside the study as it is.
    hashes
        SHA-256 of each file that is whole, by its name.
    """

    folder: Path
    identity: Mapping[str, Any]
    chunks: int
    hashes: dict[str, str]
    _next: float = field(default=0.0, init=False)

    def has(self, chunk: int) -> bool:
        """Return whether a chunk is there."""
        return name_of(chunk) in self.hashes

    def keep(self, chunk: int, content: bytes) -> None:
        """Write a chunk's file, and now and then the manifest."""
        name = name_of(chunk)
        _write(self.folder / name, content)
        self.hashes[name] = hashlib.sha256(content).hexdigest()
        if time.monotonic() >= self._next:
            self.write_manifest()
        logger.info("chunk %d of %d is kept in %s", chunk + 1, self.chunks, self.folder)

    def write_manifest(self) -> None:
        """Write what is there; files in the order of their names, so that the order of work leaves no trace."""
        began = time.monotonic()
        known = {name: self.hashes[name] for name in sorted(self.hashes)}
        content = {**self.identity, "chunks": self.chunks, "files": known}
        with atomic_file(self.folder / MANIFEST, overwrite=True) as part:
            write_json(content, part)
            _sync(part)
        _sync(self.folder)
        self._next = time.monotonic() + (time.monotonic() - began) / SHARE_OF_TIME

    def files(self) -> Iterator[bytes]:
        """Return the bytes of every chunk, the study as it is first."""
        return (self.folder.joinpath(name_of(chunk)).read_bytes() for chunk in range(-1, self.chunks))


@contextmanager
def opened(folder: str | Path, identity: Mapping[str, Any], chunks: int) -> Iterator[Checkpoint]:
    """
    Yield the checkpoint of a run: a new one, or with the chunks that are there and whole.

    Parameters
    ----------
    folder
        Where it is, or is to be.
    identity
        From `identity`.
    chunks
        How many there are to be.

    Raises
    ------
    FileExistsError
        If the folder holds what is not ours, or another run is writing to it.
    LayerError
        If it belongs to another study, sampler or version, with all that differs.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        msg = f"{target} is a file. Give another name for the folder of the checkpoint"
        raise FileExistsError(msg)
    target.mkdir(parents=True, exist_ok=True)
    with _locked(target):
        checkpoint = Checkpoint(target, _as_json(identity), chunks, _kept(target, _as_json(identity)))
        for entry in target.iterdir():
            if PARTS.fullmatch(entry.name):
                entry.unlink()
        checkpoint.write_manifest()
        try:
            yield checkpoint
        finally:
            checkpoint.write_manifest()


def _as_json(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return what JSON would give back."""
    values: dict[str, Any] = json.loads(json.dumps(identity, default=str))
    return values


def _kept(folder: Path, identity: Mapping[str, Any]) -> dict[str, str]:
    """Return the hashes of the files that are there and whole; the others are told of and made again."""
    others = [entry.name for entry in folder.iterdir() if not PARTS.fullmatch(entry.name)]
    if not others:
        return {}
    manifest = _manifest(folder)
    faults = _differences(manifest, identity)
    if faults:
        raise LayerError(faults)
    whole = {}
    for name, told in sorted(manifest["files"].items()):
        if not WHOLE.fullmatch(name):
            continue
        if _hash_of_file(folder / name) == told:
            whole[name] = told
        else:
            logger.warning("%s is damaged or missing: it is made again", folder / name)
    logger.info("%d files of %s are whole and stay", len(whole), folder)
    return whole


def _manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a checkpoint."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if {"format", "files", "chunks", "draws"} <= found.keys():
            return dict(found)
    except (OSError, ValueError, AttributeError):
        pass
    msg = f"{folder} is no checkpoint of this library (no readable {MANIFEST}) and not empty. Give another folder"
    raise FileExistsError(msg)


def _hash_of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _differences(manifest: Mapping[str, Any], identity: Mapping[str, Any]) -> list[Fault]:
    """Return a fault for each thing in which a checkpoint is another run's."""
    cures = {
        "versions": "Install those versions, or give another folder",
        "tables": "Run the study that the folder was begun with, or give another folder",
    }
    faults = []
    for name, now in identity.items():
        then = manifest.get(name)
        if then != now:
            cure = cures.get(name, "Ask as the folder was begun, or give another folder")
            faults.append(Fault(MANIFEST, name, _difference(then, now), cure))
    return faults


def _difference(then: object, now: object) -> str:
    """Return in which parts two values differ, or the values if they have none."""
    if not isinstance(then, Mapping) or not isinstance(now, Mapping):
        return f"was {then!r} and is now {now!r}"
    parts = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    shown = [f"{name} (was {_short(then.get(name))}, is now {_short(now.get(name))})" for name in parts]
    return "differ in " + ", ".join(shown)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


SHOWN = 40
"""Characters of a value that an error shows."""


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Refuse a second run in the folder; the lock ends with its process, however that ends."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock: two runs at once are the user's to avoid
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # A file system without locks says so with another number.
            if error.errno in (errno.EAGAIN, errno.EACCES):
                msg = f"another run is writing to {folder}. Wait for it, or give another folder"
                raise FileExistsError(msg) from error
        yield
    finally:
        os.close(handle)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and to the disk."""
    with atomic_file(path, overwrite=True) as part:
        part.write_bytes(content)
        _sync(part)


def _sync(path: Path) -> None:
    """Have the disk hold what was written."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(folder: str | Path) -> Ensemble:
    """
    Return a finished run from its folder alone.

    Parameters
    ----------
    folder
        What `run` was given as `checkpoint`.

    Raises
    ------
    FileExistsError
        If the folder is no checkpoint.
    LayerError
        If the run is not finished, or a file is damaged.
    """
    where = Path(folder)
    manifest = _manifest(where)
    names = [name_of(chunk) for chunk in range(-1, manifest["chunks"])]
    bad = tuple(name for name in names if _hash_of_file(where / name) != manifest["files"].get(name))
    if bad:
        cure = "Run it again with the same folder: it goes on where it was"
        raise LayerError([Fault(MANIFEST, "files", "are not there or damaged", cure, bad)])
    contents = [(where / name).read_bytes() for name in names]
    base = manifest["sampler"].get("base") if manifest["sampler"].get("kind") == "Saltelli" else None
    return ensemble_of(contents, base)
