"""The trace: each decision with its inputs and effects, and nobody's name in it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pytest

from loyalty_core import (
    Cause,
    Decision,
    Line,
    Loyalty,
    Minor,
    Order,
    Profile,
    PutRow,
    RecordStatus,
)
from tests.contract.conftest import Shop
from tests.platform.lending import Lending
from tests.toy import START, Toy, activity, config_of, order, refund

SECRET = "zq7marker"
MOMENT = "2026-06-01T12:00:00Z"


def traced(shop: Shop, **given: Any) -> tuple[Loyalty, list[Decision]]:
    made: list[Decision] = []
    on = {"toy": given, "lending": {}}
    loyalty = Loyalty.open(
        config_of(plugins=on),
        shop.url,
        plugins=[shop.toy, Lending()],
        clock=shop.clock,
        trace=made.append,
    )
    shop._open.append(loyalty)
    return loyalty, made


def test_each_decision_is_told_with_inputs_and_effects(sqlite_shop: Shop) -> None:
    loyalty, made = traced(sqlite_shop, daily_cap=50)
    receipt = loyalty.record(order())
    assert [(one.plugin, one.asked) for one in made] == [
        ("toy", "decide"),
        ("lending", "decide"),
        ("lending", "follow"),
    ]
    toy, _, follow = made
    assert (toy.config_version, toy.failure, toy.outcome) == (1, "", {})
    assert toy.fact == {
        "type": "order",
        "source": "web",
        "id": "1",
        "currency": "USD",
        "occurred_at": MOMENT,
        "lines": [{"id": "a", "amount": "60.00"}],
    }
    assert toy.member == {
        "member_id": receipt.member_id,
        "status": "active",
        "joined_at": MOMENT,
    }
    assert toy.effects == (
        {"effect": "Credit", "wallet": "points", "amount": 50, "rule": "base", "lines": {"a": 50}},
        {"effect": "KeepState", "state": {"day": "2026-06-01", "points": 50}},
    )
    assert follow.outcome["value"] == 6000
    assert follow.effects == (
        {"effect": "PutRow", "table": "loyalty_lending_left", "values": {"cents": 6000}},
    )
    made.clear()
    loyalty.record(order("2"))
    assert made[0].member["state"] == {"day": "2026-06-01", "points": 50}
    assert made[0].member["history"] == {
        "orders": 1,
        "first_order_at": MOMENT,
        "last_order_at": MOMENT,
        "spend": {"USD": 6000},
    }


def test_what_is_decided_again_is_told_again(sqlite_shop: Shop) -> None:
    loyalty, made = traced(sqlite_shop, first_order=5)
    loyalty.record(order("2"))
    loyalty.record(order("1", at=START - timedelta(days=1)))
    assert [one.fact["id"] for one in made if one.plugin == "toy"] == ["2", "1", "2"]
    made.clear()
    loyalty.record(refund("r"))
    again = [one.outcome["returned"] for one in made if one.fact["id"] == "1" and one.outcome]
    whole = {"at": MOMENT, "value": 0, "points": {"points": 0}, "whole": True, "gone": ["a"]}
    assert again == [[whole]]


def test_failures_are_told_with_what_was_asked(sqlite_shop: Shop) -> None:
    loyalty, made = traced(sqlite_shop)
    sqlite_shop.toy.failing.add("1")
    assert loyalty.record(order()).status is RecordStatus.DEFERRED
    failed = made[0]
    assert (failed.plugin, failed.effects) == ("toy", ())
    assert failed.failure == "plugin 'toy' raised ToyFailure on fact '1'"


def test_a_quote_is_traced_and_books_nothing(sqlite_shop: Shop) -> None:
    loyalty, made = traced(sqlite_shop)
    loyalty.quote({"currency": "USD", "lines": [{"id": "a", "amount": "9.00"}]})
    assert [one.plugin for one in made] == ["toy", "lending", "lending"]
    assert "member_id" not in made[0].member


def test_nothing_says_who_it_is_about(sqlite_shop: Shop) -> None:
    loyalty, made = traced(sqlite_shop, activities={"review": 5})
    mail = f"{SECRET}@example.org"
    profile = Profile(
        name=SECRET, birthday=date(1990, 12, 24), consents={SECRET: True}, locale="de"
    )
    loyalty.enrol({"email": mail, "card": SECRET}, profile=profile)
    tender = {"kind": SECRET, "amount": "60.00"}
    loyalty.record(order(email=mail, tenders=[tender]))
    loyalty.record(
        refund(
            "r",
            lines=[{"line": "a", "amount": "20.00"}],
            tenders=[{"kind": SECRET, "amount": "20.00"}],
        )
    )
    loyalty.record(activity("9", email=mail, data={"text": SECRET}))
    assert made[-1].fact["data"] == {"text": "…"}
    text = json.dumps([asdict(one) for one in made])
    assert SECRET not in text
    assert "1990" not in text


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda fact: [fact], "returned a Order, which is not an effect"),
        (lambda fact: [dict(fact.identities)], "returned a dict, which is not an effect"),
        (
            lambda fact: [PutRow("loyalty_lending_loan", {"item": SECRET * 10})],
            "put a text of 90 characters into loyalty_lending_loan.item, which holds a text",
        ),
        (
            lambda fact: [Cause(kind="lending.due", rule="r", member=fact.identities["email"])],
            "caused a fact of somebody whom neither one member's id nor a code names",
        ),
        (
            lambda fact: [Cause(kind="lending.due", rule="r", code=SECRET * 20)],
            "caused a fact by a code that is not a text of a sensible length",
        ),
    ],
    ids=["fact", "identities", "row", "member", "code"],
)
def test_what_is_wrong_with_an_answer_says_not_who_it_is_about(
    sqlite_shop: Shop, answer: Any, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    loyalty, made = traced(sqlite_shop)
    fact = Order(
        source="web",
        id="1",
        identities={"email": f"{SECRET}@example.org"},
        currency="USD",
        occurred_at=START,
        lines=(Line(id="a", amount=Minor(6000)),),
    )
    loyalty.plugins[1].answer = lambda: answer(fact)  # type: ignore[attr-defined]
    loyalty.record(fact)
    assert made[1].failure == f"plugin 'lending' {told}"
    assert SECRET not in json.dumps([asdict(one) for one in made]) + caplog.text


def test_a_trace_that_fails_changes_nothing(sqlite_shop: Shop) -> None:
    def fail(decision: Decision) -> None:
        raise RuntimeError("no")

    with Loyalty.open(
        config_of(), sqlite_shop.url, plugins=[Toy()], clock=lambda: START, trace=fail
    ) as loyalty:
        assert loyalty.record(order()).changes == {"points": 60}


def test_each_program_of_a_process_has_its_own_trace(sqlite_shop: Shop) -> None:
    one, made = traced(sqlite_shop)
    quiet = sqlite_shop.open(program="quiet")
    quiet.record(order())
    assert made == []
    one.record(order())
    assert len(made) == 3


def test_older_rules_are_traced_under_their_version(sqlite_shop: Shop) -> None:
    first, _ = traced(sqlite_shop)
    first.record(order(version=1))
    second, made = traced(sqlite_shop, per_unit=10)
    second.record(order(version=2, lines=[{"id": "a", "amount": "5.00"}]))
    assert {one.config_version for one in made} == {1}
