"""What a front-end sees: member prices and benefits by the gateway, tiers by the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.tests.shop import Front, signed
from loyalty_core import Loyalty
from loyalty_gateway.testing import check_extension, check_schema_files
from loyalty_tiers import plugin
from plugins.tiers.tests.build import ADA, Clock, moment

CONFIG = {
    "program": {"id": "shop", "currency": "USD"},
    "wallets": {"points": {"value": {"points": 100, "amount": "1.00"}}},
    "plugins": {
        "tiers": {
            "scheme": [
                {
                    "scheme": "status",
                    "tier": [
                        {
                            "tier": "member",
                            "benefits": [
                                {
                                    "benefit": "shipping",
                                    "kind": "free_shipping",
                                    "minimum": {"USD": "50"},
                                },
                                {
                                    "benefit": "fraud-check",
                                    "kind": "service",
                                    "value": "light",
                                    "visible": False,
                                },
                            ],
                        },
                        {
                            "tier": "vip",
                            "name": "VIP",
                            "any_of": [{"metric": "spend", "at_least": "100"}],
                            "benefits": [
                                {"benefit": "price", "kind": "percent_off", "percent": 10}
                            ],
                        },
                        {"tier": "watched", "invitation": True, "visible": False},
                    ],
                }
            ]
        }
    },
}
TIERS = """tiers { scheme tier name since until
  next { tier by anyOf { metric unit have need missing moreThan } }
  stay { missing: anyOf { missing } } history { at tier why } }"""


@pytest.fixture
def front() -> Iterator[Front]:
    clock = Clock()
    clock.now = moment("2026-05-01")
    with Loyalty.open(CONFIG, "sqlite://", clock=clock) as loyalty:
        yield Front(loyalty)


def bought(front: Front, amount: str, number: str) -> str:
    receipt = front.loyalty.record(
        {
            "type": "order",
            "source": "web",
            "id": number,
            "identities": ADA,
            "currency": "USD",
            "occurred_at": "2026-05-01T12:00:00Z",
            "lines": [{"id": "1", "amount": amount}],
        }
    )
    assert receipt.member_id
    return receipt.member_id


def commanded(front: Front, kind: str, tier: str) -> None:
    fact: dict[str, Any] = {
        "type": "activity",
        "source": "desk",
        "id": f"{kind} {tier}",
        "kind": kind,
        "identities": ADA,
        "occurred_at": "2026-05-01T12:00:00Z",
        "data": {"scheme": "status", "tier": tier, "actor": "sam", "reason": "a test"},
    }
    assert front.loyalty.record(fact).error is None


def test_a_member_sees_the_tier_and_what_the_next_one_takes(front: Front) -> None:
    member = bought(front, "60.50", "1")
    (found,) = front.data(f"{{ me {{ {TIERS} }} }}", signed(member))["me"]["tiers"]
    assert (found["tier"], found["name"], found["until"]) == ("member", "member", None)
    assert found["next"] == {
        "tier": "vip",
        "by": "2027-01-01T00:00:00Z",
        "anyOf": [
            {
                "metric": "spend",
                "unit": "USD",
                "have": "60.50",
                "need": "100.00",
                "missing": "39.50",
                "moreThan": False,
            }
        ],
    }
    bought(front, "39.50", "2")
    (found,) = front.data(f"{{ me {{ {TIERS} }} }}", signed(member))["me"]["tiers"]
    assert (found["tier"], found["name"], found["next"]) == ("vip", "VIP", None)
    assert found["history"] == [{"at": "2026-05-01T12:00:00Z", "tier": "vip", "why": "reached"}]


def test_a_hidden_tier_and_a_hidden_benefit_are_told_to_operators_alone(front: Front) -> None:
    member = bought(front, "1.00", "1")
    query = f"{TIERS} benefits {{ name kind value why left }}"
    seen = front.data(f"{{ me {{ {query} }} }}", signed(member))["me"]
    assert [one["name"] for one in seen["benefits"]] == ["shipping"]
    every = front.admin_data(f'{{ member(id: "{member}") {{ {query} }} }}')["member"]
    assert [one["name"] for one in every["benefits"]] == ["shipping", "fraud-check"]
    commanded(front, "tiers.set", "watched")
    seen = front.data(f"{{ me {{ {query} }} }}", signed(member))["me"]
    assert (seen["tiers"][0]["tier"], seen["tiers"][0]["history"]) == (None, [])
    every = front.admin_data(f'{{ member(id: "{member}") {{ {query} }} }}')["member"]
    assert (every["tiers"][0]["tier"], len(every["tiers"][0]["history"])) == ("watched", 1)


def test_a_quote_has_the_member_price(front: Front) -> None:
    member = bought(front, "100.00", "1")
    cart = '{ currency: "USD", shipping: "4.00", lines: [{ id: "a", amount: "19.99" }] }'
    query = f"""{{ quote(cart: {cart}) {{ ... on Quote {{ pricing {{
        price {{ amount }} memberPrice {{ amount }} lines {{ line memberPrice {{ amount }} }}
        used {{ benefit why amount {{ amount }} }} missed {{ benefit missing {{ amount }} }}
    }} }} }} }}"""
    pricing = front.data(query, signed(member))["quote"]["pricing"]
    assert pricing["price"] == {"amount": "23.99"}
    assert pricing["memberPrice"] == {"amount": "21.99"}
    assert pricing["used"] == [{"benefit": "price", "why": "VIP", "amount": {"amount": "2.00"}}]
    assert pricing["missed"] == []
    assert front.data(query)["quote"]["pricing"]["memberPrice"] == {"amount": "23.99"}


def test_what_is_added_fits_the_gateway_and_is_committed() -> None:
    check_extension(plugin)
    check_schema_files(plugin, Path(__file__).parents[1] / "graphql")
