"""Referrals and group buying: a program of the loyalty SDK."""

from loyalty_referral.facts import joined, seen, touched
from loyalty_referral.fraud import AsksFor, FraudCheck, Friend, Invitation
from loyalty_referral.plugin import plugin
from loyalty_referral.sharing import (
    Link,
    claim,
    join_group,
    leave_group,
    link_of,
    open_group,
    referrals_of,
)

__all__ = [
    "AsksFor",
    "FraudCheck",
    "Friend",
    "Invitation",
    "Link",
    "claim",
    "join_group",
    "joined",
    "leave_group",
    "link_of",
    "open_group",
    "plugin",
    "referrals_of",
    "seen",
    "touched",
]
