"""The games of a program: facts are played through all of them, and members shown where they are.

Activities are decided: what they win counts for whatever follows facts, such as tiers. Orders are
followed, since only then it is known what refunds have left of them. Boards count in following
alone, where it is known as well what a fact was worth to other programs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from loyalty_core import (
    Activity,
    Board,
    Decidable,
    Effect,
    Json,
    KeepState,
    MemberView,
    Order,
    Outcome,
    ProgramConfig,
    Score,
)
from loyalty_gamification.badges import Badge, source_of
from loyalty_gamification.boards import Ranking
from loyalty_gamification.config import GamificationConfig
from loyalty_gamification.missions import Mission
from loyalty_gamification.quizzes import Quiz
from loyalty_gamification.streaks import Streak
from loyalty_gamification.team_missions import TeamMission
from loyalty_gamification.teams import Teams
from loyalty_gamification.turn import Game, Source, Turn, opened
from loyalty_gamification.wheels import Wheel


class GamificationProgram:
    """Plays facts through the games, in an order in which each knows what it builds on. Pure."""

    def __init__(self, config: GamificationConfig, program: ProgramConfig) -> None:
        self._program = program
        missions = [Mission(rules, program) for rules in config.mission]
        shared = [TeamMission(mission) for mission in missions if mission.rules.team]
        sources: list[Source] = [
            *(Streak(rules, program) for rules in config.streak),
            *(mission for mission in missions if not mission.rules.team),
            *shared,
            *(Quiz(rules, program) for rules in config.quiz),
        ]
        named = {(one.section, one.name): one for one in sources}
        badges = [Badge(rules, program, named.get(source_of(rules))) for rules in config.badge]
        wheels = [Wheel(rules, program) for rules in config.wheel]
        self.rankings = [Ranking(rules, program) for rules in config.board]
        self.teams = [Teams(config.team, shared)] if shared else []
        self.games: list[Game] = [*self.teams, *sources, *wheels, *badges, *self.rankings]

    @property
    def boards(self) -> Sequence[Board]:
        """The boards that members are ranked on."""
        return [ranking.board for ranking in self.rankings]

    def scores(self, member: MemberView, at: datetime) -> Sequence[Score]:
        """What the member has on the boards."""
        state = opened(member.state)
        return [score for ranking in self.rankings for score in ranking.scores(state, member)]

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        """What an activity wins, and the new state; nothing for orders."""
        if not isinstance(fact, Activity):
            return []
        return self._played(Outcome(fact=fact), member, self.games, [])

    def follow(self, outcome: Outcome, member: MemberView) -> Sequence[Effect]:
        """What an order wins with what its refunds have left of it; and what boards count."""
        games = self.games if isinstance(outcome.fact, Order) else []
        if not games and not self.rankings:
            return []
        return self._played(outcome, member, games, self.rankings)

    def show(self, member: MemberView, at: datetime) -> Mapping[str, Json]:
        """Where the member is in every game: lists by section."""
        state, made = opened(member.state), dict[str, list[Json]]()
        for game in self.games:
            shown = game.show(state, member, at)
            if shown is not None:
                made.setdefault(game.section, []).append(cast(Json, shown))
        for teams in self.teams:
            made[teams.section] = cast(list[Json], teams.shown(state, at))
        return cast(Mapping[str, Json], made)

    def merge_states(
        self, kept: Mapping[str, Json], other: Mapping[str, Json]
    ) -> Mapping[str, Json]:
        """What is remembered of two members who are one person, as each game says."""
        ours, theirs = opened(kept), opened(other)
        games = {(game.section, game.name): game for game in self.games}
        made: dict[str, dict[str, Json]] = {}
        for section in sorted({*ours, *theirs}):
            mine, others = ours.get(section, {}), theirs.get(section, {})
            for name in sorted({*mine, *others}):
                pair = mine.get(name, {}), others.get(name, {})
                game = games.get((section, name))
                joined = game.united(*pair) if game and all(pair) else pair[0] or pair[1]
                made.setdefault(section, {})[name] = cast(Json, joined)
        return cast(Mapping[str, Json], made)

    def _played(
        self,
        outcome: Outcome,
        member: MemberView,
        games: Sequence[Game],
        rankings: Sequence[Ranking],
    ) -> list[Effect]:
        turn = Turn(outcome, member, self._program, opened(member.state))
        for game in games:
            game.play(turn)
        for ranking in rankings:
            ranking.count(turn)
        kept = cast(Mapping[str, Json], turn.state)
        return turn.effects if kept == member.state else [*turn.effects, KeepState(kept)]
