"""Every rule of quality can fail: a good plugin keeps all of them, a changed one does not."""

from __future__ import annotations

import gc
import importlib
import sys
import time
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from loyalty_core.testing.plugin import Verdict
from loyalty_core.testing.quality import plays
from loyalty_core.testing.quality.report import all_rules, checked, report
from tests.platform.planted import Change, planted

RULES = {one.code: one for one in all_rules()}
DECIDE = "        if not isinstance(fact, Order):\n"
PROGRAM, PLUGIN, CONFIG = "program.py", "plugin.py", "config.py"


def deciding(*lines: str) -> Change:
    """The program does this first, whenever it decides."""
    return PROGRAM, DECIDE, "".join(f"        {line}\n" for line in lines) + DECIDE


def asks(line: str) -> tuple[Change, ...]:
    """The program asks the outside while it decides."""
    modules = "import datetime, os, random, socket, sqlite3, threading, time, uuid\n"
    return (PROGRAM, "from loyalty_core", f"{modules}from loyalty_core"), deciding(line)


HOOK = "    @hookimpl\n    def loyalty_register_rewards"
CONNECTOR = """
class Shop:
    id = "stamps.shop"
    secrets = ()
    def health(self): ...
    def verify(self, request): ...
    def translate(self, message): return []


plugin = """
ADDED_CONNECTOR = (
    (PLUGIN, "\nplugin = ", CONNECTOR),
    (
        PLUGIN,
        HOOK,
        "    @hookimpl\n    def loyalty_register_connectors(self):\n        return [Shop()]\n\n"
        + HOOK,
    ),
)
ONLY_FIRST = (
    PLUGIN,
    "connectors(self):\n        return [Shop()]",
    "connectors(self, config):\n        return [Shop()] if config.day_limit == 1 else []",
)
SECOND_SAMPLE = "README.md", "", "\n```toml\n[plugins.stamps]\nday_limit = 2\n```\n"
THANKS = """\
    import uuid

    about = {"source": "web", "kind": "thanked", "occurred_at": event.occurred_at}
    return [{"type": "activity", "id": str(uuid.uuid4()), **about}]
"""
TABLES = """\
    @hookimpl
    def loyalty_register_tables(self):
        def empties(connection):
            connection.exec_driver_sql("DELETE FROM loyalty_stamps_cup")

        steps = Migration("1", CUP.create), Migration("2", empties)
        return [OwnTables(tables=[CUP], migrations=steps)]

"""
ADDED_TABLES = (
    (
        PLUGIN,
        "    ConfigError,\n",
        "    ConfigError,\n    Migration,\n    OwnTables,\n    own_table,\n",
    ),
    (PLUGIN, "class StampsPlugin", 'CUP = own_table("loyalty_stamps_cup")\n\n\nclass StampsPlugin'),
    (PLUGIN, HOOK, TABLES + HOOK),
)
POST_INIT = """
    def __post_init__(self):
        object.__setattr__(self, "each", self.each + 1)
"""
TELLS = """\
        data = {"who": fact.identities.get("email", "")}
        effects.append(Cause(kind="stamps.told", rule="tell", code="BOB-10", data=data))
        return [*effects, KeepState(state)]"""
ORDERS = "member.history.orders"
INIT = "    def __init__(self, config):\n"
OWN_SEEN = PROGRAM, f"    seen = {{}}\n\n{INIT}", f"{INIT}        self.seen = {{}}\n"
AMOUNT = (PROGRAM, 'amount=sum(points.values()), rule="stamp", lines=points', 'amount=n, rule="n"')

