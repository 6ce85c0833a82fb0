"""A plugin that fails in every way there is: what it costs itself, and what it costs nobody else.

One part for each row of the table in docs/plugins.md. Own tables and quarantine have files of
their own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import count
from types import MappingProxyType
from typing import Any

import pytest

from loyalty_core import (
    Benefit,
    BenefitKind,
    Cause,
    Credit,
    Emit,
    Grant,
    GrantedBenefit,
    KeepState,
    Loyalty,
    Measure,
    Money,
    PluginFailed,
    PutRow,
    RecordStatus,
    Score,
    SpendOffer,
)
from tests.contract.conftest import Shop
from tests.platform.broken import ON, Broken, BrokenRanking, Sulking
from tests.platform.lending import Lending
from tests.toy import START, Toy, ToyFailure, ToyProgram, order, points

SHIPPING_FREE = Benefit(benefit="free", kind=BenefitKind.FREE_SHIPPING)


@pytest.fixture
def broken() -> Broken:
    return Broken()


@pytest.fixture
def program(shop: Shop, broken: Broken) -> Loyalty:
    return shop.open(plugins=ON, toys=(shop.toy, broken))


# -- deciding: the others book, its own part waits --------------------------------------------


def _credit(**given: Any) -> Credit:
    return Credit(**({"wallet": "points", "amount": 5, "rule": "r"} | given))


class _Unsayable(Exception):
    """An error that fails to say what it is, where it can."""

    def __str__(self) -> str:
        raise ToyFailure("str")


class _Nowhere(tzinfo):
    """A time zone without an offset."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None


RUBBISH: list[Any] = [
    ToyFailure("no"),
    _Unsayable(),
    RecursionError(),
    None,
    5,
    "credit",
    [None],
    [Sulking()],
    Sulking(),
    lambda: ({"wallet": "points"} for _ in count()),
    lambda: (KeepState({}) for _ in count()),
    [_credit(amount=-1)],
    [_credit(amount=0.5)],
    [_credit(amount=True)],
    [_credit(amount="5")],
    [_credit(amount=None)],
    [_credit(amount=10**30)],
    [_credit(wallet="gems")],
    [_credit(wallet=None)],
    [_credit(wallet=[])],
    [_credit(rule=[])],
    [_credit(rule="x" * 10_000)],
    [_credit(rule=None)],
    [_credit(rule="a\x00b")],
    [_credit(lines=None)],
    [_credit(lines=5)],
    [_credit(lines={"a": 2.5, "b": 2.5})],
    [_credit(activates_at="now")],
    [_credit(expires_at=START.replace(tzinfo=None))],
    [_credit(expires_at=START.replace(tzinfo=_Nowhere()))],
    [_credit(activates_at=datetime.min.replace(tzinfo=timezone(timedelta(hours=12))))],
    [_credit(expires_at=datetime.max.replace(tzinfo=timezone(-timedelta(hours=12))))],
    [KeepState(None)],  # type: ignore[arg-type]
    [KeepState(5)],  # type: ignore[arg-type]
    [KeepState({"rate": 0.5})],
    [KeepState({"seed": 10**5000})],
    [KeepState(MappingProxyType({"it": 1}))],
    [KeepState({"it": MappingProxyType({})})],  # type: ignore[dict-item]
    [Emit(type="broken.thing", data={"seed": 10**5000})],
    [Emit(type="broken.thing", data=MappingProxyType({"it": 1}))],
    [Measure(metric="toy.things")],
    [Measure(metric="broken.things", amount=-1)],
    [Measure(metric="broken.things", amount=0.5)],  # type: ignore[arg-type]
    [Measure(metric="broken." + "x" * 10_000)],
    [Grant(reward="nothing", rule="r")],
    [Grant(reward=[], rule="r")],  # type: ignore[arg-type]
    [Cause(kind="toy.thing", rule="r")],
    [Cause(kind="broken.thing", rule="r", data=None)],  # type: ignore[arg-type]
    [Cause(kind="broken.thing", rule="r", at="now")],  # type: ignore[arg-type]
    [Cause(kind="broken.thing", rule="r", at=datetime.max.replace(tzinfo=UTC))],
    [Cause(kind="broken.thing", rule="r", data={"seed": 10**5000})],
    [Cause(kind="broken.thing", rule="r", code=5)],  # type: ignore[arg-type]
    [Cause(kind="broken.thing", rule="r", code="a\x00b")],
    [Cause(kind="broken.thing", rule="r", member="nobody")],  # type: ignore[arg-type]
    [PutRow("loyalty_member", {"id": "x"})],
]


