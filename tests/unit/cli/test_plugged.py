"""Commands of plugins: found, run, printed and contained by the core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import Result

from loyalty_core import Loyalty, PluginError
from loyalty_core.cli import build_app, group
from loyalty_core.plugins.loader import COMMANDS
from tests.unit.cli.shop import run

PLUGIN = '''
from typing import Annotated

import typer

from loyalty_core import Command, Loyalty, MemberNotFound, PluginManifest, hookimpl


def members(
    loyalty: Loyalty,
    who: Annotated[str, typer.Argument(help="An email.")],
    upto: Annotated[int, typer.Option(help="How many.")] = 3,
    *,
    loud: bool = False,
):
    """Count a member's points.

    More of it.
    """
    found = loyalty.find({"email": who})
    if found is None:
        raise MemberNotFound(f"nobody is known by {who!r}")
    rows = [{"n": n, "paid": {"amount": "1.50", "currency": "EUR"}} for n in range(upto)]
    return {
        "who": who.upper() if loud else who,
        "points": {"units": 150, "decimal": "1.50"},
        "last": {"shop": "web", "gift": None, "known": True, "tags": ["a", "b"]},
        "rows": rows,
    }


def broken(loyalty):
    """Break."""
    raise ZeroDivisionError("planted")


def fraction(loyalty):
    """Answer with a fraction."""
    return {"share": 0.5}


def listed(loyalty):
    """Answer with a list."""
    return [1]


def taken(loyalty, config: str = ""):
    """Take an option of the core's."""
    return {}


def stop(loyalty, code: int = 1):
    """Stop."""
    raise typer.Exit(code)


class Plugin:
    manifest = PluginManifest(
        id="counting", version="1", requires_plugin_api=">=1.3,<2", summary="Counts things."
    )

    @hookimpl
    def loyalty_register_commands(self, config, program):
        assert config is None
        more = {"shop": [taken], "odd": [stop]}.get(program.program.id, [])
        own = [members, broken, fraction, listed, *more]
        return [Command(name=one.__name__, run=one) for one in own]


