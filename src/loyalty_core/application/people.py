"""Locking several members at once, by whatever ids they are known."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_core.application.enrol import is_id
from loyalty_core.domain.members import MemberId
from loyalty_core.errors import MemberNotFound
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.store import UnitOfWork


def locked_members(uow: UnitOfWork, member_ids: Sequence[str]) -> list[MemberRecord]:
    """The members in the order asked for, locked in that of their ids; ``MemberNotFound``."""
    ids = [MemberId(one) for one in member_ids if is_id(one)]
    found = uow.lock_members(ids)
    for asked in member_ids:
        if asked not in found:
            raise MemberNotFound(f"there is no member {asked!r}", member_id=asked)
    return [found[MemberId(asked)] for asked in member_ids]
