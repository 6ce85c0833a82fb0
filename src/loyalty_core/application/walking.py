"""Walks through what is in a shop: compared with the books, and the difference booked.

A walk goes page by page, and where it is stands in the database: it can stop anywhere and go on
there. Its inputs take the road of those that webhooks come to, so what was lost is found, and what
was not is found booked.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, cast

from loyalty_core.application.forms import written
from loyalty_core.application.inbox import Inbox, dead_message, pause
from loyalty_core.application.inputs import Booked, Inputs
from loyalty_core.application.rules import Rules
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.connections import Drift, WalkReport
from loyalty_core.domain.connectors import Input, Page, Unreadable
from loyalty_core.domain.facts import Activity, FactKey, Json, Order, OrderRefund, key_of
from loyalty_core.errors import (
    ConnectorError,
    ConnectorUnknown,
    FactError,
    LoyaltyError,
    PlatformUnavailable,
    StoreError,
)
from loyalty_core.ports.connectors import ConnectorState, ListsChanges
from loyalty_core.ports.store import Reader, Store, UnitOfWork

logger = logging.getLogger("loyalty_core")

MOST_DRIFT = 100
"""How many of the differences a report lists."""
COUNTED = ("pages", "inputs", "agreed", "missing", "different", "refused")
PAGES_A_POLL = 20
MOST_WAITS = 10
"""How often in a row a walk waits for a shop before it stops."""

Wait = Callable[[int], None]
"""Waits so many seconds."""
Watch = Callable[[int, int | None], None]
"""Is told how many inputs are done, and of how many if the shop says so."""


class Walking:
    """The walks of one program under its current rules."""

    def __init__(
        self, store: Store, rules: Rules, inbox: Inbox, inputs: Inputs, clock: Clock
    ) -> None:
        self._store = store
        self._rules = rules
        self._inbox = inbox
        self._inputs = inputs
        self._clock = clock

    def walk(
        self,
        name: str,
        *,
        whole: bool = False,
        again: bool = False,
        pages: int | None = None,
        wait: Wait | None = None,
        watch: Watch | None = None,
    ) -> WalkReport:
        """What the walk found; at most ``pages`` of it.

        Raises ``ConnectorUnknown``, and ``PlatformUnavailable`` unless ``wait`` can wait for it.
        """
        connector = self._lister(name)
        self._inbox.work()  # what was sent and not taken in yet is no drift
        state = self._store.write(partial(self._begin, name, whole=whole, again=again))
        if state is None:
            return WalkReport(connector=name, whole=True, finished=True)
        report = WalkReport(connector=name, whole=state.whole, finished=False)
        cursor = state.cursor
        while not report.finished and (pages is None or report.pages < pages):
            page = self._page(name, partial(connector.changed_since, cursor), wait)
            if page.more and page.cursor == cursor:
                message = f"{name!r} does not come further than {cursor[:60]!r}"
                raise ConnectorError(message, where=name, remedy="Report it to its authors.")
            keys = [key for key in map(fact_key, page.inputs) if key is not None]
            known = self._store.read(partial(_known, keys))
            booked = self._inputs.book(name, page.inputs)
            found = _found(report, page.inputs, booked, known)
            refused = [
                (one, done.error)
                for one, done in zip(page.inputs, booked, strict=True)
                if done.error is not None
            ]
            keep = partial(self._keep, cursor, page, found, refused)
            cursor, finished = self._store.write(keep)
            report = replace(_added(report, found), finished=finished)
            if watch is not None:
                watch(report.inputs, page.total)
        return report

    def poll(self, progress: Callable[[int], None] | None = None) -> int:
        """How many inputs were found in the shops that are to be looked at by now."""
        done = 0
        for name, owned in self._rules.connectors.items():
            if not isinstance(owned.item, ListsChanges) or owned.item.polled_every is None:
                continue
            if self._rules.quarantine.holds(owned.plugin, "changed_since", name):
                continue
            every = owned.item.polled_every
            if not self._store.write(partial(self._claim, name, every)):
                continue
            try:
                report = self.walk(name, pages=PAGES_A_POLL)
            except StoreError:
                raise
            except LoyaltyError as error:  # later: the walk goes on where it is
                logger.warning("%s was not compared: %s", name, error)
                continue
            except Exception:
                logger.exception("%s was not compared", name)
                continue
            done += report.inputs
            if not report.finished:
                self._store.write(partial(self._claim, name, timedelta(0), taken=True))
            if progress is not None:
                progress(done)
        return done

    # -- steps --------------------------------------------------------------------------------

    def _lister(self, name: str) -> ListsChanges:
        owned = self._rules.connectors.get(name)
        if owned is None or not isinstance(owned.item, ListsChanges):
            some = [
                one
                for one, it in self._rules.connectors.items()
                if isinstance(it.item, ListsChanges)
            ]
            known = f"Those that do: {', '.join(some) or 'none'}."
            raise ConnectorUnknown(f"{name[:60]!r} lists no changes", where=name, remedy=known)
        return owned.item

    def _begin(
        self, name: str, uow: UnitOfWork, *, whole: bool, again: bool
    ) -> ConnectorState | None:
        """Where the walk begins; None for a whole one that was done before."""
        state = uow.connector_state(name)
        if whole and not state.whole and state.backfilled_at is not None and not again:
            return None
        if again or (state.backfilled_at is None and not state.whole):
            state.cursor, state.whole, state.found = "", True, {}
            uow.save_connector(state)
        return state

    def _page(self, name: str, ask: Callable[[], Page], wait: Wait | None) -> Page:
        plugin = self._rules.connectors[name].plugin
        for tries in range(1, MOST_WAITS + 1):
            try:
                return self._rules.quarantine.waiting(plugin, "changed_since", name, ask)
            except PlatformUnavailable as error:
                if wait is None or tries == MOST_WAITS:
                    raise
                wait(max(pause(tries, error.retry_after) // timedelta(seconds=1), 1))
        raise AssertionError  # the last try returns or raises

    def _keep(
        self,
        cursor: str,
        page: Page,
        found: WalkReport,
        refused: Sequence[tuple[Input, LoyaltyError]],
        uow: UnitOfWork,
    ) -> tuple[str, bool]:
        """Where the walk is after a page, and whether that is its end; both are written.

        What was refused is a dead message, for somebody to see. If another call went on from
        ``cursor`` meanwhile, its place stands: this one goes on there, and what both found is
        counted.
        """
        state, now = uow.connector_state(found.connector), self._clock()
        for one, error in refused:
            uow.put_message(dead_message(found.connector, named(one), as_body(one), error, now))
        ours, so_far = state.cursor == cursor, last_walk(state)
        if so_far is None or (ours and so_far.finished):
            counted = replace(found, whole=state.whole)
        else:
            counted = _added(so_far, found)
        if ours:
            counted = replace(counted, finished=not page.more)
            state.cursor = page.cursor
        if ours and not page.more:
            state.walked_at = now
            if state.whole:
                state.whole, state.backfilled_at = False, now
        state.found = _document(counted)
        uow.save_connector(state)
        return state.cursor, counted.finished

    def _claim(self, name: str, every: timedelta, uow: UnitOfWork, *, taken: bool = False) -> bool:
        """Whether a shop is to be looked at now, and by us."""
        state, now = uow.connector_state(name), self._clock()
        due = state.next_poll_at is None or state.next_poll_at <= now
        if not (due or taken) or state.disabled_at is not None:
            return False
        state.next_poll_at = now + every
        uow.save_connector(state)
        return True


def _known(keys: Sequence[FactKey], reader: Reader) -> set[FactKey]:
    return reader.known_facts(keys)


def _found(
    walk: WalkReport, inputs: Sequence[Input], booked: Sequence[Booked], known: set[FactKey]
) -> WalkReport:
    """What one page of a walk came to, counted by what became of its inputs."""
    counts, drift = Counter[str](), []
    for one, done in zip(inputs, booked, strict=True):
        key = fact_key(one)
        if done.error is not None:
            kind = "refused"
        elif not done.changed:
            kind = "agreed"
        else:
            kind = "missing" if key is not None and key not in known else "different"
        counts[kind] += 1
        if kind == "refused" or (kind != "agreed" and not walk.whole):
            drift.append(Drift(what=named(one), kind=kind, detail=str(done.error or "")))
    return WalkReport(
        connector=walk.connector,
        whole=walk.whole,
        finished=False,
        pages=1,
        inputs=len(inputs),
        agreed=counts["agreed"],
        missing=counts["missing"],
        different=counts["different"],
        refused=counts["refused"],
        drift=tuple(drift[:MOST_DRIFT]),
    )


def _added(report: WalkReport, page: WalkReport) -> WalkReport:
    """A report with what another page came to."""
    counts = {name: getattr(report, name) + getattr(page, name) for name in COUNTED}
    return replace(report, drift=(*report.drift, *page.drift)[:MOST_DRIFT], **counts)


def _document(report: WalkReport) -> Mapping[str, Json]:
    """A report as it is kept, which ``last_walk`` reads."""
    document: dict[str, Json] = {name: getattr(report, name) for name in COUNTED}
    drift: list[Json] = [[one.what, one.kind] for one in report.drift]
    return document | {"whole": report.whole, "finished": report.finished, "drift": drift}


def last_walk(state: ConnectorState) -> WalkReport | None:
    """What the latest walk found so far; None before the first one."""
    if not state.found:
        return None
    given = cast(Mapping[str, Any], state.found)
    drift = tuple(Drift(what=what, kind=kind) for what, kind in given["drift"])
    return WalkReport(connector=state.connector, **{**given, "drift": drift})


def fact_key(one: Input) -> FactKey | None:
    """The key of an input that is a fact; None for others, and for a fact that cannot be read."""
    if isinstance(one, Order | OrderRefund | Activity):
        return key_of(one)
    if not isinstance(one, Mapping):
        return None
    kind, source = one.get("type"), one.get("source")
    name = one.get("order_id") if kind == "refund" else one.get("id")
    if not (isinstance(source, str) and isinstance(name, str) and isinstance(kind, str)):
        return None
    return FactKey(source, "order" if kind == "refund" else kind, name)


def as_body(one: Input) -> bytes:
    """An input as it is kept: a fact in its JSON form, so that it can be booked later.

    One that cannot be written so, as in a currency that nobody has, is kept as it can be shown.
    """
    if isinstance(one, Unreadable):
        return one.raw
    if isinstance(one, Order | OrderRefund | Activity):
        with contextlib.suppress(FactError):
            one = written(one)
    if isinstance(one, Mapping):
        return json.dumps(one, default=str).encode("utf-8", "surrogatepass")
    return repr(one).encode("utf-8", "surrogatepass")


def named(one: Input) -> str:
    """An input in a few words."""
    if isinstance(one, Unreadable):
        return one.what
    key = fact_key(one)
    return f"{key.type} {key.id} of {key.source}" if key is not None else type(one).__name__
