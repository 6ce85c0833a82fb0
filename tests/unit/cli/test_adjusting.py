"""Adjustments from files, and reinstatements, from the command line."""

import json

from tests.architecture.tree import ROOT
from tests.unit.cli.shop import Shop, order, points, run

ADA = "email:ada@example.org"
ROWS = """key,email,amount,reason,expires_at
a,ada@example.org,12.5,gift,2080-01-01
b,ada@example.org,-2,wrong,
c,nobody@example.org,3,gift,
a,ada@example.org,12.5,gift,2080-01-01
d,ada@example.org,lots,gift,
e,ada@example.org,1,gift,soon
"""


def test_a_dry_run_and_the_real_one(shop: Shop) -> None:
    shop.record(order(1))
    file = shop.file("rows.csv", ROWS)
    command = ("import", "adjustments", file, "--actor", "bo")
    rehearsed = shop.json(*command, "--dry-run", code=1)
    assert rehearsed == {
        "file": file,
        "dry_run": True,
        "rows": 6,
        "counts": {"booked": 2, "duplicate": 1, "rejected": 3},
        "enrolled": 0,
        "wallets": {"points": {"added": points(1250), "taken": points(200)}},
        "rejects_file": f"{file}.rejects.jsonl",
        "rejections": rehearsed["rejections"],
    }
    assert [(one["row"], one["code"]) for one in rehearsed["rejections"]] == [
        (4, "member_not_found"),
        (6, "amount_invalid"),
        (7, "date_out_of_range"),
    ]
    assert len(shop.json("history", ADA)["items"]) == 1
    assert shop.json(*command, code=1) == rehearsed | {"dry_run": False}
    items = [item["transaction"] for item in shop.json("history", ADA)["items"]]
    booked = [(one["amount"], one["reason"], one["actor"]) for one in items if one["reason"]]
    assert sorted(booked, key=str) == sorted(
        [(points(1250), "gift", "bo"), (points(-200), "wrong", "bo")], key=str
    )
    again = shop.json(*command, "--enrol", code=1)
    assert again["counts"] == {"booked": 1, "duplicate": 3, "rejected": 2}
    assert again["enrolled"] == 1


def test_what_is_shown(shop: Shop) -> None:
    shop.record(order(1))
    command = ("import", "adjustments", shop.file("rows.csv", ROWS), "--actor", "bo")
    shown = shop.run(*command, "--dry-run")
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["rows", "read", "6"] in lines
    assert ["booked", "2"] in lines
    assert ["points", "added", "12.50"] in lines
    assert ["points", "taken", "2.00"] in lines
    assert "This was a dry run: nothing was booked." in shown.stdout
    assert "nobody is known by" in shown.stdout
    assert "nothing was booked" not in shop.run(*command).stdout


def test_json_lines_and_what_they_leave_out(shop: Shop) -> None:
    shop.record(order(1))
    row = {"key": "a", "identities": {"email": "ada@example.org"}, "amount": "2"}
    dated = row | {"key": "b", "awarded_at": "2024-03-01", "expires_at": "never"}
    file = shop.file("rows.jsonl", "\n".join(json.dumps(one) for one in (row, dated)))
    given = ("--reason", "gift", "--time-zone", "Europe/Berlin")
    assert shop.json("import", "adjustments", file, *given)["counts"]["booked"] == 2
    none = shop.json("import", "adjustments", file, code=1)
    assert [one["code"] for one in none["rejections"]] == ["fact_malformed"] * 2


def test_reinstate(shop: Shop) -> None:
    shop.record(order(1))
    gone = "key,email,amount,awarded_at,expires_at\na,ada@example.org,30,2020-01-01,2021-01-01\n"
    file = shop.file("rows.csv", gone)
    shop.json("import", "adjustments", file, "--reason", "opening balance")
    items = [item["transaction"] for item in shop.json("history", ADA)["items"]]
    (expiry,) = [one for one in items if one["kind"] == "expiry"]
    command = ("reinstate", ADA, expiry["id"], "--reason", "goodwill", "--actor", "bo")
    receipt = shop.json(*command, "--points", "12.5", "--expires-at", "never", "--key", "k")
    assert receipt == {
        "transaction_id": receipt["transaction_id"],
        "corrects": expiry["id"],
        "member_id": expiry["member_id"],
        "wallet": "points",
        "points": points(1250),
        "expires_at": None,
        "reason": "goodwill",
        "actor": "bo",
        "occurred_at": receipt["occurred_at"],
    }
    assert "given back" in shop.run(*command, "--key", "rest").stdout
    refused = shop.error(*command, "--key", "more", code=6)
    assert refused["code"] == "reinstatement_refused"
    assert shop.error("reinstate", ADA, "x", "--reason", "r", "--key", "k2", code=5)["code"] == (
        "transaction_not_found"
    )


def test_the_example_of_a_move(shop: Shop) -> None:
    example = ROOT / "examples" / "moving"
    options = ["--config", str(example / "loyalty.toml")]
    options += ["--database", f"sqlite:///{shop.folder / 'moved.db'}", "--json"]

    def done(*arguments: str) -> dict[str, object]:
        result = run([*arguments, *options])
        assert result.exit_code == 0, result.output
        found = json.loads(result.stdout)
        assert isinstance(found, dict)
        return found

    balances = ("import", "adjustments", str(example / "balances.csv"), "--enrol")
    reason = ("--reason", "opening balance", "--rejects", str(shop.folder / "rejects"))
    rehearsed = done(*balances, *reason, "--dry-run")
    moved = done(*balances, *reason)
    assert rehearsed == moved | {"dry_run": True}
    assert (moved["counts"], moved["enrolled"]) == (
        {"booked": 6, "duplicate": 0, "rejected": 0},
        3,
    )
    whole = {"units": 590, "decimal": "590"}
    assert moved["wallets"] == {"points": {"added": whole, "taken": {"units": 25, "decimal": "25"}}}
    rejects = ("--rejects", str(shop.folder / "rejects"))
    orders = done("import", "orders", str(example / "orders.csv"), *rejects)
    assert orders["enrolled"] == 0
    report = done("report")["wallets"]
    assert isinstance(report, list)
    assert (report[0]["issued"]["units"], report[0]["adjusted"]["units"]) == (60, 565)
