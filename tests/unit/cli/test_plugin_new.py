"""`loyalty plugin new`: what is written, and what is refused. That it works is tests/outside."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from loyalty_core import PLUGIN_API_VERSION, __version__
from tests.unit.cli.shop import run


def test_the_folder_has_all_that_a_distribution_needs(tmp_path: Path) -> None:
    done = run(["plugin", "new", "book-club", "--into", str(tmp_path), "--json"])
    assert (done.exit_code, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    folder = tmp_path / "loyalty-book-club"
    assert (told["written"], told["id"]) == (str(folder), "book_club")
    assert told["files"] == sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    assert told["files"] == [
        ".github/workflows/ci.yml",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "quality.toml",
        "src/loyalty_book_club/__init__.py",
        "src/loyalty_book_club/checks.py",
        "src/loyalty_book_club/config.py",
        "src/loyalty_book_club/plugin.py",
        "src/loyalty_book_club/program.py",
        "src/loyalty_book_club/py.typed",
        "tests/test_conformance.py",
        "tests/test_program.py",
    ]


def test_names_and_versions_are_filled_in(tmp_path: Path) -> None:
    options = ("--summary", "Points for reading.", "--author", "Ada L.", "--into", str(tmp_path))
    run(["plugin", "new", "book-club", *options])
    folder = tmp_path / "loyalty-book-club"
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    major, minor, _ = __version__.split(".")
    assert project["name"] == "loyalty-book-club"
    assert project["description"] == "Points for reading."
    assert project["dependencies"] == [f"loyalty-core>={major}.{minor},<{major}.{int(minor) + 1}"]
    assert project["entry-points"] == {"loyalty.plugins": {"book_club": "loyalty_book_club:plugin"}}
    gateway = f"loyalty-gateway>={major}.{minor},<{major}.{int(minor) + 1}"
    assert gateway in project["optional-dependencies"]["dev"]
    source = (folder / "src" / "loyalty_book_club" / "plugin.py").read_text()
    assert f'requires_plugin_api=">={PLUGIN_API_VERSION},<2"' in source
    assert "class BookClubPlugin:" in source
    assert "Ada L." in (folder / "LICENSE").read_text()
    assert "${{ matrix.python }}" in (folder / ".github" / "workflows" / "ci.yml").read_text()


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    there = tmp_path / "loyalty-book-club"
    there.mkdir()
    (there / "mine.txt").write_text("mine")
    done = run(["plugin", "new", "book-club", "--into", str(tmp_path), "--json"])
    assert done.exit_code == 1
    error = json.loads(done.stdout)["error"]
    assert (error["message"], error["where"]) == (
        "the folder is there already, and was left alone",
        str(there),
    )
    assert [path.name for path in there.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Book", "'Book' cannot be the name of a plugin"),
        ("book club", "'book club' cannot be the name of a plugin"),
        ("7books", "'7books' cannot be the name of a plugin"),
        ("book-", "'book-' cannot be the name of a plugin"),
        ("class", "'class' cannot be the name of a plugin"),
        ("b" * 31, f"{'b' * 31!r} cannot be the name of a plugin"),
        ("status", "'status' is the name of a command of `loyalty`"),
        ("serve", "'serve' is the name of a command of `loyalty`"),
        ("plugin", "'plugin' is the name of a command of `loyalty`"),
        ("points", "'points' is the name of a plugin that is installed"),
        ("core", "'core' is the name of a distribution of the SDK"),
        ("gateway", "'gateway' is the name of a distribution of the SDK"),
    ],
)
def test_names_that_would_not_do(tmp_path: Path, name: str, message: str) -> None:
    done = run(["plugin", "new", name, "--into", str(tmp_path), "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["message"] == message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("summary", ["No end", 'A "quote".', "x" * 80 + ".", "a\nb."])
def test_a_summary_is_one_plain_sentence(tmp_path: Path, summary: str) -> None:
    options = ("--summary", summary, "--into", str(tmp_path), "--json")
    done = run(["plugin", "new", "book-club", *options])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["where"] == "--summary"
    assert list(tmp_path.iterdir()) == []


def test_people_are_told_what_comes_next(tmp_path: Path) -> None:
    done = run(["plugin", "new", "club", "--into", str(tmp_path)])
    assert done.stdout.splitlines() == [
        f"wrote {tmp_path / 'loyalty-club'}",
        "next:",
        f"  cd {tmp_path / 'loyalty-club'}",
        "  python -m venv .venv",
        '  .venv/bin/pip install -e ".[dev]"',
        "  .venv/bin/pytest",
    ]
