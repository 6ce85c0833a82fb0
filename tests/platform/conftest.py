"""An open program on each kind of database, as in the tests of the contract."""

from __future__ import annotations

from tests.contract.conftest import shop, sqlite_shop

__all__ = ["shop", "sqlite_shop"]
