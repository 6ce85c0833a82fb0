"""What people are shown: statements, history, explanations, quotes and the merchant's report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from loyalty_core.domain.amounts import Minor, Money
from loyalty_core.domain.benefits import GrantedBenefit
from loyalty_core.domain.catalogue import RewardType
from loyalty_core.domain.facts import Activity, Json, Line, Order, Tender
from loyalty_core.domain.grants import GrantReceipt
from loyalty_core.domain.ledger import Transaction
from loyalty_core.domain.members import Member
from loyalty_core.domain.pricing import Pricing
from loyalty_core.domain.rewards import SpendOffer
from loyalty_core.domain.segments import HeldSegment
from loyalty_core.domain.tiers import Standing


@dataclass(frozen=True, slots=True)
class Dated:
    """Points that something happens to at a moment: ``amount`` in smallest units."""

    at: datetime
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletStatement:
    """One wallet as its member sees it at a moment; all points in the wallet's smallest unit.

    ``available`` can be spent now and is negative while there is debt. ``pending`` becomes
    available later, ``next_pending`` says when the first of it does. ``held`` is reserved for
    redemptions that are not settled yet. ``expiring`` lists every date in the coming 90 days on
    which points expire. ``earned``, ``redeemed``, ``expired``, ``adjusted`` and ``transferred``
    (what came from other members less what went to them) are totals since joining:
    earned − redeemed − expired + adjusted + transferred is ``balance``.
    """

    wallet: str
    unit: str
    scale: int
    balance: int
    available: int
    pending: int
    held: int
    debt: int
    earned: int
    redeemed: int
    expired: int
    adjusted: int
    transferred: int
    worth: Money | None
    next_pending: Dated | None = None
    expiring: tuple[Dated, ...] = ()
    lapses_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a member is shown: who they are, every wallet, tiers and benefits, as of ``at``.

    ``grants`` are those still to be used, the oldest first. ``saved`` is what those used by then
    took off or were worth, one amount for each currency. ``household_id`` is the household that
    they are in. ``segments`` are those counted; members are not told of hidden ones. ``shown`` is
    what plugins show besides, by plugin; their pages say what is in it.
    """

    member: Member
    at: datetime
    wallets: tuple[WalletStatement, ...]
    standings: tuple[Standing, ...] = ()
    benefits: tuple[GrantedBenefit, ...] = ()
    grants: tuple[GrantReceipt, ...] = ()
    saved: tuple[Money, ...] = ()
    household_id: str | None = None
    segments: tuple[HeldSegment, ...] = ()
    shown: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)

    def standing(self, scheme: str) -> Standing:
        """Where the member stands in this scheme; raises ``KeyError`` if there is none."""
        for standing in self.standings:
            if standing.scheme == scheme:
                return standing
        raise KeyError(scheme)

    def wallet(self, name: str) -> WalletStatement:
        """The wallet of this name; raises ``KeyError`` if the program has none."""
        for wallet in self.wallets:
            if wallet.wallet == name:
                return wallet
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryItem:
    """One transaction of a member, with the cursor that continues after it."""

    cursor: str
    transaction: Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """A page of a member's transactions, latest first; ``more`` says whether others follow."""

    items: tuple[HistoryItem, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardExplanation:
    """What one rule gave: ``amount`` when decided, ``kept`` after refunds, by order line.

    ``household_id`` is the household whose part of it this is; ``lines`` are then of both parts.
    ``settings`` is the rule as the configuration had it then, empty where it has none by its name.
    """

    plugin: str
    rule: str
    wallet: str
    amount: int
    kept: int
    lines: Mapping[str, int] = field(default_factory=dict)
    expires_at: datetime | None = None
    household_id: str | None = None
    settings: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a transaction is in the books: the fact, the rules and the version of the config.

    ``segments`` are those that the fact was decided on, tags of the host among them. The version
    was in force from ``in_force_from`` on. ``reward`` is the reward of the catalogue that points
    were spent on, as the configuration had it then.
    """

    transaction: Transaction
    fact: Order | Activity | None
    refunds: tuple[str, ...]
    awards: tuple[AwardExplanation, ...]
    config_version: int
    segments: tuple[str, ...] = ()
    in_force_from: datetime | None = None
    reward: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What somebody is about to buy: an order without an id or a status."""

    currency: str
    lines: tuple[Line, ...]
    shipping: Minor = Minor(0)
    shipping_tax: Minor = Minor(0)
    discount: Minor = Minor(0)
    tax_included: bool = True
    tenders: tuple[Tender, ...] = ()
    source: str = ""
    channel: str = ""
    store: str = ""
    tags: tuple[str, ...] = ()

    def as_order(self, at: datetime) -> Order:
        """The order this cart would be, paid at ``at``."""
        return Order(
            source=self.source,
            id="quote",
            currency=self.currency,
            occurred_at=at,
            lines=self.lines,
            shipping=self.shipping,
            shipping_tax=self.shipping_tax,
            discount=self.discount,
            tax_included=self.tax_included,
            tenders=self.tenders,
            channel=self.channel,
            store=self.store,
            tags=self.tags,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Earning:
    """What one rule would give for a cart, in the wallet's smallest unit."""

    plugin: str
    rule: str
    wallet: str
    amount: int
    lines: Mapping[str, int] = field(default_factory=dict)
    activates_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a cart would cost and earn, and what points could buy on it; nothing is booked.

    ``pricing`` is the member price with the benefits used and those just missed, None in a program
    without benefits; earnings and offers are those of the cart at that price. ``standings`` say
    what is missing to the next tier. ``offers`` is the most of each reward that could be used now,
    by reward id. ``suggested`` are lines that could be added, such as a donation that rounds up.
    ``failed`` names plugins that could not answer. ``config_version`` is that of the rules.
    """

    earnings: tuple[Earning, ...]
    offers: Mapping[str, SpendOffer]
    pricing: Pricing | None = None
    standings: tuple[Standing, ...] = ()
    suggested: tuple[Line, ...] = ()
    failed: tuple[str, ...] = ()
    config_version: int = 0

    def earned(self, wallet: str) -> int:
        """All that the cart would earn in one wallet."""
        return sum(earning.amount for earning in self.earnings if earning.wallet == wallet)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardView:
    """A reward as a catalogue shows it, to a member or to a stranger.

    ``points`` is the member's price in smallest units, or the most of them that a sliding one would
    take now; None for a stranger where that depends on the points. ``missing`` is how many the
    member lacks for one. ``left`` is what is left of a limited one. ``refusal`` says why the member
    cannot have it now, in their words. ``kind`` is None for a plugin's reward.
    """

    id: str
    summary: str
    wallet: str
    plugin: str
    kind: RewardType | None = None
    points: int | None = None
    missing: int | None = None
    left: int | None = None
    refusal: str = ""
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletTotals:
    """One wallet over the whole program; points in smallest units, money rounded down.

    ``outstanding`` is what members hold that has not expired at ``at``, pending included, debt
    deducted; ``due`` is past its date and leaves the books with the next ``tick``. ``debt`` is as
    booked: pending points whose time has come since the last ``tick`` pay it with the next.
    ``earners`` is how many members have earned in it, and not lost all of it to refunds.
    """

    wallet: str
    unit: str
    scale: int
    issued: int
    redeemed: int
    expired: int
    adjusted: int
    outstanding: int
    due: int
    debt: int
    earners: int
    worth: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopMember:
    """One of the members who earned most in the program's first wallet, in smallest units."""

    member: Member
    earned: int
    balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a merchant wants to see of the program, as of ``at``."""

    at: datetime
    members: int
    orders: int
    activities: int
    waiting: int
    deferred: int
    wallets: tuple[WalletTotals, ...]
    top_members: tuple[TopMember, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of the installation: database, schema, plugins and what needs a look."""

    database: str
    schema: tuple[str, ...]
    config_version: int
    plugins: tuple[Mapping[str, Json], ...]
    deferred_facts: int
    waiting_facts: int
    pending_deliveries: int
    dead_deliveries: int
    pending_messages: int = 0
    dead_messages: int = 0
    pending_actions: int = 0
    dead_actions: int = 0
    disabled_connectors: tuple[str, ...] = ()
    quarantined_plugins: tuple[str, ...] = ()
