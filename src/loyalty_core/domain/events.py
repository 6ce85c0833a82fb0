"""What the program tells others: one past-tense event for each kind of thing that was booked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import Identity

EventId = NewType("EventId", str)

CORE_EVENTS: Mapping[str, str] = {
    "member_enrolled": "Somebody became a member; data: kinds (of identities).",
    "points_credited": "An accrual was booked; data: wallet, amount, fact_id.",
    "points_reversed": "Awarded points were taken back; data: wallet, amount, fact_id.",
    "points_redeemed": "Points were spent; data: wallet, amount, reward, redemption.",
    "points_held": "Points were reserved; data: wallet, amount, reward, redemption.",
    "points_released": "Held points are free again; data: wallet, amount, redemption, state.",
    "points_returned": "Spent points were given back; data: wallet, amount, reward, redemption.",
    "points_accepted": "A partner's points were spent here; data: partner, wallet, amount, "
    "reward, redemption.",
    "points_adjusted": "An operator changed a balance; data: wallet, amount, reason, actor.",
    "points_donated": "What points are worth was booked into an account; data: wallet (the "
    "account), amount, reward, redemption.",
    "points_transferred": "Points went to another member or came from one; data: "
    "wallet, amount, to or from, transaction (the other member's).",
    "points_activated": "Pending points became spendable; data: wallet, amount.",
    "points_expiring": (
        "Points will expire if they are not spent, as `remind_days` says; data: wallet, amount, "
        "expires_at, days (until then)."
    ),
    "points_expired": "Points passed their date; data: wallet, amount.",
    "grant_requested": "A grant waits for approval; data: grant, reward, name.",
    "grant_preparing": "A grant is to be handed over, or lacks a code; data: grant, reward, name.",
    "grant_issued": "A member owns a grant; data: grant, reward, name, code, expires_at.",
    "grant_used": "A grant was used; data: grant, reward, name, order, saved (minor units).",
    "grant_expired": "A grant passed its date unused; data: grant, reward, name.",
    "grant_revoked": "A grant was taken back; data: grant, reward, name, cause.",
    "grant_restored": "A grant that was taken back is there again; data: grant, reward, name.",
    "grant_kept": "A grant is not due any more, but was used already; data: grant, reward, name.",
    "member_linked": "A member here is known to be a partner's; data: partner.",
    "member_unlinked": "The link to a partner's member ended; data: partner.",
    "member_merged": "A member became part of this one; data: merged (their id).",
    "member_unmerged": "A member was parted from this one again; data: unmerged (their id).",
    "member_erased": "A person asked to be forgotten: delete what you hold of them; data: none.",
    "tier_changed": "A member came to another tier; data: scheme, tier and previous (null for "
    "none), why. It occurred when the tier changed, and is told with the next fact or tick.",
    "segment_changed": "A member came into a segment or left it; data: segment, entered (true or "
    "false). It occurred when the segments were counted.",
    "points_reinstated": "Expired points were given back, or are spent after all, as a refund was "
    "undone; data: wallet, amount, corrects, expires_at, reason, actor, redemption.",
    "household_created": "A member made a household, and is its head; data: household.",
    "household_member_invited": "A member was invited to a household; data: household.",
    "household_invitation_ended": "It was declined, or withdrawn; data: household.",
    "household_member_joined": "A member accepted the invitation; data: household.",
    "household_member_left": "A member is out of it; data: household, "
    "reason (left, removed or erased).",
    "household_share_changed": "A member shares another part of what they earn; data: "
    "household, share (percent).",
    "household_head_changed": "A member is the head of it from now on; data: household.",
    "household_dissolved": "The last member left, and has what was left; data: household.",
    "export_asked": "A person asks, at a shop, what is known of them; data: connector, reference.",
    "decision_deferred": "A program failed on a fact and is tried again; data: plugin, fact_id.",
}
"""The events of the core by type, each with what its data hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, as subscribers get it; ``id`` makes handlers idempotent.

    Amounts in ``data`` are integers of the wallet's smallest unit. ``identities`` are how the
    member is known when it is delivered, for subscriptions that ask for them; they are not kept.
    """

    id: EventId
    type: str
    member_id: str
    occurred_at: datetime
    transaction_id: str | None = None
    data: Mapping[str, Json] = field(default_factory=dict)
    identities: tuple[Identity, ...] = ()
