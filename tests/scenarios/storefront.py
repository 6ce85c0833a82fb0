"""A scenario's front over GraphQL: what a shop's page asks and is told, read back as the SDK's.

Whatever the page is not told stays at its default, so an expectation on it fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    build_client_schema,
    build_schema,
    get_introspection_query,
    get_named_type,
)
from graphql.type import is_required_argument

import loyalty_core as core
from gateway.tests.shop import Front, signed
from loyalty_core import Json
from tests.scenarios.told import (
    benefit_of,
    discounts_of,
    grant_of,
    habits_of,
    moment_of,
    moment_or_none,
    money_of,
    pricing_of,
    segment_of,
    standing_of,
    suggested_of,
    wallet_of,
)

SCHEMA = Path(__file__).resolve().parents[2] / "gateway" / "schema" / "storefront.graphql"
MONEY = "{ amount currency }"
GRANT = f"""{{ id reward name kind state code worth {MONEY} percent product minOrder {MONEY}
  issuedAt expiresAt usedAt saved {MONEY} }}"""
WALLET = f"""{{ name unit scale balance available pending held debt earned redeemed expired
  adjusted transferred worth {MONEY} nextPending {{ at points }} expiring {{ at points }}
  lapsesAt }}"""
MEMBER = f"""id status joinedAt householdId profile {{ name locale timeZone birthday }}
  statement {{ at wallets {WALLET} grants {GRANT} saved {MONEY} }}
  benefits {{ name kind text value why until left }} segments {{ segment name since }}"""
PRICING = f"""{{ price {MONEY} memberPrice {MONEY}
  lines {{ line price {MONEY} memberPrice {MONEY} }}
  used {{ benefit why amount {MONEY} }} missed {{ benefit text missing {MONEY} }} }}"""
QUOTE = f"""query Q($cart: CartInput!) {{ quote(cart: $cart) {{ __typename
  ... on UserError {{ code message }}
  ... on Quote {{
    earnings {{ rule wallet points lines {{ line points }} activatesAt expiresAt }}
    offers {{ reward wallet points worth {MONEY} lines {{ line discount {MONEY} }}
      minimum step refusal }}
    pricing {PRICING}
    suggested {{ id sku kind amount {MONEY} }} }} }} }}"""
REWARDS = """{ rewards { id summary wallet kind points missing left refusal startsOn endsOn } }"""
GRANTS = f"{{ me {{ grants(first: 100) {GRANT} }} }}"
PURCHASES = f"{{ orders total {MONEY} average {MONEY} }}"
HABITS = f"""{{ me {{ habits {{ since lifetime {PURCHASES} recent {PURCHASES}
  usualOrder {{ items {{ sku quantity }} orders lastAt }}
  usualStores {{ store orders lastAt }} daysBetween }} }} }}"""
REDEMPTION = f"""{{ __typename ... on UserError {{ code message }}
  ... on Redemption {{ id state transactionId reward wallet points returned worth {MONEY}
    lines {{ line discount {MONEY} }} occurredAt expiresAt grant {GRANT} }} }}"""
REDEEM = f"""mutation R($key: String!, $points: Points, $reward: String, $cart: CartInput) {{
  redeem(idempotencyKey: $key, points: $points, reward: $reward, cart: $cart) {REDEMPTION} }}"""
REDEEM_FOR = f"""mutation R($id: ID!, $key: String!, $points: Points, $reward: String,
    $cart: CartInput, $source: String!, $order: String) {{
  redeem(memberId: $id, idempotencyKey: $key, points: $points, reward: $reward, cart: $cart,
    source: $source, orderId: $order) {REDEMPTION} }}"""

BEARER = "query B($id: ID!) { redemption(id: $id) { grant { borneBy } } }"


def refused(message: str, code: str) -> core.LoyaltyError:
    """What the gateway said instead of an answer, as an error with the SDK's code."""
    return cast(core.LoyaltyError, type("Refused", (core.LoyaltyError,), {"code": code})(message))


