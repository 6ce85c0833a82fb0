"""What becomes of connectors in front of the doubles that their authors give."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from loyalty_core.errors import LoyaltyError
from loyalty_core.loyalty import Loyalty
from loyalty_core.ports.connectors import ActsOnShop, ListsChanges, ReceivesWebhooks
from loyalty_core.testing.acting import OpeningShop, check_actions, check_shown, redeem
from loyalty_core.testing.conformance import (
    PlatformGoingOn,
    PlatformUnderTest,
    check_deliveries,
    check_meanwhile,
    check_signatures,
    deliver,
)
from loyalty_core.testing.double import Answer, Asked, PlatformDouble
from loyalty_core.testing.quality import plays
from loyalty_core.testing.quality.modules import importable
from loyalty_core.testing.quality.playing import words
from loyalty_core.testing.quality.rules import Idle, Unchecked
from loyalty_core.testing.quality.subject import Subject
from loyalty_core.testing.shops import ShopOrder, shop_history
from loyalty_core.testing.stand import ConnectorStand

HISTORIES = 2
"""How many histories are made up for each connector."""
REFUSALS = (400, 401, 403, 429, 500)
"""What a platform may answer that says no, and may repeat what it was asked."""


def connectors(subject: Subject) -> dict[str, Any]:
    """The connectors that the plugin registers, by id; raises ``Idle`` if there are none."""
    found = plays.played(subject).notes.connectors
    if not found:
        raise Idle("it registers no connector")
    return found


def stands(subject: Subject) -> Sequence[ConnectorStand]:
    """The stands that its tests give; raises ``Unchecked`` where the tests are not there."""
    given = subject.stands
    return subject.once("stands", lambda: _given(subject)) if given is None else given


def needs(subject: Subject, kind: type) -> dict[str, bool]:
    """What a stand of this class of connectors has to give, by the name of the field."""
    mine = [one for one in connectors(subject).values() if isinstance(one, kind)]
    acting = [one.wants for one in mine if isinstance(one, ActsOnShop)]
    receives = any(isinstance(one, ReceivesWebhooks) for one in mine)
    return {
        "platform": receives or any(isinstance(one, ListsChanges) for one in mine),
        "signature": receives,
        "rewards": any(wants.rewards for wants in acting),
        "shown": any(wants.members or wants.events for wants in acting),
    }


# -- the plays --------------------------------------------------------------------------------


def delivered(subject: Subject) -> Iterator[str]:
    """Where deliveries of a history lead to other books than it does, plain."""
    for stand in _with(subject, "platform"):
        for seed in range(HISTORIES):
            yield from _faults(subject, stand, f"history {seed}", partial(_deliver, stand, seed))


def signed(subject: Subject) -> Iterator[str]:
    """Where a webhook is taken in that was spoilt."""
    for stand in _with(subject, "signature"):
        yield from _faults(subject, stand, "webhooks", partial(_sign, stand))


def acted(subject: Subject) -> Iterator[str]:
    """Where a code is not made once, or one of the shop's own is touched."""
    for stand in _with(subject, "rewards"):
        for name, opening in stand.rewards.items():
            yield from _faults(subject, stand, name, partial(check_actions, opening, name))


def shown(subject: Subject) -> Iterator[str]:
    """Where something is not shown or told once."""
    for stand in _with(subject, "shown"):
        if stand.shown is not None:
            yield from _faults(subject, stand, "shown", partial(check_shown, stand.shown))


def kept_secret(subject: Subject) -> Iterator[str]:
    """Where a secret is logged or told, in all of these plays and when a platform says no."""
    for play in (delivered, signed, acted, shown):
        with suppress(Idle):
            list(play(subject))  # what is wrong with them, other rules say
    for stand in _all(subject):
        for what, refusal in _refusals(subject, stand):
            yield from _faults(subject, stand, what, refusal)
        for name, value in stand.environment.items():
            told = (line for said in _heard(subject) for line in said.splitlines() if value in line)
            for line in told:
                shown_line = line.replace(value, f"<{name}>").strip()
                yield f"{stand.kind.__name__}: the value of {name} is told: {shown_line[:200]}"
                break


def _deliver(stand: ConnectorStand, seed: int) -> None:
    random, history = _history(stand, seed)
    with _platform(stand) as (opening, platform):
        check_deliveries(opening, platform, history, random)
    with _platform(stand) as (opening, platform):
        if isinstance(platform, PlatformGoingOn):
            check_meanwhile(opening, platform, history, random)


def _sign(stand: ConnectorStand) -> None:
    with _platform(stand) as (opening, platform):
        _, history = _history(stand, 0)
        platform.hold(history)
        sent = platform.webhooks(history)[0]
        with opening() as loyalty:
            check_signatures(loyalty, platform.connector, sent, stand.signature)


def _history(stand: ConnectorStand, seed: int) -> tuple[Random, Sequence[ShopOrder]]:
    random = Random(seed)  # noqa: S311 - a history, not a secret
    return random, shop_history(random, stand.starts)


def _refusals(subject: Subject, stand: ConnectorStand) -> Iterator[tuple[str, Callable[[], None]]]:
    """The plays in which the platform says no to everything, in all words, each for itself."""
    acting: dict[str, tuple[OpeningShop, str]] = {
        name: (opening, name) for name, opening in stand.rewards.items()
    }
    if stand.shown is not None:
        acting["shown"] = stand.shown, ""
    for status in REFUSALS:
        if stand.platform is not None:
            yield f"answers of {status}", partial(_refuse, subject, stand, status)
        for name, (opening, reward) in acting.items():
            play = partial(_refuse_actions, subject, opening, reward, status)
            yield f"{name} and answers of {status}", play


