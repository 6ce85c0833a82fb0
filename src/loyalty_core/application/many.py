"""Recording many facts: cutting the stream into batches, and summing up what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from loyalty_core.domain.receipts import FactReceipt, RecordStatus, RecordSummary, Rejection


def batched(facts: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The facts in lists of ``size``, the last one shorter."""
    stream = iter(facts)
    while batch := list(islice(stream, size)):
        yield batch


MOST_REJECTIONS = 1000
"""How many rejected facts a summary keeps; ``on_receipt`` is told of every one."""


class Summary:
    """A running count of receipts; of the facts, only the first rejected ones are kept."""

    def __init__(self) -> None:
        self.done = 0
        self._counts: Counter[RecordStatus] = Counter()
        self._enrolled = 0
        self._rejected: list[Rejection] = []

    def add(
        self,
        facts: Sequence[Any],
        receipts: Sequence[FactReceipt],
        on_receipt: Callable[[int, FactReceipt], None] | None,
    ) -> None:
        """Counts one batch, and tells its receipts to ``on_receipt`` with their places."""
        for fact, receipt in zip(facts, receipts, strict=True):
            self._counts[receipt.status] += 1
            self._enrolled += receipt.enrolled
            if receipt.error is not None and len(self._rejected) < MOST_REJECTIONS:
                self._rejected.append(Rejection(self.done, fact, receipt.error))
            if on_receipt is not None:
                on_receipt(self.done, receipt)
            self.done += 1

    def result(self) -> RecordSummary:
        """What became of all facts so far."""
        return RecordSummary(
            counts=dict(self._counts), enrolled=self._enrolled, rejected=tuple(self._rejected)
        )
