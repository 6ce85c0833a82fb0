"""How money is asked for: what a payment provider gives the core to call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from loyalty_core.domain.amounts import Money


class PaymentState(StrEnum):
    """What became of a charge: ``paid``, ``declined``, or ``pending`` until facts tell more."""

    PAID = "paid"
    DECLINED = "declined"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Money to be had from a member, once.

    ``key`` is the idempotency key: a provider that is asked again by it answers what it answered
    first. ``charge`` is what is paid for, and the same whenever that is tried again under another
    ``key``. ``at`` is when it was due, ``text`` what the member reads.
    """

    key: str
    charge: str
    member_id: str
    amount: Money
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A provider's answer to a charge.

    The payment is an order of ``source`` with the id ``reference``, so that what the provider tells
    of it later (paid, refunded, disputed, voided) are versions and refunds of the same order.
    ``at`` is when it happened by the provider's clock, and stays so when asked again. ``reason`` is
    why it was declined, ``pay_url`` where the member can pay what is pending.
    """

    state: PaymentState
    source: str
    reference: str
    at: datetime
    reason: str = ""
    pay_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repayment:
    """Money to be given back of a payment, once: ``key`` is the idempotency key."""

    key: str
    source: str
    reference: str
    amount: Money
    at: datetime


class PaymentProvider(Protocol):
    """Something that moves money. It is called after commit, outside any transaction.

    What is raised is tried again with backoff, by the same key: an answer is never guessed. A late
    fact may bring the same key again after months: where a platform forgets keys, it has to be
    asked first for a payment that was made under this one.
    """

    @property
    def id(self) -> str:
        """Its name, starting with the plugin's id and a dot; the configuration chooses by it."""
        ...

    def charge(self, charge: Charge) -> Payment:
        """Asks for the money; never twice under one key. At least once, so the key decides."""
        ...

    def refund(self, repayment: Repayment) -> datetime | None:
        """When the money was given back, or None if facts will tell; never twice under one key."""
        ...
