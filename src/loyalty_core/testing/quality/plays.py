"""What histories with a plugin come to, as rules look at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from json import dumps
from random import Random
from typing import Any

from loyalty_core.errors import ConfigError, LoyaltyError, PluginFailed
from loyalty_core.loyalty import Loyalty
from loyalty_core.plugins.registry import Registry, read_config
from loyalty_core.testing.clock import FrozenClock
from loyalty_core.testing.quality.copies import dumped
from loyalty_core.testing.quality.happening import NAMES, NOW, known
from loyalty_core.testing.quality.playing import (
    BEFORE,
    SEEDS,
    Batches,
    Stage,
    difference,
    happening,
    record,
    refusals,
    seen,
    stages,
    unhurried,
)
from loyalty_core.testing.quality.subject import Document, Subject
from loyalty_core.testing.quality.watching import Notes

_TRIES = 40
"""How many times a history is played to find what of it makes the difference."""


@dataclass(frozen=True)
class Played:
    """What was noticed while histories were played in any order.

    ``refused`` is what the core could not book, ``differences`` where the books came to something
    else.
    """

    notes: Notes
    refused: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def played(subject: Subject) -> Played:
    """The histories of all samples played, once: plainly, and as a bad network brings them."""
    return subject.once("played", lambda: _played(subject))


def _played(subject: Subject) -> Played:
    found = Played(subject.once("notes", Notes))
    with refusals() as refused, stages(subject) as each:
        for number, stage in enumerate(each, 1):
            _ask(stage)
            for seed in range(SEEDS):
                if words := _difference(stage, seed):
                    found.differences.append(f"sample {number}, history {seed}: {words}")
    found.refused.extend(refused.lines)
    return found


def _ask(stage: Stage) -> None:
    """Has everything asked that is asked without a fact: quotes of carts, and what is shown."""
    made = happening(stage, SEEDS)
    carts = [
        {"currency": fact["currency"], "lines": fact["lines"]}
        for fact in made.history()
        if fact["type"] == "order"
    ]
    with stage.opened() as (loyalty, _):
        for cart in carts:
            loyalty.quote(cart)
            for name in NAMES:
                loyalty.quote(cart, member_of(loyalty, name))


def member_of(loyalty: Loyalty, name: str) -> str:
    """The id of a member of the histories."""
    found = loyalty.find(known(name), source="web")
    assert found is not None
    return found.id


def state_of(loyalty: Loyalty, name: str, plugin: str) -> str:
    """What the plugin keeps of a member, as JSON; empty if it keeps nothing."""
    exported: Any = loyalty.export(member_of(loyalty, name))
    (row,) = exported["data"]["member"]
    return dumps(row["state"][plugin]) if plugin in row["state"] else ""


# -- any order of arrival ---------------------------------------------------------------------


def _difference(stage: Stage, seed: int) -> str:
    """Where the plain history and another delivery of it differ, with the facts that it takes."""
    made = happening(stage, seed)
    facts = made.history()
    batches = made.deliveries(facts)
    found = _differ(stage, facts, batches)
    if not found:
        return ""
    facts, batches = _fewer(stage, facts, batches)
    arrived = [_brief(fact) for batch in batches for fact in batch]
    return f"{_differ(stage, facts, batches) or found}; as they came: {'; '.join(arrived)}"


def _differ(stage: Stage, facts: Sequence[Document], batches: Batches) -> str:
    with stage.opened() as (loyalty, clock):
        record(loyalty, [[fact] for fact in facts])
        loyalty.tick()
        plain = seen(loyalty, clock)
    with stage.opened() as (loyalty, clock):
        record(loyalty, batches, ticks=True)
        loyalty.tick()
        return difference(plain, seen(loyalty, clock))


def _fewer(
    stage: Stage, facts: list[Document], batches: Batches
) -> tuple[list[Document], list[list[Document]]]:
    """The facts and batches without those that make no difference, as far as a few tries go."""
    kept = [list(batch) for batch in batches]
    for number, fact in enumerate(list(facts)):
        rest = [one for one in facts if one is not fact]
        batched = [[one for one in batch if one is not fact] for batch in kept]
        if number < _TRIES and rest and _differ(stage, rest, batched):
            facts, kept = rest, batched
    return facts, [batch for batch in kept if batch]


def _brief(fact: Document) -> str:
    """A fact in a few words."""
    if fact["type"] == "refund":
        given = {key: value for key, value in fact["refund"].items() if key != "occurred_at"}
        return f"refund of {fact['order_id']} {given}"
    who = fact["identities"].get("customer_id", "somebody").partition("-")[0]
    what = fact["kind"] if fact["type"] == "activity" else fact["status"]
    more = fact.get("data") or [line["amount"] for line in fact.get("lines", ())]
    return f"{fact['type']} {fact['id']} {what} of {who} at {fact['occurred_at'][:16]} {more}"


# -- people -----------------------------------------------------------------------------------


def merged(subject: Subject) -> Iterator[str]:
    """Where it matters whether facts came before their member was merged or after."""
    with stages(subject) as each:
        for number, stage in enumerate(each, 1):
            for seed in range(SEEDS):
                made = happening(stage, seed)
                facts = made.history()
                late = _late(made.random, facts)
                early = [fact for fact in facts if all(fact is not one for one in late)]
                plain = _merged(stage, facts, [])
                found = difference(plain, _merged(stage, early, late))
                if found:
                    came = "; ".join(_brief(fact) for fact in late)
                    yield f"sample {number}, history {seed}: {found}; late: {came}"


def _late(random: Random, facts: Sequence[Document]) -> list[Document]:
    """Half of the facts of others than bob, who is merged: what is new of him is not his then."""
    bobs = {fact["id"] for fact in facts if _is_of(fact, "bob")}
    others = [fact for fact in facts if fact.get("id", fact.get("order_id")) not in bobs]
    return random.sample(others, (len(others) + 1) // 2)


def _merged(stage: Stage, early: Sequence[Document], late: Sequence[Document]) -> Document:
    with stage.opened() as (loyalty, clock):
        record(loyalty, [early])
        kept, gone = member_of(loyalty, "ada"), member_of(loyalty, "bob")
        loyalty.merge(kept, gone, key="merge")
        record(loyalty, [late])
        loyalty.tick()
        _right(loyalty)
        return seen(loyalty, clock)


def erased(subject: Subject) -> Iterator[str]:
    """What is left of a member who was forgotten."""
    with stages(subject) as each:
        for number, stage in enumerate(each, 1):
            facts = happening(stage, 0).history()
            with stage.opened() as (loyalty, clock):
                record(loyalty, [facts])
                loyalty.tick()
                gone = member_of(loyalty, "ada")
                loyalty.erase(gone, reason="asked for it", actor="operator", key="erase")
                loyalty.tick()
                left = dumped(stage.url)
                for table, row in left:
                    words = [one for one in known("ada").values() if one in row]
                    for one in words:
                        yield f"sample {number}: {table} still says {one!r}: {row[:200]}"
                before = seen(loyalty, clock)
                record(loyalty, [[fact] for fact in facts if _is_of(fact, "ada")])
                if found := difference(before, seen(loyalty, clock)):
                    yield f"sample {number}: what is sent again changes {found}"
                _right(loyalty)


def _is_of(fact: Document, name: str) -> bool:
    return bool(fact.get("identities", {}).get("customer_id") == known(name)["customer_id"])


# -- the books --------------------------------------------------------------------------------


def spent(subject: Subject) -> Iterator[str]:
    """What is wrong with books after rewards, refunds of what they paid for, and two years.

    Once each for himself, and once as a household. What payment providers are asked for is paid.
    """
    with stages(subject) as each:
        for stage in each:
            made = happening(stage, 1)
            history = [*made.history(8), *made.once_each()]
            stage.plugin.pays = True
            for shared in (False, True):
                with stage.opened(shared=shared) as (loyalty, clock):
                    home = _moved_in(loyalty, clock) if shared else ""
                    record(loyalty, [history])
                    yield from _redeemed(loyalty, home)
                    record(loyalty, [[_whole_refund(f"o{number}", stage) for number in range(8)]])
                    yield from _aged(loyalty, clock)


def _moved_in(loyalty: Loyalty, clock: FrozenClock) -> str:
    """The household that ada made, and bob joined, before anything happened."""
    ada, bob = member_of(loyalty, "ada"), member_of(loyalty, "bob")
    clock.set(BEFORE)
    home = loyalty.create_household(ada, key="home").household_id
    loyalty.invite_to_household(home, bob, by=ada, key="invite")
    loyalty.join_household(home, bob, key="join")
    clock.set(NOW)
    return str(home)


def _aged(loyalty: Loyalty, clock: FrozenClock) -> Iterator[str]:
    """What is wrong with the books in the next years."""
    for days in (1, 40, 400, 800):
        clock.set(NOW + timedelta(days=days))
        loyalty.tick()
        _right(loyalty)
    rebuilt = loyalty.rebuild().rebuilt
    if rebuilt:
        yield f"{rebuilt} caches were not what the entries say"


def _redeemed(loyalty: Loyalty, home: str) -> Iterator[str]:
    """Buys whatever members can have; yields where a plugin fails at that."""
    rewards = list(loyalty._parts.rules.rewards)
    ids = {name: member_of(loyalty, name) for name in NAMES}
    for name, member in ids.items():
        for wallet, settings in loyalty.config.wallets.items():
            if settings.spendable:
                key = f"{name} gets {wallet}"
                loyalty.adjust(member, wallet, 5000, reason="a test", actor="operator", key=key)
    buyers = {**ids, **({"home": home} if home else {})}
    for name, member in buyers.items():
        spender = ids["ada"] if name == "home" else None
        for number, reward in enumerate(rewards):
            order, key = f"o{number}", f"{name} {reward}"
            try:
                loyalty.redeem(
                    member, reward=reward, source="web", order_id=order, key=key, spender=spender
                )
            except PluginFailed as error:
                yield f"{reward}: {error}"
            except LoyaltyError:
                continue  # a reward may refuse


def _whole_refund(order: str, stage: Stage) -> Document:
    currency = str(stage.sample["program"].get("currency", "USD"))
    given = {"id": "whole", "occurred_at": NOW.isoformat()}
    about = {"type": "refund", "source": "web", "order_id": order, "currency": currency}
    return {**about, "refund": given}


def _right(loyalty: Loyalty) -> None:
    """Raises ``AssertionError`` with what ``verify`` finds."""
    problems = loyalty.verify().problems
    assert not problems, "; ".join(f"{one.where}: {one.message}" for one in problems)


# -- other programs, other times --------------------------------------------------------------


def side_by_side(subject: Subject) -> Iterator[str]:
    """Where a program comes to something else because another one runs in the same process."""
    with stages(subject) as each:
        for number, stage in enumerate(each, 1):
            facts, others = happening(stage, 0).history(), happening(stage, 1).history()
            with stage.opened() as (loyalty, clock):
                record(loyalty, [facts])
                loyalty.tick()
                alone = seen(loyalty, clock)
            with stage.opened() as (one, clock), stage.opened() as (other, _):
                for place, fact in enumerate(facts):
                    record(other, [others[place : place + 1]])
                    record(one, [[fact]])
                one.tick()
                if found := difference(alone, seen(one, clock)):
                    yield f"sample {number}: {found}"


def switched_off(subject: Subject) -> Iterator[str]:
    """What is wrong after the plugin was switched off for a while."""
    with stages(subject) as each:
        for number, stage in enumerate(each, 1):
            made = happening(stage, 0)
            facts, now = made.history(9), [made.latest(name) for name in NAMES]
            before, meanwhile, after = ([one for one in facts if _turn(one) == n] for n in range(3))
            with stage.opened() as (loyalty, _):
                record(loyalty, [before])
            try:
                _go_on(stage, meanwhile, off=True)
                _go_on(stage, [*after, *now], off=False)
            except (LoyaltyError, AssertionError) as error:
                yield f"sample {number}: {error}"


def without(sample: Document, gone: set[str]) -> Document:
    """A configuration without some plugins, and without others that cannot be had then."""
    kept = {name: part for name, part in sample["plugins"].items() if name not in gone}
    made = {**sample, "plugins": kept}
    try:
        config = read_config(made, ())
        Registry.of(config, ()).rules(config)
    except ConfigError as error:
        places = [problem.where.split(".") for problem in error.problems]
        depending = {place[1] for place in places if place[0] == "plugins" and place[1:]}
        if depending & kept.keys():
            return without(made, depending)
    return made


def _turn(fact: Document) -> int:
    """In which third a fact comes: that of its order."""
    number = str(fact.get("id", fact.get("order_id")))[1:]
    return int(number) % 3 if number.isdigit() else 0


def _go_on(stage: Stage, facts: Sequence[Document], *, off: bool) -> None:
    sample = without(stage.sample, {stage.subject.id}) if off else stage.sample
    given, clock = [] if off else [stage.plugin], FrozenClock(NOW)
    with unhurried(Loyalty.open(sample, stage.url, plugins=given, clock=clock)) as loyalty:
        record(loyalty, [facts])
        loyalty.tick()
        _right(loyalty)
        for name in NAMES:
            loyalty.statement(member_of(loyalty, name))
        if not off:
            assert loyalty.status().deferred_facts == 0, "facts are still put off"
