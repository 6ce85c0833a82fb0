"""A configuration that is stated ahead starts at its moment, in every process at once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from loyalty_core import (
    FactReceipt,
    Loyalty,
    PluginError,
    RulesState,
    RulesVersion,
    add_sqlite_hooks,
)
from tests.contract.conftest import Shop
from tests.toy import START, Toy, activity, config_of, order, points, refund

MOMENT = START + timedelta(days=30)
TICK = timedelta(microseconds=1)
CART: dict[str, Any] = {"currency": "USD", "lines": [{"id": "a", "amount": "60.00"}]}


def paying(rate: int, start: datetime | str | None = None) -> dict[str, Any]:
    """A configuration that pays so many points a unit, from a moment on."""
    stated = {} if start is None else {"in_force_from": str(start)}
    return config_of(settings={"per_unit": rate}, **stated)


def earned(loyalty: Loyalty, number: str) -> tuple[int, int]:
    """What an order of 60 earns now, and by which version."""
    found = loyalty.record(order(number, at=loyalty_now(loyalty)))
    why = loyalty.explain(found.transactions[0])
    assert why.config_version == why.transaction.config_version
    return why.transaction.amount, why.config_version


def loyalty_now(loyalty: Loyalty) -> datetime:
    return loyalty._parts.clock()


def states(loyalty: Loyalty) -> list[tuple[int, RulesState, datetime]]:
    return [(one.version, one.state, one.in_force_from) for one in loyalty.versions()]


def test_it_starts_at_its_moment_in_every_process(shop: Shop) -> None:
    old = shop.open(config=paying(1))
    shop.clock.advance(days=1)
    new = shop.open(config=paying(2, MOMENT))
    assert (earned(old, "1"), earned(new, "2")) == ((60, 1), (60, 1))
    assert new.config.plugins == paying(1)["plugins"]
    assert states(old) == [
        (0, RulesState.SCHEDULED, MOMENT),
        (1, RulesState.IN_FORCE, START),
    ]
    shop.clock.set(MOMENT - TICK)
    assert (earned(old, "3"), earned(new, "4")) == ((60, 1), (60, 1))
    shop.clock.set(MOMENT)
    assert (earned(old, "5"), earned(new, "6")) == ((120, 2), (120, 2))
    assert old.config.plugins == new.config.plugins == paying(2)["plugins"]
    assert states(old) == [(2, RulesState.IN_FORCE, MOMENT), (1, RulesState.PAST, START)]
    assert old.verify().problems == ()


def test_whoever_comes_after_it_keeps_to_it(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.open(config=paying(1))
    shop.open(config=paying(2, MOMENT))
    shop.clock.set(MOMENT + timedelta(days=1))
    late = shop.open(config=paying(2, MOMENT))  # nobody was there at the moment
    assert earned(late, "1") == (120, 2)
    assert states(late)[0] == (2, RulesState.IN_FORCE, MOMENT)
    assert caplog.text == ""
    again = shop.open(config=paying(1))
    assert earned(again, "2") == (120, 2)
    assert "the configuration that was opened is older" in caplog.text
    without = shop.open(config=paying(2))  # the line may go once it has started
    assert earned(without, "3") == (120, 2)
    assert len(states(without)) == 2


def test_going_back_says_since_when(shop: Shop) -> None:
    old = shop.open(config=paying(1))
    shop.open(config=paying(2, MOMENT))
    shop.clock.set(MOMENT)
    assert earned(old, "1") == (120, 2)
    shop.clock.advance(hours=1)
    back = shop.open(config=paying(1, shop.clock()))
    assert earned(back, "2") == (60, 3)
    shop.clock.advance(minutes=1)
    assert earned(old, "3") == (60, 3)  # what has a moment is everybody's, within a minute
    assert states(old)[0] == (3, RulesState.IN_FORCE, MOMENT + timedelta(hours=1))
    stale = shop.open(config=paying(2, MOMENT))
    assert earned(stale, "4") == (60, 3)


def test_a_moment_that_has_passed_is_now(shop: Shop) -> None:
    shop.open(config=paying(1))
    shop.clock.advance(days=1)
    loyalty = shop.open(config=paying(2, START - timedelta(days=9)))
    assert earned(loyalty, "1") == (120, 2)
    assert states(loyalty)[0] == (2, RulesState.IN_FORCE, START + timedelta(days=1))


def test_the_first_configuration_starts_at_once(shop: Shop) -> None:
    loyalty = shop.open(config=paying(2, MOMENT))
    assert earned(loyalty, "1") == (120, 1)
    assert states(loyalty) == [(1, RulesState.IN_FORCE, START)]


def test_what_is_changed_meanwhile_has_the_numbers_in_between(shop: Shop) -> None:
    shop.open(config=paying(1))
    shop.open(config=paying(5, MOMENT))
    shop.clock.advance(days=1)
    mended = shop.open(config=paying(3))
    assert earned(mended, "1") == (180, 2)
    assert [one.version for one in mended.versions()] == [0, 2, 1]
    shop.clock.set(MOMENT)
    assert earned(mended, "2") == (300, 3)


def test_stating_it_again_says_nothing_new(shop: Shop) -> None:
    shop.open(config=paying(1))
    for _ in range(2):
        loyalty = shop.open(config=paying(2, MOMENT))
        shop.clock.advance(days=1)
    assert [one.version for one in loyalty.versions()] == [0, 1]
    (change,) = loyalty.versions()[0].changes
    assert change == ("plugins.toy.per_unit", 1, 2)


def test_another_one_replaces_it(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    old = shop.open(config=paying(1))
    shop.open(config=paying(2, MOMENT))
    later = MOMENT + timedelta(days=5)
    shop.open(config=paying(3, later))
    assert states(old)[0] == (0, RulesState.SCHEDULED, later)
    caplog.clear()
    stale = shop.open(config=paying(2, MOMENT))
    assert "was withdrawn or replaced" in caplog.text
    shop.clock.set(MOMENT)
    assert (earned(old, "1"), earned(stale, "2")) == ((60, 1), (60, 1))
    shop.clock.set(later)
    assert (earned(old, "3"), earned(stale, "4")) == ((180, 2), (180, 2))


def test_it_is_withdrawn(shop: Shop) -> None:
    old = shop.open(config=paying(1))
    new = shop.open(config=paying(2, MOMENT))
    found = old.withdraw_scheduled()
    assert isinstance(found, RulesVersion)
    assert (found.state, found.in_force_from) == (RulesState.SCHEDULED, MOMENT)
    assert old.withdraw_scheduled() is None
    shop.open(config=paying(2, MOMENT))  # as a process that is started again does
    assert states(old) == [(1, RulesState.IN_FORCE, START)]
    shop.clock.set(MOMENT)
    after = shop.open(config=paying(2, MOMENT))
    assert [earned(one, str(n)) for n, one in enumerate((old, new, after))] == [(60, 1)] * 3
    assert old.withdraw_scheduled() is None
    stated = shop.open(config=paying(2, MOMENT + TICK))
    shop.clock.advance(days=1)
    assert earned(stated, "9") == (120, 2)


def test_what_has_started_is_not_withdrawn(shop: Shop) -> None:
    loyalty = shop.open(config=paying(1))
    shop.open(config=paying(2, MOMENT))
    shop.clock.set(MOMENT)
    assert loyalty.withdraw_scheduled() is None
    assert earned(loyalty, "1") == (120, 2)


def test_a_quote_of_then(shop: Shop) -> None:
    loyalty = shop.open(config=paying(1))
    shop.open(config=paying(2, MOMENT))

    def quoted(at: datetime | None) -> tuple[int, int]:
        found = loyalty.quote(CART, at=at)
        return found.earned("points"), found.config_version

    assert (quoted(None), quoted(MOMENT - TICK)) == ((60, 1), (60, 1))
    assert quoted(MOMENT) == quoted(MOMENT + timedelta(days=900)) == (120, 0)
    shop.clock.set(MOMENT + timedelta(days=1))
    assert (quoted(None), quoted(MOMENT), quoted(MOMENT - TICK)) == ((120, 2), (120, 2), (60, 1))


def test_facts_keep_the_rules_that_decided_them_first(shop: Shop) -> None:
    loyalty = shop.open(config=paying(1))
    member = loyalty.record(order("1")).member_id or ""
    shop.open(config=paying(2, MOMENT))
    shop.clock.set(MOMENT + timedelta(days=1))
    late = loyalty.record(order("2", at=START))
    assert loyalty.explain(late.transactions[0]).config_version == 2
    assert points(loyalty, member)[0] == 60 + 120
    taken = loyalty.record(refund("r", at=shop.clock())).transactions[0]
    assert points(loyalty, member)[0] == 120
    why = loyalty.explain(taken)  # booked under the new rules, decided by the old ones
    assert (why.transaction.config_version, why.config_version) == (2, 1)


def test_it_starts_in_the_middle_of_an_import(shop: Shop) -> None:
    loyalty = shop.open(config=paying(1))
    shop.open(config=paying(2, MOMENT))
    shop.clock.set(MOMENT - TICK)
    received: list[FactReceipt] = []

    def on_receipt(_: int, receipt: FactReceipt) -> None:
        received.append(receipt)
        shop.clock.set(MOMENT)

    facts = [order(str(number), at=START) for number in range(3)]
    loyalty.record_many(facts, on_receipt=on_receipt, chunk=1)
    amounts = [loyalty.explain(one.transactions[0]).transaction.amount for one in received]
    assert amounts == [60, 120, 120]


def test_many_start_it_at_the_same_time(shop: Shop) -> None:
    every = [shop.open(config=paying(1)) for _ in range(4)]
    shop.open(config=paying(2, MOMENT))
    shop.clock.set(MOMENT)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(earned, every, "abcd"))
    assert found == [(120, 2)] * 4
    assert [one.version for one in every[0].versions()] == [2, 1]


def test_in_a_hosts_transaction_that_is_rolled_back(shop: Shop) -> None:
    loyalty = shop.open(config=paying(1))
    shop.open(config=paying(2, MOMENT))
    shop.clock.set(MOMENT - TICK)
    host = create_engine(shop.url)
    if host.dialect.name == "sqlite":
        add_sqlite_hooks(host)
    with host.connect() as connection:
        connection.execute(text("create table cart (id integer)"))  # SQLite has one writer
        with loyalty.using(connection) as before:
            assert earned(before, "0") == (60, 1)
            shop.clock.set(MOMENT)
            assert earned(before, "1") == (120, 2)
        with loyalty.using(connection) as after:
            assert earned(after, "2") == (120, 2)
        connection.rollback()
    host.dispose()
    assert earned(loyalty, "1") == (120, 2)
    assert states(loyalty) == [(2, RulesState.IN_FORCE, MOMENT), (1, RulesState.PAST, START)]


def test_tiers_are_those_of_the_new_rules(shop: Shop) -> None:
    def config(spend: str, **more: Any) -> Any:
        regular = {"tier": "regular", "name": "Regular"}
        vip = {"tier": "vip", "name": "VIP", "all_of": [{"metric": "spend", "at_least": spend}]}
        scheme = {"scheme": "status", "tier": [regular, vip]}
        return config_of(plugins={"tiers": {"scheme": [scheme]}}, **more)

    loyalty = shop.open(config=config("100.00"))
    member = loyalty.record(order("1")).member_id or ""
    loyalty.tick()
    shop.open(config=config("50.00", in_force_from=str(MOMENT)))

    def tiers() -> list[str]:
        return [one.tier.tier for one in loyalty.statement(member).standings if one.tier]

    shop.clock.set(MOMENT - TICK)
    loyalty.record(order("2", "1.00", at=shop.clock()))
    assert (loyalty.tick().standings, tiers()) == (0, ["regular"])
    shop.clock.set(MOMENT)
    assert (loyalty.tick().standings, loyalty.tick().standings) == (1, 0)  # looked at once more
    loyalty.record(order("3", "1.00", at=MOMENT))
    assert tiers() == ["vip"]


def test_the_nightly_jobs_deliver_by_the_new_rules(shop: Shop) -> None:
    loyalty = shop.open(config=config_of(settings={"activities": {"review": 5}}))
    loyalty.record(activity("1"))
    shop.toy.subscribed = ("points_credited",)
    new = config_of(settings={"activities": {"review": 9}}, in_force_from=str(MOMENT))
    shop.open(config=new)
    shop.clock.set(MOMENT)
    assert loyalty.tick().delivered == 0  # nobody was subscribed then
    loyalty.record(activity("2", at=MOMENT))
    assert loyalty.tick().delivered == 1
    assert [one.data["amount"] for one in shop.toy.received] == [9]


class Other(Toy):
    """Another plugin, which only some processes have."""


def with_other(start: datetime | None = None) -> Mapping[str, Any]:
    stated = {} if start is None else {"in_force_from": str(start)}
    return config_of(plugins={"toy": {}, "other": {"per_unit": 2}}, **stated)


def test_a_process_without_its_plugin_says_so_and_books_nothing(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    old = shop.open(config=config_of())
    other = Other(id="other")
    new = shop.open(config=with_other(MOMENT), toys=(shop.toy, other))
    assert earned(new, "1") == (60, 1)
    shop.clock.advance(minutes=1)
    assert caplog.text == ""
    assert earned(old, "2") == (60, 1)
    assert "that this process cannot keep to" in caplog.text  # it is told before it fails
    shop.clock.set(MOMENT)
    with pytest.raises(PluginError, match="version 2 of the configuration is in force since"):
        old.record(order("3", at=MOMENT))
    found = new.record(order("4", at=MOMENT))
    amounts = [new.explain(one).transaction.amount for one in found.transactions]
    assert sorted(amounts) == [60, 120]
    assert len(new.history(found.member_id or "").items) == 4
    assert old.config.version == 1


def test_it_is_not_stated_where_the_rules_of_now_cannot_be_kept_to(shop: Shop) -> None:
    other = Other(id="other")
    before = shop.open(config=with_other(), toys=(shop.toy, other))
    with pytest.raises(PluginError, match="version 1 of the configuration is in force"):
        shop.open(config=paying(2, MOMENT))
    assert states(before) == [(1, RulesState.IN_FORCE, START)]


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("2027-01-01", datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("2027-01-01T00:00:00", datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("2027-07-01T12:00:00", datetime(2027, 7, 1, 10, tzinfo=UTC)),
        ("2027-01-01T00:00:00-05:00", datetime(2027, 1, 1, 5, tzinfo=UTC)),
    ],
)
def test_it_is_in_the_programs_zone(shop: Shop, stated: str, moment: datetime) -> None:
    berlin = {"time_zone": "Europe/Berlin"}
    shop.open(config=config_of(**berlin))
    loyalty = shop.open(config=config_of(**berlin, name="New", in_force_from=stated))
    assert states(loyalty)[0] == (0, RulesState.SCHEDULED, moment)


def test_a_backtest_goes_by_its_own_date(shop: Shop) -> None:
    loyalty = shop.open(config=paying(1))
    loyalty.record(order("1"))
    shop.clock.advance(days=1)
    found = loyalty.backtest(paying(2, MOMENT), since=START - timedelta(days=1))
    assert (found.months[-1].was.earned, found.months[-1].would.earned) == (60, 120)
    same = loyalty.backtest(paying(1, MOMENT), since=START - timedelta(days=1))
    assert same.replayed == 0
    assert [one.version for one in loyalty.versions()] == [1]


def test_what_starts_is_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "loyalty_core")
    shop.open(config=paying(1))
    loyalty = shop.open(config=paying(2, MOMENT))
    assert "another configuration starts at 2026-07-01T12:00:00Z" in caplog.text
    shop.clock.set(MOMENT)
    loyalty.record(order("1"))
    assert "version 2 of the configuration is in force" in caplog.text


def test_a_question_of_another_time_starts_nothing(shop: Shop) -> None:
    loyalty = shop.open(config=paying(1))
    shop.open(config=paying(2, MOMENT))
    asked = loyalty._asked_at(MOMENT + timedelta(days=9))
    assert asked.quote(CART).config_version == 1
    assert states(loyalty)[0] == (0, RulesState.SCHEDULED, MOMENT)


def test_a_clock_that_was_set_back_is_no_reason_to_look_away(shop: Shop) -> None:
    loyalty = shop.open(config=paying(1))
    shop.clock.set(MOMENT + timedelta(days=900))
    assert earned(loyalty, "1") == (60, 1)
    shop.clock.set(START)
    shop.open(config=paying(2, MOMENT))
    shop.clock.set(MOMENT)
    assert earned(loyalty, "2") == (120, 2)


def test_what_starts_by_a_clock_that_is_fast_waits_for_ours(shop: Shop) -> None:
    loyalty = shop.open(config=paying(1))
    shop.open(config=paying(2, MOMENT))
    fast = Loyalty.open(paying(1), shop.url, plugins=[Toy()], clock=lambda: MOMENT)
    assert fast.config.version == 2
    fast.close()
    shop.clock.set(MOMENT - TICK)
    assert earned(loyalty, "1") == (60, 1)
    shop.clock.set(MOMENT)
    assert earned(loyalty, "2") == (120, 2)
