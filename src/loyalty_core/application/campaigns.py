"""Campaigns: their days are written once, and stand wherever a table of the file names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from loyalty_core.domain.facts import Json
from loyalty_core.errors import Problem

KEY = "during"
DAYS = ("starts_on", "ends_on")
SECTIONS = ("rewards", "segments", "plugins")


def dated(document: Mapping[str, Json], problems: list[Problem]) -> Mapping[str, Json]:
    """The document with the campaign's days in each table that says ``during = "name"``.

    Whoever reads a table with a first and a last day needs to know nothing of campaigns. Names that
    are no campaign's, and days beside one, are added to ``problems``.
    """
    campaigns = document.get("campaigns", {})
    known = campaigns if isinstance(campaigns, dict) else {}
    made = dict(document)
    for section in SECTIONS:
        if section in made:
            made[section] = _dated(made[section], section, known, problems)
    return made


def _dated(value: Json, where: str, campaigns: Mapping[str, Json], problems: list[Problem]) -> Json:
    if isinstance(value, list):
        return [_dated(one, f"{where}[{at}]", campaigns, problems) for at, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    made = {
        name: _dated(one, f"{where}.{name}", campaigns, problems) for name, one in value.items()
    }
    name = made.get(KEY)
    if not isinstance(name, str):
        return made
    del made[KEY]
    campaign = campaigns.get(name)
    if not isinstance(campaign, dict):
        known = ", ".join(campaigns) or "none"
        message = f"{name!r} is not a campaign"
        problems.append(Problem(f"{where}.{KEY}", message, f"The campaigns: {known}."))
        return made
    if beside := [day for day in DAYS if day in made]:
        remedy = "Name the campaign or write the days."
        problems.append(Problem(f"{where}.{beside[0]}", "the campaign has days already", remedy))
        return made
    return made | cast(dict[str, Json], {day: campaign[day] for day in DAYS if day in campaign})
