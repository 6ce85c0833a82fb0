"""What a plugin gives the core to call: programs that decide, rewards that points buy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar, runtime_checkable

from loyalty_core.domain.benefits import GrantedBenefit
from loyalty_core.domain.boards import Board, Score
from loyalty_core.domain.effects import Effect
from loyalty_core.domain.events import Event
from loyalty_core.domain.facts import Decidable, Fact, Json, Line, Order
from loyalty_core.domain.members import MemberView
from loyalty_core.domain.receipts import RedemptionReceipt
from loyalty_core.domain.rewards import SpendOffer, SpendRequest
from loyalty_core.domain.tiers import Outcome, Standing, Tier

T = TypeVar("T")


class ProgramType(Protocol):
    """A way to earn. ``decide`` is pure: no clock, network, database, randomness or mutation."""

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        """The effects of ``fact`` on ``member``; nothing is written by it.

        Called once for each fact inside the recording transaction, again whenever an earlier
        fact arrives late, and outside any transaction by quotes. A raise defers this plugin's
        part of the fact and leaves everybody else's alone.
        """
        ...


@runtime_checkable
class UnitesStates(Protocol):
    """A program that says what its states of two members are together, when they are merged.

    Without it the survivor's keys count, and those only the other one has are added.
    """

    def merge_states(
        self, kept: Mapping[str, Json], other: Mapping[str, Json]
    ) -> Mapping[str, Json]:
        """The state of the member that two become; ``kept`` is that of the one who stays. Pure.

        Called when members are merged, and again when a fact from before the merge comes late.
        """
        ...


@runtime_checkable
class FollowsFacts(Protocol):
    """A program that wants to know what facts came to, and what refunds leave of them."""

    def follow(self, outcome: Outcome, member: MemberView) -> Sequence[Effect]:
        """The effects of what a fact came to; pure, like ``ProgramType.decide``.

        Called after every ``decide`` of the fact, with the program's own state after its own, and
        again whenever refunds of the order change: so a refund takes nothing of what is credited
        here, the program says itself what is left. Programs do not see what others decide or follow
        about the same fact but for ``outcome``, so their order makes no difference.
        """
        ...


@runtime_checkable
class ShowsMembers(Protocol):
    """A program that has something to show a member: a streak, a mission, a badge."""

    def show(self, member: MemberView, at: datetime) -> Mapping[str, Json]:
        """What the member is shown at a moment, by what is known in ``member.state``. Pure.

        It is ``Statement.shown`` under the plugin's id. ``at`` is never before the last fact that
        ``member`` has behind it: nothing may depend on jobs having run. Here alone ``member.ranks``
        has the member's ranks on the program's boards. A raise leaves it out.
        """
        ...


@runtime_checkable
class ScoresMembers(Protocol):
    """A program that ranks members against each other on boards."""

    @property
    def boards(self) -> Sequence[Board]:
        """Its boards; their names are unique in the merchant's program."""
        ...

    def scores(self, member: MemberView, at: datetime) -> Sequence[Score]:
        """What the member has on the boards, by what is known in ``member.state``. Pure.

        Called in the transaction of whatever changes the member's state, profile or status, and
        written with it. What it does not say any more of a period that is not closed at ``at`` is
        taken from the board; of a closed one the core keeps what it was, whatever is said. A
        raise leaves the boards as they were until the member's next fact.
        """
        ...


@runtime_checkable
class SuggestsLines(Protocol):
    """A program that knows lines which a shop may offer to add to a cart, such as a donation."""

    def suggest(self, cart: Order, member: MemberView) -> Sequence[Line]:
        """What may be added to the cart at the member's price; pure, called by ``quote`` alone.

        Whether a line is added is for the customer to say: then it comes with the order. An id
        that a suggested line has must not be one of the cart's.
        """
        ...


