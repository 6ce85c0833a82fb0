"""The part of a unit of work that forgets people; what stays of them says nothing about anybody."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, tuple_, update

from loyalty_core.domain.facts import FactId
from loyalty_core.domain.ledger import TransactionKind
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.ports.records import FactRecord
from loyalty_core.storage import partner_tables, rows, tables
from loyalty_core.storage.grants import Grants
from loyalty_core.storage.locked import Locked

DROPPED = "dropped"
"""The state of a delivery whose event is of somebody who was erased before it was delivered."""


def key_digest(key: str) -> str:
    """What is kept of an idempotency key: enough to know it again, not to read it."""
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def identity_digest(secret: str, identity: Identity) -> str:
    """What is kept of an erased identity; without the program's secret it cannot be guessed at."""
    text = json.dumps([identity.kind.value, identity.value, identity.source])
    return hmac.new(bytes.fromhex(secret), text.encode(), hashlib.sha256).hexdigest()


class Erasure(Grants, Locked):
    """The part of ``ports.people.PeopleWork`` that is about erasing."""

    def erased(self, identities: Iterable[Identity]) -> Mapping[Identity, datetime]:
        """When those were erased last to whom these identities belonged, of those who were."""
        secret = self._secret()
        if secret is None:  # nobody ever was
            return {}
        digests = {identity_digest(secret, identity): identity for identity in identities}
        table = tables.erased
        found = select(table.c.digest, table.c.erased_at).where(
            table.c.program == self._program, table.c.digest.in_(sorted(digests))
        )
        return {digests[row["digest"]]: row["erased_at"] for row in self._rows(found, {})}

    def _secret(self) -> str | None:
        table = tables.secret
        mine = select(table.c.value).where(table.c.program == self._program)
        found: str | None = self._connection.scalar(mine)
        return found

    def identities_of(self, members: Sequence[MemberId]) -> list[Identity]:
        """The identities of these members."""
        table = tables.identity
        theirs = table.c.member_id.in_(members)
        found = self._connection.execute(
            select(table.c.kind, table.c.value, table.c.source).where(theirs)
        )
        return sorted(map(rows.identity_from, found))

    def facts_of(self, members: Sequence[MemberId]) -> list[FactRecord]:
        """All facts of these members."""
        mine = select(tables.fact).where(tables.fact.c.member_id.in_(members))
        return [rows.fact_record(row) for row in self._rows(mine, {})]

    def forget(
        self,
        members: Sequence[MemberId],
        identities: Sequence[Identity],
        facts: Sequence[FactId],
        now: datetime,
    ) -> None:
        """Takes what is personal out of these members' rows, but those that ``save`` writes."""
        self._bury(identities, now)
        table = tables.identity
        self._connection.execute(delete(table).where(table.c.member_id.in_(members)))
        self._forget_links(members)
        self._forget_waiting(facts, identities)
        self._forget_receipts(members)
        self.forget_grants(members, now)
        shared = self._shared_transactions(members)
        self.lock(self._others(shared))
        self._forget_reasons(members, shared)
        self._forget_events(members, shared)

    def identity_digests(self, identities: Collection[Identity]) -> list[str]:
        """What is kept of each identity that is erased: it says nothing of anybody."""
        made = {"program": self._program, "value": secrets.token_hex(32)}
        self._write(self._insert(tables.secret).on_conflict_do_nothing(), [made])
        secret = self._secret()
        assert secret is not None
        return sorted(identity_digest(secret, identity) for identity in identities)

    def _bury(self, identities: Sequence[Identity], now: datetime) -> None:
        """Keeps a keyed digest of each identity, so that late facts can be told from new ones."""
        values = [
            {"program": self._program, "digest": digest, "erased_at": now}
            for digest in self.identity_digests(identities)
        ]
        added = self._insert(tables.erased)
        again = added.on_conflict_do_update(
            index_elements=["program", "digest"], set_={"erased_at": added.excluded.erased_at}
        )
        self._write(again, values)

    def _forget_links(self, members: Sequence[MemberId]) -> None:
        """A link would say who somebody was, in another program."""
        table = partner_tables.link
        either = or_(table.c.member_id.in_(members), table.c.partner_member.in_(members))
        self._connection.execute(delete(table).where(either))

    def _forget_waiting(self, facts: Sequence[FactId], identities: Sequence[Identity]) -> None:
        """What is somebody's by now, and waited for this person as well, says so no more."""
        waiting = tables.waiting
        mine = waiting.c.fact_id == bindparam("waits")
        self._write(delete(waiting).where(mine), [{"waits": fact} for fact in facts])
        names = [(one.kind.value, one.value, one.source) for one in identities]
        named = tuple_(waiting.c.kind, waiting.c.value, waiting.c.source).in_(names)
        owned = select(tables.fact.c.member_id).where(tables.fact.c.id == waiting.c.fact_id)
        ours = waiting.c.program == self._program
        theirs = delete(waiting).where(ours, named, owned.scalar_subquery().is_not(None))
        self._connection.execute(theirs)

    def _forget_receipts(self, members: Sequence[MemberId]) -> None:
        """A key stays taken: whoever uses it again is told so."""
        table = tables.receipt
        mine = select(table.c.key).where(table.c.member_id.in_(members))
        keys = list(self._connection.scalars(mine))
        digests = [{"of_key": key, "digest": key_digest(key)} for key in keys]
        forget = (
            update(table)
            .where(table.c.program == self._program, table.c.key == bindparam("of_key"))
            .values(key=bindparam("digest"), input_hash="", receipt={})
        )
        self._write(forget, digests)

    def _shared_transactions(self, members: Sequence[MemberId]) -> list[str]:
        """The other halves of these members' transfers: they say the same reason."""
        made = tables.transaction
        kind = TransactionKind.TRANSFER.value
        mine = select(made.c.detail).where(made.c.member_id.in_(members), made.c.kind == kind)
        return [row["detail"]["transaction"] for row in self._rows(mine, {})]

    def _others(self, shared: Sequence[str]) -> list[MemberId]:
        """Whose these transactions are: nobody else may forget them at the same time."""
        made = tables.transaction
        found = select(made.c.member_id).where(made.c.id.in_(shared)).distinct()
        return [MemberId(one) for one in self._connection.scalars(found)]

    def _forget_reasons(self, members: Sequence[MemberId], shared: Sequence[str]) -> None:
        made = tables.transaction
        concerned = or_(made.c.member_id.in_(members), made.c.id.in_(shared))
        forget = update(made).where(concerned, made.c.reason != "")
        self._connection.execute(forget.values(reason=""))

    def _forget_events(self, members: Sequence[MemberId], shared: Sequence[str]) -> None:
        event, delivery = tables.event, tables.delivery
        mine = event.c.member_id.in_(members)
        made = tables.transaction  # an event has no index by transaction, but one by member
        others = select(made.c.member_id).where(made.c.id.in_(shared))
        theirs = event.c.member_id.in_(others) & event.c.transaction_id.in_(shared)
        ids = select(event.c.id).where(mine)
        pending = delivery.c.event_id.in_(ids) & (delivery.c.state == "pending")
        self._connection.execute(
            update(delivery).where(pending).values(state=DROPPED, next_attempt_at=None)
        )
        of_them = ids.union(select(event.c.id).where(theirs))
        failed = delivery.c.event_id.in_(of_them) & (delivery.c.last_error != "")
        self._connection.execute(update(delivery).where(failed).values(last_error=""))
        self._connection.execute(update(event).where(mine).values(data={}))
        told = select(event.c.id, event.c.data).where(theirs, ~mine)
        kept = [
            {"of_event": row["id"], "kept": _without_reason(row["data"])}
            for row in self._rows(told, {})
        ]
        strip = update(event).where(event.c.id == bindparam("of_event"))
        self._write(strip.values(data=bindparam("kept", type_=event.c.data.type)), kept)


def _without_reason(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in ("reason", "actor")}
