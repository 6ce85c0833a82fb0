"""Who sent a webhook, when, and which of them are kept."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from loyalty_core import Loyalty, SignatureInvalid
from loyalty_core.testing import FrozenClock
from loyalty_stripe.signing import signature
from plugins.stripe.tests.build import CONNECTOR, START, config_of, opened, points
from plugins.stripe.tests.double import Stripe
from plugins.stripe.tests.papers import (
    OLD_SECRET,
    SECRET,
    Doc,
    event,
    seconds,
    signed,
    thin,
    webhook,
)

AT = seconds(START)


@pytest.fixture
def paid(double: Stripe, loyalty: Loyalty) -> Doc:
    made = double.till.paid(6000, receipt_email="ada@example.org")
    return event("payment_intent.succeeded", made, START)


def kept(loyalty: Loyalty) -> int:
    return loyalty.connector_status(CONNECTOR).pending


def test_the_secret_is_the_key_with_all_that_is_in_it() -> None:
    """Stripe publishes no signature of a known secret: this one is by ``openssl dgst -hmac``."""
    found = signature("whsec_MfKQ9r8GKYqrTwjU", 1614265330, b'{"test": 2}')
    assert found == "f3f0ac3b909a6257dad3e867809dab02d9c596ae0c049dfe211bb68d8f0f3134"


@pytest.mark.parametrize("away", [-300, -1, 0, 300])
def test_a_moment_within_five_minutes_is_taken(loyalty: Loyalty, paid: Doc, away: int) -> None:
    webhook(paid, START + timedelta(seconds=away)).to(loyalty, CONNECTOR)
    loyalty.work_inbox()
    assert points(loyalty) == 60


@pytest.mark.parametrize("away", [-301, 301, -86_400, 86_400])
def test_a_moment_too_long_ago_or_ahead_is_refused(loyalty: Loyalty, paid: Doc, away: int) -> None:
    with pytest.raises(SignatureInvalid):
        webhook(paid, START + timedelta(seconds=away)).to(loyalty, CONNECTOR)
    assert kept(loyalty) == 0


def test_while_the_secret_changes_either_is_taken(
    double: Stripe, clock: FrozenClock, paid: Doc
) -> None:
    body = json.dumps(paid).encode()
    both = f"t={AT},v1={signed(body, AT, OLD_SECRET)},v1={signed(body, AT, 'whsec_other')}"
    with opened(double, clock=clock) as loyalty:
        assert not webhook(body, START, header=both).to(loyalty, CONNECTOR).duplicate
    with opened(double, clock=clock, secrets=["env:STRIPE_SECRET"]) as loyalty:
        with pytest.raises(SignatureInvalid):
            webhook(body, START, secret=OLD_SECRET).to(loyalty, CONNECTOR)
        webhook(body, START, secret=SECRET).to(loyalty, CONNECTOR)


@pytest.mark.parametrize(
    "header",
    [
        "t={t}",
        "v1={v1}",
        "t={t},t={t},v1={v1}",
        "t=,v1={v1}",
        "t=-{t},v1={v1}",
        "t={t}0000,v1={v1}",
        "t={t},v0={v1}",
        "t={t},v1=",
        "t={t} ,v1={v1}0",
        "{v1}",
        ",=,=",
        "t={t}," + ",".join(["v1=00"] * 30) + ",v1={v1}",
    ],
)
def test_headers_that_stripe_does_not_write_are_refused(
    loyalty: Loyalty, paid: Doc, header: str
) -> None:
    body = json.dumps(paid).encode()
    given = header.format(t=AT, v1=signed(body, AT))
    with pytest.raises(SignatureInvalid):
        webhook(body, START, header=given).to(loyalty, CONNECTOR)
    assert kept(loyalty) == 0


def test_an_event_is_kept_once(loyalty: Loyalty, paid: Doc) -> None:
    assert not webhook(paid, START).to(loyalty, CONNECTOR).duplicate
    assert webhook(paid, START + timedelta(seconds=9)).to(loyalty, CONNECTOR).duplicate


@pytest.mark.parametrize(
    "changes",
    [
        {"livemode": False},
        {"account": "acct_1"},
        {"context": "acct_1"},
    ],
)
def test_what_is_not_ours_is_answered_and_not_kept(
    loyalty: Loyalty, paid: Doc, changes: dict[str, Any]
) -> None:
    receipt = webhook({**paid, **changes}, START).to(loyalty, CONNECTOR)
    assert (receipt.message_id, kept(loyalty)) == (None, 0)


def test_other_topics_are_kept_and_ignored(loyalty: Loyalty, double: Stripe, paid: Doc) -> None:
    for topic in ("payment_intent.created", "v2.made_up"):
        webhook({**paid, "id": f"evt_{topic}", "type": topic}, START).to(loyalty, CONNECTOR)
    double.asked.clear()
    assert loyalty.work_inbox().ignored == 2
    assert (double.asked, loyalty.connector_status(CONNECTOR).dead) == ([], 0)


@pytest.mark.parametrize("context", ["acct_7", "org_1/acct_7"])
def test_of_connected_accounts_one_is_meant(
    double: Stripe, clock: FrozenClock, context: str
) -> None:
    double.account = "acct_7"
    with opened(double, clock=clock, stripe_account="acct_7") as loyalty:
        made = double.till.paid(6000, receipt_email="ada@example.org")
        for number, account in enumerate(("acct_8", "", "acct_7")):
            one = event("payment_intent.succeeded", made, START, number=f"{number}")
            receipt = webhook({**one, "account": account}, START).to(loyalty, CONNECTOR)
            assert (receipt.message_id is None) == (account != "acct_7")
        one = thin("payment_intent.succeeded", made, START, context=context)
        assert webhook(one, START).to(loyalty, CONNECTOR).message_id is not None
        assert loyalty.work_inbox().done == 2
        assert points(loyalty) == 60


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"id": "evt_1"}', b"\xff", b"[" * 9999])
def test_what_is_signed_and_no_event_is_dead_and_seen(loyalty: Loyalty, body: bytes) -> None:
    webhook(body, START).to(loyalty, CONNECTOR)
    loyalty.work_inbox()
    assert loyalty.connector_status(CONNECTOR).dead == 1


def test_the_secrets_are_needed_for_the_gateway() -> None:
    with Loyalty.open(config_of(), "sqlite://") as loyalty:
        (one,) = [one for one in loyalty.connectors if one.id == CONNECTOR]
        assert [secret.reference for secret in one.secrets] == [
            "env:STRIPE_SECRET",
            "env:STRIPE_OLD",
            "env:STRIPE_KEY",
        ]
