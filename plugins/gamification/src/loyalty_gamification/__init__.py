"""Badges, streaks and other games: a program of the loyalty SDK."""

from loyalty_gamification.fair import chain, check_spin, commitment_of, drawn
from loyalty_gamification.joining import found_team, join_team, leave_team, team_with
from loyalty_gamification.plugin import plugin

__all__ = [
    "chain",
    "check_spin",
    "commitment_of",
    "drawn",
    "found_team",
    "join_team",
    "leave_team",
    "plugin",
    "team_with",
]
