"""Threads that run one at a time, in an order that a seed decides."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping


class Baton:
    """Who holds it runs; at each stop ``chance`` says who holds it next."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._changed = threading.Condition()
        self._running: list[str] = []
        self._stuck: set[str] = set()
        self._holder = ""
        self._errors: list[BaseException] = []

    def run(self, jobs: Mapping[str, Callable[[], None]]) -> None:
        """Does all jobs, each in a thread of its own; raises the first error of any of them."""
        self._running, self._stuck, self._errors = sorted(jobs), set(), []
        threads = [threading.Thread(target=self._do, args=item) for item in jobs.items()]
        self._holder = self._chance.choice(self._running)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def stop(self, name: str) -> None:
        """Returns when it is this one's turn again."""
        with self._changed:
            self._pass_on()
            self._changed.wait_for(lambda: self._holder == name)
            self._stuck.discard(name)

    def wait_for_others(self, name: str) -> None:
        """From now on others go first, until one of them has let go of something."""
        self._stuck.add(name)

    def let_go(self, name: str) -> None:
        """What this one held is free; one that waits itself holds nothing."""
        if name not in self._stuck:
            self._stuck.clear()

    def _do(self, name: str, job: Callable[[], None]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._holder == name)
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised again by run
            self._errors.append(error)
        with self._changed:
            self._running.remove(name)
            self._stuck.clear()
            self._pass_on()

    def _pass_on(self) -> None:
        free = [name for name in self._running if name not in self._stuck]
        self._holder = self._chance.choice(free or self._running) if self._running else ""
        self._changed.notify_all()
