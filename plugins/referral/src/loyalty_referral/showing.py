"""What a member is shown: by whom nobody is named but in the words of the program."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from loyalty_core import Json, MemberView
from loyalty_referral.config import ReferralConfig
from loyalty_referral.fraud import Checks
from loyalty_referral.groups import LEFT, LOST, OPEN, WON
from loyalty_referral.turn import in_order


class Showing:
    """Says what there is to show of a member."""

    def __init__(self, config: ReferralConfig, checks: Checks) -> None:
        self._config = config
        self._checks = checks

    def of(self, member: MemberView, at: datetime) -> Mapping[str, Json]:
        """The member's referrals, milestones and groups at a moment."""
        state = cast(Mapping[str, Any], member.state)
        friends, groups, places = (
            in_order(state.get(name, {})) for name in ("friends", "groups", "places")
        )
        shown = {
            "invited_by": self._claim(state),
            "accepted": state.get("accepted", 0),
            "friends": [self._friend(name, one) for name, one in friends],
            "milestones": self._milestones(state),
            "groups": [_group(name, one, at) for name, one in groups],
            "places": [self._place(one) for _, one in places],
        }
        return cast(Mapping[str, Json], shown)

    def _claim(self, state: Mapping[str, Any]) -> dict[str, Any] | None:
        claim = state.get("claim")
        if claim is None:
            return None
        words = self._checks.words(claim["reason"])
        return {"state": claim["state"], "reason": claim["reason"], "why": words, "at": claim["at"]}

    def _friend(self, name: str, one: Mapping[str, Any]) -> dict[str, Any]:
        state = "signed_up"
        if one["reason"]:
            state = "refused"
        elif one.get("rewarded"):
            state = "rewarded"
        elif one.get("bought"):
            state = "bought"
        waits = one.get("due_at") if state == "bought" else None
        return {
            "referral": name,
            "state": state,
            "reason": one["reason"],
            "why": self._checks.words(one["reason"]),
            "at": one["at"],
            "due_at": waits or None,
        }

    def _milestones(self, state: Mapping[str, Any]) -> list[dict[str, Any]]:
        """How far each milestone is; one that is repeated begins anew."""
        made = []
        for rule in self._config.milestone:
            have, times = state.get("counts", {}).get(rule.rule, (0, 0))
            more = have - times * rule.needs if rule.repeat else have
            made.append(
                {
                    "milestone": rule.rule,
                    "name": rule.name or rule.rule,
                    "have": min(more, rule.needs),
                    "needs": rule.needs,
                    "times": times,
                }
            )
        return made

    def _place(self, place: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "group": f"{place['code']}/{place['group']}",
            "state": LEFT if place.get("back") else place["state"],
            "reason": place["reason"],
            "why": self._checks.words(place["reason"]),
        }


def _group(name: str, group: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A group as it is at a moment: its time may have come before anybody has ended it."""
    open_, state = group["state"] == OPEN, group["state"]
    have = len(group["places"]) if open_ else group["have"]
    if open_ and at >= datetime.fromisoformat(group["closes_at"]):
        state = WON if have >= group["needs"] else LOST
    return {
        "group": name,
        "deal": group["deal"],
        "name": group["name"] or group["deal"],
        "state": state,
        "have": have,
        "needs": group["needs"],
        "most": group["most"],
        "closes_at": group["closes_at"],
    }
