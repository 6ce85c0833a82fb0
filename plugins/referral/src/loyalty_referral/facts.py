"""What shops tell the plugin, as activities: recorded, and in order like all facts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, make_dataclass
from datetime import datetime
from typing import Any, get_type_hints

from loyalty_core import Activity, ActivityKind, Order, Scalar, doc

TOUCHED = "referral.touched"
JOINED = "referral.joined"
SEEN = "referral.seen"
GROUP_OPENED = "referral.group_opened"
GROUP_JOINED = "referral.group_joined"
GROUP_LEFT = "referral.group_left"
TAG = "referral:"
"""How a tag of an order begins that names the code its customer came by."""
GROUP_TAG = "group:"
"""How a tag of an order begins that takes a place in a group: the opener's code, a slash, the
group."""
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,31}")


@dataclass(frozen=True, kw_only=True)
class Touched:
    """What the activity ``referral.touched`` holds."""

    code: str = field(metadata=doc("The code of the link."))


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the activity ``referral.seen`` holds, and whatever else is compared."""

    device: str = field(default="", metadata=doc("The device that is used."))
    address: str = field(default="", metadata=doc("The address, of the post or the network."))
    payment: str = field(default="", metadata=doc("The means of payment, such as a card."))


@dataclass(frozen=True, kw_only=True)
class Joined(Seen):
    """What the activity ``referral.joined`` holds, and what checks ask for besides."""

    code: str = field(default="", metadata=doc("The code that was typed, if any."))


@dataclass(frozen=True, kw_only=True)
class GroupOpened:
    """What the activity ``referral.group_opened`` holds."""

    deal: str = field(metadata=doc("The deal, by its name."))
    group: str = field(metadata=doc("A name for the group that is new to the opener."))


@dataclass(frozen=True, kw_only=True)
class GroupJoined:
    """What the activity ``referral.group_joined`` holds."""

    code: str = field(metadata=doc("The code of the opener."))
    group: str = field(metadata=doc("The name of the group."))


@dataclass(frozen=True, kw_only=True)
class GroupLeft:
    """What the activity ``referral.group_left`` holds."""

    code: str = field(default="", metadata=doc("The code of the opener; without, one's own."))
    group: str = field(metadata=doc("The name of the group."))


USUAL = tuple(item.name for item in fields(Joined))
"""What ``referral.joined`` holds in every program."""


def kinds_of(compared: Sequence[str], asked: Sequence[type]) -> tuple[ActivityKind[object], ...]:
    """What is taken from outside; what referrals cause has kinds that nobody else may send.

    ``compared`` are names of fingerprints, ``asked`` the data of other distributions' checks.
    """
    said = doc("Something else that is compared, as the checks say.")
    more = [(name, str, field(default="", metadata=said)) for name in compared if name not in USUAL]
    joined: list[tuple[str, Any, Any]] = [*more]
    for kind in asked:
        hints = get_type_hints(kind)
        joined += [(item.name, hints[item.name], _like(item)) for item in fields(kind)]
    return (
        ActivityKind(TOUCHED, Touched, "Somebody followed the link of a member."),
        ActivityKind(JOINED, _with(Joined, joined), "Somebody signed up."),
        ActivityKind(SEEN, _with(Seen, more), "A member uses what checks compare."),
        ActivityKind(GROUP_OPENED, GroupOpened, "A member opens a group for a deal."),
        ActivityKind(GROUP_JOINED, GroupJoined, "A member takes a place in a group."),
        ActivityKind(GROUP_LEFT, GroupLeft, "A member leaves a group."),
    )


def _with(kind: type, more: Sequence[tuple[str, Any, Any]]) -> type:
    """The dataclass, with more fields if there are any."""
    if not more:
        return kind
    return make_dataclass(kind.__name__, more, bases=(kind,), frozen=True, kw_only=True)


def _like(item: Any) -> Any:
    """A field with the default and the sentence of another one."""
    if item.default_factory is not MISSING:
        return field(default_factory=item.default_factory, metadata=item.metadata)
    return field(default=item.default, metadata=item.metadata)


def touched(code: str, *, identities: Mapping[str, str], at: datetime, key: str) -> Activity:
    """An activity to record: somebody followed the link of ``code``. ``key`` is its id."""
    return _activity(TOUCHED, identities, at, key, {"code": code})


def joined(
    code: str = "",
    *,
    identities: Mapping[str, str],
    at: datetime,
    key: str,
    data: Mapping[str, Scalar] | None = None,
) -> Activity:
    """An activity to record: somebody signed up, by ``code`` or else by the link they followed.

    ``data`` are what checks look at: ``device``, ``address``, ``payment``, and what else they ask
    for.
    """
    named: dict[str, Scalar] = {"code": code} if code else {}
    return _activity(JOINED, identities, at, key, {**(data or {}), **named})


def seen(
    *, identities: Mapping[str, str], at: datetime, key: str, data: Mapping[str, Scalar]
) -> Activity:
    """An activity to record: the ``device``, ``address`` or ``payment`` that a member uses."""
    return _activity(SEEN, identities, at, key, data)


def code_of(value: Scalar) -> str:
    """A code as it is compared; empty for what cannot be one."""
    code = str(value or "").strip().upper()
    return code if _CODE.fullmatch(code) else ""


def code_on(order: Order) -> str:
    """The code that an order says its customer came by."""
    named = (tag.removeprefix(TAG) for tag in order.tags if tag.startswith(TAG))
    return next(filter(None, map(code_of, named)), "")


def group_on(order: Order) -> tuple[str, str]:
    """The code and the group that an order takes a place in; both empty if none."""
    for tag in order.tags:
        code, _, group = tag.removeprefix(GROUP_TAG).partition("/")
        if tag.startswith(GROUP_TAG) and code_of(code) and group:
            return code_of(code), group
    return "", ""


def _activity(
    kind: str,
    identities: Mapping[str, str],
    at: datetime,
    key: str,
    data: Mapping[str, Scalar],
) -> Activity:
    return Activity(
        source="referral", id=key, kind=kind, identities=identities, occurred_at=at, data=data
    )
