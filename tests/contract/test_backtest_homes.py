"""Households in a replay: what is shared, spent by members, and goes back when they leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loyalty_core import Backtest, Figures, Loyalty
from loyalty_core.testing import FrozenClock
from tests.contract.backtests import SINCE
from tests.contract.conftest import Shop
from tests.contract.household import Home, home
from tests.contract.test_backtest_alike import replayed_alike
from tests.toy import Toy, config_of, points, refund


def document(per_unit: int = 1, per_day: int | None = None, **household: Any) -> dict[str, Any]:
    limit = {} if per_day is None else {"per_day": per_day}
    rules = {"wallets": {"points": limit}, "share": "50", "on_leaving": "return", **household}
    return {**config_of(settings={"per_unit": per_unit}), "household": rules}


def shared(shop: Shop) -> tuple[Loyalty, Home]:
    """Ada gave 50 points of 100, Bob 20 of 40; she spent 30 of them, and he left."""
    loyalty = shop.open(config=document())
    shop.clock.advance(days=20)
    found = home(loyalty, "ada", "bob")
    for name, number, units in (("ada", "1", 100), ("bob", "2", 40)):
        shop.clock.advance(hours=1)
        found.buys(name, number, units, at=shop.clock())
    found.spends("ada", 30)
    found.leaves("bob")
    assert (found.has()[0], found.of("ada")[0], found.of("bob")[0]) == (20, 50, 40)
    return loyalty, found


def figures(report: Backtest, found: Home) -> dict[str, tuple[Figures, Figures]]:
    names = {member: name for name, member in found.people.items()} | {found.id: "home"}
    return {names[one.about]: (one.was, one.would) for one in report.members}


def test_what_is_shared_at_another_rate(shop: Shop, tmp_path: Path) -> None:
    loyalty, found = shared(shop)
    url, new = f"sqlite:///{tmp_path / 'scratch.db'}", document(per_unit=2)
    report = loyalty.backtest(new, since=SINCE, into=url)
    assert figures(report, found) == {
        "home": (
            Figures(earned=70, spent=30, moved=-20, owed=20),
            Figures(earned=140, spent=30, moved=-40, owed=70),
        ),
        "ada": (Figures(earned=50, owed=50), Figures(earned=100, owed=100)),
        "bob": (
            Figures(earned=20, moved=20, owed=40),
            Figures(earned=40, moved=40, owed=80),
        ),
    }
    assert (report.impossible, report.replayed) == ((), 3)
    with Loyalty.open(new, url, plugins=[Toy()], clock=FrozenClock(shop.clock())) as replay:
        assert replay.verify().problems == ()
        assert points(replay, found.id)[0] == 70
        states = {one.member_id: one.state for one in replay.household(found.id).members}
        assert states == {found.people["ada"]: "active", found.people["bob"]: "left"}


def test_another_share_was_agreed_on_and_stays(shop: Shop) -> None:
    """Shares are what members agreed to; another ``share`` is for those who join later."""
    loyalty, _ = shared(shop)
    assert not loyalty.backtest(document(share="10"), since=SINCE).differs


def test_what_members_gave_stays_when_they_leave(shop: Shop) -> None:
    loyalty, found = shared(shop)
    report = loyalty.backtest(document(on_leaving="stay"), since=SINCE)
    assert figures(report, found) == {
        "home": (
            Figures(earned=70, spent=30, moved=-20, owed=20),
            Figures(earned=70, spent=30, owed=40),
        ),
        "bob": (Figures(earned=20, moved=20, owed=40), Figures(earned=20, owed=20)),
    }


def test_a_member_may_spend_less_in_a_day(shop: Shop) -> None:
    loyalty, found = shared(shop)
    report = loyalty.backtest(document(per_day=20), since=SINCE)
    assert [(one.what, one.member_id, one.reason) for one in report.impossible] == [
        ("redemption", found.id, "a member can spend 20 points in a day, 20 are left")
    ]
    assert figures(report, found)["home"][1] == Figures(earned=70, moved=-20, owed=50)


def test_the_program_has_no_households(shop: Shop) -> None:
    loyalty, found = shared(shop)
    report = loyalty.backtest(config_of(), since=SINCE)
    assert figures(report, found) == {
        "home": (Figures(earned=70, spent=30, moved=-20, owed=20), Figures()),
        "ada": (Figures(earned=50, owed=50), Figures(earned=100, owed=100)),
        "bob": (Figures(earned=20, moved=20, owed=40), Figures(earned=40, owed=40)),
    }
    assert [one.reason for one in report.impossible] == ["30 needed, 0 available"]


def test_a_household_that_ended_and_what_came_afterwards(shop: Shop) -> None:
    """The last one takes all; what was spent of it is taken back of theirs, and comes back."""
    loyalty, found = shared(shop)
    found.leaves("ada")
    loyalty.record(refund("r", "1", at=shop.clock()))
    assert [found.of(name)[0] for name in ("ada", "bob")] == [-30, 40]
    found.buys("ada", "1", 130, at=shop.clock(), version=2)
    loyalty.record(refund("r", "1", at=shop.clock(), voided_at=shop.clock().isoformat()))
    replayed_alike(loyalty, document())


def test_a_member_who_was_forgotten_left_first(shop: Shop) -> None:
    loyalty, found = shared(shop)
    found.joins("cy")
    found.buys("cy", "3", 20, at=shop.clock())
    loyalty.erase(found.people["cy"], reason="asked", actor="op", key="e")
    assert found.has()[0] == 20
    replayed_alike(loyalty, document())


def test_who_took_theirs_along_and_comes_again(shop: Shop) -> None:
    """What they give from then on is the household's, and what comes late of before is theirs."""
    loyalty, found = shared(shop)
    before = shop.clock()
    shop.clock.advance(days=31)
    found.joins("bob")
    found.buys("bob", "3", 30, at=shop.clock())
    found.buys("bob", "4", 8, at=before)
    assert (found.has()[0], found.of("bob")[0]) == (35, 63)
    replayed_alike(loyalty, document())


