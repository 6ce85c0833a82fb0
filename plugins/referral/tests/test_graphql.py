"""What front-ends see and do: links, claims, groups; nobody else's data."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.tests.shop import Front, signed
from loyalty_gateway.testing import check_extension, check_schema_files
from loyalty_referral import link_of, plugin
from plugins.referral.tests.build import FRIEND, REFERRER, Opened, order

LINK = "link { code url }"
SEEN = f"""referral {{ {LINK} accepted invitedBy {{ state reason why }}
    friends {{ state reason why dueAt }} milestones {{ milestone have needs times }}
    groups {{ group deal state have needs most closesAt }} places {{ group state reason }} }}"""
CLAIM = """mutation($code: String, $device: String) { referralClaim(
    idempotencyKey: "k", code: $code, device: $device
) { invitedBy { state reason why } } }"""


def front_of(opened: Opened, **settings: Any) -> tuple[Front, dict[str, str]]:
    shop = opened(**settings)
    names = ("ada", "bob", "cal")
    members = {name: shop.loyalty.enrol({"email": f"{name}@example.org"}).id for name in names}
    return Front(shop.loyalty), {name: signed(member) for name, member in members.items()}


def drawn(front: Front, token: str, code: str = "") -> Any:
    """A link by the page; the shop has given the code, if there is one."""
    ada = front.loyalty.find({"email": "ada@example.org"})
    assert ada is not None
    if code:
        link_of(front.loyalty, ada.id, code)
    return front.data("mutation { referralDrawLink { code url } }", token)["referralDrawLink"]


def test_a_member_shares_a_link_and_a_friend_comes_by_it(opened: Opened) -> None:
    rules = [FRIEND, {**REFERRER, "after_days": 14}]
    two = {"rule": "two", "needs": 2, "points": 1}
    front, tokens = front_of(opened, reward=rules, milestone=[two], link="https://s.example/{code}")
    assert front.data(f"{{ me {{ referral {{ {LINK} }} }} }}", tokens["ada"]) == {
        "me": {"referral": {"link": None}}
    }
    made = {"code": "ADA-10", "url": "https://s.example/ADA-10"}
    assert drawn(front, tokens["ada"], "ada-10") == made
    for _ in range(2):
        claimed = front.data(CLAIM, tokens["bob"], code="ada-10")["referralClaim"]["invitedBy"]
        assert claimed == {"state": "accepted", "reason": "", "why": ""}
    bought = {**order("1", "bob"), "occurred_at": "2026-12-01T12:00:00Z"}
    assert front.loyalty.record(bought).error is None
    seen = front.data(f"{{ me {{ {SEEN} }} }}", tokens["ada"])["me"]["referral"]
    due = "2026-12-15T12:00:00Z"
    friend = {"state": "bought", "reason": "", "why": "", "dueAt": due}
    assert seen == {
        "link": made,
        "accepted": 1,
        "invitedBy": None,
        "friends": [friend],
        "milestones": [{"milestone": "two", "have": 1, "needs": 2, "times": 0}],
        "groups": [],
        "places": [],
    }
    assert "bob" not in str(seen)


def test_a_friend_is_told_why_they_were_refused(opened: Opened) -> None:
    front, tokens = front_of(opened)
    drawn(front, tokens["ada"], "ADA-10")
    claimed = front.data(CLAIM, tokens["ada"], code="ADA-10")["referralClaim"]["invitedBy"]
    why = "Nobody can invite themselves."
    assert claimed == {"state": "refused", "reason": "self", "why": why}
    assert "errors" in front.ask(CLAIM, code="ADA-10")


def test_a_code_is_drawn_once(opened: Opened) -> None:
    front, tokens = front_of(opened)
    made = drawn(front, tokens["ada"])
    assert (len(made["code"]), made["url"]) == (8, None)
    assert drawn(front, tokens["ada"]) == made


def test_groups(opened: Opened) -> None:
    shop = opened()
    front, tokens = front_of(lambda **settings: shop)
    drawn(front, tokens["ada"], "ADA-10")
    opens = """mutation { referralOpenGroup(idempotencyKey: "o", deal: "tent", group: "g") {
        groups { group state have needs most closesAt } } }"""
    (group,) = front.data(opens, tokens["ada"])["referralOpenGroup"]["groups"]
    assert group == {
        "group": "g",
        "state": "open",
        "have": 1,
        "needs": 2,
        "most": 3,
        "closesAt": "2026-12-02T12:00:00Z",
    }
    joins = """mutation { referralJoinGroup(idempotencyKey: "j", code: "ADA-10", group: "g") {
        places { group state reason } } }"""
    for name in ("bob", "cal"):
        made = front.data(joins, tokens[name])["referralJoinGroup"]["places"]
    assert made == [{"group": "ADA-10/g", "state": "won", "reason": ""}]
    leaves = """mutation { referralLeaveGroup(idempotencyKey: "l", code: "ADA-10", group: "g") {
        places { state } } }"""
    shop.clock.set(shop.clock() + timedelta(hours=1))
    left = front.data(leaves, tokens["cal"])["referralLeaveGroup"]
    assert left == {"places": [{"state": "won"}]}
    admin = "query($id: ID!) { member(id: $id) { referral { groups { state have } } } }"
    ada = front.loyalty.find({"email": "ada@example.org"})
    assert ada is not None
    seen = front.admin_data(admin, id=ada.id)["member"]["referral"]["groups"]
    assert seen == [{"state": "won", "have": 3}]


def test_what_is_added_fits_the_gateway_and_is_committed() -> None:
    check_extension(plugin)
    check_schema_files(plugin, Path(__file__).parents[1] / "graphql")
