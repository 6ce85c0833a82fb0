"""What a test process does once for all of its tests, or not at all.

Most tests open a database of their own. To compile statements for it takes as long as to run them;
an engine's cache goes by its dialect, so dialects of a kind are made equal while tests run. To
read the entry points of every distribution takes a third as long again. And a file of SQLite's
waits for the disk when it is closed, as if a power cut could cost a test something.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from loyalty_core.storage import engine

ENTRY_POINTS = "entry_points.txt"
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


@pytest.fixture(scope="session", autouse=True)
def entry_points_read_once() -> Iterator[None]:
    """A distribution says the same of itself as long as its folder is not written to."""
    read = PathDistribution.read_text

    @cache
    def known(path: Path, changed: int) -> str | None:
        return read(PathDistribution(path), ENTRY_POINTS)

    def text(self: PathDistribution, filename: Any) -> str | None:
        path = getattr(self, "_path", None)
        if filename != ENTRY_POINTS or not isinstance(path, Path) or not path.is_dir():
            return read(self, filename)
        return known(path, path.stat().st_mtime_ns)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PathDistribution, "read_text", text)
        yield


@pytest.fixture(scope="session", autouse=True)
def disk_not_waited_for() -> Iterator[None]:
    """SQLite leaves it to the system when it writes; processes that tests start wait as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "SYNCHRONOUS", "OFF")
        yield


def _alike(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one.paramstyle == other.paramstyle
