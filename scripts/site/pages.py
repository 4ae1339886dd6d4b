"""Pages that live outside docs/, such as the README, and links that work in the repository, made to work in the site. A hook of mkdocs."""

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

CODE_OR_LINK = re.compile(
    r"(?P<code>^ *```.*?^ *```$|`[^`\n]+`)|(?P<link>(?P<mark>!?)\[(?P<words>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\))",
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
        return [path.relative_to(REPO / "docs").as_posix() for path in sorted((REPO / "docs").glob(item + ".md"))]
    return item


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/."""
    for home, uri in GUESTS.items():
        files.append(File.generated(config, uri, content=(REPO / home).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Put examples where a guide names one alone in a paragraph; turn links of the repository into links of the site."""
    here = page.file.src_uri
    if here.startswith(MADE):
        return markdown
    above = "../" * here.count("/")
    put = EXAMPLE_ALONE.sub(lambda found: shown(run(EXAMPLES / found["name"]), above=above), markdown)
    return CODE_OR_LINK.sub(lambda found: found["code"] or link(found, here), put)


def link(found: re.Match[str], here: str) -> str:
    """Return a link as the site needs it; one to a file that the site does not have as its words alone."""
    path, mark, anchor = found["target"].partition("#")
    if not path or ":" in path or path.startswith(("gallery/", "../gallery/")):
        return found["link"]
    home = HOMES.get(here, f"docs/{here}")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(home), path))
    uri = uri_of(target)
    if uri is None:
        return found["words"] if (REPO / target).exists() else found["link"]
    way = posixpath.relpath(uri, posixpath.dirname(here) or ".")
    words = words_of(found["words"], here)
    return f"{found['mark']}[{words}]({way}{mark}{anchor})"


def words_of(words: str, here: str) -> str:
    """Return a link's words, with the picture among them mended too."""
    return CODE_OR_LINK.sub(lambda found: found["code"] or link(found, here), words)


def uri_of(target: str) -> str | None:
    """Return what the site calls a file of the repository, or None if it does not have it."""
    if target in GUESTS:
        return GUESTS[target]
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    if target.startswith("examples/") and target.endswith(".py"):
        return f"gallery/{target.removeprefix('examples/').removesuffix('.py')}.md"
    return None
