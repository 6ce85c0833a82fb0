"""What commands on people need from storage, beside the unit of work's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from loyalty_core.domain.facts import FactId, Json
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.ports.records import FactRecord


class PeopleWork(Protocol):
    """The part of a unit of work that moves points between members, and forgets people."""

    def given_away(self, member: MemberId, wallet: str, since: datetime) -> int:
        """How many points the member has given to others since a moment, merges left out."""
        ...

    def erased(self, identities: Iterable[Identity]) -> Mapping[Identity, datetime]:
        """When those were erased last to whom these identities belonged, of those who were."""
        ...

    def identities_of(self, members: Sequence[MemberId]) -> list[Identity]:
        """The identities of these members."""
        ...

    def facts_of(self, members: Sequence[MemberId]) -> list[FactRecord]:
        """All facts of these members."""
        ...

    def facts_of_guests(self, identities: Iterable[Identity]) -> list[FactRecord]:
        """The facts of nobody that ever named one of these, waiting or not any more; locked."""
        ...

    def facts_of_guests_from(self, source: str) -> list[FactRecord]:
        """The facts of nobody that a source told of, waiting or not any more; locked."""
        ...

    def identity_digests(self, identities: Collection[Identity]) -> list[str]:
        """What is kept of each identity that is erased: it says nothing of anybody."""
        ...

    def forget(
        self,
        members: Sequence[MemberId],
        identities: Sequence[Identity],
        facts: Sequence[FactId],
        now: datetime,
    ) -> None:
        """Takes everything personal out of the rows of these members that ``save`` does not write.

        Their identities go, and keyed digests of them stay. Receipts keep a digest of their keys,
        events their types, transactions everything but the reason.
        """
        ...

    def merged_into(self, member: MemberId) -> list[MemberId]:
        """The members that were merged into this one."""
        ...

    def answer_for(self, members: Sequence[MemberId], holder: MemberId) -> None:
        """Lets another member answer for these merged ones."""
        ...

    def move_belongings(
        self, source: MemberId, target: MemberId, came_from: Sequence[MemberId] | None
    ) -> None:
        """Gives lots, redemptions and grants to another member, and notes whom they came from.

        All of ``source``, or those that ``came_from`` some members.
        """
        ...


class PeopleReader(Protocol):
    """The part of a reader that hands people what is known of them."""

    def known_only_from(self, source: str, limit: int) -> Sequence[MemberId]:
        """Some members whose customer ids and facts are all from this source; none erased."""
        ...

    def everything(self, member: MemberId) -> Mapping[str, list[Mapping[str, Json]]]:
        """All rows that belong to a member, and to those merged into it, by table."""
        ...
