"""The program, its gateway and the page, all on localhost; and what the loyalty side says."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import threading
import tomllib
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import uvicorn
from starlette.types import ASGIApp

from examples.shops.platform import Platform
from examples.shops.shop import Shop
from loyalty_core import Loyalty, LoyaltyError
from loyalty_gateway import GatewaySettings, JwtSettings, create_app

logger = logging.getLogger("examples.shops")
AUDIENCE = "shops"
TICK_SECONDS = 1
MEMBER = """{ me {
  wallet(name: "points") { name balance available }
  tiers { scheme tier name next { name anyOf { missing unit } } }
  grants(first: 10) { reward state code } } }"""
CONNECTOR = """query Connector($id: ID!) { connector(id: $id) {
  disabledFor health { ok detail }
  messages { pending done ignored dead }
  actions { pending done dead }
  lastWalk { finished missing different refused drift { what kind } }
  inbox(first: 10) { topic state attempts error receivedAt }
  log(first: 10) { about state attempts error } } }"""
REDEEM = """mutation Redeem($reward: String!, $key: String!) {
  redeem(reward: $reward, idempotencyKey: $key) {
    ... on Redemption { state grant { code } } ... on UserError { message } } }"""
RECONCILE = """mutation Reconcile($id: ID!) { reconcileConnector(connector: $id, pages: 20) {
  ... on Walk { finished missing different refused } ... on UserError { message } } }"""


@dataclass
class Keys:
    """Throw-away credentials of one run."""

    admin: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def settings(self) -> GatewaySettings:
        """The gateway's settings that take them."""
        return GatewaySettings(
            jwt=JwtSettings(secret=self.secret, audience=AUDIENCE),
            admin_keys=(hashlib.sha256(self.admin.encode()).hexdigest(),),
        )

    def token(self, email: str) -> str:
        """A token of the member with this address, as a shop's backend signs it."""
        ends = datetime.now(UTC) + timedelta(minutes=10)
        claims = {"identities": {"email": email}, "aud": AUDIENCE, "exp": ends}
        return jwt.encode(claims, self.secret, algorithm="HS256")


@dataclass
class Gateway:
    """The gateway as a front-end and an operator ask it: over HTTP."""

    url: str
    keys: Keys

    def member(self, email: str) -> dict[str, Any]:
        """What the member sees; empty for who is none."""
        answer = self._ask("/graphql", self.keys.token(email), MEMBER, {})
        return (answer.get("data") or {}).get("me") or {}

    def redeem(self, email: str, reward: str) -> dict[str, Any]:
        """What became of a redemption by the member."""
        variables = {"reward": reward, "key": secrets.token_hex(8)}
        answer = self._ask("/graphql", self.keys.token(email), REDEEM, variables)
        return (answer.get("data") or {}).get("redeem") or _first(answer)

    def connector(self, name: str) -> dict[str, Any]:
        """How a connector stands."""
        answer = self._ask("/admin/graphql", self.keys.admin, CONNECTOR, {"id": name})
        return (answer.get("data") or {}).get("connector") or _first(answer)

    def reconcile(self, name: str) -> dict[str, Any]:
        """What a walk through the shop found."""
        answer = self._ask("/admin/graphql", self.keys.admin, RECONCILE, {"id": name})
        return (answer.get("data") or {}).get("reconcileConnector") or _first(answer)

    def _ask(
        self, path: str, credential: str, query: str, variables: dict[str, Any]
    ) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {credential}"}
        request = urllib.request.Request(f"{self.url}{path}", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            made: dict[str, Any] = json.load(answer)
            return made


def _first(answer: dict[str, Any]) -> dict[str, Any]:
    return {"message": answer["errors"][0]["message"]} if answer.get("errors") else {}


def reward_of(platform: Platform) -> str:
    """The reward whose codes are made in the platform's shop."""
    return f"five-off-at-{platform.id}"


def config_of(platforms: Sequence[Platform]) -> dict[str, Any]:
    """The program's configuration, with a section and a reward for each platform."""
    config = tomllib.loads((Path(__file__).parent / "loyalty.toml").read_text("utf-8"))
    rewards = config.setdefault("rewards", {})
    for one in platforms:
        config["plugins"][one.id] = one.settings(reward_of(one))
        rewards[reward_of(one)] = {
            "kind": "discount",
            "name": f"5 dollars off at {one.id}",
            "amount": "5.00",
            "points": 50,
            "code": {"prefix": "TEA-"},
        }
    return config


@contextmanager
def served(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """The URL at which an application is served on localhost; ended with the block."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, lifespan="off", log_level="error", ws="websockets-sansio"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0)
        if not thread.is_alive():
            raise SystemExit(f"port {port} is taken")
        threading.Event().wait(timeout=TICK_SECONDS / 50)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Running:
    """Shops by their platform's id, and the gateway that they are connected by."""

    shops: dict[str, Shop]
    gateway: Gateway
    loyalty: Loyalty


@contextmanager
def running(platforms: Sequence[Platform], database: str, port: int = 0) -> Iterator[Running]:
    """The program and its gateway, with a tick each second, for platforms whose doubles listen."""
    keys, over = Keys(), threading.Event()
    with ExitStack() as stack:
        for one in platforms:
            stack.enter_context(_environment(one.secrets))
        loyalty = stack.enter_context(Loyalty.open(config_of(platforms), database))
        url = stack.enter_context(served(create_app(loyalty, keys.settings), port))
        ticking = threading.Thread(target=_ticked, args=(loyalty, over), daemon=True)
        ticking.start()
        try:
            shops = {one.id: Shop(one, url) for one in platforms}
            yield Running(shops, Gateway(url, keys), loyalty)
        finally:
            over.set()
            ticking.join()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """The environment with some variables more, as it was again after the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _ticked(loyalty: Loyalty, over: threading.Event) -> None:
    while not over.wait(TICK_SECONDS):
        try:
            loyalty.tick()
        except LoyaltyError:
            logger.exception("a tick failed; the next one goes on")
