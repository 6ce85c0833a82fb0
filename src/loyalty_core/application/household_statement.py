"""What the members of a household are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from loyalty_core.application.available import NOTHING_HELD, held_now
from loyalty_core.application.ids import is_id
from loyalty_core.application.rules import Rules
from loyalty_core.application.statement import EXPIRING_WITHIN, Questions
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.household_views import HouseholdMemberView, HouseholdStatement
from loyalty_core.domain.households import HouseholdMember, HouseholdRole
from loyalty_core.domain.ledger import WalletBook
from loyalty_core.domain.members import MemberStatus
from loyalty_core.domain.statements import WalletStatement
from loyalty_core.errors import HouseholdNotFound
from loyalty_core.ports.households import Flow
from loyalty_core.ports.records import MemberRecord
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
        now = self._clock()

        def look(reader: Reader) -> HouseholdStatement:
            found = reader.members([household_id]) if is_id(household_id) else {}
            if household_id not in found or not found[household_id][0].household:
                message = f"there is no household {household_id!r}"
                raise HouseholdNotFound(message, household_id=household_id)
            record = found[household_id][0]
            return HouseholdStatement(
                household_id=record.id,
                at=now,
                created_at=record.joined_at,
                dissolved=record.status is not MemberStatus.ACTIVE,
                wallets=self._wallets(reader, record),
                members=_members(reader, record),
            )

        return self._store.read(look)

    def _wallets(self, reader: Reader, record: MemberRecord) -> tuple[WalletStatement, ...]:
        """The wallets that are shared, and those that were and are in use."""
        now, config = self._clock(), self._rules.config
        books = {name: book for (_, name), book in reader.wallets([record.id]).items()}
        shared = config.household.wallets if config.household else {}
        upcoming = reader.upcoming([record.id], now + EXPIRING_WITHIN)
        held = held_now(reader, books.values(), now)
        return tuple(
            self._questions.wallet(
                books.get(name) or WalletBook(record.id, name),
                upcoming.get((record.id, name), []),
                held.get((record.id, name), NOTHING_HELD),
                now,
            )
            for name in config.wallets
            if name in shared or name in books
        )


def _members(reader: Reader, record: MemberRecord) -> tuple[HouseholdMemberView, ...]:
    """Those who are in it, were, or are invited; the head first, then as they came."""
    places = {one.member_id: one for one in reader.household_members(record.id)}
    flows = _by_place(reader, reader.household_flows(record.id), places.keys())
    views = [_view(place, flows[place.member_id]) for place in places.values()]
    return tuple(sorted(views, key=_precedence))


def _precedence(view: HouseholdMemberView) -> tuple[bool, bool, str, str]:
    came = view.joined_at or view.invited_at
    moment = came.isoformat() if came else ""
    return view.role is not HouseholdRole.HEAD, view.joined_at is None, moment, view.member_id


def _by_place(
    reader: Reader, flows: Iterable[Flow], places: Iterable[str]
) -> Mapping[str, list[Flow]]:
    """The flows of each member; of who never had a place, those of the one they became."""
    found: dict[str, list[Flow]] = defaultdict(list)
    flows, known = list(flows), set(places)
    strangers = {flow.member_id for flow in flows} - known
    became = {key: pair[0].holder for key, pair in reader.members(strangers).items()}
    for flow in flows:
        found[became.get(flow.member_id, flow.member_id)].append(flow)
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
