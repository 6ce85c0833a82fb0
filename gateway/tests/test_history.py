"""History page by page: complete, without overlap, whatever is booked meanwhile."""

import pytest

from gateway.tests.shop import Clock, Front, order, signed
from loyalty_core import Loyalty

PAGE = """query H($first: Int, $after: String, $wallet: String) {
  me { history(first: $first, after: $after, wallet: $wallet) {
    edges { cursor node { id wallet kind points occurredAt bookedAt } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } } }"""


@pytest.fixture
def many(loyalty: Loyalty, clock: Clock) -> str:
    """A member with 25 accruals of 1 to 25 points, many of one moment."""
    facts = [order(str(n), "ada@example.org", f"{n}.00") for n in range(1, 26)]
    loyalty.record_many(facts)
    member = loyalty.find({"email": "ada@example.org"})
    assert member
    return member.id


def test_pages_are_complete_and_do_not_overlap(front: Front, many: str) -> None:
    token, after, seen = signed(many), None, []
    for size in (7, 7, 7, 4):
        page = front.data(PAGE, token, first=7, after=after)["me"]["history"]
        edges, info = page["edges"], page["pageInfo"]
        assert len(edges) == size
        assert info["hasPreviousPage"] is (after is not None)
        assert (info["startCursor"], info["endCursor"]) == (edges[0]["cursor"], edges[-1]["cursor"])
        seen += [edge["node"] for edge in edges]
        after = info["endCursor"]
        assert info["hasNextPage"] is (len(seen) < 25)
        front.loyalty.record(order(f"late {size} {len(seen)}", "ada@example.org", "100.00"))
    assert sorted(int(node["points"]) for node in seen) == list(range(1, 26))
    assert len({node["id"] for node in seen}) == 25
    assert {(node["wallet"], node["kind"]) for node in seen} == {("points", "ACCRUAL")}


def test_the_default_page_has_twenty(front: Front, many: str) -> None:
    query = "{ me { history { edges { cursor } pageInfo { hasNextPage } } } }"
    history = front.data(query, signed(many))["me"]["history"]
    assert len(history["edges"]) == 20
    assert history["pageInfo"] == {"hasNextPage": True}


def test_one_wallet_only(front: Front, many: str) -> None:
    history = front.data(PAGE, signed(many), wallet="stars", first=5)["me"]["history"]
    assert history == {
        "edges": [],
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
    }


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
def test_other_sizes_are_refused(front: Front, many: str, first: int) -> None:
    answer = front.ask(PAGE, signed(many), first=first)
    assert answer["data"] == {"me": {"history": None}}
    assert answer["errors"][0]["extensions"] == {"code": "BAD_REQUEST", "field": "first"}


@pytest.mark.parametrize("after", ["", "x", "AAAA", "🙂", "9" * 200])
def test_a_cursor_that_is_not_ours_is_refused(front: Front, many: str, after: str) -> None:
    answer = front.ask(PAGE, signed(many), first=5, after=after)
    assert answer["data"] == {"me": {"history": None}}
    assert answer["errors"][0]["extensions"]["code"] == "fact_malformed"


def test_anothers_cursor_shows_nothing_of_them(front: Front, many: str, bob: str) -> None:
    theirs = front.data(PAGE, signed(many), first=1)["me"]["history"]["pageInfo"]["endCursor"]
    answer = front.ask(PAGE, signed(bob), first=100, after=theirs)
    history = (answer.get("data") or {}).get("me", {}).get("history")
    points = {edge["node"]["points"] for edge in history["edges"]} if history else set()
    assert points <= {"30"}
