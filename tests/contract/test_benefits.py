"""Benefits, standings and following, through a plugin of a third party."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from loyalty_core import (
    Benefit,
    BenefitKind,
    Credit,
    Decidable,
    Effect,
    GrantedBenefit,
    KeepState,
    MemberView,
    Outcome,
    PluginManifest,
    RecordStatus,
    Standing,
    Tier,
    hookimpl,
)
from tests.contract.conftest import Shop
from tests.toy import START, config_of, order, refund

HALF = Benefit(benefit="half", kind=BenefitKind.PERCENT_OFF, percent=Decimal(50))
TIERS = tuple(Tier(tier=name, name=name, rank=rank) for rank, name in enumerate(("new", "old")))


@dataclass(eq=False)
class Regulars:
    """Who bought is a regular for thirty days after, and pays half; and gets a tenth in points."""

    failing: set[str] = field(default_factory=set)
    followed: list[Outcome] = field(default_factory=list)
    views: list[MemberView] = field(default_factory=list)
    lasts: timedelta = timedelta(days=30)
    id = "regulars.status"
    scheme = "status"
    tiers = TIERS
    manifest = PluginManifest(id="regulars", version="1", requires_plugin_api=">=1.1,<2")

    @hookimpl
    def loyalty_register_programs(self) -> Iterable[Any]:
        return [self]

    @hookimpl
    def loyalty_register_benefits(self) -> Iterable[Any]:
        return [self]

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        self.views.append(member)
        return []

    def follow(self, outcome: Outcome, member: MemberView) -> Sequence[Effect]:
        self.followed.append(outcome)
        if "follow" in self.failing:
            raise ValueError("a defect")
        left = outcome.returned[-1].value if outcome.returned else outcome.value
        credit = Credit(wallet="points", amount=left // 1000, rule="tenth")
        return [credit, KeepState({"last": outcome.fact.occurred_at.isoformat()})]

    def standing(self, member: MemberView, at: datetime) -> Standing:
        if "standing" in self.failing:
            raise ValueError("a defect")
        last = member.state.get("last")
        until = datetime.fromisoformat(str(last)) + self.lasts if last else None
        if until is None or at >= until:
            return Standing(scheme="status", tier=TIERS[0], since=until)
        return Standing(
            scheme="status", tier=TIERS[1], since=until - self.lasts, until=until, changes_at=until
        )

    def benefits(self, member: MemberView, at: datetime) -> Sequence[GrantedBenefit]:
        if self.standing(member, at).held == "new":
            return []
        return [GrantedBenefit(benefit=HALF, source=self.id, why="regular")]


def opened(shop: Shop, per_unit: int = 1, **given: Any) -> tuple[Any, Regulars]:
    regulars = Regulars()
    plugins = {"toy": {"per_unit": per_unit}, "regulars": {}}
    config = config_of(plugins=plugins, **given)
    return shop.open(config=config, toys=(shop.toy, regulars)), regulars


def test_a_program_sees_the_tiers_and_benefits_from_before_the_fact(shop: Shop) -> None:
    loyalty, regulars = opened(shop)
    loyalty.record(order("1"))
    loyalty.record(order("2", occurred_at=(START + timedelta(hours=1)).isoformat()))
    assert [view.profile.tiers for view in regulars.views] == [{"status": "new"}, {"status": "old"}]
    assert [[one.benefit for one in view.benefits] for view in regulars.views] == [[], [HALF]]
    assert {view.joined_at for view in regulars.views} == {START}


def test_a_quote_and_a_redemption_are_at_the_member_price(shop: Shop) -> None:
    loyalty, _ = opened(shop)
    member = loyalty.record(order("1")).member_id
    lines = [{"id": "a", "amount": "9.00"}, {"id": "b", "amount": "1.01"}]
    cart = {"currency": "EUR", "lines": lines, "shipping": "2.00"}
    quote = loyalty.quote(cart, member)
    assert quote.pricing is not None
    assert [line.member_price for line in quote.pricing.lines] == [450, 50, 200]
    assert (str(quote.pricing.price), str(quote.pricing.member_price)) == ("12.01 EUR", "7.00 EUR")
    assert quote.earned("points") == 6  # 4 for a, 0 for b, 2 for shipping by the toy; 0 tenths
    assert quote.standings[0].held == "old"
    assert loyalty.quote(cart).pricing.member_price.amount_minor == 1201


def test_the_catalogue_and_what_is_bought_by_itself_go_by_the_tier_held(shop: Shop) -> None:
    cup = {"kind": "product", "product": "CUP", "points": 40}
    rewards = {
        "cup": {**cup, "prices": [{"points": 30, "tiers": ["old"]}]},
        "plate": {**cup, "for_tiers": ["old"]},
        "bowl": {**cup, "points": 100, "for_tiers": ["old"], "auto_issue": True},
        "pot": {**cup, "for_tiers": ["new"]},
    }
    plugins = {"toy": {"per_unit": 1}, "regulars": {}}
    config = config_of(plugins=plugins) | {"rewards": rewards}
    loyalty: Any = shop.open(config=config, toys=(shop.toy, Regulars()))

    def seen(member: str) -> dict[str, int | None]:
        return {one.id: one.points for one in loyalty.rewards(member) if one.kind}

    member = loyalty.enrol({"email": "ada@example.org"}).id
    loyalty.adjust(member, "points", 120, reason="r", actor="a", key="welcome")
    assert (seen(member), loyalty.grants(member)) == ({"cup": 40, "pot": 40}, ())
    loyalty.record(order("1"))  # 66 points, and the tier
    assert seen(member) == {"cup": 30, "plate": 40, "bowl": 100}
    assert [one.reward for one in loyalty.grants(member)] == ["bowl"]
    assert loyalty.balance(member, "points") == 86
    shop.clock.advance(hours=24 * 30)
    assert seen(member) == {"cup": 40, "pot": 40}
    loyalty.adjust(member, "points", 120, reason="r", actor="a", key="more")
    assert len(loyalty.grants(member)) == 1


def test_a_follower_is_asked_again_when_refunds_change_and_its_credit_is_its_own(
    shop: Shop,
) -> None:
    loyalty, regulars = opened(shop)
    member = loyalty.record(order("1")).member_id
    assert (regulars.followed[-1].value, regulars.followed[-1].returned) == (6000, ())
    assert [one.amount for one in regulars.followed[-1].credits] == [60]  # the toy's alone
    assert loyalty.balance(member, "points") == 66
    shop.clock.advance(hours=2)
    half = {"lines": [{"line": "a", "amount": "15.00"}]}
    loyalty.record(refund("r1", at=START + timedelta(hours=1), **half))
    (told,) = regulars.followed[-1].returned
    assert (told.value, told.points, told.whole) == (4500, {"points": 45}, False)
    assert told.at == START + timedelta(hours=1)
    assert loyalty.balance(member, "points") == 49
    loyalty.record(refund("r2"))  # comes later, happened with the order
    told = regulars.followed[-1].returned
    assert [(one.at, one.value, one.whole) for one in told] == [
        (START, 0, True),
        (START + timedelta(hours=1), 0, True),
    ]
    assert loyalty.balance(member, "points") == 0
    asked = len(regulars.followed)
    loyalty.record(refund("r2"))
    assert len(regulars.followed) == asked
    assert loyalty.verify().problems == ()


def test_a_source_that_fails_defers_its_part_alone_and_is_tried_again(shop: Shop) -> None:
    loyalty, regulars = opened(shop)
    regulars.failing.add("standing")
    receipt = loyalty.record(order("1"))
    assert receipt.status is RecordStatus.DEFERRED
    toys = loyalty.balance(receipt.member_id, "points")
    assert toys > 0
    assert loyalty.statement(receipt.member_id).standings == ()
    assert loyalty.quote({"currency": "EUR", "lines": [{"id": "a", "amount": "9.00"}]}).failed == ()
    regulars.failing.clear()
    shop.clock.advance(hours=1)
    assert loyalty.tick().retried_facts == 1
    assert loyalty.statement(receipt.member_id).standing("status").held == "old"
    assert loyalty.balance(receipt.member_id, "points") >= toys


def test_jobs_tell_of_what_time_changed_in_chunks_and_once(shop: Shop) -> None:
    loyalty, _ = opened(shop)
    for number in range(3):
        loyalty.record(order(str(number), email=f"{number}@example.org"))
    shop.clock.advance(days=29)
    assert loyalty.tick().standings == 0
    shop.clock.advance(days=1)
    assert (loyalty.tick().standings, loyalty.tick().standings) == (3, 0)


def test_jobs_tell_of_what_another_configuration_changed_and_once(shop: Shop) -> None:
    loyalty, _ = opened(shop)
    for number in range(3):
        loyalty.record(order(str(number), email=f"{number}@example.org"))
    shop.clock.advance(days=20)
    assert loyalty.tick().standings == 0
    shop.toy.subscribed = ("tier_changed",)
    edited, regulars = opened(shop, per_unit=2)
    regulars.lasts = timedelta(days=10)
    assert (edited.tick().delivered, edited.tick().standings) == (3, 0)
    assert {event.data["tier"] for event in shop.toy.received} == {"new"}
    again, regulars = opened(shop, per_unit=3)
    regulars.lasts = timedelta(days=10)
    regulars.failing.add("standing")
    again.tick()
    assert (again.tick().standings, len(shop.toy.received)) == (0, 3)


def test_a_program_without_sources_has_no_prices_and_reads_no_standings(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order("1")).member_id
    quote = loyalty.quote({"currency": "EUR", "lines": [{"id": "a", "amount": "9.00"}]}, member)
    assert (quote.pricing, quote.standings, loyalty.tiers()) == (None, (), {})
