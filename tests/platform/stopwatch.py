"""A stopwatch for calls into plugins, which shows what a test says that a call took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loyalty_core import Loyalty
from loyalty_core.application.quarantine import Quarantine


def quarantine_of(loyalty: Loyalty) -> Quarantine:
    """What keeps the time of a program's plugins, for a test to set its limits or its clocks."""
    return loyalty._parts.rules.quarantine


@dataclass
class Stopwatch:
    """Two clocks that stand still: that of a thread's processor time, and that on the wall."""

    processor: int = 0
    wall: int = 0

    def works(self, ms: int) -> None:
        """The processor is kept busy for so long."""
        self.processor += ms * 10**6
        self.wall += ms * 10**6

    def waits(self, ms: int) -> None:
        """So much time goes by, and others use the processor."""
        self.wall += ms * 10**6

    def of(self, loyalty: Loyalty) -> Loyalty:
        """The program, whose calls into plugins are timed by this."""
        quarantine = quarantine_of(loyalty)
        quarantine.processor_ns = lambda: self.processor
        quarantine.clock_ns = lambda: self.wall
        return loyalty

    def slow(self, answer: Any, ms: int = 2000) -> Callable[[], Any]:
        """An answer that keeps the processor busy first."""

        def say() -> Any:
            self.works(ms)
            return answer

        return say
