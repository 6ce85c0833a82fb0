"""`loyalty plugin new`: the folder it writes is right as it is, in an environment of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.outside.conftest import Outside

pytestmark = pytest.mark.timeout(3600)

LONGEST = "a-name-that-is-as-long-as-any-"[:29] + "z"


@pytest.fixture(scope="module")
def plugin(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a new plugin, installed."""
    place = tmp_path_factory.mktemp("new")
    outside.run("loyalty", "plugin", "new", "corner-shop", "--author", "Ada", cwd=place)
    folder = place / "loyalty-corner-shop"
    outside.install("-e", f"{folder}[dev]")
    return folder


def test_its_own_tests_pass_and_the_conformance_suite_finds_gold(
    outside: Outside, plugin: Path
) -> None:
    told = outside.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=plugin)
    assert " passed" in told.splitlines()[-1]
    assert "failed" not in told


@pytest.mark.parametrize(
    "command",
    [("mypy",), ("ruff", "check", "."), ("ruff", "format", "--check", ".")],
    ids=lambda command: " ".join(command),
)
def test_it_is_typed_and_clean(outside: Outside, plugin: Path, command: tuple[str, ...]) -> None:
    outside.run(*command, cwd=plugin)


def test_a_long_name_breaks_no_line(outside: Outside, tmp_path: Path) -> None:
    outside.run("loyalty", "plugin", "new", LONGEST, cwd=tmp_path)
    outside.run("ruff", "check", ".", cwd=tmp_path)
    outside.run("ruff", "format", "--check", ".", cwd=tmp_path)


def test_its_tests_can_fail(outside: Outside, plugin: Path, tmp_path: Path) -> None:
    program = plugin / "src" / "loyalty_corner_shop" / "program.py"
    right = program.read_text(encoding="utf-8")
    program.write_text(right.replace(", lines=earned", ""), encoding="utf-8")
    try:
        done = outside.tried("python", "-m", "pytest", "-q", "tests/test_program.py", cwd=plugin)
    finally:
        program.write_text(right, encoding="utf-8")
    assert done.returncode == 1
    assert "test_a_refund_takes_back_what_its_line_earned" in done.stdout


def test_its_wheel_is_found_by_a_program(outside: Outside, plugin: Path, tmp_path: Path) -> None:
    outside.wheel(plugin)
    (tmp_path / "loyalty.toml").write_text(
        '[program]\nid = "shop"\n[wallets.points]\n[plugins.corner_shop]\ntag = "new"\n'
    )
    shown = outside.run("loyalty", "check", cwd=tmp_path)
    assert 'plugins.corner_shop.tag = "new"' in shown
    assert "plugins.corner_shop.points = 10" in shown
