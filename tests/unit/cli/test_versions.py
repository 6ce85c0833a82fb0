"""The rules by date: ``versions``, ``explain`` and ``quote --at``."""

import json
import time
from datetime import UTC, datetime

from tests.unit.cli.shop import CONFIG, Shop, order, points, run

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


def test_a_configuration_that_starts_later(shop: Shop) -> None:
    shop.record(order(1))
    changed = CONFIG.replace('EUR = "1"', 'EUR = "2"')
    stated = changed.replace("[program]", "[program]\nin_force_from = 2100-01-01T00:00:00")
    shop.file("loyalty.toml", stated)
    checked = run(["check", "--config", str(shop.folder / "loyalty.toml")]).stdout
    assert "it starts to decide at 2100-01-01 00:00 CET" in checked
    ahead, now = shop.json("versions")["versions"]
    assert (now["version"], now["state"]) == (1, "in_force")
    start = "2099-12-31T23:00:00Z"
    assert (ahead["version"], ahead["state"], ahead["in_force_from"]) == (None, "scheduled", start)
    assert [one["after"] for one in ahead["changes"]] == ["2"]
    out = shop.run("versions").stdout
    assert "scheduled: starts at 2100-01-01 00:00 CET" in out
    assert "version 1, in force now, from " in out
    quoted = shop.json("quote", "--at", "2100-01-01T00:00:00Z", stdin=CART)
    assert (quoted["config_version"], quoted["earnings"][0]["amount"]) == (0, points(2000))

    out = shop.run("versions", "--withdraw").stdout
    assert "Withdrawn: what was to start at 2100-01-01 00:00 CET." in out
    assert "Nothing is scheduled." in shop.run("versions", "--withdraw").stdout
    assert shop.json("versions", "--withdraw") == {"withdrawn": None}
    assert [one["version"] for one in shop.json("versions")["versions"]] == [1]
