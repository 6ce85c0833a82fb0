"""What the members of a household are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime

from loyalty_core.application.available import NOTHING_HELD, held_now
from loyalty_core.application.enrol import found_members
from loyalty_core.application.ids import is_id
from loyalty_core.application.rules import Rules
from loyalty_core.application.statement import EXPIRING_WITHIN, Questions
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.household_views import (
    HouseholdInvitation,
    HouseholdMemberView,
    HouseholdStatement,
)
from loyalty_core.domain.households import HouseholdMember, HouseholdRole
from loyalty_core.domain.ledger import WalletBook
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.statements import WalletStatement
from loyalty_core.errors import HouseholdNotFound
from loyalty_core.ports.households import Flow
from loyalty_core.ports.store import Reader, Store


class HouseholdQuestions:
    """Answers about households, each read in one consistent view."""

    def __init__(self, store: Store, rules: Rules, questions: Questions, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._questions = questions
        self._clock = clock

    def statement(self, household_id: str) -> HouseholdStatement:
        """The household's points, and what each of its members gave and took."""
        found = self.statements([household_id])
        if household_id not in found:
            message = f"there is no household {household_id!r}"
            raise HouseholdNotFound(message, household_id=household_id)
        return found[household_id]

    def statements(self, household_ids: Sequence[str]) -> dict[str, HouseholdStatement]:
        """The statements of these households, those not found left out, in a fixed few queries."""
        now = self._clock()

        def look(reader: Reader) -> dict[str, HouseholdStatement]:
            known = reader.members(one for one in household_ids if is_id(one))
            found = {one: known[one][0] for one in household_ids if one in known}  # as asked for
            records = {key: record for key, record in found.items() if record.household}
            wallets = self._wallets(reader, [record.id for record in records.values()], now)
            members = _members(reader, [record.id for record in records.values()])
            return {
                key: HouseholdStatement(
                    household_id=record.id,
                    at=now,
                    created_at=record.joined_at,
                    dissolved=record.status is not MemberStatus.ACTIVE,
                    wallets=wallets[record.id],
                    members=members[record.id],
                )
                for key, record in records.items()
            }

        return self._store.read(look)

    def invitations(self, member_ids: Sequence[str]) -> dict[str, tuple[HouseholdInvitation, ...]]:
        """The open invitations of these members, the oldest first."""

        def look(reader: Reader) -> dict[str, tuple[HouseholdInvitation, ...]]:
            people = found_members(reader, member_ids)
            found: dict[str, list[HouseholdInvitation]] = defaultdict(list)
            for place in reader.invited({record.id for record, _ in people.values()}):
                found[place.member_id].append(_invitation(place))
            return {key: tuple(found[record.id]) for key, (record, _) in people.items()}

        return self._store.read(look)

    def _wallets(
        self, reader: Reader, ids: Sequence[MemberId], now: datetime
    ) -> Mapping[str, tuple[WalletStatement, ...]]:
        """The wallets that are shared, and those that were and are in use."""
        config = self._rules.config
        books = reader.wallets(ids)
        shared = config.household.wallets if config.household else {}
        upcoming = reader.upcoming(ids, now + EXPIRING_WITHIN)
        held = held_now(reader, books.values(), now)
        return {
            one: tuple(
                self._questions.wallet(
                    books.get((one, name)) or WalletBook(one, name),
                    upcoming.get((one, name), []),
                    held.get((one, name), NOTHING_HELD),
                    now,
                )
                for name in config.wallets
                if name in shared or (one, name) in books
            )
            for one in ids
        }


def _invitation(place: HouseholdMember) -> HouseholdInvitation:
    return HouseholdInvitation(
        household_id=place.household_id,
        member_id=place.member_id,
        invited_by=place.invited_by or "",
        invited_at=place.invited_at,
        share=place.share,
    )


def _members(
    reader: Reader, ids: Iterable[MemberId]
) -> Mapping[str, tuple[HouseholdMemberView, ...]]:
    """Those who are in each, were, or are invited; the head first, then as they came."""
    places: dict[str, dict[str, HouseholdMember]] = defaultdict(dict)
    for place in reader.places(ids):
        places[place.household_id][place.member_id] = place
    flows = _by_place(reader, reader.household_flows(ids), places)
    return {
        one: tuple(
            sorted(
                (_view(place, flows[one, member]) for member, place in places[one].items()),
                key=_precedence,
            )
        )
        for one in ids
    }


def _precedence(view: HouseholdMemberView) -> tuple[bool, bool, str, str]:
    came = view.joined_at or view.invited_at
    moment = came.isoformat() if came else ""
    return view.role is not HouseholdRole.HEAD, view.joined_at is None, moment, view.member_id


def _by_place(
    reader: Reader, flows: Sequence[Flow], places: Mapping[str, Container[str]]
) -> Mapping[tuple[str, str], list[Flow]]:
    """The flows of each place; of who never had a place, those of the one they became."""
    found: dict[tuple[str, str], list[Flow]] = defaultdict(list)
    strangers = {one.member_id for one in flows if one.member_id not in places[one.household_id]}
    became = {key: pair[0].holder for key, pair in reader.members(strangers).items()}
    for flow in flows:
        there = flow.member_id in places[flow.household_id]
        member = flow.member_id if there else became.get(flow.member_id, flow.member_id)
        found[flow.household_id, member].append(flow)
    return found


def _view(place: HouseholdMember, flows: Iterable[Flow]) -> HouseholdMemberView:
    contributed: dict[str, int] = defaultdict(int)
    spent: dict[str, int] = defaultdict(int)
    for flow in flows:
        contributed[flow.wallet] += flow.contributed
        spent[flow.wallet] += flow.spent
    return HouseholdMemberView(
        member_id=place.member_id,
        role=place.role,
        state=place.state,
        share=place.share,
        invited_at=place.invited_at,
        joined_at=place.joined_at,
        left_at=place.left_at,
        contributed={wallet: points for wallet, points in contributed.items() if points},
        spent={wallet: points for wallet, points in spent.items() if points},
    )
