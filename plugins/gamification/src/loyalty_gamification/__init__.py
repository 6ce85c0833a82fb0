"""Badges, streaks and other games: a program of the loyalty SDK."""

from loyalty_gamification.fair import check_spin, commitment_of
from loyalty_gamification.plugin import plugin

__all__ = ["check_spin", "commitment_of", "plugin"]
