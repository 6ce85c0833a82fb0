"""Reading JSON that somebody else writes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_core import (
    Activity,
    FactError,
    Unreadable,
    inputs_of,
    needed_id,
    needed_moment,
    needed_object,
)


def test_a_moment_is_in_utc_whatever_its_zone() -> None:
    expected = datetime(2024, 6, 1, 10, tzinfo=UTC)
    for given in ("2024-06-01T10:00:00Z", "2024-06-01T12:00:00.000+02:00"):
        assert needed_moment(given, "$.at") == expected
    assert needed_moment("2024-06-01T10:00:00", "$.at", zone=UTC) == expected


@pytest.mark.parametrize("value", ["", None, 7, "yesterday", "2024-06-01T10:00:00"])
def test_what_is_no_moment_says_where(value: Any) -> None:
    with pytest.raises(FactError) as error:
        needed_moment(value, "$.at")
    assert error.value.where == "$.at"


@pytest.mark.parametrize("value", [None, [], "x", 7])
def test_what_is_no_object_says_where(value: Any) -> None:
    with pytest.raises(FactError) as error:
        needed_object(value, "$.order")
    assert error.value.where == "$.order"


@pytest.mark.parametrize("value", [None, "", "  ", 7, {"id": "x"}])
def test_what_is_no_id_says_where(value: Any) -> None:
    with pytest.raises(FactError) as error:
        needed_id(value, "$.id")
    assert error.value.where == "$.id"
    assert needed_id(" x7 ", "$.id") == "x7"


def test_a_document_that_cannot_be_read_is_kept_aside() -> None:
    def read(document: Any) -> list[Activity]:
        raise FactError("it is odd", where="$")

    (found,) = inputs_of("order 7", {"id": 7}, read)
    assert isinstance(found, Unreadable)
    assert (found.what, found.raw, found.error.where) == ("order 7", b'{"id": 7}', "$")
