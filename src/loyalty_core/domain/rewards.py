"""What points buy: what a member asks a reward for, and what it would cost and give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core.domain.amounts import Money
from loyalty_core.domain.facts import Json, Order


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRequest:
    """What a member wants to spend: at most ``points`` (None: as many as make sense) of a wallet.

    ``order`` is the cart they are spent on, where there is one; ``available`` is what the member
    has, both points in the wallet's smallest unit. ``at`` is when it is asked.
    """

    wallet: str
    available: int
    points: int | None = None
    order: Order | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendOffer:
    """What a reward would cost and give. ``points`` are charged for exactly ``worth``, never more.

    ``lines`` is the discount by order line in minor units. ``refusal`` says why nothing can be
    spent, in words for the member; then ``points`` is zero. ``item`` and ``stock`` limit how often
    something can be redeemed by everybody together: the core counts claims under ``item`` and
    lets no more than ``stock`` of them through. ``account`` names a wallet that is not spendable,
    such as a charity's: ``worth`` is booked into it with the points, and what is given back of the
    points is taken from it again.
    """

    wallet: str
    points: int
    worth: Money
    lines: Mapping[str, int] = field(default_factory=dict)
    minimum: int = 0
    step: int = 1
    refusal: str = ""
    item: str = ""
    stock: int | None = None
    account: str = ""
    detail: Mapping[str, Json] = field(default_factory=dict)
