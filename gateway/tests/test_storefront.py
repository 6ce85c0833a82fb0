"""What visitors and members ask, and every value they get."""

from gateway.tests.shop import Clock, Front, signed

ME = """{ me {
  id status joinedAt
  profile { name locale timeZone birthday consents { purpose given } tiers { scheme tier } }
  identities { kind value source }
  statement { at wallets {
    name unit scale balance available pending debt earned redeemed expired adjusted
    worth { amount currency } nextPending { at points } expiring { at points } lapsesAt
  } }
  wallet(name: "stars") { balance }
  missing: wallet(name: "gold") { balance }
} }"""


def test_a_member_sees_themself(front: Front, ada: str) -> None:
    zero = {"pending": "0", "debt": "0", "redeemed": "0", "expired": "0", "adjusted": "0"}
    none = {"nextPending": None, "lapsesAt": None}
    assert front.data(ME, signed(ada))["me"] == {
        "id": ada,
        "status": "ACTIVE",
        "joinedAt": "2026-11-21T09:00:00Z",
        "profile": {
            "name": None,
            "locale": None,
            "timeZone": None,
            "birthday": None,
            "consents": [],
            "tiers": [],
        },
        "identities": [{"kind": "EMAIL", "value": "ada@example.org", "source": None}],
        "statement": {
            "at": "2026-11-21T10:00:00Z",
            "wallets": [
                {
                    "name": "points",
                    "unit": "points",
                    "scale": 0,
                    "balance": "120",
                    "available": "120",
                    "earned": "120",
                    "worth": {"amount": "1.20", "currency": "EUR"},
                    "expiring": [{"at": "2026-12-01T00:00:00Z", "points": "120"}],
                    **zero,
                    **none,
                },
                {
                    "name": "stars",
                    "unit": "stars",
                    "scale": 2,
                    "balance": "0.00",
                    "available": "0.00",
                    "earned": "0.00",
                    "worth": None,
                    "expiring": [],
                    **dict.fromkeys(zero, "0.00"),
                    **none,
                },
            ],
        },
        "wallet": {"balance": "0.00"},
        "missing": None,
    }


def test_a_token_may_name_the_member_by_identity(front: Front, ada: str) -> None:
    token = signed("an id of the shop's own", identities={"email": "ADA@example.org"})
    assert front.data("{ me { id } }", token) == {"me": {"id": ada}}


def test_a_visitor_sees_the_program_and_nobody(front: Front, ada: str) -> None:
    query = """{ me { id } program { id name currency timeZone locale wallets { name unit scale } }
                 rewards { id summary wallet } }"""
    assert front.data(query) == {
        "me": None,
        "program": {
            "id": "shop",
            "name": "The shop",
            "currency": "EUR",
            "timeZone": "UTC",
            "locale": "en",
            "wallets": [
                {"name": "points", "unit": "points", "scale": 0},
                {"name": "stars", "unit": "stars", "scale": 2},
            ],
        },
        "rewards": [{"id": "shop.discount", "summary": "Money off", "wallet": "points"}],
    }


QUOTE = """query Q($cart: CartInput!) { quote(cart: $cart) {
  __typename
  ... on Quote {
    earnings { rule wallet points lines { line points } }
    offers { reward wallet points worth { amount currency } lines { line discount { amount } }
             minimum step refusal }
  }
  ... on UserError { code message field }
} }"""
CART = {"currency": "EUR", "lines": [{"id": "x", "amount": "25.90"}]}


def test_a_quote_for_a_member(front: Front, ada: str) -> None:
    assert front.data(QUOTE, signed(ada), cart=CART)["quote"] == {
        "__typename": "Quote",
        "earnings": [
            {
                "rule": "spend",
                "wallet": "points",
                "points": "25",
                "lines": [{"line": "x", "points": "25"}],
            }
        ],
        "offers": [
            {
                "reward": "shop.discount",
                "wallet": "points",
                "points": "120",
                "worth": {"amount": "1.20", "currency": "EUR"},
                "lines": [{"line": "x", "discount": {"amount": "1.20"}}],
                "minimum": "10",
                "step": "1",
                "refusal": None,
            }
        ],
    }


