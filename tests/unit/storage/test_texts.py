"""Texts with signs that mean something elsewhere are only texts, on both databases."""

import pytest

from loyalty_core import FactError, Loyalty, RecordStatus
from tests.toy import START, Toy, config_of, order

ODD = [
    "a\x1fb",
    "50%_'\"\\",
    "{}[]:,",
    "; drop table loyalty_fact; --",
    "\U0001f381é\u200b",
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_ids_and_sources_come_back_as_they_were(database_url: str, odd: str) -> None:
    with Loyalty.open(config_of(), database_url, plugins=[Toy()], clock=lambda: START) as loyalty:
        first = loyalty.record(order(odd, source=odd))
        second = loyalty.record(order("2", source=odd))
        assert (first.status, second.status) == (RecordStatus.BOOKED, RecordStatus.BOOKED)
        assert second.member_id == first.member_id
        assert loyalty.record(order(odd, source=odd)).status is RecordStatus.DUPLICATE
        fact = loyalty.explain(first.transactions[0]).fact
        assert fact is not None
        assert (fact.source, fact.id) == (odd, odd)
        assert loyalty.statement(first.member_id or "").wallet("points").balance == 120


@pytest.mark.parametrize("source", ["\x00", "\ud800", "s" * 201, " "])
def test_members_are_enrolled_and_found_under_sources_that_can_be_stored(
    database_url: str, source: str
) -> None:
    with Loyalty.open(config_of(plugins={}), database_url) as loyalty:
        for ask in (loyalty.enrol, loyalty.find):
            with pytest.raises(FactError) as raised:
                ask({"customer_id": "1"}, source=source)
            assert raised.value.where == "source"
        assert loyalty.report().members == 0
