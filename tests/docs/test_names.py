"""Names that prose gives are there: of GraphQL, and of the public classes of the core.

`Type.field` is a field of a GraphQL type or an attribute of a public class; a name in camelCase is
one of GraphQL, or of what the page's plugin says to its platform. Pages that tell of their own
time (the decisions, the change logs) are left alone.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from graphql import parse

import loyalty_core
import loyalty_core.testing
import loyalty_core.testing.plugin
from tests.architecture.tree import ROOT
from tests.docs.samples import FENCED, PAGES

DOTTED = re.compile(r"`([A-Z]\w*[a-z]\w*)\.([a-z]\w*)(?:\([^`]*\))?`")
CAMEL = re.compile(r"`([a-z]+[A-Z]\w*)`")
FILE = re.compile(r".*\.(md|txt)")
SCHEMAS = [
    *ROOT.glob("gateway/schema/*.graphql"),
    *ROOT.glob("plugins/*/graphql/*.graphql"),
    *ROOT.glob("examples/third_party_plugin/graphql/*.graphql"),
]
NOW = [
    page
    for page in PAGES
    if page.name != "CHANGELOG.md" and page.parent != ROOT / "docs" / "decisions"
]


@cache
def schema_names() -> frozenset[str]:
    """Every name of the schemas: `Type.field`, and each alone."""
    found = set()
    for schema in SCHEMAS:
        for kind in parse(schema.read_text(encoding="utf-8")).definitions:
            name = kind.name.value if hasattr(kind, "name") else ""
            for field in getattr(kind, "fields", None) or ():
                found |= {field.name.value, f"{name}.{field.name.value}"}
                found |= {given.name.value for given in getattr(field, "arguments", None) or ()}
    return frozenset(found)


def is_public(kind: str, name: str) -> bool:
    """Whether a public class of the core has the attribute."""
    modules = (loyalty_core, loyalty_core.testing, loyalty_core.testing.plugin)
    of = next((getattr(module, kind) for module in modules if hasattr(module, kind)), None)
    if not inspect.isclass(of):
        return False
    return hasattr(of, name) or any(
        name in vars(one).get("__annotations__", {}) for one in of.__mro__
    )


def is_written(page: Path, name: str) -> bool:
    """Whether the code that a page stands beside, or that it is the map of, has the name."""
    near = ROOT / "src" if page.name == "onboarding.md" else page.parent / "src"
    text = (path.read_text(encoding="utf-8") for path in near.rglob("*.py"))
    return any(re.search(rf"\b{name}\b", one) for one in text)


def unknown(page: Path) -> Iterator[str]:
    """The names of a page that nothing has."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    for kind, name in DOTTED.findall(text):
        dotted = f"{kind}.{name}"
        known = dotted in schema_names() or is_public(kind, name) or FILE.fullmatch(dotted)
        if not known and not (is_written(page, kind) and is_written(page, name)):
            yield dotted
    for name in CAMEL.findall(text):
        if name not in schema_names() and not is_written(page, name):
            yield name


def test_the_names_are_there() -> None:
    assert [f"{page.relative_to(ROOT)}: {name}" for page in NOW for name in unknown(page)] == []


def test_names_that_are_gone_are_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`Member.wallet` `Loyalty.record` `Order.source` `adjustMany` `README.md`\n")
    assert list(unknown(page)) == []
    page.write_text("`Member.purse` `Loyalty.enrol_all` `adjustAll` `Nobody.knows(1)`\n")
    assert list(unknown(page)) == ["Member.purse", "Loyalty.enrol_all", "Nobody.knows", "adjustAll"]
