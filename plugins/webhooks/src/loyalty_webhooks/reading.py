"""The JSON that a shop sends: facts in their documented form, and what else there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import cast

from loyalty_core import (
    CodeUsed,
    Customer,
    ErasureAsked,
    ExportAsked,
    FactError,
    Input,
    Json,
    Profile,
)

MOST_INPUTS = 1_000
FACTS = ("order", "refund", "activity")


def inputs_of(body: Json, source: str) -> list[Input]:
    """The inputs of a body: one object, or an array of them. Raises ``FactError``."""
    given = body if isinstance(body, list) else [body]
    if len(given) > MOST_INPUTS:
        raise FactError(f"{len(given):,} facts are more than {MOST_INPUTS:,}", where="$")
    return [one for place, each in enumerate(given) for one in _inputs(each, source, f"$[{place}]")]


def _inputs(given: Json, source: str, where: str) -> Iterator[Input]:
    if not isinstance(given, dict):
        raise FactError("it is not a JSON object", where=where)
    kind = given.get("type")
    if kind in FACTS:
        yield _fact(given, source, where)
    elif kind == "customer":
        yield Customer(
            source=source,
            identities=_identities(given, where),
            profile=_profile(given.get("profile"), where),
            says=tuple(_table(given.get("profile") or {}, f"{where}.profile")),
            joins=given.get("joins") is True,
        )
    elif kind == "code_used":
        order = _table(given.get("order"), f"{where}.order")
        bought = _fact({"type": "order", **order}, source, f"{where}.order")
        yield CodeUsed(code=_text(given, "code", where), order=bought)
    elif kind in ("erasure", "export"):
        asked = ErasureAsked if kind == "erasure" else ExportAsked
        yield asked(
            source=source,
            identities=_identities(given, where),
            reference=_text(given, "reference", where),
        )
    else:
        known = ", ".join((*FACTS, "customer", "code_used", "erasure", "export"))
        raise FactError(f"{str(kind)[:60]!r} is not one of: {known}", where=f"{where}.type")


def _fact(given: Mapping[str, Json], source: str, where: str) -> dict[str, Json]:
    """A fact of this source: nobody speaks for another shop."""
    said = given.get("source", source)
    if said != source:
        remedy = f"Leave it out, or say {source!r}."
        raise FactError(
            f"{str(said)[:60]!r} is another shop", where=f"{where}.source", remedy=remedy
        )
    return {**given, "source": source}


def _table(given: Json, where: str) -> dict[str, Json]:
    if not isinstance(given, dict):
        raise FactError("it is not a JSON object", where=where)
    return given


def _text(given: Mapping[str, Json], name: str, where: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise FactError("it is missing, or no text", where=f"{where}.{name}")
    return value


def _identities(given: Mapping[str, Json], where: str) -> dict[str, str]:
    table = _table(given.get("identities"), f"{where}.identities")
    for kind, value in table.items():
        if not isinstance(value, str):
            raise FactError("it is not a text", where=f"{where}.identities.{kind}")
    return cast(dict[str, str], table)


def _profile(given: Json, where: str) -> Profile:
    table = _table(given if given is not None else {}, f"{where}.profile")
    texts = {name: table[name] for name in ("name", "locale", "time_zone") if name in table}
    tags, birthday = table.get("tags", []), table.get("birthday")
    unknown = table.keys() - {*texts, "tags", "birthday"}
    if unknown or not all(isinstance(value, str) for value in texts.values()):
        raise FactError(
            "it has name, locale, time_zone, birthday and tags", where=f"{where}.profile"
        )
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise FactError("tags are a list of texts", where=f"{where}.profile.tags")
    try:
        born = date.fromisoformat(birthday) if isinstance(birthday, str) else None
    except ValueError:
        raise FactError("it is not a day", where=f"{where}.profile.birthday") from None
    said = cast(dict[str, str], texts)
    return Profile(
        name=said.get("name", ""),
        locale=said.get("locale", ""),
        time_zone=said.get("time_zone", ""),
        birthday=born,
        tags=tuple(cast(list[str], tags)),
    )
