"""Cursors of a history: opaque to their holders, and refused when they are not ours."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import FactError, Loyalty
from loyalty_core.application.statement import cursor, read_cursor
from tests.toy import START, Toy, config_of, order

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(MOMENTS, st.uuids().map(str))
def test_a_cursor_names_its_place_exactly(moment: datetime, number: str) -> None:
    assert read_cursor(cursor(moment, number)) == (moment, number)


def test_a_cursor_can_stand_in_an_address() -> None:
    text = cursor(START, ID)
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()
    assert cursor(START.astimezone(timezone(timedelta(hours=14))), ID) == text


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


GOOD = cursor(START, ID)
TAMPERED = {
    "empty": "",
    "words": "not a cursor",
    "cut": GOOD[:-1],
    "longer": GOOD + "A",
    "padded": GOOD + "==",
    "marks inside": f"{GOOD[:5]}!!{GOOD[5:]}",
    "line ends": GOOD + "\n",
    "not ascii": "é" + GOOD,
    "surrogate": "\ud800",
    "bytes": encoded("\xff\xfe"),
    "no time zone": encoded(f"2026-06-01T12:00:00|{ID}"),
    "another time zone": encoded(f"2026-06-01T14:00:00+02:00|{ID}"),
    "beyond all time": encoded(f"0001-01-01T00:00:00+14:00|{ID}"),
    "no moment": encoded(f"yesterday|{ID}"),
    "no id": encoded("2026-06-01T12:00:00+00:00|"),
    "an id in capitals": cursor(START, ID.upper()),
    "a query": encoded("2026-06-01T12:00:00+00:00|' OR 1=1 --"),
    "more behind": encoded(f"2026-06-01T12:00:00+00:00|{ID}|x"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_cursor_is_refused(name: str) -> None:
    with pytest.raises(FactError) as raised:
        read_cursor(TAMPERED[name])
    assert (raised.value.code, raised.value.where) == ("fact_malformed", "after")
    assert raised.value.remedy == "Use a cursor from an earlier page, or none to start."


def test_a_history_refuses_it_too_and_continues_after_a_good_one() -> None:
    with Loyalty.open(config_of(), "sqlite://", plugins=[Toy()], clock=lambda: START) as loyalty:
        for number in range(5):
            at = START - timedelta(hours=number // 2)  # some in one moment
            member = loyalty.record(order(str(number), at=at)).member_id or ""
        whole = [item.transaction.id for item in loyalty.history(member).items]
        pages, after = [], None
        while True:
            page = loyalty.history(member, first=2, after=after)
            pages.append([item.transaction.id for item in page.items])
            if not page.more:
                break
            after = page.items[-1].cursor
        assert [len(page) for page in pages] == [2, 2, 1]
        assert [number for page in pages for number in page] == whole
        with pytest.raises(FactError):
            loyalty.history(member, after=(after or "") + "A")
