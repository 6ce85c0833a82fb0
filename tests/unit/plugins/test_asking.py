"""Asking a platform over HTTP, and where a walk is."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from loyalty_core import (
    ConnectorError,
    HttpAnswer,
    PlatformUnavailable,
    ShopHttp,
    cursor_of,
    patiently,
    place_at,
)
from loyalty_core.testing import Answer, Asked, Fault, PlatformDouble


class Echo(PlatformDouble):
    def answer(self, asked: Asked) -> Answer:
        return Answer(body=asked.body or b'{"rate": 1.10}', headers={"X-Path": asked.path})


@pytest.fixture
def double() -> Iterator[Echo]:
    with Echo() as made:
        yield made


def answered(status: int = 200, body: bytes = b"", **headers: str) -> HttpAnswer:
    return HttpAnswer(status=status, headers=headers, body=body, path="/orders")


def test_what_is_answered_is_read_exactly(double: Echo) -> None:
    http = ShopHttp()
    answer = http.ask("GET", f"{double.url}/orders", query={"page": "2"}, headers={"key": "7"})
    assert (answer.status, answer.headers["x-path"], answer.path) == (200, "/orders", "/orders")
    assert str(answer.json()) == "{'rate': Decimal('1.10')}"
    assert (double.asked[0].query, double.asked[0].headers["key"]) == ({"page": "2"}, "7")
    assert http.ask("POST", double.url, content=b"[1]").json() == [1]


@pytest.mark.parametrize("kind", ["drop", "forget", "truncate"])
def test_a_line_that_is_cut_is_a_platform_that_is_away(double: Echo, kind: str) -> None:
    double.faults.append(Fault(kind=kind))  # type: ignore[arg-type]
    with pytest.raises(PlatformUnavailable) as error:
        ShopHttp().ask("GET", double.url)
    assert error.value.where == "127.0.0.1"


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(double: Echo) -> None:
    double.faults.append(Fault(kind="drip"))
    with pytest.raises(PlatformUnavailable, match="longer than 1 seconds"):
        ShopHttp(seconds=1).ask("POST", double.url, content=b"x" * 10_000)


def test_what_was_done_too_late_is_away_and_done(double: Echo) -> None:
    double.faults.append(Fault(kind="late", seconds=2))
    with pytest.raises(PlatformUnavailable):
        ShopHttp(seconds=1).ask("POST", double.url, content=b"x")
    assert len(double.asked) == 1


def test_a_redirect_is_not_followed_with_keys(double: Echo) -> None:
    moved = Answer(status=302, headers={"location": f"{double.url}/other"})
    double.faults.append(Fault(kind="answer", answer=moved))
    assert ShopHttp().ask("GET", double.url, headers={"authorization": "key"}).status == 302
    assert len(double.asked) == 1


def test_an_answer_without_an_end_is_not_read(
    double: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShopHttp, "LARGEST", 100)
    with pytest.raises(ConnectorError, match="larger than 100 bytes") as error:
        ShopHttp().ask("POST", f"{double.url}/orders", content=b"x" * 101)
    assert not isinstance(error.value, PlatformUnavailable)


def test_a_file_is_read_in_pieces_however_large(
    double: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShopHttp, "LARGEST", 5)
    with ShopHttp().pieces(double.url, {}) as (status, pieces):
        assert (status, b"".join(pieces)) == (200, b'{"rate": 1.10}')


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("7", 7),
        ("2.0", 2),
        ("2.5", 3),
        ("", None),
        ("-1", None),
        ("Wed, 21 Oct 2015", None),
        ("9" * 9, None),
        ("²", None),
    ],
)
def test_seconds_to_wait_are_whole_ones(given: str, seconds: int | None) -> None:
    answer = answered(429, **{"retry-after": given})
    assert answer.retry_after == seconds
    error = answer.unavailable()
    assert (answer.away, error.retry_after, error.where) == (True, seconds, "/orders")


def test_the_moment_of_an_answer_is_the_platforms() -> None:
    at = answered(date="Sat, 01 Jun 2024 10:00:00 GMT").at
    assert at == datetime(2024, 6, 1, 10, tzinfo=UTC)
    assert answered(date="later").at is None
    assert answered().at is None


@pytest.mark.parametrize(
    "body", [b"<html>Are you human?</html>", b'{"id": 1', b"\xff", b"", b'{"total": NaN}']
)
def test_a_page_for_people_is_no_answer(body: bytes) -> None:
    with pytest.raises(PlatformUnavailable, match="no JSON"):
        answered(200, body).json()
    assert answered(404, body).json() is None


def test_a_byte_order_mark_is_no_part_of_it() -> None:
    assert answered(200, b'\xef\xbb\xbf{"id": 1}').json() == {"id": 1}


def test_what_it_opened_is_closed_with_it(double: Echo) -> None:
    http = ShopHttp()
    http.ask("GET", double.url)
    client = http._client
    assert client is not None
    del http
    gc.collect()
    assert client.is_closed


class Refused(ConnectorError):
    code = "connector_failed"


def test_what_is_refused_for_now_waits() -> None:
    def ask() -> int:
        raise Refused("no such key", where="orders", remedy="Make one.")

    with pytest.raises(PlatformUnavailable) as error:
        patiently(ask, Refused)
    assert (error.value.where, error.value.remedy) == ("orders", "Make one.")
    with pytest.raises(Refused):
        patiently(ask)
    assert patiently(lambda: 7, Refused) == 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    of: str = "orders"
    page: int = 0


def test_a_place_and_its_cursor() -> None:
    assert place_at(Place, "") == Place()
    assert cursor_of(Place(of="", page=3)) == '{"page": 3}'
    assert place_at(Place, cursor_of(Place(of="customers"))) == Place(of="customers")


@pytest.mark.parametrize("cursor", ["x", "[]", "7", '{"phase": "orders"}', '"page"'])
def test_a_cursor_of_somebody_else_is_told(cursor: str) -> None:
    with pytest.raises(ConnectorError, match="no place in a walk") as error:
        place_at(Place, cursor)
    assert "backfill --again" in error.value.remedy
