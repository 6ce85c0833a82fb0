"""Operators see how connected shops stand, and do what needs to be done about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.tests.shop import CONFIG, Clock, Front, ShopPlugin, order, signed
from loyalty_core import ConnectorDisabled, Health, Loyalty, Wants
from loyalty_gateway.compose import composed
from loyalty_gateway.contributions import Audience
from tests.stall import Stall, away, sent

STATUS = """{ id plugin receives walks acts disabledAt disabledFor backfilledAt walkedAt
  messages { pending done ignored dead receivedAt oldestPendingAt }
  actions { pending done dead actedAt failingSince }
  lastWalk { whole finished pages inputs agreed missing different refused drift { what kind } } }"""
MESSAGE = "{ id topic state attempts inputs receivedAt endedAt nextAttemptAt code error }"
ERROR = "... on UserError { code message }"


@pytest.fixture
def stall() -> Stall:
    return Stall(wants=Wants(events=("points_credited",)))


@pytest.fixture
def front(clock: Clock, stall: Stall) -> Iterator[Front]:
    config = {**CONFIG, "plugins": {"shop": {}, "stall": {}}}
    plugins = [ShopPlugin(), stall]
    with Loyalty.open(config, "sqlite://", plugins=plugins, clock=clock) as opened:
        yield Front(opened)


def receive(front: Front, *documents: dict[str, Any]) -> None:
    for document in documents:
        front.loyalty.receive("stall.main", **sent(document))
    front.loyalty.work_inbox()


def bad(number: str) -> dict[str, Any]:
    return order(number, "ada@example.org", "10.00", currency="???")


def good(number: str) -> dict[str, Any]:
    return order(number, "ada@example.org", "10.00")


def one(front: Front, fields: str) -> Any:
    return front.admin_data(f'{{ connector(id: "stall.main") {{ {fields} }} }}')["connector"]


def test_how_every_shop_stands(front: Front, stall: Stall) -> None:
    receive(front, good("1"), bad("2"))
    front.loyalty.tick()
    stall.sold = [good("3"), bad("4")]
    front.loyalty.reconcile("stall")
    (found,) = front.admin_data(f"{{ connectors {STATUS} }}")["connectors"]
    assert found == {
        "id": "stall.main",
        "plugin": "stall",
        "receives": True,
        "walks": True,
        "acts": True,
        "disabledAt": None,
        "disabledFor": None,
        "backfilledAt": "2026-11-21T10:00:00Z",
        "walkedAt": "2026-11-21T10:00:00Z",
        "messages": {
            "pending": 0,
            "done": 1,
            "ignored": 0,
            "dead": 2,
            "receivedAt": "2026-11-21T10:00:00Z",
            "oldestPendingAt": None,
        },
        "actions": {
            "pending": 0,
            "done": 1,
            "dead": 0,
            "actedAt": "2026-11-21T10:00:00Z",
            "failingSince": None,
        },
        "lastWalk": {
            "whole": True,
            "finished": True,
            "pages": 1,
            "inputs": 2,
            "agreed": 0,
            "missing": 1,
            "different": 0,
            "refused": 1,
            "drift": [{"what": "order 4 of web", "kind": "refused"}],
        },
    }
    assert front.admin_data('{ connector(id: "nobody") { id } }') == {"connector": None}


def test_the_shop_is_asked_how_it_is(front: Front, stall: Stall) -> None:
    assert one(front, "health { ok detail }") == {"health": {"ok": True, "detail": "0 sold"}}
    stall.health = lambda: Health(ok=False, detail="closed")  # type: ignore[method-assign]
    assert one(front, "health { ok detail }") == {"health": {"ok": False, "detail": "closed"}}


def test_the_inbox_is_read_a_page_at_a_time(front: Front) -> None:
    receive(front, good("1"), bad("2"), good("3"))
    every = one(front, f"inbox {MESSAGE}")["inbox"]
    assert [message["state"] for message in every] == ["DONE", "DEAD", "DONE"]
    assert every[1]["code"] == "currency_unknown"
    assert (every[0]["code"], every[0]["inputs"], every[0]["nextAttemptAt"]) == (None, 1, None)
    first = one(front, f"inbox(first: 2) {MESSAGE}")["inbox"]
    rest = one(front, f'inbox(first: 2, after: "{first[-1]["id"]}") {MESSAGE}')["inbox"]
    assert [*first, *rest] == every
    assert one(front, f"inbox(state: DEAD) {MESSAGE}")["inbox"] == every[1:2]
    for wrong in ("first: 0", "first: 101", 'after: "x"'):
        answer = front.admin(f'{{ connector(id: "stall.main") {{ inbox({wrong}) {{ id }} }} }}')
        assert answer["data"]["connector"]["inbox"] is None
        assert answer["errors"][0]["extensions"]["code"] in ("BAD_REQUEST", "fact_malformed")


def test_what_was_done_at_the_shop(front: Front, stall: Stall) -> None:
    receive(front, good("1"))
    front.loyalty.tick()
    receive(front, good("2"))
    stall.fails.append(ConnectorDisabled("the app was removed"))
    front.loyalty.tick()
    fields = "log { id about memberId state attempts error } disabledFor"
    found = one(front, fields)
    assert [action["state"] for action in found["log"]] == ["PENDING", "DONE"]
    assert {action["about"] for action in found["log"]} == {"points_credited"}
    assert found["disabledFor"].startswith("the app was removed.")
    last = found["log"][0]["id"]
    assert one(front, f'log(after: "{last}") {{ id }}')["log"] == [{"id": found["log"][1]["id"]}]
    enable = f"""mutation {{ enableConnector(connector: ID) {{
        ... on Connector {{ id disabledAt }} {ERROR} }} }}"""
    assert front.admin_data(enable.replace("ID", '"stall.main"')) == {
        "enableConnector": {"id": "stall.main", "disabledAt": None}
    }
    refused = front.admin_data(enable.replace("ID", '"nobody"'))["enableConnector"]
    assert refused["code"] == "connector_unknown"
    front.loyalty.tick()
    assert [action["state"] for action in one(front, "log { state }")["log"]] == ["DONE", "DONE"]


def test_what_is_dead_is_tried_again_or_let_go(front: Front, stall: Stall) -> None:
    receive(front, bad("1"), bad("2"), bad("3"))
    first, second, third = [it["id"] for it in one(front, "inbox { id }")["inbox"]]
    looked = f"""{{ ... on Looked {{ changed connector {{
        messages {{ pending dead ignored }} }} }} {ERROR} }}"""

    def change(command: str, more: str) -> Any:
        query = f'mutation {{ {command}(connector: "stall.main"{more}) {looked} }}'
        return front.admin_data(query)[command]

    skipped = change("skipMessages", f', ids: ["{first}", "nothing"]')
    assert skipped == {
        "changed": 1,
        "connector": {"messages": {"pending": 0, "dead": 2, "ignored": 1}},
    }
    again = change("replayConnector", f', ids: ["{second}"]')
    assert again["connector"]["messages"] == {"pending": 1, "dead": 1, "ignored": 1}
    assert change("replayConnector", "")["changed"] == 1
    many = ", ".join(f'"{third}"' for _ in range(101))
    answer = front.admin(
        f'mutation {{ skipMessages(connector: "stall.main", ids: [{many}]) {{ __typename }} }}'
    )
    assert answer["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"
    unknown = f'mutation {{ skipMessages(connector: "nobody", ids: []) {looked} }}'
    assert front.admin_data(unknown)["skipMessages"]["code"] == "connector_unknown"


def test_a_walk_is_bounded_and_goes_on(front: Front, stall: Stall) -> None:
    stall.sold = [good(str(number)) for number in range(5)]
    query = f"""mutation {{ reconcileConnector(connector: "stall.main", pages: 2) {{
        ... on Walk {{ finished missing }} {ERROR} }} }}"""
    assert front.admin_data(query)["reconcileConnector"] == {"finished": False, "missing": 4}
    assert one(front, "lastWalk { finished missing }")["lastWalk"] == {
        "finished": False,
        "missing": 4,
    }
    stall.fails.append(away())
    refused = front.admin_data(query)["reconcileConnector"]
    assert refused["code"] == "platform_unavailable"
    assert front.admin_data(query)["reconcileConnector"] == {"finished": True, "missing": 1}
    assert one(front, "lastWalk { missing }")["lastWalk"] == {"missing": 5}
    for pages in (0, 21):
        answer = front.admin(query.replace("pages: 2", f"pages: {pages}"))
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert front.loyalty.report().orders == 5


def test_members_and_visitors_see_nothing_of_it(front: Front) -> None:
    receive(front, good("1"))
    found = front.loyalty.find({"email": "ada@example.org"})
    assert found is not None
    for token in (None, signed(found.id)):
        assert "data" not in front.ask("{ connectors { id } }", token)
    kinds = composed(Audience.STOREFRONT).graphql_schema.type_map
    assert {"Connector", "InboxMessage", "ShopAction", "Walk"} & set(kinds) == set()
