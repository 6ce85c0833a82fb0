"""Rewards that are bought by themselves as soon as a member has the points.

How many of one a member has bought and not used is what the points earned come to, however the
facts arrived: debt gives the latest of them back before anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from loyalty_core.application.books import Books
from loyalty_core.application.catalogue import CATALOGUE, CatalogueReward
from loyalty_core.application.grants import buy_grant, revoke
from loyalty_core.application.ids import new_id
from loyalty_core.application.offers import buyer, priced
from loyalty_core.application.rules import Rules
from loyalty_core.domain.grants import GrantRecord, Revocation
from loyalty_core.domain.ledger import WalletBook
from loyalty_core.domain.members import MemberId, MemberStatus
from loyalty_core.domain.redemptions import Redemption, RedemptionId, RedemptionState
from loyalty_core.domain.rewards import SpendRequest
from loyalty_core.ports.records import MemberRecord
from loyalty_core.ports.store import UnitOfWork


def buy_what_is_due(
    uow: UnitOfWork, rules: Rules, whose: Iterable[MemberId], now: datetime
) -> None:
    """Buys what locked members have the points for, once what a command did is written."""
    wanted = set(whose)
    if rules.automatic and wanted:
        books = Books(uow, rules, now)
        books.load(wanted, open_of=wanted)
        buy_due(books, uow.lock_members(wanted), wanted)
        books.flush()


def buy_due(
    books: Books, members: Mapping[MemberId, MemberRecord], whose: Iterable[MemberId]
) -> None:
    """Buys what these members, whose open lots are loaded, have the points for; no households."""
    wanted = set(whose)
    for name in books.rules.automatic:
        owned = books.rules.rewards[name]
        reward = cast(CatalogueReward, owned.item)
        for book in list(books.wallets.values()):
            member = members.get(MemberId(book.member_id))
            if member is None or member.id not in wanted or book.wallet != reward.wallet:
                continue
            if member.household:  # whose members choose what to buy with what they share
                continue
            if book.debt:
                _give_back(books, book)
            while member.status is MemberStatus.ACTIVE and _buy(books, book, member, reward):
                pass


def _buy(books: Books, book: WalletBook, member: MemberRecord, reward: CatalogueReward) -> bool:
    """Whether one was bought; there may be points for another."""
    now = books.now
    request = SpendRequest(wallet=reward.wallet, available=max(book.available(now), 0), at=now)
    owned = books.rules.rewards[reward.id]
    view = buyer(member, books.rules, now).view(CATALOGUE)
    offer = priced(owned, request, view, books.rules)
    if offer.points <= 0 or not within_limit(books, member.id, reward):
        return False
    if offer.stock is not None and not books.uow.claim_stock(offer.item, offer.stock):
        return False
    redemption = Redemption(
        id=RedemptionId(new_id()),
        member_id=member.id,
        wallet=book.wallet,
        plugin=CATALOGUE,
        reward=reward.id,
        state=RedemptionState.HELD,
        points=offer.points,
        worth=offer.worth,
        item=offer.item,
        created_at=now,
        fresh=True,
    )
    books.hold(redemption)
    books.capture(redemption, redemption.points)
    buy_grant(books, redemption, strictly=False)
    return True


def within_limit(books: Books, member_id: str, reward: CatalogueReward) -> bool:
    """Whether the member may buy one more now; what this unit of work bought is counted."""
    limited = reward.limited_since(books.now)
    if limited is None:
        return True
    most, since = limited
    fresh = [one for one in books.changes.redemptions.values() if one.fresh]
    here = sum(one.reward == reward.id and one.member_id == member_id for one in fresh)
    bought = books.uow.bought(member_id, {reward.id: since}, books.now)
    return bought[reward.id] + here < most


def _give_back(books: Books, book: WalletBook) -> None:
    """Pays debt with the points of what was bought by itself and not used, the latest first."""
    unused = books.uow.unused_grants(book.member_id, books.rules.automatic)
    for grant in unused:
        if not book.debt:
            return
        redemption = books.uow.redemption(grant.redemption_id or "")
        if redemption is not None and redemption.wallet == book.wallet:
            missing = [lot for lot in redemption.lot_ids if lot not in book.lots]
            for lot in books.uow.books((), missing)[1]:
                books.wallet(lot.member_id, lot.wallet).lots.setdefault(lot.id, lot)
            cancel(books, redemption, grant, Revocation.REFUND)


def cancel(books: Books, redemption: Redemption, grant: GrantRecord, cause: Revocation) -> None:
    """Gives all points of a redemption back for good, and takes back what it bought."""
    if redemption.returned < redemption.points:
        books.give_back(redemption, redemption.points, books.now, None)
    redemption.state = RedemptionState.CANCELLED
    books.changes.redemptions[redemption.id] = redemption
    if redemption.item:
        books.uow.unclaim_stock(redemption.item)
    revoke(books, grant, cause, books.now)
