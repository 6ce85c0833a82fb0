"""A segment counted by the database is what plain Python makes of the same history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyalty_core import Activity, Loyalty, Member, Order, Profile
from loyalty_core.application.following import outcome_of
from loyalty_core.application.forms import read_fact
from loyalty_core.domain.orders import OrderDocument, earns, kept_share
from loyalty_core.domain.programs import GoodwillPolicy
from loyalty_core.testing import FrozenClock
from tests.properties.engines import engine, examples, fresh_program
from tests.properties.histories import MEMBERS, histories
from tests.toy import START, Toy

__all__ = ["engine"]

NAMES = (*MEMBERS, "dot", "eve")
TAGS = ("press", "staff")
CATEGORIES = ("baby", "toys")
TODAY = START.date()
Rule = Mapping[str, Any]


@dataclass
class Person:
    """What plain Python knows of a member: sales as (day, kept, categories), and the profile."""

    profile: Profile
    joined_at: datetime
    sales: list[tuple[datetime, int, frozenset[str]]] = field(default_factory=list)
    reviews: list[datetime] = field(default_factory=list)


# -- rules ---------------------------------------------------------------------------------------


@st.composite
def metrics(draw: st.DrawFn) -> dict[str, Any]:
    """A condition on a metric, by an amount or by a place."""
    metric = draw(st.sampled_from(["spend", "orders", "days_since_order", "toy.reviews"]))
    made: dict[str, Any] = {"metric": metric}
    if metric != "days_since_order" and draw(st.booleans()):
        made["within_days"] = draw(st.integers(1, 30))
    if metric in ("orders", "days_since_order") and draw(st.booleans()):
        made["categories"] = draw(st.lists(st.sampled_from(CATEGORIES), min_size=1, unique=True))
    if draw(st.booleans()):
        highest = {"spend": 200, "orders": 4, "days_since_order": 40, "toy.reviews": 3}[metric]
        limit = draw(st.sampled_from(["at_least", "more_than", "at_most", "less_than"]))
        return made | {limit: str(draw(st.integers(0, highest)))}
    kind = draw(st.sampled_from(["top", "percent", "band"]))
    if kind == "top":
        return made | {"top": draw(st.integers(1, 4))}
    first = draw(st.sampled_from(["10", "20", "33.3333", "50"]))
    if kind == "percent":
        return made | {"top_percent": first}
    return made | {
        "after_percent": first,
        "top_percent": draw(st.sampled_from(["60", "80", "100"])),
    }


@st.composite
def attributes(draw: st.DrawFn) -> dict[str, Any]:
    """A condition on who a member is."""
    day = st.integers(0, 40).map(lambda ago: (TODAY - timedelta(days=ago)).isoformat())
    made: dict[str, Any] = draw(
        st.sampled_from(["tags", "tiers", "consents", "months", "from", "until"]).flatmap(
            lambda kind: {
                "tags": st.lists(st.sampled_from(TAGS), min_size=1).map(lambda x: {"tags": x}),
                "tiers": st.sampled_from([["gold"], ["host/gold"], ["host/iron"]]).map(
                    lambda x: {"tiers": x}
                ),
                "consents": st.just({"consents": ["email", "post"]}),
                "months": st.lists(st.integers(1, 4), min_size=1).map(
                    lambda x: {"birthday_months": x}
                ),
                "from": day.map(lambda x: {"joined_from": x}),
                "until": day.map(lambda x: {"joined_until": x}),
            }[kind]
        )
    )
    return made


@st.composite
def segments(draw: st.DrawFn) -> dict[str, Rule]:
    """Three segments, the later ones made of the earlier ones as well."""
    made: dict[str, Rule] = {}
    for name in ("a", "b", "c"):
        rule: dict[str, list[Any]] = {}
        for part in ("all_of", "any_of", "none_of"):
            conditions = draw(st.lists(metrics() | attributes(), max_size=2))
            for condition in conditions:
                ranks = {"top", "top_percent"} & condition.keys()
                if made and draw(st.integers(0, 3)) == 0:
                    condition["segments"] = [draw(st.sampled_from(sorted(made)))]
                if made and ranks and draw(st.booleans()):
                    condition["among"] = draw(st.sampled_from(sorted(made)))
            if conditions:
                rule[part] = conditions
        made[name] = rule or {"all_of": [{"metric": "orders", "at_least": "1"}]}
    return made


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    born = draw(st.none() | st.integers(1, 12).map(lambda month: date(1990, month, 5)))
    return Profile(
        birthday=born,
        tags=tuple(draw(st.lists(st.sampled_from(TAGS), unique=True))),
        consents=draw(st.dictionaries(st.sampled_from(["email", "post"]), st.booleans())),
        tiers=draw(st.sampled_from([{}, {"host": "gold"}, {"host": "iron"}])),
    )


# -- the same in plain Python ---------------------------------------------------------------------


def evaluate(rules: Mapping[str, Rule], people: Mapping[str, Person]) -> dict[str, set[str]]:
    """Who is in which segment."""
    found: dict[str, set[str]] = {}
    for name, rule in rules.items():
        found[name] = {
            who
            for who in people
            if all(fits(one, who, people, found) for one in rule.get("all_of", ()))
            and (
                "any_of" not in rule or any(fits(one, who, people, found) for one in rule["any_of"])
            )
            and not any(fits(one, who, people, found) for one in rule.get("none_of", ()))
        }
    return found


def fits(one: Rule, who: str, people: Mapping[str, Person], found: Mapping[str, set[str]]) -> bool:
    profile, joined = people[who].profile, people[who].joined_at.date()
    born = profile.birthday.month if profile.birthday else 0
    held = {tier for name, tier in profile.tiers.items() for tier in (tier, f"{name}/{tier}")}
    return (
        ("metric" not in one or compares(one, measure(one, people[who])))
        and (not {"top", "top_percent"} & one.keys() or ranked(one, who, people, found))
        and ("segments" not in one or any(who in found[name] for name in one["segments"]))
        and ("tags" not in one or not set(one["tags"]).isdisjoint(profile.tags))
        and ("tiers" not in one or not held.isdisjoint(one["tiers"]))
        and ("consents" not in one or any(profile.consents.get(x) for x in one["consents"]))
        and ("birthday_months" not in one or born in one["birthday_months"])
        and ("joined_from" not in one or joined.isoformat() >= one["joined_from"])
        and ("joined_until" not in one or joined.isoformat() <= one["joined_until"])
    )


def measure(one: Rule, person: Person) -> int | None:
    days = one.get("within_days")
    first = TODAY - timedelta(days=days) if days else date.min
    wanted = set(one.get("categories", ()))
    sales = [
        (at, kept)
        for at, kept, categories in person.sales
        if at.date() >= first and (not wanted or categories & wanted)
    ]
    match one["metric"]:
        case "spend":
            return sum(kept for _, kept in sales)
        case "orders":
            return len(sales)
        case "toy.reviews":
            return sum(at.date() >= first for at in person.reviews)
    return (TODAY - max(at for at, _ in sales).date()).days if sales else None


def compares(one: Rule, value: int | None) -> bool:
    scale = 100 if one["metric"] == "spend" else 1
    limits = {name: int(Decimal(one[name]) * scale) for name in LIMITS if name in one}
    return not limits or (
        value is not None and all(LIMITS[name](value, limit) for name, limit in limits.items())
    )


LIMITS = {
    "at_least": lambda value, limit: value >= limit,
    "more_than": lambda value, limit: value > limit,
    "at_most": lambda value, limit: value <= limit,
    "less_than": lambda value, limit: value < limit,
}


def ranked(
    one: Rule, who: str, people: Mapping[str, Person], found: Mapping[str, set[str]]
) -> bool:
    """Whether the place is one of those asked for; nobody here is equal in everything."""
    among = found[one["among"]] if "among" in one else set(people)
    values = {name: measure(one, people[name]) for name in among}
    recent = one["metric"] == "days_since_order"
    chosen = [name for name, value in values.items() if (value is not None if recent else value)]

    def place(name: str) -> Any:
        person, enrolled = people[name], NAMES.index(name)
        wanted = set(one.get("categories", ()))
        last = [at for at, _, categories in person.sales if not wanted or categories & wanted]
        every = [at for at, _, _ in person.sales]
        if recent:
            return max(last).timestamp() * -1, person.joined_at, enrolled
        first = max(every, default=datetime.max.replace(tzinfo=UTC))
        return -(values[name] or 0), first, person.joined_at, enrolled

    order = sorted(chosen, key=place)
    if who not in order:
        return False
    before = Fraction(100 * order.index(who))
    share = Fraction(len(order))
    return (
        ("top" not in one or order.index(who) < one["top"])
        and ("top_percent" not in one or before < share * Fraction(one["top_percent"]))
        and ("after_percent" not in one or before >= share * Fraction(one["after_percent"]))
    )


def people_of(facts: list[dict[str, Any]], members: Mapping[str, Member]) -> dict[str, Person]:
    """What is known of everybody, whatever order the facts come in."""
    people = {name: Person(one.profile, one.joined_at) for name, one in members.items()}
    documents: dict[str, OrderDocument] = {}
    owners: dict[str, str] = {}
    for given_fact in facts:
        fact = read_fact(given_fact, START)
        if isinstance(fact, Activity):
            if fact.kind == "review":
                people[fact.identities["customer_id"]].reviews.append(fact.occurred_at)
        else:
            key = given_fact.get("order_id") or given_fact["id"]
            known, made = documents.get(key), OrderDocument.of(fact)
            documents[key] = known.merge(made) if known else made
            if given_fact["type"] == "order":
                owners[key] = given_fact["identities"]["customer_id"]
    for key, document in documents.items():
        body = document.body
        if body is None or not earns(body):
            continue
        person = people[owners[key]]
        outcome = outcome_of(body, document, (), {}, GoodwillPolicy.KEEP)
        value, whole = outcome.value, False
        for left in outcome.returned:
            value, whole = left.value, left.whole
        if not whole:
            person.sales.append((body.occurred_at, value, kept_categories(body, document)))
    return people


def kept_categories(body: Order, document: OrderDocument) -> frozenset[str]:
    """The categories of lines of which a part is left, told by a refund of everything else."""
    kept = {
        line.id
        for line in body.lines
        if kept_share({line.id: 10**12}, document, GoodwillPolicy.KEEP)[line.id]
    }
    return frozenset(name for line in body.lines if line.id in kept for name in line.categories)


# -- the test ------------------------------------------------------------------------------------


@examples(25, 1500)
@given(
    facts=histories(),
    rules=segments(),
    profile=st.fixed_dictionaries({name: profiles() for name in NAMES}),
    seed=st.integers(0, 2**32),
)
def test_a_segment_is_what_plain_python_makes_of_the_same_history(
    engine: Engine,
    facts: list[dict[str, Any]],
    rules: dict[str, Rule],
    profile: dict[str, Profile],
    seed: int,
) -> None:
    random = Random(seed)
    for fact in facts:
        for line in fact.get("lines", ()):
            line["categories"] = random.sample(CATEGORIES, random.randint(0, 2))
    clock = FrozenClock(START)
    config: dict[str, Any] = {
        "program": {"id": fresh_program()},
        "wallets": {"points": {}},
        "segments": rules,
        "plugins": {"toy": {"measures": "review"}},
    }
    loyalty = Loyalty.open(config, engine, plugins=[Toy()], clock=clock)
    for name in NAMES:
        person = {"customer_id": name, "email": f"{name}@example.org"}
        loyalty.enrol(person, source="web", profile=profile[name])
        clock.advance(seconds=1)
    for fact in random.sample(facts, len(facts)):
        loyalty.record(fact)
    loyalty.recount_segments()
    found = {
        name: {_name_of(one) for one in loyalty.segment_members(name).members} for name in rules
    }
    members = {name: loyalty.find({"customer_id": name}, source="web") for name in NAMES}
    known = {name: member for name, member in members.items() if member is not None}
    assert found == evaluate(rules, people_of(facts, known))
    counts = {one.segment: one.members for one in loyalty.segments().segments}
    assert counts == {name: len(members) for name, members in found.items()}
    for name, member in known.items():
        assert set(member.segments) == {one for one in rules if name in found[one]}
    again = loyalty.recount_segments()
    assert (again.entered, again.left) == ({}, {})


def _name_of(member: Any) -> str:
    return next(one.value for one in member.identities if one.kind == "customer_id")
