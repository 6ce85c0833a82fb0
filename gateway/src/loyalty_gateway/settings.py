"""What ``[gateway]`` of a ``loyalty.toml`` may say, and the secrets it refers to, resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from loyalty_core import ConfigError, Json, Problem, read_settings

HMAC_ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})
KEY_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
SHORTEST_SECRET_BYTES = 32
"""RFC 7518 3.2: an HMAC key is at least as long as the hash's output."""

REFERENCE = "env:"
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtSettings:
    """How members' tokens are verified.

    ``secret`` goes with the HS algorithms, ``public_key`` (PEM) with all others; ``algorithms``
    never mixes the two. ``audience`` must be in each token, ``issuer`` too if it is given.
    ``leeway_seconds`` is how much the clocks of issuer and gateway may differ.
    """

    algorithms: tuple[str, ...] = ("HS256",)
    secret: str = field(default="", repr=False, metadata={"secret": True})
    public_key: str = ""
    audience: str = ""
    issuer: str = ""
    leeway_seconds: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one request may ask for.

    ``tokens`` are those of the query's text; ``depth``, ``fields``, ``aliases``, ``directives``
    and ``root_fields`` are counted with every fragment expanded. ``calls`` is how often one
    request may call the SDK, ``facts`` how many facts one ``recordFacts`` takes.
    """

    tokens: int = 1000
    depth: int = 10
    fields: int = 250
    aliases: int = 15
    directives: int = 20
    root_fields: int = 10
    calls: int = 60
    facts: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """All settings of the gateway; the defaults are closed: nobody is let in.

    ``admin_keys`` are SHA-256 hashes (hex) of the operators' keys. ``graphiql`` serves the page
    to type queries in, ``introspection`` lets shoppers' front-ends read the schema; operators
    always may. ``body_limit_bytes`` is the largest request of a client,
    ``webhook_limit_bytes`` the largest of a shop, ``threads`` how many calls of the
    SDK run at once: no more than the database has connections.
    """

    jwt: JwtSettings | None = None
    admin_keys: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    graphiql: bool = False
    introspection: bool = False
    body_limit_bytes: int = 262_144
    webhook_limit_bytes: int = 5_242_880
    threads: int = 8
    limits: Limits = Limits()


def settings_of(section: Mapping[str, Json]) -> GatewaySettings:
    """The settings that a ``[gateway]`` section describes, references still unresolved.

    Raises ``ConfigError`` with every fault at once, and for a secret written into the file.
    """
    return read_settings(GatewaySettings, section, where="gateway")


def resolved(settings: GatewaySettings, environ: Mapping[str, str]) -> GatewaySettings:
    """The same settings with every ``env:NAME`` replaced by the variable's value, and checked.

    Raises ``ConfigError`` with every missing variable and every unsafe value at once.
    """
    problems: list[Problem] = []
    jwt = _resolved_jwt(settings.jwt, environ, problems) if settings.jwt else None
    keys = tuple(
        _value(f"gateway.admin_keys[{index}]", key, environ, problems)
        for index, key in enumerate(settings.admin_keys)
    )
    for index, key in enumerate(keys):
        if key and not _HASH.fullmatch(key):
            remedy = "Write the SHA-256 of the key: 64 characters of 0-9 and a-f."
            problems.append(Problem(f"gateway.admin_keys[{index}]", "not a hash", remedy))
    problems += _number_faults(settings)
    problems += _origin_faults(settings.cors_origins)
    if problems:
        raise ConfigError(problems)
    return replace(settings, jwt=jwt, admin_keys=keys)


def _value(where: str, text: str, environ: Mapping[str, str], problems: list[Problem]) -> str:
    if not text.startswith(REFERENCE):
        return text
    name = text.removeprefix(REFERENCE)
    if not _VARIABLE.fullmatch(name):
        problems.append(Problem(where, f"{name[:60]!r} is no variable's name", "Write env:NAME."))
        return ""
    if value := environ.get(name, ""):
        return value
    problems.append(
        Problem(where, f"the environment variable {name} is not set", f"Set {name}, or unset it.")
    )
    return ""


def _resolved_jwt(
    jwt: JwtSettings, environ: Mapping[str, str], problems: list[Problem]
) -> JwtSettings:
    before = len(problems)

    def value(name: str) -> str:
        return _value(f"gateway.jwt.{name}", getattr(jwt, name), environ, problems)

    made = replace(
        jwt,
        secret=value("secret"),
        public_key=value("public_key"),
        audience=value("audience"),
        issuer=value("issuer"),
    )
    if len(problems) == before:
        problems += _jwt_faults(made)
    return made


def _jwt_faults(jwt: JwtSettings) -> Iterator[Problem]:
    where = "gateway.jwt"
    chosen = set(jwt.algorithms)
    if not chosen or not (chosen <= HMAC_ALGORITHMS or chosen <= KEY_ALGORITHMS):
        remedy = "Name algorithms of one kind: HS256, or such as RS256 and ES256."
        yield Problem(f"{where}.algorithms", f"cannot be {', '.join(jwt.algorithms)}", remedy)
    elif chosen <= HMAC_ALGORITHMS:
        size = len(jwt.secret.encode())
        if size < SHORTEST_SECRET_BYTES:
            remedy = f"Use {SHORTEST_SECRET_BYTES} random bytes or more."
            yield Problem(f"{where}.secret", f"only {size} bytes long", remedy)
        if jwt.public_key:
            remedy = "Take it out, or name an algorithm with a public key."
            yield Problem(f"{where}.public_key", "not used by HS algorithms", remedy)
    elif "-----BEGIN" not in jwt.public_key or "PRIVATE" in jwt.public_key:
        yield Problem(f"{where}.public_key", "not a public key", "Give the PEM of the public key.")
    if not jwt.audience:
        remedy = "Name the audience your tokens are issued for."
        yield Problem(f"{where}.audience", "missing", remedy)
    if not 0 <= jwt.leeway_seconds <= 300:
        yield Problem(f"{where}.leeway_seconds", f"{jwt.leeway_seconds} is not from 0 to 300")


def _number_faults(settings: GatewaySettings) -> Iterator[Problem]:
    for name in ("body_limit_bytes", "webhook_limit_bytes"):
        if not 1_000 <= (size := getattr(settings, name)) <= 100_000_000:
            yield Problem(f"gateway.{name}", f"{size} is not from 1,000 to 100,000,000")
    if not 1 <= settings.threads <= 1_000:
        yield Problem("gateway.threads", f"{settings.threads} is not from 1 to 1,000")
    for name in Limits.__dataclass_fields__:
        if (limit := getattr(settings.limits, name)) < 1:
            yield Problem(f"gateway.limits.{name}", f"{limit} is not positive")


def _origin_faults(origins: tuple[str, ...]) -> Iterator[Problem]:
    for index, origin in enumerate(origins):
        if origin != "*" and not _is_origin(origin):
            remedy = 'Write scheme and host, such as "https://shop.example".'
            yield Problem(f"gateway.cors_origins[{index}]", f"{origin[:60]!r} is no origin", remedy)


def _is_origin(text: str) -> bool:
    """Whether a text is a scheme and a host, as browsers send them (RFC 6454 6.2)."""
    try:
        parts = urlsplit(text)
    except ValueError:  # such as half of an IPv6 address
        return False
    bare = not (parts.path or parts.query or parts.fragment)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and bare
