"""PostgreSQL killed under load and started again: nobody notices, nothing is lost or doubled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from loyalty_core import Loyalty
from loyalty_core.storage.engine import open_engine
from tests import postgres
from tests.toy import START, Toy, config_of, order

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")

NIGHTLY = bool(os.environ.get("LOYALTY_NIGHTLY"))
THREADS = 6
OUTAGES = 40 if NIGHTLY else 2
CALM_SECONDS = 2 if NIGHTLY else 0.3  # nobody is without a server for ten seconds on end
# What is committed survives the process of the server; only a power cut may take it.
OPTIONS = [one for one in postgres.SERVER_OPTIONS if not one.startswith("synchronous_commit")]


class Server:
    """A server of our own, which we may kill."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process, made = postgres.start(home, OPTIONS)
        self.url = made.create_database()
        self._ready = made.url("postgres").replace("+psycopg", "")

    def crash_a_session(self) -> None:
        """Kills the process of one session: the server ends all of them and recovers."""
        session = psycopg.connect(self._ready)
        os.kill(session.info.backend_pid, signal.SIGKILL)
        session.close()

    def crash(self) -> None:
        """Kills the server itself, and starts another one on its data after a while."""
        lock = self._home / "server" / "data" / "postmaster.pid"
        pid = int(lock.read_text().splitlines()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(pid, signal.SIGKILL)
        postgres.stop(self._process)
        while any(Path(f"/proc/{child}").exists() for child in children):
            time.sleep(0.01)  # they notice by themselves, and the data are theirs until then
        self._process = subprocess.Popen(
            self._process.args,
            **postgres.run_as(),
            cwd=self._home / "server",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        url = postgres.make_url(self._ready)
        postgres.wait_until_ready(url, self._process, self._home / "log")

    def stop(self) -> None:
        postgres.stop(self._process)


@pytest.fixture
def server() -> Iterator[Server]:
    home = Path(tempfile.mkdtemp(prefix="loyalty-pg-"))
    try:
        try:
            made = Server(home)
        except postgres.NoPostgresError as error:
            pytest.skip(f"PostgreSQL: {error}")
        yield made
        made.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@dataclass
class Said:
    """What was acknowledged to one thread; each answer by what it answers."""

    facts: dict[str, Any] = field(default_factory=dict)
    spent: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    joined: dict[str, Any] = field(default_factory=dict)
    slowest: float = 0.0


def redeem(loyalty: Loyalty, member: str, key: str) -> Any:
    return loyalty.redeem(member, points=2, key=key)


def adjust(loyalty: Loyalty, member: str, key: str) -> Any:
    return loyalty.adjust(member, "points", 5, reason="r", actor="a", key=key)


def work(loyalty: Loyalty, name: str, said: Said, enough: threading.Event) -> None:
    """Shops, spends and so on until it is enough; two threads share a member."""
    email = f"m{int(name[1:]) // 2}@example.org"
    for number in count():
        key = f"{name}.{number}"
        began = time.monotonic()
        receipt = loyalty.record(order(key, "3.00", email=email))
        said.facts[key] = receipt.fact_id
        said.spent[key] = redeem(loyalty, receipt.member_id or "", f"spend {key}")
        said.given[key] = adjust(loyalty, receipt.member_id or "", f"give {key}")
        joining = {"email": f"{key}@example.org"}
        said.joined[key] = loyalty.enrol(joining, key=f"join {key}").id
        if number % 5 == 4:
            loyalty.tick()
        said.slowest = max(said.slowest, time.monotonic() - began)
        if enough.is_set():
            return


@pytest.mark.timeout(1200)
def test_postgresql_killed_under_load(server: Server) -> None:
    received: Counter[str] = Counter()
    toy = Toy(subscribed=("points_credited",), on_event=lambda told: received.update([told.id]))
    said = {f"t{number}": Said() for number in range(THREADS)}
    enough, failures = threading.Event(), list[BaseException]()

    def run(name: str) -> None:
        try:
            work(loyalty, name, said[name], enough)
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    engine, losses = open_engine(server.url), list[bool]()

    def note(context: Any) -> None:
        if context.is_disconnect:
            losses.append(True)

    event.listen(engine, "handle_error", note)
    with Loyalty.open(config_of(), engine, plugins=[toy], clock=lambda: START) as loyalty:
        threads = [threading.Thread(target=run, args=[name]) for name in said]
        for thread in threads:
            thread.start()
        for outage in range(OUTAGES):
            time.sleep(CALM_SECONDS)
            (server.crash if outage % 2 else server.crash_a_session)()
        time.sleep(CALM_SECONDS)
        enough.set()
        for thread in threads:
            thread.join()
        assert failures == []
        check(loyalty, list(said.values()))
    engine.dispose()
    assert len(received) > THREADS
    assert len(losses) >= OUTAGES


def check(loyalty: Loyalty, said: list[Said]) -> None:
    done = sum(len(one.facts) for one in said)
    assert all(one.facts for one in said)
    assert loyalty.verify().problems == ()
    report = loyalty.report()
    assert report.orders == done
    (sums,) = report.wallets
    assert (sums.issued, sums.redeemed, sums.debt) == (3 * done, 2 * done, 0)
    assert sums.outstanding == (3 - 2 + 5) * done
    for one in said:
        for key, fact in one.facts.items():
            email = one_member(loyalty, one.spent[key].member_id)
            again = loyalty.record(order(key, "3.00", email=email))
            assert (again.status, again.fact_id) == ("duplicate", fact)
            member = one.spent[key].member_id
            assert redeem(loyalty, member, f"spend {key}") == one.spent[key]
            assert adjust(loyalty, member, f"give {key}") == one.given[key]
            joining = {"email": f"{key}@example.org"}
            assert loyalty.enrol(joining, key=f"join {key}").id == one.joined[key]
    assert loyalty.report().wallets == report.wallets


def one_member(loyalty: Loyalty, member: str) -> str:
    (identity,) = loyalty.member(member).identities
    return identity.value
