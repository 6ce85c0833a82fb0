"""The checks that plugins' tests call notice each thing that they are there for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import strawberry
from graphql import build_schema, lexicographic_sort_schema, print_schema

from gateway.tests.test_contributed_failures import Wine, failure
from gateway.tests.test_extension import (
    EXTENSION,
    Badges,
    at_once,
    count,
    field,
    never_null,
    source,
)
from loyalty_gateway.compose import composed
from loyalty_gateway.contributions import Audience, extensions_of
from loyalty_gateway.extension import ContributedField, GraphQLExtension, Permission
from loyalty_gateway.schema import added_text, main
from loyalty_gateway.testing import check_extension, check_schema_files

FOLLOWED = GraphQLExtension(subscriptions=(field("badgesFollowed", source, Permission.PUBLIC),))
FAILING = GraphQLExtension(failures=(failure(),))


@strawberry.type(description="A type by another plugin's name.")
class OddBadge:
    name: str = strawberry.field(description="Its name.")


@strawberry.type
class BadgesBare:
    name: str


async def odd() -> OddBadge | None:
    return None


async def bare(number: int = 1) -> BadgesBare | None:
    return None


def on_member(name: str, resolver: Any, **more: Any) -> GraphQLExtension:
    given = {"permissions": frozenset({Permission.MEMBER}), "description": "Test.", **more}
    return GraphQLExtension(
        fields={"Member": (ContributedField(name=name, resolver=resolver, **given),)}
    )


FAULTS: dict[str, tuple[Any, list[str]]] = {
    "never null": (on_member("mine", never_null), ["Member.mine", "nullable"]),
    "no permission": (on_member("mine", count, permissions=frozenset()), ["permission"]),
    "blocking": (on_member("mine", at_once), ["async function"]),
    "a root field by another name": (
        GraphQLExtension(queries=(field("trophies", count, Permission.PUBLIC),)),
        ["Query.trophies", "badges"],
    ),
    "a type by another name": (on_member("mine", odd), ["OddBadge", "badges"]),
    "nothing described": (
        on_member("mine", bare, description=""),
        ["BadgesBare is not", "BadgesBare.name", "Member.mine is not", "Member.mine(number)"],
    ),
    "something else": ({"queries": []}, ["GraphQLExtension"]),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_each_fault_is_noticed(name: str) -> None:
    extension, words = FAULTS[name]
    with pytest.raises(AssertionError) as noticed:
        check_extension(Badges(extension))
    assert [word for word in words if word not in str(noticed.value)] == []


def test_what_is_right_passes_and_so_does_nothing_at_all() -> None:
    check_extension(Badges(FOLLOWED))
    check_extension(Wine((failure(),)))
    check_extension(object())


@pytest.mark.parametrize("extension", [EXTENSION, FOLLOWED, FAILING])
@pytest.mark.parametrize("audience", list(Audience))
def test_the_text_of_what_is_added_makes_the_whole(
    audience: Audience, extension: GraphQLExtension
) -> None:
    """The gateway's schema, extended by the text, is the schema that is served."""
    added = added_text(audience, {"badges": extension})
    made = build_schema(f"{composed(audience).as_str()}\n{added}")
    served = build_schema(composed(audience, {"badges": extension}).as_str())
    texts = [print_schema(lexicographic_sort_schema(one)) for one in (made, served)]
    assert texts[0] == texts[1]


def test_the_files_are_there_where_there_is_something_and_fresh(tmp_path: Path) -> None:
    plugin = Badges(FOLLOWED)
    with pytest.raises(AssertionError, match=r"--plugin badges --write"):
        check_schema_files(plugin, tmp_path)
    text = added_text(Audience.STOREFRONT, extensions_of([plugin]))
    (tmp_path / "storefront.graphql").write_text(text, encoding="utf-8")
    check_schema_files(plugin, tmp_path)
    (tmp_path / "admin.graphql").write_text("type More { it: Int }\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"admin\.graphql"):
        check_schema_files(plugin, tmp_path)


def test_the_command_writes_what_an_installed_plugin_adds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "graphql"
    assert main(["--check", str(folder), "--plugin", "tiers"]) == 1
    assert main(["--write", str(folder), "--plugin", "tiers"]) == 0
    assert main(["--check", str(folder), "--plugin", "tiers"]) == 0
    assert "extend type Member {" in (folder / "storefront.graphql").read_text(encoding="utf-8")
    assert main(["--write", str(folder), "--plugin", "csv"]) == 0  # it adds nothing
    assert list(folder.iterdir()) == []
    shutil.rmtree(folder)
    assert "is stale" in capsys.readouterr().out
