"""What can be wrong with the settings."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty
from plugins.woocommerce.tests.build import config_of


def refused(config: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as error:
        Loyalty.open(config, "sqlite://")
    return [one.where for one in error.value.problems]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"account": "A b"}, "account"),
        ({"url": "http://tea.example"}, "url"),
        ({"url": "https://user:word@tea.example"}, "url"),
        ({"url": "https://tea.example?x=1"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://[tea"}, "url"),
        ({"consumer_key": "ck_123"}, "consumer_key"),
        ({"consumer_secret": "env:"}, "consumer_secret"),
        ({"secrets": []}, "secrets"),
        ({"secrets": ["plain"]}, "secrets[0]"),
        ({"currency": "EURO"}, "currency"),
        ({"paid": []}, "paid"),
        ({"paid": ["wc-completed"]}, "paid[0]"),
        ({"meta_key": "_hidden"}, "meta_key"),
        ({"poll_minutes": -1}, "poll_minutes"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
    ],
)
def test_faults_of_the_settings_name_their_place(changes: dict[str, Any], where: str) -> None:
    assert refused(config_of(**changes)) == [f"plugins.woocommerce.shop[0].{where}"]


def test_two_shops_of_one_name_are_refused() -> None:
    config = config_of()
    config["plugins"]["woocommerce"]["shop"] *= 2
    assert refused(config) == ["plugins.woocommerce.shop[1].account"]


@pytest.mark.parametrize(
    ("reward", "settings", "where"),
    [
        ({"kind": "experience"}, {}, "plugins.woocommerce.shop[0].rewards"),
        (
            {"kind": "discount", "amount": "5.00", "code": {}},
            {"currency": "EUR"},
            "plugins.woocommerce.shop[0].rewards",
        ),
        (
            {"kind": "discount", "amount": "5.00", "code": {"prefix": "tea-"}},
            {},
            "rewards.one.code",
        ),
    ],
)
def test_rewards_that_the_shop_cannot_make_are_refused(
    reward: dict[str, Any], settings: dict[str, Any], where: str
) -> None:
    catalogue = {"one": {"points": 50, **reward}}
    assert where in refused(config_of(catalogue=catalogue, rewards=["one"], **settings))


def test_percents_can_be_taken_off_in_any_money() -> None:
    catalogue = {"one": {"points": 50, "kind": "discount", "percent": "10", "code": {}}}
    config = config_of(catalogue=catalogue, rewards=["one"], currency="EUR")
    with Loyalty.open(config, "sqlite://") as loyalty:
        assert "woocommerce.tea" in [one.id for one in loyalty.connectors]
