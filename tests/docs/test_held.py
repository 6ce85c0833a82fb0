"""Nothing is added without a page and a test: hooks, errors and settings.

That each has its page is test_reference.py. Hooks and errors are named by some test. A setting is
set by one, or by an example program, all of which are played with exact expectations; or a test
reads what is said about it. That a test says so is seen by the keys it writes alone: it may mean
something else that has the same, and need not look at what the setting does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path

import pytest

from docs.generate import config, hooks
from loyalty_core import LoyaltyError
from loyalty_core.errors import all_errors
from loyalty_core.plugins import hookspecs
from loyalty_gateway import hookspecs as gateway_hookspecs
from tests.architecture.tree import ROOT, project_files
from tests.docs.written import Table, tables_of


def modules_of_tests() -> Iterator[Path]:
    """The modules of all tests, but for this one."""
    for path in project_files():
        inside = path.relative_to(ROOT).parts
        if path.suffix == ".py" and "tests" in inside and path.name != "test_held.py":
            yield path


@cache
def named() -> frozenset[str]:
    """The words of all tests."""
    texts = (path.read_text(encoding="utf-8") for path in modules_of_tests())
    return frozenset(word for text in texts for word in re.findall(r"\w+", text))


def untested(names: Iterable[str]) -> list[str]:
    """The names that no test has."""
    return sorted(name for name in names if name not in named())


@dataclass(frozen=True)
class Written:
    """The tables that tests of a plugin, or of something else, write, and the paths they read."""

    plugin: str
    tables: frozenset[Table]
    paths: frozenset[str]


@cache
def written() -> tuple[Written, ...]:
    examples = sorted((ROOT / "examples" / "programs").glob("*/*.toml"))
    found = []
    for path in (*modules_of_tests(), *examples):
        inside = path.relative_to(ROOT).parts
        tables, paths = tables_of(path)
        plugin = inside[1] if inside[0] == "plugins" else ""
        found.append(Written(plugin, frozenset(tables), frozenset(paths)))
    return tuple(found)


def unset(kind: type, section: str) -> list[str]:
    """The settings of a dataclass that no test sets, and of which none reads what is said.

    Any mapping or call in a test counts as a table of the dataclass if all of its keys are settings
    there, whatever it is really for. Of the settings of a plugin the tests of other plugins say
    nothing.
    """
    known = {one.name for one in fields(kind)}
    own = section.removeprefix("plugins.") if section.startswith("plugins.") else ""
    tested: set[str] = set()
    for one in written():
        if not own or one.plugin in ("", own):
            tested |= one.paths.union(*(table for table in one.tables if table <= known))
    return sorted(known - tested)


def hook_names() -> list[str]:
    modules = (hookspecs, gateway_hookspecs)
    return [hook.__name__ for module in modules for hook in hooks.hooks_of(module)]


def test_every_hook_has_a_test() -> None:
    assert len(hook_names()) <= 12
    assert untested(hook_names()) == []


def test_every_error_has_a_test() -> None:
    kinds = list(all_errors(LoyaltyError))
    assert len(kinds) > 40
    missing = [kind.__name__ for kind in kinds if not {kind.__name__, kind.code} & named()]
    assert missing == []


def test_every_setting_has_a_test() -> None:
    kinds = {
        kind: section
        for section, whole in config.sections().items()
        for kind in (whole, *config.inside(whole))
        if is_dataclass(kind)
    }
    assert len(kinds) > 60
    missing = {kind.__name__: unset(kind, section) for kind, section in kinds.items()}
    assert {name: names for name, names in missing.items() if names} == {}


@pytest.mark.parametrize("name", hook_names())
def test_every_hook_is_told_by_hand_somewhere(name: str) -> None:
    """A page that somebody wrote shows it in use, beside the reference that is made of it."""
    pages = [path for path in project_files() if path.suffix == ".md"]
    by_hand = [path for path in pages if "reference" not in path.parts]
    assert [path for path in by_hand if name in path.read_text(encoding="utf-8")] != []


def test_what_nobody_tests_is_noticed() -> None:
    assert untested(["loyalty_register_nothing" + "_yet"]) == ["loyalty_register_nothing_yet"]
    assert untested(["LoyaltyError"]) == []


PLANTED = """
def test_all():
    loyalty.redeem(ada, points=5, key="k")
    opened(double, clock=clock, money_refunds="goods")
    Credit(wallet="points", amount=5)
    config = {"earn": [{"rule": "base", "rate": {"EUR": 1}}], **more}
    config["plugins"]["paid"]["till"] = "cash"
    toml = f"[[activity]]\\nkind = 'review'\\npriority = {priority}\\n"
    assert error.where == "plugins.paid.plan[0].price"
    assert "it has no limit = at all" in text
"""


def test_a_setting_is_set_where_a_table_of_a_configuration_is_written(tmp_path: Path) -> None:
    path = tmp_path / "test_planted.py"
    path.write_text(PLANTED)
    tables, paths = tables_of(path)
    assert {tuple(sorted(one)) for one in tables if one} == {
        ("money_refunds",),
        ("earn",),
        ("rate", "rule"),
        ("EUR",),
        ("till",),
        ("activity",),
        ("kind", "priority"),
    }
    assert paths == {"price"}
