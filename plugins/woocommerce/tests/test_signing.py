"""Who sent a webhook, and what makes two of them the same one."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from examples.shops.woocommerce.double import WooCommerce
from examples.shops.woocommerce.papers import OLD_SECRET, SIGNATURE, order, webhook
from loyalty_core import Loyalty, SignatureInvalid
from loyalty_core.testing import SentWebhook
from loyalty_woocommerce.signing import key_of, signature
from plugins.woocommerce.tests.build import CONNECTOR, points, sent

PING = b"webhook_id=12"


@pytest.mark.parametrize(
    ("key", "body", "hexadecimal"),
    [  # RFC 4231, test case 2; and no key and no body, by ``openssl dgst -hmac``
        (
            "Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        ("", b"", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ],
)
def test_signatures_are_base64_of_hmac_sha256(key: str, body: bytes, hexadecimal: str) -> None:
    assert signature(key, body) == base64.b64encode(bytes.fromhex(hexadecimal)).decode()


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("plain", "plain"),
        ("a&b", "a&b"),
        ("a&amp;b", "a&b"),
        ("&lt;&gt;&quot;&#039;&#39;&#x27;&#X26;", "<>\"'''&"),
        ("&amp;amp;", "&amp;"),  # once, not until nothing is left
        ("&copy;&amp &nbsp;", "&copy;&amp &nbsp;"),
        ("snow ☃", "snow ☃"),
    ],
)
def test_entities_in_a_secret_are_decoded_as_wordpress_does(secret: str, key: str) -> None:
    assert key_of(secret) == key.encode()


def test_a_webhook_signed_with_the_decoded_secret_is_taken(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    sent(loyalty, webhook("order.updated", double.hold(order())))
    assert points(loyalty) == 60


def test_the_old_secret_is_taken_while_it_changes(loyalty: Loyalty, double: WooCommerce) -> None:
    document = double.hold(order())
    sent(loyalty, webhook("order.updated", document, secret=OLD_SECRET))
    assert points(loyalty) == 60
    encoded = webhook("order.updated", document, secret="a&amp;b &lt;new&gt; key")
    with pytest.raises(SignatureInvalid):
        encoded.to(loyalty, CONNECTOR)


def test_another_algorithm_or_encoding_is_refused(loyalty: Loyalty) -> None:
    body = b'{"id": 727}'
    digest = hmac.new(b"a&b <new> key", body, hashlib.sha256).digest()
    for wrong in (digest.hex(), base64.urlsafe_b64encode(digest).decode() + "=", "=" * 44):
        with pytest.raises(SignatureInvalid):
            webhook("order.updated", body, signature=wrong).to(loyalty, CONNECTOR)
    assert loyalty.connector_status(CONNECTOR).pending == 0


def test_a_ping_is_answered_and_nothing_is_kept(loyalty: Loyalty) -> None:
    receipt = SentWebhook(body=PING, headers=()).to(loyalty, CONNECTOR)
    assert (receipt.topic, receipt.message_id) == ("ping", None)
    assert loyalty.connector_status(CONNECTOR).pending == 0


@pytest.mark.parametrize(
    "body",
    [b"webhook_id=", b"webhook_id=1&id=727", b'{"id": 727}', b"", b"webhook_id=" + b"1" * 99],
)
def test_nothing_else_passes_for_a_ping(loyalty: Loyalty, body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        SentWebhook(body=body, headers=()).to(loyalty, CONNECTOR)


def test_a_ping_with_a_wrong_signature_is_none(loyalty: Loyalty) -> None:
    with pytest.raises(SignatureInvalid):
        SentWebhook(body=PING, headers=((SIGNATURE, "AAAA"),)).to(loyalty, CONNECTOR)


def test_two_orders_under_one_delivery_id_are_both_booked(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    """The id of a delivery is made of the webhook and the second."""
    one, other = double.hold(order(1)), double.hold(order(2))
    sent(loyalty, *(webhook("order.created", each, delivery="5a") for each in (one, other)))
    assert points(loyalty) == 120


def test_an_order_that_is_deleted_twice_is_looked_at_twice(
    loyalty: Loyalty, double: WooCommerce
) -> None:
    """The body of a deletion is the id alone: the second one has the same."""
    double.hold(order())
    for delivery, status, expected in (
        ("1", "trash", 0),
        ("2", "processing", 60),
        ("3", "trash", 0),
    ):
        moment = f"2024-06-0{delivery}T11:00:00"
        double.hold(order(status=status, date_modified_gmt=moment))
        topic = "order.deleted" if status == "trash" else "order.restored"
        body = {"id": 727} if status == "trash" else double.orders[727]
        sent(loyalty, webhook(topic, body, delivery=delivery))
        assert points(loyalty) == expected


def test_the_same_delivery_is_kept_once(loyalty: Loyalty, double: WooCommerce) -> None:
    one = webhook("order.updated", double.hold(order()))
    assert not one.to(loyalty, CONNECTOR).duplicate
    assert one.to(loyalty, CONNECTOR).duplicate
    loyalty.work_inbox()
    assert points(loyalty) == 60
