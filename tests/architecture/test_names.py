"""What merchants name in settings is read as a name: too long a one is refused at start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from docs.generate.config import own_plugins
from loyalty_core import Benefit, Name

ACCOUNTS = ("account", "endpoint")
"""Shops' accounts: they are parts of addresses, and checked as such."""


def _tables(kind: Any) -> Iterator[type]:
    if isinstance(kind, type) and is_dataclass(kind):
        yield kind
        for hint in get_type_hints(kind).values():
            yield from _tables(hint)
    for part in get_args(kind):
        yield from _tables(part)


def test_what_a_setting_names_is_a_name() -> None:
    """A rule, an event and an id are made of it; a text without an end would fail each fact."""
    kinds = {one for plugin in own_plugins() for one in _tables(plugin.manifest.config)} | {Benefit}
    named = {
        f"{kind.__module__}.{kind.__name__}.{item.name}": get_type_hints(kind, include_extras=True)[
            item.name
        ]
        for kind in kinds
        for item in fields(kind)
        if item.name not in ACCOUNTS and str(item.metadata.get("doc", "")).startswith("Its name")
    }
    assert len(named) > 20
    assert {name for name, kind in named.items() if kind != Name} == set()
