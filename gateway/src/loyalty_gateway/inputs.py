"""What clients send: carts, facts and enrolments, and their documented JSON form for the SDK."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Annotated, cast

import strawberry

import loyalty_core as core
from loyalty_gateway.enums import IdentityKind, LineKind, OrderStatus, RefundKind
from loyalty_gateway.errors import RequestRefused
from loyalty_gateway.scalars import ActivityData, Amount, Count, Points, written_moment


@strawberry.input(description="One way to know a person.")
class IdentityInput:
    """A kind and a value; each kind at most once."""

    kind: IdentityKind = strawberry.field(description="What it is.")
    value: str = strawberry.field(description="Its value, as the person or the shop wrote it.")


@strawberry.input(description="One line of a cart or an order.")
class LineInput:
    """The price of the whole line stands in ``amount``, before ``discount``."""

    id: str = strawberry.field(description="The id of the line in its order.")
    amount: Amount = strawberry.field(description="The price of all its quantity.")
    quantity: int = strawberry.field(description="How many pieces.", default=1)
    discount: Amount | None = strawberry.field(
        description="How much the line is reduced by.", default=None
    )
    tax: Amount | None = strawberry.field(description="The tax of the line.", default=None)
    sku: str | None = strawberry.field(description="The article.", default=None)
    kind: LineKind | None = strawberry.field(
        description="What it sells; goods if left out.", default=None
    )
    categories: list[str] | None = strawberry.field(description="Its categories.", default=None)
    tags: list[str] | None = strawberry.field(description="Its tags.", default=None)


@strawberry.input(description="One means of payment of an order.")
class TenderInput:
    """Such as a card or points."""

    kind: str = strawberry.field(description='Such as "card", "gift_card" or "points".')
    amount: Amount = strawberry.field(description="How much was paid by it.")


@strawberry.input(description="What somebody is about to buy.")
class CartInput:
    """An order without an id or a status; all amounts are of one currency."""

    currency: str = strawberry.field(description="The ISO 4217 code of all its amounts.")
    lines: list[LineInput] = strawberry.field(description="At least one line.")
    shipping: Amount | None = strawberry.field(description="The price of shipping.", default=None)
    shipping_tax: Amount | None = strawberry.field(description="The tax on shipping.", default=None)
    discount: Amount | None = strawberry.field(
        description="A discount on the whole cart.", default=None
    )
    tax_included: bool = strawberry.field(
        description="Whether amounts contain their tax.", default=True
    )
    tenders: list[TenderInput] | None = strawberry.field(
        description="How it will be paid.", default=None
    )
    source: str | None = strawberry.field(description="The shop it is in.", default=None)
    channel: str | None = strawberry.field(description="Such as web or store.", default=None)
    store: str | None = strawberry.field(description="The place of sale.", default=None)
    tags: list[str] | None = strawberry.field(description="Its tags.", default=None)


@strawberry.input(description="How much of one order line was given back.")
class RefundLineInput:
    """By quantity, or by amount, or all of it."""

    line: str = strawberry.field(description="The id of the line.")
    quantity: int | None = strawberry.field(description="How many pieces.", default=None)
    amount: Amount | None = strawberry.field(description="How much money.", default=None)


@strawberry.input(description="Money or goods given back on an order.")
class RefundInput:
    """With neither lines nor amount nor shipping, the whole order is given back."""

    id: str = strawberry.field(description="The refund's id.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    kind: RefundKind | None = strawberry.field(description="Why; goods if left out.", default=None)
    lines: list[RefundLineInput] | None = strawberry.field(
        description="The lines given back.", default=None
    )
    amount: Amount | None = strawberry.field(description="The money given back.", default=None)
    shipping: Amount | None = strawberry.field(description="The shipping given back.", default=None)
    tenders: list[TenderInput] | None = strawberry.field(
        description="How it was paid out.", default=None
    )
    voided_at: datetime | None = strawberry.field(
        description="When it was undone; it counts as never given.", default=None
    )


@strawberry.input(description="A purchase; every version of it is complete, the latest counts.")
class OrderInput:
    """Send it again whenever it changes, with a higher version or a later updatedAt."""

    source: str = strawberry.field(description="The shop it comes from.")
    id: str = strawberry.field(description="Its id there.")
    currency: str = strawberry.field(description="The ISO 4217 code of all its amounts.")
    occurred_at: datetime = strawberry.field(description="When it was placed.")
    lines: list[LineInput] = strawberry.field(description="At least one line.")
    identities: list[IdentityInput] = strawberry.field(
        description="Whose it is.", default_factory=list
    )
    status: OrderStatus | None = strawberry.field(
        description="Where it stands; paid if left out.", default=None
    )
    refunds: list[RefundInput] | None = strawberry.field(
        description="All its refunds so far.", default=None
    )
    refunds_listed_at: datetime | None = strawberry.field(
        description="When they were all there were: an earlier one not among them was deleted.",
        default=None,
    )
    version: Count | None = strawberry.field(description="Grows with each change.", default=None)
    updated_at: datetime | None = strawberry.field(
        description="When it changed last.", default=None
    )
    shipping: Amount | None = strawberry.field(description="The price of shipping.", default=None)
    shipping_tax: Amount | None = strawberry.field(description="The tax on shipping.", default=None)
    discount: Amount | None = strawberry.field(
        description="A discount on the whole order.", default=None
    )
    tax_included: bool = strawberry.field(
        description="Whether amounts contain their tax.", default=True
    )
    total: Amount | None = strawberry.field(
        description="What was owed; checked against the parts.", default=None
    )
    tenders: list[TenderInput] | None = strawberry.field(
        description="How it was paid.", default=None
    )
    channel: str | None = strawberry.field(description="Such as web or store.", default=None)
    store: str | None = strawberry.field(description="The place of sale.", default=None)
    tags: list[str] | None = strawberry.field(description="Its tags.", default=None)
    test: bool = strawberry.field(
        description="Whether it is a test, which never earns.", default=False
    )


@strawberry.input(description="A refund by itself, before or after its order.")
class OrderRefundInput:
    """It finds its order by source and id."""

    source: str = strawberry.field(description="The shop it comes from.")
    order_id: str = strawberry.field(description="The id of the order there.")
    currency: str = strawberry.field(description="The ISO 4217 code of all its amounts.")
    refund: RefundInput = strawberry.field(description="What was given back.")
    identities: list[IdentityInput] = strawberry.field(
        description="Whose it is.", default_factory=list
    )


@strawberry.input(description="A moment that happened once, such as a review; it never changes.")
class ActivityInput:
    """An activity."""

    source: str = strawberry.field(description="Where it comes from.")
    id: str = strawberry.field(description="Its id there.")
    kind: str = strawberry.field(description='What happened, such as "review".')
    occurred_at: datetime = strawberry.field(description="When it happened.")
    identities: list[IdentityInput] = strawberry.field(
        description="Whose it is.", default_factory=list
    )
    data: ActivityData | None = strawberry.field(
        description="What else is known of it.", default=None
    )
    channel: str | None = strawberry.field(description="Such as web or store.", default=None)
    store: str | None = strawberry.field(description="The place it happened.", default=None)
    tags: list[str] | None = strawberry.field(description="Its tags.", default=None)


@strawberry.input(description="One fact: an order, a refund or an activity.", one_of=True)
class FactInput:
    """Exactly one of its fields is given."""

    order: strawberry.Maybe[OrderInput] = strawberry.field(description="A purchase.")
    refund: strawberry.Maybe[OrderRefundInput] = strawberry.field(description="A refund by itself.")
    activity: strawberry.Maybe[ActivityInput] = strawberry.field(
        description="A moment that happened once."
    )

    def document(self) -> dict[str, core.Json]:
        """The fact's documented JSON form.

        Raises ``RequestRefused`` for two identities of one kind.
        """
        for kind in ("order", "refund", "activity"):
            given = getattr(self, kind)
            if given is not None:
                made = document_of(given.value)
                made["identities"] = {**identities_of(given.value.identities)}
                return {"type": kind, **made}
        raise AssertionError("validated to have one field")


@strawberry.input(description="A yes or no of a member to a purpose.")
class ConsentInput:
    """A purpose and the answer."""

    purpose: str = strawberry.field(description="What the consent is for.")
    given: bool = strawberry.field(description="Whether it was given.")


@strawberry.input(description="What is known of a person besides identities.")
class ProfileInput:
    """It replaces the stored profile as a whole."""

    name: str | None = strawberry.field(description="The person's name.", default=None)
    locale: str | None = strawberry.field(description="A BCP 47 language tag.", default=None)
    time_zone: str | None = strawberry.field(description="An IANA time zone.", default=None)
    birthday: date | None = strawberry.field(description="The day of birth.", default=None)
    consents: list[ConsentInput] = strawberry.field(
        description="What the person agreed to or not.", default_factory=list
    )
    tags: list[str] = strawberry.field(description="The segments.", default_factory=list)

    def profile(self) -> core.Profile:
        """The SDK's profile."""
        return core.Profile(
            name=self.name or "",
            locale=self.locale or "",
            time_zone=self.time_zone or "",
            birthday=self.birthday,
            consents={consent.purpose: consent.given for consent in self.consents},
            tags=tuple(self.tags),
        )


