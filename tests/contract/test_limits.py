"""What there is only so much of: who asks first gets it, and keeps the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from loyalty_core import (
    Claims,
    Credit,
    Decidable,
    Effect,
    Limited,
    Loyalty,
    MemberView,
    PluginManifest,
    ProgramConfig,
    RecordStatus,
    hookimpl,
)
from tests.contract.conftest import Shop
from tests.toy import START, ToyFailure, activity, config_of, order


@dataclass(frozen=True, kw_only=True)
class LuckyConfig:
    """How many prizes there are, and how many points all of them may be."""

    prizes: int = 1
    budget: int = 1000


@dataclass(eq=False)
class Lucky:
    """A hundred points for a fact while there are any, and one instead of them."""

    failing: set[str] = field(default_factory=set)
    twice: bool = False
    manifest = PluginManifest(
        id="lucky", version="1", requires_plugin_api=">=1.0,<2", config=LuckyConfig
    )

    @hookimpl
    def loyalty_register_programs(
        self, config: LuckyConfig, program: ProgramConfig
    ) -> Iterable[object]:
        return [LuckyProgram(self, config)]


@dataclass(frozen=True)
class LuckyProgram:
    """What the plugin decides."""

    lucky: Lucky
    config: LuckyConfig

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        prize = Limited("prize", 1, self.config.prizes)
        got = member.claim(prize, Limited("budget", 100, self.config.budget))
        if self.lucky.twice:
            member.claim(prize)
        if fact.id in self.lucky.failing:
            raise ToyFailure(fact.id)
        return [Credit(wallet="points", amount=100 if got else 1, rule="won" if got else "lost")]


def lucky(shop: Shop, plugin: Lucky | None = None, **settings: Any) -> Loyalty:
    shop.clock.advance(hours=1)
    return shop.open(plugins={"lucky": settings}, toys=(plugin or Lucky(),))


def spin(loyalty: Loyalty, number: int, *, minutes: int = 0, who: str = "ada") -> int:
    """What a spin wins now."""
    at = START + timedelta(minutes=minutes)
    fact = activity(str(number), "spin", at=at, email=f"{who}@example.org")
    return loyalty.record(fact).changes.get("points", 0)


def member(loyalty: Loyalty, who: str = "ada") -> str:
    found = loyalty.find({"email": f"{who}@example.org"})
    assert found is not None
    return found.id


def claimed(shop: Shop) -> dict[str, int]:
    engine = create_engine(shop.url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT item, claimed FROM loyalty_stock")).all()
    engine.dispose()
    return {row[0]: row[1] for row in rows}


def sound(loyalty: Loyalty) -> None:
    assert loyalty.verify().problems == ()


def test_who_asks_first_gets_it_and_the_others_what_there_is_instead(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=2)
    assert [spin(loyalty, number, who=f"m{number}") for number in range(4)] == [100, 100, 1, 1]
    assert claimed(shop) == {"lucky.prize": 2, "lucky.budget": 200}
    sound(loyalty)


def test_a_budget_holds_as_well_as_a_number(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=9, budget=250)
    assert [spin(loyalty, number) for number in range(4)] == [100, 100, 1, 1]
    assert claimed(shop) == {"lucky.prize": 2, "lucky.budget": 200}  # all of it or nothing
    sound(loyalty)


def test_the_answer_stays_with_the_fact(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=1)
    assert [spin(loyalty, 1, minutes=10), spin(loyalty, 2, minutes=20)] == [100, 1]
    assert spin(loyalty, 3, minutes=0) == 1  # it happened before both, and came too late
    assert loyalty.balance(member(loyalty)) == 102
    assert claimed(shop) == {"lucky.prize": 1, "lucky.budget": 100}
    sound(loyalty)


def test_a_refusal_stays_too_when_there_is_some_again(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=1)
    loyalty.record(order("1", at=START, email="bob@example.org"))
    assert spin(loyalty, 2, minutes=20) == 1
    gone = order("1", at=START, email="bob@example.org", status="cancelled", version=2)
    assert loyalty.record(gone).changes == {"points": -100}
    assert claimed(shop) == {"lucky.prize": 0, "lucky.budget": 0}
    assert spin(loyalty, 3, minutes=10) == 100  # and the spin after it is decided again
    assert loyalty.balance(member(loyalty)) == 101
    sound(loyalty)


def test_what_is_put_back_is_asked_for_anew(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=1)
    for version, status in enumerate(("paid", "cancelled"), 1):
        loyalty.record(order("1", status=status, version=version))
    assert spin(loyalty, 2, who="bob") == 100
    assert loyalty.record(order("1", status="paid", version=3)).changes == {"points": 1}
    sound(loyalty)


def test_a_plugin_that_fails_after_it_claimed_has_claimed_nothing(shop: Shop) -> None:
    plugin = Lucky(failing={"1"})
    loyalty = lucky(shop, plugin, prizes=1)
    assert spin(loyalty, 1) == 0
    assert claimed(shop) == {"lucky.prize": 0, "lucky.budget": 0}
    assert spin(loyalty, 2) == 100
    plugin.failing.clear()
    shop.clock.advance(days=1)
    assert loyalty.tick().retried_facts == 1
    assert claimed(shop) == {"lucky.prize": 1, "lucky.budget": 100}
    sound(loyalty)


def test_one_that_fails_later_keeps_what_it_had(shop: Shop) -> None:
    plugin = Lucky()
    loyalty = lucky(shop, plugin, prizes=1)
    assert spin(loyalty, 1, minutes=10) == 100
    plugin.failing.add("1")
    assert spin(loyalty, 2, minutes=0) == 1
    assert claimed(shop) == {"lucky.prize": 1, "lucky.budget": 100}
    sound(loyalty)


def test_what_a_plugin_claimed_stays_when_it_is_gone(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=1)
    member = loyalty.record(order("1", at=START + timedelta(minutes=10))).member_id or ""
    later = shop.open(plugins={"toy": {}})
    later.record(order("2"))
    assert claimed(shop) == {"lucky.prize": 1, "lucky.budget": 100}
    assert later.balance(member) == 100 + 60
    sound(later)


def test_an_item_is_claimed_once_for_a_fact(shop: Shop) -> None:
    loyalty = lucky(shop, Lucky(twice=True))
    fact = activity("1", "spin")
    assert loyalty.record(fact).status is RecordStatus.DEFERRED
    assert claimed(shop) == {"lucky.prize": 0, "lucky.budget": 0}
    sound(loyalty)


def test_what_is_asked_for_can_be(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=-1)
    assert loyalty.record(activity("1", "spin")).status is RecordStatus.DEFERRED
    assert claimed(shop) == {}


def test_a_quote_claims_nothing(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=1)
    cart = {"currency": "USD", "lines": [{"id": "1", "amount": "9.00"}]}
    for _ in range(2):
        assert [one.amount for one in loyalty.quote(cart).earnings] == [100]
    assert claimed(shop) == {}


def test_many_at_once_never_get_more_than_there_is(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=5)
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda number: spin(loyalty, number, who=f"m{number}"), range(24)))
    assert Counter(won) == {100: 5, 1: 19}
    assert claimed(shop) == {"lucky.prize": 5, "lucky.budget": 500}
    sound(loyalty)


def test_a_merge_and_an_erasure_put_nothing_back(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=1)
    spin(loyalty, 1, who="ada")
    spin(loyalty, 2, who="bob")
    ada, bob = member(loyalty, "ada"), member(loyalty, "bob")
    loyalty.merge(bob, ada, key="m")
    assert loyalty.balance(bob) == 101
    spin(loyalty, 3, minutes=-10, who="bob")
    loyalty.erase(bob, reason="asked", actor="dpo", key="e")
    assert claimed(shop) == {"lucky.prize": 1, "lucky.budget": 100}
    sound(loyalty)


@pytest.mark.parametrize(
    "spoiled", ["UPDATE loyalty_stock SET claimed = 7", "DELETE FROM loyalty_stock"]
)
def test_a_wrong_count_is_found_and_mended(shop: Shop, spoiled: str) -> None:
    loyalty = lucky(shop, prizes=2)
    assert [spin(loyalty, number) for number in range(3)] == [100, 100, 1]
    engine = create_engine(shop.url)
    with engine.begin() as connection:
        connection.execute(text(spoiled))
    engine.dispose()
    assert [one.where for one in loyalty.verify().problems] == ["lucky.budget", "lucky.prize"]
    assert loyalty.rebuild().rebuilt == 2
    assert claimed(shop) == {"lucky.prize": 2, "lucky.budget": 200}
    assert spin(loyalty, 4) == 1
    sound(loyalty)


def test_a_backtest_asks_anew_from_its_day_on(shop: Shop) -> None:
    loyalty = lucky(shop, prizes=2)
    day = 24 * 60
    shop.clock.advance(days=9)
    for number in range(4):
        spin(loyalty, number, minutes=number * day, who=f"m{number}")
    before = claimed(shop)
    config = config_of(plugins={"lucky": {"prizes": 3}})
    made = loyalty.backtest(config, since=START + timedelta(days=1, hours=12))
    assert sum(one.was.earned for one in made.months) == 1 + 1
    assert sum(one.would.earned for one in made.months) == 100 + 1  # two are had before that day
    assert claimed(shop) == before


def test_a_view_made_by_hand_has_everything_or_what_it_is_told() -> None:
    one = Limited("prize", 1, 0)
    assert MemberView().claim(one)
    refusing = MemberView(claims=Claims(lambda wanted: False))
    assert not refusing.claim(one)
    assert refusing.claims.answers == {"prize": False}
