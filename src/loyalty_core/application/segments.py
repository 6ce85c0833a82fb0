"""Segments: counted over all members by the database, carried out for those whom it changes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from loyalty_core.application.books import Books
from loyalty_core.application.enrol import member_of
from loyalty_core.application.ids import is_id
from loyalty_core.application.rules import Rules
from loyalty_core.application.scoring import keep_scores
from loyalty_core.application.standing import starts_with
from loyalty_core.application.structure import converter
from loyalty_core.domain.benefits import GrantedBenefit
from loyalty_core.domain.clock import Clock, day_of
from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import MemberStatus, MemberView
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.segments import (
    HeldSegment,
    RecountReport,
    SegmentCount,
    SegmentPage,
    SegmentReport,
    in_order,
)
from loyalty_core.errors import FactError, MemberNotFound, SegmentUnknown
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.segments import Census, SegmentChange
from loyalty_core.ports.store import Reader, Store, UnitOfWork

MEMBERS_A_CHUNK = 500
LONGEST_PAGE = 1000
PRESENT = (MemberStatus.ACTIVE, MemberStatus.SUSPENDED)
SOURCE = "core.segments"
"""What stands as the source of benefits that a segment gives."""


class SegmentBenefits:
    """What members have by the segments they are in; tags of the host that say the same count."""

    id = SOURCE

    def __init__(self, config: ProgramConfig) -> None:
        self._given = {
            name: tuple(
                GrantedBenefit(
                    benefit=replace(benefit, visible=benefit.visible and segment.visible),
                    source=SOURCE,
                    why=name,
                )
                for benefit in segment.benefits
            )
            for name, segment in config.segments.items()
            if segment.benefits
        }

    def benefits(self, member: MemberView, at: datetime) -> Sequence[GrantedBenefit]:
        """The benefits of each segment that the member was counted into."""
        tags = set(member.profile.tags)
        return [one for name, given in self._given.items() if name in tags for one in given]

    @staticmethod
    def of(config: ProgramConfig) -> Sequence[SegmentBenefits]:
        """The source of a program's benefits by segment; none where no segment gives any."""
        made = SegmentBenefits(config)
        return [made] if made._given else []


def held_segments(config: ProgramConfig, record: MemberRecord) -> tuple[HeldSegment, ...]:
    """The segments a member is in, in the order of the configuration."""
    return tuple(
        HeldSegment(
            segment=name,
            name=segment.name or name,
            visible=segment.visible,
            since=record.segments[name],
        )
        for name, segment in config.segments.items()
        if name in record.segments
    )


class Segmenting:
    """Counts the segments of a program, and says who is in which."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def recount(self, progress: Callable[[int], None] | None) -> RecountReport:
        """What a count of all segments changed; it is done whenever it is asked for."""
        now = self._clock()
        self._store.write(partial(self.count, now=now, again=True))
        entered: Counter[str] = Counter()
        left: Counter[str] = Counter()
        while done := self._store.write(partial(self.carry_out, now=now)):
            entered.update(one.segment for one in done if one.enters)
            left.update(one.segment for one in done if not one.enters)
            if progress is not None:
                progress(entered.total() + left.total())
        return RecountReport(entered=dict(entered), left=dict(left))

    def count(self, uow: UnitOfWork, *, now: datetime, again: bool = False) -> bool:
        """Whether segments were counted now: once a day, and when the rules are others."""
        config = self._rules.config
        rules = [[name, converter(0).unstructure(one)] for name, one in config.segments.items()]
        text = json.dumps(rules, sort_keys=True)
        census = Census(
            segments={name: config.segments[name] for name in in_order(config.segments)},
            today=day_of(now, config.program.time_zone),
            now=now,
            time_zone=config.program.time_zone,
            currency=config.program.currency,
            starting={
                owned.item.id: (owned.item.scheme, starts_with(self._rules, owned, now))
                for owned in self._rules.schemes
            },
            fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        )
        return uow.count_segments(census, again=again)

    def carry_out(self, uow: UnitOfWork, *, now: datetime) -> list[SegmentChange]:
        """The changes of some members, made now: written, told of each, and what they score."""
        due = uow.changing(MEMBERS_A_CHUNK)
        if not due:
            return []
        members = uow.lock_members(due)
        books = Books(uow, self._rules, now)
        made = [
            one
            for one in uow.take_changes(due)
            if not one.enters or members[one.member_id].status in PRESENT
        ]
        for one in made:
            member = members[one.member_id]
            if one.enters is (one.segment in member.segments):
                continue
            if one.enters:
                member.segments[one.segment] = now
            else:
                del member.segments[one.segment]
            books.changes.members[member.id] = member
            data: dict[str, Json] = {"segment": one.segment, "entered": one.enters}
            books.tell("segment_changed", member.id, now, data)
        uow.write_segments(made, now)
        keep_scores(books, books.changes.members.values())
        books.flush()
        return made

    # -- questions ----------------------------------------------------------------------------

    def report(self) -> SegmentReport:
        """Every segment with how many members it has, as of the last count."""

        def look(reader: Reader) -> SegmentReport:
            counted, (sizes, people) = reader.counted(), reader.segment_sizes()
            return SegmentReport(
                counted_at=counted.at if counted else None,
                segments=tuple(
                    SegmentCount(
                        segment=name,
                        name=one.name or name,
                        visible=one.visible,
                        members=sizes.get(name, 0),
                        of=people,
                    )
                    for name, one in self._rules.config.segments.items()
                ),
            )

        return self._store.read(look)

    def members(self, segment: str, first: int, after: str | None) -> SegmentPage:
        """A page of the members of a segment, in the order of their ids."""
        if segment not in self._rules.config.segments:
            known = ", ".join(self._rules.config.segments) or "none"
            message = f"there is no segment {segment!r}"
            raise SegmentUnknown(message, where="segment", remedy=f"The segments: {known}.")
        if not 1 <= first <= LONGEST_PAGE:
            raise FactError(f"a page has 1 to {LONGEST_PAGE} items, not {first}", where="first")
        if after is not None and not is_id(after):
            raise MemberNotFound(f"there is no member {after[:60]!r}", member_id=after)

        def look(reader: Reader) -> SegmentPage:
            ids = reader.segment_members(segment, after, first + 1)
            people = reader.members(ids[:first])
            found = tuple(member_of(*people[one]) for one in ids[:first])
            return SegmentPage(members=found, more=len(ids) > first)

        return self._store.read(look)
