"""Questions and commands about spending: ``quote`` books nothing, ``redeem`` does."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from loyalty_core.application.books import Books
from loyalty_core.application.enrol import is_id, locked_member, stored_receipt
from loyalty_core.application.fold import award_of
from loyalty_core.application.forms import read_cart, read_text
from loyalty_core.application.ids import input_hash
from loyalty_core.application.rules import Rules, ask
from loyalty_core.application.structure import converter
from loyalty_core.domain.amounts import format_scaled
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.effects import Credit
from loyalty_core.domain.facts import Json, Order
from loyalty_core.domain.ledger import TransactionKind, WalletBook
from loyalty_core.domain.members import MemberId, MemberStatus, MemberView
from loyalty_core.domain.programs import Wallet
from loyalty_core.domain.receipts import RedemptionReceipt
from loyalty_core.domain.rewards import SpendOffer, SpendRequest
from loyalty_core.domain.statements import Cart, Earning, Quote
from loyalty_core.errors import (
    FactError,
    InsufficientPoints,
    LedgerFault,
    MemberInactive,
    MemberNotFound,
    PluginFailed,
    RedemptionRefused,
    RewardUnknown,
)
from loyalty_core.ports.program import Owned, RewardKind
from loyalty_core.ports.records import MemberRecord, StoredReceipt, Upcoming
from loyalty_core.ports.store import Reader, Store, UnitOfWork

logger = logging.getLogger("loyalty_core")

CartForm = Cart | Mapping[str, Json]


class Spending:
    """Quotes and redemptions under the current rules."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    # -- quote --------------------------------------------------------------------------------

    def quote(self, cart: CartForm, member_id: str | None) -> Quote:
        """What the cart would earn and what points could buy on it; nothing is booked."""
        now = self._clock()
        order = read_cart(cart, now).as_order(now)
        record, available = self._holdings(member_id, now)
        earnings, failed = self._earnings(order, record)
        offers: dict[str, SpendOffer] = {}
        for name, owned in self._rules.rewards.items():
            request = SpendRequest(
                wallet=owned.item.wallet, available=available.get(owned.item.wallet, 0), order=order
            )
            try:
                offers[name] = _offer(owned, request, _view(record, owned.plugin))
            except PluginFailed:
                failed.append(owned.plugin)
        return Quote(earnings=tuple(earnings), offers=offers, failed=tuple(failed))

    def _holdings(
        self, member_id: str | None, now: datetime
    ) -> tuple[MemberRecord | None, Mapping[str, int]]:
        if member_id is None:
            return None, {}

        def look(reader: Reader) -> tuple[MemberRecord, Mapping[str, int]]:
            found = reader.members([member_id]) if is_id(member_id) else {}
            if member_id not in found:
                raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
            return found[member_id][0], available_now(reader, [member_id], now)[member_id]

        return self._store.read(look)

    def _earnings(
        self, order: Order, record: MemberRecord | None
    ) -> tuple[list[Earning], list[str]]:
        earnings, failed = [], []
        for owned in self._rules.programs:
            try:
                effects = ask(owned, order, _view(record, owned.plugin), self._rules.config)
            except PluginFailed:
                failed.append(owned.plugin)
                continue
            for effect in effects:
                if isinstance(effect, Credit) and effect.amount:
                    award = award_of(effect, owned.plugin, order.occurred_at, self._rules)
                    earnings.append(
                        Earning(
                            plugin=award.plugin,
                            rule=award.rule,
                            wallet=award.wallet,
                            amount=award.amount,
                            lines=award.lines,
                            activates_at=award.activates_at,
                            expires_at=award.expires_at,
                        )
                    )
        return earnings, failed

    # -- redeem -------------------------------------------------------------------------------

    def redeem(
        self,
        member_id: str,
        points: int | None,
        reward: str | None,
        cart: CartForm | None,
        key: str,
    ) -> RedemptionReceipt:
        """Points spent on a reward, charged for exactly what it gives."""
        now = self._clock()
        owned = self._reward(reward)
        read_text("key", key)
        if points is not None and points <= 0:
            raise FactError(f"{points} points cannot be spent", where="points")
        read = read_cart(cart, now) if cart is not None else None
        digits = minor_digits(read.currency) if read else 0
        given = input_hash(
            "redeem",
            {
                "member": member_id,
                "points": points,
                "reward": reward,
                "cart": converter(digits).unstructure(read) if read else None,
            },
        )
        order = read.as_order(now) if read else None

        def work(uow: UnitOfWork) -> RedemptionReceipt:
            member = locked_member(uow, member_id)
            if stored := stored_receipt(uow, key, given):
                return converter(0).structure(stored.receipt, RedemptionReceipt)
            if member.status is not MemberStatus.ACTIVE:
                raise MemberInactive(f"the member is {member.status}", member_id=member_id)
            receipt, books = self._spend(uow, member, owned, points, order, now)
            books.changes.receipts.append(_stored(key, given, member_id, receipt, now))
            books.flush()
            return receipt

        return self._store.write(work)

    def _reward(self, name: str | None) -> Owned[RewardKind]:
        rewards = self._rules.rewards
        if name is None and len(rewards) == 1:
            return next(iter(rewards.values()))
        if name is None or name not in rewards:
            known = ", ".join(rewards) or "none"
            remedy = f"Rewards of this program: {known}."
            raise RewardUnknown(f"{name!r} is not a reward here", where="reward", remedy=remedy)
        return rewards[name]

    def _spend(
        self,
        uow: UnitOfWork,
        member: MemberRecord,
        owned: Owned[RewardKind],
        points: int | None,
        order: Order | None,
        now: datetime,
    ) -> tuple[RedemptionReceipt, Books]:
        books = Books(uow, self._rules, now)
        books.load([member.id], open_of=[member.id])
        book = books.wallet(member.id, owned.item.wallet)
        available = book.available(now)
        if points is not None and points > available:
            _refuse_short(points, available, book, self._rules.config.wallets[book.wallet])
        request = SpendRequest(
            wallet=owned.item.wallet, available=max(available, 0), points=points, order=order
        )
        offer = _offer(owned, request, _view(member, owned.plugin))
        if offer.refusal or offer.points <= 0:
            raise RedemptionRefused(
                offer.refusal or "there is nothing to spend points on",
                where=owned.item.id,
                minimum=offer.minimum,
                step=offer.step,
                available=available,
            )
        entries = book.spend(offer.points, now)
        made = books.post(
            book,
            TransactionKind.REDEMPTION,
            entries,
            now,
            detail={"plugin": owned.plugin, "reward": owned.item.id, "worth": str(offer.worth)},
        )
        if made is None:
            raise LedgerFault("a redemption moved nothing", where=owned.item.id)
        receipt = RedemptionReceipt(
            transaction_id=made,
            member_id=member.id,
            reward=owned.item.id,
            wallet=owned.item.wallet,
            points=offer.points,
            worth=offer.worth,
            occurred_at=now,
            lines=dict(offer.lines),
        )
        return receipt, books


