"""The catalogue and grants through GraphQL: bought by the member, used by the shop, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.tests.shop import Front, open_shop, order, signed

REWARDS = {
    "card": {
        "kind": "gift_card",
        "name": "Card",
        "wallet": "points",
        "points": 100,
        "amount": "5.00",
        "code": {},
    },
    "trip": {
        "kind": "experience",
        "wallet": "points",
        "points": 50,
        "approval": True,
        "stock": 3,
    },
}
CATALOGUE = "{ rewards { id kind points missing left refusal } }"
BUY = """mutation B($reward: String!, $key: String!) {
  redeem(reward: $reward, idempotencyKey: $key) {
    __typename
    ... on Redemption { points grant { id name kind state code worth { amount currency } } }
    ... on UserError { code }
  } }"""
MINE = """query M($state: GrantState) { me {
  grants(state: $state) { id state code }
  statement { grants { name } saved { amount } } } }"""
USE = """mutation U($code: String, $id: ID, $key: String!) {
  useGrant(code: $code, grantId: $id, source: "till", orderId: "7", idempotencyKey: $key) {
    __typename
    ... on Grant { state saved { amount currency } orderId }
    ... on UserError { code }
  } }"""
CHANGE = """mutation C($id: ID!, $key: String!) {
  %s(grantId: $id, actor: "eve", idempotencyKey: $key) {
    __typename ... on Grant { state } ... on UserError { code } } }"""
GIVE = """mutation G($id: ID!, $reward: String!, $key: String!) {
  giveGrant(memberId: $id, reward: $reward, actor: "eve", idempotencyKey: $key) {
    __typename ... on Grant { id name state } ... on UserError { code } } }"""


@pytest.fixture
def selling() -> Iterator[tuple[Front, str]]:
    """A shop with a catalogue, and its member with 120 points."""
    with open_shop(rewards=REWARDS) as loyalty:
        member = loyalty.record(order("A1", "ada@example.org", "120.50")).member_id
        assert member
        yield Front(loyalty), member


def test_a_member_buys_and_the_shop_uses(selling: tuple[Front, str]) -> None:
    front, ada = selling
    shown = {item["id"]: item for item in front.data(CATALOGUE, signed(ada))["rewards"]}
    assert shown["card"] == {
        "id": "card",
        "kind": "GIFT_CARD",
        "points": "100",
        "missing": "0",
        "left": None,
        "refusal": None,
    }
    assert shown["trip"]["left"] == 3
    bought = front.data(BUY, signed(ada), reward="card", key="1")["redeem"]
    grant = bought["grant"]
    assert (bought["points"], grant["state"], grant["kind"]) == ("100", "ISSUED", "GIFT_CARD")
    assert grant["worth"] == {"amount": "5.00", "currency": "EUR"}
    assert front.data(BUY, signed(ada), reward="card", key="1")["redeem"]["grant"] == grant
    short = front.data(BUY, signed(ada), reward="card", key="2")["redeem"]
    assert short == {"__typename": "InsufficientPoints", "code": "insufficient_points"}
    mine = front.data(MINE, signed(ada))["me"]
    assert [one["id"] for one in mine["grants"]] == [grant["id"]]
    assert mine["statement"] == {"grants": [{"name": "Card"}], "saved": []}
    used = front.admin_data(USE, code=grant["code"], key="u")["useGrant"]
    assert used == {
        "__typename": "Grant",
        "state": "USED",
        "saved": {"amount": "5.00", "currency": "EUR"},
        "orderId": "7",
    }
    again = front.admin_data(USE, id=grant["id"], key="v")["useGrant"]
    assert again == {"__typename": "GrantRefused", "code": "grant_refused"}
    nobody = front.admin_data(USE, code="no such", key="w")["useGrant"]
    assert nobody["__typename"] == "GrantNotFound"
    mine = front.data(MINE, signed(ada), state="ISSUED")["me"]
    assert mine == {"grants": [], "statement": {"grants": [], "saved": [{"amount": "5.00"}]}}


def test_operators_approve_reject_revoke_and_give(selling: tuple[Front, str]) -> None:
    front, ada = selling
    first = front.data(BUY, signed(ada), reward="trip", key="1")["redeem"]["grant"]["id"]
    second = front.data(BUY, signed(ada), reward="trip", key="2")["redeem"]["grant"]["id"]

    def change(command: str, grant: str) -> str:
        made = front.admin_data(CHANGE % command, id=grant, key=f"{command} {grant}")[command]
        return str(made.get("state") or made["code"])

    assert change("approveGrant", first) == "ISSUED"
    assert change("approveGrant", first) == "ISSUED"
    assert change("rejectGrant", first) == "grant_refused"
    assert change("fulfilGrant", first) == "grant_refused"
    assert change("rejectGrant", second) == "REVOKED"
    assert change("revokeGrant", first) == "REVOKED"
    assert front.loyalty.statement(ada).wallet("points").balance == 120
    given = front.admin_data(GIVE, id=ada, reward="card", key="g")["giveGrant"]
    assert (given["name"], given["state"]) == ("Card", "ISSUED")
    assert front.admin_data(GIVE, id=ada, reward="no", key="h")["giveGrant"]["code"] == (
        "reward_unknown"
    )
    assert front.loyalty.verify().problems == ()
