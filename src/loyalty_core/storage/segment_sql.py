"""The one statement that says who is in which segment: set-based, over all members at once.

Sales and measures are summed by member, once for all conditions. Each segment is then the members
whose sums, dates and ranks fulfil its conditions; one made of others comes after them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
)

from loyalty_core.domain.amounts import parse_scaled
from loyalty_core.domain.clock import start_of
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.members import MemberStatus
from loyalty_core.domain.segments import AGES, ORDERS, SINCE_JOINING, SINCE_ORDER, SPEND, Condition
from loyalty_core.ports.segments import Census
from loyalty_core.schema.columns import identifier
from loyalty_core.storage.standing_tables import standing
from loyalty_core.storage.tables import fact, member

Is = ColumnElement[bool]
PRESENT = (MemberStatus.ACTIVE.value, MemberStatus.SUSPENDED.value)
"""Who can be in a segment; whoever left, or is part of another member by now, is in none."""
FINEST = 10_000
"""Percents are compared as whole numbers of a ten-thousandth of one."""
_holder = cast(func.coalesce(member.c.merged_into, member.c.id), identifier())
"""Who holds what a member has. Without the type SQLite would not look sums up by it."""


class Members:
    """Builds the statement; what conditions need is collected as they are read."""

    def __init__(self, census: Census, program: str, *, postgresql: bool) -> None:
        self._census = census
        self._program = program
        self._postgresql = postgresql
        self._sold: dict[object, ColumnElement[Any]] = {}
        self._measured: dict[object, ColumnElement[Any]] = {}
        self._rows: dict[Condition, ColumnElement[Any]] = {}
        self._segments: dict[str, CTE] = {}
        self._ranks: dict[object, CTE] = {}

    def statement(self) -> Select[Any] | Any:
        """Selects ``member_id`` and ``segment`` for everybody who is in one."""
        for one in self._census.segments.values():
            for condition in one.conditions:
                self._collect(condition)
        people = self._people()
        for name, one in self._census.segments.items():
            all_of = [self._holds(people, condition) for condition in one.all_of]
            any_of = [self._holds(people, condition) for condition in one.any_of]
            none_of = [not_(self._holds(people, condition)) for condition in one.none_of]
            fits = and_(*all_of, *none_of, or_(*any_of) if any_of else true())
            chosen = select(people.c.id).where(fits)
            self._segments[name] = _once(chosen, f"in_{len(self._segments)}")
        parts = [
            select(cte.c.id.label("member_id"), literal(name).label("segment"))
            for name, cte in self._segments.items()
        ]
        nobody = select(member.c.id.label("member_id"), literal("").label("segment"))
        return union_all(*parts) if parts else nobody.where(false())

    # -- what is summed once ----------------------------------------------------------------------

    def _collect(self, condition: Condition) -> None:
        metric, key = condition.metric, _key(condition)
        if not metric or metric == SINCE_JOINING:
            return
        if metric not in (SPEND, ORDERS, SINCE_ORDER):
            amount = cast(fact.c.measures[metric].as_string(), BigInteger)
            summed = _only(func.sum(amount), self._within(condition))
            self._measured.setdefault(key, summed.label(f"m{len(self._measured)}"))
            return
        where = self._within(condition)
        if condition.categories:
            where.append(self._has(fact.c.categories, "$", condition.categories))
        if metric == SPEND:
            where.append(fact.c.currency == (condition.currency or self._census.currency))
        counted = {
            SPEND: func.sum(fact.c.kept),
            ORDERS: func.count(fact.c.kept),
            SINCE_ORDER: func.max(fact.c.occurred_at),
        }[metric]
        self._sold.setdefault(key, _only(counted, where).label(f"s{len(self._sold)}"))

    def _within(self, condition: Condition) -> list[Is]:
        days = condition.within_days
        return [] if days is None else [fact.c.occurred_at >= self._days_ago(days)]

    def _people(self) -> CTE:
        """Everybody who can be in a segment, with all sums and what conditions ask of them."""
        theirs = member.join(fact, fact.c.member_id == member.c.id)
        ours = member.c.program == self._program
        last = func.max(fact.c.occurred_at).label("last")
        sold = _once(
            select(_holder.label("id"), last, *self._sold.values())
            .select_from(theirs)
            .where(ours, fact.c.kept.is_not(None))
            .group_by(_holder),
            "sold",
        )
        joined, columns = member.outerjoin(sold, sold.c.id == member.c.id), [*sold.c][1:]
        if self._measured:
            counts = or_(fact.c.type == "activity", fact.c.kept.is_not(None))
            measured = _once(
                select(_holder.label("id"), *self._measured.values())
                .select_from(theirs)
                .where(ours, counts, cast(fact.c.measures, Text) != "{}")
                .group_by(_holder),
                "measured",
            )
            joined = joined.outerjoin(measured, measured.c.id == member.c.id)
            columns += [*measured.c][1:]
        for one in self._census.segments.values():
            for condition in one.conditions:
                self._rows.setdefault(condition, self._is(condition).label(f"r{len(self._rows)}"))
        return _once(
            select(member.c.id, member.c.joined_at, *columns, *self._rows.values())
            .select_from(joined)
            .where(ours, member.c.status.in_(PRESENT), member.c.household.is_(False)),
            "people",
        )

    def _is(self, condition: Condition) -> Is:
        """What a condition says of the member's own row."""
        census, profile = self._census, member.c.profile
        says: list[Is] = []
        if condition.tags:
            says.append(self._has(profile, "$.tags", condition.tags))
        if condition.tiers:
            says.append(self._holds_tier(condition.tiers))
        if condition.consents:
            given = [profile["consents"][name].as_boolean() for name in condition.consents]
            says.append(or_(*(func.coalesce(one, false()) for one in given)))
        if condition.joined_from:
            says.append(member.c.joined_at >= start_of(condition.joined_from, census.time_zone))
        if condition.joined_until:
            end = start_of(condition.joined_until + timedelta(days=1), census.time_zone)
            says.append(member.c.joined_at < end)
        if condition.birthday_months:
            month = cast(func.substr(profile["birthday"].as_string(), 6, 2), Integer)
            says.append(func.coalesce(month.in_(condition.birthday_months), false()))
        return and_(true(), *says)

    def _holds_tier(self, wanted: Sequence[str]) -> Is:
        """Whether a member holds a tier: as was told last, by joining, or as the host says."""
        found: list[Is] = []
        for scheme_id, (scheme, first) in self._census.starting.items():
            tiers = [tier for tier in wanted if "/" not in tier]
            tiers += [one.removeprefix(f"{scheme}/") for one in wanted if "/" in one]
            told = and_(standing.c.member_id == member.c.id, standing.c.scheme == scheme_id)
            found.append(exists().where(told, standing.c.tier.in_(tiers)))
            if first in tiers:
                found.append(not_(exists().where(told)))
        if self._postgresql:
            held = func.jsonb_each_text(member.c.profile["tiers"]).table_valued("key", "value")
        else:
            held = func.json_each(member.c.profile, "$.tiers").table_valued("key", "value")
        either = or_(held.c.value.in_(wanted), (held.c.key + "/" + held.c.value).in_(wanted))
        return or_(*found, exists(select(held.c.key).where(either)))

    def _has(self, column: ColumnElement[Any], path: str, wanted: Sequence[str]) -> Is:
        """Whether a JSON list, or the one at a path, has one of these texts."""
        if self._postgresql:
            name = path.removeprefix("$").removeprefix(".")
            listed = column[name] if name else column
            found = func.jsonb_exists_any(listed, cast(list(wanted), ARRAY(Text)))
            return func.coalesce(found, false())
        each = func.json_each(column, path).table_valued("value")
        return exists(select(each.c.value).where(each.c.value.in_(wanted)))

    # -- what segments ask of it ------------------------------------------------------------------

    def _holds(self, people: CTE, condition: Condition) -> Is:
        says: list[Is] = [people.c[self._rows[condition].name].is_(true())]
        if condition.metric:
            says += self._compared(people, condition)
        if condition.ranks:
            says.append(self._ranked(people, condition))
        if condition.segments:
            inside = [people.c.id.in_(select(self._segments[n].c.id)) for n in condition.segments]
            says.append(or_(*inside))
        return and_(*says)

    def _value(self, people: CTE, condition: Condition) -> ColumnElement[Any]:
        if condition.metric == SINCE_JOINING:
            return people.c.joined_at
        column = (self._sold | self._measured)[_key(condition)]
        value = people.c[column.name]
        return value if condition.metric == SINCE_ORDER else func.coalesce(value, 0)

    def _compared(self, people: CTE, condition: Condition) -> list[Is]:
        """How much there must be of a metric; what is in days is asked of the moment."""
        value, says = self._value(people, condition), list[Is]()
        if condition.metric in AGES:
            older: Sequence[tuple[Decimal | None, Callable[[int], Is]]] = (
                (condition.at_least, lambda days: value < self._days_ago(days - 1)),
                (condition.more_than, lambda days: value < self._days_ago(days)),
                (condition.at_most, lambda days: value >= self._days_ago(days)),
                (condition.less_than, lambda days: value >= self._days_ago(days - 1)),
            )
            says = [fits(int(days)) for days, fits in older if days is not None]
        else:
            scale = 0
            if condition.metric == SPEND:
                scale = minor_digits(condition.currency or self._census.currency)
            limits: Sequence[tuple[Decimal | None, Callable[[int], Is]]] = (
                (condition.at_least, lambda amount: value >= amount),
                (condition.more_than, lambda amount: value > amount),
                (condition.at_most, lambda amount: value <= amount),
                (condition.less_than, lambda amount: value < amount),
            )
            says = [fits(parse_scaled(limit, scale)) for limit, fits in limits if limit is not None]
        return [func.coalesce(one, false()) for one in says]

    def _ranked(self, people: CTE, condition: Condition) -> Is:
        """Whether a member's place among those who are ranked is one of those asked for."""
        key = (_key(condition), condition.among)
        if key not in self._ranks:
            self._ranks[key] = self._ranking(people, condition)
        ranking, fits = self._ranks[key], list[Is]()
        before = (ranking.c.place - 1) * (100 * FINEST)
        if condition.top is not None:
            fits.append(ranking.c.place <= condition.top)
        if condition.top_percent is not None:
            fits.append(before < ranking.c.ranked * int(condition.top_percent * FINEST))
        if condition.after_percent is not None:
            fits.append(before >= ranking.c.ranked * int(condition.after_percent * FINEST))
        return people.c.id.in_(select(ranking.c.id).where(*fits))

    def _ranking(self, people: CTE, condition: Condition) -> CTE:
        """Places by a metric; of equals, whoever came to it first: by last order, then joining."""
        value = self._value(people, condition)
        recent = condition.metric in AGES
        order = [value.desc()] if recent else [value.desc(), people.c.last.asc().nulls_last()]
        if condition.metric == SINCE_JOINING:
            order = [people.c.joined_at.desc()]
        some: Is = value.is_not(None) if recent else value > 0
        chosen = select(
            people.c.id,
            func.row_number()
            .over(order_by=[*order, people.c.joined_at, people.c.id])
            .label("place"),
            func.count().over().label("ranked"),
        ).where(some)
        if condition.among:
            chosen = chosen.where(people.c.id.in_(select(self._segments[condition.among].c.id)))
        return _once(chosen, f"ranked_{len(self._ranks)}")

    def _days_ago(self, days: int) -> datetime:
        """The beginning of the day so many days before today; a negative number is ahead."""
        return start_of(self._census.today - timedelta(days=days), self._census.time_zone)


def _key(condition: Condition) -> object:
    """What makes two conditions ask for the same sum."""
    categories = tuple(sorted(condition.categories))
    return condition.metric, condition.within_days, condition.currency, categories


def _only(counted: Any, where: Sequence[Is]) -> Any:
    """An aggregate of those rows alone that fit."""
    return counted.filter(*where) if where else counted


def _once(chosen: Select[Any], name: str) -> CTE:
    """A part of the statement that is worked out once, however often it is used."""
    return chosen.cte(name).prefix_with("MATERIALIZED")
