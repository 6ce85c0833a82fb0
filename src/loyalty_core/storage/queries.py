"""The questions that every command asks, as prebuilt text: whose, what is known, which lots."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from loyalty_core.domain.facts import FactId, FactKey
from loyalty_core.domain.ledger import Lot, LotId, WalletBook
from loyalty_core.domain.members import Identity, MemberId
from loyalty_core.ports.records import FactRecord, MemberRecord, StoredReceipt
from loyalty_core.storage import rows, tables
from loyalty_core.storage.locking import Rank, member_rank
from loyalty_core.storage.running import Runner
from loyalty_core.storage.sql import Sql, encode

_IDENTITY = ("kind", "value", "source")
_KEY = ("source", "type", "external_id")


class _Texts:
    """The texts in one dialect."""

    def __init__(self, sql: Sql) -> None:
        mark, any_id = sql.mark, sql.any_id()
        lock = " FOR UPDATE" if sql.postgresql else ""
        identities = sql.found("loyalty_identity", _IDENTITY)
        facts = sql.found("loyalty_fact", _KEY)
        member, fact = (
            sql.row(*sql.form(table).listed(table.name)) for table in (tables.member, tables.fact)
        )
        names = [f"found.{name}" for name in (*_IDENTITY, "member_id")]
        self.owners = f"SELECT {sql.row(*names)} FROM {identities}"
        whose = [f"owned.{name}" for name in _IDENTITY]
        locked = sql.each("loyalty_member", "member", "member.id = owned.member_id", "FOR UPDATE")
        self.lock_owners = (
            f"SELECT {sql.row(*whose, *sql.form(tables.member).listed('member'))} "
            f"FROM (SELECT {', '.join(names)} FROM {identities} "
            f"UNION ALL SELECT NULL, NULL, NULL, found.member_id FROM {facts} "
            f"ORDER BY member_id) AS owned {locked}"
        )
        these = f"FROM loyalty_member WHERE {sql.its_own()} AND id {any_id}"
        self.lock_members = f"SELECT {member} {these} ORDER BY household, id{lock}"
        self.there = f"SELECT {sql.row('id', 'household')} {these}"
        self.lock_ids = f"{self.there} ORDER BY household, id{lock}"
        found = ["0", *sql.form(tables.fact).listed("found")]
        lot = ["0", *sql.form(tables.lot).listed("lot")]
        self.known = f"SELECT {sql.row(*found)} FROM {facts} UNION ALL {_wallets(sql, len(found))}"
        self.lock_facts = f"SELECT {fact} FROM loyalty_fact WHERE id {any_id} ORDER BY id{lock}"
        self.facts_since = (
            f"SELECT {fact} FROM loyalty_fact WHERE member_id {any_id} AND occurred_at >= {mark}"
        )
        lots = f"SELECT {sql.row(*lot)} FROM loyalty_lot AS lot WHERE"
        self.books = (  # two index ranges of lots: one both named and open comes twice
            f"{_wallets(sql, len(lot))} UNION ALL {lots} id {any_id} "
            f"UNION ALL {lots} member_id {any_id} AND remaining > 0"
        )
        receipt = sql.row(*sql.form(tables.receipt).listed("loyalty_receipt"))
        self.receipt = (
            f"SELECT {receipt} FROM loyalty_receipt "
            f"WHERE program = {mark} AND key IN ({mark}, {mark})"
        )
        self.claim = (
            f"INSERT INTO loyalty_identity (program, {', '.join(_IDENTITY)}, member_id) "
            f"SELECT {mark}, kind, value, source, {sql.as_id('owner')} "
            f"FROM {sql.asked(*_IDENTITY, 'owner')} WHERE true "
            f"ON CONFLICT DO NOTHING RETURNING {sql.row(*_IDENTITY)}"
        )


def _wallets(sql: Sql, width: int) -> str:
    wallet = sql.row("1", *sql.form(tables.wallet).listed("wallet"), width=width)
    return f"SELECT {wallet} FROM loyalty_wallet AS wallet WHERE member_id {sql.any_id()}"


@lru_cache(maxsize=16)
def _texts(sql: Sql) -> _Texts:
    return _Texts(sql)


class Queries:
    """The questions of one program on one connection."""

    def __init__(self, runner: Runner, sql: Sql, program: str) -> None:
        self._runner = runner
        self._program = program
        self._sql = sql
        self._texts = _texts(self._sql)
        forms = self._sql.forms
        self._member, self._fact = forms[tables.member], forms[tables.fact]
        self._receipt = forms[tables.receipt]
        self._wallet, self._lot = forms[tables.wallet], forms[tables.lot]

    def _fetch(self, text: str, *parameters: Any) -> Iterable[Sequence[Any]]:
        return self._sql.rows_of(self._runner.fetch(text, parameters))

    # -- members ----------------------------------------------------------------------------------

    def owners(self, identities: Iterable[Identity]) -> dict[Identity, MemberId]:
        """The member of each known identity."""
        wanted = _identities(identities)
        found = self._fetch(self._texts.owners, encode(wanted), self._program) if wanted else ()
        return {rows.identity_from(row): MemberId(row[3]) for row in found}

    def lock_owners(
        self, identities: Iterable[Identity], keys: Iterable[FactKey]
    ) -> tuple[dict[Identity, MemberId], dict[MemberId, MemberRecord]]:
        """The member of each known identity; and they, and those of known facts, locked."""
        wanted, recorded = _identities(identities), _keys(keys)
        if not wanted and not recorded:
            return {}, {}
        program = self._program
        parameters = (encode(wanted), program, encode(recorded), program)
        owners: dict[Identity, MemberId] = {}
        members: dict[MemberId, MemberRecord] = {}
        for row in self._fetch(self._texts.lock_owners, *parameters):
            record = rows.member_record(self._member.row(row, len(_IDENTITY)))
            members[record.id] = record
            if row[0] is not None:
                owners[rows.identity_from(row)] = record.id
        return owners, members

    def lock_members(
        self, ids: Collection[MemberId], waits: bool = True
    ) -> dict[MemberId, MemberRecord]:
        """The members, locked in their order; unless it ``waits``, without those somebody has."""
        sql = self._sql.fitting(ids)
        text = _texts(sql).lock_members + _skipping(waits)
        found = self._fetch(text, self._program, sql.ids(ids))
        records = (rows.member_record(self._member.row(row)) for row in found)
        return {record.id: record for record in records}

    def lock_ids(self, ids: Collection[MemberId], waits: bool = True) -> dict[MemberId, Rank]:
        """The same of whom nothing is read but where they are in the order of locks."""
        text = self._texts.lock_ids + _skipping(waits)
        found = self._fetch(text, self._program, self._sql.ids(ids))
        return {MemberId(one): member_rank(household) for one, household in found}

    def members_there(self, ids: Collection[MemberId]) -> dict[MemberId, Rank]:
        """Those of the members that there are, with their place in the order of locks."""
        found = self._fetch(self._texts.there, self._program, self._sql.ids(ids))
        return {MemberId(one): member_rank(household) for one, household in found}

    def claim(self, wanted: Mapping[Identity, MemberId]) -> set[Identity]:
        """Those of the identities that were free, and belong to the members wanted now."""
        asked = [{**_identity_row(one), "owner": wanted[one]} for one in sorted(wanted)]
        found = self._fetch(self._texts.claim, self._program, encode(asked))
        return set(map(rows.identity_from, found))

    # -- facts and books --------------------------------------------------------------------------

    def known(
        self, keys: Iterable[FactKey], members: Iterable[MemberId]
    ) -> tuple[list[FactRecord], list[WalletBook]]:
        """The stored facts with these keys, and the wallets of these members."""
        whose = list(members)
        sql = self._sql.fitting(whose)
        parameters = (encode(_keys(keys)), self._program, sql.ids(whose))
        facts, wallets = [], []
        for row in self._fetch(_texts(sql).known, *parameters):
            if row[0]:
                wallets.append(rows.wallet_book(self._wallet.values(row, 1)))
            else:
                facts.append(rows.fact_record(self._fact.row(row, 1)))
        return facts, wallets

    def lock_facts(self, ids: Collection[FactId], waits: bool = True) -> dict[FactId, FactRecord]:
        """The facts, locked in id order; unless it ``waits``, without those somebody has."""
        text = self._texts.lock_facts + _skipping(waits)
        found = self._fetch(text, self._sql.ids(ids))
        records = (rows.fact_record(self._fact.row(row)) for row in found)
        return {record.id: record for record in records}

    def facts_since(self, members: Iterable[MemberId], since: datetime) -> Iterator[FactRecord]:
        """The members' facts that occurred at or after a moment."""
        parameters = (self._sql.ids(members), self._sql.moment(since))
        for row in self._fetch(self._texts.facts_since, *parameters):
            yield rows.fact_record(self._fact.row(row))

    def books(
        self, members: Iterable[str], lots: Iterable[LotId], open_of: Iterable[MemberId]
    ) -> tuple[list[WalletBook], list[Lot]]:
        """The members' wallets; the lots with these ids, and all that hold points of some."""
        asked: list[set[str]] = [set(members), set(lots), set(open_of)]
        if not any(asked):
            return [], []
        wallets: list[WalletBook] = []
        found: dict[LotId, Lot] = {}
        sql = self._sql.fitting(*asked)
        for row in self._fetch(_texts(sql).books, *map(sql.ids, asked)):
            if row[0]:
                wallets.append(rows.wallet_book(self._wallet.values(row, 1)))
            else:
                lot = rows.lot_of(self._lot.values(row, 1))
                found[lot.id] = lot
        return wallets, list(found.values())

    def receipt(self, keys: tuple[str, str]) -> StoredReceipt | None:
        """What the command with this idempotency key returned, under either form of the key."""
        for fetched in self._fetch(self._texts.receipt, self._program, *keys):
            row = self._receipt.row(fetched)
            del row["program"]
            return StoredReceipt(**row)
        return None


def _skipping(waits: bool) -> str:
    """What comes behind the text of a lock, on PostgreSQL: where there are none, all wait."""
    return "" if waits else " SKIP LOCKED"


def _identities(identities: Iterable[Identity]) -> list[dict[str, str]]:
    return [_identity_row(one) for one in set(identities)]


def _identity_row(one: Identity) -> dict[str, str]:
    return {"kind": one.kind, "value": one.value, "source": one.source}


def _keys(keys: Iterable[FactKey]) -> list[dict[str, str]]:
    return [{"source": key.source, "type": key.type, "external_id": key.id} for key in set(keys)]
