"""Grants: what a member owns of a reward, from when it is asked for until it is used or gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from loyalty_core.domain.amounts import Money, Rounding, parse_scaled
from loyalty_core.domain.catalogue import CodeRules, Reward, RewardType
from loyalty_core.domain.clock import day_of, start_of
from loyalty_core.domain.facts import SHIPPING, Order
from loyalty_core.domain.orders import line_nets
from loyalty_core.domain.programs import Program

GrantId = NewType("GrantId", str)


class GrantState(StrEnum):
    """Where a grant stands.

    ``requested``: somebody has to approve it. ``preparing``: somebody has to hand it over, or its
    pool has no code left. ``issued``: the member can use it. ``used``, ``expired``: it is over.
    ``revoked``: it was taken back.
    """

    REQUESTED = "requested"
    PREPARING = "preparing"
    ISSUED = "issued"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


UNMADE = (GrantState.REQUESTED, GrantState.PREPARING)
"""The states before it can be used: a code that it has already is not shown."""

LIVE = (GrantState.REQUESTED, GrantState.PREPARING, GrantState.ISSUED)
"""The states in which a grant is still to be used."""


class Revocation(StrEnum):
    """Why a grant was revoked.

    An order was refunded, or points became debt (``refund``), its rule does not give it any more
    (``decision``), an ``operator`` did it, or its member asked to be forgotten (``erasure``).
    """

    REFUND = "refund"
    DECISION = "decision"
    OPERATOR = "operator"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a grant is, as its reward was when it was bought or given: later edits change nothing.

    ``worth`` and ``min_order`` are in minor units of ``currency``.
    """

    kind: RewardType
    name: str
    currency: str
    worth: int = 0
    percent: Decimal | None = None
    product: str = ""
    min_order: int = 0
    valid_days: int | None = None
    code: CodeRules | None = None
    fulfilment: bool = False

    def saved(self, order: Order | None) -> int:
        """What it takes off an order, or what it is worth without one, in minor units."""
        if self.kind is RewardType.DONATION:
            return 0
        if order is None:
            return self.worth
        if self.kind is RewardType.FREE_SHIPPING:
            return order.shipping
        total = goods_value(order)
        if self.percent is not None:
            return Rounding.DOWN.apply(total * self.percent / 100)
        return min(self.worth, total) if self.kind is RewardType.DISCOUNT else self.worth


def goods_value(order: Order) -> int:
    """What the lines of an order come to after discounts, shipping left out, in minor units."""
    return sum(net for line, net in line_nets(order).items() if line != SHIPPING)


def terms_of(name: str, reward: Reward, program: Program, worth: int | None = None) -> Terms:
    """The terms of a reward today; ``worth`` is that of a sliding price."""
    digits = Money(0, program.currency).digits
    amount = parse_scaled(reward.amount, digits) if reward.amount else 0
    return Terms(
        kind=reward.kind,
        name=reward.name or name,
        currency=program.currency,
        worth=amount if worth is None else worth,
        percent=reward.percent,
        product=reward.product,
        min_order=parse_scaled(reward.min_order, digits) if reward.min_order else 0,
        valid_days=reward.valid_days,
        code=reward.code,
        fulfilment=reward.fulfilment,
    )


def cost_of(reward: Reward, program: Program) -> int:
    """What one costs whoever bears it, in minor units of the program's currency."""
    return parse_scaled(reward.cost, Money(0, program.currency).digits) if reward.cost else 0


