"""The reference pages say what the code says, all of it."""

import inspect
import re

import pytest

import loyalty_core
from docs.generate import (
    COMMAND,
    REFERENCE,
    api,
    config,
    errors,
    facts,
    facts_words,
    hooks,
    pages,
    stale,
)
from docs.generate.text import attribute_docstrings
from loyalty_core import AsyncLoyalty, Loyalty, LoyaltyError
from loyalty_core.domain.events import CORE_EVENTS
from loyalty_core.errors import all_errors
from loyalty_core.plugins import hookspecs
from loyalty_gateway import hookspecs as gateway_hookspecs


def test_the_pages_are_fresh() -> None:
    assert stale() == [], f"run: {COMMAND}"


def test_a_stale_page_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CORE_EVENTS, "points_invented", "Nobody knows; data: none.")
    assert stale() == ["events.md"]


def test_each_error_has_its_page_and_each_page_its_error() -> None:
    codes = [kind.code for kind in all_errors(LoyaltyError)]
    assert len(set(codes)) == len(codes)
    there = {path.stem for path in (REFERENCE / "errors").iterdir()} - {"README"}
    assert there == set(codes)
    assert set(errors.pages()) == {f"{code}.md" for code in codes} | {"README.md"}


def test_every_error_is_public() -> None:
    assert {kind.__name__ for kind in all_errors(LoyaltyError)} <= set(loyalty_core.__all__)


def test_every_hook_is_on_the_page() -> None:
    written = set(re.findall(r"^### `(\w+)`$", hooks.page(), re.MULTILINE))
    specified = {
        name
        for module in (hookspecs, gateway_hookspecs)
        for name in dir(module)
        if name.startswith("loyalty_") and hasattr(getattr(module, name), "loyalty_spec")
    }
    assert specified
    assert written == specified


def test_every_hook_says_what_it_returns_and_when_it_is_called() -> None:
    for module in (hookspecs, gateway_hookspecs):
        for hook in hooks.hooks_of(module):
            told = inspect.getdoc(hook) or ""
            assert told.startswith("Returns "), hook.__name__
            assert "Called " in told, hook.__name__


@pytest.mark.parametrize("name", loyalty_core.__all__)
def test_every_public_name_says_what_it_is(name: str) -> None:
    meaning = api.meaning(name, attribute_docstrings())
    assert meaning.endswith((".", "...")), name
    assert not meaning.startswith(f"{name}("), "the docstring that dataclasses make by themselves"


def test_every_method_of_the_facade_says_what_it_guarantees() -> None:
    for kind in (Loyalty, AsyncLoyalty):
        for name, member in inspect.getmembers(kind):
            if not name.startswith("_") and (callable(member) or isinstance(member, property)):
                assert inspect.getdoc(member), f"{kind.__name__}.{name}"


def test_every_field_of_a_fact_has_its_sentence() -> None:
    fields = {
        f"{kind.__name__}.{name}"
        for kind in facts.KINDS
        for name in inspect.get_annotations(kind)
        if not name.startswith("_")
    }
    assert set(facts_words.WORDS) == fields
    assert set(facts.NARROWER) <= fields


def test_every_setting_of_the_core_and_of_plugins_has_its_sentence() -> None:
    sections = config.page().split("\n## ")
    for section in sections[1:]:
        if not section.startswith("`[gateway]`"):
            silent = re.findall(r"^\| `.*\|  \|$", section, re.MULTILINE)
            assert silent == [], section.split("\n", 1)[0]
            assert "| what it says |" in section


def test_every_plugin_of_the_repository_is_on_the_page() -> None:
    page = config.page()
    names = [plugin.manifest.id for plugin in config.own_plugins()]
    assert "points" in names
    assert [name for name in names if f"## `[plugins.{name}]`" not in page] == []


def test_every_page_is_linked_from_the_index() -> None:
    index = (REFERENCE.parent / "README.md").read_text(encoding="utf-8")
    tops = [name for name in pages() if "/" not in name and name.endswith(".md")]
    assert [name for name in tops if f"(reference/{name})" not in index] == []
