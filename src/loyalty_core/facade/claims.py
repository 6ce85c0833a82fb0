"""Claiming orders that named nobody."""

from __future__ import annotations

from loyalty_core.application.claim import Claiming
from loyalty_core.domain.receipts import ClaimReceipt


class ClaimMethods:
    """Claiming orders that named nobody."""

    _claiming: Claiming

    def claim(self, member_id: str, *, source: str, order_id: str, key: str) -> ClaimReceipt:
        """The order of a guest, given to the member who shows that it is theirs, once.

        An order without any identity waits for this for ``join_wait_days``. It is booked as if it
        had named the member when it was placed. The same ``key`` with the same input answers what
        the first call did. Whether the member may claim it (they know its number, they hold the
        receipt) is for the caller to say.

        Raises ``OrderNotFound``, ``ClaimRefused``, ``MemberNotFound``, ``MemberInactive``,
        ``IdempotencyConflict``.
        """
        return self._claiming.claim(member_id, source, order_id, key)
