"""What every connector that acts must stand: whatever becomes of the answers, it is done once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from unittest import mock

from loyalty_core.domain.grants import GrantReceipt
from loyalty_core.loyalty import Loyalty
from loyalty_core.plugins.asking import ShopHttp
from loyalty_core.testing.clock import FrozenClock
from loyalty_core.testing.conformance import SentWebhook, deliver
from loyalty_core.testing.double import Asked, Fault, PlatformDouble

PATIENCE = 1
"""Seconds after which a connector gives a slow shop up here."""
LATE = 20 * PATIENCE
"""Seconds that a slow shop takes at most: until all that can be tried again was."""
ROUNDS = 6
FINE = Fault(kind="delay", seconds=0)


def _is_no_get(asked: Asked) -> bool:
    return asked.method != "GET"


def _nothing(_: str) -> Sequence[SentWebhook]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingShop:
    """A program whose connector acts on a double, and the id of a member it is tried with.

    ``stands`` is what has come of it in the double: for ``check_actions`` the codes that can be
    used there, for ``check_shown`` what the member is shown, without ids. ``writes`` tells requests
    that change something from questions. ``theirs`` is called with each request before it is
    answered: it puts a code of the shop's own there, the one that is asked about. ``echoes`` are
    the webhooks that the shop sends about what it was written, with a word in them that makes each
    a delivery of its own.
    """

    loyalty: Loyalty
    double: PlatformDouble
    clock: FrozenClock
    connector: str
    member: str
    stands: Callable[[], Collection[str]]
    writes: Callable[[Asked], bool] = _is_no_get
    theirs: Callable[[Asked], None] | None = None
    echoes: Callable[[str], Sequence[SentWebhook]] = _nothing


OpeningShop = Callable[[], AbstractContextManager[ActingShop]]
"""Opens a program with a shop, both new, in which nothing was done yet."""


def check_actions(opening: OpeningShop, reward: str) -> None:
    """Asserts that the code of a reward is made once, and is told from a code of the shop's own.

    Each request in turn is dropped, cut after it was done, answered by half, or answered after the
    connector has given up; and each write in turn is done after it was tried again. The member can
    afford the reward once.
    """
    with opening() as shop:
        redeem(shop, reward)
        _until_done(shop)
        asked = list(shop.double.asked)
        _made_once(shop, "as it should be")
    for place, one in enumerate(asked):
        for how in _ways(shop.writes(one)):
            with _impatient(), opening() as shop:
                redeem(shop, reward)
                shop.double.faults.extend([FINE] * place + [how])
                _until_done(shop)
                _made_once(shop, f"request {place} ({one.method} {one.path}): {how.kind}")
    with opening() as shop:
        if shop.theirs is not None:
            _theirs(shop, reward, shop.theirs)


def check_shown(opening: OpeningShop) -> None:
    """Asserts that what a member has is shown once, however it is lost, and echoes change nothing.

    The program is one that shows members what they have, and has not yet.
    """
    with opening() as shop:
        _until_done(shop)
        asked, plain = list(shop.double.asked), sorted(shop.stands())
        assert plain, "nothing is shown to the member"
        _echoed(shop)
        assert sorted(shop.stands()) == plain, f"echoes: {shop.stands()}, and not {plain}"
    for place, one in enumerate(asked):
        for how in _ways(shop.writes(one)):
            with _impatient(), opening() as shop:
                shop.double.faults.extend([FINE] * place + [how])
                _until_done(shop)
                said = f"request {place} ({one.method} {one.path}): {how.kind}"
                _settled(shop, said)
                assert sorted(shop.stands()) == plain, f"{said}: {shop.stands()}, and not {plain}"


# -- how it is tried ------------------------------------------------------------------------------


def _ways(writes: bool) -> Iterator[Fault]:
    """What may become of a request: it is lost before or after, or the answer is."""
    for kind in ("drop", "forget", "truncate"):
        yield Fault(kind=kind)
    if writes:
        yield Fault(kind="late", seconds=LATE)
        yield Fault(kind="delay", seconds=LATE)


@contextmanager
def _impatient() -> Iterator[None]:
    """Everybody who asks gives up soon, whatever the settings say."""
    made = ShopHttp.__init__

    def hasty(self: ShopHttp, *, seconds: int = PATIENCE) -> None:
        made(self, seconds=min(seconds, PATIENCE))

    with mock.patch.object(ShopHttp, "__init__", hasty):
        yield


def redeem(shop: ActingShop, reward: str) -> None:
    """Redeems the reward for the member; nothing was asked of the double since."""
    if shop.loyalty.connector_status(shop.connector).pending:  # a busy machine was too slow for us
        shop.clock.advance(hours=1)
        shop.loyalty.work_inbox()
    shop.loyalty.redeem(shop.member, reward=reward, key="check")
    shop.double.asked.clear()


def _until_done(shop: ActingShop) -> None:
    """Tries some times, until nothing is left to do, also not in the shop."""
    for _ in range(ROUNDS):
        shop.loyalty.tick()
        status = shop.loyalty.connector_status(shop.connector)
        if not status.actions_pending:
            break
        shop.clock.advance(hours=1)
    shop.double.settle()


# -- what has to come of it -----------------------------------------------------------------------


def _grant(shop: ActingShop) -> GrantReceipt:
    return shop.loyalty.grants(shop.member)[0]


def _settled(shop: ActingShop, said: str) -> None:
    status = shop.loyalty.connector_status(shop.connector)
    assert not shop.double.faults, f"{said}: that request was not made"
    found = (status.actions_dead, status.actions_pending)
    assert found == (0, 0), f"{said}: {status.failed_actions}"
    assert shop.loyalty.verify().problems == (), said


def _made_once(shop: ActingShop, said: str) -> None:
    has, there = _grant(shop), list(shop.stands())
    _settled(shop, said)
    assert has.state == "issued", f"{said}: the reward is {has.state}"
    assert has.code, f"{said}: the member has no code"
    same = [one.lower() for one in there] == [has.code.lower()]
    assert same, f"{said}: the member has {has.code!r}, and in the shop there are {there}"


def _theirs(shop: ActingShop, reward: str, theirs: Callable[[Asked], None]) -> None:
    """A code of the shop's own is left alone, and the member has the points back."""
    before = shop.loyalty.statement(shop.member).wallets
    redeem(shop, reward)
    shop.double.during = theirs
    for _ in range(2):  # it is made, in vain, and dropped, in vain
        _until_done(shop)
    has, after = _grant(shop), shop.loyalty.statement(shop.member).wallets
    assert has.state == "revoked", f"the shop has such a code of its own: it is {has.state}"
    assert [one.balance for one in after] == [one.balance for one in before]
    assert len(shop.stands()) == 1, "the shop's own code is of no use any more"
    wrote = [one.path for one in shop.double.asked if shop.writes(one)]
    assert wrote == [], f"the shop has such a code of its own, and we wrote {wrote}"


def _echoed(shop: ActingShop) -> None:
    """What the shop tells of our writes is taken in, and leads to none."""
    for number in range(3):
        shop.double.asked.clear()
        deliver(shop.loyalty, shop.connector, shop.echoes(f"echo {number}"))
        _until_done(shop)
        wrote = [one.path for one in shop.double.asked if shop.writes(one)]
        # the first may tell a name that was not known before
        assert number == 0 or not wrote, f"the shop told what we wrote, and we wrote {wrote}"
    _settled(shop, "echoes")
    assert shop.loyalty.connector_status(shop.connector).dead == 0
