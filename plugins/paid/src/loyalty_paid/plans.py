"""Plans as what is asked of them: lengths in whole days, fees in minor units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from loyalty_core import (
    Line,
    LineKind,
    Order,
    ProgramConfig,
    add_months,
    day_of,
    minor_digits,
    parse_scaled,
    start_of,
)
from loyalty_paid.config import PaidConfig, Plan

MONTHS: Mapping[str, int] = {"month": 1, "year": 12}
DAYS: Mapping[str, int] = {"day": 1, "week": 7}
LIFETIME = "lifetime"


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans of a program by name, and its calendar."""

    by_name: Mapping[str, Plan]
    by_sku: Mapping[str, str]
    currency: str
    zone: str

    @staticmethod
    def of(config: PaidConfig, program: ProgramConfig) -> Plans:
        """Those of a configuration."""
        skus = {plan.plan: plan.plan for plan in config.plan}
        skus |= {sku: plan.plan for plan in config.plan for sku in plan.skus}
        named = {plan.plan: plan for plan in config.plan}
        return Plans(named, skus, program.program.currency, program.program.time_zone)

    def get(self, name: str) -> Plan | None:
        """The plan with this name, if the configuration has it."""
        return self.by_name.get(name)

    def sold_by(self, line: Line) -> Plan | None:
        """The plan whose fee a line is, if it is one."""
        if line.kind is not LineKind.MEMBERSHIP:
            return None
        return self.get(self.by_sku.get(line.sku, ""))

    def fees(self, order: Order) -> Iterable[tuple[Line, Plan]]:
        """The lines of an order that are fees of plans."""
        found = ((line, self.sold_by(line)) for line in order.lines)
        return [(line, plan) for line, plan in found if plan is not None]

    def fee(self, plan: Plan) -> int:
        """What one period costs, in minor units."""
        return parse_scaled(plan.price, minor_digits(self.currency))

    def shipping_worth(self, plan: Plan) -> int:
        """What an order shipped free saves, in minor units."""
        return parse_scaled(plan.shipping_worth, minor_digits(self.currency))

    def day(self, moment: datetime) -> date:
        """The program's day of a moment."""
        return day_of(moment, self.zone)

    def start(self, day: date) -> datetime:
        """The moment at which a day of the program begins."""
        return start_of(day, self.zone)

    def dearer(self, one: Plan, other: Plan) -> bool:
        """Whether one plan costs more a day than the other; one for life costs most."""
        return self._daily(one) > self._daily(other)

    def _daily(self, plan: Plan) -> tuple[bool, Fraction]:
        """What sorts plans by what they cost: by 365 days a year, a twelfth of them a month."""
        if plan.period == LIFETIME:
            return True, Fraction(self.fee(plan))
        months = MONTHS.get(plan.period, 0) * plan.periods
        days = Fraction(365 * months, 12) if months else Fraction(DAYS[plan.period] * plan.periods)
        return False, Fraction(self.fee(plan)) / days


def after(plan: Plan, anchor: date, done: int) -> tuple[date, date, int]:
    """The day after one more period, and the anchor and months since it from there on.

    Months are counted from the anchor, so that one that began on a 31st comes back to it.

    >>> from decimal import Decimal
    >>> monthly = Plan(plan="m", price=Decimal(1), period="month")
    >>> after(monthly, date(2027, 1, 31), 0)[0], after(monthly, date(2027, 1, 31), 1)[0]
    (datetime.date(2027, 2, 28), datetime.date(2027, 3, 31))
    """
    months = MONTHS.get(plan.period, 0) * plan.periods
    if months:
        return add_months(anchor, done + months), anchor, done + months
    start = add_months(anchor, done)
    end = start + timedelta(days=DAYS[plan.period] * plan.periods)
    return end, end, 0
