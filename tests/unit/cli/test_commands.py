"""Every command: its JSON to the letter, its exit code, and what it prints for people."""

import json
import sqlite3
from typing import Any

import pytest

from tests.unit.cli.shop import AT, Shop, euros, order, points

ADA = "email:ada@example.org"
CART = json.dumps({"currency": "EUR", "lines": [{"id": "x", "amount": "9.99"}]})


def member_document(member_id: str) -> dict[str, Any]:
    return {
        "id": member_id,
        "status": "active",
        "joined_at": "2024-03-01T09:00:00Z",
        "profile": {
            "name": "",
            "locale": "",
            "time_zone": "",
            "birthday": None,
            "consents": {},
            "tags": [],
            "tiers": {},
        },
        "identities": [{"kind": "email", "value": "ada@example.org", "source": ""}],
    }


def test_record_says_what_became_of_each_fact(shop: Shop) -> None:
    (receipt,) = shop.record(order(1))
    ids = {name: receipt[name] for name in ("fact_id", "member_id", "transactions")}
    assert len(ids["transactions"]) == 1
    assert receipt == {
        "status": "booked",
        "enrolled": True,
        "changes": {"points": points(4000)},
        "problems": [],
        "error": None,
        **ids,
    }
    (again,) = shop.record(order(1))
    assert again == receipt | {
        "status": "duplicate",
        "enrolled": False,
        "changes": {},
        "transactions": [],
    }


@pytest.mark.parametrize(
    "form", ["lines", "array", "pretty array", "pretty object", "with a byte order mark"]
)
def test_record_takes_json_in_every_form(shop: Shop, form: str) -> None:
    facts = [order(1), order(2)]
    text = {
        "lines": "\n".join(json.dumps(fact) for fact in facts) + "\n\n",
        "array": json.dumps(facts),
        "pretty array": json.dumps(facts, indent=2),
        "pretty object": json.dumps(facts[0], indent=2),
        "with a byte order mark": "\ufeff" + json.dumps(facts[0]),
    }[form]
    receipts = shop.json("record", stdin=text)["receipts"]
    assert [receipt["status"] for receipt in receipts] == ["booked"] * (
        2 if form in ("lines", "array", "pretty array") else 1
    )


def test_record_books_the_good_and_reports_the_bad(shop: Shop) -> None:
    lines = [json.dumps(order(1)), "{broken", "7", json.dumps(order(2, "x")), json.dumps(order(3))]
    receipts = shop.json("record", stdin="\n".join(lines), code=1)["receipts"]
    assert [receipt["status"] for receipt in receipts] == [
        "booked",
        "rejected",
        "rejected",
        "rejected",
        "booked",
    ]
    assert [receipt["error"] and receipt["error"]["code"] for receipt in receipts] == [
        None,
        "encoding_broken",
        "fact_malformed",
        "amount_invalid",
        None,
    ]
    assert receipts[1]["error"]["where"] == "line 2"
    assert shop.json("report")["orders"] == 2


@pytest.mark.parametrize(
    ("stdin", "code"),
    [("", "encoding_broken"), (b"\xff\xfe{}", "encoding_broken"), (" \n", "encoding_broken")],
)
def test_record_of_nothing_is_an_error(shop: Shop, stdin: str | bytes, code: str) -> None:
    assert shop.error("record", code=1, stdin=stdin)["code"] == code


def test_members_are_found_shown_and_enrolled(shop: Shop) -> None:
    (receipt,) = shop.record(order(1))
    expected = member_document(receipt["member_id"])
    assert shop.json("member", "find", "--email", "Ada@Example.org") == expected
    assert shop.json("member", "show", receipt["member_id"]) == expected
    assert shop.json("member", "show", ADA) == expected

    made = shop.json("member", "enrol", "--customer-id", "7", "--source", "web", "--name", "Bo")
    assert made["profile"]["name"] == "Bo"
    assert made["identities"] == [{"kind": "customer_id", "value": "7", "source": "web"}]
    assert shop.json("member", "show", "customer_id:7", "--source", "web") == made


