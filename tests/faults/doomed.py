"""Processes that are killed with what they do half done; they begin with everything imported."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from io import TextIOWrapper
from multiprocessing.connection import Connection
from typing import Any

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_context: Any = multiprocessing.get_context(METHOD)
_context.set_forkserver_preload(
    [
        "tests.faults.recording",
        "tests.faults.shelving",
        "tests.faults.stalling",
        "tests.faults.worker",
        "psycopg",
    ]
)


class Doomed:
    """A process that does ``work``, which says lines on its standard output and does not end."""

    def __init__(self, work: Callable[..., None], *given: object) -> None:
        reader, writer = _context.Pipe(duplex=False)
        self._process = _context.Process(target=_saying, args=(writer, work, given), daemon=True)
        self._process.start()
        writer.close()
        with reader:
            self._lines: TextIOWrapper = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")

    def killed(self, after: int, *, pause: float = 0) -> list[str]:
        """What it said: it is killed in the midst of what follows line ``after`` and a pause."""
        lines = [self._lines.readline() for _ in range(after)]
        time.sleep(pause)
        self._process.kill()
        with self._lines:
            lines += self._lines.readlines()
        self._process.join()
        assert self._process.exitcode != 0  # it did not end by itself
        self._process.close()
        said = [line.rstrip("\n") for line in lines if line.endswith("\n")]  # not half a line
        assert len(said) >= after
        return said


def _saying(writer: Connection, work: Callable[..., None], given: tuple[object, ...]) -> None:
    sys.stdout.flush()
    os.dup2(writer.fileno(), 1)
    writer.close()
    work(*given)
