"""What people may ask for: everything that is known of them, and to be forgotten."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty_core.application.erase import Erasing
from loyalty_core.application.export import Exporting
from loyalty_core.application.merge import Merging
from loyalty_core.domain.facts import Json
from loyalty_core.domain.receipts import (
    ErasureReceipt,
    GuestErasureReceipt,
    MergeReceipt,
    UnmergeReceipt,
)
from loyalty_core.errors import IdentityInvalid


class PeopleMethods:
    """What people may ask for: everything that is known of them, and to be forgotten."""

    _erasing: Erasing
    _exporting: Exporting
    _merging: Merging

    def merge(
        self, into: str, other: str, *, reason: str = "", actor: str = "", key: str
    ) -> MergeReceipt:
        """Two members made one: ``into`` stays, and answers for ``other`` from now on.

        Points, debt and identities come along; points keep their lots and dates. What has been
        awarded stays as it is, and what comes is decided on both histories together. The profile
        of the one who stays is kept. Merging again changes nothing.

        Raises ``MemberNotFound``, ``MemberErased``, ``MergeRefused``, ``PluginFailed``,
        ``IdempotencyConflict``.
        """
        return self._merging.merge(into, other, reason, actor, key)

    def unmerge(
        self, member_id: str, *, reason: str = "", actor: str = "", key: str
    ) -> UnmergeReceipt:
        """A merge taken back: the merged ``member_id`` is there again, as another member.

        Its identities go back, and what is left of the points and the debt that came. What was
        spent stays spent. Later facts of the other member are decided again without it.

        Raises ``MemberNotFound``, ``MergeRefused`` after ``unmerge_days``,
        ``IdempotencyConflict``.
        """
        return self._merging.unmerge(member_id, reason, actor, key)

    def export(self, member_id: str) -> dict[str, Json]:
        """Everything that is kept of a member, as JSON (GDPR articles 15 and 20).

        ``data`` holds their rows by table; points in it are in the wallet's smallest unit.

        Raises ``MemberNotFound``, ``MemberErased``.
        """
        return self._exporting.export(member_id)

    def erase(self, member_id: str, *, reason: str, actor: str, key: str) -> ErasureReceipt:
        """A person forgotten (GDPR article 17): nothing personal is left in any table.

        The books keep their totals; what is left of the balance ends. Facts from before the
        erasure that come later are answered ``erased`` and not kept; what happens after it is a
        new person's. A second erasure answers with the first receipt. Subscribers to
        ``member_erased`` are told to forget the person too.

        Raises ``MemberNotFound``, ``FactError``, ``IdempotencyConflict``.
        """
        return self._erasing.erase(member_id, reason, actor, key)

    def erase_guest(
        self,
        identities: Mapping[str, str],
        *,
        source: str = "",
        reason: str,
        actor: str,
        key: str,
    ) -> GuestErasureReceipt:
        """Somebody forgotten who never became a member: their facts that wait, or waited.

        Amounts and moments of these facts stay. Those from before the erasure that come later
        are answered ``erased`` and not kept. ``source`` is whose the customer ids are.

        Raises ``IdentityInvalid``, ``IdentityConflict`` where a member has one of the identities,
        ``FactError``, ``IdempotencyConflict``.
        """
        if not any(identities.values()):
            raise IdentityInvalid("nobody is named", where="identities")
        return self._erasing.erase_guest(identities, source, reason, actor, key)