@runtime_checkable
class BenefitSource(Protocol):
    """Something that gives members benefits: a tier scheme, a membership, a campaign. Pure."""

    @property
    def id(self) -> str:
        """Its name, starting with the plugin's id and a dot."""
        ...

    def benefits(self, member: MemberView, at: datetime) -> Sequence[GrantedBenefit]:
        """The benefits the member has at a moment, by what is known in ``member.state``.

        ``at`` is never before the last fact that ``member`` has behind it, and may be far after it.
        Called for every fact, quote and statement: nothing may depend on jobs having run.
        """
        ...


@runtime_checkable
class TierScheme(BenefitSource, Protocol):
    """A ladder of tiers; its benefits are those of the tier held."""

    @property
    def scheme(self) -> str:
        """The scheme's own name, unique in the program, such as ``status``."""
        ...

    @property
    def tiers(self) -> Sequence[Tier]:
        """The rungs, the lowest first."""
        ...

    def standing(self, member: MemberView, at: datetime) -> Standing:
        """Where the member stands at a moment; a pure function, like ``benefits``.

        ``Standing.changes_at`` must be after ``at``.
        """
        ...


class RewardKind(Protocol):
    """Something points buy. ``offer`` is pure, like ``ProgramType.decide``."""

    @property
    def id(self) -> str:
        """The reward's name, starting with the plugin's id and a dot."""
        ...

    @property
    def summary(self) -> str:
        """What the reward is, in one line for a member."""
        ...

    @property
    def wallet(self) -> str:
        """The wallet it is paid from."""
        ...

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        """What the request would cost and give; called by ``quote`` and again by ``redeem``.

        A raise aborts the redemption: nothing is booked.
        """
        ...


@runtime_checkable
class Fulfils(Protocol):
    """A reward that must be handed over: a code made, a gift shipped, a shop told.

    Its points are held first, then it is handed over, then they are captured: so nobody gets it
    without paying, and nobody pays without getting it.
    """

    def fulfil(self, redemption: RedemptionReceipt) -> None:
        """Hands the reward over; called outside any transaction, at least once, by ``redeem``.

        Keyed by ``redemption.redemption_id``: a second call must not hand over a second one. Raise
        ``RedemptionRefused`` when it cannot be had: the points are released. Anything else that is
        raised is tried again by ``tick`` with backoff, and released in the end; so is a call that
        has not come back after a minute.
        """
        ...


class Handler(Protocol):
    """A subscriber to events, called after commit: at least once, so keyed by ``event.id``.

    What takes messages to members, by mail or push, is one too: there is no other kind of channel.
    """

    def __call__(self, event: Event) -> Iterable[Fact | Mapping[str, Json]] | None:
        """Acts on the event outside any transaction; a raise is retried later with backoff.

        It is given up after some hours, but never while it is ``PlatformUnavailable``. It runs in a
        thread of its own, and counts as failed if it has not come back after a minute.

        What it returns are facts that came of it, such as a payment: they are recorded like those
        from outside, and the event is delivered once they are. One that is rejected is a failure.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A handler for events of one type, or of all (``"*"``).

    ``id`` starts with the plugin's id and a dot. ``with_identities`` is for handlers that have to
    find the member somewhere else: their events say how the member is known.
    """

    id: str
    event_type: str
    handler: Handler
    with_identities: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of a plugin for the terminal: ``loyalty <plugin> <name>``.

    ``run`` is a function with annotations as Typer reads them: its first parameter gets the open
    program, a ``Loyalty``, the others are arguments and options of the command, and its docstring
    is the help. It returns its answer as data, which the core prints, as one JSON document with
    ``--json`` and as tables without; texts that go on the terminal it does not print itself. The
    core adds ``--config``, ``--database`` and ``--json``.

    It writes the answer's points as ``{"units": 1250, "decimal": "12.50"}``, money as ``{"amount":
    "12.50", "currency": "EUR"}`` and moments as ISO 8601 in UTC, as all commands do. What it raises
    ends the command: a ``LoyaltyError`` with its own exit code, anything else as a failure of the
    plugin.
    """

    name: str
    run: Callable[..., Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Owned(Generic[T]):
    """Something a plugin registered, with the plugin's id."""

    plugin: str
    item: T
