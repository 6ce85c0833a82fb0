"""The nightly jobs, in their fixed order.

Take in what shops sent, activate, expire, celebrate, remind, retry, lapse, score by new rules,
close boards, tell of tiers, count segments, count scores again, hand over, deliver, act at shops,
seal.

Each step works in chunks of its own transactions, so it can be stopped and started anywhere, by
any number of processes; what is done is no longer due.
"""

from __future__ import annotations

import contextlib
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from loyalty_core.application.books import Books
from loyalty_core.application.celebrate import Celebrating
from loyalty_core.application.closing import Closing
from loyalty_core.application.connections import Connections
from loyalty_core.application.enrol import found_members
from loyalty_core.application.expire import Done, move_points
from loyalty_core.application.grants import keep
from loyalty_core.application.record import Recorder
from loyalty_core.application.redeem import Redeeming
from loyalty_core.application.remind import Reminding
from loyalty_core.application.rules import Rules
from loyalty_core.application.seal import Sealing
from loyalty_core.application.segments import Segmenting
from loyalty_core.application.standing import tell_standings
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.events import Event
from loyalty_core.domain.grants import GrantState
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.receipts import TickReport
from loyalty_core.errors import (
    MemberErased,
    PlatformUnavailable,
    PluginFailed,
    RedemptionRefused,
)
from loyalty_core.ports.program import Owned, Subscription
from loyalty_core.ports.store import Store, UnitOfWork

logger = logging.getLogger("loyalty_core")

LOTS_A_CHUNK = 2000
FACTS_A_CHUNK = 500
DELIVERIES_A_CHUNK = 200
MOST_ATTEMPTS = 12
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=12)


