"""Facts in: who signed them, when, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from loyalty_core import FactError, Loyalty, SignatureInvalid, WebhookRequest
from loyalty_core.testing import (
    FrozenClock,
    SentWebhook,
    books_of,
    changes_of,
    deliver,
    order_fact,
    shop_history,
)
from loyalty_webhooks.reading import inputs_of
from loyalty_webhooks.signing import verified_id
from plugins.webhooks.tests.build import NEW, NOW, OLD, SHOP, config_of, opened, order, webhook

TILL = "webhooks.till"


@pytest.fixture
def loyalty(database_url: str, clock: FrozenClock) -> Iterator[Loyalty]:
    with opened(database_url, clock, shop=[SHOP]) as made:
        yield made


def points(loyalty: Loyalty) -> int:
    found = loyalty.find({"email": "ada@example.org"})
    assert found is not None
    return loyalty.statement(found.id).wallet("points").balance


def test_a_signed_fact_is_booked(loyalty: Loyalty) -> None:
    deliver(loyalty, TILL, [webhook(order())])
    assert points(loyalty) == 60
    assert loyalty.connector_health(TILL).ok


def test_a_published_signature_fits() -> None:
    """The vector of the libraries of Standard Webhooks, through the verifier."""
    secret, timestamp = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1614265330
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    given = WebhookRequest(
        body=b'{"test": 2432232314}',
        headers=tuple(headers.items()),
        received_at=datetime.fromtimestamp(timestamp, UTC),
    )
    assert verified_id(given, [secret], 300) == headers["webhook-id"]
    for changed in (
        replace(given, body=b'{"test":2432232314}'),
        replace(given, headers=tuple({**headers, "webhook-id": "msg_other"}.items())),
    ):
        with pytest.raises(SignatureInvalid):
            verified_id(changed, [secret], 300)


@pytest.mark.parametrize("signers", [(OLD,), (NEW,), (OLD, NEW)])
def test_old_and_new_secrets_are_taken(loyalty: Loyalty, signers: tuple[str, ...]) -> None:
    sent = webhook(order(), secrets=signers)
    more = tuple(
        (name, f"v1a,{'x' * 88} v1,nonsense garbage {value}" if "signature" in name else value)
        for name, value in sent.headers
    )
    assert SentWebhook(body=sent.body, headers=more).to(loyalty, TILL).message_id


@pytest.mark.parametrize(
    ("seconds", "taken"), [(300, True), (301, False), (-300, True), (-301, False)]
)
def test_neither_old_ones_nor_those_of_the_future(
    loyalty: Loyalty, seconds: int, taken: bool
) -> None:
    sent = webhook(order(), at=NOW - timedelta(seconds=seconds))
    if taken:
        assert sent.to(loyalty, TILL).message_id
        return
    with pytest.raises(SignatureInvalid, match=r"301 seconds (old|ahead)"):
        sent.to(loyalty, TILL)


@pytest.mark.parametrize("moment", ["", "soon", "-5", "1" * 20, "1780000000.5"])
def test_a_moment_that_is_none_is_refused(loyalty: Loyalty, moment: str) -> None:
    sent = webhook(order())
    headers = tuple(
        (name, moment if name == "webhook-timestamp" else value) for name, value in sent.headers
    )
    with pytest.raises(SignatureInvalid):
        SentWebhook(body=sent.body, headers=headers).to(loyalty, TILL)


def test_one_id_is_taken_once(loyalty: Loyalty) -> None:
    deliver(loyalty, TILL, [webhook(order()), webhook(order(amount="90.00"))])
    assert points(loyalty) == 60


def test_many_in_one_and_what_else_there_is(loyalty: Loyalty) -> None:
    customer = {
        "type": "customer",
        "identities": {"customer_id": "7", "email": "ada@example.org"},
        "profile": {"name": "Ada", "tags": ["vip"], "birthday": "1990-02-28"},
    }
    deliver(loyalty, TILL, [webhook([order("1"), order("2", "5.00"), customer])])
    member = loyalty.find({"customer_id": "7"}, source="till")
    assert member is not None
    assert (member.profile.name, member.profile.tags) == ("Ada", ("vip",))
    assert points(loyalty) == 65
    for number, said in enumerate(({"name": "Ada L."}, {"tags": [], "birthday": None})):
        told = {"type": "customer", "identities": {"customer_id": "7"}, "profile": said}
        deliver(loyalty, TILL, [webhook(told, name=f"c{number}")])
    profile = loyalty.member(member.id).profile
    assert (profile.name, profile.tags, profile.birthday) == ("Ada L.", (), None)
    asked = {"identities": {"customer_id": "7"}, "reference": "r"}
    deliver(loyalty, TILL, [webhook({"type": "export", **asked}, name="m2")])
    deliver(loyalty, TILL, [webhook({"type": "erasure", **asked}, name="m3")])
    assert loyalty.member(member.id).status == "erased"


@pytest.mark.parametrize(
    "body",
    [
        5,
        ["x"],
        {"type": "weather"},
        {},
        order(source="another"),
        {"type": "customer"},
        {"type": "customer", "identities": {"email": 5}},
        {"type": "customer", "identities": {}, "profile": {"shoe": 5}},
        {"type": "customer", "identities": {}, "profile": {"birthday": "never"}},
        {"type": "customer", "identities": {}, "profile": {"tags": "vip"}},
        {"type": "erasure", "identities": {}},
        {"type": "code_used", "order": 5, "code": "x"},
        {"type": "code_used", "order": {}},
        [order()] * 1001,
    ],
)
def test_what_cannot_be_read_says_why(body: Any) -> None:
    with pytest.raises(FactError) as refused:
        inputs_of(body, "till")
    assert refused.value.where.startswith("$")


def test_broken_bodies_are_dead_and_hold_up_nobody(loyalty: Loyalty) -> None:
    bodies = [b"", b"\xff", b"[" * 100_000, b'{"type": NaN}', b'{"type": "order"}', b'"\\ud800"']
    sent = [webhook(body, name=f"m{place}") for place, body in enumerate(bodies)]
    deliver(loyalty, TILL, [*sent, webhook(order(), name="good")], every=99)
    status = loyalty.connector_status(TILL)
    assert (status.dead, status.done) == (len(bodies), 1)


def test_any_delivery_leaves_the_same_books(database_url: str, clock: FrozenClock) -> None:
    clock.advance(days=60)

    @contextmanager
    def program(name: str) -> Iterator[Loyalty]:
        config = config_of(shop=[SHOP])
        config["program"]["id"] = name
        with Loyalty.open(config, database_url, clock=clock) as made:
            yield made

    for seed in range(3):
        random = Random(seed)
        history = shop_history(random, NOW, currency="EUR")
        sent: Sequence[SentWebhook] = [
            webhook(order_fact(one, at, source="till"), name=f"m{place}", at=clock())
            for place, (at, one) in enumerate(changes_of(history))
        ]
        with program(f"plain{seed}") as loyalty:
            deliver(loyalty, TILL, sent)
            plain = books_of(loyalty)
        shuffled = [one for one in sent for _ in range(random.randint(1, 3))]
        random.shuffle(shuffled)
        with program(f"shuffled{seed}") as loyalty:
            deliver(loyalty, TILL, shuffled, every=3)
            assert books_of(loyalty) == plain
