"""Badges: levels that a member reaches by a count, a sum or the length of a streak."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty_core import MemberView, ProgramConfig, day_of, start_of
from loyalty_gamification.config import BadgeLevel, BadgeRules
from loyalty_gamification.counting import amount_of, whole
from loyalty_gamification.turn import Document, Source, State, Turn, known_of


@dataclass(frozen=True, slots=True)
class Badge:
    """One badge as the configuration has it.

    Of each level ever reached it remembers the first and the last fact that was enough for it: the
    last one says when it expires. ``have`` is what was counted, where no ``source`` does so.
    """

    rules: BadgeRules
    program: ProgramConfig
    source: Source | None = None

    section = "badges"

    @property
    def name(self) -> str:
        """The badge's name."""
        return self.rules.badge

    def play(self, turn: Turn) -> None:
        """Lets the member reach the levels that what there is now is enough for."""
        known = dict(turn.known(self))
        have = self._have(known, turn)
        if have is None:
            return
        levels = dict(known.get("levels", {}))
        at = turn.at.astimezone(UTC).isoformat()
        for level in self.rules.level:
            if have < self.needs(level):
                continue
            if level.level not in levels:
                turn.give(level, f"badge.{self.name}.{level.level}")
            if not self._held(level, levels, turn.at):
                turn.tell("badge_earned", badge=self.name, level=level.level)
            levels[level.level] = [levels.get(level.level, [at])[0], at]
        if levels:
            known["levels"] = levels
        turn.keep(self, known)

    def show(self, state: State, member: MemberView, at: datetime) -> Document:
        """The highest level held, and what the next one needs."""
        known = known_of(self, state)
        levels = known.get("levels", {})
        held = [level for level in self.rules.level if self._held(level, levels, at)]
        best = held[-1] if held else None
        upper = self.rules.level[self.rules.level.index(best) + 1 :] if best else self.rules.level
        until = self._until(best, levels) if best else None
        return {
            "badge": self.name,
            "name": self.rules.name or self.name,
            "level": best.level if best else None,
            "level_name": (best.name or best.level) if best else None,
            "earned_at": levels[best.level][0] if best else None,
            "until": until.isoformat() if until else None,
            "have": self.source.count(state, at) if self.source else known.get("have", 0),
            "next": upper[0].level if upper else None,
            "needs": self.needs(upper[0]) if upper else None,
        }

    def united(self, kept: Document, other: Document) -> Document:
        """What both have together: counts add up, and each level is held as long as by either.

        Both together may be enough for a higher level; that is seen with the next fact.
        """
        levels: dict[str, Any] = dict(other.get("levels", {}))
        for level, (first, last) in kept.get("levels", {}).items():
            begun, ended = levels.get(level, (first, last))
            levels[level] = [min(first, begun), max(last, ended)]
        made: dict[str, Any] = {"levels": levels} if levels else {}
        have = kept.get("have", 0) + other.get("have", 0)
        return {**made, "have": have} if have else made

    def needs(self, level: BadgeLevel) -> int:
        """What a level needs, as a whole number."""
        return whole(level.needs, self.rules.counts, self.program)

    def _have(self, known: dict[str, Any], turn: Turn) -> int | None:
        """What there is now, counted in; None if the fact is nothing to the badge."""
        if self.rules.what is None:
            source = self.source
            return turn.reached.get((source.section, source.name)) if source else None
        currency = self.program.program.currency
        amount = amount_of(self.rules.what, self.rules.counts, turn.outcome, currency)
        if not amount:
            return None
        known["have"] = int(known.get("have", 0)) + amount
        return int(known["have"])

    def _held(self, level: BadgeLevel, levels: Document, at: datetime) -> bool:
        until = self._until(level, levels)
        return level.level in levels and (until is None or at < until)

    def _until(self, level: BadgeLevel, levels: Document) -> datetime | None:
        days = self.rules.expires_after_days
        if days is None or level.level not in levels:
            return None
        zone = self.program.program.time_zone
        last = day_of(datetime.fromisoformat(levels[level.level][1]), zone)
        return start_of(last + timedelta(days=days), zone)


def source_of(rules: BadgeRules) -> tuple[str, str]:
    """The section and name of the game that counts for a badge; of none where it counts itself."""
    if rules.mission:
        return "missions", rules.mission
    if rules.quiz:
        return "quizzes", rules.quiz
    return "streaks", rules.streak
