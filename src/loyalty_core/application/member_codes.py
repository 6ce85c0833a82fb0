"""Public codes of members: what they give to others, such as a referral code."""

from __future__ import annotations

import re

from loyalty_core.application.enrol import locked_member
from loyalty_core.application.identities import comparable
from loyalty_core.application.record import Recorder
from loyalty_core.application.rules import Rules
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.members import Identity, IdentityKind
from loyalty_core.errors import IdentityConflict, IdentityInvalid
from loyalty_core.ports.store import Store, UnitOfWork

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Digits and letters that are not mistaken for each other."""
LENGTH = 8
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,31}")


class MemberCodes:
    """Gives members public codes."""

    def __init__(self, store: Store, rules: Rules, recorder: Recorder, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._recorder = recorder
        self._clock = clock

    def code(self, member_id: str, wanted: str) -> str:
        """A code of the member: the one wanted, else one there is, else a new one."""
        wanted = read_code(wanted) if wanted else ""

        def work(uow: UnitOfWork) -> str:
            member = locked_member(uow, member_id)
            mine = sorted(
                one.value for one in uow.identities_of([member.id]) if one.kind is IdentityKind.CODE
            )
            if mine and (not wanted or wanted in mine):
                return wanted or mine[0]
            while True:
                code = Identity(IdentityKind.CODE, wanted or self._rules.draw(ALPHABET, LENGTH))
                if uow.claim({code: member.id})[code] == member.id:
                    break
                if wanted:
                    raise IdentityConflict(
                        f"the code {wanted!r} is another member's",
                        where="code",
                        remedy="Choose another one, or none to have one drawn.",
                    )
            now = self._clock()
            if waited := uow.take_waiting([code], now):
                self._recorder.redecide_in(uow, waited, member.id, now)
            return code.value

        return self._store.write(work)


def read_code(text: str) -> str:
    """A code as it is compared; raises ``IdentityInvalid``."""
    code = comparable(text)
    if not _CODE.fullmatch(code):
        raise IdentityInvalid(
            f"{text!r} is not a code",
            where="code",
            remedy="A code has 3 to 32 of the letters A to Z, digits and dashes.",
        )
    return code
