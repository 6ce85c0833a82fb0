"""Settings that cannot be meant are refused, all at once, each with its path."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty
from plugins.donation.tests.build import ACCOUNT, OAKS, ONE_PERCENT, REEF, SHELTER, STEPS, config_of

STOP = {**OAKS, "when_reached": "stop"}


def problems(wallets: dict[str, Any] | None = None, **settings: Any) -> list[str]:
    config = config_of(wallets=wallets, **settings)
    del config["plugins"]["ear"]
    with pytest.raises(ConfigError) as caught:
        Loyalty.open(config, "sqlite://")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ({"spendable": True}, "members could spend 'shelter'. Write spendable = false."),
        ({"unit": "points"}, "the unit of 'shelter', 'points', is no currency. "),
        ({"scale": 0}, "the scale of 'shelter' is 0. USD has 2 digits."),
        ({"expiry": {"after_days": 3}}, "what is in 'shelter' would expire. Leave its expiry out."),
        ({"debt": "clamp"}, "'shelter' forgives debt by its policy 'clamp'. Leave its debt out."),
    ],
)
def test_an_account_is_money_that_nobody_spends_or_loses(account: Any, told: str) -> None:
    (problem,) = problems(wallets={"shelter": {**ACCOUNT, **account}})
    assert problem.startswith(f"plugins.donation.charity[1].wallets[0]: {told}")


@pytest.mark.parametrize(
    ("settings", "where", "told"),
    [
        ({"charity": []}, "charity", "there is nobody to give to"),
        ({"charity": [REEF, REEF]}, "charity[0].charity", "'reef' is not a name of its own"),
        ({"charity": [{**REEF, "wallets": []}]}, "charity[0].wallets", "has no account"),
        ({"charity": [{**REEF, "wallets": ["x"]}]}, "charity[0].wallets[0]", "no wallet 'x'"),
        ({"charity": [{**REEF, "wallets": ["reef", "oaks"]}]}, "charity[0].wallets", "several"),
        (
            {"charity": [REEF, {**SHELTER, "wallets": ["reef"]}]},
            "charity[0].wallets[0]",
            "'reef' is the account of several",
        ),
        (
            {"charity": [{**REEF, "skus": ["DOGS"]}, SHELTER]},
            "charity[0].skus[0]",
            "'DOGS' is the article of several",
        ),
        ({"charity": [{**REEF, "match": {"percent": 0}}]}, "charity[0].match.percent", "0 is not"),
        (
            {"charity": [{**REEF, "match": {"percent": 1, "budget": "0.001"}}]},
            "charity[0].match.budget",
            "more than 2 decimal digits",
        ),
        ({"campaign": [{**OAKS, "charity": "x"}]}, "campaign[0].charity", "no charity 'x'"),
        ({"campaign": [{**OAKS, "ends_on": "2026-04-01"}]}, "campaign[0].ends_on", "before"),
        ({"campaign": [{**OAKS, "goal": "0"}]}, "campaign[0].goal", "0 is not positive"),
        (
            {"campaign": [{**OAKS, "goal": None, "when_reached": "stop"}]},
            "campaign[0].when_reached",
            "no goal",
        ),
        (
            {"charity": [{**REEF, "wallets": ["reef-eur"]}], "campaign": [STOP]},
            "campaign[0].when_reached",
            "no account of its own in USD",
        ),
        (
            {"campaign": [OAKS, {**OAKS, "campaign": "two", "wallet": "more"}]},
            "campaign[1]",
            "'oaks' is on for the charity on some of the same days",
        ),
        ({"percent": [{**ONE_PERCENT, "percent": 101}]}, "percent[0].percent", "101 is not"),
        ({"percent": [{**ONE_PERCENT, "rule": "~line"}]}, "percent[0].rule", "begins with ~"),
        ({"percent": [{**ONE_PERCENT, "charities": ["x"]}]}, "percent[0].charities", "'x'"),
        ({"percent": [ONE_PERCENT, ONE_PERCENT]}, "percent[0].rule", "not a name of its own"),
        ({"points": {**STEPS, "wallet": "x"}}, "points.wallet", "no wallet 'x'"),
        ({"points": {**STEPS, "wallet": "reef"}}, "points.wallet", "not the members' to spend"),
        ({"points": {**STEPS, "step": 0}}, "points.step", "0 is not positive"),
        ({"points": {**STEPS, "amount": "0.005"}}, "points.amount", "more than 2 decimal digits"),
        ({"round_up": {"to": {"USD": "0"}}}, "round_up.to.USD", "0 is not positive"),
        ({"round_up": {"to": {"XXX": "1"}}}, "round_up.to.XXX", "not a currency"),
        ({"round_up": {"to": {"USD": "1"}, "line": ""}}, "round_up.line", "a line needs an id"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings: dict[str, Any], where: str, told: str) -> None:
    settings = {
        name: [{key: value for key, value in one.items() if value is not None} for one in given]
        if isinstance(given, list)
        else given
        for name, given in settings.items()
    }
    found = problems(wallets={"more": ACCOUNT}, **settings)
    assert any(one.startswith(f"plugins.donation.{where}: ") and told in one for one in found), (
        found
    )


def test_an_account_is_not_shared_with_a_household() -> None:
    config = config_of() | {"household": {"wallets": {"points": {}, "shelter": {}}}}
    del config["plugins"]["ear"]
    with pytest.raises(ConfigError) as caught:
        Loyalty.open(config, "sqlite://")
    (problem,) = caught.value.problems
    assert problem.where == "plugins.donation.charity[1].wallets[0]"
    assert problem.message == "households would share 'shelter'"


def test_faults_are_told_at_once() -> None:
    found = problems(points={**STEPS, "step": 0}, percent=[{**ONE_PERCENT, "percent": 0}])
    assert [one.partition(":")[0] for one in found] == [
        "plugins.donation.percent[0].percent",
        "plugins.donation.points.step",
    ]
