"""Settings that cannot be meant are refused, all at once, each with its path."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty
from plugins.referral.tests.build import FRIEND, REFERRER, TENT, config_of

THREE = {"rule": "three", "needs": 3, "points": 1}


def problems(**settings: Any) -> list[str]:
    config = config_of(**settings)
    del config["plugins"]["ear"]
    with pytest.raises(ConfigError) as caught:
        Loyalty.open(config, "sqlite://")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("settings", "where", "told"),
    [
        ({"link": "https://x.example"}, "link", "the link does not say the code"),
        ({"window_days": 0}, "window_days", "0 is not from 1 to 3660"),
        ({"reward": [FRIEND, FRIEND]}, "reward[0].rule", "'friend' is not a name of its own"),
        (
            {"milestone": [{**THREE, "rule": "friend"}]},
            "reward[0].rule",
            "'friend' is not a name of its own",
        ),
        ({"reward": [{**FRIEND, "points": 0}]}, "reward[0]", "it gives nothing"),
        ({"reward": [{**FRIEND, "points": "0.5"}]}, "reward[0].points", "decimal digits"),
        ({"reward": [{**FRIEND, "wallet": "x"}]}, "reward[0].wallet", "no wallet 'x'"),
        ({"reward": [{**FRIEND, "reward": "x"}]}, "reward[0].reward", "no reward 'x'"),
        ({"reward": [{**FRIEND, "order": 0}]}, "reward[0].order", "0 is not from 1 up"),
        (
            {"reward": [{**FRIEND, "after_days": -1}]},
            "reward[0].after_days",
            "-1 is not from 0 to 3660",
        ),
        ({"reward": [{**REFERRER, "step": 6}]}, "reward[0].step", "6 is not from 1 to 5"),
        ({"reward": [{**FRIEND, "step": 2}]}, "reward[0].step", "steps are those of referrers"),
        (
            {"reward": [{**REFERRER, "step": 2}], "checks": ["self"]},
            "reward[0].step",
            "a chain could come back",
        ),
        (
            {"reward": [{**FRIEND, "when": "sign_up", "order": 2}]},
            "reward[0].when",
            "who signs up has not ordered",
        ),
        ({"reward": [{**FRIEND, "at_least": "0.001"}]}, "reward[0].at_least", "decimal digits"),
        ({"reward": [{**REFERRER, "most": 0}]}, "reward[0].most", "0 is not from 1 up"),
        ({"reward": [{**FRIEND, "most": 1}]}, "reward[0].most", "a friend gets it once anyway"),
        ({"reward": [{**REFERRER, "per": "day"}]}, "reward[0].per", "there is no limit"),
        ({"milestone": [{**THREE, "needs": 0}]}, "milestone[0].needs", "0 is not from 1 up"),
        ({"checks": ["self", "self"]}, "checks[0]", "'self' is there twice"),
        ({"checks": ["other"]}, "checks[0]", "there is no check 'other'"),
        ({"secret": "short"}, "secret", "shorter than 32 characters"),
        ({"secret": "env:REFERRAL_SECRET_NOT_SET"}, "secret", "the secret is not set"),
        ({"velocity": {"most": 51}}, "velocity.most", "51 is not from 1 to 50"),
        ({"velocity": {"hours": 0}}, "velocity.hours", "0 is not from 1 to 8784"),
        ({"velocity": {"hours": 10**12}}, "velocity.hours", f"{10**12} is not from 1 to 8784"),
        ({"deal": [{**TENT, "minimum": 1}]}, "deal[0].minimum", "1 is not from 2 to 200"),
        ({"deal": [{**TENT, "maximum": 1}]}, "deal[0].maximum", "1 is not from 2 to 200"),
        ({"deal": [{**TENT, "hours": 0}]}, "deal[0].hours", "0 is not from 1 to 8784"),
        ({"deal": [TENT, TENT]}, "deal[0].deal", "'tent' is not a name of its own"),
    ],
)
def test_what_cannot_be_meant(settings: dict[str, Any], where: str, told: str) -> None:
    first, *_ = problems(**settings)
    assert first.startswith(f"plugins.referral.{where}: ")
    assert told in first


def test_every_fault_is_told_at_once() -> None:
    found = problems(window_days=0, checks=["x", "y"], deal=[{**TENT, "hours": 0}])
    assert len(found) == 4


def test_without_fingerprints_no_secret_is_needed() -> None:
    config = config_of(secret="", checks=["self", "circle", "not_new", "velocity"])
    del config["plugins"]["ear"]
    Loyalty.open(config, "sqlite://").close()
