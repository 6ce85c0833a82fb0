"""Sharing points with others: households, who is in them, and what they have."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from loyalty_core.application.household_statement import HouseholdQuestions
from loyalty_core.application.households import Households
from loyalty_core.domain.household_views import (
    HouseholdInvitation,
    HouseholdReceipt,
    HouseholdStatement,
)


class HouseholdMethods:
    """Sharing points with others: households, who is in them, and what they have.

    A household has wallets as a member has. ``redeem`` and ``hold`` take its id as
    ``member_id``, and the member who spends as ``spender``.
    """

    _households: Households
    _household_questions: HouseholdQuestions

    def create_household(
        self, head: str, *, share: Decimal | None = None, key: str
    ) -> HouseholdReceipt:
        """A new household with one member, its head: from now on they share what they earn.

        ``share`` is the percent of it that goes to the household, the program's if left out.

        Raises ``HouseholdRefused`` if the program has none, or the member is in one or has left
        one too recently, ``MemberNotFound``, ``MemberInactive``, ``FactError`` for a share beyond
        the program's limits, ``IdempotencyConflict``.
        """
        return self._households.create(head, share, key)

    def invite_to_household(
        self,
        household_id: str,
        member_id: str,
        *,
        by: str,
        share: Decimal | None = None,
        key: str,
    ) -> HouseholdReceipt:
        """A member invited ``by`` the head, who may join or decline.

        Raises ``HouseholdNotFound``, ``HouseholdRefused``, ``MemberNotFound``, ``FactError``,
        ``IdempotencyConflict``.
        """
        return self._households.invite(household_id, member_id, share, by, key)

    def join_household(self, household_id: str, member_id: str, *, key: str) -> HouseholdReceipt:
        """An invitation accepted: what the member earns from now on is shared.

        Raises ``HouseholdNotFound``, ``HouseholdRefused``, ``MemberNotFound``,
        ``MemberInactive``, ``IdempotencyConflict``.
        """
        return self._households.join(household_id, member_id, key)

    def decline_household(self, household_id: str, member_id: str, *, key: str) -> HouseholdReceipt:
        """An invitation ended: declined by the member, or withdrawn by the head.

        Raises ``HouseholdNotFound``, ``HouseholdRefused``, ``MemberNotFound``,
        ``IdempotencyConflict``.
        """
        return self._households.decline(household_id, member_id, key)

    def leave_household(self, member_id: str, *, key: str) -> HouseholdReceipt:
        """A member out of their household; ``points`` of the receipt went along with them.

        Which, the program's ``on_leaving`` says. If it is the head, whoever has been in it for
        longest is the head from now on. The last one takes all that is left, and the household is
        dissolved.

        Raises ``HouseholdRefused`` if they are in none, ``MemberNotFound``,
        ``IdempotencyConflict``.
        """
        return self._households.leave(member_id, key)

    def remove_from_household(
        self, household_id: str, member_id: str, *, by: str, key: str
    ) -> HouseholdReceipt:
        """A member put out of the household ``by`` its head; as if they had left.

        Raises ``HouseholdNotFound``, ``HouseholdRefused``, ``MemberNotFound``,
        ``IdempotencyConflict``.
        """
        return self._households.remove(household_id, member_id, by, key)

    def change_household_share(
        self, member_id: str, share: Decimal, *, key: str
    ) -> HouseholdReceipt:
        """Another share, in percent, of what the member earns from now on.

        Raises ``HouseholdRefused`` if they are in none, ``MemberNotFound``, ``FactError`` beyond
        the program's limits, ``IdempotencyConflict``.
        """
        return self._households.change_share(member_id, share, key)

    def change_household_head(
        self, household_id: str, member_id: str, *, by: str, key: str
    ) -> HouseholdReceipt:
        """Another member made the head ``by`` the one who is.

        Raises ``HouseholdNotFound``, ``HouseholdRefused``, ``MemberNotFound``,
        ``IdempotencyConflict``.
        """
        return self._households.change_head(household_id, member_id, by, key)

    def household(self, household_id: str) -> HouseholdStatement:
        """The household's points now, and its members: who gave and took how many, who is invited.

        Raises ``HouseholdNotFound``.
        """
        return self._household_questions.statement(household_id)

    def households(self, household_ids: Sequence[str]) -> dict[str, HouseholdStatement]:
        """Several households as ``household`` shows them, those not found left out."""
        return self._household_questions.statements(household_ids)

    def household_invitations(
        self, member_ids: Sequence[str]
    ) -> dict[str, tuple[HouseholdInvitation, ...]]:
        """The open invitations of members, the oldest first; who is not found is left out."""
        return self._household_questions.invitations(member_ids)
