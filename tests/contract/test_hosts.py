"""Inside somebody else's transaction, and awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from loyalty_core import (
    AsyncLoyalty,
    HostConnectionUnsafe,
    InsufficientPoints,
    Loyalty,
    Money,
    add_sqlite_hooks,
)
from loyalty_core.testing import FrozenClock
from tests.contract.conftest import Shop
from tests.toy import START, Toy, config_of, order, points


@pytest.fixture
def host(shop: Shop) -> Iterator[Engine]:
    """A host's engine on the same database, with a table of its own."""
    engine = create_engine(shop.url)
    if engine.dialect.name == "sqlite":
        add_sqlite_hooks(engine)
    with engine.begin() as connection:
        connection.execute(text("create table cart (id integer)"))
    yield engine
    engine.dispose()


def carts(connection: Connection) -> int:
    return connection.execute(text("select count(*) from cart")).scalar_one()


def test_the_host_commits_and_both_are_kept(shop: Shop, host: Engine) -> None:
    loyalty = shop.open()
    with host.begin() as connection:
        connection.execute(text("insert into cart values (1)"))
        with loyalty.using(connection) as inside:
            member = inside.record(order()).member_id or ""
            assert points(inside, member) == (60, 60, 0, 0)
    assert points(loyalty, member) == (60, 60, 0, 0)
    with host.connect() as connection:
        assert carts(connection) == 1


@pytest.mark.hard_case("H35")
def test_the_host_rolls_back_and_nothing_of_ours_stays(shop: Shop, host: Engine) -> None:
    loyalty = shop.open()
    with host.connect() as connection:
        connection.execute(text("insert into cart values (1)"))
        with loyalty.using(connection) as inside:
            member = inside.record(order()).member_id or ""
            inside.redeem(member, points=5, key="k")
            inside.enrol({"email": "bob@example.org"})
        connection.rollback()
        assert carts(connection) == 0
    assert loyalty.report().members == 0
    assert loyalty.report().orders == 0
    assert loyalty.status().pending_deliveries == 0
    again = loyalty.record(order())
    assert (again.status, again.changes) == ("booked", {"points": 60})


def test_what_the_host_may_still_roll_back_is_told_to_nobody(shop: Shop, host: Engine) -> None:
    shop.toy = Toy(subscribed=("points_credited",))
    loyalty = shop.open()
    with host.connect() as connection:
        with loyalty.using(connection) as inside:
            inside.record(order())
            assert inside.tick().delivered == 0
        connection.rollback()
    assert shop.toy.received == []
    with host.begin() as connection, loyalty.using(connection) as inside:
        inside.record(order())
        inside.tick()
    assert shop.toy.received == []
    assert loyalty.tick().delivered == 1
    assert [event.type for event in shop.toy.received] == ["points_credited"]


def test_our_error_leaves_the_hosts_work_alone(shop: Shop, host: Engine) -> None:
    loyalty = shop.open()
    member = loyalty.record(order()).member_id or ""
    with host.begin() as connection:
        connection.execute(text("insert into cart values (1)"))
        with loyalty.using(connection) as inside:
            with pytest.raises(InsufficientPoints):
                inside.redeem(member, points=61, key="k")
            summary = inside.record_many([order("2", currency="XXX"), order("3", "5.00")])
            assert len(summary.rejected) == 1
        connection.execute(text("insert into cart values (2)"))
    with host.connect() as connection:
        assert carts(connection) == 2
    assert points(loyalty, member) == (65, 65, 0, 0)


def test_sqlite_without_begin_hooks_is_refused(sqlite_shop: Shop) -> None:
    loyalty = sqlite_shop.open()
    engine = create_engine(sqlite_shop.url)
    with (
        engine.connect() as connection,
        pytest.raises(HostConnectionUnsafe),
        loyalty.using(connection),
    ):
        pass
    engine.dispose()
    assert loyalty.report().members == 0