class Storefront:
    """One program's page: ``loyalty_core.testing.scenario_front.Front`` over GraphQL."""

    def __init__(self, loyalty: core.Loyalty, front: Front) -> None:
        self._loyalty = loyalty
        self._front = front
        schema = build_client_schema(cast(Any, front.data(get_introspection_query())))
        known = _fields(build_schema(SCHEMA.read_text(encoding="utf-8")).type_map["Member"])
        self._added = {
            name: get_named_type(field.type)
            for name, field in _fields(schema.type_map["Member"]).items()
            if name not in known and not any(map(is_required_argument, field.args.values()))
        }
        more = " ".join(f"{name} {_everything(kind)}" for name, kind in self._added.items())
        self._member = f"{{ me {{ {MEMBER} {more} }} }}"

    def statement(self, member_id: str) -> core.Statement:
        """What the member's page shows."""
        me = self._ask(self._member, member_id)["me"]
        told = me["statement"]
        return core.Statement(
            member=core.Member(
                id=core.MemberId(me["id"]),
                status=core.MemberStatus[me["status"]],
                joined_at=moment_of(me["joinedAt"]),
                profile=core.Profile(name=me["profile"]["name"] or ""),
                identities=(),
            ),
            at=moment_of(told["at"]),
            wallets=tuple(map(wallet_of, told["wallets"])),
            standings=tuple(map(standing_of, me.get("tiers", []))),
            benefits=tuple(map(benefit_of, me["benefits"])),
            segments=tuple(map(segment_of, me["segments"])),
            grants=tuple(grant_of(one, member_id) for one in told["grants"]),
            saved=tuple(money_of(one) for one in told["saved"]),
            household_id=me["householdId"],
            shown=self._shown(me),
        )

    def _shown(self, me: Mapping[str, Any]) -> Mapping[str, Mapping[str, Json]]:
        """What plugins added to the member, by plugin: their types begin with its id.

        A field with the plugin's name is all that it shows, any other is a part of that.
        """
        found: dict[str, dict[str, Json]] = {}
        for name, kind in self._added.items():
            (owner,) = (
                one for one in self._loyalty.config.plugins if kind.name.lower().startswith(one)
            )
            told, part = _as_shown(_plain(me[name])), _snake(name)
            whole = part == owner and isinstance(told, dict)
            found.setdefault(owner, {}).update(told if whole else {part: told})
        return found

    def quote(self, cart: Mapping[str, Json], member_id: str | None = None) -> core.Quote:
        """What the page says of a cart."""
        made = self._answer(QUOTE, member_id, "quote", cart=_cart(cart))
        return core.Quote(
            earnings=tuple(map(self._earning, made["earnings"])),
            offers={one["reward"]: self._offer(one) for one in made["offers"]},
            pricing=pricing_of(made["pricing"]) if made["pricing"] else None,
            suggested=tuple(map(suggested_of, made["suggested"])),
        )

    def rewards(self, member_id: str | None = None) -> Sequence[core.RewardView]:
        """The catalogue as the page shows it."""
        return [self._reward(one) for one in self._ask(REWARDS, member_id)["rewards"]]

    def grants(self, member_id: str) -> Sequence[core.GrantReceipt]:
        """What the page says the member owns and owned."""
        found = self._ask(GRANTS, member_id)["me"]["grants"]
        return [grant_of(one, member_id) for one in found]

    def habits(self, member_id: str) -> core.Habits:
        """What the page says the member usually does."""
        return habits_of(self._ask(HABITS, member_id)["me"]["habits"], member_id)

    def redeem(
        self,
        member_id: str,
        *,
        points: int | None = None,
        reward: str | None = None,
        cart: Mapping[str, Json] | None = None,
        source: str = "",
        order_id: str | None = None,
        key: str,
    ) -> core.RedemptionReceipt:
        """Points spent by the page, or by the shop's backend where it names an order."""
        given = {
            "key": key,
            "points": None if points is None else self._text(points, member_id, reward),
            "reward": reward,
            "cart": None if cart is None else _cart(cart),
        }
        if order_id is None:
            made = self._answer(REDEEM, member_id, "redeem", **given)
        else:
            order = {"source": source, "order": order_id}
            answer = self._front.admin(REDEEM_FOR, id=member_id, **order, **given)
            made = _checked(answer)["redeem"]
            _refuse(made)
        return self._redemption(made, member_id)

    def _text(self, points: int, member_id: str, reward: str | None) -> str:
        named = [one for one in self.rewards(member_id) if reward in (None, one.id)]
        wallet = named[0].wallet if named else ""
        return core.format_scaled(points, self._loyalty.config.scale(wallet) or 0)

    def _ask(self, query: str, member_id: str | None, **variables: Any) -> dict[str, Any]:
        token = signed(member_id) if member_id is not None else None
        return _checked(self._front.ask(query, token, **variables))

    def _answer(self, query: str, member_id: str | None, name: str, **variables: Any) -> Any:
        made = self._ask(query, member_id, **variables)[name]
        _refuse(made)
        return made

    def _points(self, wallet: str, text: str) -> int:
        return core.parse_scaled(text, self._loyalty.config.scale(wallet) or 0)

    def _earning(self, one: Mapping[str, Any]) -> core.Earning:
        wallet = one["wallet"]
        return core.Earning(
            plugin="",
            rule=one["rule"],
            wallet=wallet,
            amount=self._points(wallet, one["points"]),
            lines={line["line"]: self._points(wallet, line["points"]) for line in one["lines"]},
            activates_at=moment_or_none(one["activatesAt"]),
            expires_at=moment_or_none(one["expiresAt"]),
        )

    def _offer(self, one: Mapping[str, Any]) -> core.SpendOffer:
        wallet = one["wallet"]
        return core.SpendOffer(
            wallet=wallet,
            points=self._points(wallet, one["points"]),
            worth=money_of(one["worth"]),
            lines=discounts_of(one["lines"]),
            minimum=self._points(wallet, one["minimum"]),
            step=self._points(wallet, one["step"]),
            refusal=one["refusal"] or "",
        )

    def _reward(self, one: Mapping[str, Any]) -> core.RewardView:
        def points(name: str) -> int | None:
            return None if one[name] is None else self._points(one["wallet"], one[name])

        return core.RewardView(
            id=one["id"],
            summary=one["summary"],
            wallet=one["wallet"],
            plugin="",
            kind=core.RewardType[one["kind"]] if one["kind"] else None,
            points=points("points"),
            missing=points("missing"),
            left=one["left"],
            refusal=one["refusal"] or "",
        )

    def _redemption(self, one: Mapping[str, Any], member_id: str) -> core.RedemptionReceipt:
        wallet = one["wallet"]
        return core.RedemptionReceipt(
            redemption_id=one["id"],
            state=core.RedemptionState[one["state"]],
            transaction_id=one["transactionId"],
            member_id=member_id,
            reward=one["reward"],
            wallet=wallet,
            points=self._points(wallet, one["points"]),
            worth=money_of(one["worth"]),
            occurred_at=moment_of(one["occurredAt"]),
            lines=discounts_of(one["lines"]),
            expires_at=moment_or_none(one["expiresAt"]),
            returned=self._points(wallet, one["returned"]),
            grant=self._bought(one, member_id) if one["grant"] else None,
        )

    def _bought(self, one: Mapping[str, Any], member_id: str) -> core.GrantReceipt:
        """What was bought, with what operators alone are told of it."""
        known = self._front.admin_data(BEARER, id=one["id"])["redemption"]
        return replace(grant_of(one["grant"], member_id), borne_by=known["grant"]["borneBy"] or "")


