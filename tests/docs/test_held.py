"""Nothing is added without a page and a test: hooks, errors and settings are named by some test.

That each has its page is test_reference.py. What is named only by an example program counts too,
where it is a setting: all of them are played with exact expectations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import pytest

from docs.generate import config, hooks
from loyalty_core import LoyaltyError
from loyalty_core.errors import all_errors
from loyalty_core.plugins import hookspecs
from loyalty_gateway import hookspecs as gateway_hookspecs
from tests.architecture.tree import ROOT, project_files


@cache
def named(*, examples: bool = False) -> frozenset[str]:
    """The words of all tests, but for this one; with ``examples``, of their programs as well."""
    found: set[str] = set()
    for path in project_files():
        inside = path.relative_to(ROOT).parts
        test = path.suffix == ".py" and "tests" in inside and path.name != "test_held.py"
        example = inside[:2] == ("examples", "programs") and path.suffix == ".toml"
        if test or (examples and example):
            found |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    return frozenset(found)


def untested(names: Iterable[str], *, examples: bool = False) -> list[str]:
    """The names that no test has."""
    return sorted(name for name in names if name not in named(examples=examples))


def hook_names() -> list[str]:
    modules = (hookspecs, gateway_hookspecs)
    return [hook.__name__ for module in modules for hook in hooks.hooks_of(module)]


def setting_names() -> set[str]:
    """The keys of every section on the page of the configuration."""
    return set(re.findall(r"^\| `(\w+)`", config.page(), re.MULTILINE))


def test_every_hook_has_a_test() -> None:
    assert len(hook_names()) <= 12
    assert untested(hook_names()) == []


def test_every_error_has_a_test() -> None:
    kinds = list(all_errors(LoyaltyError))
    assert len(kinds) > 40
    missing = [kind.__name__ for kind in kinds if not {kind.__name__, kind.code} & named()]
    assert missing == []


def test_every_setting_has_a_test() -> None:
    assert len(setting_names()) > 100
    assert untested(setting_names(), examples=True) == []


@pytest.mark.parametrize("name", hook_names())
def test_every_hook_is_told_by_hand_somewhere(name: str) -> None:
    """A page that somebody wrote shows it in use, beside the reference that is made of it."""
    pages = [path for path in project_files() if path.suffix == ".md"]
    by_hand = [path for path in pages if "reference" not in path.parts]
    assert [path for path in by_hand if name in path.read_text(encoding="utf-8")] != []


def test_what_nobody_tests_is_noticed() -> None:
    assert untested(["loyalty_register_nothing" + "_yet"]) == ["loyalty_register_nothing_yet"]
    assert untested(["LoyaltyError"]) == []
