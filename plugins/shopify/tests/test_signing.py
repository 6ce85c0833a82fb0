"""Who sent it: published vectors, and everything that comes close to them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from examples.shops.shopify.double import Shopify
from examples.shops.shopify.papers import CLIENT, OLD_SECRET, SECRET, SHOP, order, webhook
from loyalty_core import SignatureInvalid
from loyalty_core.testing import SentWebhook, check_signatures
from loyalty_shopify.signing import (
    customer_of_proxy,
    customer_of_token,
    proxy_signature,
    webhook_signature,
)
from plugins.shopify.tests.build import CONNECTOR, NOW, opened

QUERY = (
    "extra=1&extra=2&shop=shop-name.myshopify.com&path_prefix=%2Fapps%2Fawesome_reviews"
    "&timestamp=1317327555"
)


def test_published_signatures_of_the_app_proxy() -> None:
    """The examples of shopify.dev, with and without a customer; the secret is ``hush``."""
    signed_in = parse_qsl(f"{QUERY}&logged_in_customer_id=1")
    assert proxy_signature("hush", signed_in) == (
        "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"
    )
    assert proxy_signature("hush", parse_qsl(QUERY)) == (
        "a9718877bea71c2484f91608a7eaea1532bdf71f5c56825065fa4ccabe549ef3"
    )


def test_a_published_signature_of_a_webhook() -> None:
    body = b'{"id":1234567890,"email":"customer@example.com","total_price":"123.45"}'
    assert webhook_signature("test-webhook-secret", body) == (
        "QNyObTlKbMx2qDlPF/ZOZcBqg5OgPg+2oky3zldc0Gw="
    )


@pytest.mark.parametrize("family", ["X-Shopify-", "shopify-"])
def test_spoilt_webhooks_leave_nothing(double: Shopify, family: str) -> None:
    with opened(double) as loyalty:
        made = webhook(order(), family=family)
        check_signatures(loyalty, CONNECTOR, made, f"{family}hmac-sha256")


def test_of_two_families_of_headers_those_of_events_count(double: Shopify) -> None:
    older = webhook(order(), "orders/create", name="older")
    events = webhook(order(), "orders/paid", name="event", family="Shopify-")
    both = SentWebhook(body=older.body, headers=(*older.headers, *events.headers))
    forged = tuple((n, "x" if n == "Shopify-Hmac-Sha256" else v) for n, v in both.headers)
    with opened(double) as loyalty:
        receipt = both.to(loyalty, CONNECTOR)
        assert (receipt.key, receipt.topic) == ("event", "orders/paid")
        with pytest.raises(SignatureInvalid):
            SentWebhook(body=both.body, headers=forged).to(loyalty, CONNECTOR)


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_old_and_new_secrets_are_taken(double: Shopify, secret: str) -> None:
    with opened(double) as loyalty:
        assert webhook(order(), secret=secret).to(loyalty, CONNECTOR).message_id


def test_another_shop_of_the_same_app_is_refused(double: Shopify) -> None:
    """One secret signs for all shops that have the app."""
    with opened(double) as loyalty, pytest.raises(SignatureInvalid, match="coffee"):
        webhook(order(), shop="coffee.myshopify.com").to(loyalty, CONNECTOR)


def test_a_test_notification_of_the_admin_says_what_it_is(double: Shopify) -> None:
    with opened(double) as loyalty, pytest.raises(SignatureInvalid, match="test notifications"):
        webhook(order(), secret="another key").to(loyalty, CONNECTOR)


def test_one_delivery_is_known_by_its_webhook_id(double: Shopify) -> None:
    with opened(double) as loyalty:
        assert not webhook(order(), name="a").to(loyalty, CONNECTOR).duplicate
        assert webhook(order(), name="a").to(loyalty, CONNECTOR).duplicate
        assert not webhook(order(), name="b").to(loyalty, CONNECTOR).duplicate
        bare = webhook(order())
        headers = tuple(one for one in bare.headers if one[0] != "X-Shopify-Webhook-Id")
        for duplicate in (False, True):
            made = SentWebhook(body=bare.body, headers=headers).to(loyalty, CONNECTOR)
            assert made.duplicate is duplicate


# -- who is signed in -----------------------------------------------------------------------------


def proxied(at: datetime = NOW, secret: str = SECRET, **more: str) -> str:
    said = {"shop": SHOP, "timestamp": str(int(at.timestamp())), "path_prefix": "/apps/loyalty"}
    query = [*(said | more).items()]
    return "?" + urlencode([*query, ("signature", proxy_signature(secret, query))])


def asked(url: str) -> str:
    return customer_of_proxy(url, [SECRET, OLD_SECRET], SHOP, NOW)


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_a_customer_who_is_signed_in_comes_through_the_proxy(secret: str) -> None:
    assert asked(proxied(secret=secret, logged_in_customer_id="7000")) == "7000"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "?logged_in_customer_id=7000",
        proxied(),
        proxied(logged_in_customer_id=""),
        proxied(logged_in_customer_id="7000 OR 1"),
        proxied(secret="another", logged_in_customer_id="7000"),
        proxied(shop="coffee.myshopify.com", logged_in_customer_id="7000"),
        proxied(NOW - timedelta(seconds=301), logged_in_customer_id="7000"),
        proxied(NOW + timedelta(seconds=301), logged_in_customer_id="7000"),
        proxied(timestamp="", logged_in_customer_id="7000"),
        proxied(logged_in_customer_id="7000") + "&logged_in_customer_id=1",
        proxied(logged_in_customer_id="7000") + "&signature=0",
        proxied(logged_in_customer_id="7000").replace("7000", "7001"),
        proxied(logged_in_customer_id="7000") + "%ff",
    ],
)
def test_what_is_not_quite_signed_names_nobody(url: str) -> None:
    with pytest.raises(SignatureInvalid):
        asked(url)


def part(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def token(secret: str = SECRET, alg: str = "HS256", **more: Any) -> str:
    now = int(NOW.timestamp())
    claims = {
        "iss": f"https://{SHOP}/admin",
        "dest": SHOP,
        "aud": CLIENT,
        "sub": "gid://shopify/Customer/7000",
        "exp": now + 60,
        "nbf": now,
        **more,
    }
    signed = f"{part({'alg': alg, 'typ': 'JWT'})}.{part(claims)}"
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def named(given: str) -> str:
    return customer_of_token(given, [SECRET, OLD_SECRET], CLIENT, SHOP, NOW)


@pytest.mark.parametrize(
    "given",
    [
        token(),
        token(OLD_SECRET),
        token(dest=f"https://{SHOP}"),
        token(exp=int(NOW.timestamp()) - 9),
        token(nbf=int(NOW.timestamp()) + 10),
    ],
)
def test_a_session_token_names_its_customer(given: str) -> None:
    assert named(given) == "7000"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "a.b.c",
        token() + "x",
        token("another"),
        token(alg="none"),
        token(alg="RS256"),
        token(aud="another app"),
        token(aud=[CLIENT]),
        token(dest="coffee.myshopify.com"),
        token(exp=int(NOW.timestamp()) - 10),
        token(nbf=int(NOW.timestamp()) + 11),
        token(exp=None),
        token(exp="soon"),
        token(sub=None),
        token(sub="42"),  # somebody of the staff, in the admin
        token(sub="gid://shopify/Customer/"),
        token(sub="gid://shopify/Order/7"),
        "x" * 9000,
    ],
)
def test_tokens_that_are_not_right_name_nobody(given: str) -> None:
    with pytest.raises(SignatureInvalid):
        named(given)


def test_a_page_of_the_shop_signs_its_customer_in(double: Shopify) -> None:
    with opened(double) as loyalty:
        url = "https://loyalty.example/sign-in/shopify/tea" + proxied(logged_in_customer_id="7000")
        by_proxy = loyalty.signed_in(CONNECTOR, headers=(), url=url)
        headers = [("Authorization", f"Bearer {token()}")]
        by_token = loyalty.signed_in(CONNECTOR, headers=headers, url="")
        assert by_proxy == by_token
        assert (by_token.source, by_token.identities) == ("tea", {"customer_id": "7000"})
        forged = [("Authorization", f"Bearer {token('another')}")]
        with pytest.raises(SignatureInvalid):  # a wrong token is not made good by the query
            loyalty.signed_in(CONNECTOR, headers=forged, url=url)
