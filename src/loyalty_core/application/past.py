"""Balances and statements as of a moment: by when things happened, and by when they were known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from loyalty_core.application.available import NOTHING_HELD, Held
from loyalty_core.application.enrol import member_of
from loyalty_core.application.forms import asked_moment
from loyalty_core.application.ids import is_id
from loyalty_core.application.postings import TOTALS
from loyalty_core.application.rules import Rules
from loyalty_core.application.statement import Questions, shown_grants
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.ledger import WalletBook
from loyalty_core.domain.members import Identity
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.domain.statements import Statement, WalletStatement
from loyalty_core.errors import MemberNotFound, WalletUnknown
from loyalty_core.ports.past import AsOf, LotThen
from loyalty_core.ports.records import Absence, MemberRecord, Upcoming
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
        """The sum of a wallet's entries as of a moment; of all of them where none is named.

        A shop's clock may be ahead of ours: what it said just now counts, as in a statement.
        """
        name, as_of = self._wallet(wallet), self._as_of(at, known_at)

        def look(reader: Reader) -> int:
            holder = _holder(reader, member_id, as_of)[0].id
            if at is None and known_at is None:
                today = reader.wallets([holder]).get((holder, name))
                return today.balance if today else 0
            return sum(reader.moved(holder, as_of).get(name, {}).values())

        return self._store.read(look)

    def statement(
        self, member_id: str, at: datetime | None, known_at: datetime | None
    ) -> Statement:
        """The member's wallets as of a moment."""
        as_of = self._as_of(at, known_at)

        def look(reader: Reader) -> Statement:
            pair = _holder(reader, member_id, as_of)
            holder = pair[0].id
            books = reader.wallets([holder])
            moved, (debts, lots) = reader.moved(holder, as_of), reader.holdings(holder, as_of)
            made = reader.holding({one.member_id for one in lots}, as_of) if lots else []
            parted = _parted(lots, made, as_of.at)
            wallets = []
            for name in self._rules.config.wallets:
                today = books.get((holder, name)) or WalletBook(holder, name)
                debt, (held, free) = debts.get(name, 0), parted.get(name, (NOTHING_HELD, []))
                book = WalletBook(holder, name, debt=debt, lapses_at=today.lapses_at)
                for kind, amount in moved.get(name, {}).items():
                    book.balance += amount
                    if kind in TOTALS:
                        total, sign = TOTALS[kind]
                        setattr(book, total, getattr(book, total) + sign * amount)
                wallet = self._questions.wallet(book, free, held, as_of.at)
                wallets.append(self._shown(wallet, as_of))
            owned = reader.owned([holder], as_of.at).get(holder)
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
        return AsOf(
            self._clock() if at is None else asked_moment("at", at),
            None if known_at is None else asked_moment("known_at", known_at),
        )


def _parted(
    lots: Iterable[LotThen], redemptions: Iterable[Redemption], at: datetime
) -> dict[str, tuple[Held, list[Upcoming]]]:
    """What was held at a moment, and the points that were not, by wallet.

    A hold is of lots: so it was theirs who had the lots, and never of more than was in them.
    """
    left = {one.lot_id: one for one in lots}
    live: Counter[str] = Counter()
    freed: dict[str, list[Upcoming]] = defaultdict(list)
    made = [(one.expires_at, one) for one in redemptions]
    over = sorted((when, one.id, one) for when, one in made if when and when <= at)
    now = [(None, one.id, one) for when, one in made if not when or when > at]
    for when, _, redemption in [*now, *over]:
        for lot_id, amount in redemption.lots.items():
            if (lot := left.get(lot_id)) and (part := min(amount, lot.points.amount)):
                rest = lot.points._replace(amount=lot.points.amount - part)
                left[lot_id] = lot._replace(points=rest)
                if when is None:
                    live[lot.wallet] += part
                else:
                    freed[lot.wallet].append(Upcoming(when, rest.expires_at, True, part))
    free: dict[str, list[Upcoming]] = defaultdict(list)
    for lot in left.values():
        free[lot.wallet].append(lot.points)
    names = {lot.wallet for lot in left.values()}
    return {name: (Held(live[name], tuple(freed[name])), free[name]) for name in names}


def _holder(
    reader: Reader, member_id: str, as_of: AsOf
) -> tuple[MemberRecord, tuple[Identity, ...]]:
    """Whoever answered for the member at a moment, as the books knew by then."""
    found = reader.members([member_id]) if is_id(member_id) else {}
    if member_id not in found:
        raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
    seen, pair = min(as_of.at, as_of.known_at or as_of.at), found[member_id]
    while away := next((one for one in _absences(pair[0]) if one.covers(seen)), None):
        pair = reader.members([away.into])[away.into]
    return pair


def _absences(record: MemberRecord) -> list[Absence]:
    """When others answered for the member; who was erased since answers alone again."""
    return [one for one in record.absences if one.until or record.merged_into]
