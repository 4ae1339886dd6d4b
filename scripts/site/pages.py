"""
Pages from outside docs/, such as the README; links of the repository as links of the site; examples in guides.

A hook of mkdocs.
"""

from __future__ import annotations

import posixpath
import re

from gallery import shown
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from runs import EXAMPLES, REPO, run

GUESTS = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "data/README.md": "data.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Pages of the repository, and what the site calls them."""

HOMES = {uri: home for home, uri in GUESTS.items()}
MADE = ("api/", "gallery/")
"""Folders that exist in the site only."""

MADE_FROM_HERE = (*MADE, *(f"../{folder}" for folder in MADE))

CODE_OR_LINK = re.compile(
    r"(?P<code>^ *```.*?^ *```$|`[^`\n]+`)"
    r"|(?P<link>(?P<mark>!?)\[(?P<words>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\))",
    re.DOTALL | re.MULTILINE,
)
EXAMPLE_ALONE = re.compile(r"^\[[^\]]*\]\((?:\.\./)+examples/(?P<name>\w+\.py)\)$", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List in the navigation what folders hold, where it says only `folder/*`."""
    config.nav = [listed(item) for item in config.nav or []]
    return config


def listed(item: object) -> object:
    """Return an item of the navigation with its pages."""
    if isinstance(item, dict):
        return {title: listed(below) for title, below in item.items()}
    if isinstance(item, list):
        return [listed(below) for below in item]
    if isinstance(item, str) and item.endswith("/*"):
        found = sorted((REPO / "docs").glob(f"{item}.md"))
        return [path.relative_to(REPO / "docs").as_posix() for path in found]
    return item


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/."""
    for home, uri in GUESTS.items():
        files.append(File.generated(config, uri, content=(REPO / home).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Put an example where a paragraph is nothing but a link to it; turn other links into those of the site."""
    here = page.file.src_uri
    if here.startswith(MADE):
        return markdown
    above = "../" * here.count("/")
    put = EXAMPLE_ALONE.sub(lambda found: shown(run(EXAMPLES / found["name"]), above=above), markdown)
    return CODE_OR_LINK.sub(lambda found: found["code"] or link(found, here), put)


def link(found: re.Match[str], here: str) -> str:
    """Return a link as the site needs it; one to a file that the site does not have as its words alone."""
    path, mark, anchor = found["target"].partition("#")
    if not path or ":" in path or path.startswith(MADE_FROM_HERE):
        return found["link"]
    home = HOMES.get(here, f"docs/{here}")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(home), path))
    uri = uri_of(target)
    if uri is None:
        return found["words"] if (REPO / target).exists() else found["link"]
    way = posixpath.relpath(uri, posixpath.dirname(here) or ".")
    return f"{found['mark']}[{found['words']}]({way}{mark}{anchor})"


def uri_of(target: str) -> str | None:
    """Return what the site calls a file of the repository, or None if it does not have it."""
    if target in GUESTS:
        return GUESTS[target]
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    if target.startswith("examples/") and target.endswith(".py"):
        return f"gallery/{target.removeprefix('examples/').removesuffix('.py')}.md"
    return None
