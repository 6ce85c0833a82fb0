"""What operators ask and do, and every value they get."""

from typing import Any

from gateway.tests.shop import Front

RECORD = """mutation R($facts: [FactInput!]!) { recordFacts(facts: $facts) { receipts {
  index status factId enrolled changes { wallet points } transactions
  problems { where message remedy code }
  member { id identities { value } wallet(name: "points") { balance } }
  error { __typename code message field ... on FactRejected { remedy problems { where code } } }
} } }"""


def order_input(number: str, email: str, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "order": {
            "source": "web",
            "id": number,
            "identities": [{"kind": "EMAIL", "value": email}],
            "currency": "EUR",
            "occurredAt": "2026-11-21T09:00:00+01:00",
            "lines": [{"id": "1", "amount": amount, "quantity": 2}],
            **more,
        }
    }


def recorded(front: Front, *facts: dict[str, Any]) -> list[dict[str, Any]]:
    receipts: list[dict[str, Any]] = front.admin_data(RECORD, facts=facts)["recordFacts"][
        "receipts"
    ]
    assert [receipt["index"] for receipt in receipts] == list(range(len(facts)))
    return receipts


def test_each_fact_has_its_receipt(front: Front) -> None:
    lines = [{"line": "1", "quantity": 1}]
    refund = {"id": "R1", "occurredAt": "2026-11-21T10:00:00Z", "lines": lines}
    review = {
        "source": "web",
        "id": "V1",
        "kind": "review",
        "occurredAt": "2026-11-21T10:00:00Z",
        "identities": [{"kind": "EMAIL", "value": "ada@example.org"}],
        "data": {"stars": 5, "verified": True, "title": "Good", "note": None},
    }
    first = recorded(front, order_input("1", "ada@example.org", "80.00"))
    receipts = first + recorded(
        front,
        order_input("2", "bob@example.org", "1.005"),
        {"refund": {"source": "web", "orderId": "1", "currency": "EUR", "refund": refund}},
        {"activity": review},
        order_input("1", "ada@example.org", "80.00"),
    )
    assert [receipt["status"] for receipt in receipts] == [
        "BOOKED",
        "REJECTED",
        "BOOKED",
        "BOOKED",
        "DUPLICATE",
    ]
    assert [receipt["changes"] for receipt in receipts] == [
        [{"wallet": "points", "points": "80"}],
        [],
        [{"wallet": "points", "points": "-40"}],
        [{"wallet": "stars", "points": "0.50"}],
        [],
    ]
    assert receipts[0]["enrolled"] is True
    assert receipts[0]["member"]["identities"] == [{"value": "ada@example.org"}]
    assert receipts[0]["member"]["wallet"] == {"balance": "80"}
    assert receipts[2]["member"]["wallet"] == {"balance": "40"}
    assert len(receipts[0]["transactions"]) == 1
    assert receipts[1]["error"] == {
        "__typename": "FactRejected",
        "code": "amount_invalid",
        "message": "$.lines[0].amount: 1.005 has more than 2 decimal digits",
        "field": "$.lines[0].amount",
        "remedy": "Round it to 2 digits first: the sender knows how, we do not.",
        "problems": [{"where": "$.lines[0].amount", "code": "amount_invalid"}],
    }
    assert receipts[1]["member"] is None
    assert front.loyalty.find({"email": "bob@example.org"}) is None


def test_a_changed_order_without_a_version_is_a_conflict(front: Front) -> None:
    recorded(front, order_input("1", "ada@example.org", "80.00"))
    receipt = recorded(front, order_input("1", "ada@example.org", "90.00"))[0]
    assert receipt["status"] == "REJECTED"
    assert receipt["error"]["__typename"] == "IdempotencyConflict"
    version = 2**40  # larger than an Int
    receipt = recorded(front, order_input("1", "ada@example.org", "90.00", version=version))[0]
    assert (receipt["status"], receipt["member"]["wallet"]["balance"]) == ("BOOKED", "90")


def test_an_order_in_full(front: Front) -> None:
    more = {
        "status": "PAID",
        "updatedAt": "2026-11-21T09:30:00Z",
        "shipping": "4.90",
        "shippingTax": "0.78",
        "discount": 5,
        "taxIncluded": True,
        "total": "79.90",
        "tenders": [{"kind": "card", "amount": "79.90"}],
        "channel": "web",
        "store": "main",
        "tags": ["first"],
        "test": False,
        "refunds": [{"id": "R", "occurredAt": "2026-11-21T09:40:00Z", "amount": "10.00"}],
    }
    assert (
        recorded(front, order_input("1", "ada@example.org", "80.00", **more))[0]["status"]
        == "BOOKED"
    )


