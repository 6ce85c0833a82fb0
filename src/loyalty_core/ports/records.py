"""What the application and the store hand each other: stored records, and what is to be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from loyalty_core.domain.clock import Booked
from loyalty_core.domain.events import Event
from loyalty_core.domain.facts import Activity, FactId, FactKey, Json
from loyalty_core.domain.grants import GrantId, GrantRecord
from loyalty_core.domain.households import Contribution, share_of
from loyalty_core.domain.ledger import Lot, LotId, Transaction, WalletBook
from loyalty_core.domain.members import History, Identity, MemberId, MemberStatus, Profile
from loyalty_core.domain.orders import OrderDocument
from loyalty_core.domain.redemptions import Redemption, RedemptionId
from loyalty_core.domain.sales import Sale
from loyalty_core.ports.boards import ScoreRecord
from loyalty_core.ports.own_tables import OwnRows
from loyalty_core.ports.standings import StandingRecord

NO_SHARE = Decimal(0)


class Position(NamedTuple):
    """Where a fact stands in its member's time: facts are decided in this order."""

    occurred_at: datetime
    key: FactKey


@dataclass(slots=True, kw_only=True)
class Merge:
    """What another member brought to this one at a moment: an event among this one's facts.

    ``before`` is what this one's facts until then had left behind, ``history`` and ``state`` what
    the other one's had. The rest is what taking it back needs.
    """

    member: str
    at: datetime
    history: History
    state: Mapping[str, Mapping[str, Json]]
    before: Mapping[str, Json]
    identities: tuple[Identity, ...]
    points: Mapping[str, int]
    debts: Mapping[str, int]
    status: MemberStatus

    @property
    def position(self) -> Position:
        """Where it stands in its member's time: before any fact of the same moment."""
        return Position(self.at, FactKey("", "", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A time in which another member answered for this one: from a merge until it was undone."""

    into: MemberId
    since: Booked
    until: Booked | None = None

    def covers(self, moment: datetime) -> bool:
        """Whether the other member answered at this moment."""
        return self.since.at <= moment and (self.until is None or moment < self.until.at)


@dataclass(slots=True, kw_only=True)
class MemberRecord:
    """A member as stored, with the running state that deciding facts in order leaves behind.

    ``said`` are the fields of its profile that are as a shop said, each with the shop's source.
    ``merged_into`` is who answers for it since a merge, never one that was merged itself.
    ``merges`` are those that came to it, and ``absences`` its own, those that were undone as well.
    ``household`` says that it is a household, not a person;
    ``contributions`` are what a person shares with one, in the order of time. ``segments`` are
    those it was counted into, and since when. ``changed`` and ``fresh`` say, within a unit of work,
    that it must be written, and as new.
    """

    id: MemberId
    status: MemberStatus = MemberStatus.ACTIVE
    joined_at: datetime
    profile: Profile = Profile()
    said: Mapping[str, str] = field(default_factory=dict)
    history: History = History()
    state: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    decided_to: Position | None = None
    merged_into: MemberId | None = None
    merges: list[Merge] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    household: bool = False
    contributions: list[Contribution] = field(default_factory=list)
    segments: dict[str, datetime] = field(default_factory=dict)
    changed: bool = False
    fresh: bool = False

    @property
    def holder(self) -> MemberId:
        """Who holds its points: itself, or the member it was merged into."""
        return self.merged_into or self.id

    @property
    def seen(self) -> Profile:
        """The profile as programs see it: the segments counted are among the tags."""
        if not self.segments:
            return self.profile
        tags = dict.fromkeys((*self.profile.tags, *sorted(self.segments)))
        return replace(self.profile, tags=tuple(tags))

    @property
    def belongs_to(self) -> MemberId | None:
        """The household it is in now."""
        last = self.contributions[-1] if self.contributions else None
        return last.household if last is not None and last.until is None else None


class FactStatus(StrEnum):
    """``booked``: decided. ``idle``: known, but nothing to decide yet (unpaid, no body, test).

    ``waiting``: no member yet. ``deferred``: a program failed and is tried again. ``lapsed``: the
    member did not join in time. Of facts that others caused: ``scheduled`` happens later, and
    ``withdrawn`` is not caused any more.
    """

    BOOKED = "booked"
    IDLE = "idle"
    WAITING = "waiting"
    DEFERRED = "deferred"
    LAPSED = "lapsed"
    SCHEDULED = "scheduled"
    WITHDRAWN = "withdrawn"


class Change(NamedTuple):
    """An award that is worth ``net`` from then on: ``at`` is when what led to it happened.

    ``version`` is that of the rules it was booked by.
    """

    booked: Booked
    at: datetime
    net: int
    version: int


@dataclass(slots=True, kw_only=True)
class Award:
    """What one rule gave for one fact: ``amount`` as decided, ``net`` as it stands in the books.

    ``lines`` is the share of each order line; the three moments are the lot's. ``whole``: refunds
    take nothing of it, for its program follows them and says itself what is left. ``changes`` are
    what it was worth after it was first booked: its transactions alone do not say, for of points
    that were spent or had expired, less or nothing moves. Of a household's part they are all.

    What is shared with a household are two awards, both with the whole ``amount``: one whose
    points are the member's, and one that names the ``household``, which gets ``share`` percent.
    Of what was taken back of those, the member has paid ``answered``: they were spent by then.
    """

    plugin: str
    rule: str
    wallet: str
    amount: int
    lines: Mapping[str, int]
    awarded_at: datetime
    activates_at: datetime
    expires_at: datetime | None
    lot_id: LotId | None = None
    net: int = 0
    whole: bool = False
    household: MemberId | None = None
    share: Decimal = NO_SHARE
    answered: int = 0
    changes: tuple[Change, ...] = ()

    @property
    def name(self) -> tuple[str, str, str, str]:
        """What makes an award of a fact the same award."""
        return self.plugin, self.rule, self.wallet, self.household or ""

    def part(self, points: int) -> int:
        """How many of the points that were awarded in all are this award's."""
        if not self.share:
            return 0 if self.household else points
        shared = share_of(points, self.share)
        return shared if self.household else points - shared

    @property
    def told(self) -> Mapping[str, Json]:
        """What its transactions say of it."""
        return {"plugin": self.plugin, "rule": self.rule}

    @property
    def moments(self) -> tuple[datetime, datetime, datetime | None]:
        """When its points were awarded, become spendable, and can no longer be spent."""
        return self.awarded_at, self.activates_at, self.expires_at


@dataclass(slots=True, kw_only=True)
class Gift:
    """A grant that one rule gave for one fact, at ``at``: ``due`` or not any more.

    ``booked`` says whether the books follow that; ``grant_id`` is the grant's, once there was one.
    """

    plugin: str
    rule: str
    reward: str
    at: datetime
    due: bool = True
    booked: bool = False
    grant_id: str | None = None

    @property
    def name(self) -> tuple[str, str, str]:
        """What makes a gift of a fact the same gift."""
        return self.plugin, self.rule, self.reward


@dataclass(slots=True, kw_only=True)
class FactRecord:
    """A fact as stored: its converged document, what it was awarded, and the state before it.

    ``causes`` are the facts that it caused, where nothing has withdrawn them.

    ``config_version`` is that of the rules it was first decided by, 0 before. ``was_at`` is where
    it stood in its member's time when it was loaded, None if it was not decided then. ``sale`` is
    what an order counts as, and ``measures`` what plugins measured of it. ``claims`` is how much it
    has of each limited item that plugins asked for, and nothing where that was refused.
    """

    id: FactId
    key: FactKey
    member_id: MemberId | None
    status: FactStatus
    occurred_at: datetime
    received_at: datetime
    document: OrderDocument | Activity
    awards: list[Award] = field(default_factory=list)
    gifts: list[Gift] = field(default_factory=list)
    sale: Sale | None = None
    measures: Mapping[str, int] = field(default_factory=dict)
    claims: Mapping[str, int] = field(default_factory=dict)
    causes: tuple[FactKey, ...] = ()
    before: Mapping[str, Json] = field(default_factory=dict)
    config_version: int = 0
    deferred: tuple[str, ...] = ()
    attempts: int = 0
    retry_at: datetime | None = None
    stored: bool = False
    was_at: Position | None = None

    @property
    def position(self) -> Position:
        """Where it stands in its member's time."""
        return Position(self.occurred_at, self.key)

    @property
    def decided(self) -> bool:
        """Whether it has been decided, and stands in its member's time."""
        return self.status in (FactStatus.BOOKED, FactStatus.DEFERRED)


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """What a command with this key returned, and the hash of what it was given.

    ``member_id`` is None where it concerned no member.
    """

    key: str
    input_hash: str
    member_id: str | None
    receipt: Mapping[str, Json]
    created_at: datetime


@dataclass(slots=True)
class Changes:
    """All that one unit of work writes, each table once.

    ``waiting`` are facts of nobody with whom they wait for and until when: None waits for a claim,
    and until None waits no more.
    """

    members_added: list[MemberRecord] = field(default_factory=list)
    members: dict[MemberId, MemberRecord] = field(default_factory=dict)
    facts: dict[FactId, FactRecord] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    lots_added: list[Lot] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    wallets: list[WalletBook] = field(default_factory=list)
    events: list[tuple[Event, Sequence[str]]] = field(default_factory=list)
    redemptions: dict[RedemptionId, Redemption] = field(default_factory=dict)
    grants: dict[GrantId, GrantRecord] = field(default_factory=dict)
    receipts: list[StoredReceipt] = field(default_factory=list)
    waiting: list[tuple[Identity | None, FactId, datetime | None]] = field(default_factory=list)
    standings: list[StandingRecord] = field(default_factory=list)
    scores: list[ScoreRecord] = field(default_factory=list)
    own_rows: dict[str, OwnRows] = field(default_factory=dict)


class Upcoming(NamedTuple):
    """Points that become active and expire at the same moments, in smallest units.

    ``dormant``: the books hold them as pending still, whatever the time is.
    """

    activates_at: datetime
    expires_at: datetime | None
    dormant: bool
    amount: int

    def past(self, now: datetime) -> bool:
        """Whether they have expired at ``now``."""
        return self.expires_at is not None and self.expires_at <= now

    def paying(self, lapses_at: datetime | None, now: datetime) -> bool:
        """Whether they have paid debt by ``now``: when they became active, which is not booked."""
        ends = [moment for moment in (self.expires_at, lapses_at) if moment is not None]
        ever = not ends or self.activates_at < min(ends)
        return self.dormant and self.activates_at <= now and ever

    def pending(self, now: datetime) -> bool:
        """Whether they become active after ``now``."""
        return self.activates_at > now and not self.past(now)


class WalletSums(NamedTuple):
    """One wallet summed over all members, in smallest units."""

    wallet: str
    balance: int
    debt: int
    earned: int
    redeemed: int
    expired: int
    adjusted: int
    earners: int
    due: int
