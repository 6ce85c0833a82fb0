"""Plugins that fail on fact after fact: not asked any more, nothing lost, and asked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from sqlalchemy import create_engine

from loyalty_core import (
    Event,
    Loyalty,
    PluginManifest,
    PluginMissing,
    PluginState,
    RecordStatus,
    add_sqlite_hooks,
)
from loyalty_core.application import quarantine
from tests.contract.conftest import Shop
from tests.platform import broken
from tests.platform.broken import status_of
from tests.toy import START, Toy, ToyConfig, ToyFailure, config_of, order, points

TEN = quarantine.MOST_FAILURES
ON = {"toy": {}, "other": {}}
sale = partial(broken.sale, amount="10.00")


@dataclass(eq=False)
class Released(Toy):
    """A toy whose release a test can choose."""

    version: str = "1"

    @property
    def manifest(self) -> PluginManifest:
        return PluginManifest(
            id=self.id, version=self.version, requires_plugin_api=">=1.0,<2", config=ToyConfig
        )


def opened(shop: Shop, *toys: Toy) -> Loyalty:
    return shop.open(plugins=ON, toys=toys or (shop.toy, Toy("other")))


@pytest.fixture
def failing(shop: Shop) -> Iterator[Loyalty]:
    """A program whose toy has failed on ten orders, one after the other."""
    shop.toy.failing |= {str(number) for number in range(100)}
    loyalty = opened(shop)
    for number in range(TEN):
        assert status_of(loyalty, "toy").state is PluginState.ON
        assert loyalty.record(sale(number)).status is RecordStatus.DEFERRED
    yield loyalty
    assert loyalty.verify().problems == ()


def test_a_plugin_that_fails_on_fact_after_fact_is_not_asked_any_more(
    shop: Shop, failing: Loyalty
) -> None:
    assert failing.status().quarantined_plugins == ("toy",)
    asked = list(shop.toy.asked)
    receipt = failing.record(sale(50))
    assert (receipt.status, receipt.changes) == (RecordStatus.DEFERRED, {"points": 10})
    shop.clock.advance(days=2)
    failing.tick()
    assert shop.toy.asked == asked
    found = status_of(failing, "toy")
    assert (found.state, found.reason) == (PluginState.QUARANTINED, "raised ToyFailure")
    assert found.held == ("decide",)
    assert (found.since, found.deferred_facts) == (START, TEN + 1)
    other = status_of(failing, "other")
    assert (other.state, other.deferred_facts, other.since) == (PluginState.ON, 0, None)
    quote = failing.quote({"currency": "USD", "lines": [{"id": "a", "amount": "9.00"}]})
    assert (quote.failed, quote.earned("points")) == (("toy",), 9)
    member = receipt.member_id or ""
    assert failing.redeem(member, reward="toy.money", points=5, key="k").points == 5


def test_lifting_replays_everything_that_was_deferred(shop: Shop, failing: Loyalty) -> None:
    member = failing.record(sale(50)).member_id or ""
    failing.record(sale(50, version=2, lines=[{"id": "a", "amount": "7.00"}]))
    assert points(failing, member) == (107, 107, 0, 0)
    shop.toy.failing.clear()
    done = failing.lift("toy")
    assert (done.plugin, done.lifted, done.deliveries) == ("toy", True, 0)
    assert (done.retried_facts, done.deferred_facts) == (TEN + 1, 0)
    assert points(failing, member) == (214, 214, 0, 0)
    assert (status_of(failing, "toy").state, failing.status().deferred_facts) == (PluginState.ON, 0)
    assert failing.record(sale(51)).changes == {"points": 20}
    again = failing.lift("toy")
    assert (again.lifted, again.retried_facts) == (False, 0)


def test_one_that_still_fails_is_held_again_when_it_is_asked(shop: Shop, failing: Loyalty) -> None:
    done = failing.lift("toy")
    assert (done.lifted, done.retried_facts, done.deferred_facts) == (True, TEN, TEN)
    assert status_of(failing, "toy").state is PluginState.QUARANTINED


def test_one_success_between_failures_is_enough(shop: Shop) -> None:
    shop.toy.failing |= {str(number) for number in range(100)} - {"9", "19"}
    loyalty = opened(shop)
    for number in range(2 * TEN - 1):
        loyalty.record(sale(number))
    assert loyalty.status().quarantined_plugins == ()


def test_facts_that_always_fail_do_not_hold_a_plugin_that_decides_the_others(shop: Shop) -> None:
    shop.toy.failing |= {str(number) for number in range(TEN)}
    loyalty = opened(shop)
    for number in range(TEN - 1):
        loyalty.record(sale(number))
    loyalty.record(sale(99))
    loyalty.record(sale(TEN - 1))
    for _ in range(5):
        shop.clock.advance(days=1)
        assert loyalty.tick().retried_facts == TEN
    assert status_of(loyalty, "toy").state is PluginState.ON


def test_a_batch_of_failures_is_ten_in_a_row_too(shop: Shop) -> None:
    shop.toy.failing |= {str(number) for number in range(100)}
    loyalty = opened(shop)
    loyalty.record_many([sale(number) for number in range(TEN)])
    assert status_of(loyalty, "toy").state is PluginState.QUARANTINED
    assert status_of(loyalty, "other").state is PluginState.ON


def test_every_process_knows_and_one_lifts_for_all(shop: Shop) -> None:
    toys = [Toy(), Toy()]
    one, two = (opened(shop, toy, Toy("other")) for toy in toys)
    for toy in toys:
        toy.failing |= {str(number) for number in range(100)}
    for number in range(TEN):
        one.record(sale(number))
    assert status_of(two, "toy").state is PluginState.QUARANTINED
    two.record(sale(20))  # it finds out when it fails itself
    two.record(sale(21))
    assert toys[1].asked == ["20"]
    later = Toy()
    three = opened(shop, later, Toy("other"))
    assert three.record(sale(30)).status is RecordStatus.DEFERRED
    assert later.asked == []
    for toy in toys:
        toy.failing.clear()
    assert three.lift("toy").deferred_facts == 0
    assert [each.record(sale(40 + n)).changes for n, each in enumerate((one, two))] == [
        {"points": 20},
        {"points": 20},
    ]


def test_another_release_of_the_plugin_is_asked_again(shop: Shop, failing: Loyalty) -> None:
    assert opened(shop).status().quarantined_plugins == ("toy",)
    mended = Released(version="1.1")
    upgraded = opened(shop, mended, Toy("other"))
    assert upgraded.status().quarantined_plugins == ()
    assert upgraded.tick().retried_facts == TEN
    assert upgraded.status().deferred_facts == 0


def test_programs_are_held_apart(shop: Shop, failing: Loyalty) -> None:
    toy = Toy()
    neighbour = shop.open(program="neighbour", toys=(toy,))
    assert neighbour.record(sale(1)).changes == {"points": 10}
    assert neighbour.status().quarantined_plugins == ()
    assert failing.status().quarantined_plugins == ("toy",)


def test_what_a_host_rolls_back_held_nobody(shop: Shop) -> None:
    shop.toy.failing |= {str(number) for number in range(100)}
    loyalty = opened(shop)
    engine = create_engine(shop.url)
    if engine.dialect.name == "sqlite":
        add_sqlite_hooks(engine)
    with engine.connect() as connection:
        with loyalty.using(connection) as inside:
            for number in range(TEN):
                inside.record(sale(number))
            assert inside.status().quarantined_plugins == ("toy",)
        connection.rollback()
    engine.dispose()
    shop.toy.failing.clear()
    assert loyalty.status().quarantined_plugins == ()
    assert loyalty.record(sale(1)).changes == {"points": 20}


def test_deliveries_that_were_given_up_are_tried_again(shop: Shop) -> None:
    toy = Toy(subscribed=("points_credited",))

    def fail(event: Event) -> None:
        raise ToyFailure(event.id)

    toy.on_event = fail
    loyalty = shop.open(toys=(toy,))
    loyalty.record(order())
    for _ in range(13):
        loyalty.tick()
        shop.clock.advance(days=1)
    assert status_of(loyalty, "toy").dead_deliveries == 1
    toy.on_event = None
    done = loyalty.lift("toy")
    assert (done.lifted, done.deliveries) == (False, 1)
    assert (status_of(loyalty, "toy").pending_deliveries, loyalty.tick().delivered) == (1, 1)
    assert len(toy.received) == 1


def test_only_plugins_that_are_on_are_lifted(sqlite_shop: Shop) -> None:
    with pytest.raises(PluginMissing) as raised:
        sqlite_shop.open().lift("absent")
    assert raised.value.message == "the plugin 'absent' is not on"
    assert raised.value.remedy == "On are: toy."


def test_what_is_installed_and_off_is_listed_and_not_imported() -> None:
    with Loyalty.open(config_of(), "sqlite://", plugins=[Toy()], clock=lambda: START) as loyalty:
        found = {one.id: one for one in loyalty.plugin_status()}
    assert found["toy"].state is PluginState.ON
    assert found["toy"].hooks == (
        "loyalty_register_handlers",
        "loyalty_register_programs",
        "loyalty_register_rewards",
    )
    assert (found["points"].state, found["points"].hooks) == (PluginState.OFF, ())
    assert found["points"].version
