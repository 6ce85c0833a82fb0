"""The connector in front of its double: what the rules about connectors play with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from loyalty_core import Loyalty
from loyalty_core.testing import (
    ConnectorStand,
    FrozenClock,
    Opening,
    SentWebhook,
    ShopOrder,
    changes_of,
    order_fact,
)
from loyalty_csv.connector import FolderConnector
from plugins.csv.tests.build import FOLDER, NOW, config_of
from plugins.csv.tests.double import SECRET, ObjectStore


class Exports:
    """A till that puts an order into a file of its own whenever it changes, and sends nothing."""

    connector = FOLDER

    def __init__(self, double: ObjectStore) -> None:
        self.double = double

    def webhooks(self, history: Sequence[ShopOrder]) -> Sequence[SentWebhook]:
        return ()

    def about(self, order: ShopOrder, at: datetime) -> Sequence[SentWebhook]:
        return ()

    def hold(self, history: Sequence[ShopOrder], at: datetime | None = None) -> None:
        for moment, order in changes_of(history):
            if at is None or moment <= at:
                fact = {**order_fact(order, moment, source="web"), "currency": "EUR"}
                self.double.put(f"till/{moment:%d-%H%M}-{order.id}.jsonl", json.dumps(fact))


@contextmanager
def delivering() -> Iterator[tuple[Opening, Exports]]:
    """A bucket with a folder that files are put into."""
    with ObjectStore() as double:

        def opening() -> Loyalty:
            return Loyalty.open(config_of(double), "sqlite://", clock=FrozenClock(NOW))

        yield opening, Exports(double)


STAND = ConnectorStand(kind=FolderConnector, environment={"TILL_KEY": SECRET}, platform=delivering)
