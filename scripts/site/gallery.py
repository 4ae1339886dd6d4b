"""The gallery: a page for each example, with what it says, draws and prints. A hook of mkdocs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from runs import ExampleError, Run, maps_in, public_maps, run, scripts

HEAD = "# Gallery\n\nEvery page is an example that ran when this site was built: one thing, and all of its code.\n"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages in the navigation."""
    for item in config.nav or []:
        if "Gallery" in item:
            item["Gallery"] = ["gallery/index.md", *(f"gallery/{script.stem}.md" for script in scripts())]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and pictures of the gallery."""
    done = all_runs()
    require_every_map(done)
    for each in done:
        files.append(File.generated(config, f"gallery/{each.script.stem}.md", content=page_of(each)))
        for picture in each.pictures:
            files.append(File.generated(config, uri_of(each, picture), abs_src_path=str(picture)))
    files.append(File.generated(config, "gallery/index.md", content=overview(done)))
    return files


def all_runs() -> list[Run]:
    """Return a run of every example, several at a time."""
    try:
        with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
            return list(pool.map(run, scripts()))
    except ExampleError as error:
        raise PluginError(str(error)) from error


def require_every_map(done: list[Run]) -> None:
    """Refuse a public map function that no example draws."""
    drawn = {name for each in done if each.pictures for name in maps_in(each.script)}
    missing = sorted(public_maps() - drawn)
    if missing:
        names = ", ".join(f"maps.{name}" for name in missing)
        msg = f"no example draws {names}: write one in examples/ that saves its picture"
        raise PluginError(msg)


def uri_of(each: Run, picture: Path) -> str:
    """Return where the site keeps a picture."""
    return f"gallery/pictures/{each.script.stem}/{picture.name}"


def page_of(each: Run) -> str:
    """Return the page of an example."""
    names = maps_in(each.script) if each.pictures else []
    functions = ", ".join(f"[`maps.{name}`](../api/maps.md#three_mismatches.maps.{name})" for name in names)
    about = f"Drawn with {functions}.\n" if functions else ""
    return "\n".join([f"# {each.title}", "", each.words, "", about, shown(each, above="../")])


def shown(each: Run, *, above: str) -> str:
    """Return an example's pictures, code and output, for a page that reaches the top of the site by `above`."""
    pictures = [f"![{each.words}]({above}{uri_of(each, picture)})\n" for picture in each.pictures]
    others = [f"`{path.name}`" for path in each.left if path not in each.pictures]
    return "\n".join([
        *pictures,
        f'```python title="examples/{each.script.name}"\n{each.code}\n```\n',
        f'```text title="It prints"\n{each.printed}\n```\n' if each.printed else "",
        f"It writes {', '.join(others)}.\n" if others else "",
    ])  # fmt: skip


def overview(done: list[Run]) -> str:
    """Return the first page: what draws as cards, the rest as a list."""
    drawn = [card(each) for each in done if each.pictures]
    rest = [f"- [{each.title}]({each.script.stem}.md): {each.words}" for each in done if not each.pictures]
    cards = '<div class="grid cards" markdown>\n\n' + "\n".join(drawn) + "\n</div>\n"
    return "\n".join([HEAD, "## In pictures\n", cards, "## In figures\n", *rest]) + "\n"


def card(each: Run) -> str:
    """Return the card of an example that draws."""
    name = each.script.stem
    picture = f"pictures/{name}/{each.pictures[0].name}"
    functions = ", ".join(f"`{one}`" for one in maps_in(each.script))
    lines = [
        f"[![{each.title}]({picture})]({name}.md)",
        f"[**{each.title}**]({name}.md) {functions}",
        each.words,
    ]
    return "-   " + "\n\n    ".join(lines) + "\n"
