"""What operators alone do: people, many balances, codes, partners, costs and the seal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest

from gateway.tests.shop import CONFIG, Clock, Front, ShopPlugin, open_shop, order, signed
from loyalty_core import Json, Loyalty, check_proof
from loyalty_core.storage.engine import open_engine
from loyalty_gateway import operations
from loyalty_gateway.compose import composed
from loyalty_gateway.contributions import Audience

ERROR = "... on UserError { code }"
OPERATORS_ALONE = {
    *("merge", "unmerge", "claimOrder", "erase", "eraseGuest", "updateMember"),
    *("adjustMany", "reinstate", "importCodes", "link", "settle"),
}


def test_members_do_none_of_this() -> None:
    storefront = composed(Audience.STOREFRONT).graphql_schema
    assert storefront.mutation_type
    assert storefront.query_type
    assert not OPERATORS_ALONE & set(storefront.mutation_type.fields)
    asked = {"export", "costs", "sealHead", "proof", "verify", "settlements", "report"}
    assert not asked & set(storefront.query_type.fields)


def test_two_members_are_made_one_and_two_again(front: Front, ada: str, bob: str) -> None:
    merge = f"""mutation M($into: ID!, $other: ID!, $key: String = "m") {{
      merge(into: $into, other: $other, reason: "same person", actor: "eve",
        idempotencyKey: $key) {{
        ... on Merge {{ mergedMember points {{ wallet points }} unmergeUntil
          member {{ id wallet(name: "points") {{ balance }} }} }} {ERROR} }} }}"""
    made = front.admin_data(merge, into=ada, other=bob)["merge"]
    assert made.pop("unmergeUntil")
    assert made == {
        "mergedMember": bob,
        "points": [{"wallet": "points", "points": "30"}],
        "member": {"id": ada, "wallet": {"balance": "150"}},
    }
    assert front.admin_data(merge, into=ada, other=ada, key="x")["merge"]["code"] == (
        "merge_refused"
    )
    unmerge = f"""mutation U($id: ID!, $key: String!) {{ unmerge(memberId: $id, actor: "eve",
      idempotencyKey: $key) {{ ... on Merge {{ mergedMember member {{ id }} }} {ERROR} }} }}"""
    apart = front.admin_data(unmerge, id=bob, key="u")["unmerge"]
    assert apart == {"mergedMember": bob, "member": {"id": ada}}
    assert front.admin_data(unmerge, id=bob, key="v")["unmerge"]["code"] == "merge_refused"
    assert front.loyalty.statement(bob).wallet("points").balance == 30


def test_a_guests_order_is_claimed_once(front: Front, ada: str, bob: str) -> None:
    guest = {**order("G1", "x@example.org", "40.00"), "identities": {}}
    assert front.loyalty.record(guest).status == "waiting"
    claim = f"""mutation C($id: ID!, $key: String!, $order: String = "G1") {{
      claimOrder(memberId: $id, source: "web", orderId: $order, idempotencyKey: $key) {{
        __typename ... on Claim {{ changes {{ points }}
          member {{ wallet(name: "points") {{ balance }} }} }} {ERROR} }} }}"""
    made = front.admin_data(claim, id=ada, key="k")["claimOrder"]
    assert made["changes"] == [{"points": "40"}]
    assert made["member"] == {"wallet": {"balance": "160"}}
    assert front.admin_data(claim, id=ada, key="k")["claimOrder"] == made
    taken = front.admin_data(claim, id=bob, key="l")["claimOrder"]
    assert taken == {"__typename": "ClaimRefused", "code": "claim_refused"}
    missing = front.admin_data(claim, id=bob, key="m", order="G9")["claimOrder"]
    assert missing == {"__typename": "OrderNotFound", "code": "order_not_found"}


def test_a_person_is_handed_out_and_forgotten(front: Front, ada: str) -> None:
    export = "query E($id: ID!) { export(memberId: $id) }"
    found = front.admin_data(export, id=ada)["export"]
    assert "ada@example.org" in str(found["data"])
    erase = f"""mutation X($id: ID!, $reason: String!) {{
      erase(memberId: $id, reason: $reason, actor: "eve", idempotencyKey: "x") {{
        ... on Erasure {{ memberId points {{ points }} reason }} {ERROR} }} }}"""
    assert front.admin_data(erase, id=ada, reason="")["erase"]["code"] == "fact_malformed"
    made = front.admin_data(erase, id=ada, reason="asked for it")["erase"]
    gone = {"memberId": ada, "points": [{"points": "120"}], "reason": "asked for it"}
    assert made == gone
    assert front.admin(export, id=ada)["errors"][0]["extensions"]["code"] == "member_erased"
    missing = front.admin_data(erase, id="nobody", reason="r")["erase"]
    assert missing["code"] == "member_not_found"


def test_a_guest_is_forgotten(front: Front, ada: str) -> None:
    erase = f"""mutation X($email: String!) {{
      eraseGuest(identities: [{{kind: EMAIL, value: $email}}], reason: "asked", actor: "eve",
        idempotencyKey: "x") {{ ... on GuestErasure {{ facts reason }} {ERROR} }} }}"""
    made = front.admin_data(erase, email="gus@example.org")["eraseGuest"]
    assert made == {"facts": 0, "reason": "asked"}
    member = front.admin_data(erase, email="ada@example.org")["eraseGuest"]
    assert member["code"] == "identity_conflict"


def test_a_member_is_suspended(front: Front, ada: str) -> None:
    update = f"""mutation U($id: ID!, $status: MemberStatus) {{
      updateMember(memberId: $id, status: $status, profile: {{name: "Ada", tags: ["vip"]}}) {{
        ... on Member {{ status profile {{ name tags }} }} {ERROR} }} }}"""
    made = front.admin_data(update, id=ada, status="SUSPENDED")["updateMember"]
    assert made == {"status": "SUSPENDED", "profile": {"name": "Ada", "tags": ["vip"]}}
    assert front.admin_data(update, id=ada, status="ERASED")["updateMember"]["code"] == (
        "fact_malformed"
    )
    redeem = 'mutation { redeem(points: 20, idempotencyKey: "k") { __typename } }'
    assert front.data(redeem, signed(ada))["redeem"] == {"__typename": "MemberInactive"}


ADJUST = """mutation A($all: [AdjustmentInput!]!, $enrol: Boolean = false, $dry: Boolean = false) {
  adjustMany(adjustments: $all, enrol: $enrol, dryRun: $dry) { outcomes { index status enrolled
    adjustment { points member { wallet(name: "points") { balance } } }
    error { __typename code } } } }"""


def change(points: str, key: str, **more: Any) -> dict[str, Any]:
    given = {"wallet": "points", "reason": "moved", "actor": "eve"}
    return {**given, "points": points, "idempotencyKey": key, **more}


def test_many_balances_are_changed_each_by_itself(front: Front, ada: str) -> None:
    cleo = [{"kind": "EMAIL", "value": "cleo@example.org"}]
    wanted = [
        change("5", "1", memberId=ada),
        change("7", "2", memberId="nobody"),
        change("9", "3", identities=cleo, neverExpires=True),
        change("1", "4", memberId=ada, wallet="gold"),
    ]

    def told(**more: Any) -> list[tuple[str, str | None]]:
        outcomes = front.admin_data(ADJUST, all=wanted, **more)["adjustMany"]["outcomes"]
        assert [one["index"] for one in outcomes] == [0, 1, 2, 3]
        return [(one["status"], (one["error"] or {}).get("code")) for one in outcomes]

    first, missing = ("BOOKED", None), ("REJECTED", "member_not_found")
    unknown = ("REJECTED", "wallet_unknown")
    assert told(dry=True, enrol=True) == [first, missing, first, unknown]
    assert front.loyalty.find({"email": "cleo@example.org"}) is None
    assert told(enrol=True) == [first, missing, first, unknown]
    assert told(enrol=True)[0] == ("DUPLICATE", None)
    assert front.loyalty.statement(ada).wallet("points").balance == 125
    found = front.loyalty.find({"email": "cleo@example.org"})
    assert found
    assert front.loyalty.statement(found.id).wallet("points").balance == 9
    many = [change("1", f"m{n}", memberId=ada) for n in range(101)]
    answer = front.admin(ADJUST, all=many)
    assert answer["errors"][0]["extensions"] == {"code": "TOO_COMPLEX", "field": "adjustments"}


def test_expired_points_are_reinstated(front: Front, ada: str, clock: Clock) -> None:
    clock.now += timedelta(days=11)
    front.loyalty.tick()
    history = "query H($id: ID!) { history(memberId: $id) { edges { node { id kind points } } } }"
    edges = front.admin_data(history, id=ada)["history"]["edges"]
    (expiry,) = (edge["node"]["id"] for edge in edges if edge["node"]["kind"] == "EXPIRY")
    reinstate = f"""mutation R($id: ID!, $expiry: ID!, $points: Points, $key: String = "r") {{
      reinstate(memberId: $id, transactionId: $expiry, points: $points, neverExpires: true,
        reason: "we were closed", actor: "eve", idempotencyKey: $key) {{
        ... on Reinstatement {{ corrects points expiresAt
          member {{ wallet(name: "points") {{ available }} }} }} {ERROR} }} }}"""
    made = front.admin_data(reinstate, id=ada, expiry=expiry, points="20")["reinstate"]
    assert made == {
        "corrects": expiry,
        "points": "20",
        "expiresAt": None,
        "member": {"wallet": {"available": "20"}},
    }
    more = front.admin_data(reinstate, id=ada, expiry=expiry, points="101", key="s")
    assert more["reinstate"]["code"] == "reinstatement_refused"
    missing = front.admin_data(reinstate, id=ada, expiry="none", points="1", key="t")
    assert missing["reinstate"]["code"] == "transaction_not_found"


def test_codes_are_imported_and_costs_told(clock: Clock) -> None:
    voucher = {
        "kind": "discount",
        "wallet": "points",
        "points": 50,
        "amount": "2.00",
        "code": {"pool": "two-off"},
        "borne_by": "Wash & Co",
        "cost": "2.00",
    }
    with open_shop("sqlite://", clock, rewards={"voucher": voucher}) as loyalty:
        front = Front(loyalty)
        ada = loyalty.record(order("1", "ada@example.org", "120.00")).member_id or ""
        load = f"""mutation I($pool: String!, $codes: [String!]!) {{
          importCodes(pool: $pool, codes: $codes) {{
            ... on CodeImport {{ pool added known }} {ERROR} }} }}"""
        made = front.admin_data(load, pool="two-off", codes=["A", "B"])["importCodes"]
        assert made == {"pool": "two-off", "added": 2, "known": 0}
        again = front.admin_data(load, pool="two-off", codes=["B", "C"])["importCodes"]
        assert again == {"pool": "two-off", "added": 1, "known": 1}
        wrong = front.admin_data(load, pool="none", codes=["D"])["importCodes"]
        assert wrong == {"code": "fact_malformed"}
        bought = loyalty.redeem(ada, reward="voucher", key="b")
        assert bought.grant
        cart: dict[str, Json] = {"currency": "EUR", "lines": [{"id": "1", "amount": "9.00"}]}
        loyalty.use_grant(bought.grant.grant_id, cart=cart, key="u")
        costs = """query C($since: DateTime) {
          costs(since: $since) { borneBy reward grants cost { amount currency } } }"""
        cost = {"amount": "2.00", "currency": "EUR"}
        expected = {"borneBy": "Wash & Co", "reward": "voucher", "grants": 1, "cost": cost}
        assert front.admin_data(costs)["costs"] == [expected]
        assert front.admin_data(costs, since="2026-11-22T00:00:00Z")["costs"] == []


def test_the_books_are_sealed_proved_and_verified(front: Front, ada: str) -> None:
    seal = "{ sealHead { number head sealedAt transactions } }"
    assert front.admin_data(seal)["sealHead"] is None
    history = "query H($id: ID!) { history(memberId: $id) { edges { node { id } } } }"
    transaction = front.admin_data(history, id=ada)["history"]["edges"][0]["node"]["id"]
    proof = "query P($id: ID!) { proof(transactionId: $id) }"
    early = front.admin(proof, id=transaction)
    assert early["errors"][0]["extensions"]["code"] == "not_sealed"
    front.loyalty.seal()
    head = front.admin_data(seal)["sealHead"]
    assert (head["number"], head["transactions"]) == (1, 1)
    document = cast(dict[str, Json], front.admin_data(proof, id=transaction)["proof"])
    check_proof(document, head=head["head"])
    verify = "query V($head: String) { verify(head: $head) { transactions sealed head problems \
{ code } } }"
    good = {"transactions": 1, "sealed": 1, "head": head["head"], "problems": []}
    assert front.admin_data(verify, head=head["head"])["verify"] == good
    other = front.admin_data(verify, head="0" * 64)["verify"]
    assert len(other["problems"]) == 1


def test_books_too_large_for_a_request_are_not_read_in_one(
    front: Front, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = "{ verify { transactions } }"
    assert front.admin_data(verify)["verify"] == {"transactions": 1}
    monkeypatch.setattr(operations, "MOST_VERIFIED", 0)
    (error,) = front.admin(verify)["errors"]
    assert error["message"].startswith("the database has more than 0 transactions")
    assert error["extensions"]["code"] == "books_too_large"


@pytest.fixture
def shops(clock: Clock) -> Iterator[tuple[Loyalty, Loyalty]]:
    """A bakery and the shop, which accepts its crumbs, on one database."""
    engine = open_engine("sqlite://")
    price: Any = {"points": 100, "amount": "0.90"}
    bakery: Any = {
        "program": {"id": "bakery", "currency": "EUR"},
        "wallets": {"crumbs": {}},
        "partners": {"shop": {"pays": {"crumbs": {"price": price}}}},
    }
    accepted = {"value": {"points": 100, "amount": "1.00"}}
    partners = {"bakery": {"accepts": {"crumbs": accepted}}}
    one = Loyalty.open(bakery, engine, clock=clock)
    config: Any = {**CONFIG, "partners": partners}
    yield one, Loyalty.open(config, engine, plugins=[ShopPlugin()], clock=clock)
    engine.dispose()


def test_accounts_are_linked_and_partners_settle(shops: tuple[Loyalty, Loyalty]) -> None:
    bakery, shop = shops
    front = Front(shop)
    theirs = bakery.enrol({"email": "ada@example.org"}).id
    bakery.adjust(theirs, "crumbs", 500, reason="r", actor="eve", key="a")
    mine = shop.enrol({"email": "ada@example.org"}).id
    link = f"""mutation L($id: ID!, $partner: String!, $theirs: ID!) {{
      link(memberId: $id, partner: $partner, partnerMember: $theirs, idempotencyKey: "l") {{
        ... on AccountLink {{ partner partnerMember }} {ERROR} }} }}"""
    unknown = front.admin_data(link, id=mine, partner="bank", theirs=theirs)["link"]
    assert unknown == {"code": "agreement_missing"}
    made = front.admin_data(link, id=mine, partner="bakery", theirs=theirs)["link"]
    assert made == {"partner": "bakery", "partnerMember": theirs}
    assert front.data("{ links { partner } }", signed(mine))["links"] == [{"partner": "bakery"}]
    shop.redeem(mine, points=300, reward="partner:bakery.crumbs", key="k")
    owed = """{ settlements { partner theirs { redeemed { wallet points } owed { amount } }
      ours { owed { amount } } closing { amount currency } } }"""
    (settlement,) = front.admin_data(owed)["settlements"]
    assert settlement == {
        "partner": "bakery",
        "theirs": {
            "redeemed": [{"wallet": "crumbs", "points": "300"}],
            "owed": {"amount": "2.70"},
        },
        "ours": {"owed": {"amount": "0.00"}},
        "closing": {"amount": "2.70", "currency": "EUR"},
    }
    settle = f"""mutation S($amount: MoneyInput, $reference: String!) {{
      settle(partner: "bakery", amount: $amount, reference: $reference, actor: "eve",
        idempotencyKey: $reference) {{
        ... on Payment {{ debtor creditor amount {{ amount }} open {{ amount }} }} {ERROR} }} }}"""
    too_much = {"amount": "3.00", "currency": "EUR"}
    refused = front.admin_data(settle, amount=too_much, reference="S1")["settle"]
    assert refused == {"code": "settlement_refused"}
    paid = front.admin_data(settle, reference="S2")["settle"]
    assert paid == {
        "debtor": "bakery",
        "creditor": "shop",
        "amount": {"amount": "2.70"},
        "open": {"amount": "0.00"},
    }
    unlink = 'mutation { unlink(partner: "bakery") }'
    assert front.data(unlink, signed(mine))["unlink"] is True
    assert front.data(unlink, signed(mine))["unlink"] is False
    listed = front.admin_data("query Q($id: ID!) { links(memberId: $id) { partner } }", id=mine)
    assert listed["links"] == []
