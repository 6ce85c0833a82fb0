"""What is wrong with the settings is said before anything is opened, all of it, with its place."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty
from loyalty_core.testing import FrozenClock
from plugins.shopify.tests.build import NOW, config_of


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"account": "A b"}, "account"),
        ({"shop": "https://tea.myshopify.com"}, "shop"),
        ({"shop": "tea.example"}, "shop"),
        ({"secrets": []}, "secrets"),
        ({"secrets": ["hush"]}, "secrets[0]"),
        ({"access_token": "shpat_1"}, "access_token"),
        ({"client_id": ""}, "shop[0]"),
        ({"currency": "XXX"}, "currency"),
        ({"poll_minutes": -1}, "poll_minutes"),
        ({"namespace": "a"}, "namespace"),
        ({"tag_prefix": "a,b"}, "tag_prefix"),
        ({"admin_url": "ftp://x"}, "admin_url"),
        ({"admin_url": "https://[tea"}, "admin_url"),
        ({"admin_url": "http://tea.example"}, "admin_url"),
    ],
)
def test_faults_of_the_settings_name_their_place(settings: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Loyalty.open(config_of(**settings), "sqlite://", clock=FrozenClock(NOW))
    assert [one.where for one in refused.value.problems if one.where.endswith(where)]


@pytest.mark.parametrize(
    ("reward", "currency", "says"),
    [
        ({"kind": "product", "product": "x", "points": 5, "code": {}}, "", "product"),
        ({"kind": "discount", "amount": "5.00", "points": 5, "code": {}}, "CAD", "CAD"),
        ({"kind": "gift_card", "amount": "5.00", "points": 5, "code": {"prefix": "A-"}}, "", "8"),
        (
            {"kind": "gift_card", "amount": "5.00", "points": 5, "code": {"length": 21}},
            "",
            "letters",
        ),
        (
            {
                "kind": "gift_card",
                "amount": "5.00",
                "points": 5,
                "code": {"alphabet": "23456789ABCDEFGHJKMNPQRSTUVWXYZ-"},
            },
            "",
            "letters",
        ),
    ],
)
def test_rewards_that_cannot_be_made_there_are_said_before(
    reward: dict[str, Any], currency: str, says: str
) -> None:
    config = config_of(rewards={"it": reward}, currency=currency)
    config["plugins"]["shopify"]["shop"][0]["rewards"] = ["it"]
    with pytest.raises(ConfigError, match=says):
        Loyalty.open(config, "sqlite://", clock=FrozenClock(NOW))
