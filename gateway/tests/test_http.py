"""GraphQL over HTTP: methods, media types, status codes, CORS, health, mounting."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from gateway.tests.shop import ADMIN_KEY, GRAPHQL_JSON, SETTINGS, Front, open_shop, order, signed
from loyalty_core import Loyalty, StoreUnreachable
from loyalty_gateway import create_app

QUERY = "{ program { id } }"
ANSWER = {"data": {"program": {"id": "shop"}}}


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, application/json;q=0.9", GRAPHQL_JSON),
        ("text/html, application/json;q=0.5", "application/json"),
    ],
)
def test_the_media_type_is_the_one_asked_for(
    standing: tuple[Front, str], accept: str, answered: str
) -> None:
    headers = {"accept": accept}
    answer = standing[0].post("/graphql", {"query": QUERY}, **headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{answered}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == ANSWER


def test_other_media_types_are_not_acceptable(front: Front) -> None:
    assert front.post("/graphql", {"query": QUERY}, accept="text/csv").status_code == 406


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "",
     "application/json; charset=latin-1", "application/graphql"],
)  # fmt: skip
def test_what_a_page_may_send_unasked_is_refused(
    standing: tuple[Front, str], content_type: str
) -> None:
    headers = {"content-type": content_type}
    answer = standing[0].client.post(
        "/graphql", content=b'{"query": "{ me { id } }"}', headers=headers
    )
    assert answer.status_code == 415


def test_queries_may_be_got(front: Front, ada: str) -> None:
    given = {
        "query": "query Q($name: String!) { me { wallet(name: $name) { balance } } }",
        "variables": '{"name": "points"}',
        "operationName": "Q",
    }
    headers = {"authorization": f"Bearer {signed(ada)}"}
    answer = front.client.get(f"/graphql?{urlencode(given)}", headers=headers)
    assert answer.json() == {"data": {"me": {"wallet": {"balance": "120"}}}}


def test_mutations_may_not_be_got(front: Front, ada: str) -> None:
    query = 'mutation { redeem(idempotencyKey: "k", points: "20") { __typename } }'
    headers = {"authorization": f"Bearer {signed(ada)}"}
    answer = front.client.get(f"/graphql?{urlencode({'query': query})}", headers=headers)
    assert answer.status_code == 405
    assert front.loyalty.statement(ada).wallet("points").available == 120


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD"])
def test_other_methods_are_refused(standing: tuple[Front, str], method: str) -> None:
    answer = standing[0].client.request(method, "/graphql")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


def test_errors_before_and_while_running(front: Front) -> None:
    for query in ("{", "{ missing }"):
        assert front.post("/graphql", {"query": query}).status_code == 400
        plain = front.post("/graphql", {"query": query}, accept="application/json")
        assert plain.status_code == 200
        assert "data" not in plain.json()
    answer = front.post(
        "/graphql", {"query": 'mutation { redeem(idempotencyKey: "k") { __typename } }'}
    )
    assert answer.status_code == 200
    assert answer.json()["data"] == {"redeem": None}


def test_one_of_several_operations(front: Front) -> None:
    body = {"query": f"query A {QUERY} query B {{ me {{ id }} }}", "operationName": "B"}
    assert front.post("/graphql", body).json() == {"data": {"me": None}}


def test_cors_is_off_unless_set(front: Front, loyalty: Loyalty) -> None:
    origin = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    allowed = "access-control-allow-origin"
    assert allowed not in front.post("/graphql", {"query": QUERY}, **origin).headers
    shared = Front(loyalty, replace(SETTINGS, cors_origins=("https://shop.example",)))
    assert shared.post("/graphql", {"query": QUERY}, **origin).headers[allowed] == origin["origin"]
    asked = {**origin, "access-control-request-headers": "authorization,content-type"}
    assert shared.client.options("/graphql", headers=asked).status_code == 200
    foreign = {**asked, "origin": "https://evil.example"}
    assert shared.client.options("/graphql", headers=foreign).status_code == 400
    assert allowed not in shared.post("/graphql", {"query": QUERY}, **foreign).headers


def test_health_and_readiness(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    assert front.client.get("/healthz").json() == {"status": "ok"}
    assert front.client.get("/readyz").json() == {"status": "ok"}

    def gone(*_: object) -> None:
        raise StoreUnreachable("postgres://user:password@host")

    monkeypatch.setattr(front.loyalty, "members", gone)
    answer = front.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "store_unreachable"})
    assert front.client.get("/healthz").status_code == 200


def test_graphiql_is_off_unless_set(front: Front, loyalty: Loyalty) -> None:
    page = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert front.client.get("/graphql", headers=page).status_code == 400
    assert front.client.get("/graphiql/start.js").status_code == 404
    dev = TestClient(create_app(loyalty, SETTINGS, dev=True))
    for path in ("/graphql", "/admin/graphql"):
        answer = dev.get(path, headers=page)
        assert answer.status_code == 200
        assert f'data-endpoint="{path}"' in answer.text
        assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert dev.get("/graphiql/start.js").status_code == 200


def test_it_can_be_mounted_in_another_application(loyalty: Loyalty, ada: str) -> None:
    host = Starlette(routes=[Mount("/loyalty", create_app(loyalty, SETTINGS, dev=True))])
    client = TestClient(host)
    headers = {"authorization": f"Bearer {signed(ada)}"}
    answer = client.post("/loyalty/graphql", json={"query": "{ me { id } }"}, headers=headers)
    assert answer.json() == {"data": {"me": {"id": ada}}}
    page = client.get("/loyalty/graphql", headers={"accept": "text/html"}).text
    assert 'src="/loyalty/graphiql/start.js"' in page
    assert 'data-endpoint="/loyalty/graphql"' in page
    assert client.get("/loyalty/graphiql/start.js").status_code == 200


def test_two_programs_in_one_process(ada: str, front: Front) -> None:
    other_program = {"id": "other", "name": "Another shop", "currency": "USD"}
    with open_shop("sqlite://", program=other_program) as other:
        second = Front(other, replace(SETTINGS, admin_keys=()))
        assert second.data("{ program { name currency } }") == {
            "program": {"name": "Another shop", "currency": "USD"}
        }
        assert front.data("{ program { name } }") == {"program": {"name": "The shop"}}
        answer = second.ask("{ me { id } }", signed(ada))
        assert answer["errors"][0]["extensions"]["code"] == "member_not_found"
        assert second.post("/admin/graphql", {"query": QUERY}, ADMIN_KEY).status_code == 401


def test_on_every_database(database_url: str) -> None:
    with open_shop(database_url) as loyalty:
        front = Front(loyalty)
        ada = loyalty.record(order("1", "ada@example.org", "120.50")).member_id or ""
        query = """mutation { redeem(idempotencyKey: "k", points: "20") {
                     ... on Redemption { points member { wallet(name: "points") { available }
                       history { edges { node { kind points } } } } } } }"""
        for _ in range(2):
            assert front.data(query, signed(ada))["redeem"] == {
                "points": "20",
                "member": {
                    "wallet": {"available": "100"},
                    "history": {
                        "edges": [
                            {"node": {"kind": "REDEMPTION", "points": "-20"}},
                            {"node": {"kind": "ACCRUAL", "points": "120"}},
                        ]
                    },
                },
            }
        assert front.client.get("/readyz").status_code == 200
