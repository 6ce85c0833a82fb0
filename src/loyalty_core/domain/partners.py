"""Programs that accept each other's points: what they agree on, and what they owe each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from loyalty_core.domain.amounts import Money, parse_scaled, split
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.members import MemberView
from loyalty_core.domain.orders import line_nets
from loyalty_core.domain.programs import Accepted, PointsValue
from loyalty_core.domain.redemptions import PARTNER
from loyalty_core.domain.rewards import SpendOffer, SpendRequest


@dataclass(frozen=True, slots=True)
class Price:
    """What is owed for points: ``minor`` of ``currency`` for ``points`` smallest units."""

    minor: int
    points: int
    currency: str

    @classmethod
    def of(cls, value: PointsValue, scale: int, currency: str) -> Price:
        """The price that a configuration states, ``currency`` being the program's own."""
        code = value.currency or currency
        minor = parse_scaled(value.amount, minor_digits(code))
        return cls(minor, value.points * 10**scale, code)

    @property
    def each(self) -> Fraction:
        """Minor units for one smallest unit, exactly."""
        return Fraction(self.minor, self.points)


@dataclass(frozen=True, slots=True)
class PartnerPoints:
    """A discount paid with a partner's points: a reward like those of plugins, on any order."""

    partner: str
    accepted_wallet: str
    accepted: Accepted
    price: Price

    @property
    def id(self) -> str:
        """The reward's name."""
        return f"{PARTNER}{self.wallet}"

    @property
    def wallet(self) -> str:
        """The partner's wallet, with the partner's id."""
        return f"{self.partner}.{self.accepted_wallet}"

    @property
    def summary(self) -> str:
        """What the reward is, in one line."""
        return f"A discount paid with {self.accepted.unit} of {self.partner}"

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        """The largest discount within what is asked for and available, for the fewest points."""
        currency, each, nets = self.price.currency, self.price.each, {}
        refusal = ""
        if request.order is not None:
            nets = {line: net for line, net in line_nets(request.order).items() if net > 0}
            if request.order.currency != currency:
                given = request.order.currency
                refusal = f"{self.accepted.unit} pay in {currency} here, not in {given}"
        asked = request.available if request.points is None else request.points
        minor = int(max(min(asked, request.available), 0) * each)
        if request.order is not None:
            minor = min(minor, sum(nets.values()))
        if refusal or minor <= 0:
            why = refusal or f"there are too few {self.accepted.unit}, or nothing to pay"
            return SpendOffer(wallet=self.wallet, points=0, worth=Money(0, currency), refusal=why)
        shares = zip(nets, split(minor, list(nets.values())), strict=True) if nets else ()
        return SpendOffer(
            wallet=self.wallet,
            points=-int(-minor // each),
            worth=Money(minor, currency),
            lines={line: share for line, share in shares if share},
        )


class SettlementKind(StrEnum):
    """Kinds of settlement entries.

    ``redeemed``: points were spent at the partner. ``returned``: they were given back, because
    what they paid for was refunded. ``paid``: money changed hands.
    """

    REDEEMED = "redeemed"
    RETURNED = "returned"
    PAID = "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementEntry:
    """One line between two programs; never changed. Points at a price, or money that was paid.

    ``points`` raise what ``debtor`` owes ``creditor``, negative ones lower it. ``amount_minor`` is
    what the debtor paid.
    """

    id: str
    debtor: str
    creditor: str
    kind: SettlementKind
    currency: str
    booked_at: datetime
    wallet: str = ""
    points: int = 0
    price_minor: int = 0
    price_points: int = 1
    amount_minor: int = 0
    redemption_id: str | None = None
    transaction_id: str | None = None
    reference: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRedemption:
    """Where a redemption of one program's points was made in another one, and at which price.

    ``program`` accepted the points, from its ``member_id``, for its order; ``issuer`` owes
    ``price`` for them.
    """

    redemption_id: str
    program: str
    issuer: str
    wallet: str
    member_id: str
    source: str
    order_id: str | None
    price: Price
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLink:
    """A member of this program who is known to be ``partner_member`` of the partner."""

    member_id: str
    partner: str
    partner_member: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class MovedPoints:
    """Points of one wallet spent at the partner, and given back, in smallest units."""

    redeemed: int
    returned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """What one program owes another for its points that were spent there, over a period.

    ``owed`` is to the cent: of everything up to the end, less everything up to the start, each
    rounded down once; so periods that follow each other sum exactly. ``paid`` is what was paid.
    """

    points: Mapping[str, MovedPoints]
    owed: Money
    paid: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What this program and a partner owe each other in one currency, over a period.

    ``ours`` is what we owe, ``theirs`` what the partner does. ``opening`` and ``closing`` are what
    is open at start and end: positive if the partner owes us, negative if we owe the partner.
    """

    partner: str
    currency: str
    starts_at: datetime | None
    ends_at: datetime
    ours: Owing
    theirs: Owing
    opening: Money
    closing: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementReceipt:
    """A payment between two programs: ``debtor`` paid ``creditor``; ``open`` is what is left.

    ``open`` is positive if the debtor still owes, negative if it has paid too much since.
    """

    payment_id: str
    debtor: str
    creditor: str
    amount: Money
    open: Money
    reference: str
    actor: str
    paid_at: datetime
