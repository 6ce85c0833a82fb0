"""Settings are read strictly, secrets come from the environment, and unsafe ones are refused."""

import hashlib
from dataclasses import fields
from typing import Any

import pytest

from gateway.tests.shop import CONFIG, SECRET, ShopPlugin
from loyalty_core import ConfigError, Loyalty
from loyalty_gateway import GatewaySettings, JwtSettings, create_app
from loyalty_gateway.settings import Limits, resolved, settings_of

JWT = {"secret": "env:SECRET", "audience": "shop"}
HASH = hashlib.sha256(b"key").hexdigest()


def refused(section: dict[str, Any], **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        resolved(settings_of(section), {"SECRET": SECRET, **environ})
    assert all(problem.where.startswith("gateway.") for problem in error.value.problems)
    return [f"{problem.where}: {problem.message}" for problem in error.value.problems]


def test_everything_set() -> None:
    section = {
        "jwt": {**JWT, "algorithms": ["HS384"], "issuer": "https://id.example"},
        "admin_keys": [HASH, "env:KEY_HASH"],
        "cors_origins": ["https://shop.example"],
        "graphiql": True,
        "introspection": True,
        "body_limit_bytes": 5000,
        "threads": 2,
        "limits": {"depth": 5},
    }
    assert resolved(settings_of(section), {"SECRET": SECRET, "KEY_HASH": HASH}) == GatewaySettings(
        jwt=JwtSettings(
            secret=SECRET, audience="shop", algorithms=("HS384",), issuer="https://id.example"
        ),
        admin_keys=(HASH, HASH),
        cors_origins=("https://shop.example",),
        graphiql=True,
        introspection=True,
        body_limit_bytes=5000,
        threads=2,
        limits=Limits(depth=5),
    )


def test_what_needs_no_variable_stays_as_it_is() -> None:
    every = GatewaySettings(
        jwt=JwtSettings(secret=SECRET, audience="shop", issuer="it", leeway_seconds=3),
        admin_keys=("a" * 64,),
        cors_origins=("https://shop.example",),
        graphiql=True,
        introspection=True,
        body_limit_bytes=5_000,
        webhook_limit_bytes=6_000,
        threads=3,
        limits=Limits(depth=4),
    )
    usual, usual_jwt = GatewaySettings(), JwtSettings()
    assert all(getattr(every, one.name) != getattr(usual, one.name) for one in fields(usual))
    kept = {"algorithms", "public_key"}  # what goes with a secret
    own = [one.name for one in fields(usual_jwt) if one.name not in kept]
    assert all(getattr(every.jwt, name) != getattr(usual_jwt, name) for name in own)
    assert resolved(every, {}) == every


def test_nothing_set_lets_nobody_in() -> None:
    settings = resolved(settings_of({}), {})
    assert (settings.jwt, settings.admin_keys, settings.graphiql) == (None, (), False)


def test_every_missing_variable_is_named_at_once() -> None:
    section = {"jwt": {**JWT, "secret": "env:NOT_SET"}, "admin_keys": ["env:NOR_THIS"]}
    assert refused(section) == [
        "gateway.jwt.secret: the environment variable NOT_SET is not set",
        "gateway.admin_keys[0]: the environment variable NOR_THIS is not set",
    ]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a typo": ({"jwtt": {}}, "gateway.jwtt: unknown key"),
    "a typo inside": ({"jwt": {**JWT, "secrets": "x"}}, "gateway.jwt.secrets: unknown key"),
    "a wrong type": ({"threads": "8"}, "gateway.threads: '8' is not a whole number"),
    "a secret in the file": ({"jwt": {**JWT, "secret": SECRET}}, "a secret stands in the file"),
    "a short key": ({"jwt": {**JWT, "secret": "env:SHORT"}}, "only 31 bytes long"),
    "no key": ({"jwt": {"audience": "shop"}}, "only 0 bytes long"),
    "no audience": ({"jwt": {"secret": "env:SECRET"}}, "gateway.jwt.audience: missing"),
    "no algorithm": ({"jwt": {**JWT, "algorithms": []}}, "gateway.jwt.algorithms"),
    "algorithm none": ({"jwt": {**JWT, "algorithms": ["none"]}}, "gateway.jwt.algorithms"),
    "both kinds": (
        {"jwt": {**JWT, "algorithms": ["HS256", "RS256"]}},
        "gateway.jwt.algorithms: cannot be HS256, RS256",
    ),
    "a public key for HS": ({"jwt": {**JWT, "public_key": "env:PEM"}}, "gateway.jwt.public_key"),
    "no public key": (
        {"jwt": {"audience": "shop", "algorithms": ["RS256"]}},
        "gateway.jwt.public_key: not a public key",
    ),
    "a private key": (
        {"jwt": {"audience": "x", "algorithms": ["ES256"], "public_key": "env:PRIVATE"}},
        "gateway.jwt.public_key: not a public key",
    ),
    "a long leeway": ({"jwt": {**JWT, "leeway_seconds": 3600}}, "gateway.jwt.leeway_seconds"),
    "a key that is no hash": ({"admin_keys": ["key"]}, "gateway.admin_keys[0]: not a hash"),
    "an origin that is none": (
        {"cors_origins": ["https://["]},
        "gateway.cors_origins[0]: 'https://[' is no origin",
    ),
    "an origin with a path": (
        {"cors_origins": ["https://shop.example/"]},
        "gateway.cors_origins[0]",
    ),
    "a limit of zero": ({"limits": {"depth": 0}}, "gateway.limits.depth: 0 is not positive"),
    "no threads": ({"threads": 0}, "gateway.threads: 0 is not from 1 to 1,000"),
    "no body": ({"body_limit_bytes": 1}, "gateway.body_limit_bytes"),
    "a variable's name": ({"admin_keys": ["env:a b"]}, "gateway.admin_keys[0]"),
}
ENVIRON = {
    "SHORT": "x" * 31,
    "PEM": "-----BEGIN PUBLIC KEY-----",
    "PRIVATE": "-----BEGIN PRIVATE KEY-----",
}


