"""The gateway of the demo: another process, started, asked over HTTP and stopped."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from loyalty_core.cli.demo.program import DemoProgram
from loyalty_core.cli.documents import moment
from loyalty_core.domain.facts import Json
from loyalty_core.errors import PluginError

START_SECONDS = 60
ANSWER_SECONDS = 30
STOP_SECONDS = 10
_FIELDS = ("url", "storefront", "admin", "admin_key", "token", "member_id")


class WrongAnswerError(Exception):
    """The gateway did not answer a query; says what it did instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Where the gateway is, and how to be let in: as a member, or as an operator."""

    url: str
    storefront: str
    admin: str
    admin_key: str
    token: str
    member_id: str
    process: subprocess.Popen[bytes]


@contextmanager
def serving(program: DemoProgram, member_id: str, port: int) -> Iterator[Gateway]:
    """The gateway over the demo's database, with the same standing clock, until the block ends.

    Raises ``PluginError`` if it does not start; the end of its log is in the message.
    """
    log = program.folder / "gateway.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            _command(program, member_id, port),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            yield _started(process, _first_line(process), log)
        finally:
            _stop(process)


def _command(program: DemoProgram, member_id: str, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "loyalty_core.cli", "serve", "--dev", "--json"),
        *("--config", str(program.config), "--database", program.database),
        *("--member", member_id, "--at", str(moment(program.at)), "--port", str(port)),
    ]


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """The first line the process prints, or all of it where that is not one whole document.

    What follows is read and forgotten, so that the process never waits for us.
    """
    said: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def drain(stream: IO[bytes]) -> None:
        line = stream.readline()
        said.put(line if line.rstrip() != b"{" else line + stream.read(1 << 16))
        while stream.read(1 << 16):
            pass

    threading.Thread(target=drain, args=(process.stdout,), daemon=True).start()
    try:
        return said.get(timeout=START_SECONDS)
    except queue.Empty:
        return b""


def _started(process: subprocess.Popen[bytes], line: bytes, log: Path) -> Gateway:
    try:
        said = json.loads(line)
        if isinstance(said, dict) and isinstance(said.get("error"), dict):
            error = said["error"]
            raise PluginError(str(error["message"]), remedy=str(error.get("remedy", "")))
        return Gateway(process=process, **{name: str(said[name]) for name in _FIELDS})
    except (ValueError, KeyError, TypeError):
        tail = (log.read_text("utf-8", "replace") + line.decode("utf-8", "replace"))[-2000:]
        raise PluginError(
            f"the gateway did not start: {tail.strip() or 'it said nothing'}",
            where="loyalty serve",
            remedy="Run `loyalty serve --dev` to see why.",
        ) from None


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def ask(url: str, credential: str, query: str) -> Mapping[str, Json]:
    """The ``data`` that the gateway answers a query with; raises ``WrongAnswerError``."""
    request = urllib.request.Request(  # noqa: S310 - the address is our own gateway's
        url,
        data=json.dumps({"query": query}).encode(),
        headers={
            "Authorization": f"Bearer {credential}",
            "Content-Type": "application/json",
            "Accept": "application/graphql-response+json, application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        text = error.read(2000).decode("utf-8", "replace")
        raise WrongAnswerError(f"the gateway answered {error.code}: {text}") from None
    except (OSError, ValueError) as error:
        raise WrongAnswerError(f"the gateway did not answer: {error}") from None
    if not isinstance(answer, dict) or answer.get("errors") or "data" not in answer:
        raise WrongAnswerError(f"the gateway answered: {str(answer)[:2000]}")
    return cast(Mapping[str, Json], answer["data"])
