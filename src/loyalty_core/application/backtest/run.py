"""A backtest from end to end: copied, decided again, booked again, and compared.

The books are read in one transaction, a few members at a time, and never written. The scratch
database gets everything but who people are: no identities besides codes, no events, no codes of
grants. Nothing in it is delivered, and no shop or provider is asked for anything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import NamedTuple, TypeVar

from loyalty_core.application.backtest.case import Case
from loyalty_core.application.backtest.counted import Counted, Segments, defined_otherwise
from loyalty_core.application.backtest.deciding import Deciding
from loyalty_core.application.backtest.figures import Counting
from loyalty_core.application.backtest.replay import Replay
from loyalty_core.application.backtest.spends import copied
from loyalty_core.application.backtest.terms import Terms, in_force
from loyalty_core.application.backtest.unwritten import Unwritten
from loyalty_core.application.books import Books
from loyalty_core.application.claiming import AMPLE, Claiming, count_again
from loyalty_core.application.rules import Rules, RulesAt
from loyalty_core.domain.backtests import Backtest, Impossible
from loyalty_core.domain.grants import GrantRecord
from loyalty_core.domain.ledger import Transaction
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.redemptions import RedemptionState
from loyalty_core.ports.recorded import EARLIEST
from loyalty_core.ports.records import Changes, FactStatus, MemberRecord
from loyalty_core.ports.store import Reader, Store, UnitOfWork

T = TypeVar("T")

MEMBERS_A_CHUNK = 250
MOST_IMPOSSIBLE = 1000

Progress = Callable[[int, int], None]
"""Is told how many steps are done, of how many."""


@dataclass(slots=True)
class Tally:
    """What became of the members, besides their figures."""

    members: int = 0
    replayed: int = 0
    erased: int = 0
    impossible_count: int = 0
    impossible: list[Impossible] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)

    def refuse(self, found: Sequence[Impossible]) -> None:
        """Adds what could not be done again; the first ones are kept."""
        self.impossible_count += len(found)
        self.impossible += found[: MOST_IMPOSSIBLE - len(self.impossible)]


class Outcome(NamedTuple):
    """One case as it is and as it would be: transactions, and the grants that would be."""

    case: Case
    was: Sequence[Transaction]
    would: Sequence[Transaction]
    grants: Sequence[GrantRecord]
    segments: Segments
    impossible: Sequence[Impossible] = ()
    replayed: bool = False


class Backtesting:
    """Replays what one reader sees in a scratch database, under rules that hold from a moment."""

    def __init__(
        self, scratch: Store, rules: Rules, rules_at: RulesAt, since: datetime, until: datetime
    ) -> None:
        self._scratch = scratch
        self._rules = rules
        self._rules_at = rules_at
        self._since = since
        self._until = until
        self._tally = Tally()
        self._counting = Counting(since, until, rules.config.program.time_zone)
        self._done = 0

    def run(self, reader: Reader, progress: Progress | None) -> Backtest:
        """What would be beside what is, as the reader sees the books."""
        count = reader.member_count()

        def told(members: int) -> None:
            self._done += members
            if progress is not None:
                progress(self._done, 3 * count)

        deciding = Deciding(self._scratch, self._rules, self._rules_at, self._since)
        for members in _pages(reader):
            ids = [one.id for one in members]
            places = reader.places(one.id for one in members if one.household)
            deciding.copy(members, reader.facts_of_members(ids), reader.codes_of(ids), places)
            told(len(members))
        for chunk in _in_order_of_merges(reader):
            deciding.decide(chunk, self._until)
            told(len(chunk))
        others = defined_otherwise(self._rules, in_force(reader.versions(), self._until))
        counted = Counted(self._scratch, self._rules, self._until, others)
        counted.count()
        for cases in _cases(reader):
            for outcome in self._scratch.write(partial(self._book, reader, cases, counted)):
                self._count(outcome)
            told(sum(map(len, cases)))
        return replace(self._found(), uncounted=others)

    def _book(
        self,
        reader: Reader,
        cases: Sequence[Sequence[MemberId]],
        counted: Counted,
        uow: UnitOfWork,
    ) -> list[Outcome]:
        """Books cases again, and writes them; what became of them is counted once it is kept."""
        terms = Terms(
            self._rules,
            self._since,
            reader.versions(),
            lambda version: self._rules_at(uow, version),
        )
        unwritten = Unwritten(uow)
        entered = counted.enter(uow, list(chain(*cases)))
        found = []
        for case in _loaded(reader, uow, cases):
            segments = counted.asked_of(case, entered)
            found.append(self._outcome(uow, case, terms, unwritten, segments))
        uow.save(_united(unwritten.done))
        return found

    def _outcome(
        self, uow: UnitOfWork, case: Case, terms: Terms, unwritten: Unwritten, segments: Segments
    ) -> Outcome:
        """What becomes of one case, which is booked again if the rules make a difference to it."""
        was = [*case.transactions, *self._late(uow, case)]
        same = case.erased or (
            case.decided_alike()
            and terms.books_alike()
            and all(map(terms.sold_alike, case.redemptions))
        )
        if same:
            unwritten.save(_as_it_is(uow, case))
            return Outcome(case, was, was, case.grants, segments)
        books = Books(unwritten.as_work(), self._rules, EARLIEST)
        unwritten.changes = books.changes
        replay = Replay(books, case, terms)
        replay.run(self._until)
        books.changes.facts.update({one.id: one for one in case.decided.values()})
        books.changes.members.update(case.decided_members)
        books.changes.events.clear()
        books.flush()
        would, grants = books.changes.transactions, tuple(books.changes.grants.values())
        return Outcome(case, was, would, grants, segments, replay.impossible, replayed=True)

    def _count(self, found: Outcome) -> None:
        """Adds both sides of a case up, and what became of its members."""
        tally, case, counting = self._tally, found.case, self._counting
        members = case.members.values()
        tally.members += len(members)
        tally.erased += sum(one.status is MemberStatus.ERASED for one in members)
        tally.replayed += len(members) if found.replayed else 0
        tally.refuse(found.impossible)
        for record in case.decided.values():
            tally.failed.update(record.deferred)
        counting.add(found.was, found.would, found.segments)
        counting.add_grants(case.grants, found.grants, found.segments)

    def _late(self, uow: UnitOfWork, case: Case) -> Sequence[Transaction]:
        """What time has done by now to the books as they are, though nobody booked it yet."""
        books = Books(uow, self._rules, self._until)
        own = [replace(book, lots={}) for book in case.wallets]
        books.keep(case.members, own)
        for lot in case.lots.values():
            books.wallet(lot.member_id, lot.wallet).lots[lot.id] = replace(lot)
        for redemption in case.redemptions:
            books.keep_held(replace(redemption, item=""))
        for book in own:
            books.catch_up(book)
        return books.changes.transactions

    def _found(self) -> Backtest:
        tally, counting = self._tally, self._counting
        return Backtest(
            since=self._since,
            until=self._until,
            months=counting.months(),
            segments=counting.segments(),
            members=counting.members(),
            grants=counting.grants(),
            segment_grants=counting.segment_grants(),
            member_grants=counting.member_grants(),
            impossible=tuple(tally.impossible),
            impossible_count=tally.impossible_count,
            members_total=tally.members,
            replayed=tally.replayed,
            gaining=counting.gaining,
            losing=counting.losing,
            erased=tally.erased,
            failed=dict(tally.failed),
        )


def _pages(reader: Reader) -> Iterator[list[MemberRecord]]:
    """All members, a few at a time."""
    after = ""
    while members := reader.members_after(after, MEMBERS_A_CHUNK):
        yield members
        after = members[-1].id


def _in_order_of_merges(reader: Reader) -> Iterator[list[MemberId]]:
    """All members, those who were merged first, and of these the earliest first."""
    merged: list[tuple[datetime, MemberId]] = []
    for members in _pages(reader):
        merged += [(one.at, MemberId(one.member)) for each in members for one in each.merges]
    first = [member for _, member in sorted(merged)]
    yield from ([one] for one in first)
    before = set(first)
    for members in _pages(reader):
        if rest := [one.id for one in members if one.id not in before]:
            yield rest


def _cases(reader: Reader) -> Iterator[list[list[MemberId]]]:
    """All members: whose books touch are together, and about as many at a time as in a chunk."""
    tied = _tied(reader)
    inside = {member for group in tied for member in group}
    chunk: list[list[MemberId]] = []
    alone = ([one.id] for members in _pages(reader) for one in members if one.id not in inside)
    for group in chain(tied, alone):
        chunk.append(group)
        if sum(map(len, chunk)) >= MEMBERS_A_CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _tied(reader: Reader) -> list[list[MemberId]]:
    """The members whose books touch others', in groups."""
    roots: dict[str, str] = {}

    def root(one: str) -> str:
        while roots.setdefault(one, one) != one:
            roots[one] = one = roots[roots[one]]
        return one

    for one, other in reader.ties():
        roots[root(one)] = root(other)
    groups: dict[str, list[MemberId]] = defaultdict(list)
    for one in sorted(roots):
        groups[root(one)].append(MemberId(one))
    return list(groups.values())


