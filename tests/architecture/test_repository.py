"""The repository says nothing about the machine it was written on or where packages come from."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, project_files

# Put together here, so that this file does not contain what it looks for.
HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypa", "io"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("npmmirror", "com"),
        ("jsdelivr", "net"),
        ("unpkg", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("rubygems", "org"),
        ("anaconda", "org"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("docker", "io"),
        ("ghcr", "io"),
    ]
]
MACHINE_FOLDERS = ["work", "root", "home/[a-z]+", "Users/[A-Za-z]+", "opt/(?:py|wheel)[^/]*"]
FORBIDDEN = re.compile(
    "|".join(
        [
            *(rf"\b{re.escape(host)}\b" for host in HOSTS),
            rf"(?<![\w.\-}}]){'/'}(?:{'|'.join(MACHINE_FOLDERS)})/",
            rf"--(?:extra-)?{'index'}-url\b",
        ]
    )
)


def told(path: Path) -> Iterator[str]:
    """What a file says that it must not, one line each; nothing for a binary file."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if found := FORBIDDEN.search(line):
            yield f"{path}:{number}: {found.group()}"


def test_nothing_is_told() -> None:
    files = project_files()
    assert ROOT / "pyproject.toml" in files
    assert [line for path in files for line in told(path)] == []


@pytest.mark.parametrize(
    "text",
    [
        "https://" + "pypi" + ".org/simple",
        "https://files." + "pythonhosted" + ".org/x.whl",
        "see /" + "work/notes.md",
        '"/' + 'root/.cache/x"',
        "file:///" + "opt/pypi/simple",
        "--" + "index-url x",
    ],
)
def test_each_of_them_is_noticed(tmp_path: Path, text: str) -> None:
    planted = tmp_path / "planted.txt"
    planted.write_text(f"fine\n{text}\n")
    assert len(list(told(planted))) == 1


def test_other_paths_pass(tmp_path: Path) -> None:
    planted = tmp_path / "planted.txt"
    planted.write_text("https://example.com/work/1\nnetwork/root/x\n/tmp/x\n")
    assert list(told(planted)) == []
