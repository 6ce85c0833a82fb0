"""Points of a redemption given back into the lots they came from, and taken again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from loyalty_core.application.postings import Postings
from loyalty_core.domain.facts import FactId, Json
from loyalty_core.domain.ledger import Entry, Lot, LotId, TransactionKind, WalletBook
from loyalty_core.domain.programs import DebtPolicy
from loyalty_core.domain.redemptions import CameBack, Redemption


class GivingBack(Postings):
    """What becomes of points that were spent when their order is refunded, or is not after all."""

    __slots__ = ()

    def give_back(
        self, redemption: Redemption, due: int, at: datetime, fact_id: FactId | None
    ) -> str | None:
        """Books the difference to ``due`` points of a redemption given back, into their own lots.

        Points whose lot has ended meanwhile expire at once, or get the wallet's days of grace.
        Points that are taken again leave the books as if they had never come back: what of them
        has expired meanwhile counts as spent instead, and what was spent becomes debt.
        """
        book = self.wallet(redemption.member_id, redemption.wallet)
        before, after = redemption.lots_back(redemption.returned), redemption.lots_back(due)
        entries: list[Entry] = []
        lots = {lot_id: self._lot_for(lot_id, book) for lot_id in redemption.spent}
        for lot_id, lot in lots.items():
            change = after[lot_id] - before[lot_id]
            if change > 0:
                entries += book.give_back(self._in_time(redemption, lot), change, self.now)
            elif change < 0:
                self._regain(redemption, lot, book, -change, at, fact_id)
                came_into = [one for one, _ in self._came_into(redemption, lot, book)]
                entries += book.take_again(came_into, -change, self.now)
        if redemption.account:
            change = redemption.donated(due) - redemption.donated(redemption.returned)
            self._donate(redemption, change, at, fact_id)
        redemption.returned = due
        redemption.lots = {
            lots[old].id if old in lots else old: held for old, held in redemption.lots.items()
        }
        self._keep(redemption, book, lots.values())
        return self._post_redemption(book, redemption, entries, at, fact_id)

    def _donate(
        self, redemption: Redemption, amount: int, at: datetime, fact_id: FactId | None = None
    ) -> None:
        """Books ``amount`` minor units into, or out of, the account a redemption gives to."""
        book = self.wallet(redemption.member_id, redemption.account)
        lot = self._lot_for(LotId(redemption.account_lot or ""), book)
        redemption.account_lot = lot.id
        if amount > 0:
            entries = book.credit(lot, amount, self.now)
        else:
            entries = book.claw_back(lot, -amount, DebtPolicy.NEGATIVE, self.now)
        self._post_redemption(book, redemption, entries, at, fact_id, TransactionKind.DONATION)

    def _lot_for(self, lot_id: LotId, book: WalletBook) -> Lot:
        """The lot, or one like it if it left the wallet when a merge was taken back."""
        if lot_id in book.lots:
            return book.lots[lot_id]
        left = next(other.lots[lot_id] for other in self.wallets.values() if lot_id in other.lots)
        return self.copy_lot(left, book.member_id)

    def _in_time(self, redemption: Redemption, lot: Lot) -> Lot:
        """The lot, or one with days of grace if it has ended and the wallet grants them."""
        back = redemption.came_back.setdefault(lot.id, CameBack(lot.expired))
        days = self._definition(lot.wallet).return_grace_days
        if not days or not lot.past(self.now):
            return lot
        until = self.now + timedelta(days=days)
        if back.graced is not None:
            graced = self._lot_for(back.graced, self.wallet(lot.member_id, lot.wallet))
            graced.expires_at = until
        else:
            moments = lot.created_at, lot.activates_at, until
            graced = self._add_lot(lot.member_id, lot.wallet, None, *moments)
        redemption.came_back[lot.id] = back._replace(graced=graced.id)
        return graced

    def _came_into(
        self, redemption: Redemption, lot: Lot, book: WalletBook
    ) -> list[tuple[Lot, int]]:
        """The lots that points of ``lot`` came back into, and how many had expired of each then."""
        back = redemption.came_back.get(lot.id, CameBack(lot.expired))
        graced = [(self._lot_for(back.graced, book), 0)] if back.graced else []
        return [*graced, (lot, back.expired)]

    def _regain(
        self,
        redemption: Redemption,
        lot: Lot,
        book: WalletBook,
        amount: int,
        at: datetime,
        fact_id: FactId | None,
    ) -> None:
        """Books that points which came back have not expired, as far as others are not there."""
        for one, expired in self._came_into(redemption, lot, book):
            entries, detail = book.regain(one, amount, expired), _detail(redemption)
            self.post(book, TransactionKind.EXPIRY, entries, at, fact_id=fact_id, detail=detail)
            amount -= min(amount, one.free)

    def _keep(self, redemption: Redemption, book: WalletBook, lots: Iterable[Lot]) -> None:
        self.changes.redemptions[redemption.id] = redemption
        self.touch(book)
        for lot in lots:
            self._touch_lot(lot)

    def _post_redemption(
        self,
        book: WalletBook,
        redemption: Redemption,
        entries: list[Entry],
        at: datetime,
        fact_id: FactId | None = None,
        kind: TransactionKind = TransactionKind.REDEMPTION,
    ) -> str | None:
        detail, partner = _detail(redemption), redemption.partner
        return self.post(book, kind, entries, at, fact_id=fact_id, detail=detail, partner=partner)


def _detail(redemption: Redemption) -> Mapping[str, Json]:
    return {
        "plugin": redemption.plugin,
        "reward": redemption.reward,
        "worth": str(redemption.worth),
        "redemption": redemption.id,
        **({"spender": redemption.spender} if redemption.spender else {}),
    }
