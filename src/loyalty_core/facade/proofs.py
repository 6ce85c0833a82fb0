"""Sealing the books, and proving what was in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loyalty_core.application.seal import Sealing
from loyalty_core.domain.facts import Json
from loyalty_core.domain.receipts import SealReport
from loyalty_core.domain.seal import Block


class ProofMethods:
    """Sealing the books, and proving what was in them."""

    _sealing: Sealing

    def seal(
        self, *, late: bool = False, progress: Callable[[int], None] | None = None
    ) -> SealReport:
        """How many booked transactions were chained by hash now; the last step of ``tick``.

        Chunked, resumable, and safe from many processes at once; no command waits for it. A
        transaction that committed more than a day after its id was made is found with ``late``,
        which looks at all of them.
        """
        return self._sealing.seal(late, progress)

    def head(self) -> Block | None:
        """The latest block of the seal, None before the first.

        Its ``head`` stands for everything sealed so far. Publish it where you cannot change it
        afterwards: ``verify(head=...)`` and ``check_proof`` hold the books to it.
        """
        return self._sealing.head()

    def proof(self, transaction_id: str) -> Mapping[str, Json]:
        """A JSON document that proves the transaction is in the sealed books.

        It holds the transaction and its entries but for the free text ``reason``, the way from
        them to their block's root, and the blocks up to the latest head. ``check_proof`` checks it
        without any database.

        Raises ``TransactionNotFound``, ``NotSealed``, and ``SealBroken`` if the rows are not what
        was sealed.
        """
        return self._sealing.proof(transaction_id)