def _refuse(subject: Subject, stand: ConnectorStand, status: int) -> None:
    with _platform(stand) as (opening, platform), opening() as loyalty:
        _, history = _history(stand, 1)
        platform.hold(history)
        name, sent = platform.connector, platform.webhooks(history)
        with _refusing(getattr(platform, "double", None), status):
            _hear(subject, *(partial(deliver, loyalty, name, [one]) for one in sent))
            _hear(subject, *_asking(loyalty, name))
        _hear(subject, *_asking(loyalty, name))


def _refuse_actions(subject: Subject, opening: OpeningShop, reward: str, status: int) -> None:
    for only_writes in (True, False):
        with opening() as shop:
            if reward:
                redeem(shop, reward)
            refused = shop.writes if only_writes else _whatever
            with _refusing(shop.double, status, refused):
                _hear(subject, shop.loyalty.tick, *_asking(shop.loyalty, shop.connector))


def _whatever(_: Asked) -> bool:
    return True


@contextmanager
def _refusing(
    double: object, status: int, refused: Callable[[Asked], bool] = _whatever
) -> Iterator[None]:
    """What is asked meanwhile is answered with this status, and with what was asked."""
    if not isinstance(double, PlatformDouble):
        yield
        return
    usual = double.answer

    def answer(asked: Asked) -> Answer:
        if not refused(asked):
            return usual(asked)
        return Answer(status=status, body=repr(asked).encode())

    with mock.patch.object(double, "answer", answer):
        yield


def _asking(loyalty: Loyalty, name: str) -> Sequence[Callable[[], object]]:
    """The questions how a connector stands."""
    asks = loyalty.connector_health, loyalty.reconcile, loyalty.connector_status
    return [partial(ask, name) for ask in asks]


def _hear(subject: Subject, *asks: Callable[[], object]) -> None:
    """Asks each for itself, and keeps what it says."""
    for ask in asks:
        try:
            _heard(subject).setdefault(repr(ask()))
        except Exception as error:  # noqa: BLE001 - what it says is what is looked at
            _heard(subject).setdefault(_whole(error))


def _whole(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


# -- how it is tried --------------------------------------------------------------------------


def _with(subject: Subject, what: str) -> list[ConnectorStand]:
    """The stands that have to give something, and do; raises ``Idle`` if none has to."""
    found = _all(subject)
    given = [stand for stand in found if getattr(stand, what)]
    if not given and not any(needs(subject, stand.kind)[what] for stand in found):
        raise Idle("it registers no connector that does this")
    return given


def _all(subject: Subject) -> Sequence[ConnectorStand]:
    connectors(subject)
    found = stands(subject)
    if not found:
        raise Unchecked("its tests give no stand")
    return found


def _heard(subject: Subject) -> dict[str, None]:
    """What was logged and told, each once, in the order of time."""
    return subject.once("heard", dict)


@contextmanager
def _platform(stand: ConnectorStand) -> Iterator[tuple[Any, PlatformUnderTest]]:
    assert stand.platform is not None
    with stand.platform() as opened:
        yield opened


def _faults(
    subject: Subject, stand: ConnectorStand, what: str, play: Callable[[], None]
) -> Iterator[str]:
    """What is wrong with a play, once; what is logged meanwhile is kept, and printed nowhere."""
    key = ("play", stand.kind.__name__, what)
    fault = subject.once(key, lambda: _fault(_heard(subject), stand, play))
    if fault:
        yield f"{stand.kind.__name__}, {what}: {fault}"


def _fault(heard: dict[str, None], stand: ConnectorStand, play: Callable[[], None]) -> str:
    with mock.patch.dict(os.environ, stand.environment), _listening(heard):
        try:
            play()
        except Exception as error:  # noqa: BLE001 - whatever a connector does is a fault of it
            heard.setdefault(_whole(error))
            return words(error)
    return ""


class _Keeping(logging.Handler):
    def __init__(self, heard: dict[str, None]) -> None:
        super().__init__()
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.setdefault(logging.Formatter().format(record))


@contextmanager
def _listening(heard: dict[str, None]) -> Iterator[None]:
    """Everything that anybody logs meanwhile, whatever its level."""
    root, keeping = logging.getLogger(), _Keeping(heard)
    level, handlers = root.level, list(root.handlers)
    root.handlers[:] = [keeping]
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


# -- where stands come from -------------------------------------------------------------------


def _given(subject: Subject) -> Sequence[ConnectorStand]:
    """The stands that a class of its tests names which derives from ``PluginSuite``."""
    if subject.folder is None:
        raise Unchecked("its tests are not there")
    found: dict[type, ConnectorStand] = {}
    for path in sorted((subject.folder / "tests").glob("test_*.py")):
        if "stands" not in path.read_text(encoding="utf-8"):
            continue
        for suite in vars(_imported(subject.folder, path)).values():
            if getattr(suite, "plugin", None) is subject.plugin:
                found |= {stand.kind: stand for stand in getattr(suite, "stands", ())}
    return tuple(found.values())


def _imported(folder: Path, path: Path) -> Any:
    """A module of its tests, which may import what lies beside it, or from above."""
    name = f"loyalty_quality_{path.parent.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    above = [one for one in folder.parents if (one / "pyproject.toml").is_file()]
    before, there = list(sys.path), set(sys.modules)
    sys.path[:0] = [str(one) for one in (path.parent, folder, *above)]
    try:
        with importable(module):
            spec.loader.exec_module(module)
    except (ImportError, LoyaltyError) as error:
        raise Unchecked(f"{path.name} cannot be imported: {error}") from error
    finally:
        sys.path[:] = before
        for other in set(sys.modules) - there:  # another plugin's may have the same name
            file = getattr(sys.modules[other], "__file__", None)
            if file is not None and Path(file).is_relative_to(path.parent):
                del sys.modules[other]
    return module
