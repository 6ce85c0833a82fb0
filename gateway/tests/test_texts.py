"""Whatever text stands in an argument, the answer is the client's, never an internal error."""

from typing import Any

import pytest

from gateway.tests.shop import Front, open_shop, order, signed

TEXTS = ["", " ", "\x00", "a\x00b", "🙂", "‮", "'; DROP TABLE members; --", "%", "\\", "x" * 5_000]

STOREFRONT = """query Q($text: String!) { me {
  wallet(name: $text) { balance }
  a: history(wallet: $text) { edges { cursor } }
  b: history(after: $text) { edges { cursor } }
} }"""
REDEEM = """mutation M($text: String!) {
  a: redeem(idempotencyKey: $text, points: 10) { ...F }
  b: redeem(idempotencyKey: "k", reward: $text) { ...F }
  c: redeem(idempotencyKey: "l", points: 10, cart: {currency: $text, lines: [
     {id: "1", amount: 1}]}) { ...F }
  d: redeem(idempotencyKey: "m", points: 10, cart: {currency: "EUR", lines: [
     {id: $text, amount: 1, sku: $text, tags: [$text]}]}) { ...F }
} fragment F on RedeemResult { __typename }"""
ADMIN = """query Q($text: String!, $id: ID!) {
  member(id: $id) { id }
  a: memberByIdentity(identities: [{kind: EMAIL, value: $text}]) { id }
  b: memberByIdentity(identities: [{kind: CUSTOMER_ID, value: $text}], source: $text) { id }
  statement(memberId: $id) { at }
  history(memberId: $id) { edges { cursor } }
  explain(transactionId: $id) { configVersion }
}"""
CHANGE = """mutation M($text: String!, $ada: ID!) {
  a: adjust(memberId: $ada, wallet: $text, points: 1, reason: "r", actor: "a",
            idempotencyKey: "1") { __typename }
  b: adjust(memberId: $ada, wallet: "points", points: 1, reason: $text, actor: $text,
            idempotencyKey: "2") { __typename }
  c: adjust(memberId: $ada, wallet: "points", points: 1, reason: "r", actor: "a",
            idempotencyKey: $text) { __typename }
  d: enrol(identities: [{kind: CARD, value: $text}], idempotencyKey: "3",
           profile: {name: $text, locale: $text, timeZone: $text, tags: [$text]}) { __typename }
  e: enrol(identities: [{kind: CUSTOMER_ID, value: "7"}], source: $text,
           idempotencyKey: $text) { __typename }
}"""
SHARE = """mutation M($text: String!, $id: ID!) {
  a: hold(idempotencyKey: "h", reward: $text) { __typename }
  b: capture(redemptionId: $id) { __typename }
  c: release(redemptionId: $id) { __typename }
  d: transfer(to: {kind: EMAIL, value: $text}, wallet: $text, points: 1, idempotencyKey: $text) {
    __typename }
  e: inviteToHousehold(identity: {kind: CARD, value: $text}, idempotencyKey: $text) { __typename }
  f: joinHousehold(householdId: $id, idempotencyKey: "j") { __typename }
  g: withdrawHouseholdInvitation(memberId: $id, idempotencyKey: "w") { __typename }
  h: unlink(partner: $text)
}"""
OPERATE = """mutation M($text: String!, $id: ID!) {
  a: merge(into: $id, other: $id, reason: $text, idempotencyKey: "1") { __typename }
  b: unmerge(memberId: $id, actor: $text, idempotencyKey: "2") { __typename }
  c: claimOrder(memberId: $id, source: $text, orderId: $text, idempotencyKey: "3") { __typename }
  d: erase(memberId: $id, reason: $text, actor: $text, idempotencyKey: "4") { __typename }
  e: importCodes(pool: $text, codes: [$text]) { __typename }
  f: link(memberId: $id, partner: $text, partnerMember: $id, idempotencyKey: "5") { __typename }
  g: settle(partner: $text, reference: $text, actor: $text, idempotencyKey: "6",
    amount: {amount: 1, currency: $text}) { __typename }
  h: reinstate(memberId: $id, transactionId: $id, points: 1, reason: $text, actor: $text,
    idempotencyKey: "7") { __typename }
  i: adjustMany(adjustments: [{wallet: $text, points: 1, reason: $text, actor: $text,
    idempotencyKey: $text, source: $text, identities: [{kind: EMAIL, value: $text}]}]) {
    outcomes { status } }
  j: createHousehold(head: $id, idempotencyKey: "8") { __typename }
}"""
LOOK = """query Q($text: String!, $id: ID!) {
  household(id: $id) { id }
  householdInvitations(memberId: $id) { householdId }
  redemption(id: $id) { id }
  redemptions(memberId: $id, after: $id) { id }
  links(memberId: $id) { partner }
  settlements(partner: $text) { partner }
  proof(transactionId: $id)
  export(memberId: $id)
  verify(head: $text) { problems { code } }
}"""
RECORD = """mutation R($text: String!) { recordFacts(facts: [
  {order: {source: $text, id: "1", currency: "EUR", occurredAt: "2026-11-21T09:00:00Z",
           lines: [{id: "1", amount: 5}], identities: [{kind: CARD, value: "9"}]}},
  {order: {source: "w", id: $text, currency: $text, occurredAt: "2026-11-21T09:00:00Z",
           lines: [{id: "1", amount: 5}], identities: [{kind: CARD, value: "9"}]}},
  {order: {source: "w", id: "2", currency: "EUR", occurredAt: "2026-11-21T09:00:00Z",
           lines: [{id: $text, amount: 5, sku: $text}], channel: $text, store: $text,
           identities: [{kind: CARD, value: $text}]}},
  {activity: {source: "w", id: "3", kind: $text, occurredAt: "2026-11-21T09:00:00Z",
              identities: [{kind: CARD, value: "9"}]}},
  {order: {source: "w", id: "right", currency: "EUR", occurredAt: "2026-11-21T09:00:00Z",
           lines: [{id: "1", amount: 5}], identities: [{kind: CARD, value: "9"}]}}
]) { receipts { status error { code } } } }"""


