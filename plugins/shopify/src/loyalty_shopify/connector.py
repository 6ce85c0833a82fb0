"""One shop on Shopify, as the core knows it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from loyalty_core import (
    Action,
    ActionRefused,
    ConnectorDisabled,
    Disconnected,
    DropCode,
    FactError,
    Health,
    Input,
    Json,
    JsonObject,
    MakeCode,
    Message,
    Page,
    ProgramConfig,
    RefundKind,
    RewardType,
    Secret,
    ShowMember,
    SignedIn,
    Verified,
    Wants,
    WebhookRequest,
    as_object,
    as_objects,
    as_text,
    needed_object,
    patiently,
    reward_kinds,
)
from loyalty_shopify.asking import VERSION, Access, Admin
from loyalty_shopify.codes import Codes
from loyalty_shopify.config import Account
from loyalty_shopify.fields import name
from loyalty_shopify.people import customer_of, erasure_of, export_of, shop_erasure_of
from loyalty_shopify.queries import CUSTOMER, SHOP
from loyalty_shopify.reading import Reading, in_other_money
from loyalty_shopify.showing import Showing
from loyalty_shopify.signing import customer_of_proxy, customer_of_token, verified
from loyalty_shopify.walking import Walk

ORDERS = frozenset(
    f"orders/{what}"
    for what in ("create", "updated", "paid", "partially_paid", "cancelled", "fulfilled")
)
CUSTOMERS = frozenset({"customers/create", "customers/update", "customers/enable"})
READS = ("read_orders", "read_customers")
"""Scopes without which it is of no use; `act` needs more."""
ALL_ORDERS = "read_all_orders"


class ShopifyConnector:
    """A shop on Shopify: webhooks, walks through it, codes and customers."""

    def __init__(self, account: Account, program: ProgramConfig) -> None:
        token = Secret(account.access_token) if account.access_token else None
        secrets = tuple(map(Secret, account.secrets))
        url = account.admin_url.rstrip("/") or f"https://{account.shop}"
        source = account.source or account.account
        currency = account.currency or program.program.currency
        self.id = f"shopify.{account.account}"
        self.secrets = (*secrets, token) if token else secrets
        self.polled_every = timedelta(minutes=account.poll_minutes) or None
        self.wants = Wants(rewards=account.rewards, members=account.show_members)
        self._account = account
        self._made = reward_kinds(account, program)
        self._signers = secrets
        self._admin = Admin(Access(url, secrets, account.client_id, token))
        self._reading = Reading(source, currency, RefundKind(account.money_refunds))
        self._walk = Walk(self._admin, self._reading, account.tag_prefix)
        self._codes = Codes(self._admin, source, currency)
        self._showing = Showing(self._admin, source, account.namespace, account.tag_prefix)

    def health(self) -> Health:
        """Whether the shop answers, is the one meant, and lets the app do what it is to do."""
        asked = self._admin.ask(SHOP)
        shop, app = as_object(asked.get("shop")), as_object(asked.get("currentAppInstallation"))
        scopes = {as_text(one.get("handle")) for one in as_objects(app.get("accessScopes"))}
        scopes |= {one.replace("write_", "read_") for one in scopes}  # who may write may read
        missing = [one for one in self._needed() if one not in scopes]
        if as_text(shop.get("myshopifyDomain")) != self._account.shop:
            return Health(ok=False, detail=f"it is {as_text(shop.get('myshopifyDomain'))}")
        if (money := as_text(shop.get("currencyCode"))) != self._reading.currency:
            return Health(ok=False, detail=f"the shop's currency is {money}: write it down")
        if missing:
            return Health(ok=False, detail=f"the app lacks the scopes {', '.join(missing)}")
        detail = f"{as_text(shop.get('name'))}, Admin API {VERSION}"
        if ALL_ORDERS not in scopes:
            detail += f"; without the scope {ALL_ORDERS} it shows orders of the last 60 days alone"
        return Health(ok=True, detail=detail)

    def _needed(self) -> tuple[str, ...]:
        needed = [*READS]
        needed += ["write_customers"] if self.wants.members else []
        needed += ["write_gift_cards"] if RewardType.GIFT_CARD in self._made else []
        needed += ["write_discounts"] if self._made - {RewardType.GIFT_CARD} else []
        return tuple(needed)

    def signed_in(self, request: WebhookRequest) -> SignedIn:
        """The customer that a session token names, or a request through the App Proxy."""
        secrets = [secret.reveal() for secret in self._signers]
        shop, now = self._account.shop, request.received_at
        kind, _, token = (request.header("authorization") or "").partition(" ")
        if kind.lower() == "bearer":
            client = self._account.client_id
            who = customer_of_token(token.strip(), secrets, client, shop, now)
        else:
            who = customer_of_proxy(request.url, secrets, shop, now)
        return SignedIn(source=self._reading.source, identities={"customer_id": who})

    # -- in -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> Verified:
        """The webhook, if the app's secret has signed it and it is this shop's."""
        secrets = [secret.reveal() for secret in self._signers]
        return verified(request, secrets, self._account.shop)

    def translate(self, message: Message) -> Iterable[Input]:
        """The inputs of a webhook; none of a topic that means nothing here.

        Raises ``FactError``, and ``PlatformUnavailable`` where the shop has to be asked.
        """
        topic = message.topic
        if topic in ORDERS:
            return self._reading.order_inputs(self._order(needed_object(message.json(), "$")))
        if topic == "orders/edited":
            return self._edited(needed_object(message.json(), "$"))
        if topic == "refunds/create":
            doc = self._refund(needed_object(message.json(), "$"))
            return self._reading.refunds_alone(doc)
        if topic in CUSTOMERS:
            return self._customer(needed_object(message.json(), "$"))
        if topic == "customers/data_request":
            return [export_of(needed_object(message.json(), "$"), self._reading.source)]
        if topic == "customers/redact":
            return [erasure_of(needed_object(message.json(), "$"), self._reading.source)]
        if topic == "shop/redact":
            return [shop_erasure_of(needed_object(message.json(), "$"), self._reading.source)]
        return self._removed() if topic == "app/uninstalled" else []

    def _removed(self) -> list[Input]:
        """That the app was removed, unless the shop takes it again: the message may be old."""
        try:
            self._admin.ask(SHOP)
        except ConnectorDisabled as error:
            return [Disconnected(reason=error.message)]
        return []

    def _edited(self, doc: JsonObject) -> list[Input]:
        """The order that was edited, as it is now: the webhook only says what was added to it."""
        edit = needed_object(doc.get("order_edit"), "$.order_edit")
        id = f"gid://shopify/Order/{name(edit.get('order_id'), '$.order_edit.order_id')}"
        known = patiently(lambda: self._walk.order(id), ConnectorDisabled)
        return self._reading.order_inputs(known) if known is not None else []

    def _order(self, doc: JsonObject) -> JsonObject:
        """An order whose refunds say what went back in the shop's money, and gift cards theirs."""
        refunds: list[Json] = [self._refund(one) for one in as_objects(doc.get("refunds"))]
        whole = {**doc, "refunds": refunds}
        return patiently(lambda: self._walk.with_payments(whole), ConnectorDisabled)

    def _refund(self, doc: JsonObject) -> dict[str, Json]:
        """A refund; where it says only what went back in the buyer's money, the shop is asked."""
        currency = as_text(doc.get("currency")) or self._reading.currency
        if not in_other_money(doc, currency):
            return dict(doc)
        known = patiently(lambda: self._walk.refund(_gid("Refund", doc)), ConnectorDisabled)
        if not known.get("id"):
            raise FactError("the refund is not in the shop any more", where="$.refunds")
        return {**doc, **known}

    def _customer(self, doc: JsonObject) -> list[Input]:
        """The customer as the shop knows them now: a webhook may be old, and they forgotten."""
        known = patiently(
            lambda: self._admin.ask(CUSTOMER, id=_gid("Customer", doc)), ConnectorDisabled
        )
        found = known.get("customer")
        if not isinstance(found, dict):
            return []
        return [customer_of(found, self._reading.source, self._account.tag_prefix)]

    # -- through ------------------------------------------------------------------------------

    def changed_since(self, cursor: str) -> Page:
        """A page of what changed: orders with all their refunds, then customers."""
        return self._walk.page(cursor)

    # -- back ---------------------------------------------------------------------------------

    def act(self, action: Action) -> None:
        """Makes or drops a code, or writes what a member has."""
        if isinstance(action, MakeCode):
            self._codes.make(action)
        elif isinstance(action, DropCode):
            self._codes.drop(action)
        elif isinstance(action, ShowMember):
            self._showing.show(action)
        else:
            raise ActionRefused(f"a shop is not told {type(action).__name__}")


def _gid(kind: str, doc: JsonObject) -> str:
    return f"gid://shopify/{kind}/{name(doc.get('id'), '$.id')}"