BAD: dict[str, list[tuple[str, tuple[Change, ...]]]] = {
    "LQ101": [
        ("is no sentence", ((PLUGIN, "for each cup.", "for each cup"),)),
        ("takes a version with breaks", ((PLUGIN, ">=1.2,<2", ">=1.2"),)),
        ("is not 1", ((PLUGIN, ">=1.2,<2", ">=9,<10"),)),
        ("is no range", ((PLUGIN, ">=1.2,<2", "latest"),)),
        ("is none", ((PLUGIN, 'version="1.0"', 'version="one"'),)),
        ("is no frozen dataclass", ((CONFIG, "frozen=True, ", ""),)),
    ],
    "LQ102": [
        ("not 'stamps'", (("pyproject.toml", "stamps = ", "stmps = "),)),
        ("is not the plugin", (("pyproject.toml", ":plugin", ":other"),)),
    ],
    "LQ103": [
        ("unknown hook", ((PLUGIN, "loyalty_register_rewards", "loyalty_register_reward"),)),
        ("does not fit", ((PLUGIN, "handlers(self, config)", "handlers(self, settings)"),)),
    ],
    "LQ104": [
        ("sample 1: plugins.stamps", (("README.md", "day_limit = 1", 'day_limit = "five"'),)),
        (
            "raised ZeroDivisionError",
            ((PLUGIN, "        return [Stamps(config)]", "        1 / 0"),),
        ),
    ],
    "LQ105": [
        (
            "was StampsConfig",
            (
                (
                    CONFIG,
                    "",
                    POST_INIT,
                ),
            ),
        )
    ],
    "LQ106": [
        ("imports loyalty_core.domain", ((CONFIG, "", "import loyalty_core.domain.facts\n"),)),
        ("imports loyalty_core.storage", ((CONFIG, "", "from loyalty_core import storage\n"),)),
        ("imports loyalty_points", ((CONFIG, "", "import loyalty_points\n"),)),
        (
            "imports loyalty_gateway",
            ((CONFIG, "", "from loyalty_gateway.app import create_app\n"),),
        ),
    ],
    "LQ107": [
        ("sqlite3.connect", ((CONFIG, "", "import sqlite3\nsqlite3.connect(':memory:')\n"),)),
        ("thread", ((CONFIG, "", "import threading\nthreading.Thread(target=str).start()\n"),)),
    ],
    "LQ108": [("'tea' does not begin", ((PROGRAM, '"stamps.tea"', '"tea"'),))],
    "LQ109": [
        ("color: unknown key", (("quality.toml", "grade", 'color = "red"\ngrade'),)),
        ("grade: 'platinum' is not one of", (("quality.toml", "gold", "platinum"),)),
        ("Did you mean activities?", (("quality.toml", "activities", "activites"),)),
        ("it is no TOML", (("quality.toml", "grade", "grade ="),)),
        ("there is no rule", (("quality.toml", "", '[exempt]\nLQ999 = "why"\n'),)),
        ("has no reason", (("quality.toml", "", '[exempt]\nLQ306 = " "\n'),)),
        ("nothing is exempt", (("quality.toml", "", '[exempt]\nLQ101 = "why"\n'),)),
        ("is not needed", (("quality.toml", "", '[exempt]\nLQ306 = "why"\n'),)),
    ],
    "LQ201": [
        ("the clock (time.time)", asks("time.time()")),
        ("the clock (time.monotonic", asks("time.monotonic_ns()")),
        ("the clock (datetime.now)", asks("datetime.datetime.now(datetime.timezone.utc)")),
        ("the clock (date.today)", asks("datetime.date.today()")),
        ("chance (random.random)", asks("random.random()")),
        ("chance (random.randint)", asks("random.randint(1, 6)")),
        ("chance (os.urandom)", asks("uuid.uuid4()")),
        ("a file (open)", asks("open(__file__).close()")),
        ("a folder", asks("os.listdir('.')")),
        ("a database", asks("sqlite3.connect(':memory:').close()")),
        ("the network", asks("socket.socket().close()")),
        ("the environment", asks("os.environ.get('HOME')")),
        ("another thread", asks("threading.Thread(target=str).start()")),
    ],
    "LQ202": [
        (
            "answers the same question with",
            (deciding("self.seen[len(self.seen)] = n = len(self.seen)"), AMOUNT),
        )
    ],
    "LQ203": [
        ("Stamps.decide changes", (deciding("member.state['x'] = 1"),)),
        (
            "Stamps.show changes",
            (
                (
                    PROGRAM,
                    '        return {"stamps"',
                    "        member.state['x'] = 1\n        return {\"stamps\"",
                ),
            ),
        ),
    ],
    "LQ204": [
        ("KeyError", (deciding("getattr(fact, 'data', {'what': 1})['what']"),)),
        ("not below its id", ((PROGRAM, 'type="stamps.full"', 'type="other.full"'),)),
        ("lines", ((PROGRAM, "amount=sum(points.values())", "amount=sum(points.values()) + 1"),)),
    ],
    "LQ205": [
        (
            "as they came:",
            (OWN_SEEN, deciding("n = self.seen.setdefault(fact.id, len(self.seen))"), AMOUNT),
        )
    ],
    "LQ206": [
        (
            "late:",
            (
                (
                    PROGRAM,
                    "        if kept.get",
                    "        return self.seen.setdefault(1, dict(kept))\n        if kept.get",
                ),
                OWN_SEEN,
            ),
        )
    ],
    "LQ207": [
        (
            "still says 'ada@quality.example'",
            (
                (PROGRAM, "import Credit", "import Cause, Credit"),
                (
                    PROGRAM,
                    "        return [*effects, KeepState(state)]",
                    TELLS,
                ),
            ),
        )
    ],
    "LQ208": [
        (
            "when it comes again",
            ((PLUGIN, "    return []", THANKS),),
        )
    ],
    "LQ209": [
        (
            "stamps.tea",
            ((PROGRAM, "        points = 3 if", "        1 / 0\n        points = 3 if"),),
        ),
        (
            "stamps.tea",
            (
                ("README.md", "[plugins.stamps]", "[wallets.cups]\n\n[plugins.stamps]"),
                (PROGRAM, '    wallet = "points"', '    wallet = "cups"'),
                (
                    PROGRAM,
                    "        points = 3 if",
                    "        1 / (request.available < 3)\n        points = 3 if",
                ),
            ),
        ),
    ],
    "LQ210": [("sample 1:", (deciding("self.seen[len(self.seen)] = n = len(self.seen)"), AMOUNT))],
    "LQ211": [
        (
            "still put off",
            (
                (
                    PROGRAM,
                    "        day = fact",
                    f"        assert member.state.get('n', 0) == {ORDERS}\n        day = fact",
                ),
                (PROGRAM, '"day": day, "had"', f'"n": {ORDERS} + 1, "day": day, "had"'),
            ),
        )
    ],
    "LQ212": [
        (
            "loyalty_register_rewards asks the environment",
            (
                (
                    PLUGIN,
                    "        return [Tea()]",
                    "        import os\n        os.environ.get('X')\n        return [Tea()]",
                ),
            ),
        )
    ],
    "LQ213": [
        ("no test calls check_signatures", ADDED_CONNECTOR),
        ("no test calls check_signatures", (*ADDED_CONNECTOR, ONLY_FIRST, SECOND_SAMPLE)),
    ],
    "LQ214": [("loyalty_stamps_cup loses its rows", ADDED_TABLES)],
    "LQ301": [("StampsConfig.each", ((CONFIG, "Points of a stamp.", ""),))],
    "LQ302": [("StampsConfig.each", (("README.md", "`each`", "each"),))],
    "LQ303": [
        ("README.md:12", (("README.md", "# 2", "# 3"),)),
        ("ZeroDivisionError", (("README.md", "1 + 1", "1 / 0"),)),
        ("no sample", (("README.md", "plugins.stamps", "plugins.other"),)),
    ],
    "LQ304": [("'stamps.full'", (("README.md", "stamps.full", "an event"),))],
    "LQ305": [
        (
            "ZeroDivisionError",
            (
                (
                    PLUGIN,
                    '        if "points"',
                    '        1 // config.day_limit\n        if "points"',
                ),
            ),
        ),
        ("no path", ((PLUGIN, 'Problem("plugins.stamps"', 'Problem(""'),)),
    ],
    "LQ306": [("0.5", ((CONFIG, "", "HALF = 0.5\n"),))],
    "LQ307": [
        (
            "characters of a member",
            (
                (
                    PROGRAM,
                    'state = {"day": day, ',
                    'state = {"all": member.state.get("all", "") + "x" * 999, "day": day, ',
                ),
            ),
        )
    ],
    "LQ308": [
        (
            "no test uses",
            (
                ("tests/test_conformance.py", "PluginSuite", "Suite"),
                ("tests/test_conformance.py", "PluginSuite", "Suite"),
            ),
        )
    ],
    "LQ309": [("py.typed", ())],
}
CASES = [(code, fragment, changes) for code, each in BAD.items() for fragment, changes in each]


