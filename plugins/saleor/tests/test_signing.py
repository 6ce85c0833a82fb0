"""Who sent a webhook: signatures by keys that the shop publishes, and changes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from loyalty_core import Loyalty, PlatformUnavailable, SignatureInvalid
from loyalty_core.testing import Answer, Asked, Fault, FrozenClock, SentWebhook
from plugins.saleor.tests.build import CONNECTOR, points, sent
from plugins.saleor.tests.double import JWKS, Saleor
from plugins.saleor.tests.papers import SIGNATURE, about_order, order, signed, webhook

BODY = b'{"issuedAt": "now", "order": {"id": "O1"}}'

# Published with Saleor's own kit for apps (saleor/app-sdk, its tests of signatures): what a shop of
# Saleor's once sent, and the key that it published.
PUBLISHED_BODY = b'{"__typename": "OrderCreated"}'
PUBLISHED_KEY = {
    "kty": "RSA",
    "key_ops": ["verify"],
    "n": (
        "uDhbbpspufsQiqHsmC4kvmFQ5l2mGZsGcWhKVSQKQubSdXMedPpLnPD3Z3DsY76DILTm6WfOtSp5rr4K"
        "zF5wjurlOEhuFsB1HUfK9ZZB2nEDCQbweoIv3SOdclaNB__pYvQ0nmQHwsAeqH1QUuFUIvOL3t31rhjv"
        "zX6wvS49fGNb7rDlqQjufCvaX_n-ADJTgEAg6y1Mzn5NhgoTV1KTBeviyZqCdwvD6bk1ghN2XXWpNcAR"
        "Tzu3WHrmzIzkTwQeIMG8efwIddjfCaMGiOzAfzdQlqHlHPL1Xb5kV9AVX3kiSy-9shaQY23HdWwwiodr"
        "b4k2w34Z9ZZN-MHp8i6JdQ"
    ),
    "e": "AQAB",
    "use": "sig",
    "kid": "yKw9XyEf8x2bwyJGBYYSrHsyzGhxJjKKvZdokNe9FIc",
}
PUBLISHED = (
    "eyJhbGciOiJSUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il0sImlzcyI6Imh0dHBzOi8vaGFj"
    "a2F0aG9uLXNoaXBwaW5nLmV1LnNhbGVvci5jbG91ZC9ncmFwaHFsLyIsImtpZCI6InlLdzlYeUVmOHgy"
    "Ynd5SkdCWVlTckhzeXpHaHhKaktLdlpkb2tOZTlGSWMiLCJ0eXAiOiJKV1QifQ..ShPbfvYc_A5Aq3hi"
    "T6sisDclKikDkhxOvGXT2ZWgdsGRjZpg9ukiHRZym0kbfMfDqU5C3Pfo6n7am0ExwbnFWBfOil3pfe3u"
    "JOcOn_UGRj76Fy-59TB0JdS_WuTgNQcYM8Yjvlq2sNK4jdAfJVRTTx8FVgEpFrHBKmcMPfD7zuDozswI"
    "DMZOkklYqBcyQ76DJYIRVhl3QsktYPPrxDoqf-GJ--e9FuNqtqNDksP1weiDSraqXCF4-Ie7UWZsMIFx"
    "kPF8jdKjF_s1UmNS8Xel8soFQQ9L6Gps-NEv7xcHicGt5lgohH4mqhz1YIxCR7v_NTQgWImu_GQ6ELBi"
    "BSIZ2Q"
)


def asked_for_keys(double: Saleor) -> int:
    return sum(one.path == JWKS for one in double.asked)


def refused(loyalty: Loyalty, given: SentWebhook) -> str:
    with pytest.raises(SignatureInvalid) as error:
        given.to(loyalty, CONNECTOR)
    return error.value.message


def test_a_published_signature_fits(loyalty: Loyalty, double: Saleor) -> None:
    double.faults.append(Fault(kind="answer", answer=Answer.of({"keys": [PUBLISHED_KEY]})))
    given = webhook("order_created", PUBLISHED_BODY, signature=PUBLISHED)
    assert given.to(loyalty, CONNECTOR).message_id is not None
    forged = webhook("order_created", b'{"forged": "payload"}', signature=PUBLISHED)
    assert "not signed" in refused(loyalty, forged)


def test_keys_are_asked_for_once(loyalty: Loyalty, double: Saleor) -> None:
    for number in range(5):
        about_order("O1", issued=str(number)).to(loyalty, CONNECTOR)
    assert asked_for_keys(double) == 1


def test_a_new_key_is_found_and_the_old_one_is_taken_while_it_is_published(
    loyalty: Loyalty, double: Saleor, clock: FrozenClock
) -> None:
    about_order("O1", issued="1").to(loyalty, CONNECTOR)
    double.keys = ["k1", "k2"]
    clock.advance(minutes=1)
    webhook("order_updated", BODY, kid="k2").to(loyalty, CONNECTOR)
    about_order("O1", issued="2").to(loyalty, CONNECTOR)
    assert asked_for_keys(double) == 2
    double.keys = ["k3"]
    clock.advance(minutes=1)
    webhook("order_updated", BODY, kid="k3").to(loyalty, CONNECTOR)
    assert "the key 'k1', and" in refused(loyalty, about_order("O1", issued="3"))


def test_made_up_keys_do_not_make_us_ask_all_the_time(
    loyalty: Loyalty, double: Saleor, clock: FrozenClock
) -> None:
    for number in range(20):
        told = refused(loyalty, webhook("order_updated", BODY, kid=f"made up {number}"))
        assert "has k1" in told
        clock.advance(seconds=1)
    assert asked_for_keys(double) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="answer", answer=Answer(status=503)),
        Fault(kind="answer", answer=Answer(status=404)),
        Fault(kind="drop"),
        Fault(kind="truncate"),
    ],
    ids=lambda one: f"{one.kind} {one.answer.status}",
)
def test_a_shop_that_cannot_say_its_keys_is_asked_again(
    loyalty: Loyalty, double: Saleor, clock: FrozenClock, fault: Fault
) -> None:
    """It is answered 503, and the shop sends the webhook again."""
    double.faults.append(fault)
    for number in range(5):
        with pytest.raises(PlatformUnavailable):
            webhook("order_updated", BODY, kid=f"made up {number}").to(loyalty, CONNECTOR)
    assert asked_for_keys(double) == 1
    clock.advance(seconds=5)
    assert not about_order("O1").to(loyalty, CONNECTOR).duplicate
    assert asked_for_keys(double) == 2


def test_known_keys_wait_for_nobody_who_asks(
    loyalty: Loyalty, double: Saleor, clock: FrozenClock
) -> None:
    """Whoever makes up a key while the shop does not answer holds up no webhook of the shop's."""
    about_order("O1", issued="1").to(loyalty, CONNECTOR)
    clock.advance(minutes=1)
    asked, go_on = threading.Event(), threading.Event()

    def waits(_: Asked) -> None:
        asked.set()
        assert go_on.wait(30)

    double.during = waits
    made_up = webhook("order_updated", BODY, kid="made up")
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(refused, loyalty, made_up)
        assert asked.wait(30)
        try:
            assert not about_order("O1", issued="2").to(loyalty, CONNECTOR).duplicate
        finally:
            go_on.set()
        assert "has k1" in other.result()