@pytest.mark.parametrize(
    "section",
    [
        {"jwt": SECRET},
        {"jwt": [SECRET]},
        {"jwt": {**JWT, "secret": SECRET}},
        {"jwt": {**JWT, "secret": [SECRET]}},
        {"jwt": {**JWT, "secret": {"key": SECRET}}},
        {"jwt": {**JWT, "secret": f"env:{SECRET}"}},
        {"secret": SECRET},
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_told(section: dict[str, Any]) -> None:
    (problem,) = refused(section)
    assert SECRET not in problem


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_fault_is_refused_with_its_path(name: str) -> None:
    section, words = REFUSED[name]
    problems = refused(section, **ENVIRON)
    assert len(problems) == 1
    assert words in problems[0]


def test_a_key_of_the_wrong_kind_is_refused_at_the_start() -> None:
    broken = JwtSettings(
        algorithms=("RS256",), public_key="-----BEGIN PUBLIC KEY-----\n", audience="shop"
    )
    with (
        Loyalty.open(CONFIG, "sqlite://", plugins=[ShopPlugin()]) as loyalty,
        pytest.raises(ConfigError) as error,
    ):
        create_app(loyalty, GatewaySettings(jwt=broken))
    assert error.value.problems[0].where.startswith("gateway.jwt.")


def test_the_programs_own_section_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {**CONFIG, "gateway": {"jwt": {"secret": "env:SHOP_SECRET", "audience": "shop"}}}
    monkeypatch.delenv("SHOP_SECRET", raising=False)
    with Loyalty.open(config, "sqlite://", plugins=[ShopPlugin()]) as loyalty:
        with pytest.raises(ConfigError, match="SHOP_SECRET is not set"):
            create_app(loyalty)
        monkeypatch.setenv("SHOP_SECRET", SECRET)
        create_app(loyalty)


def test_secrets_are_not_shown() -> None:
    assert SECRET not in repr(JwtSettings(secret=SECRET, audience="shop"))
