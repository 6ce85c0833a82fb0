"""Requests made to hurt are refused, cheaply, silently, and without telling secrets."""

import logging
from dataclasses import replace
from typing import Any

import pytest
from graphql import parse

from gateway.tests.attacks import ATTACKS, BODIES, fragment_bomb
from gateway.tests.shop import ADMIN_KEY, SETTINGS, Front, signed
from loyalty_core import Loyalty, StoreUnreachable
from loyalty_gateway.compose import composed
from loyalty_gateway.contributions import Audience
from loyalty_gateway.documents import MOST_ERRORS, Documents
from loyalty_gateway.limits import Measurer
from loyalty_gateway.settings import Limits

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_an_attack_is_refused_before_anything_runs(
    standing: tuple[Front, str], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    front, ada = standing
    answer = front.post("/graphql", {"query": ATTACKS[name]}, signed(ada))
    body = answer.json()
    assert (answer.status_code, "data" in body) == (400, False), body
    assert 1 <= len(body["errors"]) <= MOST_ERRORS + 1  # the last says that there are more
    assert all(error["extensions"]["code"] for error in body["errors"])
    assert "Did you mean" not in answer.text
    assert len(answer.content) < 5_000
    assert caplog.records == []
    assert front.loyalty.statement(ada).wallet("points").available == 120


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_malformed_body_is_the_senders_fault(
    standing: tuple[Front, str], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = standing[0].client.post("/graphql", content=BODIES[name], headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert caplog.records == []


@pytest.mark.parametrize("levels", [5, 22, 200])
def test_a_fragment_is_looked_at_once_however_often_it_is_spread(levels: int) -> None:
    measurer = Measurer(parse(fragment_bomb(levels)))
    measure = measurer.largest()
    assert measure.fields == 2**levels + 1
    assert measurer.visited == 2 * levels + 3  # each node of the text, and no more


def test_what_exceeds_a_limit_is_not_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = Documents(
        composed(Audience.STOREFRONT).graphql_schema, Limits(), introspection=True
    )

    def validated(*_: object, **__: object) -> None:
        raise AssertionError("validation would be slow")

    monkeypatch.setattr("loyalty_gateway.documents.validate", validated)
    for name in ("aliases", "mutations", "fragment bomb", "fields to merge", "directives"):
        document, errors = documents.ready(ATTACKS[name])
        assert document is None
        assert errors


def test_a_query_is_prepared_once() -> None:
    documents = Documents(
        composed(Audience.STOREFRONT).graphql_schema, Limits(), introspection=True
    )
    for _ in range(50):
        assert documents.ready("{ program { name } }")[1] == []
    assert documents.prepared == 1
    for number in range(600):
        documents.ready(f"{{ a{number}: program {{ name }} }}")
    documents.ready("{ program { name } }")
    assert documents.prepared == 602  # forgotten meanwhile: the memory is bounded


def test_large_bodies_are_not_read(loyalty: Loyalty) -> None:
    front = Front(loyalty, replace(SETTINGS, body_limit_bytes=2_000))
    right = {"query": "{ program { name } }", "variables": {"x": "y" * 1_000}}
    assert front.post("/graphql", right).status_code == 200
    wrong = {**right, "variables": {"x": "y" * 3_000}}
    answer = front.post("/graphql", wrong)
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"] == {"code": "TOO_LARGE"}
    sent = []

    def chunks() -> Any:
        for number in range(10_000):
            sent.append(number)
            yield b" " * 1_000

    assert front.client.post("/graphql", content=chunks(), headers=JSON).status_code == 413


SUGGESTING = [
    "{ progam { name } }",
    "{ program { nam } }",
    "{ quote(cat: 1) { __typename } }",
    "query Q($c: CartInpt!) { quote(cart: $c) { __typename } }",
    "{ ... on Progam { name } }",
]


@pytest.mark.parametrize("query", SUGGESTING)
def test_nothing_is_suggested(standing: tuple[Front, str], query: str) -> None:
    answer = standing[0].post("/graphql", {"query": query})
    assert answer.status_code == 400
    assert "Did you mean" not in answer.text


def test_nothing_is_suggested_for_variables(front: Front) -> None:
    query = "query Q($c: CartInput!) { quote(cart: $c) { __typename } }"
    cart = {"currency": "EUR", "lines": [], "shiping": "1"}
    answer = front.post("/graphql", {"query": query, "variables": {"c": cart}})
    assert answer.status_code == 400
    assert "shiping" in answer.text
    assert "Did you mean" not in answer.text


def test_introspection_can_be_off_for_the_storefront(loyalty: Loyalty) -> None:
    front = Front(loyalty, replace(SETTINGS, introspection=False))
    for query in ("{ __schema { queryType { name } } }", '{ __type(name: "Member") { name } }'):
        assert front.post("/graphql", {"query": query}).status_code == 400
        assert "data" in front.admin(query)
    assert front.data("{ __typename }") == {"__typename": "Query"}


def test_an_unexpected_error_is_masked_and_logged_under_its_id(
    front: Front, ada: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("postgres://user:password@host")

    monkeypatch.setattr(front.loyalty, "statements", broken)
    answer = front.post("/graphql", {"query": "{ me { id statement { at } } }"}, signed(ada))
    assert "password" not in answer.text
    error = answer.json()["errors"][0]
    assert error["message"] == "Something went wrong on our side"
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["path"] == ["me", "statement"]
    assert error["extensions"]["id"] in caplog.records[0].getMessage()
    assert "password" in str(caplog.records[0].exc_info)


def test_the_databases_errors_keep_their_code_and_nothing_else(
    front: Front, ada: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise StoreUnreachable("postgres://user:password@host is gone")

    monkeypatch.setattr(front.loyalty, "redeem", broken)
    query = 'mutation { redeem(idempotencyKey: "k", points: 20) { __typename } }'
    answer = front.post("/graphql", {"query": query}, signed(ada))
    assert "password" not in answer.text
    assert answer.json()["data"] == {"redeem": None}
    assert answer.json()["errors"][0]["extensions"]["code"] == "store_unreachable"
    assert len(caplog.records) == 1


def test_many_errors_of_one_request_are_three_tracebacks(
    front: Front, ada: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("again")

    monkeypatch.setattr(front.loyalty, "statements", broken)
    monkeypatch.setattr(front.loyalty, "history", broken)
    fields = " ".join(f"a{n}: history {{ edges {{ cursor }} }}" for n in range(10))
    front.post("/graphql", {"query": f"{{ me {{ {fields} }} }}"}, signed(ada))
    assert len(caplog.records) == 3


def test_users_errors_leave_no_log(
    front: Front, ada: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "loyalty_gateway"):
        for _ in range(20):
            front.ask("{ nonsense }", signed(ada))
            front.ask("{ me { history(first: 0) { edges { cursor } } } }", signed(ada))
            front.ask('mutation { redeem(idempotencyKey: "k") { __typename } }')
            front.post("/admin/graphql", {"query": "{ a }"}, "wrong")
    assert [record for record in caplog.records if record.name.startswith("loyalty")] == []
    assert [record for record in caplog.records if record.name.startswith("strawberry")] == []


def test_root_fields_of_one_request_are_limited(loyalty: Loyalty, ada: str) -> None:
    front = Front(loyalty, replace(SETTINGS, limits=Limits(root_fields=2)))
    fields = [f"a{n}: me {{ id }}" for n in range(3)]
    assert front.data(f"{{ {' '.join(fields[:2])} }}", signed(ada))["a1"] == {"id": ada}
    (error,) = front.ask(f"{{ {' '.join(fields)} }}", signed(ada))["errors"]
    assert error["extensions"]["code"] == "TOO_COMPLEX"


@pytest.mark.parametrize(
    ("limits", "fits", "fault"),
    [
        (Limits(fields=2), "{ me { id } }", "limit of 2 fields"),
        (Limits(aliases=1), "{ me { id joinedAt } }", "limit of 1 aliases"),
        (Limits(directives=1), "{ me { id } program { name } }", "limit of 1 directives"),
        (Limits(tokens=6), "{ me { id } }", "more than 6 tokens"),
    ],
)
def test_what_one_request_asks_for_is_limited_as_is_said(
    loyalty: Loyalty, ada: str, limits: Limits, fits: str, fault: str
) -> None:
    front = Front(loyalty, replace(SETTINGS, limits=limits))
    assert front.data(fits, signed(ada))["me"]["id"] == ada
    errors = front.ask(
        "{ me { a: id @skip(if: false) b: joinedAt @skip(if: false) } }", signed(ada)
    )["errors"]
    assert [one["message"] for one in errors if fault in one["message"]] != []


def test_calls_of_one_request_are_counted(loyalty: Loyalty, ada: str) -> None:
    front = Front(loyalty, replace(SETTINGS, limits=Limits(calls=5)))
    pages = [f"a{n}: history(first: {n + 1}) {{ edges {{ cursor }} }}" for n in range(8)]
    query = f"{{ me {{ {' '.join(pages)} }} }}"
    answer = front.ask(query, signed(ada))
    refused = [error for error in answer["errors"] if error["extensions"]["code"] == "TOO_COMPLEX"]
    assert len(refused) == 4  # five calls: the member's and four histories
    assert sum(page is not None for page in answer["data"]["me"].values()) == 4


def test_the_standard_introspection_query_passes(front: Front) -> None:
    from graphql import build_client_schema, get_introspection_query

    answer = front.post("/admin/graphql", {"query": get_introspection_query()}, ADMIN_KEY).json()
    assert build_client_schema(answer["data"]).query_type