def test_a_key_of_somebody_else_under_the_same_id_is_refused(loyalty: Loyalty) -> None:
    forged = webhook("order_updated", BODY, signature=signed(BODY, "k1", key="another"))
    assert "not signed with the shop's key" in refused(loyalty, forged)


def _by_hand(header: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    said = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    given = sign(f"{said}.".encode() + BODY)
    return f"{said}..{base64.urlsafe_b64encode(given).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "signature",
    [
        hmac.new(b"secret key", BODY, hashlib.sha256).hexdigest(),
        "",
        "a.b.c",
        "..",
        _by_hand({"alg": "none", "kid": "k1", "b64": False, "crit": ["b64"]}, lambda _: b""),
        _by_hand(
            {"alg": "HS256", "kid": "k1", "b64": False, "crit": ["b64"]},
            lambda data: hmac.new(b"k1", data, hashlib.sha256).digest(),
        ),
        _by_hand({"alg": "RS256", "kid": 7, "b64": False, "crit": ["b64"]}, lambda _: b"x"),
        _by_hand({"alg": "RS256", "kid": "k1"}, lambda _: b"x"),
        "x" * 9_000,
        signed(BODY, crit=["b64", "exp"]),
    ],
    ids=["hmac", "empty", "nonsense", "dots", "none", "HS256", "no kid", "encoded", "long", "crit"],
)
def test_no_other_kind_of_signature_is_taken(loyalty: Loyalty, signature: str) -> None:
    headers = (("saleor-event", "order_updated"), (SIGNATURE, signature))
    refused(loyalty, SentWebhook(body=BODY, headers=headers))
    assert loyalty.connector_status(CONNECTOR).pending == 0


def test_verify_tells_of_a_secret_key_and_of_a_changed_body(loyalty: Loyalty) -> None:
    old = hmac.new(b"secret key", BODY, hashlib.sha256).hexdigest()
    headers = [("saleor-event", "order_updated"), (SIGNATURE, old)]
    assert "secret key" in loyalty.check_webhook(CONNECTOR, body=BODY, headers=headers).reason
    given = webhook("order_updated", BODY)
    spoilt = BODY.replace(b": ", b":")
    found = loyalty.check_webhook(CONNECTOR, body=spoilt, headers=given.headers)
    assert any("written anew" in hint for hint in found.hints)


def test_the_same_body_is_kept_once_and_of_each_topic(loyalty: Loyalty, double: Saleor) -> None:
    """Saleor gives no id to a delivery; that it was issued at another moment makes it another."""
    double.hold(order())
    assert not about_order("O1").to(loyalty, CONNECTOR).duplicate
    assert about_order("O1").to(loyalty, CONNECTOR).duplicate
    assert not about_order("O1", "order_paid").to(loyalty, CONNECTOR).duplicate
    assert not about_order("O1", issued="later").to(loyalty, CONNECTOR).duplicate
    loyalty.work_inbox()
    assert points(loyalty) == 60


def test_a_topic_that_was_changed_on_its_way_does_no_harm(loyalty: Loyalty, double: Saleor) -> None:
    """The header is not signed: whatever it says, what is the case is asked for."""
    double.hold(order())
    given = about_order("O1")
    headers = [("Saleor-Event", "order_cancelled"), *given.headers[1:]]
    sent(loyalty, SentWebhook(body=given.body, headers=tuple(headers)))
    assert points(loyalty) == 60
