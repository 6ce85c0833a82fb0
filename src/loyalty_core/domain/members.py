"""Who takes part: members, how they are known, and what a program may see of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from loyalty_core.domain.benefits import GrantedBenefit
from loyalty_core.domain.facts import Json
from loyalty_core.domain.limits import Claims, Limited

MemberId = NewType("MemberId", str)


class IdentityKind(StrEnum):
    """How a person can be known. ``customer_id`` counts within its source, the others anywhere.

    ``code`` is what a member gives to others, such as a referral code: it finds the member, but
    whoever sends it is not the member, so no fact may name its person by it.
    """

    EMAIL = "email"
    PHONE = "phone"
    CUSTOMER_ID = "customer_id"
    CARD = "card"
    PAYMENT_TOKEN = "payment_token"  # noqa: S105 - the name of a kind, not a secret
    CODE = "code"


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """One normalised way to know a member; ``source`` is empty unless the kind needs one."""

    kind: IdentityKind
    value: str
    source: str = ""


class MemberStatus(StrEnum):
    """``active`` earns and spends; ``suspended`` only earns; ``closed`` does neither.

    ``merged`` is part of another member by now, who answers for it. ``erased`` was a person once,
    of whom nothing personal is left: no command changes it any more.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    MERGED = "merged"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of a member besides identities; every field may stay empty.

    ``time_zone`` is an IANA name, ``locale`` a BCP 47 tag, ``consents`` maps a purpose to yes or
    no. ``tags`` are what the host says of the member, and ``tiers`` the tiers it keeps itself, by
    scheme; what programs and quotes see has the segments counted, and the tiers of the program's
    own schemes, as well.
    """

    name: str = ""
    locale: str = ""
    time_zone: str = ""
    birthday: date | None = None
    consents: Mapping[str, bool] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    tiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a member had bought before a given fact: paid orders, tests and fees left out.

    ``spend`` is in minor units by currency, before any refund: a refund never changes what a
    later order was decided on.
    """

    orders: int = 0
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
    spend: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person in a program; ``segments`` are those counted, each with since when."""

    id: MemberId
    status: MemberStatus = MemberStatus.ACTIVE
    joined_at: datetime
    profile: Profile = Profile()
    identities: tuple[Identity, ...] = ()
    segments: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """What a program may see of a member while it decides a fact, and nothing more.

    The view is as of the fact: ``history`` and ``state`` hold what came before it, whatever has
    been recorded since, so that facts arriving in any order are decided alike. ``state`` is the
    deciding plugin's own document. ``profile.tiers`` are the tiers held and ``benefits`` the
    benefits had at the fact's moment, by what came before it. ``member_id`` is empty in a quote for
    a stranger. ``ranks`` are those on boards in the present period, by board: only for showing, for
    what a fact awards must not depend on others. What there is only so much of is ``claim``ed.
    """

    member_id: MemberId | None = None
    status: MemberStatus = MemberStatus.ACTIVE
    profile: Profile = Profile()
    history: History = History()
    state: Mapping[str, Json] = field(default_factory=dict)
    joined_at: datetime | None = None
    benefits: tuple[GrantedBenefit, ...] = ()
    ranks: Mapping[str, int] = field(default_factory=dict)
    claims: Claims = field(default_factory=Claims, repr=False, compare=False)

    def claim(self, *wanted: Limited) -> bool:
        """Whether all of this is left for the fact that is being decided, and is its own now.

        Who asks first gets it, all or nothing. The answer stays with the fact, so it is the same
        whenever it is decided again; what it does not ask for any more is free for others. In a
        quote and for showing, everything is there.

        Raises ``ValueError`` for an item that was asked for already, or an amount that cannot be.
        """
        got = self.claims.take(wanted)
        self.claims.answers.update(dict.fromkeys((one.item for one in wanted), got))
        return got
