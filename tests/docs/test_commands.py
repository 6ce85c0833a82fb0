"""The commands that prose and tables give exist, with the arguments that they are given.

Those of blocks are run: test_console.py.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT
from tests.docs import looked_up
from tests.docs.samples import FENCED, OUTSIDE, PAGES

LOYALTY = re.compile(r"`loyalty\s+([^`<>]+)`")
INSTALLED = re.compile(r"`((?:python -m )?(?:pip install|tox run)\s[^`]+)`")
PROMISED = (
    "python -m pip install tox && python -m tox run -e demo",
    "python -m pip install tox && python -m tox run",
)
TOX = re.compile(r"tox (?:run )?-e ([\w,]+)")


def test_every_tox_environment_named_exists() -> None:
    named = {
        (str(page.relative_to(ROOT)), found[0])
        for page in [*PAGES, ROOT / ".ci" / "run"]
        for found in TOX.finditer(page.read_text(encoding="utf-8"))
    }
    assert named
    wrong = [(page, line) for page, line in named if looked_up.wrong_tox(line.split()[1:])]
    assert wrong == []


def test_the_readme_gives_the_two_commands_whole() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in PROMISED if line not in lines] == []


def wrong_commands(page: Path) -> Iterator[str]:
    """What the command line would not take of what a page says outside of blocks."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    for found in LOYALTY.finditer(text):
        for fault in looked_up.wrong_loyalty(shlex.split(found[1]), named=True):
            yield f"{page.name}: {found[0]}: {fault}"
    for found in INSTALLED.finditer(text):
        yield from (f"{page.name}: {found[0]}: {fault}" for fault in looked_up.faults(found[1]))


def test_every_command_named_exists() -> None:
    pages = [page for page in PAGES if page.parent != OUTSIDE]
    assert [fault for page in pages for fault in wrong_commands(page)] == []


def test_a_command_that_is_not_there_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`loyalty quote --at` `loyalty connect till inbox` `loyalty <plugin> x`\n")
    assert list(wrong_commands(page)) == []
    page.write_text("`loyalty enrol` `loyalty connect till shout`\n`loyalty\nreport --colour`\n")
    assert len(list(wrong_commands(page))) == 3
    page.write_text(
        "`pip install loyalty-csv` `python -m pip install ./plugins/none` `tox run -e no`"
    )
    assert len(list(wrong_commands(page))) == 2
