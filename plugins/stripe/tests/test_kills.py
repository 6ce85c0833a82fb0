"""Processes that are killed while a fee is collected, or given back: the money moves once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loyalty_core.testing import Asked, FrozenClock
from loyalty_paid import Memberships
from plugins.stripe.tests.build import config_of, opened, sent
from plugins.stripe.tests.double import Stripe

ROOT = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, "-m", "plugins.stripe.tests.ticking")


@pytest.mark.parametrize(
    ("path", "done"), [("payment_intents", True), ("payment_intents", False), ("refunds", True)]
)
def test_a_killed_process_moves_no_money_twice(
    double: Stripe, clock: FrozenClock, database_url: str, path: str, done: bool
) -> None:
    with opened(double, database_url, clock) as loyalty:
        ada = loyalty.enrol({"email": "ada@example.org"}).id
        Memberships(loyalty).subscribe(ada, "club", key="1")
        loyalty.tick()
        double.till.pay(double.till.held("checkout.session")[0], "pm_1")
        sent(loyalty, double)
        if path == "refunds":
            clock.advance(days=1)
            Memberships(loyalty).cancel(ada, key="2", when="now")
        else:
            clock.advance(days=31)
    killed(double, database_url, clock, path, done=done)
    with opened(double, database_url, clock) as loyalty:
        clock.advance(hours=1)
        loyalty.tick()
        shown = Memberships(loyalty).of(ada)
        wanted = [1000, -1000] if path == "refunds" else [1000, 1000]
        assert double.till.taken == wanted
        assert (shown["status"], shown["fees"]) == (
            ("ended", 0) if path == "refunds" else ("active", 2000)
        )
        assert loyalty.verify().problems == ()


def killed(double: Stripe, database: str, clock: FrozenClock, path: str, *, done: bool) -> None:
    """Ticks in a process that is killed when it asks for money: before or after it moved."""
    config = json.dumps(config_of(double.url))
    child = subprocess.Popen([*COMMAND, config, database, clock().isoformat()], cwd=ROOT)

    def kill(asked: Asked) -> None:
        if asked.method == "POST" and asked.path == f"/v1/{path}":
            os.kill(child.pid, signal.SIGKILL)
            child.wait(timeout=60)
            if not done:
                raise ConnectionAbortedError  # the request never came to anything

    setattr(double, "after" if done else "during", kill)
    assert child.wait(timeout=60) == -signal.SIGKILL
    double.after = double.during = None
