"""Calls into plugins: each is timed, and what fails or is slow all the while is called no more.

What must be pure (``decide``, ``offer``, ``show``, ...) is judged by the time of the processor that
its thread has used, so that a busy machine makes nobody slow. What asks others (handlers,
connectors) is waited for, and for so long only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Lock, Thread
from typing import Any, Literal, NamedTuple, TypeVar

from loyalty_core.domain.facts import FactId
from loyalty_core.errors import PluginFailed, StoreError
from loyalty_core.ports.program import Owned
from loyalty_core.ports.quarantine import Quarantined, QuarantineRecord
from loyalty_core.ports.records import FactRecord
from loyalty_core.ports.store import Store, UnitOfWork

MOST_FAILURES = 10
"""How many facts in a row a plugin may fail on, or how often in a row a call of it may be slow."""
SLOW_MS = 1000
"""How much processor time a call that must be pure may take."""
WAIT_MS = 60_000
"""For how long any call is waited for."""
PAGE_MS = 600_000
"""For how long a page of a walk is waited for: some platforms are asked for each order of it."""
LONGEST_REASON = 240
_MILLISECOND = 1_000_000
T = TypeVar("T")
logger = logging.getLogger("loyalty_core")

CallName = Literal[
    "decide",
    "follow",
    "benefits",
    "standing",
    "suggest",
    "show",
    "scores",
    "merge_states",
    "offer",
    "fulfil",
    "handle",
    "verify",
    "signed_in",
    "translate",
    "changed_since",
    "act",
    "health",
]
"""What plugins are called for, by the name of the method."""
ALWAYS = frozenset({"merge_states", "verify", "signed_in", "health"})
"""What is told where it is slow, and called all the same: there is nothing to do in its place."""


class Call(NamedTuple):
    """What a plugin is called for, and ``of`` which reward, subscription or connector of it."""

    plugin: str
    name: str
    of: str = ""

    @property
    def held(self) -> Call:
        """What is called no more where this is: who cannot follow facts does not decide either."""
        return self._replace(name="decide") if self.name == "follow" else self

    def __str__(self) -> str:
        """In words that follow what the plugin did."""
        return f"{self.name} {self.of}".rstrip()


class _Left(NamedTuple):
    """A thread that was left behind with a call, and when that was counted last."""

    thread: Thread
    counted_ns: int


@dataclass(slots=True)
class Quarantine:
    """What plugins are not called for now, as far as this process knows; and times all calls.

    The database says it; where nothing is held, and nothing fails, it is not asked. ``versions``
    are those of the plugins that are on: another version of a plugin is called again. ``slow_ms``,
    ``wait_ms`` and ``page_ms`` are how long calls may take, by the clocks ``processor_ns`` of the
    thread, and ``clock_ns``, which goes on whoever works.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    held: frozenset[Call] = frozenset()
    slow_ms: int = SLOW_MS
    wait_ms: int = WAIT_MS
    page_ms: int = PAGE_MS
    processor_ns: Callable[[], int] = time.thread_time_ns
    clock_ns: Callable[[], int] = time.monotonic_ns
    _slow: dict[Call, int] = field(default_factory=dict)
    _said: dict[Call, str] = field(default_factory=dict)
    _unsaved: set[Call] = field(default_factory=set)
    _left: dict[Call, _Left] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    # -- calling ------------------------------------------------------------------------------

    def holds(self, plugin: str, name: CallName, of: str = "") -> bool:
        """Whether a plugin is not called for this now."""
        return bool(self.held) and Call(plugin, name, of) in self.held

    def held_of(self, name: CallName, owned: Mapping[str, Owned[Any]]) -> list[str]:
        """Those of what plugins registered, by id, that are not called for this now."""
        return [of for of, one in owned.items() if self.holds(one.plugin, name, of)]

    def asking(self, plugin: str, name: CallName, of: str = "", *, fact: str = "") -> _Asking:
        """A block in which a plugin is called, timed; about the ``fact`` with this id, if any.

        Raises ``PluginFailed`` on entering where it is not to be called.
        """
        return _Asking(self, Call(plugin, name, of), fact)

    def waiting(self, plugin: str, name: CallName, of: str, ask: Callable[[], T]) -> T:
        """What a plugin answers that may ask others meanwhile, in a thread of its own.

        One that does not come back in time is left behind, not stopped: what it still does is
        lost to whoever called it, and until it is back the call is refused. Raises
        ``PluginFailed`` for that, and what the plugin raises.
        """
        call, limit = Call(plugin, name, of), self._longest(name)
        self._refuse_beside(call, limit)
        with self.asking(plugin, name, of):
            thread, answers = _beside(ask, limit, f"loyalty {call}")
            if not answers:
                self._left[call] = _Left(thread, self.clock_ns())
                message = f"plugin {plugin!r} did not come back from {call} in {limit:,} ms"
                raise PluginFailed(message, where=plugin)
        return _opened(answers[0])

    def _refuse_beside(self, call: Call, limit: int) -> None:
        """Raises ``PluginFailed`` while this call was left behind; each time as long is counted."""
        left = self._left.get(call)
        if left is None or call.held in self.held:
            return
        if not left.thread.is_alive():
            self._left.pop(call, None)
            return
        gone = self.clock_ns() - left.counted_ns
        if gone >= limit * _MILLISECOND:
            self._left[call] = left._replace(counted_ns=self.clock_ns())
            self.took(call, "", 0, gone)
        message = f"plugin {call.plugin!r} is not back yet from {call}"
        raise PluginFailed(message, where=call.plugin)

    def failed(self, plugin: str, reason: str) -> None:
        """Remembers why a plugin failed last to decide; says nothing of anybody."""
        self._said[Call(plugin, "decide")] = reason[:LONGEST_REASON]

    def took(self, call: Call, fact: str, processor_ns: int, clock_ns: int) -> None:
        """Counts calls in a row that were slow; the last one took so many nanoseconds."""
        longest = self._longest(call.name)
        if clock_ns >= longest * _MILLISECOND:
            reason = f"took more than {longest:,} ms to {call}"
        elif processor_ns >= self.slow_ms * _MILLISECOND:
            reason = f"took more than {self.slow_ms:,} ms of processor time to {call}"
        else:
            if call in self._slow:
                with self._lock:
                    if self._slow.pop(call, 0):
                        self._unsaved.add(call)
            return
        extra, about = {"plugin": call.plugin}, f" fact {fact}" if fact else ""
        logger.warning("plugin %s %s%s", call.plugin, reason, about, extra=extra)
        if call.name in ALWAYS:
            return
        with self._lock:
            times = self._slow[call] = self._slow.get(call, 0) + 1
            self._said[call] = self._said[call.held] = reason
            self._unsaved.add(call)
            held = times >= MOST_FAILURES and call.held not in self.held
            if held:  # nobody waits for it from now on
                self.held |= {call.held}
        if held:
            _tell_held(call.held, reason)

    def _longest(self, name: str) -> int:
        return self.page_ms if name == "changed_since" else self.wait_ms

    # -- what the database says ---------------------------------------------------------------

    def enter(self, uow: UnitOfWork, now: datetime) -> None:
        """Begins with what the database says; lifts what was of another version."""
        for call, record in uow.quarantined().items():
            if record.version == self.versions.get(record.plugin, record.version):
                continue
            if record.since is None:
                uow.forgive(*call)
            else:
                uow.lift(record.plugin, now)
        self.know(uow.quarantined())

    def look(self, uow: UnitOfWork) -> None:
        """Notices what was lifted elsewhere."""
        if self.held:
            self.know(uow.quarantined())

    def know(self, records: Quarantined) -> None:
        """Takes what the database says for what is so, but for what it was not told yet."""
        with self._lock:
            self._know(records)

    def note(self, uow: UnitOfWork, decided: Iterable[FactRecord], now: datetime) -> None:
        """Holds plugins that failed on each of the latest facts, these included."""
        records = {record.id: record.deferred for record in decided if record.decided}
        failed = {
            plugin
            for deferred in records.values()
            for plugin in deferred
            if not self.holds(plugin, "decide")
        }
        if not failed:
            return
        latest = _latest(records, uow)
        known = uow.quarantined()
        every = failed.intersection(*latest) if len(latest) == MOST_FAILURES else ()
        for call in (Call(plugin, "decide") for plugin in sorted(every)):
            if call not in known or known[call].since is None:
                record = self._record(call, MOST_FAILURES, now)
                uow.quarantine(record)
                _tell_held(call, record.reason)
        self.know(uow.quarantined())

    def save(self, store: Store, now: datetime) -> None:
        """Writes down what was slow since, for every process to know and to go on counting.

        What cannot be written now, or only with a host's transaction, is written another time.
        """
        if not self._unsaved or store.joined:
            return
        with self._lock:
            counts = {call: self._slow.get(call, 0) for call in self._unsaved}
        try:
            known = store.write(partial(self._write, counts, now=now))
        except StoreError:
            return
        with self._lock:  # what was counted meanwhile is written next time
            self._unsaved -= {
                call for call, times in counts.items() if times == self._slow.get(call, 0)
            }
            self._know(known)

    def release(self, plugin: str) -> None:
        """Calls a plugin again for everything, as the database does."""
        with self._lock:
            self.held = frozenset(call for call in self.held if call.plugin != plugin)
            self._slow = {call: one for call, one in self._slow.items() if call.plugin != plugin}
            self._unsaved = {call for call in self._unsaved if call.plugin != plugin}
            self._left = {call: one for call, one in self._left.items() if call.plugin != plugin}

    def _know(self, records: Quarantined) -> None:
        own = {call: self._slow[call] for call in self._unsaved if call in self._slow}
        held = {call.held for call, times in own.items() if times >= MOST_FAILURES}
        self.held = frozenset({Call(*key) for key, one in records.items() if one.since} | held)
        counted = {Call(*key): one.times for key, one in records.items() if one.since is None}
        quick = self._unsaved - own.keys()
        self._slow = {call: one for call, one in counted.items() if call not in quick} | own

    def _write(self, counts: Mapping[Call, int], uow: UnitOfWork, *, now: datetime) -> Quarantined:
        """Writes counts down, or that a call is held; what the database says then."""
        known = uow.quarantined()
        for call, times in counts.items():
            held = known.get(call.held)
            if held is not None and held.since is not None:
                continue
            if times >= MOST_FAILURES:
                uow.quarantine(self._record(call.held, times, now))
            elif times:
                uow.quarantine(self._record(call, times, None))
            elif call in known:
                uow.forgive(*call)
        return uow.quarantined()

    def _record(self, call: Call, times: int, since: datetime | None) -> QuarantineRecord:
        version = self.versions.get(call.plugin, "")
        reason = self._said.get(call, "failed")
        return QuarantineRecord(*call, version, times, reason, since)


