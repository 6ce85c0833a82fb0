"""Builds every wheel of the tree and uses them in an empty environment, as a user would.

python .ci/check_wheels.py SCRATCH_FOLDER
"""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GATEWAY_STACK = ("strawberry", "graphql", "starlette", "uvicorn", "jwt")


def run(*command: str | Path) -> None:
    print("+", *command, flush=True)
    # Not from the tree: what is imported must be what was installed.
    subprocess.run(command, check=True, cwd=Path(command[0]).parent)


def build(project: Path, wheels: Path) -> Path:
    """The wheel of a project, which carries every file of its package."""
    before = set(wheels.glob("*.whl"))
    run(sys.executable, "-m", "build", "--wheel", "--outdir", wheels, project)
    (wheel,) = set(wheels.glob("*.whl")) - before
    shipped = set(zipfile.ZipFile(wheel).namelist())
    source = project / "src"
    expected = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    if missing := expected - shipped:
        raise SystemExit(f"{wheel.name} lacks {sorted(missing)}")
    if not any(name.endswith("py.typed") for name in shipped):
        raise SystemExit(f"{wheel.name} has no py.typed")
    return wheel


def main(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    wheels = scratch / "wheels"
    wheels.mkdir(parents=True)
    others = [ROOT / "gateway", *sorted(p.parent for p in ROOT.glob("plugins/*/pyproject.toml"))]
    core = build(ROOT, wheels)
    rest = [build(project, wheels) for project in others]

    venv.create(scratch / "clean", with_pip=True, clear=True)
    programs = scratch / "clean" / ("Scripts" if os.name == "nt" else "bin")
    python, loyalty = programs / "python", programs / "loyalty"
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")

    run(*pip, core)
    absent = f"import importlib.util as u; assert not any(map(u.find_spec, {GATEWAY_STACK!r}))"
    run(python, "-c", f"import loyalty_core; {absent}")
    run(loyalty, "--version")

    run(*pip, *rest)
    packages = ", ".join(wheel.name.split("-")[0] for wheel in rest)
    run(python, "-c", f"import loyalty_core, {packages}")
    run(python, "-m", "pip", "check")
    run(loyalty, "--version")
    print(f"{1 + len(rest)} wheels work", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
