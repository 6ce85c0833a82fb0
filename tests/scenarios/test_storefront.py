"""What every program in `examples/programs` shows its members, they are shown through GraphQL.

The same scenarios with the same expectations: the member's questions and what they redeem go
through the storefront's schema, over HTTP.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any

import httpx2
import pytest
import uvicorn

from gateway.tests.shop import SETTINGS, Front, signed
from loyalty_core import Loyalty
from loyalty_core.testing.scenarios import Check, Player, StandingClock, opened, read_scenario
from loyalty_gateway import create_app
from tests.scenarios.storefront import Storefront
from tests.scenarios.test_programs import NAMES, PROGRAMS

SERVED = ["coalition", "sephora", "three-tiers"]
"""What is played over a server's own sockets besides: two programs, a catalogue, hidden tiers."""


@contextmanager
def served(loyalty: Loyalty) -> Iterator[Front]:
    """The program behind a real server in a thread of its own."""
    config = uvicorn.Config(create_app(loyalty, SETTINGS), port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            front = Front(loyalty)
            front.client = client  # type: ignore[assignment]
            yield front
    finally:
        server.should_exit = True
        thread.join()


def as_shown(check: Check, loyalty: Loyalty) -> Mapping[str, Any]:
    """What is expected of a page: as of the SDK, but that no member is told of a hidden tier."""
    hidden = {
        (scheme, one.tier)
        for scheme, tiers in loyalty.tiers().items()
        for one in tiers
        if not one.visible
    }
    held = check.expected.get("tiers", {})
    told = {scheme: "" if (scheme, tier) in hidden else tier for scheme, tier in held.items()}
    return {**check.expected, "tiers": told} if held else check.expected


def play(
    name: str, clock: StandingClock, programs: Mapping[str, Loyalty], fronts: Mapping[str, Front]
) -> None:
    """Fails on the first step that does not come out as the pages are to show it."""
    scenario = read_scenario(PROGRAMS / name / "scenario.toml")
    pages = {one: Storefront(programs[one], front) for one, front in fronts.items()}
    player = Player(programs, clock, scenario, pages)
    for check in player.play():
        assert check.found == as_shown(check, player.loyalty), check
    assert player.replay()


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_what_the_scenario_says(name: str) -> None:
    clock = StandingClock()
    with opened(PROGRAMS / name, "sqlite://", clock) as programs:
        fronts = {one: Front(loyalty) for one, loyalty in programs.items()}
        play(name, clock, programs, fronts)


@pytest.mark.parametrize("name", SERVED)
def test_so_it_does_behind_a_server(name: str, sqlite_url: str) -> None:
    clock = StandingClock()
    with ExitStack() as stack:
        programs = stack.enter_context(opened(PROGRAMS / name, sqlite_url, clock))
        fronts = {one: stack.enter_context(served(loyalty)) for one, loyalty in programs.items()}
        play(name, clock, programs, fronts)


def ask(front: Front, player: Player, step: int, query: str, **variables: Any) -> Any:
    """What the page of a step's member is told."""
    one = player.scenario["step"][step]
    return front.data(query, signed(player.member_id(one)), **variables)


@contextmanager
def begun(name: str, steps: int) -> Iterator[tuple[Front, Player, Iterator[Check]]]:
    """A page, and the player of a scenario with its first steps done and those to come."""
    clock = StandingClock()
    with opened(PROGRAMS / name, "sqlite://", clock) as programs:
        player = Player(programs, clock, read_scenario(PROGRAMS / name / "scenario.toml"))
        checks = player.play()
        go_on(checks, steps)
        yield Front(player.loyalty), player, checks


def go_on(checks: Iterator[Check], steps: int) -> None:
    """Does the next steps, each of which must come out."""
    assert [check for check in islice(checks, steps) if not check.passed] == []


def test_a_donation_is_chosen_and_shown() -> None:
    """P18: the page offers the charities, gives to the one chosen, and says what was given."""
    with begun("sephora-donation", 3) as (front, player, _):
        rewards = ask(front, player, 0, "{ rewards { id wallet points refusal } }")["rewards"]
        choices = {one["id"]: one["points"] for one in rewards}
        assert choices == {"donation.reef": "500", "donation.shelter": "500"}
        redeem = """mutation { redeem(reward: "donation.reef", idempotencyKey: "k") {
          ... on Redemption { points worth { amount currency } } } }"""
        worth = {"amount": "10.00", "currency": "USD"}
        given = ask(front, player, 0, redeem)["redeem"]
        assert given == {"points": "500", "worth": worth}
        mine = ask(front, player, 0, "{ me { giving { year charity amount currency } } }")["me"]
        gave = {"year": 2026, "charity": "reef", "amount": "10.00", "currency": "USD"}
        assert mine == {"giving": [gave]}
        charities = ask(front, player, 0, "{ donationCharities { charity total paid } }")
        assert charities["donationCharities"] == [
            {"charity": "reef", "total": "10.00", "paid": None},
            {"charity": "shelter", "total": "0.00", "paid": None},
        ]


def test_the_statement_says_what_is_missing_and_what_was_saved() -> None:
    """P16: missing to the next certificate, offers open now, member since, earned and saved."""
    with begun("dsw-statement", 1) as (front, player, checks):
        missing = "{ rewards { id missing refusal } }"
        (certificate,) = ask(front, player, 0, missing)["rewards"]
        assert (certificate["id"], certificate["missing"]) == ("certificate", "1")
        go_on(checks, 5)
        query = """query S($at: DateTime) { me { joinedAt
          statement { grants { reward worth { amount } } saved { amount currency }
            wallets { earned } }
          before: statement(at: $at) { saved { amount } wallets { earned } } } }"""
        me = ask(front, player, 0, query, at="2026-01-12T14:59:59Z")["me"]
        assert me["joinedAt"] == "2026-01-10T15:00:00Z"
        assert me["statement"] == {
            "grants": [{"reward": "certificate", "worth": {"amount": "10.00"}}],
            "saved": [{"amount": "8.00", "currency": "USD"}],
            "wallets": [{"earned": "2121"}],
        }
        assert me["before"] == {"saved": [], "wallets": [{"earned": "999"}]}


def test_stars_are_told_by_how_one_pays() -> None:
    """P14: what a cart would earn, paid with the app and paid otherwise."""
    with begun("starbucks", 3) as (front, player, _):
        quote = """query Q($paid: String!) { quote(cart: {currency: "USD", channel: "store",
            lines: [{id: "latte", amount: "5.75"}], tenders: [{kind: $paid, amount: "5.75"}]}) {
          ... on Quote { earnings { rule points } } } }"""
        app = ask(front, player, 0, quote, paid="app")["quote"]["earnings"]
        assert app == [{"rule": "paid-with-app", "points": "10"}]
        assert ask(front, player, 0, quote, paid="cash")["quote"]["earnings"] == []
        query = "{ me { joinedAt statement { wallets { name balance } } } }"
        me = ask(front, player, 0, query)["me"]
        assert me["joinedAt"] == "2026-03-02T16:00:00Z"
        assert me["statement"]["wallets"] == [{"name": "stars", "balance": "20"}]
