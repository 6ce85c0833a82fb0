"""Points from another system: lots with their own moments, debt, and what cannot be meant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from loyalty_core import Adjustment, FactError
from loyalty_core.storage import tables
from tests.contract.adjusting import DAY, gift, opening, outcomes, owner
from tests.contract.conftest import Shop
from tests.toy import START, order, points, totals


def test_opening_balances(shop: Shop) -> None:
    """Expired already, pending, expiring by its own date, by the rule, and never."""
    loyalty = shop.open(wallet={"expiry": {"after_days": 365}})
    rows = [
        opening("expired", 1, expires_at=START - DAY),
        opening("pending", 20, activates_at=START + 2 * DAY),
        opening("dated", 300, expires_at=START + 30 * DAY),
        opening("rule", 4000),
        opening("never", 50000, expires_at="never"),
        opening("long ago", 600000, START - 400 * DAY),
    ]
    seen = outcomes(loyalty, rows, enrol=True)
    assert [one.status for one in seen] == ["booked"] * 6
    ada = owner(loyalty, "ada@example.org")
    assert loyalty.member(ada).joined_at == START - 100 * DAY
    assert points(loyalty, ada) == (54320, 54300, 20, 0)
    assert totals(loyalty, ada) == (0, 0, 600001, 654321)
    wallet = loyalty.statement(ada).wallet("points")
    assert [(one.at, one.amount) for one in wallet.expiring] == [(START + 30 * DAY, 300)]
    with loyalty._parts.store._engine.connect() as connection:  # type: ignore[attr-defined]
        lot = tables.lot
        found = {
            row.remaining or row.expired: (row.created_at, row.activates_at, row.expires_at)
            for row in connection.execute(select(lot))
        }
    rule = datetime(2027, 2, 21, tzinfo=START.tzinfo)
    awarded = START - 100 * DAY
    assert found[1] == (awarded, awarded, START - DAY)
    assert found[20] == (awarded, START + 2 * DAY, rule)
    assert found[300] == (awarded, awarded, START + 30 * DAY)
    assert found[4000] == (awarded, awarded, rule)
    assert found[50000] == (awarded, awarded, None)
    assert found[600000][0] == START - 400 * DAY
    kinds = [
        (item.transaction.kind.value, item.transaction.occurred_at, item.transaction.booked_at)
        for item in loyalty.history(ada).items
    ]
    assert kinds[0] == ("expiry", START - DAY, START)
    assert kinds[-1] == ("adjustment", START - 400 * DAY, START)
    assert loyalty.tick().expired == {}
    shop.clock.advance(days=2)
    assert loyalty.tick().activated_lots == 1
    shop.clock.advance(days=40)
    assert loyalty.tick().expired == {"points": 300}
    assert points(loyalty, ada) == (54020, 54020, 0, 0)
    assert loyalty.verify().problems == ()


@pytest.mark.parametrize("chunk", [1, 10])
@pytest.mark.parametrize("policy", ["negative", "pending_first"])
def test_an_opening_debt(shop: Shop, policy: str, chunk: int) -> None:
    """What has expired before the debt was made does not pay it, however the rows are cut."""
    loyalty = shop.open(wallet={"debt": policy})
    rows = [opening("gone", 5, expires_at=START - DAY), opening("debt", -40)]
    summary = loyalty.adjust_many(rows, enrol=True, chunk=chunk)
    assert (summary.added, summary.taken) == ({"points": 5}, {"points": 40})
    ada = owner(loyalty, "ada@example.org")
    assert points(loyalty, ada) == (-40, -40, 0, 40)
    shop.clock.advance(days=1)
    loyalty.record(order())
    assert points(loyalty, ada) == (20, 20, 0, 0)
    assert totals(loyalty, ada) == (60, 0, 5, -35)


def test_a_wallet_that_keeps_no_debt_refuses_an_opening_one(shop: Shop) -> None:
    loyalty = shop.open(wallet={"debt": "clamp"})
    (refused,) = outcomes(loyalty, [opening("debt", -40)], enrol=True)
    assert isinstance(refused.error, FactError)
    assert refused.error.remedy == 'Set wallets.points.debt to "negative", or leave the debt out.'
    assert loyalty.report().members == 0


def test_imported_points_pay_debt_and_are_taken_first_to_expire(shop: Shop) -> None:
    loyalty = shop.open()
    rows = [
        opening("debt", -10),
        opening("a", 30, expires_at="never"),
        opening("b", 30, expires_at=START + DAY),
    ]
    loyalty.adjust_many(rows, enrol=True)
    ada = owner(loyalty, "ada@example.org")
    assert points(loyalty, ada) == (50, 50, 0, 0)
    loyalty.redeem(ada, points=25, key="spent")
    shop.clock.advance(days=2)
    assert points(loyalty, ada)[1] == 20
    assert loyalty.tick().expired == {"points": 5}


def test_points_that_nobody_earned_here_lapse_as_well(shop: Shop) -> None:
    loyalty = shop.open(wallet={"expiry": {"inactivity_days": 10}})
    loyalty.adjust_many([opening("a", 30), opening("b", 5)], enrol=True)
    ada = owner(loyalty, "ada@example.org")
    assert loyalty.statement(ada).wallet("points").lapses_at == START + 10 * DAY
    shop.clock.advance(days=9)
    loyalty.adjust(ada, "points", 1, reason="r", actor="a", key="k")
    assert loyalty.statement(ada).wallet("points").lapses_at == START + 10 * DAY
    shop.clock.advance(days=1)
    assert points(loyalty, ada)[1] == 0
    assert loyalty.tick().expired == {"points": 36}


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"amount": "1.5"}, "amount_invalid", "$.amount"),
        ({"amount": True}, "amount_invalid", "$.amount"),
        ({"amount": "1e3"}, "amount_invalid", "$.amount"),
        ({"amount": None}, "amount_invalid", "$.amount"),
        ({"amount": "0"}, "fact_malformed", "$.amount"),
        ({"amount": "999999999999999999"}, "amount_invalid", "$.amount"),
        ({"wallet": 5}, "fact_malformed", "$.wallet"),
        ({"wallet": "stars"}, "wallet_unknown", "$.wallet"),
        ({"reason": " "}, "fact_malformed", "$.reason"),
        ({"actor": ""}, "fact_malformed", "$.actor"),
        ({"key": "k" * 201}, "fact_malformed", "$.key"),
        ({"source": "\x00"}, "fact_malformed", "$.source"),
        ({"colour": "red"}, "fact_malformed", "$.colour"),
        ({"member_id": "m"}, "customer_missing", "$.member_id"),
        ({"identities": {}}, "customer_missing", "$.member_id"),
        ({"identities": {}, "member_id": "m"}, "member_not_found", "$.member_id"),
        ({"identities": {"email": "x"}}, "identity_invalid", "$.identities.email"),
        ({"identities": {"email": " "}}, "customer_missing", "$.identities"),
        ({"identities": 5}, "fact_malformed", "$.identities"),
        ({"awarded_at": "2026-06-01"}, "fact_malformed", "$.awarded_at"),
        ({"awarded_at": "2026-06-03T00:00:00Z"}, "date_out_of_range", "$.awarded_at"),
        ({"awarded_at": "1969-12-31T00:00:00Z"}, "date_out_of_range", "$.awarded_at"),
        ({"expires_at": "2026-06-01T12:00:00Z"}, "date_out_of_range", "$.expires_at"),
        ({"expires_at": "9999-12-31T00:00:00Z"}, "date_out_of_range", "$.expires_at"),
        ({"expires_at": "soon"}, "fact_malformed", "$.expires_at"),
        (
            {"activates_at": "2026-08-01T00:00:00Z", "expires_at": "2026-07-01T00:00:00Z"},
            "date_out_of_range",
            "$.expires_at",
        ),
        ({"activates_at": "2027-08-01T00:00:00Z"}, "date_out_of_range", "$.expires_at"),
        ({"amount": "-1", "expires_at": "never"}, "fact_malformed", "$.expires_at"),
        (
            {"amount": "-1", "activates_at": "2026-06-01T00:00:00Z"},
            "fact_malformed",
            "$.activates_at",
        ),
    ],
)
def test_what_cannot_be_meant(shop: Shop, change: dict[str, Any], code: str, where: str) -> None:
    loyalty = shop.open(wallet={"expiry": {"after_days": 30}})
    document: dict[str, Any] = {
        "wallet": "points",
        "amount": "1",
        "reason": "r",
        "actor": "a",
        "key": "k",
        "identities": {"email": "ada@example.org"},
    }
    (refused,) = outcomes(loyalty, [document | change], enrol=True)
    assert refused.error is not None
    assert (refused.error.code, refused.error.where) == (code, where)
    assert loyalty.report().members == 0
    (booked,) = outcomes(loyalty, [document], enrol=True)
    assert (booked.status, booked.enrolled) == ("booked", True)


@pytest.mark.parametrize("name", ["awarded_at", "activates_at", "expires_at"])
def test_a_moment_without_a_time_zone_is_refused(shop: Shop, name: str) -> None:
    loyalty = shop.open()
    naive = START.replace(tzinfo=None)
    (refused,) = outcomes(loyalty, [gift("a", **{name: naive})], enrol=True)
    assert refused.error is not None
    assert (refused.error.code, refused.error.where) == ("date_out_of_range", f"$.{name}")


def test_amounts_of_the_json_form_are_whole_points(shop: Shop) -> None:
    loyalty = shop.open(wallet={"scale": 2})
    document: dict[str, Any] = {
        "wallet": "points",
        "amount": "12.5",
        "reason": "r",
        "actor": "a",
        "key": "k",
        "identities": {"email": "ada@example.org"},
    }
    written = Adjustment(**{**document, "amount": 1250})
    summary = loyalty.adjust_many([document, written], enrol=True)
    assert summary.counts == {"booked": 1, "duplicate": 1}
    assert summary.added == {"points": 1250}
