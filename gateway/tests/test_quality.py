"""The rules about GraphQL can fail, and do not apply to a plugin without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.tests.test_extension import EXTENSION, Badges, field, never_null
from loyalty_core.testing.plugin import Finding, Verdict
from loyalty_core.testing.quality.report import all_rules, checked
from loyalty_core.testing.quality.subject import subject_of
from loyalty_gateway.extension import GraphQLExtension, Permission
from loyalty_points import plugin as points
from loyalty_tiers import plugin as tiers

RULES = {one.code: one for one in all_rules()}


def test_the_core_finds_the_rules_by_their_entry_point() -> None:
    assert {"LQ215", "LQ310"} <= RULES.keys(), "install the gateway anew"


def found(code: str, plugin: Any, **more: Any) -> Finding:
    return checked(subject_of(plugin, **more), RULES[code])


def test_a_field_that_cannot_be_null_is_a_fault() -> None:
    bad = GraphQLExtension(queries=(field("badgesCount", never_null, Permission.PUBLIC),))
    (fault,) = found("LQ215", Badges(bad)).faults
    assert "Query.badgesCount must be nullable" in fault


def test_a_field_without_a_permission_is_a_fault() -> None:
    bad = GraphQLExtension(queries=(field("badgesCount", never_null),))
    (fault,) = found("LQ215", Badges(bad)).faults
    assert "has no permission" in fault


def test_files_that_are_not_there_are_stale(tmp_path: Path) -> None:
    faults = found("LQ310", Badges(EXTENSION), folder=tmp_path).faults
    assert faults == ("storefront.graphql is stale", "admin.graphql is stale")
    assert found("LQ310", Badges(EXTENSION)).verdict is Verdict.UNCHECKED


def test_a_plugin_without_graphql_has_nothing_to_look_at() -> None:
    assert found("LQ215", points).verdict is Verdict.IDLE
    assert found("LQ310", points).verdict is Verdict.IDLE
    assert found("LQ215", tiers).verdict is Verdict.PASSED
    assert found("LQ310", tiers).verdict is Verdict.PASSED
