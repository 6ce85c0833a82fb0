"""Telling what plugins are asked and answer, without who it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from loyalty_core.application.structure import converter, iso
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.effects import Effect
from loyalty_core.domain.facts import Activity, Decidable, Json, Order
from loyalty_core.domain.members import MemberView
from loyalty_core.domain.tiers import Outcome

HIDDEN = "…"
"""What stands for a value that may say who somebody is."""
PRIVATE = frozenset({"identities", "tenders", "refunds"})
_plain = converter(0)


def fact_told(fact: Decidable) -> Mapping[str, Json]:
    """A fact as it is traced: what is empty is left out."""
    digits = minor_digits(fact.currency) if isinstance(fact, Order) else 0
    whole = cast(dict[str, Json], _json(converter(digits).unstructure(fact)))
    told = {name: value for name, value in whole.items() if name not in PRIVATE and value}
    told = {"type": fact.type, **told}
    if isinstance(fact, Activity) and fact.data:
        told["data"] = dict.fromkeys(fact.data, HIDDEN)
    return told


def member_told(view: MemberView) -> Mapping[str, Json]:
    """What a plugin saw of a member: what is empty is left out."""
    told: dict[str, Json] = {
        "member_id": view.member_id,
        "status": view.status.value,
        "joined_at": iso(view.joined_at) if view.joined_at else None,
        "tags": list(view.profile.tags),
        "tiers": dict(view.profile.tiers),
        "time_zone": view.profile.time_zone,
        "history": {name: one for name, one in _document(view.history).items() if one},
        "benefits": [f"{one.source}: {one.benefit.benefit}" for one in view.benefits],
        "state": cast(Json, dict(view.state)),
        "claims": dict(view.claims.answers),
    }
    return {name: value for name, value in told.items() if value}


def outcome_told(outcome: Outcome | None) -> Mapping[str, Json]:
    """What a fact came to, without the fact."""
    if outcome is None:
        return {}
    told = {
        "credits": [dict(effect_told(credit)) for credit in outcome.credits],
        "measures": dict(outcome.measures),
        "value": outcome.value,
        "returned": [_document(one) for one in outcome.returned],
    }
    return {name: cast(Json, value) for name, value in told.items() if value}


def effects_told(effects: Sequence[Effect]) -> tuple[Mapping[str, Json], ...]:
    """What a plugin decided, each effect with its name."""
    return tuple(map(effect_told, effects))


def effect_told(effect: Effect) -> Mapping[str, Json]:
    """An effect with its name; fields that are empty are left out."""
    told: dict[str, Json] = {"effect": type(effect).__name__}
    for one in fields(effect):
        value: Any = getattr(effect, one.name)
        if value not in (None, "", (), {}):
            told[one.name] = _json(value)
    return told


def _document(value: object) -> dict[str, Json]:
    return cast(dict[str, Json], _json(_plain.unstructure(value)))


def _json(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {str(name): _json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    if value is None or isinstance(value, str | int):
        return value
    return iso(value) if isinstance(value, datetime) else str(value)
