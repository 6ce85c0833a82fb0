"""Grants that rules give for facts: once, and not any more when the rule would not give them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from loyalty_core import (
    Decidable,
    Effect,
    Event,
    Grant,
    Loyalty,
    MemberView,
    RecordStatus,
    Subscription,
    hookimpl,
)
from tests.contract.catalogue import Giver, catalogue, sound
from tests.contract.conftest import Shop
from tests.toy import START, activity, order, refund

WELCOME: dict[str, Any] = {
    "welcome": {"kind": "discount", "amount": "5.00", "code": {}, "valid_days": 30}
}


def owned(loyalty: Loyalty, member: str) -> list[tuple[str, str, datetime | None]]:
    return [(one.rule, one.state.value, one.expires_at) for one in loyalty.grants(member)]


def test_the_first_order_brings_one_and_only_it(shop: Shop) -> None:
    loyalty = catalogue(shop, WELCOME)
    member = loyalty.record(order("1")).member_id or ""
    assert loyalty.record(order("1")).status is RecordStatus.DUPLICATE
    loyalty.record(order("1", "70.00", version=1))
    loyalty.record(order("2", at=START + timedelta(hours=1)))
    ends = datetime(2026, 7, 1, tzinfo=UTC)
    assert owned(loyalty, member) == [("first", "issued", ends)]
    (grant,) = loyalty.grants(member)
    assert (grant.code, grant.redemption_id) == ("000000000001", None)
    sound(loyalty)


def test_one_of_long_ago_has_expired_and_takes_no_code(shop: Shop) -> None:
    loyalty = catalogue(shop, {"welcome": {**WELCOME["welcome"], "code": {"pool": "mail"}}})
    loyalty.import_codes("mail", ["M-1"])
    member = loyalty.record(order("1", at=START - timedelta(days=40))).member_id or ""
    ends = datetime(2026, 5, 22, tzinfo=UTC)
    assert owned(loyalty, member) == [("first", "expired", ends)]
    assert loyalty.grants(member)[0].code is None
    other = loyalty.record(order("2", email="bob@example.org")).member_id or ""
    assert loyalty.grants(other)[0].code == "M-1"
    assert loyalty.tick().expired_grants == 0
    sound(loyalty)


def test_an_earlier_order_takes_it_over(shop: Shop) -> None:
    loyalty = catalogue(shop, WELCOME)
    member = loyalty.record(order("2", at=START)).member_id or ""
    loyalty.record(order("1", at=START - timedelta(days=1)))
    ends = datetime(2026, 7, 1, tzinfo=UTC)
    found = owned(loyalty, member)
    assert sorted(found, key=str) == [
        ("first", "issued", ends - timedelta(days=1)),
        ("first", "revoked", ends),
    ]
    loyalty.record(order("1", at=START - timedelta(days=1), status="cancelled", version=1))
    assert sorted(owned(loyalty, member), key=str) == [
        ("first", "issued", ends),
        ("first", "revoked", ends - timedelta(days=1)),
    ]
    sound(loyalty)


@pytest.mark.parametrize("whole", [False, True])
def test_a_whole_refund_takes_it_back(shop: Shop, whole: bool) -> None:
    loyalty = catalogue(shop, WELCOME)
    member = loyalty.record(order("1")).member_id or ""
    loyalty.record(refund("a", amount="30.00"))
    assert owned(loyalty, member)[0][1] == "issued"
    if whole:
        loyalty.record(refund("b", amount="30.00"))
        assert owned(loyalty, member)[0][1] == "revoked"
        loyalty.record(refund("b", amount="30.00", voided_at=START.isoformat()))
    assert owned(loyalty, member)[0][1] == "issued"
    sound(loyalty)


def test_one_that_was_used_stays_and_that_is_told(shop: Shop) -> None:
    loyalty = catalogue(shop, WELCOME)
    member = loyalty.record(order("1")).member_id or ""
    loyalty.use_grant(code="000000000001", key="use")
    receipt = loyalty.record(refund("a"))
    assert [problem.code for problem in receipt.problems] == ["grant_kept"]
    assert loyalty.record(refund("b", amount="1.00")).problems == ()
    assert owned(loyalty, member)[0][1] == "used"
    sound(loyalty)


def test_one_that_an_operator_revoked_is_not_given_again(shop: Shop) -> None:
    loyalty = catalogue(shop, WELCOME)
    member = loyalty.record(order("1")).member_id or ""
    loyalty.revoke_grant(loyalty.grants(member)[0].grant_id, key="revoke")
    loyalty.record(refund("a"))
    loyalty.record(refund("a", voided_at=START.isoformat()))
    loyalty.record(order("1", "61.00", version=1))
    assert [state for _, state, _ in owned(loyalty, member)] == ["revoked"]
    sound(loyalty)


def test_any_order_of_the_facts_ends_in_the_same_grants(shop: Shop) -> None:
    facts: list[dict[str, Any]] = [
        order("1", at=START),
        order("2", at=START + timedelta(days=2)),
        refund("whole", "1"),
        activity("b", "birthday", at=START + timedelta(days=1)),
    ]
    ends = set()
    shop.clock.advance(days=3)
    loyalty = catalogue(shop, WELCOME)
    for number, facts_now in enumerate(permutations(facts)):
        mail = {"email": f"m{number}@example.org"}
        sent = []
        for fact in facts_now:
            mine = {**fact, "source": f"web{number}"}
            sent.append(mine if fact["type"] == "refund" else {**mine, "identities": mail})
        for fact in [*sent, *sent]:
            loyalty.record(fact)
        member = loyalty.find(mail)
        assert member is not None
        live = [one for one in owned(loyalty, member.id) if one[1] == "issued"]
        ends.add(tuple(sorted(live, key=str)))
    assert ends == {(("birthday", "issued", datetime(2026, 7, 2, tzinfo=UTC)),)}
    sound(loyalty)


def test_without_a_code_left_it_waits_for_one(shop: Shop) -> None:
    loyalty = catalogue(shop, {"welcome": {"kind": "custom", "code": {"pool": "mail"}}})
    member = loyalty.record(order("1")).member_id or ""
    (grant,) = loyalty.grants(member)
    assert (grant.state, grant.code) == ("preparing", None)
    loyalty.import_codes("mail", ["M-1"])
    assert loyalty.fulfil_grant(grant.grant_id, key="1").code == "M-1"
    sound(loyalty)


def test_an_unknown_reward_defers_the_plugin(shop: Shop) -> None:
    loyalty = catalogue(shop, {"card": {"kind": "custom", "points": 1}})
    receipt = loyalty.record(order("1"))
    assert receipt.status is RecordStatus.DEFERRED
    assert owned(loyalty, receipt.member_id or "") == []
    sound(loyalty)


def test_events_carry_what_a_mail_needs(shop: Shop) -> None:
    told: list[Event] = []

    class Mailer(Giver):
        def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
            return [Grant(reward="welcome", rule="mail")]

        @hookimpl
        def loyalty_register_handlers(self, config: None, program: Any) -> Any:
            return [
                Subscription(id=f"giver.{kind}", event_type=kind, handler=told.append)
                for kind in ("grant_issued", "grant_revoked", "grant_used")
            ]

    config = {
        "program": {"id": "shop"},
        "wallets": {"points": {}},
        "rewards": WELCOME,
        "plugins": {"giver": {}},
    }
    loyalty = shop.open(config=config, toys=(Mailer(),))
    member = loyalty.record(order("1")).member_id or ""
    (grant,) = loyalty.grants(member)
    loyalty.record(refund("a"))
    loyalty.tick()
    assert [(one.type, one.data["grant"]) for one in told] == [
        ("grant_issued", grant.grant_id),
        ("grant_revoked", grant.grant_id),
    ]
    assert told[0].data["code"] == grant.code
    sound(loyalty)
