"""What the page about facts says beyond the dataclasses: each field in a sentence, and examples."""

from __future__ import annotations

from typing import Any

INTRODUCTION = """
A fact is what the outside says happened: an [order](#order), a [refund](#orderrefund) that comes
by itself, or an [activity](#activity). `Loyalty.record` takes it as one of these JSON objects, or
as the dataclass of the same name. `loyalty record` and `loyalty import facts` read the same
objects, and the JSON Schema of them is [facts.schema.json](facts.schema.json). A [cart](#cart) is
what a quote is asked for; it is not a fact.

How values are written:

- **A text** is valid Unicode without U+0000, which PostgreSQL cannot store.
- **An amount** is a decimal text in major units, such as `"12.50"`, never negative, and with no
  more digits than the currency has: two for EUR, none for JPY, three for KWD. A whole number will
  do as well. A JSON number with a point is refused: it may have lost cents before it came.
- **A moment** is ISO 8601 with a time zone, such as `"2026-11-21T10:00:00Z"`. It is refused when
  it is more than a day ahead of the clock, or before 1970.
- **Identities** say whose the fact is: `email`, `phone`, `customer_id` (counts within `source`),
  `card`, `payment_token`. One is enough. Those not known yet are linked to the member that the
  others belong to. An order without any waits for `Loyalty.claim`. `member_id` names a member of
  the program by id instead: nobody is enrolled by it.
- An unknown key is refused, with the nearest known one as the remedy. Everything that is wrong is
  reported at once, each fault with its path.

What makes a fact the same fact is its `source`, whether it is an order or an activity, and its
`id`. Sending it again changes nothing. An order may change: send the whole of it again with a
higher `version` or a later `updated_at`. An activity never changes.

The schema cannot say everything. It does not know that the parts of an order sum to its `total`,
that line ids differ from one another, or how many digits a currency has. The SDK refuses those
with an error of its own: see [errors](errors/README.md). What is odd and no reason to refuse
stands in the `problems` of the receipt: a refund beyond its order or in another currency, or an
order that names another member than before.

What becomes of an order, from its deposit to a won dispute, is told on the page about
[the life of an order](../orders.md).
"""

DECLARED = """
## Kinds that plugins declare

An activity may be of any kind and hold any plain values. A plugin may declare kinds of its own by
`loyalty_register_activities`: where it is on, `data` of such an activity must be what is declared,
and the plugin's other kinds are refused. A whole number and a truth value may be texts as well
(`"1200"`, `"true"`), for a CSV file has nothing else. `loyalty activities` lists what the plugins
of a program declare. Those of this repository declare these.
"""

BOUGHT = {
    "currency": "The ISO 4217 code that all its amounts are in.",
    "lines": "What was bought, at least one line.",
    "shipping": "The price of shipping.",
    "shipping_tax": "The tax in or on shipping.",
    "discount": "A discount on the whole order; it is spread over the goods by value.",
    "tax_included": "Whether prices contain their tax.",
    "tenders": "By what means it was paid.",
    "channel": "Where it was placed, such as `web`, `app` or `store`.",
    "store": "Which store.",
    "tags": "Anything rules may ask for.",
}

