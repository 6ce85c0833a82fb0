"""Asking a platform over HTTP: what every connector has to mind, once.

It needs the package ``httpx2``, which a plugin that uses it names among its requirements.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, ClassVar, TypeVar

from loyalty_core.domain.facts import Json
from loyalty_core.domain.json_text import parse_json
from loyalty_core.errors import ConnectorError, EncodingBroken, PlatformUnavailable

if TYPE_CHECKING:  # it is imported by whoever asks: the core does not require it
    import httpx2

AWAY = frozenset(
    {402, 408, 423, 425, 429, 430, 500, 502, 503, 504, 508, 509}
    | {520, 521, 522, 523, 524, 525, 526, 530}
)
"""Not now: a shop is being mended, frozen or asked too much, or what stands in front of it is."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What a platform answered; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    path: str

    @property
    def away(self) -> bool:
        """Whether it says that it cannot answer now."""
        return self.status in AWAY

    @property
    def at(self) -> datetime | None:
        """When it answered, by its own clock; None if it does not say."""
        try:
            read = parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            return None
        return read.astimezone(UTC) if read.tzinfo else None

    @property
    def retry_after(self) -> int | None:
        """How many whole seconds it asks us to wait, rounded up; None for a date, which is rare."""
        whole, _, fraction = self.headers.get("retry-after", "").partition(".")
        if not (whole.isascii() and whole.isdigit() and len(whole) < 8):
            return None
        return int(whole) + (1 if fraction.strip("0") else 0)

    def unavailable(self) -> PlatformUnavailable:
        """The error that says that it cannot answer now."""
        message = f"it answers {self.status}"
        return PlatformUnavailable(message, where=self.path, retry_after=self.retry_after)

    def json(self) -> Json:
        """The body as JSON, fractions as exact decimals; None for what is none, unless it is a 200.

        Raises ``PlatformUnavailable`` for a 200 that is no JSON: it was cut short, or what stands
        in front of the shop shows a page for people.
        """
        try:
            return parse_json(self.body.decode("utf-8-sig"))
        except (UnicodeDecodeError, EncodingBroken):
            if self.status != 200:
                return None
            remedy = "Look whether something in front of the shop answers in its place."
            message = f"the answer is no JSON: {self.body[:60]!r}"
            raise PlatformUnavailable(message, where=self.path, remedy=remedy) from None


class ShopHttp:
    """Asks one platform over HTTP; safe to use from many threads, and costs nothing until then.

    ``seconds`` is how long a platform may say nothing, and how long all of an answer may take.
    No redirect is followed: what is sent has keys in it.
    """

    LARGEST: ClassVar[int] = 33_554_432
    """Bytes of an answer that are read."""

    def __init__(self, *, seconds: int = 30) -> None:
        self._seconds = seconds
        self._opening = threading.Lock()
        self._client: httpx2.Client | None = None

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> HttpAnswer:
        """What is answered, whatever its status.

        Raises ``PlatformUnavailable`` if nothing is, or not in time, and ``ConnectorError`` for an
        answer without an end.
        """
        until = time.monotonic() + self._seconds
        with self._stream(method, url, headers, query, content) as answer:
            chunks, size = [], 0
            for chunk in answer.iter_bytes():
                size += len(chunk)
                if size > self.LARGEST:
                    message = f"the answer is larger than {self.LARGEST:,} bytes"
                    raise ConnectorError(message, where=answer.url.path)
                if time.monotonic() > until:
                    message = f"the answer took longer than {self._seconds} seconds"
                    raise PlatformUnavailable(message, where=answer.url.path)
                chunks.append(chunk)
            return HttpAnswer(
                status=answer.status_code,
                headers={key.lower(): value for key, value in answer.headers.items()},
                body=b"".join(chunks),
                path=answer.url.path,
            )

    @contextmanager
    def pieces(self, url: str, headers: Mapping[str, str]) -> Iterator[tuple[int, Iterator[bytes]]]:
        """The status and the pieces of a file, however large; redirects are followed.

        Raises ``PlatformUnavailable``, also while the pieces are read.
        """
        with self._stream("GET", url, headers, None, None, follow=True) as answer:
            yield answer.status_code, answer.iter_bytes()

    @contextmanager
    def _stream(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        query: Mapping[str, str] | None,
        content: bytes | None,
        *,
        follow: bool = False,
    ) -> Iterator[httpx2.Response]:
        import httpx2

        try:
            with self._open().stream(
                method, url, headers=headers, params=query, content=content, follow_redirects=follow
            ) as answer:
                yield answer
        except httpx2.HTTPError as error:
            host = httpx2.URL(url).host
            message = f"{host} cannot be reached: {type(error).__name__}: {error}"
            raise PlatformUnavailable(message, where=host) from error

    def _open(self) -> httpx2.Client:
        import httpx2

        with self._opening:
            if self._client is None:
                self._client = httpx2.Client(
                    timeout=httpx2.Timeout(self._seconds, connect=min(self._seconds, 10))
                )
                weakref.finalize(self, self._client.close)
            return self._client


def patiently(ask: Callable[[], _T], *refusals: type[ConnectorError]) -> _T:
    """What is answered; these errors become ``PlatformUnavailable``, so what needs it waits.

    Keys are replaced within hours: no message and no code should be dead because of that.
    """
    try:
        return ask()
    except refusals as error:
        raise PlatformUnavailable(error.message, where=error.where, remedy=error.remedy) from error
