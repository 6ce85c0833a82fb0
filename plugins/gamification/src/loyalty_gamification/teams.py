"""Teams: a member founds one, others join by the founder's code, and all leave when they like.

The founder's state has the members; each of them knows the team and its founder. What one does
that concerns the other is a fact of the other's, caused by theirs: it goes when its cause goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from loyalty_core import Activity, Cause, MemberId, MemberView
from loyalty_gamification.config import TeamRules
from loyalty_gamification.facts import FOUNDED, JOINED, LEFT
from loyalty_gamification.missions import digest_of
from loyalty_gamification.turn import OWN, Document, State, Turn, known_of

ASKED, ACCEPTED, GONE, CLOSED = (
    f"gamification.team_{word}" for word in ("asked", "accepted", "gone", "closed")
)
TEAMS = "teams"


class Shared(Protocol):
    """A game that teams play, as far as it is shown of one."""

    def shown_of(self, state: State, team: str, at: datetime) -> Document | None:
        """How far a team is at a moment; None if there is nothing to show."""
        ...


@dataclass(frozen=True, slots=True)
class Teams:
    """Who is with whom.

    ``in`` is the team that the member is in: its id, its founder, and the id that the founder knows
    the member by, which stays after a merge. ``owned`` are teams that the member founded, with
    their members' ids; several only after a merge of founders.
    """

    rules: TeamRules
    shared: Sequence[Shared]

    section = TEAMS
    name = TEAMS

    def play(self, turn: Turn) -> None:
        """Follows who founds, joins and leaves."""
        fact = turn.fact
        if not isinstance(fact, Activity) or not turn.member.member_id:
            return
        known: dict[str, Any] = dict(turn.known(self))
        known["owned"] = dict(known.get("owned", {}))
        own = fact.source == OWN
        if fact.kind == FOUNDED:
            self._founded(known, turn)
        elif fact.kind == JOINED:
            self._joined(known, turn)
        elif fact.kind == LEFT:
            self._left(known, turn)
        elif own and fact.kind == ASKED:
            self._asked(known, turn)
        elif own and fact.kind == ACCEPTED:
            self._accepted(known, turn)
        elif own and fact.kind == GONE:
            self._gone(known, turn)
        elif own and fact.kind == CLOSED and _is_in(known, turn.data):
            del known["in"]
        made = {name: value for name, value in known.items() if value}
        if made != turn.known(self):
            turn.keep(self, made)

    def show(self, state: State, member: MemberView, at: datetime) -> None:
        """Nothing: a member may have founded several, so they are shown as a list."""
        return

    def shown(self, state: State, at: datetime) -> list[Document]:
        """The member's team first, with all that is known of it here, then others they founded."""
        known = known_of(self, state)
        mine: Document = known.get("in", {})
        owned = known.get("owned", {})
        teams = [*([mine["team"]] if mine else []), *sorted(owned)]
        return [
            {
                "team": team,
                "member": team == mine.get("team"),
                "founder": team in owned,
                "founder_id": None if team in owned else mine["founder"],
                "members": len(owned[team]) if team in owned else None,
                "most": self.rules.members,
                "missions": [
                    shown
                    for one in self.shared
                    if team in owned and (shown := one.shown_of(state, team, at)) is not None
                ],
            }
            for team in dict.fromkeys(teams)
        ]

    def united(self, kept: Document, other: Document) -> Document:
        """The team of the one who stays, else the other's; and all that either founded."""
        mine = kept.get("in") or other.get("in")
        owned = {**other.get("owned", {}), **kept.get("owned", {})}
        made = {"in": mine, "owned": owned}
        return {name: value for name, value in made.items() if value}

    def _founded(self, known: dict[str, Any], turn: Turn) -> None:
        if "in" in known:
            return
        team, me = digest_of([turn.fact.source, turn.fact.id]), str(turn.member.member_id)
        known["in"] = {"team": team, "founder": me, "as": me}
        known["owned"][team] = [me]
        turn.tell("team_founded", team=team)

    def _joined(self, known: dict[str, Any], turn: Turn) -> None:
        code = turn.data.get("code")
        if "in" in known or not isinstance(code, str) or not code:
            return
        data = {"member": turn.member.member_id}
        turn.effects.append(Cause(kind=ASKED, rule="team", code=code, data=data))

    def _asked(self, known: dict[str, Any], turn: Turn) -> None:
        """Takes the member in, if the founder is in a team of theirs that has a place left."""
        team, who = known.get("in", {}).get("team"), str(turn.data["member"])
        members = known["owned"].get(team)
        if members is None or (who not in members and len(members) >= self.rules.members):
            return
        known["owned"][team] = sorted({*members, who})
        data = {"team": team, "founder": turn.member.member_id, "member": who}
        turn.effects.append(Cause(kind=ACCEPTED, rule="team", member=MemberId(who), data=data))

    def _accepted(self, known: dict[str, Any], turn: Turn) -> None:
        """Is in the team now; who is in another one by then is gone from it at once."""
        data = turn.data
        if "in" in known and not _is_in(known, data):
            _tell_founder(turn, data["team"], data["founder"], data["member"])
            return
        known["in"] = {"team": data["team"], "founder": data["founder"], "as": data["member"]}
        turn.tell("team_joined", team=data["team"])

    def _left(self, known: dict[str, Any], turn: Turn) -> None:
        """Leaves the team; with the founder it ends."""
        mine = known.pop("in", None)
        if mine is None:
            return
        members = known["owned"].pop(mine["team"], None)
        if members is None:
            _tell_founder(turn, mine["team"], mine["founder"], mine["as"])
        for who in members or ():
            if who != mine["as"]:
                data = {"team": mine["team"]}
                closed = Cause(kind=CLOSED, rule="team", member=MemberId(who), data=data)
                turn.effects.append(closed)

    def _gone(self, known: dict[str, Any], turn: Turn) -> None:
        team, who = turn.data["team"], turn.data["member"]
        if team in known["owned"]:
            known["owned"][team] = [one for one in known["owned"][team] if one != who]


def _tell_founder(turn: Turn, team: str, founder: str, member: str) -> None:
    data = {"team": team, "member": member}
    turn.effects.append(Cause(kind=GONE, rule="team", member=MemberId(founder), data=data))


def _is_in(known: Mapping[str, Any], data: Document) -> bool:
    return bool(known.get("in", {}).get("team") == data["team"])


def team_of(state: State) -> Document:
    """The team that a member is in, as ``Teams`` remembers it; empty if in none."""
    found: Document = state.get(TEAMS, {}).get(TEAMS, {}).get("in", {})
    return found


def owned_by(state: State) -> Mapping[str, Sequence[str]]:
    """The members of each team that a member founded."""
    found: Mapping[str, Sequence[str]] = state.get(TEAMS, {}).get(TEAMS, {}).get("owned", {})
    return found
