"""What front-ends see and do: plans for everybody, commands for who is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.tests.shop import Front, signed
from loyalty_gateway.testing import check_extension, check_schema_files
from loyalty_paid import plugin
from plugins.paid.tests.build import Shop

SEEN = """status currency plan name paidUntil renewsAt nextFee fee saved earnedBackAt stillToSpend
    due { charge amount attempts payUrl } refused"""


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop().at("2026-03-01")
    yield made
    made.loyalty.close()


@pytest.fixture
def front(shop: Shop) -> Front:
    return Front(shop.loyalty)


def test_everybody_sees_the_plans(front: Front) -> None:
    plans = front.data("{ paidPlans { plan name price currency period renewal benefits } }")
    assert len(plans["paidPlans"]) == 6
    assert plans["paidPlans"][0] == {
        "plan": "basic",
        "name": "basic",
        "price": "10.00",
        "currency": "USD",
        "period": "month",
        "renewal": "program",
        "benefits": [],
    }


def test_a_member_subscribes_and_sees_the_membership(shop: Shop, front: Front) -> None:
    token = signed(shop.ada)
    command = f'mutation {{ paidSubscribe(plan: "basic", idempotencyKey: "1") {{ {SEEN} }} }}'
    made = front.data(command, token)["paidSubscribe"]
    assert (made["status"], made["due"]["amount"], made["refused"]) == ("UNPAID", "10.00", None)
    shop.clock.now = shop.clock.now.replace(minute=5)
    shop.loyalty.tick()
    assert front.data(command, token)["paidSubscribe"]["status"] == "ACTIVE"  # once is enough
    assert len(shop.bank.taken) == 1
    seen = front.data(f"{{ me {{ membership {{ {SEEN} }} }} }}", token)["me"]["membership"]
    assert seen == {
        "status": "ACTIVE",
        "currency": "USD",
        "plan": "basic",
        "name": "basic",
        "paidUntil": "2026-04-01T00:00:00Z",
        "renewsAt": "2026-04-01T00:00:00Z",
        "nextFee": "10.00",
        "fee": "10.00",
        "saved": "0.00",
        "earnedBackAt": "200.00",
        "stillToSpend": "200.00",
        "due": None,
        "refused": None,
    }
    every = front.admin_data(f'{{ member(id: "{shop.ada}") {{ membership {{ {SEEN} }} }} }}')
    assert every["member"]["membership"] == seen


def test_the_other_commands(shop: Shop, front: Front) -> None:
    token = signed(shop.ada)
    shop.do("subscribe", "basic")
    seen = []
    for command in (
        'paidPause(idempotencyKey: "a", days: 3)',
        'paidResume(idempotencyKey: "b")',
        'paidChange(idempotencyKey: "c", plan: "plus")',
        'paidGive(idempotencyKey: "d", plan: "basic", code: "BOB-1")',
        'paidCancel(idempotencyKey: "e")',
        'paidCancel(idempotencyKey: "f", when: NOW)',
        'paidCancel(idempotencyKey: "g")',
    ):
        shop.clock.now = shop.clock.now.replace(hour=shop.clock.now.hour + 1)
        name = command.partition("(")[0]
        made = front.data(f"mutation {{ {command} {{ status renewsAt refused }} }}", token)[name]
        seen.append((name, made["status"], made["renewsAt"] is not None, made["refused"]))
        shop.loyalty.tick()
    assert seen == [
        ("paidPause", "PAUSED", True, None),
        ("paidResume", "ACTIVE", True, None),
        ("paidChange", "ACTIVE", True, None),
        ("paidGive", "ACTIVE", True, None),
        ("paidCancel", "ACTIVE", False, None),
        ("paidCancel", "ENDED", False, None),
        ("paidCancel", "ENDED", False, "is_no_member"),
    ]


def test_a_key_is_for_one_command(shop: Shop, front: Front) -> None:
    token = signed(shop.ada)
    front.data('mutation { paidSubscribe(plan: "basic", idempotencyKey: "1") { status } }', token)
    shop.clock.now = shop.clock.now.replace(minute=5)
    other = 'mutation { paidSubscribe(plan: "plus", idempotencyKey: "1") { status } }'
    answer = front.ask(other, token)
    assert answer["data"] == {"paidSubscribe": None}
    assert answer["errors"]


def test_strangers_and_operators_command_nothing(front: Front) -> None:
    command = 'mutation { paidSubscribe(plan: "basic", idempotencyKey: "1") { status } }'
    (error,) = front.ask(command)["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert "paidSubscribe" in front.admin(command)["errors"][0]["message"]


def test_what_is_added_fits_the_gateway_and_is_committed() -> None:
    check_extension(plugin)
    check_schema_files(plugin, Path(__file__).parents[1] / "graphql")
