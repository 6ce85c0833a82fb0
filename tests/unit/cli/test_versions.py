"""The rules by date: ``versions``, ``explain`` and ``quote --at``."""

import json
import time
from datetime import UTC, datetime

from tests.unit.cli.shop import CONFIG, Shop, order, points

CART = json.dumps({"currency": "EUR", "lines": [{"id": "1", "amount": "10.00"}]})


def test_the_rules_by_date(shop: Shop) -> None:
    (receipt,) = shop.record(order(1))
    made = receipt["transactions"][0]
    between = datetime.now(UTC).isoformat()
    time.sleep(0.002)  # the next version begins after it
    changed = CONFIG.replace('EUR = "1"', 'EUR = "2"')
    shop.file("loyalty.toml", changed)

    why = shop.json("explain", made)
    assert why["rules_then"][0]["rule"] == "purchases"
    assert why["rules_then"][0]["settings"]["rate"] == {"EUR": "1"}
    assert why["reward_then"] is None
    out = shop.run("explain", made).stdout
    assert "points: purchases, in version 1 (in force from " in out
    assert 'rate.EUR = "1"' in out

    found = shop.json("versions")["versions"]
    assert [one["version"] for one in found] == [2, 1]
    assert found[1]["in_force_from"] == why["in_force_from"]
    change = {"path": "plugins.points.earn[purchases].rate.EUR", "before": "1", "after": "2"}
    assert found[0]["changes"] == [change]
    out = shop.run("versions").stdout
    assert "plugins.points.earn[purchases].rate.EUR" in out
    assert "the first one" in out

    for at, version, earned in (([], 2, 2000), (["--at", between], 1, 1000)):
        quoted = shop.json("quote", *at, stdin=CART)
        assert quoted["config_version"] == version
        assert quoted["earnings"][0]["amount"] == points(earned)
    assert [one["version"] for one in shop.json("versions")["versions"]] == [2, 1]
