"""The conformance suite of plugins: derive a test class from ``PluginSuite``, and name the plugin.

    from loyalty_core.testing.plugin import PluginSuite
    from loyalty_stamps import plugin

    class TestConformance(PluginSuite):
        plugin = plugin

Each rule of ``docs/reference/quality.md`` is a test of that class, named after its code. Rules of a
grade above the one that the plugin's ``quality.toml`` claims are skipped, and so are those that do
not apply or are exempt. ``loyalty plugin check`` checks the same rules without pytest.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from loyalty_core.domain.facts import Json
from loyalty_core.testing.quality.claim import Grade
from loyalty_core.testing.quality.report import (
    Finding,
    QualityReport,
    Verdict,
    all_rules,
    finding,
    report,
)
from loyalty_core.testing.quality.rules import Idle, Rule, Unchecked, rule
from loyalty_core.testing.quality.subject import Subject, subject_of
from loyalty_core.testing.stand import ConnectorStand

__all__ = [
    "Finding",
    "Grade",
    "Idle",
    "PluginSuite",
    "QualityReport",
    "Rule",
    "Subject",
    "Unchecked",
    "Verdict",
    "check_plugin",
    "rule",
]


class PluginSuite:
    """Tests of a plugin, one for each rule; made for the classes that derive from it.

    ``plugin`` is the plugin object. ``config`` is a whole ``loyalty.toml`` or a part of one, as
    text or as a mapping, to try it in; without one the samples of the plugin's README are used.
    ``stands`` put its connectors in front of doubles of their platforms, one for each kind.
    ``database_url`` says where it is tried: by default in SQLite files; with the URL of a
    PostgreSQL database on that server, as a user who may create databases.
    """

    plugin: ClassVar[object]
    config: ClassVar[str | Mapping[str, Json] | None] = None
    stands: ClassVar[Sequence[ConnectorStand]] = ()
    database_url: ClassVar[str] = "sqlite://"

    def __init_subclass__(cls) -> None:
        """Gives the class a test for each rule."""
        super().__init_subclass__()
        subjects: list[Subject] = []

        def subject() -> Subject:
            if not subjects:
                subjects.append(_subject(cls))
            return subjects[0]

        for one in all_rules():
            name = f"test_{one.code}_{one.name.replace('-', '_')}"
            setattr(cls, name, _test(one, subject))


def _subject(suite: type[PluginSuite]) -> Subject:
    config = suite.config
    document = tomllib.loads(config, parse_float=Decimal) if isinstance(config, str) else config
    given = () if document is None else (document,)
    stands = tuple(suite.stands)
    return subject_of(suite.plugin, given=given, stands=stands, database_url=suite.database_url)


def _test(one: Rule, subject: Callable[[], Subject]) -> Callable[[object], None]:
    def test(self: object) -> None:
        import pytest  # the core does without it

        wanted = subject().claim.grade
        if one.grade.rank > wanted.rank:
            pytest.skip(f"it claims {wanted}, and this is a rule of {one.grade}")
        found = finding(subject(), one)
        if found.verdict is Verdict.FAILED:
            faults = "\n".join(f"- {fault}" for fault in found.faults)
            pytest.fail(f"{one.code} {one.what}\n{faults}\n{one.mend}", pytrace=False)
        if found.verdict is not Verdict.PASSED:
            pytest.skip(f"{found.verdict}: {found.reason}")

    test.__doc__ = one.what
    return test


def check_plugin(plugin: object) -> QualityReport:
    """Every rule checked on a plugin object, with the folder of its distribution if it is there."""
    return report(subject_of(plugin))
