"""Recording facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from loyalty_core.application.activities import ActivityKind
from loyalty_core.application.record import Recorder
from loyalty_core.application.rules import Rules
from loyalty_core.domain.facts import Fact, Json
from loyalty_core.domain.receipts import FactReceipt, RecordSummary


class FactMethods:
    """Recording facts."""

    _recorder: Recorder
    _rules: Rules

    @property
    def activities(self) -> tuple[ActivityKind[object], ...]:
        """The kinds of activity that the plugins which are on declare, in their order."""
        return tuple(self._rules.activities.values())

    def record(self, fact: Fact | Mapping[str, Json]) -> FactReceipt:
        """What became of one fact: a domain object or its documented JSON form.

        Recording the same fact again changes nothing and answers ``duplicate``. Threads that
        record at the same time share transactions, which makes them several times faster.

        Raises ``FactError`` (and its kinds) or ``IdempotencyConflict`` if it cannot be taken in.
        """
        receipt = self._recorder.record_one(fact)
        if receipt.error is not None:
            raise receipt.error
        return receipt

    def record_many(
        self,
        facts: Iterable[Fact | Mapping[str, Json]],
        *,
        on_receipt: Callable[[int, FactReceipt], None] | None = None,
        progress: Callable[[int], None] | None = None,
        chunk: int = 1000,
    ) -> RecordSummary:
        """How many facts ended how; those that could not be taken in are listed with the reason.

        One transaction for each ``chunk`` of facts; memory does not grow with their number.
        ``on_receipt(index, receipt)`` is called for each fact after its transaction committed,
        ``progress(done)`` after each transaction. Facts of one document in one transaction are
        booked together: the change stands in the receipt of each of them.
        """
        return self._recorder.record_many(facts, on_receipt, progress, chunk)
