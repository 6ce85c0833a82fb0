"""Points for purchases and activities: a program of the loyalty SDK."""

from loyalty_points.plugin import plugin

__all__ = ["plugin"]
