"""What a plugin keeps of members, through releases that keep something else."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import create_engine, select

from loyalty_core import (
    Decidable,
    Effect,
    Json,
    KeepState,
    Loyalty,
    MemberView,
    PluginError,
    PluginFailed,
    PluginManifest,
    PluginState,
    RecordStatus,
    StateStep,
    hookimpl,
)
from loyalty_core.storage.tables import member as member_table
from tests.contract.conftest import Shop
from tests.platform.stamping import STEPS, Stamping, as_number
from tests.toy import START, activity, order, points

ON = {"toy": {}, "stamping": {}}
BOB = "bob@example.org"
CART: dict[str, Json] = {"currency": "USD", "lines": [{"id": "a", "amount": "1.00"}]}
DAY = timedelta(days=1)


class Lying(Stamping):
    """One that writes a version into what it keeps."""

    @hookimpl
    def loyalty_register_programs(self) -> Any:
        return [self]

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        return [KeepState({"~version": 5})]


def opened(shop: Shop, release: int, plugin: Stamping | None = None) -> Loyalty:
    return shop.open(plugins=ON, toys=(shop.toy, plugin or Stamping(release)))


def sold(number: int, **given: Any) -> dict[str, Any]:
    return order(str(number), "1.00", at=START + number * DAY, **given)


def state_of(shop: Shop, member_id: str) -> Mapping[str, Json]:
    """What is in the database, as it is there."""
    engine = create_engine(shop.url)
    with engine.connect() as connection:
        table = member_table
        found = connection.scalar(select(table.c.state).where(table.c.id == member_id))
    engine.dispose()
    made: Mapping[str, Json] = found.get("stamping", {})
    return made


@pytest.mark.parametrize("path", [(1, 3), (1, 2, 3), (2, 3), (1, 2, 2, 3), (1, 1, 3)])
def test_every_way_to_a_release_ends_in_the_same_points(shop: Shop, path: tuple[int, ...]) -> None:
    shop.clock.advance(days=30)
    for number, release in enumerate(path, 1):
        loyalty = opened(shop, release)
        receipt = loyalty.record(sold(number))
        assert receipt.status is RecordStatus.BOOKED
    ada = receipt.member_id or ""
    assert points(loyalty, ada)[0] == sum(10 * one + 1 for one in range(1, len(path) + 1))
    assert loyalty.statement(ada).shown["stamping"] == {"stamps": len(path)}
    assert state_of(shop, ada) == {
        "~version": 3,
        "stamps": len(path),
        "spent": {str(len(path)): 100},
    }
    assert loyalty.verify().problems == ()


def test_what_is_read_alone_is_read_as_well(shop: Shop) -> None:
    """Two releases later, before anything was written: shown, quoted and spent."""
    ada = opened(shop, 1).record(order()).member_id or ""
    later = opened(shop, 3)
    assert state_of(shop, ada) == {"count": "1"}
    assert later.statement(ada).shown["stamping"] == {"stamps": 1}
    quote = later.quote(CART, ada)
    assert [one.amount for one in quote.earnings if one.plugin == "stamping"] == [20]
    assert quote.offers["stamping.worth"].refusal == ""
    assert quote.failed == ()
    assert [one.points for one in later.rewards(ada) if one.id == "stamping.worth"] == [70]
    later.redeem(ada, reward="stamping.worth", points=5, key="r")
    assert state_of(shop, ada) == {"count": "1"}


def test_a_fact_that_comes_late_goes_through_states_of_all_releases(shop: Shop) -> None:
    shop.clock.advance(days=30)
    opened(shop, 1).record(sold(2))
    opened(shop, 2).record(sold(4))
    stamping = Stamping(3)
    latest = opened(shop, 3, stamping)
    ada = latest.record(sold(6)).member_id or ""
    latest.record(sold(1))
    assert points(latest, ada)[0] == 10 + 20 + 30 + 40 + 4
    assert state_of(shop, ada)["stamps"] == 4
    stamping.decided.clear()
    latest.record(activity("look", at=START + 3 * DAY))  # makes no difference to what follows
    assert len(stamping.decided) == 1
    latest.record(sold(5))
    assert points(latest, ada)[0] == 10 + 20 + 30 + 40 + 50 + 5


def test_what_makes_no_difference_stops_at_states_of_older_releases(shop: Shop) -> None:
    shop.clock.advance(days=30)
    first = opened(shop, 1)
    for number in (1, 3, 5):
        ada = first.record(sold(number)).member_id or ""
    stamping = Stamping(3)
    latest = opened(shop, 3, stamping)
    latest.record(sold(3, version=2))
    assert len(stamping.decided) == 2  # the fact itself, and the next, whose state knows no sums
    assert points(latest, ada)[0] == 10 + 20 + 30 + 3


def test_a_release_that_was_taken_back_loses_nothing_and_says_what_to_do(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.clock.advance(days=30)
    ada = opened(shop, 3).record(sold(1)).member_id or ""
    kept = {"~version": 3, "stamps": 1, "spent": {"1": 100}}
    older = opened(shop, 2)
    with caplog.at_level(logging.ERROR, "loyalty_core"):
        receipt = older.record(sold(2))
    assert receipt.status is RecordStatus.DEFERRED
    (said,) = caplog.messages
    assert said == (
        "plugin 'stamping' knows states up to version 2, and that of the member is of version 3. "
        "A later release of the plugin wrote it: install that one. Nothing is lost."
    )
    assert points(older, ada)[0] == 11 + 1  # the others booked theirs
    assert older.statement(ada).shown == {}
    with pytest.raises(PluginFailed, match="up to version 2") as caught:
        older.redeem(ada, reward="stamping.worth", points=5, key="r")
    assert "install that one" in caught.value.remedy
    assert older.quote(CART, ada).failed == ("stamping", "stamping")
    assert [one.points for one in older.rewards(ada) if one.id == "stamping.worth"] == [None]
    assert state_of(shop, ada) == kept
    bob = older.record(sold(3, email=BOB)).member_id or ""  # whom the later release never met
    assert state_of(shop, bob) == {"~version": 2, "count": 1}
    assert points(opened(shop, 1), bob)[0] == 11
    again = opened(shop, 3)
    shop.clock.advance(hours=1)
    again.tick()
    assert points(again, ada)[0] == 11 + 21
    assert state_of(shop, ada)["stamps"] == 2
    assert points(again, bob)[0] == 11
    assert again.verify().problems == ()


def test_a_release_that_never_had_steps_is_as_careful(shop: Shop) -> None:
    ada = opened(shop, 3).record(order()).member_id or ""
    first = opened(shop, 1)
    assert first.record(order("2")).status is RecordStatus.DEFERRED
    assert state_of(shop, ada)["~version"] == 3


def test_ten_facts_of_a_release_taken_back_are_a_quarantine_that_the_right_one_ends(
    shop: Shop,
) -> None:
    shop.clock.advance(days=30)
    ada = opened(shop, 3).record(sold(1)).member_id or ""
    older = opened(shop, 2)
    for number in range(2, 12):
        older.record(sold(number))
    (one,) = [one for one in older.plugin_status() if one.id == "stamping"]
    assert (one.state, one.reason) == (PluginState.QUARANTINED, "could not read what it kept")
    again = opened(shop, 3)
    again.tick()
    shop.clock.advance(hours=1)
    again.tick()
    assert points(again, ada)[0] == sum(10 * number + 1 for number in range(1, 12))


def test_what_waits_for_a_later_release_is_decided_at_once_when_it_is_lifted(shop: Shop) -> None:
    ada = opened(shop, 3).record(order("1", "1.00")).member_id or ""
    assert opened(shop, 2).record(order("2", "1.00")).status is RecordStatus.DEFERRED
    again = opened(shop, 3)
    receipt = again.lift("stamping")
    assert (receipt.retried_facts, receipt.deferred_facts) == (1, 0)
    assert points(again, ada)[0] == 11 + 21


def test_the_plugin_taken_away_and_brought_back_in_a_later_release(shop: Shop) -> None:
    shop.clock.advance(days=30)
    first = opened(shop, 1)
    ada = first.record(sold(1)).member_id or ""
    without = shop.open()
    without.record(sold(2))
    assert state_of(shop, ada) == {"count": "1"}
    again = opened(shop, 3)
    again.record(sold(3))
    assert points(again, ada)[0] == 11 + 1 + 21
    assert state_of(shop, ada)["stamps"] == 2


def two(shop: Shop) -> tuple[Loyalty, str, str]:
    """Ada, of the third release, and Bob, of the first."""
    bob = opened(shop, 1).record(sold(1, email=BOB)).member_id or ""
    latest = opened(shop, 3)
    ada = latest.record(sold(2)).member_id or ""
    latest.record(sold(4))
    return latest, ada, bob


@pytest.mark.parametrize("mirrored", [False, True])
def test_members_whose_states_are_of_different_releases_become_one(
    shop: Shop, mirrored: bool
) -> None:
    shop.clock.advance(days=30)
    loyalty, ada, bob = two(shop)
    kept, gone = (bob, ada) if mirrored else (ada, bob)
    loyalty.merge(kept, gone, key="m")
    assert state_of(shop, kept)["stamps"] == 3
    loyalty.record(sold(3, email=BOB))  # late, and from before the merge
    assert loyalty.statement(kept).shown["stamping"] == {"stamps": 4}
    assert loyalty.verify().problems == ()
    loyalty.unmerge(gone, key="u")
    stamps = [loyalty.statement(one).shown["stamping"] for one in (ada, bob)]
    assert sum(int(str(one["stamps"])) for one in stamps) == 4
    assert loyalty.verify().problems == ()


def test_a_release_taken_back_merges_nobody_whom_it_cannot_read(shop: Shop) -> None:
    shop.clock.advance(days=30)
    _, ada, bob = two(shop)
    older = opened(shop, 2)
    for kept, gone in ((ada, bob), (bob, ada)):
        with pytest.raises(PluginFailed, match="up to version 2"):
            older.merge(kept, gone, key=f"m-{kept}")
    assert [state_of(shop, one).get("~version") for one in (ada, bob)] == [3, None]
    assert older.member(ada).status.value == older.member(bob).status.value == "active"


def test_a_late_fact_under_a_release_taken_back_leaves_united_states(shop: Shop) -> None:
    shop.clock.advance(days=30)
    latest, ada, bob = two(shop)
    latest.merge(ada, bob, key="m")
    united = state_of(shop, ada)
    older = opened(shop, 2)
    assert older.record(sold(3)).status is RecordStatus.DEFERRED
    assert state_of(shop, ada) == united
    again = opened(shop, 3)
    shop.clock.advance(hours=1)
    again.tick()
    assert again.statement(ada).shown["stamping"] == {"stamps": 4}


def test_states_that_cannot_be_united_again_stay_as_they_were_united(shop: Shop) -> None:
    shop.clock.advance(days=30)
    latest, ada, bob = two(shop)
    latest.merge(ada, bob, key="m")
    broken = opened(shop, 3, Stamping(3, unites=False))
    assert broken.record(sold(3)).status is RecordStatus.BOOKED
    assert broken.statement(ada).shown["stamping"] == {"stamps": 3}
    cy = broken.record(sold(5, email="cy@example.org")).member_id or ""
    with pytest.raises(PluginFailed, match="raised RuntimeError uniting"):
        broken.merge(ada, cy, key="o")


@pytest.mark.parametrize(("mirrored", "left"), [(False, 2), (True, 1)])
def test_states_that_nobody_can_read_together_are_not_mixed(
    shop: Shop, mirrored: bool, left: int
) -> None:
    """While the plugin is off two versions cannot be one: that of who stays counts."""
    shop.clock.advance(days=30)
    _, ada, bob = two(shop)
    kept, gone = (bob, ada) if mirrored else (ada, bob)
    before = state_of(shop, kept)
    shop.open().merge(kept, gone, key="m")
    assert state_of(shop, kept) == before
    again = opened(shop, 3)
    assert again.statement(kept).shown["stamping"] == {"stamps": left}
    again.record(order("0", "1.00", at=START))  # decides all again, and now they can be read
    assert again.statement(kept).shown["stamping"] == {"stamps": 4}


def test_a_backtest_reads_nothing_of_older_releases(shop: Shop) -> None:
    shop.clock.advance(days=30)
    opened(shop, 1).record(sold(1))
    loyalty = opened(shop, 3)
    loyalty.record(sold(2))
    config = {"program": {"id": "shop"}, "wallets": {"points": {}}, "plugins": ON}
    found = loyalty.backtest(config, since=START)
    assert [(one.was, one.differs) for one in found.members] == []
    assert [(one.was.earned, one.would.earned) for one in found.months[:1]] == [(32, 32)]


def test_a_step_that_fails_waits_until_it_is_mended(shop: Shop) -> None:
    shop.clock.advance(days=30)
    ada = opened(shop, 1).record(sold(1)).member_id or ""
    broken = (StateStep(lambda state: {"count": state["cuont"]}, {"cuont": 1}),)
    second = opened(shop, 2, Stamping(2, broken))
    assert second.record(sold(2)).status is RecordStatus.DEFERRED
    assert state_of(shop, ada) == {"count": "1"}
    assert second.statement(ada).shown == {}
    mended = opened(shop, 2)
    shop.clock.advance(hours=1)
    mended.tick()
    assert points(mended, ada)[0] == 11 + 21
    assert state_of(shop, ada) == {"~version": 2, "count": 2}


@pytest.mark.parametrize("made", [None, [], {"rate": 0.5}, {"~version": 7}, {1: "a"}])
def test_a_step_that_makes_what_cannot_be_kept_fails(sqlite_shop: Shop, made: Any) -> None:
    ada = opened(sqlite_shop, 1).record(order()).member_id or ""
    broken = (StateStep(lambda _: made, {}),)
    second = opened(sqlite_shop, 2, Stamping(2, broken))
    assert second.record(order("2")).status is RecordStatus.DEFERRED
    assert state_of(sqlite_shop, ada) == {"count": "1"}


def test_a_step_changes_its_copy_alone(sqlite_shop: Shop) -> None:
    def spoil(state: dict[str, Json]) -> Mapping[str, Json]:
        assert isinstance(state["in"], list)
        state["in"].append("spoilt")
        raise RuntimeError("as the test wants")

    steps = (StateStep(lambda _: {"in": []}, {}), StateStep(spoil, {}))
    ada = opened(sqlite_shop, 1).record(order()).member_id or ""
    third = opened(sqlite_shop, 3, Stamping(3, steps))
    assert third.record(order("2")).status is RecordStatus.DEFERRED
    assert state_of(sqlite_shop, ada) == {"count": "1"}


NO_STEPS = (None, [STEPS[0]], (as_number,), (StateStep(cast(Any, 3), {}),), (STEPS[0], "x"))


@pytest.mark.parametrize("steps", NO_STEPS)
def test_steps_that_are_none_are_refused(sqlite_shop: Shop, steps: Any) -> None:
    class Wrong(Stamping):
        @property
        def manifest(self) -> PluginManifest:
            return replace(super().manifest, state_steps=steps)

    with pytest.raises(PluginError, match="among its state_steps"):
        opened(sqlite_shop, 2, Wrong(2))


def test_a_state_cannot_say_its_version_itself(sqlite_shop: Shop) -> None:
    receipt = opened(sqlite_shop, 1, Lying(1)).record(order())
    assert receipt.status is RecordStatus.DEFERRED
    assert state_of(sqlite_shop, receipt.member_id or "") == {}
