"""Activities of a kind that a plugin declares, recorded through GraphQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.tests.shop import CONFIG, Clock, Front
from loyalty_core import ActivityKind, Credit, Loyalty, PluginManifest, hookimpl


@dataclass(frozen=True, kw_only=True)
class Ride:
    """What a ride holds."""

    km: int = field(metadata={"doc": "How far."})


RIDE: ActivityKind[Ride] = ActivityKind("rides.ride", Ride, "Somebody rode.")


class Rides:
    """A point a kilometre."""

    manifest = PluginManifest(id="rides", version="1", requires_plugin_api=">=1.3,<2")

    @hookimpl
    def loyalty_register_activities(self) -> Any:
        return [RIDE]

    @hookimpl
    def loyalty_register_programs(self) -> Any:
        return [self]

    def decide(self, fact: Any, member: Any) -> Any:
        ride = RIDE.read(fact)
        return [Credit(wallet="points", amount=ride.km, rule="km")] if ride else []


@pytest.fixture
def loyalty(database_url: str) -> Iterator[Loyalty]:
    config = {**CONFIG, "plugins": {"rides": {}}}
    with Loyalty.open(config, database_url, plugins=[Rides()], clock=Clock()) as opened:
        yield opened


def recorded(front: Front, data: str) -> Any:
    query = f"""mutation {{ recordFacts(facts: [{{activity: {{source: "web", id: "1",
      kind: "rides.ride", occurredAt: "2026-11-21T09:00:00Z", data: {data},
      identities: [{{kind: EMAIL, value: "ada@example.org"}}]}}}}]) {{ receipts {{
        status changes {{ points }}
        error {{ code ... on FactRejected {{ problems {{ where message remedy }} }} }}
      }} }} }}"""
    (receipt,) = front.admin_data(query)["recordFacts"]["receipts"]
    return receipt


def test_what_fits_is_booked(front: Front) -> None:
    assert recorded(front, "{km: 7}") == {
        "status": "BOOKED",
        "changes": [{"points": "7"}],
        "error": None,
    }
    assert recorded(front, '{km: "7"}')["status"] == "DUPLICATE"


def test_what_does_not_fit_is_told_with_path_and_remedy(front: Front, loyalty: Loyalty) -> None:
    receipt = recorded(front, '{km: "far", kn: 1}')
    assert receipt["status"] == "REJECTED"
    assert receipt["error"] == {
        "code": "fact_malformed",
        "problems": [
            {
                "where": "$.data.km",
                "message": "'far' is not a whole number",
                "remedy": "Send a whole number, such as 12.",
            },
            {"where": "$.data.kn", "message": "unknown key", "remedy": "Known here: km."},
        ],
    }
    assert loyalty.report().activities == 0
