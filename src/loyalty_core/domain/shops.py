"""What every connected shop needs: who its customers are, and what is written there for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import cast

from loyalty_core.domain.amounts import Money, format_scaled
from loyalty_core.domain.connectors import ShowMember
from loyalty_core.domain.facts import Json
from loyalty_core.domain.foreign import as_object, as_text
from loyalty_core.domain.grants import GrantReceipt
from loyalty_core.domain.members import Identity, IdentityKind
from loyalty_core.domain.statements import Statement, WalletStatement
from loyalty_core.errors import ActionRefused

NOWHERE = ".invalid"
"""Where addresses of nobody end (RFC 2606): shops put them in the place of a person's."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re.compile(r"\+[0-9][0-9 ()./-]{5,20}", re.ASCII)


def contact_identities(*, email: str = "", phone: str = "") -> dict[str, str]:
    """How somebody is known by what a shop has of them, left out what cannot be anybody's.

    A number counts if it says its country. Tills have all kinds of things in these fields, and the
    sale counts anyway.

    >>> contact_identities(email="ada@example.org", phone="(555) 555-5555")
    {'email': 'ada@example.org'}
    >>> contact_identities(email="deleted@site.invalid", phone="+49 30 901820")
    {'phone': '+49 30 901820'}
    """
    found = {}
    if _EMAIL.fullmatch(email) and not email.endswith(NOWHERE):
        found["email"] = email
    if _PHONE.fullmatch(phone):
        found["phone"] = phone
    return found


def customer_ids(identities: Iterable[Identity], source: str) -> list[str]:
    """The accounts that a member has in one shop, by the shop's own ids."""
    return [
        one.value
        for one in identities
        if one.kind is IdentityKind.CUSTOMER_ID and one.source == source
    ]


def worth_in(worth: Money | None, currency: str) -> Money:
    """What a code is worth, if that is in the shop's currency; raises ``ActionRefused``."""
    if worth is None or worth.currency != currency:
        message = f"the shop takes {currency} off, and not {worth.currency if worth else 'nothing'}"
        raise ActionRefused(message, remedy="Let the program's currency be the shop's.")
    return worth


def worth_text(worth: Money | None, currency: str) -> str:
    """What a code is worth as a text in major units; raises as ``worth_in``."""
    money = worth_in(worth, currency)
    return format_scaled(money.amount_minor, money.digits)


def code_title(grant: GrantReceipt) -> str:
    """What a code is called at a shop: as its reward is, with the grant by which we know it."""
    return f"{grant.name[:150]} [{grant.grant_id}]"


def is_title_of(text: Json, grant: GrantReceipt) -> bool:
    """Whether what stands at a shop is the title of a grant's code, though somebody wrote to it."""
    return f"[{grant.grant_id}]" in as_text(text)


def member_text(action: ShowMember, there: str) -> str | None:
    """The JSON to be written for a member, or None if what is there already is as new.

    It has ``member``, ``wallets`` (``balance``, ``available``, ``pending``; ``worth`` and
    ``currency``; ``expiring`` and ``expires_at``) with amounts as texts in major units, the id of
    the tier held in ``tiers`` by scheme, and the ``revision``. ``there`` is what was written last,
    empty for nothing; what cannot be read is written over.
    """
    try:
        known = as_object(cast(Json, json.loads(there))) if there else {}
    except ValueError:
        known = {}
    same = known.get("member") == action.statement.member.id
    revision = known.get("revision") if same else None
    if isinstance(revision, int) and revision >= action.revision:
        return None
    shown = _shown(action.statement) | {"revision": action.revision}
    return json.dumps(shown, ensure_ascii=False, sort_keys=True)


def _shown(statement: Statement) -> dict[str, Json]:
    return {
        "member": statement.member.id,
        "wallets": {one.wallet: _wallet(one) for one in statement.wallets},
        "tiers": {one.scheme: one.held for one in statement.standings if one.held},
    }


def _wallet(one: WalletStatement) -> Json:
    shown: dict[str, Json] = {
        name: format_scaled(getattr(one, name), one.scale)
        for name in ("balance", "available", "pending")
    }
    if one.worth is not None:
        shown["worth"] = format_scaled(one.worth.amount_minor, one.worth.digits)
        shown["currency"] = one.worth.currency
    if one.expiring:
        first = one.expiring[0]
        shown["expiring"] = format_scaled(first.amount, one.scale)
        shown["expires_at"] = first.at.isoformat()
    return shown
