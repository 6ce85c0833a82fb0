"""Enrolling, finding and changing members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loyalty_core.application.enrol import Members
from loyalty_core.application.member_codes import MemberCodes
from loyalty_core.domain.members import Member, MemberStatus, Profile


class MemberMethods:
    """Enrolling, finding and changing members."""

    _members: Members
    _codes: MemberCodes

    def enrol(
        self,
        identities: Mapping[str, str],
        *,
        source: str = "",
        profile: Profile | None = None,
        key: str | None = None,
    ) -> Member:
        """The member with these identities, made if nobody had them; new identities are added.

        ``identities`` maps kinds (email, phone, customer_id, card, payment_token) to values;
        ``customer_id`` counts within ``source``. A given ``profile`` replaces the stored one.
        Facts that waited for the person are booked now.

        Raises ``IdentityInvalid``, ``IdentityConflict``, ``IdempotencyConflict``.
        """
        return self._members.enrol(identities, source, profile, key)

    def member_code(self, member_id: str, code: str = "") -> str:
        """A public code of the member, which others may be given, such as a referral code.

        It is the one they have, or a new one; ``code`` asks for this one, beside any other. It
        finds the member for programs, and identifies nobody: a fact cannot name its person by it.

        Raises ``MemberNotFound``, ``IdentityInvalid``, and ``IdentityConflict`` if another member
        has the code.
        """
        return self._codes.code(member_id, code)

    def find(self, identities: Mapping[str, str], *, source: str = "") -> Member | None:
        """The member that any of the identities belongs to, or None.

        Raises ``IdentityInvalid``, and ``IdentityConflict`` if they belong to several.
        """
        return self._members.find(identities, source)

    def member(self, member_id: str) -> Member:
        """The member with this id; raises ``MemberNotFound``."""
        return self._members.member(member_id)

    def members(self, member_ids: Sequence[str]) -> dict[str, Member]:
        """The members with these ids, those not found left out, in one query."""
        return self._members.members(list(member_ids))

    def update_member(
        self,
        member_id: str,
        *,
        status: MemberStatus | None = None,
        profile: Profile | None = None,
    ) -> Member:
        """The member with another status or profile; what is None stays as it is.

        Facts keep what they were decided on: a new tier or tag counts from now on.

        Raises ``MemberNotFound``.
        """
        return self._members.update(member_id, status, profile)
