"""Ids are UUIDs of version 7, in the order they are made in, and of their time."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

from loyalty_core.application.ids import new_id


def test_ids_are_version_7_of_this_moment() -> None:
    before = time.time_ns() // 1_000_000
    made = [UUID(new_id()) for _ in range(5000)]
    after = time.time_ns() // 1_000_000
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    assert all(before <= one.int >> 80 <= after for one in made)


def test_ids_sort_as_they_were_made_and_do_not_repeat() -> None:
    made = [new_id() for _ in range(5000)]
    assert made == sorted(made)
    assert len({one[-12:] for one in made}) == len(made)
    assert str(UUID(made[0])) == made[0]
