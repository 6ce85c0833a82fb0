"""`loyalty import`: good rows are booked, bad ones set aside, and nothing is booked twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.shop import Shop, order, points

HEADER = "order_id,customer_id,date,amount\n"
NOTHING = {
    "booked": 0,
    "duplicate": 0,
    "idle": 0,
    "waiting": 0,
    "deferred": 0,
    "rejected": 0,
}


def csv_of(numbers: range) -> str:
    return HEADER + "".join(f"C{number},7,2024-03-01,2.00\n" for number in numbers)


def rejects_of(shop: Shop, name: str) -> list[Any]:
    text = (shop.folder / f"{name}.rejects.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def issued(shop: Shop) -> Any:
    return shop.json("report")["wallets"][0]["issued"]


def test_a_file_of_orders_in_json_to_the_letter(shop: Shop) -> None:
    path = shop.file("orders.csv", csv_of(range(3)))
    first = shop.json("import", "orders", path, "--source", "web")
    assert first == {
        "file": path,
        "rows": 3,
        "counts": NOTHING | {"booked": 3},
        "enrolled": 1,
        "rejects_file": None,
        "rejections": [],
        "problem_count": 0,
        "problems": [],
    }
    again = shop.json("import", "orders", path, "--source", "web")
    assert again == first | {"counts": NOTHING | {"duplicate": 3}, "enrolled": 0}
    assert issued(shop) == points(600)
    assert not (shop.folder / "orders.csv.rejects.jsonl").exists()


def test_bad_rows_are_set_aside_and_the_rest_is_booked(shop: Shop) -> None:
    rows = [
        "A,7,2024-03-01,2.00",
        "B,7,2024-03-01,2.005",
        "C,7,03/01/2024,2.00",
        "D,,2024-03-01,2.00",
        "E,7,2024-03-01,-2.00",
        "F,7,2024-03-01,2.00,extra",
        "A,7,2024-03-01,3.00",
        "G,7,2024-03-01,2.00",
    ]
    path = shop.file("orders.csv", HEADER + "\n".join(rows) + "\n")
    summary = shop.json("import", "orders", path, code=1)
    assert summary["counts"] == NOTHING | {"booked": 2, "waiting": 1, "rejected": 5}
    assert summary["rejects_file"] == f"{path}.rejects.jsonl"
    assert [(found["row"], found["code"]) for found in summary["rejections"]] == [
        (3, "amount_invalid"),
        (4, "date_out_of_range"),
        (6, "amount_invalid"),
        (7, "encoding_broken"),
        (8, "idempotency_conflict"),
    ]
    found = rejects_of(shop, "orders.csv")
    assert [(one["row"], one["raw"]) for one in found] == [
        (number, row) for number, row in enumerate(rows, 2) if number in (3, 4, 6, 7, 8)
    ]
    assert set(found[0]) >= {"row", "raw", "code", "message", "where", "remedy"}
    assert issued(shop) == points(400)


def test_corrected_rows_can_be_imported_and_the_old_rejects_go(shop: Shop) -> None:
    path = shop.file("orders.csv", HEADER + "A,7,2024-03-01,2.00\nB,7,2024-03-01,x\n")
    shop.json("import", "orders", path, code=1)
    shop.file("orders.csv", HEADER + "A,7,2024-03-01,2.00\nB,7,2024-03-01,5.00\n")
    summary = shop.json("import", "orders", path)
    assert summary["counts"] == NOTHING | {"booked": 1, "duplicate": 1}
    assert not (shop.folder / "orders.csv.rejects.jsonl").exists()
    assert issued(shop) == points(700)


def test_a_truncated_file_keeps_what_came_before_and_is_resumed(shop: Shop) -> None:
    whole = csv_of(range(1500))
    path = shop.file("orders.csv", whole[: whole.index("C1200") + 9])
    summary = shop.json("import", "orders", path, code=1)
    assert summary["counts"] == NOTHING | {"booked": 1200, "rejected": 1}
    (rejected,) = rejects_of(shop, "orders.csv")
    assert (rejected["row"], rejected["code"]) == (1202, "encoding_broken")
    assert rejected["message"].startswith("the file ends in the middle of a row")
    shop.file("orders.csv", whole)
    assert shop.json("import", "orders", path)["counts"] == NOTHING | {
        "booked": 300,
        "duplicate": 1200,
    }
    assert issued(shop) == points(300_000)


def test_broken_encoding_and_huge_lines_cost_their_own_rows(shop: Shop) -> None:
    lines = [json.dumps(order(number)).encode() for number in range(4)]
    lines[1:1] = [b'{"id": "\xe9"}', b'{"id": "' + b"x" * (3 << 20) + b'"}']
    path = shop.file("facts.jsonl", b"\n".join(lines) + b"\n")
    summary = shop.json("import", "facts", path, code=1)
    assert summary["counts"] == NOTHING | {"booked": 4, "rejected": 2}
    found = rejects_of(shop, "facts.jsonl")
    assert [(one["row"], one["code"]) for one in found] == [
        (2, "encoding_broken"),
        (3, "fact_too_large"),
    ]
    assert len(found[1]["raw"]) <= 1 << 16


def test_a_byte_order_mark_changes_nothing(shop: Shop) -> None:
    path = shop.file("orders.csv", "\ufeff" + csv_of(range(2)))
    assert shop.json("import", "orders", path)["counts"] == NOTHING | {"booked": 2}


@pytest.mark.parametrize(
    ("name", "content", "code", "part"),
    [
        ("o.csv", csv_of(range(2)).replace(",", ";"), "encoding_broken", "--delimiter ';'"),
        ("o.csv", csv_of(range(2)).encode("utf-16"), "encoding_broken", "UTF-8"),
        ("o.csv", "", "encoding_broken", "empty"),
        ("o.csv", "nr,date\n1,2024-01-01\n", "fact_malformed", "--map id=COLUMN"),
        ("o.jsonl", '[{"id": 1}]', "encoding_broken", "JSON array"),
        ("o.dat", "x", "fact_malformed", "--format"),
    ],
)
def test_a_file_that_cannot_be_read_at_all(
    shop: Shop, name: str, content: str | bytes, code: str, part: str
) -> None:
    path = shop.file(name, content)
    error = shop.error("import", "orders", path, code=1)
    assert error["code"] == code
    assert part in error["message"] + error["remedy"]
    assert path in error["where"] or error["where"] == "line 1"
    assert not Path(f"{path}.rejects.jsonl").exists()


def test_a_file_that_is_not_there(shop: Shop) -> None:
    missing = str(shop.folder / "missing.csv")
    assert shop.error("import", "orders", missing, code=1) == {
        "code": "fact_malformed",
        "message": "the file cannot be read: No such file or directory",
        "where": missing,
        "remedy": "Check the path.",
        "problems": [],
    }


def test_lines_of_one_order_are_grouped_if_asked(shop: Shop) -> None:
    text = HEADER + "A,7,2024-03-01,1.50\nA,7,2024-03-01,1.60\nB,7,2024-03-01,1.00\n"
    path = shop.file("lines.csv", text)
    alone = shop.json("import", "orders", path, "--source", "alone", code=1)
    assert alone["counts"] == NOTHING | {"booked": 2, "rejected": 1}
    assert rejects_of(shop, "lines.csv")[0]["code"] == "idempotency_conflict"
    grouped = shop.json("import", "orders", path, "--source", "grouped", "--group-lines")
    assert (grouped["rows"], grouped["counts"]["booked"]) == (2, 2)
    assert issued(shop) == points(150 + 100 + 310 + 100)


def test_currency_and_time_zone_are_stated_for_the_whole_file(shop: Shop) -> None:
    path = shop.file("orders.csv", HEADER + "A,7,2024-03-01,200\n")
    arguments = ("import", "orders", path, "--currency", "JPY", "--time-zone", "Asia/Tokyo")
    assert shop.json(*arguments)["counts"]["booked"] == 1
    member = shop.json("member", "find", "--customer-id", "7", "--source", "import")
    assert member["joined_at"] == "2024-02-29T15:00:00Z"


@pytest.mark.parametrize(
    "option",
    [
        ("--map", "id"),
        ("--map", "=x"),
        ("--time-zone", "Mars/Olympus"),
        ("--currency", "XXX"),
        ("--delimiter", "ab"),
        ("--format", "xml"),
    ],
)
def test_wrong_options_are_usage_errors(shop: Shop, option: tuple[str, str]) -> None:
    path = shop.file("orders.csv", csv_of(range(1)))
    result = shop.run("import", "orders", path, *option)
    assert result.exit_code == 2
    assert shop.json("report")["orders"] == 0


def test_json_lines_take_what_they_leave_out_from_the_options(shop: Shop) -> None:
    bare = order(1, occurred_at="2024-03-01T10:00:00")
    for name in ("type", "source", "currency"):
        del bare[name]
    stdin = json.dumps(bare) + "\n"
    arguments = ("import", "orders", "-", "--format", "jsonl")
    rejects = ("--rejects", str(shop.folder / "r.jsonl"))
    summary = shop.json(*arguments, *rejects, stdin=stdin, code=1)
    assert summary["rejections"][0]["code"] == "currency_unknown"
    stated = ("--source", "web", "--currency", "EUR", "--time-zone", "Europe/Berlin")
    assert shop.json(*arguments, *rejects, *stated, stdin=stdin)["counts"]["booked"] == 1
    assert shop.record(order(1))[0]["status"] == "duplicate"


def test_activities_from_csv_and_facts_of_every_type_from_json_lines(shop: Shop) -> None:
    reviews = shop.file(
        "reviews.csv", "id,kind,date,email,what\n1,review,2024-03-01,a@b.org,tent\n"
    )
    summary = shop.json("import", "facts", reviews, "--map", "data.product=what")
    assert summary["counts"]["booked"] == 1
    refund = {
        "type": "refund",
        "source": "web",
        "order_id": "A1",
        "currency": "EUR",
        "refund": {"id": "R1", "occurred_at": "2024-03-02T00:00:00Z", "amount": "10.00"},
    }
    text = "\n".join(json.dumps(fact) for fact in (refund, order(1)))
    facts = shop.json("import", "facts", shop.file("facts.jsonl", text))
    assert facts["counts"] == NOTHING | {"booked": 2}
    report = shop.json("report")
    assert (report["orders"], report["activities"]) == (1, 1)
    assert report["wallets"][0]["outstanding"] == points(3000)


def test_the_summary_for_people(shop: Shop) -> None:
    rows = "".join(f"R{number},7,2024-03-01,x\n" for number in range(12))
    path = shop.file("orders.csv", HEADER + "A,7,2024-03-01,2.00\n" + rows)
    result = shop.run("import", "orders", path)
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert lines[:4] == [
        "rows read         13",
        "booked            1",
        "rejected          12",
        "members enrolled  1",
    ]
    assert lines[-1] == "and 2 more; the first 10 are shown"
    assert "   3  amount_invalid  " in result.stdout
    assert result.stderr == ""


def test_rejects_that_cannot_be_written_stop_the_import(shop: Shop) -> None:
    path = shop.file("orders.csv", HEADER + "A,7,2024-03-01,x\n")
    nowhere = str(shop.folder / "missing" / "rejects.jsonl")
    error = shop.error("import", "orders", path, "--rejects", nowhere, code=1)
    assert error["where"] == nowhere
    assert "--rejects" in error["remedy"]


def test_the_file_to_import_is_never_overwritten(shop: Shop) -> None:
    path = shop.file("orders.csv", HEADER + "A,7,2024-03-01,x\n")
    error = shop.error("import", "orders", path, "--rejects", path, code=1)
    assert error["message"] == "the rejects file is the file to import"
    assert Path(path).read_text(encoding="utf-8").startswith(HEADER)


def test_a_database_that_cannot_be_opened(shop: Shop) -> None:
    path = shop.file("orders.csv", csv_of(range(1)))
    done = subprocess.run(
        [sys.executable, "-m", "loyalty_core.cli", "import", "orders", path, "--json"],
        cwd=shop.folder,
        env={**os.environ, "LOYALTY_DATABASE": f"sqlite:///{shop.folder / 'missing' / 'x.db'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "store_unreachable"


def test_an_interrupted_import_is_taken_up_again(shop: Shop) -> None:
    lines = [json.dumps(order(number, "1.00")) + "\n" for number in range(1600)]
    command = [sys.executable, "-m", "loyalty_core.cli", "import", "facts", "-"]
    process = subprocess.Popen(
        [*command, "--format", "jsonl", *shop.options],
        cwd=shop.folder,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write("".join(lines[:1500]).encode())
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not (shop.folder / "books.db").exists() or shop.json("report")["orders"] < 1000:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert b"run it again" in errors

    path = shop.file("facts.jsonl", "".join(lines))
    assert shop.json("import", "facts", path)["counts"] == NOTHING | {
        "booked": 600,
        "duplicate": 1000,
    }
    assert issued(shop) == points(160_000)


def test_a_pipe_into_a_real_process(shop: Shop) -> None:
    facts = "".join(json.dumps(order(number)) + "\n" for number in range(3))
    done = subprocess.run(
        [sys.executable, "-m", "loyalty_core.cli", "import", "facts", "-", "--format", "jsonl"],
        cwd=shop.folder,
        input=facts,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "booked            3" in done.stdout
    assert "\x1b" not in done.stdout
    assert (shop.folder / "shop.db").exists()
