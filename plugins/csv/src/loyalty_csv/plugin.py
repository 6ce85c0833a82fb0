"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import version

from loyalty_core import (
    ConfigError,
    Connector,
    LoyaltyError,
    PersonalData,
    PluginManifest,
    Problem,
    ProgramConfig,
    hookimpl,
    minor_digits,
    zone,
)
from loyalty_csv.config import CsvConfig, Folder
from loyalty_csv.connector import FolderConnector

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


class CsvPlugin:
    """Folders that shops put files of facts into."""

    manifest = PluginManifest(
        id="csv",
        version=version("loyalty-csv"),
        requires_plugin_api=">=1.4,<2",
        config=CsvConfig,
        summary="Folders of files: CSV and JSON lines, each file once.",
        personal_data=(
            PersonalData(
                what="What the files say: orders, activities, customers.",
                where="facts",
                why="They are what points are earned by.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_connectors(
        self, config: CsvConfig, program: ProgramConfig
    ) -> Iterable[Connector]:
        """A connector for each folder; raises ``ConfigError`` with every fault."""
        problems = list(_faults(config))
        if problems:
            raise ConfigError(problems)
        return [FolderConnector(folder, program.program) for folder in config.folder]


def _faults(config: CsvConfig) -> Iterator[Problem]:
    names: set[str] = set()
    paths: set[str] = set()
    for place, folder in enumerate(config.folder):
        where = f"plugins.csv.folder[{place}]"
        if not _NAME.fullmatch(folder.account) or folder.account in names:
            remedy = "Use lower case letters, digits, - and _, and each name once."
            yield Problem(f"{where}.account", f"{folder.account[:60]!r} cannot be a name", remedy)
        if not folder.path or folder.path in paths:
            yield Problem(f"{where}.path", f"{folder.path[:60]!r} is empty, or there already")
        names.add(folder.account)
        paths.add(folder.path)
        yield from _numbers(where, folder)


def _numbers(where: str, folder: Folder) -> Iterator[Problem]:
    for name, most in (("quiet_seconds", 86_400), ("every_minutes", 10_080)):
        if not 0 <= (value := getattr(folder, name)) <= most:
            yield Problem(f"{where}.{name}", f"{value} is not from 0 to {most:,}")
    if len(folder.delimiter) > 1:
        yield Problem(f"{where}.delimiter", f"{folder.delimiter[:60]!r} is more than a character")
    try:
        if folder.currency:
            minor_digits(folder.currency)
    except LoyaltyError as error:
        yield Problem(f"{where}.currency", str(error))
    try:
        if folder.time_zone:
            zone(folder.time_zone)
    except (ValueError, KeyError):  # a time zone that is not there is a missing key
        shown, remedy = folder.time_zone[:60], "Name one, such as Europe/Berlin."
        yield Problem(f"{where}.time_zone", f"{shown!r} is no time zone", remedy)


plugin = CsvPlugin()
