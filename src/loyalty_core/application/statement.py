"""What members and merchants are shown: statements, history, explanations and the report."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from loyalty_core.application.available import NOTHING_HELD, Held, held_now, repaid, spendable
from loyalty_core.application.boards import ranks_of
from loyalty_core.application.enrol import found_members, member_of
from loyalty_core.application.ids import is_id
from loyalty_core.application.rules import Rules
from loyalty_core.application.segments import held_segments
from loyalty_core.application.showing import shown
from loyalty_core.application.standing import person_of, stood
from loyalty_core.domain.amounts import Money
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Activity, Order
from loyalty_core.domain.grants import (
    LIVE,
    GrantReceipt,
    GrantRecord,
    GrantState,
    grant_receipt,
)
from loyalty_core.domain.ledger import WalletBook
from loyalty_core.domain.statements import (
    AwardExplanation,
    Dated,
    Explanation,
    HistoryItem,
    HistoryPage,
    Report,
    Statement,
    Status,
    TopMember,
    WalletStatement,
    WalletTotals,
)
from loyalty_core.domain.tiers import Tier
from loyalty_core.domain.versions import rule_in, settings_in
from loyalty_core.errors import (
    FactError,
    MemberNotFound,
    TransactionNotFound,
    WalletUnknown,
)
from loyalty_core.ports.accounts import Account
from loyalty_core.ports.grants import OwnedAt
from loyalty_core.ports.records import FactRecord, Upcoming, WalletSums
from loyalty_core.ports.store import Reader, Store

EXPIRING_WITHIN = timedelta(days=90)
LONGEST_PAGE = 1000


class Questions:
    """Answers from the books; every one is read in one consistent view."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def statements(self, member_ids: Sequence[str]) -> dict[str, Statement]:
        """The statements of these members, those not found left out: one query in all.

        Two more where somebody has points held, one where somebody has grants to use, and one
        where somebody was merged.
        Two more for each place on a board.
        """
        now = self._clock()

        def look(reader: Reader) -> dict[str, Statement]:
            accounts = found_accounts(reader, member_ids, now)
            books = (book for one in accounts.values() for book in one.wallets.values())
            members = {one.record.id for one in accounts.values()}
            ranks = ranks_of(reader, self._rules, members, now)
            held = held_now(reader, books, now)
            return {
                asked: self._statement(one, held, ranks.get(one.record.id, {}), now)
                for asked, one in accounts.items()
            }

        return self._store.read(look)

    def _statement(
        self,
        account: Account,
        held: Mapping[tuple[str, str], Held],
        ranks: Mapping[str, int],
        now: datetime,
    ) -> Statement:
        record, identities, books, upcoming, owned = account
        wallets = tuple(
            self.wallet(
                books.get(name) or WalletBook(record.id, name),
                upcoming.get(name, []),
                held.get((record.id, name), NOTHING_HELD),
                now,
            )
            for name in self._rules.config.wallets
        )
        grants, saved = shown_grants(owned, now)
        seen = stood(self._rules, person_of(record, self._rules), now)
        return Statement(
            member=member_of(record, identities),
            at=now,
            wallets=wallets,
            standings=seen.standings,
            benefits=seen.person.benefits,
            grants=grants,
            saved=saved,
            household_id=record.belongs_to,
            segments=held_segments(self._rules.config, record),
            shown=shown(self._rules, seen.person, now, ranks),
        )

    def statement(self, member_id: str) -> Statement:
        """The member's statement now."""
        found = self.statements([member_id])
        if member_id not in found:
            raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
        return found[member_id]

    def wallet(
        self, book: WalletBook, upcoming: list[Upcoming], held: Held, now: datetime
    ) -> WalletStatement:
        """A wallet as it is shown at ``now``; ``upcoming`` may hold more than has a date."""
        config = self._rules.config
        definition = config.wallets[book.wallet]
        debt, left = repaid(book, upcoming, held, now)
        available = spendable(book, debt, left, held, now) if definition.spendable else 0
        live = [one for one in left if one.amount and not (book.lapsed(now) or one.past(now))]
        pending = _by_date((one.activates_at, one.amount) for one in live if one.pending(now))
        expiring = _by_date(
            (one.expires_at, one.amount)
            for one in live
            if one.expires_at and one.expires_at <= now + EXPIRING_WITHIN
        )
        return WalletStatement(
            wallet=book.wallet,
            unit=definition.unit,
            scale=definition.scale,
            balance=book.balance,
            available=available,
            pending=sum(dated.amount for dated in pending),
            held=held.live,
            debt=debt,
            earned=book.earned,
            redeemed=book.redeemed,
            expired=book.expired,
            adjusted=book.adjusted,
            transferred=book.transferred,
            worth=config.worth(book.wallet, max(available, 0)),
            next_pending=next(iter(pending), None),
            expiring=expiring,
            lapses_at=book.lapses_at,
        )

    def history(
        self, member_id: str, wallet: str | None, first: int, after: str | None
    ) -> HistoryPage:
        """A page of the member's transactions, latest first."""
        if wallet is not None and wallet not in self._rules.config.wallets:
            raise WalletUnknown(f"the program has no wallet {wallet!r}", where="wallet")
        if not 1 <= first <= LONGEST_PAGE:
            raise FactError(f"a page has 1 to {LONGEST_PAGE} items, not {first}", where="first")
        before = read_cursor(after) if after is not None else None

        def look(reader: Reader) -> HistoryPage:
            people = found_members(reader, [member_id])
            if member_id not in people:
                raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
            found = reader.history(people[member_id][0].id, wallet, before, first + 1)
            items = tuple(
                HistoryItem(cursor=cursor(made.occurred_at, made.id), transaction=made)
                for made in found[:first]
            )
            return HistoryPage(items=items, more=len(found) > first)

        return self._store.read(look)

    def explain(self, transaction_id: str) -> Explanation:
        """The fact, rules and configuration a transaction came from."""

        def look(reader: Reader) -> Explanation:
            made = reader.transaction(transaction_id) if is_id(transaction_id) else None
            if made is None:
                raise TransactionNotFound(
                    f"there is no transaction {transaction_id!r}", transaction_id=transaction_id
                )
            record = reader.fact(made.fact_id) if made.fact_id else None
            version = record.config_version if record else made.config_version
            then = reader.version(version)
            document = then.document if then else {}
            awards = tuple(
                AwardExplanation(
                    plugin=award.plugin,
                    rule=award.rule,
                    wallet=award.wallet,
                    amount=award.part(award.amount),
                    kept=award.net,
                    lines=award.lines,
                    expires_at=award.expires_at,
                    household_id=award.household,
                    settings=rule_in(settings_in(document, "plugins", award.plugin), award.rule),
                )
                for award in (record.awards if record else ())
            )
            fact, refunds = _known(record)
            return Explanation(
                transaction=made,
                fact=fact,
                refunds=refunds,
                awards=awards,
                config_version=version,
                segments=_segments(record),
                in_force_from=then.first_used_at if then else None,
                reward=settings_in(document, "rewards", str(made.detail.get("reward", ""))),
            )

        return self._store.read(look)

    def report(self, top: int) -> Report:
        """Totals of the program now, and the members who earned most in its first wallet."""
        now = self._clock()
        wallets = self._rules.config.wallets

        def look(reader: Reader) -> Report:
            counts = reader.counts()
            totals = {sums.wallet: sums for sums in reader.totals(now)}
            best = reader.top(next(iter(wallets)), top) if wallets and top > 0 else []
            people = reader.members([book.member_id for book in best])
            return Report(
                at=now,
                members=counts["members"],
                orders=counts["orders"],
                activities=counts["activities"],
                waiting=counts["waiting"],
                deferred=counts["deferred"],
                wallets=tuple(self._totals(name, totals.get(name)) for name in wallets),
                top_members=tuple(
                    TopMember(
                        member=member_of(*people[book.member_id]),
                        earned=book.earned,
                        balance=book.balance,
                    )
                    for book in best
                ),
            )

        return self._store.read(look)

    def tiers(self) -> dict[str, tuple[Tier, ...]]:
        """The tiers of every scheme, by scheme."""
        return {owned.item.scheme: tuple(owned.item.tiers) for owned in self._rules.schemes}

    def status(self, plugins: Sequence[tuple[str, str, str]]) -> Status:
        """The state of the installation; ``plugins`` are (id, version, summary)."""
        database, schema = self._store.read(lambda reader: reader.describe())
        counts = self._store.read(lambda reader: reader.counts())
        records = self._store.read(lambda reader: reader.quarantined()).values()
        held = {one.plugin for one in records if one.since is not None}
        return Status(
            database=database,
            schema=tuple(schema),
            config_version=self._rules.config.version,
            plugins=tuple(
                {"id": name, "version": version, "summary": summary}
                for name, version, summary in plugins
            ),
            deferred_facts=counts["deferred"],
            waiting_facts=counts["waiting"],
            pending_deliveries=counts["pending_deliveries"],
            dead_deliveries=counts["dead_deliveries"],
            quarantined_plugins=tuple(sorted(held & self._rules.config.plugins.keys())),
        )

    def _totals(self, name: str, sums: WalletSums | None) -> WalletTotals:
        definition = self._rules.config.wallets[name]
        sums = sums or WalletSums(name, 0, 0, 0, 0, 0, 0, 0, 0)
        outstanding = sums.balance - sums.due
        return WalletTotals(
            wallet=name,
            unit=definition.unit,
            scale=definition.scale,
            issued=sums.earned,
            redeemed=sums.redeemed,
            expired=sums.expired,
            adjusted=sums.adjusted,
            outstanding=outstanding,
            due=sums.due,
            debt=sums.debt,
            earners=sums.earners,
            worth=self._rules.config.worth(name, outstanding),
        )


