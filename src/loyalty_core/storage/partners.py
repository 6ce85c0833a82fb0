"""Links, redemptions at partners, and what programs owe each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from loyalty_core.domain.members import MemberId
from loyalty_core.domain.partners import (
    AccountLink,
    PartnerRedemption,
    Price,
    SettlementEntry,
    SettlementKind,
)
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.ports.partners import Presence, SettlementSum
from loyalty_core.storage import partner_tables, rows, tables

_link = partner_tables.link
_made = partner_tables.partner_redemption
_presence = partner_tables.presence
_settled = partner_tables.settlement


class PartnerReads:
    """``ports.partners.PartnerReader`` on one connection, for one program."""

    _connection: Connection
    _program: str

    def presence(self, program: str) -> Presence | None:
        """A program with partners as it was opened last; None for one that never was."""
        config = tables.config
        latest = (
            select(config.c.version, config.c.document, _presence.c.subscriptions)
            .join(_presence, _presence.c.program == config.c.program)
            .where(config.c.program == program)
            .order_by(config.c.version.desc())
            .limit(1)
        )
        found = self._connection.execute(latest).first()
        return None if found is None else Presence(*found)

    def links_of(self, member: str, partner: str | None = None) -> list[AccountLink]:
        """The links of a member and of those merged into it: its own first, then the oldest."""
        person, asked, theirs = (tables.member.alias(name) for name in ("mine", "asked", "theirs"))
        holder = select(func.coalesce(asked.c.merged_into, asked.c.id)).where(
            asked.c.id == member, asked.c.program == self._program
        )
        one = holder.scalar_subquery()
        answers = func.coalesce(theirs.c.merged_into, theirs.c.id)
        chosen = (
            select(_link.c.member_id, _link.c.partner, answers, _link.c.linked_at)
            .join(person, person.c.id == _link.c.member_id)
            .join(theirs, theirs.c.id == _link.c.partner_member)
            .where(or_(person.c.id == one, person.c.merged_into == one))
            .where(_link.c.program == self._program)
            .order_by(case((person.c.merged_into.is_(None), 0), else_=1), _link.c.linked_at)
            .order_by(_link.c.member_id, _link.c.partner)
        )
        if partner is not None:
            chosen = chosen.where(_link.c.partner == partner)
        return [
            AccountLink(member_id=row[0], partner=row[1], partner_member=row[2], linked_at=row[3])
            for row in self._connection.execute(chosen)
        ]

    def partner_redemption(self, redemption_id: str) -> PartnerRedemption | None:
        """A redemption of a partner's points that was made in this program."""
        mine = and_(
            _made.c.redemption_id == redemption_id,
            _made.c.program == self._program,
        )
        return next(iter(self._partner_redemptions(mine)), None)

    def _partner_redemptions(self, condition: Any) -> list[PartnerRedemption]:
        chosen = select(_made).where(condition)
        ordered = chosen.order_by(_made.c.redemption_id)
        return [_partner_redemption(row) for row in self._connection.execute(ordered).mappings()]

    def redemptions_with(self, ids: Iterable[str]) -> list[Redemption]:
        """The redemptions with these ids, of whatever program, oldest first."""
        table = tables.redemption
        named = select(table).where(table.c.id.in_(sorted(set(ids)))).order_by(table.c.id)
        return list(map(rows.redemption_of, self._connection.execute(named).mappings()))

    def settlement_sums(self, partner: str | None, until: datetime) -> list[SettlementSum]:
        """What was booked before a moment between this program and a partner, or all partners."""
        table = _settled
        kept = [table.c[name] for name in SettlementSum._fields[:-2]]
        sums = [func.sum(table.c.points), func.sum(table.c.amount_minor)]
        chosen = select(*kept, *sums).where(self._between(partner), table.c.booked_at < until)
        found = self._connection.execute(chosen.group_by(*kept).order_by(*kept))
        return [
            SettlementSum._make(
                (*row[:3], SettlementKind(row[3]), *row[4:7], int(row[7]), int(row[8]))
            )
            for row in found
        ]

    def _between(self, partner: str | None) -> Any:
        table, mine = _settled, self._program
        if partner is None:
            return or_(table.c.debtor == mine, table.c.creditor == mine)
        owed = and_(table.c.debtor == mine, table.c.creditor == partner)
        return or_(owed, and_(table.c.debtor == partner, table.c.creditor == mine))


