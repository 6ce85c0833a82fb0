"""One seller on Square, as the core knows it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from loyalty_core import (
    Action,
    ActionRefused,
    ConnectorError,
    Disconnected,
    DropCode,
    Health,
    Input,
    JsonObject,
    MakeCode,
    Message,
    Page,
    RefundKind,
    Secret,
    ShowMember,
    Verified,
    Wants,
    WebhookRequest,
    as_object,
    as_objects,
    as_text,
    needed_id,
    needed_object,
    patiently,
)
from loyalty_square.asking import VERSION, Api, TokenRefused
from loyalty_square.config import Account
from loyalty_square.gift_cards import GiftCards
from loyalty_square.reading import Reading
from loyalty_square.showing import Showing
from loyalty_square.signing import verified
from loyalty_square.walking import Walk

ORDERS = frozenset({"order.created", "order.updated", "order.fulfillment.updated"})
MONEY = {
    "payment.created": "payment",
    "payment.updated": "payment",
    "refund.created": "refund",
    "refund.updated": "refund",
}
"""Topics about what was paid, and what of their object says which order it was on."""
CUSTOMERS = frozenset({"customer.created", "customer.updated"})
REVOKED = "oauth.authorization.revoked"


class SquareConnector:
    """A seller on Square: webhooks, walks through it, gift cards and customers."""

    def __init__(self, account: Account, currency: str) -> None:
        token = Secret(account.access_token)
        source, currency = account.source or account.account, account.currency or currency
        self.id = f"square.{account.account}"
        self._signers = tuple(map(Secret, account.secrets))
        self.secrets = (*self._signers, token)
        self.polled_every = timedelta(minutes=account.poll_minutes) or None
        self.wants = Wants(rewards=account.rewards, members=account.show_members)
        self._account = account
        self._currency = currency
        self._api = Api(account.api_url, token)
        reading = Reading(source, currency, RefundKind(account.money_refunds))
        self._walk = Walk(self._api, reading)
        self._cards = GiftCards(self._api, source, currency, account.location)
        self._showing = Showing(self._api, source, account.attribute, account.group_prefix)

    def health(self) -> Health:
        """Whether Square answers, and the seller is the one meant."""
        try:
            found = self._api.get("merchants/me")
            places = self._api.get("locations")
        except ConnectorError as error:
            return Health(ok=False, detail=str(error))
        seller = as_object(found.document.get("merchant")) if found else {}
        locations = as_objects(places.document.get("locations")) if places else []
        if (money := as_text(seller.get("currency"))) != self._currency:
            return Health(ok=False, detail=f"the seller's currency is {money}: write it down")
        if self._account.location not in {"", *(as_text(one.get("id")) for one in locations)}:
            detail = f"the seller has no location {self._account.location}"
            return Health(ok=False, detail=detail)
        business = as_text(seller.get("business_name"))
        return Health(ok=True, detail=f"{business}, {len(locations)} locations, API {VERSION}")

    # -- in -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> Verified:
        """The webhook, if the subscription's key has signed it for its URL."""
        keys = [secret.reveal() for secret in self._signers]
        return verified(request, keys, self._account.notification_url)

    def translate(self, message: Message) -> Iterable[Input]:
        """What is the case with what a webhook is about; none of other topics.

        Square's own loyalty program is one of those others. Only ids are read: of an order a
        webhook has no more, and which order a payment or a refund is on is all that matters here.
        """
        topic = message.topic
        if topic in ORDERS:
            id = needed_id(_data(message).get("id"), "$.data.id")
            return patiently(lambda: self._walk.order(id), TokenRefused)
        if topic in MONEY:
            about = as_object(_object(message).get(MONEY[topic]))
            order = as_text(about.get("order_id"))
            return patiently(lambda: self._walk.order(order), TokenRefused) if order else []
        if topic in CUSTOMERS:
            event = _object(message)
            id = needed_id(_data(message).get("id"), "$.data.id")
            return patiently(lambda: self._walk.customer(id, event), TokenRefused)
        return self._revoked() if topic == REVOKED else []

    def _revoked(self) -> list[Input]:
        """That our access was taken away, unless Square takes the token: the message may be old."""
        try:
            self._api.get("merchants/me")
        except TokenRefused as error:
            return [Disconnected(reason=error.message)]
        return []

    # -- through ------------------------------------------------------------------------------

    def changed_since(self, cursor: str) -> Page:
        """A page of what changed: sales and returns, then customers."""
        return self._walk.page(cursor)

    # -- back ---------------------------------------------------------------------------------

    def act(self, action: Action) -> None:
        """Makes a gift card or makes it worthless, or writes what a member has."""
        if isinstance(action, MakeCode):
            patiently(lambda: self._cards.make(action), TokenRefused)
        elif isinstance(action, DropCode):
            patiently(lambda: self._cards.drop(action), TokenRefused)
        elif isinstance(action, ShowMember):
            patiently(lambda: self._showing.show(action), TokenRefused)
        else:
            raise ActionRefused(f"a seller is not told {type(action).__name__}")


def _data(message: Message) -> JsonObject:
    return needed_object(needed_object(message.json(), "$").get("data"), "$.data")


def _object(message: Message) -> JsonObject:
    return as_object(_data(message).get("object"))
