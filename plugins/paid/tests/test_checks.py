"""Settings that cannot be meant are found before the program starts, all at once."""

from __future__ import annotations

import pytest

from loyalty_core import ConfigError
from plugins.paid.tests.build import PLANS, Shop, faults

GIFT = '{ benefit = "b", kind = "gift" }'
PLAN = '[[plan]]\nplan = "p"\nprice = "10.00"\nperiod = "month"\n'


def test_the_plans_of_the_tests_are_right() -> None:
    assert faults(PLANS) == []


@pytest.mark.parametrize(
    ("toml", "found"),
    [
        (PLAN + PLAN, ["plan[0].plan", "plan[1].plan"]),
        (PLAN.replace('"p"', '""'), ["$.plan[0].plan"]),
        (PLAN.replace('"p"', '"a:b"'), ["plan[0].plan"]),
        (PLAN.replace("10.00", "10.001"), ["plan[0].price"]),
        (PLAN.replace("10.00", "-1"), ["plan[0].price"]),
        (PLAN + 'shipping_worth = "0.001"', ["plan[0].shipping_worth"]),
        (PLAN + "periods = 0", ["plan[0].periods"]),
        (PLAN + "trial_days = -1", ["plan[0].trial_days"]),
        (PLAN + 'trial_days = 3\nrenewal = "none"', ["plan[0].trial_days"]),
        (PLAN + "grace_days = 28", ["plan[0].grace_days"]),
        (PLAN + "grace_days = 3", ["plan[0].retry_after_days"]),
        (PLAN + "retry_after_days = [3, 1]", ["plan[0].retry_after_days"]),
        (PLAN + "retry_after_days = [0]", ["plan[0].retry_after_days"]),
        (PLAN + "retry_after_days = [7]", ["plan[0].retry_after_days"]),
        (PLAN + 'grace_days = 3\nrenewal = "provider"', []),
        (PLAN + 'grace_days = 300\nrenewal = "none"', []),
        (PLAN + "refund_days = -1", ["plan[0].refund_days"]),
        (PLAN + "pause_days = 9999", ["plan[0].pause_days"]),
        (PLAN.replace("month", "lifetime") + "periods = 2", ["plan[0]"]),
        (PLAN.replace("month", "lifetime") + "trial_days = 2", ["plan[0]"]),
        (PLAN.replace("month", "lifetime") + 'renewal = "provider"', ["plan[0]"]),
        (
            PLAN + 'skus = ["x"]\n' + PLAN.replace('"p"', '"q"') + 'skus = ["x"]',
            ["plan[0].skus", "plan[1].skus"],
        ),
        (PLAN + 'benefits = [{ benefit = "b", kind = "quota" }]', ["plan[0].benefits[0].count"]),
        (
            PLAN + 'benefits = [{ benefit = "b", kind = "gift", lifetime = true }]',
            ["plan[0].benefits[0].lifetime"],
        ),
        (
            PLAN + f"benefits = [{GIFT}, {GIFT}]",
            ["plan[0].benefits[0].benefit", "plan[0].benefits[1].benefit"],
        ),
    ],
)
def test_each_fault_is_found(toml: str, found: list[str]) -> None:
    assert faults(toml) == found


def test_a_provider_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError) as raised:
        Shop(bank="stripe.payments")
    (problem,) = raised.value.problems
    assert problem.where == "plugins.paid.provider"
    assert "bank.bank, paid.manual, paid.test" in problem.remedy
