"""The pages about errors: one for each class, by its code, and an index."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

from docs.generate.text import code, prose, summary, table
from docs.generate.text import page as whole_page
from loyalty_core import Loyalty, LoyaltyError
from loyalty_core.cli.output import EXIT_CODES, exit_code
from loyalty_core.errors import all_errors

INTRODUCTION = """
Everything the SDK raises on purpose is a `LoyaltyError`. It has a `message`, `where` it is wrong,
a `remedy`, the values concerned as `facts`, and a stable `code`, which is also the name of its
page. Catch a class to catch its kinds as well. `ConfigError` and `FactError` list every fault
they found in `problems`.
"""


def pages() -> Mapping[str, str]:
    """The text of each page by its name: the index, and one for each class of error."""
    made = {f"{kind.code}.md": _page(kind) for kind in all_errors(LoyaltyError)}
    return made | {"README.md": _index()}


def _index() -> str:
    rows = [
        (
            f"[`{kind.code}`]({kind.code}.md)",
            code(kind.__name__),
            code(kind.__mro__[1].__name__),
            summary(kind.__doc__),
        )
        for kind in all_errors(LoyaltyError)
    ]
    return whole_page(
        "Errors", INTRODUCTION, table(("code", "class", "is a kind of", "meaning"), rows)
    )


def _page(kind: type[LoyaltyError]) -> str:
    told, _, written = prose(kind.__doc__).partition("Remedy: ")
    remedy = kind.default_remedy or (written[:1].upper() + written[1:])
    exits = exit_code(kind.__new__(kind))
    facts = [("class", f"`loyalty_core.{kind.__name__}`"), ("code", code(kind.code))]
    if kind is not LoyaltyError:
        base = kind.__mro__[1]
        facts.append(("is a kind of", f"[`{base.__name__}`]({base.code}.md)"))
        facts.append(("the command's exit code", f"{exits}: {EXIT_CODES[exits]}"))
    below = [one for one in all_errors(kind) if kind in one.__bases__]
    kinds = [f"[`{one.__name__}`]({one.code}.md)" for one in below]
    if kinds:
        facts.append(("its kinds", ", ".join(kinds)))
    if raised := _raised_by(kind):
        facts.append(("raised by", ", ".join(code(name) for name in raised)))
    remedy = f"## What to do\n\n{remedy}" if remedy else ""
    return whole_page(kind.code, told, table(("", ""), facts), remedy)


def _raised_by(kind: type[LoyaltyError]) -> list[str]:
    """The methods of ``Loyalty`` whose docstrings name the class."""
    named = re.compile(rf"``{kind.__name__}``")
    return [
        f"Loyalty.{name}"
        for name, method in inspect.getmembers(Loyalty, inspect.isroutine)
        if not name.startswith("_") and named.search(method.__doc__ or "")
    ]
