"""Tiers with benefits: a program of the loyalty SDK."""

from loyalty_tiers.facts import cleared_tier, invitation, set_tier
from loyalty_tiers.plugin import plugin

__all__ = ["cleared_tier", "invitation", "plugin", "set_tier"]
