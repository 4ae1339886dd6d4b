"""The reference of the code: a page for each public module, each of its public names on it. A hook of mkdocs."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import three_mismatches

ROOT = three_mismatches.__name__
NO_LIBRARY = ("cli", "data")
"""The command line and the embedded tables are told of elsewhere."""

ABOUT = ("members: false", "show_root_heading: false", "show_root_toc_entry: false")
NAME = ("heading_level: 2",)


def modules() -> list[str]:
    """Return the public modules, the package itself first."""
    found = [one.name for one in pkgutil.iter_modules(three_mismatches.__path__)]
    return ["", *(name for name in found if not name.startswith("_") and name not in NO_LIBRARY)]


def path_of(module: str) -> str:
    """Return a module's name from the top."""
    return f"{ROOT}.{module}".rstrip(".")


def uri_of(module: str) -> str:
    """Return a module's page."""
    return f"api/{module or 'index'}.md"


def names_of(module: str) -> list[str]:
    """Return the public names of a module that are no modules themselves."""
    found = importlib.import_module(path_of(module))
    return [name for name in found.__all__ if name not in modules()]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages in the navigation."""
    for item in config.nav or []:
        if "API" in item:
            item["API"] = [uri_of(""), *({module: uri_of(module)} for module in modules()[1:])]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for module in modules():
        files.append(File.generated(config, uri_of(module), content=page_of(module)))
    return files


def exists(path: str) -> bool:
    """Return whether a module of this name is there."""
    parent = importlib.import_module(path.rpartition(".")[0])
    return hasattr(parent, "__path__") and importlib.util.find_spec(path) is not None


def page_of(module: str) -> str:
    """Return what asks mkdocstrings for a module's text and each of its names."""
    about = f"# {path_of(module)}\n\n::: {path_of(module)}\n" + options(ABOUT)
    below = "" if module else "".join(f"- [{path_of(one)}]({one}.md)\n" for one in modules()[1:])
    return "\n".join([about, below, *(asked(module, name) for name in names_of(module))])


def asked(module: str, name: str) -> str:
    """Return what asks for a name; where a module hides it, with the anchor that readers look for."""
    path = f"{path_of(module)}.{name}"
    if not exists(path):
        return f"::: {path}\n" + options(NAME)
    return f'<span id="{path}"></span>\n\n::: {path}.{name}\n' + options(NAME)


def options(lines: tuple[str, ...]) -> str:
    """Return the options below what is asked of mkdocstrings."""
    return "    options:\n" + "".join(f"      {line}\n" for line in lines)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Refuse a page of a module that lacks one of its names."""
    module = next((one for one in modules() if uri_of(one) == page.file.src_uri), None)
    if module is None:
        return html
    missing = [name for name in names_of(module) if f'id="{path_of(module)}.{name}"' not in html]
    if missing:
        msg = f"{page.file.src_uri} does not tell of {', '.join(missing)}"
        raise PluginError(msg)
    return plain(html)


def plain(html: str) -> str:
    """Return a page with the marks of reStructuredText that Markdown does not know made readable."""
    html = re.sub(r"\.\. math:: ([^<]*)", r"<code>\1</code>", html)
    return re.sub(r"\.\. (\[\d+\])", r"\1", html)
