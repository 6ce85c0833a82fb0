"""Plays a `scenario.toml`: steps in, exact expectations out, through the public SDK.

    title = "..."
    member = { email = "ada@example.org" }    # whose steps these are, unless a step says otherwise

    [[step]]
    at = 2026-03-02T12:00:00Z                 # the clock stands here
    why = "..."                               # for the reader
    record = { type = "order", ... }          # or: enrol, quote, redeem, adjust, tick,
                                              # link, settle
    expect = { changes = { points = 250 }, available = { points = 250 } }

With `programs = ["one", "other"]`, folders beside it ("" is its own), they share a database;
`program` in a step says whose it is, else it is the first one's.

Facts and carts have their documented JSON form; left out, `source` is "shop", `occurred_at` the
step's moment and `identities` the member's. Points are in the wallet's smallest unit. What there
is to enrol and find people is in `scenario_people.py`, for the catalogue and grants in
`scenario_grants.py`, for segments in `scenario_segments.py`, for what plugins show in
`scenario_shown.py`. What there is for a plugin
besides is in the module that its entry point in `loyalty.scenarios` names, as ``ACTIONS`` and
``VIEWS`` like here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from loyalty_core import (
    SHIPPING,
    Dated,
    FactReceipt,
    Goal,
    Loyalty,
    LoyaltyError,
    Pricing,
    Quote,
    RecordStatus,
    RedemptionReceipt,
    SettlementReceipt,
    SpendOffer,
    Statement,
    format_scaled,
)
from loyalty_core.storage.engine import open_engine
from loyalty_core.testing import scenario_grants as granting
from loyalty_core.testing import scenario_people as people
from loyalty_core.testing import scenario_segments as segmenting
from loyalty_core.testing.scenario_front import Front
from loyalty_core.testing.scenario_shown import shown

Table = Mapping[str, Any]
WORDS = "loyalty.scenarios"
"""The entry points, by plugin, of what scenarios can do with plugins and see of them."""


class StandingClock:
    """Tells the moment it was set to."""

    now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The moment."""
        return self.now


@dataclass(frozen=True, slots=True)
class Check:
    """What one step did, and whether it came out as expected; ``did`` is the kind of step."""

    step: int
    at: datetime
    did: str
    why: str
    expected: Mapping[str, Any]
    found: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Whether everything that was expected was found, and no error that was not."""
        return self.found == self.expected


@contextmanager
def opened(folder: Path, database: str, clock: StandingClock) -> Iterator[Mapping[str, Loyalty]]:
    """The programs of the scenario in a folder by name, on one database; closed at the end."""
    names = read_scenario(folder / "scenario.toml").get("programs", [""])
    with ExitStack() as stack:
        engine = open_engine(database)
        stack.callback(engine.dispose)
        yield {
            one: Loyalty.open(folder / one / "loyalty.toml", engine, clock=clock) for one in names
        }


class Player:
    """Programs being played: does the steps and looks at what became of them.

    What members ask and spend goes through ``fronts``, the SDK itself unless others are given.
    """

    def __init__(
        self,
        programs: Mapping[str, Loyalty],
        clock: StandingClock,
        scenario: Table,
        fronts: Mapping[str, Front] | None = None,
    ) -> None:
        self.programs = programs
        self.fronts = programs if fronts is None else fronts
        self.loyalty = next(iter(programs.values()))
        self.front = next(iter(self.fronts.values()))
        self.clock = clock
        self.scenario = scenario
        self.facts: list[tuple[Loyalty, Table]] = []
        self.actions, self.views = dict(ACTIONS), dict(VIEWS)
        on = {plugin for loyalty in programs.values() for plugin in loyalty.config.plugins}
        for words in (found.load() for found in entry_points(group=WORDS) if found.name in on):
            self.actions |= words.ACTIONS
            self.views |= words.VIEWS

    def play(self) -> Iterator[Check]:
        """Does every step, one when the next is asked for, and says what became of it."""
        for number, step in enumerate(self.scenario["step"], 1):
            self.clock.now = step["at"]
            self.turn_to(step)
            expected = step.get("expect", {})
            try:
                result = self.do(step, number)
            except LoyaltyError as error:
                result = error
            if isinstance(result, LoyaltyError) and "error" not in expected:
                found: Mapping[str, Any] = {"error": result.code}
            else:
                found = {
                    key: self.views[key](self, step, result, expected[key]) for key in expected
                }
            (action,) = step.keys() & self.actions.keys()
            yield Check(number, step["at"], action, step.get("why", ""), expected, found)

    def do(self, step: Table, number: int) -> Any:
        """What the SDK answers to one step; the clock is left as it is."""
        self.turn_to(step)
        (action,) = step.keys() & self.actions.keys()
        return self.actions[action](self, step, step[action], f"step-{number}")

    def turn_to(self, step: Table) -> None:
        """Makes the step's program the one that is asked."""
        name = step.get("program", next(iter(self.programs)))
        self.loyalty, self.front = self.programs[name], self.fronts[name]

    def replay(self) -> bool:
        """Records every fact a second time; whether nothing came of it, as it must not."""
        before = [self.statement(step) for step in self.scenario["step"] if "record" in step]
        again = {loyalty.record(fact).status for loyalty, fact in self.facts}
        after = [self.statement(step) for step in self.scenario["step"] if "record" in step]
        return after == before and again <= {RecordStatus.DUPLICATE}

    def identities(self, step: Table) -> dict[str, str]:
        """How the step's member is known."""
        return dict(step.get("member", self.scenario["member"]))

    def member_id(self, step: Table) -> str:
        """The id of the step's member."""
        member = self.loyalty.find(self.identities(step), source="shop")
        assert member is not None, self.identities(step)
        return member.id

    def balances(self, step: Table) -> dict[str, int]:
        """The balances of the step's member by wallet."""
        return {wallet.wallet: wallet.balance for wallet in self.statement(step).wallets}

    def statement(self, step: Table) -> Statement:
        """The statement of the step's member."""
        self.turn_to(step)
        return self.front.statement(self.member_id(step))


