"""What is deprecated goes when it says: the test fails on the day after its last one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from docs.generate.deprecations import found, in_schema

SCHEMA = """
type Member {
  name: String!
  nick(short: Boolean): String @deprecated(reason: "WHY")
}
"""


def test_nothing_is_past_its_last_day() -> None:
    today = datetime.now(UTC).date()
    assert [one for one in found() if one[1] < today] == []


def test_a_schema_says_until_when() -> None:
    why = "Deprecated since 0.3, gone after 2027-06-30. Use name."
    ((what, day, told),) = in_schema(SCHEMA.replace("WHY", why))
    assert (what, str(day), told) == ("`Member.nick` of GraphQL", "2027-06-30", why)
    with pytest.raises(ValueError, match=r"Member\.nick does not say until when"):
        list(in_schema(SCHEMA.replace("WHY", "Use name.")))
