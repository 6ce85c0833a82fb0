"""What can be wrong with accounts of any platform."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import pytest

from loyalty_core import (
    CodeRules,
    RewardType,
    account_problems,
    code_problems,
    leads_here,
    reward_kinds,
    signer_problems,
    url_problems,
)
from loyalty_core.application.config import load_config

FIVE: dict[str, Any] = {"kind": "discount", "amount": "5.00", "points": 50, "code": {}}
TEN: dict[str, Any] = {"kind": "discount", "percent": "10", "points": 50, "code": {}}
PROGRAM = load_config(
    {
        "program": {"id": "shop", "currency": "USD"},
        "wallets": {"points": {}},
        "rewards": {"five": FIVE, "ten": TEN, "trip": {"kind": "experience", "points": 9}},
    }
)


@dataclass(frozen=True, kw_only=True)
class Account:
    account: str = "tea"
    source: str = ""
    currency: str = ""
    rewards: tuple[str, ...] = ()
    poll_minutes: int = 15


def told(*accounts: Account, makes: tuple[RewardType, ...] = (RewardType.DISCOUNT,)) -> list[str]:
    return [one.where for one in account_problems("shops", accounts, PROGRAM, makes)]


@pytest.mark.parametrize(
    ("account", "where"),
    [
        (Account(account="A b"), ["shops[0].account"]),
        (Account(account=""), ["shops[0].account"]),
        (Account(currency="EURO"), ["shops[0].currency"]),
        (Account(poll_minutes=-1), ["shops[0].poll_minutes"]),
        (Account(poll_minutes=10_081), ["shops[0].poll_minutes"]),
        (Account(rewards=("trip",)), ["shops[0].rewards"]),
        (Account(rewards=("five",), currency="EUR"), ["shops[0].rewards"]),
        (Account(rewards=("ten",), currency="EUR"), []),
        (Account(rewards=("five", "ten", "unknown")), []),
    ],
)
def test_faults_name_their_place(account: Account, where: list[str]) -> None:
    assert told(account) == where


def test_a_platform_that_makes_nothing_says_so() -> None:
    (found,) = account_problems("shops", [Account(rewards=("five",))], PROGRAM, ())
    assert "makes none" in found.remedy


def test_names_and_sources_are_unique() -> None:
    assert told(Account(), Account()) == ["shops[1].account"]
    assert told(Account(), Account(account="b", source="tea")) == ["shops[1].source"]
    assert told(Account(source="s"), Account(account="b", source="s")) == ["shops[1].source"]
    assert told(Account(), Account(account="b")) == []


@pytest.mark.parametrize(
    ("references", "where"),
    [
        ((), ["shops[0].secrets"]),
        (("env:A", "env:B"), []),
        (("env:A", "env:B", "env:C"), ["shops[0].secrets"]),
    ],
)
def test_secrets_of_webhooks_are_one_or_two(references: tuple[str, ...], where: list[str]) -> None:
    assert [one.where for one in signer_problems("shops[0]", references)] == where


@pytest.mark.parametrize(
    ("code", "fine"),
    [
        ({}, False),  # a digit may be the first of them
        ({"prefix": "T"}, True),
        ({"prefix": "T", "length": 2, "alphabet": "AB"}, False),
        ({"prefix": "T", "length": 6, "alphabet": "ABCDEFGH-"}, False),  # one of many letters
        ({"pool": "bought"}, True),
    ],
)
def test_all_codes_that_can_be_drawn_have_to_fit(code: dict[str, Any], fine: bool) -> None:
    program = replace(
        PROGRAM, rewards={"five": replace(PROGRAM.rewards["five"], code=CodeRules(**code))}
    )
    fits, kinds = re.compile("[A-Z][A-Z2-9]{5,19}"), [RewardType.DISCOUNT]
    found = list(code_problems(Account(rewards=("five", "six")), program, kinds, fits, "so long"))
    assert [one.where for one in found] == ([] if fine else ["rewards.five.code"])
    assert not list(code_problems(Account(rewards=("five",)), program, [], fits, "so long"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://tea.example", ""),
        ("https://tea.example:8443/", ""),
        ("http://127.0.0.1:8080", ""),
        ("http://[::1]:8080", ""),
        ("http://tea.example", "is no https URL"),
        ("//tea.example", "is no https URL"),
        ("", "is no https URL"),
        ("https://", "is no https URL"),
        ("http://ada:word@tea.example", "has a name or password"),
        ("https://[tea", "it is no URL"),
        ("https://tea.example:seven", "it is no URL"),
        ("https://ada:word@tea.example", "has a name or password"),
        ("https://tea.example/api?key=1#top", "has a fragment and a query and a path"),
    ],
)
def test_keys_are_sent_over_https_alone(url: str, said: str) -> None:
    found = list(url_problems("shops[0].url", url, path=False))
    assert [one.where for one in found] == (["shops[0].url"] if said else [])
    assert all(said in one.message for one in found)


def test_a_path_and_a_query_are_fine_where_they_are() -> None:
    assert list(url_problems("url", "https://tea.example/api")) == []
    assert list(url_problems("url", "https://tea.example/api?key=1", query=True)) == []
    assert len(list(url_problems("url", "https://tea.example/api?key=1"))) == 1


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("https://loyalty.example/webhooks/saleor/tea", True),
        ("https://loyalty.example/below/webhooks/saleor/tea?x=1", True),
        ("https://loyalty.example/webhooks/saleor/teapots", False),
        ("https://loyalty.example/webhooks/shopify/tea", False),
        ("https://[loyalty", False),
        ("", False),
    ],
)
def test_webhooks_lead_here_by_the_path(url: str, here: bool) -> None:
    assert leads_here(url, "saleor.tea") is here


def test_what_an_account_makes_codes_for() -> None:
    account = Account(rewards=("five", "ten", "trip", "unknown"))
    assert reward_kinds(account, PROGRAM) == {RewardType.DISCOUNT, RewardType.EXPERIENCE}
    assert reward_kinds(Account(), PROGRAM) == set()