def test_an_engine_without_begin_hooks_is_refused_or_safe(sqlite_shop: Shop) -> None:
    """The stock driver begins too late: two writers would decide on the same balance."""
    engine = create_engine(sqlite_shop.url)
    with pytest.raises(HostConnectionUnsafe):
        Loyalty.open(config_of(), engine, plugins=[Toy()], clock=sqlite_shop.clock)
    add_sqlite_hooks(engine)
    loyalty = Loyalty.open(config_of(), engine, plugins=[Toy()], clock=sqlite_shop.clock)
    assert loyalty.record(order()).changes == {"points": 60}
    loyalty.close()
    with engine.connect() as connection:  # the host's engine stays open
        assert connection.execute(text("select 1")).scalar_one() == 1
    engine.dispose()


def test_everything_can_be_awaited(database_url: str) -> None:
    async def play() -> tuple[int, int, int, int]:
        clock = FrozenClock(START)
        opening = AsyncLoyalty.open(config_of(), database_url, plugins=[Toy()], clock=clock)
        async with await opening as loyalty:
            receipt = await loyalty.record(order())
            again = await loyalty.record(order())
            assert (receipt.status, again.status) == ("booked", "duplicate")
            member = receipt.member_id or ""
            spent = await loyalty.redeem(member, points=25, key="k")
            assert spent.worth == Money(25, "USD")
            assert await loyalty.redeem(member, points=25, key="k") == spent
            with pytest.raises(InsufficientPoints):
                await loyalty.redeem(member, points=36, key="k2")
            await loyalty.adjust(member, "points", 5, reason="r", actor="a", key="k3")
            assert (await loyalty.find({"email": "ada@example.org"})) is not None
            assert len((await loyalty.history(member)).items) == 3
            assert (await loyalty.verify()).problems == ()
            assert (await loyalty.tick()).expired == {}
            return points(loyalty.loyalty, member)

    assert asyncio.run(play()) == (40, 40, 0, 0)


def test_many_awaited_redemptions_get_exactly_what_there_is(database_url: str) -> None:
    async def play() -> tuple[int, tuple[int, int, int, int]]:
        clock = FrozenClock(START)
        opening = AsyncLoyalty.open(config_of(), database_url, plugins=[Toy()], clock=clock)
        async with await opening as loyalty:
            member = (await loyalty.record(order())).member_id or ""
            outcomes = await asyncio.gather(
                *(loyalty.redeem(member, points=25, key=f"k{n}") for n in range(8)),
                return_exceptions=True,
            )
            short = [one for one in outcomes if isinstance(one, InsufficientPoints)]
            return len(short), points(loyalty.loyalty, member)

    assert asyncio.run(play()) == (6, (10, 10, 0, 0))


def test_an_async_hosts_transaction_is_joined(database_url: str) -> None:
    driver = {"postgresql": "postgresql+psycopg", "sqlite": "sqlite+aiosqlite"}
    url = make_url(database_url)
    engine = create_async_engine(url.set(drivername=driver[url.get_backend_name()]))
    if url.get_backend_name() == "sqlite":
        add_sqlite_hooks(engine.sync_engine)

    async def play() -> None:
        clock = FrozenClock(START)
        opening = AsyncLoyalty.open(config_of(), database_url, plugins=[Toy()], clock=clock)
        async with await opening as loyalty:
            async with engine.connect() as connection:
                transaction = await connection.begin()
                async with loyalty.using(connection) as ours:
                    assert (await ours.record(order())).changes == {"points": 60}
                await transaction.rollback()
            assert (await loyalty.report()).members == 0
            async with engine.begin() as connection, loyalty.using(connection) as ours:
                member = (await ours.record(order())).member_id or ""
                with pytest.raises(InsufficientPoints):
                    await ours.redeem(member, points=61, key="k")
                await ours.redeem(member, points=20, key="k")
                assert (await ours.statement(member)).wallet("points").available == 40
            assert (await loyalty.statement(member)).wallet("points").available == 40
            assert (await loyalty.verify()).problems == ()
        await engine.dispose()

    asyncio.run(play())


def test_an_async_sqlite_connection_without_hooks_is_refused(sqlite_url: str) -> None:
    engine = create_async_engine(make_url(sqlite_url).set(drivername="sqlite+aiosqlite"))

    async def play() -> None:
        opening = AsyncLoyalty.open(config_of(), sqlite_url, plugins=[Toy()])
        async with await opening as loyalty, engine.connect() as connection:
            with pytest.raises(HostConnectionUnsafe):
                async with loyalty.using(connection):
                    pass
        await engine.dispose()

    asyncio.run(play())
