"""``loyalty serve``: the gateway of one program in one process, for development and production."""

from __future__ import annotations

import hashlib
import json
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import jwt
import typer
import uvicorn
from rich.console import Console
from rich.table import Table
from rich.text import Text
from starlette.applications import Starlette

from loyalty_core import Clock, ConfigError, IdentityKind, Loyalty, MemberNotFound, Problem
from loyalty_gateway.app import create_app
from loyalty_gateway.settings import GatewaySettings, JwtSettings, settings_of

GRACE_SECONDS = 10
LARGEST_MESSAGE = 1 << 20
"""Bytes of one WebSocket message that are read at all; what is taken is for the settings to say."""

TOKEN_HOURS = 12
DEV_AUDIENCE = "loyalty-dev"

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", "-c", envvar="LOYALTY_CONFIG", help="The program's configuration file."
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        "-d",
        envvar="LOYALTY_DATABASE",
        metavar="URL",
        help="SQLAlchemy URL of the database; a SQLite file beside the configuration if left out.",
    ),
]
HostOption = Annotated[str, typer.Option("--host", help="The address to listen on.")]
PortOption = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes any that is free.")
]
DevOption = Annotated[
    bool,
    typer.Option("--dev", help="GraphiQL, introspection, and throw-away credentials, printed."),
]
MemberOption = Annotated[
    str | None,
    typer.Option(
        "--member",
        metavar="MEMBER",
        help="With --dev: whom the storefront token is for; an id, or such as customer_id:00004.",
    ),
]
SourceOption = Annotated[
    str, typer.Option("--source", help="The shop that a customer_id belongs to.")
]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="MOMENT",
        help="Answer as if it were this moment, such as 2026-11-21T10:00:00Z.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one line of JSON when ready, for machines.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Throw-away credentials of a development server; empty in production."""

    settings: GatewaySettings
    admin_key: str | None = None
    token: str | None = None
    member_id: str | None = None


def serve(
    config: ConfigOption = Path("loyalty.toml"),
    database: DatabaseOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    dev: DevOption = False,
    member: MemberOption = None,
    source: SourceOption = "",
    at: AtOption = None,
    json_: JsonOption = False,
) -> None:
    """Serve the program over GraphQL until it is stopped.

    Members use /graphql with a signed token, operators /admin/graphql with a key: see [gateway]
    of the configuration. Stops on Ctrl-C or SIGTERM once the running requests are answered.
    """
    with Loyalty.open(config, database, clock=_clock(at)) as loyalty:
        settings = settings_of(loyalty.config.gateway)
        credentials = Credentials(settings=settings)
        if dev:
            member_id = _member_id(loyalty, member, source)
            credentials = dev_credentials(settings, member_id)
        app = create_app(loyalty, credentials.settings, dev=dev)
        with _listening(host, port) as listener:
            document = announcement(listener, host, credentials)
            _run(app, listener, lambda: _announce(document, as_json=json_, dev=dev))


def dev_credentials(settings: GatewaySettings, member_id: str | None) -> Credentials:
    """The same settings with a new admin key and, for a member, a token; both die with them."""
    key, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    claims = {
        "sub": member_id,
        "aud": DEV_AUDIENCE,
        "exp": datetime.now(UTC) + timedelta(hours=TOKEN_HOURS),
    }
    return Credentials(
        settings=replace(
            settings,
            jwt=JwtSettings(secret=secret, audience=DEV_AUDIENCE),
            admin_keys=(hashlib.sha256(key.encode()).hexdigest(),),
        ),
        admin_key=key,
        token=jwt.encode(claims, secret, algorithm="HS256") if member_id else None,
        member_id=member_id,
    )


def _clock(at: str | None) -> Clock:
    """A clock that stands at ``at``, or the real one; a usage error unless it is a moment."""
    if at is None:
        return lambda: datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise typer.BadParameter(f"{at!r} is not a moment; write ISO 8601") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{at!r} has no time zone; add Z or an offset such as +01:00")
    return lambda: moment.astimezone(UTC)


def _member_id(loyalty: Loyalty, text: str | None, source: str) -> str | None:
    """The member that ``text`` names; without it the one who earned most, or None without any."""
    if text is None:
        top = loyalty.report(top=1).top_members
        return top[0].member.id if top else None
    kind, colon, value = text.partition(":")
    if not colon and "@" not in text:
        return loyalty.member(text).id
    kind, value = (kind, value) if colon else (IdentityKind.EMAIL, text)
    found = loyalty.find({kind: value}, source=source)
    if found is None:
        remedy = "" if source or kind != "customer_id" else "Name the shop with --source."
        raise MemberNotFound(f"nobody is known by {kind} {value!r}", remedy=remedy)
    return found.id


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1024)
        except OSError as error:
            problem = Problem(
                "--port", f"cannot listen on {host}:{port}: {error.strerror}", "Use --port 0."
            )
            raise ConfigError([problem]) from None
        yield listener


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _run(app: Starlette, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serves until SIGINT or SIGTERM, then returns once the running requests are answered."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with _surviving_signals():
        _Server(config, ready).run(sockets=[listener])


@contextmanager
def _surviving_signals() -> Iterator[None]:
    """Lets the caller's cleanup run: the server raises the signal that stopped it once more."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, lambda *_: None) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def announcement(
    listener: socket.socket, host: str, credentials: Credentials
) -> dict[str, str | None]:
    """Where the server listens and its throw-away credentials, for machines."""
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{listener.getsockname()[1]}"
    return {
        "url": url,
        "storefront": f"{url}/graphql",
        "admin": f"{url}/admin/graphql",
        "admin_key": credentials.admin_key,
        "token": credentials.token,
        "member_id": credentials.member_id,
    }


def _announce(document: dict[str, str | None], *, as_json: bool, dev: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()
        return
    rows = [("storefront", document["storefront"]), ("operators", document["admin"])]
    if dev:
        rows += [
            ("member", document["member_id"] or "nobody has earned yet; name one with --member"),
            ("token", document["token"]),
            ("admin key", document["admin_key"]),
            (
                "GraphiQL, as the member",
                f"{document['storefront']}#token={document['token'] or ''}",
            ),
            ("GraphiQL, as an operator", f"{document['admin']}#token={document['admin_key']}"),
        ]
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(Text(name, style="bold"), Text(value))
    console = Console(highlight=False)
    console.print(table)
    console.print("Stop with Ctrl-C.")
    sys.stdout.flush()
