"""What a shop's backend does about referrals: links, claims and groups of members it knows.

All happens now, by the program's clock. Done again with the same key, the first time counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from loyalty_core import (
    Activity,
    IdempotencyConflict,
    Identity,
    IdentityInvalid,
    IdentityKind,
    Json,
    Loyalty,
    Member,
    PluginError,
    Scalar,
    read_settings,
)
from loyalty_referral import facts
from loyalty_referral.config import ReferralConfig

PLUGIN = "referral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a member gives to friends: a code, and the address with it if the program has one."""

    code: str
    url: str = ""


def link_of(loyalty: Loyalty, member_id: str, code: str = "") -> Link:
    """The member's code and link, drawn when it is first asked for; ``code`` asks for this one.

    Then the member's e-mail address is told to the check on aliases.

    Raises ``MemberNotFound``, ``IdentityInvalid``, ``IdentityConflict`` if another member has the
    code, and ``PluginError`` for a program in which the plugin is not on.
    """
    settings = _settings(loyalty)
    if known_link(loyalty, loyalty.member(member_id)) is None:
        _record(loyalty, member_id, facts.SEEN, f"link-{member_id}", {})
    made = loyalty.member_code(member_id, code)
    return Link(code=made, url=settings.link.replace("{code}", made))


def known_link(loyalty: Loyalty, member: Member) -> Link | None:
    """The member's code and link, None if they have none yet; raises ``PluginError``."""
    link = _settings(loyalty).link
    codes = sorted(one.value for one in member.identities if one.kind is IdentityKind.CODE)
    return Link(code=codes[0], url=link.replace("{code}", codes[0])) if codes else None


def referrals_of(loyalty: Loyalty, member_id: str) -> Mapping[str, Json]:
    """What the member is shown of their referrals, milestones and groups, as of now.

    Raises ``MemberNotFound``.
    """
    return loyalty.statement(member_id).shown.get(PLUGIN, {})


def claim(
    loyalty: Loyalty,
    member_id: str,
    code: str = "",
    *,
    key: str,
    data: Mapping[str, Scalar] | None = None,
) -> Mapping[str, Json]:
    """Records that the member signed up, by a code or else by the link they followed.

    ``data`` as in ``joined``. Returns what the member is shown then: whether they were accepted.

    Raises ``MemberNotFound``, ``IdentityInvalid`` and what ``record`` raises.
    """
    named: dict[str, Scalar] = {"code": code} if code else {}
    return _record(loyalty, member_id, facts.JOINED, key, {**(data or {}), **named})


def open_group(
    loyalty: Loyalty, member_id: str, deal: str, group: str, *, key: str
) -> Mapping[str, Json]:
    """Records that the member opens a group of a deal, by a name that is new to them.

    Returns and raises like ``claim``.
    """
    return _record(loyalty, member_id, facts.GROUP_OPENED, key, {"deal": deal, "group": group})


def join_group(
    loyalty: Loyalty, member_id: str, code: str, group: str, *, key: str
) -> Mapping[str, Json]:
    """Records that the member takes a place in the group of the one who has the code.

    Returns and raises like ``claim``.
    """
    return _record(loyalty, member_id, facts.GROUP_JOINED, key, {"code": code, "group": group})


def leave_group(
    loyalty: Loyalty, member_id: str, group: str, code: str = "", *, key: str
) -> Mapping[str, Json]:
    """Records that the member leaves a group, one of their own if no code is named.

    Returns and raises like ``claim``.
    """
    return _record(loyalty, member_id, facts.GROUP_LEFT, key, {"code": code, "group": group})


def _record(
    loyalty: Loyalty, member_id: str, kind: str, key: str, data: Mapping[str, Scalar]
) -> Mapping[str, Json]:
    now = loyalty.statement(member_id)
    known = _identity(now.member)
    activity = Activity(
        source=known.source or PLUGIN,
        id=key,
        kind=kind,
        identities={known.kind.value: known.value},
        occurred_at=now.at,
        data=data,
    )
    with suppress(IdempotencyConflict):  # done before, at another moment
        loyalty.record(activity)
    return referrals_of(loyalty, member_id)


def _identity(member: Member) -> Identity:
    """How a fact names the member; an e-mail address first, for the check on aliases."""
    by_kind = {one.kind: one for one in reversed(member.identities)}
    for kind in IdentityKind:
        if kind in by_kind and kind is not IdentityKind.CODE:
            return by_kind[kind]
    raise IdentityInvalid(
        "nothing is known of the member that a fact could name them by",
        where="member_id",
        remedy="Give them an identity with enrol.",
    )


def _settings(loyalty: Loyalty) -> ReferralConfig:
    if PLUGIN not in loyalty.config.plugins:
        remedy = "Write its section [plugins.referral]."
        raise PluginError("the program has no referrals", where="plugins", remedy=remedy)
    section = loyalty.config.plugins[PLUGIN]
    return read_settings(ReferralConfig, section, where=f"plugins.{PLUGIN}")
