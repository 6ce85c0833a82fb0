"""What can be wrong with the settings, and what the README says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty
from loyalty_saleor.queries import SUBSCRIPTION
from plugins.saleor.tests.build import config_of

README = Path(__file__).parents[1] / "README.md"


def refused(config: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as error:
        Loyalty.open(config, "sqlite://")
    return [one.where for one in error.value.problems]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"account": "A b"}, "account"),
        ({"url": "http://tea.saleor.cloud"}, "url"),
        ({"url": "https://tea.saleor.cloud/graphql/"}, "url"),
        ({"url": "https://user:word@tea.saleor.cloud"}, "url"),
        ({"url": "https://[tea"}, "url"),
        ({"token": "a token"}, "token"),
        ({"currency": "EURO"}, "currency"),
        ({"metadata_key": "_x"}, "metadata_key"),
        ({"poll_minutes": -1}, "poll_minutes"),
    ],
)
def test_faults_of_the_settings_name_their_place(changes: dict[str, Any], where: str) -> None:
    assert refused(config_of(**changes)) == [f"plugins.saleor.shop[0].{where}"]


def test_two_shops_of_one_name_are_refused() -> None:
    config = config_of()
    config["plugins"]["saleor"]["shop"] *= 2
    assert refused(config) == ["plugins.saleor.shop[1].account"]


@pytest.mark.parametrize(
    ("reward", "settings", "where"),
    [
        ({"kind": "experience"}, {"channel": "c"}, "rewards"),
        ({"kind": "discount", "amount": "5.00", "code": {}}, {}, "channel"),
        (
            {"kind": "discount", "amount": "5.00", "code": {}},
            {"channel": "c", "currency": "EUR"},
            "rewards",
        ),
    ],
)
def test_rewards_that_the_shop_cannot_make_are_refused(
    reward: dict[str, Any], settings: dict[str, Any], where: str
) -> None:
    catalogue = {"one": {"points": 50, **reward}}
    found = refused(config_of(catalogue=catalogue, rewards=["one"], **settings))
    assert f"plugins.saleor.shop[0].{where}" in found


def test_gift_cards_need_no_channel() -> None:
    catalogue = {"one": {"points": 50, "kind": "gift_card", "amount": "5.00", "code": {}}}
    config = config_of(catalogue=catalogue, rewards=["one"])
    with Loyalty.open(config, "sqlite://") as loyalty:
        assert [one.id for one in loyalty.connectors] == ["saleor.tea"]


def test_the_readme_has_the_subscription() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.partition("```graphql\n")[2].partition("```")[0] == SUBSCRIPTION
