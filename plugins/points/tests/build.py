"""What the tests are made of: short ways to write settings, orders, activities and members."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from loyalty_core import (
    Activity,
    Credit,
    Effect,
    History,
    Json,
    KeepState,
    Line,
    MemberView,
    Minor,
    Order,
    PointsValue,
    Profile,
    Program,
    ProgramConfig,
    Reward,
    RewardType,
    Tender,
    Wallet,
    read_settings,
)
from loyalty_points.checks import check
from loyalty_points.config import PointsConfig
from loyalty_points.program import PointsProgram
from loyalty_points.rewards import PointsDiscount

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
VALUE = PointsValue(points=100, amount="1.00")
BASE = """
[[earn]]
rule = "base"
rate = { USD = "1", EUR = "1", JPY = "0.01", KWD = "10" }
"""


def settings(toml: str) -> PointsConfig:
    return read_settings(PointsConfig, tomllib.loads(toml, parse_float=Decimal), where="$")


def shop(
    *, time_zone: str = "UTC", currency: str = "USD", scale: int = 0, value: Any = VALUE
) -> ProgramConfig:
    return ProgramConfig(
        program=Program(id="shop", currency=currency, time_zone=time_zone),
        wallets={"points": Wallet(scale=scale, value=value), "stars": Wallet(unit="stars")},
        rewards={"coupon": Reward(kind=RewardType.DISCOUNT, amount=Decimal(5))},
    )


def points(toml: str, **options: Any) -> PointsProgram:
    config, program = settings(toml), shop(**options)
    check(config, program)
    return PointsProgram(config, program)


def discount(toml: str, **options: Any) -> PointsDiscount:
    config, program = settings(toml), shop(**options)
    check(config, program)
    return PointsDiscount(config, program)


def line(id: str, amount: int, discount: int = 0, tax: int = 0, **fields: Any) -> Line:
    return Line(id=id, amount=Minor(amount), discount=Minor(discount), tax=Minor(tax), **fields)


def order(*lines: Line | int, at: datetime = NOON, **fields: Any) -> Order:
    made = [
        item if isinstance(item, Line) else line(f"l{index}", item)
        for index, item in enumerate(lines)
    ]
    tenders = tuple(Tender(kind=kind, amount=Minor(n)) for kind, n in fields.pop("paid", ()))
    fields = {"currency": "USD", "source": "web", "id": "o1", "tenders": tenders} | fields
    return Order(occurred_at=at, lines=tuple(made), **fields)


def activity(kind: str, at: datetime = NOON, **data: Any) -> Activity:
    return Activity(source="web", id="a1", kind=kind, occurred_at=at, data=data)


def member(
    orders: int = 0,
    tags: Sequence[str] = (),
    tiers: Mapping[str, str] | None = None,
    state: Mapping[str, Json] | None = None,
) -> MemberView:
    return MemberView(
        profile=Profile(tags=tuple(tags), tiers=tiers or {}),
        history=History(orders=orders),
        state=state or {},
    )


def credits(effects: Sequence[Effect]) -> dict[str, Credit]:
    """The credits by rule; fails on two of one rule."""
    found = [effect for effect in effects if isinstance(effect, Credit)]
    by_rule = {credit.rule: credit for credit in found}
    assert len(by_rule) == len(found)
    return by_rule


def amounts(effects: Sequence[Effect]) -> dict[str, int]:
    return {rule: credit.amount for rule, credit in credits(effects).items()}


def kept(effects: Sequence[Effect]) -> Mapping[str, Json] | None:
    """The state kept, or None; fails on anything but at most one, at the end."""
    states = [effect.state for effect in effects if isinstance(effect, KeepState)]
    assert len(states) <= 1
    return states[0] if states else None


class Shopper:
    """A member over time: decides facts in order and carries the state and history along."""

    def __init__(self, program: PointsProgram) -> None:
        self.program = program
        self.view = member()

    def does(self, fact: Order | Activity) -> dict[str, int]:
        effects = self.program.decide(fact, self.view)
        state = kept(effects)
        self.view = member(
            orders=self.view.history.orders + isinstance(fact, Order),
            state=self.view.state if state is None else state,
        )
        return amounts(effects)
