"""A plugin that does what another one does, and notes whether that was pure."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from loyalty_core.application.activities import ActivityKind
from loyalty_core.domain.effects import Emit, KeepState
from loyalty_core.domain.events import Event
from loyalty_core.plugins.loader import Plugin
from loyalty_core.plugins.manifest import PluginManifest
from loyalty_core.ports.payments import Charge, Payment, PaymentState, Repayment
from loyalty_core.ports.program import Handler, Subscription
from loyalty_core.schema.own import OwnTables
from loyalty_core.testing.quality.guard import watched

PURE = (
    "decide",
    "follow",
    "suggest",
    "show",
    "scores",
    "merge_states",
    "benefits",
    "standing",
    "offer",
)
"""The methods of what plugins register that must be pure."""
_DECIDING = frozenset({"programs", "benefits", "rewards"})
_MARK = "loyalty_impl"
_HOOK = "loyalty_register_"


@dataclass(eq=False)
class Notes:
    """What was noticed of a plugin: sentences by kind, each once.

    ``calls`` counts those of pure methods and handlers, ``told`` are the types of its events,
    ``keeps`` says whether it keeps a state of anybody. ``ids`` are those of what it ``registered``,
    with the latest ``kinds`` of activity and ``tables``, and with all ``connectors`` and
    ``subscriptions`` by their ids.
    """

    asks: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    registering: list[str] = field(default_factory=list)
    raises: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    keeps: bool = False
    ids: list[str] = field(default_factory=list)
    registered: int = 0
    kinds: list[ActivityKind[object]] = field(default_factory=list)
    tables: list[OwnTables] = field(default_factory=list)
    connectors: dict[str, Any] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)

    def note(self, kind: str, sentence: str) -> None:
        """Keeps a sentence, once."""
        kept: list[str] = getattr(self, kind)
        if sentence not in kept:
            kept.append(sentence)


class Watching:
    """Stands in for a plugin: the same manifest, hooks and answers, each call looked at.

    Each pure method is called twice, the second time with copies of what it was given. ``notes``
    has what it asked of the outside, what it changed, and where the answers differ. Nobody
    outside is asked: connectors are left out, and payment providers answer that it is pending, or
    if it ``pays`` that most of it is paid.
    """

    pays = False

    def __init__(self, plugin: Plugin, notes: Notes) -> None:
        self.manifest: PluginManifest = plugin.manifest
        for name in dir(plugin):
            hook = getattr(plugin, name)
            if name.startswith(_HOOK) and getattr(hook, _MARK, None):
                kind = name.removeprefix(_HOOK)
                # on the instance, so that pluggy sees the parameters of the hook itself
                setattr(self, name, _registering(hook, kind, notes, self))


def _registering(
    hook: Callable[..., Any], kind: str, notes: Notes, owner: Watching
) -> Callable[..., Any]:
    @functools.wraps(hook)
    def register(*arguments: Any) -> list[Any]:
        with watched() as seen:
            found = list(hook(*arguments) or ())
        for one in seen:
            notes.note("registering", f"{_HOOK}{kind} asks {one}")
        notes.registered += len(found)
        for item in found:
            name = getattr(item, "id", None)
            if isinstance(name, str):
                notes.note("ids", name)
        if kind in _DECIDING:
            return [_watching(item, notes) for item in found]
        if kind == "handlers":
            notes.subscriptions |= {item.id: item for item in found}
            return [_twice(item, notes) for item in found]
        if kind == "payments":
            return [_Paying(item.id) if owner.pays else _Waiting(item.id) for item in found]
        if kind == "tables":
            notes.tables = found
        if kind == "activities":
            notes.kinds = found
        if kind == "connectors":
            notes.connectors |= {item.id: item for item in found}
            return []
        return found

    return register


def _watching(item: Any, notes: Notes) -> Any:
    """An object with the pure methods of ``item``, looked at, and all its other attributes."""
    kind = type(item)
    made: dict[str, Any] = {"__doc__": kind.__doc__, "__module__": kind.__module__}
    for name in dir(item):
        if name in PURE and callable(getattr(item, name)):
            made[name] = looked_at(getattr(item, name), f"{kind.__name__}.{name}", notes)
        elif not name.startswith("__"):
            made[name] = property(functools.partial(_attribute, item, name))
    return type(kind.__name__, (), made)()


def _attribute(item: Any, name: str, _: Any) -> Any:
    return getattr(item, name)


def looked_at(method: Callable[..., Any], name: str, notes: Notes) -> Any:
    """A function that calls another one twice, the second time with copies, and notes things."""

    def call(*given: Any, **named: Any) -> Any:
        arguments = given, named
        before, copied = copy.deepcopy(arguments), copy.deepcopy(arguments)
        with watched() as at_first:
            first = _answer(method, copied, notes, name)
        with watched() as again:
            second = _answer(method, arguments, notes, name)
        for one in dict.fromkeys([*again, *(one for one in at_first if not _loads(one))]):
            notes.note("asks", f"{name} asks {one}")
        if copied != before or arguments != before:
            notes.note("changes", f"{name} changes what it is given")
        if first != second:
            words = f"{_short(first)}, then {_short(second)}"
            notes.note("differs", f"{name} answers the same question with {words}")
        notes.calls[name] = notes.calls.get(name, 0) + 1
        effects = second if isinstance(second, list | tuple) else ()
        notes.told |= {one.type for one in effects if isinstance(one, Emit)}
        notes.keeps |= any(isinstance(one, KeepState) and bool(one.state) for one in effects)
        return second

    return staticmethod(call)


def _loads(asked: str) -> bool:
    """Whether this may be something that is loaded once and kept, such as a table of names."""
    return asked.startswith(("a file", "a folder"))


def _answer(
    method: Callable[..., Any],
    arguments: tuple[tuple[Any, ...], dict[str, Any]],
    notes: Notes,
    name: str,
) -> Any:
    """What the method answers, made a list of where it can be had once only."""
    given, named = arguments
    try:
        found = method(*given, **named)
        return list(found) if isinstance(found, Iterator) else found
    except Exception as error:
        notes.note("raises", f"{name} raises {type(error).__name__}: {error}")
        raise


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _twice(subscription: Subscription, notes: Notes) -> Subscription:
    handler: Handler = subscription.handler

    def handle(event: Event) -> Iterable[Any] | None:
        first, second = _facts(handler(event)), _facts(handler(event))
        notes.calls[subscription.id] = notes.calls.get(subscription.id, 0) + 1
        if first != second:
            notes.note(
                "handlers",
                f"{subscription.id} makes {_short(first)} of an event that comes first, "
                f"and {_short(second)} when it comes again",
            )
        return second

    return replace(subscription, handler=handle)


@dataclass(frozen=True)
class _Waiting:
    """A payment provider whose customers take their time."""

    id: str

    def charge(self, charge: Charge) -> Payment:
        return Payment(
            state=PaymentState.PENDING, source=self.id, reference=charge.key, at=charge.at
        )

    def refund(self, repayment: Repayment) -> None:
        return None


@dataclass(frozen=True)
class _Paying:
    """A payment provider whose customers pay, but for one charge in four; the same one each time.

    It goes by what the charge is for, not by its attempt: so a fee may be refused until the end.
    """

    id: str

    def charge(self, charge: Charge) -> Payment:
        paid = sha256(charge.line.id.encode()).digest()[0] % 4
        return Payment(
            state=PaymentState.PAID if paid else PaymentState.DECLINED,
            source=self.id,
            reference=charge.key if paid else "",
            at=charge.at,
            reason="" if paid else "declined",
        )

    def refund(self, repayment: Repayment) -> datetime:
        return repayment.at


def _facts(found: Iterable[Any] | None) -> list[Any]:
    return list(found or ())
