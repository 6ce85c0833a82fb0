"""Identities as people type them, made comparable.

Phones are read by ``phonenumbers`` (Google's metadata, kept monthly) and kept in E.164.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import phonenumbers

from loyalty_core.domain.members import Identity, IdentityKind
from loyalty_core.errors import IdentityInvalid

GIVEN = {kind.value: kind for kind in IdentityKind if kind is not IdentityKind.CODE}
"""The kinds of identities by which a person can be named: a code is what they give to others."""
LONGEST_VALUE = 254  # an e-mail address, RFC 5321 4.5.3.1.3


def read_identities(
    identities: Mapping[str, str], *, source: str, country: str
) -> tuple[Identity, ...]:
    """The normalised identities, sorted; empty values count as not given.

    ``source`` scopes ``customer_id``; ``country`` (ISO 3166) reads phone numbers written without
    a country code.

    Raises ``IdentityInvalid`` naming the kind and the value.
    """
    read = []
    for name, value in identities.items():
        try:
            kind = GIVEN[name]
        except KeyError:
            known = ", ".join(GIVEN)
            message = f"{name!r} is not a kind of identity"
            remedy = f"Known kinds: {known}."
            raise IdentityInvalid(message, where="$.identities", remedy=remedy) from None
        if not isinstance(value, str):
            raise IdentityInvalid(f"{name} is not a text", where=f"$.identities.{name}")
        text = unicodedata.normalize("NFKC", value).strip()
        if not text:
            continue
        if len(text) > LONGEST_VALUE or any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
            message = f"{name} is too long or has control characters"
            raise IdentityInvalid(message, where=f"$.identities.{name}")
        read.append(_normalised(kind, text, source, country))
    return tuple(sorted(read))


def comparable(code: str) -> str:
    """A public code of a member as it is compared, whatever somebody typed."""
    return unicodedata.normalize("NFKC", code).strip().upper()


def _normalised(kind: IdentityKind, text: str, source: str, country: str) -> Identity:
    if kind is IdentityKind.EMAIL:
        return Identity(kind, _email(text))
    if kind is IdentityKind.PHONE:
        return Identity(kind, _phone(text, country))
    return Identity(kind, text, source if kind is IdentityKind.CUSTOMER_ID else "")


def _email(text: str) -> str:
    """The address in lower case: RFC 5321 lets hosts tell case apart, none that matters does."""
    local, at, domain = text.rpartition("@")
    if not at or not local or "." not in domain.strip(".") or any(c.isspace() for c in text):
        raise IdentityInvalid(f"{text!r} is not an e-mail address", where="$.identities.email")
    return f"{local}@{domain}".casefold()


def _phone(text: str, country: str) -> str:
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException as error:
        raise IdentityInvalid(
            f"{text!r} is not a phone number: {error}",
            where="$.identities.phone",
            remedy="Write it with its country code, or set program.default_country.",
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise IdentityInvalid(f"{text!r} cannot be a phone number", where="$.identities.phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
