"""Two shops that take each other's points, and everything that can be done in them, at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import Engine

from loyalty_core import (
    Activity,
    Cause,
    Credit,
    Decidable,
    Effect,
    Json,
    Limited,
    Loyalty,
    LoyaltyError,
    MemberView,
    PluginManifest,
    ProgramConfig,
    StoreError,
    TransactionKind,
    hookimpl,
    line_nets,
)
from loyalty_core.domain.members import MemberId
from loyalty_core.testing import FrozenClock
from tests.toy import START, ToyFailure, activity, order, refund

MUFFIN: Json = {"kind": "product", "points": 90, "stock": 900, "auto_issue": True}
SCONE: Json = {"kind": "product", "points": 15, "stock": 900}


@dataclass(eq=False)
class Busy:
    """A point a dollar, prizes of which there are only so many, and facts of other members."""

    failing: set[str] = field(default_factory=set)
    manifest = PluginManifest(id="busy", version="1", requires_plugin_api=">=1.0,<2")

    @hookimpl
    def loyalty_register_programs(self, config: None, program: ProgramConfig) -> Any:
        return [self]

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        if fact.id in self.failing:
            raise ToyFailure(fact.id)
        if isinstance(fact, Activity):
            earned = Credit(wallet="points", amount=3, rule="heard")
            friend = fact.data.get("friend")
            if not isinstance(friend, str):
                return [earned]
            later = fact.occurred_at + timedelta(hours=2) if "late" in fact.data else None
            return [earned, Cause(kind="busy.told", rule="t", member=MemberId(friend), at=later)]
        prize = "ab"[sum(map(ord, fact.id)) % 2]
        won = member.claim(Limited(prize, 1, 900))
        nets = sum(line_nets(fact).values()) // 100
        return [Credit(wallet="points", amount=nets + won, rule="bought")]


def config(program: str, partner: str, *, join: str) -> dict[str, Json]:
    """A program with all that locks anything, whose points the partner takes and pays for."""
    price: Json = {"points": 100, "amount": "0.90"}
    return {
        "program": {"id": program, "currency": "USD", "join": join, "join_wait_days": 2},
        "wallets": {
            "points": {
                "expiry": {"after_days": 3},
                "transfer": {"allowed": True},
            },
        },
        "household": {"wallets": {"points": {}}, "share": "40", "days_between": 0},
        "rewards": {"muffin": MUFFIN, "scone": SCONE},
        "partners": {
            partner: {
                "accepts": {"points": {"value": price, "unit": "points"}},
                "pays": {"points": {"price": price, "most_per_month": 1_000_000}},
            }
        },
        "plugins": {"busy": {}},
    }


@dataclass
class Shops:
    """Both shops on one database; ``people`` are names, by which anybody is known in both."""

    engine: Engine
    people: Sequence[str]
    busy: Busy = field(default_factory=Busy)
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(START))
    shops: dict[str, Loyalty] = field(default_factory=dict)

    def __enter__(self) -> Shops:
        for program, partner, join in (
            ("bakery", "books", "on_first_fact"),
            ("books", "bakery", "opt_in"),
        ):
            given = config(program, partner, join=join)
            self.shops[program] = Loyalty.open(
                given, self.engine, plugins=[self.busy], clock=self.clock
            )
        for name in self.people:
            known: dict[str, Json] = {"email": f"{name}@example.org"}
            ids = {program: shop.enrol(known).id for program, shop in self.shops.items()}
            self.shops["books"].link(ids["books"], "bakery", ids["bakery"], key=f"link {name}")
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.shops.values():
            one.close()


class Jostler:
    """One of many who do anything at all in both shops; ``done`` counts what was not refused."""

    def __init__(self, shops: Shops, seed: int) -> None:
        self._shops = shops
        self._random = Random(seed)
        self._number = 0
        self._seed = seed
        self.done: Counter[str] = Counter()

    def jostle(self, rounds: int) -> None:
        """Does everything, in any order and so many times; raises what is no refusal."""
        acts = [act for act, often in ACTS.items() for _ in range(often * rounds)]
        self._random.shuffle(acts)
        for act in acts:
            try:
                act(self)
            except StoreError:
                raise
            except LoyaltyError:
                continue
            self.done[act.__name__] += 1

    # -- who and what -------------------------------------------------------------------------

    def shop(self) -> tuple[str, Loyalty]:
        return self._random.choice(list(self._shops.shops.items()))

    def name(self) -> str:
        return self._random.choice(self._shops.people)

    def email(self) -> str:
        """That of somebody, or of a guest who may come to be a member."""
        return f"{self._random.choice([*self._shops.people, 'g1', 'g2'])}@example.org"

    def member(self, loyalty: Loyalty) -> str:
        """A member by one of the names, enrolled again if they were erased."""
        return loyalty.enrol({"email": f"{self.name()}@example.org"}).id

    def key(self) -> str:
        self._number += 1
        return f"{self._seed}-{self._number}"

    def ordered(self) -> str:
        return f"o{self._random.randrange(40)}"

    def order(self) -> dict[str, Any]:
        amount = f"{self._random.randrange(1, 60)}.00"
        email = None if self._random.random() < 0.1 else self.email()
        made = order(self.ordered(), amount, email=email, at=self._shops.clock())
        if self._random.random() < 0.05:
            self._shops.busy.failing.add(made["id"])
        return made

    # -- facts --------------------------------------------------------------------------------

    def record(self) -> None:
        self.shop()[1].record(self.order())

    def record_many(self) -> None:
        self.shop()[1].record_many([self.order() for _ in range(4)])

    def refund(self) -> None:
        at = self._shops.clock()
        self.shop()[1].record(refund(self.key(), self.ordered(), amount="1.00", at=at))

    def hint(self) -> None:
        _, loyalty = self.shop()
        data: dict[str, Json] = {"friend": self.member(loyalty)}
        data |= {"late": True} if self._random.random() < 0.5 else {}
        at = self._shops.clock()
        loyalty.record(activity(self.key(), "hint", email=self.email(), data=data, at=at))

    def claim(self) -> None:
        _, loyalty = self.shop()
        number = self.key()
        loyalty.record(order(number, email=None, at=self._shops.clock()))
        loyalty.claim(self.member(loyalty), source="web", order_id=number, key=self.key())

    def mend(self) -> None:
        self._shops.busy.failing.clear()
        for loyalty in self._shops.shops.values():
            loyalty.lift("busy")

    # -- points -------------------------------------------------------------------------------

    def redeem(self) -> None:
        program, loyalty = self.shop()
        partner = {"bakery": "books", "books": "bakery"}[program]
        reward = self._random.choice(["scone", f"partner:{partner}.points"])
        points = None if reward == "scone" else self._random.randrange(1, 20)
        place = {"source": "web", "order_id": self.ordered()}
        given: dict[str, Any] = {"reward": reward, "points": points, "key": self.key(), **place}
        if self._random.random() < 0.5:
            loyalty.redeem(self.member(loyalty), **given)
            return
        held = loyalty.hold(self.member(loyalty), minutes=90, **given).redemption_id
        self._random.choice([loyalty.capture, loyalty.release, str])(held)

    def transfer(self) -> None:
        _, loyalty = self.shop()
        one, other = self.member(loyalty), self.member(loyalty)
        loyalty.transfer(one, other, wallet="points", points=2, key=self.key())

    def adjust(self) -> None:
        _, loyalty = self.shop()
        rows = [
            {
                "identities": {"email": f"{self.name()}@example.org"},
                "wallet": "points",
                "amount": self._random.choice(["40", "-1"]),
                "reason": "r",
                "actor": "a",
                "key": self.key(),
            }
            for _ in range(4)
        ]
        loyalty.adjust_many(rows)

    def reinstate(self) -> None:
        _, loyalty = self.shop()
        member = self.member(loyalty)
        for one in (item.transaction for item in loyalty.history(member).items):
            if one.kind is TransactionKind.EXPIRY and one.amount < 0:
                given = {"reason": "r", "actor": "a", "key": self.key()}
                loyalty.reinstate(member, one.id, **given)
                return

    def settle(self) -> None:
        program, loyalty = self.shop()
        partner = {"bakery": "books", "books": "bakery"}[program]
        loyalty.settle(partner, reference=self.key(), actor="a", key=self.key())

    def grant(self) -> None:
        _, loyalty = self.shop()
        member = self.member(loyalty)
        given = loyalty.give_grant(member, reward="scone", actor="a", reason="r", key=self.key())
        loyalty.revoke_grant(given.grant_id, reason="r", actor="a", key=self.key())

    def take_grant_back(self) -> None:
        _, loyalty = self.shop()
        for one in loyalty.grants(self.member(loyalty)):
            loyalty.revoke_grant(one.grant_id, reason="r", actor="a", key=self.key())

    # -- people -------------------------------------------------------------------------------

    def merge(self) -> None:
        _, loyalty = self.shop()
        one, other = self.member(loyalty), self.member(loyalty)
        loyalty.merge(one, other, key=self.key())
        if self._random.random() < 0.7:
            loyalty.unmerge(other, key=self.key())

    def share(self) -> None:
        _, loyalty = self.shop()
        one, other = self.member(loyalty), self.member(loyalty)
        home = loyalty.create_household(one, key=self.key()).household_id
        loyalty.invite_to_household(home, other, by=one, key=self.key())
        loyalty.join_household(home, other, key=self.key())

    def leave(self) -> None:
        _, loyalty = self.shop()
        loyalty.leave_household(self.member(loyalty), key=self.key())

    def link(self) -> None:
        books, bakery = self._shops.shops["books"], self._shops.shops["bakery"]
        name = self.name()
        one, other = (
            loyalty.enrol({"email": f"{name}@example.org"}).id for loyalty in (books, bakery)
        )
        if self._random.random() < 0.3:
            books.unlink(one, "bakery")
        books.link(one, "bakery", other, key=self.key())

    def erase(self) -> None:
        _, loyalty = self.shop()
        loyalty.erase(self.member(loyalty), reason="r", actor="a", key=self.key())

    def erase_guest(self) -> None:
        _, loyalty = self.shop()
        known: dict[str, str] = {"email": self._random.choice(["g1", "g2"]) + "@example.org"}
        loyalty.erase_guest(known, reason="r", actor="a", key=self.key())

    def enrol_guest(self) -> None:
        _, loyalty = self.shop()
        known: dict[str, str] = {"email": self._random.choice(["g1", "g2"]) + "@example.org"}
        loyalty.erase(loyalty.enrol(known).id, reason="r", actor="a", key=self.key())

    # -- jobs ---------------------------------------------------------------------------------

    def tick(self) -> None:
        self._shops.clock.advance(hours=self._random.randrange(4))
        self.shop()[1].tick()

    def rebuild(self) -> None:
        self.shop()[1].rebuild()


ACTS: dict[Callable[[Jostler], None], int] = {
    Jostler.record: 8,
    Jostler.record_many: 8,
    Jostler.refund: 8,
    Jostler.hint: 6,
    Jostler.claim: 2,
    Jostler.mend: 1,
    Jostler.redeem: 10,
    Jostler.transfer: 4,
    Jostler.adjust: 5,
    Jostler.reinstate: 2,
    Jostler.settle: 1,
    Jostler.grant: 2,
    Jostler.take_grant_back: 1,
    Jostler.merge: 4,
    Jostler.share: 3,
    Jostler.leave: 2,
    Jostler.link: 4,
    Jostler.erase: 1,
    Jostler.erase_guest: 1,
    Jostler.enrol_guest: 2,
    Jostler.tick: 4,
    Jostler.rebuild: 1,
}
"""What is done how often, to each other."""
