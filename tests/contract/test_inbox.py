"""Webhooks: kept once, answered at once, translated afterwards, and what cannot be taken in."""

from __future__ import annotations

import logging
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from loyalty_core import (
    ConnectorUnknown,
    FactError,
    InboxReport,
    Loyalty,
    MessageState,
    Profile,
    SignatureInvalid,
)
from tests.contract.conftest import Shop
from tests.stall import Stall, away, sent, signed
from tests.toy import activity, order, points, refund


@pytest.fixture
def stall() -> Stall:
    return Stall()


@pytest.fixture
def loyalty(shop: Shop, stall: Stall) -> Loyalty:
    return shop.open(toys=(shop.toy, stall), plugins={"toy": {}, "stall": {}})


def receive(loyalty: Loyalty, webhook: dict[str, Any]) -> Any:
    return loyalty.receive("stall.main", **webhook)


def ada(loyalty: Loyalty) -> str:
    found = loyalty.find({"email": "ada@example.org"})
    assert found is not None
    return found.id


def test_a_webhook_is_kept_at_once_and_booked_afterwards(loyalty: Loyalty) -> None:
    receipt = receive(loyalty, sent(order("1", amount="60.00")))
    assert (receipt.topic, receipt.duplicate) == ("order", False)
    assert receipt.message_id is not None
    assert loyalty.report().orders == 0
    assert loyalty.work_inbox() == InboxReport(done=1, inputs=1)
    assert points(loyalty, ada(loyalty))[0] == 60
    assert loyalty.work_inbox() == InboxReport()


def test_what_comes_twice_is_kept_once(loyalty: Loyalty) -> None:
    first = receive(loyalty, sent(order("1", amount="60.00")))
    again = receive(loyalty, sent(order("1", amount="60.00")))
    assert (again.message_id, again.duplicate) == (first.message_id, True)
    other = receive(loyalty, sent(order("1", amount="60.00"), key="another delivery"))
    assert not other.duplicate
    assert loyalty.work_inbox() == InboxReport(done=2, inputs=2)
    assert points(loyalty, ada(loyalty))[0] == 60


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ((), "the header Stall-Signature is missing"),
        ((("stall-signature", ""),), "the header Stall-Signature is missing"),
        ((("stall-signature", "00"),), "the signature is another one"),
        ((("stall-signature", "00"), ("Stall-Signature", "00")), "the header Stall-Signature came"),
        ((("stall-signature", "\xe9" * 64),), "the header Stall-Signature is not ASCII"),
    ],
)
def test_a_bad_signature_leaves_nothing(
    loyalty: Loyalty, headers: tuple[tuple[str, str], ...], says: str
) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        loyalty.receive("stall.main", body=b"{}", headers=(*headers, ("Stall-Topic", "order")))
    assert refused.value.message.startswith(says)
    assert loyalty.work_inbox() == InboxReport()


def test_nobody_else_receives(loyalty: Loyalty) -> None:
    with pytest.raises(ConnectorUnknown) as refused:
        loyalty.receive("stall.other", **signed(b"{}"))
    assert "stall.main" in refused.value.remedy


def test_what_says_nothing_is_ignored_and_a_ping_not_kept(loyalty: Loyalty) -> None:
    assert receive(loyalty, sent({}, "ping")).message_id is None
    receive(loyalty, sent({"x": 1}, "weather"))
    assert loyalty.work_inbox() == InboxReport(ignored=1)


def test_what_cannot_be_read_holds_up_no_other(loyalty: Loyalty) -> None:
    receive(loyalty, signed(b'{"type": "order", '))
    receive(loyalty, sent({"type": "order", "id": "2"}))
    receive(loyalty, sent(activity("a", "share")))
    receive(loyalty, sent(activity("a", "review")))
    receive(loyalty, sent(order("1", amount="60.00")))
    assert loyalty.work_inbox() == InboxReport(done=2, dead=3, inputs=2)
    assert points(loyalty, ada(loyalty))[0] == 60


