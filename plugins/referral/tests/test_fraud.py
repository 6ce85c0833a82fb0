"""What is refused, why, and what is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from loyalty_core import ConfigError
from loyalty_referral import FraudCheck, Invitation, fraud
from loyalty_referral.config import CHECKS
from loyalty_referral.prints import Fingerprints, mailbox
from plugins.referral.tests.build import (
    FRIEND,
    NO_PRINTS,
    REFERRER,
    SECRET,
    Opened,
    activity,
    joined,
    order,
    refund,
    state_of,
)

SIGN_UP = [{**FRIEND, "when": "sign_up"}, {**REFERRER, "when": "sign_up"}]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada+shop@Example.org", "ada@example.org"),
        ("a.d.a@example.org", "a.d.a@example.org"),
        ("a.d.a@gmail.com", "ada@gmail.com"),
        ("a.d.a+x+y@googlemail.com", "ada@gmail.com"),
        ("ada-x@yahoo.com", "ada@yahoo.com"),
        ("ada-x@example.org", "ada-x@example.org"),
        ("ada@me.com", "ada@icloud.com"),
        ("a_d-a@pm.me", "ada@proton.me"),
        ("+x@example.org", "+x@example.org"),
        ("ada@ya.ru", "ada@yandex.ru"),
    ],
)
def test_aliases_lead_to_one_mailbox(address: str, expected: str) -> None:
    assert mailbox(address) == expected


@pytest.mark.hard_case("H42")
def test_oneself(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP)
    shop.enrol("ada")
    shop.record(joined("ada"))
    assert (shop.reasons("ada"), shop.points("ada")) == ("self", [0])


@pytest.mark.hard_case("H42")
def test_an_alias_of_the_referrer_who_has_only_asked_for_a_link(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP)
    shop.enrol("ada")
    alias, now = {"email": "ada+bob@example.org"}, shop.clock().isoformat()
    shop.record(joined("bob", identities=alias, occurred_at=now))
    assert shop.reasons("ada+bob") == "alias"
    assert shop.points("ada", "ada+bob") == [0, 0]


@pytest.mark.parametrize(
    ("kind", "theirs", "friends"),
    [
        ("device", "d-1", "d-1"),
        ("address", "1 Main St., Town", "1 MAIN ST TOWN"),
        ("payment", "card-1", "card-1"),
    ],
)
def test_the_same_device_address_or_payment(
    opened: Opened, kind: str, theirs: str, friends: str
) -> None:
    shop = opened(reward=SIGN_UP)
    shop.enrol("ada")
    shop.record(activity("seen", "ada", 0, **{kind: theirs}))
    shop.record(joined("bob", hours=1, **{kind: friends}))
    assert shop.reasons("bob") == f"same_{kind}"
    shop.record(joined("cal", hours=2, **{kind: "another"}))
    shop.record(joined("dan", hours=3, **{kind: "another"}))
    assert (shop.reasons("cal"), shop.reasons("dan")) == ("", f"same_{kind}")
    assert shop.points("ada", "bob", "cal", "dan") == [100, 0, 10, 0]
    assert theirs not in str(state_of(shop, "ada"))


def test_the_card_that_an_order_was_paid_with(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP)
    shop.enrol("ada")
    paid = {"email": "ada@example.org", "payment_token": "tok-1"}
    shop.record(order("1", "ada", hours=0, identities=paid))
    shop.record(joined("bob", hours=1, payment="tok-1"))
    assert shop.reasons("bob") == "same_payment"


def test_what_is_seen_later_refuses_nobody(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP)
    shop.enrol("ada")
    shop.record(joined("bob", hours=1, device="d-1"))
    shop.record(activity("seen", "ada", 2, device="d-1"))
    assert shop.reasons("bob") == ""


@pytest.mark.parametrize("names", [("ada", "bob"), ("ada", "bob", "cal")])
def test_the_one_who_would_close_a_circle(opened: Opened, names: tuple[str, ...]) -> None:
    shop = opened(reward=SIGN_UP)
    shop.enrol(*names)
    for hours, (name, by) in enumerate(zip((*names[1:], names[0]), names, strict=True)):
        shop.record(joined(name, by, hours=hours))
    assert [shop.reasons(name) for name in names] == ["circle", *[""] * (len(names) - 1)]


def test_both_ask_each_other_and_what_is_told_is_right(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP)
    shop.enrol("ada", "bob")
    shop.loyalty.record_many([joined("bob", "ada", hours=1), joined("ada", "bob")])
    assert (shop.reasons("ada"), shop.reasons("bob")) == ("", "circle")
    shop.loyalty.tick()
    assert [(name, data.get("reason")) for name, data in shop.told] == [
        ("accepted", None),
        ("refused", "circle"),
    ]


def test_all_at_the_same_moment(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP)
    names = ("ada", "bob", "cal")
    shop.enrol(*names)
    shop.loyalty.record_many(
        joined(name, by) for name, by in zip(names, (*names[1:], names[0]), strict=True)
    )
    assert [shop.reasons(name) for name in names] == ["circle"] * 3
    assert shop.points(*names) == [0, 0, 0]


def test_new_customers_only_and_a_purchase_given_back_is_none(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP)
    shop.enrol("ada")
    for name in ("bob", "cal"):
        shop.record(order(name, name, hours=0))
    shop.record(refund("cal", hours=1))
    for name in ("bob", "cal"):
        shop.record(joined(name, hours=2))
    assert (shop.reasons("bob"), shop.reasons("cal")) == ("not_new", "")


def test_velocity(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP, velocity={"most": 2, "hours": 24})
    shop.enrol("ada")
    for name, hours in (("bob", 0), ("cal", 1), ("dan", 23), ("eve", 24)):
        shop.record(joined(name, hours=hours))
    names = ("bob", "cal", "dan", "eve")
    assert [shop.reasons(name) for name in names] == ["", "", "velocity", ""]


def test_friends_who_come_at_once_are_not_more_than_the_limit(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP, velocity={"most": 3, "hours": 24})
    shop.enrol("ada")
    facts = [joined(f"friend{number}", hours=number) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(shop.record, facts))
    assert [shop.reasons(f"friend{number}") for number in range(8)] == [
        *[""] * 3,
        *["velocity"] * 5,
    ]
    assert shop.points("ada") == [300]
    assert shop.loyalty.verify().problems == ()


def test_a_late_friend_takes_the_place_of_one_who_came_after(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP)
    shop.enrol("ada")
    shop.record(joined("cal", hours=2, device="d-1"))
    assert shop.points("ada", "cal") == [100, 10]
    shop.record(joined("bob", hours=1, device="d-1"))
    assert shop.points("ada", "bob", "cal") == [100, 10, 0]
    assert (shop.reasons("bob"), shop.reasons("cal")) == ("", "same_device")


def test_checks_that_are_not_named_do_not_ask(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP, checks=["self", "circle"], secret="")
    shop.enrol("ada")
    shop.record(order("1", "bob", hours=0))
    shop.record(joined("bob", hours=1, device="d-1"))
    shop.record(joined("cal", hours=1, device="d-1"))
    assert (shop.reasons("bob"), shop.reasons("cal")) == ("", "")
    assert "prints" not in state_of(shop, "bob")


def test_a_code_that_cannot_be_one(opened: Opened) -> None:
    shop = opened(reward=SIGN_UP)
    shop.record(activity("joined", "bob", code="no such code!"))
    assert shop.reasons("bob") == "not_a_code"


@dataclass(frozen=True, kw_only=True)
class Risk:
    """What the check asks for."""

    risk_score: int | None = field(default=None, metadata={"doc": "Up to 100."})


class Scored:
    """A check of a shop's own: what its risk service says."""

    words = "We could not accept this."
    data = Risk

    def refuses(self, invitation: Invitation) -> bool:
        score = invitation.data.get("risk_score", 0)
        return isinstance(score, int) and score > 80


