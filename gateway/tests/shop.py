"""A small shop for the tests: a program, a reward, a clock that stands, and clients to ask."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from starlette.testclient import TestClient

from loyalty_core import (
    Activity,
    Credit,
    Decidable,
    Effect,
    Loyalty,
    MemberView,
    Minor,
    Money,
    Order,
    PluginManifest,
    ProgramConfig,
    SpendOffer,
    SpendRequest,
    hookimpl,
    line_nets,
)
from loyalty_gateway import GatewaySettings, JwtSettings, create_app

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SECRET = "a secret of the tests, long enough for HS256"
AUDIENCE = "shop"
GRAPHQL_JSON = "application/graphql-response+json"
ADMIN_KEY = "the operator's key of the tests"
SETTINGS = GatewaySettings(
    jwt=JwtSettings(secret=SECRET, audience=AUDIENCE),
    admin_keys=(hashlib.sha256(ADMIN_KEY.encode()).hexdigest(),),
    introspection=True,
)
CONFIG: dict[str, Any] = {
    "program": {"id": "shop", "name": "The shop", "currency": "EUR"},
    "wallets": {
        "points": {"expiry": {"after_days": 10}, "value": {"points": 100, "amount": "1.00"}},
        "stars": {"scale": 2, "unit": "stars"},
    },
    "plugins": {"shop": {}},
}


class OnePointPerEuro:
    """A point for each whole euro of a line, and half a star for a review."""

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        if isinstance(fact, Activity):
            return (
                [Credit(wallet="stars", amount=50, rule="review")] if fact.kind == "review" else []
            )
        assert isinstance(fact, Order)
        lines = {line: net // 100 for line, net in line_nets(fact).items()}
        total = sum(lines.values())
        return [Credit(wallet="points", amount=total, rule="spend", lines=lines)] if total else []


class Discount:
    """One point is one cent; ten points at least."""

    id = "shop.discount"
    summary = "Money off"
    wallet = "points"

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        points = request.available if request.points is None else request.points
        if points < 10:
            return SpendOffer(
                wallet="points", points=0, worth=Money(0, "EUR"), minimum=10, refusal="10 at least"
            )
        lines = {request.order.lines[0].id: points} if request.order else {}
        worth = Money(Minor(points), "EUR")
        return SpendOffer(wallet="points", points=points, worth=worth, lines=lines, minimum=10)


@dataclass(frozen=True)
class ShopPlugin:
    """The shop's own plugin; ``extension`` is what it adds to GraphQL, if anything."""

    manifest: PluginManifest = PluginManifest(
        id="shop", version="1.0", requires_plugin_api=">=1.0,<2"
    )

    @hookimpl
    def loyalty_register_programs(self, config: Any, program: ProgramConfig) -> Any:
        return [OnePointPerEuro()]

    @hookimpl
    def loyalty_register_rewards(self, config: Any, program: ProgramConfig) -> Any:
        return [Discount()]


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def open_shop(database: str = "sqlite://", clock: Clock | None = None, **config: Any) -> Loyalty:
    return Loyalty.open(
        {**CONFIG, **config}, database, plugins=[ShopPlugin()], clock=clock or Clock()
    )


def order(number: str, email: str, amount: str, **more: Any) -> dict[str, Any]:
    """An order of one line, in the JSON form of facts."""
    return {
        "type": "order",
        "source": "web",
        "id": number,
        "identities": {"email": email},
        "currency": "EUR",
        "occurred_at": "2026-11-21T09:00:00Z",
        "lines": [{"id": "1", "amount": amount}],
        **more,
    }


def signed(member_id: str, **claims: Any) -> str:
    """A right token of the member; ``claims`` replace its own, None takes one out."""
    given = {"sub": member_id, "aud": AUDIENCE, "exp": datetime.now(UTC) + timedelta(hours=1)}
    wanted = {name: value for name, value in {**given, **claims}.items() if value is not None}
    return jwt.encode(wanted, SECRET, algorithm="HS256")


@dataclass
class Front:
    """What a front-end does: asks, as a visitor, a member or an operator."""

    loyalty: Loyalty
    settings: GatewaySettings = SETTINGS
    client: TestClient = field(init=False)

    def __post_init__(self) -> None:
        app = create_app(self.loyalty, self.settings)
        self.client = TestClient(app, raise_server_exceptions=True)

    def post(self, path: str, body: Any, credential: str | None = None, **headers: str) -> Any:
        """The HTTP response to a JSON body, in GraphQL's own media type unless said."""
        headers.setdefault("accept", GRAPHQL_JSON)
        if credential is not None:
            headers["authorization"] = f"Bearer {credential}"
        return self.client.post(path, json=body, headers=headers)

    def ask(self, query: str, token: str | None = None, **variables: Any) -> dict[str, Any]:
        """The storefront's whole answer."""
        return self._ask("/graphql", query, token, variables)

    def admin(self, query: str, **variables: Any) -> dict[str, Any]:
        """The operators' whole answer."""
        return self._ask("/admin/graphql", query, ADMIN_KEY, variables)

    def data(self, query: str, token: str | None = None, **variables: Any) -> dict[str, Any]:
        """The storefront's data; fails on errors."""
        return _data(self.ask(query, token, **variables))

    def admin_data(self, query: str, **variables: Any) -> dict[str, Any]:
        """The operators' data; fails on errors."""
        return _data(self.admin(query, **variables))

    def _ask(self, path: str, query: str, credential: str | None, variables: Any) -> dict[str, Any]:
        answer = self.post(path, {"query": query, "variables": variables}, credential)
        made: dict[str, Any] = answer.json()
        return made


def _data(answer: dict[str, Any]) -> dict[str, Any]:
    assert "errors" not in answer, answer
    made: dict[str, Any] = answer["data"]
    return made
