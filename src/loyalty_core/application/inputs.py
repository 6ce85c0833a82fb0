"""Booking what connectors make of a shop's data: facts in batches, and what else they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from loyalty_core.application.books import Books
from loyalty_core.application.enrol import Members
from loyalty_core.application.erase import Erasing
from loyalty_core.application.forms import read_fact
from loyalty_core.application.granting import Granting
from loyalty_core.application.ids import input_hash
from loyalty_core.application.record import Recorder
from loyalty_core.application.rules import Rules
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.connectors import (
    CodeUsed,
    Customer,
    Disconnected,
    ErasureAsked,
    ExportAsked,
    Input,
    ShopErasureAsked,
    Unreadable,
)
from loyalty_core.domain.facts import Activity, Fact, Json, Order, OrderRefund
from loyalty_core.domain.members import Member
from loyalty_core.domain.programs import JoinPolicy
from loyalty_core.domain.receipts import RecordStatus
from loyalty_core.errors import (
    FactError,
    GrantNotFound,
    IdempotencyConflict,
    LoyaltyError,
    MemberErased,
    StoreError,
)
from loyalty_core.ports.records import StoredReceipt
from loyalty_core.ports.store import Store, UnitOfWork

FACTS = (Order, OrderRefund, Activity, Mapping)
PEOPLE = 100
"""How many people are looked for at once who are to be forgotten with their shop."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of one input: whether anything new was in it, and why it could not be taken."""

    changed: bool = False
    error: LoyaltyError | None = None


class Inputs:
    """Books the inputs of one program under its current rules."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        recorder: Recorder,
        members: Members,
        erasing: Erasing,
        granting: Granting,
        clock: Clock,
    ) -> None:
        self._store = store
        self._rules = rules
        self._recorder = recorder
        self._members = members
        self._erasing = erasing
        self._granting = granting
        self._clock = clock

    def book(self, connector: str, inputs: Sequence[Input]) -> list[Booked]:
        """What became of each input: facts first, in one batch, then the others in their order.

        Each is booked once however often it comes. Raises ``StoreError``: nothing is known then.
        """
        made = [Booked() for _ in inputs]
        places = [place for place, one in enumerate(inputs) if isinstance(one, FACTS)]
        receipts = self._recorder.record([cast(Fact, inputs[place]) for place in places])
        for place, receipt in zip(places, receipts, strict=True):
            same = receipt.status in (RecordStatus.DUPLICATE, RecordStatus.ERASED)
            made[place] = Booked(not same and receipt.error is None, receipt.error)
        for place, one in enumerate(inputs):
            if not isinstance(one, FACTS):
                made[place] = self._one(connector, one)
        return made

    def _one(self, connector: str, one: Input) -> Booked:
        try:
            if isinstance(one, Customer):
                return Booked(self._customer(one))
            if isinstance(one, CodeUsed):
                order = read_fact(one.order, self._clock())
                if not isinstance(order, Order):
                    raise FactError("a code is used on an order", where="$.order")
                return Booked(self._granting.used_at(connector, one.code, order))
            if isinstance(one, Unreadable):
                return Booked(error=one.error)
            if isinstance(one, ErasureAsked):
                return Booked(self._erase(connector, one))
            if isinstance(one, ShopErasureAsked):
                return Booked(self._erase_all(connector, one))
            if isinstance(one, Disconnected):
                return Booked(self._store.write(partial(self._switch_off, connector, one)))
            assert isinstance(one, ExportAsked)
            return Booked(self._export(connector, one))
        except StoreError:
            raise
        except (MemberErased, GrantNotFound):  # forgotten meanwhile; or a code of the shop's own
            return Booked()
        except LoyaltyError as error:
            return Booked(error=error)

    def _customer(self, one: Customer) -> bool:
        """Whether the member was made, or is known otherwise now than before."""
        identities = {kind: value for kind, value in one.identities.items() if value}
        known = self._found(identities, one.source)
        joins = one.joins or self._rules.config.program.join is JoinPolicy.ON_FIRST_FACT
        if not identities or (known is None and not joins):
            return False
        return self._members.hear(replace(one, identities=identities)) != known

    def _found(self, identities: Mapping[str, str], source: str) -> Member | None:
        return self._members.find(identities, source) if identities else None

    def _each(self, identities: Mapping[str, str], source: str) -> dict[str, Member]:
        """Everybody that any of the identities belongs to."""
        found: dict[str, Member] = {}
        for kind, value in identities.items():
            member = self._found({kind: value} if value else {}, source)
            if member is not None:
                found[member.id] = member
        return found

    def _erase(self, connector: str, one: ErasureAsked) -> bool:
        reason, key = f"asked at {connector}", f"{connector}:erase:{one.reference}"
        members = self._each(one.identities, one.source)
        for member_id in members:
            self._erasing.erase(member_id, reason, connector, f"{key}:{member_id}")
        guests = {
            kind: value
            for kind, value in one.identities.items()
            if value and self._found({kind: value}, one.source) is None
        }
        try:
            made = self._erasing.erase_guest(guests, one.source, reason, connector, key)
        except IdempotencyConflict:  # asked before, when they were members: who came since stays
            return bool(members)
        return bool(members or made.facts)

    def _erase_all(self, connector: str, one: ShopErasureAsked) -> bool:
        """Whether anybody was forgotten; goes on where it stopped, for who is left is asked."""
        erased = False
        while found := self._store.read(lambda reader: reader.known_only_from(one.source, PEOPLE)):
            for member_id in found:
                key = f"{connector}:erase:{one.reference}:{member_id}"
                self._erasing.erase(member_id, f"asked by {connector}", connector, key)
                erased = True
        reason, key = f"asked by {connector}", f"{connector}:erase:{one.reference}"
        made = self._erasing.erase_guests_of(one.source, reason, connector, key)
        return erased or made.facts > 0

    def _switch_off(self, connector: str, one: Disconnected, uow: UnitOfWork) -> bool:
        state = uow.connector_state(connector)
        if state.disabled_at is not None:
            return False
        state.disabled_at, state.disabled_for = self._clock(), one.reason
        uow.save_connector(state)
        return True

    def _export(self, connector: str, one: ExportAsked) -> bool:
        """Whether somebody is told now that a person asks for what is known of them."""
        told = False
        for member_id in self._each(one.identities, one.source):
            told |= self._store.write(partial(self._tell, connector, one, member_id))
        return told

    def _tell(self, connector: str, one: ExportAsked, member_id: str, uow: UnitOfWork) -> bool:
        key = f"{connector}:export:{one.reference}:{member_id}"
        if uow.receipt(key) is not None:
            return False
        books = Books(uow, self._rules, self._clock())
        data: Mapping[str, Json] = {"connector": connector, "reference": one.reference}
        books.tell("export_asked", member_id, books.now, data)
        given = input_hash("export_asked", data)
        books.changes.receipts.append(StoredReceipt(key, given, member_id, {}, books.now))
        books.flush()
        return True
