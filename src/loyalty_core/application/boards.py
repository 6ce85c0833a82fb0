"""Where members stand on boards: pages of them, and one member with the neighbours."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from loyalty_core.application.enrol import found_members
from loyalty_core.application.ids import is_id
from loyalty_core.application.rules import Rules
from loyalty_core.domain.amounts import LARGEST_AMOUNT
from loyalty_core.domain.boards import Board, BoardAround, BoardPage, Key, Place
from loyalty_core.domain.clock import Clock, day_of
from loyalty_core.domain.members import MemberId
from loyalty_core.errors import BoardUnknown, FactError, MemberNotFound
from loyalty_core.ports.boards import Closed, Ladder, Placed
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.store import Reader, Store

LONGEST_PAGE = 1000
MOST_NEIGHBOURS = 100
CONSENT = "boards"
"""The purpose of ``Profile.consents`` under which others see a member's name on boards."""


class BoardQuestions:
    """Answers about boards; every one is read in one consistent view."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def boards(self) -> tuple[Board, ...]:
        """The boards of the program."""
        return tuple(self._rules.boards.values())

    def page(self, name: str, day: date | None, first: int, after: str | None) -> BoardPage:
        """Up to ``first`` places, those behind the cursor ``after``."""
        if not 0 <= first <= LONGEST_PAGE:
            raise FactError(f"a page has up to {LONGEST_PAGE} places, not {first}", where="first")
        board, ladder = self._ladder(name, day)
        last = read_cursor(after) if after is not None else None

        def look(reader: Reader) -> BoardPage:
            closed = reader.closed(ladder)
            if closed is not None:
                own = reader.kept_place(ladder, last.member_id) if last else None
                kept = reader.kept_places(ladder, own.rank if own else 0, first + 1)
                places = self._kept(reader, ladder, kept)
                return self._page(board, ladder, closed, closed.ranked, places, first)
            keys = reader.next_keys(ladder, last, first + 1)
            ahead = reader.ahead(ladder, keys[0]) if keys and last else 0
            places = self._places(reader, ladder, keys, ahead)
            return self._page(board, ladder, None, reader.ranked(ladder), places, first)

        return self._store.read(look)

    def around(self, name: str, member_id: str, day: date | None, neighbours: int) -> BoardAround:
        """The member's place, with up to so many neighbours on either side."""
        if not 0 <= neighbours <= MOST_NEIGHBOURS:
            message = f"there are up to {MOST_NEIGHBOURS} neighbours, not {neighbours}"
            raise FactError(message, where="neighbours")
        board, ladder = self._ladder(name, day)

        def look(reader: Reader) -> BoardAround:
            people = found_members(reader, [member_id])
            if member_id not in people:
                raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
            member = people[member_id][0].id
            closed = reader.closed(ladder)
            if closed is not None:
                own = reader.kept_place(ladder, member)
                since = max(own.rank - neighbours - 1, 0) if own else 0
                kept = reader.kept_places(ladder, since, 2 * neighbours + 1) if own else []
                places = self._kept(reader, ladder, kept)
                page = self._page(board, ladder, closed, closed.ranked, (), 0)
                rank = own.rank if own else 0
                return _around(page, places, rank, neighbours)
            page = self._page(board, ladder, None, reader.ranked(ladder), (), 0)
            key = reader.score_keys([ladder], [member]).get((ladder, member))
            if key is None:
                return BoardAround(page=page)
            rank = reader.ahead(ladder, key) + 1
            above = reader.previous_keys(ladder, key, neighbours) if neighbours else []
            below = reader.next_keys(ladder, key, neighbours) if neighbours else []
            keys = [*above, key, *below]
            places = self._places(reader, ladder, keys, rank - len(above) - 1)
            return _around(page, places, rank, neighbours)

        return self._store.read(look)

    def _ladder(self, name: str, day: date | None) -> tuple[Board, Ladder]:
        board = self._rules.boards.get(name)
        if board is None:
            known = ", ".join(self._rules.boards) or "none"
            raise BoardUnknown(
                f"the program has no board {name!r}", where="board", remedy=f"There are: {known}."
            )
        today = day_of(self._clock(), self._rules.config.program.time_zone)
        return board, Ladder(board.board, board.period(day or today))

    def _page(
        self,
        board: Board,
        ladder: Ladder,
        closed: Closed | None,
        ranked: int,
        places: Sequence[Place],
        first: int,
    ) -> BoardPage:
        zone = self._rules.config.program.time_zone
        return BoardPage(
            board=board,
            period=ladder.period,
            ends_at=board.ends_at(ladder.period, zone),
            closes_at=board.closes_at(ladder.period, zone),
            closed=closed is not None,
            ranked=ranked,
            places=tuple(places[:first]),
            more=len(places) > first,
        )

    def _places(
        self, reader: Reader, ladder: Ladder, keys: Sequence[Key], ahead: int
    ) -> tuple[Place, ...]:
        ranked = enumerate(keys, ahead + 1)
        placed = [Placed(rank, key.member_id, -key.minus, key.reached_at) for rank, key in ranked]
        return self._kept(reader, ladder, placed)

    def _kept(self, reader: Reader, ladder: Ladder, placed: Sequence[Placed]) -> tuple[Place, ...]:
        people = reader.members(one.member_id for one in placed)
        return tuple(
            Place(
                rank=one.rank,
                member_id=one.member_id,
                amount=one.amount,
                reached_at=one.reached_at,
                alias=alias_of(self._rules.config.program.id, ladder, one.member_id),
                name=_name(people.get(one.member_id)),
            )
            for one in placed
        )


