"""Members with all that they have, as prebuilt text: one query for any number of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, TypeVar

from loyalty_core.domain.ledger import WalletBook
from loyalty_core.domain.members import Identity
from loyalty_core.ports.accounts import Account
from loyalty_core.ports.grants import OwnedAt
from loyalty_core.ports.records import MemberRecord, Upcoming
from loyalty_core.storage import rows, tables
from loyalty_core.storage.grant_tables import grant as grants
from loyalty_core.storage.grants import GrantAnswers
from loyalty_core.storage.queries import Queries
from loyalty_core.storage.running import Runner
from loyalty_core.storage.sql import Sql, sql_of

Pair = tuple[str, str]
T = TypeVar("T")


class _Texts:
    """The texts in one dialect; each row begins with a word that says what it is."""

    def __init__(self, sql: Sql) -> None:
        mark, mine = sql.mark, f"member_id {sql.any_id()}"
        row = partial(sql.row, width=1 + len(tables.member.c))
        member, wallet = (
            row(f"'{table.name}'", *sql.form(table).listed(table.name))
            for table in (tables.member, tables.wallet)
        )
        identity = row("'identity'", "member_id", "kind", "value", "source")
        dated = "member_id, wallet, activates_at, expires_at, pending"
        points = row("'points'", *dated.split(", "), "sum(remaining - held)")
        lots = f"SELECT {points} FROM loyalty_lot WHERE {mine} AND"
        unused = "(used_at IS NULL OR used_at > at) AND (expires_at IS NULL OR expires_at > at)"
        live = f"CASE WHEN {unused} THEN id END"
        owned = row("'owned'", "member_id", "currency", live, "sum(saved)")
        self.member = (
            f"SELECT {member} FROM loyalty_member WHERE {sql.its_own()} AND id {sql.any_id()}"
        )
        self.identities = f"SELECT {identity} FROM loyalty_identity WHERE {mine}"
        self.wallets = f"SELECT {wallet} FROM loyalty_wallet WHERE {mine}"
        self.upcoming = (  # each half walks its own partial index, however many lots are open
            f"{lots} remaining > 0 AND expires_at <= {mark} GROUP BY {dated} UNION ALL "
            f"{lots} pending AND (expires_at IS NULL OR expires_at > {mark}) GROUP BY {dated}"
        )
        self.owned = (  # each grant that was live, and what the used ones had saved
            f"SELECT {owned} "
            f"FROM (SELECT {sql.as_moment(mark)} AS at) AS asked "
            f"CROSS JOIN {grants} WHERE {mine} "
            "AND created_at <= at AND (revoked_at IS NULL OR revoked_at > at) "
            f"AND (({unused}) OR (used_at <= at AND saved > 0)) "
            f"GROUP BY member_id, currency, {live}"
        )
        self.people = f"{self.member} UNION ALL {self.identities}"
        parts = (self.people, self.wallets, self.upcoming, self.owned)
        self.accounts = " UNION ALL ".join(parts)


@lru_cache(maxsize=16)
def _texts(sql: Sql) -> _Texts:
    return _Texts(sql)


class _Found:
    """Fetched rows by what they are."""

    def __init__(self, sql: Sql, fetched: Iterable[Any]) -> None:
        self.records: dict[str, MemberRecord] = {}
        self.identities: dict[str, list[Identity]] = defaultdict(list)
        self.wallets: dict[str, dict[str, WalletBook]] = defaultdict(dict)
        self.upcoming: dict[str, dict[str, list[Upcoming]]] = defaultdict(dict)
        self.owned: list[Sequence[Any]] = []
        member, wallet, moment = sql.form(tables.member), sql.form(tables.wallet), sql.read_moment
        for row in sql.rows_of(fetched):
            what = row[0]
            if what == "identity":
                self.identities[row[1]].append(rows.identity_from(row[2:]))
            elif what == "points":
                ends = moment(row[4]) if row[4] is not None else None
                points = Upcoming(moment(row[3]), ends, bool(row[5]), row[6])
                self.upcoming[row[1]].setdefault(row[2], []).append(points)
            elif what == "owned":
                self.owned.append(row[1:5])
            elif what == tables.member.name:
                record = rows.member_record(member.row(row, 1))
                self.records[record.id] = record
            else:
                book = rows.wallet_book(wallet.values(row, 1))
                self.wallets[book.member_id][book.wallet] = book


class AccountRows(GrantAnswers):
    """``ports.accounts.AccountReader`` on one SQLAlchemy connection, for one program."""

    def __init__(self, runner: Runner, program: str) -> None:
        self._connection = runner.connection
        self._program = program
        self._runner = runner
        self._sql = sql_of(self._connection.dialect)
        self._queries = Queries(runner, self._sql, program)

    def _fetch(self, text: str, *parameters: Any) -> _Found:
        return _Found(self._sql, self._runner.fetch(text, parameters))

    def _asked(self, ids: Iterable[str]) -> tuple[_Texts, Any]:
        """The texts for so many ids, and the ids as their parameter."""
        wanted = list(ids)
        sql = self._sql.fitting(wanted)
        return _texts(sql), sql.ids(wanted)

    def accounts(self, ids: Iterable[str], at: datetime, until: datetime) -> dict[str, Account]:
        """All that the members have at a moment, and what happens to it by another one."""
        texts, asked = self._asked(ids)
        soon = self._sql.moment(until)
        upcoming = (asked, soon, asked, soon)
        owned = (self._sql.moment(at), asked)
        parameters = (self._program, asked, asked, asked, *upcoming, *owned)
        found = self._fetch(texts.accounts, *parameters)
        has = self._owned(found)
        return {
            one: Account(
                record,
                tuple(sorted(found.identities[one])),
                found.wallets[one],
                found.upcoming[one],
                has.get(one),
            )
            for one, record in found.records.items()
        }

    def members(self, ids: Iterable[str]) -> dict[str, tuple[MemberRecord, tuple[Identity, ...]]]:
        """The members with their identities."""
        texts, asked = self._asked(ids)
        found = self._fetch(texts.people, self._program, asked, asked)
        return {
            one: (record, tuple(sorted(found.identities[one])))
            for one, record in found.records.items()
        }

    def wallets(self, members: Iterable[str]) -> dict[Pair, WalletBook]:
        """The members' wallets by member and wallet name, without lots."""
        texts, asked = self._asked(members)
        found = self._fetch(texts.wallets, asked)
        return dict(_by_pair(found.wallets))

    def upcoming(self, members: Iterable[str], until: datetime) -> dict[Pair, list[Upcoming]]:
        """Points to which something happens by ``until``, or has: pending, expiring, past."""
        texts, asked = self._asked(members)
        soon = self._sql.moment(until)
        found = self._fetch(texts.upcoming, asked, soon, asked, soon)
        return dict(_by_pair(found.upcoming))

    def owned(self, members: Iterable[str], at: datetime) -> dict[str, OwnedAt]:
        """What these members owned at a moment, those with nothing left out."""
        texts, asked = self._asked(members)
        return self._owned(self._fetch(texts.owned, self._sql.moment(at), asked))

    def _owned(self, found: _Found) -> dict[str, OwnedAt]:
        owned: dict[str, OwnedAt] = defaultdict(lambda: OwnedAt([], {}))
        ids = []
        for member, currency, grant_id, saved in found.owned:
            if grant_id is None:
                owned[member] = OwnedAt([], {**owned[member].saved, currency: int(saved)})
            else:
                ids.append(grant_id)
        for one in self._found(grants.c.id.in_(ids)) if ids else ():
            owned[one.member_id].grants.append(one)
        return owned


def _by_pair(found: dict[str, dict[str, T]]) -> Iterator[tuple[Pair, T]]:
    for member, wallets in found.items():
        for wallet, one in wallets.items():
            yield (member, wallet), one
