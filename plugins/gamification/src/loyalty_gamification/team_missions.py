"""Missions of teams: what any member does counts for all, and who did their share wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from loyalty_core import Activity, Cause, MemberId, MemberView, Scalar
from loyalty_gamification.missions import Attempt, Mission, Worth, dump
from loyalty_gamification.teams import owned_by, team_of
from loyalty_gamification.turn import OWN, Document, State, Turn, known_of

STEP, WON = "gamification.team_step", "gamification.team_won"


@dataclass(frozen=True, slots=True)
class TeamMission:
    """One mission of teams.

    A member's fact that fits a step causes one of the founder's, which counts it; the one that
    completes the mission causes one of each member who did their share, who wins by it. The founder
    remembers ``teams``, their attempts; a member how often they won with each (``won``).
    """

    mission: Mission

    section = "missions"

    @property
    def name(self) -> str:
        """The mission's name."""
        return self.mission.name

    def play(self, turn: Turn) -> None:
        """Passes on what the member did, counts it if they are the founder, and gives the prize."""
        fact = turn.fact
        if not isinstance(fact, Activity) or fact.source != OWN:
            self._pass_on(turn)
        elif turn.data.get("mission") != self.name:
            return
        elif fact.kind == STEP:
            self._count(turn)
        elif fact.kind == WON:
            self._win(turn)

    def show(self, state: State, member: MemberView, at: datetime) -> None:
        """Nothing: it is shown with the team."""
        return

    def shown_of(self, state: State, team: str, at: datetime) -> Document | None:
        """How far a team is at a moment; None while the mission is not open."""
        document = known_of(self, state).get("teams", {}).get(team, {})
        return self.mission.shown(self.mission.attempt(document, at), at)

    def count(self, state: State, at: datetime) -> int:
        """How often the member has won."""
        return _times(known_of(self, state).get("won", {}))

    def united(self, kept: Document, other: Document) -> Document:
        """The attempts of all teams that either founded, and what both have won."""
        teams = {**other.get("teams", {}), **kept.get("teams", {})}
        won = dict(other.get("won", {}))
        for team, (last, times) in kept.get("won", {}).items():
            theirs = won.get(team, (0, 0))
            won[team] = [max(last, theirs[0]), max(times, theirs[1])]
        made = {"teams": teams, "won": won}
        return {name: value for name, value in made.items() if value}

    def _pass_on(self, turn: Turn) -> None:
        team, at = team_of(turn.state), turn.at
        worth = self.mission.worth(turn) if team and self.mission.is_open(at) else {}
        if not worth:
            return
        data: dict[str, Any] = {
            "mission": self.name,
            "team": team["team"],
            "member": team["as"],
            "at": at.isoformat(),
        }
        for step, (amount, digest) in worth.items():
            data |= {f"amount.{step}": amount, f"once.{step}": digest}
        founder, rule = MemberId(team["founder"]), f"team.{self.name}"
        turn.effects.append(Cause(kind=STEP, rule=rule, member=founder, data=data))

    def _count(self, turn: Turn) -> None:
        """Counts a step of the team, for as long as the one who did it is in it."""
        team, who = str(turn.data["team"]), str(turn.data["member"])
        owned, at = owned_by(turn.state), datetime.fromisoformat(str(turn.data["at"]))
        if who not in owned.get(team, ()):
            return
        known = turn.known(self)
        teams = {name: one for name, one in known.get("teams", {}).items() if name in owned}
        begun = self.mission.attempt(teams.get(team, {}), at)
        attempt, _ = self.mission.worked(begun, _worth(turn.data), at)
        if attempt == begun:
            return
        attempt = _credited(begun, attempt, who)
        if self.mission.is_complete(attempt):
            winners = [one for one in owned[team] if self._did_share(attempt.by.get(one, {}))]
            attempt = self.mission.completed(attempt)
            turn.tell("team_mission_completed", mission=self.name, team=team, times=attempt.total)
            data: dict[str, Scalar] = {
                "mission": self.name,
                "team": team,
                "times": attempt.total,
            }
            for one in winners:
                won = Cause(kind=WON, rule=f"team.{self.name}", member=MemberId(one), data=data)
                turn.effects.append(won)
        turn.keep(self, {**known, "teams": {**teams, team: dump(attempt)}})

    def _win(self, turn: Turn) -> None:
        """Gives the prize, once even to one who was two members of the team before a merge."""
        team, number = str(turn.data["team"]), int(turn.data["times"])
        known = turn.known(self)
        won = dict(known.get("won", {}))
        last, times = won.get(team, (0, 0))
        if number <= last:
            return
        won[team] = [number, times + 1]
        turn.give(self.mission.rules, f"mission.{self.name}")
        turn.tell("mission_completed", mission=self.name, times=_times(won))
        turn.reached[self.section, self.name] = _times(won)
        turn.keep(self, {**known, "won": won})

    def _did_share(self, did: Mapping[str, int]) -> bool:
        """Whether it is enough of the whole mission, where every step weighs the same."""
        steps = self.mission.rules.step
        parts = [Fraction(did.get(step.step, 0), self.mission.needs(step)) for step in steps]
        share = sum(parts, Fraction(0)) / len(steps)
        return share > 0 and share * 100 >= Fraction(self.mission.rules.share)


def _worth(data: Document) -> Worth:
    return {
        key.removeprefix("amount."): (int(value), str(data[f"once.{key.removeprefix('amount.')}"]))
        for key, value in data.items()
        if key.startswith("amount.")
    }


def _credited(begun: Attempt, attempt: Attempt, who: str) -> Attempt:
    """The attempt with what was done now put down to a member."""
    did = dict(attempt.by.get(who, {}))
    for step, have in attempt.done.items():
        if more := have - begun.done.get(step, 0):
            did[step] = did.get(step, 0) + more
    return replace(attempt, by={**attempt.by, who: did})


def _times(won: Mapping[str, Sequence[int]]) -> int:
    return sum(times for _, times in won.values())