def test_a_shop_that_is_away_delays_and_never_loses(
    shop: Shop, loyalty: Loyalty, stall: Stall
) -> None:
    receive(loyalty, sent(order("1", amount="60.00")))
    for _ in range(20):
        stall.fails.append(away())
        assert loyalty.work_inbox() == InboxReport(put_off=1)
        assert loyalty.work_inbox() == InboxReport()
        shop.clock.advance(hours=1)
    stall.fails.append(away(after=7200))
    assert loyalty.work_inbox() == InboxReport(put_off=1)
    shop.clock.advance(minutes=119)
    assert loyalty.work_inbox() == InboxReport()
    shop.clock.advance(minutes=1)
    assert loyalty.work_inbox() == InboxReport(done=1, inputs=1)


class Far(Stall):
    """Another stall."""

    manifest = replace(Stall.manifest, id="far")


def test_a_shop_that_is_away_is_asked_once_a_round_and_holds_up_no_other(shop: Shop) -> None:
    near, far = Stall(), Far(id="far.main")
    plugins = {"toy": {}, "stall": {}, "far": {}}
    loyalty = shop.open(toys=(shop.toy, near, far), plugins=plugins)
    for number in range(20):
        loyalty.receive("far.main", **sent(order(f"far {number}", amount="1.00")))
    receive(loyalty, sent(order("near", amount="60.00")))
    far.fails += [away()] * 20
    assert loyalty.work_inbox() == InboxReport(done=1, inputs=1, put_off=20)
    assert len(far.fails) == 19  # it was asked once
    far.fails.clear()
    shop.clock.advance(seconds=10)
    assert loyalty.work_inbox() == InboxReport(done=20, inputs=20)


class Death(BaseException):
    """What nobody catches."""


def test_what_a_process_took_when_it_died_is_taken_again(
    shop: Shop, loyalty: Loyalty, stall: Stall
) -> None:
    receive(loyalty, sent(order("1", amount="60.00")))
    stall.fails.append(Death())  # type: ignore[arg-type]
    with pytest.raises(Death):
        loyalty.work_inbox()
    assert loyalty.work_inbox() == InboxReport()
    shop.clock.advance(minutes=3)
    assert loyalty.work_inbox() == InboxReport(done=1, inputs=1)