@pytest.fixture(autouse=True)
def _one_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plays, "SEEDS", 1)


def test_a_good_plugin_is_gold(tmp_path: Path) -> None:
    found = report(planted(tmp_path))
    verdicts = {one.rule.code: (one.verdict, one.faults) for one in found.findings}
    others = {code: one for code, one in verdicts.items() if one[0] is not Verdict.PASSED}
    idle = {"LQ213", "LQ214"} | verdicts.keys() - BAD.keys()
    assert {code: one for code, one in others.items() if code not in idle} == {}
    assert (found.grade, found.is_kept) == ("gold", True)


def test_every_rule_of_the_core_has_a_plugin_that_breaks_it() -> None:
    own = {code for code, one in RULES.items() if one.check.__module__.startswith("loyalty_core.")}
    assert own == set(BAD)


@pytest.mark.parametrize(
    "line",
    [
        "random.Random(fact.id).random()",
        "logging.getLogger('stamps').warning('decided')",
        "zoneinfo.ZoneInfo('Asia/Kathmandu')",
        "read_once()",
        "datetime.datetime.fromtimestamp(0, datetime.timezone.utc)",
    ],
)
def test_what_follows_from_the_fact_or_is_loaded_once_is_pure(tmp_path: Path, line: str) -> None:
    once = "@functools.cache\ndef read_once():\n    return open(__file__).close()\n\n\nclass Stamps"
    modules = "import datetime, functools, logging, random, zoneinfo\n"
    changes = (PROGRAM, "from loyalty_core", f"{modules}from loyalty_core"), deciding(line)
    subject = planted(tmp_path, *changes, (PROGRAM, "class Stamps", once))
    assert checked(subject, RULES["LQ201"]).faults == ()


