"""Figures as inline SVG: small, the same bytes each time, and nothing in it that a figure need not have."""

from __future__ import annotations

import io
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from html import escape
from xml.etree import ElementTree as Tree

from matplotlib.figure import Figure

from three_mismatches.maps.style import METADATA, SAVING, crowds_as_pixels, own_settings

__all__ = ["Spotted", "inline_svg"]

Spotted = Mapping[str, tuple[int, str]]
"""By the link of a disc, the number of its site and what is read out for it."""

KEPT = {"a", "clipPath", "defs", "g", "image", "linearGradient", "path", "pattern", "rect", "stop", "use"}
"""What draws; comments and metadata are left out, and a style sheet that would reach the whole page."""

DROPPED = {"id", "style", "target"}
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
REFERENCE = re.compile(r"url\(#([^)]+)\)")
MOVED = re.compile(r"translate\(([-\d.e]+) ([-\d.e]+)\)")
COMMAND = re.compile(r"([A-Za-z])([^A-Za-z]*)")
STYLE = re.compile(r"([\w-]+):\s*([^;]+)")
PIXELS_DPI = 144.0
"""Resolution of what is drawn as pixels. [dots per inch]"""

SMALL, PAGE = 20.0, 2000.0
PICTURE = "data:image/png;base64,"
INITIAL = {
    "opacity": "1", "stroke-miterlimit": "100000", "stroke-linecap": "butt", "stroke-linejoin": "round",
    "stroke-dashoffset": "0",
}  # fmt: skip
"""What the root says for all, or what holds anyway."""


def inline_svg(figure: Figure, *, prefix: str, alt: str, spotted: Spotted) -> str:
    """
    Return a figure as SVG to stand in a page.

    Parameters
    ----------
    figure
        What a map function returned; it is left as it was.
    prefix
        Of every id in it: no other figure of the page may have the same.
    alt
        What is read out instead of it.
    spotted
        Sites whose discs can be pointed to.
    """
    root = Tree.fromstring(UNSEEN.sub("", _drawn(figure)))  # noqa: S314  our own renderer wrote it
    names = _short_names(root, prefix)
    inside = _inside(root, names, spotted)
    # What has parts that can be reached is a group: of an image, readers would be told nothing inside it.
    role = "group" if '<a class="spot"' in inside else "img"
    width, height = (_plain(float(side), 1) for side in root.attrib["viewBox"].split()[2:])
    # A label and no <title>: browsers would show that beside what is said of a site.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="{role}" aria-label="{escape(alt)}" '
        f'stroke-linejoin="round" stroke-miterlimit="100000">{inside}</svg>'
    )


def _drawn(figure: Figure) -> str:
    """Return what matplotlib writes, the same each time."""
    page = io.StringIO()
    with own_settings(SAVING), crowds_as_pixels(figure):
        figure.savefig(page, format="svg", dpi=PIXELS_DPI, metadata=METADATA[".svg"])
    return page.getvalue()


def _short_names(root: Tree.Element, prefix: str) -> dict[str, str]:
    """Return a short id for each that is referred to; the others go."""
    used = {found for node in root.iter() for found in _references(node)}
    given = (node.attrib["id"] for node in root.iter() if node.attrib.get("id") in used)
    return {name: f"{prefix}-{at:x}" for at, name in enumerate(dict.fromkeys(given))}


def _references(node: Tree.Element) -> Iterator[str]:
    """Yield the ids that an element refers to."""
    for name, value in node.attrib.items():
        yield from REFERENCE.findall(value)
        if name.endswith("href"):
            yield value[1:]


def _element(node: Tree.Element, names: Mapping[str, str], spotted: Spotted) -> str:
    """Return an element and what is in it."""
    tag = node.tag.rpartition("}")[2]
    if tag not in KEPT:
        return ""
    inside = _inside(node, names, spotted)
    if tag == "a":
        return inside
    told = "".join(f' {name}="{escape(value)}"' for name, value in _attributes(node, tag, names))
    if tag in {"g", "defs"} and not (inside and told):
        return f"<defs>{inside}</defs>" if tag == "defs" and inside else inside
    return f"<{tag}{told}>{inside}</{tag}>" if inside else f"<{tag}{told}/>"


