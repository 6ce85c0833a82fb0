"""Whether a rule's conditions hold for a fact and a member, and which lines they choose."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, time
from typing import get_args

from loyalty_core import Decidable, History, Line, LineKind, MemberView, Order, day_of, zone
from loyalty_points.config import Hours, OrderWhen, Weekday, When

WEEKDAYS: tuple[str, ...] = get_args(Weekday)


def holds(when: When, fact: Decidable, member: MemberView, time_zone: str) -> bool:
    """Whether everything holds that ``when`` says of the fact as a whole and of the member.

    Days, weekdays and hours are those of ``time_zone`` at the moment the fact occurred. What it
    says of lines, payments and amounts is not looked at here.
    """
    local = fact.occurred_at.astimezone(zone(time_zone))
    return (
        _in_window(when, fact.occurred_at, local)
        and _among(local.date(), when.dates)
        and _among(WEEKDAYS[local.weekday()], when.weekdays)
        and (not when.hours or any(_in_hours(hours, local.time()) for hours in when.hours))
        and _among(fact.channel, when.channels)
        and _among(fact.store, when.stores)
        and _share(fact.tags, when.tags)
        and _share(tuple(_tiers(member)), when.tiers)
        and _share(member.profile.tags, when.segments)
        and member.history.orders >= when.minimum_orders
        and inactive(when.inactive_days, fact, member, time_zone)
        and (not isinstance(when, OrderWhen) or _numbered(when, member.history))
    )


def inactive(days: int, fact: Decidable, member: MemberView, time_zone: str) -> bool:
    """Whether the member's last order was so many days ago; who never bought is no such member."""
    if not days:
        return True
    last = member.history.last_order_at
    if last is None:
        return False
    return (day_of(fact.occurred_at, time_zone) - day_of(last, time_zone)).days >= days


def matching_lines(when: OrderWhen, order: Order) -> tuple[Line, ...]:
    """The goods of the order that ``when`` lets earn; gift cards, tips and donations never do."""
    return tuple(
        line
        for line in order.lines
        if line.kind is LineKind.GOODS
        and (not when.skus or line.sku in when.skus)
        and _share(line.categories, when.categories)
        and _share(line.tags, when.line_tags)
        and not excluded(line, when.without_skus, when.without_categories, when.without_line_tags)
    )


def chooses_lines(when: OrderWhen) -> bool:
    """Whether ``when`` says anything about lines, so that it may leave some of them out."""
    return any(
        (
            when.skus,
            when.categories,
            when.line_tags,
            when.without_skus,
            when.without_categories,
            when.without_line_tags,
        )
    )


def excluded(
    line: Line, skus: Collection[str], categories: Collection[str], tags: Collection[str]
) -> bool:
    """Whether the line has one of the SKUs, categories or tags."""
    return (
        (line.sku != "" and line.sku in skus)
        or not set(line.categories).isdisjoint(categories)
        or not set(line.tags).isdisjoint(tags)
    )


def _among(value: object, wanted: Collection[object]) -> bool:
    return not wanted or value in wanted


def _share(values: Collection[str], wanted: Collection[str]) -> bool:
    return not wanted or not set(values).isdisjoint(wanted)


def _tiers(member: MemberView) -> Iterator[str]:
    for scheme, tier in member.profile.tiers.items():
        yield tier
        yield f"{scheme}/{tier}"


def _in_window(when: When, moment: datetime, local: datetime) -> bool:
    day = local.date()
    return (
        (when.starts_on is None or day >= when.starts_on)
        and (when.ends_on is None or day <= when.ends_on)
        and (when.starts_at is None or moment >= when.starts_at)
        and (when.ends_at is None or moment < when.ends_at)
    )


def _in_hours(hours: Hours, now: time) -> bool:
    if hours.start < hours.end:
        return hours.start <= now < hours.end
    return now >= hours.start or now < hours.end


def _numbered(when: OrderWhen, history: History) -> bool:
    number = history.orders + 1
    return (
        (not when.first_order or number == 1)
        and _among(number, when.nth_order)
        and (when.every_nth is None or number % when.every_nth == 0)
    )
