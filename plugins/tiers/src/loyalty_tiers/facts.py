"""Commands to the tiers, as activities: they are recorded, audited and in order like all facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from loyalty_core import Activity, Scalar

SET = "tiers.set"
CLEAR = "tiers.clear"
INVITE = "tiers.invite"


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