@pytest.mark.parametrize("call", ["decide", "follow"])
@pytest.mark.parametrize("number", range(len(RUBBISH)))
def test_what_it_may_not_decide_costs_itself_alone(
    sqlite_shop: Shop, number: int, call: str
) -> None:
    broken = Broken(answers={call: RUBBISH[number]})
    loyalty = sqlite_shop.open(plugins=ON, toys=(sqlite_shop.toy, broken))
    receipt = loyalty.record(order())
    assert (receipt.status, receipt.changes) == (RecordStatus.DEFERRED, {"points": 60})
    assert loyalty.verify().problems == ()
    broken.answers[call] = [_credit()]
    sqlite_shop.clock.advance(days=1)
    assert loyalty.tick().retried_facts == 1
    assert points(loyalty, receipt.member_id or "") == (65, 65, 0, 0)


def test_its_failure_on_one_fact_leaves_the_batch_alone(broken: Broken, program: Loyalty) -> None:
    facts = [order(str(number), at=START - timedelta(days=number)) for number in range(5)]
    answers = iter([[], [], ToyFailure("no"), [], []])
    broken.answers["decide"] = lambda: _raised(next(answers, []))
    receipts: list[RecordStatus] = []
    program.record_many(facts, on_receipt=lambda _, receipt: receipts.append(receipt.status))
    booked = RecordStatus.BOOKED
    assert sorted(receipts) == sorted([booked] * 4 + [RecordStatus.DEFERRED])


