"""Badges, streaks and other games: a program of the loyalty SDK."""

from loyalty_gamification.plugin import plugin

__all__ = ["plugin"]
