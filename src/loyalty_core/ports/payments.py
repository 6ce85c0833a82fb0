"""How money is asked for: what a payment provider gives the core to call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from loyalty_core.domain.amounts import Minor, Money
from loyalty_core.domain.facts import Line
from loyalty_core.domain.members import Identity


class PaymentState(StrEnum):
    """What became of a charge: ``paid``, ``declined``, or ``pending`` until facts tell more.

    What the platform never charges is ``declined`` as well, so that the member sees it at once.
    """

    PAID = "paid"
    DECLINED = "declined"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Money to be had from a member, once.

    ``key`` is the idempotency key: a provider that is asked again by it answers what it answered
    first. ``line`` is what is paid for, as the order that the payment becomes has it; its id is the
    same whenever that is tried again, by the next ``attempt`` and under another ``key``. ``at`` is
    when it was due, ``text`` what the member reads, ``identities`` how the member is known.
    """

    key: str
    attempt: int = 1
    line: Line
    currency: str
    member_id: str
    identities: tuple[Identity, ...] = ()
    text: str
    at: datetime

    @property
    def amount(self) -> Money:
        """What is to be paid."""
        return Money(Minor(self.line.net), self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A provider's answer to a charge.

    The payment is an order of ``source`` with the id ``reference``, so that what the provider tells
    of it later (paid, refunded, disputed, voided) are versions and refunds of the same order, with
    the line of the charge. ``at`` is when it happened by the provider's clock, but not before the
    charge was due, and stays so when asked again. ``reason`` is why it was declined, ``pay_url``
    where the member can pay what is pending; ``reference`` may be empty where it was declined and
    nothing was made. ``identities`` are how the provider knows the member, to be known so here as
    well.
    """

    state: PaymentState
    source: str
    reference: str
    at: datetime
    reason: str = ""
    pay_url: str = ""
    identities: Mapping[str, str] = field(default_factory=dict)


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

    What is raised is tried again with backoff, by the same key: an answer is never guessed. While
    that is ``PlatformUnavailable`` it never ends, as money may have moved. A late fact may bring
    the same key again after months: where a platform forgets keys, it has to be asked first for a
    payment that was made under this one.
    """

    @property
    def id(self) -> str:
        """Its name, starting with the plugin's id and a dot; the configuration chooses by it."""
        ...

    def charge(self, charge: Charge) -> Payment:
        """Asks for the money; never twice under one key. At least once, so the key decides."""
        ...

    def refund(self, repayment: Repayment) -> datetime | None:
        """When the money was given back, or None if facts will tell; never twice under one key.

        Not before the repayment's own moment, however slow the provider's clock is.
        """
        ...
