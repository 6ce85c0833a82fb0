"""``AsyncLoyalty``: the same facade, awaited. One thin proxy that runs it in worker threads."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from types import TracebackType
from typing import Concatenate, ParamSpec, Protocol, Self, TypeVar

from sqlalchemy import Connection, Engine

from loyalty_core.domain.clock import Clock, utc_now
from loyalty_core.domain.decisions import Trace
from loyalty_core.loyalty import Config, Loyalty

P = ParamSpec("P")
R = TypeVar("R")


def _awaited(
    method: Callable[Concatenate[Loyalty, P], R],
) -> Callable[Concatenate[AsyncLoyalty, P], Awaitable[R]]:
    def call(self: AsyncLoyalty, /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[R]:
        return self.in_thread(functools.partial(method, self.loyalty, *args, **kwargs))

    functools.update_wrapper(call, method)
    return call


class AwaitedConnection(Protocol):
    """What ``AsyncLoyalty.using`` needs of SQLAlchemy's ``AsyncConnection``."""

    async def run_sync(self, work: Callable[[Connection], R], /) -> R:
        """What ``work`` returns, done on the connection beneath."""
        ...


class AsyncLoyalty:
    """A ``Loyalty`` whose every method is awaited; each call runs in one of ``threads`` threads.

    SQLAlchemy's async drivers cost more than they give here, so the core stays synchronous.
    """

    def __init__(self, loyalty: Loyalty, *, threads: int = 8) -> None:
        self.loyalty = loyalty
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="loyalty")

    @classmethod
    async def open(
        cls,
        config: Config,
        database: str | Engine | None = None,
        *,
        plugins: Iterable[object] = (),
        clock: Clock = utc_now,
        trace: Trace | None = None,
        threads: int = 8,
    ) -> Self:
        """As ``Loyalty.open``, awaited."""
        opening = functools.partial(
            Loyalty.open, config, database, plugins=plugins, clock=clock, trace=trace
        )
        return cls(await asyncio.to_thread(opening), threads=threads)

    async def __aenter__(self) -> Self:
        """Itself; ``close`` is awaited at the end of the block."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes threads and connections."""
        await self.close()

    async def in_thread(self, work: Callable[[], R]) -> R:
        """What ``work`` returns, run in one of the worker threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @asynccontextmanager
    async def using(self, connection: AwaitedConnection) -> AsyncIterator[AsyncLoyalty]:
        """The same program inside the host's transaction on an ``AsyncConnection``.

        As ``Loyalty.using``, awaited: everything is in savepoints on the host's own connection and
        in its own task, no thread takes part. One call at a time, as on any connection.

        Raises ``HostConnectionUnsafe`` for a SQLite connection whose savepoints would not hold.
        """
        with ExitStack() as stack:
            joined = await connection.run_sync(
                lambda beneath: stack.enter_context(self.loyalty.using(beneath))
            )
            yield _Hosted(joined, connection)

    async def close(self) -> None:
        """Waits for running calls, then closes threads and connections."""
        await self.in_thread(self.loyalty.close)
        self._threads.shutdown()

    enrol = _awaited(Loyalty.enrol)
    find = _awaited(Loyalty.find)
    member = _awaited(Loyalty.member)
    members = _awaited(Loyalty.members)
    update_member = _awaited(Loyalty.update_member)
    record = _awaited(Loyalty.record)
    record_many = _awaited(Loyalty.record_many)
    claim = _awaited(Loyalty.claim)
    quote = _awaited(Loyalty.quote)
    statement = _awaited(Loyalty.statement)
    statements = _awaited(Loyalty.statements)
    history = _awaited(Loyalty.history)
    explain = _awaited(Loyalty.explain)
    rewards = _awaited(Loyalty.rewards)
    tiers = _awaited(Loyalty.tiers)
    report = _awaited(Loyalty.report)
    rows = _awaited(Loyalty.rows)
    redeem = _awaited(Loyalty.redeem)
    hold = _awaited(Loyalty.hold)
    capture = _awaited(Loyalty.capture)
    release = _awaited(Loyalty.release)
    redemption = _awaited(Loyalty.redemption)
    redemptions = _awaited(Loyalty.redemptions)
    grants = _awaited(Loyalty.grants)
    grant = _awaited(Loyalty.grant)
    give_grant = _awaited(Loyalty.give_grant)
    use_grant = _awaited(Loyalty.use_grant)
    approve_grant = _awaited(Loyalty.approve_grant)
    reject_grant = _awaited(Loyalty.reject_grant)
    fulfil_grant = _awaited(Loyalty.fulfil_grant)
    revoke_grant = _awaited(Loyalty.revoke_grant)
    import_codes = _awaited(Loyalty.import_codes)
    costs = _awaited(Loyalty.costs)
    link = _awaited(Loyalty.link)
    unlink = _awaited(Loyalty.unlink)
    links = _awaited(Loyalty.links)
    settlements = _awaited(Loyalty.settlements)
    settle = _awaited(Loyalty.settle)
    adjust = _awaited(Loyalty.adjust)
    adjust_many = _awaited(Loyalty.adjust_many)
    reinstate = _awaited(Loyalty.reinstate)
    transfer = _awaited(Loyalty.transfer)
    create_household = _awaited(Loyalty.create_household)
    invite_to_household = _awaited(Loyalty.invite_to_household)
    join_household = _awaited(Loyalty.join_household)
    decline_household = _awaited(Loyalty.decline_household)
    leave_household = _awaited(Loyalty.leave_household)
    remove_from_household = _awaited(Loyalty.remove_from_household)
    change_household_share = _awaited(Loyalty.change_household_share)
    change_household_head = _awaited(Loyalty.change_household_head)
    household = _awaited(Loyalty.household)
    households = _awaited(Loyalty.households)
    household_invitations = _awaited(Loyalty.household_invitations)
    export = _awaited(Loyalty.export)
    erase = _awaited(Loyalty.erase)
    segments = _awaited(Loyalty.segments)
    segment_members = _awaited(Loyalty.segment_members)
    recount_segments = _awaited(Loyalty.recount_segments)
    merge = _awaited(Loyalty.merge)
    unmerge = _awaited(Loyalty.unmerge)
    receive = _awaited(Loyalty.receive)
    work_inbox = _awaited(Loyalty.work_inbox)
    signed_in = _awaited(Loyalty.signed_in)
    translate = _awaited(Loyalty.translate)
    check_webhook = _awaited(Loyalty.check_webhook)
    backfill = _awaited(Loyalty.backfill)
    reconcile = _awaited(Loyalty.reconcile)
    work_actions = _awaited(Loyalty.work_actions)
    connector_status = _awaited(Loyalty.connector_status)
    connector_health = _awaited(Loyalty.connector_health)
    connector_inbox = _awaited(Loyalty.connector_inbox)
    connector_log = _awaited(Loyalty.connector_log)
    replay = _awaited(Loyalty.replay)
    skip = _awaited(Loyalty.skip)
    enable_connector = _awaited(Loyalty.enable_connector)
    tick = _awaited(Loyalty.tick)
    verify = _awaited(Loyalty.verify)
    status = _awaited(Loyalty.status)
    plugin_status = _awaited(Loyalty.plugin_status)
    lift = _awaited(Loyalty.lift)
    backtest = _awaited(Loyalty.backtest)
    versions = _awaited(Loyalty.versions)
    withdraw_scheduled = _awaited(Loyalty.withdraw_scheduled)
    balance = _awaited(Loyalty.balance)
    seal = _awaited(Loyalty.seal)
    head = _awaited(Loyalty.head)
    proof = _awaited(Loyalty.proof)
    rebuild = _awaited(Loyalty.rebuild)


class _Hosted(AsyncLoyalty):
    """A ``Loyalty`` inside a host's transaction, run where the host's connection runs."""

    def __init__(self, loyalty: Loyalty, connection: AwaitedConnection) -> None:
        self.loyalty = loyalty
        self._connection = connection

    async def in_thread(self, work: Callable[[], R]) -> R:
        """What ``work`` returns, run on the host's connection and not in a thread."""
        return await self._connection.run_sync(lambda _: work())

    async def close(self) -> None:
        """Does nothing: the connection is the host's."""
