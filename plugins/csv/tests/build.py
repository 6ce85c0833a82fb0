"""A program with a folder in an object store, and the files of its tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from loyalty_core import Loyalty
from plugins.csv.tests.double import BUCKET, KEY_ID, REGION, ObjectStore

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HEADER = "order_id,date,email,amount\n"
FOLDER = "csv.till"


def config_of(bucket: ObjectStore, **settings: Any) -> dict[str, Any]:
    """A program that watches a folder of a bucket, unless the settings say otherwise."""
    options = {
        "endpoint": bucket.url,
        "region": REGION,
        "access_key_id": KEY_ID,
        "secret_access_key": "env:TILL_KEY",
    }
    return watching(**{"path": f"s3://{BUCKET}/till/", "store": options, **settings})


def watching(**settings: Any) -> dict[str, Any]:
    """A program that watches one folder."""
    return {
        "program": {"id": "shop", "currency": "EUR"},
        "wallets": {"points": {}},
        "plugins": {
            "points": {"earn": [{"rule": "base", "rate": {"EUR": "1"}}]},
            "csv": {"folder": [{"account": "till", **settings}]},
        },
    }


def points(loyalty: Loyalty) -> int:
    found = loyalty.find({"email": "ada@example.org"})
    return loyalty.statement(found.id).wallet("points").balance if found else 0


def rows(*numbers: int, amount: str = "1.00") -> str:
    return HEADER + "".join(f"{one},2026-05-01,ada@example.org,{amount}\n" for one in numbers)


def booked(loyalty: Loyalty) -> set[str]:
    return set(json.loads(loyalty.connector_status(FOLDER).cursor)["booked"])
