"""Whatever is bought, used, refunded, cancelled, revoked or late: points or grant, never both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyalty_core import GrantReceipt, Loyalty, LoyaltyError, RedemptionReceipt
from loyalty_core.testing import FrozenClock
from tests.properties.engines import engine, examples, fresh_program
from tests.toy import START, order, refund

__all__ = ["engine"]

FUNDS, STOCK = 1000, 4
CONFIG: Mapping[str, Any] = {
    "wallets": {"points": {}},
    "rewards": {
        "card": {
            "kind": "gift_card",
            "amount": "10.00",
            "points": 100,
            "stock": STOCK,
            "valid_days": 3,
            "code": {},
        },
        "trip": {"kind": "experience", "points": 70, "approval": True, "fulfilment": True},
    },
}
COMMANDS = ("use", "use on its order", "approve", "reject", "fulfil", "revoke", "revoke dry")
LIVE = ("requested", "preparing", "issued")


class Story:
    """One program, two members, a few orders, and everything that can happen to grants."""

    def __init__(self, engine: Engine) -> None:
        self.clock = FrozenClock(START)
        config = {"program": {"id": fresh_program()}, **CONFIG}
        self.loyalty = Loyalty.open(config, engine, clock=self.clock)
        self.members = [self._funded(f"m{number}@example.org") for number in range(2)]
        self.keys = 0
        self.kept: set[str] = set()

    def _funded(self, email: str) -> str:
        member = self.loyalty.enrol({"email": email}).id
        self.loyalty.adjust(member, "points", FUNDS, reason="x", actor="x", key=email)
        return member

    def key(self) -> str:
        self.keys += 1
        return f"{self.keys}"

    def tell(self, what: Callable[[], object]) -> bool:
        """Whether something could be done; what is refused must have changed nothing."""
        before = [self.loyalty.statement(member) for member in self.members]
        try:
            what()
        except LoyaltyError:
            assert [self.loyalty.statement(member) for member in self.members] == before
            return False
        return True

    # -- what happens -----------------------------------------------------------------------------

    def buy(self, member: int, reward: str, number: int | None, *, hold: bool) -> None:
        paid: dict[str, Any] = {}
        if number is not None:
            paid = {"source": "web", "order_id": f"{number}"}
        command = self.loyalty.hold if hold else self.loyalty.redeem
        self.tell(lambda: command(self.members[member], reward=reward, key=self.key(), **paid))

    def settle(self, place: int, *, capture: bool) -> None:
        held = [one for one in self.redemptions() if one.state == "held"]
        if held:
            one = held[place % len(held)].redemption_id
            act = self.loyalty.capture if capture else self.loyalty.release
            self.tell(lambda: act(one))

    def change(self, place: int, command: str) -> None:
        grants = self.grants()
        if not grants:
            return
        one, key = grants[place % len(grants)], self.key()
        name, loyalty = one.grant_id, self.loyalty
        bought = {grant.redemption_id: grant for grant in grants}
        of = next((r for r in self.redemptions() if r.redemption_id in bought), None)
        order_ = (of.source, of.order_id) if of and of.order_id else ("till", None)
        calls: Mapping[str, Callable[[], object]] = {
            "use": lambda: loyalty.use_grant(name, key=key),
            "use on its order": lambda: loyalty.use_grant(
                name, source=order_[0], order_id=order_[1], key=key
            ),
            "approve": lambda: loyalty.approve_grant(name, key=key),
            "reject": lambda: loyalty.reject_grant(name, key=key),
            "fulfil": lambda: loyalty.fulfil_grant(name, key=key),
            "revoke": lambda: loyalty.revoke_grant(name, key=key),
            "revoke dry": lambda: loyalty.revoke_grant(name, points_back=False, key=key),
        }
        if self.tell(calls[command]) and command == "revoke dry":
            self.kept.add(name)

    def order(self, number: int, status: str) -> None:
        mine = order(f"{number}", "100.00", email="m0@example.org", status=status)
        self.loyalty.record(mine | {"version": self.keys})
        self.key()

    def refund(self, number: int, part: int, *, voided: bool) -> None:
        more = {"voided_at": START.isoformat()} if voided else {}
        self.loyalty.record(refund(f"{number}-{part}", f"{number}", amount=f"{part}.00", **more))

    def later(self, hours: int) -> None:
        self.clock.set(self.clock() + timedelta(hours=hours))

    # -- what must hold ---------------------------------------------------------------------------

    def redemptions(self) -> list[RedemptionReceipt]:
        every = (self.loyalty.redemptions(member, first=100) for member in self.members)
        return [one for some in every for one in some]

    def grants(self) -> list[GrantReceipt]:
        every = (self.loyalty.grants(member, first=100) for member in self.members)
        return [one for some in every for one in some]

    def check(self) -> None:
        assert self.loyalty.verify().problems == ()
        redemptions = self.redemptions()
        paid = [one for one in redemptions if one.state in ("captured", "cancelled")]
        assert len(paid) == len(self.grants())
        for one in paid:
            grant = one.grant
            assert grant is not None
            if grant.state == "revoked":
                assert one.returned == (0 if grant.grant_id in self.kept else one.points)
            elif grant.state in LIVE or grant.state == "expired":
                assert one.returned == 0
            else:  # used: its order may give back what its discount lost, but never all
                assert one.returned < one.points
        for member in self.members:
            wallet = self.loyalty.statement(member).wallet("points")
            mine = [one for one in redemptions if one.member_id == member]
            spent = sum(one.points - one.returned for one in mine if one in paid)
            held = sum(one.points for one in mine if one.state == "held")
            assert (wallet.balance, wallet.available) == (FUNDS - spent, FUNDS - spent - held)
        cards = [one for one in redemptions if one.reward == "card"]
        taken = sum(one.state in ("captured", "held") for one in cards)
        assert taken <= STOCK


numbers = st.integers(0, 2)
places = st.integers(0, 9)
rewards = st.sampled_from(["card", "trip"])
steps = st.one_of(
    st.tuples(
        st.just("buy"), st.integers(0, 1), rewards, st.one_of(st.none(), numbers), st.booleans()
    ),
    st.tuples(st.just("settle"), places, st.booleans()),
    st.tuples(st.just("change"), places, st.sampled_from(COMMANDS)),
    st.tuples(st.just("order"), numbers, st.sampled_from(["paid", "paid", "cancelled"])),
    st.tuples(st.just("refund"), numbers, st.sampled_from([40, 60, 100]), st.booleans()),
    st.tuples(st.just("later"), st.sampled_from([1, 30, 80])),
    st.tuples(st.just("tick")),
)


def do(story: Story, step: tuple[Any, ...]) -> None:
    match step:
        case ("buy", member, reward, number, hold):
            story.buy(member, reward, number, hold=hold)
        case ("settle", place, capture):
            story.settle(place, capture=capture)
        case ("refund", number, part, voided):
            story.refund(number, part, voided=voided)
        case ("tick",):
            story.loyalty.tick()
        case (name, *given_):
            getattr(story, name)(*given_)


@examples(15, 1500)
@given(told=st.lists(steps, min_size=1, max_size=25))
def test_points_or_grant_and_never_both(engine: Engine, told: list[tuple[Any, ...]]) -> None:
    story = Story(engine)
    for step in told:
        do(story, step)
        story.check()
