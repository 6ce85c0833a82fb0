"""The road back: what events ask for at shops, done there by connectors, with patience.

An event is noted as an action of its subject: a grant, a member, or the event itself. What is done
follows from how the subject stands when it is done, not from the event; so many events about one
member are one call, and one that comes late does no harm. A shop that is away delays its actions.
"""

from __future__ import annotations

import contextlib
import logging
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from loyalty_core.application.enrol import found_members
from loyalty_core.application.granting import Granting
from loyalty_core.application.rules import Rules
from loyalty_core.application.statement import Questions
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.connections import ActionReport, ActionState
from loyalty_core.domain.connectors import Action, DropCode, MakeCode, ShowMember, TellEvent
from loyalty_core.domain.events import Event
from loyalty_core.domain.grants import GrantState, grant_receipt
from loyalty_core.domain.members import MemberStatus
from loyalty_core.errors import (
    ActionRefused,
    ConnectorDisabled,
    GrantRefused,
    LoyaltyError,
    MemberErased,
    PlatformUnavailable,
    PluginFailed,
    StoreError,
)
from loyalty_core.ports.connectors import ActionRecord, ActsOnShop
from loyalty_core.ports.store import Reader, Store, UnitOfWork

logger = logging.getLogger("loyalty_core")

ACTIONS_A_CHUNK = 20
LONGEST_ERROR = 1000
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
"""Until each next attempt: the schedule of Standard Webhooks, some three and a half days."""
LONGEST_ASKED = timedelta(days=1)
PATIENCE = timedelta(days=3, hours=12)
"""For how long nothing may work at a shop before its connector is switched off."""

GRANT, MEMBER, EVENT = "grant", "member", "event"
ABOUT_GRANTS = (
    "grant_preparing",
    "grant_used",
    "grant_expired",
    "grant_revoked",
    "grant_restored",
)
ABOUT_MEMBERS = (
    "member_enrolled",
    "member_merged",
    "member_unmerged",
    "points_credited",
    "points_reversed",
    "points_redeemed",
    "points_held",
    "points_released",
    "points_returned",
    "points_accepted",
    "points_adjusted",
    "points_transferred",
    "points_activated",
    "points_expired",
    "points_reinstated",
    "grant_issued",
    "grant_used",
    "grant_expired",
    "grant_revoked",
    "grant_restored",
    "tier_changed",
)
ERASED = "member_erased"


def events_for(connector: ActsOnShop) -> tuple[str, ...]:
    """The events that ask for something at a connector's shop."""
    wants = connector.wants
    if "*" in wants.events:
        return ("*",)
    names = dict.fromkeys(wants.events)
    if wants.rewards:
        names |= dict.fromkeys((*ABOUT_GRANTS, ERASED))
    if wants.members:
        names |= dict.fromkeys(ABOUT_MEMBERS)
    return tuple(names)


