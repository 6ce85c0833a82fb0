"""Quotes, redemptions and adjustments from the command line."""

import json

import pytest

from tests.unit.cli.shop import AT, Shop, euros, order, points

ADA = "email:ada@example.org"
CART = json.dumps({"currency": "EUR", "lines": [{"id": "x", "amount": "9.99"}]})


@pytest.mark.parametrize("by", ["file", "stdin"])
def test_quote_books_nothing(shop: Shop, by: str) -> None:
    shop.record(order(1))
    where = shop.file("cart.json", CART) if by == "file" else "-"
    stdin = "" if by == "file" else CART
    quoted = shop.json("quote", where, "--member", ADA, "--at", AT, stdin=stdin)
    assert quoted == {
        "earned": {"points": points(999)},
        "earnings": [
            {
                "plugin": "points",
                "rule": "purchases",
                "wallet": "points",
                "amount": points(999),
                "lines": {"x": points(999)},
                "activates_at": AT,
                "expires_at": "2104-03-01T23:00:00Z",
            }
        ],
        "offers": {
            "points.discount": {
                "wallet": "points",
                "points": points(4000),
                "worth": euros("0.40"),
                "lines": {"x": euros("0.40")},
                "minimum": points(0),
                "step": points(1),
                "refusal": "",
                "detail": {},
            }
        },
        "failed": [],
        "pricing": None,
        "standings": [],
        "config_version": 1,
    }
    assert len(shop.json("history", ADA)["items"]) == 1


@pytest.mark.parametrize(
    ("cart", "code"),
    [
        ("", "encoding_broken"),
        ("{", "encoding_broken"),
        (b"\xff", "encoding_broken"),
        ("[]", "fact_malformed"),
        ("{}", "currency_unknown"),
        ('{"currency": "EUR", "lines": [{"id": "1", "amount": "1.005"}]}', "amount_invalid"),
        (b'{"a":"' + b"x" * (1 << 20) + b'"}', "fact_too_large"),
    ],
)
def test_a_bad_cart_is_an_error(shop: Shop, cart: str | bytes, code: str) -> None:
    assert shop.error("quote", "-", code=1, stdin=cart)["code"] == code


def test_redeem_once_for_a_key(shop: Shop) -> None:
    (booked,) = shop.record(order(1))
    receipt = shop.json("redeem", ADA, "--points", "12.5", "--key", "k1")
    assert receipt == {
        "redemption_id": receipt["redemption_id"],
        "state": "captured",
        "transaction_id": receipt["transaction_id"],
        "member_id": booked["member_id"],
        "reward": "points.discount",
        "wallet": "points",
        "points": points(1200),
        "worth": euros("0.12"),
        "occurred_at": receipt["occurred_at"],
        "lines": {},
        "expires_at": None,
        "source": "",
        "order_id": None,
        "returned": points(0),
        "household": None,
        "spender": None,
    }
    assert shop.json("redeem", ADA, "--points", "12.5", "--key", "k1") == receipt
    other = shop.error("redeem", ADA, "--points", "13", "--key", "k1", code=6)
    assert other["code"] == "idempotency_conflict"
    (wallet,) = shop.json("statement", ADA)["wallets"]
    assert wallet["redeemed"] == points(1200)


def test_hold_then_capture_some_and_release_the_rest(shop: Shop) -> None:
    shop.record(order(1))
    hold = shop.json("redeem", ADA, "--points", "12", "--hold", "60", "--key", "k1")
    assert (hold["state"], hold["points"], hold["transaction_id"]) == ("held", points(1200), None)
    name = hold["redemption_id"]
    assert (
        "until" in shop.run("redeem", ADA, "--points", "12", "--hold", "60", "--key", "k1").stdout
    )
    spent = shop.json("capture", name, "--points", "5", "--source", "web", "--order", "77")
    assert (spent["state"], spent["points"]) == ("captured", points(500))
    assert (spent["source"], spent["order_id"]) == ("web", "77")
    assert shop.error("release", name, code=6)["code"] == "redemption_ended"
    other = shop.json("redeem", ADA, "--points", "3", "--hold", "60", "--key", "k2")
    assert shop.json("release", other["redemption_id"])["state"] == "released"
    assert shop.error("capture", ADA, code=5)["code"] == "redemption_not_found"
    (wallet,) = shop.json("statement", ADA)["wallets"]
    assert wallet["redeemed"] == points(500)


def test_redeem_on_a_cart_charges_what_the_cart_can_use(shop: Shop) -> None:
    shop.record(order(1, "2000.00"))
    cart = shop.file("cart.json", CART)
    receipt = shop.json("redeem", ADA, "--cart", cart, "--key", "k1")
    assert (receipt["points"], receipt["worth"]) == (points(99_900), euros("9.99"))
    assert receipt["lines"] == {"x": euros("9.99")}


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("--points", "100", "--key", "k"), 6, "insufficient_points"),
        (("--points", "1.555", "--key", "k"), 1, "amount_invalid"),
        (("--points", "many", "--key", "k"), 1, "amount_invalid"),
        (("--points", "1", "--reward", "x.y", "--key", "k"), 5, "reward_unknown"),
    ],
)
def test_redeem_refused_books_nothing(
    shop: Shop, arguments: tuple[str, ...], code: int, error: str
) -> None:
    shop.record(order(1))
    assert shop.error("redeem", ADA, *arguments, code=code)["code"] == error
    assert len(shop.json("history", ADA)["items"]) == 1


def test_redeem_needs_a_key(shop: Shop) -> None:
    assert shop.run("redeem", ADA, "--points", "1").exit_code == 2


def test_adjust_up_and_down(shop: Shop) -> None:
    (booked,) = shop.record(order(1))
    arguments = ("adjust", ADA, "--reason", "goodwill", "--actor", "bo")
    up = shop.json(*arguments, "--points", "2.5", "--key", "k1")
    assert up == {
        "transaction_id": up["transaction_id"],
        "member_id": booked["member_id"],
        "wallet": "points",
        "amount": points(250),
        "reason": "goodwill",
        "actor": "bo",
        "occurred_at": up["occurred_at"],
    }
    assert shop.json(*arguments, "--points", "-1", "--key", "k2")["amount"] == points(-100)
    assert shop.json(*arguments, "--points", "-1", "--key", "k2")["amount"] == points(-100)
    (wallet,) = shop.json("statement", ADA)["wallets"]
    assert (wallet["balance"], wallet["adjusted"]) == (points(4150), points(150))
    shown = shop.run("history", ADA).stdout
    assert "goodwill" in shown
    assert "bo" in shop.run("explain", up["transaction_id"]).stdout
    wrong = shop.error(*arguments, "--points", "1", "--wallet", "stars", "--key", "k3", code=5)
    assert wrong["code"] == "wallet_unknown"
    assert shop.run("adjust", ADA, "--points", "1", "--key", "k4").exit_code == 2
