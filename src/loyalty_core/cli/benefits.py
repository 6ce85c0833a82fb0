"""Tiers, benefits and member prices on the command line: as documents, and for reading."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from loyalty_core.cli.documents import Document, moment, money
from loyalty_core.cli.output import add, table
from loyalty_core.cli.views import when, worth
from loyalty_core.domain.amounts import Money, format_scaled
from loyalty_core.domain.pricing import Pricing
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.statements import Quote, Statement
from loyalty_core.domain.tiers import Goal, Standing


def of_statement(shown: Statement) -> Document:
    """Where the member stands, the segments they are in, and the benefits in force."""
    return {
        "standings": [_standing(standing) for standing in shown.standings],
        "segments": [
            {
                "segment": one.segment,
                "name": one.name,
                "visible": one.visible,
                "since": moment(one.since),
            }
            for one in shown.segments
        ],
        "benefits": [
            {
                "benefit": granted.benefit.benefit,
                "kind": granted.benefit.kind.value,
                "text": granted.benefit.text,
                "value": granted.benefit.value,
                "source": granted.source,
                "why": granted.why,
                "until": moment(granted.until),
                "left": granted.left,
            }
            for granted in shown.benefits
        ],
    }


def of_quote(quoted: Quote) -> Document:
    """The member price, null in a program without benefits, and where the member stands."""
    pricing = quoted.pricing
    return {
        "pricing": _pricing(pricing) if pricing else None,
        "standings": [_standing(standing) for standing in quoted.standings],
        "config_version": quoted.config_version,
    }


def print_statement(console: Console, shown: Statement, config: ProgramConfig) -> None:
    """Tiers, segments and benefits below the wallets; nothing where there are none."""
    for standing in shown.standings:
        console.print()
        tier = standing.tier.name if standing.tier else "no tier"
        until = f" until {when(standing.until, config)}" if standing.until else ""
        console.print(Text(f"{standing.scheme}: {tier}{until}", style="bold"))
        for word, goal in (("to stay", standing.stay), ("next", standing.next)):
            if goal is not None:
                console.print(Text(f"{word}: {_missing(goal)}"))
    if shown.segments:
        names = [one.name if one.visible else f"{one.name} (hidden)" for one in shown.segments]
        console.print()
        console.print(Text(f"segments: {', '.join(names)}"))
    if shown.benefits:
        listed = table("benefit", "kind", "value", "why", "left")
        for one in shown.benefits:
            benefit, left = one.benefit, "" if one.left is None else str(one.left)
            said = benefit.text or benefit.value
            add(listed, benefit.benefit, benefit.kind.value, said, one.why, left)
        console.print()
        console.print(listed)


def print_quote(console: Console, quoted: Quote) -> None:
    """The member price above what the cart earns; nothing where nobody has benefits."""
    pricing = quoted.pricing
    if pricing is None:
        return
    console.print(Text(f"price {worth(pricing.price)}, member {worth(pricing.member_price)}"))
    for used in pricing.used:
        console.print(Text(f"{used.benefit}: {worth(used.amount)} less ({used.why})"))
    for missed in pricing.missed:
        console.print(Text(f"{missed.benefit}: {worth(missed.missing)} missing"))
    console.print()


def _standing(standing: Standing) -> Document:
    return {
        "scheme": standing.scheme,
        "tier": standing.held or None,
        "since": moment(standing.since),
        "until": moment(standing.until),
        "grace": standing.grace,
        "stay": _goal(standing.stay),
        "next": _goal(standing.next),
        "history": [
            {"at": moment(change.at), "tier": change.tier, "why": change.why}
            for change in standing.history
        ],
    }


def _goal(goal: Goal | None) -> Document | None:
    if goal is None:
        return None
    needs = {"any_of": goal.any_of, "all_of": goal.all_of}
    return {
        "tier": goal.tier.tier,
        "by": moment(goal.by),
        **{
            name: [
                {
                    "metric": one.metric,
                    "unit": one.unit,
                    "have": format_scaled(one.have, one.scale),
                    "need": format_scaled(one.need, one.scale),
                    "more_than": one.more_than,
                    "missing": format_scaled(one.missing, one.scale),
                }
                for one in progress
            ]
            for name, progress in needs.items()
        },
    }


def _missing(goal: Goal) -> str:
    anyhow = " or ".join(map(str, goal.any_of))
    parts: Sequence[str] = [part for part in (anyhow, *map(str, goal.all_of)) if part]
    missing = " and ".join(parts) if not goal.reached else "nothing"
    return f"{goal.tier.name}, {missing} missing"


def _pricing(pricing: Pricing) -> Document:
    currency = pricing.price.currency
    return {
        "price": money(pricing.price),
        "member_price": money(pricing.member_price),
        "lines": {
            line.line: {
                "price": money(Money(line.price, currency)),
                "member_price": money(Money(line.member_price, currency)),
            }
            for line in pricing.lines
        },
        "used": [
            {"benefit": one.benefit, "why": one.why, "amount": money(one.amount)}
            for one in pricing.used
        ],
        "missed": [
            {"benefit": one.benefit, "text": one.text, "missing": money(one.missing)}
            for one in pricing.missed
        ],
    }
