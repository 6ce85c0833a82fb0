"""Every page with commands is followed: its files written, its commands run, their output compared.

A page's commands run in order, in one shell and one folder. Where a page shows no output, the
command has to succeed; `...` stands for what differs each time, as in doctests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.docs import looked_up
from tests.docs.samples import of_kind
from tests.docs.terminal import Terminal

FOLLOWED = sorted({block.page for kind in ("console", "file") for block in of_kind(kind)})

Follow = Callable[[Path], list[str]]


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Follow]:
    """Follows a page; what it started ends with the test."""
    opened: list[Terminal] = []

    def follow_page(page: Path) -> list[str]:
        place = tmp_path / str(len(opened))
        place.mkdir()
        opened.append(Terminal(page, place))
        return opened[-1].follow()

    yield follow_page
    for terminal in opened:
        terminal.close()


@pytest.mark.timeout(1800)  # the conformance suite runs twice in the tutorial
@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_page_can_be_followed(follow: Follow, page: Path) -> None:
    assert follow(page)


@pytest.mark.parametrize(
    "text",
    [
        "$ false\n",
        "$ echo one\ntwo\n",
        "$ cat gone.txt\n",
        "echo one\nfalse\n",
        "pip install loyalty-nothing\n",
        "pip install 'loyalty-csv[nothing]'\n",
        "python -m pip install . ./plugins/nothing\n",
        "python -m tox run -e nothing\n",
        "python -m tox run -e example -- run --nothing\n",
    ],
)
def test_a_step_that_fails_is_noticed(follow: Follow, tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```console\n{text}```\n")
    with pytest.raises(AssertionError):
        follow(page)


def test_a_page_is_followed_in_one_shell_and_one_folder(follow: Follow, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    shown = "```console\n$ export ONE=1\n$ mkdir in\n$ cd in\n```\n\n"
    shown += "```text file=in/words.txt\nall's\nwell\n```\n\n"
    shown += "```console\n$ cat words.txt\nall's\n...\n$ echo $ONE 'and\n2'\n1 and\n2\n```\n"
    page.write_text(shown)
    assert follow(page)[-1] == "echo $ONE 'and\n2'"
    page.write_text(
        "- a list\n\n  ```console\n  pip install loyalty-csv[objects] # stores\n  ```\n"
    )
    assert follow(page) == ["pip install loyalty-csv[objects] # stores"]


def test_what_a_page_exports_is_known_to_every_command(follow: Follow, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    told = "$ export LOYALTY_CONFIG=tea.toml\n$ loyalty init\nwrote tea.toml and ...\n"
    later = "$ unset LOYALTY_CONFIG\n$ loyalty init\nwrote loyalty.toml and ...\n"
    page.write_text(f"```console\n{told}{later}```\n")
    assert len(follow(page)) == 4


@pytest.mark.parametrize(
    "text",
    ["pip install tox && loyalty init", "loyalty init; pip install tox", "true || tox run -e demo"],
)
def test_what_would_really_install_is_noticed(text: str) -> None:
    with pytest.raises(AssertionError, match="in a line of its own"):
        looked_up.is_looked_up(text)
    assert looked_up.is_looked_up("pip install tox && python -m tox run -e demo")
    assert not looked_up.is_looked_up("loyalty init && loyalty check")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["nothing"], "loyalty has no command 'nothing'"),
        (["import", "nothing"], "loyalty import has no command 'nothing'"),
        (["quote", "--nothing"], "quote: No such option: --nothing"),
    ],
)
def test_arguments_that_nobody_takes_are_noticed(words: list[str], fault: str) -> None:
    (found,) = looked_up.wrong_loyalty(words)
    assert found.startswith(fault)
    assert list(looked_up.wrong_loyalty(["quote", "--trace"])) == []
    assert list(looked_up.wrong_loyalty(["plugins", "lift"])) == []
