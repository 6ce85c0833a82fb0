"""One shop on WooCommerce, as the core knows it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from loyalty_core import (
    Action,
    ActionRefused,
    ConnectorError,
    DropCode,
    Health,
    Input,
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
    as_text,
    leads_here,
    needed_object,
    patiently,
)
from loyalty_woocommerce.asking import Access, Api, KeyRefused
from loyalty_woocommerce.config import Account
from loyalty_woocommerce.coupons import Coupons
from loyalty_woocommerce.fields import name
from loyalty_woocommerce.reading import Reading
from loyalty_woocommerce.showing import Showing
from loyalty_woocommerce.signing import verified
from loyalty_woocommerce.walking import Walk

ORDERS = frozenset(f"order.{what}" for what in ("created", "updated", "deleted", "restored"))
CUSTOMERS = frozenset({"customer.created", "customer.updated"})
NEEDED = ("order.updated",)
"""Topics without which orders are only found by walks; orders that are made are updated at once."""


class WooCommerceConnector:
    """A shop on WooCommerce: webhooks, walks through it, coupons and customers."""

    def __init__(self, account: Account, currency: str) -> None:
        key, secret = Secret(account.consumer_key), Secret(account.consumer_secret)
        source, currency = account.source or account.account, account.currency or currency
        self.id = f"woocommerce.{account.account}"
        self._signers = tuple(map(Secret, account.secrets))
        self.secrets = (*self._signers, key, secret)
        self.polled_every = timedelta(minutes=account.poll_minutes) or None
        self.wants = Wants(rewards=account.rewards, members=account.show_members)
        self._currency = currency
        self._api = Api(Access(account.url, key, secret, account.timeout_seconds))
        kind = RefundKind(account.money_refunds)
        reading = Reading(source, currency, account.paid, account.gift_cards, kind)
        self._walk = Walk(self._api, reading, account.reviews)
        self._coupons = Coupons(self._api, currency)
        self._showing = Showing(self._api, source, account.meta_key)

    def health(self) -> Health:
        """Whether the shop answers, is the one meant, and still sends webhooks."""
        try:
            found = self._api.get("data/currencies/current")
            money = as_text(as_object(found.document).get("code")) if found else ""
            if money != self._currency:
                return Health(ok=False, detail=f"the shop's currency is {money}: write it down")
            return self._webhooks()
        except ConnectorError as error:
            return Health(ok=False, detail=str(error))

    def _webhooks(self) -> Health:
        """Whether its webhooks to us are on: the shop switches one off that failed five times."""
        found, _ = self._api.every("webhooks", {"status": "all"})
        ours = [one for one in found if leads_here(as_text(one.get("delivery_url")), self.id)]
        off = [one for one in ours if as_text(one.get("status")) != "active"]
        topics = {as_text(one.get("topic")) for one in ours if one not in off}
        if off:
            names = ", ".join(
                f"{as_text(one.get('name'))} ({as_text(one.get('topic'))})" for one in off
            )
            return Health(ok=False, detail=f"the shop has switched off its webhooks {names}")
        if missing := [one for one in NEEDED if one not in topics]:
            return Health(ok=False, detail=f"the shop has no webhook for {', '.join(missing)}")
        return Health(ok=True, detail=f"{len(ours)} webhooks are on")

    # -- in -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> Verified:
        """The webhook, if it is signed with its secret; or a ping."""
        return verified(request, [secret.reveal() for secret in self._signers])

    def translate(self, message: Message) -> Iterable[Input]:
        """What is the case at the shop with what a webhook is about; none of other topics.

        Only its id is read. The rest was written by a version of the API that the webhook names,
        when it was sent, with refunds that say no lines, and in the trash not at all.
        """
        if message.topic in ORDERS:
            id = name(needed_object(message.json(), "$").get("id"), "$.id")
            return patiently(lambda: self._walk.order(id), KeyRefused)
        if message.topic in CUSTOMERS:
            id = name(needed_object(message.json(), "$").get("id"), "$.id")
            return patiently(lambda: self._walk.customer(id), KeyRefused)
        return []

    # -- through ------------------------------------------------------------------------------

    def changed_since(self, cursor: str) -> Page:
        """A page of what changed: orders with all their refunds, customers, and reviews."""
        return self._walk.page(cursor)

    # -- back ---------------------------------------------------------------------------------

    def act(self, action: Action) -> None:
        """Makes or drops a coupon, or writes what a member has."""
        if isinstance(action, MakeCode):
            patiently(lambda: self._coupons.make(action), KeyRefused)
        elif isinstance(action, DropCode):
            patiently(lambda: self._coupons.drop(action), KeyRefused)
        elif isinstance(action, ShowMember):
            patiently(lambda: self._showing.show(action), KeyRefused)
        else:
            raise ActionRefused(f"a shop is not told {type(action).__name__}")
