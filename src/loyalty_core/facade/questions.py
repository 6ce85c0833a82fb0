"""Questions to the books; nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loyalty_core.application.habits import HabitQuestions
from loyalty_core.application.in_force import Versions
from loyalty_core.application.past import Past
from loyalty_core.application.statement import Questions
from loyalty_core.domain.habits import Habits
from loyalty_core.domain.statements import Explanation, HistoryPage, Report, Statement
from loyalty_core.domain.tiers import Tier
from loyalty_core.domain.versions import RulesVersion


class QuestionMethods:
    """Questions to the books; nothing is changed."""

    _questions: Questions
    _past: Past
    _habits: HabitQuestions
    _versions: Versions

    def statement(
        self, member_id: str, *, at: datetime | None = None, known_at: datetime | None = None
    ) -> Statement:
        """What the member is shown now, or what held as of a moment.

        As of ``at`` counts what had happened by then, whenever it was booked; with ``known_at``
        only what was booked by then, so that ``at=t, known_at=t`` is what was known at ``t``.

        Balance, totals and debt are sums of entries and exact. What is available, pending or
        expiring follows the lots' dates, which are those of today: it is exact unless an order's
        date was corrected since. Points past their date count as expired, booked or not.
        Held is what redemptions held then, of the lots that were in the wallet.
        Expiry by inactivity counts once it is booked; ``lapses_at`` is not known of the past.
        The member, and the wallets listed with their worth, are those of today. Who was merged is
        answered for by the other from the merge on, until it was taken back.

        Raises ``MemberNotFound``, ``FactError`` for a moment without a time zone.
        """
        if at is None and known_at is None:
            return self._questions.statement(member_id)
        return self._past.statement(member_id, at, known_at)

    def balance(
        self,
        member_id: str,
        wallet: str | None = None,
        *,
        at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> int:
        """The balance of a wallet, or what it was as of a moment, in its smallest unit.

        With neither moment it is that of the statement: all that is booked, though a shop whose
        clock is ahead may have said that it happens in a minute. As of a moment it is the sum of
        the entries that had happened by ``at`` and were booked by ``known_at``, and exact. Points
        whose date has passed are in it until their expiry is booked, and from then on have left it
        at the moment they ended. Who was merged is answered for by the other from the merge on,
        until it was taken back. ``wallet`` may be left out if there is one.

        Raises ``MemberNotFound``, ``WalletUnknown``, ``FactError`` for a moment without a time
        zone.
        """
        return self._past.balance(member_id, wallet, at, known_at)

    def statements(self, member_ids: Sequence[str]) -> dict[str, Statement]:
        """The statements of several members, those not found left out, in a fixed few queries."""
        return self._questions.statements(member_ids)

    def history(
        self,
        member_id: str,
        *,
        wallet: str | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> HistoryPage:
        """Up to ``first`` (at most 1,000) transactions, latest first, after the cursor ``after``.

        Raises ``MemberNotFound``, ``WalletUnknown``, ``FactError`` for a cursor not ours.
        """
        return self._questions.history(member_id, wallet, first, after)

    def habits(self, member_id: str, *, days: int = 365) -> Habits:
        """What the member usually orders, where, how much and how often, and all they ever spent.

        By orders that are paid, less what was given back, with those of members merged into this
        one. All but ``Habits.lifetime`` is of the last ``days`` days of the program's calendar,
        today included, from 1 to 3,660.

        Raises ``MemberNotFound``, ``FactError``.
        """
        return self._habits.habits(member_id, days)

    def explain(self, transaction_id: str) -> Explanation:
        """Which fact, rule and configuration a transaction came from, as the rules were then.

        Raises ``TransactionNotFound``.
        """
        return self._questions.explain(transaction_id)

    def versions(self) -> tuple[RulesVersion, ...]:
        """Every version of the configuration, the latest first: since when, and what it changed.

        What was stated ahead (``program.in_force_from``) stands before them until it starts.
        """
        return self._versions.versions()

    def withdraw_scheduled(self) -> RulesVersion | None:
        """The configuration that was stated ahead, which does not start; None if there was none.

        Opening the same configuration with the same moment does not state it again.
        """
        return self._versions.withdraw()

    def tiers(self) -> dict[str, tuple[Tier, ...]]:
        """The tiers of every scheme of the program, by scheme, the lowest first."""
        return self._questions.tiers()

    def report(self, *, top: int = 10) -> Report:
        """Totals of the program now, and the ``top`` members by points earned."""
        return self._questions.report(top)
