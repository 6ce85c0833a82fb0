"""``loyalty serve`` as its users run it: a process that says where it is, and stops when told."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer

from loyalty_core import ConfigError, Loyalty, MemberNotFound
from loyalty_gateway.serving import serve

COMMAND = "import typer; from loyalty_gateway.serving import serve; typer.run(serve)"
CONFIG = """
[program]
id = "shop"
[wallets.points]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "loyalty.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@contextmanager
def started(config: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server process and the first line it prints; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "--config", str(config), "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit code, and what the process printed after its first line."""
    assert process.stdout
    assert process.stderr
    return process.wait(timeout=30), process.stdout.read(), process.stderr.read()


def asked(url: str, query: str, credential: str | None) -> Any:
    headers = {"authorization": f"Bearer {credential}"} if credential else {}
    return httpx2.post(url, json={"query": query}, headers=headers).json()


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_development_server(config: Path, kind: signal.Signals) -> None:
    with Loyalty.open(config) as loyalty:
        ada = loyalty.enrol({"email": "ada@example.org"}).id
        loyalty.enrol({"email": "bob@example.org"})
    with started(config, "--dev", "--json", "--member", "email:ada@example.org") as (process, line):
        ready = json.loads(line)
        assert set(ready) == {"url", "storefront", "admin", "admin_key", "token", "member_id"}
        assert ready["member_id"] == ada
        assert ready["storefront"] == f"{ready['url']}/graphql"
        me = asked(ready["storefront"], "{ me { id } }", ready["token"])
        assert me == {"data": {"me": {"id": ada}}}
        report = asked(ready["admin"], "{ program { report { members } } }", ready["admin_key"])
        assert report == {"data": {"program": {"report": {"members": 2}}}}
        page = httpx2.get(ready["storefront"], headers={"accept": "text/html"})
        assert "GraphiQL" in page.text
        os.kill(process.pid, kind)
        assert finished(process) == (0, "", "")


def test_a_server_of_a_program_lets_in_whom_its_settings_say(config: Path) -> None:
    with started(config, "--json") as (_, line):
        ready = json.loads(line)
        assert (ready["token"], ready["admin_key"], ready["member_id"]) == (None, None, None)
        assert asked(ready["storefront"], "{ program { id } }", None) == {
            "data": {"program": {"id": "shop"}}
        }
        refused = asked(ready["admin"], "{ program { id } }", "x")
        assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert httpx2.get(f"{ready['url']}/readyz").json() == {"status": "ok"}


def test_the_clock_may_stand(config: Path) -> None:
    with Loyalty.open(config) as loyalty:
        loyalty.enrol({"email": "ada@example.org"})
    options = (
        "--dev",
        "--json",
        "--member",
        "ada@example.org",
        "--at",
        "1998-07-01T00:00:00+02:00",
    )
    with started(config, *options) as (_, line):
        ready = json.loads(line)
        me = asked(ready["storefront"], "{ me { statement { at } } }", ready["token"])
        assert me == {"data": {"me": {"statement": {"at": "1998-06-30T22:00:00Z"}}}}


def test_people_read_where_it_is(config: Path) -> None:
    with started(config, "--dev") as (process, line):
        assert line.startswith("storefront")
        assert "http://127.0.0.1:" in line
        os.kill(process.pid, signal.SIGTERM)
        code, rest, _ = finished(process)
        assert code == 0
        assert "admin key" in rest
        assert "nobody has earned yet" in rest


def test_what_keeps_it_from_starting(config: Path) -> None:
    with pytest.raises(MemberNotFound):
        serve(config, dev=True, member="email:nobody@example.org", port=0)
    with pytest.raises(ConfigError, match=r"cannot listen on 203\.0\.113\.1:1"):
        serve(config, host="203.0.113.1", port=1)
    for moment in ("1998-07-01T00:00:00", "noon"):
        with pytest.raises(typer.BadParameter, match=moment):
            serve(config, at=moment)
