"""What happens to grants inside a unit of work: issued, used, taken back, and told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from loyalty_core.application.catalogue import CATALOGUE
from loyalty_core.application.ids import new_id
from loyalty_core.application.postings import Postings
from loyalty_core.application.rules import Rules
from loyalty_core.domain.facts import Json
from loyalty_core.domain.grants import (
    GrantId,
    GrantRecord,
    GrantState,
    Revocation,
    cost_of,
    terms_of,
)
from loyalty_core.domain.redemptions import Redemption
from loyalty_core.errors import LedgerFault, RedemptionRefused

MOST_DRAWS = 20


def buy_grant(books: Postings, redemption: Redemption, *, strictly: bool = True) -> None:
    """Gives the member of a captured redemption what it bought of the catalogue.

    Raises ``RedemptionRefused`` if the reward is gone, or, ``strictly``, if its pool has no code.
    """
    if redemption.plugin != CATALOGUE:
        return
    reward = books.rules.config.rewards.get(redemption.reward)
    if reward is None:
        raise RedemptionRefused(
            f"{redemption.reward!r} is not a reward here any more",
            where=redemption.reward,
            remedy="Release the points, or put the reward back into the configuration.",
        )
    worth = redemption.worth.amount_minor
    grant = new_grant(books.rules, redemption.member_id, redemption.reward, books.now, worth)
    grant.redemption_id, redemption.grant = redemption.id, grant
    grant.came_from = redemption.came_from
    if reward.approval:
        grant.state = GrantState.REQUESTED
        keep(books, grant, "grant_requested")
    elif not prepare(books, grant, books.now) and strictly:
        raise RedemptionRefused("there is no code left", where=redemption.reward)


def new_grant(
    rules: Rules, member_id: str, name: str, at: datetime, worth: int | None = None
) -> GrantRecord:
    """A grant of a reward on the terms of ``rules``, before it is issued."""
    reward, program = rules.config.rewards[name], rules.config.program
    return GrantRecord(
        id=GrantId(new_id()),
        member_id=member_id,
        reward=name,
        state=GrantState.PREPARING,
        terms=terms_of(name, reward, program, worth),
        cost=cost_of(reward, program),
        borne_by=reward.borne_by,
        created_at=at,
        fresh=True,
    )


def prepare(books: Postings, grant: GrantRecord, at: datetime) -> bool:
    """Issues a grant, or lets it wait to be handed over; False if its pool has no code left."""
    grant.state = GrantState.PREPARING
    if grant.reward in books.rules.made:  # its code is the same however often it is sent there
        grant.code = grant.code or _code(books, grant)
        keep(books, grant, "grant_preparing")
        return True
    if grant.terms.fulfilment:
        keep(books, grant, "grant_preparing")
        return True
    return issue(books, grant, at)


def issue(books: Postings, grant: GrantRecord, at: datetime) -> bool:
    """Makes a grant usable, with its code; False, and it waits, if its pool has none left.

    One whose last day has passed by now, for its fact came late, has expired and gets no code.
    """
    grant.issue(at, books.rules.config.program.time_zone)
    if grant.at(books.now) is GrantState.EXPIRED:
        grant.state = GrantState.EXPIRED
        keep(books, grant, "grant_expired")
        return True
    if grant.terms.code is not None and grant.code is None:
        grant.code = _code(books, grant)
        if grant.code is None:
            grant.state, grant.issued_at, grant.expires_at = GrantState.PREPARING, None, None
            keep(books, grant, "grant_preparing")
            return False
    expires = grant.expires_at.isoformat() if grant.expires_at else None
    keep(books, grant, "grant_issued", {"code": grant.code, "expires_at": expires})
    return True


def _code(books: Postings, grant: GrantRecord) -> str | None:
    rules = grant.terms.code
    assert rules is not None
    if rules.pool:
        return books.uow.take_code(rules.pool, grant.id)
    for _ in range(MOST_DRAWS):
        drawn = rules.prefix + books.rules.draw(rules.alphabet, rules.length)
        if books.uow.add_code(drawn, grant.id):
            return drawn
    raise LedgerFault(f"{MOST_DRAWS} codes drawn for {grant.reward!r} were all taken")


def revoke(books: Postings, grant: GrantRecord, cause: Revocation, at: datetime) -> None:
    """Takes a grant back."""
    grant.revoke(at, cause)
    keep(books, grant, "grant_revoked", {"cause": cause.value})


def follow_refund(books: Postings, redemption: Redemption) -> None:
    """Takes back, or restores, what a redemption bought, as its points were given back or not."""
    grant = redemption.grant
    if grant is None:
        return
    if redemption.returned == redemption.points and grant.revoked_at is None:
        revoke(books, grant, Revocation.REFUND, books.now)
    elif redemption.returned < redemption.points and grant.revoked_for == Revocation.REFUND:
        grant.restore()
        keep(books, grant, "grant_restored")


def keep(
    books: Postings, grant: GrantRecord, told: str, data: Mapping[str, Json] | None = None
) -> None:
    """Writes a grant with everything else, and tells what became of it."""
    books.changes.grants[grant.id] = grant
    about = {"grant": grant.id, "reward": grant.reward, "name": grant.terms.name}
    books.tell(told, grant.member_id, books.now, {**about, **(data or {})})
