"""Each plugin: what it costs an order, and what is asked of it in books of many members.

One table: a plugin that comes along needs a line in ``PLUGINS``, and has its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from benchmarks import growth
from benchmarks.shop import CONFIG, FIRST, TURNS, Measured, Shop, in_turns, order
from loyalty_core import Loyalty
from loyalty_donation import Charities

MEMBERS = 50
Config = Mapping[str, Any]
POINTS: Config = CONFIG["plugins"]


def statement(loyalty: Loyalty, member: str) -> object:
    return loyalty.statement(member)


def quote(loyalty: Loyalty, member: str) -> object:
    cart: Config = {"currency": "USD", "lines": [{"id": "1", "amount": "10.00"}]}
    return loyalty.quote(cart, member)


def given(loyalty: Loyalty, member: str) -> object:
    return Charities(loyalty).given(member)


@dataclass(frozen=True)
class Tried:
    """A plugin as it is measured: its section, and what is asked of it for one member.

    ``beside`` are the plugins that are on with it and without it. ``left`` is how much of the rate
    of ``record`` without it is to be left with it.
    """

    section: Config
    read: Callable[[Loyalty, str], object]
    left: float
    beside: Config = field(default_factory=lambda: POINTS)
    wallets: Config = field(default_factory=dict)

    def config(self, plugin: str) -> Config:
        """A program of its own with the plugin."""
        on = {**self.beside, plugin: self.section}
        return _program(plugin, on, {**CONFIG["wallets"], **self.wallets})


def _program(name: str, plugins: Config, wallets: Config) -> Config:
    return {
        "program": {"id": name, "currency": "USD"},
        "wallets": wallets,
        "plugins": plugins,
    }


LADDER = [
    {"tier": "member", "name": "Member"},
    {
        "tier": "vip",
        "name": "VIP",
        "any_of": [{"metric": "spend", "at_least": "500.00"}],
        "benefits": [{"benefit": "vip-points", "kind": "points_multiplier", "multiplier": "1.5"}],
    },
]
GAMES: Config = {
    "streak": [{"streak": "buys", "what": {"kind": "order"}, "unit": "week", "freezes": 1}],
    "badge": [
        {
            "badge": "regular",
            "what": {"kind": "order"},
            "level": [{"level": "bronze", "needs": 100}, {"level": "silver", "needs": 1000}],
        }
    ],
    "mission": [
        {
            "mission": "shop",
            "per": "month",
            "step": [{"step": "buy", "what": {"kind": "order"}, "needs": 100}],
        }
    ],
}
CHARITY: Config = {
    "charity": [{"charity": "reef", "name": "Reef", "wallets": ["reef"]}],
    "percent": [{"rule": "part", "percent": 1}],
}
CLUB: Config = {
    "plan": [
        {
            "plan": "club",
            "name": "Club",
            "price": "99.00",
            "period": "year",
            "benefits": [{"benefit": "club-price", "kind": "percent_off", "percent": 10}],
        }
    ],
}
FRIENDS: Config = {
    "link": "https://shop.example/?ref={code}",
    "checks": ["self", "circle", "not_new"],
    "reward": [
        {"rule": "thanks", "to": "referrer", "points": 500, "after_days": 14},
    ],
}
PLUGINS: Mapping[str, Tried] = {
    "points": Tried(POINTS["points"], quote, 0.6, beside={}),
    "tiers": Tried(
        {"scheme": [{"scheme": "status", "window": "calendar_year", "tier": LADDER}]},
        statement,
        0.6,
    ),
    "gamification": Tried(GAMES, statement, 0.6),
    "donation": Tried(
        CHARITY,
        given,
        0.6,
        wallets={"reef": {"unit": "USD", "scale": 2, "spendable": False}},
    ),
    "paid": Tried(CLUB, statement, 0.6),
    "referral": Tried(FRIENDS, statement, 0.6),
}


def recording_with(plugin: str) -> Callable[[Shop, int], Measured]:
    """A case: orders one by one with the plugin on; reference: the same without it."""
    tried = PLUGINS[plugin]

    def run(shop: Shop, number: int) -> Measured:
        plain = _program("without", tried.beside, CONFIG["wallets"])
        programs = [shop.open(config) for config in (tried.config(plugin), plain)]

        def recorded(loyalty: Loyalty) -> int:
            times = [next(shop.minutes) for _ in range(max(number // TURNS, 1))]
            facts = [
                order(f"{at}", str(at % MEMBERS), FIRST + timedelta(minutes=at)) for at in times
            ]
            return len([loyalty.record(fact) for fact in facts])

        for loyalty in programs:
            recorded(loyalty)
        return in_turns(lambda _: recorded(programs[0]), lambda _: recorded(programs[1]))

    return run


def reading_of(plugin: str) -> Callable[[Shop, int], Measured]:
    """A case: what is asked of the plugin, out of many members; reference: out of 1,000.

    Each has an order, and what the plugin keeps of it.
    """
    tried = PLUGINS[plugin]

    def run(shop: Shop, number: int) -> Measured:
        with shop.beside() as few:
            for one in (shop, few):
                one.loyalty = one.open(tried.config(plugin))
            return growth.compared(shop, few, number, 1, tried.read)

    return run
