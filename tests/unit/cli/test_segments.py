"""Segments from the command line."""

from pathlib import Path

import pytest

from tests.unit.cli.shop import CONFIG, Shop, order

SEGMENTS = """
[segments.best]
name = "Best"
all_of = [{ metric = "spend", top = 1 }]

[segments.rest]
visible = false
none_of = [{ segments = ["best"] }]
"""
BOB = {"identities": {"email": "bob@example.org"}}


@pytest.fixture
def counting(tmp_path: Path) -> Shop:
    """A shop with two segments, and three members."""
    (tmp_path / "loyalty.toml").write_text(CONFIG + SEGMENTS, encoding="utf-8")
    shop = Shop(tmp_path)
    shop.record(order(1), order(2, "9.00", **BOB))
    shop.record(order(3, "8.00", identities={"email": "cy@example.org"}))
    return shop


def test_segments_are_counted_and_shown(counting: Shop) -> None:
    before = counting.json("segments")
    assert before["counted_at"] is None
    assert [one["members"] for one in before["segments"]] == [0, 0]
    assert counting.json("segments", "recount") == {"entered": {"best": 1, "rest": 2}, "left": {}}
    after = counting.json("segments")
    assert after["counted_at"] is not None
    assert after["segments"] == [
        {"segment": "best", "name": "Best", "visible": True, "members": 1, "of": 3},
        {"segment": "rest", "name": "rest", "visible": False, "members": 2, "of": 3},
    ]
    page = counting.json("segments", "members", "rest", "--first", "1")
    assert (len(page["members"]), page["more"]) == (1, True)
    last = page["members"][0]["id"]
    rest = counting.json("segments", "members", "rest", "--after", last)
    assert (len(rest["members"]), rest["more"]) == (1, False)
    assert rest["members"][0]["since"] is not None
    assert counting.json("tick")["segments"] == 0
    shown = counting.json("statement", "email:ada@example.org")["segments"]
    assert [(one["segment"], one["visible"]) for one in shown] == [("best", True)]
    assert counting.error("segments", "members", "nobody", code=5)["code"] == "segment_unknown"


def test_people_see_them(counting: Shop) -> None:
    assert "not counted yet" in counting.run("segments").stdout
    assert "1 entered, 0 left" in counting.run("segments", "recount").stdout
    shown = counting.run("segments").stdout
    assert "33.3 %" in shown
    assert "66.7 %" in shown
    listed = counting.run("segments", "members", "rest", "--first", "1").stdout
    assert "more: --after" in listed
    assert "segments: Best" in counting.run("statement", "email:ada@example.org").stdout
    assert "rest (hidden)" in counting.run("statement", "email:bob@example.org").stdout
