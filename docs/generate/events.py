"""The page about events: what a program tells others."""

from __future__ import annotations

from dataclasses import fields

from docs.generate.text import code, prose, table
from docs.generate.text import page as whole_page
from loyalty_core import Event
from loyalty_core.domain.events import CORE_EVENTS

INTRODUCTION = """
An event says what was booked. It is written in the transaction that booked it, one delivery for
each subscription, and handed over after the commit by [`tick`](api.md#loyalty). A delivery that
fails is tried again with growing pauses, twelve times in all, and is then dead: `loyalty status`
counts those. A handler may get an event twice, so it tells them apart by `id`. A plugin
subscribes with [`loyalty_register_handlers`](hooks.md#loyalty_register_handlers) and publishes
its own events with the effect [`Emit`](hooks.md#emit). An event that nobody is subscribed to when
it happens is not kept.
"""


def page() -> str:
    """The page about events."""
    rows = [(code(name), *_parts(told)) for name, told in CORE_EVENTS.items()]
    shown = [(code(item.name), code(item.type)) for item in fields(Event)]
    return whole_page(
        "Events",
        INTRODUCTION,
        "## Events of the core",
        table(("type", "says", "data"), rows),
        "## Event",
        prose(Event.__doc__),
        table(("field", "type"), shown),
    )


def _parts(told: str) -> tuple[str, str]:
    says, _, data = told.partition("; data: ")
    return f"{says.rstrip('.')}.", data.rstrip(".")
