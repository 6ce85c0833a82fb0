"""What grants and codes need from storage, beside the unit of work's and the reader's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from loyalty_core.domain.grants import BorneCost, GrantRecord


class CodeSource(Protocol):
    """Draws codes that nobody can guess."""

    def __call__(self, alphabet: str, length: int) -> str:
        """``length`` letters of the alphabet, each drawn independently and evenly."""
        ...


class OwnedAt(NamedTuple):
    """What a member owned at a moment: live grants, and what those used by then had saved.

    ``saved`` is in minor units by currency.
    """

    grants: list[GrantRecord]
    saved: Mapping[str, int]


class GrantWork(Protocol):
    """The part of a unit of work that keeps grants and their codes."""

    def grant(self, *, id: str | None = None, code: str | None = None) -> GrantRecord | None:
        """The grant with this id or this code; current if its member is locked."""
        ...

    def grants(self, ids: Iterable[str]) -> dict[str, GrantRecord]:
        """The grants with these ids; current if their members are locked."""
        ...

    def grants_bought(self, redemptions: Iterable[str]) -> dict[str, GrantRecord]:
        """The grants that these redemptions bought, by redemption."""
        ...

    def unused_grants(self, member: str, rewards: Iterable[str]) -> list[GrantRecord]:
        """A member's bought grants of some rewards that were not used or revoked, latest first."""
        ...

    def due_grants(self, now: datetime, limit: int) -> list[GrantRecord]:
        """Grants whose last day has passed, and nobody was told."""
        ...

    def bought(
        self, member: str, since: Mapping[str, datetime | None], now: datetime
    ) -> Mapping[str, int]:
        """How often the member has bought rewards, each since a moment (ever); held ones count."""
        ...

    def add_code(self, code: str, grant_id: str) -> bool:
        """Whether a drawn code is new in the program, and is this grant's now."""
        ...

    def take_code(self, pool: str, grant_id: str) -> str | None:
        """A free code of a pool, which is this grant's now and nobody else's; None if none is."""
        ...

    def import_codes(self, pool: str, codes: Sequence[str]) -> int:
        """How many of the codes were new in the program, and are free in the pool now."""
        ...

    def mend_stock(self) -> list[tuple[str, int, int]]:
        """Counts what is claimed of limited items again: those that were wrong, both counts."""
        ...


class GrantReader(Protocol):
    """The part of a reader that answers about rewards and grants."""

    def grant(self, *, id: str | None = None, code: str | None = None) -> GrantRecord | None:
        """The grant with this id or this code."""
        ...

    def grants_bought(self, redemptions: Iterable[str]) -> dict[str, GrantRecord]:
        """The grants that these redemptions bought, by redemption."""
        ...

    def grants_of(self, member: str, before: str | None, limit: int) -> list[GrantRecord]:
        """A member's grants before the one with this id, latest first."""
        ...

    def claimed(self) -> Mapping[str, int]:
        """How many were claimed of each limited item."""
        ...

    def bought(
        self, member: str, since: Mapping[str, datetime | None], now: datetime
    ) -> Mapping[str, int]:
        """How often the member has bought rewards, each since a moment (ever); held ones count."""
        ...

    def free_codes(self) -> Mapping[str, int]:
        """How many codes are free in each pool that has any."""
        ...

    def costs(self, since: datetime | None, until: datetime | None) -> list[BorneCost]:
        """What grants used in a span of time cost, by bearer and reward."""
        ...
