"""What a report is made of, whatever it is written as: sections of paragraphs, pictures and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd
from matplotlib.figure import Figure

from three_mismatches.language import Language

__all__ = ["Block", "Bullets", "Column", "Paragraph", "Picture", "Section", "Sheet", "Story"]


@dataclass(frozen=True)
class Paragraph:
    """Plain text, never markup: what users wrote may be in it."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """Short texts of equal rank; `numbered` where their order matters."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Picture:
    """
    A figure with what is said below it and what is read out instead of it.

    `name` is the stem of its files; it is ours, never a user's.
    """

    name: str
    figure: Figure
    caption: str
    alt: str


@dataclass(frozen=True)
class Column:
    """A column of a printed table: where it comes from, what readers call it, with its unit, and its decimals."""

    key: str
    heading: str
    unit: str = ""
    decimals: int = 0


@dataclass(frozen=True)
class Sheet:
    """
    A table as it is printed: raw rows, and which columns of them are shown, in which order.

    A float column is of numbers (NaN is unknown, inf unlimited), anything else is text. Rows with an index that is in
    `result.sites` can be pointed to from the maps.
    """

    name: str
    rows: pd.DataFrame
    columns: tuple[Column, ...]
    caption: str
    per_site: bool = False


Block: TypeAlias = Paragraph | Bullets | Picture | Sheet


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; `slug` is ours and names it in links."""

    slug: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Story:
    """A whole report in one language."""

    title: str
    subtitle: str
    lang: Language
    sections: tuple[Section, ...]

    def pictures(self) -> tuple[Picture, ...]:
        """Return every picture, in order."""
        return tuple(
            block for section in self.sections for block in section.blocks if isinstance(block, Picture)
        )
