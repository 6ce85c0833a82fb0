"""What charities have, what members gave and what was paid out: asked of, and put on, the books.

The merchant's part and the pay-outs are adjustments of three members who are nobody: ``matched``,
``passed`` and ``paid``, known by their ``customer_id`` at a source of their own. So a wallet summed
over the program is what its charity is still to get, and all of it is sealed and verified like any
other transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from loyalty_core import (
    FactError,
    HistoryItem,
    Loyalty,
    Money,
    PluginError,
    Transaction,
    WalletTotals,
    read_settings,
)
from loyalty_donation.accounts import Accounts
from loyalty_donation.config import DonationConfig
from loyalty_donation.summary import Account, Given, account_of, given_by, passed_on

PLUGIN = "donation"
SOURCE = "donation.accounts"
MATCHED, PASSED, PAID = "matched", "passed", "paid"
PAID_OUT = "paid out: "
"""How the reason of a pay-out begins; its reference follows."""
PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """Money that a charity has got: minor units, and the transaction that says so."""

    transaction_id: str
    wallet: str
    amount: int
    reference: str
    actor: str
    at: datetime


class Charities:
    """The charities of a program, and all that has to do with their money.

    Raises ``PluginError`` for a program in which the plugin is not on.
    """

    def __init__(self, loyalty: Loyalty) -> None:
        self._loyalty = loyalty
        program = loyalty.config
        if PLUGIN not in program.plugins:
            remedy = "Write its section [plugins.donation]."
            raise PluginError("the program gives to nobody", where="plugins", remedy=remedy)
        section = program.plugins[PLUGIN]
        config = read_settings(DonationConfig, section, where=f"plugins.{PLUGIN}")
        self._zone = program.program.time_zone
        self._funds = Accounts(config, program).funds

    # -- questions --------------------------------------------------------------------------------

    def accounts(self) -> tuple[Account, ...]:
        """What every charity and campaign has; charities first.

        Summed over all members when it is asked for: a public page keeps the answer for a while.
        """
        totals, booked = self._totals()
        found = {}
        for fund in self._funds:
            total, name = totals[fund.wallet], fund.wallet
            ours = sum(sums.get(name, 0) for sums in booked.values())
            given = total.outstanding + total.due - ours
            paid = -booked[PAID].get(name, 0)
            found[name] = account_of(fund, given, total.earners, paid)
        return tuple(passed_on(self._funds, found).values())

    def account(self, wallet: str) -> Account:
        """What is in one account; raises ``FactError`` for a wallet that is none."""
        for account in self.accounts():
            if account.wallet == wallet:
                return account
        known = ", ".join(fund.wallet for fund in self._funds)
        raise FactError(f"{wallet!r} is no account", where="wallet", remedy=f"Accounts: {known}.")

    def given(self, member_id: str, *, year: int | None = None) -> tuple[Given, ...]:
        """What a member gave, by charity and year (one, or all), the latest year first.

        From the books: a refund counts in the year in which it was given. Raises
        ``MemberNotFound``.
        """
        found: list[Given] = []
        for fund in self._funds:
            items = self._transactions(member_id, fund.wallet)
            found += given_by(fund, items, self._zone)
        return tuple(
            one
            for one in sorted(found, key=lambda one: -one.year)
            if year in (None, one.year) and (one.amount or one.ways)
        )

    def payouts(self, wallet: str) -> tuple[Payout, ...]:
        """What a charity was paid from an account, the latest first."""
        nobody = self._loyalty.find({"customer_id": PAID}, source=SOURCE)
        if nobody is None:
            return ()
        made = (item.transaction for item in self._transactions(nobody.id, wallet))
        return tuple(_payout(one) for one in made)

    # -- commands ---------------------------------------------------------------------------------

    def book(self, *, actor: str) -> tuple[Account, ...]:
        """Books what the merchant adds, and what campaigns pass on, as of now; the accounts after.

        Only differences to what is booked already, so it may run as often as one likes: each night,
        and it does before every pay-out. Two that run at once book a difference once; one of them
        raises ``IdempotencyConflict`` if something was given in between.
        """
        last = {role: self._last(role) for role in (MATCHED, PASSED)}  # before what it leads to
        accounts = self.accounts()
        booked = {role: self._booked(role) for role in last}
        for account in accounts:
            for role, due in ((MATCHED, account.matched), (PASSED, account.passed)):
                if difference := due - booked[role].get(account.wallet, 0):
                    self._move(role, account.wallet, difference, last[role], actor)
        return accounts

    def pay_out(self, wallet: str, amount: int, *, reference: str, actor: str) -> Payout:
        """Money paid to a charity, on the books: ``amount`` minor units out of an account.

        ``reference`` is the number of the payment, and what makes it the same payment: recorded
        twice, it is booked once.

        Raises ``FactError`` for more than is open, ``IdempotencyConflict`` for a known reference
        with another amount.
        """
        account = self.account(wallet)
        known = any(one.reference == reference for one in self.payouts(wallet))
        if amount <= 0 or (amount > account.open and not known):
            paid, left = (Money(minor, account.currency) for minor in (amount, account.open))
            raise FactError(f"{paid} cannot be paid out of {left}", where="amount")
        self.book(actor=actor)
        receipt = self._loyalty.adjust(
            self._nobody(PAID),
            wallet,
            -amount,
            reason=f"{PAID_OUT}{reference}",
            actor=actor,
            key=f"{PLUGIN} paid {wallet} {reference}",
        )
        return _payout(self._loyalty.explain(receipt.transaction_id or "").transaction)

    # -- the members who are nobody ---------------------------------------------------------------

    def _nobody(self, role: str) -> str:
        return self._loyalty.enrol({"customer_id": role}, source=SOURCE).id

    def _totals(self) -> tuple[dict[str, WalletTotals], dict[str, dict[str, int]]]:
        """What all hold by account, and what is ours of it by role; read again while it moves."""
        roles = (MATCHED, PASSED, PAID)
        booked = {role: self._booked(role) for role in roles}
        while True:
            totals = {one.wallet: one for one in self._loyalty.report(top=0).wallets}
            before, booked = booked, {role: self._booked(role) for role in roles}
            if before == booked:
                return totals, booked

    def _booked(self, role: str) -> dict[str, int]:
        """What is booked in each account for a role."""
        found = self._loyalty.find({"customer_id": role}, source=SOURCE)
        if found is None:
            return {}
        return {one.wallet: one.balance for one in self._loyalty.statement(found.id).wallets}

    def _last(self, role: str) -> Mapping[str, str]:
        """The last transaction in each account for a role."""
        found = self._loyalty.find({"customer_id": role}, source=SOURCE)
        if found is None:
            return {}
        pages = {
            fund.wallet: self._loyalty.history(found.id, wallet=fund.wallet, first=1)
            for fund in self._funds
        }
        return {name: page.items[0].transaction.id for name, page in pages.items() if page.items}

    def _move(
        self, role: str, wallet: str, difference: int, last: Mapping[str, str], actor: str
    ) -> None:
        """Books a difference to what the last transaction left: twice at once is once."""
        self._loyalty.adjust(
            self._nobody(role),
            wallet,
            difference,
            reason="match" if role == MATCHED else "beyond the goal of a campaign",
            actor=actor,
            key=f"{PLUGIN} {role} {wallet} after {last.get(wallet, 'nothing')}",
        )

    def _transactions(self, member_id: str, wallet: str) -> Iterator[HistoryItem]:
        """All of a member's transactions in an account, the latest first."""
        after: str | None = None
        while True:
            page = self._loyalty.history(member_id, wallet=wallet, first=PAGE, after=after)
            yield from page.items
            if not page.more:
                return
            after = page.items[-1].cursor


def _payout(made: Transaction) -> Payout:
    return Payout(
        transaction_id=made.id,
        wallet=made.wallet,
        amount=-made.amount,
        reference=made.reason.removeprefix(PAID_OUT),
        actor=made.actor,
        at=made.occurred_at,
    )