def _loaded(reader: Reader, uow: UnitOfWork, cases: Sequence[Sequence[MemberId]]) -> Iterator[Case]:
    """The cases with all that was recorded of their members, and what was decided now."""
    place = {member: number for number, case in enumerate(cases) for member in case}
    ids = list(place)

    def apart(records: Iterable[T], whose: Callable[[T], str | None]) -> list[list[T]]:
        found: list[list[T]] = [[] for _ in cases]
        for one in records:
            found[place[MemberId(whose(one) or "")]].append(one)
        return found

    transactions = apart(reader.booked(ids), lambda one: one.member_id)
    entries = [one for made in chain(*transactions) for one in made.entries]
    lots = apart(
        reader.named_lots({one.lot_id for one in entries if one.lot_id}), lambda one: one.member_id
    )
    was = apart(reader.facts_of_members(ids), lambda one: one.member_id)
    since = dict.fromkeys(ids, EARLIEST)
    decided = apart(uow.facts_since(since), lambda one: one.member_id)
    members = apart(reader.members_of(ids), lambda one: one.id)
    after = apart(uow.lock_members(ids).values(), lambda one: one.id)
    wallets = apart(reader.wallets_of(ids), lambda one: one.member_id)
    redemptions = apart(reader.redemptions_by(ids), lambda one: one.member_id)
    grants = apart(reader.grants_by(ids), lambda one: one.member_id)
    for number in range(len(cases)):
        yield Case(
            members={one.id: one for one in members[number]},
            decided_members={one.id: one for one in after[number]},
            was={one.key: one for one in was[number]},
            decided={one.key: one for one in decided[number]},
            transactions=transactions[number],
            lots={one.id: one for one in lots[number]},
            wallets=wallets[number],
            redemptions=redemptions[number],
            grants=grants[number],
        )