plugin = Plugin()
'''
CONFIG = """
[program]
id = "shop"
[wallets.points]
[plugins.counting]
"""
Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution with one plugin where Python finds it, for the time of a test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("LOYALTY_CONFIG", "LOYALTY_DATABASE"):
        monkeypatch.delenv(name, raising=False)

    def put(name: str, source: str) -> None:
        module = f"commands_of_{name}"
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"loyalty_{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: loyalty-{name}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(
            f"[loyalty.plugins]\n{name} = {module}:plugin\n", encoding="utf-8"
        )
        monkeypatch.delitem(sys.modules, module, raising=False)

    return put


@pytest.fixture
def counting(install: Install, tmp_path: Path) -> list[str]:
    """The options of a program whose plugin has commands, and one member."""
    install("counting", PLUGIN)
    config = tmp_path / "shop.toml"
    config.write_text(CONFIG, encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'books.db'}"
    with Loyalty.open(config, url) as loyalty:
        loyalty.enrol({"email": "ada@example.org"})
    return ["--config", str(config), "--database", url]


def error(done: Result, code: int) -> Any:
    """The error in the one document that a failed command prints."""
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)["error"]


def test_a_command_answers_as_one_document(counting: list[str]) -> None:
    done = run(
        ["counting", "members", "ada@example.org", "--upto", "1", "--loud", "--json", *counting]
    )
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "who": "ADA@EXAMPLE.ORG",
        "points": {"units": 150, "decimal": "1.50"},
        "last": {"shop": "web", "gift": None, "known": True, "tags": ["a", "b"]},
        "rows": [{"n": 0, "paid": {"amount": "1.50", "currency": "EUR"}}],
    }


def test_a_command_answers_people_in_tables(counting: list[str]) -> None:
    done = run(["counting", "members", "ada@example.org", "--upto", "2", *counting])
    assert done.exit_code == 0, done.output
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["who", "ada@example.org"],
        ["points", "1.50"],
        ["last.shop", "web"],
        ["last.gift"],
        ["last.known", "yes"],
        ["last.tags", "a,", "b"],
        ["rows"],
        ["n", "paid"],
        ["0", "1.50", "EUR"],
        ["1", "1.50", "EUR"],
    ]


def test_the_configuration_is_found_however_it_is_named(
    counting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, database = counting[1], counting[2:]
    asked = ["counting", "members", "ada@example.org", *database]
    for named in (["-c", config], [f"-c{config}"], [f"--config={config}"]):
        assert run([*asked, *named]).exit_code == 0
    assert error(run([*asked, "--json"]), 3)["code"] == "config_invalid"
    monkeypatch.setenv("LOYALTY_CONFIG", config)
    assert run(asked).exit_code == 0


def test_an_error_of_the_core_keeps_its_code(counting: list[str]) -> None:
    told = error(run(["counting", "members", "eve@example.org", "--json", *counting]), 5)
    assert (told["code"], told["message"]) == (
        "member_not_found",
        "nobody is known by 'eve@example.org'",
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("broken", "raised ZeroDivisionError: planted"),
        ("fraction", "answered {'share': 0.5}, which is not a JSON object without fractions"),
        ("listed", "answered [1], which is not a JSON object without fractions"),
    ],
)
def test_a_failure_is_the_plugins(counting: list[str], command: str, message: str) -> None:
    told = error(run(["counting", command, "--json", *counting]), 7)
    assert (told["code"], told["where"]) == ("plugin_failed", "counting")
    assert told["message"] == f"the command {command!r} of plugin 'counting' {message}"


def test_a_command_that_takes_what_is_the_cores_is_refused(counting: list[str]) -> None:
    told = error(run(["counting", "taken", "--json", *counting]), 3)
    assert told["code"] == "plugin_refused"
    assert told["message"].endswith("cannot be read: TypeError: the core itself adds config")
    assert run(["counting", "members", "ada@example.org", *counting]).exit_code == 0


def test_the_configuration_says_which_commands_there_are(
    counting: list[str], tmp_path: Path
) -> None:
    (tmp_path / "loyalty.toml").write_text(CONFIG.replace("shop", "odd"), encoding="utf-8")
    shown = run(["counting", "--help"]).stdout
    assert "Counts things." in shown
    assert "Count a member's points." in shown
    assert ("stop" in shown, "taken" in shown) == (True, False)
    assert run(["counting", "stop", "--code", "4", "-d", "sqlite://"]).exit_code == 4
    assert run(["counting", "stop", "--code", "4", *counting]).exit_code == 2
    told = run(["counting", "members", "--help"]).stdout
    assert "More of it." in told
    for option in ("--upto", "--loud", "--config", "--database", "--json"):
        assert option in told


def test_a_plugin_that_is_off_has_no_commands(counting: list[str], tmp_path: Path) -> None:
    config = tmp_path / "off.toml"
    config.write_text(CONFIG.replace("[plugins.counting]", ""), encoding="utf-8")
    told = error(run(["counting", "members", "a@b.org", "--json", "--config", str(config)]), 3)
    assert told["code"] == "plugin_missing"
    assert told["message"] == f"the plugin 'counting' is not switched on in {config}"
    assert told["remedy"].startswith("Add a section [plugins.counting]")


def test_commands_are_listed_of_plugins_that_have_some(counting: list[str]) -> None:
    shown = run(["--help"]).stdout.splitlines()
    assert [line.split() for line in shown if line.startswith("  counting")] == [
        ["counting", "Counts", "things."]
    ]
    assert not [line for line in shown if line.startswith("  tiers")]
    assert run(["tiers"]).exit_code == 2


def test_a_plugin_that_cannot_be_loaded_costs_the_others_nothing(
    counting: list[str], install: Install
) -> None:
    install("wrecked", "raise RuntimeError('planted')")
    assert run(["counting", "members", "ada@example.org", *counting]).exit_code == 0
    assert run(["--help"]).exit_code == 0
    told = error(run(["wrecked", "x", "--json"]), 3)
    assert "cannot be imported: RuntimeError: planted" in told["message"]


@pytest.mark.parametrize("named", ['["a", "a"]', '["Up"]', '["--json"]'])
def test_names_are_plain_and_given_once(install: Install, tmp_path: Path, named: str) -> None:
    source = PLUGIN.replace(
        "[Command(name=one.__name__, run=one) for one in own]",
        (f"[Command(name=one, run=members) for one in {named}]"),
    )
    install("counting", source)
    (tmp_path / "loyalty.toml").write_text(CONFIG, encoding="utf-8")
    told = error(run(["counting", "a", "--json"]), 3)
    assert told["code"] == "plugin_refused"
    assert told["remedy"].startswith("Each needs a name of its own")


def test_a_program_opens_whatever_its_commands_are(counting: list[str], tmp_path: Path) -> None:
    source = PLUGIN.replace("assert config is None", "raise RuntimeError('planted')")
    (tmp_path / "commands_of_counting.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "loyalty_core.cli", "status", *counting],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Counts things." in done.stdout


def test_the_core_knows_its_own_commands() -> None:
    root = get_command(build_app())
    assert {*TyperGroup.list_commands(root, None), *group.PROVIDERS} == COMMANDS


def test_a_plugin_called_like_a_command_of_the_core_is_refused_where_it_is_on(
    install: Install, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install("status", PLUGIN.replace('id="counting"', 'id="status"'))
    config = tmp_path / "shop.toml"
    config.write_text(CONFIG.replace("counting", "status"), encoding="utf-8")
    with pytest.raises(PluginError) as raised:
        Loyalty.open(config, "sqlite://")
    told = "the plugin 'status' has commands, and 'loyalty status' is the core's"
    assert raised.value.message == told
    assert raised.value.remedy == "Give it another id, or let it register no commands."
    url = f"sqlite:///{tmp_path / 'books.db'}"
    done = run(["status", "--config", str(config), "--database", url, "--json"])
    assert error(done, 3)["message"] == told
    config.write_text(CONFIG.replace("[plugins.counting]", ""), encoding="utf-8")
    done = run(["status", "--config", str(config), "--database", url, "--json"])
    assert (done.exit_code, "error" in json.loads(done.stdout)) == (
        0,
        False,
    )  # installed alone it is in nobody's way
    assert run(["--help"]).exit_code == 0
    assert told in caplog.text


def test_a_plugin_without_commands_may_be_called_like_one(install: Install, tmp_path: Path) -> None:
    silent = PLUGIN.replace('id="counting"', 'id="status"').replace("    @hookimpl\n", "")
    install("status", silent.replace("loyalty_register_commands", "commands"))
    config = tmp_path / "shop.toml"
    config.write_text(CONFIG.replace("counting", "status"), encoding="utf-8")
    Loyalty.open(config, "sqlite://").close()


def test_a_command_that_two_distributions_have_is_neither(
    install: Install, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install("counting", PLUGIN)
    for name in ("counting", "check"):
        info = tmp_path / f"mounting_{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: mounting-{name}\nVersion: 1\n"
        )
        (info / "entry_points.txt").write_text(f"[loyalty.commands]\n{name} = nowhere:it\n")
    done = run(["counting", "members", "--json"])
    assert error(done, 3)["message"] == (
        "the command 'counting' is that of mounting-counting and of the plugin 'counting'"
    )
    assert "loyalty.toml: cannot be read" in error(run(["check", "--json"]), 3)["message"]
    assert "Cannot be used: it is there twice." in run(["--help"]).stdout
    assert "mounting-check cannot have the command check" in caplog.text