scored = Scored()


def test_a_check_of_another_distribution(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("scored", f"{__name__}:scored", fraud.GROUP)

    def installed(**wanted: Any) -> EntryPoints:
        return EntryPoints([point]).select(**wanted)

    with pytest.raises(ConfigError) as raised:
        opened(checks=[*NO_PRINTS, "scored"])
    assert raised.value.problems[0].where == "plugins.referral.checks[3]"
    monkeypatch.setattr(fraud, "entry_points", installed)
    assert isinstance(scored, FraudCheck)
    shop = opened(reward=SIGN_UP, checks=[*NO_PRINTS, "scored"])
    shop.enrol("ada")
    shop.record(joined("bob", risk_score="81"))
    shop.record(joined("cal", risk_score=80))
    assert (shop.reasons("bob"), shop.reasons("cal")) == ("scored", "")
    assert shop.shown("bob")["invited_by"]["why"] == Scored.words
    assert shop.points("ada", "bob", "cal") == [100, 0, 10]


def test_fingerprints_are_keyed() -> None:
    fact: Any = type("Fact", (), {"identities": {"email": "ada@example.org"}})()
    one, other = (Fingerprints(CHECKS, secret).of(fact, ours=False) for secret in (SECRET, "x"))
    assert one.keys() == other.keys() == {"email"}
    assert one != other
    assert len(one["email"]) == 16