@dataclass(slots=True, kw_only=True)
class GrantRecord:
    """One thing that a member owns, or owned.

    ``state`` is its life without a revocation, which ``revoked_at`` and ``revoked_for`` say, so
    that one that is undone leaves it as it was. It comes from a redemption, or from a ``rule`` of
    a ``plugin`` on a fact, or from an operator. ``saved`` is what using it took off. ``came_from``
    is the member who got it, if another one has it since a merge.
    """

    id: GrantId
    member_id: str
    reward: str
    state: GrantState
    terms: Terms
    cost: int = 0
    borne_by: str = ""
    code: str | None = None
    created_at: datetime
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_for: str = ""
    redemption_id: str | None = None
    fact_id: str | None = None
    plugin: str = ""
    rule: str = ""
    source: str = ""
    order_id: str | None = None
    saved: int = 0
    reason: str = ""
    actor: str = ""
    came_from: str | None = None
    fresh: bool = False

    def at(self, now: datetime) -> GrantState:
        """Where it stands at ``now``, nightly jobs run or not."""
        if self.revoked_at is not None:
            return GrantState.REVOKED
        late = self.expires_at is not None and self.expires_at <= now
        return GrantState.EXPIRED if late and self.state is GrantState.ISSUED else self.state

    def end(self, at: datetime, zone: str) -> datetime | None:
        """When it would expire if it were issued at ``at``: days of the zone, as its terms say."""
        if self.terms.valid_days is None:
            return None
        return start_of(day_of(at, zone) + timedelta(days=self.terms.valid_days), zone)

    def issue(self, at: datetime, zone: str) -> None:
        """Makes it usable from ``at``, for as many days of the zone as its terms say."""
        self.state, self.issued_at = GrantState.ISSUED, at
        self.expires_at = self.end(at, zone)
        if self.terms.kind is RewardType.DONATION:
            self.use(at)

    def use(self, at: datetime, saved: int = 0) -> None:
        """Uses it up."""
        self.state, self.used_at, self.saved = GrantState.USED, at, saved

    def revoke(self, at: datetime, cause: Revocation) -> None:
        """Takes it back."""
        self.revoked_at, self.revoked_for = at, cause.value

    def restore(self) -> None:
        """Undoes its revocation: it is what it was."""
        self.revoked_at, self.revoked_for = None, ""

    def points_back(self, back: int, points: int, paid_for: tuple[str, str | None]) -> int:
        """How many of the ``points`` it cost come back, where their order gives ``back`` of them.

        A grant is kept or taken back as a whole, and so are its points, but where it was used on
        that very order, whose discount shrank with it. Used on anything else, it is kept.
        """
        if self.revoked_at is not None and self.revoked_for != Revocation.REFUND:
            return 0
        if self.state is GrantState.USED:
            return back if (self.source, self.order_id) == paid_for else 0
        return points if back == points else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantReceipt:
    """A grant as its member sees it: what it is, its code, and until when it can be used.

    ``worth`` is what it is worth, ``saved`` what using it took off; None where that is no money.
    ``points`` bought it, or None if it was given.
    """

    grant_id: str
    member_id: str
    reward: str
    name: str
    kind: RewardType
    state: GrantState
    code: str | None = None
    worth: Money | None = None
    percent: Decimal | None = None
    product: str = ""
    min_order: Money | None = None
    created_at: datetime
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None
    redemption_id: str | None = None
    fact_id: str | None = None
    rule: str = ""
    source: str = ""
    order_id: str | None = None
    saved: Money | None = None
    borne_by: str = ""


def grant_receipt(one: GrantRecord, now: datetime) -> GrantReceipt:
    """A grant as the outside sees it at ``now``."""
    terms = one.terms

    def money(minor: int) -> Money | None:
        return Money(minor, terms.currency) if minor else None

    return GrantReceipt(
        grant_id=one.id,
        member_id=one.member_id,
        reward=one.reward,
        name=terms.name,
        kind=terms.kind,
        state=one.at(now),
        code=None if one.state in UNMADE else one.code,
        worth=money(terms.worth),
        percent=terms.percent,
        product=terms.product,
        min_order=money(terms.min_order),
        created_at=one.created_at,
        issued_at=one.issued_at,
        expires_at=one.expires_at,
        used_at=one.used_at,
        revoked_at=one.revoked_at,
        redemption_id=one.redemption_id,
        fact_id=one.fact_id,
        rule=one.rule,
        source=one.source,
        order_id=one.order_id,
        saved=money(one.saved),
        borne_by=one.borne_by,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BorneCost:
    """What grants that were used cost one bearer: the program itself where ``borne_by`` is empty.

    ``grants`` of one reward were used, at ``cost`` altogether.
    """

    borne_by: str
    reward: str
    grants: int
    cost: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeImport:
    """What became of imported codes: how many are new in the pool, and how many were known."""

    pool: str
    added: int
    known: int
