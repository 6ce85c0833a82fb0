"""What a program decides, as data: the core alone writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core.domain.facts import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Points for the member, given by a named rule.

    ``amount`` is in the wallet's smallest unit and never negative. ``lines`` says how much of it
    each order line earned (``SHIPPING`` for shipping); it sums to ``amount`` or is empty, and a
    refund takes back by it. ``expires_at`` overrides the wallet's expiry policy. At most one
    credit per rule and wallet for one fact.
    """

    wallet: str
    amount: int
    rule: str
    lines: Mapping[str, int] = field(default_factory=dict)
    activates_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One of a reward of ``[rewards.*]`` for the member, without points, given by a named rule.

    At most one per rule and reward for one fact. It is taken back, if it was not used, once the
    rule does not give it any more, or the fact is an order that was wholly refunded or cancelled.
    """

    reward: str
    rule: str


@dataclass(frozen=True, slots=True)
class KeepState:
    """The plugin's whole new state document for this member; kept small, replaces the old one."""

    state: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Emit:
    """Something to tell others: published through the outbox when the fact is first decided.

    ``type`` starts with the plugin's id and a dot.
    """

    type: str
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Something counted for the member, which programs that follow facts can use, such as tiers.

    ``metric`` starts with the plugin's id and a dot; ``amount`` is a whole number, never negative.
    """

    metric: str
    amount: int = 1


Effect = Credit | Grant | KeepState | Emit | Measure
