"""Plugins that fail, configurations that change, and events that must arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from loyalty_core import (
    Event,
    InsufficientPoints,
    Loyalty,
    PluginFailed,
    Profile,
    RecordStatus,
    hookimpl,
)
from loyalty_core.storage import tables
from tests.contract.conftest import Shop
from tests.toy import START, Toy, ToyFailure, ToyProgram, order, points, refund

TWO = {"toy": {}, "other": {}}


def states(loyalty: Loyalty, member: str | None = None) -> Any:
    """What plugins keep of a member, or of the only one."""
    kept = select(tables.member.c.state)
    chosen = kept if member is None else kept.where(tables.member.c.id == member)
    with loyalty._parts.store._engine.connect() as connection:
        return connection.scalar(chosen)


def test_a_failing_program_is_deferred_and_the_others_book(shop: Shop) -> None:
    toy, other = shop.toy, Toy("other")
    loyalty = shop.open(plugins=TWO, toys=(toy, other))
    toy.failing.add("1")
    receipt = loyalty.record(order())
    assert (receipt.status, receipt.changes) == (RecordStatus.DEFERRED, {"points": 60})
    assert loyalty.status().deferred_facts == 1
    shop.clock.advance(hours=1)
    assert loyalty.tick().retried_facts == 1
    assert points(loyalty, receipt.member_id or "") == (60, 60, 0, 0)
    toy.failing.clear()
    assert loyalty.tick().retried_facts == 0
    shop.clock.advance(days=1)
    assert loyalty.tick().retried_facts == 1
    assert points(loyalty, receipt.member_id or "") == (120, 120, 0, 0)
    assert loyalty.status().deferred_facts == 0
    shop.clock.advance(days=1)
    assert loyalty.tick().retried_facts == 0
    assert loyalty.verify().problems == ()


def test_an_edit_while_a_program_fails_keeps_what_it_gave_before(shop: Shop) -> None:
    toy = shop.toy
    loyalty = shop.open()
    member = loyalty.record(order(version=1)).member_id or ""
    toy.failing.add("1")
    receipt = loyalty.record(order(amount="90.00", version=2))
    assert (receipt.status, receipt.changes) == (RecordStatus.DEFERRED, {})
    assert points(loyalty, member) == (60, 60, 0, 0)
    toy.failing.clear()
    shop.clock.advance(days=1)
    loyalty.tick()
    assert points(loyalty, member) == (90, 90, 0, 0)


class Bad(Toy):
    """A toy whose program returns whatever a test wants."""

    returned: Any = ()

    def decide(self, fact: Any, member: Any) -> Any:
        return self.returned


def bad_effects() -> list[Any]:
    from loyalty_core import Credit, Emit, KeepState

    def credit(**given: Any) -> Any:
        return Credit(**({"wallet": "points", "amount": 5, "rule": "r"} | given))

    naive = START.replace(tzinfo=None)
    return [
        [credit(amount=-5)],
        [credit(amount=1.5)],
        [credit(amount=True)],
        [credit(amount=10**15)],
        [credit(wallet="gems")],
        [credit(lines={"a": 4})],
        [credit(lines={"a": 9, "b": -4})],
        [credit(lines={"unknown": 5})],
        [credit(activates_at=naive)],
        [credit(expires_at=naive)],
        [credit(), credit()],
        [KeepState({"at": START})],
        [KeepState({"rate": 1.5})],
        [KeepState({1: 2})],
        [KeepState({"text": "a\x00b"})],
        [Emit(type="other.thing")],
        [Emit(type="toy.thing", data={"at": START})],
        [Emit(type=None)],  # type: ignore[arg-type]
        ["credit"],
        None,
        5,
    ]


@pytest.mark.parametrize("number", range(len(bad_effects())))
def test_what_a_program_may_not_return_is_its_own_failure(
    sqlite_shop: Shop, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Toy("other")
    loyalty = sqlite_shop.open(plugins=TWO, toys=(sqlite_shop.toy, other))
    owned = next(one for one in loyalty._parts.rules.programs if one.plugin == "toy")
    monkeypatch.setattr(type(owned.item), "decide", _answer(bad_effects()[number]))
    receipt = loyalty.record(order())
    assert (receipt.status, receipt.changes) == (RecordStatus.DEFERRED, {"points": 60})
    assert loyalty.verify().problems == ()


def _answer(effects: Any) -> Any:
    decide = type(Toy().loyalty_register_programs(None, None)[0]).decide  # type: ignore[arg-type]

    def answer(self: Any, fact: Any, member: Any) -> Any:
        return effects if self.toy.id == "toy" else decide(self, fact, member)

    return answer


@pytest.mark.hard_case("H35", "H43")
def test_a_failing_reward_aborts_and_books_nothing(shop: Shop) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    shop.toy.failing.add("offer")
    with pytest.raises(PluginFailed):
        loyalty.redeem(member, points=5, key="k")
    assert points(loyalty, member) == (60, 60, 0, 0)
    quote = loyalty.quote({"currency": "USD", "lines": [{"id": "a", "amount": "9.00"}]}, member)
    assert (quote.failed, quote.earned("points"), dict(quote.offers)) == (("toy",), 9, {})
    shop.toy.failing.clear()
    assert loyalty.redeem(member, points=5, key="k").points == 5


@pytest.mark.hard_case("H5", "H40")
def test_an_order_is_decided_by_the_configuration_it_was_first_decided_by(shop: Shop) -> None:
    old = shop.open()
    member = old.record(order(version=1)).member_id or ""
    new = shop.open(settings={"per_unit": 10})
    assert new.config.version == 2
    assert new.record(order(amount="70.00", version=2)).changes == {"points": 10}
    assert new.record(order("2", "1.00")).changes == {"points": 10}
    assert points(new, member) == (80, 80, 0, 0)
    assert new.explain(new.history(member).items[-1].transaction.id).config_version == 1
    assert new.record(refund("r", amount="35.00")).changes == {"points": -35}
    assert new.record(refund("r", "2", amount="0.50")).changes == {"points": -5}
    assert points(new, member) == (40, 40, 0, 0)


def test_an_order_is_decided_on_the_profile_it_was_first_decided_on(shop: Shop) -> None:
    loyalty = shop.open(settings={"tagged": 7})
    ada = {"email": "ada@example.org"}
    member = loyalty.enrol(ada, profile=Profile(tags=("vip",))).id
    assert loyalty.record(order(version=1)).changes == {"points": 67}
    loyalty.enrol(ada, profile=Profile())
    loyalty.record(order(version=2, status="cancelled"))
    assert points(loyalty, member) == (0, 0, 0, 0)
    assert loyalty.record(order(version=3)).changes == {"points": 67}
    assert loyalty.record(order("2")).changes == {"points": 60}


def test_a_plugin_that_was_taken_away_stops_no_later_fact(shop: Shop) -> None:
    old = shop.open(plugins=TWO, toys=(shop.toy, Toy("other")))
    member = old.record(order()).member_id or ""
    assert points(old, member) == (120, 120, 0, 0)
    new = shop.open(settings={"first_order": 5})
    late = new.record(order("0", "1.00", at=START - timedelta(days=1)))
    assert (late.status, late.changes) == (RecordStatus.BOOKED, {"points": 6})
    new.record(refund("r"))
    assert points(new, member) == (6, 6, 0, 0)
    shop.clock.advance(days=1)
    new.tick()
    assert points(new, member) == (6, 6, 0, 0)
    assert new.verify().problems == ()


def test_a_plugin_that_was_taken_away_keeps_what_it_had_kept(shop: Shop) -> None:
    """It cannot decide the facts again that a late one makes others decide again."""
    capped = {"toy": {}, "other": {"daily_cap": 500}}
    old = shop.open(plugins=capped, toys=(shop.toy, Toy("other")))
    for number in (1, 2, 3):
        old.record(order(str(number), at=START + timedelta(minutes=number)))
    kept = {"other": {"day": START.date().isoformat(), "points": 180}}
    assert states(old) == kept
    new = shop.open()
    new.record(order("0", "1.00", at=START))
    new.record(order("2", "2.00", at=START + timedelta(minutes=2), version=2))
    assert states(new) == kept
    new.record(order("4", at=START + timedelta(minutes=4)))
    assert states(new) == kept
    assert new.verify().problems == ()


def test_a_plugin_that_was_taken_away_comes_back_to_what_it_had(shop: Shop) -> None:
    """Also before the first fact that it kept anything of."""
    capped = {"toy": {}, "other": {"daily_cap": 100}}
    other = Toy("other", failing={"1"})
    old = shop.open(plugins=capped, toys=(shop.toy, other))
    for number in (1, 2, 3):
        old.record(order(str(number), at=START + timedelta(minutes=number)))
    member = old.find({"email": "ada@example.org"})
    assert member is not None
    assert points(old, member.id)[0] == 3 * 60 + 100
    shop.open().record(order("0", "1.00", at=START))
    back = shop.open(plugins=capped, toys=(shop.toy, Toy("other")))
    again = order("2", "61.00", at=START + timedelta(minutes=2), version=2)
    assert back.record(again).changes == {"points": 2}
    assert points(back, member.id)[0] == 3 * 60 + 100 + 2
    assert back.verify().problems == ()


@dataclass(frozen=True)
class _Uniting(ToyProgram):
    """Adds the points of two members up."""

    def merge_states(self, kept: Any, other: Any) -> Any:
        return {**other, **kept, "points": kept.get("points", 0) + other.get("points", 0)}


@dataclass(eq=False)
class _UnitingToy(Toy):
    @hookimpl
    def loyalty_register_programs(self, config: Any, program: Any) -> Any:
        return [_Uniting(self, config)]


@pytest.mark.parametrize("installed", [True, False])
def test_a_plugin_that_is_off_keeps_what_it_had_united(shop: Shop, installed: bool) -> None:
    """It cannot unite again what a late fact before the merge makes the core unite again."""
    capped = {"toy": {}, "other": {"daily_cap": 500}}
    old = shop.open(plugins=capped, toys=(shop.toy, _UnitingToy("other")))
    ada = old.record(order("1")).member_id or ""
    bob = old.record(order("2", "50.00", email="bob@example.org")).member_id or ""
    shop.clock.advance(minutes=1)
    old.merge(ada, bob, key="m")
    kept = {"other": {"day": START.date().isoformat(), "points": 110}}
    assert states(old, ada) == kept
    new = shop.open(toys=(shop.toy, _UnitingToy("other")) if installed else (shop.toy,))
    new.record(order("0", "1.00", at=START - timedelta(days=1)))
    assert states(new, ada) == kept
    assert new.verify().problems == ()


def test_the_same_configuration_has_the_same_version(shop: Shop) -> None:
    assert [shop.open().config.version for _ in range(3)] == [1, 1, 1]
    assert shop.open(settings={"per_unit": 2}).config.version == 2
    assert shop.open(settings={"per_unit": 2}).config.version == 2


def test_two_programs_with_other_plugins_live_in_one_process(shop: Shop) -> None:
    generous = Toy("other")
    one = shop.open(program="one")
    two = shop.open(program="two", plugins={"other": {"per_unit": 3}}, toys=(generous,))
    assert one.record(order()).changes == {"points": 60}
    assert two.record(order()).changes == {"points": 180}
    assert (shop.toy.asked, generous.asked) == (["1"], ["1"])
    assert [plugin.manifest.id for plugin in one.plugins] == ["toy"]
    assert [reward.id for reward in two.rewards()] == ["other.money"]


# -- events ---------------------------------------------------------------------------------------


def subscribed(*kinds: str) -> tuple[Toy, list[Event]]:
    toy = Toy(subscribed=kinds)
    return toy, toy.received


def test_events_are_delivered_once(shop: Shop) -> None:
    toy, received = subscribed("member_enrolled", "points_credited", "points_redeemed")
    loyalty = shop.open(toys=(toy,))
    member = loyalty.record(order()).member_id or ""
    loyalty.redeem(member, points=5, key="k")
    assert received == []
    assert loyalty.status().pending_deliveries == 3
    assert loyalty.tick().delivered == 3
    assert loyalty.tick().delivered == 0
    assert {one.type for one in received} == set(toy.subscribed)
    credited = next(one for one in received if one.type == "points_credited")
    assert (credited.member_id, credited.data["amount"]) == (member, 60)
    assert len({one.id for one in received}) == 3
    assert loyalty.status().pending_deliveries == 0


def test_an_emitted_event_is_told_once_even_if_the_fact_is_decided_again(shop: Shop) -> None:
    toy, received = subscribed("toy.decided")
    loyalty = shop.open(toys=(toy,), settings={"emits": True, "first_order": 5})
    toy.failing.add("2")
    loyalty.record(order("2"))
    toy.failing.clear()
    loyalty.record(order("1", at=START - timedelta(days=1)))
    shop.clock.advance(days=1)
    loyalty.tick()
    loyalty.record(order("1", "70.00", at=START - timedelta(days=1), version=2))
    loyalty.tick()
    assert sorted(str(one.data["fact"]) for one in received) == ["1", "2"]


def test_what_is_rolled_back_is_not_told(shop: Shop) -> None:
    toy, received = subscribed("points_redeemed", "points_credited")
    loyalty = shop.open(toys=(toy,))
    member = loyalty.record(order()).member_id or ""
    with pytest.raises(InsufficientPoints):
        loyalty.redeem(member, points=61, key="k")
    loyalty.tick()
    assert [one.type for one in received] == ["points_credited"]


def failing_handler(shop: Shop) -> tuple[Toy, Loyalty]:
    toy, _ = subscribed("points_credited")

    def fail(event: Event) -> None:
        raise ToyFailure(event.id)

    toy.on_event = fail
    loyalty = shop.open(toys=(toy,))
    loyalty.record(order())
    return toy, loyalty


def test_a_failing_handler_is_tried_again_later(shop: Shop) -> None:
    toy, loyalty = failing_handler(shop)
    report = loyalty.tick()
    assert (report.delivered, report.delivery_failures) == (0, 1)
    assert loyalty.tick().delivery_failures == 0
    toy.on_event = None
    shop.clock.advance(days=1)
    assert loyalty.tick().delivered == 1
    assert len(toy.received) == 1


def test_a_handler_that_always_fails_is_given_up(shop: Shop) -> None:
    _, loyalty = failing_handler(shop)
    failures = []
    for _ in range(20):
        failures.append(loyalty.tick().delivery_failures)
        shop.clock.advance(days=1)
    assert failures == [1] * 12 + [0] * 8
    assert (loyalty.status().pending_deliveries, loyalty.status().dead_deliveries) == (0, 1)
