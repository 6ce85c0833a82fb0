"""Missions: steps to do by a deadline, once or again in each period."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from loyalty_core import (
    Json,
    MemberView,
    ProgramConfig,
    day_of,
    next_period_start,
    period_start,
    start_of,
)
from loyalty_gamification.config import MissionRules, StepRules
from loyalty_gamification.counting import amount_of, whole
from loyalty_gamification.turn import Document, State, Turn, known_of

Worth = Mapping[str, tuple[int, str]]
"""By step, what a fact does for it, and a short name of the values that count once, if any."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was done of a mission in the period that ``window`` names.

    ``since`` is the first moment that counted, ``won`` how often it was completed in the period,
    ``total`` ever. ``done`` and ``seen`` (short names of values that count once) are by step.
    ``by`` is what each member of a team did, by step.
    """

    window: str = ""
    since: datetime | None = None
    done: Mapping[str, int] = field(default_factory=dict)
    seen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    won: int = 0
    total: int = 0
    by: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def began_again(self) -> Attempt:
        """The same with nothing done."""
        return replace(self, since=None, done={}, seen={}, by={})


@dataclass(frozen=True, slots=True)
class Mission:
    """One mission as the configuration has it."""

    rules: MissionRules
    program: ProgramConfig

    section = "missions"

    @property
    def name(self) -> str:
        """The mission's name."""
        return self.rules.mission

    def play(self, turn: Turn) -> None:
        """Counts the fact towards the steps that are open, and gives what was won by it."""
        begun = self.attempt(turn.known(self), turn.at)
        attempt, done = self.worked(begun, self.worth(turn), turn.at)
        for step in done:
            turn.give(step, f"mission.{self.name}.{step.step}")
        if attempt == begun:
            return
        if self.is_complete(attempt):
            attempt = self.completed(attempt)
            turn.give(self.rules, f"mission.{self.name}")
            turn.tell("mission_completed", mission=self.name, times=attempt.total)
            turn.reached[self.section, self.name] = attempt.total
        turn.keep(self, dump(attempt))

    def worth(self, turn: Turn) -> Worth:
        """What the fact can do for each step that it fits."""
        currency, found = self.program.program.currency, dict[str, tuple[int, str]]()
        for step in self.rules.step:
            values = [turn.data.get(key) for key in step.once_per]
            amount = amount_of(step.what, step.counts, turn.outcome, currency)
            if amount and None not in values:
                found[step.step] = amount, digest_of(values) if values else ""
        return found

    def worked(
        self, attempt: Attempt, worth: Worth, at: datetime
    ) -> tuple[Attempt, list[StepRules]]:
        """The attempt with what was done at a moment for steps that are open; those done by it."""
        if not self.is_open(at) or (attempt.won and not self.rules.repeat):
            return attempt, []
        left = [step for step in self.rules.step if not self._is_done(step, attempt)]
        if self.rules.order == "in_order":
            del left[1:]
        for step in left:
            if step.step in worth:
                attempt = self._stepped(step, attempt, worth[step.step], at)
        return attempt, [step for step in left if self._is_done(step, attempt)]

    def is_complete(self, attempt: Attempt) -> bool:
        """Whether all steps are done."""
        return all(self._is_done(step, attempt) for step in self.rules.step)

    def completed(self, attempt: Attempt) -> Attempt:
        """The attempt after it was completed: it begins again if it may."""
        attempt = replace(attempt, won=attempt.won + 1, total=attempt.total + 1)
        return attempt.began_again() if self.rules.repeat else attempt

    def show(self, state: State, member: MemberView, at: datetime) -> Document | None:
        """How far each step is, and until when it can be done; None while it is not open."""
        return self.shown(self.attempt(known_of(self, state), at), at)

    def shown(self, attempt: Attempt, at: datetime) -> Document | None:
        """How far an attempt is at a moment; None while the mission is not open."""
        if not self.is_open(at) and not attempt.won:
            return None
        ends_at = self._ends_at(attempt, at)
        return {
            "mission": self.name,
            "name": self.rules.name or self.name,
            "completed": attempt.won > 0,
            "times": attempt.total,
            "ends_at": ends_at.isoformat() if ends_at else None,
            "steps": [
                {
                    "step": step.step,
                    "name": step.name or step.step,
                    "have": attempt.done.get(step.step, 0),
                    "needs": self.needs(step),
                    "done": self._is_done(step, attempt),
                }
                for step in self.rules.step
            ],
        }

    def count(self, state: State, at: datetime) -> int:
        """How often the mission was completed."""
        return load(known_of(self, state)).total

    def united(self, kept: Document, other: Document) -> Document:
        """What both did in the later period; a step is never done by being added up."""
        ours, theirs = load(kept), load(other)
        total = ours.total + theirs.total
        if ours.window != theirs.window:
            return dump(replace(max(ours, theirs, key=lambda one: one.window), total=total))
        done, seen = dict(ours.done), dict(ours.seen)
        for step in self.rules.step:
            name, both = step.step, [ours.done.get(step.step, 0), theirs.done.get(step.step, 0)]
            values = [*ours.seen.get(name, ()), *theirs.seen.get(name, ())]
            if values:
                seen[name] = list(dict.fromkeys(values))
            if any(both):
                needs, added = self.needs(step), len(seen[name]) if values else sum(both)
                done[name] = max(both) if max(both) >= needs else min(added, needs - 1)
        moments = [moment for moment in (ours.since, theirs.since) if moment]
        won, since = max(ours.won, theirs.won), min(moments, default=None)
        return dump(Attempt(ours.window, since, done, seen, won, total))

    def attempt(self, known: Document, at: datetime) -> Attempt:
        """What counts at a moment of what was done before it."""
        attempt, window = load(known), self._window(self._day(at))
        if attempt.window != window:
            return Attempt(window, total=attempt.total)
        ends_at = self._deadline(attempt)
        return attempt if ends_at is None or at < ends_at else attempt.began_again()

    def _stepped(
        self, step: StepRules, attempt: Attempt, worth: tuple[int, str], at: datetime
    ) -> Attempt:
        """The attempt with what was done for a step."""
        amount, digest = worth
        seen = dict(attempt.seen)
        if digest:
            before = seen.get(step.step, ())
            if digest in before:
                return attempt
            seen[step.step] = [*before, digest]
        have = min(attempt.done.get(step.step, 0) + amount, self.needs(step))
        done = {**attempt.done, step.step: have}
        return replace(attempt, since=attempt.since or at, done=done, seen=seen)

    def is_open(self, at: datetime) -> bool:
        """Whether a moment is on one of its days."""
        starts, ends, day = self.rules.starts_on, self.rules.ends_on, self._day(at)
        return (starts is None or starts <= day) and (ends is None or day <= ends)

    def _deadline(self, attempt: Attempt) -> datetime | None:
        """When what was done is lost, unless the mission is completed before."""
        days = self.rules.within_days
        if days is None or attempt.since is None or (attempt.won and not self.rules.repeat):
            return None
        zone = self.program.program.time_zone
        return start_of(self._day(attempt.since) + timedelta(days=days), zone)

    def _ends_at(self, attempt: Attempt, at: datetime) -> datetime | None:
        zone, per = self.program.program.time_zone, self.rules.per
        ends = [self._deadline(attempt)]
        if self.rules.ends_on:
            ends.append(start_of(self.rules.ends_on + timedelta(days=1), zone))
        if per != "lifetime":
            ends.append(start_of(next_period_start(self._day(at), per), zone))
        return min((one for one in ends if one), default=None)

    def _window(self, day: date) -> str:
        per = self.rules.per
        return "" if per == "lifetime" else period_start(day, per).isoformat()

    def _day(self, at: datetime) -> date:
        return day_of(at, self.program.program.time_zone)

    def _is_done(self, step: StepRules, attempt: Attempt) -> bool:
        return attempt.done.get(step.step, 0) >= self.needs(step)

    def needs(self, step: StepRules) -> int:
        """What a step needs, as a whole number."""
        return whole(step.needs, step.counts, self.program)


def dump(attempt: Attempt) -> Document:
    """The document of an attempt; what is empty is left out."""
    since = attempt.since.astimezone(UTC).isoformat() if attempt.since else None
    made = {
        "window": attempt.window,
        "since": since,
        "done": dict(attempt.done),
        "seen": {step: list(values) for step, values in attempt.seen.items()},
        "won": attempt.won,
        "total": attempt.total,
        "by": {member: dict(did) for member, did in attempt.by.items()},
    }
    return {name: value for name, value in made.items() if value}


def load(document: Document) -> Attempt:
    """The attempt that a document describes."""
    since = document.get("since")
    return Attempt(
        window=document.get("window", ""),
        since=datetime.fromisoformat(since) if since else None,
        done=document.get("done", {}),
        seen=document.get("seen", {}),
        won=document.get("won", 0),
        total=document.get("total", 0),
        by=document.get("by", {}),
    )


def digest_of(values: Sequence[Json]) -> str:
    """A short name for the values: the document stays small and holds nothing of a person."""
    text = json.dumps(list(values), ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
