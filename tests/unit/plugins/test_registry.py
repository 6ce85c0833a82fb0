"""What plugins register, and the clashes and mistakes for which a program does not start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from loyalty_core import (
    ConfigError,
    Credit,
    Loyalty,
    Money,
    PluginError,
    PluginManifest,
    Problem,
    SpendOffer,
    Subscription,
    hookimpl,
)
from tests.toy import START, Toy, config_of, order


class Plain:
    """A plugin that implements nothing; tests derive from it."""

    id = "plain"

    @property
    def manifest(self) -> PluginManifest:
        return PluginManifest(id=self.id, version="1", requires_plugin_api=">=1.0,<2")


@dataclass(frozen=True)
class Voucher:
    """A reward under any id."""

    id: str
    wallet: str = "points"
    summary: str = "A voucher"

    def offer(self, request: Any, member: Any) -> SpendOffer:
        return SpendOffer(wallet=self.wallet, points=1, worth=Money(1, "USD"))


def rewarding(name: str, *rewards: object) -> Plain:
    """A plugin that registers these rewards."""

    class Rewarding(Plain):
        id = name

        @hookimpl
        def loyalty_register_rewards(self, config: Any, program: Any) -> Any:
            return rewards

    return Rewarding()


def opened(*plugins: Any) -> Loyalty:
    config = config_of(plugins={plugin.manifest.id: {} for plugin in plugins})
    return Loyalty.open(config, "sqlite://", plugins=plugins, clock=lambda: START)


def refused(*plugins: Any) -> PluginError:
    with pytest.raises(PluginError) as raised:
        opened(*plugins)
    assert raised.value.code == "plugin_refused"
    return raised.value


# -- hooks -----------------------------------------------------------------------------------------


def test_a_misspelt_hook_is_refused_with_the_known_ones() -> None:
    class Misspelt(Plain):
        @hookimpl
        def loyalty_register_program(self, config: Any, program: Any) -> Any:
            return []

    error = refused(Misspelt())
    assert error.message == (
        "the plugin 'plain' implements the unknown hook 'loyalty_register_program'"
    )
    assert error.where == "plugins.plain"
    assert "loyalty_register_programs" in error.remedy


def test_a_hook_with_a_wrong_argument_is_refused() -> None:
    class Wrong(Plain):
        @hookimpl
        def loyalty_register_programs(self, settings: Any) -> Any:
            return []

    error = refused(Wrong())
    assert error.message.startswith("the plugin 'plain' does not fit: ")
    assert "settings" in error.message
    assert (error.where, error.facts) == ("plugins.plain", {"plugin": "plain"})


def test_a_hook_may_leave_arguments_out() -> None:
    class Short(Plain):
        @hookimpl
        def loyalty_register_rewards(self) -> Any:
            return [Voucher("plain.voucher")]

    with opened(Short()) as loyalty:
        assert [reward.id for reward in loyalty.rewards()] == ["plain.voucher"]


def test_a_hook_of_a_later_core_is_optional_if_it_says_so() -> None:
    class Later(Plain):
        @hookimpl(optionalhook=True)
        def loyalty_register_badges(self, config: Any, future: Any) -> Any:
            raise AssertionError("nobody calls this")

    with opened(Later(), Toy()) as loyalty:
        assert loyalty.record(order()).changes == {"points": 60}


def test_an_unhashable_plugin_is_refused() -> None:
    @dataclass
    class Unhashable(Plain):
        size: int = 1

    error = refused(Toy(), Unhashable())
    assert error.message.startswith("the plugin 'plain' does not fit: unhashable type")
    assert error.remedy == "A plugin is a hashable object with the hooks' own argument names."


@pytest.mark.parametrize("hook", ["programs", "rewards", "handlers"])
def test_a_plugin_that_raises_while_it_registers(hook: str) -> None:
    def fail(self: Any, config: Any, program: Any) -> Any:
        raise RuntimeError("no licence")

    kind = type("Failing", (Plain,), {f"loyalty_register_{hook}": hookimpl(fail)})
    error = refused(Toy(), kind())
    assert error.message == (
        f"the plugin 'plain' raised RuntimeError in loyalty_register_{hook}: no licence"
    )
    assert error.where == "plugins.plain"
    assert isinstance(error.__cause__, RuntimeError)


@pytest.mark.parametrize("hook", ["programs", "rewards", "handlers"])
@pytest.mark.parametrize("returned", [5, [5], [None]], ids=["a number", "of numbers", "of nothing"])
def test_what_is_registered_must_be_what_the_hook_is_for(hook: str, returned: object) -> None:
    def register(self: Any, config: Any, program: Any) -> Any:
        return returned

    kind = type("Misfit", (Plain,), {f"loyalty_register_{hook}": hookimpl(register)})
    error = refused(kind())
    assert error.message.startswith(
        f"the plugin 'plain' raised TypeError in loyalty_register_{hook}: "
    )


def test_nothing_registered_is_no_fault() -> None:
    class Nothing(Plain):
        @hookimpl
        def loyalty_register_programs(self, config: Any, program: Any) -> Any:
            return None

        @hookimpl
        def loyalty_register_rewards(self, config: Any, program: Any) -> Any:
            return iter(())

    with opened(Nothing(), Toy()) as loyalty:
        assert loyalty.record(order()).changes == {"points": 60}
        assert [reward.id for reward in loyalty.rewards()] == ["toy.money"]


def test_each_plugin_is_given_its_own_settings() -> None:
    given: list[tuple[str, Any, str]] = []

    class Listening(Toy):
        @hookimpl
        def loyalty_register_programs(self, config: Any, program: Any) -> Any:
            given.append((self.id, config.per_unit, program.program.id))
            return super().loyalty_register_programs(config, program)

    config = config_of(plugins={"b": {"per_unit": 3}, "a": {"per_unit": 5}})
    toys = [Listening("a"), Listening("b"), Listening("c")]
    with Loyalty.open(config, "sqlite://", plugins=toys, clock=lambda: START) as loyalty:
        assert {each[:3] for each in given} == {("a", 5, "shop"), ("b", 3, "shop")}
        receipt = loyalty.record(order())
        credits_made = loyalty.explain(receipt.transactions[0]).awards
    assert [(award.plugin, award.amount) for award in credits_made] == [("b", 180), ("a", 300)]


# -- clashes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["voucher", "other.voucher", "plainvoucher", "plain"])
def test_the_id_of_a_reward_begins_with_that_of_its_plugin(name: str) -> None:
    error = refused(rewarding("plain", Voucher(name)))
    assert error.message == f"the plugin 'plain' registers the reward {name!r}"
    assert error.remedy == "Its id must start with 'plain.'."


def test_one_reward_registered_twice() -> None:
    error = refused(rewarding("plain", Voucher("plain.a"), Voucher("plain.a")))
    assert error.message == "the reward 'plain.a' is registered by 'plain' and 'plain'"
    assert error.remedy == "Switch one of them off."


def test_a_reward_is_paid_from_a_wallet_there_is() -> None:
    error = refused(rewarding("plain", Voucher("plain.a", wallet="stars")))
    assert error.message.endswith(
        "'plain.a' is paid from the wallet 'stars', which is not configured"
    )


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["mail"], "the plugin 'plain' registers the subscription 'mail'"),
        (
            ["plain.mail", "plain.mail"],
            "the subscription 'plain.mail' is registered by 'plain' and 'plain'",
        ),
    ],
)
def test_subscriptions_clash_like_rewards(ids: list[str], message: str) -> None:
    def register(self: Any, config: Any, program: Any) -> Any:
        return [Subscription(id=name, event_type="points_credited", handler=print) for name in ids]

    kind = type("Telling", (Plain,), {"loyalty_register_handlers": hookimpl(register)})
    assert refused(kind()).message == message


def test_a_subscription_is_to_an_event_that_there_is() -> None:
    def register(self: Any, config: Any, program: Any) -> Any:
        return [Subscription(id="plain.mail", event_type="points_creditd", handler=print)]

    kind = type("Telling", (Plain,), {"loyalty_register_handlers": hookimpl(register)})
    error = refused(kind())
    assert error.message == "the plugin 'plain' subscribes to 'points_creditd', which is no event"
    assert error.remedy.startswith("Is it points_credited")


# -- settings --------------------------------------------------------------------------------------


def test_faults_of_two_plugins_settings_are_told_together() -> None:
    config = config_of(
        plugins={
            "toy": {"per_unit": "1", "dayly_cap": 3},
            "other": {"activities": {"review": "5"}},
            "plain": {"colour": "red"},
        }
    )
    with pytest.raises(ConfigError) as raised:
        Loyalty.open(config, "sqlite://", plugins=[Toy(), Toy("other"), Plain()])
    assert raised.value.problems == (
        Problem("plugins.toy.per_unit", "'1' is not a whole number"),
        Problem("plugins.toy.dayly_cap", "unknown key", "Did you mean daily_cap?"),
        Problem("plugins.other.activities.review", "'5' is not a whole number"),
        Problem("plugins.plain", "this plugin has no settings", "Empty it."),
    )


def test_faults_a_plugin_finds_itself_are_told_with_the_others() -> None:
    class Strict(Plain):
        @hookimpl
        def loyalty_register_programs(self, config: Any, program: Any) -> Any:
            raise ConfigError([Problem("plugins.plain.rules", "there are none")])

        @hookimpl
        def loyalty_register_rewards(self, config: Any, program: Any) -> Any:
            raise ConfigError([Problem("plugins.plain.rules", "there are none")])

    config = config_of(plugins={"plain": {}, "toy": {"per_unit": None}})
    with pytest.raises(ConfigError) as raised:
        Loyalty.open(config, "sqlite://", plugins=[Strict(), Toy()])
    assert [problem.where for problem in raised.value.problems] == [
        "plugins.toy.per_unit",
        "plugins.plain.rules",
    ]


def test_a_program_may_be_any_object_that_decides() -> None:
    class Deciding(Plain):
        @hookimpl
        def loyalty_register_programs(self, config: Any, program: Any) -> Any:
            assert config is None
            return [self]

        def decide(self, fact: Any, member: Any) -> Any:
            return [Credit(wallet="points", amount=7, rule="seven")]

    with opened(Deciding()) as loyalty:
        assert loyalty.record(order()).changes == {"points": 7}
