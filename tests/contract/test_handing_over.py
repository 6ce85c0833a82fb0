"""Rewards that must be handed over, and those that are limited."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from loyalty_core import (
    Loyalty,
    LoyaltyError,
    MemberView,
    Money,
    RedemptionReceipt,
    RedemptionRefused,
    SpendOffer,
    SpendRequest,
    hookimpl,
)
from tests.contract.conftest import Shop
from tests.toy import Toy, order, points


def funded(loyalty: Loyalty, amount: int, number: str = "1", **more: Any) -> str:
    return loyalty.record(order(number, amount=f"{amount}.00", **more)).member_id or ""


def held(loyalty: Loyalty, member: str) -> int:
    return loyalty.statement(member).wallet("points").held


def at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    def one(number: int) -> Any:
        try:
            return work(number)
        except LoyaltyError as error:
            return error.code

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(one, range(times)))


# -- handing over, and what is limited ------------------------------------------------------------


@dataclass
class Gift:
    """A reward of ten points that somebody must hand over; ``answers`` are raised in turn."""

    stock: int | None = None
    answers: list[Exception] = field(default_factory=list)
    handed: list[RedemptionReceipt] = field(default_factory=list)
    id: str = "toy.gift"
    summary: str = "A gift"
    wallet: str = "points"

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        enough = request.available >= 10
        return SpendOffer(
            wallet="points",
            points=10 if enough else 0,
            worth=Money(500, "USD"),
            refusal="" if enough else "10 are needed",
            item="gift",
            stock=self.stock,
        )

    def fulfil(self, redemption: RedemptionReceipt) -> None:
        if self.answers:
            raise self.answers.pop(0)
        self.handed.append(redemption)


@dataclass(eq=False)
class Giving(Toy):
    """The toy with a gift among its rewards."""

    gift: Gift = field(default_factory=Gift)

    @hookimpl
    def loyalty_register_rewards(self, config: Any, program: Any) -> Any:
        return [self.gift]


def test_a_reward_is_handed_over_between_holding_and_capturing(shop: Shop) -> None:
    toy = Giving()
    loyalty = shop.open(toys=(toy,))
    member = funded(loyalty, 60)
    receipt = loyalty.redeem(member, key="k")
    assert [one.state for one in toy.gift.handed] == ["held"]
    assert receipt.state == "captured"
    assert loyalty.redeem(member, key="k") == receipt
    assert (len(toy.gift.handed), points(loyalty, member)) == (1, (50, 50, 0, 0))


@pytest.mark.hard_case("H43")
def test_a_reward_that_cannot_be_had_costs_nothing(shop: Shop) -> None:
    toy = Giving(gift=Gift(answers=[RedemptionRefused("sold out at the shop")]))
    loyalty = shop.open(toys=(toy,))
    member = funded(loyalty, 60)
    with pytest.raises(RedemptionRefused, match="sold out"):
        loyalty.redeem(member, key="k")
    assert (points(loyalty, member), held(loyalty, member)) == ((60, 60, 0, 0), 0)


@pytest.mark.hard_case("H43")
def test_handing_over_is_tried_again_and_the_points_stay_held(shop: Shop) -> None:
    toy = Giving(gift=Gift(answers=[OSError("down"), OSError("still down")]))
    loyalty = shop.open(toys=(toy,))
    member = funded(loyalty, 60)
    receipt = loyalty.redeem(member, key="k")
    assert receipt.state == "held"
    assert (points(loyalty, member), held(loyalty, member)) == ((60, 50, 0, 0), 10)
    assert loyalty.redeem(member, key="k").state == "held"
    assert len(toy.gift.answers) == 1  # not called again before its time
    for _ in range(2):
        shop.clock.advance(minutes=10)
        assert loyalty.tick().retried_redemptions == 1
    assert [one.redemption_id for one in toy.gift.handed] == [receipt.redemption_id]
    assert loyalty.redemption(receipt.redemption_id).state == "captured"
    assert (points(loyalty, member), held(loyalty, member)) == ((50, 50, 0, 0), 0)
    assert loyalty.tick().retried_redemptions == 0


def test_handing_over_is_given_up_in_the_end_and_the_points_are_free(shop: Shop) -> None:
    toy = Giving(gift=Gift(answers=[OSError("down")] * 99))
    loyalty = shop.open(toys=(toy,))
    member = funded(loyalty, 60)
    name = loyalty.redeem(member, key="k").redemption_id
    for _ in range(20):
        shop.clock.advance(days=1)
        loyalty.tick()
    assert len(toy.gift.answers) == 89
    assert loyalty.redemption(name).state == "released"
    assert (points(loyalty, member), held(loyalty, member)) == ((60, 60, 0, 0), 0)


def test_a_process_that_died_while_handing_over_is_taken_over(shop: Shop) -> None:
    class Died(BaseException):
        """What a kill looks like from inside."""

    toy = Giving()
    loyalty = shop.open(toys=(toy,))
    member = funded(loyalty, 60)
    toy.gift.answers = [Died()]  # type: ignore[list-item]
    with pytest.raises(Died):
        loyalty.redeem(member, key="k")
    assert held(loyalty, member) == 10
    assert loyalty.tick().retried_redemptions == 0  # its lease still runs
    shop.clock.advance(minutes=2)
    assert loyalty.tick().retried_redemptions == 1
    assert (len(toy.gift.handed), points(loyalty, member)) == (1, (50, 50, 0, 0))


@pytest.mark.hard_case("H9")
def test_of_the_last_item_one_claim_wins(shop: Shop) -> None:
    toy = Giving(gift=Gift(stock=3))
    loyalty = shop.open(toys=(toy,))
    members = [funded(loyalty, 60, f"o{n}", email=f"m{n}@example.org") for n in range(8)]
    done = at_once(lambda n: loyalty.redeem(members[n], key=f"k{n}").state.value, 8)
    assert sorted(done) == [*["captured"] * 3, *["redemption_refused"] * 5]
    assert len(toy.gift.handed) == 3
    assert sum(points(loyalty, one)[0] for one in members) == 8 * 60 - 30
    assert loyalty.verify().problems == ()


def test_what_is_released_can_be_claimed_again(shop: Shop) -> None:
    toy = Giving(gift=Gift(stock=1))
    loyalty = shop.open(toys=(toy,))
    ada, bob = funded(loyalty, 60), funded(loyalty, 60, "2", email="bob@example.org")
    hold = loyalty.hold(ada, key="a", minutes=5)
    with pytest.raises(RedemptionRefused, match="none left"):
        loyalty.redeem(bob, key="b")
    assert points(loyalty, bob) == (60, 60, 0, 0)
    loyalty.release(hold.redemption_id)
    assert loyalty.redeem(bob, key="b").state == "captured"
    with pytest.raises(RedemptionRefused, match="none left"):
        loyalty.redeem(ada, key="c")


def test_nobody_sets_points_free_while_their_reward_is_handed_over(shop: Shop) -> None:
    toy = Giving(gift=Gift(answers=[OSError("down")]))
    loyalty = shop.open(toys=(toy,))
    member = funded(loyalty, 60)
    name = loyalty.redeem(member, key="k").redemption_id
    for meddle in (loyalty.release, loyalty.capture):
        with pytest.raises(RedemptionRefused, match="handed over"):
            meddle(name)
    assert held(loyalty, member) == 10
    shop.clock.advance(minutes=10)
    loyalty.tick()
    assert loyalty.redemption(name).state == "captured"
    assert (len(toy.gift.handed), points(loyalty, member)) == (1, (50, 50, 0, 0))


@pytest.mark.parametrize("commits", [True, False])
def test_inside_a_hosts_transaction_nothing_is_handed_over_before_its_commit(
    shop: Shop, commits: bool
) -> None:
    toy = Giving()
    loyalty = shop.open(toys=(toy,))
    member = funded(loyalty, 60)
    engine = loyalty._parts.store._engine  # type: ignore[attr-defined]
    with engine.connect() as connection, connection.begin() as transaction:
        with loyalty.using(connection) as ours:
            assert ours.redeem(member, key="k").state == "held"
            assert ours.redeem(member, key="k").state == "held"
            assert ours.tick().retried_redemptions == 0
        if not commits:
            transaction.rollback()
    assert toy.gift.handed == []
    assert loyalty.tick().retried_redemptions == (1 if commits else 0)
    assert len(toy.gift.handed) == (1 if commits else 0)
    left = 50 if commits else 60
    assert points(loyalty, member) == (left, left, 0, 0)