def test_nobody_is_an_error_of_its_own(shop: Shop) -> None:
    absent = "01a20066-0000-7000-8000-000000000000"
    for arguments in (
        ("member", "find", "--email", "x@example.org"),
        ("member", "show", absent),
        ("statement", "email:x@example.org"),
        ("history", absent),
        ("redeem", absent, "--key", "k"),
        ("adjust", absent, "--points", "1", "--reason", "r", "--key", "k"),
        ("quote", shop.file("cart.json", CART), "--member", absent),
    ):
        assert shop.error(*arguments, code=5)["code"] == "member_not_found", arguments
    missed = shop.error("member", "show", "customer_id:7", code=5)
    assert missed["remedy"] == "Name the shop with --source."


def test_statement_in_json_to_the_letter(shop: Shop) -> None:
    (receipt,) = shop.record(order(1))
    assert shop.json("statement", ADA, "--at", AT) == {
        "member": member_document(receipt["member_id"]),
        "at": AT,
        "standings": [],
        "benefits": [],
        "segments": [],
        "shown": {},
        "wallets": [
            {
                "wallet": "points",
                "unit": "points",
                "scale": 2,
                "balance": points(4000),
                "available": points(4000),
                "pending": points(0),
                "debt": points(0),
                "earned": points(4000),
                "redeemed": points(0),
                "expired": points(0),
                "adjusted": points(0),
                "transferred": points(0),
                "worth": euros("0.40"),
                "next_pending": None,
                "expiring": [],
                "lapses_at": None,
            }
        ],
        "household_id": None,
    }


def test_statement_shows_what_expires_at_a_later_moment(shop: Shop) -> None:
    shop.record(order(1))
    (wallet,) = shop.json("statement", ADA, "--at", "2104-02-01T00:00:00Z")["wallets"]
    assert wallet["expiring"] == [{"at": "2104-02-29T23:00:00Z", "points": points(4000)}]
    shown = shop.run("statement", ADA, "--at", "2104-02-01T00:00:00+00:00").stdout
    assert "40.00 points expire 2104-03-01 00:00 CET" in shown


@pytest.mark.parametrize("at", ["yesterday", "2026-01-01", "2026-01-01T10:00:00"])
def test_a_moment_needs_its_time_zone(shop: Shop, at: str) -> None:
    assert shop.run("report", "--at", at).exit_code == 2


def test_history_goes_on_where_it_stopped(shop: Shop) -> None:
    receipts = shop.record(*(order(n, occurred_at=f"2024-03-0{n}T10:00:00Z") for n in (1, 2, 3)))
    ids = [receipt["transactions"][0] for receipt in receipts]
    page = shop.json("history", ADA, "--first", "2")
    assert [item["transaction"]["id"] for item in page["items"]] == ids[:0:-1]
    assert page["more"] is True
    assert page["next"] == page["items"][-1]["cursor"]
    rest = shop.json("history", ADA, "--first", "2", "--after", page["next"])
    assert [item["transaction"]["id"] for item in rest["items"]] == [ids[0]]
    assert (rest["more"], rest["next"]) == (False, None)

    (item,) = rest["items"]
    entries = item["transaction"].pop("entries")
    assert [entry["amount"] for entry in entries] == [points(4000), points(-4000)]
    assert item["transaction"] == {
        "id": ids[0],
        "member_id": receipts[0]["member_id"],
        "wallet": "points",
        "kind": "accrual",
        "amount": points(4000),
        "occurred_at": "2024-03-01T10:00:00Z",
        "booked_at": item["transaction"]["booked_at"],
        "fact_id": receipts[0]["fact_id"],
        "config_version": 1,
        "actor": "",
        "reason": "",
        "detail": item["transaction"]["detail"],
    }
    assert shop.error("history", ADA, "--wallet", "stars", code=5)["code"] == "wallet_unknown"
    assert shop.error("history", ADA, "--after", "x", code=1)["code"] == "fact_malformed"
    assert shop.run("history", ADA, "--first", "0").exit_code == 2
    assert f"more: add --after {page['next']}" in shop.run("history", ADA, "--first", "2").stdout


