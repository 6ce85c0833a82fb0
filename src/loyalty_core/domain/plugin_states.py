"""How plugins stand: what waits for them, and which are not asked any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from loyalty_core.domain.facts import Json


class PluginState(StrEnum):
    """Whether a plugin takes part: ``off`` is installed and not in the configuration."""

    ON = "on"
    OFF = "off"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """Something of members that a plugin keeps, for whoever answers for data protection.

    ``what`` it is, and ``why`` it is needed, in words for people who do not read code. ``where``:
    in the member's ``state``, in ``tables`` of the plugin's own, in ``facts`` or ``events``, or
    ``outside``, where it was sent. When a person is erased the core clears all of these but what is
    outside: of that ``erasure`` says what becomes of it.
    """

    what: str
    where: Literal["state", "tables", "facts", "events", "outside"]
    why: str
    erasure: str = ""


@dataclass(frozen=True, slots=True)
class StateStep:
    """What a release keeps in ``member.state`` that the one before it kept otherwise.

    ``upgrade`` makes a document of the release before into one of this release. It is pure: it gets
    the document alone, which it may change, and is called whenever an old one is read. ``example``
    is a document of the release before, such as the conformance suite tries the step with.
    """

    upgrade: Callable[[dict[str, Json]], Mapping[str, Json]]
    example: Mapping[str, Json] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginStatus:
    """One plugin: what it is and has, what waits for it, and why it is in quarantine.

    ``held`` is what it is not called for, such as ``decide`` or ``offer stamps.tea``. ``hooks`` are
    those it has of the core, ``tables`` its own. ``deferred_facts`` wait for it to decide,
    deliveries for its handlers; those that are dead were given up. ``personal_data`` is what it
    keeps of members, ``deprecated`` what it uses, or the program of it, that will go.
    """

    id: str
    version: str
    state: PluginState
    summary: str = ""
    stability: str = ""
    hooks: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    personal_data: tuple[PersonalData, ...] = ()
    deprecated: tuple[str, ...] = ()
    deferred_facts: int = 0
    pending_deliveries: int = 0
    dead_deliveries: int = 0
    held: tuple[str, ...] = ()
    reason: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftReceipt:
    """What became of asking a plugin again.

    ``lifted``: it was in quarantine. ``retried_facts`` were decided again, and ``deferred_facts``
    still wait for it. So many dead ``deliveries`` are tried again by the next ``tick``.
    """

    plugin: str
    lifted: bool
    retried_facts: int
    deferred_facts: int
    deliveries: int
