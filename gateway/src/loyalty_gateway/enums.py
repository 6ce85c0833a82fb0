"""The choices clients see, each described; they mirror the SDK's, member by member."""

from __future__ import annotations

from enum import Enum

import strawberry


@strawberry.enum(description="What a member may do.")
class MemberStatus(Enum):
    """Mirrors the SDK's ``MemberStatus``."""

    ACTIVE = strawberry.enum_value("active", description="Earns and spends.")
    SUSPENDED = strawberry.enum_value("suspended", description="Earns but cannot spend.")
    CLOSED = strawberry.enum_value("closed", description="Neither earns nor spends.")
    MERGED = strawberry.enum_value("merged", description="Part of another member by now.")
    ERASED = strawberry.enum_value("erased", description="Nothing is known of them any more.")


@strawberry.enum(description="How a person can be known.")
class IdentityKind(Enum):
    """Mirrors the SDK's ``IdentityKind``."""

    EMAIL = strawberry.enum_value("email", description="An e-mail address.")
    PHONE = strawberry.enum_value("phone", description="A phone number.")
    CUSTOMER_ID = strawberry.enum_value(
        "customer_id", description="An id that counts within its source."
    )
    CARD = strawberry.enum_value("card", description="The number of a loyalty card.")
    PAYMENT_TOKEN = strawberry.enum_value(
        "payment_token", description="A token that stands for a payment card."
    )
    CODE = strawberry.enum_value(
        "code", description="What a member gives to others. Nobody can be named by it."
    )


@strawberry.enum(description="Kinds of transaction.")
class TransactionKind(Enum):
    """Mirrors the SDK's ``TransactionKind``."""

    ACCRUAL = strawberry.enum_value("accrual", description="Points earned.")
    REVERSAL = strawberry.enum_value("reversal", description="Earned points taken back.")
    REDEMPTION = strawberry.enum_value("redemption", description="Points spent.")
    ADJUSTMENT = strawberry.enum_value("adjustment", description="A change by an operator.")
    EXPIRY = strawberry.enum_value("expiry", description="Points past their date.")
    REPAYMENT = strawberry.enum_value("repayment", description="Debt paid by activated points.")
    TRANSFER = strawberry.enum_value(
        "transfer", description="Points given to another member, or got from one."
    )
    DONATION = strawberry.enum_value(
        "donation", description="What spent points gave into an account, such as a charity's."
    )


@strawberry.enum(description="Where a redemption stands.")
class RedemptionState(Enum):
    """Mirrors the SDK's ``RedemptionState``."""

    HELD = strawberry.enum_value("held", description="Its points are reserved.")
    CAPTURED = strawberry.enum_value("captured", description="They are spent.")
    RELEASED = strawberry.enum_value("released", description="They were set free on purpose.")
    TIMED_OUT = strawberry.enum_value("timed_out", description="Nobody captured them in time.")
    CANCELLED = strawberry.enum_value(
        "cancelled", description="They were spent, and all given back."
    )


@strawberry.enum(description="What a member is in a household.")
class HouseholdRole(Enum):
    """Mirrors the SDK's ``HouseholdRole``."""

    HEAD = strawberry.enum_value("head", description="Invites and removes others.")
    MEMBER = strawberry.enum_value("member", description="Shares points with the others.")


@strawberry.enum(description="Where a member stands with a household.")
class HouseholdState(Enum):
    """Mirrors the SDK's ``HouseholdState``."""

    INVITED = strawberry.enum_value("invited", description="May join.")
    ACTIVE = strawberry.enum_value("active", description="Is in it.")
    LEFT = strawberry.enum_value("left", description="Was in it.")
    DECLINED = strawberry.enum_value("declined", description="The invitation ended before.")


@strawberry.enum(description="What became of a fact.")
class RecordStatus(Enum):
    """Mirrors the SDK's ``RecordStatus``."""

    BOOKED = strawberry.enum_value("booked", description="Decided; the books follow it.")
    DUPLICATE = strawberry.enum_value("duplicate", description="There is nothing new in it.")
    IDLE = strawberry.enum_value("idle", description="Kept; it earns nothing yet.")
    WAITING = strawberry.enum_value("waiting", description="Kept until its person joins.")
    DEFERRED = strawberry.enum_value(
        "deferred", description="Booked but for a program that will be tried again."
    )
    ERASED = strawberry.enum_value(
        "erased", description="Its person was erased since; nothing of it is kept."
    )
    REJECTED = strawberry.enum_value("rejected", description="Not taken in; the error says why.")


