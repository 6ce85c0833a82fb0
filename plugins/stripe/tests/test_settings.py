"""What can be wrong with the settings, and what the README says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loyalty_core import ConfigError, Loyalty
from loyalty_stripe.events import ABOUT
from plugins.stripe.tests.build import config_of

README = Path(__file__).parents[1] / "README.md"


def refused(config: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as error:
        Loyalty.open(config, "sqlite://")
    return [one.where for one in error.value.problems]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"account": "A b"}, "account"),
        ({"api_key": "sk_live_123"}, "api_key"),
        ({"secrets": []}, "secrets"),
        ({"secrets": ["whsec_plain"]}, "secrets[0]"),
        ({"stripe_account": "shop"}, "stripe_account"),
        ({"memberships": ["club"]}, "memberships[0]"),
        ({"return_url": "http://tea.example"}, "return_url"),
        ({"return_url": "#club"}, "return_url"),
        ({"api_url": "https://user:word@api.example"}, "api_url"),
        ({"api_url": ""}, "api_url"),
        ({"poll_minutes": -1}, "poll_minutes"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
    ],
)
def test_faults_of_the_settings_name_their_place(changes: dict[str, Any], where: str) -> None:
    config = config_of(**{"return_url": "https://tea.example", **changes})
    config["plugins"]["paid"]["provider"] = "paid.manual"
    assert refused(config) == [f"plugins.stripe.account[0].{where}"]


def test_two_accounts_of_one_name_or_source_are_refused() -> None:
    config = config_of()
    config["plugins"]["paid"]["provider"] = "paid.manual"
    accounts = config["plugins"]["stripe"]["account"]
    accounts.append({**accounts[0], "account": "other", "source": "main"})
    assert refused(config) == ["plugins.stripe.account[1].source"]
    accounts[1] = {**accounts[0], "source": "other"}
    assert "plugins.stripe.account[1].account" in refused(config)


def test_fees_are_collected_where_members_can_come_back_to() -> None:
    config = config_of(return_url="")
    assert refused(config) == ["plugins.paid.provider"]
    config["plugins"]["paid"]["provider"] = "paid.manual"
    Loyalty.open(config, "sqlite://").close()


def test_the_readme_names_every_event() -> None:
    text = README.read_text(encoding="utf-8")
    assert [topic for topic in ABOUT if f"`{topic}`" not in text] == []
