"""Segments through GraphQL: members see those shown to them, operators all, with their members."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.tests.shop import Front, open_shop, order, signed
from loyalty_core import Loyalty

SEGMENTS = {
    "best": {"name": "Best", "all_of": [{"metric": "spend", "top": 2}]},
    "quiet": {
        "visible": False,
        "none_of": [{"segments": ["best"]}],
        "benefits": [{"benefit": "wake-up", "kind": "percent_off", "percent": "10"}],
    },
}
MINE = "{ me { segments { segment name since } benefits { name } } }"
ALL = "{ segments { countedAt segments { segment name visible members of } } }"
MEMBERS = """query M($segment: String!, $first: Int, $after: String) {
  segmentMembers(segment: $segment, first: $first, after: $after) {
    edges { cursor node { id segments { segment visible } } }
    pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
QUOTE = """{ quote(cart: {currency: "EUR", lines: [{id: "a", amount: "10.00"}]}) {
  ... on Quote { pricing { memberPrice { amount } used { benefit why } } } } }"""


@pytest.fixture
def counted() -> Iterator[tuple[Front, Loyalty, list[str]]]:
    """A shop with three members of whom two are its best, counted."""
    with open_shop(segments=SEGMENTS) as loyalty:
        made = [
            loyalty.record(order(name, f"{name}@example.org", amount)).member_id or ""
            for name, amount in (("ada", "30.00"), ("bob", "20.00"), ("cy", "10.00"))
        ]
        loyalty.recount_segments()
        yield Front(loyalty), loyalty, made


def test_a_member_sees_what_is_shown_and_no_more(
    counted: tuple[Front, Loyalty, list[str]],
) -> None:
    front, _, (ada, _, cy) = counted
    (best,) = front.data(MINE, signed(ada))["me"]["segments"]
    assert (best["segment"], best["name"], best["since"][:10]) == ("best", "Best", "2026-11-21")
    assert front.data(MINE, signed(cy))["me"] == {"segments": [], "benefits": []}
    pricing = front.data(QUOTE, signed(cy))["quote"]["pricing"]
    assert pricing["memberPrice"]["amount"] == "9.00"
    assert pricing["used"] == [{"benefit": "wake-up", "why": ""}]


def test_operators_see_all_segments_with_their_sizes(
    counted: tuple[Front, Loyalty, list[str]],
) -> None:
    found = counted[0].admin_data(ALL)["segments"]
    assert found["countedAt"][:10] == "2026-11-21"
    assert found["segments"] == [
        {"segment": "best", "name": "Best", "visible": True, "members": 2, "of": 3},
        {"segment": "quiet", "name": "quiet", "visible": False, "members": 1, "of": 3},
    ]


def test_operators_page_through_the_members_of_a_segment(
    counted: tuple[Front, Loyalty, list[str]],
) -> None:
    front, _, (ada, bob, cy) = counted
    first = front.admin_data(MEMBERS, segment="best", first=1)["segmentMembers"]
    assert [edge["node"]["id"] for edge in first["edges"]] == [min(ada, bob)]
    assert first["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "endCursor": min(ada, bob),
    }
    rest = front.admin_data(MEMBERS, segment="best", first=1, after=min(ada, bob))["segmentMembers"]
    assert [edge["node"]["id"] for edge in rest["edges"]] == [max(ada, bob)]
    assert rest["pageInfo"]["hasNextPage"] is False
    (quiet,) = front.admin_data(MEMBERS, segment="quiet")["segmentMembers"]["edges"]
    assert quiet["node"] == {"id": cy, "segments": [{"segment": "quiet", "visible": False}]}


def test_a_segment_that_is_not_there_is_an_error(counted: tuple[Front, Loyalty, list[str]]) -> None:
    answer = counted[0].admin(MEMBERS, segment="nobody")
    assert answer["data"] == {"segmentMembers": None}
    assert answer["errors"][0]["extensions"]["code"] == "segment_unknown"


def test_an_explanation_says_the_segments_that_counted(
    counted: tuple[Front, Loyalty, list[str]],
) -> None:
    front, loyalty, (ada, _, _) = counted
    (before,) = loyalty.history(ada).items
    (made,) = loyalty.record(order("later", "ada@example.org", "5.00")).transactions
    asked = "query E($id: ID!) { explain(transactionId: $id) { segments } }"
    assert front.admin_data(asked, id=made)["explain"] == {"segments": ["best"]}
    assert front.admin_data(asked, id=before.transaction.id)["explain"] == {"segments": []}
