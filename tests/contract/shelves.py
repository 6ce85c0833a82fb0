"""A program with one reward whose codes a stall makes."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty_core import DropCode, GrantReceipt, Json, Loyalty, MakeCode
from tests.contract.conftest import Shop
from tests.stall import Stall
from tests.toy import order

FIVE: Mapping[str, Json] = {"kind": "discount", "amount": "5.00", "points": 50, "code": {}}


def opened(shop: Shop, stall: Stall, **reward: Json) -> Loyalty:
    return shop.open(
        config={
            "program": {"id": "shop", "currency": "USD"},
            "wallets": {"points": {}},
            "rewards": {"five": {**FIVE, **reward}},
            "plugins": {"toy": {}, "stall": {}},
        },
        toys=(shop.toy, stall),
    )


def bought(loyalty: Loyalty) -> tuple[str, GrantReceipt]:
    """Ada with 100 points, who spends 50 on a code."""
    ada = loyalty.record(order("1", amount="100.00")).member_id or ""
    loyalty.redeem(ada, reward="five", key="k")
    (grant,) = loyalty.grants(ada)
    return ada, grant


def codes(stall: Stall) -> list[tuple[str, str]]:
    """What was asked of the stall about codes."""
    kinds = (MakeCode, DropCode)
    return [(type(one).__name__, one.code) for one in stall.acted if isinstance(one, kinds)]