def _inside(node: Tree.Element, names: Mapping[str, str], spotted: Spotted) -> str:
    """Return what is in an element; parts that stand together and lead to one site are one link."""
    parts = itertools.groupby(node, key=_link)
    return "".join(
        _spot(url, "".join(_element(child, names, spotted) for child in children), spotted)
        for url, children in parts
    )


def _link(node: Tree.Element) -> str:
    """Return where an element leads, nothing if nowhere."""
    if node.tag.rpartition("}")[2] != "a":
        return ""
    return next((value for name, value in node.attrib.items() if name.endswith("href")), "")


def _spot(url: str, inside: str, spotted: Spotted) -> str:
    """Return a disc as a link to its site's row, or bare where the page says nothing of the site."""
    if url not in spotted:
        return inside
    at, name = spotted[url]
    return f'<a class="spot" href="#site-{at}" aria-label="{escape(name)}">{inside}</a>'


def _attributes(node: Tree.Element, tag: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what an element says of itself, its style as attributes of their own."""
    given = {name.rpartition("}")[2]: value for name, value in node.attrib.items()}
    if given.get("id") in names:
        yield "id", names[given["id"]]
    style = dict(STYLE.findall(given.get("style", "")))
    for name, value in ({name: given[name] for name in given if name not in DROPPED} | style).items():
        if name == "href" and not value.startswith(("#", PICTURE)):
            continue
        if INITIAL.get(name) == value:
            continue
        if tag == "use" and (moved := MOVED.fullmatch(value)):
            yield from (
                pair for pair in zip("xy", map(_four_digits, moved.groups()), strict=True) if pair[1] != "0"
            )
            continue
        yield name, _value(tag, name, value.strip(), names)


def _value(tag: str, name: str, value: str, names: Mapping[str, str]) -> str:
    """Return an attribute's value: references renamed, numbers no finer than can be seen."""
    if found := REFERENCE.fullmatch(value):
        return f"url(#{names.get(found[1], '')})"
    if name == "href":
        return "".join(value.split()) if tag == "image" else f"#{names.get(value[1:], '')}"
    if name == "d":
        return _path(value)
    if name in {"x", "y", "transform"} and tag != "image":
        return NUMBER.sub(lambda number: _four_digits(number[0]), value)
    return value


def _path(value: str) -> str:
    """Return a path with as few characters as draw the same: a line goes on from where the last one ended."""
    found = [(letter, [float(word) for word in rest.split()]) for letter, rest in COMMAND.findall(value)]
    digits = _digits(max((abs(at) for _, numbers in found for at in numbers), default=0.0))
    told, last, pen = [], "", (0.0, 0.0)
    for given, exact in found:
        numbers = [round(at, digits) for at in exact]
        after = (numbers[-2], numbers[-1]) if numbers else pen
        letter = "l" if given == "L" else given
        if letter == last == "l" and after == pen:
            continue
        shown = [numbers[0] - pen[0], numbers[1] - pen[1]] if letter == "l" else numbers
        told.append(("" if letter == last else letter) + _listed(shown, digits, first=letter != last))
        last, pen = letter, after
    return "".join(told)


def _digits(largest: float) -> int:
    """Return the decimals of a path: a disc is small, a page is in points, a letter in thousands for its height."""
    return 2 if largest < SMALL else 1 if largest < PAGE else 0


def _listed(numbers: list[float], digits: int, *, first: bool) -> str:
    """Return numbers with a space only where one is needed."""
    words = "".join(f" {word}" if word[0] != "-" else word for word in (_plain(n, digits) for n in numbers))
    return words.lstrip(" ") if first else words


def _plain(value: float, digits: int) -> str:
    """Return a number without zeros that say nothing."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    text = text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
    return "0" if text in {"-0", ""} else text


def _four_digits(number: str) -> str:
    """Return a number to four digits."""
    value = float(number)
    return _plain(value, max(0, 3 - math.floor(math.log10(abs(value)))) if value else 0)