def found_accounts(reader: Reader, ids: Iterable[str], now: datetime) -> dict[str, Account]:
    """What members have by the ids asked for, those not found left out.

    Who was merged is answered for by the member they were merged into.
    """
    until = now + EXPIRING_WITHIN
    found = reader.accounts((one for one in ids if is_id(one)), now, until)
    moved = {asked: one.record.holder for asked, one in found.items() if one.record.merged_into}
    if moved:
        holders = reader.accounts(moved.values(), now, until)
        found |= {asked: holders[holder] for asked, holder in moved.items()}
    return found


def shown_grants(
    owned: OwnedAt | None, at: datetime
) -> tuple[tuple[GrantReceipt, ...], tuple[Money, ...]]:
    """What a member owned at a moment as a statement shows it, and what it had saved."""
    if owned is None:
        return (), ()
    grants = tuple(_as_of(one, at) for one in owned.grants)
    return grants, tuple(Money(owned.saved[code], code) for code in sorted(owned.saved))


def _as_of(one: GrantRecord, at: datetime) -> GrantReceipt:
    """A grant that was still to be used at a moment, as it stood then."""
    receipt = grant_receipt(one, at)
    if receipt.state in LIVE:
        return receipt
    issued = one.issued_at is not None and one.issued_at <= at
    return replace(receipt, state=GrantState.ISSUED if issued else GrantState.PREPARING)


