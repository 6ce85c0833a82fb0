"""What the README shows works as it stands there."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.tests.shop import CONFIG, SETTINGS, Front, ShopPlugin, order
from loyalty_core import Loyalty, PluginManifest
from loyalty_gateway import GatewaySettings, JwtSettings, create_app
from loyalty_gateway.compose import composed
from loyalty_gateway.contributions import Audience
from loyalty_gateway.settings import Limits, resolved, settings_of

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
SECRET = "the secret of the README, long enough"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def settings() -> GatewaySettings:
    section = tomllib.loads(blocks("toml")[0])["gateway"]
    environ = {"LOYALTY_JWT_SECRET": SECRET, "LOYALTY_ADMIN_KEY_SHA256": SETTINGS.admin_keys[0]}
    return resolved(settings_of(section), environ)


def test_the_configuration_shows_every_setting_and_the_defaults() -> None:
    shown = tomllib.loads(blocks("toml")[0])["gateway"]
    assert set(shown) == set(GatewaySettings.__dataclass_fields__)
    assert set(shown["jwt"]) == set(JwtSettings.__dataclass_fields__) - {"public_key"}
    assert settings().limits == Limits()
    for name in ("graphiql", "introspection", "body_limit_bytes", "threads"):
        assert shown[name] == getattr(GatewaySettings(), name)


def test_the_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {"__name__": "builtins"}  # a module there is; any will do
    mount, sign, extend, hook, follow, refuse, check = blocks("python")
    exec(mount, names)
    names.pop("loyalty").close()
    exec(sign, names)
    exec(extend, names)
    for block in (hook, follow, refuse, check):
        exec(block, names)
    for name in ("EXTENSION", "FOLLOWED", "REFUSING"):
        composed(Audience.STOREFRONT, {"streaks": names[name]})
    plugin = names["Plugin"]()
    plugin.manifest = PluginManifest(id="streaks", version="1.0", requires_plugin_api=">=1.0,<2")
    config = {**CONFIG, "plugins": {"shop": {}, "streaks": {}}}
    with Loyalty.open(config, "sqlite://", plugins=[ShopPlugin(), plugin]) as loyalty:
        customer = {"customer_id": "c7"}
        loyalty.record(order("1", "ada@example.org", "120.50", identities=customer))
        made = settings()
        issued = GatewaySettings(
            jwt=JwtSettings(secret=SECRET, audience=made.jwt.audience if made.jwt else "")
        )
        create_app(loyalty, made)
        token = names["token_for"]("c7", SECRET)
        assert Front(loyalty, issued).data("{ me { streak } }", token) == {"me": {"streak": 12}}


def test_the_commands_without_a_key_are_those_it_names() -> None:
    (named,) = re.findall(r"need none: (.*?),\s+since facts", README, re.DOTALL)
    without = {
        name
        for audience in Audience
        for name, field in composed(audience).graphql_schema.type_map["Mutation"].fields.items()
        if "idempotencyKey" not in field.args
    }
    assert set(re.findall(r"`(\w+)`", named)) == without - {"adjustMany"}
