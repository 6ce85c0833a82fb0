"""Facts that others cause: of another member, at another time, withdrawn with their cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from loyalty_core import (
    Activity,
    Cause,
    Credit,
    Effect,
    Emit,
    Event,
    FactError,
    IdentityConflict,
    IdentityInvalid,
    KeepState,
    LedgerFault,
    Loyalty,
    MemberView,
    Outcome,
    PluginManifest,
    ProgramConfig,
    RecordStatus,
    Subscription,
    hookimpl,
)
from loyalty_core.domain.members import MemberId
from tests.contract.conftest import Shop
from tests.toy import START, activity, order, points, refund

DAYS = timedelta(days=14)


@dataclass(frozen=True)
class Nothing:
    """No settings."""


@dataclass(eq=False)
class Friends:
    """Who joins by a code brings its owner 5 at once, and 100 two weeks after the first order."""

    id: str = "friends"
    events: tuple[str, ...] = ()

    @property
    def manifest(self) -> PluginManifest:
        return PluginManifest(
            id=self.id, version="1", requires_plugin_api=">=1.0,<2", config=Nothing
        )

    @hookimpl
    def loyalty_register_programs(self, config: Nothing, program: ProgramConfig) -> Any:
        return [FriendsProgram()]

    @hookimpl
    def loyalty_register_handlers(self, config: Nothing, program: ProgramConfig) -> Any:
        return [
            Subscription(id="friends.thank", event_type="friends.paid", handler=thank),
            Subscription(id="friends.heard", event_type="friends.heard", handler=heard),
        ]


def thank(event: Event) -> Iterable[Any]:
    """A fact that comes of an event."""
    name = "thanks-" + str(event.data["order"])
    return [{**activity(name, "thanked", email="bob@example.org"), "source": "mail"}]


def heard(event: Event) -> Iterable[Any]:
    """Ten thanks for what is right, one for what is not."""
    for number in range(10 if event.data["marked"] else 1):
        fact = activity(f"heard-{number}", "thanked", email="bob@example.org")
        yield {**fact, "id": f"{event.id}-{number}", "source": "ear"}


class FriendsProgram:
    """Decides activities, and follows orders."""

    def decide(self, fact: Any, member: MemberView) -> Sequence[Effect]:
        if not isinstance(fact, Activity):
            return []
        if fact.kind == "joined":
            code = str(fact.data["code"])
            data = {"friend": member.member_id}
            joined = Cause(kind="friends.joined", rule="join", code=code, data=data)
            return [KeepState({**member.state, "code": code}), joined]
        if fact.kind == "friends.joined":
            friend = MemberId(str(fact.data["friend"]))
            back = Cause(kind="friends.welcome", rule="welcome", member=friend)
            return [Credit(wallet="points", amount=5, rule="join"), back]
        amounts = {"friends.welcome": 7, "friends.bought": 100, "thanked": 1}
        if fact.kind == "mark":
            return [Cause(kind="friends.marked", rule="mark")]
        if fact.kind == "friends.marked":
            told = Emit(type="friends.heard", data={"marked": not fact.data})
            return [KeepState({**member.state, "marked": True}), told]
        if fact.kind == "hear":
            marked = bool(member.state.get("marked"))
            wrong = [] if marked else [Cause(kind="friends.marked", rule="w", data={"w": 1})]
            return [Emit(type="friends.heard", data={"marked": marked}), *wrong]
        if fact.kind == "around":
            return [Cause(kind="friends.around", rule="again")]
        if fact.kind == "friends.around":
            return [Cause(kind="friends.around", rule="again")]
        return [Credit(wallet="points", amount=amounts[fact.kind], rule=fact.kind)]

    def follow(self, outcome: Outcome, member: MemberView) -> Sequence[Effect]:
        code = member.state.get("code")
        if isinstance(outcome.fact, Activity) or not code:
            return []
        if outcome.returned and not outcome.returned[-1].value:
            return []
        due = outcome.fact.occurred_at + DAYS
        bought = Cause(kind="friends.bought", rule="bought", code=str(code), at=due)
        paid = Emit(type="friends.paid", data={"order": outcome.fact.id})
        return [bought, paid] if "thank" in outcome.fact.tags else [bought]


def opened(shop: Shop) -> Loyalty:
    return shop.open(toys=(Friends(),), plugins={"friends": {}}, program="shop")


def joins(name: str, code: str, **more: Any) -> dict[str, Any]:
    given = activity(f"join-{name}", "joined", email=f"{name}@example.org", **more)
    return {**given, "data": {"code": code}}


def have(loyalty: Loyalty, *names: str) -> list[int]:
    found = [loyalty.find({"email": f"{name}@example.org"}) for name in names]
    return [points(loyalty, one.id)[0] if one else 0 for one in found]


def with_ada(shop: Shop) -> Loyalty:
    loyalty = opened(shop)
    ada = loyalty.enrol({"email": "ada@example.org"})
    assert loyalty.member_code(ada.id, "ada-10") == "ADA-10"
    return loyalty


def bobs(number: str = "1", **more: Any) -> dict[str, Any]:
    return order(number, email="bob@example.org", **more)


def test_a_fact_causes_another_members_and_that_one_the_firsts(shop: Shop) -> None:
    loyalty = with_ada(shop)
    receipt = loyalty.record(joins("bob", "ADA-10"))
    assert (receipt.status, receipt.changes) == (RecordStatus.BOOKED, {})
    assert have(loyalty, "ada", "bob") == [5, 7]
    assert loyalty.record(joins("bob", "ADA-10")).status is RecordStatus.DUPLICATE
    assert have(loyalty, "ada", "bob") == [5, 7]
    assert loyalty.report().activities == 1
    assert loyalty.verify().problems == ()


def test_what_is_caused_for_later_waits_for_its_time(shop: Shop) -> None:
    loyalty = with_ada(shop)
    loyalty.record_many([joins("bob", "ADA-10"), bobs(at=START)])
    loyalty.tick()
    shop.clock.set(START + DAYS)
    assert have(loyalty, "ada") == [5]
    shop.clock.set(START + DAYS + timedelta(seconds=1))
    assert loyalty.status().deferred_facts == 0
    loyalty.tick()
    assert have(loyalty, "ada") == [105]
    loyalty.tick()
    assert have(loyalty, "ada") == [105]


@pytest.mark.parametrize("after", [timedelta(days=1), DAYS + timedelta(days=1)])
def test_it_is_withdrawn_with_its_cause(shop: Shop, after: timedelta) -> None:
    loyalty = with_ada(shop)
    loyalty.record_many([joins("bob", "ADA-10"), bobs(at=START)])
    shop.clock.set(START + after)
    loyalty.tick()
    loyalty.record(refund("r", at=START + after))
    assert have(loyalty, "ada") == [5]
    shop.clock.set(START + DAYS * 3)
    loyalty.tick()
    assert have(loyalty, "ada") == [5]
    voided = {"voided_at": (START + DAYS * 2).isoformat()}
    loyalty.record(refund("r", at=START + after, **voided))
    loyalty.tick()
    assert have(loyalty, "ada") == [105]
    assert loyalty.verify().problems == ()


FACTS = [
    joins("bob", "ADA-10", at=START),
    bobs("1", at=START + timedelta(hours=1)),
    bobs("2", at=START + timedelta(hours=2)),
    refund("r", of="1", at=START + timedelta(hours=3)),
]


@pytest.mark.parametrize("arrival", list(permutations(FACTS)))
def test_any_order_of_arrival_ends_in_the_same_books(
    sqlite_shop: Shop, arrival: Sequence[Any]
) -> None:
    loyalty = with_ada(sqlite_shop)
    sqlite_shop.clock.set(START + timedelta(hours=4))
    for fact in (*arrival, *arrival[:2]):
        loyalty.record(fact)
    sqlite_shop.clock.set(START + DAYS * 2)
    loyalty.tick()
    assert have(loyalty, "ada", "bob") == [105, 7]
    assert loyalty.verify().problems == ()


def test_all_in_one_batch_is_the_same(shop: Shop) -> None:
    loyalty = with_ada(shop)
    shop.clock.set(START + DAYS * 2)
    own = order("9", email="ada@example.org", at=START + timedelta(days=20))
    loyalty.record_many([own, *reversed(FACTS)])
    loyalty.tick()
    assert have(loyalty, "ada", "bob") == [105, 7]
    assert loyalty.verify().problems == ()


def test_a_code_of_nobody_yet_waits_for_its_member(shop: Shop) -> None:
    loyalty = opened(shop)
    loyalty.record(joins("bob", "ADA-10"))
    ada = loyalty.enrol({"email": "ada@example.org"})
    assert have(loyalty, "ada", "bob") == [0, 0]
    loyalty.member_code(ada.id, "ADA-10")
    assert have(loyalty, "ada", "bob") == [5, 7]


def test_codes(shop: Shop) -> None:
    loyalty = with_ada(shop)
    ada = loyalty.find({"email": "ada@example.org"})
    assert ada is not None
    assert loyalty.member_code(ada.id) == "ADA-10"
    bob = loyalty.enrol({"email": "bob@example.org"})
    with pytest.raises(IdentityConflict):
        loyalty.member_code(bob.id, "ada-10")
    with pytest.raises(IdentityInvalid):
        loyalty.member_code(bob.id, "a b")
    drawn = loyalty.member_code(bob.id)
    assert (len(drawn), drawn) == (8, loyalty.member_code(bob.id))
    with pytest.raises(IdentityInvalid):
        loyalty.enrol({"email": "eve@example.org", "code": "ADA-10"})


def test_who_was_merged_is_answered_for(shop: Shop) -> None:
    loyalty = with_ada(shop)
    ada, eve = (loyalty.enrol({"email": f"{name}@example.org"}) for name in ("ada", "eve"))
    loyalty.record_many([joins("bob", "ADA-10"), bobs(at=START)])
    loyalty.merge(eve.id, ada.id, key="merge")
    loyalty.record(joins("cal", "ADA-10", at=START + timedelta(hours=1)))
    shop.clock.set(START + DAYS * 2)
    loyalty.tick()
    assert have(loyalty, "eve", "bob", "cal") == [110, 7, 7]
    assert loyalty.verify().problems == ()


def test_who_was_erased_gets_nothing_more(shop: Shop) -> None:
    loyalty = with_ada(shop)
    ada = loyalty.enrol({"email": "ada@example.org"})
    loyalty.record_many([joins("bob", "ADA-10"), bobs(at=START)])
    loyalty.erase(ada.id, reason="asked", actor="ops", key="erase")
    shop.clock.set(START + DAYS * 2)
    loyalty.tick()
    loyalty.record(refund("r", at=START + timedelta(days=1)))
    loyalty.record(joins("cal", "ADA-10", at=START + timedelta(days=1)))
    assert have(loyalty, "bob", "cal") == [7, 0]
    assert loyalty.verify().problems == ()


def test_the_cause_may_be_erased_and_what_it_caused_stays(shop: Shop) -> None:
    loyalty = with_ada(shop)
    bob = loyalty.record(joins("bob", "ADA-10")).member_id or ""
    loyalty.erase(bob, reason="asked", actor="ops", key="erase")
    assert have(loyalty, "ada") == [5]
    assert loyalty.verify().problems == ()


def test_facts_that_cause_each_other_without_an_end_are_refused(shop: Shop) -> None:
    loyalty = with_ada(shop)
    with pytest.raises(LedgerFault, match="facts of ~friends cause each other without an end"):
        loyalty.record(activity("x", "around"))
    assert have(loyalty, "ada") == [0]


def test_nobody_outside_records_what_facts_cause(shop: Shop) -> None:
    loyalty = with_ada(shop)
    with pytest.raises(FactError) as raised:
        loyalty.record({**activity("x", "friends.bought"), "source": "~friends"})
    assert raised.value.where == "$.source"


def test_what_comes_of_an_event_is_recorded_once(shop: Shop) -> None:
    loyalty = with_ada(shop)
    loyalty.record_many([joins("bob", "ADA-10"), bobs(at=START, tags=["thank"])])
    assert loyalty.tick().delivered == 1
    assert have(loyalty, "ada", "bob") == [5, 8]
    assert loyalty.tick().delivered == 0
    assert have(loyalty, "ada", "bob") == [5, 8]


def test_friends_of_each_other_at_the_same_time(shop: Shop) -> None:
    loyalty = opened(shop)
    names = ["ada", "bob", "cal", "dan"]
    for name in names:
        member = loyalty.enrol({"email": f"{name}@example.org"})
        loyalty.member_code(member.id, name)
    facts = [
        {**joins(one, other), "id": f"{one}-{other}"}
        for one in names
        for other in names
        if one != other
    ]
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(loyalty.record, facts))
    assert {one.status for one in receipts} == {RecordStatus.BOOKED}
    assert have(loyalty, *names) == [3 * 12] * 4
    assert loyalty.verify().problems == ()


def test_what_is_emitted_is_what_the_last_round_says(shop: Shop) -> None:
    loyalty = opened(shop)
    mark = activity("mark", "mark", email="bob@example.org", at=START - timedelta(hours=1))
    hear = activity("hear", "hear", email="bob@example.org", at=START)
    loyalty.record_many([hear, mark])
    loyalty.tick()
    assert have(loyalty, "bob") == [20]
    assert loyalty.tick().delivered == 0
    assert loyalty.verify().problems == ()
