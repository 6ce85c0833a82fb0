"""Plays histories in programs with the plugin on, and says what the books came to."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from loyalty_core.domain.grants import GrantState
from loyalty_core.errors import ConfigError, LoyaltyError
from loyalty_core.loyalty import Loyalty
from loyalty_core.ports.records import FactStatus
from loyalty_core.testing.books import books_of
from loyalty_core.testing.clock import FrozenClock
from loyalty_core.testing.quality.copies import Copies, copies
from loyalty_core.testing.quality.declared import activities_of
from loyalty_core.testing.quality.happening import DAYS, NAMES, NOW, Happening, code_of, known
from loyalty_core.testing.quality.subject import Document, Subject
from loyalty_core.testing.quality.watching import Notes, Watching

SEEDS = 3
"""How many histories are made up for each sample."""
BEFORE = NOW - timedelta(days=DAYS + 20)
"""When the members came, before anything happened."""
_LATER = (0, 1, 30)
"""So many days after the history it is asked what members have."""
_DAY_MS = 86_400_000
Batches = Sequence[Sequence[Document]]


class Stage:
    """Empty books with the same three members, to be opened as often as one likes."""

    def __init__(self, subject: Subject, sample: Document, copies: Copies) -> None:
        self.subject = subject
        self.sample = sample
        self.notes = subject.once("notes", Notes)
        self.plugin = Watching(subject.plugin, self.notes)
        self._copies = copies
        with self._opened(sample, FrozenClock(BEFORE)) as loyalty:
            for name in NAMES:
                loyalty.member_code(loyalty.enrol(known(name), source="web").id, code_of(name))

    @contextmanager
    def opened(self, *, shared: bool = False) -> Iterator[tuple[Loyalty, FrozenClock]]:
        """The program at ``NOW``, without anything in its books, and its clock.

        If ``shared``, members may share what they earn.
        """
        self._copies.copy()
        clock = FrozenClock(NOW)
        with self._opened(sharing(self.sample) if shared else self.sample, clock) as loyalty:
            yield loyalty, clock

    @property
    def url(self) -> str:
        """Where the books are that were opened last."""
        return self._copies.url

    def _opened(self, sample: Document, clock: FrozenClock) -> Loyalty:
        return unhurried(Loyalty.open(sample, self.url, plugins=[self.plugin], clock=clock))


def sharing(sample: Document) -> Document:
    """A configuration in which members share half of what they earn, unless it says how."""
    wallets = sample["wallets"].items()
    shared: Document = {name: {} for name, one in wallets if one.get("spendable", True)}
    return {"household": {"share": 50, "wallets": shared}, **sample}


def unhurried(loyalty: Loyalty) -> Loyalty:
    """The program, which waits for plugins however slow this machine is, and being watched is."""
    quarantine = loyalty._parts.rules.quarantine
    quarantine.slow_ms = quarantine.wait_ms = quarantine.page_ms = _DAY_MS
    return loyalty


@contextmanager
def stages(subject: Subject) -> Iterator[Iterator[Stage]]:
    """A stage for each sample of the plugin."""
    with ExitStack() as kept:
        name = kept.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))

        def each() -> Iterator[Stage]:
            for number, sample in enumerate(subject.samples):
                folder = Path(name) / str(number)
                folder.mkdir()
                made = kept.enter_context(copies(subject.database_url, folder))
                yield Stage(subject, sample, made)

        yield each()


def happening(stage: Stage, seed: int) -> Happening:
    """What happens in a program, by chance from a seed."""
    currency = str(stage.sample["program"].get("currency", "USD"))
    hints = stage.subject.claim.history
    hinted = {one["kind"] for one in hints.activities}
    declared = (one for one in stage.notes.kinds if one.kind not in hinted)
    activities = (*hints.activities, *activities_of(declared))
    return Happening(seed, currency, replace(hints, activities=activities))


def record(loyalty: Loyalty, batches: Batches, *, ticks: bool = False) -> None:
    """Records batches one after the other; raises ``AssertionError`` where a fact is refused."""
    for batch in batches:
        for rejected in loyalty.record_many(batch).rejected:
            raise AssertionError(f"a fact is refused: {rejected.error}: {rejected.given}")
        if ticks:
            loyalty.tick()


def seen(loyalty: Loyalty, clock: FrozenClock) -> Document:
    """What the books came to, and what members are shown then and later; comparable."""
    made: Document = dict(books_of(loyalty))
    facts = made["facts"].items()  # what was caused and is not any more leaves a row, and no more
    made["tables"] = _own_rows(loyalty)
    made["facts"] = {key: one for key, one in facts if one[1] is not FactStatus.WITHDRAWN}
    for days in _LATER:
        clock.set(NOW + timedelta(days=days))
        for name in NAMES:
            found = loyalty.find(known(name), source="web")
            if found is not None:
                told = loyalty.statement(found.id)
                parts = {"shown": told.shown, "standings": told.standings}
                grants = loyalty.grants(found.id, first=100)  # as of causes: what stays is alike
                kept = (one for one in grants if one.state is not GrantState.REVOKED)
                parts["grants"] = sorted((one.reward, one.state) for one in kept)
                made[f"{name} after {days} days"] = {**parts, "benefits": told.benefits}
    clock.set(NOW)
    return made


def _own_rows(loyalty: Loyalty) -> Document:
    """The rows of plugins' own tables, without the ids of facts, which are made by chance."""

    def read(reader: Any) -> Document:
        return {
            table.name: sorted(
                reader._connection.execute(
                    select(*(column for column in table.c if column.name != "fact_id"))
                ).all(),
                key=str,
            )
            for owned in loyalty._registry.own_tables()
            for table in owned.item.tables
        }

    return loyalty._parts.store.read(read)


def difference(one: Any, other: Any, where: str = "") -> str:
    """Where two values differ first, in words; empty where they are equal.

    >>> difference({"a": [1, 2]}, {"a": [1, 3]})
    'a[1]: 2, or 3'
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            at = f"{where}.{key}" if where else str(key)
            if key not in one or key not in other:
                return f"{at}: only in one of them"
            if found := difference(one[key], other[key], at):
                return found
        return ""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        return _difference(one, other, where)
    return "" if one == other else f"{where}: {_short(one)}, or {_short(other)}"


def _difference(one: Sequence[Any], other: Sequence[Any], where: str) -> str:
    pairs = enumerate(zip(one, other, strict=True))
    found = (difference(*pair, f"{where}[{place}]") for place, pair in pairs)
    return next((words for words in found if words), "")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 160 else text[:157] + "..."


@dataclass(frozen=True)
class Refusals:
    """What the core has logged of a plugin meanwhile, each once."""

    lines: list[str] = field(default_factory=list)


@contextmanager
def refusals() -> Iterator[Refusals]:
    """What the core says of plugins while the block runs; it is printed nowhere else."""
    found = Refusals()

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            more = f": {type(error).__name__}: {error}" if error else ""
            line = f"{record.getMessage()}{more}"
            if line not in found.lines:
                found.lines.append(line)

    logger, keeping = logging.getLogger("loyalty_core"), Keeping(logging.ERROR)
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(keeping)
    try:
        yield found
    finally:
        logger.removeHandler(keeping)
        logger.propagate = propagated


def words(error: Exception) -> str:
    """An error as a fault says it, with every problem of a configuration."""
    if isinstance(error, ConfigError):
        return "; ".join(f"{one.where}: {one.message}" for one in error.problems)
    if isinstance(error, LoyaltyError | AssertionError):
        return str(error)
    return f"{type(error).__name__}: {error}"
