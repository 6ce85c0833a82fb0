"""Records that are read and written by the order and the names of their tables' columns."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from sqlalchemy import Table

from loyalty_core.domain.ledger import Lot, Transaction, WalletBook
from loyalty_core.storage import tables


@pytest.mark.parametrize(("kind", "table"), [(Lot, tables.lot), (WalletBook, tables.wallet)])
def test_a_record_is_made_of_its_columns_in_their_order(kind: Any, table: Table) -> None:
    names = [field.name for field in fields(kind)]
    assert names[: len(table.c)] == table.c.keys()


def test_a_transaction_has_all_columns_as_attributes() -> None:
    assert set(tables.transaction.c.keys()) <= {field.name for field in fields(Transaction)}
