"""Quoting and spending points."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty_core.application.spend import Spending
from loyalty_core.domain.facts import Json
from loyalty_core.domain.receipts import RedemptionReceipt
from loyalty_core.domain.statements import Cart, Quote


class SpendingMethods:
    """Quoting and spending points."""

    _spending: Spending

    def quote(self, cart: Cart | Mapping[str, Json], member_id: str | None = None) -> Quote:
        """What the cart would earn for the member (or a stranger), and what points could buy.

        Raises ``FactError`` for a malformed cart, ``MemberNotFound``.
        """
        return self._spending.quote(cart, member_id)

    def redeem(
        self,
        member_id: str,
        *,
        points: int | None = None,
        reward: str | None = None,
        cart: Cart | Mapping[str, Json] | None = None,
        key: str,
    ) -> RedemptionReceipt:
        """Points spent on a reward, charged for exactly what it gives.

        ``points`` is the most to spend, in the wallet's smallest unit (None: as many as the
        reward can use); ``reward`` may be left out where the program has only one. ``key`` makes
        the command idempotent: the same key and input answer with the first receipt.

        Raises ``MemberNotFound``, ``MemberInactive``, ``RewardUnknown``, ``InsufficientPoints``,
        ``RedemptionRefused``, ``IdempotencyConflict``.
        """
        return self._spending.redeem(member_id, points, reward, cart, key)
