"""Holding, capturing, releasing and giving points: by their owner, and by operators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.tests.shop import Clock, Front, open_shop, order, signed

FIELDS = """__typename
  ... on Redemption { id state points returned transactionId expiresAt
    member { wallet(name: "points") { available held } } }
  ... on UserError { code }"""
HOLD = f"""mutation H($points: Points, $key: String!, $minutes: Int = 30) {{
  hold(points: $points, minutes: $minutes, idempotencyKey: $key) {{ {FIELDS} }} }}"""
CAPTURE = f"""mutation C($id: ID!, $points: Points) {{
  capture(redemptionId: $id, points: $points) {{ {FIELDS} }} }}"""
RELEASE = f"mutation R($id: ID!) {{ release(redemptionId: $id) {{ {FIELDS} }} }}"
MINE = "query M($held: Boolean!) { redemptions(held: $held) { id state points } }"
GIVE = """mutation T($to: String!, $wallet: String!, $points: Points!, $key: String!) {
  transfer(to: {kind: EMAIL, value: $to}, wallet: $wallet, points: $points,
    idempotencyKey: $key) {
    __typename ... on Transfer { wallet points transactionId } ... on UserError { code } } }"""


@pytest.fixture
def front(clock: Clock) -> Iterator[Front]:
    wallets: dict[str, Any] = {
        "points": {"value": {"points": 100, "amount": "1.00"}, "transfer": {"allowed": True}},
        "stars": {"scale": 2},
    }
    with open_shop("sqlite://", clock, wallets=wallets) as loyalty:
        yield Front(loyalty)


@pytest.fixture
def ada(front: Front) -> str:
    return front.loyalty.record(order("A1", "ada@example.org", "120.00")).member_id or ""


@pytest.fixture
def bob(front: Front) -> str:
    return front.loyalty.record(order("B1", "bob@example.org", "30.00")).member_id or ""


def test_points_are_held_and_captured_in_part(front: Front, ada: str) -> None:
    token = signed(ada)
    held = front.data(HOLD, token, points="50", key="k")["hold"]
    assert (held["state"], held["points"], held["transactionId"]) == ("HELD", "50", None)
    assert held["expiresAt"] == "2026-11-21T10:30:00Z"
    assert held["member"] == {"wallet": {"available": "70", "held": "50"}}
    again = front.data(HOLD, token, points="50", key="k")["hold"]
    assert again["id"] == held["id"]
    assert front.data(HOLD, token, points="51", key="k")["hold"]["code"] == "idempotency_conflict"
    mine = [{"id": held["id"], "state": "HELD", "points": "50"}]
    assert front.data(MINE, token, held=True)["redemptions"] == mine
    spent = front.data(CAPTURE, token, id=held["id"], points="20")["capture"]
    assert (spent["state"], spent["points"]) == ("CAPTURED", "20")
    assert spent["transactionId"]
    assert spent["member"] == {"wallet": {"available": "100", "held": "0"}}
    assert front.data(MINE, token, held=True)["redemptions"] == []
    late = front.data(RELEASE, token, id=held["id"])["release"]
    assert (late["__typename"], late["code"]) == ("RedemptionEnded", "redemption_ended")
    assert front.loyalty.verify().problems == ()


def test_held_points_are_released_or_time_out(front: Front, ada: str, clock: Clock) -> None:
    token = signed(ada)
    first = front.data(HOLD, token, points="50", key="a")["hold"]["id"]
    assert front.data(RELEASE, token, id=first)["release"]["state"] == "RELEASED"
    assert front.data(RELEASE, token, id=first)["release"]["state"] == "RELEASED"
    second = front.data(HOLD, token, points="50", minutes=5, key="b")["hold"]["id"]
    clock.now += timedelta(minutes=5)
    late = front.data(CAPTURE, token, id=second)["capture"]
    assert late["code"] == "redemption_ended"
    assert front.loyalty.statement(ada).wallet("points").balance == 120


def test_nobody_else_captures_or_sees_it(front: Front, ada: str, bob: str) -> None:
    held = front.data(HOLD, signed(ada), points="50", key="k")["hold"]["id"]
    for query, name in ((CAPTURE, "capture"), (RELEASE, "release")):
        made = front.data(query, signed(bob), id=held)[name]
        assert made == {"__typename": "RedemptionNotFound", "code": "redemption_not_found"}
        assert front.ask(query, id=held)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert front.data(MINE, signed(bob), held=False)["redemptions"] == []
    assert front.loyalty.redemption(held).state == "held"


def test_operators_hold_and_capture_for_an_order(front: Front, ada: str) -> None:
    hold = """mutation H($id: ID!) {
      hold(memberId: $id, points: "40", idempotencyKey: "k") { ... on Redemption { id } } }"""
    held = front.admin_data(hold, id=ada)["hold"]["id"]
    capture = """mutation C($id: ID!) {
      capture(redemptionId: $id, source: "web", orderId: "O1") {
        ... on Redemption { state source orderId } } }"""
    spent = front.admin_data(capture, id=held)["capture"]
    assert spent == {"state": "CAPTURED", "source": "web", "orderId": "O1"}
    one = "query O($id: ID!) { redemption(id: $id) { points } }"
    assert front.admin_data(one, id=held)["redemption"] == {"points": "40"}
    missing = front.admin(one, id="nothing")
    assert missing["errors"][0]["extensions"]["code"] == "redemption_not_found"
    page = "query P($id: ID!, $after: ID) { redemptions(memberId: $id, after: $after) { id } }"
    assert front.admin_data(page, id=ada)["redemptions"] == [{"id": held}]
    assert front.admin_data(page, id=ada, after=held)["redemptions"] == []


def test_points_are_given_to_another(front: Front, ada: str, bob: str) -> None:
    def give(**variables: str) -> Any:
        given = {"to": "Bob@example.org", "wallet": "points", "points": "20", "key": "k"}
        return front.data(GIVE, signed(ada), **{**given, **variables})["transfer"]

    made = give()
    assert made.pop("transactionId")
    assert made == {"__typename": "Transfer", "wallet": "points", "points": "20"}
    give()
    assert front.loyalty.statement(bob).wallet("points").balance == 50
    assert give(points="999", key="l")["code"] == "insufficient_points"
    assert give(to="nobody@example.org", key="m")["code"] == "member_not_found"
    assert give(to="ada@example.org", key="n")["code"] == "transfer_refused"
    assert give(wallet="gold", key="o")["code"] == "wallet_unknown"
    assert front.loyalty.statement(ada).wallet("points").balance == 100


def test_where_points_are_not_given_nobody_learns_who_is_a_member(
    front: Front, ada: str, bob: str
) -> None:
    def give(to: str) -> Any:
        return front.data(GIVE, signed(ada), to=to, wallet="stars", points="1", key="k")

    refused = {"transfer": {"__typename": "TransferRefused", "code": "transfer_refused"}}
    assert give("bob@example.org") == give("nobody@example.org") == refused


def test_operators_give_points_with_a_reason(front: Front, ada: str, bob: str) -> None:
    give = """mutation T($from: ID!, $to: ID!) {
      transfer(fromMember: $from, toMember: $to, wallet: "points", points: "20",
        reason: "mix-up", actor: "eve", idempotencyKey: "k") {
        ... on Transfer { toMember receivedTransactionId } } }"""
    made = front.admin_data(give, **{"from": ada, "to": bob})["transfer"]
    assert made["toMember"] == bob
    why = "query E($id: ID!) { explain(transactionId: $id) { transaction { reason actor } } }"
    told = front.admin_data(why, id=made["receivedTransactionId"])["explain"]["transaction"]
    assert told == {"reason": "mix-up", "actor": "eve"}


@pytest.mark.parametrize("minutes", [-1, 0, 2**31 - 1])
def test_a_hold_has_a_length(front: Front, ada: str, minutes: int) -> None:
    made = front.data(HOLD, signed(ada), points="50", minutes=minutes, key="k")["hold"]
    assert made == {"__typename": "FactRejected", "code": "fact_malformed"}


@pytest.mark.parametrize("first", [0, 101])
def test_a_page_of_redemptions_has_a_size(front: Front, ada: str, first: int) -> None:
    answer = front.ask(f"{{ redemptions(first: {first}) {{ id }} }}", signed(ada))
    assert answer["errors"][0]["extensions"] == {"code": "BAD_REQUEST", "field": "first"}
