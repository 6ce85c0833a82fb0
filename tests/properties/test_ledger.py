"""The ledger against the model ledger: whatever happens, and whether or not the jobs have run."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.properties.engines import NIGHTLY, engine, examples
from tests.properties.machine import Machine
from tests.properties.sales import SHAPES, Back

__all__ = ["engine"]


@pytest.mark.hard_case("H1", "H14")
@pytest.mark.parametrize("shape", SHAPES)
def test_the_ledger_agrees_with_the_model(engine: Engine, shape: str) -> None:
    run_state_machine_as_test(
        lambda: Machine(engine, SHAPES[shape]),
        settings=examples(2, 300, stateful_step_count=60 if NIGHTLY else 25),
    )


# -- found by the test above, and kept ------------------------------------------------------------


def machine(engine: Engine, shape: str) -> Machine:
    made = Machine(engine, SHAPES[shape])
    made.open()
    return made


def test_points_given_again_after_their_expiry_are_not_taken_twice(engine: Engine) -> None:
    told = machine(engine, "clamp")
    told.buy(34, (29, 30), 1, "paid", late=True)
    for status, units in (("cancelled", (8, 4)), ("paid", (13, 40)), ("paid", (30, 40))):
        told.version(told.sales[0], status, units, 1)
        told.agrees()
    assert (told.model.earned, told.model.expired) == (70, 70)
    told.teardown()


def test_debt_is_paid_when_points_become_active_whether_or_not_the_jobs_ran(
    engine: Engine,
) -> None:
    told = machine(engine, "negative")
    told.adjust(-1)
    told.review(1)
    told.wait(11, 13)
    told.agrees()
    wallet = told.wallet()
    assert (wallet.available, wallet.debt, wallet.balance) == (6, 0, 6)
    told.teardown()


def test_points_that_come_after_their_expiry_pay_no_debt(engine: Engine) -> None:
    told = machine(engine, "negative")
    told.adjust(-1)
    told.review(30)
    told.agrees()
    told.tick()
    wallet = told.wallet()
    assert (wallet.available, wallet.debt, wallet.expired) == (-1, 1, 7)
    told.teardown()


def test_points_set_free_in_time_pay_debt_before_points_that_come_later(engine: Engine) -> None:
    told = machine(engine, "clamp")
    told.review(14)
    told.hold(7, 69)
    told.buy(0, (10, 10), 1, "paid", late=False)
    told.adjust(-5)
    told.wait(6, 9)
    told.agrees()
    wallet = told.wallet()
    assert (wallet.available, wallet.debt) == (20, 0)
    told.teardown()


def test_of_points_given_back_those_that_expire_first_pay_the_debt(engine: Engine) -> None:
    told = machine(engine, "pending_first-0-12")
    told.buy(0, (39, 2), 1, "paid", late=False)
    told.wait(1, 0)
    told.buy(0, (41, 1), 1, "paid", late=False)
    sale = told.sales[0]
    assert told.model.hold("paid", 76, told.clock(), None)
    told.model.capture("paid", 76, told.clock())
    sale.paid_by.append(("paid", 76))
    order = {"source": "web", "order_id": sale.number}
    told.loyalty.redeem(told.member, points=76, key="paid", **order)
    told.agrees()
    sale.refunds["r0"] = Back("whole", "a", 1, "goods")
    told.send(sale.refund("r0"))
    told.award(sale)
    told.agrees()
    told.teardown()