def test_what_ended_as_the_household_did(shop: Shop) -> None:
    ending = config_of(wallet={"expiry": {"after_days": 20}})
    shared_all = {**ending, "household": {"wallets": {"points": {}}}}
    loyalty = shop.open(config=shared_all)
    found = home(loyalty, "ada")
    found.buys("ada", "1", 50)
    shop.clock.advance(days=25)
    found.leaves("ada")
    loyalty.adjust(found.people["ada"], "points", 30, reason="r", actor="a", key="a")
    found.buys("ada", "1", 14, version=2)
    assert found.of("ada")[0] == 30  # the 36 points less had ended: they are not taken again
    assert loyalty.verify().problems == ()
    replayed_alike(loyalty, shared_all)


def holding(shop: Shop, *names: str) -> tuple[Loyalty, Home, str]:
    """The last of them joined a household just now, and holds 40 of its 50 points."""
    loyalty = shop.open(config=document(days_between=0))
    found = home(loyalty, *names[:1])
    shop.clock.advance(hours=1)
    found.buys(names[0], "1", 100, at=shop.clock())
    shop.clock.advance(hours=1)
    for name in names[1:]:
        found.joins(name)
    spender = found.people[names[-1]]
    held = loyalty.hold(found.id, points=40, minutes=600, spender=spender, key="h")
    return loyalty, found, held.redemption_id


def test_who_founded_another_household_in_the_moment_of_a_hold(shop: Shop) -> None:
    """No moment says which of the two the points were of: the redemption does."""
    loyalty, found, held = holding(shop, "ada")
    found.leaves("ada")
    loyalty.capture(held)
    loyalty.create_household(found.people["ada"], key="c")
    assert found.of("ada")[0] == 60
    replayed_alike(loyalty, document())


def test_who_became_another_member_in_the_moment_of_a_hold(shop: Shop) -> None:
    """What he shared for no time at all is not kept; what he held of the household is."""
    loyalty, found, held = holding(shop, "ada", "bob")
    loyalty.merge(found.people["ada"], found.people["bob"], key="m")
    found.leaves("ada")
    loyalty.capture(held)
    loyalty.unmerge(found.people["bob"], key="u")
    shop.clock.advance(days=1)
    loyalty.create_household(found.people["bob"], key="c")
    assert [found.of(name)[0] for name in ("ada", "bob")] == [60, 0]
    replayed_alike(loyalty, document())
