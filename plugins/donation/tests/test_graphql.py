"""What front-ends see of charities: progress for members, money for operators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.tests.shop import Front, signed
from loyalty_donation import plugin
from loyalty_gateway.testing import check_extension, check_schema_files
from plugins.donation.tests.build import OAKS, ONE_PERCENT, Opened, gift

CHARITIES = """donationCharities {
    wallet charity campaign name given givers matched total goal progress reached paid open
}"""
GIVING = "giving { year charity name amount currency ways { way amount } }"
DURING = "2026-05-02T12:00:00Z"
PAY = """mutation($amount: String!) { donationPayOut(
    wallet: "reef", amount: $amount, reference: "SEPA 1", actor: "sam"
) { wallet amount reference actor } }"""


def front_of(opened: Opened) -> tuple[Front, Any]:
    shop = opened(percent=[ONE_PERCENT], campaign=[OAKS])
    shop.buy("1", "100.00", more=[gift("0.50")])
    shop.buy("2", "6000.00", occurred_at=DURING)
    return Front(shop.loyalty), shop


def test_members_see_progress_and_what_they_gave(opened: Opened) -> None:
    front, shop = front_of(opened)
    found = front.data(f"{{ {CHARITIES} me {{ {GIVING} }} }}", signed(shop.member()))
    by_wallet = {one["wallet"]: one for one in found["donationCharities"]}
    assert by_wallet["oaks"] == {
        "wallet": "oaks",
        "charity": "reef",
        "campaign": "oaks",
        "name": "Reef Rescue",
        "given": "60.00",
        "givers": 1,
        "matched": "0.00",
        "total": "60.00",
        "goal": "100.00",
        "progress": 60,
        "reached": False,
        "paid": None,
        "open": None,
    }
    assert by_wallet["reef"]["total"] == "1.50"
    ways = [{"way": "line", "amount": "0.50"}, {"way": "one-percent", "amount": "1.00"}]
    assert found["me"]["giving"][0] == {
        "year": 2026,
        "charity": "reef",
        "name": "Reef Rescue",
        "amount": "1.50",
        "currency": "USD",
        "ways": ways,
    }
    assert "errors" in front.ask(f"{{ {CHARITIES} }}")


def test_operators_pay_out(opened: Opened) -> None:
    front, _ = front_of(opened)
    made = {"wallet": "reef", "amount": "1.20", "reference": "SEPA 1", "actor": "sam"}
    for _ in range(2):
        assert front.admin_data(PAY, amount="1.20") == {"donationPayOut": made}
    found = front.admin_data(f'{{ {CHARITIES} donationPayouts(wallet: "reef") {{ amount }} }}')
    assert found["donationPayouts"] == [{"amount": "1.20"}]
    reef = next(one for one in found["donationCharities"] if one["wallet"] == "reef")
    assert (reef["paid"], reef["open"]) == ("1.20", "0.30")
    refused = front.admin(PAY.replace("SEPA 1", "SEPA 2"), amount="9.00")
    assert refused["data"]["donationPayOut"] is None
    assert "cannot be paid out" in str(refused["errors"])


def test_members_do_not_pay_out(opened: Opened) -> None:
    front, shop = front_of(opened)
    assert "errors" in front.ask(PAY, signed(shop.member()), amount="1.00")
    assert shop.account("reef").paid == 0


def test_a_quote_suggests_the_round_up(opened: Opened) -> None:
    shop = opened(round_up={"to": {"USD": "1.00"}})
    cart = '{ currency: "USD", lines: [{ id: "a", amount: "19.60" }] }'
    query = "suggested { id sku kind amount { amount currency } }"
    found = Front(shop.loyalty).data(f"{{ quote(cart: {cart}) {{ ... on Quote {{ {query} }} }} }}")
    assert found["quote"]["suggested"] == [
        {
            "id": "round-up",
            "sku": "round-up",
            "kind": "DONATION",
            "amount": {"amount": "0.40", "currency": "USD"},
        }
    ]


def test_what_is_added_fits_the_gateway_and_is_committed() -> None:
    check_extension(plugin)
    check_schema_files(plugin, Path(__file__).parents[1] / "graphql")
