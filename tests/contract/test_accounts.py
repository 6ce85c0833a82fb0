"""Accounts: wallets that are not the members' to spend, and rewards that give into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from loyalty_core import (
    ConfigError,
    Line,
    Loyalty,
    MemberView,
    Minor,
    Money,
    Order,
    PluginError,
    PluginFailed,
    SpendOffer,
    SpendRequest,
    hookimpl,
)
from tests.contract.conftest import Shop
from tests.toy import Toy, ToyProgram, ToyReward, config_of, order, refund

ACCOUNT = {"unit": "USD", "scale": 2, "spendable": False}
PAID = {"source": "web", "order_id": "2"}


@dataclass(frozen=True)
class Giving(ToyReward):
    """A cent into an account for each point."""

    account: str = "charity"

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        points = request.available if request.points is None else request.points
        worth = Money(points, "USD")
        return SpendOffer(wallet="points", points=points, worth=worth, account=self.account)


@dataclass(frozen=True)
class Suggesting(ToyProgram):
    """Suggests a line of the article ``sku``."""

    sku: str = "gift"

    def suggest(self, cart: Order, member: MemberView) -> list[Line]:
        if self.sku == "fail":
            raise ValueError(self.sku)
        return [Line(id=self.sku, amount=Minor(100), sku=self.sku)]


class Giver(Toy):
    """The toy with a reward that gives, and a program that suggests."""

    account = "charity"
    wallet = "points"
    sku = "gift"

    @hookimpl
    def loyalty_register_programs(self, config: Any, program: Any) -> Any:
        return [Suggesting(self, config, self.sku)]

    @hookimpl
    def loyalty_register_rewards(self, config: Any, program: Any) -> Any:
        return [Giving(self, self.account)]


def opened(shop: Shop, toy: Toy, **wallets: Any) -> Loyalty:
    config = config_of()
    config["wallets"] = {"points": {}, "charity": ACCOUNT, "euros": ACCOUNT | {"unit": "EUR"}}
    config["wallets"] |= wallets  # type: ignore[operator]
    return shop.open(config=config, toys=(toy,))


def balances(loyalty: Loyalty, member: str) -> dict[str, int]:
    return {one.wallet: one.balance for one in loyalty.statement(member).wallets if one.balance}


def test_points_and_money_move_in_one_command_and_are_told(shop: Shop) -> None:
    toy = Giver(subscribed=("points_redeemed", "points_donated", "points_reversed"))
    loyalty = opened(shop, toy)
    member = loyalty.record(order("1", "90.00")).member_id or ""
    receipt = loyalty.redeem(member, points=60, key="k", **PAID)
    assert balances(loyalty, member) == {"points": 30, "charity": 60}
    loyalty.record(order("2", "3.00", email="bob@example.org"))
    loyalty.record(refund("r", "2", amount="1.00"))
    assert balances(loyalty, member) == {"points": 50, "charity": 40}
    loyalty.tick()
    told = [(event.type, event.data["wallet"], event.data["amount"]) for event in toy.received]
    assert sorted(told) == [
        ("points_donated", "charity", 60),
        ("points_redeemed", "points", 60),
        ("points_reversed", "charity", 20),
        ("points_reversed", "points", 1),
    ]
    assert loyalty.redemption(receipt.redemption_id).returned == 20
    assert loyalty.verify().problems == ()


def test_a_refund_that_gives_back_twice_tells_each_change(shop: Shop) -> None:
    loyalty = opened(shop, Giver())
    member = loyalty.record(order("1", "90.00")).member_id or ""
    for key, points in (("a", 50), ("b", 30)):
        loyalty.redeem(member, points=points, key=key, **PAID)
    loyalty.record(order("2", "3.00", lines=[{"id": "x", "amount": "0.90"}]))
    receipt = loyalty.record(refund("r", "2"))
    assert receipt.changes == {"points": 80, "charity": -80}
    assert len(set(receipt.transactions)) == 4


@pytest.mark.parametrize("account", ["points", "euros", "nothing"])
def test_what_is_no_account_for_it_gets_nothing(shop: Shop, account: str) -> None:
    toy = Giver()
    toy.account = account
    loyalty = opened(shop, toy)
    member = loyalty.record(order("1", "90.00")).member_id or ""
    with pytest.raises(PluginFailed, match="no account for it"):
        loyalty.redeem(member, points=60, key="k")
    assert balances(loyalty, member) == {"points": 90}


def test_nothing_is_paid_from_an_account(shop: Shop) -> None:
    with pytest.raises(PluginError, match="not spendable"):
        opened(shop, Giver(), points={"spendable": False})


@pytest.mark.parametrize(
    "given", [{"transfer": {"allowed": True}}, {"value": {"points": 1, "amount": "1.00"}}]
)
def test_an_account_is_neither_given_away_nor_worth_anything(shop: Shop, given: Any) -> None:
    with pytest.raises(ConfigError, match=r"wallets\.charity\.\w+: the wallet is not the members'"):
        opened(shop, Giver(), charity=ACCOUNT | given)


def test_what_is_in_an_account_is_not_available_and_outlives_its_member(shop: Shop) -> None:
    loyalty = opened(shop, Giver())
    member = loyalty.record(order("1", "90.00")).member_id or ""
    loyalty.redeem(member, points=60, key="k")
    wallet = loyalty.statement(member).wallet("charity")
    assert (wallet.balance, wallet.available, wallet.earned) == (60, 0, 60)
    past = loyalty.statement(member, at=shop.clock()).wallet("charity")
    assert (past.balance, past.available, past.earned) == (60, 0, 60)
    assert loyalty.erase(member, reason="x", actor="eve", key="e").points == {"points": 30}
    totals = {one.wallet: one for one in loyalty.report().wallets}
    assert (totals["charity"].outstanding, totals["charity"].earners) == (60, 1)
    assert (totals["points"].outstanding, totals["euros"].earners) == (0, 0)
    assert loyalty.verify().problems == ()


def test_the_account_is_rebuilt_from_its_entries(shop: Shop) -> None:
    loyalty = opened(shop, Giver())
    member = loyalty.record(order("1", "90.00")).member_id or ""
    loyalty.redeem(member, points=60, key="k")
    assert loyalty.rebuild().rebuilt == 0
    assert balances(loyalty, member) == {"points": 30, "charity": 60}


def test_quotes_have_suggested_lines(shop: Shop) -> None:
    toy = Giver()
    loyalty = opened(shop, toy)
    cart = {"currency": "USD", "lines": [{"id": "a", "amount": "5.00"}]}
    (line,) = loyalty.quote(cart).suggested
    assert (line.id, line.amount) == ("gift", 100)
    taken = {"currency": "USD", "lines": [{"id": "gift", "amount": "5.00"}]}
    quote = loyalty.quote(taken)
    assert (quote.suggested, quote.failed) == ((), ("toy",))


def test_a_plugin_that_cannot_suggest_costs_the_rest_nothing(shop: Shop) -> None:
    toy = Giver()
    toy.sku = "fail"
    cart = {"currency": "USD", "lines": [{"id": "a", "amount": "5.00"}]}
    quote = opened(shop, toy).quote(cart)
    assert (quote.suggested, quote.failed, quote.earned("points")) == ((), ("toy",), 5)