class Acting:
    """The actions of one program under its current rules."""

    def __init__(
        self, store: Store, rules: Rules, questions: Questions, granting: Granting, clock: Clock
    ) -> None:
        self._store = store
        self._rules = rules
        self._questions = questions
        self._granting = granting
        self._clock = clock
        self._actors = {
            name: owned.item
            for name, owned in rules.connectors.items()
            if isinstance(owned.item, ActsOnShop)
        }

    # -- noting -------------------------------------------------------------------------------

    def handlers(self) -> dict[str, Callable[[Event], None]]:
        """What notes the events of each connector's subscription."""
        return {name: partial(self._note, name) for name in self._actors}

    def _note(self, name: str, event: Event) -> None:
        wants, now = self._actors[name].wants, self._clock()

        def note(uow: UnitOfWork) -> None:
            if "*" in wants.events or event.type in wants.events:
                uow.note_action(self._record(name, EVENT, event.id, event, now))
            if event.type in ABOUT_GRANTS and event.data.get("reward") in wants.rewards:
                grant = str(event.data["grant"])
                uow.note_action(self._record(name, GRANT, grant, event, now))
            if event.type in ABOUT_MEMBERS and wants.members:
                uow.note_action(self._record(name, MEMBER, event.member_id, event, now))
            if event.type == ERASED and wants.rewards:
                uow.renew_actions(name, event.member_id, GRANT, now)

        self._store.write(note)

    def _record(
        self, name: str, kind: str, subject: str, event: Event, now: datetime
    ) -> ActionRecord:
        about = {GRANT: str(event.data.get("reward")), MEMBER: "member", EVENT: event.type}[kind]
        return ActionRecord(
            connector=name,
            kind=kind,
            subject=subject,
            member_id=event.member_id,
            about=about,
            created_at=now,
            next_attempt_at=now,
        )

    # -- doing --------------------------------------------------------------------------------

    def work(self, progress: Callable[[int], None] | None = None) -> ActionReport:
        """What became of the actions due now; outside any transaction, each tried once.

        A shop that is away is not asked again in this round.
        """
        counts: Counter[str] = Counter()
        if self._store.joined or not self._actors:
            return ActionReport()
        now, away = self._clock(), dict[str, datetime]()
        self._give_up(now, counts)
        while taken := self._store.write(partial(self._take, away=away, now=now)):
            worked = set()
            for one in taken:
                if one.connector in away:
                    self._store.write(partial(_put_off, one, away[one.connector]))
                    outcome = "put_off"
                else:
                    outcome = self._one(one, away)
                worked |= {one.connector} if outcome == "done" else set()
                counts[outcome] += 1
            for name in worked - away.keys():
                self._store.write(partial(self._worked, name))
            if progress is not None:
                progress(counts.total())
        return ActionReport(**counts)

    def _give_up(self, now: datetime, counts: Counter[str]) -> None:
        """Gives points back that wait too long for a code of a shop that is not asked now."""
        while waiting := self._store.write(partial(self._take_waiting, now=now)):
            for one in waiting:
                over = one.created_at + PATIENCE
                why = "is in quarantine" if self._held(one.connector) else "is switched off"
                if over <= now and self._given_back(one, f"the shop's connector {why}"):
                    one.state, one.ended_at, one.next_attempt_at = ActionState.DEAD, now, None
                    self._store.write(partial(_end, one))
                    counts["dead"] += 1
                else:
                    until = over if over > now else now + PATIENCE
                    self._store.write(partial(_put_off, one, until))

    def _take_waiting(self, uow: UnitOfWork, *, now: datetime) -> list[ActionRecord]:
        off = [
            name
            for name in self._actors
            if self._held(name) or uow.connector_state(name).disabled_at is not None
        ]
        return uow.due_actions(off, now, ACTIONS_A_CHUNK, GRANT) if off else []

    def _take(
        self, uow: UnitOfWork, *, away: dict[str, datetime], now: datetime
    ) -> list[ActionRecord]:
        names = [
            name
            for name in self._actors
            if name not in away and not self._held(name)
            if uow.connector_state(name).disabled_at is None
        ]
        return uow.due_actions(names, now, ACTIONS_A_CHUNK) if names else []

    def _one(self, one: ActionRecord, away: dict[str, datetime]) -> str:
        """What became of one action: ``done``, ``dead`` or ``put_off``."""
        try:
            action = self._action(one)
            if isinstance(action, MakeCode | DropCode):
                one.code = action.code
            made = None if action is None else self._act(one.connector, action)
            if isinstance(action, MakeCode) and action.grant.state is GrantState.PREPARING:
                self._made(one, None if made == action.code else made)
        except StoreError:
            raise
        except ActionRefused as error:
            return self._refused(one, error)
        except Exception as error:
            if not isinstance(error, LoyaltyError):
                logger.exception("%s of %s failed", one.key, one.connector)
            return self._failed(one, error, away)
        one.state, one.ended_at, one.next_attempt_at = ActionState.DONE, self._clock(), None
        one.attempts, one.failed_at, one.error_code, one.error = 0, None, "", ""
        self._store.write(lambda uow: uow.end_action(one))
        return "done"

    def _act(self, name: str, action: Action) -> str | None:
        plugin = self._rules.connectors[name].plugin
        act = partial(self._actors[name].act, action)
        return self._rules.quarantine.waiting(plugin, "act", name, act)

    def _held(self, name: str) -> bool:
        """Whether a connector is in quarantine: what it is to do waits."""
        return self._rules.quarantine.holds(self._rules.connectors[name].plugin, "act", name)

    # -- what is to be done -------------------------------------------------------------------

    def _action(self, one: ActionRecord) -> Action | None:
        """What is to be done as things stand now; None for nothing."""
        if one.kind == EVENT:
            event = self._store.read(lambda reader: reader.event(one.subject))
            return None if event is None else TellEvent(key=one.key, event=event)
        if one.kind == MEMBER:
            found = self._questions.statements([one.subject]).get(one.subject)
            if found is None or found.member.status is MemberStatus.ERASED:
                return None
            return ShowMember(key=one.key, statement=found, revision=one.revision)
        return self._store.read(lambda reader: self._about_grant(reader, one))

    def _about_grant(self, reader: Reader, one: ActionRecord) -> Action | None:
        grant = reader.grant(id=one.subject)
        if grant is None:
            return None
        now = self._clock()
        state, code = grant.at(now), grant.code or one.code
        if not code or state is GrantState.REQUESTED:
            return None
        receipt = grant_receipt(grant, now)
        if state is GrantState.PREPARING:  # it will be issued as soon as the shop has made it
            ends = grant.end(now, self._rules.config.program.time_zone)
            receipt = replace(receipt, expires_at=ends)
        if state in (GrantState.PREPARING, GrantState.ISSUED):
            people = found_members(reader, [grant.member_id])
            identities = people[grant.member_id][1] if grant.member_id in people else ()
            return MakeCode(key=one.key, code=code, grant=receipt, identities=identities)
        if state is GrantState.USED and grant.actor == one.connector:
            return None  # the shop itself has taken it
        return DropCode(key=one.key, code=code, grant=receipt)

    # -- what became of it --------------------------------------------------------------------

    def _made(self, one: ActionRecord, code: str | None) -> None:
        """The code is there, or another that the shop made: the member can use it from now on.

        Raises ``ActionRefused`` for a code of the shop that another grant has already.
        """
        one.code = code or one.code
        key = f"{one.connector}:made:{one.subject}"
        try:
            self._granting.fulfil(one.subject, code, one.connector, key)
        except MemberErased:  # taken back meanwhile: that is noted, and done next
            return
        except GrantRefused as error:
            grant = self._store.read(lambda reader: reader.grant(id=one.subject))
            if code and grant is not None and grant.at(self._clock()) is GrantState.PREPARING:
                raise ActionRefused(error.message, where=code) from error

    def _refused(self, one: ActionRecord, error: ActionRefused) -> str:
        """Dead; who paid with points for what cannot be had has them back."""
        self._given_back(one, "the shop refused it")
        _note_failure(one, error)
        one.state, one.ended_at, one.next_attempt_at = ActionState.DEAD, self._clock(), None
        self._store.write(lambda uow: uow.end_action(one))
        return "dead"

    def _given_back(self, one: ActionRecord, reason: str) -> bool:
        """Whether it was about a code that was paid for and cannot be had: the points are back."""
        if one.kind != GRANT:
            return False
        grant = self._store.read(lambda reader: reader.grant(id=one.subject))
        if grant is None or not grant.redemption_id or grant.state is not GrantState.PREPARING:
            return False
        if grant.revoked_at is not None:
            return False
        key = f"{one.connector}:refused:{one.subject}"
        with contextlib.suppress(GrantRefused, MemberErased):
            self._granting.revoke(one.subject, reason, one.connector, True, key)
        return True

    def _failed(self, one: ActionRecord, error: Exception, away: dict[str, datetime]) -> str:
        """Put off; dead if others can be done all the while. Says whom not to ask any more."""
        now = self._clock()
        _note_failure(one, error)
        one.attempts, one.failed_at = one.attempts + 1, one.failed_at or now
        one.next_attempt_at = now + _pause(one.attempts, error)
        is_away = isinstance(error, PlatformUnavailable | ConnectorDisabled)
        if is_away or isinstance(error, PluginFailed):  # a call that does not come back
            asked = error.retry_after if isinstance(error, PlatformUnavailable) else None
            away[one.connector] = now + (_pause(1, error) if asked is not None else PAUSES[0])
        given_up = _had_its_time(one, error, now)
        if given_up:
            self._given_back(one, "the shop could not make it")

        def write(uow: UnitOfWork) -> str:
            state = uow.connector_state(one.connector)
            state.failing_since = state.failing_since or now
            over = now - state.failing_since >= PATIENCE
            if isinstance(error, ConnectorDisabled) or over:
                state.disabled_at, state.disabled_for = now, one.error or one.error_code
            if given_up:
                one.state, one.ended_at, one.next_attempt_at = ActionState.DEAD, now, None
            uow.save_connector(state)
            uow.end_action(one)
            return "dead" if one.state is ActionState.DEAD else "put_off"

        return self._store.write(write)

    def _worked(self, name: str, uow: UnitOfWork) -> None:
        state = uow.connector_state(name)
        state.acted_at, state.failing_since = self._clock(), None
        uow.save_connector(state)


