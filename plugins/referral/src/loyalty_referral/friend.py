"""What a member is as somebody's friend: whose link they followed, who accepted them, what they
bought since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from loyalty_core import Order, Outcome, ProgramConfig, minor_digits, parse_scaled
from loyalty_referral.config import Milestone, ReferralConfig, Reward
from loyalty_referral.facts import code_of, code_on
from loyalty_referral.fraud import asked_by
from loyalty_referral.prints import Fingerprints, Prints
from loyalty_referral.turn import Document, Turn, promise

MOST_TOUCHES = 20
MOST_WAITING = 20
ASKED, ACCEPTED, REFUSED = "asked", "accepted", "refused"
ALL = ""
"""Under which all orders are counted that cost something; no rule has this name."""
CHECKED = "check."
"""How the keys of what other checks ask for begin in the fact that goes to the referrer."""


class Friends:
    """The friend's side of referrals."""

    def __init__(
        self, config: ReferralConfig, program: ProgramConfig, prints: Fingerprints
    ) -> None:
        self._config = config
        self._prints = prints
        self._program = program
        self._asked = {item.name for kind in asked_by(config).values() for item in fields(kind)}
        self._window = timedelta(days=config.window_days)
        currency = program.program.currency
        self._least = {
            rule.rule: parse_scaled(rule.at_least, minor_digits(currency))
            for rule in config.reward
            if rule.at_least is not None
        }

    def touched(self, turn: Turn) -> None:
        """Remembers that a link was followed: the last one, or all within the window."""
        code, claim = code_of(turn.data.get("code")), turn.table("claim")
        if not code or claim.get("state") == ACCEPTED:
            return
        touch = {"code": code, "at": turn.at.isoformat()}
        if self._config.touch == "last":
            turn.state["touches"] = [touch]
        else:
            turn.state["touches"] = [*self._fresh(turn), touch][:MOST_TOUCHES]

    def joined(self, turn: Turn) -> None:
        """Asks whose friend the member is, by the code they typed or the link they followed."""
        if turn.table("claim").get("state") != ACCEPTED:
            self._ask(turn, str(turn.data.get("code") or ""))

    def answered(self, turn: Turn) -> None:
        """Takes the referrer's answer, and causes what comes of being accepted."""
        claim, reason = turn.table("claim"), str(turn.data["reason"])
        if claim.get("referral") != turn.data["referral"] or claim["state"] != ASKED:
            if not reason:  # the member has asked somebody else since
                gone = {"referral": turn.data["referral"]}
                turn.cause("elsewhere", gone, to=turn.data["by"])
            return
        referral = str(claim["referral"])
        made = {**claim, "state": REFUSED if reason else ACCEPTED, "reason": reason}
        made["by"] = turn.data["by"]  # from here on it is theirs, whoever has the code
        made.pop("waits")
        turn.state["claim"] = made
        if reason:
            turn.tell("refused", referral=referral, reason=reason)
            return
        turn.tell("accepted", referral=referral)
        for rule in self._rewards("sign_up"):
            self._due(turn, rule, turn.at)
        self._count(turn, self._milestones("sign_up"), turn.at)
        for order in claim["waits"]:
            self._bought(turn, order)

    def ordered(self, turn: Turn, outcome: Outcome) -> None:
        """Lets an order count with what its refunds have left of it."""
        order = outcome.fact
        assert isinstance(order, Order)
        left = outcome.returned[-1].value if outcome.returned else outcome.value
        if left <= 0:
            if outcome.value > 0:
                turn.state["returned"] = turn.state.get("returned", 0) + 1
            return
        bought = {"at": turn.at.isoformat(), "left": left, "currency": order.currency}
        claim, code = turn.table("claim"), code_on(order)
        if not claim or (claim["state"] == REFUSED and code):
            self._ask(turn, code, bought)
        elif claim["state"] == ASKED:  # bought at the very moment, or the code is nobody's yet
            waits = [*claim["waits"], bought][:MOST_WAITING]
            turn.state["claim"] = {**claim, "waits": waits}
        elif claim["state"] == ACCEPTED:
            self._bought(turn, bought)

    def _ask(self, turn: Turn, typed: str, *orders: Document) -> None:
        now = {"code": typed.strip().upper(), "at": turn.at.isoformat()}
        touches = [*self._fresh(turn), *([now] if typed else [])]
        if not touches:
            return
        code = touches[-1 if self._config.touch == "last" else 0]["code"]
        referral = self._prints.digest(f"{turn.fact.source}\0{turn.fact.id}")
        claim = {"code": code, "referral": referral, "at": turn.at.isoformat()}
        turn.state["touches"] = []
        if not code_of(code):
            turn.state["claim"] = {**claim, "state": REFUSED, "reason": "not_a_code"}
            turn.tell("refused", referral=referral, reason="not_a_code")
            return
        asked = {"state": ASKED, "reason": "", "orders": {}, "waits": list(orders)}
        turn.state["claim"] = {**claim, **asked}
        data = turn.data.items()
        passed = {f"{CHECKED}{name}": value for name, value in data if name in self._asked}
        known: Prints = turn.table("prints")
        invitation = {
            "friend": turn.me,
            "referral": referral,
            "orders": turn.member.history.orders - turn.state.get("returned", 0),
            "invites": turn.state.get("accepted", 0),
            **{f"print.{kind}": " ".join(ones) for kind, ones in known.items()},
            **passed,
        }
        turn.cause("invited", invitation, code=code)

    def _bought(self, turn: Turn, bought: Document) -> None:
        """Counts an order for every rule that it is enough for."""
        claim, at = turn.table("claim"), datetime.fromisoformat(bought["at"])
        orders = dict(claim["orders"])
        orders[ALL] = orders.get(ALL, 0) + 1
        if orders[ALL] == 1:
            self._tell_bought(turn, at)
            self._count(turn, self._milestones("order"), at)
        for rule in self._rewards("order"):
            if not self._enough(rule, bought):
                continue
            orders[rule.rule] = orders.get(rule.rule, 0) + 1
            if orders[rule.rule] == rule.order:
                self._due(turn, rule, at)
        turn.state["claim"] = {**claim, "orders": orders}

    def _tell_bought(self, turn: Turn, at: datetime) -> None:
        """Lets the referrer see that the friend has bought, and until when a reward may wait."""
        waits = [
            rule.after_days
            for rule in self._rewards("order")
            if rule.to == "referrer" and rule.order == rule.step == 1
        ]
        due = (at + timedelta(days=max(waits))).isoformat() if any(waits) else ""
        claim = turn.table("claim")
        data = {"referral": claim["referral"], "due_at": due}
        turn.cause("bought", data, to=claim["by"])

    def _due(self, turn: Turn, rule: Reward, at: datetime) -> None:
        claim = turn.table("claim")
        due = {
            "rule": rule.rule,
            "referral": claim["referral"],
            "friend": turn.me,
            "up": rule.step - 1,
            **promise(rule, self._program),
        }
        to = claim["by"] if rule.to == "referrer" else ""
        turn.cause("due", due, rule=rule.rule, to=to, at=_later(at, rule.after_days))

    def _count(self, turn: Turn, milestones: Sequence[Milestone], at: datetime) -> None:
        claim = turn.table("claim")
        for milestone in milestones:
            counted = {"rule": milestone.rule, "friend": turn.me}
            later = _later(at, milestone.after_days)
            turn.cause("counted", counted, rule=milestone.rule, to=claim["by"], at=later)

    def _enough(self, rule: Reward, bought: Document) -> bool:
        least = self._least.get(rule.rule)
        if least is None:
            return True
        same = bought["currency"] == self._program.program.currency
        return same and int(bought["left"]) >= least

    def _rewards(self, when: str) -> list[Reward]:
        return [rule for rule in self._config.reward if rule.when == when]

    def _milestones(self, counts: str) -> list[Milestone]:
        return [one for one in self._config.milestone if one.counts == counts]

    def _fresh(self, turn: Turn) -> list[Document]:
        """The links followed within the window before this moment."""
        touches: Sequence[Document] = turn.state.get("touches", [])
        since = turn.at - self._window
        return [one for one in touches if datetime.fromisoformat(one["at"]) >= since]


def _later(at: datetime, days: int) -> datetime | None:
    return at + timedelta(days=days) if days else None
