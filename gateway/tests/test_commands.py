"""The operators' commands: what they book, what they refuse, and that they are done once."""

from gateway.tests.shop import Front

ADJUST = """mutation A($id: ID!, $points: Points!, $key: String!, $reason: String!,
                       $wallet: String = "points") {
  adjust(memberId: $id, wallet: $wallet, points: $points, reason: $reason, actor: "eve",
         idempotencyKey: $key) {
    __typename
    ... on Adjustment { transactionId wallet points reason actor occurredAt
                        member { wallet(name: "points") { balance adjusted } } }
    ... on UserError { code message }
  } }"""
ENROL = """mutation E($identities: [IdentityInput!]!, $key: String!, $profile: ProfileInput) {
  enrol(identities: $identities, idempotencyKey: $key, profile: $profile) {
    __typename
    ... on Member { id identities { kind value }
                    profile { name locale timeZone birthday tags consents { purpose given } } }
    ... on UserError { code message }
  } }"""
REDEEM = """mutation R($id: ID!, $key: String!, $points: Points) {
  redeem(memberId: $id, idempotencyKey: $key, points: $points) {
    __typename
    ... on Redemption { points worth { amount } member { id } }
    ... on UserError { code message }
  } }"""


def test_adjust(front: Front, ada: str) -> None:
    made = front.admin_data(ADJUST, id=ada, points="-20", key="k", reason="returned")["adjust"]
    assert made.pop("transactionId")
    assert made == {
        "__typename": "Adjustment",
        "wallet": "points",
        "points": "-20",
        "reason": "returned",
        "actor": "eve",
        "occurredAt": "2026-11-21T10:00:00Z",
        "member": {"wallet": {"balance": "100", "adjusted": "-20"}},
    }
    again = front.admin_data(ADJUST, id=ada, points="-20", key="k", reason="returned")["adjust"]
    assert again["points"] == "-20"
    assert front.loyalty.statement(ada).wallet("points").balance == 100


def test_expected_failures_of_adjust(front: Front, ada: str) -> None:
    def failure(**variables: str) -> tuple[str, str]:
        given = {"id": ada, "points": "5", "key": "k", "reason": "because", **variables}
        made = front.admin_data(ADJUST, **given)["adjust"]
        return made["__typename"], made["code"]

    assert failure(id="nobody") == ("MemberNotFound", "member_not_found")
    assert failure(wallet="gold") == ("WalletUnknown", "wallet_unknown")
    assert failure(reason="")[0] == "FactRejected"
    assert failure(points="0")[0] == "FactRejected"
    assert failure(points="0.5") == ("FactRejected", "amount_invalid")
    front.admin_data(ADJUST, id=ada, points="1", key="used", reason="because")
    assert failure(key="used") == ("IdempotencyConflict", "idempotency_conflict")
    assert front.loyalty.statement(ada).wallet("points").balance == 121


def test_enrol(front: Front) -> None:
    identities = [
        {"kind": "EMAIL", "value": "Cleo@Example.org"},
        {"kind": "PHONE", "value": "+49 30 901820"},
    ]
    profile = {
        "name": "Cleo",
        "locale": "de",
        "timeZone": "Europe/Berlin",
        "birthday": "1990-02-28",
        "consents": [{"purpose": "mail", "given": False}],
        "tags": ["vip"],
    }
    made = front.admin_data(ENROL, identities=identities, key="k", profile=profile)["enrol"]
    assert made.pop("id")
    assert made == {
        "__typename": "Member",
        "identities": [
            {"kind": "EMAIL", "value": "cleo@example.org"},
            {"kind": "PHONE", "value": "+4930901820"},
        ],
        "profile": profile,
    }


def test_expected_failures_of_enrol(front: Front, ada: str, bob: str) -> None:
    def failure(*values: tuple[str, str]) -> tuple[str, str]:
        identities = [{"kind": kind, "value": value} for kind, value in values]
        made = front.admin_data(ENROL, identities=identities, key="k")["enrol"]
        return made["__typename"], made["code"]

    assert failure(("EMAIL", "nonsense")) == ("IdentityInvalid", "identity_invalid")
    front.loyalty.enrol({"card": "7"})
    conflict = failure(("EMAIL", "ada@example.org"), ("CARD", "7"))
    assert conflict == ("IdentityConflict", "identity_conflict")
    two = [{"kind": "EMAIL", "value": "a@example.org"}, {"kind": "EMAIL", "value": "b@example.org"}]
    answer = front.admin(ENROL, identities=two, key="k")
    assert answer["errors"][0]["extensions"] == {"code": "BAD_REQUEST", "field": "identities"}


def test_redeem_for_a_member(front: Front, ada: str) -> None:
    assert front.admin_data(REDEEM, id=ada, key="k", points=30)["redeem"] == {
        "__typename": "Redemption",
        "points": "30",
        "worth": {"amount": "0.30"},
        "member": {"id": ada},
    }
    made = front.admin_data(REDEEM, id="nobody", key="k2", points=30)["redeem"]
    assert (made["__typename"], made["code"]) == ("MemberNotFound", "member_not_found")


QUOTE = """query Q($cart: CartInput!, $id: ID) { quote(cart: $cart, memberId: $id) {
  __typename ... on Quote { failed earnings { plugin points } } ... on UserError { code } } }"""


def test_quote_for_a_member(front: Front, ada: str) -> None:
    cart = {"currency": "EUR", "lines": [{"id": "x", "amount": 12}]}
    quoted = {"__typename": "Quote", "failed": [], "earnings": [{"plugin": "shop", "points": "12"}]}
    assert front.admin_data(QUOTE, cart=cart, id=ada)["quote"] == quoted
    assert front.admin_data(QUOTE, cart=cart)["quote"] == quoted
    missing = {"__typename": "MemberNotFound", "code": "member_not_found"}
    assert front.admin_data(QUOTE, cart=cart, id="nobody")["quote"] == missing
