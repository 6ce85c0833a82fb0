"""What a simulation begins with: the shop, its partner, a household, and codes in a pool."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from loyalty_core import Loyalty
from loyalty_core.testing import FrozenClock
from tests.faults.simulation.truth import (
    BAKED,
    CARD,
    CARDS,
    LINKED,
    PENDING_DAYS,
    PRICE,
    REVIEW,
    SHARING,
)
from tests.toy import START, Toy, config_of

Config = Mapping[str, Any]

BEFORE = timedelta(days=30)
"""How long before anything else happens."""

_PER_CENT = {"points": 100, "amount": "0.90"}  # as the truth says, too
_BAKERY = {"shop": {"pays": {"points": {"price": _PER_CENT}}}}
_ACCEPTED = {"value": {"points": 100, "amount": "1.00"}, "unit": "crumbs"}


def shop(expiry_days: int | None) -> dict[str, Any]:
    """The configuration of the program that the clients work with."""
    expiry = {"after_days": expiry_days} if expiry_days else {}
    settings = {"pending_days": PENDING_DAYS, "activities": {"review": REVIEW}}
    card = {"kind": "gift_card", "amount": "5.00", "points": PRICE, "stock": CARDS}
    return config_of(wallet={"expiry": expiry}, settings=settings) | {
        "household": {"wallets": {"points": {}}},
        "rewards": {CARD: {**card, "code": {"pool": CARD}}},
        "partners": {"bakery": {"accepts": {"points": _ACCEPTED}}},
    }


def bakery() -> dict[str, Any]:
    """The configuration of the partner whose points buy in the shop."""
    return config_of("bakery") | {"partners": _BAKERY}


def opened(config: Config, engine: Engine, clock: FrozenClock) -> tuple[Loyalty, Loyalty]:
    """Both programs, with all that is there before the clients come."""
    clock.set(START - BEFORE)
    partner = Loyalty.open(bakery(), engine, plugins=[Toy()], clock=clock)
    ours = Loyalty.open(config, engine, plugins=[Toy()], clock=clock)
    ours.import_codes(CARD, [f"card-{number}" for number in range(CARDS + 1)])
    head, other = (ours.enrol({"email": email}).id for email in SHARING)
    home = ours.create_household(head, key="home").household_id
    ours.invite_to_household(home, other, by=head, key="invited")
    ours.join_household(home, other, key="joined")
    there = partner.enrol({"email": LINKED}).id
    partner.adjust(there, "points", BAKED, reason="test", actor="eve", key="baked")
    ours.link(ours.enrol({"email": LINKED}).id, "bakery", there, key="link")
    clock.set(START)
    return ours, partner
