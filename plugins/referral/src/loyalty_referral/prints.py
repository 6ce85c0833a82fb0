"""Fingerprints: what tells that two people are one, kept as keyed digests and never as it is.

Truncated to 64 bits: they are compared with a few dozen others at most, never over a program.
"""

from __future__ import annotations

import hmac
import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from loyalty_core import Activity, Decidable

Prints = Mapping[str, Sequence[str]]
"""Digests by what they are of: ``email`` and the keys that ``same_`` checks name."""

SAME = "same_"
ALIAS = "alias"
EMAIL = "email"
PAYMENT = "payment"
LENGTH = 16
MOST = 5
"""How many of one kind are remembered, the latest ones."""
_HOMES = {
    name: domains[0]
    for domains in (
        ("gmail.com", "googlemail.com"),
        ("icloud.com", "me.com", "mac.com"),
        ("proton.me", "protonmail.com", "pm.me"),
        ("yandex.ru", "ya.ru", "yandex.com"),
    )
    for name in domains
}
"""Providers with several names for one mailbox."""
_IGNORED = {"gmail.com": ".", "proton.me": "._-"}
"""What providers do not tell apart in the part before the @, by their own help pages."""
_TAGS = {"yahoo.com": "-", "ymail.com": "-"}
"""What begins a tag where it is not the plus of RFC 5233."""


def secret_of(setting: str) -> str:
    """The key of the fingerprints; empty if the environment does not have it."""
    where, _, name = setting.partition(":")
    return os.environ.get(name, "") if where == "env" else setting


def mailbox(address: str) -> str:
    """The mailbox that an e-mail address and its aliases lead to.

    >>> mailbox("A.da+shop@GoogleMail.com")
    'ada@gmail.com'
    """
    local, _, domain = address.strip().casefold().rpartition("@")
    domain = _HOMES.get(domain, domain)
    bare = local.partition("+")[0].partition(_TAGS.get(domain, "+"))[0] or local
    for sign in _IGNORED.get(domain, ""):
        bare = bare.replace(sign, "")
    return f"{bare or local}@{domain}"


class Fingerprints:
    """Takes the fingerprints that the checks of a program compare, and no others."""

    def __init__(self, checks: Sequence[str], secret: str) -> None:
        self._kinds = [name.removeprefix(SAME) for name in checks if name.startswith(SAME)]
        self._emails = ALIAS in checks
        self._secret = secret_of(secret).encode()

    def of(self, fact: Decidable, *, ours: bool) -> dict[str, str]:
        """What a fact says of who did it; ``ours``: whether its data are about fingerprints."""
        made = {}
        for kind, value in self._values(fact, ours=ours):
            text = unicodedata.normalize("NFKC", value).strip()
            made[kind] = self.digest(f"{kind}\0{text}")
        return made

    def digest(self, text: str) -> str:
        """The keyed digest of a text."""
        return hmac.new(self._secret, text.encode(), sha256).hexdigest()[:LENGTH]

    def _values(self, fact: Decidable, *, ours: bool) -> Iterator[tuple[str, str]]:
        email = fact.identities.get("email")
        if self._emails and email and "@" in email:
            yield EMAIL, mailbox(email)
        token = fact.identities.get("payment_token")
        if PAYMENT in self._kinds and token:
            yield PAYMENT, token
        data = fact.data if ours and isinstance(fact, Activity) else {}
        for kind in self._kinds:
            value = data.get(kind)
            if isinstance(value, str | int) and str(value).strip():
                yield kind, _written(str(value)) if kind == "address" else str(value)


def added(known: Prints, new: Mapping[str, str]) -> Prints:
    """The fingerprints with new ones; the same object if there are none."""
    fresh = {kind: one for kind, one in new.items() if one not in known.get(kind, ())}
    if not fresh:
        return known
    return {**known, **{kind: [*known.get(kind, ()), one][-MOST:] for kind, one in fresh.items()}}


def _written(address: str) -> str:
    """An address without what people write in one way or another."""
    return "".join(sign for sign in address.casefold() if sign.isalnum())
