"""Who sent a webhook, for which URL, and what makes two of them the same one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from loyalty_core import Loyalty, SignatureInvalid, WebhookRequest
from loyalty_core.testing import SentWebhook
from loyalty_square.signing import verified
from plugins.square.tests.build import CONNECTOR, points, sent
from plugins.square.tests.double import Square
from plugins.square.tests.papers import (
    OLD_KEY,
    URL,
    about_order,
    sale,
    webhook,
)


def test_a_published_signature_fits() -> None:
    """The vector of Square's SDKs, through the verifier."""
    url = "https://example.com/webhook"
    headers = (("X-Square-HmacSha256-Signature", "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og="),)
    given = WebhookRequest(
        body=b'{"hello":"world"}', headers=headers, received_at=datetime.now(UTC)
    )
    assert verified(given, ["asdf1234"], url).topic == "unknown"
    for body, key, where in (
        (b'{"hello": "world"}', "asdf1234", url),
        (given.body, "asdf1235", url),
        (given.body, "asdf1234", f"{url}/"),
    ):
        with pytest.raises(SignatureInvalid):
            verified(replace(given, body=body), [key], where)


def test_the_url_that_square_knows_is_signed_not_the_one_asked_for(
    loyalty: Loyalty, double: Square
) -> None:
    """A proxy takes the webhook, and asks the gateway at an address of its own."""
    double.hold(sale())
    sent(loyalty, webhook("order.updated", "S1", asked="http://10.0.0.7:8000/webhooks/square/till"))
    assert points(loyalty) == 60


def test_the_old_key_is_taken_while_it_changes(loyalty: Loyalty, double: Square) -> None:
    double.hold(sale())
    sent(loyalty, webhook("order.updated", "S1", key=OLD_KEY))
    assert points(loyalty) == 60
    with pytest.raises(SignatureInvalid):
        webhook("order.updated", "S1", key="another").to(loyalty, CONNECTOR)


def test_a_body_signed_without_the_url_is_refused(loyalty: Loyalty) -> None:
    with pytest.raises(SignatureInvalid):
        webhook("order.updated", "S1", url="").to(loyalty, CONNECTOR)


@pytest.mark.parametrize(
    "signed",
    [f"{URL}/", URL.replace("points.", "loyalty."), URL.replace("https", "http")],
)
def test_verify_tells_for_which_url_it_was_signed(loyalty: Loyalty, signed: str) -> None:
    given = webhook("order.updated", "S1", url=signed, asked=signed)
    with pytest.raises(SignatureInvalid):
        given.to(loyalty, CONNECTOR)
    found = loyalty.check_webhook(CONNECTOR, body=given.body, headers=given.headers, url=signed)
    assert not found.ok
    assert f"signed for the URL {signed}: write that as notification_url" in found.reason


def test_verify_tells_that_the_body_was_written_anew(loyalty: Loyalty) -> None:
    given = webhook("order.updated", "S1")
    spoilt = given.body.replace(b": ", b":").replace(b", ", b",")
    found = loyalty.check_webhook(CONNECTOR, body=spoilt, headers=given.headers, url=URL)
    assert any("written anew" in hint for hint in found.hints)


def test_an_event_is_kept_once(loyalty: Loyalty, double: Square) -> None:
    double.hold(sale())
    one = about_order("S1", "event 1")
    assert not one.to(loyalty, CONNECTOR).duplicate
    assert one.to(loyalty, CONNECTOR).duplicate
    assert not about_order("S1", "event 2").to(loyalty, CONNECTOR).duplicate
    loyalty.work_inbox()
    assert points(loyalty) == 60


def test_a_signed_body_that_says_nothing_is_kept_and_means_nothing(loyalty: Loyalty) -> None:
    for body in (b"", b"[]", b"{}", b"\xff", b'{"type": 7}'):
        webhook("", "", body=body).to(loyalty, CONNECTOR)
    loyalty.work_inbox()
    assert loyalty.connector_status(CONNECTOR).dead == 0


def test_a_known_topic_without_an_id_is_dead_and_holds_up_nothing(loyalty: Loyalty) -> None:
    body = b'{"type": "order.updated", "event_id": "e", "data": {}}'
    given: SentWebhook = webhook("", "", body=body)
    sent(loyalty, given)
    assert loyalty.connector_status(CONNECTOR).dead == 1
