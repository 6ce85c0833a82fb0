"""The members' books in one unit of work: loaded once, caught up with time, and posted to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

from loyalty_core.application.giving_back import GivingBack
from loyalty_core.application.ids import new_id
from loyalty_core.domain.facts import FactId, Json
from loyalty_core.domain.ledger import Lot, LotId, TransactionKind, WalletBook
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.redemptions import Redemption, RedemptionState
from loyalty_core.ports.records import Award

NOTHING: Mapping[str, Json] = {}


class CaughtUp(NamedTuple):
    """What catching one wallet up did: lots activated and expired, points expired, holds over."""

    activated: int
    expired: int
    points: int
    timed_out: int
    lapsed: bool


class Step(NamedTuple):
    """One thing that time does to a wallet; at one moment in the order of ``rank``."""

    moment: datetime
    rank: int
    subject: str
    act: Callable[[datetime], None]


@dataclass(slots=True)
class Books(GivingBack):
    """The wallets, lots and open redemptions of members, and what can happen to them."""

    caught_up: list[tuple[WalletBook, CaughtUp]] = field(default_factory=list)
    _held: dict[tuple[str, str], list[Redemption]] = field(default_factory=dict)
    _read: set[MemberId] = field(default_factory=set)

    def keep(self, members: Iterable[MemberId], wallets: Iterable[WalletBook]) -> None:
        """Keeps all wallets of some members, read under their locks."""
        self._read.update(members)
        self.wallets.update({(book.member_id, book.wallet): book for book in wallets})

    def load(
        self,
        members: Iterable[MemberId],
        *,
        lots: Iterable[LotId] = (),
        open_of: Iterable[MemberId] = (),
    ) -> None:
        """Loads wallets, and of their lots those named and all open ones of some members.

        Wallets whose open lots are loaded are caught up, so that no posting depends on whether
        the nightly jobs have run. A wallet in debt, or lapsed, always is.
        """
        wanted = set(members)
        unread, whole = wanted - self._read, set(open_of)
        wallets, found = self.uow.books(unread, lots, whole)
        self.keep(unread, wallets)
        mine = [book for book in self.wallets.values() if book.member_id in wanted]
        late = {MemberId(book.member_id) for book in mine if book.debt or book.lapsed(self.now)}
        if unseen := late - whole:
            found += self.uow.books((), (), unseen)[1]
            whole |= unseen
        for lot in found:
            self.wallet(lot.member_id, lot.wallet).lots[lot.id] = lot
        holding = {book.member_id for book in mine if book.held}
        for redemption in self.uow.held_redemptions(holding & whole):
            self.keep_held(redemption)
        for book in [book for book in self.wallets.values() if book.member_id in whole]:
            if any(done := self.catch_up(book)):
                self.caught_up.append((book, done))

    # -- awards -------------------------------------------------------------------------------

    def accrue(
        self,
        member_id: MemberId,
        fact_id: FactId,
        award: Award,
        amount: int,
        at: datetime,
        detail: Mapping[str, Json] = NOTHING,
    ) -> str | None:
        """Books ``amount`` more of an award, into its lot; the transaction's id, if any."""
        book = self.wallet(member_id, award.wallet)
        lot = book.lots.get(award.lot_id) if award.lot_id else None
        if lot is None:
            lot = self._new_lot(member_id, award.wallet, fact_id, award)
            award.lot_id = lot.id
        lot.pending = lot.activates_at > self.now
        entries = book.credit(lot, amount, self.now)
        self._touch_lot(lot)
        award.net += amount
        detail = {**award.told, **detail} if detail else award.told
        return self.post(book, TransactionKind.ACCRUAL, entries, at, fact_id=fact_id, detail=detail)

    def reverse(
        self, member_id: MemberId, fact_id: FactId, award: Award, amount: int, at: datetime
    ) -> str | None:
        """Takes ``amount`` of an award back, as the wallet's debt policy says."""
        book = self.wallet(member_id, award.wallet)
        policy = self._definition(award.wallet).debt
        if award.lot_id is None:
            return None
        lot = book.lots[award.lot_id]
        entries = book.claw_back(lot, amount, policy, self.now)
        self._touch_lot(lot)
        award.net -= amount
        kind = TransactionKind.REVERSAL
        return self.post(book, kind, entries, at, fact_id=fact_id, detail=award.told)

    def take_back(
        self,
        household: MemberId,
        fact_id: FactId,
        award: Award,
        amount: int,
        at: datetime,
        detail: Mapping[str, Json],
    ) -> int:
        """Takes ``amount`` of an award back from its lot alone; how much was spent by then."""
        book = self.wallet(household, award.wallet)
        lot = book.lots[LotId(award.lot_id or "")]
        entries, short = book.take_back(lot, amount)
        self._touch_lot(lot)
        award.net -= amount
        detail = {**award.told, **detail}
        self.post(book, TransactionKind.REVERSAL, entries, at, fact_id=fact_id, detail=detail)
        return short

    def answer(
        self,
        member_id: MemberId,
        fact_id: FactId,
        award: Award,
        amount: int,
        at: datetime,
        detail: Mapping[str, Json],
    ) -> None:
        """Takes from a member what is missing of an award, or gives it back (negative).

        Taken as the wallet's debt policy says, and given into the award's lot.
        """
        book = self.wallet(member_id, award.wallet)
        detail = {**award.told, **detail}
        if amount > 0:
            entries = book.deduct(amount, self._definition(award.wallet).debt, self.now)
            self.post(book, TransactionKind.REVERSAL, entries, at, fact_id=fact_id, detail=detail)
        elif amount < 0:
            net = award.net
            self.accrue(member_id, fact_id, award, -amount, at, detail)
            award.net = net  # it is worth no more than before

    def redate(self, member_id: MemberId, award: Award) -> None:
        """Gives the lot of an award the moments that the award has now: its fact has moved.

        What was a household's, and is with another member since, keeps its dates.
        """
        book = self.wallet(member_id, award.wallet)
        if award.household and award.lot_id not in book.lots:
            return
        lot = book.lots[LotId(award.lot_id or "")]
        lot.created_at, lot.activates_at = award.awarded_at, award.activates_at
        if not lot.reinstated:
            lot.expires_at = award.expires_at
        lot.pending = lot.activates_at > self.now
        self._touch_lot(lot)
        if lot.active(self.now):
            self._repay_from(book, lot, self.now)

    def _new_lot(self, member_id: str, wallet: str, fact_id: FactId, award: Award) -> Lot:
        return self._add_lot(
            member_id, wallet, fact_id, award.awarded_at, award.activates_at, award.expires_at
        )

    # -- redemptions --------------------------------------------------------------------------

    def hold(self, redemption: Redemption) -> None:
        """Reserves the points of a new redemption; raises ``InsufficientPoints``."""
        book = self.wallet(redemption.member_id, redemption.wallet)
        redemption.lots = book.hold(redemption.points, self.now)
        self._keep(redemption, book, map(book.lots.__getitem__, redemption.lots))
        self.keep_held(redemption)
        self._move_lapse(book, TransactionKind.REDEMPTION)

    def capture(self, redemption: Redemption, points: int) -> None:
        """Spends ``points`` of those a redemption holds; the rest is free again."""
        book = self.wallet(redemption.member_id, redemption.wallet)
        self._keep(redemption, book, map(book.lots.__getitem__, redemption.lots))
        entries = book.spend_held(redemption.lots, points)
        redemption.reduce(points)
        redemption.end(RedemptionState.CAPTURED, self.now, new_id())
        made = self._post_redemption(book, redemption, entries, self.now)
        redemption.transaction_id = made
        if redemption.account:
            lot = self.new_lot(redemption.member_id, redemption.account, self.now)
            redemption.account_lot = lot.id
            self._donate(redemption, redemption.donated(0), self.now)
        self._repay(book, self.now)

    def release(self, redemption: Redemption, state: RedemptionState, at: datetime) -> None:
        """Sets the points of a redemption free; they pay debt first."""
        book = self.wallet(redemption.member_id, redemption.wallet)
        self._keep(redemption, book, map(book.lots.__getitem__, redemption.lots))
        book.free(redemption.lots)
        if redemption.item:
            self.uow.unclaim_stock(redemption.item)
        redemption.end(state, at, new_id())
        data: Mapping[str, Json] = {
            "wallet": book.wallet,
            "amount": redemption.points,
            "redemption": redemption.id,
            "state": state.value,
        }
        self.tell("points_released", book.member_id, at, data)
        self._repay(book, at)

    def held(self, redemption_id: str) -> Redemption | None:
        """A redemption that held points when its member's open lots were loaded."""
        every = (one for held in self._held.values() for one in held)
        return next((one for one in every if one.id == redemption_id), None)

    def holding(self, book: WalletBook) -> list[Redemption]:
        """The redemptions that hold points of a wallet whose open lots are loaded."""
        return [one for one in self._holders(book) if one.state is RedemptionState.HELD]

    def keep_held(self, redemption: Redemption) -> None:
        """Keeps a redemption that may hold points, for what time does to them."""
        self._holders(redemption).append(redemption)

    def move_held(self, source: WalletBook, target: WalletBook, moved: list[Redemption]) -> None:
        """Lets these that hold points of one wallet hold them of another, before points move."""
        self._holders(source)[:] = [one for one in self._holders(source) if one not in moved]
        self._holders(target).extend(moved)

    def _holders(self, of: WalletBook | Redemption) -> list[Redemption]:
        return self._held.setdefault((of.member_id, of.wallet), [])

    # -- what time does -----------------------------------------------------------------------

    def catch_up(self, book: WalletBook) -> CaughtUp:
        """Books what time alone has done to a wallet whose open lots are loaded.

        In the order it happened: pending points became active and paid debt, holds timed out,
        points ended. So it does not matter how often it is done.
        """
        did: Counter[str] = Counter()
        for step in sorted(self._steps(book, did), key=lambda one: one[:3]):
            step.act(step.moment)
        lapsed = book.lapsed(self.now) and not book.held
        if lapsed:
            book.lapses_at = None
            self.touch(book)
        return CaughtUp(did["activated"], did["expired"], did["points"], did["timed_out"], lapsed)

    def _steps(self, book: WalletBook, done: Counter[str]) -> Iterator[Step]:
        """All that has become due for a wallet by now."""
        late = [one for one in self._holders(book) if one.timed_out(self.now)]
        for redemption in late:
            assert redemption.expires_at is not None
            act = partial(self._time_out, redemption, done)
            yield Step(redemption.expires_at, 1, redemption.id, act)
        for lot in book.lots.values():
            if lot.pending and lot.activates_at <= self.now:
                yield Step(lot.activates_at, 0, lot.id, partial(self._activate, book, lot, done))
            ends = [moment for moment in (lot.expires_at, book.lapses_at) if moment is not None]
            if lot.remaining and ends and min(ends) <= self.now:
                freed = {one.expires_at for one in late if lot.id in one.lots and one.expires_at}
                for moment in {min(ends)} | {max(min(ends), moment) for moment in freed}:
                    yield Step(moment, 2, lot.id, partial(self._end, book, lot, done))

    def _activate(self, book: WalletBook, lot: Lot, done: Counter[str], at: datetime) -> None:
        lot.pending = False
        self._touch_lot(lot)
        if lot.remaining:
            done["activated"] += 1
            data: Mapping[str, Json] = {"wallet": lot.wallet, "amount": lot.remaining}
            self.tell("points_activated", lot.member_id, at, data)
            if lot.ever_active(book.lapses_at):
                self._repay_from(book, lot, at)

    def _time_out(self, redemption: Redemption, done: Counter[str], at: datetime) -> None:
        self.release(redemption, RedemptionState.TIMED_OUT, at)
        done["timed_out"] += 1

    def _end(self, book: WalletBook, lot: Lot, done: Counter[str], at: datetime) -> None:
        done["expired"] += 1 if lot.free else 0
        if lot.free:
            done["points"] += lot.free
            self.post(book, TransactionKind.EXPIRY, book.expire(lot), at)

    def _repay(self, book: WalletBook, at: datetime) -> None:
        if book.debt:
            self.post(book, TransactionKind.REPAYMENT, book.repay(at), at)

    def _repay_from(self, book: WalletBook, lot: Lot, at: datetime) -> None:
        if book.debt and lot.free:
            self.post(book, TransactionKind.REPAYMENT, book.repay_from(lot), at)
