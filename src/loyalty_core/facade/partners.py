"""Partners: other programs of the database whose points are accepted here, or ours there."""

from __future__ import annotations

from datetime import datetime

from loyalty_core.application.links import Linking
from loyalty_core.application.settlements import Settling
from loyalty_core.domain.amounts import Money
from loyalty_core.domain.partners import AccountLink, Settlement, SettlementReceipt


class PartnerMethods:
    """Links to members of partners, and what programs owe each other."""

    _linking: Linking
    _settling: Settling

    def link(self, member_id: str, partner: str, partner_member: str, *, key: str) -> AccountLink:
        """The member linked to one of a partner program: both are the same person.

        Whoever calls this has made sure of that, for instance by a sign-in at both. From now on
        the person can spend the partner's points here, by the rewards ``partner:<id>.<wallet>``,
        and ours there. A member has one link to each partner; the other side sees it, too.

        Raises ``MemberNotFound``, ``MemberInactive``, ``AgreementMissing``, ``LinkRefused`` where
        one of the two is linked to somebody else, ``IdempotencyConflict``.
        """
        return self._linking.link(member_id, partner, partner_member, key)

    def unlink(self, member_id: str, partner: str) -> bool:
        """Whether there was a link to a partner; there is none afterwards.

        What the member holds or has spent there stays as it is. Raises ``MemberNotFound``.
        """
        return self._linking.unlink(member_id, partner)

    def links(self, member_id: str) -> tuple[AccountLink, ...]:
        """The member's links to partners, by partner; raises ``MemberNotFound``."""
        return self._linking.links(member_id)

    def settlements(
        self,
        partner: str | None = None,
        *,
        from_: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Settlement, ...]:
        """What this program and its partners owe each other, to the cent: by partner and currency.

        ``from_`` is the first moment of the period and ``until`` the first after it; without them
        it is all that there was. What is owed is counted when it is booked, so a period that is
        over does not change, and periods that follow each other sum exactly.
        """
        return self._settling.settlements(partner, from_, until)

    def settle(
        self,
        partner: str,
        *,
        amount: Money | None = None,
        reference: str,
        actor: str,
        key: str,
    ) -> SettlementReceipt:
        """A payment between this program and a partner, by the one who owes: ``amount``, or all.

        ``reference`` names the payment outside, such as a bank's: noted by both programs, it is
        booked once.

        Raises ``SettlementRefused`` for more than is open, or where several currencies are and
        none is named, ``FactError`` and ``IdempotencyConflict``.
        """
        return self._settling.settle(partner, amount, reference, actor, key)
