"""Points as money: the reward ``points.discount``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from loyalty_core import (
    SHIPPING,
    Json,
    Line,
    MemberView,
    Money,
    Order,
    PointsValue,
    ProgramConfig,
    SpendOffer,
    SpendRequest,
    day_of,
    format_scaled,
    line_nets,
    minor_digits,
    parse_scaled,
    split,
)
from loyalty_points.awards import smallest_units
from loyalty_points.conditions import excluded
from loyalty_points.config import PointsConfig, Ratio, Redeem


@dataclass(slots=True)
class _Pot:
    """What can be paid at one ratio: minor units by line (None: without a bound)."""

    minor_per_point: Fraction
    values: dict[str, int] | None = field(default_factory=dict)

    def points_for(self, minor: int) -> int:
        """The fewest points, in smallest units, that pay ``minor``."""
        return -(-minor // self.minor_per_point)

    def most(self, limit: int | None) -> int | None:
        """The most minor units that can be paid here within ``limit``; None without a bound."""
        if self.values is None:
            return limit
        total = sum(self.values.values())
        return total if limit is None else min(total, limit)


@dataclass(frozen=True, slots=True)
class _Part:
    """Points spent at one ratio, and the discount they give."""

    points: int
    minor: int
    lines: Mapping[str, int]


class PointsDiscount:
    """A discount paid with points: each goes first where it is worth most."""

    id = "points.discount"

    def __init__(self, config: PointsConfig, program: ProgramConfig) -> None:
        redeem = config.redeem or Redeem()
        definition = program.wallets[redeem.wallet]
        value = definition.value or PointsValue(points=1, amount="0")
        self.wallet = redeem.wallet
        self.summary = f"A discount paid with {definition.unit}"
        self._redeem = redeem
        self._unit = definition.unit
        self._scale = definition.scale
        self._zone = program.program.time_zone
        self._currency = value.currency or program.program.currency
        self._digits = minor_digits(self._currency)
        amount = parse_scaled(value.amount, self._digits)
        self._worth = Fraction(amount, value.points * 10**self._scale)
        self._minimum = smallest_units(redeem.minimum, self._scale)
        self._step = smallest_units(redeem.step, self._scale) if redeem.step else None

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        """The largest discount within what is asked for, available and allowed on the order.

        Charges the fewest points that pay it. Without an order the discount has no bound but the
        points, at the wallet's own value.
        """
        pots = [_Pot(self._worth, None)]
        limit = None
        if request.order is not None:
            if request.order.currency != self._currency:
                return self._refused(
                    f"{self._unit} pay in {self._currency}, not in {request.order.currency}"
                )
            pots, limit = self._pots(request), self._limit(request.order)
            if not any(pot.most(limit) for pot in pots):
                return self._refused(f"nothing here can be paid with {self._unit}")
        asked = request.available if request.points is None else request.points
        parts = self._spend(pots, limit, min(asked, request.available))
        points = sum(part.points for part in parts)
        if points <= 0 or points < self._minimum:
            return self._refused(self._too_few(request, pots, limit))
        return self._offer(points, parts)

    def _spend(self, pots: Sequence[_Pot], limit: int | None, budget: int) -> list[_Part]:
        """How ``budget`` is spent over the pots, best worth first, in whole steps."""
        budget = max(budget, 0)
        if self._step is not None:
            budget = min(budget, self._most_points(pots, limit, budget))
            budget -= budget % self._step
        parts = []
        for pot in pots:
            affordable = int(budget * pot.minor_per_point)
            room = pot.most(limit)
            minor = affordable if room is None else min(affordable, room)
            if minor <= 0:
                continue
            points = pot.points_for(minor)
            shares = split(minor, list(pot.values.values())) if pot.values else ()
            parts.append(_Part(points, minor, dict(zip(pot.values or (), shares, strict=True))))
            budget -= points
            limit = None if limit is None else limit - minor
        return parts

    def _most_points(self, pots: Sequence[_Pot], limit: int | None, budget: int) -> int:
        """The most points that buy something here, at most ``budget`` without a bound."""
        most = 0
        for pot in pots:
            room = pot.most(limit)
            if room is None:
                return budget
            most += pot.points_for(room)
            limit = None if limit is None else limit - room
        return most

    def _pots(self, request: SpendRequest) -> list[_Pot]:
        """What of the order can be paid, by ratio, best worth first."""
        pots: dict[Fraction, _Pot] = {}
        for name, worth, value in self._payable(request):
            if value > 0:
                values = pots.setdefault(worth, _Pot(worth)).values
                assert values is not None
                values[name] = value
        return [pots[worth] for worth in sorted(pots, reverse=True)]

    def _payable(self, request: SpendRequest) -> Iterator[tuple[str, Fraction, int]]:
        order, redeem = request.order, self._redeem
        assert order is not None
        nets, lifted = line_nets(order), self._lifted(request.at or order.occurred_at)
        for line in order.lines:
            if line.kind in redeem.kinds and (lifted or not self._excluded(line)):
                yield line.id, self._worth_on(line), nets[line.id]
        if redeem.shipping and SHIPPING in nets:
            yield SHIPPING, self._worth, nets[SHIPPING]

    def _excluded(self, line: Line) -> bool:
        redeem = self._redeem
        return excluded(
            line, redeem.without_skus, redeem.without_categories, redeem.without_line_tags
        )

    def _lifted(self, at: datetime) -> bool:
        """Whether nothing is excluded on the day of a moment."""
        day = day_of(at, self._zone)
        return any(one.starts_on <= day <= one.ends_on for one in self._redeem.lifted)

    def _worth_on(self, line: Line) -> Fraction:
        for ratio in self._redeem.ratio:
            if excluded(line, ratio.skus, ratio.categories, ratio.line_tags):
                return _minor_per_point(ratio, self._digits, self._scale)
        return self._worth

    def _limit(self, order: Order) -> int:
        """The most minor units that points may pay of the order."""
        nets = line_nets(order)
        goods = sum(nets[line.id] for line in order.lines if line.kind in self._redeem.kinds)
        if self._redeem.shipping:
            goods += nets.get(SHIPPING, 0)
        return int(goods * Fraction(self._redeem.maximum_percent) / 100)

    def _offer(self, points: int, parts: Sequence[_Part]) -> SpendOffer:
        lines: dict[str, int] = {}
        for part in parts:
            lines.update({line: minor for line, minor in part.lines.items() if minor})
        detail: dict[str, Json] = {}
        if len(parts) > 1:
            detail["parts"] = [
                {"points": part.points, "worth": format_scaled(part.minor, self._digits)}
                for part in parts
            ]
        return SpendOffer(
            wallet=self.wallet,
            points=points,
            worth=Money(sum(part.minor for part in parts), self._currency),
            lines=lines,
            minimum=self._minimum,
            step=self._step or 1,
            detail=detail,
        )

    def _refused(self, refusal: str) -> SpendOffer:
        return SpendOffer(
            wallet=self.wallet,
            points=0,
            worth=Money(0, self._currency),
            minimum=self._minimum,
            step=self._step or 1,
            refusal=refusal,
        )

    def _too_few(self, request: SpendRequest, pots: Sequence[_Pot], limit: int | None) -> str:
        """Why too few points can be spent, in words for the member."""
        needed = max(self._minimum, self._step or 1, pots[0].points_for(1))
        least = f"at least {self._written(needed)} are needed"
        if request.available < needed:
            return f"{self._written(max(request.available, 0))} are available, {least}"
        if request.points is not None and request.points < needed:
            return f"{self._written(request.points)} are too few, {least}"
        most = self._most_points(pots, limit, request.available)
        return f"only {self._written(most)} can be used here, {least}"

    def _written(self, points: int) -> str:
        return f"{format_scaled(points, self._scale)} {self._unit}"


def _minor_per_point(ratio: Ratio, digits: int, scale: int) -> Fraction:
    minor: int = 10**digits
    units: int = 10**scale
    return Fraction(ratio.amount) * minor / (Fraction(ratio.points) * units)