def available_now(reader: Reader, members: list[str], now: datetime) -> dict[str, dict[str, int]]:
    """What each member can spend at ``now``, by wallet: negative while there is debt."""
    upcoming = reader.upcoming(members, now)
    found: dict[str, dict[str, int]] = {member: {} for member in members}
    for pair, book in reader.wallets(members).items():
        found[pair[0]][pair[1]] = spendable(book, upcoming.get(pair, ()), now)
    return found


def spendable(book: WalletBook, upcoming: Iterable[Upcoming], now: datetime) -> int:
    """What can be spent of a wallet at ``now``: its balance less what is pending or past."""
    debt, left = repaid(book, upcoming, now)
    if book.lapsed(now):
        return -debt
    return book.balance - sum(
        points.amount for points in left if points.past(now) or points.pending(now)
    )


def repaid(
    book: WalletBook, upcoming: Iterable[Upcoming], now: datetime
) -> tuple[int, list[Upcoming]]:
    """The debt and the points that are left once all that became active by ``now`` has paid."""
    debt, left = book.debt, []
    for points in sorted(upcoming, key=lambda one: one.activates_at) if debt else upcoming:
        paid = min(debt, points.amount) if points.paying(book.lapses_at, now) else 0
        debt -= paid
        left.append(points._replace(amount=points.amount - paid))
    return debt, left


def _refuse_short(points: int, available: int, book: WalletBook, wallet: Wallet) -> None:
    needed, there = (format_scaled(n, wallet.scale) for n in (points, max(available, 0)))
    raise InsufficientPoints(
        f"{needed} {wallet.unit} needed, {there} available",
        where=f"wallet {book.wallet}",
        wallet=book.wallet,
        needed=points,
        available=available,
    )


def _offer(owned: Owned[RewardKind], request: SpendRequest, view: MemberView) -> SpendOffer:
    try:
        offer = owned.item.offer(request, view)
    except Exception as error:
        logger.exception("plugin %s failed to price %s", owned.plugin, owned.item.id)
        raise PluginFailed(
            f"plugin {owned.plugin!r} raised {type(error).__name__} pricing {owned.item.id!r}",
            where=owned.plugin,
        ) from error
    if not 0 <= offer.points <= max(request.available, 0):
        raise PluginFailed(
            f"plugin {owned.plugin!r} offered what the member does not have", where=owned.plugin
        )
    return offer


def _view(record: MemberRecord | None, plugin: str) -> MemberView:
    if record is None:
        return MemberView()
    return MemberView(
        member_id=record.id,
        status=record.status,
        profile=record.profile,
        history=record.history,
        state=record.state.get(plugin, {}),
    )


def _stored(
    key: str,
    given: str,
    member_id: str,
    receipt: RedemptionReceipt,
    now: datetime,
) -> StoredReceipt:
    document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
    return StoredReceipt(key, given, MemberId(member_id), document, now)
