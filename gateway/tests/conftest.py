"""The shop of the gateway's tests, fresh for each test."""

from collections.abc import Iterator

import pytest

from gateway.tests.shop import Clock, Front, open_shop, order
from loyalty_core import Loyalty


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def loyalty(clock: Clock) -> Iterator[Loyalty]:
    with open_shop("sqlite://", clock) as opened:
        yield opened


@pytest.fixture
def front(loyalty: Loyalty) -> Front:
    return Front(loyalty)


@pytest.fixture
def ada(loyalty: Loyalty) -> str:
    """A member with 120 points, of an order of 120.50 EUR."""
    receipt = loyalty.record(order("A1", "ada@example.org", "120.50"))
    assert receipt.member_id
    return receipt.member_id


@pytest.fixture
def bob(loyalty: Loyalty) -> str:
    """Another member, with 30 points."""
    receipt = loyalty.record(order("B1", "bob@example.org", "30.00"))
    assert receipt.member_id
    return receipt.member_id


@pytest.fixture(scope="module")
def standing() -> Iterator[tuple[Front, str]]:
    """A shop and its member with 120 points, for tests that change nothing."""
    with open_shop() as opened:
        receipt = opened.record(order("A1", "ada@example.org", "120.50"))
        assert receipt.member_id
        yield Front(opened), receipt.member_id