def test_explain_names_fact_rule_and_configuration(shop: Shop) -> None:
    (receipt,) = shop.record(order(1))
    why = shop.json("explain", receipt["transactions"][0])
    assert why["fact"] == {
        "type": "order",
        "source": "web",
        "id": "A1",
        "identities": {"email": "ada@example.org"},
        "currency": "EUR",
        "occurred_at": "2024-03-01T09:00:00Z",
        "lines": [{"id": "1", "amount": "40.00"}],
    }
    assert why["awards"] == [
        {
            "plugin": "points",
            "rule": "purchases",
            "wallet": "points",
            "amount": points(4000),
            "kept": points(4000),
            "lines": {"1": points(4000)},
            "expires_at": "2104-02-29T23:00:00Z",
        }
    ]
    assert (why["refunds"], why["config_version"]) == ([], 1)
    assert why["transaction"]["id"] == receipt["transactions"][0]
    shown = shop.run("explain", receipt["transactions"][0]).stdout
    assert "order A1 of web" in shown
    assert "configuration version 1" in shown
    assert shop.error("explain", "nonsense", code=5)["code"] == "transaction_not_found"


def test_tick_reports_what_it_did(shop: Shop) -> None:
    shop.record(order(1))
    assert shop.json("tick") == {
        "activated_lots": 0,
        "expired_lots": 0,
        "expired": {},
        "timed_out_holds": 0,
        "retried_facts": 0,
        "retried_redemptions": 0,
        "expired_grants": 0,
        "closed_boards": 0,
        "board_prizes": 0,
        "lapsed_facts": 0,
        "calendar_facts": 0,
        "reminders": 0,
        "segments": 0,
        "messages": 0,
        "dead_messages": 0,
        "polled": 0,
        "actions": 0,
        "action_failures": 0,
        "delivered": 0,
        "delivery_failures": 0,
        "sealed": 1,
    }
    assert "lots expired" in shop.run("tick").stdout


def test_verify_finds_what_somebody_changed(shop: Shop) -> None:
    shop.record(order(1))
    assert shop.json("verify") == {
        "ok": True,
        "transactions": 1,
        "entries": 2,
        "lots": 1,
        "wallets": 1,
        "blocks": 0,
        "sealed": 0,
        "head": None,
        "problems": [],
    }
    assert "the books are right" in shop.run("verify").stdout
    with sqlite3.connect(shop.folder / "books.db") as books:
        books.execute("UPDATE loyalty_lot SET remaining = remaining + 1")
    books.close()
    found = shop.json("verify", code=1)
    assert found["ok"] is False
    assert found["problems"]
    assert shop.run("verify").exit_code == 1


def test_status_shows_the_installation(shop: Shop) -> None:
    state = shop.json("status")
    assert state["database"].endswith("books.db")
    assert [plugin["id"] for plugin in state["plugins"]] == ["points"]
    assert {name: state[name] for name in list(state)[-10:]} == {
        "deferred_facts": 0,
        "waiting_facts": 0,
        "pending_deliveries": 0,
        "dead_deliveries": 0,
        "pending_messages": 0,
        "dead_messages": 0,
        "pending_actions": 0,
        "dead_actions": 0,
        "disabled_connectors": [],
        "quarantined_plugins": [],
    }
    assert "points" in shop.run("status").stdout


def test_report_in_json_to_the_letter(shop: Shop) -> None:
    (receipt,) = shop.record(order(1))
    assert shop.json("report", "--at", AT) == {
        "at": AT,
        "members": 1,
        "orders": 1,
        "activities": 0,
        "waiting": 0,
        "deferred": 0,
        "wallets": [
            {
                "wallet": "points",
                "unit": "points",
                "scale": 2,
                "issued": points(4000),
                "redeemed": points(0),
                "expired": points(0),
                "adjusted": points(0),
                "outstanding": points(4000),
                "due": points(0),
                "debt": points(0),
                "worth": euros("0.40"),
            }
        ],
        "top_members": [
            {
                "member": member_document(receipt["member_id"]),
                "earned": points(4000),
                "balance": points(4000),
            }
        ],
    }


def test_tables_are_made_for_reading(shop: Shop) -> None:
    (receipt,) = shop.record(order(1, "123456.78", identities={"email": "ada@example.org"}))
    lines = [line.rstrip() for line in shop.run("report", "--at", AT).stdout.splitlines()]
    assert lines == [
        "as of 2024-03-02 01:00 CET",
        "members  1",
        "orders   1",
        "",
        "wallet      issued  redeemed  expired  adjusted  outstanding   due  debt         worth",
        "points  123,456.78      0.00     0.00      0.00   123,456.78  0.00  0.00  1,234.56 EUR",
        "",
        f"   member{' ' * 30}  known as                   earned     balance",
        f"1  {receipt['member_id']}  email:ada@example.org  123,456.78  123,456.78",
    ]
