"""What a member is to the friends they invite: accepts or refuses them, and is rewarded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from loyalty_core import ProgramConfig, day_of, period_start
from loyalty_referral.config import ReferralConfig
from loyalty_referral.fraud import Checks, Friend, Invitation
from loyalty_referral.friend import ACCEPTED, ASKED, CHECKED
from loyalty_referral.turn import Document, Turn, promise

LATEST = 50
"""How many friends are remembered one by one; all of them are counted."""
AT_ONCE = timedelta(microseconds=2)
"""How long it takes at most from asking to the answer: both are caused right after each other."""
PRINT = "print."


class Referrers:
    """The referrer's side of referrals."""

    def __init__(self, config: ReferralConfig, program: ProgramConfig, checks: Checks) -> None:
        self._program = program
        self._checks = checks
        self._rewards = {rule.rule: rule for rule in config.reward}
        self._milestones = {rule.rule: rule for rule in config.milestone}

    def invited(self, turn: Turn) -> None:
        """Accepts a friend, or says which check refuses."""
        data = turn.data
        invitation = self._invitation(turn)
        reason = self._checks.reason(invitation)
        one: dict[str, Any] = {"at": turn.at.isoformat(), "reason": reason}
        if not reason:
            one["prints"] = invitation.prints
            turn.state["accepted"] = turn.state.get("accepted", 0) + 1
        turn.put("friends", data["referral"], one, most=LATEST)
        answer = {"referral": data["referral"], "by": turn.me, "reason": reason}
        turn.cause("answered", answer, to=data["friend"])

    def elsewhere(self, turn: Turn) -> None:
        """Counts a friend no more who was accepted, and had asked somebody else meanwhile."""
        turn.state["accepted"] = max(turn.state.get("accepted", 0) - 1, 0)
        key = turn.data["referral"]
        if known := turn.table("friends").get(key):
            turn.put("friends", key, {"at": known["at"], "reason": "elsewhere"})

    def bought(self, turn: Turn) -> None:
        """Remembers that a friend has bought."""
        self._note(turn, bought=True, due_at=turn.data["due_at"])

    def due(self, turn: Turn) -> None:
        """Gives a reward, unless it was given often enough; or hands it to one's own referrer."""
        data, name = turn.data, turn.data["rule"]
        if data["up"]:
            claim = turn.table("claim")
            if claim.get("state") == ACCEPTED:
                passed = {**data, "up": data["up"] - 1}
                turn.cause("due", passed, rule=name, to=claim["by"])
            return
        rule = self._rewards.get(name)
        if rule is not None and rule.to == "referrer":
            if data["friend"] == turn.me or not self._within(turn, name):
                return
            self._note(turn, rewarded=True)
        turn.give(data, name)

    def counted(self, turn: Turn) -> None:
        """Counts a friend for a milestone, and gives what it brings."""
        name = turn.data["rule"]
        milestone = self._milestones.get(name)
        if milestone is None or turn.data["friend"] == turn.me:
            return
        have, times = turn.table("counts").get(name, (0, 0))
        have += 1
        most = have // milestone.needs if milestone.repeat else 1
        if have >= milestone.needs and times < most:
            times += 1
            turn.give(promise(milestone, self._program), name)
            turn.tell("milestone_reached", milestone=name, times=times)
        turn.put("counts", name, [have, times])

    def _invitation(self, turn: Turn) -> Invitation:
        data, claim = turn.data, turn.table("claim")
        accepted = [one for one in turn.table("friends").values() if not one["reason"]]
        asked = claim.get("state") == ASKED
        return Invitation(
            at=turn.at,
            prints={
                name.removeprefix(PRINT): str(value).split()
                for name, value in data.items()
                if name.startswith(PRINT)
            },
            referrer=turn.table("prints"),
            friends=[
                Friend(at=datetime.fromisoformat(one["at"]), prints=one["prints"])
                for one in accepted
            ],
            accepted=turn.state.get("accepted", 0),
            orders=data["orders"],
            invites=data["invites"] > 0,
            oneself=data["friend"] == turn.me,
            asking=asked and turn.at - datetime.fromisoformat(claim["at"]) <= AT_ONCE,
            data={
                name.removeprefix(CHECKED): value
                for name, value in data.items()
                if name.startswith(CHECKED)
            },
        )

    def _within(self, turn: Turn, name: str) -> bool:
        """Whether the reward may be given once more in its period; it counts then."""
        rule = self._rewards[name]
        if rule.most is None:
            return True
        period = ""
        if rule.per != "lifetime":
            day = day_of(turn.at, self._program.program.time_zone)
            period = period_start(day, rule.per).isoformat()
        known, times = turn.table("given").get(name, ("", 0))
        times = times if known == period else 0
        if times >= rule.most:
            return False
        turn.put("given", name, [period, times + 1])
        return True

    def _note(self, turn: Turn, **more: object) -> None:
        """Remembers something about a friend, if they are among the latest."""
        friends: Mapping[str, Document] = turn.table("friends")
        key = turn.data["referral"]
        if key in friends:
            turn.put("friends", key, {**friends[key], **more})