def _by_date(points: Iterable[tuple[datetime, int]]) -> tuple[Dated, ...]:
    """The amounts summed by moment, the earliest first."""
    sums: dict[datetime, int] = defaultdict(int)
    for moment, amount in points:
        sums[moment] += amount
    return tuple(Dated(moment, sums[moment]) for moment in sorted(sums))


def _known(record: FactRecord | None) -> tuple[Order | Activity | None, tuple[str, ...]]:
    """What happened, and the ids of what was refunded of it."""
    if record is None:
        return None, ()
    if isinstance(record.document, Activity):
        return record.document, ()
    return record.document.body, tuple(sorted(record.document.refunds))


def _segments(record: FactRecord | None) -> tuple[str, ...]:
    """The tags and segments of the member as the fact first saw them."""
    profile = record.before.get("profile") if record else None
    tags = profile.get("tags") if isinstance(profile, dict) else None
    return tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()


def cursor(occurred_at: datetime, transaction_id: str) -> str:
    """An opaque text that names a place in a history."""
    text = f"{occurred_at.astimezone(UTC).isoformat()}|{transaction_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[datetime, str]:
    """The place that ``cursor`` named; raises ``FactError`` for any other text."""
    try:
        padded = text + "=" * (-len(text) % 4)
        moment, _, transaction_id = base64.urlsafe_b64decode(padded).decode().partition("|")
        place = datetime.fromisoformat(moment)
        if place.tzinfo is None or not is_id(transaction_id):
            raise ValueError(text)
        if cursor(place, transaction_id) != text:
            raise ValueError(text)
        return place, transaction_id
    except (ValueError, OverflowError, binascii.Error):
        remedy = "Use a cursor from an earlier page, or none to start."
        raise FactError(f"{text[:40]!r} is not a cursor", where="after", remedy=remedy) from None
