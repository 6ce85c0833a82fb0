"""Quoting, spending and adjusting points."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty_core.application.spend import Spending
from loyalty_core.application.transfer import Transfers
from loyalty_core.domain.facts import Json
from loyalty_core.domain.receipts import AdjustmentReceipt, RedemptionReceipt, TransferReceipt
from loyalty_core.domain.statements import Cart, Quote


class SpendingMethods:
    """Quoting, spending and adjusting points."""

    _spending: Spending
    _transfers: Transfers

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

    def adjust(
        self,
        member_id: str,
        wallet: str,
        amount: int,
        *,
        reason: str,
        actor: str,
        key: str,
    ) -> AdjustmentReceipt:
        """A balance changed by an operator: ``amount`` smallest units, positive or negative.

        Raises ``MemberNotFound``, ``WalletUnknown``, ``FactError`` for an empty reason or actor
        or a zero amount, ``IdempotencyConflict``.
        """
        return self._spending.adjust(member_id, wallet, amount, reason, actor, key)

    def transfer(
        self,
        from_member: str,
        to_member: str,
        wallet: str,
        points: int,
        *,
        reason: str = "",
        actor: str = "",
        key: str,
    ) -> TransferReceipt:
        """Points given by one member to another: ``points`` smallest units, and they are there.

        They keep their dates: those that expire first go first, and expire on the same day as
        before. A receiver in debt pays it first.

        Raises ``MemberNotFound``, ``MemberInactive``, ``WalletUnknown``, ``TransferRefused`` where
        the wallet does not allow it, ``InsufficientPoints``, ``FactError`` and
        ``IdempotencyConflict``.
        """
        return self._transfers.transfer(from_member, to_member, wallet, points, reason, actor, key)
