"""A base for doubles of shop platforms: real HTTP servers that misbehave when they are told to."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self
from urllib.parse import parse_qsl, urlsplit

from loyalty_core.domain.facts import Json

FaultKind = Literal["answer", "drop", "forget", "truncate", "delay", "late", "drip"]
DRIP = timedelta(milliseconds=200)
LOOKS = timedelta(milliseconds=10)
"""How often it looks whether it is to stop: every test waits for that at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that a double got; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Json:
        """The body as JSON."""
        read: Json = json.loads(self.body)
        return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a double answers; the header ``date`` is by its clock if it is left out."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(document: object, status: int = 200, **headers: str) -> Answer:
        """An answer with a JSON body, of what ``json.dumps`` can write.

        ``_`` in the names of headers is ``-``.
        """
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        made = json.dumps(document).encode()
        return Answer(
            status=status, body=made, headers={"content-type": "application/json", **given}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How the next request fails.

    ``answer``: with ``answer``, such as a 429 or a 503, and nothing is done. ``drop``: the line is
    cut before anything is done. ``forget``: it is done, and the line is cut before the answer.
    ``truncate``: the answer ends in the middle. ``delay``: it is done after ``seconds``. ``late``:
    it is done, and answered after ``seconds``. Of both ``settle`` ends the wait. ``drip``: each
    byte takes a fifth of a second.
    """

    kind: FaultKind
    answer: Answer = Answer(status=503)
    seconds: int = 0


class PlatformDouble:
    """A platform on localhost: a subclass says what it answers, a test how it misbehaves.

    ``faults`` are met in turn by the requests that come; ``asked`` has all of them. While it is
    ``down`` every request is answered 503, and nothing is done. ``clock`` is its own, which answers
    say. ``during`` is called before each request is answered: what else happens there meanwhile.

    >>> class Hello(PlatformDouble):
    ...     def answer(self, asked):
    ...         return Answer.of({"path": asked.path})
    >>> with Hello() as double:
    ...     double.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(self) -> None:
        self.faults: deque[Fault] = deque()
        self.asked: list[Asked] = []
        self.down = False
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.during: Callable[[Asked], None] | None = None
        self._lock = threading.RLock()
        self._ended = threading.Condition(self._lock)
        self._settling = threading.Event()
        self._going = 0
        self._server: ThreadingHTTPServer | None = None

    def answer(self, asked: Asked) -> Answer:
        """What the platform answers; called with one request at a time."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        assert self._server is not None, "use it as a context manager"
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Starts to listen."""
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # a body would wait until its headers had arrived

            def handle_one(self) -> None:
                with double._busy():
                    double._serve(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815

            def log_message(self, *_: object) -> None:  # silence: a test says what it found
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        serve, looks = self._server.serve_forever, LOOKS.total_seconds()
        threading.Thread(target=serve, args=(looks,), daemon=True).start()
        return self

    def settle(self) -> None:
        """Lets all that was asked be done, also for those who hung up, and waits for it."""
        self._settling.set()
        with self._ended:
            self._ended.wait_for(lambda: not self._going, timeout=30)
        self._settling.clear()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stops."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @contextmanager
    def _busy(self) -> Iterator[None]:
        with self._ended:
            self._going += 1
        try:
            yield
        finally:
            with self._ended:
                self._going -= 1
                self._ended.notify_all()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        asked = _read(handler)
        with self._lock:
            self.asked.append(asked)
            down = self.down
            fault = self.faults.popleft() if self.faults and not down else None
        if down:
            self._send(handler, Answer(status=503))
            return
        if fault is not None and fault.kind == "delay":
            self._settling.wait(fault.seconds)
        if fault is not None and fault.kind == "drop":
            _cut(handler)
            return
        if fault is not None and fault.kind == "answer":
            self._send(handler, fault.answer)
            return
        with self._lock:
            if self.during is not None:
                self.during(asked)
            answer = self.answer(asked)
        if fault is not None and fault.kind == "forget":
            _cut(handler)
            return
        if fault is not None and fault.kind == "late":
            self._settling.wait(fault.seconds)
        whole = fault is None or fault.kind != "truncate"
        drips = fault is not None and fault.kind == "drip"
        with suppress(ConnectionError):  # who waited has hung up
            self._send(handler, answer, whole=whole, drips=drips)

    def _send(
        self,
        handler: BaseHTTPRequestHandler,
        answer: Answer,
        *,
        whole: bool = True,
        drips: bool = False,
    ) -> None:
        handler.send_response_only(answer.status)
        if "date" not in map(str.lower, answer.headers):
            handler.send_header("date", format_datetime(self.clock().astimezone(UTC), usegmt=True))
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(answer.body)))
        handler.end_headers()
        body = b"" if handler.command == "HEAD" else answer.body
        body = body if whole else body[: len(body) // 2]
        for place in range(len(body) if drips else 0):
            handler.wfile.write(body[place : place + 1])
            time.sleep(DRIP.total_seconds())
        handler.wfile.write(b"" if drips else body)
        if not whole:
            _cut(handler)


def _read(handler: BaseHTTPRequestHandler) -> Asked:
    parts = urlsplit(handler.path)
    size = int(handler.headers.get("content-length") or 0)
    return Asked(
        method=handler.command,
        path=parts.path,
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in handler.headers.items()},
        body=handler.rfile.read(size),
    )


def _cut(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.flush()
    handler.close_connection = True
