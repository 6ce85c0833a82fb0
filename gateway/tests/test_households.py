"""Households through GraphQL: members do what is theirs to do, operators the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.tests.shop import Clock, Front, open_shop, order, signed
from gateway.tests.test_batches import counted

HOUSEHOLD = {"wallets": {"points": {}}, "share": 50, "least_share": 0, "most_share": 100}
RESULT = "{ __typename ... on HouseholdPlace { householdId memberId role state share } \
... on UserError { code } }"
CREATE = f'mutation {{ createHousehold(idempotencyKey: "c") {RESULT} }}'
INVITE = f"""mutation I($to: String!, $key: String = "i") {{
  inviteToHousehold(identity: {{kind: EMAIL, value: $to}}, idempotencyKey: $key) {RESULT} }}"""
ANSWER = f"""mutation A($id: ID!) {{
  %s(householdId: $id, idempotencyKey: "a") {RESULT} }}"""
ON_OTHER = f"""mutation O($id: ID!, $key: String = "o") {{
  %s(memberId: $id, idempotencyKey: $key) {RESULT} }}"""
HOME = """{ household { id dissolved wallets { name available }
  members { id name role state share contributed { wallet points } spent { points } }
  history { edges { node { kind points } } } } }"""
OPEN = "{ householdInvitations { householdId share invitedBy } }"


@pytest.fixture
def front(clock: Clock) -> Iterator[Front]:
    with open_shop("sqlite://", clock, household=HOUSEHOLD) as loyalty:
        yield Front(loyalty)


@pytest.fixture
def ada(front: Front) -> str:
    return enrolled(front, "ada")


@pytest.fixture
def bob(front: Front) -> str:
    return enrolled(front, "bob")


def enrolled(front: Front, name: str) -> str:
    """A member with this name; the page of a household shows it to the others."""
    enrol = """mutation E($email: String!, $name: String!) { enrol(idempotencyKey: $email,
      identities: [{kind: EMAIL, value: $email}], profile: {name: $name}) {
      ... on Member { id } } }"""
    made = front.admin_data(enrol, email=f"{name}@example.org", name=name.title())
    return str(made["enrol"]["id"])


def shared(front: Front, ada: str, bob: str) -> str:
    """The household of the two, to which each gave half of an order; its id."""
    front.data(CREATE, signed(ada))
    home = front.data(INVITE, signed(ada), to="bob@example.org")["inviteToHousehold"]
    front.data(ANSWER % "joinHousehold", signed(bob), id=home["householdId"])
    for number, who, amount in (("1", "ada", "100.00"), ("2", "bob", "40.00")):
        now = "2026-11-21T10:00:00Z"
        front.loyalty.record(order(number, f"{who}@example.org", amount, occurred_at=now))
    return str(home["householdId"])


def test_a_household_is_made_joined_and_shown(front: Front, ada: str, bob: str) -> None:
    assert front.data(HOME, signed(ada))["household"] is None
    made = front.data(CREATE, signed(ada))["createHousehold"]
    assert (made["role"], made["share"]) == ("HEAD", "50")
    assert front.data(CREATE, signed(ada))["createHousehold"] == made
    home = made["householdId"]
    front.data(INVITE, signed(ada), to="bob@example.org")
    invited = [{"householdId": home, "share": "50", "invitedBy": "Ada"}]
    assert front.data(OPEN, signed(bob))["householdInvitations"] == invited
    assert front.data(OPEN, signed(ada))["householdInvitations"] == []
    joined = front.data(ANSWER % "joinHousehold", signed(bob), id=home)["joinHousehold"]
    assert (joined["memberId"], joined["state"]) == (bob, "ACTIVE")
    assert front.data(OPEN, signed(bob))["householdInvitations"] == []
    receipts = """mutation R { recordFacts(facts: [{order: {source: "web", id: "1",
      currency: "EUR", occurredAt: "2026-11-21T10:00:00Z", lines: [{id: "1", amount: 100}],
      identities: [{kind: EMAIL, value: "ada@example.org"}]}}]) {
      receipts { changes { points } shared { wallet points } } } }"""
    (receipt,) = front.admin_data(receipts)["recordFacts"]["receipts"]
    expected = {"changes": [{"points": "50"}], "shared": [{"wallet": "points", "points": "50"}]}
    assert receipt == expected
    shown = front.data(HOME, signed(bob))["household"]
    assert shown["wallets"] == [{"name": "points", "available": "50"}]
    assert [(one["id"], one["name"], one["role"]) for one in shown["members"]] == [
        (ada, "Ada", "HEAD"),
        (bob, "Bob", "MEMBER"),
    ]
    assert shown["members"][0]["contributed"] == [{"wallet": "points", "points": "50"}]
    assert shown["history"]["edges"] == [{"node": {"kind": "ACCRUAL", "points": "50"}}]


def test_a_household_is_spent_by_its_members(front: Front, ada: str, bob: str) -> None:
    home = shared(front, ada, bob)
    redeem = """mutation R($own: Boolean!, $key: String!) {
      redeem(points: "60", fromHousehold: $own, idempotencyKey: $key) {
        __typename ... on Redemption { points householdId member { id } }
        ... on UserError { code } } }"""
    assert front.data(redeem, signed(bob), own=False, key="r1")["redeem"]["code"] == (
        "insufficient_points"
    )
    spent = front.data(redeem, signed(bob), own=True, key="r2")["redeem"]
    expected = {"points": "60", "householdId": home, "member": {"id": bob}}
    assert spent == {"__typename": "Redemption", **expected}
    assert front.loyalty.household(home).wallet("points").available == 10
    cleo = enrolled(front, "cleo")
    refused = front.ask(redeem, signed(cleo), own=True, key="c")
    assert refused["errors"][0]["extensions"]["code"] == "household_refused"


def test_held_points_of_a_household_are_the_spenders(front: Front, ada: str, bob: str) -> None:
    shared(front, ada, bob)
    hold = """mutation { hold(points: "60", fromHousehold: true, idempotencyKey: "h") {
      ... on Redemption { id } } }"""
    held = front.data(hold, signed(bob))["hold"]["id"]
    capture = "mutation C($id: ID!) { capture(redemptionId: $id) { __typename } }"
    other = front.data(capture, signed(ada), id=held)["capture"]
    assert other == {"__typename": "RedemptionNotFound"}
    assert front.data(capture, signed(bob), id=held)["capture"] == {"__typename": "Redemption"}


def test_a_household_that_ended_is_still_whose_points_they_were(
    front: Front, ada: str, bob: str
) -> None:
    home = shared(front, ada, bob)
    spent = front.loyalty.redeem(home, points=60, spender=bob, key="r")
    front.loyalty.leave_household(ada, key="a")
    front.loyalty.leave_household(bob, key="b")
    asked = f'{{ redemption(id: "{spent.redemption_id}") {{ householdId member {{ id }} }} }}'
    shown = front.admin_data(asked)["redemption"]
    assert shown == {"householdId": home, "member": {"id": bob}}


def test_only_the_head_invites_removes_and_withdraws(front: Front, ada: str, bob: str) -> None:
    home = shared(front, ada, bob)
    cleo = enrolled(front, "cleo")

    def code(query: str, who: str, **variables: Any) -> str:
        (made,) = front.data(query, signed(who), **variables).values()
        return str(made.get("code") or made["state"])

    assert code(INVITE, bob, to="cleo@example.org") == "household_refused"
    assert code(INVITE, ada, to="cleo@example.org", key="j") == "INVITED"
    withdraw = ON_OTHER % "withdrawHouseholdInvitation"
    assert code(withdraw, bob, id=cleo) == "household_refused"
    assert code(withdraw, cleo, id=cleo) == "household_refused"  # in none: there is declining
    assert code(withdraw, ada, id=cleo) == "DECLINED"
    assert code(INVITE, ada, to="cleo@example.org", key="l") == "INVITED"
    assert code(ANSWER % "declineHousehold", cleo, id=home) == "DECLINED"
    remove = ON_OTHER % "removeFromHousehold"
    assert code(remove, bob, id=ada) == "household_refused"
    assert code(ON_OTHER % "changeHouseholdHead", ada, id=bob, key="head") == "ACTIVE"
    assert code(remove, ada, id=bob, key="o2") == "household_refused"
    assert code(remove, bob, id=ada) == "LEFT"
    share = f"""mutation {{ changeHouseholdShare(share: "12.5", idempotencyKey: "s") {RESULT} }}"""
    assert front.data(share, signed(bob))["changeHouseholdShare"]["share"] == "12.5"
    leave = f"""mutation {{ leaveHousehold(idempotencyKey: "l") {RESULT} }}"""
    assert code(leave, bob) == "LEFT"
    gone = f'{{ household(id: "{home}") {{ dissolved members {{ member {{ id }} state }} }} }}'
    shown = front.admin_data(gone)["household"]
    assert shown["dissolved"] is True
    assert {one["state"] for one in shown["members"]} == {"LEFT", "DECLINED"}
    assert front.loyalty.verify().problems == ()


def test_who_is_a_member_is_not_told_to_those_without_a_household(front: Front, ada: str) -> None:
    enrolled(front, "bob")
    for email in ("bob@example.org", "nobody@example.org"):
        made = front.data(INVITE, signed(ada), to=email)["inviteToHousehold"]
        assert made == {"__typename": "HouseholdRefused", "code": "household_refused"}


def test_the_storefront_shows_nothing_of_the_others_own(front: Front, ada: str, bob: str) -> None:
    shared(front, ada, bob)
    query = "{ household { members { member { id } } } }"
    answer = front.ask(query, signed(ada))
    assert "Cannot query field 'member'" in answer["errors"][0]["message"]


def test_operators_act_for_members(front: Front, ada: str, bob: str) -> None:
    create = f"""mutation C($id: ID!) {{
      createHousehold(head: $id, share: "30", idempotencyKey: "c") {RESULT} }}"""
    made = front.admin_data(create, id=ada)["createHousehold"]
    assert (made["role"], made["share"]) == ("HEAD", "30")
    home = made["householdId"]
    invite = f"""mutation I($home: ID!, $id: ID!, $by: ID!) {{ inviteToHousehold(
      householdId: $home, memberId: $id, by: $by, idempotencyKey: "i") {RESULT} }}"""
    wrong = front.admin_data(invite, home=home, id=bob, by=bob)["inviteToHousehold"]
    assert wrong["code"] == "household_refused"
    front.admin_data(invite, home=home, id=bob, by=ada)
    invitations = "query V($id: ID!) { householdInvitations(memberId: $id) { householdId } }"
    waiting = front.admin_data(invitations, id=bob)["householdInvitations"]
    assert waiting == [{"householdId": home}]
    join = f"""mutation J($home: ID!, $id: ID!) {{
      joinHousehold(householdId: $home, memberId: $id, idempotencyKey: "j") {RESULT} }}"""
    assert front.admin_data(join, home=home, id=bob)["joinHousehold"]["state"] == "ACTIVE"
    unknown = front.admin_data(join, home=ada, id=bob)["joinHousehold"]
    assert unknown["code"] in ("household_not_found", "idempotency_conflict")
    assert front.admin_data('{ household(id: "x") { id } }')["household"] is None


def test_households_are_loaded_together(sqlite_url: str) -> None:
    with open_shop(sqlite_url, household=HOUSEHOLD) as loyalty:
        front, homes = Front(loyalty), []
        for number in range(8):
            head = enrolled(front, f"m{number}")
            homes.append(loyalty.create_household(head, key=f"c{number}").household_id)

        def statements(count: int) -> int:
            part = "{ wallets { available } members { name } }"
            fields = (f'h{n}: household(id: "{homes[n]}") {part}' for n in range(count))
            with counted() as seen:
                front.admin_data(f"{{ {' '.join(fields)} }}")
            return len(seen)

        assert 0 < statements(8) == statements(2)
