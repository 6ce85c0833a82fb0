"""What a program decides, as data: the core alone writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core.domain.facts import Json, Scalar
from loyalty_core.domain.members import MemberId


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
    """Something counted for the member, which programs that follow facts can use, and segments.

    ``metric`` starts with the plugin's id and a dot; ``amount`` is a whole number, never negative.
    """

    metric: str
    amount: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Another fact that this one causes: an activity of the same member, or of another one.

    It is of ``member``, or of who has the public ``code``, or of the member itself where neither is
    given. It happens at ``at``, or right after this fact; before that it is decided by nobody. It
    stays while ``rule`` causes it, and is withdrawn with all that it brought when the rule does not
    any more: a program that wants that after refunds ``follow``s the order. At most one per rule
    and member for one fact. ``kind`` starts with the plugin's id and a dot.

    ``data`` stays when the member of this fact is erased: it must not say who that was.
    """

    kind: str
    rule: str
    member: MemberId | None = None
    code: str = ""
    at: datetime | None = None
    data: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PutRow:
    """A row of one of the plugin's own tables, which this fact brings.

    The rows of a fact are those that were put when it was decided last: decided again, it has the
    new ones alone, and none once it earns nothing any more. They go with the member: to who
    answers for them after a merge, into an export, and away when they are erased. ``values`` has
    every column of the plugin's that may not be empty; a moment has a time zone.
    """

    table: str
    values: Mapping[str, Scalar | datetime] = field(default_factory=dict)


Effect = Credit | Grant | KeepState | Emit | Measure | Cause | PutRow
