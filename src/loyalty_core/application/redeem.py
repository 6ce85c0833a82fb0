"""Spending points: held first, then captured or released, with or without a pause in between."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from loyalty_core.application.accounts import refuse_account
from loyalty_core.application.automatic import buy_what_is_due, within_limit
from loyalty_core.application.books import Books
from loyalty_core.application.catalogue import CATALOGUE, CatalogueReward
from loyalty_core.application.enrol import stored_receipt
from loyalty_core.application.forms import is_count, read_cart, read_text
from loyalty_core.application.grants import buy_grant
from loyalty_core.application.household_spending import Spender, spender_of
from loyalty_core.application.ids import input_hash, new_id
from loyalty_core.application.offers import priced
from loyalty_core.application.partners import partner_rewards
from loyalty_core.application.redemptions import (
    checked,
    existing,
    lock,
    order_of,
    receipt_of,
    refuse_abroad,
    refuse_ended,
    refuse_meddling,
    refuse_short,
    refused,
)
from loyalty_core.application.returns import Orders, return_spent
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.application.spend import CartForm
from loyalty_core.application.standing import person_of, priced_order, stood
from loyalty_core.application.structure import converter
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.facts import Json, Order
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.partners import PartnerPoints
from loyalty_core.domain.receipts import RedemptionReceipt
from loyalty_core.domain.redemptions import Redemption, RedemptionId, RedemptionState
from loyalty_core.domain.rewards import SpendRequest
from loyalty_core.errors import (
    FactError,
    HouseholdRefused,
    PluginFailed,
    RedemptionRefused,
    RewardUnknown,
)
from loyalty_core.ports.program import Fulfils, Owned, RewardKind
from loyalty_core.ports.records import StoredReceipt
from loyalty_core.ports.store import Store, UnitOfWork

logger = logging.getLogger("loyalty_core")

LONGEST_HOLD_MINUTES = 366 * 24 * 60
FULFIL_LEASE = timedelta(minutes=2)
"""How long a process that hands a reward over may take before another one tries it."""
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
MOST_ATTEMPTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a member asked to redeem, read and checked; ``minutes`` None captures at once."""

    member_id: str
    owned: Owned[RewardKind]
    points: int | None
    order: Order | None
    source: str
    order_id: str | None
    minutes: int | None
    spender: str | None
    key: str
    given: str

    @property
    def abroad(self) -> bool:
        """Whether it is paid with a partner's points."""
        return isinstance(self.owned.item, PartnerPoints)


