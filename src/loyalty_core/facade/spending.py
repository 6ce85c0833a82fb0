"""Quoting and spending points."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from loyalty_core.application.partnered import PartnerRedeeming
from loyalty_core.application.redeem import Redeeming
from loyalty_core.application.redemptions import Redemptions
from loyalty_core.application.spend import Spending
from loyalty_core.application.transfer import Transfers
from loyalty_core.domain.facts import Json
from loyalty_core.domain.receipts import RedemptionReceipt, TransferReceipt
from loyalty_core.domain.statements import Cart, Quote


class SpendingMethods:
    """Quoting and spending points."""

    _spending: Spending
    _redeeming: Redeeming
    _partnered: PartnerRedeeming
    _redemptions: Redemptions
    _transfers: Transfers

    def quote(
        self,
        cart: Cart | Mapping[str, Json],
        member_id: str | None = None,
        *,
        at: datetime | None = None,
    ) -> Quote:
        """What the cart would earn for the member (or a stranger), and what points could buy.

        With ``at`` as if it were that moment: under the rules that were in force then, or those
        that are stated for it if it is to come. The member is as they are today.
        ``Quote.config_version`` names the rules, and is 0 where they have not started yet.

        Raises ``FactError`` for a malformed cart or a moment without a time zone,
        ``MemberNotFound``.
        """
        return self._spending.quote(cart, member_id, at)

    def redeem(
        self,
        member_id: str,
        *,
        points: int | None = None,
        reward: str | None = None,
        cart: Cart | Mapping[str, Json] | None = None,
        source: str = "",
        order_id: str | None = None,
        spender: str | None = None,
        key: str,
    ) -> RedemptionReceipt:
        """Points spent on a reward, charged for exactly what it gives.

        ``points`` is the most to spend, in the wallet's smallest unit (None: as many as the
        reward can use); ``reward`` may be left out where the program has only one. ``source`` and
        ``order_id`` name the order that is paid for, recorded already or later: what it refunds
        comes back to the lots it was spent from. To spend what a household has, ``member_id`` is
        the household's and ``spender`` the member who spends. ``key`` makes the command
        idempotent: the same key and input answer with the first receipt.

        A reward that must be handed over is so between two transactions: its points are held,
        it is handed over, they are captured. The receipt says ``held`` while that is tried again,
        and inside a host's transaction, where ``tick`` hands it over after the commit.

        The rewards ``partner:<id>.<wallet>`` are paid with points that the member has at a partner
        program, where the member is linked; those are in the partner's smallest unit.

        Raises ``MemberNotFound``, ``MemberInactive``, ``RewardUnknown``, ``InsufficientPoints``,
        ``RedemptionRefused``, ``HouseholdRefused``, ``AgreementMissing``, ``LinkRefused``,
        ``IdempotencyConflict``.
        """
        order = (source, order_id)
        asked = self._redeeming.ask(member_id, points, reward, cart, order, None, spender, key)
        return (self._partnered if asked.abroad else self._redeeming).redeem(asked)

    def hold(
        self,
        member_id: str,
        *,
        points: int | None = None,
        reward: str | None = None,
        cart: Cart | Mapping[str, Json] | None = None,
        source: str = "",
        order_id: str | None = None,
        minutes: int = 30,
        spender: str | None = None,
        key: str,
    ) -> RedemptionReceipt:
        """Points reserved in a checkout, as ``redeem`` would spend them; nothing is booked yet.

        Held points cannot be spent by anything else, do not expire, and are not taken back.
        ``capture`` spends them, ``release`` sets them free; after ``minutes`` they are free by
        themselves.

        Raises what ``redeem`` raises.
        """
        order, minutes = (source, order_id), minutes or 0  # without any, it would be spent
        asked = self._redeeming.ask(member_id, points, reward, cart, order, minutes, spender, key)
        return (self._partnered if asked.abroad else self._redeeming).redeem(asked)

    def capture(
        self,
        redemption_id: str,
        *,
        points: int | None = None,
        source: str = "",
        order_id: str | None = None,
    ) -> RedemptionReceipt:
        """Held points spent: ``points`` of them, or all; the rest is free again.

        ``source`` and ``order_id`` name the order that they paid for. Capturing the same again
        answers the same.

        Raises ``RedemptionNotFound``, ``RedemptionEnded`` once released or timed out,
        ``RedemptionRefused`` while its reward is being handed over, and ``FactError`` for more
        points than are held.
        """
        redeeming = self._partnered if self._partnered.one(redemption_id) else self._redeeming
        return redeeming.capture(redemption_id, points, (source, order_id))

    def release(self, redemption_id: str) -> RedemptionReceipt:
        """Held points set free; nothing happens if they are already.

        Raises ``RedemptionNotFound``, ``RedemptionEnded`` if they were captured, and
        ``RedemptionRefused`` while its reward is being handed over.
        """
        redeeming = self._partnered if self._partnered.one(redemption_id) else self._redeeming
        return redeeming.release(redemption_id)

    def redemption(self, redemption_id: str) -> RedemptionReceipt:
        """One redemption as it stands now; raises ``RedemptionNotFound``."""
        return self._partnered.one(redemption_id) or self._redemptions.one(redemption_id)

    def redemptions(
        self, member_id: str, *, held: bool = False, first: int = 20, after: str | None = None
    ) -> tuple[RedemptionReceipt, ...]:
        """Up to ``first`` redemptions of a member, latest first, after the id ``after``.

        With ``held`` only those that hold points now. Raises ``FactError`` for a page too large.
        """
        return self._redemptions.of_member(member_id, held, first, after)

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
