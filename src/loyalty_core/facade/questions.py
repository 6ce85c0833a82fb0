"""Questions to the books; nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_core.application.statement import Questions
from loyalty_core.domain.statements import Explanation, HistoryPage, Report, RewardView, Statement


class QuestionMethods:
    """Questions to the books; nothing is changed."""

    _questions: Questions

    def statement(self, member_id: str) -> Statement:
        """What the member is shown now; raises ``MemberNotFound``."""
        return self._questions.statement(member_id)

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

    def explain(self, transaction_id: str) -> Explanation:
        """Which fact, rule and configuration a transaction came from.

        Raises ``TransactionNotFound``.
        """
        return self._questions.explain(transaction_id)

    def rewards(self) -> tuple[RewardView, ...]:
        """The rewards that points buy in this program."""
        return self._questions.rewards()

    def report(self, *, top: int = 10) -> Report:
        """Totals of the program now, and the ``top`` members by points earned."""
        return self._questions.report(top)
