"""What members say to the plugin, as activities: recorded, and in order like all facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core import Activity, ActivityKind, doc

CHOOSE = "donation.choose"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the activity ``donation.choose`` holds."""

    charity: str = field(metadata=doc("The charity that the member gives to from now on."))


CHOICE = ActivityKind(CHOOSE, Choice, "A member chooses the charity to give to.")


def choice(
    charity: str,
    *,
    identities: Mapping[str, str],
    at: datetime,
    key: str,
    source: str = "donation",
) -> Activity:
    """An activity to record: from ``at`` the member gives to ``charity`` unless an order says else.

    ``key`` is the activity's id: recorded twice, it counts once.
    """
    data = {"charity": charity}
    return Activity(
        source=source, id=key, kind=CHOOSE, identities=identities, occurred_at=at, data=data
    )
