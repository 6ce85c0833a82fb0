"""The unit of work on one connection: everything a command reads under lock, and what it writes.

Statements are prepared once below; each table is written by one execution for all its rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from loyalty_core.domain.facts import FactKey, Json
from loyalty_core.domain.ledger import Lot, LotId, WalletBook
from loyalty_core.domain.members import Identity, IdentityKind, MemberId
from loyalty_core.ports.records import Changes, FactRecord, FactStatus, MemberRecord, StoredReceipt
from loyalty_core.storage import rows, tables
from loyalty_core.storage.posted import Posted

_lock_members = (
    select(tables.member)
    .where(
        tables.member.c.program == bindparam("program"),
        tables.member.c.id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(tables.member.c.id)
    .with_for_update()
)
_facts_by_key = select(tables.fact).where(
    tables.fact.c.program == bindparam("program"),
    tables.fact.c.source == bindparam("source"),
    tables.fact.c.type == bindparam("type"),
    tables.fact.c.external_id.in_(bindparam("ids", expanding=True)),
)
_lock_facts = (
    select(tables.fact)
    .where(tables.fact.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(tables.fact.c.id)
    .with_for_update()
)
_facts_since = select(tables.fact).where(
    tables.fact.c.member_id.in_(bindparam("ids", expanding=True)),
    tables.fact.c.occurred_at >= bindparam("since"),
)
_wallets = select(tables.wallet).where(
    tables.wallet.c.member_id.in_(bindparam("ids", expanding=True))
)
_lots_by_id = select(tables.lot).where(tables.lot.c.id.in_(bindparam("ids", expanding=True)))
_open_lots = select(tables.lot).where(
    tables.lot.c.member_id.in_(bindparam("ids", expanding=True)), tables.lot.c.remaining > 0
)
_owners = select(tables.identity).where(
    tables.identity.c.program == bindparam("program"),
    tables.identity.c.kind == bindparam("kind"),
    tables.identity.c.source == bindparam("source"),
    tables.identity.c.value.in_(bindparam("values", expanding=True)),
)


def owners(
    connection: Connection, program: str, identities: Iterable[Identity]
) -> dict[Identity, MemberId]:
    """The member of each known identity: one query for each kind and source."""
    grouped: dict[tuple[IdentityKind, str], list[str]] = defaultdict(list)
    for identity in set(identities):
        grouped[identity.kind, identity.source].append(identity.value)
    found = {}
    for (kind, source), values in grouped.items():
        key = {"program": program, "kind": kind.value, "source": source, "values": values}
        for row in connection.execute(_owners, key).mappings():
            found[rows.identity_of(row)] = MemberId(row["member_id"])
    return found


def _update(table: Table, *keys: str) -> Any:
    where = [table.c[key] == bindparam(f"key_{key}") for key in keys]
    names = [column.name for column in table.c if column.name not in keys]
    return update(table).where(*where).values({name: bindparam(name) for name in names})


_update_member = _update(tables.member, "id")
_update_fact = _update(tables.fact, "id")
_update_lot = _update(tables.lot, "id")
_update_wallet = _update(tables.wallet, "member_id", "wallet")


def _keyed(values: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        values[f"key_{key}"] = values.pop(key)
    return values


class SqlUnitOfWork(Posted):
    """``ports.store.UnitOfWork`` on one SQLAlchemy connection, for one program."""

    def __init__(self, connection: Connection, program: str) -> None:
        super().__init__(connection, program)
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        self._insert: Any = dialect.insert

    # -- members and identities -----------------------------------------------------------------

    def owners(self, identities: Iterable[Identity]) -> dict[Identity, MemberId]:
        """The member of each identity that is known."""
        return owners(self._connection, self._program, identities)

    def claim(self, wanted: Mapping[Identity, MemberId]) -> dict[Identity, MemberId]:
        """Who owns each identity now, after giving the free ones to the members wanted."""
        values = [
            {
                "program": self._program,
                "kind": identity.kind.value,
                "value": identity.value,
                "source": identity.source,
                "member_id": wanted[identity],
            }
            for identity in sorted(wanted)
        ]
        self._write(self._insert(tables.identity).on_conflict_do_nothing(), values)
        return self.owners(wanted)

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

    def lock_members(self, ids: Iterable[MemberId]) -> dict[MemberId, MemberRecord]:
        """The members, locked in id order until the transaction ends."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        found = self._rows(_lock_members, {"program": self._program, "ids": wanted})
        return {record.id: record for record in map(rows.member_record, found)}

    def due_members(self, now: datetime, limit: int) -> list[MemberId]:
        """Members that have points to activate or to expire at ``now``, from ``limit`` lots."""
        lot, wallet, member = tables.lot, tables.wallet, tables.member
        conditions = (  # each walks its own partial index
            (lot, (lot.c.remaining > 0) & (lot.c.expires_at <= now)),
            (lot, lot.c.pending & (lot.c.activates_at <= now)),
            (wallet, (wallet.c.balance > 0) & (wallet.c.lapses_at <= now)),
        )
        found: set[str] = set()
        for table, due in conditions:
            ours = (member.c.id == table.c.member_id) & (member.c.program == self._program)
            chosen = select(table.c.member_id).join(member, ours).where(due).limit(limit)
            found.update(self._connection.scalars(chosen))
        return sorted(map(MemberId, found))

    # -- facts ------------------------------------------------------------------------------------

    def facts_by_key(
        self, keys: Iterable[FactKey], *, lock: bool = False
    ) -> dict[FactKey, FactRecord]:
        """The stored facts with these keys: one query for each source and type.

        ``lock`` locks those that belong to nobody yet, as no lock on a member covers them.
        """
        grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key in set(keys):
            grouped[key.source, key.type].append(key.id)
        found = {}
        for (source, kind), ids in grouped.items():
            key_of = {"program": self._program, "source": source, "type": kind, "ids": ids}
            for row in self._rows(_facts_by_key, key_of):
                record = rows.fact_record(row)
                found[record.key] = record
        unowned = [record.id for record in found.values() if record.member_id is None]
        if lock and unowned:
            for row in self._rows(_lock_facts, {"ids": sorted(unowned)}):
                record = rows.fact_record(row)
                found[record.key] = record
        return found

    def facts_since(self, since: Mapping[MemberId, datetime]) -> list[FactRecord]:
        """Each member's facts that occurred at or after the given moment, in no order."""
        if not since:
            return []
        parameters = {"ids": sorted(since), "since": min(since.values())}
        records = map(rows.fact_record, self._rows(_facts_since, parameters))
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

    def take_waiting(self, identities: Iterable[Identity], now: datetime) -> list[FactRecord]:
        """The facts that waited for these identities and are still in time; they wait no more."""
        waiting, fact = tables.waiting, tables.fact
        found: dict[str, FactRecord] = {}
        for identity in identities:
            mine = (
                (waiting.c.program == self._program)
                & (waiting.c.kind == identity.kind.value)
                & (waiting.c.value == identity.value)
                & (waiting.c.source == identity.source)
            )
            chosen = (
                select(fact)
                .join(waiting, waiting.c.fact_id == fact.c.id)
                .where(mine, waiting.c.until > now, fact.c.status == FactStatus.WAITING.value)
            )
            for row in self._rows(chosen, {}):
                found[row["id"]] = rows.fact_record(row)
        if found:
            self._connection.execute(delete(waiting).where(waiting.c.fact_id.in_(found)))
        return list(found.values())

    def adopt_waiting(self, now: datetime, limit: int) -> dict[MemberId, list[FactRecord]]:
        """Facts that wait though a member has their identity by now; they wait no more."""
        waiting, fact, known = tables.waiting, tables.fact, tables.identity
        same = [known.c[name] == waiting.c[name] for name in ("program", "kind", "value", "source")]
        chosen = (
            select(fact, known.c.member_id.label("owner"))
            .join(waiting, waiting.c.fact_id == fact.c.id)
            .join(known, and_(*same))
            .where(waiting.c.program == self._program, waiting.c.until > now)
            .where(fact.c.status == FactStatus.WAITING.value)
            .order_by(fact.c.id)
            .limit(limit)
        )
        found = {row["id"]: row for row in self._rows(chosen, {})}
        if found:
            self._connection.execute(delete(waiting).where(waiting.c.fact_id.in_(found)))
        adopted: dict[MemberId, list[FactRecord]] = defaultdict(list)
        for row in found.values():
            adopted[MemberId(row["owner"])].append(rows.fact_record(row))
        return adopted

    def lapse_waiting(self, now: datetime, limit: int) -> int:
        """How many facts stopped waiting because nobody joined in time."""
        waiting, fact = tables.waiting, tables.fact
        late = (
            select(waiting.c.fact_id)
            .where(waiting.c.program == self._program, waiting.c.until <= now)
            .limit(limit)
        )
        ids = sorted(set(self._connection.scalars(late)))
        if ids:
            self._connection.execute(delete(waiting).where(waiting.c.fact_id.in_(ids)))
            lapse = update(fact).where(
                fact.c.id.in_(ids), fact.c.status == FactStatus.WAITING.value
            )
            self._connection.execute(lapse.values(status=FactStatus.LAPSED.value))
        return len(ids)

    # -- the books --------------------------------------------------------------------------------

    def wallets(self, members: Iterable[MemberId]) -> dict[tuple[str, str], WalletBook]:
        """The members' wallets by member and wallet name, without lots."""
        ids = sorted(set(members))
        found = self._rows(_wallets, {"ids": ids}) if ids else ()
        return {(row["member_id"], row["wallet"]): rows.wallet_book(row) for row in found}

    def lots(self, ids: Iterable[LotId], open_of: Iterable[MemberId]) -> list[Lot]:
        """The lots with these ids, and all lots of these members that hold points."""
        found: dict[str, Lot] = {}
        for statement, keys in (
            (_lots_by_id, sorted(set(ids))),
            (_open_lots, sorted(set(open_of))),
        ):
            if keys:
                for row in self._rows(statement, {"ids": keys}):
                    found[row["id"]] = rows.lot_of(row)
        return list(found.values())

    def save(self, changes: Changes) -> None:
        """Writes everything, each table once."""
        program = self._program
        self._write(
            insert(tables.member), [rows.member_row(m, program) for m in changes.members_added]
        )
        self._write(
            _update_member,
            [_keyed(rows.member_row(m, program), "id") for m in changes.members.values()],
        )
        facts = [(fact.stored, rows.fact_row(fact, program)) for fact in changes.facts.values()]
        self._write(insert(tables.fact), [row for stored, row in facts if not stored])
        self._write(_update_fact, [_keyed(row, "id") for stored, row in facts if stored])
        self._write(insert(tables.waiting), [self._waiting(*item) for item in changes.waiting])
        self._write(insert(tables.lot), [rows.lot_row(lot) for lot in changes.lots_added])
        self._write(_update_lot, [_keyed(rows.lot_row(lot), "id") for lot in changes.lots])
        books = [(book.stored, rows.wallet_row(book)) for book in changes.wallets]
        self._write(insert(tables.wallet), [row for stored, row in books if not stored])
        self._write(
            _update_wallet,
            [_keyed(row, "member_id", "wallet") for stored, row in books if stored],
        )
        made = changes.transactions
        self._write(insert(tables.transaction), [rows.transaction_row(one) for one in made])
        self._write(insert(tables.entry), [row for one in made for row in rows.entry_rows(one)])
        self.publish(changes.events)
        self._write(insert(tables.receipt), [self._receipt(one) for one in changes.receipts])

    def _waiting(self, identity: Identity, fact_id: str, until: datetime) -> dict[str, Any]:
        return {
            "program": self._program,
            "kind": identity.kind.value,
            "value": identity.value,
            "source": identity.source,
            "fact_id": fact_id,
            "until": until,
        }

    # -- receipts, deliveries, configurations -----------------------------------------------------

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
        table = tables.receipt
        row = (
            self._connection.execute(
                select(table).where(table.c.program == self._program, table.c.key == key)
            )
            .mappings()
            .first()
        )
        if row is None:
            return None
        names = ("key", "input_hash", "member_id", "receipt", "created_at")
        return StoredReceipt(**{name: row[name] for name in names})

    def config_document(self, version: int) -> Mapping[str, Json]:
        """The configuration stored under a version."""
        table = tables.config
        found: Mapping[str, Json] = self._connection.execute(
            select(table.c.document).where(
                table.c.program == self._program, table.c.version == version
            )
        ).scalar_one()
        return found

    def config_version(self, fingerprint: str, document: Mapping[str, Json], now: datetime) -> int:
        """The version of this configuration, which is made the latest if it is not."""
        table = tables.config
        ours = table.c.program == self._program
        latest = self._connection.execute(
            select(table.c.version, table.c.fingerprint)
            .where(ours)
            .order_by(table.c.version.desc())
            .limit(1)
        ).first()
        if latest is not None and latest.fingerprint == fingerprint:
            return int(latest.version)
        version = 1 if latest is None else latest.version + 1
        self._connection.execute(
            insert(table).values(
                program=self._program,
                version=version,
                fingerprint=fingerprint,
                document=document,
                first_used_at=now,
            )
        )
        return int(version)