_WORDS: dict[str, dict[str, str]] = {
    "Order": BOUGHT
    | {
        "type": "Says that this is an order.",
        "source": "The shop or till it comes from, not beginning with `~`; ids count within it.",
        "identities": "Whose it is, by kind of identity. An order of nobody can be claimed later.",
        "occurred_at": "When it was placed. Facts are decided in this order, whenever they come.",
        "id": "Its id in its source, up to 200 characters.",
        "status": "Only a paid order earns; a cancelled one takes back what it earned.",
        "refunds": "All refunds known so far; those of other versions are kept as well.",
        "refunds_listed_at": "When `refunds` were all that the shop had, by its clock: an earlier "
        "one that is not among them was deleted there, and counts as never given.",
        "version": "Which version of the order this is; the highest counts.",
        "updated_at": "When this version was made; it tells versions of one number apart.",
        "total": "What the customer owed. If given, the parts must sum to it.",
        "test": "A test order is kept and earns nothing.",
    },
    "OrderRefund": {
        "type": "Says that this is a refund.",
        "source": "The source of the order.",
        "order_id": "The id of the order. The order may come later.",
        "currency": "The currency of the order.",
        "refund": "What was given back.",
        "identities": "Whose it is; the order says it too, so this may be left out.",
    },
    "Activity": {
        "type": "Says that this is an activity.",
        "source": "Where it comes from; ids and customer ids count within it.",
        "id": "Its id in its source, up to 200 characters.",
        "kind": "What was done, such as `review` or `check_in`. Rules are written for kinds.",
        "identities": "Whose it is, by kind of identity.",
        "occurred_at": "When it was done.",
        "data": "What rules need to know of it, such as which product was reviewed.",
        "channel": "Where it was done, such as `web`, `app` or `store`.",
        "store": "In which store.",
        "tags": "Anything rules may ask for.",
    },
    "Line": {
        "id": "Its id in the order, different from all others.",
        "amount": "The price of the whole line, all its quantity, before `discount`.",
        "quantity": "How many items.",
        "discount": "What is taken off this line.",
        "tax": "The tax in or on it, as the order's `tax_included` says.",
        "sku": "What was sold.",
        "kind": "Only goods earn by amount.",
        "categories": "The categories it is in.",
        "tags": "Anything rules may ask for.",
    },
    "Tender": {
        "kind": "Such as `card`, `cash`, `gift_card`, `points`, `store_credit`.",
        "amount": "How much was paid so.",
    },
    "Refund": {
        "id": "Its id in the order. The same id twice is one refund.",
        "occurred_at": "When it was given.",
        "kind": "Why. Whether goodwill takes points is the program's setting `goodwill`.",
        "lines": "What was given back of which line.",
        "amount": "What was paid out. Without `lines`, the points follow it.",
        "shipping": "How much of the shipping was given back.",
        "tenders": "By what means it was paid out; what they sum to is the `amount` if left out.",
        "voided_at": "When it was undone. It then counts as never given, for good.",
    },
    "RefundLine": {
        "line": "The id of the order's line.",
        "quantity": "How many items came back.",
        "amount": "How much of the line's value was given back.",
    },
    "Cart": BOUGHT | {"source": "The shop it is in."},
}
WORDS = {f"{kind}.{name}": text for kind, told in _WORDS.items() for name, text in told.items()}

EXAMPLES: dict[str, dict[str, Any]] = {
    "Order": {
        "type": "order",
        "source": "web",
        "id": "1001",
        "identities": {"email": "ada@example.org", "customer_id": "42"},
        "currency": "EUR",
        "occurred_at": "2026-11-21T10:00:00Z",
        "lines": [
            {"id": "1", "sku": "TEA-1", "amount": "24.00", "quantity": 2, "discount": "4.00"},
            {"id": "2", "sku": "GIFT-20", "amount": "20.00", "kind": "gift_card"},
        ],
        "shipping": "4.90",
        "total": "44.90",
        "tenders": [{"kind": "card", "amount": "44.90"}],
        "channel": "web",
    },
    "OrderRefund": {
        "type": "refund",
        "source": "web",
        "order_id": "1001",
        "currency": "EUR",
        "refund": {
            "id": "R1",
            "occurred_at": "2026-11-21T11:00:00Z",
            "lines": [{"line": "1", "quantity": 1}],
        },
    },
    "Activity": {
        "type": "activity",
        "source": "web",
        "id": "review-7",
        "kind": "review",
        "identities": {"email": "ada@example.org"},
        "occurred_at": "2026-11-21T12:00:00Z",
        "data": {"product": "TEA-1", "stars": 5, "photo": True},
    },
    "Cart": {
        "currency": "EUR",
        "lines": [{"id": "1", "sku": "TEA-1", "amount": "12.00"}],
        "shipping": "4.90",
    },
}
