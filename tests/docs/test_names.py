"""Names that pages give are there, public, and found from the first page.

In prose they are of GraphQL, and of the public classes of the core:
`Type.field` is a field of a GraphQL type or an attribute of a public class; a name in camelCase is
one of GraphQL, or of what the page's plugin says to its platform. Pages that tell of their own
time (the decisions, the change logs) are left alone.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from graphql import parse

import loyalty_core
import loyalty_core.testing
import loyalty_core.testing.plugin
from tests.architecture.tree import ROOT
from tests.docs.samples import BLOCKS, FENCED, PAGES

DOTTED = re.compile(r"`([A-Z]\w*[a-z]\w*)\.([a-z]\w*)(?:\([^`]*\))?`")
CAMEL = re.compile(r"`([a-z]+[A-Z]\w*)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
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


def private_imports(text: str) -> Iterator[str]:
    """What a sample imports of our packages and is not public there."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("loyalty_"):
            continue
        assert node.module
        if find_spec(node.module.partition(".")[0]) is None:
            continue  # of a page's own plugin
        public = getattr(importlib.import_module(node.module), "__all__", ())
        yield from (f"{node.module}.{one.name}" for one in node.names if one.name not in public)


def test_samples_import_what_is_public() -> None:
    samples = [block for block in BLOCKS if block.language == "python"]
    private = [f"{one.place}: {name}" for one in samples for name in private_imports(one.text)]
    assert private == []


def test_what_is_private_is_noticed() -> None:
    text = (
        "from loyalty_core import Loyalty, Nothing\nfrom loyalty_core.domain.facts import Order\n"
    )
    assert list(private_imports(text)) == [
        "loyalty_core.Nothing",
        "loyalty_core.domain.facts.Order",
    ]
    assert list(private_imports("from loyalty_stamps import plugin\nimport os\n")) == []


def test_every_page_is_found_from_the_first_one() -> None:
    """By one click; decisions and errors are listed on pages of their own."""
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    pages = [page for page in PAGES if page.is_relative_to(index.parent) and page != index]
    lists = [page.parent for page in pages if page.name == "README.md"]
    missing = [page for page in pages if page not in listed and page.parent not in lists]
    assert [str(page.relative_to(ROOT)) for page in missing] == []


def test_names_that_are_gone_are_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`Member.wallet` `Loyalty.record` `Order.source` `adjustMany` `README.md`\n")
    assert list(unknown(page)) == []
    page.write_text("`Member.purse` `Loyalty.enrol_all` `adjustAll` `Nobody.knows(1)`\n")
    assert list(unknown(page)) == ["Member.purse", "Loyalty.enrol_all", "Nobody.knows", "adjustAll"]
