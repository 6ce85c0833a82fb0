"""The road back: what is done at a shop, once, whatever happens there meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from loyalty_core import (
    ActionRefused,
    ActionReport,
    ConfigError,
    ConnectorDisabled,
    ConnectorError,
    DropCode,
    Event,
    FactError,
    GrantReceipt,
    Json,
    Loyalty,
    MakeCode,
    PlatformUnavailable,
    ShowMember,
    TellEvent,
    Wants,
)
from loyalty_core.application.ids import new_id
from loyalty_core.domain.events import EventId
from tests.contract.conftest import Shop
from tests.stall import Stall, away, sent
from tests.toy import order, points, refund

FIVE: Mapping[str, Json] = {"kind": "discount", "amount": "5.00", "points": 50, "code": {}}


def opened(shop: Shop, stall: Stall, **reward: Json) -> Loyalty:
    return shop.open(
        config={
            "program": {"id": "shop", "currency": "USD"},
            "wallets": {"points": {}},
            "rewards": {"five": {**FIVE, **reward}},
            "plugins": {"toy": {}, "stall": {}},
        },
        toys=(shop.toy, stall),
    )


def bought(loyalty: Loyalty) -> tuple[str, GrantReceipt]:
    """Ada with 100 points, who spends 50 on a code."""
    ada = loyalty.record(order("1", amount="100.00")).member_id or ""
    loyalty.redeem(ada, reward="five", key="k")
    (grant,) = loyalty.grants(ada)
    return ada, grant


def codes(stall: Stall) -> list[tuple[str, str]]:
    """What was asked of the stall about codes."""
    kinds = (MakeCode, DropCode)
    return [(type(one).__name__, one.code) for one in stall.acted if isinstance(one, kinds)]


@pytest.fixture
def maker() -> Stall:
    return Stall(wants=Wants(rewards=("five",)))


def test_a_code_can_be_used_once_the_shop_has_it(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada, grant = bought(loyalty)
    assert (grant.state, grant.code) == ("preparing", None)
    assert loyalty.tick().actions == 1
    (made,) = loyalty.grants(ada)
    assert made.state == "issued"
    assert codes(maker) == [("MakeCode", made.code)]
    assert isinstance(maker.acted[0], MakeCode)
    assert [one.value for one in maker.acted[0].identities] == ["ada@example.org"]
    loyalty.tick()
    assert len(maker.acted) == 1


def test_a_shop_is_told_until_when_a_code_can_be_used(shop: Shop, maker: Stall) -> None:
    """It cannot be used before the shop has it, and expires so many days after that."""
    loyalty = opened(shop, maker, valid_days=30)
    ada, grant = bought(loyalty)
    assert grant.expires_at is None
    maker.fails.append(away())
    loyalty.tick()
    shop.clock.advance(days=1)
    loyalty.tick()
    (made,) = loyalty.grants(ada)
    told = [one.grant.expires_at for one in maker.acted if isinstance(one, MakeCode)]
    assert made.expires_at is not None
    assert told == [made.expires_at - timedelta(days=1), made.expires_at]


def test_a_lost_answer_makes_no_second_code(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    for _ in range(3):  # it was done there each time, and the answer did not come
        maker.fails.append(away())
        assert loyalty.tick().action_failures == 1
        assert loyalty.grants(ada)[0].code is None
        shop.clock.advance(hours=3)
    loyalty.tick()
    code = loyalty.grants(ada)[0].code
    assert codes(maker) == [("MakeCode", code)] * 4
    assert points(loyalty, ada)[0] == 50


def test_a_shop_that_makes_codes_itself_says_which(shop: Shop, maker: Stall) -> None:
    maker.makes = "SHOP-7"
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    maker.fails.append(away())
    loyalty.tick()
    assert loyalty.grants(ada)[0].code is None
    shop.clock.advance(minutes=5)
    loyalty.tick()
    (grant,) = loyalty.grants(ada)
    assert (grant.state, grant.code) == ("issued", "SHOP-7")
    loyalty.revoke_grant(grant.grant_id, reason="a mistake", key="r")
    loyalty.tick()
    assert codes(maker)[-1] == ("DropCode", "SHOP-7")
    assert loyalty.verify().problems == ()


def test_a_shop_that_makes_one_code_twice_gives_the_points_back(shop: Shop, maker: Stall) -> None:
    maker.makes = "SHOP-7"
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    loyalty.tick()
    loyalty.redeem(ada, reward="five", key="again")
    assert points(loyalty, ada)[0] == 0
    assert loyalty.tick().action_failures == 1
    grants = {one.state: one.code for one in loyalty.grants(ada)}
    assert (grants["issued"], points(loyalty, ada)[0]) == ("SHOP-7", 50)
    assert "revoked" in grants
    assert loyalty.verify().problems == ()


def test_a_shop_that_refuses_gives_the_points_back(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    maker.fails.append(ActionRefused("there is no such collection"))
    assert loyalty.tick().action_failures == 1
    assert points(loyalty, ada)[0] == 100
    assert (loyalty.grants(ada)[0].state, loyalty.redemptions(ada)[0].state) == (
        ("revoked", "cancelled")
    )
    status = loyalty.connector_status("stall")
    assert loyalty.verify().problems == ()
    assert status.actions_done == 0
    loyalty.tick()  # and the code is dropped, if it is there after all
    assert [kind for kind, _ in codes(maker)] == ["MakeCode", "DropCode"]


def test_a_code_of_a_refunded_order_is_dropped_and_made_again(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada = loyalty.record(order("1", amount="100.00")).member_id or ""
    loyalty.record(order("2", amount="10.00"))
    loyalty.redeem(ada, reward="five", source="web", order_id="2", key="k")
    loyalty.tick()
    loyalty.record(refund("r", of="2"))
    loyalty.tick()
    loyalty.record(refund("r", of="2", voided_at=shop.clock().isoformat()))
    loyalty.tick()
    code = loyalty.grants(ada)[0].code
    assert codes(maker) == [("MakeCode", code), ("DropCode", code), ("MakeCode", code)]


def test_a_code_revoked_before_the_shop_had_it_is_dropped(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada, grant = bought(loyalty)
    maker.fails.append(away())
    loyalty.tick()
    loyalty.revoke_grant(grant.grant_id, key="r")
    shop.clock.advance(hours=1)
    loyalty.tick()
    assert [kind for kind, _ in codes(maker)] == ["MakeCode", "DropCode"]
    assert points(loyalty, ada)[0] == 100


def test_the_code_of_a_forgotten_person_is_dropped(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    loyalty.tick()
    code = loyalty.grants(ada)[0].code
    loyalty.erase(ada, reason="r", actor="a", key="e")
    loyalty.tick()
    assert codes(maker) == [("MakeCode", code), ("DropCode", code)]


def test_a_code_used_at_the_shop_uses_the_grant_up(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    loyalty.tick()
    used = {"code": loyalty.grants(ada)[0].code, "order": order("9", amount="20.00")}
    loyalty.receive("stall.main", **sent(used, "used"))
    loyalty.receive("stall.main", **sent({**used, "code": "SHOPS-OWN"}, "used"))
    loyalty.tick()
    (grant,) = loyalty.grants(ada)
    assert (grant.state, grant.order_id) == ("used", "9")
    loyalty.tick()
    assert [kind for kind, _ in codes(maker)] == ["MakeCode"]
    again = {**used, "order": order("10", amount="20.00")}
    loyalty.receive("stall.main", **sent(again, "used"))
    assert loyalty.work_inbox().dead == 1
    assert loyalty.connector_status("stall").failed_messages[0].code == "grant_refused"


def test_what_a_member_has_is_written_once_for_many_events(shop: Shop) -> None:
    stall = Stall(wants=Wants(members=True))
    loyalty = opened(shop, stall)
    for number in range(3):
        loyalty.record(order(str(number), amount="10.00"))
    assert loyalty.tick().actions == 1
    (shown,) = stall.acted
    assert isinstance(shown, ShowMember)
    assert shown.statement.wallet("points").balance == 30
    loyalty.record(order("3", amount="10.00"))
    loyalty.tick()
    assert isinstance(stall.acted[1], ShowMember)
    assert stall.acted[1].statement.wallet("points").balance == 40
    assert stall.acted[1].revision > shown.revision
    loyalty.record(order("3", amount="10.00"))  # an echo says nothing new, and is told to nobody
    assert loyalty.tick().actions == 0


def test_what_changes_while_it_is_written_is_written_again(shop: Shop) -> None:
    stall = Stall(wants=Wants(members=True))
    loyalty = opened(shop, stall)
    loyalty.record(order("1", amount="10.00"))

    class Busy(Stall):
        def act(self, action: Any) -> str | None:
            super().act(action)
            if len(self.acted) == 1:  # another process books, and notes it, before we are done
                loyalty.record(order("2", amount="10.00"))
                note, member = loyalty._connections.acting._note, action.statement.member.id
                told = Event(
                    id=EventId(new_id()),
                    type="points_credited",
                    member_id=member,
                    occurred_at=shop.clock(),
                )
                note("stall.main", told)
            return None

    stall.__class__ = Busy
    assert loyalty.tick().actions == 2
    balances = [
        one.statement.wallet("points").balance for one in stall.acted if isinstance(one, ShowMember)
    ]
    assert balances == [10, 20]


def test_a_shop_that_is_away_is_asked_once_a_round_and_loses_nothing(shop: Shop) -> None:
    stall = Stall(wants=Wants(events=("points_credited",)))
    loyalty = opened(shop, stall)
    for number in range(30):
        loyalty.record(order(str(number), amount="10.00"))
    stall.fails.append(away(after=60))
    loyalty.tick()
    assert len(stall.acted) == 1
    shop.clock.advance(minutes=2)
    loyalty.tick()
    told = {one.event.id for one in stall.acted[1:] if isinstance(one, TellEvent)}
    assert len(told) == 30


def test_a_shop_that_is_away_for_days_is_switched_off_and_on_again(shop: Shop) -> None:
    stall = Stall(wants=Wants(events=("*",)))
    loyalty = opened(shop, stall)
    loyalty.record(order("1", amount="10.00"))
    rounds = 0
    while loyalty.connector_status("stall").disabled_at is None:
        stall.fails = [away()]
        loyalty.tick()
        shop.clock.advance(hours=6)
        rounds += 1
    assert 3 <= rounds <= 16
    seen = len(stall.acted)
    stall.fails = []
    shop.clock.advance(days=30)
    loyalty.tick()
    assert len(stall.acted) == seen
    status = loyalty.enable_connector("stall")
    assert (status.disabled_at, status.actions_dead) == (None, 0)
    loyalty.tick()
    assert loyalty.connector_status("stall").actions_pending == 0
    assert len(stall.acted) > seen


def test_what_alone_fails_is_dead_in_the_end_and_can_be_replayed(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    stall = Stall(wants=Wants(events=("points_credited",)))
    loyalty = opened(shop, stall)
    bad = loyalty.record(order("bad", amount="7.00")).member_id

    class Picky(Stall):
        def act(self, action: Any) -> str | None:
            if action.event.data["amount"] == 7 and not self.secrets:
                raise ValueError("seven")
            return super().act(action)

    stall.__class__ = Picky
    for day in range(14):
        loyalty.record(order(f"good {day}", amount="10.00"))
        loyalty.tick()
        shop.clock.advance(days=1)
    status = loyalty.connector_status("stall")
    assert (status.actions_done, status.actions_dead, status.disabled_at) == (14, 1, None)
    (failed,) = status.failed_actions
    assert (failed.about, failed.attempts, failed.error) == ("points_credited", 10, "seven")
    log = loyalty.connector_log("stall")
    pages = [loyalty.connector_log("stall", first=8)]
    pages.append(loyalty.connector_log("stall", first=8, after=pages[0][-1].id))
    assert [*pages[0], *pages[1]] == list(log)
    assert loyalty.connector_log("stall", after=log[-1].id) == ()
    with pytest.raises(FactError):
        loyalty.connector_log("stall", after="member:nobody")
    assert loyalty.tick() is not None
    stall.secrets = (object(),)  # type: ignore[assignment]
    assert loyalty.replay("stall") == 1
    assert loyalty.work_actions() == ActionReport(done=1)
    assert loyalty.replay("stall", since=shop.clock() - timedelta(days=2)) > 0
    assert bad


class NoCodes(Stall):
    """A stall that lost the right to make codes, and does all else."""

    def act(self, action: Any) -> str | None:
        if isinstance(action, MakeCode):
            raise ConnectorError("access denied")
        return super().act(action)


def test_points_of_a_code_that_cannot_be_made_are_given_back(shop: Shop) -> None:
    stall = NoCodes(wants=Wants(rewards=("five",), events=("points_credited",)))
    loyalty = opened(shop, stall)
    ada, _ = bought(loyalty)
    for day in range(6):
        loyalty.record(order(f"good {day}", amount="1.00", email="bob@example.org"))
        loyalty.tick()
        shop.clock.advance(days=1)
    assert points(loyalty, ada)[0] == 50
    for day in range(6, 14):
        loyalty.record(order(f"good {day}", amount="1.00", email="bob@example.org"))
        loyalty.tick()
        shop.clock.advance(days=1)
    assert points(loyalty, ada)[0] == 100
    assert (loyalty.grants(ada)[0].state, loyalty.redemptions(ada)[0].state) == (
        ("revoked", "cancelled")
    )
    assert loyalty.connector_status("stall").disabled_at is None
    assert codes(stall) == [("DropCode", codes(stall)[0][1])]  # if it is there after all
    assert loyalty.verify().problems == ()


def test_points_do_not_wait_for_a_shop_that_is_switched_off(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    maker.fails.append(ConnectorDisabled("410 Gone"))
    loyalty.tick()
    shop.clock.advance(days=3)
    loyalty.tick()
    assert (points(loyalty, ada)[0], loyalty.grants(ada)[0].state) == (50, "preparing")
    shop.clock.advance(days=1)
    assert loyalty.tick().action_failures == 1
    assert (points(loyalty, ada)[0], loyalty.grants(ada)[0].state) == (100, "revoked")
    for _ in range(3):
        assert loyalty.tick().action_failures == 0
        shop.clock.advance(days=4)
    loyalty.enable_connector("stall")
    loyalty.tick()
    assert [kind for kind, _ in codes(maker)] == ["MakeCode", "DropCode"]
    assert loyalty.verify().problems == ()


def test_attempts_follow_the_schedule_of_the_standard(shop: Shop) -> None:
    """Five seconds, then minutes and hours up to a day, each up to a fifth longer."""
    stall = NoCodes(wants=Wants(rewards=("five",), events=("points_credited",)))
    loyalty = opened(shop, stall)
    bought(loyalty)
    tries = 0
    stall.__class__ = type("Counting", (NoCodes,), {"act": counted(stall)})
    minutes = (5 / 60, 5, 30, 120, 300, 600, 840, 1200, 1440)
    for number, pause in enumerate(minutes):
        loyalty.record(order(f"good {number}", amount="1.00", email="bob@example.org"))
        loyalty.tick()
        tries += 1
        assert stall.makes == str(tries)
        shop.clock.advance(seconds=pause * 60 * 0.99)
        loyalty.tick()
        assert stall.makes == str(tries), "too early"
        shop.clock.advance(seconds=pause * 60 * 0.22)
    loyalty.tick()
    assert stall.makes == str(tries + 1)


def counted(stall: Stall) -> Any:
    """What counts in ``makes`` how often a code was asked for."""

    def act(self: Any, action: Any) -> str | None:
        if isinstance(action, MakeCode):
            stall.makes = str(int(stall.makes or 0) + 1)
        return NoCodes.act(stall, action)

    return act


class Death(BaseException):
    """What nobody catches."""


def test_what_a_process_took_when_it_died_is_taken_again(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    ada, _ = bought(loyalty)
    maker.fails.append(Death())  # type: ignore[arg-type]
    with pytest.raises(Death):
        loyalty.tick()
    assert loyalty.work_actions() == ActionReport()
    shop.clock.advance(minutes=11)
    assert loyalty.work_actions() == ActionReport(done=1)
    assert loyalty.grants(ada)[0].state == "issued"


def test_who_is_gone_is_switched_off_at_once(shop: Shop) -> None:
    stall = Stall(wants=Wants(members=True))
    loyalty = opened(shop, stall)
    loyalty.record(order("1", amount="10.00"))
    stall.fails.append(ConnectorDisabled("410 Gone"))
    loyalty.tick()
    status = loyalty.connector_status("stall")
    assert status.disabled_for.startswith("410 Gone")
    assert status.actions_pending == 1


def test_codes_are_made_at_one_shop_and_from_no_pool(shop: Shop) -> None:
    class Other(Stall):
        manifest = Stall.manifest.__class__(id="other", version="1", requires_plugin_api=">=1.1,<2")

    other = Other(id="other.main", wants=Wants(rewards=("five", "none", "pooled")))
    config: dict[str, Json] = {
        "program": {"id": "shop", "currency": "USD"},
        "wallets": {"points": {}},
        "rewards": {"five": FIVE, "pooled": {**FIVE, "code": {"pool": "p"}}},
        "plugins": {"toy": {}, "stall": {}, "other": {}},
    }
    stall = Stall(wants=Wants(rewards=("five",)))
    with pytest.raises(ConfigError) as refused:
        Loyalty.open(config, "sqlite://", plugins=(shop.toy, stall, other))
    assert [one.message for one in refused.value.problems] == [
        "the codes of 'five' are made by 'stall.main' already",
        "there is no reward 'none'",
        "'pooled' has no codes to be made",
    ]


def test_a_defect_of_a_shop_is_no_reason_to_ask_no_other(shop: Shop, maker: Stall) -> None:
    loyalty = opened(shop, maker)
    maker.fails.append(PlatformUnavailable("down", retry_after=10**9))
    bought(loyalty)
    loyalty.tick()
    shop.clock.advance(days=1)
    loyalty.tick()
    assert len(maker.acted) == 2