def _tell_held(call: Call, reason: str) -> None:
    logger.error(
        "plugin %s is in quarantine, and not called to %s any more: %s times in a row it %s. "
        "Once it is mended: loyalty plugins lift %s",
        call.plugin,
        call,
        MOST_FAILURES,
        reason,
        call.plugin,
        extra={"plugin": call.plugin},
    )


class _Asking:
    """A block in which a plugin is called; no generator, for facts are many."""

    __slots__ = ("_call", "_clock", "_fact", "_processor", "_quarantine")

    def __init__(self, quarantine: Quarantine, call: Call, fact: str) -> None:
        self._quarantine, self._call, self._fact = quarantine, call, fact

    def __enter__(self) -> None:
        quarantine, call = self._quarantine, self._call
        if quarantine.held and call.held in quarantine.held:
            raise PluginFailed(
                f"plugin {call.plugin!r} is in quarantine, and not called to {call}",
                where=call.plugin,
                remedy=f"Once it is mended: loyalty plugins lift {call.plugin}",
            )
        self._processor, self._clock = quarantine.processor_ns(), quarantine.clock_ns()

    def __exit__(self, *_: object) -> None:
        quarantine = self._quarantine
        clock = quarantine.clock_ns() - self._clock
        processor = quarantine.processor_ns() - self._processor
        quarantine.took(self._call, self._fact, processor, clock)


def _beside(
    ask: Callable[[], T], wait_ms: int, name: str
) -> tuple[Thread, list[tuple[T] | BaseException]]:
    """The thread that asks, and in a list its answer or what it raised, if it is back in time.

    The thread keeps no process from ending. It sees the same context variables.
    """
    answers: list[tuple[T] | BaseException] = []

    def run() -> None:
        try:
            answers.append((ask(),))
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits
            answers.append(error)

    thread = Thread(target=copy_context().run, args=(run,), name=name, daemon=True)
    thread.start()
    thread.join(timedelta(milliseconds=wait_ms).total_seconds())
    return thread, list(answers)


def _opened(answer: tuple[T] | BaseException) -> T:
    if isinstance(answer, BaseException):
        raise answer
    return answer[0]


def _latest(records: Mapping[FactId, tuple[str, ...]], uow: UnitOfWork) -> list[tuple[str, ...]]:
    """The plugins that failed on each of the facts that came last, as they are now."""
    found = {**dict(uow.latest_decided(MOST_FAILURES)), **records}
    return [found[one] for one in sorted(found, reverse=True)[:MOST_FAILURES]]
