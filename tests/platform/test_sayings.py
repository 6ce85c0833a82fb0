"""What a plugin says of members: benefits, standings, scores, and what it shows; rubbish included.

Each costs itself alone, as the table in docs/plugins.md says.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty_core import (
    Benefit,
    BenefitKind,
    Board,
    GrantedBenefit,
    RecordStatus,
    Score,
    Standing,
    Tier,
    TierChange,
)
from tests.contract.conftest import Shop
from tests.platform.broken import ON, Broken, BrokenProgram, Sulking
from tests.toy import START, ToyFailure, order

GOLD = Tier(tier="gold", name="Gold", rank=0)
SHIPPING_FREE = Benefit(benefit="free", kind=BenefitKind.FREE_SHIPPING)


@pytest.mark.parametrize(
    "answer",
    [
        ToyFailure("no"),
        None,
        5,
        ["benefit"],
        [None],
        Sulking(),
        [SHIPPING_FREE],  # not granted by anybody
        [GrantedBenefit(benefit="free", source="broken.ladder", why="x")],  # type: ignore[arg-type]
    ],
    ids=lambda one: repr(one)[:16],
)
def test_benefits_that_are_none_cost_its_own_part_alone(sqlite_shop: Shop, answer: Any) -> None:
    broken = Broken(answers={"benefits": answer})
    loyalty = sqlite_shop.open(plugins=ON, toys=(sqlite_shop.toy, broken))
    receipt = loyalty.record(order())
    assert (receipt.status, receipt.changes) == (RecordStatus.DEFERRED, {"points": 60})
    assert loyalty.statement(receipt.member_id or "").benefits == ()


@pytest.mark.parametrize(
    "answer",
    [
        ToyFailure("no"),
        None,
        "gold",
        Standing(scheme="ladder", tier=None, changes_at=START - timedelta(days=900)),
        Standing(scheme="ladder", tier=None, changes_at=START.replace(tzinfo=None)),
        Standing(scheme="ladder", tier="gold"),  # type: ignore[arg-type]
        Standing(scheme="ladder", tier=Tier(tier="x" * 200, name="Gold", rank=0)),
        Standing(scheme="ladder", tier=Tier(tier="a\x00b", name="Gold", rank=0)),
        Standing(scheme="ladder", tier=GOLD, since=START.replace(tzinfo=None)),
        Standing(scheme="ladder", tier=GOLD, since="now"),  # type: ignore[arg-type]
        Standing(scheme="a\x00b", tier=GOLD),
        Standing(scheme="ladder", tier=GOLD, history=("gold",)),  # type: ignore[arg-type]
        Standing(
            scheme="ladder", tier=GOLD, history=(TierChange(at=START, tier=None, why="a\x00b"),)
        ),
    ],
    ids=lambda one: repr(one)[:16],
)
def test_a_standing_that_is_none_is_left_out(shop: Shop, answer: Any) -> None:
    broken = Broken(answers={"standing": answer})
    loyalty = shop.open(plugins=ON, toys=(shop.toy, broken))
    receipt = loyalty.record(order())
    assert receipt.changes == {"points": 60}
    assert loyalty.statement(receipt.member_id or "").standings == ()
    assert loyalty.tick().delivery_failures == 0


class _Ranking(BrokenProgram):
    @property
    def boards(self) -> Any:
        return (Board(board="most"),)

    def scores(self, member: Any, at: Any) -> Any:
        return self.broken.say("scores")


def _score(**given: Any) -> Score:
    usual = {"board": "most", "day": START.date(), "amount": 5, "reached_at": START}
    return Score(**(usual | given))


@pytest.mark.parametrize(
    "answer",
    [
        ToyFailure("no"),
        None,
        ["most"],
        [_score(board="least")],
        [_score(day="today")],
        [_score(amount=0.5)],
        [_score(reached_at="now")],
        [_score(reached_at=START.replace(tzinfo=None))],
        [_score(reached_at=datetime.max.replace(tzinfo=UTC))],
        [_score(), _score()],
    ],
    ids=lambda one: repr(one)[:80],
)
def test_a_score_that_is_none_changes_nothing(shop: Shop, answer: Any) -> None:
    broken = Broken(answers={"scores": [_score()]})
    broken.hooks["programs"] = [_Ranking(broken)]
    loyalty = shop.open(plugins=ON, toys=(shop.toy, broken))
    loyalty.record(order())
    broken.answers["scores"] = answer
    assert loyalty.record(order("2")).changes == {"points": 60}
    assert [place.amount for place in loyalty.board("most").places] == [5]


# -- showing: it is left out ------------------------------------------------------------------


@pytest.mark.parametrize("answer", [ToyFailure("no"), None, {"at": START}, {"rate": 0.5}, "x"])
def test_what_it_cannot_show_is_left_out(sqlite_shop: Shop, answer: Any) -> None:
    broken = Broken(answers={"show": answer, "suggest": answer})
    loyalty = sqlite_shop.open(plugins=ON, toys=(sqlite_shop.toy, broken))
    member = loyalty.record(order()).member_id or ""
    statement = loyalty.statement(member)
    assert (dict(statement.shown), statement.wallet("points").balance) == ({}, 60)
    quote = loyalty.quote({"currency": "USD", "lines": [{"id": "a", "amount": "9.00"}]}, member)
    assert (quote.failed, quote.suggested, quote.earned("points")) == (("broken",), (), 9)
