"""Queries made to hurt, by name; each small to send and, unguarded, large to answer."""

import json
from collections.abc import Mapping

NAME = "program { name }"


def fragment_bomb(levels: int) -> str:
    """Fragments that spread the next one twice: 2**levels selections in a few hundred bytes."""
    fragments = [f"fragment F{n} on Program {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    last = f"fragment F{levels} on Program {{ name }}"
    return " ".join(["{ program { ...F0 } }", *fragments, last])


def merging(count: int) -> str:
    """One response key again and again, to be compared each with each."""
    return "{ " + " ".join(["program { name currency }"] * count) + " }"


ATTACKS: Mapping[str, str] = {
    "aliases": "{ " + " ".join(f"a{n}: {NAME}" for n in range(1000)) + " }",
    "aliased fields of a type": "{ program { "
    + " ".join(f"a{n}: name" for n in range(16))
    + " } }",
    "mutations": "mutation { "
    + " ".join(
        f'm{n}: redeem(idempotencyKey: "{n}", points: "10") {{ __typename }}' for n in range(11)
    )
    + " }",
    "depth": "{ me " + "{ history { edges { node " * 4 + "{ id }" + " } } }" * 4 + " }",
    "parser depth": "{ a" * 5000 + " }" * 5000,
    "nested list": "{ quote(cart: " + "[" * 5000 + "]" * 5000 + ") { __typename } }",
    "field duplication": "{ program { " + "name " * 10_000 + "} }",
    "fields to merge": merging(800),
    "fields to merge, below the limit of tokens": merging(250),
    "fragment bomb": fragment_bomb(22),
    "fragment bomb of 100 levels": fragment_bomb(100),
    "fragment cycle": "{ program { ...A } } fragment A on Program { ...B } "
    "fragment B on Program { ...A }",
    "fragment that spreads itself": "{ program { ...A } } fragment A on Program { ...A name }",
    "directives": "{ program { name " + "@include(if: true) " * 30 + "} }",
    "unknown directives": "{ program { name " + "@x " * 100 + "} }",
    "circular introspection": "{ __schema { types "
    + "{ fields { type " * 8
    + "{ name }"
    + " } }" * 8
    + " } }",
    "unused fragments": "{ program { name } } "
    + " ".join(f"fragment F{n} on Program {{ name }}" for n in range(100)),
    "operations": " ".join(f"query Q{n} {{ {NAME} }}" for n in range(300)),
    "comments": "{ program { name # " + "x" * 200_000 + "\n missing } }",
    "numbers": "{ me { history(first: " + "9" * 5000 + ") { edges { cursor } } } }",
    "points without end": 'mutation { redeem(idempotencyKey: "k", points: ' + "9" * 5000 + ") "
    "{ __typename } }",
    "text without end": '{ me { wallet(name: "' + "x" * 100_000 + ") { name } } }",
    "nothing": "",
    "no GraphQL": "SELECT * FROM loyalty",
    "type system": "type Query { a: Int }",
    "subscription": "subscription { a }",
}
"""Each must be refused as a request: 400, and nothing is run."""

BODIES: Mapping[str, bytes] = {
    "a number": b"5",
    "a text": b'"x"',
    "null": b"null",
    "nested arrays": b"[" * 100_000,
    "nested objects": b'{"a":' * 50_000,
    "a batch": json.dumps([{"query": "{ program { name } }"}] * 2).encode(),
    "an empty batch": b"[]",
    "not JSON": b"{query}",
    "not UTF-8": b'{"query": "\xff"}',
    "nothing": b"",
    "a number without end": b'{"query": ' + b"9" * 5000 + b"}",
    "half a character": b'{"query": "{ program { name } }", "variables": {"a": "\\uD800"}}',
    "UTF-16": '{"query": "{ program { name } }"}'.encode("utf-16"),
    "no query": b'{"variables": {}}',
    "a query that is a number": b'{"query": 5}',
    "variables that are a text": b'{"query": "{ program { name } }", "variables": "x"}',
    "a name that is a number": b'{"query": "{ program { name } }", "operationName": 1}',
    "extensions that are a list": b'{"query": "{ program { name } }", "extensions": []}',
    "an unknown operation": b'{"query": "{ program { name } }", "operationName": "Q"}',
    "two operations, none named": b'{"query": "query A { me { id } } query B { me { id } }"}',
}
