"""Plugins add to the schemas: only what they declare, for whom they declare it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import Any

import pytest
import strawberry

from gateway.tests.shop import CONFIG, SETTINGS, Front, ShopPlugin, signed
from loyalty_core import Deprecation, Loyalty, PluginError, PluginManifest, hookimpl
from loyalty_gateway import create_app
from loyalty_gateway.compose import composed
from loyalty_gateway.contributions import Audience
from loyalty_gateway.extension import (
    ContributedField,
    GatewayContext,
    GraphQLExtension,
    Permission,
)

Info = strawberry.Info[GatewayContext, None]


@strawberry.type(description="A badge.")
class BadgesBadge:
    name: str = strawberry.field(description="Its name.")
    points: str = strawberry.field(description="The points of its owner.")


async def badges(root: Any, info: Info, first: int = 1) -> list[BadgesBadge] | None:
    statement = await info.context.load_statement(root.id)
    points = info.context.points("points", statement.wallet("points").balance)
    return [BadgesBadge(name=f"badge {n}", points=points) for n in range(first)]


async def broken(root: Any) -> str | None:
    raise RuntimeError("a secret")


async def count(info: Info) -> int | None:
    return (await info.context.in_thread(info.context.loyalty.report)).members


async def give(info: Info, member_id: strawberry.ID) -> bool | None:
    await info.context.in_thread(
        info.context.loyalty.adjust,
        member_id,
        "points",
        5,
        reason="badge",
        actor="badges",
        key="badge",
    )
    info.context.forget(member_id)
    return True


async def never_null() -> int:
    return 1


def at_once() -> int | None:
    return 1


async def source() -> AsyncIterator[int | None]:
    yield 1


async def source_never_null() -> AsyncIterator[int]:
    yield 1


@strawberry.type(description="A type with the name of one of the gateway's.")
class Money:
    name: str = strawberry.field(description="Its name.")


@strawberry.enum(name="SharedKind", description="A type of one plugin.")
class OneKind(Enum):
    A = strawberry.enum_value("a", description="A.")


@strawberry.enum(name="SharedKind", description="A type of another plugin, by the same name.")
class OtherKind(Enum):
    B = strawberry.enum_value("b", description="B.")


async def money() -> Money | None:
    return None


async def of_kind(kind: OneKind) -> bool | None:
    return kind is OneKind.A


async def other_kind() -> OtherKind | None:
    return None


def field(name: str, resolver: Any, *permissions: Permission) -> ContributedField:
    return ContributedField(
        name=name, resolver=resolver, description="Test.", permissions=frozenset(permissions)
    )


EXTENSION = GraphQLExtension(
    queries=(
        field("badgesCount", count, Permission.PUBLIC, Permission.ADMIN),
        field("badgesSecretCount", count, Permission.MEMBER),
    ),
    mutations=(field("badgesGive", give, Permission.ADMIN),),
    fields={
        "Member": (
            field("badges", badges, Permission.MEMBER, Permission.ADMIN),
            field("broken", broken, Permission.MEMBER),
        )
    },
)


@dataclass(eq=False)
class Badges:
    extension: Any
    id: str = "badges"

    @property
    def manifest(self) -> PluginManifest:
        return PluginManifest(id=self.id, version="1.0", requires_plugin_api=">=1.0,<2")

    @hookimpl(optionalhook=True)
    def loyalty_extend_graphql(self) -> Any:
        if isinstance(self.extension, Exception):
            raise self.extension
        return self.extension


def opened(*plugins: Badges, database: str = "sqlite://") -> Loyalty:
    config = {**CONFIG, "plugins": {"shop": {}, **{plugin.id: {} for plugin in plugins}}}
    return Loyalty.open(config, database, plugins=[ShopPlugin(), *plugins])


@pytest.fixture
def badged(sqlite_url: str) -> Any:
    with opened(Badges(EXTENSION), database=sqlite_url) as loyalty:
        yield Front(loyalty)


def test_a_field_on_a_member(badged: Front) -> None:
    member = badged.loyalty.enrol({"email": "ada@example.org"}).id
    query = "badges(first: 2) { name points }"
    expected = [{"name": "badge 0", "points": "0"}, {"name": "badge 1", "points": "0"}]
    assert badged.data(f"{{ me {{ {query} }} }}", signed(member))["me"]["badges"] == expected
    seen = badged.admin_data(f'{{ member(id: "{member}") {{ {query} }} }}')
    assert seen["member"]["badges"] == expected


def test_a_failing_field_takes_nothing_with_it(badged: Front) -> None:
    member = badged.loyalty.enrol({"email": "ada@example.org"}).id
    answer = badged.ask("{ me { id broken } }", signed(member))
    assert answer["data"] == {"me": {"id": member, "broken": None}}
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str(answer)


def test_queries_and_mutations(badged: Front) -> None:
    member = badged.loyalty.enrol({"email": "ada@example.org"}).id
    assert badged.data("{ badgesCount }") == {"badgesCount": 1}
    assert badged.admin_data("{ badgesCount }") == {"badgesCount": 1}
    give_one = f'mutation {{ badgesGive(memberId: "{member}") }}'
    assert badged.admin_data(give_one) == {"badgesGive": True}
    assert badged.loyalty.statement(member).wallet("points").balance == 5


def test_a_field_is_denied_unless_it_is_permitted(badged: Front) -> None:
    member = badged.loyalty.enrol({"email": "ada@example.org"}).id
    answer = badged.ask("{ badgesSecretCount }")
    assert answer["data"] == {"badgesSecretCount": None}
    assert answer["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert badged.data("{ badgesSecretCount }", signed(member)) == {"badgesSecretCount": 1}
    assert "data" not in badged.admin("{ badgesSecretCount }")
    assert "data" not in badged.ask('mutation { badgesGive(memberId: "x") }', signed(member))
    assert "data" not in badged.admin(f'{{ member(id: "{member}") {{ broken }} }}')


def test_a_plugin_that_is_off_adds_nothing() -> None:
    with Loyalty.open(CONFIG, "sqlite://", plugins=[ShopPlugin(), Badges(EXTENSION)]) as loyalty:
        assert "data" not in Front(loyalty).ask("{ badgesCount }")


def test_a_field_that_goes_says_until_when() -> None:
    going = Deprecation(since="0.3", last_day=date(2999, 6, 30), use="badgesAll")
    old = replace(field("badgesOld", broken, Permission.MEMBER), deprecation=going)
    text = composed(Audience.STOREFRONT, {"badges": on_member(old)}).as_str()
    told = "Deprecated since 0.3, gone after 2999-06-30. Use badgesAll."
    assert f'badgesOld: String @deprecated(reason: "{told}")' in text


def test_the_schema_of_others_stays_as_it_was(badged: Front) -> None:
    assert "badges" not in composed(Audience.STOREFRONT).as_str()
    extended = composed(Audience.STOREFRONT, {"badges": EXTENSION}).as_str()
    assert "badges(first: Int! = 1): [BadgesBadge!]" in extended
    assert "directive" not in extended


def test_programs_with_the_same_plugins_share_a_schema() -> None:
    made = composed(Audience.STOREFRONT, {"badges": EXTENSION})
    assert composed(Audience.STOREFRONT, {"badges": EXTENSION}) is made
    others = (
        composed(Audience.ADMIN, {"badges": EXTENSION}),
        composed(Audience.STOREFRONT, {"badges": replace(EXTENSION)}),
        composed(Audience.STOREFRONT),
    )
    assert made not in others


def on_member(*fields: ContributedField) -> GraphQLExtension:
    return GraphQLExtension(fields={"Member": fields})


MINE = field("mine", count, Permission.ADMIN)
REFUSED: dict[str, tuple[list[Badges], list[str]]] = {
    "a name of the gateway's": (
        [Badges(on_member(field("status", count, Permission.ADMIN)))],
        ["Member.status", "the gateway", "plugin badges"],
    ),
    "a root name of the gateway's": (
        [Badges(GraphQLExtension(queries=(field("program", count, Permission.ADMIN),)))],
        ["Query.program", "the gateway", "plugin badges"],
    ),
    "a name of another plugin's": (
        [Badges(on_member(MINE), "one"), Badges(on_member(MINE), "two")],
        ["Member.mine", "plugin one", "plugin two"],
    ),
    "the same name twice": ([Badges(on_member(MINE, MINE))], ["Member.mine", "plugin badges"]),
    "an unknown type": (
        [Badges(GraphQLExtension(fields={"Shopper": (MINE,)}))],
        ["plugin badges", "Shopper"],
    ),
    "no permission": (
        [Badges(on_member(field("mine", count)))],
        ["plugin badges", "Member.mine", "permission"],
    ),
    "never null": (
        [Badges(on_member(field("mine", never_null, Permission.ADMIN)))],
        ["plugin badges", "Member.mine", "nullable"],
    ),
    "a type of the gateway's": (
        [Badges(on_member(field("mine", money, Permission.ADMIN)))],
        ["plugin badges", "the gateway", "admin", "Money"],
    ),
    "a type of another plugin's": (
        [
            Badges(on_member(field("fine", count, Permission.ADMIN)), "fine"),
            Badges(on_member(field("one", of_kind, Permission.ADMIN)), "one"),
            Badges(on_member(field("two", other_kind, Permission.ADMIN)), "two"),
        ],
        ["plugin one", "plugin two", "SharedKind"],
    ),
    "a resolver that blocks": (
        [Badges(on_member(field("mine", at_once, Permission.ADMIN)))],
        ["plugin badges", "Member.mine", "async function"],
    ),
    "a subscription that is no source": (
        [Badges(GraphQLExtension(subscriptions=(field("badgesMine", count, Permission.ADMIN),)))],
        ["plugin badges", "Subscription.badgesMine", "async generator"],
    ),
    "a source that is no subscription": (
        [Badges(on_member(field("mine", source, Permission.ADMIN)))],
        ["plugin badges", "Member.mine", "async function"],
    ),
    "a source that is never null": (
        [
            Badges(
                GraphQLExtension(
                    subscriptions=(field("badgesMine", source_never_null, Permission.ADMIN),)
                )
            )
        ],
        ["plugin badges", "Subscription.badgesMine", "nullable"],
    ),
    "a subscription of another plugin's": (
        [
            Badges(GraphQLExtension(subscriptions=(field("same", source, Permission.PUBLIC),)), one)
            for one in ("one", "two")
        ],
        ["Subscription.same", "plugin one", "plugin two"],
    ),
    "a name that is none": (
        [Badges(on_member(field("my_badges", count, Permission.ADMIN)))],
        ["plugin badges", "Member.my_badges", "camel case"],
    ),
    "roots as fields": (
        [Badges(GraphQLExtension(fields={"Query": (MINE,)}))],
        ["plugin badges", "Query"],
    ),
    "something else": ([Badges({"queries": []})], ["plugin badges", "GraphQLExtension"]),
    "an exception": ([Badges(RuntimeError("oops"))], ["plugin badges", "oops"]),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_does_not_fit_is_refused_naming_its_owners(name: str) -> None:
    plugins, words = REFUSED[name]
    with opened(*plugins) as loyalty, pytest.raises(PluginError) as refused:
        create_app(loyalty, SETTINGS)
    assert [word for word in words if word not in str(refused.value)] == []
