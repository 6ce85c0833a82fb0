"""Kinds of activity that plugins declare: what is taken, what is refused, and how it is stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from io import BytesIO
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator

from loyalty_core import (
    Activity,
    ActivityKind,
    Credit,
    FactError,
    FactFile,
    IdempotencyConflict,
    Loyalty,
    PluginError,
    PluginManifest,
    RecordStatus,
    hookimpl,
    read_facts,
)
from tests.toy import START, config_of, order


class Weather(StrEnum):
    """A choice that has a name."""

    DRY = "dry"
    WET = "wet"


def doc(text: str, **more: Any) -> Any:
    return field(metadata={"doc": text}, **more)


@dataclass(frozen=True, kw_only=True)
class Ride:
    """What a ride holds: a field of each type."""

    km: int = doc("How far.")
    by: Literal["bike", "train"] = doc("By what.")
    weather: Weather = doc("How it was.", default=Weather.DRY)
    shared: bool = doc("Whether with others.", default=False)
    litres: Decimal | None = doc("What it took.", default=None)
    day: date | None = doc("On which day.", default=None)
    arrived_at: datetime | None = doc("When it ended.", default=None)
    note: str = doc("Anything.", default="")

    def __post_init__(self) -> None:
        if self.km <= 0:
            raise FactError("this is no distance", where="$.data.km", remedy="Send whole km.")


RIDE: ActivityKind[Ride] = ActivityKind("rides.ride", Ride, "Somebody rode.")


class Rides:
    """A point a kilometre; keeps what it was asked about."""

    manifest = PluginManifest(id="rides", version="1", requires_plugin_api=">=1.3,<2")

    def __init__(self, *kinds: object) -> None:
        self.kinds = kinds or (RIDE,)
        self.seen: list[Ride] = []

    @hookimpl
    def loyalty_register_activities(self) -> Sequence[object]:
        return self.kinds

    @hookimpl
    def loyalty_register_programs(self) -> Sequence[object]:
        return [self]

    def decide(self, fact: Any, member: Any) -> Sequence[Any]:
        ride = RIDE.read(fact)
        if ride is None:
            return []
        self.seen.append(ride)
        return [Credit(wallet="points", amount=ride.km, rule="km")]


def opened(*plugins: object) -> Loyalty:
    on = {plugin.manifest.id: {} for plugin in plugins}  # type: ignore[attr-defined]
    return Loyalty.open(config_of(plugins=on), "sqlite://", plugins=plugins, clock=lambda: START)


def ride(number: str = "1", *, kind: str = "rides.ride", **data: Any) -> dict[str, Any]:
    return {
        "type": "activity",
        "source": "app",
        "id": number,
        "kind": kind,
        "identities": {"email": "ada@example.org"},
        "occurred_at": START.isoformat(),
        "data": {"km": 7, "by": "bike"} | data,
    }


def refused(loyalty: Loyalty, fact: Any) -> list[str]:
    with pytest.raises(FactError) as raised:
        loyalty.record(fact)
    assert loyalty.report().activities == 0
    return [str(problem) for problem in raised.value.problems]


def test_what_fits_is_read_in_its_types() -> None:
    plugin = Rides()
    more = {
        "litres": "1.50",
        "day": "2026-05-31",
        "arrived_at": "2026-05-31T10:00:00+02:00",
        "weather": "wet",
    }
    with opened(plugin) as loyalty:
        receipt = loyalty.record(ride(shared=True, **more))
    assert receipt.changes == {"points": 7}
    assert plugin.seen == [
        Ride(
            km=7,
            by="bike",
            weather=Weather.WET,
            shared=True,
            litres=Decimal("1.50"),
            day=date(2026, 5, 31),
            arrived_at=datetime(2026, 5, 31, 8, tzinfo=UTC),
        )
    ]
    assert type(plugin.seen[0].weather) is Weather


def test_all_that_does_not_fit_is_told_at_once() -> None:
    with opened(Rides()) as loyalty:
        wrong = ride(by="car", km="far", litres=1.5, nota="x", day="tomorrow")
        assert refused(loyalty, wrong | {"channel": 7}) == [
            "$.data.litres: 1.5 is not a text, whole number, true, false or null.",
            "$.channel: 7 is not a text.",
            "$.data.km: 'far' is not a whole number. Send a whole number, such as 12.",
            "$.data.by: 'car' is not one of: bike, train.",
            "$.data.day: 'tomorrow' is not a date. Write a day such as 2026-11-21.",
            "$.data.nota: unknown key. Did you mean note?",
        ]
        assert refused(loyalty, {**ride(), "data": {}}) == [
            "$.data.km: missing. Add it.",
            "$.data.by: missing. Add it.",
        ]
        assert refused(loyalty, ride(km=0)) == ["$.data.km: this is no distance. Send whole km."]


def test_a_kind_of_the_plugin_that_it_does_not_declare_is_refused() -> None:
    with opened(Rides()) as loyalty:
        assert refused(loyalty, ride(kind="rides.rode")) == [
            "$.kind: the plugin 'rides' declares no activity 'rides.rode'. Did you mean rides.ride?"
        ]
        assert refused(loyalty, ride(kind="rides.x")) == [
            "$.kind: the plugin 'rides' declares no activity 'rides.x'. It declares: rides.ride."
        ]


@pytest.mark.parametrize("kind", ["review", "other.ride", "rides", "ridesx.ride"])
def test_other_kinds_hold_whatever_they_like(kind: str) -> None:
    with opened(Rides()) as loyalty:
        receipt = loyalty.record(ride(kind=kind, km="far", anything=None))
        assert receipt.status is RecordStatus.BOOKED


def test_what_is_recorded_is_what_was_given_in_its_types() -> None:
    with opened(Rides()) as loyalty:
        receipt = loyalty.record(ride(km="7", shared="TRUE"))
        assert receipt.member_id
        exported: Any = loyalty.export(receipt.member_id)
        (fact,) = exported["data"]["fact"]
        assert fact["document"]["data"] == {"km": 7, "by": "bike", "shared": True}


def test_texts_and_values_are_the_same_fact() -> None:
    with opened(Rides()) as loyalty:
        assert loyalty.record(ride(km="7", litres="1.50")).changes == {"points": 7}
        again = loyalty.record(ride(km=7, litres="1.50"))
        assert again.status is RecordStatus.DUPLICATE
        with pytest.raises(IdempotencyConflict):
            loyalty.record(ride(km=8, litres="1.50"))


@pytest.mark.parametrize("text", ["7.5", "+7", "7 ", "\u0667", "", "1" * 16, "yes"])
def test_not_every_text_is_a_number(text: str) -> None:
    with opened(Rides()) as loyalty:
        assert refused(loyalty, ride(km=text))[0].startswith("$.data.km: ")


def test_the_cells_of_a_csv_file_are_read() -> None:
    lines = (
        "id,kind,email,occurred_at,data.km,data.by,data.shared",
        "1,rides.ride,ada@example.org,2026-05-31T10:00:00Z,12,train,true",
        "2,rides.ride,ada@example.org,2026-05-31T11:00:00Z,x,train,",
    )
    plugin = Rides()
    with opened(plugin) as loyalty:
        file = FactFile(name="rides.csv", orders=False)
        rows = read_facts(BytesIO("\n".join(lines).encode()), file, loyalty.config.program)
        summary = loyalty.record_many([row.fact for row in rows if row.fact])
        assert summary.counts[RecordStatus.BOOKED] == 1
        (rejected,) = summary.rejected
        assert rejected.error.message == "$.data.km: 'x' is not a whole number"
    assert plugin.seen == [Ride(km=12, by="train", shared=True)]


def test_the_dataclass_is_checked_like_its_json() -> None:
    document = ride()
    del document["type"]
    at = {"occurred_at": START, "data": {"km": 7, "by": "boat"}}
    with opened(Rides()) as loyalty:
        assert refused(loyalty, Activity(**{**document, **at})) == [
            "$.data.by: 'boat' is not one of: bike, train."
        ]


def test_orders_are_left_alone() -> None:
    plugin = Rides()
    with opened(plugin) as loyalty:
        assert loyalty.record(order("1")).status is RecordStatus.BOOKED
    assert plugin.seen == []


def test_a_kind_says_what_it_holds() -> None:
    with opened(Rides()) as loyalty:
        assert loyalty.activities == (RIDE,)
    told = {one.name: (one.type, one.needed, one.doc) for one in RIDE.fields()}
    assert told["km"] == ("whole number", True, "How far.")
    assert told["by"] == ('"bike", "train"', True, "By what.")
    assert told["litres"] == ("decimal or null", False, "What it took.")


def test_the_schema_takes_what_the_kind_takes() -> None:
    schema = json.loads(json.dumps(RIDE.schema()))
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema).is_valid
    fits = {"km": 7, "by": "bike"}
    taken: list[dict[str, Any]] = [
        {"km": "7"},
        {"shared": "True"},
        {"litres": "1.5"},
        {"litres": None},
        {"day": "2026-05-31"},
        {"arrived_at": "2026-05-31T10:00:00Z"},
        {"weather": "wet"},
        {"note": "x"},
    ]
    wrong: list[dict[str, Any]] = [
        {"km": "7.5"},
        {"km": None},
        {"shared": "yes"},
        {"shared": 1},
        {"litres": "x"},
        {"day": "31.5.2026"},
        {"arrived_at": "2026-05-31T10:00:00"},
        {"weather": "hot"},
        {"nota": "x"},
        {"note": None},
    ]
    with opened(Rides()) as loyalty:
        for place, more in enumerate(taken):
            assert valid(fits | more), more
            loyalty.record(ride(f"taken {place}", **more))
        for place, more in enumerate(wrong):
            assert not valid(fits | more), more
            with pytest.raises(FactError):
                loyalty.record(ride(f"wrong {place}", **more))


@dataclass
class Soft:
    """Not frozen."""

    km: int = field(default=0, metadata={"doc": "How far."})


@dataclass(frozen=True)
class Silent:
    """Says nothing of its field."""

    km: int = 0


@dataclass(frozen=True)
class Deep:
    """Holds what is no plain value."""

    parts: tuple[str, ...] = field(default=(), metadata={"doc": "Parts."})


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (ActivityKind("rides.a", int, "A ride."), "'rides.a' has data that are not a dataclass"),
        (ActivityKind("rides.a", Ride, ""), "'rides.a' has no summary"),
        (
            ActivityKind("rides.a", Soft, "A ride."),
            "'rides.a' has data whose dataclass Soft is not frozen",
        ),
        (
            ActivityKind("rides.a", Silent, "A ride."),
            "'rides.a' does not say what 'km' is: metadata=doc(...)",
        ),
        (
            ActivityKind("rides.a", Deep, "A ride."),
            "'rides.a' has 'parts' of a type that is not a plain value: tuple[str, ...]",
        ),
        (object(), "has no kind and no data and no summary"),
    ],
)
def test_a_kind_that_says_too_little_keeps_the_program_shut(kind: Any, message: str) -> None:
    with pytest.raises(PluginError, match="loyalty_register_activities") as raised:
        opened(Rides(kind))
    assert message in raised.value.message


def test_a_kind_is_below_its_plugin_and_declared_once() -> None:
    with pytest.raises(PluginError) as raised:
        opened(Rides(ActivityKind("ride", Ride, "A ride.")))
    assert raised.value.message == "the plugin 'rides' registers the kind of activity 'ride'"
    with pytest.raises(PluginError) as raised:
        opened(Rides(RIDE, RIDE))
    assert "is registered by 'rides' and 'rides'" in raised.value.message
