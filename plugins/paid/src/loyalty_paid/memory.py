"""What is remembered of a membership, and its form in the member's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, cast

from loyalty_core import Json

NEVER = datetime.min.replace(tzinfo=UTC)
MOVED = "moved"
"""The key under which the moment of the latest fact is kept that concerned the membership."""
ALARM = "alarm"
"""The key under which the moment is kept at which the membership is looked at next."""
MOST_SPANS = 24
"""How many paid periods are remembered; older ones are sums alone."""


@dataclass(slots=True)
class Span:
    """A time that was paid for; days of the program begin and end it.

    ``charge`` is what it was paid as, ``source`` and ``order`` the order that paid it. ``taken`` is
    when that was given back: nothing is left of it then. ``ends`` is None for life. ``fee`` is what
    was paid, ``worth`` that and the credit it was paid with. A pause parts it in two with the same
    ``charge``: the one that was used keeps ``fee`` and ``saved``, and the rest says in ``days`` how
    many days the whole has.
    """

    plan: str
    begins: datetime
    ends: datetime | None = None
    charge: str = ""
    fee: int = 0
    worth: int = 0
    source: str = ""
    order: str = ""
    line: str = ""
    paid_at: datetime | None = None
    taken: datetime | None = None
    saved: int = 0
    trial: bool = False
    days: int = 0

    def covers(self, at: datetime) -> bool:
        """Whether benefits come of it at a moment."""
        open_ended = self.ends is None or at < self.ends
        return self.begins <= at and open_ended and not self.gone(at)

    def gone(self, at: datetime) -> bool:
        """Whether its fee has been given back by a moment."""
        return self.taken is not None and self.taken <= at


@dataclass(slots=True)
class Due:
    """A fee that is asked for: a renewal, the first one, or that of another plan."""

    charge: str
    plan: str
    amount: int
    at: datetime
    attempts: int = 0
    reason: str = ""
    pay_url: str = ""


@dataclass(slots=True)
class Membership:
    """A member's membership, from its first day on.

    Periods are counted in months from ``anchor``, ``done`` of them by now. It renews by itself
    since ``auto``, if at all. ``then`` is the plan from the next period on. ``credit`` is what of
    fees of former plans was not used, and makes the next fees less.
    """

    id: str
    plan: str
    anchor: date
    done: int = 0
    auto: datetime | None = None
    then: str = ""
    cancelled_at: datetime | None = None
    paused_at: datetime | None = None
    paused_until: datetime | None = None
    due: Due | None = None
    changing: Due | None = None
    credit: int = 0
    fees: int = 0
    saved: int = 0
    spans: list[Span] = field(default_factory=list)

    def span(self, at: datetime) -> Span | None:
        """What gives the benefits of a moment."""
        return next((span for span in self.spans if span.covers(at)), None)

    def parts(self, span: Span) -> list[Span]:
        """All that one fee paid for: the period, and what pauses have parted from it."""
        same = [one for one in self.spans if one.charge == span.charge]
        return same if span.charge else [span]

    def last(self, at: datetime) -> Span | None:
        """The paid period that ends last, of those not given back by a moment."""
        kept = [span for span in self.spans if not span.gone(at)]
        return max(kept, key=_end, default=None)

    def renews(self, at: datetime) -> bool:
        """Whether another fee is wanted when what is paid ends; not once one was given back."""
        since = self.auto
        return since is not None and not any(
            span.taken is not None
            and since < span.taken <= at
            and (span.ends is None or span.taken < span.ends)
            for span in self.spans
        )

    def paused(self, at: datetime) -> bool:
        """Whether it stands still at a moment."""
        return bool(
            self.paused_at and self.paused_until and self.paused_at <= at < self.paused_until
        )


def _end(span: Span) -> tuple[bool, datetime]:
    return span.ends is None, span.ends or span.begins


def present(state: Mapping[str, Json], at: datetime) -> datetime:
    """The moment, or that of the latest fact if it is later: facts cause others right after."""
    moved = cast(str, state.get(MOVED, ""))
    return max(at, datetime.fromisoformat(moved)) if moved else at


def load(state: Mapping[str, Json]) -> Membership | None:
    """The membership in a member's state; a copy that may be changed."""
    kept = cast(Mapping[str, Any] | None, state.get("membership"))
    if not kept:
        return None
    made = _dated(kept, "auto", "cancelled_at", "paused_at", "paused_until")
    for name in ("due", "changing"):
        if made.get(name):
            made[name] = Due(**_dated(made[name], "at"))
    made["spans"] = [
        Span(**_dated(span, "begins", "ends", "paid_at", "taken")) for span in made.get("spans", [])
    ]
    made["anchor"] = date.fromisoformat(made["anchor"])
    return Membership(**made)


def dump(membership: Membership) -> dict[str, Json]:
    """The membership as JSON, without what is as at the beginning."""
    while len(membership.spans) > MOST_SPANS:
        old = membership.spans.pop(0)
        membership.fees += 0 if old.taken else old.fee
        membership.saved += old.saved
    return cast(dict[str, Json], _plain(membership))


def united(kept: Mapping[str, Json], other: Mapping[str, Json]) -> dict[str, Json]:
    """The state of two members who are one person: what lasts longer goes on, no time is lost."""
    state = {**other, **kept}
    state.pop(ALARM, None)  # it is set again by the next fact
    moments = [str(one[MOVED]) for one in (kept, other) if one.get(MOVED)]
    if moments:
        state[MOVED] = max(moments, key=datetime.fromisoformat)
    if kept.get("used") and other.get("used"):
        state["used"] = _used_by_both(kept["used"], other["used"])
    ours, theirs = load(kept), load(other)
    if ours and theirs:
        lasting = max(ours, theirs, key=_lasts)
        ended = theirs if lasting is ours else ours
        lasting.spans = sorted(
            [*lasting.spans, *(replace(span) for span in ended.spans)], key=lambda one: one.begins
        )
        lasting.credit += ended.credit
        lasting.fees += ended.fees
        lasting.saved += ended.saved
        state["membership"] = dump(lasting)
    return state


def _used_by_both(kept: Any, other: Any) -> Json:
    """Uses of quotas in the same period add up; of others the later period counts."""
    used: dict[str, Json] = {**other, **kept}
    for benefit in kept.keys() & other.keys():
        (ours, count), (theirs, more) = kept[benefit], other[benefit]
        used[benefit] = (
            [ours, count + more] if ours == theirs else max(kept[benefit], other[benefit])
        )
    return used


def _lasts(membership: Membership) -> tuple[bool, datetime]:
    found = [_end(span) for span in membership.spans if span.taken is None]
    return max(found, default=(False, NEVER))


def _plain(value: Any) -> Any:
    if isinstance(value, Membership | Span | Due):
        kept = ((name, getattr(value, name)) for name in value.__slots__)
        return {name: _plain(one) for name, one in kept if one}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def _dated(kept: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """What is kept, with the moments among it as such; what was nothing is left out."""
    moments = {name: datetime.fromisoformat(kept[name]) for name in names if kept.get(name)}
    return {**kept, **moments}
