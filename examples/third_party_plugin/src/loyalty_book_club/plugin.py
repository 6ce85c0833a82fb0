"""What the plugin is and what it registers; everything else is in the other modules."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from loyalty_core import (
    ActivityKind,
    Command,
    OwnTables,
    PersonalData,
    PluginManifest,
    ProgramConfig,
    ProgramType,
    RewardKind,
    hookimpl,
)

from loyalty_book_club.checks import check
from loyalty_book_club.commands import COMMANDS
from loyalty_book_club.config import BookClubConfig
from loyalty_book_club.facts import FINISHED
from loyalty_book_club.program import BookClubProgram
from loyalty_book_club.rewards import EveningSeat
from loyalty_book_club.tables import TABLES


class BookClubPlugin:
    """The plugin object that the entry point names."""

    manifest = PluginManifest(
        id="book_club",
        version=version("loyalty-book-club"),
        requires_plugin_api=">=1.4,<2",
        config=BookClubConfig,
        summary="Points for reading, and evenings to talk about it.",
        personal_data=(
            PersonalData(
                what="Which books somebody has read, and when.",
                where="state",
                why="A book earns once, a day has a limit, and evenings are for readers.",
            ),
            PersonalData(
                what="Each book that somebody has read, its pages and how they liked it.",
                where="tables",
                why="So that the club sees what everybody reads.",
            ),
            PersonalData(
                what="What the reading app sends.",
                where="facts",
                why="The other two follow from it, in any order.",
            ),
        ),
    )

    @hookimpl
    def loyalty_register_activities(self) -> Iterable[ActivityKind[object]]:
        """``book_club.finished``."""
        return [FINISHED]

    @hookimpl
    def loyalty_register_tables(self) -> Iterable[OwnTables]:
        """Who read what."""
        return [TABLES]

    @hookimpl
    def loyalty_register_programs(
        self, config: BookClubConfig, program: ProgramConfig
    ) -> Iterable[ProgramType]:
        """The program; raises ``ConfigError`` with every fault of the settings."""
        check(config, program)
        return [BookClubProgram(config, program)]

    @hookimpl
    def loyalty_register_rewards(
        self, config: BookClubConfig, program: ProgramConfig
    ) -> Iterable[RewardKind]:
        """Seats at evenings, if there are any; raises ``ConfigError`` like programs."""
        check(config, program)
        if config.evening is None:
            return []
        return [EveningSeat(config.evening, config.wallet, program)]

    @hookimpl
    def loyalty_register_commands(self) -> Iterable[Command]:
        """``most-read``."""
        return COMMANDS

    @hookimpl(optionalhook=True)
    def loyalty_extend_graphql(self) -> object:
        """The list of books and ``Member.reading``; called by the gateway alone."""
        from loyalty_book_club.graphql import extension

        return extension


plugin = BookClubPlugin()
