"""Draws: who wins follows from what was published, and each entry has the same chance."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import ProofInvalid
from loyalty_gamification import chain, commitment_of, drawn

TEXT = "a secret of forty characters or so, made up"
SECRET = chain(TEXT, 1)[0]


def won(entries: list[str], winners: int, *, public: str = "", name: str = "june") -> list[str]:
    commitment = commitment_of(TEXT, 1)
    return drawn(
        commitment,
        secret=SECRET,
        sweepstake=name,
        entries=entries,
        winners=winners,
        public=public,
    )


@given(entries=st.lists(st.text(max_size=6), max_size=12), winners=st.integers(0, 14))
def test_the_order_of_entries_is_no_matter_and_none_wins_twice(
    entries: list[str], winners: int
) -> None:
    found = won(entries, winners)
    assert found == won(sorted(entries * 2), winners)
    assert len(found) == len(set(found)) == min(winners, len(set(entries)))
    assert set(found) <= set(entries)


def test_the_lowest_numbers_win() -> None:
    entries = [f"entry-{number}" for number in range(20)]
    key = bytes.fromhex(SECRET)

    def lot(entry: str) -> str:
        text = f'["june","7 11","{entry}"]'
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    assert won(entries, 3, public="7 11") == sorted(entries, key=lot)[:3]
    assert won(entries, 3, public="7 12") != won(entries, 3, public="7 11")
    assert won(entries, 3, name="july") != won(entries, 3)


def test_each_entry_has_the_same_chance() -> None:
    entries = ["a", "b", "c", "d"]
    found = Counter(won(entries, 1, public=str(number))[0] for number in range(4000))
    squares = sum((found[entry] - 1000) ** 2 for entry in entries)
    assert squares < 16_266  # chi squared of 3 degrees: once in a thousand secrets it is more


def test_another_secret_is_found_out() -> None:
    for secret in (chain("another text", 1)[0], commitment_of(TEXT, 1), "no hexadecimal", ""):
        with pytest.raises(ProofInvalid, match="does not lead to the commitment"):
            drawn(
                commitment_of(TEXT, 1),
                secret=secret,
                sweepstake="june",
                entries=["a"],
                winners=1,
            )
