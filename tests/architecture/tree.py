"""Where things are in this repository."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {".git", ".tox", ".venv", "venv", "build", "dist", "__pycache__"}


def packages(root: Path = ROOT) -> list[Path]:
    """The import packages of this tree, each as its folder."""
    sources = [root / "src", *sorted(root.glob("plugins/*/src")), root / "gateway" / "src"]
    return [
        package.parent for source in sources for package in sorted(source.glob("*/__init__.py"))
    ]


def modules(root: Path = ROOT) -> Iterator[Path]:
    """Every module of every package."""
    for package in packages(root):
        yield from sorted(package.rglob("*.py"))


def module_name(path: Path) -> str:
    """The dotted name a module of `packages` is imported by."""
    parts = list(path.with_suffix("").parts)
    below_source = parts[len(parts) - parts[::-1].index("src") :]
    if below_source[-1] == "__init__":
        below_source.pop()
    return ".".join(below_source)


def project_files(root: Path = ROOT) -> list[Path]:
    """Every file that is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        found = [root / name for name in listed.stdout.split("\0") if name]
    else:  # an unpacked archive
        found = [
            path
            for path in root.rglob("*")
            if not SKIPPED_FOLDERS.intersection(path.relative_to(root).parts)
        ]
    return sorted(path for path in found if path.is_file())
