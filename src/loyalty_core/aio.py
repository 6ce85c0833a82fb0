"""``AsyncLoyalty``: the same facade, awaited. One thin proxy that runs it in worker threads."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Engine

from loyalty_core.domain.clock import Clock, utc_now
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
        threads: int = 8,
    ) -> Self:
        """As ``Loyalty.open``, awaited."""
        opening = functools.partial(Loyalty.open, config, database, plugins=plugins, clock=clock)
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
    quote = _awaited(Loyalty.quote)
    statement = _awaited(Loyalty.statement)
    statements = _awaited(Loyalty.statements)
    history = _awaited(Loyalty.history)
    explain = _awaited(Loyalty.explain)
    rewards = _awaited(Loyalty.rewards)
    report = _awaited(Loyalty.report)
    redeem = _awaited(Loyalty.redeem)
    adjust = _awaited(Loyalty.adjust)
    adjust_many = _awaited(Loyalty.adjust_many)
    reinstate = _awaited(Loyalty.reinstate)
    tick = _awaited(Loyalty.tick)
    verify = _awaited(Loyalty.verify)
    status = _awaited(Loyalty.status)