@strawberry.enum(description="Where an order stands.")
class OrderStatus(Enum):
    """Mirrors the SDK's ``OrderStatus``."""

    PENDING = strawberry.enum_value("pending", description="Placed; it earns nothing yet.")
    AUTHORIZED = strawberry.enum_value("authorized", description="The payment is reserved.")
    PARTLY_PAID = strawberry.enum_value(
        "partly_paid", description="A deposit: it earns nothing until all of it is paid."
    )
    PAID = strawberry.enum_value("paid", description="Paid: it earns.")
    CANCELLED = strawberry.enum_value("cancelled", description="Takes back what it earned.")


@strawberry.enum(description="What an order line sells.")
class LineKind(Enum):
    """Mirrors the SDK's ``LineKind``."""

    GOODS = strawberry.enum_value("goods", description="A purchase.")
    GIFT_CARD = strawberry.enum_value("gift_card", description="A gift card; no purchase.")
    TIP = strawberry.enum_value("tip", description="A tip; no purchase.")
    DONATION = strawberry.enum_value("donation", description="A donation; no purchase.")
    FEE = strawberry.enum_value(
        "fee", description="What is charged beside goods and shipping; no purchase."
    )
    MEMBERSHIP = strawberry.enum_value(
        "membership", description="The fee of a paid membership; no purchase."
    )


@strawberry.enum(description="Why money went back.")
class RefundKind(Enum):
    """Mirrors the SDK's ``RefundKind``."""

    GOODS = strawberry.enum_value("goods", description="Because goods did, or were never sent.")
    GOODWILL = strawberry.enum_value(
        "goodwill", description="To make up for something; the customer keeps the goods."
    )
    CHARGEBACK = strawberry.enum_value("chargeback", description="The bank took it back.")


@strawberry.enum(description="What kind of thing a reward is.")
class RewardType(Enum):
    """Mirrors the SDK's ``RewardType``."""

    DISCOUNT = strawberry.enum_value("discount", description="Money off an order.")
    PRODUCT = strawberry.enum_value("product", description="Something free.")
    FREE_SHIPPING = strawberry.enum_value("free_shipping", description="An order ships free.")
    GIFT_CARD = strawberry.enum_value("gift_card", description="Store credit of an amount.")
    EXPERIENCE = strawberry.enum_value("experience", description="A class, an event, a trip.")
    DIGITAL = strawberry.enum_value("digital", description="A download or a subscription.")
    DONATION = strawberry.enum_value("donation", description="Money given to somebody else.")
    SWEEPSTAKE = strawberry.enum_value("sweepstake", description="An entry in a draw.")
    CUSTOM = strawberry.enum_value("custom", description="Anything else.")


@strawberry.enum(description="Where a grant stands.")
class GrantState(Enum):
    """Mirrors the SDK's ``GrantState``."""

    REQUESTED = strawberry.enum_value("requested", description="Somebody has to approve it.")
    PREPARING = strawberry.enum_value("preparing", description="Somebody has to hand it over.")
    ISSUED = strawberry.enum_value("issued", description="It can be used.")
    USED = strawberry.enum_value("used", description="It was used.")
    EXPIRED = strawberry.enum_value("expired", description="Its last day has passed.")
    REVOKED = strawberry.enum_value("revoked", description="It was taken back.")


@strawberry.enum(description="Where a message of a shop stands.")
class MessageState(Enum):
    """Mirrors the SDK's ``MessageState``."""

    PENDING = strawberry.enum_value("pending", description="To be taken in.")
    DONE = strawberry.enum_value("done", description="Booked.")
    IGNORED = strawberry.enum_value(
        "ignored", description="Said nothing that matters here, or was let go."
    )
    DEAD = strawberry.enum_value("dead", description="Cannot be taken in: needs a look.")


@strawberry.enum(description="Where something that is done at a shop stands.")
class ActionState(Enum):
    """Mirrors the SDK's ``ActionState``."""

    PENDING = strawberry.enum_value("pending", description="To be done.")
    DONE = strawberry.enum_value("done", description="Done.")
    DEAD = strawberry.enum_value("dead", description="Refused or tried for days: needs a look.")
