"""Balances and statements as of a moment: by when things happened, and by when they were known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from loyalty_core.application.available import NOTHING_HELD
from loyalty_core.application.enrol import member_of
from loyalty_core.application.ids import is_id
from loyalty_core.application.postings import TOTALS
from loyalty_core.application.rules import Rules
from loyalty_core.application.statement import Questions, shown_grants
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.ledger import WalletBook
from loyalty_core.domain.members import Identity
from loyalty_core.domain.statements import Statement, WalletStatement
from loyalty_core.errors import FactError, MemberNotFound, WalletUnknown
from loyalty_core.ports.past import AsOf
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.store import Reader, Store


class Past:
    """Answers as of a moment, each from a fixed few queries over one member's transactions."""

    def __init__(self, store: Store, rules: Rules, questions: Questions, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._questions = questions
        self._clock = clock

    def balance(
        self, member_id: str, wallet: str | None, at: datetime | None, known_at: datetime | None
    ) -> int:
        """The sum of a wallet's entries as of a moment."""
        name, as_of = self._wallet(wallet), self._as_of(at, known_at)

        def look(reader: Reader) -> int:
            _member(reader, member_id)
            return sum(reader.moved(member_id, as_of).get(name, {}).values())

        return self._store.read(look)

    def statement(
        self, member_id: str, at: datetime | None, known_at: datetime | None
    ) -> Statement:
        """The member's wallets as of a moment."""
        as_of = self._as_of(at, known_at)

        def look(reader: Reader) -> Statement:
            pair = _member(reader, member_id)
            books = reader.wallets([member_id])
            moved, held = reader.moved(member_id, as_of), reader.holdings(member_id, as_of)
            wallets = []
            for name in self._rules.config.wallets:
                today = books.get((member_id, name)) or WalletBook(member_id, name)
                debt, points = held.get(name, (0, []))
                book = WalletBook(member_id, name, debt=debt, lapses_at=today.lapses_at)
                for kind, amount in moved.get(name, {}).items():
                    book.balance += amount
                    if kind in TOTALS:
                        total, sign = TOTALS[kind]
                        setattr(book, total, getattr(book, total) + sign * amount)
                wallets.append(
                    self._shown(self._questions.wallet(book, points, NOTHING_HELD, as_of.at), as_of)
                )
            owned = reader.owned([member_id], as_of.at).get(member_id)
            grants, saved = shown_grants(owned, as_of.at)
            return Statement(
                member=member_of(*pair),
                at=as_of.at,
                wallets=tuple(wallets),
                household_id=pair[0].belongs_to,
                grants=grants,
                saved=saved,
            )

        return self._store.read(look)

    def _shown(self, wallet: WalletStatement, as_of: AsOf) -> WalletStatement:
        """A wallet without today's inactivity, which tells nothing about an earlier day."""
        return replace(wallet, lapses_at=None) if as_of.at < self._clock() else wallet

    def _wallet(self, wallet: str | None) -> str:
        known = self._rules.config.wallets
        if wallet is None and len(known) == 1:
            return next(iter(known))
        if wallet is None or wallet not in known:
            remedy = f"Its wallets: {', '.join(known) or 'none'}."
            text = f"the program has no wallet {wallet!r}" if wallet else "name one wallet"
            raise WalletUnknown(text, where="wallet", remedy=remedy)
        return wallet

    def _as_of(self, at: datetime | None, known_at: datetime | None) -> AsOf:
        for name, moment in (("at", at), ("known_at", known_at)):
            if moment is not None and moment.tzinfo is None:
                remedy = "Give an aware datetime, such as one in UTC."
                raise FactError(f"{moment} has no time zone", where=name, remedy=remedy)
        return AsOf(
            at.astimezone(UTC) if at else self._clock(),
            known_at.astimezone(UTC) if known_at else None,
        )


def _member(reader: Reader, member_id: str) -> tuple[MemberRecord, tuple[Identity, ...]]:
    found = reader.members([member_id]) if is_id(member_id) else {}
    if member_id not in found:
        raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
    return found[member_id]
