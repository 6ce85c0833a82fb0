"""An order is a document that converges, in whatever order its versions and refunds arrive."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_core import (
    GoodwillPolicy,
    IdempotencyConflict,
    Minor,
    Order,
    OrderRefund,
    OrderStatus,
    RefundKind,
)
from loyalty_core.domain.orders import OrderDocument, earns
from tests.unit.domain.purchases import AT, line, order, refund

VERSIONED = st.builds(
    order,
    st.builds(line, st.just("a"), st.integers(0, 2)),
    currency=st.sampled_from(["EUR", "EUR", "USD"]),
    version=st.integers(1, 3),
    updated_at=st.sampled_from([None, AT, AT + timedelta(hours=1)]),
    status=st.sampled_from(OrderStatus),
    refunds=st.lists(
        st.builds(
            refund,
            st.sampled_from("xyz"),
            at=st.sampled_from([AT, AT + timedelta(hours=1)]),
            amount=st.integers(0, 1),
            kind=st.sampled_from(RefundKind),
            voided_at=st.sampled_from([None, None, AT + timedelta(hours=2)]),
        ),
        max_size=2,
        unique_by=lambda one: one.id,
    ).map(tuple),
    refunds_listed_at=st.sampled_from([None, AT, AT + timedelta(hours=1), AT + timedelta(hours=2)]),
)
ALONE = st.builds(
    OrderRefund,
    source=st.just("web"),
    order_id=st.just("1"),
    currency=st.sampled_from(["EUR", "USD"]),
    refund=st.builds(refund, st.sampled_from("xyz"), amount=st.integers(0, 2)),
)
DOCUMENTS = st.one_of(VERSIONED, ALONE).map(OrderDocument.of)


@given(DOCUMENTS, DOCUMENTS)
def test_merging_is_commutative(one: OrderDocument, other: OrderDocument) -> None:
    assert one.merge(other) == other.merge(one)


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_merging_is_associative(
    one: OrderDocument, two: OrderDocument, three: OrderDocument
) -> None:
    assert one.merge(two).merge(three) == one.merge(two.merge(three))


@given(DOCUMENTS, DOCUMENTS)
def test_merging_is_idempotent(one: OrderDocument, other: OrderDocument) -> None:
    both = one.merge(other)
    assert both.merge(one) == both.merge(other) == both.merge(both) == both


def test_every_order_of_arrival_ends_alike() -> None:
    refunded = OrderRefund(source="web", order_id="1", currency="EUR", refund=refund("r", amount=5))
    arrivals = [
        OrderDocument.of(fact)
        for fact in (
            order(line("a", 100), version=1, status=OrderStatus.PENDING),
            order(line("a", 100), version=2, status=OrderStatus.PAID),
            order(line("a", 100), version=3, status=OrderStatus.PAID, refunds=(refund("s"),)),
            refunded,
        )
    ]
    ended = [reduce(OrderDocument.merge, chosen) for chosen in permutations(arrivals)]
    assert len(ended) == 24
    assert ended[0].body == order(line("a", 100), version=3)
    assert ended[0].refunds == {"r": refund("r", amount=5), "s": refund("s")}
    assert all(one == ended[0] for one in ended)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"version": 1}, {"version": 2}),
        ({}, {"version": 1}),
        ({}, {"updated_at": AT - timedelta(days=9)}),
        ({"updated_at": AT}, {"updated_at": AT + timedelta(microseconds=1)}),
        ({"version": 1, "updated_at": AT}, {"version": 2}),
        ({"version": 1}, {"version": 1, "updated_at": AT}),
        (
            {"updated_at": AT.astimezone(timezone(timedelta(hours=14)))},
            {"updated_at": AT + timedelta(hours=1)},
        ),
    ],
)
def test_the_later_version_counts(earlier: dict[str, object], later: dict[str, object]) -> None:
    first = OrderDocument.of(order(line("a", 100), **earlier))
    last = OrderDocument.of(order(line("a", 200), **later))
    assert first.merge(last) == last.merge(first) == last


def test_orders_that_say_nothing_of_their_version_conflict() -> None:
    one, other = (OrderDocument.of(order(line("a", cents))) for cents in (100, 200))
    for first, second in ((one, other), (other, one)):
        with pytest.raises(IdempotencyConflict) as raised:
            first.merge(second)
        assert raised.value.facts == {"source": "web", "id": "1"}
        assert "higher version or an updated_at" in raised.value.remedy
    assert one == OrderDocument.of(order(line("a", 100)))


def test_a_refund_inside_an_unversioned_order_is_no_conflict() -> None:
    bought = order(line("a", 100))
    returned = replace(bought, refunds=(refund("r"),))
    merged = OrderDocument.of(bought).merge(OrderDocument.of(returned))
    assert merged == OrderDocument("EUR", bought, {"r": refund("r")})


def test_the_same_moment_in_another_time_zone_is_no_conflict() -> None:
    elsewhere = replace(order(line("a", 100)), occurred_at=AT.astimezone(timezone.max))
    one = OrderDocument.of(order(line("a", 100)))
    assert one.merge(OrderDocument.of(elsewhere)) == one


def test_identities_in_another_order_are_no_conflict() -> None:
    known = {"email": "a@example.org", "card": "1"}
    turned = dict(reversed(known.items()))
    one = OrderDocument.of(order(line("a", 1), identities=known))
    assert one.merge(OrderDocument.of(order(line("a", 1), identities=turned))) == one


def test_of_a_refund_sent_twice_the_later_one_counts() -> None:
    def sent(cents: int, hours: int) -> OrderDocument:
        made = refund("r", at=AT + timedelta(hours=hours), amount=Minor(cents))
        return OrderDocument("EUR", None, {"r": made})

    early, late = sent(500, 0), sent(100, 1)
    assert early.merge(late) == late.merge(early) == late


def test_a_refund_in_another_currency_is_kept_apart() -> None:
    dollars = OrderRefund(source="web", order_id="1", currency="USD", refund=refund("r"))
    euros = replace(dollars, currency="EUR", refund=refund("r", amount=Minor(1)))
    parts = [OrderDocument.of(fact) for fact in (order(line("a", 1)), dollars, euros)]
    merged = [reduce(OrderDocument.merge, chosen) for chosen in permutations(parts)]
    strays = {"USD": {"r": refund("r")}}
    expected = OrderDocument("EUR", order(line("a", 1)), {"r": refund("r", amount=1)}, strays)
    assert merged == [expected] * 6


def test_a_version_in_another_currency_takes_its_refunds_along() -> None:
    dollars = OrderRefund(source="web", order_id="1", currency="USD", refund=refund("r"))
    first = order(line("a", 1), version=1)
    second = replace(order(line("a", 2), version=2), currency="USD")
    parts = [OrderDocument.of(fact) for fact in (first, dollars, second)]
    merged = [reduce(OrderDocument.merge, chosen) for chosen in permutations(parts)]
    assert merged == [OrderDocument("USD", second, {"r": refund("r")})] * 6


def test_a_voided_refund_stays_voided() -> None:
    given = refund("r", at=AT + timedelta(hours=2), amount=Minor(5))
    voided = replace(given, occurred_at=AT, voided_at=AT + timedelta(hours=1))
    one, other = (OrderDocument("EUR", None, {"r": back}) for back in (given, voided))
    assert one.merge(other) == other.merge(one) == other
    assert other.counting(GoodwillPolicy.TAKE_BACK) == []


def listed(hours: int, *names: str, version: int = 0) -> OrderDocument:
    """An order whose refunds, each given at ``AT``, were listed so many hours later."""
    refunds = tuple(refund(name, at=AT, amount=Minor(1)) for name in names)
    at = AT + timedelta(hours=hours)
    return OrderDocument.of(
        order(line("a", 9), refunds=refunds, refunds_listed_at=at, version=version)
    )


def test_a_refund_that_is_not_listed_any_more_was_deleted() -> None:
    first, then = listed(1, "r", "s"), listed(2, "s", version=1)
    for merged in (first.merge(then), then.merge(first)):
        assert set(merged.refunds) == {"r", "s"}
        assert merged.deleted() == {"r"}
        assert [one.id for one in merged.counting(GoodwillPolicy.TAKE_BACK)] == ["s"]
    assert first.merge(first) == first
    assert first.deleted() == frozenset()


def test_a_listing_says_nothing_of_refunds_that_come_after_it() -> None:
    early = listed(1)
    for hours, gone in ((0, {"r"}), (1, set()), (2, set())):
        late = OrderDocument("EUR", None, {"r": refund("r", at=AT + timedelta(hours=hours))})
        assert early.merge(late).deleted() == late.merge(early).deleted() == gone


def test_a_refund_that_was_deleted_stays_so_whenever_older_listings_come() -> None:
    parts = [listed(1, "r"), listed(2), listed(3), OrderDocument.of(order(line("a", 9)))]
    for chosen in permutations(parts):
        assert reduce(OrderDocument.merge, chosen).deleted() == {"r"}


def test_of_two_listings_of_one_moment_the_deletion_was_the_later() -> None:
    one, other = listed(1, "r", "s"), listed(1, "s", "t")
    merged = one.merge(other)
    assert merged == other.merge(one)
    assert merged.deleted() == {"r", "t"}


def test_listing_the_same_again_says_the_same() -> None:
    one, again = listed(1, "r"), listed(2, "r")
    assert one.says_the_same(one.merge(again))
    assert one.merge(again) == again
    assert not one.says_the_same(one.merge(listed(2)))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"status": OrderStatus.PENDING}, False),
        ({"status": OrderStatus.AUTHORIZED}, False),
        ({"status": OrderStatus.PARTLY_PAID}, False),
        ({"status": OrderStatus.CANCELLED}, False),
        ({"test": True}, False),
    ],
)
def test_only_paid_orders_that_are_no_tests_earn(
    changed: dict[str, object], expected: bool
) -> None:
    bought: Order = replace(order(line("a", 1)), **changed)
    assert earns(bought) is expected


def test_the_earliest_moment_that_can_be_written_is_no_version() -> None:
    never = datetime.min.replace(tzinfo=UTC)
    one = OrderDocument.of(order(line("a", 1)))
    with pytest.raises(IdempotencyConflict):
        one.merge(OrderDocument.of(order(line("a", 2), updated_at=never)))
