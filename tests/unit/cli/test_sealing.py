"""``seal``, ``head``, ``proof``, ``verify --rebuild``, ``balance`` and statements of the past."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.unit.cli.shop import AT, Shop, order, points, run

ADA = "email:ada@example.org"


def test_seal_and_head(shop: Shop) -> None:
    assert shop.json("head") == {"head": None, "block": None, "sealed_at": None}
    assert "run `loyalty seal`" in shop.run("head").stdout
    shop.record(order(1))
    done = shop.json("seal")
    assert done == {"blocks": 1, "transactions": 1, "head": shop.json("head")["head"]}
    assert shop.run("head").stdout == f"{done['head']}\n"
    assert shop.json("seal") == done | {"blocks": 0, "transactions": 0}
    assert shop.json("head")["block"] == 1
    assert done["head"] in shop.run("seal", "--late").stdout
    assert shop.json("verify", "--head", done["head"])["head"] == done["head"]
    wrong = shop.json("verify", "--head", "0" * 64, code=1)
    assert [problem["code"] for problem in wrong["problems"]] == ["seal_broken"]
    assert "1 transactions sealed in 1 blocks" in shop.run("verify").stdout


def test_a_proof_is_made_with_the_books_and_checked_without(shop: Shop, tmp_path: Path) -> None:
    (receipt,) = shop.record(order(1))
    (made,) = receipt["transactions"]
    assert shop.error("proof", made, code=1)["code"] == "not_sealed"
    head = shop.json("seal")["head"]
    printed = shop.run("proof", made, "--head", head).stdout
    assert json.loads(printed) == shop.json("proof", made)
    file = shop.file("proof.json", printed)
    checked = json.loads(run(["proof", "--check", file, "--head", head, "--json"]).stdout)
    assert checked == {
        "ok": True,
        "transaction": made,
        "member_id": receipt["member_id"],
        "wallet": "points",
        "kind": "accrual",
        "amount_units": 4000,
        "occurred_at": "2024-03-01T09:00:00.000000Z",
        "program": "shop",
        "block": 1,
        "sealed_at": checked["sealed_at"],
        "head": head,
    }
    shown = run(["proof", "--check", "-"], stdin=printed)
    assert "The proof is right" in shown.stdout
    assert "published" in shown.stdout
    assert "published" not in run(["proof", "--check", file, "--head", head]).stdout
    refused = run(["proof", "--check", file, "--head", "0" * 64, "--json"])
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["error"]["code"] == "proof_invalid"
    forged = printed.replace("4000", "5000")
    assert run(["proof", "--check", "-"], stdin=forged).exit_code == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"{broken", "encoding_broken"),
        (b"\xff", "encoding_broken"),
        (b"7", "fact_malformed"),
        (b"{}", "proof_invalid"),
    ],
)
def test_what_is_no_proof(given: bytes, code: str) -> None:
    done = run(["proof", "--check", "-", "--json"], stdin=given)
    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (1, code)


def test_proof_wants_one_thing(shop: Shop) -> None:
    assert shop.run("proof").exit_code == 2
    assert shop.run("proof", "x", "--check", "y").exit_code == 2
    assert shop.error("proof", "x", code=5)["code"] == "transaction_not_found"


def test_rebuild_says_what_was_wrong(shop: Shop) -> None:
    (receipt,) = shop.record(order(1))
    assert shop.json("verify", "--rebuild")["differences"] == []
    assert "nothing was rebuilt" in shop.run("verify", "--rebuild").stdout
    with sqlite3.connect(shop.folder / "books.db") as books:
        books.execute("UPDATE loyalty_wallet SET balance = 7")
    books.close()
    found = shop.json("verify", "--rebuild")
    assert (found["ok"], found["rebuilt"]) == (True, 1)
    assert found["differences"] == [
        {
            "where": f"wallet points of {receipt['member_id']}",
            "column": "balance",
            "stored": 7,
            "recomputed": 4000,
        }
    ]
    with sqlite3.connect(shop.folder / "books.db") as books:
        books.execute("UPDATE loyalty_wallet SET balance = 7")
    books.close()
    assert "1 caches were wrong" in shop.run("verify", "--rebuild").stdout


def test_balances_and_statements_of_the_past(shop: Shop) -> None:
    (receipt,) = shop.record(order(1))
    assert shop.json("balance", ADA, "--at", AT) == {
        "member_id": receipt["member_id"],
        "wallet": "points",
        "at": AT,
        "known_at": None,
        "balance": points(4000),
    }
    assert shop.run("balance", ADA, "--wallet", "points").stdout == "40.00\n"
    assert shop.json("balance", ADA, "--at", "2024-02-01T00:00:00Z")["balance"] == points(0)
    known = shop.json("statement", ADA, "--at", AT, "--known-at", AT)
    assert (known["at"], known["wallets"][0]["balance"]) == (AT, points(0))
    assert shop.run("balance", ADA, "--at", "yesterday").exit_code == 2