def _record(player: Player, step: Table, fact: Table, key: str) -> FactReceipt:
    filled = {"source": "shop", "identities": player.identities(step), **_plain(fact)}
    if fact["type"] != "refund":
        filled = {"occurred_at": _plain(step["at"]), "id": key, **filled}
    player.facts.append((player.loyalty, filled))
    return player.loyalty.record(filled)


def _quote(player: Player, step: Table, cart: Table, key: str) -> Quote:
    member = player.loyalty.find(player.identities(step), source="shop")
    return player.front.quote(_plain(cart), member.id if member else None)


def _redeem(player: Player, step: Table, wish: Table, key: str) -> RedemptionReceipt:
    return player.front.redeem(player.member_id(step), key=key, **_plain(wish))


def _adjust(player: Player, step: Table, change: Table, key: str) -> object:
    return player.loyalty.adjust(player.member_id(step), key=key, **change)


def _tick(player: Player, step: Table, nothing: Table, key: str) -> object:
    return player.loyalty.tick()


def _link(player: Player, step: Table, partner: str, key: str) -> object:
    """Links the step's member to the one with the same identities at a partner."""
    other = player.programs[partner].find(player.identities(step), source="shop")
    assert other is not None
    return player.loyalty.link(player.member_id(step), partner, other.id, key=key)


def _settle(player: Player, step: Table, payment: Table, key: str) -> SettlementReceipt:
    return player.loyalty.settle(key=key, **payment)


ACTIONS: Mapping[str, Callable[[Player, Table, Any, str], Any]] = {
    "record": _record,
    "quote": _quote,
    "redeem": _redeem,
    "adjust": _adjust,
    "tick": _tick,
    **people.ACTIONS,
    **granting.ACTIONS,
    **segmenting.ACTIONS,
    "link": _link,
    "settle": _settle,
}


def _rules(player: Player, result: Any) -> dict[str, int]:
    """What each rule gave, or would give."""
    if isinstance(result, Quote):
        return {earning.rule: earning.amount for earning in result.earnings}
    found = [player.loyalty.explain(name) for name in result.transactions]
    return {award.rule: award.amount for one in found for award in one.awards}


def _offer(result: Quote | RedemptionReceipt) -> SpendOffer | RedemptionReceipt:
    if isinstance(result, RedemptionReceipt):
        return result
    (offer,) = (offer for name, offer in result.offers.items() if "." in name)
    return offer


def _to_pay(player: Player, step: Table, result: Any) -> str:
    """What the lines of the cart cost at the member price, after the points."""
    cart = step["quote"] if "quote" in step else step["redeem"]["cart"]
    quote = result if isinstance(result, Quote) else _quote(player, step, cart, "")
    worth = _offer(result).worth
    assert all(len(line["amount"].partition(".")[2]) == worth.digits for line in cart["lines"])
    total = sum(int(line["amount"].replace(".", "")) for line in cart["lines"])
    if quote.pricing is not None:
        total = sum(one.member_price for one in quote.pricing.lines if one.line != SHIPPING)
    return format_scaled(total - worth.amount_minor, worth.digits)


def _dated(dated: Dated) -> dict[str, Any]:
    return {"at": dated.at, "amount": dated.amount}


def _wallets(read: Callable[[Any], Any]) -> Callable[[Player, Table, Any, Any], Any]:
    """A look at the wallets that the expectation names."""

    def view(player: Player, step: Table, result: Any, expected: Table) -> dict[str, Any]:
        statement = player.statement(step)
        return {name: read(statement.wallet(name)) for name in expected}

    return view


