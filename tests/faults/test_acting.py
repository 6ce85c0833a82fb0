"""What connectors that act are tested with finds those that do something twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from loyalty_core import Action, DropCode, HttpAnswer, Loyalty, MakeCode, ShopHttp, Wants
from loyalty_core.testing import (
    ActingShop,
    Answer,
    Asked,
    FrozenClock,
    PlatformDouble,
    check_actions,
)
from tests.stall import Stall
from tests.toy import START, Toy, order

CONFIG: dict[str, Any] = {
    "program": {"id": "shop", "currency": "USD"},
    "wallets": {"points": {}},
    "rewards": {"five": {"kind": "discount", "amount": "5.00", "points": 50, "code": {}}},
    "plugins": {"toy": {}, "stall": {}},
}


class Press(PlatformDouble):
    """A shop that makes the codes itself, as many as are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[dict[str, Any]] = []

    def answer(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer.of([one for one in self.made if one["grant"] == asked.query["grant"]])
        given: Any = asked.json()
        if asked.method == "PUT":
            (found,) = [one for one in self.made if one["code"] == given["code"]]
            found["usable"] = True
            return Answer.of(found)
        self.made.append({**given, "code": f"MADE-{len(self.made)}"})
        return Answer.of(self.made[-1])


class Hasty(Stall):
    """Makes a code without a look."""

    def __init__(self, url: str) -> None:
        super().__init__(wants=Wants(rewards=("five",)))
        self.url, self.http = url, ShopHttp()

    def act(self, action: Action) -> str | None:
        assert isinstance(action, MakeCode | DropCode)
        return self.code(action.grant.grant_id) if isinstance(action, MakeCode) else None

    def code(self, grant: str) -> str:
        return str(self.asked("POST", {"grant": grant, "usable": True})["code"])

    def looked(self, grant: str) -> dict[str, Any] | None:
        found: Any = self.http.ask("GET", f"{self.url}/codes", query={"grant": grant}).json()
        return found[0] if found else None

    def asked(self, method: str, document: dict[str, Any]) -> Any:
        body = json.dumps(document).encode()
        answer: HttpAnswer = self.http.ask(method, f"{self.url}/codes", content=body)
        return answer.json()


class Looking(Hasty):
    """Looks first; what is not there yet it cannot see."""

    def code(self, grant: str) -> str:
        found = self.looked(grant)
        return str(found["code"]) if found else super().code(grant)


class Careful(Hasty):
    """Makes one that is of no use, and turns on one that is there."""

    def code(self, grant: str) -> str:
        found = self.looked(grant) or self.asked("POST", {"grant": grant, "usable": False})
        return str((found if found["usable"] else self.asked("PUT", found))["code"])


@contextmanager
def opened(kind: type[Hasty]) -> Iterator[ActingShop]:
    clock = FrozenClock(START)
    with Press() as double:
        plugins = (Toy(), kind(double.url))
        with Loyalty.open(CONFIG, "sqlite://", plugins=plugins, clock=clock) as loyalty:
            yield ActingShop(
                loyalty=loyalty,
                double=double,
                clock=clock,
                connector="stall.main",
                member=loyalty.record(order("1", amount="100.00")).member_id or "",
                stands=lambda: [one["code"] for one in double.made if one["usable"]],
            )


@pytest.mark.parametrize(
    ("kind", "found"),
    [(Hasty, "request 0 .*: forget: the member has"), (Looking, "request 1 .*: delay: the member")],
)
def test_a_connector_that_makes_two_is_found(kind: type[Hasty], found: str) -> None:
    with pytest.raises(AssertionError, match=found):
        check_actions(lambda: opened(kind), "five")


def test_one_that_makes_one_is_not() -> None:
    check_actions(lambda: opened(Careful), "five")
