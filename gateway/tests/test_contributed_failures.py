"""Plugins add failures to what the gateway's own commands answer: the members of their results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import strawberry

from gateway.tests.shop import CONFIG, SETTINGS, Front, ShopPlugin, order, signed
from gateway.tests.test_extension import Badges
from loyalty_core import (
    Loyalty,
    LoyaltyError,
    MemberView,
    Money,
    PluginError,
    PluginManifest,
    ProgramConfig,
    RedemptionRefused,
    SpendOffer,
    SpendRequest,
    hookimpl,
)
from loyalty_gateway import create_app
from loyalty_gateway.compose import composed
from loyalty_gateway.contributions import Audience
from loyalty_gateway.extension import (
    ContributedFailure,
    GatewayContext,
    GraphQLExtension,
    Permission,
    UserError,
)

REDEEM = """mutation { redeem(reward: "wine.bottle", idempotencyKey: "k") {
  __typename ... on Redemption { id } ... on UserError { code message }
  ... on WineTooYoung { age } } }"""
CORE = 'mutation { redeem(reward: "wine.bottle", idempotencyKey: "k") { __typename } }'


class Bottle:
    """Refused to those who are too young; the offer's detail says how old one must be."""

    id = "wine.bottle"
    summary = "A bottle"
    wallet = "points"

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        nothing = Money(0, "EUR")
        return SpendOffer(
            wallet="points", points=0, worth=nothing, refusal="too young", detail={"age": 18}
        )


@strawberry.type(description="Too young for wine.")
class WineTooYoung(UserError):
    """The failure of the wine's own."""

    age: int = strawberry.field(description="How old one must be.", default=0)


@strawberry.type(description="No failure at all.")
class WineNothing:
    age: int = strawberry.field(description="A number.", default=0)


def too_young(error: LoyaltyError, context: GatewayContext) -> UserError | None:
    if not isinstance(error, RedemptionRefused) or error.facts.get("reward") != "wine.bottle":
        return None
    detail: Any = error.facts["detail"]
    return WineTooYoung(message=error.message, code="wine_too_young", age=detail["age"])


def breaking(error: LoyaltyError, context: GatewayContext) -> UserError | None:
    raise RuntimeError("a secret")


def failure(of: Any = too_young, kind: Any = WineTooYoung, **more: Any) -> ContributedFailure:
    given: dict[str, Any] = {
        "results": frozenset({"RedeemResult"}),
        "permissions": frozenset({Permission.MEMBER, Permission.ADMIN}),
        **more,
    }
    return ContributedFailure(kind=kind, of=of, **given)


@dataclass(eq=False)
class Wine:
    """A plugin with a reward, and its failure."""

    failures: tuple[ContributedFailure, ...]
    manifest = PluginManifest(id="wine", version="1.0", requires_plugin_api=">=1.0,<2")

    @hookimpl
    def loyalty_register_rewards(self, config: Any, program: ProgramConfig) -> Any:
        return [Bottle()]

    @hookimpl(optionalhook=True)
    def loyalty_extend_graphql(self) -> GraphQLExtension:
        return GraphQLExtension(failures=self.failures)


def front_of(*failures: ContributedFailure) -> Iterator[tuple[Front, str]]:
    config = {**CONFIG, "plugins": {"shop": {}, "wine": {}}}
    with Loyalty.open(config, "sqlite://", plugins=[ShopPlugin(), Wine(failures)]) as loyalty:
        member = loyalty.record(order("1", "ada@example.org", "120.00")).member_id
        assert member
        yield Front(loyalty), member


def test_a_command_answers_the_plugins_failure_in_both_schemas() -> None:
    expected = {
        "__typename": "WineTooYoung",
        "code": "wine_too_young",
        "message": "too young",
        "age": 18,
    }
    for front, member in front_of(failure()):
        assert front.data(REDEEM, signed(member)) == {"redeem": expected}
        asked = REDEEM.replace("redeem(", f'redeem(memberId: "{member}" ')
        assert front.admin_data(asked) == {"redeem": expected}
        assert front.loyalty.statement(member).wallet("points").balance == 120


def test_it_is_in_every_result_that_it_names_and_no_other() -> None:
    extended = composed(Audience.ADMIN, {"wine": GraphQLExtension(failures=(failure(),))})
    kinds = extended.graphql_schema.type_map
    unions = {
        name
        for name, kind in kinds.items()
        if "WineTooYoung" in [one.name for one in getattr(kind, "types", ())]
    }
    assert unions == {"RedeemResult"}
    assert "WineTooYoung" not in composed(Audience.ADMIN).as_str()


def test_it_is_denied_where_it_is_not_permitted() -> None:
    for front, member in front_of(failure(permissions=frozenset({Permission.ADMIN}))):
        assert front.data(CORE, signed(member)) == {"redeem": {"__typename": "RedemptionRefused"}}
        assert "data" not in front.ask(REDEEM, signed(member))
        asked = REDEEM.replace("redeem(", f'redeem(memberId: "{member}" ')
        assert front.admin_data(asked)["redeem"]["__typename"] == "WineTooYoung"


def test_other_errors_stay_the_gateways_own() -> None:
    for front, member in front_of(failure()):
        asked = CORE.replace("wine.bottle", "none")
        assert front.data(asked, signed(member)) == {"redeem": {"__typename": "RewardUnknown"}}
        spent = 'mutation { redeem(reward: "shop.discount", idempotencyKey: "k") { __typename } }'
        assert front.data(spent, signed(member)) == {"redeem": {"__typename": "Redemption"}}


def test_a_plugin_that_fails_there_leaves_it_to_the_gateway() -> None:
    for front, member in front_of(failure(breaking)):
        assert front.data(CORE, signed(member)) == {"redeem": {"__typename": "RedemptionRefused"}}


REFUSED: dict[str, tuple[ContributedFailure, list[str]]] = {
    "no permission": (failure(permissions=frozenset()), ["WineTooYoung", "permission"]),
    "no result": (failure(results=frozenset()), ["WineTooYoung", "result of nothing"]),
    "an unknown result": (
        failure(results=frozenset({"DrinkResult"})),
        ["DrinkResult", "not there"],
    ),
    "no failure": (failure(kind=WineNothing), ["WineNothing", "UserError"]),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_does_not_fit_is_refused_naming_its_owner(name: str) -> None:
    given, words = REFUSED[name]
    plugin = Badges(GraphQLExtension(failures=(given,)))
    config = {**CONFIG, "plugins": {"shop": {}, "badges": {}}}
    with (
        Loyalty.open(config, "sqlite://", plugins=[ShopPlugin(), plugin]) as loyalty,
        pytest.raises(PluginError) as refused,
    ):
        create_app(loyalty, SETTINGS)
    assert [word for word in [*words, "plugin badges"] if word not in str(refused.value)] == []
