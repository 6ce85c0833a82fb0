"""Importing a module does nothing: no socket, database, thread, process or file written."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import module_name, modules

# Runs in a fresh interpreter. Python's audit events see what happens whoever asks for it.
WATCHED_IMPORT = """
import importlib, os, sys

FORBIDDEN = {
    "socket.__new__", "socket.connect", "socket.bind", "sqlite3.connect", "subprocess.Popen",
    "os.system", "os.fork",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
    if watching and (event in FORBIDDEN or writes):
        sys.stderr.write(f"importing {watching[-1]}: {event} {arguments!r}\\n")
        sys.stderr.flush()
        os._exit(3)

def no_engine(*arguments, **options):
    raise AssertionError(f"importing {watching[-1]} creates a database engine")

def no_thread(thread):
    raise AssertionError(f"importing {watching[-1]} starts the thread {thread.name}")

import sqlalchemy, threading
threading.Thread.start = no_thread
sqlalchemy.create_engine = sqlalchemy.engine.create_engine = no_engine

watching = []
sys.addaudithook(watch)
for name in sys.argv[1:]:
    watching.append(name)
    importlib.import_module(name)
"""


def import_watched(names: list[str], *folders: Path) -> subprocess.CompletedProcess[str]:
    """Imports the modules one after the other; fails at the first that does something."""
    program = f"import sys\nsys.path[:0] = {[str(f) for f in folders]!r}\n{WATCHED_IMPORT}"
    return subprocess.run(
        [sys.executable, "-B", "-W", "ignore", "-c", program, *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_imports_do_nothing() -> None:
    # `python -m package` runs __main__: that is no import.
    names = [module_name(path) for path in modules() if path.name != "__main__.py"]
    assert names
    result = import_watched(names)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "side_effect",
    [
        "import socket; socket.socket()",
        "import sqlite3; sqlite3.connect(':memory:')",
        "from sqlalchemy import create_engine; create_engine('sqlite://')",
        "import threading; threading.Thread(target=print).start()",
        "import subprocess; subprocess.run(['true'])",
        "import os, pathlib; pathlib.Path(os.devnull).write_text('x')",
        "open(__file__, 'a')",
    ],
)
def test_each_side_effect_is_noticed(tmp_path: Path, side_effect: str) -> None:
    (tmp_path / "planted.py").write_text(f"{side_effect}\n")
    result = import_watched(["planted"], tmp_path)
    assert result.returncode != 0
    assert "importing planted" in result.stderr


def test_reading_a_file_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text("text = open(__file__).read()\n")
    result = import_watched(["planted"], tmp_path)
    assert result.returncode == 0, result.stderr