def _goals(name: str) -> Callable[[Player, Table, Any, Any], Any]:
    """What is missing to the next tier, or to keep this one, in the schemes named."""

    def view(player: Player, step: Table, result: Any, expected: Table) -> dict[str, Any]:
        found = {}
        for scheme in expected:
            goal: Goal | None = getattr(player.statement(step).standing(scheme), name)
            needs = [*goal.any_of, *goal.all_of] if goal else []
            found[scheme] = " or ".join(str(need) for need in needs)
        return found

    return view


def _habits(player: Player, step: Table, expected: Table) -> dict[str, Any]:
    """What the expectation names of what the step's member usually does."""
    found = player.front.habits(player.member_id(step))
    usual = found.usual_order
    said = {
        "order": {item.sku: item.quantity for item in usual.items} if usual else {},
        "times": usual.orders if usual else 0,
        "stores": [f"{one.store}: {one.orders}" for one in found.usual_stores],
        "orders": sum(one.orders for one in found.recent),
        "spent": [str(one.total) for one in found.recent],
        "average": [str(one.average) for one in found.recent],
        "lifetime_value": [str(one.total) for one in found.lifetime],
        "days_between": found.days_between if found.days_between is not None else "",
    }
    return {name: said[name] for name in expected}


def _pricing(quote: Quote) -> Pricing:
    assert quote.pricing is not None
    return quote.pricing


VIEWS: Mapping[str, Callable[[Player, Table, Any, Any], Any]] = {
    "status": lambda player, step, result, _: result.status.value,
    "changes": lambda player, step, result, _: dict(result.changes),
    "rules": lambda player, step, result, _: _rules(player, result),
    "error": lambda player, step, result, _: result.code,
    "refusal": lambda player, step, result, _: getattr(_offer(result), "refusal", ""),
    "points": lambda player, step, result, _: _offer(result).points,
    "worth": lambda player, step, result, _: str(_offer(result).worth),
    "lines": lambda player, step, result, _: dict(_offer(result).lines),
    "to_pay": lambda player, step, result, _: _to_pay(player, step, result),
    "offers": lambda player, step, result, _: sorted(result.offers),
    "expired": lambda player, step, result, _: dict(result.expired),
    "paid": lambda player, step, result, _: str(result.amount),
    "owed": lambda player, step, result, _: {
        one.partner: str(one.closing) for one in player.loyalty.settlements()
    },
    "orders": lambda player, step, result, _: player.loyalty.report().orders,
    "activities": lambda player, step, result, _: player.loyalty.report().activities,
    "wallets": lambda player, step, result, _: [
        wallet.wallet for wallet in player.statement(step).wallets
    ],
    "unit": _wallets(lambda wallet: wallet.unit),
    "balance": _wallets(lambda wallet: wallet.balance),
    "available": _wallets(lambda wallet: wallet.available),
    "pending": _wallets(lambda wallet: wallet.pending),
    "debt": _wallets(lambda wallet: wallet.debt),
    "value": _wallets(lambda wallet: str(wallet.worth)),
    "tiers": lambda player, step, result, expected: {
        scheme: player.statement(step).standing(scheme).held for scheme in expected
    },
    "to_next": _goals("next"),
    "to_stay": _goals("stay"),
    "until": lambda player, step, result, expected: {
        scheme: player.statement(step).standing(scheme).until or "" for scheme in expected
    },
    "benefits": lambda player, step, result, _: sorted(
        granted.benefit.benefit for granted in player.statement(step).benefits
    ),
    "uses_left": lambda player, step, result, _: {
        granted.benefit.benefit: granted.left
        for granted in player.statement(step).benefits
        if granted.left is not None
    },
    "values": lambda player, step, result, _: {
        granted.benefit.benefit: granted.benefit.value
        for granted in player.statement(step).benefits
        if granted.benefit.value
    },
    "standings": lambda player, step, result, _: result.standings,
    "price": lambda player, step, result, _: str(_pricing(result).price),
    "member_price": lambda player, step, result, _: str(_pricing(result).member_price),
    "line_prices": lambda player, step, result, _: {
        line.line: line.member_price for line in _pricing(result).lines
    },
    "used": lambda player, step, result, _: {
        used.benefit: str(used.amount) for used in _pricing(result).used
    },
    "missed": lambda player, step, result, _: {
        missed.benefit: str(missed.missing) for missed in _pricing(result).missed
    },
    "expiring": _wallets(lambda wallet: [_dated(dated) for dated in wallet.expiring]),
    **people.VIEWS,
    **granting.VIEWS,
    **segmenting.VIEWS,
    "shown": shown,
    "habits": lambda player, step, result, expected: _habits(player, step, expected),
}


def _plain(value: Any) -> Any:
    """TOML's moments and days as the texts that JSON has."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def read_scenario(path: Path) -> Table:
    """A scenario as it stands in its file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))
