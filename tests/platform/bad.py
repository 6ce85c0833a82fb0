"""Changes to a good plugin, each of which breaks one rule of quality."""

from __future__ import annotations

from tests.platform.booth import CONNECTORS, SHOWN, UNNAMED, lacking
from tests.platform.planted import Change

DECIDE = "        if not isinstance(fact, Order):\n"
PROGRAM, PLUGIN, CONFIG = "program.py", "plugin.py", "config.py"


def deciding(*lines: str) -> Change:
    """The program does this first, whenever it decides."""
    return PROGRAM, DECIDE, "".join(f"        {line}\n" for line in lines) + DECIDE


def kept(where: str) -> Change:
    """The manifest names something more that is kept of members."""
    more = f'            PersonalData(what="Cups.", where="{where}", why="To wash them."),\n'
    return PLUGIN, "        ),\n    )\n", f"{more}        ),\n    )\n"


def deprecated(year: int, month: int = 12) -> tuple[Change, ...]:
    """A setting that the README uses will go, or should be gone by now."""
    going = f'Deprecation(since="1.1", last_day=date({year}, {month}, 1), use="each")'
    doc = 'doc("How many a day at most.")'
    top = "from dataclasses import dataclass, field\n"
    more = "from datetime import date\nfrom loyalty_core import Deprecation\n"
    return (CONFIG, top, top + more), (CONFIG, doc, f'{{**{doc}, "deprecated": {going}}}')


def upgraded(made: str) -> tuple[Change, ...]:
    """There was a release before that kept a count; a step makes of it what ``made`` says."""
    step = f"StateStep(lambda state: {made}, {{'count': 3}})"
    named = '        summary="A stamp for each cup.",\n'
    return (
        (PLUGIN, "    ConfigError,\n", "    ConfigError,\n    StateStep,\n"),
        (PLUGIN, "class StampsPlugin", "import time\n\n\nclass StampsPlugin"),
        (PLUGIN, named, f"{named}        state_steps=({step},),\n"),
    )


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
ACTS = (
    PLUGIN,
    "    secrets = ()\n",
    "    secrets = ()\n    wants = Wants(events=('*',))\n    def act(self, action): ...\n",
)
SHOWING = "README.md", "day_limit = 1", "day_limit = 1\nshows = true"
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
    **CONNECTORS,
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
        ("no stand is given for Shop", ADDED_CONNECTOR),
        ("no stand is given for Shop", (*ADDED_CONNECTOR, ONLY_FIRST, SECOND_SAMPLE)),
        ("no stand is given for Booth", UNNAMED),
        ("the stand of Booth has no platform", lacking("    platform=delivering,\n")),
        ("the stand of Booth has no signature", lacking('    signature="Booth-Signature",\n')),
        ("the stand of Booth has no shown", (*lacking(SHOWN), SHOWING)),
    ],
    "LQ214": [("loyalty_stamps_cup loses its rows", ADDED_TABLES)],
    "LQ216": [
        ("names nothing in 'state'", ((PLUGIN, 'where="state"', 'where="facts"'),)),
        ("emits stamps.full", ((PLUGIN, 'where="events"', 'where="facts"'),)),
        ("facts come from stamps.shop", ADDED_CONNECTOR),
        ("done at stamps.shop, and", (*ADDED_CONNECTOR, ACTS)),
        ("has tables of its own", ADDED_TABLES),
        ("in tables, and it has none", (kept("tables"),)),
        ("'cellar' of 'Cups.' is none of state", (kept("cellar"),)),
        ("its erasure is not told", (kept("outside"),)),
        ("does not say what it is, or why", ((PLUGIN, "There is a limit.", " "),)),
    ],
    "LQ217": [
        ("raised KeyError on a state from version 1 to 2", upgraded('{"had": state["cuont"]}')),
        ("KeyError: 'cuont'", upgraded('{"had": state["cuont"]}')),
        ("is not a JSON object of its own", upgraded('[state["count"]]')),
        ("from version 1 to 2 asks the clock", upgraded('{"had": int(time.time())}')),
        (
            "KeyError: 'day'",
            (
                *upgraded('{"had": state["count"]}'),
                deciding("member.state and member.state['day']"),
            ),
        ),
        ("raised TypeError uniting", upgraded('{"day": state["count"], "had": 3}')),
    ],
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
    "LQ311": [
        ("plugins.stamps.day_limit: Deprecated since 1.1", deprecated(2999)),
        ("the setting StampsConfig.day_limit", deprecated(2026, 1)),
    ],
}
