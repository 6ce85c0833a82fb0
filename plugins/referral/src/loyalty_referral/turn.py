"""One fact in the plugin's hands: what it is about, what is remembered, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from loyalty_core import (
    Activity,
    Cause,
    Credit,
    Decidable,
    Effect,
    Emit,
    Grant,
    Json,
    KeepState,
    MemberId,
    MemberView,
    ProgramConfig,
    Scalar,
)
from loyalty_referral.config import Prize

Document = Mapping[str, Any]
"""Something that is remembered, or shown: JSON."""


@dataclass(slots=True)
class Turn:
    """A fact, with a working copy of the state; what is in the state is replaced, never changed."""

    fact: Decidable
    member: MemberView
    program: ProgramConfig
    state: dict[str, Any] = field(init=False)
    effects: list[Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = dict(self.member.state)

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.fact.occurred_at

    @property
    def me(self) -> str:
        """The member's id; empty in a quote for a stranger."""
        return self.member.member_id or ""

    @property
    def data(self) -> Document:
        """What an activity says; nothing of an order."""
        return self.fact.data if isinstance(self.fact, Activity) else {}

    def table(self, name: str) -> Document:
        """A part of the state by its name, empty if there is none."""
        return cast(Document, self.state.get(name, {}))

    def put(self, name: str, key: str, document: object, *, most: int = 0) -> None:
        """Remembers something in a part of the state; of more than ``most`` the oldest go."""
        kept = {**self.table(name), key: document}
        if most and len(kept) > most:
            kept = dict(in_order(kept)[-most:])
        self.state[name] = kept

    def cause(
        self,
        what: str,
        data: Mapping[str, Scalar],
        *,
        rule: str = "",
        to: str = "",
        code: str = "",
        at: datetime | None = None,
    ) -> None:
        """Causes ``referral.<what>`` of a member, of who has a code, or of the member itself."""
        self.effects.append(
            Cause(
                kind=f"referral.{what}",
                rule=f"{what}:{rule}" if rule else what,
                member=MemberId(to) if to else None,
                code=code,
                at=at,
                data=data,
            )
        )

    def tell(self, event: str, **data: Json) -> None:
        """Tells others of it, the first time the fact is decided."""
        self.effects.append(Emit(type=f"referral.{event}", data=data))

    def give(self, promised: Document, rule: str) -> None:
        """Gives what was promised, as far as the program still has it."""
        if promised["points"] and promised["wallet"] in self.program.wallets:
            credit = Credit(wallet=promised["wallet"], amount=promised["points"], rule=rule)
            self.effects.append(credit)
        if promised["reward"] in self.program.rewards:
            self.effects.append(Grant(reward=promised["reward"], rule=rule))

    def done(self) -> list[Effect]:
        """All that comes of the fact."""
        if self.state != self.member.state:
            self.effects.append(KeepState(self.state))
        return self.effects


def in_order(documents: Document) -> list[tuple[str, Any]]:
    """Documents that say when they were made, the oldest first: JSON keeps no order of names."""
    return sorted(documents.items(), key=lambda item: (item[1]["at"], item[0]))


def promise(prize: Prize, program: ProgramConfig) -> dict[str, Scalar]:
    """What a prize is worth, as data: in the smallest unit of its wallet."""
    wallet = program.wallets.get(prize.wallet)
    points = int(prize.points.scaleb(wallet.scale)) if wallet else 0
    return {"points": points, "wallet": prize.wallet, "reward": prize.reward}