def test_a_quote_for_a_visitor_promises_the_same_points(front: Front) -> None:
    quote = front.data(QUOTE, cart=CART)["quote"]
    assert [earning["points"] for earning in quote["earnings"]] == ["25"]
    assert all(offer["points"] == "0" for offer in quote["offers"])


def test_a_wrong_cart_is_an_expected_failure(front: Front) -> None:
    cart = {"currency": "EUR", "lines": [{"id": "x", "amount": "25.905"}]}
    assert front.data(QUOTE, cart=cart)["quote"] == {
        "__typename": "FactRejected",
        "code": "amount_invalid",
        "message": "$.lines[0].amount: 25.905 has more than 2 decimal digits",
        "field": "$.lines[0].amount",
    }


REDEEM = """mutation R($points: Points, $key: String!, $cart: CartInput, $reward: String) {
  redeem(points: $points, idempotencyKey: $key, cart: $cart, reward: $reward) {
    __typename
    ... on Redemption {
      transactionId reward wallet points worth { amount currency }
      lines { line discount { amount currency } } occurredAt
      member { id wallet(name: "points") { available redeemed } }
    }
    ... on UserError { code message field }
    ... on InsufficientPoints { needed available }
    ... on FactRejected { remedy }
  } }"""


def test_redeem(front: Front, ada: str) -> None:
    made = front.data(REDEEM, signed(ada), points="50", key="k1", cart=CART)["redeem"]
    assert made.pop("transactionId")
    assert made == {
        "__typename": "Redemption",
        "reward": "shop.discount",
        "wallet": "points",
        "points": "50",
        "worth": {"amount": "0.50", "currency": "EUR"},
        "lines": [{"line": "x", "discount": {"amount": "0.50", "currency": "EUR"}}],
        "occurredAt": "2026-11-21T10:00:00Z",
        "member": {"id": ada, "wallet": {"available": "70", "redeemed": "50"}},
    }


def test_the_same_key_redeems_once(front: Front, ada: str) -> None:
    token = signed(ada)
    first = front.data(REDEEM, token, points=50, key="k1")["redeem"]
    again = front.data(REDEEM, token, points=50, key="k1")["redeem"]
    assert again == first
    other = front.data(REDEEM, token, points=60, key="k1")["redeem"]
    assert other["__typename"] == "IdempotencyConflict"
    assert other["code"] == "idempotency_conflict"
    assert front.loyalty.statement(ada).wallet("points").available == 70


def test_commands_of_one_request_see_one_another(front: Front, ada: str) -> None:
    query = """mutation { a: redeem(points: "20", idempotencyKey: "a") { ...F }
                          b: redeem(points: 30, idempotencyKey: "b") { ...F } }
               fragment F on Redemption { member { wallet(name: "points") { available } } }"""
    made = front.data(query, signed(ada))
    assert [made[name]["member"]["wallet"]["available"] for name in "ab"] == ["100", "70"]


def test_expected_failures_of_redeem(front: Front, ada: str) -> None:
    token = signed(ada)
    many = front.data(REDEEM, token, points="1000", key="k1")["redeem"]
    assert many["__typename"] == "InsufficientPoints"
    assert (many["code"], many["needed"], many["available"]) == (
        "insufficient_points",
        "1000",
        "120",
    )
    few = front.data(REDEEM, token, points="5", key="k2")["redeem"]
    assert (few["__typename"], few["code"]) == ("RedemptionRefused", "redemption_refused")
    none = front.data(REDEEM, token, points="20", key="k3", reward="gold.bar")["redeem"]
    assert (none["__typename"], none["field"]) == ("RewardUnknown", "reward")
    part = front.data(REDEEM, token, points="10.5", key="k4")["redeem"]
    assert (part["__typename"], part["code"]) == ("FactRejected", "amount_invalid")
    assert front.loyalty.statement(ada).wallet("points").available == 120


def test_a_visitor_cannot_redeem(front: Front, ada: str) -> None:
    answer = front.ask(REDEEM, points="50", key="k1")
    assert answer["data"] == {"redeem": None}
    assert answer["errors"][0]["message"] == "Sign in first"
    assert answer["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


def test_expired_points_are_not_offered(front: Front, ada: str, clock: Clock) -> None:
    clock.now = clock.now.replace(month=12)
    wallet = front.data('{ me { wallet(name: "points") { available expired } } }', signed(ada))
    assert wallet["me"]["wallet"]["available"] == "0"