def _as_it_is(uow: UnitOfWork, case: Case) -> Changes:
    """The case as it is in the books, to be written over what was decided."""
    for key in case.decided.keys() - case.was.keys():
        record = case.decided[key]
        record.status, record.awards, record.gifts = FactStatus.WITHDRAWN, [], []
    facts = {**case.decided, **case.was}
    for key, was in case.was.items():
        if case.decided[key].claims != was.claims:
            Claiming(case.decided[key], uow).end()
            count_again(uow, was)
    for one in case.redemptions:
        if one.item and one.state in (RedemptionState.HELD, RedemptionState.CAPTURED):
            uow.claim_stock(one.item, AMPLE)
    return Changes(
        facts={one.id: one for one in facts.values()},
        members=dict(case.members),
        transactions=list(case.transactions),
        lots_added=list(case.lots.values()),
        wallets=[replace(book, stored=False) for book in case.wallets],
        redemptions={one.id: replace(one, fresh=True) for one in case.redemptions},
        grants={one.id: copied(one) for one in case.grants},
    )


def _united(parts: Iterable[Changes]) -> Changes:
    """All that is to be written, at once."""
    whole = Changes()
    for one in parts:
        whole.facts |= one.facts
        whole.members |= one.members
        whole.transactions += one.transactions
        whole.lots_added += one.lots_added
        whole.lots += one.lots
        whole.wallets += one.wallets
        whole.redemptions |= one.redemptions
        whole.grants |= one.grants
    return whole
