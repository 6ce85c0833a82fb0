"""Every fault of the catalogue is told at once, with its path and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import ConfigError
from loyalty_core.application.config import load_config

CARD = {"kind": "gift_card", "points": 10, "amount": "1.00"}


def faults(rewards: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    config = {"program": {"id": "shop"}, "wallets": {"points": {}}, **more, "rewards": rewards}
    with pytest.raises(ConfigError) as refused:
        load_config(config)
    return [(one.where, one.message) for one in refused.value.problems]


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"wallet": "stars"}, "wallet", "'stars' is not a wallet"),
        ({"points": 0}, "points", "0 is not positive"),
        ({"prices": [{"points": 5}]}, "prices[0]", "it does not say for whom or when"),
        ({"prices": [{"points": -1, "tags": ["a"]}]}, "prices[0].points", "-1 is not positive"),
        (
            {"rate": {"points": 1, "amount": "1"}, "amount": ""},
            "rate",
            "it has a price already",
        ),
        ({"amount": "1.001"}, "amount", "1.001 has more than 2 decimal digits"),
        ({"amount": "-1"}, "amount", "'-1' is not positive"),
        ({"amount": ""}, "", "it does not say what it is worth"),
        (
            {"kind": "discount", "percent": 101, "amount": ""},
            "percent",
            "101 is not above 0 and at most 100",
        ),
        ({"kind": "discount", "percent": 10}, "percent", "it takes an amount off already"),
        ({"percent": 10, "amount": ""}, "percent", "only a discount has a percentage"),
        ({"borne_by": "Wash"}, "borne_by", "nothing is to be borne"),
        ({"stock": -1}, "stock", "-1 is negative"),
        ({"per_member": {"limit": 0}}, "per_member.limit", "0 is not positive"),
        ({"valid_days": 0}, "valid_days", "0 is not from 1 to 36500"),
        (
            {"starts_on": "2026-02-02", "ends_on": "2026-02-01"},
            "ends_on",
            "2026-02-01 is before starts_on",
        ),
        ({"code": {"length": 5}}, "code.length", "such codes could be guessed"),
        ({"code": {"length": 0}}, "code.length", "0 is not from 1 to 64"),
        ({"code": {"alphabet": "AAB", "length": 64}}, "code.alphabet", "a letter is in it twice"),
        (
            {"code": {"prefix": "a b"}},
            "code",
            "codes are typed by people: no spaces, no other scripts",
        ),
        ({"code": {"pool": "a b"}}, "code.pool", "'a b' is not an id"),
        ({"code": {"pool": "a", "length": 9}}, "code", "codes of a pool are not drawn"),
        (
            {"auto_issue": True, "prices": [{"points": 5, "tags": ["a"]}]},
            "auto_issue",
            "it needs one price for everybody",
        ),
    ],
)
def test_a_fault(changes: dict[str, Any], where: str, message: str) -> None:
    path = f"rewards.card.{where}" if where else "rewards.card"
    assert faults({"card": {**CARD, **changes}}) == [(path, message)]


def test_faults_of_a_rate() -> None:
    rate = {"points": 0, "amount": "0", "smallest": 0, "largest": 5, "step": 10}
    found = faults({"card": {"kind": "gift_card", "rate": rate}})
    assert [where.removeprefix("rewards.card.rate.") for where, _ in found] == [
        "points",
        "amount",
        "smallest",
        "largest",
    ]


def test_which_wallet_pays() -> None:
    two = {"wallets": {"points": {}, "stars": {}}}
    assert faults({"card": CARD}, **two) == [("rewards.card.wallet", "which wallet pays?")]
    assert faults({"card": CARD}, wallets={}) == [
        ("rewards.card.wallet", "the program has no wallet")
    ]
    given = {"kind": "custom"}
    assert (
        load_config({"program": {"id": "shop"}, **two, "rewards": {"gift": given}})
        .rewards["gift"]
        .for_sale()
        is False
    )


def test_all_at_once() -> None:
    found = faults({"Card": {**CARD, "points": 0}, "other": {**CARD, "stock": -1}})
    assert [where for where, _ in found] == [
        "rewards.Card",
        "rewards.Card.points",
        "rewards.other.stock",
    ]
