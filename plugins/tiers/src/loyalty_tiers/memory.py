"""A member's way as the plugin's state document has it, and back; and two members' as one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, cast

from loyalty_core import Json, TierChange
from loyalty_tiers.climb import Climb, Due, Fixed
from loyalty_tiers.ladder import Ladder
from loyalty_tiers.periods import Calendar, Period

Document = Mapping[str, Any]


def dump(climb: Climb) -> dict[str, Json]:
    """The document of a way; what is empty is left out."""
    fixed, judged = climb.fixed, climb.judged
    made: dict[str, Json] = {
        "held": climb.held,
        "carried": climb.carried,
        "since": _text(climb.since),
        "period": _days(climb.period),
        "terms": climb.terms.isoformat(),
        "judged": _days(judged) if judged else None,
        "sums": {
            metric: {day.isoformat(): amount for day, amount in sorted(sums.items())}
            for metric, sums in climb.sums.items()
            if sums
        },
        "due": [
            [_text(one.at), one.metric, one.bucket.isoformat(), one.amount] for one in climb.due
        ],
        "fixed": [fixed.tier, _text(fixed.until) if fixed.until else None] if fixed else None,
        "invited": list[Json](climb.invited),
        "won": list[Json](climb.won),
        "rewarded": list[Json](climb.rewarded),
        "history": [[_text(one.at), one.tier, one.why] for one in climb.history],
    }
    return {name: value for name, value in made.items() if value}


def load(document: Document, ladder: Ladder, calendar: Calendar) -> Climb:
    """The way that a document describes."""
    fixed, judged = document.get("fixed"), document.get("judged")
    return Climb(
        ladder,
        calendar,
        held=document.get("held", ""),
        carried=document.get("carried", ""),
        since=datetime.fromisoformat(document["since"]),
        period=_period(document["period"]),
        terms=date.fromisoformat(document["terms"]),
        judged=_period(judged) if judged else None,
        sums={
            metric: {date.fromisoformat(day): amount for day, amount in sums.items()}
            for metric, sums in document.get("sums", {}).items()
        },
        due=[
            Due(datetime.fromisoformat(at), metric, date.fromisoformat(bucket), amount)
            for at, metric, bucket, amount in document.get("due", [])
        ],
        fixed=_fixed(*fixed) if fixed else None,
        invited=list(document.get("invited", [])),
        won=list(document.get("won", [])),
        rewarded=list(document.get("rewarded", [])),
        history=[
            TierChange(at=datetime.fromisoformat(at), tier=tier, why=why)
            for at, tier, why in document.get("history", [])
        ],
    )


def united(kept: Document, other: Document, ladder: Ladder) -> dict[str, Json]:
    """Two members' documents as one person's: sums add up, the better tier stays.

    What both have together may be enough for a higher tier; that is seen with the next fact.
    """
    made = dict(kept)
    if ladder.rank(other.get("held", "")) > ladder.rank(kept.get("held", "")):
        for name in ("held", "carried", "since", "period", "judged"):
            made[name] = other.get(name)
    sums: dict[str, dict[str, int]] = {}
    for document in (kept, other):
        for metric, amounts in document.get("sums", {}).items():
            into = sums.setdefault(metric, {})
            for day, amount in amounts.items():
                into[day] = into.get(day, 0) + amount
    made["sums"] = sums
    made["due"] = sorted([*kept.get("due", []), *other.get("due", [])])
    made["fixed"] = kept.get("fixed") or other.get("fixed")
    for name in ("invited", "won", "rewarded"):
        made[name] = list(dict.fromkeys([*kept.get(name, []), *other.get(name, [])]))
    return cast(dict[str, Json], {name: value for name, value in made.items() if value})


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _days(period: Period) -> list[Json]:
    return [period.first.isoformat(), period.end.isoformat() if period.end else None]


def _period(days: list[str]) -> Period:
    first, end = days
    return Period(date.fromisoformat(first), date.fromisoformat(end) if end else None)


def _fixed(tier: str, until: str | None) -> Fixed:
    return Fixed(tier, datetime.fromisoformat(until) if until else None)
