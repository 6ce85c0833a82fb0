"""What is remembered of two members who turn out to be one person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from loyalty_core import Json
from loyalty_referral import groups, referrer
from loyalty_referral.friend import ACCEPTED, MOST_TOUCHES
from loyalty_referral.prints import MOST
from loyalty_referral.turn import in_order

LATEST = {"friends": referrer.LATEST, "groups": groups.LATEST, "places": groups.LATEST}
"""How many of each part of the state are remembered."""


def merged(kept: Mapping[str, Json], other: Mapping[str, Json]) -> Mapping[str, Json]:
    """The state of both: numbers add up, and whose friend one is stays with who was accepted."""
    ours, theirs = cast(Mapping[str, Any], kept), cast(Mapping[str, Any], other)
    made: dict[str, Any] = {**theirs, **ours}
    for name in ("returned", "accepted"):
        if name in made:
            made[name] = ours.get(name, 0) + theirs.get(name, 0)
    if "touches" in made:
        touches = [*ours.get("touches", []), *theirs.get("touches", [])]
        made["touches"] = sorted(touches, key=lambda one: str(one["at"]))[-MOST_TOUCHES:]
    claims = [state["claim"] for state in (ours, theirs) if "claim" in state]
    if claims:
        accepted = [claim for claim in claims if claim["state"] == ACCEPTED]
        made["claim"] = (accepted or claims)[0]
    for name, most in LATEST.items():
        if name in made:
            both = {**theirs.get(name, {}), **ours.get(name, {})}
            made[name] = dict(in_order(both)[-most:])
    if "prints" in made:
        made["prints"] = _prints(ours.get("prints", {}), theirs.get("prints", {}))
    if "given" in made:
        made["given"] = _by_name(ours, theirs, "given", _given)
    if "counts" in made:
        made["counts"] = _by_name(ours, theirs, "counts", _counts)
    return made


def _prints(ours: Mapping[str, list[str]], theirs: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {
        kind: list(dict.fromkeys([*theirs.get(kind, []), *ours.get(kind, [])]))[-MOST:]
        for kind in sorted({*ours, *theirs})
    }


def _by_name(ours: Mapping[str, Any], theirs: Mapping[str, Any], part: str, unite: Any) -> Any:
    mine, others = ours.get(part, {}), theirs.get(part, {})
    made = {}
    for name in sorted({*mine, *others}):
        both = name in mine and name in others
        made[name] = unite(mine[name], others[name]) if both else {**others, **mine}[name]
    return made


def _given(mine: list[Any], others: list[Any]) -> list[Any]:
    """What was given in the later period; together if it is the same."""
    if mine[0] == others[0]:
        return [mine[0], mine[1] + others[1]]
    return max(mine, others)


def _counts(mine: list[int], others: list[int]) -> list[int]:
    return [mine[0] + others[0], mine[1] + others[1]]
