"""Payment providers are registered and handed to handlers; facts name their member by id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty_core import (
    Charge,
    Event,
    IdentityConflict,
    Line,
    LineKind,
    Loyalty,
    MemberNotFound,
    Minor,
    Money,
    Order,
    Payment,
    PaymentProvider,
    PaymentState,
    PlatformUnavailable,
    PluginError,
    PluginManifest,
    RecordStatus,
    Refund,
    RefundLine,
    Repayment,
    Subscription,
    hookimpl,
    is_purchase,
)
from loyalty_core.application.following import outcome_of
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.domain.sales import Sale, sale_of
from tests.contract.conftest import Shop
from tests.toy import START, Toy, activity, order, points

NOBODY = "01900000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Purse:
    """A provider that has everything."""

    id: str = "purse.purse"

    def charge(self, charge: Charge) -> Payment:
        return Payment(
            state=PaymentState.PAID, source="purse", reference=charge.line.id, at=charge.at
        )

    def refund(self, repayment: Repayment) -> datetime | None:
        return repayment.at


@dataclass(eq=False)
class PursePlugin:
    """Registers a provider; its handler charges a fee for everybody who joins."""

    provider: Any = Purse()
    id: str = "purse"

    @property
    def manifest(self) -> PluginManifest:
        return PluginManifest(id=self.id, version="1", requires_plugin_api=">=1.2,<2")

    @hookimpl
    def loyalty_register_payments(self) -> Iterable[PaymentProvider]:
        return [self.provider]


@dataclass(eq=False)
class Cashier:
    """Another plugin, whose handler uses the provider."""

    manifest = PluginManifest(id="cashier", version="1", requires_plugin_api=">=1.2,<2")

    @hookimpl
    def loyalty_register_handlers(
        self, payments: Mapping[str, PaymentProvider]
    ) -> Iterable[Subscription]:
        provider = payments["purse.purse"]

        def charge(event: Event) -> Iterable[Order]:
            asked = Charge(
                key=f"{event.id}/1",
                line=Line(id="1", amount=Minor(900)),
                currency="EUR",
                member_id=event.member_id,
                identities=event.identities,
                text="A fee",
                at=event.occurred_at,
            )
            paid = provider.charge(asked)
            yield Order(
                source=paid.source,
                id=paid.reference,
                identities={**paid.identities, "member_id": event.member_id},
                currency="EUR",
                occurred_at=paid.at,
                lines=(asked.line,),
            )

        return [
            Subscription(
                id="cashier.charge",
                event_type="member_enrolled",
                handler=charge,
                with_identities=True,
            )
        ]


def test_a_handler_gets_the_providers_of_other_plugins(shop: Shop) -> None:
    plugins = {"cashier": {}, "toy": {}, "purse": {}}
    loyalty = shop.open(toys=(Cashier(), Toy(), PursePlugin()), plugins=plugins, program="shop")
    ada = loyalty.enrol({"email": "ada@example.org"})
    loyalty.tick()
    assert points(loyalty, ada.id)[0] == 9
    assert loyalty.verify().problems == ()


def test_a_provider_is_told_how_the_member_is_known_and_tells_it_as_well(shop: Shop) -> None:
    asked: list[Charge] = []

    class Knowing(Purse):
        def charge(self, charge: Charge) -> Payment:
            asked.append(charge)
            return replace(super().charge(charge), identities={"customer_id": "cus_1"})

    plugins = {"cashier": {}, "toy": {}, "purse": {}}
    toys = (Cashier(), Toy(), PursePlugin(Knowing()))
    loyalty = shop.open(toys=toys, plugins=plugins, program="shop")
    ada = loyalty.enrol({"email": "ada@example.org"})
    loyalty.tick()
    assert [(one.kind, one.value) for one in asked[0].identities] == [("email", "ada@example.org")]
    assert asked[0].amount == Money(900, "EUR")
    found = loyalty.find({"customer_id": "cus_1"}, source="purse")
    assert found is not None
    assert found.id == ada.id


def test_a_provider_that_is_away_is_asked_for_as_long_as_that_lasts(sqlite_shop: Shop) -> None:
    away = [PlatformUnavailable("it is away", retry_after=60)] * 40

    class Away(Purse):
        def charge(self, charge: Charge) -> Payment:
            if away:
                raise away.pop()
            return super().charge(charge)

    plugins = {"cashier": {}, "toy": {}, "purse": {}}
    toys = (Cashier(), Toy(), PursePlugin(Away()))
    loyalty = sqlite_shop.open(toys=toys, plugins=plugins, program="shop")
    ada = loyalty.enrol({"email": "ada@example.org"})
    for _ in range(41):
        loyalty.tick()
        sqlite_shop.clock.advance(days=1)
    assert away == []
    assert points(loyalty, ada.id)[0] == 9


@pytest.mark.parametrize("provider", [Purse("other.purse"), object()])
def test_a_provider_that_does_not_fit_is_refused(sqlite_shop: Shop, provider: object) -> None:
    with pytest.raises(PluginError):
        sqlite_shop.open(toys=(PursePlugin(provider),), plugins={"purse": {}}, program="shop")


def with_ada(shop: Shop) -> tuple[Loyalty, str]:
    loyalty = shop.open()
    return loyalty, loyalty.enrol({"email": "ada@example.org"}).id


def by_id(number: str, member: str, **more: Any) -> dict[str, Any]:
    return {**order(number, at=START), "identities": {"member_id": member, **more}}


def test_a_fact_names_its_member_by_id(shop: Shop) -> None:
    loyalty, ada = with_ada(shop)
    receipt = loyalty.record(by_id("1", ada))
    assert (receipt.member_id, receipt.enrolled) == (ada, False)
    assert loyalty.record(by_id("1", ada)).status is RecordStatus.DUPLICATE
    assert points(loyalty, ada)[0] > 0
    assert loyalty.report().members == 1


def test_identities_beside_it_become_the_members(shop: Shop) -> None:
    loyalty, ada = with_ada(shop)
    loyalty.record(by_id("1", ada, phone="+41791234567"))
    found = loyalty.find({"phone": "+41791234567"})
    assert found is not None
    assert found.id == ada


def test_who_is_not_there_is_not_enrolled(shop: Shop) -> None:
    loyalty, ada = with_ada(shop)
    for wrong in (NOBODY, "x"):
        with pytest.raises(MemberNotFound):
            loyalty.record(by_id("1", wrong))
    bob = loyalty.enrol({"email": "bob@example.org"}).id
    with pytest.raises(IdentityConflict):
        loyalty.record(by_id("1", bob, email="ada@example.org"))
    assert (loyalty.report().members, points(loyalty, ada)[0]) == (2, 0)


def test_one_wrong_fact_costs_its_neighbours_nothing(shop: Shop) -> None:
    loyalty, ada = with_ada(shop)
    made = loyalty.record_many([by_id("1", NOBODY), by_id("2", ada)])
    assert [one.index for one in made.rejected] == [0]
    assert points(loyalty, ada)[0] > 0


def test_who_was_merged_is_answered_for(shop: Shop) -> None:
    loyalty, ada = with_ada(shop)
    eve = loyalty.enrol({"email": "eve@example.org"}).id
    loyalty.merge(eve, ada, key="m")
    shop.clock.set(START + timedelta(hours=1))
    assert loyalty.record(by_id("1", ada)).member_id == eve
    assert points(loyalty, eve)[0] > 0


def test_who_was_erased_is_nobody(shop: Shop) -> None:
    loyalty, ada = with_ada(shop)
    loyalty.erase(ada, reason="asked", actor="ops", key="e")
    assert loyalty.record(by_id("1", ada)).status is RecordStatus.ERASED
    assert loyalty.record(activity("a", "visit", email="bob@example.org")).enrolled


def fee(number: str, **more: Any) -> dict[str, Any]:
    line = {"id": "fee", "amount": "99.00", "kind": "membership"}
    return {**order(number, at=START), "lines": [line], **more}


def test_a_fee_is_no_purchase(shop: Shop) -> None:
    loyalty = shop.open(plugins={"toy": {"first_order": 50}}, program="shop")
    fees = loyalty.record(fee("1"))
    first = loyalty.record({**order("2", at=START + timedelta(seconds=1))})
    second = loyalty.record({**order("3", at=START + timedelta(seconds=2))})
    assert fees.member_id == first.member_id
    assert first.changes["points"] == second.changes["points"] + 50


def test_a_follower_is_told_which_lines_are_gone() -> None:
    lines = tuple(Line(id=name, amount=Minor(100)) for name in "ab")
    free = Line(id="c", amount=Minor(0), kind=LineKind.MEMBERSHIP)
    made = Order(source="s", id="1", currency="EUR", occurred_at=START, lines=(*lines, free))
    document = OrderDocument.of(made)
    gone = []
    for parts in ([{"line": "a", "amount": "0.99"}], [{"line": "a"}], [{"line": "c"}], []):
        taken = tuple(
            RefundLine(line=part["line"], amount=Minor(99) if "amount" in part else None)
            for part in parts
        )
        back = Refund(id=f"r{len(gone)}", occurred_at=START + timedelta(days=1), lines=taken)
        known = replace(document, refunds={back.id: back})
        (returned,) = outcome_of(made, known, (), {}, GoodwillPolicy.KEEP).returned
        gone.append("".join(returned.gone))
    assert gone == ["", "a", "c", "abc"]


def test_what_is_a_purchase() -> None:
    goods = Line(id="a", amount=Minor(100))
    fees = Line(id="b", amount=Minor(100), kind=LineKind.MEMBERSHIP)
    one = Order(source="s", id="1", currency="EUR", occurred_at=START, lines=(goods,))
    assert is_purchase(one)
    assert is_purchase(replace(one, lines=(goods, fees)))
    assert not is_purchase(replace(one, lines=(fees,)))
    kept = [
        sale_of(OrderDocument.of(replace(one, lines=lines)), GoodwillPolicy.KEEP)
        for lines in ((goods, fees), (fees,))
    ]
    assert kept == [Sale(kept=100, currency="EUR"), None]
