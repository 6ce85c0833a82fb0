"""The unit of work on one connection: everything a command reads under lock, and what it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, update

from loyalty_core.domain.facts import FactKey
from loyalty_core.domain.ledger import Lot, LotId, WalletBook
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.ports.records import Changes, FactRecord, StoredReceipt
from loyalty_core.storage import rows, tables
from loyalty_core.storage.actions import ActionRows
from loyalty_core.storage.boards import Boards
from loyalty_core.storage.calendar import Calendars
from loyalty_core.storage.configs import ConfigRows
from loyalty_core.storage.erasure import key_digest
from loyalty_core.storage.expiry import Expiry
from loyalty_core.storage.households import HouseholdRows
from loyalty_core.storage.inbox import InboxRows
from loyalty_core.storage.locking import Locks
from loyalty_core.storage.own_rows import OwnTableRows
from loyalty_core.storage.partners import PartnerWrites
from loyalty_core.storage.posted import Posted
from loyalty_core.storage.quarantine import QuarantineRows
from loyalty_core.storage.rebuild import CacheWrites
from loyalty_core.storage.running import Runner
from loyalty_core.storage.scored import Scored
from loyalty_core.storage.seal import SealWrites
from loyalty_core.storage.sql import Write
from loyalty_core.storage.waiting import Waiting

POINTS = ("remaining", "expired", "forgiven", "held", "pending")
"""The columns of a lot that change as points move, and with time."""
_rest: Callable[[Lot], tuple[object, ...]]
_rest = attrgetter(*(column.name for column in tables.lot.c if column.name not in POINTS))


class SqlUnitOfWork(
    SealWrites,
    CacheWrites,
    Calendars,
    Boards,
    Scored,
    Expiry,
    HouseholdRows,
    Waiting,
    Posted,
    PartnerWrites,
    InboxRows,
    ActionRows,
    OwnTableRows,
    QuarantineRows,
    ConfigRows,
):
    """``ports.store.UnitOfWork`` on one SQLAlchemy connection, for one program."""

    def __init__(self, runner: Runner, program: str, locks: Locks | None = None) -> None:
        super().__init__(runner, program)
        self._locks = locks or self._locks
        self._rest_of: dict[LotId, tuple[object, ...]] = {}

    def neighbour(self, program: str) -> SqlUnitOfWork:
        """The same transaction on another program's books."""
        return SqlUnitOfWork(self._runner, program, self._locks)

    # -- members and identities -----------------------------------------------------------------

    def claim(self, wanted: Mapping[Identity, MemberId]) -> dict[Identity, MemberId]:
        """Who owns each identity now, after giving the free ones to the members wanted."""
        self._locks.start()
        won = self._queries.claim(wanted)
        self._locks.claimed()
        lost = self._queries.owners(wanted.keys() - won)
        return {**wanted, **lost}

    def reassign(self, identities: Iterable[Identity], owner: MemberId) -> None:
        """Gives identities that this transaction claimed to another member."""
        table = tables.identity
        for identity in identities:
            self._connection.execute(
                update(table)
                .where(
                    table.c.program == self._program,
                    table.c.kind == identity.kind.value,
                    table.c.value == identity.value,
                    table.c.source == identity.source,
                )
                .values(member_id=owner)
            )

    def due_members(self, now: datetime, limit: int) -> list[MemberId]:
        """Members whose points activate or expire, or holds time out, from ``limit`` of each."""
        given = {"now": now, "program": self._program, "most": limit}
        found: set[str] = set()
        for chosen in _due_members():
            found.update(self._connection.scalars(chosen, given))
        return sorted(map(MemberId, found))

    # -- facts ------------------------------------------------------------------------------------

    def known(
        self, keys: Iterable[FactKey], members: Iterable[MemberId] = ()
    ) -> tuple[dict[FactKey, FactRecord], list[WalletBook]]:
        """The stored facts with these keys, and the wallets of these members.

        Facts that belong to nobody yet are locked, as no lock on a member covers them.
        """
        facts, wallets = self._queries.known(keys, members)
        found = {record.key: record for record in facts}
        unowned = [record.id for record in facts if record.member_id is None]
        found |= {record.key: record for record in self.lock_facts(unowned).values()}
        return found, wallets

    def facts_since(self, since: Mapping[MemberId, datetime]) -> list[FactRecord]:
        """Each member's facts that occurred at or after the given moment, in no order."""
        if not since:
            return []
        records = self._queries.facts_since(since, min(since.values()))
        return [
            record
            for record in records
            if record.member_id and record.occurred_at >= since[record.member_id]
        ]

    def facts_to_retry(self, now: datetime, limit: int) -> list[FactRecord]:
        """Facts that a program failed on and whose time to try again has come, oldest first."""
        fact = tables.fact
        due = select(fact).where(
            fact.c.program == self._program, fact.c.retry_at.is_not(None), fact.c.retry_at <= now
        )
        ordered = due.order_by(fact.c.retry_at, fact.c.id).limit(limit)
        return [rows.fact_record(row) for row in self._rows(ordered, {})]

    # -- the books --------------------------------------------------------------------------------

    def books(
        self,
        members: Iterable[MemberId],
        lots: Iterable[LotId] = (),
        open_of: Iterable[MemberId] = (),
    ) -> tuple[list[WalletBook], list[Lot]]:
        """The members' wallets; the lots with these ids, and all that hold points of some."""
        wallets, found = self._queries.books(members, lots, open_of)
        self._rest_of.update((lot.id, _rest(lot)) for lot in found)
        return wallets, found

    def save(self, changes: Changes) -> None:
        """Writes everything, each table once."""
        program = self._program
        facts = [(fact.stored, rows.fact_row(fact, program)) for fact in changes.facts.values()]
        if changes.waiting:
            waiting = self._insert(tables.waiting).on_conflict_do_nothing()
            self._write(waiting, [self._waiting(*item) for item in changes.waiting])
        books = changes.wallets
        made = changes.transactions
        moved, other = self._parted(changes.lots)
        writes = (
            Write(tables.member, [rows.member_row(m, program) for m in changes.members_added]),
            Write(
                tables.member,
                [rows.member_row(m, program) for m in changes.members.values()],
                update=True,
            ),
            Write(tables.fact, sorted((row for stored, row in facts if not stored), key=_by_key)),
            Write(tables.fact, [row for stored, row in facts if stored], update=True),
            Write(tables.lot, changes.lots_added, whole=True),
            Write(tables.lot, moved, update=True, only=POINTS, whole=True),
            Write(tables.lot, other, update=True, whole=True),
            Write(tables.wallet, [book for book in books if not book.stored], whole=True),
            Write(tables.wallet, [book for book in books if book.stored], update=True, whole=True),
            Write(tables.transaction, made, whole=True),
            Write(tables.entry, [row for one in made for row in rows.entry_rows(one)]),
            *self.redemption_writes(changes.redemptions.values()),
            *self._standing_writes(changes.standings),
            *self._score_writes(changes.scores),
            *self.grant_writes(changes.grants.values()),
            *self.published(changes.events),
            Write(tables.receipt, [self._receipt(one) for one in changes.receipts]),
        )
        self._sql.write(self._runner, writes)
        self._drop_scores(changes.scores)
        self.save_own(changes.own_rows.values())

    def _parted(self, lots: Iterable[Lot]) -> tuple[list[Lot], list[Lot]]:
        """Those of which only points have changed since they were read, and all others."""
        moved: list[Lot] = []
        other: list[Lot] = []
        for lot in lots:
            same = self._rest_of.pop(lot.id, None) == _rest(lot)
            (moved if same else other).append(lot)
        return moved, other

    def _waiting(
        self, identity: Identity | None, fact_id: str, until: datetime | None
    ) -> dict[str, Any]:
        return {
            "program": self._program,
            "kind": identity.kind.value if identity else "",  # no member ever has this identity
            "value": identity.value if identity else "",
            "source": identity.source if identity else "",
            "fact_id": fact_id,
            "until": until,
        }

    # -- receipts, deliveries --------------------------------------------------------------------

    def _receipt(self, stored: StoredReceipt) -> dict[str, Any]:
        return {
            "program": self._program,
            "key": stored.key,
            "input_hash": stored.input_hash,
            "member_id": stored.member_id,
            "receipt": stored.receipt,
            "created_at": stored.created_at,
        }

    def receipt(self, key: str) -> StoredReceipt | None:
        """What the command with this idempotency key returned."""
        return self._queries.receipt((key, key_digest(key)))


def _by_key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Where a new fact is inserted: two that insert the same in turn would wait for each other."""
    return row["source"], row["type"], row["external_id"]


@lru_cache(maxsize=1)
def _due_members() -> Sequence[Select[Any]]:
    """What finds the members that something is due for; each walks its own partial index."""
    lot, wallet, member, held = tables.lot, tables.wallet, tables.member, tables.redemption
    now: Any = bindparam("now")
    free = and_(tables.is_open, lot.c.remaining > lot.c.held)
    lapsing = (wallet.c.balance > 0) & (wallet.c.balance > wallet.c.held)
    conditions = (
        (lot, free & (lot.c.expires_at <= now)),
        (lot, and_(tables.is_pending, lot.c.activates_at <= now)),
        (wallet, lapsing & (wallet.c.lapses_at <= now)),
        (held, (held.c.state == "held") & (held.c.expires_at <= now)),
    )
    made = []
    for table, due in conditions:  # a join would let SQLite walk through all members
        whose = select(member.c.program).where(member.c.id == table.c.member_id)
        ours = whose.scalar_subquery() == bindparam("program")
        made.append(select(table.c.member_id).where(due, ours).limit(bindparam("most")))
    return made
