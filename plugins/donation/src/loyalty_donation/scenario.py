"""What a `scenario.toml` can do with charities and see of them.

    pay_out = { wallet = "reef", amount = 2000, reference = "SEPA 17" }
    expect = { open = { reef = 0 }, paid_out = { reef = 2000 } }

Money is in minor units, by account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from loyalty_core import Loyalty
from loyalty_donation.books import Charities
from loyalty_donation.summary import Account

Table = Mapping[str, Any]


class Playing(Protocol):
    """What of the player is needed here."""

    loyalty: Loyalty

    def member_id(self, step: Table) -> str:
        """The id of the step's member."""
        ...


def _pay_out(player: Playing, step: Table, payment: Table, key: str) -> object:
    return Charities(player.loyalty).pay_out(**payment, actor="sam")


def _book(player: Playing, step: Table, nothing: Table, key: str) -> object:
    return Charities(player.loyalty).book(actor="sam")


ACTIONS: Mapping[str, Callable[[Any, Table, Any, str], Any]] = {
    "pay_out": _pay_out,
    "book_matches": _book,
}


def _accounts(read: Callable[[Account], Any]) -> Callable[[Any, Table, Any, Any], Any]:
    """A look at the accounts that the expectation names."""

    def view(player: Playing, step: Table, result: Any, expected: Table) -> dict[str, Any]:
        found = {one.wallet: read(one) for one in Charities(player.loyalty).accounts()}
        return {name: found[name] for name in expected}

    return view


def _gave(player: Playing, step: Table, result: Any, expected: Any) -> dict[str, int]:
    """What the step's member gave in each year, by charity: "2026 reef"."""
    return {
        f"{one.year} {one.campaign or one.charity}": one.amount
        for one in Charities(player.loyalty).given(player.member_id(step))
    }


VIEWS: Mapping[str, Callable[[Any, Table, Any, Any], Any]] = {
    "given": _accounts(lambda account: account.given),
    "givers": _accounts(lambda account: account.givers),
    "matched": _accounts(lambda account: account.matched),
    "passed": _accounts(lambda account: account.passed),
    "paid_out": _accounts(lambda account: account.paid),
    "charity_total": _accounts(lambda account: account.total),
    "open": _accounts(lambda account: account.open),
    "progress": _accounts(lambda account: account.progress),
    "gave": _gave,
    "suggested": lambda player, step, result, _: {line.id: line.net for line in result.suggested},
}