def faults(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The errors that are ours: masked ones, and the database's."""
    codes = [(error["extensions"]["code"], error) for error in answer.get("errors", [])]
    return [error for code, error in codes if code == "INTERNAL" or code.startswith("store_")]


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_is_answered(database_url: str, text: str) -> None:
    with open_shop(database_url) as loyalty:
        ada = loyalty.record(order("1", "ada@example.org", "120.50")).member_id or ""
        front = Front(loyalty)
        assert faults(front.ask(STOREFRONT, signed(ada), text=text)) == []
        assert faults(front.ask(REDEEM, signed(ada), text=text)) == []
        assert faults(front.ask(SHARE, signed(ada), text=text, id=text)) == []
        assert faults(front.admin(ADMIN, text=text, id=text)) == []
        assert faults(front.admin(LOOK, text=text, id=text)) == []
        assert faults(front.admin(OPERATE, text=text, id=text)) == []
        assert faults(front.admin(CHANGE, text=text, ada=ada)) == []
        answer = front.admin(RECORD, text=text)
        assert faults(answer) == []
        if "\x00" not in text:  # those are refused before anything runs
            assert answer["data"]["recordFacts"]["receipts"][-1]["status"] == "BOOKED"
        assert loyalty.verify().problems == ()


@pytest.mark.parametrize("literal", ['"\\u0000"', '"a\\u{0}b"', '"\\u{000}"', '"\x00"'])
def test_no_text_has_the_character_that_ends_texts(front: Front, ada: str, literal: str) -> None:
    query = f"{{ me {{ wallet(name: {literal}) {{ balance }} }} }}"
    assert front.post("/graphql", {"query": query}, signed(ada)).status_code == 400
    got = front.client.get("/graphql", params={"query": query})
    assert got.status_code == 400
    assert "U+0000" in got.text


@pytest.mark.parametrize("key", ["", "x" * 129])
def test_keys_have_a_length(front: Front, ada: str, key: str) -> None:
    query = "mutation M($key: String!) { redeem(idempotencyKey: $key, points: 10) { __typename } }"
    answer = front.ask(query, signed(ada), key=key)
    assert answer["data"] == {"redeem": None}
    assert answer["errors"][0]["extensions"] == {"code": "BAD_REQUEST", "field": "idempotencyKey"}
    assert front.data(query, signed(ada), key="x" * 128)["redeem"] == {"__typename": "Redemption"}
