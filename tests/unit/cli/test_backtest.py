"""``loyalty backtest``: the table, the document and the picture."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.unit.cli.shop import CONFIG, Shop, euros, order, points

SINCE = ("--since", "2024-03-01")


@pytest.fixture
def new(shop: Shop) -> str:
    """A configuration that gives twice as many points."""
    return shop.file("new.toml", CONFIG.replace('EUR = "1"', 'EUR = "2"'))


def test_the_document(shop: Shop, new: str) -> None:
    shop.record(order(1))
    found = shop.json("backtest", new, *SINCE)
    (first, *rest) = found["months"]
    assert (first["month"], first["wallet"]) == ("2024-03", "points")
    assert first["was"] == {
        "earned": points(4000),
        "spent": points(0),
        "expired": points(0),
        "moved": points(0),
        "owed": points(4000),
        "owed_worth": euros("0.40"),
    }
    assert (first["would"]["earned"], first["would"]["owed_worth"]) == (points(8000), euros("0.80"))
    assert {one["would"]["owed"]["units"] for one in rest} == {8000}
    assert found["since"] == "2024-02-29T23:00:00Z"
    assert found["differs"]
    assert found["members"] == {
        "total": 1,
        "replayed": 1,
        "gaining": 1,
        "losing": 0,
        "erased": 0,
    }
    assert (found["impossible"], found["impossible_count"], found["failed"]) == ([], 0, {})


def test_a_wallet_that_only_the_other_configuration_has(shop: Shop, new: str) -> None:
    shop.record(order(1))
    stars = '[wallets.stars]\nscale = 1\nvalue = { points = 10, amount = "1.00" }\n'
    earned = '[[plugins.points.earn]]\nrule = "stars"\nwallet = "stars"\nrate = { EUR = "1" }\n'
    more = shop.file("more.toml", f"{CONFIG}\n{stars}\n{earned}")
    found = shop.json("backtest", more, *SINCE)["months"][-1]
    assert (found["wallet"], found["would"]["owed_worth"]) == ("stars", euros("4.00"))
    assert found["would"]["owed"] == {"units": 400, "decimal": "40.0"}
    assert "40.0 (+40.0)" in shop.run("backtest", more, *SINCE).stdout


def test_what_is_owed_is_worth_what_each_configuration_says(shop: Shop) -> None:
    shop.record(order(1))
    dearer = CONFIG.replace('amount = "1.00"', 'amount = "2.00"')
    found = shop.json("backtest", shop.file("new.toml", dearer), *SINCE)["months"][-1]
    assert found["was"]["owed_worth"] == euros("0.40")
    assert found["would"]["owed_worth"] == euros("0.80")


def test_what_is_printed(shop: Shop, new: str) -> None:
    shop.record(order(1))
    shop.run("redeem", "email:ada@example.org", "--points", "40", "--key", "k")
    out = shop.run("backtest", new, *SINCE).stdout
    assert "1 of 1 members replayed: 1 earn more, 0 less." in out
    assert "80.00 (+40.00)" in out
    less = shop.file("less.toml", CONFIG.replace('EUR = "1"', 'EUR = "0.5"'))
    out = shop.run("backtest", less, *SINCE).stdout
    assert "20.00 (-20.00)" in out
    assert "1 things that were done and could not have been" in out


def test_a_segment_that_the_books_do_not_have(shop: Shop) -> None:
    shop.record(order(1))
    segment = '[[segments.buyers.all_of]]\nmetric = "orders"\nat_least = 1\n'
    more = shop.file("more.toml", f"{CONFIG}\n{segment}")
    found = shop.json("backtest", more, *SINCE)
    assert found["uncounted"] == ["buyers"]
    assert [one["segment"] for one in found["segments"]] == ["buyers"]
    out = shop.run("backtest", more, *SINCE).stdout
    assert "Counted as of today, and not for the past: buyers." in out


def test_nothing_differs(shop: Shop) -> None:
    shop.record(order(1))
    out = shop.run("backtest", str(shop.folder / "loyalty.toml"), *SINCE).stdout
    assert "No difference for any of 1 members." in out
    assert "(+" not in out


def test_the_picture(shop: Shop, new: str) -> None:
    shop.record(order(1))
    path = shop.folder / "picture.svg"
    shop.run("backtest", new, *SINCE, "--svg", str(path))
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    texts = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if ":" in text] == [
        "points: earned, points",
        "points: spent, points",
        "points: owed, points",
    ]
    assert {"80.00", "2024-03", "as it would be"} <= set(texts)
    bars = [one for one in root.iter("{http://www.w3.org/2000/svg}rect") if one.get("y") == "60"]
    assert [one.get("class") for one in bars] == ["b"]  # the highest bar is that of the new rules
    assert "http" not in path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")


def test_the_picture_cannot_be_written(shop: Shop, new: str) -> None:
    missing = str(shop.folder / "no" / "picture.svg")
    error = shop.error("backtest", new, *SINCE, "--svg", missing, code=1)
    assert error["where"] == missing


def test_the_books_are_kept_where_one_says(shop: Shop, new: str) -> None:
    shop.record(order(1))
    url = f"sqlite:///{shop.folder / 'scratch.db'}"
    shop.json("backtest", new, *SINCE, "--into", url)
    again = shop.error("backtest", new, *SINCE, "--into", url, code=4)
    assert again["message"] == "the database has books of 'shop' already"
    scratch = Shop(shop.folder)
    Path(shop.folder / "loyalty.toml").write_text(Path(new).read_text(encoding="utf-8"))
    kept = scratch.folder / "books.db"
    kept.unlink()
    (shop.folder / "scratch.db").rename(kept)
    assert scratch.json("verify")["problems"] == []
    assert scratch.json("report")["wallets"][0]["issued"] == points(8000)


def test_the_options(shop: Shop, new: str) -> None:
    error = shop.error("backtest", new, "--since", "March", code=2)
    assert "'March' is not a moment" in error["message"]
    other = shop.file("other.toml", CONFIG.replace('id = "shop"', 'id = "other"'))
    error = shop.error("backtest", other, *SINCE, code=3)
    assert error["problems"][0]["where"] == "program.id"
