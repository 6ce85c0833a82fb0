"""What operators do to balances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from loyalty_core.application.adjust import Adjuster
from loyalty_core.application.reinstate import Reinstater
from loyalty_core.domain.adjustments import (
    Adjustment,
    AdjustmentOutcome,
    AdjustmentSummary,
    ExpiresAt,
    ReinstatementReceipt,
)
from loyalty_core.domain.facts import Json
from loyalty_core.domain.receipts import AdjustmentReceipt


class AdjustingMethods:
    """What operators do to balances."""

    _adjuster: Adjuster
    _reinstater: Reinstater

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

        Reason and actor stay in the books and in ``history``.

        Raises ``MemberNotFound``, ``WalletUnknown``, ``FactError`` for an empty reason or actor
        or a zero amount, ``IdempotencyConflict``.
        """
        return self._adjuster.adjust(
            Adjustment(
                member_id=member_id,
                wallet=wallet,
                amount=amount,
                reason=reason,
                actor=actor,
                key=key,
            )
        )

    def adjust_many(
        self,
        adjustments: Iterable[Adjustment | Mapping[str, Json]],
        *,
        dry_run: bool = False,
        enrol: bool = False,
        on_receipt: Callable[[int, AdjustmentOutcome], None] | None = None,
        progress: Callable[[int], None] | None = None,
        chunk: int = 1000,
    ) -> AdjustmentSummary:
        """How many adjustments ended how, and what they came to; the rejected ones with the reason.

        They come as ``Adjustment`` or in its JSON form, where ``amount`` is in whole points. One
        transaction for each ``chunk``. The same key again changes nothing and counts as duplicate.
        ``enrol`` lets people join whom nobody knows yet by their identities, and adds identities
        that are new; facts that waited for them are booked by the next ``tick``.

        ``dry_run`` answers the same and books nothing. It holds all adjustments in memory, and
        one transaction with its locks until it has seen the last.

        ``on_receipt(index, outcome)`` is called for each adjustment after its transaction ended,
        ``progress(done)`` after each chunk.
        """
        return self._adjuster.adjust_many(
            adjustments,
            dry_run=dry_run,
            enrol=enrol,
            on_receipt=on_receipt,
            progress=progress,
            chunk=chunk,
        )

    def reinstate(
        self,
        member_id: str,
        transaction_id: str,
        *,
        points: int | None = None,
        expires_at: ExpiresAt = None,
        reason: str,
        actor: str,
        key: str,
    ) -> ReinstatementReceipt:
        """Expired points given back: all that is left of an expiry, or ``points`` smallest units.

        ``transaction_id`` names the expiry. The points go back into the lot they expired from, so
        a later refund still finds them there; debt is paid first. They expire at ``expires_at``
        ("never", a moment, or by the wallet's rule counted from now), with what the lot holds
        besides.

        Raises ``MemberNotFound``, ``TransactionNotFound``, ``ReinstatementRefused``,
        ``FactError``, ``IdempotencyConflict``.
        """
        return self._reinstater.reinstate(
            member_id, transaction_id, points, expires_at, reason, actor, key
        )
