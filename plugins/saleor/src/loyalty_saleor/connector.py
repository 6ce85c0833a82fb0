"""One shop on Saleor, as the core knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial

from loyalty_core import (
    Action,
    ActionRefused,
    ConnectorError,
    DropCode,
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
    Verified,
    Wants,
    WebhookRequest,
    as_object,
    as_objects,
    as_text,
    leads_here,
    needed_id,
    patiently,
    reward_kinds,
)
from loyalty_saleor.asking import Api, TokenRefused
from loyalty_saleor.codes import Codes
from loyalty_saleor.config import Account
from loyalty_saleor.queries import SHOP
from loyalty_saleor.reading import Reading
from loyalty_saleor.showing import Showing
from loyalty_saleor.signing import Keys, verified
from loyalty_saleor.walking import Walk

ORDERS = frozenset(
    f"order_{what}"
    for what in (
        *("created", "confirmed", "updated", "paid", "fully_paid", "refunded", "fully_refunded"),
        *("fulfilled", "cancelled", "expired", "bulk_created", "metadata_updated"),
    )
)
CUSTOMERS = frozenset({"customer_created", "customer_updated", "customer_metadata_updated"})
NEEDED = "ORDER_UPDATED"
"""The event without which orders are only found by walks."""


class SaleorConnector:
    """A shop on Saleor: webhooks, walks through it, codes and customers."""

    def __init__(self, account: Account, program: ProgramConfig) -> None:
        token = Secret(account.token)
        source = account.source or account.account
        currency = account.currency or program.program.currency
        url = account.url.rstrip("/")
        self.id = f"saleor.{account.account}"
        self.secrets = (token,)
        self.polled_every = timedelta(minutes=account.poll_minutes) or None
        self.wants = Wants(rewards=account.rewards, members=account.show_members)
        self._made = reward_kinds(account, program)
        self._keys = Keys(url)
        self._api = Api(url, token)
        self._walk = Walk(self._api, Reading(source, currency, RefundKind(account.money_refunds)))
        self._codes = Codes(self._api, currency, account.channel)
        self._showing = Showing(self._api, source, account.metadata_key)

    def health(self) -> Health:
        """Whether the shop answers, lets the app do what it is to do, and sends webhooks."""
        try:
            asked = self._api.ask(SHOP).data
        except ConnectorError as error:
            return Health(ok=False, detail=str(error))
        shop, app = as_object(asked.get("shop")), as_object(asked.get("app"))
        given = {as_text(one.get("code")) for one in as_objects(app.get("permissions"))}
        if missing := [one for one in self._needed() if one not in given]:
            return Health(ok=False, detail=f"the app lacks the permissions {', '.join(missing)}")
        ours = [
            one
            for one in as_objects(app.get("webhooks"))
            if leads_here(as_text(one.get("targetUrl")), self.id)
        ]
        on = {
            as_text(event.get("eventType"))
            for one in ours
            if one.get("isActive") is True
            for event in as_objects(one.get("asyncEvents"))
        }
        if NEEDED not in on:
            return Health(ok=False, detail=f"the app has no active webhook for {NEEDED}")
        version = f"{as_text(shop.get('name'))}, Saleor {as_text(shop.get('version'))}"
        return Health(ok=True, detail=version)

    def _needed(self) -> tuple[str, ...]:
        needed = ["MANAGE_ORDERS", "MANAGE_USERS"]
        needed += ["MANAGE_GIFT_CARD"] if RewardType.GIFT_CARD in self._made else []
        needed += ["MANAGE_DISCOUNTS"] if self._made - {RewardType.GIFT_CARD} else []
        return tuple(needed)

    # -- in -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> Verified:
        """The webhook, if the shop has signed it."""
        return verified(request, self._keys)

    def translate(self, message: Message) -> Iterable[Input]:
        """What is the case at the shop with what a webhook is about; none of other topics.

        Only ids are read: a webhook that is sent again has what was the case at first. The topic
        stands in a header that is not signed, but whatever it says, the shop is asked what is.
        """
        if message.topic in ORDERS:
            return self._asked(self._walk.order, _ids(message.json(), "order"))
        if message.topic in CUSTOMERS:
            return self._asked(self._walk.customer, _ids(message.json(), "user"))
        return []

    def _asked(self, ask: Callable[[str], list[Input]], ids: Iterator[str]) -> list[Input]:
        """What the shop says of each; a message waits while it does not take our token."""
        return [one for id in ids for one in patiently(partial(ask, id), TokenRefused)]

    # -- through ------------------------------------------------------------------------------

    def changed_since(self, cursor: str) -> Page:
        """A page of what changed: orders with all their refunds, then customers."""
        return self._walk.page(cursor)

    # -- back ---------------------------------------------------------------------------------

    def act(self, action: Action) -> str | None:
        """Makes or drops a code, or writes what a member has; the code, for Saleor makes some."""
        if isinstance(action, MakeCode):
            return patiently(lambda: self._codes.make(action), TokenRefused)
        if isinstance(action, DropCode):
            patiently(lambda: self._codes.drop(action), TokenRefused)
        elif isinstance(action, ShowMember):
            patiently(lambda: self._showing.show(action), TokenRefused)
        else:
            raise ActionRefused(f"a shop is not told {type(action).__name__}")
        return None


def _ids(document: Json, kind: str) -> Iterator[str]:
    """The ids of what a webhook is about, of our subscription or of Saleor's own payload.

    Raises ``FactError`` where there are none.
    """
    if isinstance(document, list):  # without a subscription, a list of what it is about
        for one in as_objects(document):
            yield needed_id(one.get("id"), "$.id")
        return
    about: JsonObject = as_object(document)
    several = as_objects(about.get(f"{kind}s"))
    for one in several or [as_object(about.get(kind))]:
        yield needed_id(one.get("id"), f"$.{kind}.id")