def _checked(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an answer; raises ``LoyaltyError`` for the first of its errors."""
    for error in answer.get("errors", []):
        raise refused(error["message"], error["extensions"]["code"])
    found: dict[str, Any] = answer["data"]
    return found


def _refuse(made: Mapping[str, Any]) -> None:
    """Raises ``LoyaltyError`` for a failure among a result's members."""
    if "code" in made and "message" in made:
        raise refused(made["message"], made["code"])


def _fields(kind: GraphQLNamedType) -> Mapping[str, Any]:
    assert isinstance(kind, GraphQLObjectType)
    return kind.fields


def _everything(kind: GraphQLNamedType) -> str:
    """The selection of all that a type has; nothing for a scalar."""
    if not isinstance(kind, GraphQLObjectType):
        return ""
    kinds = {name: get_named_type(one.type) for name, one in _fields(kind).items()}
    parts = (f"{name} {_everything(one)}" for name, one in kinds.items())
    return f"{{ {' '.join(parts)} }}"


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_snake(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _as_shown(value: Any, name: str = "") -> Any:
    """What plugins show as the SDK has it: amounts in smallest units, and its form of moments."""
    if isinstance(value, dict):
        return {key: _as_shown(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_shown(item, name) for item in value]
    if isinstance(value, str) and name == "amount":
        return int(value.replace(".", ""))
    if isinstance(value, str) and name == "until":
        return value.replace("Z", "+00:00")
    return value


def _cart(value: Any, within: str = "") -> Any:
    """A cart's JSON form as GraphQL takes it."""
    if isinstance(value, Mapping):
        return {
            _camel(name): item.upper()
            if name == "kind" and within == "lines"
            else _cart(item, name)
            for name, item in value.items()
        }
    return [_cart(item, within) for item in value] if isinstance(value, list) else value
