"""One account of Stripe, as the core knows it: webhooks, and walks through it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from loyalty_core import (
    ConnectorError,
    FactError,
    Health,
    Input,
    Json,
    Message,
    Page,
    RefundKind,
    Secret,
    Verified,
    WebhookRequest,
    as_text,
    leads_here,
    needed_object,
)
from loyalty_stripe.asking import VERSION, Access, Api, KeyRefused
from loyalty_stripe.config import Account
from loyalty_stripe.events import Events
from loyalty_stripe.gathering import Gathering
from loyalty_stripe.payments import StripePayments
from loyalty_stripe.reading import Reading
from loyalty_stripe.signing import UNREADABLE, Kept, verified
from loyalty_stripe.subscriptions import Ending
from loyalty_stripe.walking import Walk

NEEDED = ("payment_intent.succeeded", "charge.refunded", "charge.dispute.created")
"""Events without which payments and what becomes of them are only found by walks."""


class StripeConnector:
    """An account of Stripe: what was paid there, refunded, disputed, and not paid."""

    def __init__(self, account: Account, program: str) -> None:
        key = Secret(account.api_key)
        source = account.source or account.account
        self.id = f"stripe.{account.account}"
        self._signers = tuple(map(Secret, account.secrets))
        self.secrets = (*self._signers, key)
        self.polled_every = timedelta(minutes=account.poll_minutes) or None
        self._account = account
        self._kept = Kept(account.stripe_account, account.live)
        self._api = Api(
            Access(
                account.api_url,
                key,
                account.live,
                account.stripe_account,
                account.timeout_seconds,
            )
        )
        reading = Reading(
            source=source,
            live=account.live,
            memberships=frozenset(account.memberships),
            money_refunds=RefundKind(account.money_refunds),
        )
        gathering = Gathering(self._api, reading, program)
        self._events = Events(gathering)
        self._walk = Walk(self._api, gathering, self._events)
        self.payments = StripePayments(
            self.id, self._api, source=source, program=program, return_url=account.return_url
        )
        self.ending = Ending(self._api, source, account.memberships)

    def health(self) -> Health:
        """Whether Stripe answers, the key may do what is needed, and webhooks come here."""
        try:
            self._api.page("payment_intents", {"limit": 1})
            self._api.page("events", {"limit": 1})
            found = self._endpoints()
        except ConnectorError as error:
            return Health(ok=False, detail=str(error))
        if found is None:
            return Health(ok=True, detail=f"API {VERSION}; the key may not see the endpoints")
        ours = [one for one in found if leads_here(as_text(one.get("url")), self.id)]
        on = [one for one in ours if as_text(one.get("status")) == "enabled"]
        told = {one for each in on for one in _strings(each.get("enabled_events"))}
        if ours and not on:
            return Health(ok=False, detail="Stripe has switched off the endpoint")
        missing = [] if "*" in told else [one for one in NEEDED if one not in told]
        if missing and ours:
            detail = f"the endpoint is not told {', '.join(missing)}"
            return Health(ok=False, detail=detail)
        return Health(ok=True, detail=f"API {VERSION}, {len(on)} endpoints are on")

    def _endpoints(self) -> list[dict[str, Json]] | None:
        """Where Stripe sends webhooks to; None if the key may not see it: it need not."""
        try:
            return list(self._api.every("webhook_endpoints", {}))
        except KeyRefused:
            return None

    # -- in -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> Verified:
        """The event, if it is signed with the endpoint's secret, now."""
        secrets = [secret.reveal() for secret in self._signers]
        return verified(request, secrets, self._kept)

    def translate(self, message: Message) -> Iterable[Input]:
        """What is the case at Stripe with what an event is about."""
        if message.topic == UNREADABLE:
            raise FactError("it is no event: it has no id or no type", where="$")
        return self._events.inputs(needed_object(message.json(), "$"))

    # -- through ------------------------------------------------------------------------------

    def changed_since(self, cursor: str) -> Page:
        """A page of what changed: invoices, payments, customers; then what happened since."""
        return self._walk.page(cursor)


def _strings(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
