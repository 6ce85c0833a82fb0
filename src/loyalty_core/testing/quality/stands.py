"""What becomes of connectors in front of the doubles that their authors give."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from loyalty_core.errors import LoyaltyError
from loyalty_core.loyalty import Loyalty
from loyalty_core.ports.connectors import ActsOnShop, ListsChanges, ReceivesWebhooks
from loyalty_core.testing.acting import OpeningShop, check_actions, check_shown
from loyalty_core.testing.conformance import (
    PlatformGoingOn,
    PlatformUnderTest,
    check_deliveries,
    check_meanwhile,
    check_signatures,
    deliver,
)
from loyalty_core.testing.double import Answer, Fault, PlatformDouble
from loyalty_core.testing.quality import plays
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
    if subject.stands is None:
        subject.stands = subject.once("stands", lambda: _given(subject))
    return subject.stands


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
            list(play(subject))
    for stand in _all(subject):
        list(_faults(subject, stand, "refusals", partial(_refuse, subject, stand)))
        for name, value in stand.environment.items():
            for line in _heard(subject):
                if value in line:
                    shown_line = line.replace(value, f"<{name}>")
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


def _refuse(subject: Subject, stand: ConnectorStand) -> None:
    """Has the platform say no to everything, in all words, repeating what it was asked."""
    if stand.platform is not None:
        with _platform(stand) as (opening, platform), opening() as loyalty:
            _, history = _history(stand, 1)
            platform.hold(history)
            sent = platform.webhooks(history)
            double = getattr(platform, "double", None)
            for status in REFUSALS if isinstance(double, PlatformDouble) else ():
                _answers(double, status)
                deliver(loyalty, platform.connector, sent)
                _tell(subject, loyalty, platform.connector)
            _tell(subject, loyalty, platform.connector)
    for opens in _acting(stand):
        for status in REFUSALS:
            with opens() as shop:
                _answers(shop.double, status)
                shop.loyalty.tick()
                _tell(subject, shop.loyalty, shop.connector)


def _acting(stand: ConnectorStand) -> Iterable[OpeningShop]:
    return [*stand.rewards.values(), *([stand.shown] if stand.shown else [])]


def _answers(double: Any, status: int) -> None:
    """A dozen times from now on, each answer having in it what was asked last."""
    asked = double.asked[-1].headers if double.asked else {}
    answer = Answer(status=status, body=repr(asked).encode())
    double.faults.clear()
    double.faults.extend(Fault(kind="answer", answer=answer) for _ in range(12))


def _tell(subject: Subject, loyalty: Loyalty, name: str) -> None:
    """Asks how the connector stands, and keeps what is said."""
    said: list[Callable[[], object]] = [
        lambda: loyalty.connector_health(name),
        lambda: loyalty.reconcile(name),
        lambda: loyalty.connector_status(name),
    ]
    for ask in said:
        try:
            _heard(subject).append(repr(ask()))
        except Exception as error:  # noqa: BLE001 - what it says is what is looked at
            _heard(subject).append("".join(traceback.format_exception(error)))


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


def _heard(subject: Subject) -> list[str]:
    return subject.once("heard", list)


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


def _fault(heard: list[str], stand: ConnectorStand, play: Callable[[], None]) -> str:
    with mock.patch.dict(os.environ, stand.environment), _listening(heard):
        try:
            play()
        except Exception as error:  # noqa: BLE001 - whatever a connector does is a fault of it
            return words(error)
    return ""


class _Keeping(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.INFO)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        said = logging.Formatter().format(record)
        if said not in self._heard:
            self._heard.append(said)


@contextmanager
def _listening(heard: list[str]) -> Iterator[None]:
    """Everything that anybody logs meanwhile."""
    root, keeping = logging.getLogger(), _Keeping(heard)
    level, handlers = root.level, list(root.handlers)
    root.handlers[:] = [keeping]
    root.setLevel(logging.INFO)
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
    before, known = list(sys.path), set(sys.modules)
    sys.path[:0] = [str(one) for one in (path.parent, folder, *above)]
    try:
        spec.loader.exec_module(module)
    except (ImportError, LoyaltyError) as error:
        raise Unchecked(f"{path.name} cannot be imported: {error}") from error
    finally:
        sys.path[:] = before
        for other in set(sys.modules) - known:  # another plugin's may have the same name
            file = getattr(sys.modules[other], "__file__", None)
            if file is not None and Path(file).is_relative_to(path.parent):
                del sys.modules[other]
    return module