def test_chance_is_found_by_whichever_name_it_was_imported(tmp_path: Path) -> None:
    named = "from time import time as at\nfrom uuid import uuid4 as new\nfrom loyalty_core"
    subject = planted(tmp_path, (PROGRAM, "from loyalty_core", named), deciding("at(), new()"))
    assert checked(subject, RULES["LQ201"]).faults == (
        "Stamps.decide asks the clock (time.time)",
        "Stamps.decide asks chance (os.urandom)",
    )


def test_what_is_asked_is_found_while_something_is_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = planted(tmp_path, *asks("open(__file__).close()"))

    class Importing(Loader):
        def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
            return ModuleSpec(name, self) if name == "checks_stamps" else None

        def exec_module(self, module: ModuleType) -> None:
            vars(module)["faults"] = checked(subject, RULES["LQ201"]).faults

    monkeypatch.setattr(sys, "meta_path", [Importing(), *sys.meta_path])
    module = importlib.import_module("checks_stamps")
    assert module.faults == ("Stamps.decide asks a file (open)",)


def test_what_runs_as_garbage_is_collected_is_not_the_plugins(tmp_path: Path) -> None:
    """Others in the process left it there, as Hypothesis, which asks the clock each time."""
    subject = planted(tmp_path, deciding("[[] for _ in range(9999)]"))
    collected = []

    def asks_the_clock(phase: str, info: object) -> None:
        collected.append((phase, time.perf_counter()))

    gc.callbacks.append(asks_the_clock)
    try:
        assert checked(subject, RULES["LQ201"]).faults == ()
        assert collected != []  # elsewhere it goes on
        assert gc.isenabled()
    finally:
        gc.callbacks.remove(asks_the_clock)


@pytest.mark.parametrize(("code", "fragment", "changes"), CASES)
def test_a_rule_fails(
    tmp_path: Path, code: str, fragment: str, changes: tuple[Change, ...]
) -> None:
    subject = planted(tmp_path, *changes)
    if code == "LQ309":
        next((tmp_path / "src").rglob("py.typed")).unlink()
    found = checked(subject, RULES[code])
    assert found.verdict is Verdict.FAILED, found
    assert any(fragment in fault for fault in found.faults), found.faults