def test_a_fact_is_exactly_one_thing(front: Front) -> None:
    both = {**order_input("1", "a@example.org", "1.00"), "activity": None}
    answer = front.post("/admin/graphql", {"query": RECORD, "variables": {"facts": [both]}}, "x")
    assert answer.status_code == 401
    answer_ = front.admin(RECORD, facts=[both])
    assert "data" not in answer_
    assert "FactInput" in answer_["errors"][0]["message"]


def test_too_many_facts_are_refused_whole(front: Front) -> None:
    answer = front.admin(
        RECORD, facts=[order_input(str(n), "a@example.org", "1") for n in range(101)]
    )
    assert answer["data"] == {"recordFacts": None}
    assert answer["errors"][0]["extensions"] == {"code": "TOO_COMPLEX", "field": "facts"}
    assert front.loyalty.report().orders == 0


def test_members_are_found(front: Front, ada: str) -> None:
    query = """query Q($id: ID!) {
      known: member(id: $id) { id status profile { tags } }
      unknown: member(id: "nobody") { id }
      found: memberByIdentity(identities: [{kind: EMAIL, value: "ADA@example.org"}]) { id }
      none: memberByIdentity(identities: [{kind: CARD, value: "7"}]) { id }
      statement(memberId: $id) { wallets { name available } }
    }"""
    assert front.admin_data(query, id=ada) == {
        "known": {"id": ada, "status": "ACTIVE", "profile": {"tags": []}},
        "unknown": None,
        "found": {"id": ada},
        "none": None,
        "statement": {
            "wallets": [
                {"name": "points", "available": "120"},
                {"name": "stars", "available": "0.00"},
            ]
        },
    }


def test_a_missing_member_is_an_error_with_its_code(front: Front) -> None:
    answer = front.admin(
        '{ statement(memberId: "nobody") { at } history(memberId: "nobody") { edges { cursor } } }'
    )
    assert answer["data"] == {"statement": None, "history": None}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"member_not_found"}


def test_a_transaction_is_explained(front: Front, ada: str) -> None:
    transaction = front.loyalty.history(ada).items[0].transaction
    query = """query Q($id: ID!) { explain(transactionId: $id) {
      transaction { id wallet kind points occurredAt bookedAt reason actor factId }
      fact { type source id occurredAt } refunds configVersion
      awards { plugin rule wallet points kept lines { line points } expiresAt }
    } }"""
    assert front.admin_data(query, id=transaction.id)["explain"] == {
        "transaction": {
            "id": transaction.id,
            "wallet": "points",
            "kind": "ACCRUAL",
            "points": "120",
            "occurredAt": "2026-11-21T09:00:00Z",
            "bookedAt": "2026-11-21T10:00:00Z",
            "reason": None,
            "actor": None,
            "factId": transaction.fact_id,
        },
        "fact": {
            "type": "order",
            "source": "web",
            "id": "A1",
            "occurredAt": "2026-11-21T09:00:00Z",
        },
        "refunds": [],
        "configVersion": 1,
        "awards": [
            {
                "plugin": "shop",
                "rule": "spend",
                "wallet": "points",
                "points": "120",
                "kept": "120",
                "lines": [{"line": "1", "points": "120"}],
                "expiresAt": "2026-12-01T00:00:00Z",
            }
        ],
    }
    answer = front.admin(query, id="nothing")
    assert answer["errors"][0]["extensions"]["code"] == "transaction_not_found"


def test_the_report(front: Front, ada: str, bob: str) -> None:
    query = """{ program { id report(top: 2) {
      at members orders activities waiting deferred
      wallets { wallet unit issued redeemed expired adjusted outstanding due debt
                worth { amount currency } }
      topMembers { member { id statement { wallets { available } } } earned balance }
    } } rewards { id plugin } }"""
    made = front.admin_data(query)
    report = made["program"]["report"]
    assert made["rewards"] == [{"id": "shop.discount", "plugin": "shop"}]
    counts = ("members", "orders", "activities", "waiting", "deferred")
    assert [report[name] for name in counts] == [2, 2, 0, 0, 0]
    assert report["wallets"][0] == {
        "wallet": "points",
        "unit": "points",
        "issued": "150",
        "redeemed": "0",
        "expired": "0",
        "adjusted": "0",
        "outstanding": "150",
        "due": "0",
        "debt": "0",
        "worth": {"amount": "1.50", "currency": "EUR"},
    }
    top = [(item["member"]["id"], item["earned"], item["balance"]) for item in report["topMembers"]]
    assert top == [(ada, "120", "120"), (bob, "30", "30")]
    assert front.admin("{ program { report(top: 101) { at } } }")["errors"][0]["extensions"] == {
        "code": "BAD_REQUEST",
        "field": "top",
    }
