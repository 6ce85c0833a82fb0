"""What the outside says happened: orders, refunds of orders, and activities.

These dataclasses are the documented JSON form of facts as well: ``docs/reference/facts.md`` and
its JSON Schema are generated from them. Amounts stand in JSON as decimal strings in major units
and here as integers of the currency's minor unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, NewType

from loyalty_core.domain.amounts import Minor

FactId = NewType("FactId", str)
Scalar = str | int | bool | None
Json = Scalar | list["Json"] | dict[str, "Json"]
JsonObject = Mapping[str, Json]
"""A JSON object by the names of its fields."""

CAUSED = "~"
"""What the source of a fact that another one caused begins with, before the plugin's id."""

SHIPPING = "~shipping"
"""The name under which an order's shipping is a line like the others; no line may use it."""


class OrderStatus(StrEnum):
    """Where an order stands. Only ``paid`` earns; ``cancelled`` takes back what it earned.

    ``authorized`` is money reserved. ``partly_paid`` is a deposit or an instalment, or a paid
    order that grew: it earns nothing until all of it is paid, and then as a whole.
    """

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    CANCELLED = "cancelled"


class LineKind(StrEnum):
    """What a line sells. Only ``goods`` are purchases; the others never earn by amount.

    ``fee`` is what a shop charges beside goods and shipping, such as for a means of payment.
    ``membership`` is the fee of a paid membership. An order of nothing else is no purchase at all.
    """

    GOODS = "goods"
    GIFT_CARD = "gift_card"
    TIP = "tip"
    DONATION = "donation"
    FEE = "fee"
    MEMBERSHIP = "membership"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an order.

    ``amount`` is the price of the whole line (all its quantity) before ``discount``; ``tax`` is
    inside or on top of it as the order's ``tax_included`` says.
    """

    id: str
    amount: Minor
    quantity: int = 1
    discount: Minor = Minor(0)
    tax: Minor = Minor(0)
    sku: str = ""
    kind: LineKind = LineKind.GOODS
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def net(self) -> int:
        """The price of the line after its discount, in minor units."""
        return self.amount - self.discount


@dataclass(frozen=True, slots=True, kw_only=True)
class Tender:
    """One means by which an order was paid: ``card``, ``app``, ``gift_card``, ``points`` ..."""

    kind: str
    amount: Minor


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """How much of one order line was given back: by ``quantity``, by ``amount``, or all of it."""

    line: str
    quantity: int | None = None
    amount: Minor | None = None


class RefundKind(StrEnum):
    """Why money went back.

    ``goods``: because goods did, or were never sent. ``goodwill``: to make up for something, while
    the customer keeps the goods; whether that takes points is the program's ``goodwill`` setting.
    ``chargeback``: the bank took it back.
    """

    GOODS = "goods"
    GOODWILL = "goodwill"
    CHARGEBACK = "chargeback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money or goods given back on an order.

    With ``lines`` the points follow the lines, and ``amount`` is only what was paid out. Without
    lines the points follow ``amount`` (all that was paid out, taxes and ``shipping`` included, by
    whatever tenders) in proportion to the order's total. With neither, and no ``shipping``, the
    whole order is given back. A voided refund counts as never given, for good: a charge-back whose
    dispute was won, a payout that failed.
    """

    id: str
    occurred_at: datetime
    kind: RefundKind = RefundKind.GOODS
    lines: tuple[RefundLine, ...] = ()
    amount: Minor | None = None
    shipping: Minor = Minor(0)
    tenders: tuple[Tender, ...] = ()
    voided_at: datetime | None = None

    @property
    def paid_out(self) -> int | None:
        """All that was paid out, in minor units: ``amount``, else what the tenders sum to."""
        if self.amount is None and self.tenders:
            return sum(tender.amount for tender in self.tenders)
        return self.amount

    @property
    def whole(self) -> bool:
        """Whether this refund gives back everything."""
        return not self.lines and self.paid_out is None and not self.shipping

    @property
    def changed_at(self) -> datetime:
        """When it last made a difference: when it was given, or voided."""
        return self.voided_at or self.occurred_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A purchase as a document that converges: every version is complete, the latest one counts.

    Versions are ordered by ``version``, then ``updated_at``. ``refunds`` of all versions are
    united by their ids. A shop that deletes refunds says when these were all it had
    (``refunds_listed_at``, by its clock): one from before then that is not among them was deleted,
    and counts as never given. ``discount`` is on the whole order and is spread over the goods by
    value. ``total``, where given, must equal lines − discounts + shipping (+ taxes not included).
    """

    type: Literal["order"] = "order"
    source: str
    id: str
    identities: Mapping[str, str] = field(default_factory=dict)
    currency: str
    occurred_at: datetime
    lines: tuple[Line, ...]
    status: OrderStatus = OrderStatus.PAID
    refunds: tuple[Refund, ...] = ()
    refunds_listed_at: datetime | None = None
    version: int = 0
    updated_at: datetime | None = None
    shipping: Minor = Minor(0)
    shipping_tax: Minor = Minor(0)
    discount: Minor = Minor(0)
    tax_included: bool = True
    total: Minor | None = None
    tenders: tuple[Tender, ...] = ()
    channel: str = ""
    store: str = ""
    tags: tuple[str, ...] = ()
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefund:
    """A refund that comes by itself, before or after the order it belongs to."""

    type: Literal["refund"] = "refund"
    source: str
    order_id: str
    currency: str
    refund: Refund
    identities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A moment that happened once: a review, a check-in, a share. It never changes."""

    type: Literal["activity"] = "activity"
    source: str
    id: str
    kind: str
    identities: Mapping[str, str] = field(default_factory=dict)
    occurred_at: datetime
    data: Mapping[str, Scalar] = field(default_factory=dict)
    channel: str = ""
    store: str = ""
    tags: tuple[str, ...] = ()


Fact = Order | OrderRefund | Activity
"""Everything that can be recorded."""

Decidable = Order | Activity
"""What programs decide on; refunds take back what was decided and are never decided again."""


class FactKey(NamedTuple):
    """What makes a fact the same fact: its source, whether order or activity, and its id there."""

    source: str
    type: str
    id: str


def key_of(fact: Fact) -> FactKey:
    """The key of the document a fact belongs to: a refund's is its order's."""
    if isinstance(fact, OrderRefund):
        return FactKey(fact.source, "order", fact.order_id)
    return FactKey(fact.source, fact.type, fact.id)
