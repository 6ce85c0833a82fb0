"""A plugin that counts a member's orders, in three releases that keep the count otherwise.

The first keeps a text, the second a whole number, the third has another name for it and knows what
was spent on each order, as far as orders are there to say it. Each is worth ten points a stamp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loyalty_core import (
    Credit,
    Decidable,
    Effect,
    Json,
    KeepState,
    MemberView,
    Money,
    Order,
    PluginManifest,
    SpendOffer,
    SpendRequest,
    StateStep,
    hookimpl,
    order_total,
)


def as_number(state: dict[str, Json]) -> Mapping[str, Json]:
    """From the first release to the second."""
    return {"count": int(str(state["count"]))}


def renamed(state: dict[str, Json]) -> Mapping[str, Json]:
    """From the second release to the third; it changes what it is given."""
    state["stamps"] = state.pop("count")
    state["spent"] = {}
    return state


STEPS = (StateStep(as_number, {"count": "3"}), StateStep(renamed, {"count": 3}))


@dataclass(eq=False)
class Stamping:
    """The plugin as of a release; ``decided`` are the facts that it was asked about."""

    release: int
    steps: tuple[StateStep, ...] | None = None
    unites: bool = True
    decided: list[str] = field(default_factory=list)

    @property
    def manifest(self) -> PluginManifest:
        steps = STEPS[: self.release - 1] if self.steps is None else self.steps
        return PluginManifest(
            id="stamping",
            version=f"{self.release}.{len(steps)}",
            requires_plugin_api=">=1.5,<2",
            state_steps=steps,
        )

    @hookimpl
    def loyalty_register_programs(self) -> Any:
        return [Stamps(self)]

    @hookimpl
    def loyalty_register_rewards(self) -> Any:
        return [Worth(self)]


@dataclass(frozen=True)
class Stamps:
    """How stamps are counted, shown and united."""

    plugin: Stamping

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        self.plugin.decided.append(fact.id)
        if not isinstance(fact, Order):
            return []
        count, spent = count_of(self.plugin.release, member.state) + 1, order_total(fact)
        return [
            Credit(wallet="points", amount=count * 10, rule="stamp"),
            KeepState(kept(self.plugin.release, count, member.state, spent)),
        ]

    def show(self, member: MemberView, at: datetime) -> Mapping[str, Json]:
        return {"stamps": count_of(self.plugin.release, member.state)}

    def merge_states(
        self, kept_state: Mapping[str, Json], other: Mapping[str, Json]
    ) -> Mapping[str, Json]:
        if not self.plugin.unites:
            raise RuntimeError("as the test wants")
        release = self.plugin.release
        both = count_of(release, kept_state) + count_of(release, other)
        return kept(release, both, {}, 0)


@dataclass(frozen=True)
class Worth:
    """A cent for each point, to who has a stamp."""

    plugin: Stamping

    id = "stamping.worth"
    summary = "A cent for each point"
    wallet = "points"

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        points = request.available if request.points is None else request.points
        stamped = count_of(self.plugin.release, member.state) > 0
        refusal = "" if stamped else "you have no stamp"
        worth = Money(points, "USD")
        return SpendOffer(wallet="points", points=points, worth=worth, refusal=refusal)


def count_of(release: int, state: Mapping[str, Json]) -> int:
    """The stamps that a release reads: as strictly as code that knows what it wrote."""
    if not state:
        return 0
    if release == 1:
        assert isinstance(state["count"], str), state
        return int(state["count"])
    if release == 3:
        assert isinstance(state["spent"], dict), state
    found = state["count" if release == 2 else "stamps"]
    assert isinstance(found, int), state
    return found


def kept(release: int, count: int, before: Mapping[str, Json], spent: int) -> Mapping[str, Json]:
    """What a release keeps."""
    if release == 1:
        return {"count": str(count)}
    if release == 2:
        return {"count": count}
    known = before.get("spent", {})
    assert isinstance(known, dict)
    return {"stamps": count, "spent": {**known, str(count): spent}}