@strawberry.input(description="An amount of one currency.")
class MoneyInput:
    """A decimal text and its ISO 4217 code."""

    amount: Amount = strawberry.field(description="The amount in the currency's major unit.")
    currency: str = strawberry.field(description="The ISO 4217 code of the currency.")

    def money(self) -> core.Money:
        """The SDK's money; raises ``AmountInvalid`` and ``CurrencyUnknown``."""
        minor = core.parse_scaled(self.amount, core.minor_digits(self.currency))
        return core.Money(core.Minor(minor), self.currency)


@strawberry.input(description="A balance to be changed, or an opening balance from elsewhere.")
class AdjustmentInput:
    """The member is named by memberId or by identities."""

    wallet: str = strawberry.field(description="The wallet to change.")
    points: Points = strawberry.field(description="By how much, with its sign.")
    reason: str = strawberry.field(description="Why; kept in the books.")
    actor: str = strawberry.field(description="By whom; kept in the books.")
    idempotency_key: str = strawberry.field(description="Your own key for this adjustment.")
    member_id: strawberry.ID | None = strawberry.field(description="The member's id.", default=None)
    identities: list[IdentityInput] | None = strawberry.field(
        description="Or how the member is known.", default=None
    )
    source: str | None = strawberry.field(description="Where a customer id counts.", default=None)
    awarded_at: datetime | None = strawberry.field(
        description="When the points were awarded, if elsewhere.", default=None
    )
    activates_at: datetime | None = strawberry.field(
        description="When they can first be spent.", default=None
    )
    expires_at: datetime | None = strawberry.field(
        description="When they expire; by the wallet's rule if left out.", default=None
    )
    never_expires: bool = strawberry.field(description="Whether they never do.", default=False)

    def document(self) -> dict[str, core.Json]:
        """The adjustment's documented JSON form.

        Raises ``RequestRefused`` for two identities of one kind.
        """
        made = document_of(self)
        made |= {"amount": made.pop("points"), "key": made.pop("idempotency_key")}
        if self.identities is not None:
            made["identities"] = {**identities_of(self.identities)}
        if made.pop("never_expires"):
            made["expires_at"] = "never"
        return made


Source = Annotated[str | None, strawberry.argument(description="Where a customer id counts.")]
Identities = Annotated[
    list[IdentityInput], strawberry.argument(description="How the person is known.")
]


def identities_of(identities: list[IdentityInput]) -> dict[str, str]:
    """The identities by kind; raises ``RequestRefused`` for two of one kind."""
    made = {core.IdentityKind[item.kind.name].value: item.value for item in identities}
    if len(made) != len(identities):
        message = "each kind of identity can be given once"
        raise RequestRefused(message, code="BAD_REQUEST", where="identities")
    return made


def document_of(value: object) -> dict[str, core.Json]:
    """An input as the SDK's documented JSON form; what was not given is left out."""
    assert is_dataclass(value)
    made = {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    return {name: item for name, item in made.items() if item is not None}


def _json(value: object) -> core.Json:
    if isinstance(value, datetime):
        return written_moment(value)
    if isinstance(value, Enum):
        return cast(str, value.value)
    if isinstance(value, list):
        return [_json(item) for item in value]
    return document_of(value) if is_dataclass(value) else cast(core.Json, value)
