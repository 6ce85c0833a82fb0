"""Memberships by the member's id, for shops and front-ends: commands, and what they came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from loyalty_core import Activity, IdempotencyConflict, Loyalty
from loyalty_paid import facts
from loyalty_paid.turn import said


class Memberships:
    """What members of a program can do about their memberships.

    Each command records an activity, named by the member and ``key``: given again, it counts once.
    It answers with what the member is shown then; ``command.refused`` there is why it did nothing.

    Raises ``MemberNotFound``, ``MemberErased``, and ``IdempotencyConflict`` for a key that was used
    for another command.
    """

    def __init__(self, loyalty: Loyalty) -> None:
        self._loyalty = loyalty

    def of(self, member_id: str) -> Mapping[str, Any]:
        """What the member is shown of their membership now."""
        shown = self._loyalty.statement(member_id).shown
        return cast(Mapping[str, Any], shown.get("paid", {"status": "none"}))

    def subscribe(self, member_id: str, plan: str, *, key: str) -> Mapping[str, Any]:
        """Comes to a plan; its fee is asked for, unless there is a trial first."""
        return self._do(facts.subscription, member_id, key, plan)

    def cancel(
        self, member_id: str, *, key: str, when: Literal["period_end", "now"] = "period_end"
    ) -> Mapping[str, Any]:
        """Is not renewed, or ends at once, with the fee back inside its window."""
        return self._do(facts.cancellation, member_id, key, when=when)

    def pause(self, member_id: str, *, key: str, days: int | None = None) -> Mapping[str, Any]:
        """Stands still, for as many days as the plan allows or for fewer."""
        return self._do(facts.pause, member_id, key, days=days)

    def resume(self, member_id: str, *, key: str) -> Mapping[str, Any]:
        """Goes on before a pause is over, or is renewed after all."""
        return self._do(facts.resumption, member_id, key)

    def change(self, member_id: str, plan: str, *, key: str) -> Mapping[str, Any]:
        """Comes to a dearer plan once the difference is paid, to a cheaper one later."""
        return self._do(facts.plan_change, member_id, key, plan)

    def give(self, member_id: str, plan: str, code: str, *, key: str) -> Mapping[str, Any]:
        """Pays a period for whoever has the public code, or will have it."""
        return self._do(facts.gift, member_id, key, plan, code)

    def _do(
        self,
        make: Callable[..., Activity],
        member_id: str,
        key: str,
        *words: str,
        **more: object,
    ) -> Mapping[str, Any]:
        now = self._loyalty.statement(member_id).at
        whose = {"member_id": member_id}
        fact = make(*words, identities=whose, at=now, key=f"{member_id}/{key}", **more)
        try:
            self._loyalty.record(fact)
        except IdempotencyConflict:  # it may differ in its moment alone
            shown = self.of(member_id)
            if (shown.get("command") or {}).items() >= said(fact).items():
                return shown
            raise
        return self.of(member_id)
