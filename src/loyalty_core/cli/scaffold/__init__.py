"""The folder that a new plugin starts from: files of this package with a few names filled in.

Each file of ``template`` is written without its last suffix, and ``package`` in its path is the
plugin's import package.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from loyalty_core.errors import FactError
from loyalty_core.plugins.manifest import PLUGIN_API_VERSION

LONGEST_NAME = 30
LONGEST_SUMMARY = 80
_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a new plugin is called, and whose it is."""

    name: str
    summary: str
    author: str
    year: int

    @property
    def id(self) -> str:
        """The plugin's id, which is its section's name."""
        return self.name.replace("-", "_")

    @property
    def distribution(self) -> str:
        """What it is called in an index of packages; the folder has the same name."""
        return f"loyalty-{self.id.replace('_', '-')}"


def start(name: str, *, summary: str, author: str, year: int) -> Start:
    """What a new plugin is called, checked; raises ``FactError``."""
    made = Start(
        name=name,
        summary=summary or f"The {name.replace('_', ' ').replace('-', ' ')} program.",
        author=author or f"the authors of {name}",
        year=year,
    )
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME or keyword.iskeyword(name):
        raise FactError(
            f"{name!r} cannot be the name of a plugin",
            where="NAME",
            remedy="Write lower case letters and digits, with hyphens in between: book-club.",
        )
    plain = not set('"\\$') & set(made.summary) and made.summary.isprintable()
    if not plain or len(made.summary) > LONGEST_SUMMARY or not made.summary.endswith("."):
        raise FactError(
            f"{made.summary!r} cannot be the summary",
            where="--summary",
            remedy=f"Write one sentence of at most {LONGEST_SUMMARY} characters, without quotes.",
        )
    return made


def folder(wanted: Start) -> Mapping[str, str]:
    """The text of each file of the plugin's folder, by its path in it."""
    package = f"loyalty_{wanted.id}"
    core = version("loyalty-core").split(".")
    api = PLUGIN_API_VERSION.split(".")
    words = {
        "id": wanted.id,
        "package": package,
        "distribution": wanted.distribution,
        "name": "".join(part.capitalize() for part in wanted.id.split("_")),
        "summary": wanted.summary,
        "author": wanted.author,
        "year": str(wanted.year),
        "core": f">={core[0]}.{core[1]},<{core[0]}.{int(core[1]) + 1}",
        "api": f">={PLUGIN_API_VERSION},<{int(api[0]) + 1}",
    }
    template = _texts(files(__package__) / "template")
    return {
        path.replace("/package/", f"/{package}/"): Template(text).substitute(words)
        for path, text in sorted(template.items())
    }


def _texts(folder: Traversable, below: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _texts(entry, f"{below}{entry.name}/")
        elif entry.name.endswith(".txt"):
            found[below + entry.name.removesuffix(".txt")] = entry.read_text(encoding="utf-8")
    return found
