"""
The words of maps and reports, in English and in Japanese.

A phrase is written in the code in English and looked up, when it is said, in the catalogues of the language that
is spoken just then: `ja/*.toml`, English phrase to Japanese phrase. What a user wrote is only ever filled in, never
looked up.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.resources import files
from typing import Literal, get_args

import pandas as pd

__all__ = ["LANGUAGES", "Language", "catalogue", "names_of", "say", "speaking", "spoken"]

Language = Literal["en", "ja"]
LANGUAGES: tuple[str, ...] = get_args(Language)

_SPOKEN: ContextVar[Language] = ContextVar("language", default="en")


@contextmanager
def speaking(lang: Language) -> Iterator[None]:
    """
    Say everything in a language for as long as the block lasts, in this thread only.

    Parameters
    ----------
    lang
        "en" or "ja".

    Raises
    ------
    ValueError
        If there is no such language.
    """
    if lang not in LANGUAGES:
        msg = f"lang={lang!r} is not spoken here; there are {', '.join(LANGUAGES)}"
        raise ValueError(msg)
    token = _SPOKEN.set(lang)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def spoken() -> Language:
    """Return the language that is spoken just now."""
    return _SPOKEN.get()


def say(phrase: str, /, **values: object) -> str:
    """
    Return a phrase in the language that is spoken, its placeholders filled in.

    Parameters
    ----------
    phrase
        In English, with named placeholders in braces; a phrase that a catalogue lacks stays English.
    values
        What is filled in, as it is: braces in a value mean nothing.

    Examples
    --------
    >>> say("up to {value}", value="10 MW")
    'up to 10 MW'
    """
    return catalogue(spoken()).get(phrase, phrase).format(**values)


def names_of(table: pd.DataFrame) -> pd.Series:
    """
    Return what readers of the language call each row: its name, or its id where it has none.

    Parameters
    ----------
    table
        May have `name` and `name_ja`; in Japanese the second goes first.
    """
    columns = ("name_ja", "name") if spoken() == "ja" else ("name", "name_ja")
    found = pd.Series(None, index=table.index, dtype=object)
    for column in columns:
        if column in table:
            given = table[column].astype(object)
            found = found.where(found.notna(), given.where(given.map(_is_text)))
    return found.where(found.notna(), table.index.to_series().astype(str))


@functools.cache
def catalogue(lang: Language) -> Mapping[str, str]:
    """Return the phrases of a language by their English; English has none."""
    if lang == "en":
        return {}
    folder = files("three_mismatches.language") / lang
    pages = sorted((page for page in folder.iterdir() if page.name.endswith(".toml")), key=lambda p: p.name)
    return {
        english: said
        for page in pages
        for english, said in tomllib.loads(page.read_text(encoding="utf-8")).items()
    }


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
