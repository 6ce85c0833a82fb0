"""The command line as a whole: help, exit codes, mounted commands, output for every reader."""

import json
import os
import pty
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command

from loyalty_core import Loyalty
from loyalty_core.cli import build_app, group
from loyalty_core.cli.output import EXIT_CODES, exit_code, plain
from loyalty_core.cli.progress import Meter
from loyalty_core.errors import ConfigError, LoyaltyError, Problem, all_errors
from tests.unit.cli.shop import Shop, order, run


def commands(of: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found = {}
    for name, command in of.commands.items():
        if hasattr(command, "commands"):
            found |= commands(command, (*path, name))
        if getattr(command, "invoke_without_command", True):
            found[(*path, name)] = command
    return found


def test_the_commands_are_these() -> None:
    names = {" ".join(path) for path in commands(get_command(build_app()))}
    assert names == {
        *("init", "check", "import orders", "import facts", "import adjustments", "record"),
        *("member find", "member show", "member enrol"),
        *("statement", "balance", "history", "explain", "quote", "report", "redeem", "adjust"),
        *("transfer", "merge", "unmerge", "export", "erase"),
        *("capture", "release", "reinstate"),
        *("household create", "household invite", "household join", "household decline"),
        *("household leave", "household remove", "household share", "household head"),
        "household show",
        *("example list", "example run"),
        *("link", "unlink", "settlement", "settle"),
        *("rewards", "grants", "use", "import codes"),
        *("segments", "segments recount", "segments members"),
        *("activities", "board", "habits", "backtest", "versions", "schema"),
        *("connect backfill", "connect reconcile", "connect status", "connect log"),
        *("connect translate", "connect verify", "connect replay", "connect enable"),
        *("connect inbox", "connect skip"),
        *("plugin new", "plugin check", "plugins", "plugins lift"),
        *("tick", "verify", "status", "seal", "head", "proof", "demo"),
    }


def test_every_command_speaks_to_machines_and_explains_itself() -> None:
    for path, command in commands(get_command(build_app())).items():
        options = {name for parameter in command.params for name in parameter.opts}
        assert "--json" in options, path
        assert command.help, path
        shown = run([*path, "--help"])
        assert shown.exit_code == 0
        assert "\x1b" not in shown.stdout


def test_help_lists_every_exit_code() -> None:
    lines = run(["--help"]).stdout.splitlines()
    for code, meaning in EXIT_CODES.items():
        assert f"    {code:>3}  {meaning}" in lines


def test_every_error_has_a_documented_exit_code() -> None:
    codes = {kind.code: exit_code(_made(kind)) for kind in all_errors(LoyaltyError)}
    assert set(codes.values()) <= set(EXIT_CODES)
    assert codes["config_invalid"] == codes["plugin_missing"] == 3
    assert codes["store_busy"] == codes["store_unreachable"] == 4
    assert codes["member_not_found"] == codes["wallet_unknown"] == 5
    assert codes["insufficient_points"] == codes["idempotency_conflict"] == 6
    assert codes["plugin_failed"] == 7
    assert codes["ledger_fault"] == 70
    assert codes["encoding_broken"] == codes["fact_too_large"] == 1


def _made(kind: type[LoyaltyError]) -> LoyaltyError:
    return ConfigError([Problem("a", "b")]) if kind is ConfigError else kind("wrong")


def test_the_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "loyalty_core.cli", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("loyalty 0.")


def test_usage_errors_have_their_own_code(shop: Shop) -> None:
    assert shop.run("member", "show", "planet:mars").exit_code == 2
    assert shop.run("member", "find").exit_code == 2
    assert run(["nonsense"]).exit_code == 2
    assert run(["report", "--nonsense"]).exit_code == 2


def test_usage_errors_are_json_as_well_if_asked() -> None:
    for arguments in (["report", "--json", "--nonsense"], ["redeem", "--json"], ["x", "--json"]):
        done = run(arguments)
        assert (done.exit_code, done.stderr) == (2, "")
        assert json.loads(done.stdout)["error"]["code"] == "usage"


def test_a_defect_has_its_traceback_and_its_own_code(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(Loyalty, "report", broken)
    done = shop.run("report", "--json")
    assert done.exit_code == 70
    assert "ZeroDivisionError: planted" in done.stderr
    assert json.loads(done.stdout)["error"]["message"] == "ZeroDivisionError: planted"


def test_an_error_is_code_what_where_and_remedy(shop: Shop) -> None:
    done = run(["status", "--config", str(shop.folder / "loyalty.toml"), "-d", "nonsense://x"])
    assert done.exit_code == 4
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].startswith("error store_unreachable: ")
    assert lines[-1].startswith("  remedy: ")
    assert "Traceback" not in done.stderr


def test_what_others_wrote_cannot_steer_the_terminal(shop: Shop) -> None:
    made = shop.json("member", "enrol", "--email", "a@b.org", "--name", "\x1b[31mred[bold]")
    shown = shop.run("member", "show", made["id"]).stdout
    assert "\x1b" not in shown
    assert r"\x1b[31mred[bold]" in shown
    assert plain("a\u202eb\x9bc\ud800") == r"a\u202eb\x9bc\ud800"


def test_a_terminal_without_the_letters_gets_escapes(shop: Shop) -> None:
    made = shop.json("member", "enrol", "--email", "a@b.org", "--name", "Zoë")
    done = subprocess.run(
        [sys.executable, "-m", "loyalty_core.cli", "member", "show", made["id"], *shop.options],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert rb"Zo\xeb" in done.stdout


def test_json_is_one_document_even_on_a_terminal(shop: Shop) -> None:
    shop.record(order(1))
    output = on_a_terminal(["report", "--json", *shop.options])
    assert json.loads(output)["orders"] == 1
    assert "\x1b" not in output


def test_a_narrow_terminal_does_not_break_ids(shop: Shop) -> None:
    (receipt,) = shop.record(order(1))
    output = on_a_terminal(["history", "email:ada@example.org", *shop.options], columns="40")
    assert receipt["transactions"][0] in output


def on_a_terminal(arguments: list[str], columns: str = "80") -> str:
    """What a command prints when it stands at a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "loyalty_core.cli", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": columns, "TERM": "xterm"},
    )
    os.close(theirs)
    output = b""
    try:
        while piece := os.read(ours, 1 << 16):
            output += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0, output
    return output.decode()


# -- commands of other distributions --------------------------------------------------------------


def greet(name: Annotated[str, typer.Option("--name")] = "you", fail: bool = False) -> None:
    """Greets somebody."""
    if fail:
        raise ConfigError([Problem("gateway.port", "9 is taken", "Use another.")])
    typer.echo(f"hello {name}")


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that are loaded, in the order of loading."""
    loaded: list[str] = []

    class Point(EntryPoint):
        def load(self) -> Any:
            loaded.append(self.name)
            if self.name == "broken":
                raise ImportError("no module named 'moon'")
            return greet

    points = [Point(name, f"{name}:it", group.ENTRY_POINTS) for name in ("greet", "broken")]

    def entry_points(group: str, name: str | None = None) -> list[EntryPoint]:
        return [point for point in points if name in (None, point.name)]

    monkeypatch.setattr(group, "entry_points", entry_points)
    return loaded


def test_a_plain_function_is_mounted(mounted: list[str]) -> None:
    done = run(["greet", "--name", "Ada"])
    assert (done.exit_code, done.stdout) == (0, "hello Ada\n")
    assert "--name" in run(["greet", "--help"]).stdout
    assert set(mounted) == {"greet"}


def test_errors_of_a_mounted_command_are_reported_like_ours(mounted: list[str]) -> None:
    done = run(["greet", "--fail"])
    assert done.exit_code == 3
    assert "gateway.port" in done.stderr
    assert "remedy: Use another." in done.stderr
    assert mounted == ["greet"]


def test_a_command_that_cannot_be_loaded_stops_itself_only(mounted: list[str]) -> None:
    done = run(["broken", "--port", "1"])
    assert done.exit_code == 3
    assert "no module named 'moon'" in done.stderr
    assert "Traceback" not in done.stderr
    listing = run(["--help"]).stdout
    assert "Greets somebody." in listing
    assert "Cannot be loaded" in listing
    assert mounted == ["broken", "greet", "broken"] or set(mounted) == {"broken", "greet"}


def test_mounted_commands_are_not_loaded_for_ours(mounted: list[str]) -> None:
    assert run(["check", "--config", "nowhere.toml"]).exit_code == 3
    assert mounted == []


def test_without_the_gateway_serve_says_what_to_install(mounted: list[str]) -> None:
    done = run(["serve", "--dev", "--port", "0"])
    assert done.exit_code == 3
    assert "pip install loyalty-gateway" in done.stderr
    document = json.loads(run(["serve", "--json"]).stdout)
    assert document["error"]["code"] == "plugin_missing"
    assert mounted == []


# -- progress -------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seconds that a meter sees."""
    seconds = [100]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    return seconds


def test_progress_is_silent_for_two_seconds(
    clock: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    with Meter("importing", "rows", 1000, quiet=False) as meter:
        clock[0] += 1
        meter.update(10, 100)
    assert capsys.readouterr() == ("", "")


def test_progress_has_count_rate_and_time_left(
    clock: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    with Meter("importing", "rows", 1000, quiet=False) as meter:
        for passed in range(1, 11):
            clock[0] += 1
            meter.update(2000 * passed, 50 * passed)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "importing: 10,000 rows, 2,000/s, 25 %, about 15 s left",
        "importing: 20,000 rows, 2,000/s, 50 %, about 10 s left",
    ]


def test_progress_is_quiet_for_machines(
    clock: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    with Meter("importing", "rows", None, quiet=True) as meter:
        clock[0] += 100
        meter.update(10)
    assert capsys.readouterr() == ("", "")
