"""Group commit: facts that several callers record at the same time share a transaction.

There is no thread and no delay. A caller that finds nobody at work leads: it records its fact
together with all that wait by then, hands each caller its receipt, and passes the lead on to the
first of those that came meanwhile. A caller that is alone records alone. Where others were with
the last leader, the next one lets them run before it looks who waits: they come with their next
facts all at once, and the first of them would record alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock, get_ident

from loyalty_core.domain.facts import Fact, key_of
from loyalty_core.domain.receipts import FactReceipt
from loyalty_core.errors import StoreError

MOST_TOGETHER = 100
"""How many facts one leader records: the locks of their members are held until all are booked."""


class _Call:
    """One caller's fact, and what has become of it."""

    __slots__ = ("fact", "key", "leads", "receipt", "turn")

    def __init__(self, fact: Fact) -> None:
        self.fact = fact
        self.key = key_of(fact)
        self.leads = False
        self.receipt: FactReceipt | None = None
        self.turn = Lock()
        self.turn.acquire()  # until it has its receipt, leads, or must record alone


class Group:
    """The callers of one ``Loyalty`` that record single facts."""

    def __init__(self, record: Callable[[Sequence[Fact]], list[FactReceipt]]) -> None:
        self._record = record
        self._lock = Lock()
        self._waiting: deque[_Call] = deque()
        self._led = False
        self._last = 1
        self._leader: int | None = None

    def record(self, fact: Fact) -> FactReceipt:
        """The receipt of the fact, as if it had been recorded alone.

        Raises ``StoreError`` when it could not be booked.
        """
        if self._leader == get_ident():  # recording has called us: it must not wait for itself
            return self._record([fact])[0]
        call = _Call(fact)
        try:
            self._join(call)
            if not call.leads:
                call.turn.acquire()
            if call.leads:
                self._lead(call)
        finally:
            self._leave(call)
        return call.receipt or self._record([fact])[0]

    def _join(self, call: _Call) -> None:
        with self._lock:
            if self._led:
                self._waiting.append(call)
            else:
                self._led = call.leads = True

    def _lead(self, call: _Call) -> None:
        """Records what waits; if that fails as a whole, everybody records alone."""
        together = self._together(call)
        self._leader = get_ident()
        try:
            receipts = self._record([one.fact for one in together])
            for one, receipt in zip(together, receipts, strict=True):
                one.receipt = receipt
        except StoreError:
            if len(together) == 1:
                raise
        finally:
            self._leader = None
            for one in together[1:]:
                one.turn.release()

    def _together(self, call: _Call) -> list[_Call]:
        """The leader's call and those that wait, each document once.

        Facts of one document would share what they changed in their receipts.
        """
        self._let_come()
        together = {call.key: call}
        with self._lock:
            left: deque[_Call] = deque()
            for one in self._waiting:
                if len(together) < MOST_TOGETHER and one.key not in together:
                    together[one.key] = one
                else:
                    left.append(one)
            self._waiting = left
            self._last = len(together)
        return list(together.values())

    def _let_come(self) -> None:
        """Gives way to those who were in the last group, as long as each time somebody comes."""
        before = -1
        while before < len(self._waiting) < self._last - 1:
            before = len(self._waiting)
            time.sleep(0)

    def _leave(self, call: _Call) -> None:
        """Passes the lead on; a caller that was interrupted while it waited waits no more."""
        with self._lock:
            if not call.leads:
                if call in self._waiting:
                    self._waiting.remove(call)
                return
            call.leads = False
            following = self._waiting.popleft() if self._waiting else None
            if following is None:
                self._led = False
                return
            following.leads = True
        following.turn.release()
