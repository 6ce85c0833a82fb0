"""What resolvers have at hand: the SDK through threads, loaders for lists, and who is asking."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias, TypeVar

from anyio import CapacityLimiter, sleep, to_thread
from anyio.lowlevel import RunVar
from graphql import DocumentNode
from strawberry.dataloader import DataLoader

from loyalty_core import (
    HouseholdStatement,
    Loyalty,
    LoyaltyError,
    Member,
    MemberNotFound,
    Statement,
    WalletUnknown,
    format_scaled,
    parse_scaled,
)
from loyalty_gateway.auth import MemberClaim
from loyalty_gateway.errors import RequestRefused
from loyalty_gateway.scalars import Points

R = TypeVar("R")
FailureOf: TypeAlias = "Callable[[LoyaltyError, GatewayContext], object | None]"
"""What a plugin answers for an error that stopped a command, if it has a failure of its own."""

WATCH_SECONDS = 1
"""How often a subscription asks whether what it watches has changed."""


class Threads:
    """Runs blocking calls in worker threads, at most ``size`` at once per event loop."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._limiter: RunVar[CapacityLimiter] = RunVar("loyalty_gateway")

    async def run(self, work: Callable[[], R]) -> R:
        """What ``work`` returns; waits for a free thread."""
        try:
            limiter = self._limiter.get()
        except LookupError:
            limiter = CapacityLimiter(self._size)
            self._limiter.set(limiter)
        return await to_thread.run_sync(work, limiter=limiter)


class GatewayContext:
    """One request's context, and a plugin's way to the SDK: ``info.context`` of every resolver.

    Resolvers call the SDK through ``in_thread`` or the loaders, never directly: it blocks.
    """

    def __init__(
        self,
        loyalty: Loyalty,
        threads: Threads,
        *,
        most_calls: int,
        most_facts: int = 100,
        claim: MemberClaim | None = None,
        operator: bool = False,
        document: DocumentNode | None = None,
        failures: Mapping[str, Sequence[FailureOf]] | None = None,
    ) -> None:
        self.loyalty = loyalty
        self.claim = claim
        self.operator = operator
        self.document = document
        self.most_facts = most_facts
        self.failures = failures or {}
        self._most_calls = most_calls
        self._threads = threads
        self.renew()

    def renew(self) -> None:
        """Forgets everything loaded, and the calls made: what follows is another answer."""
        self.calls = 0
        self._members: DataLoader[str, Member | None] = DataLoader(self._load_members)
        self._statements: DataLoader[str, Statement | None] = DataLoader(self._load_statements)
        self._households: DataLoader[str, HouseholdStatement | None] = DataLoader(
            self._load_households
        )

    async def in_thread(self, function: Callable[..., R], *args: object, **named: object) -> R:
        """What ``function`` returns, called in a worker thread.

        Raises ``RequestRefused`` (TOO_COMPLEX) once the request has made more calls than allowed.
        """
        self.calls += 1
        if self.calls > self._most_calls:
            message = f"The query needs more than {self._most_calls} calls; ask for less at once"
            raise RequestRefused(message, code="TOO_COMPLEX")
        return await self._threads.run(functools.partial(function, *args, **named))

    async def watch(
        self, function: Callable[..., R], *args: object, **named: object
    ) -> AsyncIterator[R]:
        """What ``function`` returns now, and again each time that it returns anything else.

        It is asked every second in a worker thread, as by ``in_thread``; between what it yields
        nothing is remembered. For subscriptions: every process over the database sees the same.
        """
        known: list[R] = []
        while True:
            self.renew()
            found = await self.in_thread(function, *args, **named)
            if [found] != known:
                known = [found]
                yield found
            await sleep(WATCH_SECONDS)

    async def me(self) -> str:
        """The id of the member who is signed in.

        Raises ``RequestRefused`` (UNAUTHENTICATED) for a stranger, ``MemberNotFound`` if the
        token names nobody in this program.
        """
        if self.claim is None:
            raise RequestRefused("Sign in first", code="UNAUTHENTICATED")
        if self.claim.member_id:
            return self.claim.member_id
        member = await self.in_thread(
            self.loyalty.find, self.claim.identities, source=self.claim.source
        )
        if member is None:
            raise MemberNotFound("the token names nobody in this program")
        self._members.prime(member.id, member)
        return member.id

    async def load_member(self, member_id: str) -> Member | None:
        """The member with this id, or None; members of one list are loaded together."""
        return await self._members.load(member_id)

    async def load_statement(self, member_id: str) -> Statement:
        """The member's statement; those of one list are loaded together.

        Raises ``MemberNotFound``.
        """
        statement = await self._statements.load(member_id)
        if statement is None:
            raise MemberNotFound("nobody in this program has this id")
        return statement

    async def load_household(self, household_id: str) -> HouseholdStatement | None:
        """The household with this id, or None; those of one request are loaded together."""
        return await self._households.load(household_id)

    def forget(self, member_id: str) -> None:
        """Drops what was loaded of a member or household: a command has changed it."""
        for loader in (self._members, self._statements, self._households):
            with suppress(KeyError):  # Strawberry's loader knows no "if present"
                loader.clear(member_id)

    def points(self, wallet: str, amount: int) -> Points:
        """``amount`` smallest units of a wallet as clients see it; raises ``WalletUnknown``."""
        return Points(format_scaled(amount, self._scale(wallet)))

    def smallest_units(self, wallet: str, points: Points) -> int:
        """Points as a client wrote them, in the wallet's smallest unit.

        Raises ``WalletUnknown``, and ``AmountInvalid`` for more digits than the wallet has.
        """
        return parse_scaled(points, self._scale(wallet))

    def _scale(self, wallet: str) -> int:
        scale = self.loyalty.config.scale(wallet)
        if scale is None:
            raise WalletUnknown(f"the program has no wallet {wallet[:60]!r}", wallet=wallet)
        return scale

    async def _load_members(self, ids: Sequence[str]) -> list[Member | None]:
        found = await self.in_thread(self.loyalty.members, list(ids))
        return [found.get(member_id) for member_id in ids]

    async def _load_statements(self, ids: Sequence[str]) -> list[Statement | None]:
        found = await self.in_thread(self.loyalty.statements, list(ids))
        return [found.get(member_id) for member_id in ids]

    async def _load_households(self, ids: Sequence[str]) -> list[HouseholdStatement | None]:
        found = await self.in_thread(self.loyalty.households, list(ids))
        return [found.get(household_id) for household_id in ids]
