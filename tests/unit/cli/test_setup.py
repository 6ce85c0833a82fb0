"""`loyalty init` and `loyalty check`: a configuration to start from, and every fault of one."""

import tomllib
from pathlib import Path

import pytest

from loyalty_core.cli.template import configuration
from tests.unit.cli.shop import CONFIG, Shop, run


def test_init_writes_a_configuration_that_is_right(tmp_path: Path) -> None:
    path = tmp_path / "my shop" / "loyalty.toml"
    path.parent.mkdir()
    done = run(["init", "--config", str(path)])
    assert done.exit_code == 0
    assert f"wrote {path}" in done.stdout
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    assert document["program"]["id"] == "my-shop"
    assert document["program"]["name"] == "My Shop"
    checked = run(["check", "--config", str(path)])
    assert checked.exit_code == 0
    assert "no faults" in checked.stdout


def test_init_leaves_a_file_alone_unless_forced(shop: Shop) -> None:
    path = shop.folder / "loyalty.toml"
    refused = run(["init", "--config", str(path)])
    assert refused.exit_code == 1
    assert path.read_text(encoding="utf-8") == CONFIG
    assert "--force" in refused.stderr
    assert run(["init", "--config", str(path), "--force", "--json"]).exit_code == 0
    assert path.read_text(encoding="utf-8") != CONFIG


@pytest.mark.parametrize("installed", [{"points"}, set()])
@pytest.mark.parametrize("folder", ["shop", "Ünïcode & Co", "123", "", "x" * 100])
def test_the_template_is_toml_for_every_folder(installed: set[str], folder: str) -> None:
    document = tomllib.loads(configuration(folder, installed))
    assert ("plugins" in document) is bool(installed)
    assert document["program"]["id"]


def test_without_the_plugin_its_lines_are_commented_out() -> None:
    text = configuration("shop", set())
    uncommented = configuration("shop", {"points"})
    assert "pip install loyalty-points" in text
    assert "# [[plugins.points.earn]]" in text
    assert '\nrate = { USD = "1" }' in uncommented


def test_check_shows_every_setting_in_effect(shop: Shop) -> None:
    document = shop_check(shop)
    assert document["ok"] is True
    effective = document["effective"]
    assert effective["program"] == {
        "id": "shop",
        "name": "",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "locale": "en",
        "join": "on_first_fact",
        "join_wait_days": 30,
        "unmerge_days": 30,
        "ends_on": None,
        "spend_until": None,
        "default_country": "",
        "goodwill": "keep",
    }
    (rule,) = effective["plugins"]["points"]["earn"]
    assert (rule["rule"], rule["rounding"], rule["wallet"]) == ("purchases", "down", "points")
    shown = run(["check", "--config", str(shop.folder / "loyalty.toml")]).stdout
    assert 'plugins.points.earn[0].rounding = "down"' in shown.splitlines()
    assert not list(shop.folder.glob("*.db"))


def shop_check(shop: Shop, code: int = 0) -> dict[str, dict[str, object]]:
    import json

    done = run(["check", "--config", str(shop.folder / "loyalty.toml"), "--json"])
    assert done.exit_code == code, done.output
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def test_check_reports_every_fault_at_once(shop: Shop) -> None:
    """Structure, meaning, plugins' sections and the gateway's: one run names them all."""
    text = CONFIG.replace('"EUR"', '"EURO"').replace("scale = 2", 'scale = 9\nunits = "x"')
    text = text.replace("Europe/Berlin", "Europe/Berlyn").replace("rate =", "ratte =")
    shop.file("loyalty.toml", text + "\n[plugins.nowhere]\n\n[gateway]\ntheads = 3\n")
    error = shop_check(shop, code=3)["error"]
    assert error["code"] == "config_invalid"
    problems = error["problems"]
    assert isinstance(problems, list)
    assert sorted(problem["where"] for problem in problems) == [
        "gateway.theads",
        "plugins.nowhere",
        "plugins.points.earn[0].ratte",
        "program.currency",
        "program.time_zone",
        "wallets.points.scale",
        "wallets.points.units",
        "wallets.points.value.currency",
    ]
    assert all(problem["message"] for problem in problems)
    done = run(["check", "--config", str(shop.folder / "loyalty.toml")])
    assert done.exit_code == 3
    for part in ("program.time_zone", "'Europe/Berlyn'", "remedy: Use an IANA name"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "part"),
    [(None, "loyalty init"), (b"[program", "TOML"), (b"\xff", "UTF-8")],
    ids=["missing", "broken", "latin"],
)
def test_a_configuration_that_cannot_be_read(shop: Shop, content: bytes | None, part: str) -> None:
    path = shop.folder / "loyalty.toml"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    for command in ("check", "status", "report"):
        done = run([command, "--config", str(path)])
        assert done.exit_code == 3, command
        assert part in done.stderr
        assert "Traceback" not in done.stderr


def test_a_plugin_that_is_not_installed_is_named(shop: Shop) -> None:
    shop.file("loyalty.toml", CONFIG + "[plugins.astrology]\n")
    error = shop_check(shop, code=3)["error"]
    assert error["code"] == "plugin_missing"
    assert "astrology" in str(error["message"])


@pytest.mark.hard_case("H31")
def test_check_notes_points_that_nothing_spends(shop: Shop) -> None:
    shop.file("loyalty.toml", CONFIG + '\n[wallets.stars]\nunit = "stars"\n')
    document = shop_check(shop)
    note = "wallets.stars: no reward spends stars; that is right if they only count."
    assert document["notes"] == [note]
    assert f"note: {note}" in run(["check", "--config", str(shop.folder / "loyalty.toml")]).stdout
