"""The catalogue of rewards, and the grants that members own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from loyalty_core.application.granting import Granting
from loyalty_core.application.showcase import Showcase
from loyalty_core.domain.facts import Json
from loyalty_core.domain.grants import BorneCost, CodeImport, GrantReceipt, GrantState
from loyalty_core.domain.statements import Cart, RewardView


class GrantMethods:
    """The catalogue of rewards, and the grants that members own."""

    _granting: Granting
    _showcase: Showcase

    def rewards(self, member_id: str | None = None) -> tuple[RewardView, ...]:
        """What points buy in this program: for a member, at their price, and why not.

        What is for other members only is left out. Raises ``MemberNotFound``.
        """
        return self._showcase.rewards(member_id)

    def grants(
        self,
        member_id: str,
        *,
        state: GrantState | str | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> tuple[GrantReceipt, ...]:
        """Up to ``first`` grants of a member, latest first, after the id ``after``.

        ``state`` is that of now: a grant whose last day has passed is expired, ticked or not.

        Raises ``MemberNotFound``, ``GrantNotFound`` for a cursor not ours, ``FactError``.
        """
        return self._showcase.grants(member_id, state, first, after)

    def grant(self, grant_id: str | None = None, *, code: str | None = None) -> GrantReceipt:
        """One grant as it stands now, by its id or its code; raises ``GrantNotFound``."""
        return self._showcase.grant(grant_id, code)

    def give_grant(
        self, member_id: str, *, reward: str, reason: str = "", actor: str = "", key: str
    ) -> GrantReceipt:
        """One of a reward of the catalogue for the member, without points.

        Stock and limits are for what points buy, and do not count here.

        Raises ``MemberNotFound``, ``MemberInactive``, ``RewardUnknown``, ``GrantRefused`` if its
        pool has no code left, ``IdempotencyConflict``.
        """
        return self._granting.give(member_id, reward, reason, actor, key)

    def use_grant(
        self,
        grant_id: str | None = None,
        *,
        code: str | None = None,
        cart: Cart | Mapping[str, Json] | None = None,
        source: str = "",
        order_id: str | None = None,
        actor: str = "",
        key: str,
    ) -> GrantReceipt:
        """A grant used up, by its id or its code, once: a second use is refused.

        ``cart`` is what it is used on: needed for a percentage or where an order must come to
        something. ``source`` and ``order_id`` name the order. ``saved`` of the receipt is what it
        took off.

        Raises ``GrantNotFound``, ``GrantRefused`` with its state, ``MemberInactive``,
        ``FactError``, ``IdempotencyConflict``.
        """
        return self._granting.use(grant_id, code, cart, (source, order_id), actor, key)

    def approve_grant(self, grant_id: str, *, actor: str = "", key: str) -> GrantReceipt:
        """A requested grant, approved: it is issued, or waits to be handed over.

        Raises ``GrantNotFound``, ``GrantRefused``, ``IdempotencyConflict``.
        """
        return self._granting.approve(grant_id, actor, key)

    def reject_grant(
        self, grant_id: str, *, reason: str = "", actor: str = "", key: str
    ) -> GrantReceipt:
        """A requested grant that is not approved: it is revoked, and its points are given back.

        Raises ``GrantNotFound``, ``GrantRefused``, ``IdempotencyConflict``.
        """
        return self._granting.reject(grant_id, reason, actor, key)

    def fulfil_grant(
        self, grant_id: str, *, code: str | None = None, actor: str = "", key: str
    ) -> GrantReceipt:
        """A grant that was handed over. With a code it can be used from now on; else it is used.

        ``code`` is one made elsewhere; left out, one is drawn or taken as the reward says.

        Raises ``GrantNotFound``, ``GrantRefused``, ``IdempotencyConflict``.
        """
        return self._granting.fulfil(grant_id, code, actor, key)

    def revoke_grant(
        self,
        grant_id: str,
        *,
        points_back: bool = True,
        reason: str = "",
        actor: str = "",
        key: str,
    ) -> GrantReceipt:
        """A grant that was not used, taken back for good.

        The points that bought it are given back to the lots they came from, and what was limited
        is there for somebody else; not so without ``points_back``.

        Raises ``GrantNotFound``, ``GrantRefused``, ``IdempotencyConflict``.
        """
        return self._granting.revoke(grant_id, reason, actor, points_back, key)

    def import_codes(self, pool: str, codes: Iterable[str]) -> CodeImport:
        """Codes added to a pool that a reward takes from; those known already are left alone.

        Raises ``FactError`` for a pool that no reward names, or a code that cannot be.
        """
        return self._granting.import_codes(pool, codes)

    def costs(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[BorneCost, ...]:
        """What grants used from ``since`` on and before ``until`` cost, by who bears it.

        Raises ``FactError`` for a moment without a time zone.
        """
        return self._showcase.costs(since, until)
