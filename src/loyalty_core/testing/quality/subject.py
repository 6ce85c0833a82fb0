"""The plugin whose quality is asked for: its object, its folder, and the programs to try it in."""

from __future__ import annotations

import contextlib
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from inspect import ismodule
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

from loyalty_core.domain.facts import Json
from loyalty_core.errors import ConfigError
from loyalty_core.plugins.loader import GROUP, Plugin
from loyalty_core.testing.quality.claim import Claim, read_claim
from loyalty_core.testing.quality.pages import Block, blocks
from loyalty_core.testing.stand import ConnectorStand

T = TypeVar("T")
Document = dict[str, Any]
DEFAULTS: Mapping[str, Document] = {
    "program": {"id": "shop"},
    "wallets": {"points": {"value": {"points": 100, "amount": "1.00"}}},
}
"""What a sample that shows only part of a configuration is completed with."""


@dataclass(eq=False, kw_only=True)
class Subject:
    """A plugin that is looked at, and what was found of it so far.

    ``folder`` is that of its distribution, None where only the installed package is there.
    ``stands`` are those of its connectors; where it is None they are looked for in its tests.
    ``given`` are configurations to try it in; without any they are the samples of its README.
    ``database_url`` says where: in SQLite files, or on the PostgreSQL server of a URL, as a user
    who may create databases.
    """

    plugin: Plugin
    folder: Path | None = None
    given: Sequence[Mapping[str, Json]] = ()
    stands: Sequence[ConnectorStand] | None = None
    database_url: str = "sqlite://"
    _found: dict[object, tuple[object, Exception | None]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The plugin's id."""
        return self.plugin.manifest.id

    def once(self, key: object, make: Callable[[], T]) -> T:
        """What ``make`` answers, asked the first time only; what it raises is raised again."""
        if key not in self._found:
            try:
                self._found[key] = make(), None
            except Exception as error:  # noqa: BLE001 - kept, and raised below
                self._found[key] = None, error
        made, failure = self._found[key]
        if failure is not None:
            raise failure
        return cast(T, made)

    @cached_property
    def package(self) -> ModuleType:
        """The import package that the plugin is of."""
        module = self.plugin if ismodule(self.plugin) else sys.modules[type(self.plugin).__module__]
        return sys.modules[module.__name__.partition(".")[0]]

    @cached_property
    def modules(self) -> Sequence[Path]:
        """The source files of its package; its own one where that is no package of a folder."""
        file = getattr(self.package, "__file__", None)
        if file is None:
            return ()
        path = Path(file)
        return sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else (path,)

    @cached_property
    def readme(self) -> str:
        """The text of its README; empty if there is none."""
        return self.text("README.md")

    def text(self, name: str) -> str:
        """The text of a file of its folder; empty if there is none."""
        path = self.folder / name if self.folder else None
        return path.read_text(encoding="utf-8") if path and path.is_file() else ""

    @cached_property
    def blocks(self) -> Sequence[Block]:
        """The fenced blocks of its README."""
        return tuple(blocks(self.readme))

    @cached_property
    def claim(self) -> Claim:
        """What its quality.toml says; that of an empty one where it cannot be read."""
        with contextlib.suppress(ConfigError):  # LQ109 says what is wrong with it
            return read_claim(self.text("quality.toml"))
        return Claim()

    @cached_property
    def samples(self) -> Sequence[Document]:
        """Whole configurations with the plugin on: those given, or those of its README."""
        if self.given:
            return [self.completed(dict(one)) for one in self.given]
        return [self.completed(one) for one in self._written()] or [self.completed({})]

    @property
    def sections(self) -> Sequence[Document]:
        """The plugin's sections in the samples of its README."""
        return [one["plugins"][self.id] for one in self._written()]

    def completed(self, document: Document) -> Document:
        """The whole configuration that a part belongs to, with the plugin on."""
        made = {**document}
        for section, value in DEFAULTS.items():
            made[section] = {**value, **document.get(section, {})}
        made["plugins"] = {self.id: {}, **document.get("plugins", {})}
        return made

    def _written(self) -> Iterator[Document]:
        for block in self.blocks:
            if block.language == "toml":
                document = tomllib.loads(block.text, parse_float=Decimal)
                if self.id in document.get("plugins", {}):
                    yield document


def subject_of(plugin: object, **more: Any) -> Subject:
    """The subject for a plugin object, with the folder of its distribution where that is there."""
    made = Subject(plugin=cast(Plugin, plugin), **more)
    if made.folder is None:
        made.folder = _folder_of(made)
    return made


def _folder_of(subject: Subject) -> Path | None:
    """The folder above its package whose pyproject.toml names it."""
    for path in subject.modules[:1]:
        for parent in path.resolve().parents:
            project = parent / "pyproject.toml"
            if project.is_file():
                return parent if subject.id in entries(project) else None
    return None


def entries(project: Path) -> Mapping[str, str]:
    """The plugins that a ``pyproject.toml`` names as entry points."""
    document = tomllib.loads(project.read_text(encoding="utf-8"))
    found = document.get("project", {}).get("entry-points", {}).get(GROUP, {})
    return cast(Mapping[str, str], found)
