"""What SQLAlchemy has compiled for one engine serves all engines of a test process.

Most tests open a database of their own, and to compile statements for it takes as long as to run
them. An engine's cache goes by its dialect, so dialects of a kind are made equal while tests run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

MOST = 2000
"""How many statements are kept; an engine by itself keeps 500."""


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """All engines that are opened meanwhile share what was compiled."""
    shared: LRUCache[Any, Any] = LRUCache(MOST)
    made = Engine.__init__

    def make(self: Engine, *args: Any, **given: Any) -> None:
        made(self, *args, **given)
        self._compiled_cache = shared

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", make)
        for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
            patch.setattr(kind, "__hash__", lambda self: hash(type(self)), raising=False)
            patch.setattr(kind, "__eq__", _alike, raising=False)
        yield


def _alike(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one.paramstyle == other.paramstyle
