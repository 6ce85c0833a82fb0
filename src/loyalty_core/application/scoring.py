"""Keeping scores: what programs say of members' states, written in the same transaction."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime

from loyalty_core.application.books import Books
from loyalty_core.application.rules import Rules
from loyalty_core.application.standing import person_of
from loyalty_core.domain.amounts import LARGEST_AMOUNT
from loyalty_core.domain.boards import Score
from loyalty_core.domain.clock import is_moment
from loyalty_core.domain.members import MemberId, MemberStatus, MemberView
from loyalty_core.ports.boards import Ladder, ScoreRecord
from loyalty_core.ports.program import Owned, ScoresMembers
from loyalty_core.ports.records import MemberRecord

RANKED = (MemberStatus.ACTIVE, MemberStatus.SUSPENDED)
"""The statuses of members who have places; whoever has left has none."""
logger = logging.getLogger("loyalty_core")


def keep_scores(books: Books, members: Iterable[MemberRecord]) -> list[ScoreRecord]:
    """The scores of these members that are not as stored; they are written with the books."""
    rules = books.rules
    people = {one.id: one for one in members if not one.household} if rules.scoring else {}
    if not people:
        return []
    known: dict[MemberId, dict[Ladder, ScoreRecord]] = {}
    for stored in books.uow.scores(one.id for one in people.values() if not one.fresh):
        known.setdefault(stored.member_id, {})[Ladder(stored.board, stored.period)] = stored
    changed: list[ScoreRecord] = []
    for member in people.values():
        changed += _changed(rules, member, known.get(member.id, {}), books.now)
    books.changes.scores += changed
    return changed


def _changed(
    rules: Rules, member: MemberRecord, known: Mapping[Ladder, ScoreRecord], now: datetime
) -> list[ScoreRecord]:
    zone, changed = rules.config.program.time_zone, []
    for owned in rules.scoring:
        boards = {board.board: board for board in owned.item.boards}
        said = _said(rules, owned, member, now)
        if said is None:
            continue
        theirs = {one for one in known if one.board in boards}
        for ladder in sorted({*theirs, *said}):
            if boards[ladder.board].is_closed(ladder.period, zone, now):
                continue
            stored, score = known.get(ladder), said.get(ladder)
            amount = score.amount if score else None
            reached_at = score.reached_at if score else None
            if stored is None and amount is None:
                continue
            if stored is None or (stored.amount, stored.reached_at) != (amount, reached_at):
                record = ScoreRecord(
                    member_id=member.id,
                    board=ladder.board,
                    period=ladder.period,
                    amount=amount,
                    reached_at=reached_at,
                    before=stored.before if stored else None,
                )
                changed.append(record)
    return changed


def _said(
    rules: Rules, owned: Owned[ScoresMembers], member: MemberRecord, now: datetime
) -> dict[Ladder, Score] | None:
    """What a program says of a member, by ladder; None where it fails, which changes nothing."""
    if member.status not in RANKED:
        return {}
    if rules.quarantine.holds(owned.plugin, "scores"):
        return None
    try:
        with rules.quarantine.asking(owned.plugin, "scores"):
            return _scores(owned.item, person_of(member, rules).view(owned.plugin), now)
    except Exception:
        log = {"plugin": owned.plugin}
        logger.exception("plugin %s failed to score a member", owned.plugin, extra=log)
        return None


def _scores(program: ScoresMembers, view: MemberView, now: datetime) -> dict[Ladder, Score]:
    """The scores by ladder, looked at; raises whatever comes of that."""
    boards = {board.board: board for board in program.boards}
    said: dict[Ladder, Score] = {}
    for score in program.scores(view, now):
        if type(score.amount) is not int or abs(score.amount) >= LARGEST_AMOUNT:
            raise ValueError(f"{score.amount!r} is no amount")
        if not is_moment(score.reached_at):
            raise ValueError(f"{score.reached_at!r} is no moment")
        ladder = Ladder(score.board, boards[score.board].period(score.day))
        if ladder in said:
            raise ValueError(f"{ladder} is scored twice")
        if score.amount > 0:
            said[ladder] = score
    return said
