"""Redemptions as they are looked up, locked, shown and refused."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from loyalty_core.application.catalogue import CATALOGUE
from loyalty_core.application.enrol import found_members, locked_member
from loyalty_core.application.forms import read_text
from loyalty_core.application.ids import is_id
from loyalty_core.application.returns import Orders
from loyalty_core.domain.amounts import format_scaled
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import FactKey
from loyalty_core.domain.grants import grant_receipt
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.programs import Wallet
from loyalty_core.domain.receipts import RedemptionReceipt
from loyalty_core.domain.redemptions import Redemption, RedemptionState
from loyalty_core.domain.rewards import SpendOffer
from loyalty_core.errors import (
    FactError,
    InsufficientPoints,
    RedemptionEnded,
    RedemptionNotFound,
    RedemptionRefused,
)
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.store import Reader, Store, UnitOfWork

T = TypeVar("T")

LONGEST_PAGE = 1000


class Redemptions:
    """Questions about redemptions."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def one(self, redemption_id: str) -> RedemptionReceipt:
        """One redemption as it stands now; raises ``RedemptionNotFound``."""

        def look(reader: Reader) -> Redemption:
            known = existing(reader.redemption(checked(redemption_id)), redemption_id)
            return _with_grants(reader, [known])[0]

        return receipt_of(self._store.read(look), self._clock())

    def of_member(
        self, member_id: str, held: bool, first: int, after: str | None
    ) -> tuple[RedemptionReceipt, ...]:
        """A member's redemptions, latest first, those before the one with the id ``after``."""
        if not 1 <= first <= LONGEST_PAGE:
            raise FactError(f"a page has 1 to {LONGEST_PAGE} items, not {first}", where="first")
        if after is not None:
            checked(after)

        def look(reader: Reader) -> list[Redemption]:
            people = found_members(reader, [member_id])
            if member_id not in people:
                return []
            found = reader.redemptions(people[member_id][0].id, after, first, held=held)
            return _with_grants(reader, found)

        receipts = (receipt_of(one, self._clock()) for one in self._store.read(look))
        return tuple(one for one in receipts if not held or one.state is RedemptionState.HELD)


def _with_grants(reader: Reader, redemptions: list[Redemption]) -> list[Redemption]:
    """The same redemptions, those of the catalogue with what they bought."""
    bought = [one.id for one in redemptions if one.plugin == CATALOGUE]
    grants = reader.grants_bought(bought) if bought else {}
    for one in redemptions:
        one.grant = grants.get(one.id)
    return redemptions


def receipt_of(one: Redemption, now: datetime) -> RedemptionReceipt:
    """A redemption as the outside sees it at ``now``."""
    return RedemptionReceipt(
        redemption_id=one.id,
        state=RedemptionState.TIMED_OUT if one.timed_out(now) else one.state,
        transaction_id=one.transaction_id,
        member_id=one.member_id,
        reward=one.reward,
        wallet=one.wallet,
        points=one.points,
        worth=one.worth,
        occurred_at=one.created_at,
        lines=dict(one.lines),
        grant=grant_receipt(one.grant, now) if one.grant else None,
        expires_at=one.expires_at,
        source=one.source,
        order_id=one.order_id,
        returned=one.returned,
        household=one.household,
        spender=one.spender,
    )


def lock(
    uow: UnitOfWork, member_id: str, source: str, order_id: str | None, spender: str | None = None
) -> tuple[MemberRecord, Orders]:
    """The member or household, and the order paid for if it is known; both are locked.

    So are the order's owner, and who spends: a household after its members.
    """
    key = FactKey(source, "order", order_id or "")
    known = uow.known([key])[0] if order_id is not None else {}
    owners = {record.member_id for record in known.values() if record.member_id}
    named = {MemberId(one) for one in (member_id, spender) if one is not None and is_id(one)}
    if owners or spender is not None:  # all at once, in the order of their ids
        uow.lock_members({*owners, *named})
    member = locked_member(uow, member_id, households=True)
    return member, uow.known([key])[0] if known else {}


def order_of(order: tuple[str, str | None]) -> tuple[str, str | None]:
    """The source and id of the order paid for, checked; the id is None where none is named."""
    source, order_id = order
    if order_id is not None:
        read_text("order_id", order_id)
        read_text("source", source)
    return source, order_id


def checked(redemption_id: str) -> str:
    """The id, if it can be one at all; raises ``RedemptionNotFound``."""
    if not is_id(redemption_id):
        existing(None, redemption_id)
    return redemption_id


def existing(found: T | None, redemption_id: str) -> T:
    """The redemption; raises ``RedemptionNotFound`` for None."""
    if found is None:
        message = f"there is no redemption {redemption_id!r}"
        raise RedemptionNotFound(message, redemption_id=redemption_id)
    return found


def refuse_ended(redemption: Redemption) -> None:
    """Raises ``RedemptionEnded`` unless the redemption still holds its points."""
    if redemption.state is not RedemptionState.HELD:
        raise RedemptionEnded(
            f"the redemption is {redemption.state.replace('_', ' ')} already",
            remedy="Hold or redeem again; points spent on an order return with its refund.",
            redemption_id=redemption.id,
            state=redemption.state.value,
        )


def refuse_abroad(redemption: Redemption) -> None:
    """Raises ``RedemptionRefused`` for one made at a partner, which alone may settle it."""
    if redemption.partner:
        raise RedemptionRefused(
            f"it was made at {redemption.partner!r}",
            where=redemption.reward,
            remedy="Capture or release it there.",
        )


def refuse_meddling(redemption: Redemption, handed_over: bool) -> None:
    """Raises ``RedemptionRefused`` for a reward being handed over: that alone may settle it.

    Else somebody could set its points free and get the reward all the same.
    """
    if redemption.retry_at is not None and not handed_over:
        raise RedemptionRefused(
            "its reward is being handed over",
            where=redemption.reward,
            remedy="Wait: it is captured or released by itself.",
        )


def refused(why: str, offer: SpendOffer, available: int, reward: str) -> RedemptionRefused:
    """The refusal of a reward, with the limits that the offer names, and the offer's own detail."""
    return RedemptionRefused(
        why,
        where=offer.wallet,
        reward=reward,
        minimum=offer.minimum,
        step=offer.step,
        available=available,
        detail=dict(offer.detail),
    )


def refuse_short(points: int, available: int, name: str, wallet: Wallet) -> None:
    """Raises ``InsufficientPoints`` in the wallet's own words."""
    needed, there = (format_scaled(n, wallet.scale) for n in (points, max(available, 0)))
    raise InsufficientPoints(
        f"{needed} {wallet.unit} needed, {there} available",
        where=f"wallet {name}",
        wallet=name,
        needed=points,
        available=available,
    )