def _end(one: ActionRecord, uow: UnitOfWork) -> None:
    uow.end_action(one)


def _put_off(one: ActionRecord, until: datetime, uow: UnitOfWork) -> None:
    uow.put_off_action(one, until)


def _note_failure(one: ActionRecord, error: Exception) -> None:
    one.error_code = error.code if isinstance(error, LoyaltyError) else type(error).__name__[:64]
    one.error = str(error)[:LONGEST_ERROR].replace("\x00", "")


def _had_its_time(one: ActionRecord, error: Exception, now: datetime) -> bool:
    """Whether an action that failed was tried often, and long, enough to be given up.

    A shop that is away says itself when to come again: that may be ten times in a minute. Of one
    that does not want us any more, all of its actions wait.
    """
    if isinstance(error, ConnectorDisabled) or one.attempts <= len(PAUSES):
        return False
    since = one.failed_at or now
    return not isinstance(error, PlatformUnavailable) or now - since >= PATIENCE


def _pause(attempts: int, error: Exception) -> timedelta:
    """Until the next attempt: as long as the shop asked for, else by the schedule with jitter."""
    if isinstance(error, PlatformUnavailable) and error.retry_after is not None:
        return min(timedelta(seconds=max(error.retry_after, 1)), LONGEST_ASKED)
    longest = PAUSES[min(attempts, len(PAUSES)) - 1]
    percent = random.randint(100, 120)  # noqa: S311 - jitter, not a secret
    return longest * percent // 100