def _raised(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


# -- spending: nothing is booked --------------------------------------------------------------


def _offer(**given: Any) -> SpendOffer:
    return SpendOffer(**({"wallet": "points", "points": 5, "worth": Money(5, "USD")} | given))


OFFERS: list[Any] = [
    ToyFailure("no"),
    None,
    "five",
    Sulking(),
    _offer(wallet="gems"),
    _offer(points=-5),
    _offer(points=0.5),
    _offer(points=10**30),
    _offer(worth=None),
    _offer(worth="0.05"),
    _offer(lines={"a": -1}),
    _offer(lines=None),
    _offer(step=0),
    _offer(stock=-1, item="x"),
    _offer(item="a\x00b"),
    _offer(detail={"at": START}),
]


@pytest.mark.parametrize("number", range(len(OFFERS)))
def test_an_offer_that_is_none_aborts_and_books_nothing(sqlite_shop: Shop, number: int) -> None:
    broken = Broken(answers={"offer": OFFERS[number]})
    loyalty = sqlite_shop.open(plugins=ON, toys=(sqlite_shop.toy, broken))
    member = loyalty.record(order()).member_id or ""
    with pytest.raises(PluginFailed) as raised:
        loyalty.redeem(member, reward="broken.money", points=5, key="k")
    assert raised.value.where == "broken"
    assert points(loyalty, member) == (60, 60, 0, 0)
    assert loyalty.redeem(member, reward="toy.money", points=5, key="k2").points == 5
    broken.answers.clear()
    assert loyalty.redeem(member, reward="broken.money", points=5, key="k").points == 5
    assert loyalty.verify().problems == ()


# -- after the commit: tried again with backoff, then given up --------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        ToyFailure("a\x00b\ud800"),
        _Unsayable(),
        5,
        ["fact"],
        [{"type": "order"}],
        [None],
        lambda: _raised(ToyFailure("no")),
    ],
    ids=lambda one: repr(one)[:16],
)
def test_a_handler_that_fails_forever_is_given_up_and_shown(
    shop: Shop, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("loyalty_core")
    monkeypatch.setattr(log, "disabled", True)  # what it says goes between processes as UTF-8
    broken = Broken(answers={"handle": answer})
    loyalty = shop.open(plugins=ON, toys=(shop.toy, broken))
    member = loyalty.record(order()).member_id or ""
    pauses = []
    for _ in range(40):
        before = broken.asked.count("handle")
        report = loyalty.tick()
        assert report.delivery_failures == broken.asked.count("handle") - before
        pauses.append(report.delivery_failures)
        shop.clock.advance(hours=12)
    assert sum(pauses) == 12
    status = loyalty.status()
    assert (status.pending_deliveries, status.dead_deliveries) == (0, 1)
    (found,) = [one for one in loyalty.plugin_status() if one.id == "broken"]
    assert (found.dead_deliveries, found.pending_deliveries) == (1, 0)
    assert points(loyalty, member) == (60, 60, 0, 0)
    assert loyalty.record(order("2")).status is RecordStatus.BOOKED


def test_a_plugin_that_changes_what_it_is_given_changes_nobody_elses(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def spoils(program: ToyProgram, fact: Any, member: Any) -> Any:
        seen.append(dict(member.state))
        member.state["spoilt"] = True
        return []

    monkeypatch.setattr(ToyProgram, "decide", spoils)
    loyalty = shop.open()
    for number, name in enumerate(("ada", "bob")):
        loyalty.record(order(str(number), identities={"email": f"{name}@example.org"}))
    assert seen == [{}, {}]


# -- two programs with other plugins in one process -------------------------------------------


@pytest.fixture
def pair(shop: Shop) -> Iterator[tuple[Loyalty, Loyalty]]:
    """Two programs of one process and database, with plugins that have the same ids."""
    lending = {"lending": {}}
    one = shop.open(program="one", plugins={**ON, **lending}, toys=(Toy(), Broken(), Lending()))
    failing = Broken(answers={"decide": ToyFailure("no")})
    two = shop.open(
        program="two", plugins={"toy": {"per_unit": 3}, "broken": {}}, toys=(Toy(), failing)
    )
    yield one, two
    assert (one.verify().problems, two.verify().problems) == ((), ())


def test_what_fails_in_one_program_is_asked_in_the_other(pair: tuple[Loyalty, Loyalty]) -> None:
    one, two = pair
    for number in range(12):
        at = START - timedelta(hours=100 - number)
        assert one.record(order(str(number), at=at)).status is RecordStatus.BOOKED
        assert two.record(order(str(number), at=at)).status is RecordStatus.DEFERRED
    assert one.status().quarantined_plugins == ()
    assert two.status().quarantined_plugins == ("broken",)
    assert [p.manifest.id for p in one.plugins] == ["toy", "broken", "lending"]
    assert [p.manifest.id for p in two.plugins] == ["toy", "broken"]
    assert [one.config.version, two.config.version] == [1, 1]
    member = two.find({"email": "ada@example.org"})
    assert member is not None
    assert points(two, member.id) == (12 * 180, 12 * 180, 0, 0)


def test_a_good_benefit_is_taken(sqlite_shop: Shop) -> None:
    granted = GrantedBenefit(benefit=SHIPPING_FREE, source="broken.ladder", why="so")
    broken = Broken(answers={"benefits": [granted]})
    loyalty = sqlite_shop.open(plugins=ON, toys=(sqlite_shop.toy, broken))
    receipt = loyalty.record(order())
    assert receipt.status is RecordStatus.BOOKED
    assert loyalty.statement(receipt.member_id or "").benefits == (granted,)


# -- scoring: the boards stay as they were ----------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        ToyFailure("no"),
        None,
        [None],
        [Score(board="ranks", amount=1, day=START.date(), reached_at=START.replace(tzinfo=None))],
        [Score(board="ranks", amount=10**15, day=START.date(), reached_at=START)],
        [Score(board="none", amount=1, day=START.date(), reached_at=START)],
        [Score(board="ranks", amount=1, day=START.date(), reached_at=START)] * 2,
    ],
    ids=lambda one: repr(one)[:20],
)
def test_scores_that_cannot_be_leave_the_boards_as_they_were(
    shop: Shop, broken: Broken, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    broken.hooks["programs"] = [BrokenRanking(broken)]
    program = shop.open(plugins=ON, toys=(shop.toy, broken))
    broken.answers["scores"] = [Score(board="ranks", amount=7, day=START.date(), reached_at=START)]
    member = program.record(order("1")).member_id or ""
    broken.answers["scores"] = answer
    receipt = program.record(order("2"))
    assert (receipt.status, receipt.changes) == (RecordStatus.BOOKED, {"points": 60})
    place = program.board_around("ranks", member).place
    assert place is not None
    assert place.amount == 7
    assert "plugin broken failed to score a member" in caplog.text
    assert program.verify().problems == ()