class Redeeming:
    """Redemptions under the current rules."""

    def __init__(self, store: Store, rules: Rules, rules_at: RulesAt, clock: Clock) -> None:
        self._store = store
        self._rules_at = rules_at
        self._rules = rules
        self._abroad = partner_rewards(rules.config)
        self._clock = clock

    def ask(
        self,
        member_id: str,
        points: int | None,
        reward: str | None,
        cart: CartForm | None,
        order: tuple[str, str | None],
        minutes: int | None,
        spender: str | None,
        key: str,
    ) -> Asked:
        """The request, checked; raises what is wrong with it before anything is read."""
        owned = self._reward(reward)
        if spender is not None and isinstance(owned.item, PartnerPoints):
            raise HouseholdRefused("a partner's points are a member's own", where="spender")
        read_text("key", key)
        if points is not None and (type(points) is not int or points <= 0):
            raise FactError(f"{points!r} points cannot be spent", where="points")
        if minutes is not None and not is_count(minutes, LONGEST_HOLD_MINUTES):
            raise FactError(f"{minutes!r} minutes cannot be held", where="minutes")
        source, order_id = order_of(order)
        now = self._clock()
        read = read_cart(cart, now) if cart is not None else None
        given = {
            "member": member_id,
            "points": points,
            "reward": reward,
            "cart": converter(minor_digits(read.currency)).unstructure(read) if read else None,
            "order": [source, order_id] if order_id is not None else None,
            "minutes": minutes,
            "spender": spender,
        }
        return Asked(
            member_id=member_id,
            owned=owned,
            points=points,
            order=read.as_order(now) if read else None,
            source=source,
            order_id=order_id,
            minutes=minutes,
            spender=spender,
            key=key,
            given=input_hash("redeem", given),
        )

    def redeem(self, asked: Asked) -> RedemptionReceipt:
        """The redemption: held for ``asked.minutes``, or captured, after handing over if needed."""
        receipt, hand_over = self._store.write(lambda uow: self._start(uow, asked))
        return self.fulfil(receipt) if hand_over else receipt

    def capture(
        self, redemption_id: str, points: int | None, order: tuple[str, str | None]
    ) -> RedemptionReceipt:
        """Held points spent, all or some of them; the rest is released."""
        linked = order_of(order)
        return self._store.write(
            lambda uow: self._capture(uow, redemption_id, points, linked, handed_over=False)
        )

    def release(self, redemption_id: str) -> RedemptionReceipt:
        """Held points set free; nothing happens to those that are free already."""
        return self._store.write(lambda uow: self._release(uow, redemption_id, handed_over=False))

    # -- the first step -----------------------------------------------------------------------

    def _start(self, uow: UnitOfWork, asked: Asked) -> tuple[RedemptionReceipt, bool]:
        """The receipt of the first step, and whether the reward is to be handed over now."""
        now = self._clock()
        place = asked.source, asked.order_id
        member, orders = lock(uow, asked.member_id, *place, asked.spender)
        fulfils = asked.minutes is None and asked.owned.item.id in self._rules.handed_over
        if stored := stored_receipt(uow, asked.key, asked.given):
            return self._again(uow, stored, fulfils)
        books = Books(uow, self._rules, now)
        spender = spender_of(books, member, asked.spender)
        books.load([member.id], open_of=[member.id])
        redemption = self._hold(books, spender, asked, fulfils)
        if asked.minutes is None and not fulfils:
            books.capture(redemption, redemption.points)
            buy_grant(books, redemption)
            return_spent(books, [redemption], orders, self._rules_at)
        else:
            data: Mapping[str, Json] = {
                "wallet": redemption.wallet,
                "amount": redemption.points,
                "reward": redemption.reward,
                "redemption": redemption.id,
            }
            books.tell("points_held", member.id, now, data)
        receipt = receipt_of(redemption, now)
        document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
        books.changes.receipts.append(
            StoredReceipt(asked.key, asked.given, spender.member.id, document, now)
        )
        books.flush()
        return receipt, fulfils and not self._store.joined

    def _again(
        self, uow: UnitOfWork, stored: StoredReceipt, fulfils: bool
    ) -> tuple[RedemptionReceipt, bool]:
        """The first receipt; of a reward to be handed over the present one, or a new attempt."""
        first = converter(0).structure(stored.receipt, RedemptionReceipt)
        current = uow.redemption(first.redemption_id) if fulfils else None
        if current is None:
            return first, False
        now, at = self._clock(), current.retry_at
        due = at is not None and at <= now and not self._store.joined
        if due:
            current.retry_at = now + FULFIL_LEASE
            uow.save_redemptions([current])
        return receipt_of(current, now), due

    def _hold(self, books: Books, spender: Spender, asked: Asked, fulfils: bool) -> Redemption:
        owned, now, wallets = asked.owned, books.now, self._rules.config.wallets
        book = books.wallet(spender.owner.id, owned.item.wallet)
        available = spender.available(books, book, asked.points)
        if asked.points is not None and asked.points > available:
            refuse_short(asked.points, available, book.wallet, wallets[book.wallet])
        person = stood(self._rules, person_of(spender.member, self._rules), now).person
        order = priced_order(self._rules, person, asked.order)[0] if asked.order else None
        request = SpendRequest(
            wallet=owned.item.wallet,
            available=max(available, 0),
            points=asked.points,
            order=order,
            at=now,
        )
        offer = priced(owned, request, person.view(owned.plugin), self._rules)
        no = partial(refused, offer=offer, available=available, reward=owned.item.id)
        if isinstance(owned.item, CatalogueReward):
            if offer.minimum > available:
                refuse_short(offer.minimum, available, book.wallet, wallets[book.wallet])
            if offer.points and not within_limit(books, spender.owner.id, owned.item):
                raise no("the member has bought as many as one may")
        if offer.refusal or offer.points <= 0:
            raise no(offer.refusal or "there is nothing to spend points on")
        refuse_account(owned.plugin, offer, self._rules.config)
        if offer.stock is not None and not books.uow.claim_stock(offer.item, offer.stock):
            raise no("there is none left")
        redemption = Redemption(
            id=RedemptionId(new_id()),
            member_id=spender.owner.id,
            household=spender.household,
            spender=spender.named,
            wallet=book.wallet,
            plugin=owned.plugin,
            reward=owned.item.id,
            state=RedemptionState.HELD,
            points=offer.points,
            worth=offer.worth,
            lines=dict(offer.lines),
            item=offer.item if offer.stock is not None else "",
            source=asked.source,
            order_id=asked.order_id,
            created_at=now,
            expires_at=now + timedelta(minutes=asked.minutes) if asked.minutes else None,
            retry_at=self._hand_over_at(now) if fulfils else None,
            account=offer.account,
            fresh=True,
        )
        books.hold(redemption)
        return redemption

    def _hand_over_at(self, now: datetime) -> datetime:
        """When another process may hand over: after our lease, or as soon as the host commits."""
        return now if self._store.joined else now + FULFIL_LEASE

    def _reward(self, name: str | None) -> Owned[RewardKind]:
        rewards = self._rules.rewards
        if name in self._abroad:
            return self._abroad[name]
        if name is None and len(rewards) == 1:
            return next(iter(rewards.values()))
        if name is None or name not in rewards:
            known = ", ".join([*rewards, *self._abroad]) or "none"
            remedy = f"Rewards of this program: {known}."
            text = f"{name!r} is not a reward here" if name is not None else "name one reward"
            raise RewardUnknown(text, where="reward", remedy=remedy)
        return rewards[name]

    # -- the second step ----------------------------------------------------------------------

    def fulfil(self, receipt: RedemptionReceipt) -> RedemptionReceipt:
        """The redemption after its reward was handed over: captured, released, or to be retried.

        Raises ``RedemptionRefused`` when the reward cannot be had; its points are free again.
        """
        owned = self._rules.rewards.get(receipt.reward)
        try:
            if owned is None or not isinstance(owned.item, Fulfils):
                raise RedemptionRefused(f"{receipt.reward!r} is not a reward here any more")
            fulfil = partial(owned.item.fulfil, receipt)
            self._rules.quarantine.waiting(owned.plugin, "fulfil", receipt.reward, fulfil)
        except RedemptionRefused:
            name = receipt.redemption_id
            self._store.write(lambda uow: self._release(uow, name, handed_over=True))
            raise
        except Exception as error:
            logger.exception("handing over %s failed", receipt.redemption_id)
            counts = not isinstance(error, PluginFailed)  # who was not asked has not failed
            return self._store.write(lambda uow: self._put_off(uow, receipt.redemption_id, counts))
        name = receipt.redemption_id
        return self._store.write(
            lambda uow: self._capture(uow, name, None, ("", None), handed_over=True)
        )

    def take_due(self, uow: UnitOfWork, limit: int) -> list[RedemptionReceipt]:
        """Redemptions whose reward is to be handed over again now; leased for a while.

        Those of rewards whose plugin is in quarantine wait until that is lifted.
        """
        now = self._clock()
        held = self._rules.quarantine.held_of("fulfil", self._rules.rewards)
        due = uow.due_redemptions(now, limit, held)
        uow.lock_members({MemberId(one.member_id) for one in due})
        taken = []
        for one in due:
            current = uow.redemption(one.id)
            if current is not None and current.retry_at is not None and current.retry_at <= now:
                current.retry_at = now + FULFIL_LEASE
                taken.append(current)
        uow.save_redemptions(taken)
        return [receipt_of(one, now) for one in taken]

    def _put_off(self, uow: UnitOfWork, redemption_id: str, counts: bool) -> RedemptionReceipt:
        books, redemption, _ = self._open(uow, redemption_id)
        if redemption.state is RedemptionState.HELD:
            redemption.attempts += counts
            if redemption.attempts >= MOST_ATTEMPTS:
                books.release(redemption, RedemptionState.RELEASED, books.now)
            else:
                longest = min(FIRST_PAUSE * 2**redemption.attempts, LONGEST_PAUSE)
                percent = random.randint(50, 100)  # noqa: S311 - jitter, not a secret
                redemption.retry_at = books.now + longest * percent // 100
                books.changes.redemptions[redemption.id] = redemption
            self._write(books, redemption)
        return receipt_of(redemption, books.now)

    def _write(self, books: Books, redemption: Redemption) -> None:
        """Writes all, then buys what points that were set free are enough for."""
        books.flush()
        buy_what_is_due(books.uow, self._rules, [MemberId(redemption.member_id)], books.now)

    def _capture(
        self,
        uow: UnitOfWork,
        redemption_id: str,
        points: int | None,
        order: tuple[str, str | None],
        *,
        handed_over: bool,
    ) -> RedemptionReceipt:
        books, redemption, orders = self._open(uow, redemption_id, order)
        same = points in (None, redemption.points) and order[1] in (None, redemption.order_id)
        if redemption.state is RedemptionState.CAPTURED and same:
            return receipt_of(redemption, books.now)
        refuse_ended(redemption)
        refuse_meddling(redemption, handed_over)
        if points is not None and not is_count(points, redemption.points):
            held = f"{redemption.points} are held"
            raise FactError(f"{points!r} points cannot be captured, {held}", where="points")
        if order[1] is not None:
            redemption.source, redemption.order_id = order
        whole = redemption.account or redemption.plugin == CATALOGUE
        if whole and points not in (None, redemption.points):
            message = "what the catalogue sells, or goes to a charity, is captured as a whole"
            raise FactError(message, where="points")
        books.capture(redemption, redemption.points if points is None else points)
        buy_grant(books, redemption)
        return_spent(books, [redemption], orders, self._rules_at)
        self._write(books, redemption)
        return receipt_of(redemption, books.now)

    def _release(
        self, uow: UnitOfWork, redemption_id: str, *, handed_over: bool
    ) -> RedemptionReceipt:
        books, redemption, _ = self._open(uow, redemption_id)
        if redemption.state is RedemptionState.CAPTURED:
            refuse_ended(redemption)
        if redemption.state is RedemptionState.HELD:
            refuse_meddling(redemption, handed_over)
            books.release(redemption, RedemptionState.RELEASED, books.now)
        self._write(books, redemption)  # what time alone has done is booked all the same
        return receipt_of(redemption, books.now)

    def _open(
        self, uow: UnitOfWork, redemption_id: str, order: tuple[str, str | None] = ("", None)
    ) -> tuple[Books, Redemption, Orders]:
        """The books of a redemption's member, caught up, and the redemption as it is in them."""
        known = existing(uow.redemption(checked(redemption_id)), redemption_id)
        refuse_abroad(known)
        source, order_id = order if order[1] is not None else (known.source, known.order_id)
        member, orders = lock(uow, known.member_id, source, order_id)
        books = Books(uow, self._rules, self._clock())
        books.load([member.id], open_of=[member.id])
        current = books.held(redemption_id) or uow.redemption(redemption_id)
        redemption = existing(current, redemption_id)
        if redemption.member_id != member.id:  # a merge was taken back meanwhile, and it went along
            return self._open(uow, redemption_id, order)
        return books, redemption, orders