class PartnerWrites(PartnerReads):
    """``ports.partners.PartnerWork`` on one connection, for one program."""

    def announce(self, subscriptions: Mapping[str, Sequence[str]]) -> None:
        """Lets partners know that this program is there, and who subscribed to its events."""
        told = {event: [*names] for event, names in sorted(subscriptions.items())}
        known = select(_presence.c.subscriptions).where(_presence.c.program == self._program)
        if self._connection.scalar(known) != told:
            values = {"program": self._program, "subscriptions": told}
            self._replace(_presence, values)

    def hosted(self) -> bool:
        """Whether a partner's points were ever spent in this program."""
        mine = select(_made.c.program).where(_made.c.program == self._program)
        return self._connection.execute(mine.limit(1)).first() is not None

    def lock_pair(self, partner: str) -> None:
        """Lets nobody else settle, or count what is spent, between two programs meanwhile."""
        pair = _presence.c.program.in_([self._program, partner])
        both = select(_presence.c.program).where(pair).order_by(_presence.c.program)
        self._connection.execute(both.with_for_update()).all()

    def add_link(self, link: AccountLink) -> None:
        """Links a member to one of a partner, as seen from this program."""
        self._connection.execute(insert(_link), {**asdict(link), "program": self._program})

    def remove_links(self, members: Iterable[MemberId], partner: str | None = None) -> None:
        """Forgets these members' links to a partner, or to all, as seen from both sides."""
        ids, program = sorted(members), self._program
        for column, own, other in (
            (_link.c.member_id, _link.c.program, _link.c.partner),
            (_link.c.partner_member, _link.c.partner, _link.c.program),
        ):
            mine = delete(_link).where(own == program, column.in_(ids))
            self._connection.execute(mine if partner is None else mine.where(other == partner))

    def partner_redemptions_of(self, orders: Iterable[tuple[str, str]]) -> list[PartnerRedemption]:
        """The redemptions of partners' points that paid for these orders, oldest first."""
        grouped: dict[str, list[str]] = defaultdict(list)
        for source, order_id in set(orders):
            grouped[source].append(order_id)
        found: list[PartnerRedemption] = []
        for source, ids in grouped.items():
            table = _made
            mine = and_(table.c.program == self._program, table.c.source == source)
            found += self._partner_redemptions(and_(mine, table.c.order_id.in_(ids)))
        return sorted(found, key=lambda one: one.redemption_id)

    def save_partner_redemption(self, one: PartnerRedemption) -> None:
        """Writes one, new or changed."""
        price = one.price
        terms = {
            "price_minor": price.minor,
            "price_points": price.points,
            "currency": price.currency,
        }
        names = [column.name for column in _made.c if column.name not in terms]
        row = {name: getattr(one, name) for name in names}
        self._replace(_made, {**row, **terms})

    def spent_at(self, partner: str, wallet: str, since: datetime, now: datetime) -> int:
        """How many points are spent, or held, at a partner since a moment, less those returned."""
        made, redemption = _made, tables.redemption
        holds = and_(redemption.c.state == "held", redemption.c.expires_at > now)
        spent = (
            select(func.coalesce(func.sum(redemption.c.points - redemption.c.returned), 0))
            .join(made, made.c.redemption_id == redemption.c.id)
            .where(made.c.issuer == self._program, made.c.program == partner)
            .where(made.c.wallet == wallet, made.c.created_at >= since)
            .where(or_(redemption.c.state == "captured", holds))
        )
        return int(self._connection.scalar(spent) or 0)

    def add_settlements(self, entries: Iterable[SettlementEntry]) -> None:
        """Writes entries between programs."""
        made = [{**asdict(entry), "kind": entry.kind.value} for entry in entries]
        if made:
            self._connection.execute(insert(_settled), made)

    def payment(self, partner: str, reference: str) -> SettlementEntry | None:
        """The payment between this program and a partner with this reference, by either."""
        table = _settled
        paid = and_(table.c.kind == SettlementKind.PAID.value, table.c.reference == reference)
        found = self._connection.execute(
            select(table).where(self._between(partner), paid)
        ).mappings()
        row = found.first()
        kind = SettlementKind.PAID
        return None if row is None else SettlementEntry(**{**row, "kind": kind})

    def _replace(self, table: Any, values: Mapping[str, Any]) -> None:
        on_postgresql = self._connection.dialect.name == "postgresql"
        given = (postgresql if on_postgresql else sqlite).insert(table).values(values)
        keys = [column.name for column in table.primary_key]
        others = {name: given.excluded[name] for name in values if name not in keys}
        self._connection.execute(given.on_conflict_do_update(index_elements=keys, set_=others))


def _partner_redemption(row: Any) -> PartnerRedemption:
    terms = ("price_minor", "price_points", "currency")
    price = Price(*(row[name] for name in terms))
    return PartnerRedemption(**{name: row[name] for name in row if name not in terms}, price=price)
