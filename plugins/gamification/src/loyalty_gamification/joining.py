"""What a shop's backend does and asks about a member's team, by the member's id."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from loyalty_core import (
    Activity,
    IdempotencyConflict,
    IdentityInvalid,
    IdentityKind,
    Loyalty,
    Scalar,
)
from loyalty_gamification.facts import FOUNDED, JOINED, LEFT
from loyalty_gamification.teams import TEAMS
from loyalty_gamification.turn import Document


def found_team(loyalty: Loyalty, member_id: str, *, key: str) -> str:
    """The code that others join the member's team by, which is founded unless they are in one.

    Raises ``MemberNotFound``, and ``IdentityInvalid`` for who has no identity.
    """
    _record(loyalty, member_id, FOUNDED, key, {})
    return loyalty.member_code(member_id)


def join_team(loyalty: Loyalty, member_id: str, code: str, *, key: str) -> Document | None:
    """The member's team after they joined that of the code's owner, if it had a place.

    Raises as ``found_team`` does.
    """
    _record(loyalty, member_id, JOINED, key, {"code": code})
    return team_with(loyalty, member_id)


def leave_team(loyalty: Loyalty, member_id: str, *, key: str) -> None:
    """Takes the member out of their team; with its founder it ends. Raises as ``found_team``."""
    _record(loyalty, member_id, LEFT, key, {})


def team_with(loyalty: Loyalty, member_id: str) -> Document | None:
    """The team that the member is in, and how far its missions are; None if in none.

    Raises ``MemberNotFound``.
    """
    for own in _teams_of(loyalty, member_id):
        if own["member"]:
            founder = own["founder_id"]
            known = _teams_of(loyalty, founder) if founder else [own]
            for team in known:
                if team["team"] == own["team"] and team["founder"]:
                    return {**team, "member": True, "founder": own["founder"]}
    return None


def _teams_of(loyalty: Loyalty, member_id: str) -> list[Mapping[str, Any]]:
    shown = loyalty.statement(member_id).shown.get("gamification", {})
    return cast(list[Mapping[str, Any]], shown.get(TEAMS, []))


def _record(
    loyalty: Loyalty, member_id: str, kind: str, key: str, data: Mapping[str, Scalar]
) -> None:
    now = loyalty.statement(member_id)
    for one in now.member.identities:
        if one.kind is not IdentityKind.CODE:
            break
    else:
        remedy = "Enrol them with an identity, such as an email address."
        message = f"a fact cannot name the member {member_id!r}, who has no identity"
        raise IdentityInvalid(message, where="member_id", remedy=remedy)
    activity = Activity(
        source=one.source or "gamification",
        id=key,
        kind=kind,
        identities={one.kind.value: one.value},
        occurred_at=now.at,
        data=data,
    )
    with suppress(IdempotencyConflict):  # done before, at another moment
        loyalty.record(activity)
