"""Questions about the catalogue and grants: what a member can buy, owns, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from loyalty_core.application.available import available_now
from loyalty_core.application.catalogue import CatalogueReward
from loyalty_core.application.enrol import found_members
from loyalty_core.application.forms import asked_moment
from loyalty_core.application.ids import is_id
from loyalty_core.application.offers import buyer, priced
from loyalty_core.application.partners import partner_rewards
from loyalty_core.application.rules import Rules
from loyalty_core.application.standing import Person
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.grants import BorneCost, GrantReceipt, GrantState, grant_receipt
from loyalty_core.domain.members import MemberView
from loyalty_core.domain.rewards import SpendOffer, SpendRequest
from loyalty_core.domain.statements import RewardView
from loyalty_core.errors import FactError, GrantNotFound, MemberNotFound, PluginFailed
from loyalty_core.ports.program import Owned, RewardKind
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.store import Reader, Store

LONGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the database says of the catalogue: for whom, and what is left."""

    record: MemberRecord | None
    person: Person
    available: Mapping[str, int]
    claimed: Mapping[str, int]
    codes: Mapping[str, int]
    bought: Mapping[str, int]


class Showcase:
    """Answers about rewards and grants, each from a fixed few queries."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def rewards(self, member_id: str | None) -> tuple[RewardView, ...]:
        """The rewards of the program, as the member sees them, or a stranger."""
        now = self._clock()
        shelf = self._store.read(lambda reader: self._shelf(reader, member_id, now))
        rewards = {**self._rules.rewards, **partner_rewards(self._rules.config)}
        views = (self._view(owned, shelf, now) for owned in rewards.values())
        return tuple(view for view in views if view is not None)

    def _shelf(self, reader: Reader, member_id: str | None, now: datetime) -> Shelf:
        """What is needed of the database; a catalogue without limits costs no query for them."""
        catalogue = [owned.item for owned in self._rules.rewards.values()]
        mine = [item for item in catalogue if isinstance(item, CatalogueReward)]
        stocked = any(item.reward.stock is not None for item in mine)
        pooled = any(item.reward.code and item.reward.code.pool for item in mine)
        record: MemberRecord | None = None
        available: Mapping[str, int] = {}
        bought: Mapping[str, int] = {}
        if member_id is not None:
            record = _member(reader, member_id)
            available = available_now(reader, [record.id], now)[record.id]
            limits = {item.id: item.limited_since(now) for item in mine}
            since = {name: limit[1] for name, limit in limits.items() if limit is not None}
            bought = reader.bought(record.id, since, now) if since else {}
        return Shelf(
            record,
            buyer(record, self._rules, now),
            available,
            reader.claimed() if stocked else {},
            reader.free_codes() if pooled else {},
            bought,
        )

    def _view(self, owned: Owned[RewardKind], shelf: Shelf, now: datetime) -> RewardView | None:
        """A reward as it is shown; None if it is for others."""
        item = owned.item
        if isinstance(item, CatalogueReward):
            member = shelf.person.view(owned.plugin)
            return self._of_catalogue(item, owned, member, shelf, now)
        offer = self._offer(owned, shelf, now)
        points = offer.points if offer is not None and offer.points else None
        return RewardView(
            id=item.id,
            summary=item.summary,
            wallet=item.wallet,
            plugin=owned.plugin,
            points=points,
            refusal=offer.refusal if offer is not None else "",
        )

    def _of_catalogue(
        self,
        item: CatalogueReward,
        owned: Owned[RewardKind],
        member: MemberView,
        shelf: Shelf,
        now: datetime,
    ) -> RewardView | None:
        reward = item.reward
        if not item.shown(member):
            return None
        left = self._left(item, shelf)
        offer = self._offer(owned, shelf, now)
        price = item.price(member, now)
        refusal = item.closed(member, now)
        if not refusal and left == 0:
            refusal = "there is none left"
        limit = reward.per_member
        if not refusal and limit and shelf.bought.get(item.id, 0) >= limit.limit:
            refusal = "the member has bought as many as one may"
        if not refusal and offer is not None:
            refusal = offer.refusal
        needed = price if price is not None or offer is None else offer.minimum
        missing = None
        if needed is not None and shelf.record is not None:
            missing = max(needed - max(shelf.available.get(item.wallet, 0), 0), 0)
        return RewardView(
            id=item.id,
            summary=item.summary,
            wallet=item.wallet,
            plugin=owned.plugin,
            kind=reward.kind,
            points=price if price is not None or offer is None else offer.points or None,
            missing=missing,
            left=left,
            refusal=refusal,
            starts_on=reward.starts_on,
            ends_on=reward.ends_on,
        )

    def _offer(self, owned: Owned[RewardKind], shelf: Shelf, now: datetime) -> SpendOffer | None:
        """What it would cost the member now.

        None for a stranger, for points of a partner, which a quote tells, or if its plugin fails.
        """
        if shelf.record is None or not owned.plugin:
            return None
        available = shelf.available.get(owned.item.wallet, 0)
        request = SpendRequest(wallet=owned.item.wallet, available=available, at=now)
        try:
            member = shelf.person.view(owned.plugin)
            return priced(owned, request, member, self._rules)
        except PluginFailed:
            return None

    @staticmethod
    def _left(item: CatalogueReward, shelf: Shelf) -> int | None:
        """How many are left: of its stock, and of the codes of its pool; None without a limit."""
        left = []
        if item.reward.stock is not None:
            left.append(max(item.reward.stock - shelf.claimed.get(item.id, 0), 0))
        if item.reward.code and item.reward.code.pool and not item.reward.approval:
            left.append(shelf.codes.get(item.reward.code.pool, 0))
        return min(left, default=None)

    # -- grants -------------------------------------------------------------------------------

    def grant(self, grant_id: str | None, code: str | None) -> GrantReceipt:
        """One grant as it stands now, by its id or its code."""
        if (grant_id is None) == (code is None):
            raise FactError("name the grant or its code, and not both", where="grant_id")
        possible = grant_id is None or is_id(grant_id)
        found = self._store.read(
            lambda reader: reader.grant(id=grant_id, code=code) if possible else None
        )
        if found is None:
            named = grant_id or code or ""
            raise GrantNotFound(f"there is no grant {named[:60]!r}", grant=named)
        return grant_receipt(found, self._clock())

    def grants(
        self, member_id: str, state: GrantState | str | None, first: int, after: str | None
    ) -> tuple[GrantReceipt, ...]:
        """A member's grants, latest first, those before the one with the id ``after``."""
        if not 1 <= first <= LONGEST_PAGE:
            raise FactError(f"a page has 1 to {LONGEST_PAGE} items, not {first}", where="first")
        if state is not None and state not in list(GrantState):
            raise FactError(f"{state!r} is not a state of grants", where="state")
        if after is not None and not is_id(after):
            raise GrantNotFound(f"there is no grant {after[:60]!r}", grant=after)
        now = self._clock()

        def look(reader: Reader) -> list[GrantReceipt]:
            member, found, before = _member(reader, member_id), list[GrantReceipt](), after
            while len(found) < first:
                page = reader.grants_of(member.id, before, LONGEST_PAGE)
                receipts = (grant_receipt(one, now) for one in page)
                found += [one for one in receipts if state is None or one.state == state]
                if len(page) < LONGEST_PAGE:
                    break
                before = page[-1].id
            return found[:first]

        return tuple(self._store.read(look))

    def costs(self, since: datetime | None, until: datetime | None) -> tuple[BorneCost, ...]:
        """What grants used in a span of time cost, by bearer and reward."""
        from_ = None if since is None else asked_moment("since", since)
        to = None if until is None else asked_moment("until", until)
        return tuple(self._store.read(lambda reader: reader.costs(from_, to)))


def _member(reader: Reader, member_id: str) -> MemberRecord:
    found = found_members(reader, [member_id])
    if member_id not in found:
        raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
    return found[member_id][0]
