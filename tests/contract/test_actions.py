"""The road back: what is done at a shop, once, whatever happens there meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty_core import (
    ActionRefused,
    ConfigError,
    Event,
    Json,
    Loyalty,
    MakeCode,
    ShowMember,
    Wants,
)
from loyalty_core.application.ids import new_id
from loyalty_core.domain.events import EventId
from tests.contract.conftest import Shop
from tests.contract.shelves import FIVE, bought, codes, opened
from tests.stall import Stall, away, sent
from tests.toy import order, points, refund


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
