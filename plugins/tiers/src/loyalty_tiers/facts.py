"""Commands to the tiers, as activities: they are recorded, audited and in order like all facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core import Activity, ActivityKind, Scalar, doc

SET = "tiers.set"
CLEAR = "tiers.clear"
INVITE = "tiers.invite"


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """What the activity ``tiers.clear`` holds."""

    scheme: str = field(metadata=doc("The scheme."))
    reason: str = field(default="", metadata=doc("Why, for whoever asks later."))
    actor: str = field(default="", metadata=doc("Who did it."))


@dataclass(frozen=True, kw_only=True)
class Invited(Cleared):
    """What the activity ``tiers.invite`` holds."""

    tier: str = field(metadata=doc("The tier."))


@dataclass(frozen=True, kw_only=True)
class Set(Invited):
    """What the activity ``tiers.set`` holds."""

    until: datetime | None = field(
        default=None, metadata=doc("When it ends; without, with the next command.")
    )


KINDS: tuple[ActivityKind[object], ...] = (
    ActivityKind(SET, Set, "A member is given a tier, whatever they deserve."),
    ActivityKind(CLEAR, Cleared, "A member holds the tier they deserve again."),
    ActivityKind(INVITE, Invited, "A member may reach a tier that is by invitation."),
)


def set_tier(
    scheme: str,
    tier: str,
    *,
    identities: Mapping[str, str],
    at: datetime,
    until: datetime | None = None,
    reason: str,
    actor: str,
    key: str,
    source: str = "tiers",
) -> Activity:
    """An activity to record: the member holds ``tier`` from ``at``, whatever they deserve.

    It ends at ``until``, or with the next ``set_tier`` or ``cleared_tier``. What is earned goes on
    being counted beneath. ``key`` is the activity's id: recorded twice, it counts once.
    """
    end = {"until": until.isoformat()} if until else {}
    return _command(SET, scheme, tier, identities, at, reason, actor, key, source, end)


def cleared_tier(
    scheme: str,
    *,
    identities: Mapping[str, str],
    at: datetime,
    reason: str,
    actor: str,
    key: str,
    source: str = "tiers",
) -> Activity:
    """An activity to record: from ``at`` the member holds what they deserve, not what was set."""
    return _command(CLEAR, scheme, "", identities, at, reason, actor, key, source, {})


def invitation(
    scheme: str,
    tier: str,
    *,
    identities: Mapping[str, str],
    at: datetime,
    reason: str,
    actor: str,
    key: str,
    source: str = "tiers",
) -> Activity:
    """An activity to record: from ``at`` the member may reach a tier that is by invitation."""
    return _command(INVITE, scheme, tier, identities, at, reason, actor, key, source, {})


def _command(
    kind: str,
    scheme: str,
    tier: str,
    identities: Mapping[str, str],
    at: datetime,
    reason: str,
    actor: str,
    key: str,
    source: str,
    more: Mapping[str, Scalar],
) -> Activity:
    data: dict[str, Scalar] = {"scheme": scheme, "tier": tier, "reason": reason, "actor": actor}
    return Activity(
        source=source,
        id=key,
        kind=kind,
        identities=identities,
        occurred_at=at,
        data={**{name: value for name, value in data.items() if value}, **more},
    )
