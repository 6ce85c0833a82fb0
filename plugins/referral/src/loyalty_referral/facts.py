"""What shops tell the plugin, as activities: recorded, and in order like all facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from loyalty_core import Activity, Order, Scalar

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

    ``data`` are what checks look at: ``device``, ``address``, ``payment``, and whatever begins
    with ``check.``.
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
