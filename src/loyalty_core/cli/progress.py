"""Progress on standard error for work that takes more than two seconds; never with ``--json``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from loyalty_core.cli.output import stderr_console

PATIENCE_SECONDS = 2
PLAIN_EVERY_SECONDS = 5


class _Rate(ProgressColumn):
    """How many are done in a second."""

    def render(self, task: Task) -> Text:
        """The rate so far."""
        return Text(f"{int(task.fields['rate']):>7,}/s")


class Meter:
    """A bar with count, rate and time left on a terminal; a line now and then elsewhere.

    ``total`` and the ``position`` given to ``update`` measure the way (bytes or rows, None if
    the end is not known); ``done`` counts what is shown.
    """

    def __init__(self, label: str, unit: str, total: int | None, *, quiet: bool) -> None:
        self._label, self._unit, self._total, self._quiet = label, unit, total, quiet
        self._started = self._spoken = time.monotonic()
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        """Starts the clock; nothing is shown yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leaves the last state on the screen."""
        if self._bar:
            self._bar.stop()

    def update(self, done: int, position: int | None = None, *, total: int | None = None) -> None:
        """Shows that ``done`` are done, and the way is gone up to ``position``.

        ``total`` is said where the end is known only now.
        """
        self._total = total or self._total
        now = time.monotonic()
        elapsed = now - self._started
        if self._quiet or elapsed < PATIENCE_SECONDS:
            return
        rate = int(done / elapsed)
        if sys.stderr.isatty():
            self._show(done, done if position is None else position, rate)
        elif now - self._spoken >= PLAIN_EVERY_SECONDS:
            self._spoken = now
            self._say(done, done if position is None else position, rate, int(elapsed))

    def _show(self, done: int, position: int, rate: int) -> None:
        if self._bar is None:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[done]:,} {task.fields[unit]}"),
                _Rate(),
                TimeRemainingColumn(),
                console=stderr_console(),
            )
            self._bar.start()
            self._bar.add_task(self._label, total=self._total, done=0, unit=self._unit, rate=0)
        task = self._bar.task_ids[0]
        self._bar.update(task, total=self._total, completed=position, done=done, rate=rate)

    def _say(self, done: int, position: int, rate: int, elapsed: int) -> None:
        left = ""
        if self._total and position:
            seconds = elapsed * max(self._total - position, 0) // position
            left = f", {100 * position // self._total} %, about {seconds} s left"
        sys.stderr.write(f"{self._label}: {done:,} {self._unit}, {rate:,}/s{left}\n")
        sys.stderr.flush()


@contextmanager
def meter(label: str, unit: str, total: int | None, *, quiet: bool) -> Iterator[Meter]:
    """A meter for the block."""
    with Meter(label, unit, total, quiet=quiet) as made:
        yield made
