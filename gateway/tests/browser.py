"""A headless Chromium, driven by the DevTools protocol over two pipes; no library needed."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60
# The browser reads file 3 and writes file 4. Not by `preexec_fn`, which threads forbid.
REDIRECTED = """
import os, sys
first, second = (os.dup(int(number)) for number in sys.argv[1:3])
os.dup2(first, 3)
os.dup2(second, 4)
for number in (3, 4):  # a copy that got this number by chance would be closed
    os.set_inheritable(number, True)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_chromium() -> str | None:
    """The program, if there is one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Page:
    """One page; ``events`` are all that the browser told of it."""

    def __init__(self, send: int, receive: int) -> None:
        self.events: list[dict[str, Any]] = []
        self._send, self._receive = send, receive
        self._last = 0
        self._session: str | None = None
        self._buffer = b""
        targets = self.call("Target.getTargets")["targetInfos"]
        target = next(item["targetId"] for item in targets if item["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What a command answers."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def value(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        made = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return made["result"].get("value")

    def until(self, expression: str) -> Any:
        """The expression's value as soon as it is true; fails after a minute."""
        end = time.monotonic() + PATIENCE
        while not (value := self.value(expression)):
            assert time.monotonic() < end, f"{expression} is {value!r}"
            time.sleep(0.05)
        return value

    def told(self, method: str) -> list[dict[str, Any]]:
        """The parameters of all events of one kind."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._receive], [], [], PATIENCE)
            chunk = os.read(self._receive, 1 << 20) if ready else b""
            assert chunk, "the browser is gone"
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        made: dict[str, Any] = json.loads(message)
        return made


@contextmanager
def opened(chromium: str, profile: Path) -> Iterator[Page]:
    """A browser with one empty page, ended with the block."""
    commands_out, commands_in = os.pipe()
    answers_out, answers_in = os.pipe()

    process = subprocess.Popen(
        [
            *(sys.executable, "-c", REDIRECTED, str(commands_out), str(answers_in)),
            chromium,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
            "about:blank",
        ],
        pass_fds=(commands_out, answers_in),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands_out)
    os.close(answers_in)
    try:
        yield Page(commands_in, answers_out)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        os.close(commands_in)
        os.close(answers_out)
