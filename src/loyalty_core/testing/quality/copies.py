"""Books that are made once and copied as often as one likes: SQLite files, or databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import Engine, inspect, literal_column, make_url, select, table

from loyalty_core.storage.engine import open_engine


class Copies(Protocol):
    """A database to begin with, and copies of it; the latest is what ``url`` names."""

    @property
    def url(self) -> str:
        """Where the latest copy is; before the first one, the database to begin with."""
        ...

    def copy(self) -> None:
        """Makes another copy. Nobody may be connected to the first database any more."""
        ...


class Files:
    """SQLite files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._path().touch()  # which is an empty database

    @property
    def url(self) -> str:
        """The latest file."""
        return f"sqlite:///{self._path()}"

    def copy(self) -> None:
        """Copies the first file."""
        self._count += 1
        shutil.copyfile(self._folder / "0.db", self._path())

    def _path(self) -> Path:
        return self._folder / f"{self._count}.db"


class Databases:
    """Databases of a PostgreSQL server, made beside the one that ``server`` names."""

    def __init__(self, server: Engine) -> None:
        self._server = server
        self._first = f"loyalty_quality_{uuid4().hex}"
        self._made = [self._first]
        self._run(f'CREATE DATABASE "{self._first}" TEMPLATE template0')

    @property
    def url(self) -> str:
        """The latest database."""
        url = self._server.url.set(database=self._made[-1])
        return url.render_as_string(hide_password=False)

    def copy(self) -> None:
        """Copies the first database, and drops all copies but the latest."""
        self.drop(self._made[1:-1])
        name = f"{self._first}_{uuid4().hex[:8]}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{self._first}"')
        self._made.append(name)

    def drop(self, names: Sequence[str] | None = None) -> None:
        """Drops databases that were made, or all of them."""
        for name in list(self._made if names is None else names):
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            self._made.remove(name)

    def _run(self, statement: str) -> None:
        with self._server.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(statement)


@contextmanager
def copies(url: str, folder: Path) -> Iterator[Copies]:
    """Copies on the server of a PostgreSQL URL, dropped in the end; without one, files."""
    if make_url(url).get_backend_name() == "sqlite":
        yield Files(folder)
        return
    server = open_engine(url)
    try:
        made = Databases(server)
        try:
            yield made
        finally:
            made.drop()
    finally:
        server.dispose()


def dumped(url: str) -> list[tuple[str, str]]:
    """Every row of a database as text, with its table: the plugins' own tables as well."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            every: Any = literal_column("*")
            return [
                (name, str(row))
                for name in inspect(connection).get_table_names()
                for row in connection.execute(select(every).select_from(table(name))).all()
            ]
    finally:
        engine.dispose()
