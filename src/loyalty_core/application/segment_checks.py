"""What may be wrong with ``[segments.*]`` and ``[campaigns.*]``: every fault, with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_core.domain.amounts import parse_scaled
from loyalty_core.domain.benefit_checks import benefit_problems
from loyalty_core.domain.benefits import BenefitKind
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.names import is_section
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.segments import (
    AGES,
    METRICS,
    ORDERS,
    SINCE_ORDER,
    SPEND,
    Condition,
    Segment,
    in_order,
)
from loyalty_core.errors import LoyaltyError, Problem

_METRIC = re.compile(r"[a-z][a-z0-9_-]*\.[A-Za-z0-9_.-]+", re.ASCII)
_LIMITS = ("at_least", "more_than", "at_most", "less_than")
_RANKS = ("top", "top_percent", "after_percent")
LONGEST_DAYS = 36500
FINEST_PERCENT = 4
"""How many digits a percentage may have behind the point."""


def segment_faults(config: ProgramConfig) -> Iterator[Problem]:
    """Every fault of the segments and campaigns."""
    for name, campaign in config.campaigns.items():
        where = f"campaigns.{name}"
        if campaign.ends_on < campaign.starts_on:
            yield Problem(f"{where}.ends_on", f"{campaign.ends_on} is before starts_on")
    for name, segment in config.segments.items():
        where = f"segments.{name}"
        if not is_section(name):
            remedy = "Use lower case letters, digits, - and _."
            yield Problem(where, f"{name!r} is not an id", remedy)
        if not segment.conditions:
            remedy = "Add all_of, any_of or none_of."
            yield Problem(where, "it does not say who is in it", remedy)
        for part in ("all_of", "any_of", "none_of"):
            for at, one in enumerate(getattr(segment, part)):
                yield from _condition(f"{where}.{part}[{at}]", one, config)
        yield from _benefits(where, segment, config)
    known = [used for one in config.segments.values() for used in one.uses()]
    circle = config.segments.keys() - set(in_order(config.segments))
    if circle and config.segments.keys() >= set(known):
        remedy = "Let one of them say what it is by itself."
        for name in sorted(circle):
            yield Problem(f"segments.{name}", "it is made of itself, by way of others", remedy)


def _condition(where: str, one: Condition, config: ProgramConfig) -> Iterator[Problem]:
    if one == Condition():
        yield Problem(where, "it says nothing", "Take it out, or write what must hold.")
    for name in (*one.segments, *([one.among] if one.among else [])):
        if name not in config.segments:
            remedy = f"The segments: {', '.join(config.segments)}. Tags of the host go into tags."
            yield Problem(where, f"{name!r} is not a segment", remedy)
    for month in one.birthday_months:
        if not 1 <= month <= 12:
            yield Problem(f"{where}.birthday_months", f"{month} is not from 1 to 12")
    if one.joined_from and one.joined_until and one.joined_until < one.joined_from:
        yield Problem(f"{where}.joined_until", f"{one.joined_until} is before joined_from")
    if one.metric:
        yield from _metric(where, one, config)
        yield from _rank(where, one)
        return
    for name in (*_LIMITS, *_RANKS, "within_days", "currency", "categories", "among"):
        if getattr(one, name) not in (None, "", ()):
            yield Problem(f"{where}.{name}", "of which metric?", "Add metric.")


def _metric(where: str, one: Condition, config: ProgramConfig) -> Iterator[Problem]:
    plugin = one.metric.partition(".")[0]
    if one.metric not in METRICS and not _METRIC.fullmatch(one.metric):
        remedy = f"Use one of: {', '.join(METRICS)}, or a plugin's own such as badges.earned."
        yield Problem(f"{where}.metric", f"{one.metric!r} is not a metric", remedy)
    elif one.metric not in METRICS and plugin not in config.plugins:
        yield Problem(f"{where}.metric", f"no plugin {plugin!r} is on", f"Add [plugins.{plugin}].")
    if not one.compares and not one.ranks:
        remedy = f"Add one of: {', '.join((*_LIMITS, *_RANKS))}."
        yield Problem(where, f"how much of {one.metric}?", remedy)
    if one.within_days is not None:
        if one.metric in AGES:
            yield Problem(f"{where}.within_days", "the metric is in days itself", "Use at_most.")
        elif not 1 <= one.within_days <= LONGEST_DAYS:
            message = f"{one.within_days} is not from 1 to {LONGEST_DAYS}"
            yield Problem(f"{where}.within_days", message)
    if one.categories and one.metric not in (ORDERS, SINCE_ORDER):
        remedy = f"Use {ORDERS} or {SINCE_ORDER}."
        yield Problem(f"{where}.categories", f"{one.metric} is not by category", remedy)
    if one.currency and one.metric != SPEND:
        yield Problem(f"{where}.currency", f"only {SPEND} is in a currency", "Leave it out.")
    try:
        digits = minor_digits(one.currency or config.program.currency)
    except LoyaltyError as error:
        if one.currency:
            yield Problem(f"{where}.currency", error.message, error.remedy)
        return
    for name in _LIMITS:
        if (limit := getattr(one, name)) is None:
            continue
        try:
            amount = parse_scaled(limit, digits if one.metric == SPEND else 0)
            if amount < 0 or (one.metric in AGES and amount > LONGEST_DAYS):
                yield Problem(f"{where}.{name}", f"{limit} is out of reach")
        except LoyaltyError as error:
            yield Problem(f"{where}.{name}", error.message, error.remedy)


def _rank(where: str, one: Condition) -> Iterator[Problem]:
    if one.among and not one.ranks:
        yield Problem(f"{where}.among", "nobody is ranked", f"Add one of: {', '.join(_RANKS)}.")
    if one.top is not None and one.top < 1:
        yield Problem(f"{where}.top", f"{one.top} is not positive")
    for name in ("top_percent", "after_percent"):
        percent = getattr(one, name)
        if percent is None:
            continue
        if not 0 < percent <= 100:
            yield Problem(f"{where}.{name}", f"{percent} is not above 0 and at most 100")
        if len(str(percent).partition(".")[2]) > FINEST_PERCENT:
            message = f"{percent} has more than {FINEST_PERCENT} digits behind the point"
            yield Problem(f"{where}.{name}", message)
    if one.top_percent and one.after_percent and one.top_percent <= one.after_percent:
        message = f"{one.after_percent} leaves nobody of the first {one.top_percent} percent"
        yield Problem(f"{where}.after_percent", message, "Write a smaller number.")


def _benefits(where: str, segment: Segment, config: ProgramConfig) -> Iterator[Problem]:
    for at, benefit in enumerate(segment.benefits):
        place = f"{where}.benefits[{at}]"
        yield from benefit_problems(benefit, config, where=place)
        if benefit.kind is BenefitKind.QUOTA:
            remedy = "Let a tier or a membership give it."
            yield Problem(place, "nobody counts the uses of a segment's quota", remedy)
        if benefit.lifetime:
            remedy = "Leave lifetime out: a segment's benefits are those of its members now."
            yield Problem(f"{place}.lifetime", "it would end with the segment", remedy)