class Ticker:
    """Runs the jobs of one program under its current rules."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        recorder: Recorder,
        redeeming: Redeeming,
        sealing: Sealing,
        segmenting: Segmenting,
        connections: Connections,
        clock: Clock,
    ) -> None:
        self._store = store
        self._rules = rules
        self._recorder = recorder
        self._celebrating = Celebrating(rules, recorder.rules_at)
        self._reminding = Reminding(rules)
        self._closing = Closing(rules, recorder.rules_at)
        self._redeeming = redeeming
        self._sealing = sealing
        self._segmenting = segmenting
        self._connections = connections
        self._clock = clock

    def tick(self, progress: Callable[[int], None] | None) -> TickReport:
        """Everything due now, done; ``progress`` gets the number of rows handled so far."""
        now = self._clock()
        counts: Counter[str] = Counter()
        expired: Counter[str] = Counter()
        self._take_in(now, counts)
        for step in (
            self._move_points,
            self._expire_grants,
            self._celebrating.celebrate,
            self._reminding.remind,
            self._retry,
            self._adopt,
            self._lapse,
            self._closing.score,
            self._closing.count,
            self._closing.close,
            self._closing.book,
            self._closing.drop,
            self._tell_standings,
            self._count_segments,
            self._change_segments,
            self._closing.count,  # what prizes and segments have moved
        ):
            while done := self._store.write(partial(step, now=now)):
                counts.update(done.counts)  # after the commit: a collision runs a step twice
                expired.update(done.expired)
                if progress:
                    progress(counts.total())
        while self._fulfil(counts):
            if progress:
                progress(counts.total())
        away: set[str] = set()
        while self._deliver(now, counts, away):
            if progress:
                progress(counts.total())
        acted = self._connections.acting.work()
        counts["actions"], counts["action_failures"] = acted.done, acted.dead + acted.put_off
        self._rules.quarantine.save(self._store, now)
        done_before = counts.total()
        sealed = self._sealing.seal(
            late=False, progress=lambda rows: progress(done_before + rows) if progress else None
        )
        counts["sealed"] = sealed.transactions
        return TickReport(expired=dict(expired), **counts)

    def _take_in(self, now: datetime, counts: Counter[str]) -> None:
        """Books what shops have sent, and forgets what ended long ago."""
        if not self._rules.connectors:
            return
        report = self._connections.inbox.work()
        counts["messages"] += report.done + report.ignored
        counts["dead_messages"] += report.dead
        counts["polled"] += self._connections.walking.poll()
        self._connections.drop_old(now)

    # -- points -------------------------------------------------------------------------------

    def _move_points(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        due = uow.due_members(now, LOTS_A_CHUNK)
        return move_points(uow, self._rules, due, now, LOTS_A_CHUNK) if due else None

    def _expire_grants(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """Tells of grants whose last day has passed; they could not be used since."""
        due = uow.due_grants(now, LOTS_A_CHUNK)
        if not due:
            return None
        uow.lock_members({MemberId(one.member_id) for one in due})
        books, expired = Books(uow, self._rules, now), 0
        for grant in uow.grants(one.id for one in due).values():
            if grant.state is GrantState.ISSUED and grant.at(now) is GrantState.EXPIRED:
                grant.state, expired = GrantState.EXPIRED, expired + 1
                keep(books, grant, "grant_expired")
        books.flush()
        return Done(Counter(expired_grants=expired))

    # -- facts --------------------------------------------------------------------------------

    def _retry(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        due = uow.facts_to_retry(now, FACTS_A_CHUNK)
        retried = self._recorder.redecide_in(uow, due, None, now) if due else 0
        return Done(Counter(retried_facts=retried)) if retried else None

    def _adopt(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """Books facts that began to wait while their person was just joining."""
        adopted = 0
        for owner, facts in uow.adopt_waiting(now, FACTS_A_CHUNK).items():
            adopted += self._recorder.redecide_in(uow, facts, owner, now)
        return Done(Counter(retried_facts=adopted)) if adopted else None

    def _lapse(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        lapsed = uow.lapse_waiting(now, FACTS_A_CHUNK)
        return Done(Counter(lapsed_facts=lapsed)) if lapsed else None

    # -- tiers --------------------------------------------------------------------------------

    def _tell_standings(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """Tells of tiers that time alone has changed, or the configuration."""
        version, schemes = self._rules.config.version, self._rules.schemes
        due = uow.due_standings(now, version, FACTS_A_CHUNK) if schemes else []
        if not due:
            return None
        books = Books(uow, self._rules, now)
        tell_standings(books, uow.lock_members(due).values())
        told = len(books.changes.standings)
        books.flush()
        return Done(Counter(standings=told)) if told else None

    # -- segments -----------------------------------------------------------------------------

    def _count_segments(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        """Counts who is in which segment: by whoever comes first on a day."""
        if self._rules.config.segments or uow.were_counted():
            self._segmenting.count(uow, now=now)
        return None

    def _change_segments(self, uow: UnitOfWork, *, now: datetime) -> Done | None:
        changed = len(self._segmenting.carry_out(uow, now=now))
        return Done(Counter(segments=changed)) if changed else None

    # -- rewards ------------------------------------------------------------------------------

    def _fulfil(self, counts: Counter[str]) -> bool:
        """Hands over what could not be before: leased, called outside any transaction, settled."""
        if self._store.joined:  # the host may still roll back what the reward is paid with
            return False
        due = self._store.write(lambda uow: self._redeeming.take_due(uow, FACTS_A_CHUNK))
        for receipt in due:
            with contextlib.suppress(RedemptionRefused, MemberErased):  # its points are free
                self._redeeming.fulfil(receipt)
            counts["retried_redemptions"] += 1
        return bool(due)

    # -- events -------------------------------------------------------------------------------

    def _deliver(self, now: datetime, counts: Counter[str], away: set[str]) -> bool:
        """Delivers a chunk: leased in one transaction, called outside any, marked in another.

        A subscription whose handler does not come back is ``away`` for the rest of the tick.
        """
        handlers, plugins = self._handlers(), self._rules.quarantine
        if self._store.joined or not handlers:  # what a host may still roll back is told to nobody
            return False
        without = sorted({*plugins.held_of("handle", handlers), *away})
        due = self._store.write(lambda uow: uow.due_deliveries(now, DELIVERIES_A_CHUNK, without))
        for event, subscription, attempts in due:
            error, retry_at = "", None
            owned = handlers.get(subscription)
            if subscription in away:
                continue  # it is due again once its lease is over
            try:
                if owned is None:
                    raise LookupError(f"nobody is subscribed as {subscription!r} any more")
                self._record(self._handled(owned, event))
            except Exception as raised:
                logger.exception("delivery of %s to %s failed", event.id, subscription)
                error = said(raised)
                retry_at = _again(raised, attempts, now)
                if isinstance(raised, PluginFailed):  # it did not come back, or is called no more
                    away.add(subscription)
            self._store.write(_marking(event.id, subscription, error, retry_at))
            counts["delivery_failures" if error else "delivered"] += 1
        plugins.save(self._store, now)
        return bool(due)

    def _record(self, facts: Sequence[Any]) -> None:
        """Records what came of an event; raises the first error, for the delivery to fail."""
        for receipt in self._recorder.record(facts) if facts else ():
            if receipt.error is not None:
                raise receipt.error

    def _handlers(self) -> dict[str, Owned[Subscription]]:
        return {
            owned.item.id: owned
            for subscribed in self._rules.subscriptions.values()
            for owned in subscribed
        }

    def _handled(self, owned: Owned[Subscription], event: Event) -> Sequence[Any]:
        """What comes of an event: told how its member is known if the subscription asks for it."""
        note = self._connections.acting.handlers().get(owned.item.id)
        if note is not None:  # a connector's: the core notes what is to be done
            note(event)
            return ()
        if owned.item.with_identities:
            people = self._store.read(lambda reader: found_members(reader, [event.member_id]))
            known = people.get(event.member_id)
            event = replace(event, identities=known[1] if known else ())

        def handle() -> Sequence[Any]:
            found = owned.item.handler(event)
            return list(found) if found else ()

        return self._rules.quarantine.waiting(owned.plugin, "handle", owned.item.id, handle)


def _marking(
    event_id: str, subscription: str, error: str, retry_at: datetime | None
) -> Callable[[UnitOfWork], None]:
    def mark(uow: UnitOfWork) -> None:
        if error:
            uow.failed(event_id, subscription, error, retry_at)
        else:
            uow.delivered(event_id, subscription)

    return mark


def said(error: Exception) -> str:
    """What an error says, as every database can keep it; whatever it is, it says its class."""
    text = type(error).__name__
    with contextlib.suppress(Exception):  # a plugin's error may fail to say what it is
        text = f"{text}: {error}"
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _again(error: Exception, attempts: int, now: datetime) -> datetime | None:
    """When it is tried again, None for never: who is away is asked for as long as that lasts."""
    if isinstance(error, PlatformUnavailable):
        asked = min(timedelta(seconds=error.retry_after or 0), LONGEST_PAUSE)
        return now + max(asked, _pause(attempts))
    return now + _pause(attempts) if attempts + 1 < MOST_ATTEMPTS else None


def _pause(attempts: int) -> timedelta:
    """Exponential backoff with full jitter, bounded."""
    longest: timedelta = min(FIRST_PAUSE * 2 ** min(attempts, 16), LONGEST_PAUSE)
    percent = random.randint(50, 100)  # noqa: S311 - jitter, not a secret
    return longest * percent // 100