def test_a_defect_is_tried_again_and_dead_in_the_end(
    shop: Shop, loyalty: Loyalty, stall: Stall, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    receive(loyalty, sent(order("1", amount="60.00")))
    for _ in range(11):
        stall.fails.append(ValueError("a defect"))
        assert loyalty.work_inbox() == InboxReport(put_off=1)
        shop.clock.advance(hours=1)
    stall.fails.append(ValueError("a defect"))
    assert loyalty.work_inbox() == InboxReport(dead=1)
    shop.clock.advance(days=1)
    assert loyalty.work_inbox() == InboxReport()


def test_customers_are_known_by_what_the_shop_says(loyalty: Loyalty) -> None:
    receive(loyalty, sent({"email": "ada@example.org", "customer_id": "7"}, "customer"))
    receive(
        loyalty, sent({"customer_id": "7", "phone": "+4930901820", "tags": ["vip"]}, "customer")
    )
    receive(loyalty, sent({"customer_id": "7"}, "customer"))
    assert loyalty.work_inbox() == InboxReport(done=3, inputs=3)
    member = loyalty.member(ada(loyalty))
    assert member.profile.tags == ("vip",)
    assert {one.kind.value for one in member.identities} == {"email", "phone", "customer_id"}


def test_a_shop_takes_away_what_it_said_and_nothing_else(loyalty: Loyalty) -> None:
    mail = {"email": "ada@example.org"}
    web = {**mail, "customer_id": "7"}
    till = {**mail, "customer_id": "8", "from": "till"}
    numbers = count()

    def told(*given: dict[str, Any]) -> tuple[str, ...]:
        for one in given:
            receive(loyalty, sent(dict(one), "customer", key=str(next(numbers))))
        loyalty.work_inbox()
        return loyalty.member(ada(loyalty)).profile.tags

    vip, none = {"tags": ["vip"]}, {"tags": list[str]()}
    assert told(web | vip) == ("vip",)
    assert told(web, till | none) == ("vip",)  # nothing is said of tags; the till never said any
    assert told(web | none) == ()
    assert told(web | vip, till | {"tags": ["b2b"]}, web | none) == ("b2b",)
    loyalty.update_member(ada(loyalty), profile=Profile(tags=("staff",)))
    assert told(till | none, web | none) == ("staff",)
    assert told(web | {"tags": ["staff"]}, web | none) == ("staff",)  # the host says it as well
    assert loyalty.verify().problems == ()


def test_customers_do_not_join_where_one_has_to_ask(shop: Shop, stall: Stall) -> None:
    loyalty = shop.open(toys=(shop.toy, stall), plugins={"toy": {}, "stall": {}}, join="opt_in")
    receive(loyalty, sent({"email": "ada@example.org"}, "customer"))
    assert loyalty.work_inbox() == InboxReport(done=1, inputs=1)
    assert loyalty.find({"email": "ada@example.org"}) is None


def test_a_person_forgotten_at_the_shop_does_not_come_back(shop: Shop, loyalty: Loyalty) -> None:
    receive(loyalty, sent(order("1", amount="60.00")))
    loyalty.work_inbox()
    member = ada(loyalty)
    shop.clock.advance(days=1)
    receive(loyalty, sent({"email": "ada@example.org"}, "erase"))
    receive(loyalty, sent({"email": "ada@example.org"}, "erase", key="again"))
    loyalty.work_inbox()
    assert loyalty.member(member).status == "erased"
    receive(loyalty, sent(order("1", amount="70.00", version=2), key="late"))
    receive(loyalty, sent(refund("r")))
    assert loyalty.work_inbox() == InboxReport(done=2, inputs=2)
    assert loyalty.find({"email": "ada@example.org"}) is None
    assert loyalty.verify().problems == ()


ON: dict[str, Any] = {"toy": {}, "stall": {}}


def test_a_guest_forgotten_at_the_shop_is_forgotten_once(shop: Shop, stall: Stall) -> None:
    loyalty = shop.open(toys=(shop.toy, stall), plugins=ON, join="opt_in", join_wait_days=9)
    receive(loyalty, sent(order("1", amount="60.00")))
    receive(loyalty, sent({"email": "ada@example.org"}, "erase"))
    assert loyalty.work_inbox() == InboxReport(done=2, inputs=2)
    shop.clock.advance(days=1)
    receive(loyalty, sent(order("2", amount="5.00", at=shop.clock()), key="new"))
    loyalty.work_inbox()
    receive(loyalty, sent({"email": "ada@example.org"}, "erase", key="again"))
    receive(loyalty, sent(order("3", amount="9.00"), key="late"))
    loyalty.work_inbox()
    member = loyalty.enrol({"email": "ada@example.org"}).id
    assert points(loyalty, member)[0] == 5
    assert loyalty.verify().problems == ()


def test_guests_of_a_shop_that_is_to_be_forgotten(shop: Shop, stall: Stall) -> None:
    loyalty = shop.open(toys=(shop.toy, stall), plugins=ON, join="opt_in", join_wait_days=9)
    loyalty.record(order("1", amount="60.00"))
    loyalty.record(order("2", amount="5.00", source="till"))
    receive(loyalty, sent({}, "forget"))
    assert loyalty.work_inbox() == InboxReport(done=1, inputs=1)
    member = loyalty.enrol({"email": "ada@example.org"}).id
    assert points(loyalty, member)[0] == 5


def test_who_asks_what_is_known_is_told_of_once(shop: Shop, stall: Stall) -> None:
    shop.toy.subscribed = ("export_asked",)
    loyalty = shop.open(toys=(shop.toy, stall), plugins={"toy": {}, "stall": {}})
    receive(loyalty, sent(order("1", amount="60.00")))
    for key in ("one", "two"):
        receive(loyalty, sent({"email": "ada@example.org"}, "export", key=key))
    loyalty.tick()
    loyalty.tick()
    told = [(one.member_id, dict(one.data)) for one in shop.toy.received]
    assert told == [(ada(loyalty), {"connector": "stall.main", "reference": "7"})]


def test_a_shop_that_is_to_be_forgotten_takes_those_along_whom_only_it_knew(
    loyalty: Loyalty,
) -> None:
    loyalty.record(order("1", amount="60.00"))
    both = {"email": "bob@example.org"}
    loyalty.record(order("2", amount="5.00", identities=both))
    loyalty.record(order("3", amount="5.00", identities=both, source="till"))
    loyalty.record(order("4", amount="5.00", identities={"email": "cy@x.org"}, source="till"))
    member = ada(loyalty)
    for key in ("one", "two"):
        receive(loyalty, sent({}, "forget", key=key))
        assert loyalty.work_inbox() == InboxReport(done=1, inputs=1)
    assert loyalty.member(member).status == "erased"
    for email in ("bob@example.org", "cy@x.org"):
        assert loyalty.find({"email": email}) is not None
    assert loyalty.verify().problems == ()


def test_a_shop_that_does_not_want_us_is_left_alone(loyalty: Loyalty) -> None:
    receive(loyalty, sent({"why": "the app was removed"}, "gone"))
    loyalty.work_inbox()
    status = loyalty.connector_status("stall")
    assert (status.disabled_at is not None, status.disabled_for) == (True, "the app was removed")
    loyalty.enable_connector("stall")
    assert loyalty.connector_status("stall").disabled_at is None


def test_the_inbox_is_listed_a_page_at_a_time_without_bodies(loyalty: Loyalty) -> None:
    for number in range(3):
        loyalty.receive("stall.main", **sent(order(str(number)), key=f"k{number}"))
    loyalty.receive("stall.main", **sent({"type": "order", "id": "bad"}, key="bad"))
    loyalty.work_inbox()
    loyalty.receive("stall.main", **sent(order("4"), key="k4"))
    every = loyalty.connector_inbox("stall")
    assert [one.state for one in every] == ["pending", "dead", "done", "done", "done"]
    assert [one.topic for one in every] == ["order"] * 5
    assert (every[1].code, every[1].attempts, every[2].inputs) == ("currency_unknown", 1, 1)
    first = loyalty.connector_inbox("stall", first=2)
    rest = loyalty.connector_inbox("stall", first=3, after=first[-1].id)
    assert (*first, *rest) == every
    assert loyalty.connector_inbox("stall", state=MessageState.DEAD) == every[1:2]
    assert loyalty.connector_inbox("stall", after=every[-1].id) == ()
    for wrong in ({"first": 0}, {"first": 1001}, {"after": "nothing"}):
        with pytest.raises(FactError):
            loyalty.connector_inbox("stall", **wrong)  # type: ignore[arg-type]


def test_what_is_let_go_needs_no_look_and_is_not_tried_again(loyalty: Loyalty) -> None:
    loyalty.receive("stall.main", **sent({"type": "order", "id": "bad"}))
    loyalty.receive("stall.main", **sent(order("1")))
    loyalty.work_inbox()
    done, dead = loyalty.connector_inbox("stall")
    for wrong in ("nothing", "x" * 36, dead.id.upper(), ""):
        assert loyalty.skip("stall", ids=[wrong]) == 0
        assert loyalty.replay("stall", ids=[wrong, f"grant:{wrong}"]) == 0
    assert loyalty.skip("stall", ids=[]) == loyalty.replay("stall", ids=[]) == 0
    assert loyalty.skip("stall", ids=[done.id, dead.id]) == 1
    status = loyalty.connector_status("stall")
    assert (status.dead, status.ignored, status.done, status.failed_messages) == (0, 1, 1, ())
    assert loyalty.replay("stall") == 0
    assert loyalty.work_inbox().inputs == 0
    assert loyalty.connector_inbox("stall")[1].error == dead.error
    with pytest.raises(ConnectorUnknown):
        loyalty.skip("nobody", ids=[dead.id])
