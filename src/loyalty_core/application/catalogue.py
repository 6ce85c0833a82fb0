"""Rewards of the catalogue: what one costs a member, and why it cannot be bought."""

from __future__ import annotations

from datetime import datetime

from loyalty_core.domain.amounts import Money, format_scaled, parse_scaled
from loyalty_core.domain.catalogue import Rate, Reward, among
from loyalty_core.domain.clock import day_of, period_start, start_of
from loyalty_core.domain.grants import Terms, terms_of
from loyalty_core.domain.members import MemberView
from loyalty_core.domain.programs import ProgramConfig, Wallet
from loyalty_core.domain.rewards import SpendOffer, SpendRequest
from loyalty_core.ports.program import Owned, RewardKind

CATALOGUE = "core"
"""What stands where rewards of plugins name their plugin."""


class CatalogueReward:
    """A reward of ``[rewards.*]``, as points buy it; pure, as every reward is."""

    def __init__(self, name: str, reward: Reward, config: ProgramConfig) -> None:
        self.id = name
        self.reward = reward
        self.summary = reward.name or name
        self.wallet = reward.wallet or next(iter(config.wallets), "")
        self.terms: Terms = terms_of(name, reward, config.program)
        definition = config.wallets.get(self.wallet, Wallet())  # without one it is given, not sold
        self._zone = config.program.time_zone
        self._unit = definition.unit
        self._scale = definition.scale
        self._per_point = 10**definition.scale
        self._digits = Money(0, config.program.currency).digits

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        """One of it at the member's price, or as much as the points asked for are worth."""
        refusal = self.closed(member, request.at)
        if refusal:
            return self._refused(refusal)
        if self.reward.rate is not None:
            return self._sliding(self.reward.rate, request)
        price = self.price(member, request.at)
        if price is None:
            return self._refused("it is not for sale")
        asked = request.available if request.points is None else request.points
        if min(asked, request.available) < price:
            return self._short(price, request)
        return self._offered(price, self.terms.worth)

    def price(self, member: MemberView, at: datetime | None) -> int | None:
        """What one costs the member at a moment, in smallest units; None where that slides."""
        profile, day = member.profile, day_of(at, self._zone) if at else None
        prices = self.reward.whole_prices(profile.tags, profile.tiers, day)
        lowest = min(prices, default=None)
        return None if lowest is None else lowest * self._per_point

    def visible(self, member: MemberView) -> bool:
        """Whether the member sees it in the catalogue."""
        reward, profile = self.reward, member.profile
        if not reward.for_tags and not reward.for_tiers:
            return True
        return among(reward.for_tags, reward.for_tiers, profile.tags, profile.tiers)

    def shown(self, member: MemberView) -> bool:
        """Whether it is in the catalogue that the member sees."""
        return self.reward.for_sale() and self.visible(member)

    def closed(self, member: MemberView, at: datetime | None) -> str:
        """Why the member cannot buy it at all at a moment, in their words; empty if they can."""
        if not self.reward.for_sale():
            return "it is not for sale"
        if not self.visible(member):
            return "it is for other members"
        if at is not None:
            day = day_of(at, self._zone)
            if self.reward.starts_on and day < self.reward.starts_on:
                return f"it can be bought from {self.reward.starts_on.isoformat()} on"
            if self.reward.ends_on and day > self.reward.ends_on:
                return f"it could be bought until {self.reward.ends_on.isoformat()}"
        return ""

    def limited_since(self, now: datetime) -> tuple[int, datetime | None] | None:
        """How often one member may buy it, and since when (ever) that is counted at ``now``."""
        limit = self.reward.per_member
        if limit is None:
            return None
        if limit.period is None:
            return limit.limit, None
        first = period_start(day_of(now, self._zone), limit.period)
        return limit.limit, start_of(first, self._zone)

    def _sliding(self, rate: Rate, request: SpendRequest) -> SpendOffer:
        """The most that the points are worth, charged the fewest points that pay it."""
        asked = request.available if request.points is None else request.points
        budget = min(asked, request.available)
        if rate.largest is not None:
            budget = min(budget, rate.largest * self._per_point)
        step = (rate.step or 0) * self._per_point
        if step:
            budget -= budget % step
        per, amount = rate.points * self._per_point, parse_scaled(rate.amount, self._digits)
        worth = budget * amount // per
        points = budget if step else -(-worth * per // amount)
        smallest = max(rate.smallest * self._per_point, step)
        if worth <= 0 or points < smallest:
            return self._short(max(smallest, -(-per // amount)), request)
        return self._offered(points, worth, smallest, step or 1)

    def _short(self, needed: int, request: SpendRequest) -> SpendOffer:
        least = f"at least {self._written(needed)} are needed"
        if request.points is not None and request.points < needed <= request.available:
            return self._refused(f"{self._written(request.points)} are too few, {least}")
        available = self._written(max(request.available, 0))
        return self._refused(f"{available} are available, {least}", needed)

    def _offered(self, points: int, worth: int, minimum: int = 0, step: int = 1) -> SpendOffer:
        return SpendOffer(
            wallet=self.wallet,
            points=points,
            worth=Money(worth, self.terms.currency),
            minimum=minimum,
            step=step,
            item=self.id if self.reward.stock is not None else "",
            stock=self.reward.stock,
        )

    def _refused(self, refusal: str, minimum: int = 0) -> SpendOffer:
        """A refusal; ``minimum`` is what is needed where only points are missing."""
        return SpendOffer(
            wallet=self.wallet,
            points=0,
            worth=Money(0, self.terms.currency),
            minimum=minimum,
            refusal=refusal,
        )

    def _written(self, points: int) -> str:
        return f"{format_scaled(points, self._scale)} {self._unit}"


def shown(owned: Owned[RewardKind], member: MemberView) -> bool:
    """Whether a member is to see a reward; those of plugins are for all."""
    return not isinstance(owned.item, CatalogueReward) or owned.item.shown(member)
