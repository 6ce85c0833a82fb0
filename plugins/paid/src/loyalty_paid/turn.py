"""One fact being followed: the membership as it is then, and the effects that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import cast

from loyalty_core import (
    Activity,
    Cause,
    Effect,
    Emit,
    Json,
    KeepState,
    MemberView,
    Outcome,
    Scalar,
)
from loyalty_paid.config import Plan
from loyalty_paid.course import grace_end
from loyalty_paid.memory import ALARM, Due, Membership, Span, dump, load
from loyalty_paid.plans import Plans

LOOK = "paid.look"
CHARGE = "paid.charge"
REFUND = "paid.refund"
GIVEN = "paid.given"
UNGIVEN = "paid.ungiven"


def said(command: Activity) -> dict[str, Json]:
    """What is kept of the latest command, so that it is known when it is given again."""
    return {"id": command.id, "kind": command.kind, **command.data}


@dataclass(slots=True)
class Turn:
    """What the parts of the program work on; ``effects`` are what they come to."""

    plans: Plans
    outcome: Outcome
    member: MemberView
    membership: Membership | None
    others: dict[str, Json]
    effects: list[Effect] = field(default_factory=list)

    @staticmethod
    def of(plans: Plans, outcome: Outcome, member: MemberView) -> Turn:
        """The turn of a fact of a member."""
        others = {name: kept for name, kept in member.state.items() if name != "membership"}
        return Turn(plans, outcome, member, load(member.state), others)

    @property
    def at(self) -> datetime:
        """When the fact happened, in UTC."""
        return self.outcome.fact.occurred_at.astimezone(UTC)

    @property
    def key(self) -> str:
        """A short name of the fact, the same in every database."""
        fact = self.outcome.fact
        return sha256(f"{fact.source}\0{fact.type}\0{fact.id}".encode()).hexdigest()[:16]

    def tell(self, what: str, **data: Json) -> None:
        """Tells others, when the fact is first decided."""
        self.effects.append(Emit(type=f"paid.{what}", data=data))

    def refuse(self, reason: str) -> None:
        """Keeps why a command did nothing, for whoever gave it, and tells it."""
        fact = self.outcome.fact
        assert isinstance(fact, Activity)
        self.others["command"] = {**said(fact), "refused": reason}
        self.tell("command_refused", id=fact.id, kind=fact.kind, reason=reason)

    def ask(self, due: Due, *, at: datetime | None = None, code: str = "") -> None:
        """Has a fee asked for, now or later."""
        data: dict[str, Scalar] = {
            "charge": due.charge,
            "attempt": due.attempts + 1,
            "plan": due.plan,
            "amount": due.amount,
        }
        if code:
            data["code"] = code
        self.effects.append(Cause(kind=CHARGE, rule=f"charge:{due.attempts + 1}", at=at, data=data))

    def give_back(self, span: Span, why: str) -> None:
        """Has a fee given back: it was ``cancelled``, or ``unwanted`` when it was paid."""
        data: dict[str, Scalar] = {
            "why": why,
            "source": span.source,
            "order": span.order,
            "line": span.line,
            "amount": span.fee,
        }
        self.effects.append(Cause(kind=REFUND, rule=f"refund:{span.charge}"[:100], data=data))

    def look_later(self) -> None:
        """Wakes the membership up when time alone moves it next, unless it was told to already."""
        last = self.membership.last(self.at) if self.membership else None
        if self.membership is None or last is None or last.ends is None:
            return
        moments = [last.ends, grace_end(self.membership, self.plans, self.at)]
        ahead = [moment for moment in moments if moment and moment > self.at]
        if ahead and self.others.get(ALARM) != min(ahead).isoformat():
            self.others[ALARM] = min(ahead).isoformat()
            self.effects.append(Cause(kind=LOOK, rule="look", at=min(ahead)))

    def state(self) -> Mapping[str, Json]:
        """All that is to be remembered."""
        kept = dict(self.others)
        if self.membership is not None:
            kept["membership"] = dump(self.membership)
        return kept

    def done(self) -> list[Effect]:
        """The effects, with the new state if it is another one."""
        self.look_later()
        state = self.state()
        return self.effects if state == self.member.state else [*self.effects, KeepState(state)]

    def plan(self, name: object) -> Plan | None:
        """A plan that can be come to."""
        found = self.plans.get(name) if isinstance(name, str) else None
        return found if found is not None and found.open else None

    def datum(self, name: str) -> Scalar:
        """A value of the activity's data."""
        return cast(Mapping[str, Scalar], getattr(self.outcome.fact, "data", {})).get(name)
