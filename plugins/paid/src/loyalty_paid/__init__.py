"""Paid memberships: a program of the loyalty SDK."""

from loyalty_paid.commands import Memberships
from loyalty_paid.facts import (
    cancellation,
    fee_paid,
    gift,
    pause,
    payment_failed,
    plan_change,
    resumption,
    subscription,
)
from loyalty_paid.plugin import plugin
from loyalty_paid.providers import ScriptedPayments

__all__ = [
    "Memberships",
    "ScriptedPayments",
    "cancellation",
    "fee_paid",
    "gift",
    "pause",
    "payment_failed",
    "plan_change",
    "plugin",
    "resumption",
    "subscription",
]
