"""What the plugin is and what it registers; the rest is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from loyalty_core import Connector, PersonalData, PluginManifest, ProgramConfig, hookimpl
from loyalty_csv.checks import check
from loyalty_csv.config import CsvConfig, Folder
from loyalty_csv.connector import FolderConnector
from loyalty_csv.files import DiskFolder, Files


class CsvPlugin:
    """Folders that shops put files of facts into."""

    manifest = PluginManifest(
        id="csv",
        version=version("loyalty-csv"),
        requires_plugin_api=">=1.4,<2",
        config=CsvConfig,
        summary="Folders of files, also in object stores: CSV and JSON lines, each file once.",
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
        check(config)
        return [FolderConnector(one, program.program, _files(one)) for one in config.folder]


def _files(folder: Folder) -> Files:
    """Where its files are; what object stores need is loaded for them alone."""
    if not folder.in_objects:
        return DiskFolder(Path(folder.path), folder.quiet_seconds, folder.connector)
    from loyalty_csv.objects import ObjectFiles

    return ObjectFiles(folder.path, folder.store, folder.connector)


plugin = CsvPlugin()
