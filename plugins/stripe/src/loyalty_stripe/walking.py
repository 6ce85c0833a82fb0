"""Walks through an account: first all there is, then what happened since, by Stripe's events.

Stripe keeps events for thirty days. Who comes later goes through everything again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from loyalty_core import Input, JsonObject, Page, cursor_of, inputs_of, place_at
from loyalty_stripe.asking import Api, Listed
from loyalty_stripe.events import Events
from loyalty_stripe.fields import ref, whole
from loyalty_stripe.gathering import CHARGED, Gathering

INVOICES, PAYMENTS, CHARGES = "invoices", "payments", "charges"
CUSTOMERS, EVENTS = "customers", "events"
THEN = {INVOICES: PAYMENTS, PAYMENTS: CHARGES, CHARGES: CUSTOMERS, CUSTOMERS: EVENTS}
KEPT = timedelta(days=29)
"""For how long events are looked for; Stripe keeps them for a day more."""
OVERLAP = timedelta(minutes=5)
"""What a walk looks at again: an event may be listed after others of its time."""
SOME = 20
"""How many are asked for at once, each of which has to be asked more about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a walk is: after which object, and up to which moment events were seen.

    ``began`` is when the walk through everything began, by Stripe's clock: events are looked at
    from then on. ``newest`` is the latest event of the walk that is going on.
    """

    phase: str = INVOICES
    after: str = ""
    began: int = 0
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Walk:
    """Goes through one account."""

    api: Api
    gathering: Gathering
    events: Events

    def page(self, cursor: str) -> Page:
        """A page of what changed, and where to go on."""
        at = place_at(Place, cursor)
        if at.phase == EVENTS:
            return self._happened(at)
        form: dict[str, object] = {"starting_after": at.after} if at.after else {}
        if at.phase == INVOICES:
            form |= {"status": "paid", "expand": ["data.payments"], "limit": SOME}
            listed, read = self.api.page("invoices", form), self.gathering.invoiced
            at = replace(at, began=at.began or _seconds(listed))
        elif at.phase == PAYMENTS:
            listed = self.api.page("payment_intents", {**form, **CHARGED, "limit": SOME})
            read = self._intent
        elif at.phase == CHARGES:
            listed = self.api.page("charges", {**form, "expand": ["data.refunds"]})
            read = self._charge
        else:
            listed, read = self.api.page("customers", form), self.gathering.person
        there = replace(at, phase=THEN[at.phase], after="")
        if listed.more and listed.found:
            there = replace(at, after=ref(listed.found[-1]))
        inputs = tuple(one for doc in listed.found for one in inputs_of(ref(doc) or "?", doc, read))
        return Page(inputs=inputs, cursor=cursor_of(there), more=there.phase != EVENTS)

    def _intent(self, doc: JsonObject) -> list[Input]:
        return self.gathering.intent(doc, walking=True)

    def _charge(self, doc: JsonObject) -> list[Input]:
        return self.gathering.charged(doc, walking=True)

    def _happened(self, at: Place) -> Page:
        """Events since the last walk, the newest first."""
        since = max(at.began - OVERLAP.seconds, 0)
        form: dict[str, object] = {"created": {"gte": since}, "limit": SOME}
        if at.after:
            form["starting_after"] = at.after
        listed = self.api.page("events", form)
        now = _seconds(listed)
        if now - at.began > KEPT.days * 86_400 and not at.after:
            return Page(inputs=(), cursor=cursor_of(Place()), more=True)
        seen: set[str] = set()
        inputs: list[Input] = []
        for event in listed.found:
            about = self.events.named(event)
            if about not in seen:
                inputs += inputs_of(ref(event) or "?", event, self.events.inputs)
            seen.add(about)
        moments = [whole(event.get("created"), "$.created") for event in listed.found]
        newest = max([at.newest, at.began, *moments])
        if listed.more and listed.found:
            there = replace(at, after=ref(listed.found[-1]), newest=newest)
            return Page(inputs=tuple(inputs), cursor=cursor_of(there), more=True)
        there = Place(phase=EVENTS, began=newest)
        return Page(inputs=tuple(inputs), cursor=cursor_of(there))


def _seconds(listed: Listed) -> int:
    """When a page was answered; its newest document where the answer says no date."""
    at: datetime | None = listed.at
    if at is not None:
        return int(at.timestamp())
    return max((whole(doc.get("created"), "$.created") for doc in listed.found), default=0)
