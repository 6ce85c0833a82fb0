"""Sealed books to tamper with, and what is found then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text

from loyalty_core import Loyalty, SealReport
from loyalty_core.application import seal
from tests.contract.conftest import Shop
from tests.toy import order


@contextmanager
def behind_our_back(shop: Shop) -> Iterator[Connection]:
    engine = create_engine(shop.url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def change(shop: Shop, statement: str, **values: Any) -> None:
    with behind_our_back(shop) as connection:
        assert connection.execute(text(statement), values).rowcount >= 1


def sealed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> tuple[Loyalty, list[str]]:
    """Five transactions in blocks of two, two and one; their ids in the order of the seal."""
    monkeypatch.setattr(seal, "TRANSACTIONS_A_BLOCK", 2)
    loyalty = shop.open()
    member = ""
    for number in range(5):
        member = loyalty.record(order(str(number), f"{number + 10}.00")).member_id or ""
    assert loyalty.seal() == SealReport(blocks=3, transactions=5)
    return loyalty, sorted(item.transaction.id for item in loyalty.history(member).items)


def broken(loyalty: Loyalty, **given: Any) -> set[tuple[str, str]]:
    """Where the seal is broken, and how; faults of the ledger are left out."""
    problems = loyalty.verify(**given).problems
    return {(one.where, one.message) for one in problems if one.code == "seal_broken"}