def ranks_of(
    reader: Reader, rules: Rules, members: Iterable[str], now: datetime
) -> Mapping[str, Mapping[str, int]]:
    """The ranks of members in the present periods of all boards, by member and board."""
    if not rules.boards:
        return {}
    today = day_of(now, rules.config.program.time_zone)
    ladders = [Ladder(one.board, one.period(today)) for one in rules.boards.values()]
    found: dict[str, dict[str, int]] = {}
    for (ladder, member), key in reader.score_keys(ladders, members).items():
        found.setdefault(member, {})[ladder.board] = reader.ahead(ladder, key) + 1
    return found


def read_cursor(text: str) -> Key:
    """The key that ``Place.cursor`` named; raises ``FactError`` for any other text."""
    try:
        padded = text + "=" * (-len(text) % 4)
        minus, moment, member = base64.urlsafe_b64decode(padded).decode().split("|")
        key = Key(int(minus), datetime.fromisoformat(moment), MemberId(member))
        if key.reached_at.tzinfo is None or not is_id(member) or abs(key.minus) >= LARGEST_AMOUNT:
            raise ValueError(text)
        return key
    except (ValueError, OverflowError, binascii.Error):
        remedy = "Use the cursor of a place, or none to start."
        raise FactError(f"{text[:40]!r} is not a cursor", where="after", remedy=remedy) from None


def alias_of(program: str, ladder: Ladder, member: MemberId) -> str:
    """A name for a member that says nothing of them, and is another one in each period."""
    text = f"{program}|{ladder.board}|{ladder.period}|{member}"
    return f"Member {hashlib.blake2b(text.encode(), digest_size=3).hexdigest()}"


def _name(found: tuple[MemberRecord, object] | None) -> str:
    """The member's name, where they consented to it."""
    if found is None or not found[0].profile.consents.get(CONSENT):
        return ""
    return found[0].profile.name


def _around(page: BoardPage, places: Sequence[Place], rank: int, neighbours: int) -> BoardAround:
    near = [one for one in places if abs(one.rank - rank) <= neighbours]
    own = [one for one in near if one.rank == rank]
    return BoardAround(
        page=page,
        place=own[0] if own else None,
        above=tuple(one for one in near if one.rank < rank),
        below=tuple(one for one in near if one.rank > rank),
    )
