"""Habits from the command line."""

from pathlib import Path

from tests.unit.cli.shop import CONFIG, Shop, order

TEA = [{"id": "1", "sku": "TEA", "amount": "4.00", "quantity": 2}]
EVER = [{"orders": 2, "total": "44.00 EUR", "average": "22.00 EUR"}]


def test_habits_are_shown(tmp_path: Path) -> None:
    (tmp_path / "loyalty.toml").write_text(CONFIG, encoding="utf-8")
    shop = Shop(tmp_path)
    shop.record(order(1, store="Pier"), order(2, lines=TEA))
    found = shop.json("habits", "email:ada@example.org", "--days", "3660")
    assert found["lifetime"] == found["recent"] == EVER
    assert found["usual_order"]["items"] == [{"sku": "TEA", "quantity": 2}]
    assert [(one["store"], one["orders"]) for one in found["usual_stores"]] == [("Pier", 1)]
    assert found["days_between"] == 0
    assert shop.json("habits", "email:ada@example.org", "--days", "1")["recent"] == []
    text = shop.run("habits", "email:ada@example.org", "--days", "3660").stdout
    assert "2 TEA (1 times)" in text
    assert "Pier (1)" in text
    assert "44.00 EUR" in text
