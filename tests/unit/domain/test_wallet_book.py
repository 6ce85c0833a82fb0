"""One wallet's rules: what is spent first, what becomes debt, and what pays it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import DebtPolicy, InsufficientPoints, LedgerFault
from loyalty_core.domain.ledger import (
    ISSUER,
    MEMBER,
    Entry,
    Lot,
    LotId,
    Transaction,
    TransactionId,
    TransactionKind,
    WalletBook,
    spend_order,
    with_issuer,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def day(number: int) -> datetime:
    return NOW + timedelta(days=number)


def lot(
    name: str, points: int, *, expires: int | None = None, age: int = 1, active: int = -1
) -> Lot:
    """A lot of ``points``; days are counted from now."""
    return Lot(
        id=LotId(name),
        member_id="m",
        wallet="points",
        fact_id=None,
        created_at=day(-age),
        activates_at=day(active),
        expires_at=None if expires is None else day(expires),
        remaining=points,
    )


def book(*lots: Lot, debt: int = 0) -> WalletBook:
    balance = sum(one.remaining for one in lots) - debt
    return WalletBook("m", "points", balance, debt, lots={one.id: one for one in lots})


def moved(entries: list[Entry]) -> list[tuple[str | None, int]]:
    assert all(entry.account == MEMBER for entry in entries)
    return [(entry.lot_id, entry.amount) for entry in entries]


def state(wallet: WalletBook) -> tuple[int, int, dict[str, int]]:
    """Balance, debt and what remains of each lot; the three always agree."""
    remaining = {name: one.remaining for name, one in wallet.lots.items()}
    assert wallet.balance == sum(remaining.values()) - wallet.debt
    assert all(points >= 0 for points in remaining.values())
    return wallet.balance, wallet.debt, remaining


# -- spending --------------------------------------------------------------------------------------


@pytest.mark.hard_case("H12")
def test_the_earliest_expiry_is_spent_first_and_what_never_expires_last() -> None:
    lots = [
        lot("old, never", 5, age=99),
        lot("new, never", 5, age=1),
        lot("late", 5, expires=30, age=50),
        lot("b, soon", 5, expires=2, age=3),
        lot("a, soon", 5, expires=2, age=3),
        lot("soon, older", 5, expires=2, age=4),
        lot("next", 5, expires=1, age=0),
    ]
    right = ["next", "soon, older", "a, soon", "b, soon", "late", "old, never", "new, never"]
    for shuffled in list(permutations(lots))[::100]:
        assert [one.id for one in sorted(shuffled, key=spend_order)] == right
    wallet = book(*lots)
    taken = moved(wallet.spend(23, NOW))
    assert taken == [(name, -5) for name in right[:4]] + [("late", -3)]
    assert state(wallet) == (12, 0, {one.id: one.remaining for one in lots})
    assert (wallet.lots[LotId("late")].remaining, wallet.lots[LotId("next")].remaining) == (2, 0)


@pytest.mark.parametrize(
    ("kept_back", "available"),
    [
        (lot("x", 7, active=1), 3),
        (lot("x", 7, active=0), 10),  # from this moment on
        (lot("x", 7, expires=0), 3),  # until before this moment
        (lot("x", 7, expires=1), 10),
    ],
)
def test_only_points_active_now_can_be_spent(kept_back: Lot, available: int) -> None:
    wallet = book(lot("a", 3), kept_back)
    before = state(wallet)
    assert wallet.available(NOW) == available
    with pytest.raises(InsufficientPoints) as raised:
        wallet.spend(available + 1, NOW)
    assert raised.value.facts == {"needed": available + 1, "available": available}
    assert state(wallet) == before
    wallet.spend(available, NOW)
    assert wallet.available(NOW) == 0


def test_nothing_of_a_lapsed_wallet_can_be_spent() -> None:
    wallet = book(lot("a", 5))
    wallet.lapses_at = day(0)
    assert wallet.available(day(-1)) == 5
    assert wallet.available(NOW) == 0
    with pytest.raises(InsufficientPoints):
        wallet.spend(1, NOW)
    assert state(wallet) == (5, 0, {"a": 5})


def test_debt_is_paid_before_anything_is_spent() -> None:
    wallet = book(lot("a", 5, expires=1), lot("b", 5), debt=7)
    assert wallet.available(NOW) == 3
    with pytest.raises(InsufficientPoints, match="4 needed, 3 available"):
        wallet.spend(4, NOW)
    assert state(wallet) == (3, 7, {"a": 5, "b": 5})
    assert moved(wallet.spend(2, NOW)) == [("a", -5), (None, 5), ("b", -2), (None, 2), ("b", -2)]
    assert state(wallet) == (1, 0, {"a": 0, "b": 1})


def test_what_a_wallet_in_debt_lacks_is_not_less_than_nothing() -> None:
    with pytest.raises(InsufficientPoints, match="1 needed, 0 available") as raised:
        book(debt=9).spend(1, NOW)
    assert raised.value.facts["available"] == -9


# -- crediting -------------------------------------------------------------------------------------


def test_the_next_earning_pays_debt() -> None:
    wallet = book(debt=30)
    assert moved(wallet.credit(lot("a", 0), 20, NOW)) == [("a", 20), ("a", -20), (None, 20)]
    assert state(wallet) == (-10, 10, {"a": 0})
    assert moved(wallet.credit(lot("b", 0), 20, NOW)) == [("b", 20), ("b", -10), (None, 10)]
    assert state(wallet) == (10, 0, {"a": 0, "b": 10})


def test_pending_points_pay_no_debt_yet() -> None:
    wallet = book(debt=30)
    pending = lot("a", 0, active=1)
    assert moved(wallet.credit(pending, 20, NOW)) == [("a", 20)]
    assert state(wallet) == (-10, 30, {"a": 20})
    assert moved(wallet.repay(day(1))) == [("a", -20), (None, 20)]
    assert state(wallet) == (-10, 10, {"a": 0})


def test_debt_is_paid_in_the_order_of_spending() -> None:
    wallet = book(lot("late", 5, expires=9), lot("soon", 5, expires=1), debt=6)
    assert moved(wallet.repay(NOW)) == [("soon", -5), (None, 5), ("late", -1), (None, 1)]
    assert moved(wallet.repay(NOW)) == []
    assert state(wallet) == (4, 0, {"late": 4, "soon": 0})


@pytest.mark.parametrize("amount", [0, -1])
def test_a_credit_is_positive(amount: int) -> None:
    wallet = book(debt=1)
    with pytest.raises(LedgerFault):
        wallet.credit(lot("a", 0), amount, NOW)
    assert state(wallet) == (-1, 1, {})


# -- taking back -----------------------------------------------------------------------------------


@pytest.mark.hard_case("H1")
@pytest.mark.parametrize(
    ("policy", "entries", "after"),
    [
        (
            DebtPolicy.NEGATIVE,
            [("spent", -2), ("other", -5), (None, -8)],
            (-3, 8, {"spent": 0, "other": 0, "pending": 5}),
        ),
        (
            DebtPolicy.PENDING_FIRST,
            [("spent", -2), ("other", -5), ("pending", -5), (None, -3)],
            (-3, 3, {"spent": 0, "other": 0, "pending": 0}),
        ),
        (
            DebtPolicy.CLAMP,
            [("spent", -2), ("other", -5)],
            (5, 0, {"spent": 0, "other": 0, "pending": 5}),
        ),
    ],
)
def test_points_spent_are_taken_back_as_the_policy_says(
    policy: DebtPolicy,
    entries: list[tuple[str | None, int]],
    after: tuple[int, int, dict[str, int]],
) -> None:
    spent = lot("spent", 2)
    wallet = book(spent, lot("other", 5, expires=1), lot("pending", 5, active=1))
    assert moved(wallet.claw_back(spent, 15, policy, NOW)) == entries
    assert state(wallet) == after


@pytest.mark.parametrize("policy", DebtPolicy)
def test_what_is_still_there_is_taken_from_its_own_lot(policy: DebtPolicy) -> None:
    own = lot("own", 10, expires=99)
    wallet = book(own, lot("sooner", 10, expires=1))
    assert moved(wallet.claw_back(own, 4, policy, NOW)) == [("own", -4)]
    assert state(wallet) == (16, 0, {"own": 6, "sooner": 10})


@pytest.mark.parametrize("policy", DebtPolicy)
def test_pending_points_are_taken_back_from_their_own_lot(policy: DebtPolicy) -> None:
    own = lot("own", 10, active=3)
    wallet = book(own, lot("other", 10))
    assert moved(wallet.claw_back(own, 10, policy, NOW)) == [("own", -10)]
    assert state(wallet) == (10, 0, {"own": 0, "other": 10})


@pytest.mark.parametrize("policy", DebtPolicy)
def test_what_has_expired_is_forgiven_once(policy: DebtPolicy) -> None:
    own = lot("own", 10, expires=0)
    wallet = book(own, lot("other", 10))
    assert moved(wallet.expire(own)) == [("own", -10)]
    assert moved(wallet.expire(own)) == []
    assert own.expired == 10
    assert moved(wallet.claw_back(own, 4, policy, NOW)) == []
    assert moved(wallet.claw_back(own, 6, policy, NOW)) == []
    assert (own.expired, own.forgiven) == (10, 10)
    assert moved(wallet.claw_back(own, 3, policy, NOW)) == [("other", -3)]
    assert state(wallet) == (7, 0, {"own": 0, "other": 7})


def test_points_half_spent_and_half_expired() -> None:
    own = lot("own", 10, expires=1)
    wallet = book(own)
    wallet.spend(6, NOW)
    wallet.expire(own)
    assert (own.remaining, own.expired) == (0, 4)
    assert moved(wallet.claw_back(own, 10, DebtPolicy.NEGATIVE, day(1))) == [(None, -6)]
    assert state(wallet) == (-6, 6, {"own": 0})
    assert own.forgiven == 4


def test_what_was_forgiven_is_not_credited_again() -> None:
    own = lot("own", 10, expires=0)
    wallet = book(own)
    wallet.expire(own)
    wallet.claw_back(own, 10, DebtPolicy.NEGATIVE, NOW)
    assert moved(wallet.credit(own, 7, NOW)) == []
    assert own.forgiven == 3
    assert moved(wallet.credit(own, 5, NOW)) == [("own", 2)]
    assert own.forgiven == 0
    assert state(wallet) == (2, 0, {"own": 2})


@pytest.mark.parametrize(
    ("policy", "entries"),
    [
        (DebtPolicy.NEGATIVE, [("a", -5), (None, -3)]),
        (DebtPolicy.PENDING_FIRST, [("a", -5), ("pending", -2), (None, -1)]),
        (DebtPolicy.CLAMP, [("a", -5)]),
    ],
)
def test_an_operator_takes_as_the_policy_says(
    policy: DebtPolicy, entries: list[tuple[str | None, int]]
) -> None:
    wallet = book(lot("a", 5), lot("pending", 2, active=1))
    assert moved(wallet.deduct(8, policy, NOW)) == entries
    state(wallet)


# -- what can never be -----------------------------------------------------------------------------


def test_no_lot_and_no_debt_falls_below_nothing() -> None:
    own = lot("own", 3)
    wallet = book(own, debt=2)
    with pytest.raises(LedgerFault, match="lot would fall to -1"):
        wallet._move(own, -4)
    with pytest.raises(LedgerFault, match="debt would fall to -1"):
        wallet._owe(3)
    assert state(wallet) == (1, 2, {"own": 3})


def posting(*entries: Entry, amount: int) -> Transaction:
    return Transaction(
        id=TransactionId("t"),
        member_id="m",
        wallet="points",
        kind=TransactionKind.ACCRUAL,
        amount=amount,
        occurred_at=NOW,
        booked_at=NOW,
        entries=entries,
    )


@pytest.mark.parametrize(
    ("entries", "amount", "message"),
    [
        ([("member", 5)], 5, "sum 5, member 5, amount 5"),
        ([("member", 5), ("issuer", -4)], 5, "sum 1, member 5, amount 5"),
        ([("member", 5), ("issuer", -5)], 4, "sum 0, member 5, amount 4"),
        ([("issuer", 5), ("issuer", -5)], 5, "sum 0, member 0, amount 5"),
        ([], 1, "sum 0, member 0, amount 1"),
    ],
)
def test_a_transaction_that_does_not_balance_cannot_be_made(
    entries: list[tuple[str, int]], amount: int, message: str
) -> None:
    lines = [Entry(account, None, points) for account, points in entries]
    with pytest.raises(LedgerFault) as raised:
        posting(*lines, amount=amount)
    assert raised.value.message.endswith(message)
    assert raised.value.where == "t"


def test_the_issuer_balances_what_the_members_entries_change() -> None:
    moves = [Entry(MEMBER, LotId("a"), -3), Entry(MEMBER, LotId("b"), -4)]
    assert with_issuer(moves) == (*moves, Entry(ISSUER, None, 7))
    assert posting(*with_issuer(moves), amount=-7).amount == -7
    repaid = (Entry(MEMBER, LotId("a"), -3), Entry(MEMBER, None, 3))
    assert with_issuer(repaid) == repaid
    assert with_issuer([]) == ()


STEPS = st.lists(
    st.tuples(st.sampled_from(["credit", "spend", "back", "expire", "deduct"]), st.integers(1, 9)),
    max_size=12,
)


@given(STEPS, st.sampled_from(DebtPolicy))
def test_balance_debt_and_lots_always_agree(
    steps: list[tuple[str, int]], policy: DebtPolicy
) -> None:
    wallet, total = book(), 0
    for number, (what, points) in enumerate(steps):
        lots = list(wallet.lots.values())
        chosen = lots[points % len(lots)] if lots else lot("none", 0)
        if what == "credit":
            made = lot(str(number), 0, expires=points, active=points % 3 - 1)
            entries = wallet.credit(made, points, NOW)
        elif what == "spend":
            available = wallet.available(NOW)
            entries = wallet.spend(min(points, available), NOW) if available > 0 else []
        elif what == "back":
            entries = wallet.claw_back(chosen, points, policy, NOW)
        elif what == "expire":
            entries = wallet.expire(chosen)
        else:
            entries = wallet.deduct(points, policy, NOW)
        total += sum(amount for _, amount in moved(entries))
        balance, debt, _ = state(wallet)
        assert balance == total
        assert debt >= 0
        assert policy is not DebtPolicy.CLAMP or debt == 0
