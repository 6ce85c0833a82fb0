"""Linking a member to the same person's account in a partner program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from loyalty_core.application.books import Books
from loyalty_core.application.enrol import found_members, locked_member, stored_receipt
from loyalty_core.application.forms import read_text
from loyalty_core.application.ids import input_hash, is_id
from loyalty_core.application.partners import lock_across, rules_of
from loyalty_core.application.rules import Rules
from loyalty_core.application.structure import converter
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.partners import AccountLink
from loyalty_core.errors import AgreementMissing, LinkRefused, MemberInactive, MemberNotFound
from loyalty_core.ports.records import StoredReceipt
from loyalty_core.ports.store import Reader, Store, UnitOfWork


class Linking:
    """Links under the current rules."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def links(self, member_id: str) -> tuple[AccountLink, ...]:
        """The member's links to partners, by partner."""

        def look(reader: Reader) -> tuple[AccountLink, ...]:
            if member_id not in found_members(reader, [member_id]):
                raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
            first: dict[str, AccountLink] = {}
            for one in reader.links_of(member_id):
                first.setdefault(one.partner, one)
            return tuple(first[partner] for partner in sorted(first))

        return self._store.read(look)

    def link(self, member_id: str, partner: str, partner_member: str, key: str) -> AccountLink:
        """The link, as seen from this program; the same for the same pair."""
        read_text("key", key)
        given = input_hash("link", {"m": member_id, "p": partner, "theirs": partner_member})
        return self._store.write(
            lambda uow: self._link(uow, member_id, partner, partner_member, key, given)
        )

    def _link(
        self,
        uow: UnitOfWork,
        member_id: str,
        partner: str,
        partner_member: str,
        key: str,
        given: str,
    ) -> AccountLink:
        now, us = self._clock(), self._rules.config.program.id
        if stored := stored_receipt(uow, key, given):
            return converter(0).structure(stored.receipt, AccountLink)
        their, theirs = uow.neighbour(partner), self._partner(uow, partner)
        lock_across({uow: _ids(member_id), their: _ids(partner_member)})
        mine, other = locked_member(uow, member_id), locked_member(their, partner_member)
        for person in (mine, other):
            if person.status is not MemberStatus.ACTIVE:
                message = f"the member {person.id} is {person.status}"
                raise MemberInactive(message, member_id=person.id)
        known = uow.links_of(mine.id, partner)
        if [one.partner_member for one in known[:1]] == [other.id]:
            return known[0]
        if known or their.links_of(other.id, us):
            raise LinkRefused(
                "one of the two is linked to somebody else",
                where="member_id" if known else "partner_member",
                remedy="Unlink them first.",
            )
        seen = [(uow, self._rules, mine, partner, other), (their, theirs, other, us, mine)]
        made = [
            AccountLink(
                member_id=one.id, partner=program, partner_member=counterpart.id, linked_at=now
            )
            for _, _, one, program, counterpart in seen
        ]
        for (side, rules, one, program, _), link in zip(seen, made, strict=True):
            side.add_link(link)
            books = Books(side, rules, now)
            books.tell("member_linked", one.id, now, {"partner": program})
            if side is uow:
                document = cast(Mapping[str, Json], converter(0).unstructure(link))
                books.changes.receipts.append(StoredReceipt(key, given, one.id, document, now))
            books.flush()
        return made[0]

    def unlink(self, member_id: str, partner: str) -> bool:
        """Whether there was a link; there is none afterwards."""

        def work(uow: UnitOfWork) -> bool:
            now, us = self._clock(), self._rules.config.program.id
            known = uow.links_of(member_id, partner) if is_id(member_id) else []
            if not known:
                locked_member(uow, member_id)
                return False
            their, theirs = uow.neighbour(partner), rules_of(uow, partner)
            mine = {MemberId(one.member_id) for one in known} | {MemberId(member_id)}
            others = {MemberId(one.partner_member) for one in known}
            lock_across({uow: mine, their: others})
            uow.remove_links(mine, partner)
            for side, rules, one, program in (
                (uow, self._rules, locked_member(uow, member_id).id, partner),
                (their, theirs, MemberId(known[0].partner_member), us),
            ):
                books = Books(side, rules, now)
                books.tell("member_unlinked", one, now, {"partner": program})
                books.flush()
            return True

        return self._store.write(work)

    def _partner(self, uow: UnitOfWork, partner: str) -> Rules:
        if partner not in self._rules.config.partners:
            raise AgreementMissing(
                f"the program has no partner {partner!r}", where=f"partners.{partner}"
            )
        return rules_of(uow, partner)


def _ids(member_id: str) -> list[MemberId]:
    return [MemberId(member_id)] if is_id(member_id) else []
