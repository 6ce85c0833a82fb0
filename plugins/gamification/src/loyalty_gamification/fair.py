"""Fair wheels and draws: what they come to is fixed before, and anyone can check it after.

A wheel has one secret for each day, and the secrets are a chain: each day's is the SHA-256 of the
next day's, and the SHA-256 of the first day's is the commitment. So one text, published before the
first day, commits the shop to every day; a day's secret, published when the day is over, tells
nothing of the days to come; and whoever has it can compute every spin of that day again.

The chain is that of L. Lamport, "Password authentication with insecure communication", 1981.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from loyalty_core import ProofInvalid

SPACE = 1 << 256
"""How many values an HMAC-SHA-256 has."""


def commitment_of(secret: str, days: int) -> str:
    """What to publish before the first of so many days: the end of the chain, in hexadecimal.

    >>> commitment_of("correct horse battery staple", 365)[:16]
    '2294ba827f5d0a61'
    """
    return chain(secret, days)[-1]


def chain(secret: str, days: int) -> Sequence[str]:
    """The secrets from the last day to the first, and the commitment after them, in hexadecimal."""
    link = hashlib.sha256(secret.encode()).digest()
    links = [link]
    for _ in range(days):
        link = hashlib.sha256(link).digest()
        links.append(link)
    return [one.hex() for one in links]


def spun(day_secret: str, wheel: str, spin: str, odds: Sequence[int]) -> int:
    """The place among ``odds`` that a spin comes to; each as likely as its share of their sum.

    It is the HMAC-SHA-256 under the day's secret of the JSON list ``[wheel, spin, try]``
    as a number from 0 to 2**256 - 1. Numbers above the last whole multiple of the sum are tried
    again with the next ``try``, from 0, so that no place gets more than its share; the number's
    remainder by the sum is then counted off along the odds.
    """
    total, key = sum(odds), bytes.fromhex(day_secret)
    number, tried = SPACE, 0
    while number >= SPACE - SPACE % total:
        text = json.dumps([wheel, spin, tried], separators=(",", ":"))
        number = int.from_bytes(hmac.digest(key, text.encode(), "sha256"))
        tried += 1
    left = number % total
    for place, share in enumerate(odds):
        if left < share:
            return place
        left -= share
    raise AssertionError("the remainder by a sum is less than the sum")


def check_spin(
    commitment: str,
    *,
    first_day: date,
    day: date,
    day_secret: str,
    wheel: str,
    spin: str,
    odds: Sequence[tuple[str, int]],
) -> str:
    """The prize of a spin, computed again from what the shop has published; needs nothing else.

    ``commitment`` was published before ``first_day``, ``day_secret`` after ``day``. ``spin`` is the
    activity's source and id with a slash between them. ``odds`` are the prizes in the order of the
    settings, each with its odds.

    Raises ``ProofInvalid`` if the secret is not the one that the shop was committed to.
    """
    _require(commitment, day_secret, (day - first_day) // timedelta(days=1) + 1)
    return odds[spun(day_secret, wheel, spin, [share for _, share in odds])][0]


def drawn(
    commitment: str,
    *,
    secret: str,
    sweepstake: str,
    entries: Iterable[str],
    winners: int,
    public: str = "",
) -> list[str]:
    """The entries that win a sweepstake, the first prize first; for the shop and whoever checks it.

    They are those with the lowest HMAC-SHA-256, under the secret, of the JSON list ``[sweepstake,
    public, entry]``: the order of the entries is no matter, and each has the same chance.
    ``commitment`` is ``commitment_of(text, 1)``, published before the first entry, and ``secret``
    is ``chain(text, 1)[0]``, told with the winners. ``public`` is what nobody could know while
    entries were taken, such as the numbers of a lottery: without it who knows the secret could
    choose entries that win.

    Raises ``ProofInvalid`` if the secret is not the one that the shop was committed to.
    """
    _require(commitment, secret, 1)
    key = bytes.fromhex(secret)

    def lot(entry: str) -> bytes:
        text = json.dumps([sweepstake, public, entry], separators=(",", ":"))
        return hmac.digest(key, text.encode(), "sha256")

    return sorted(set(entries), key=lot)[:winners]


def _require(commitment: str, secret: str, links: int) -> None:
    """Raises ``ProofInvalid`` unless the secret leads to the commitment in so many links."""
    try:
        link = bytes.fromhex(secret)
    except ValueError:
        link = b""
    for _ in range(links):
        link = hashlib.sha256(link).digest()
    if links < 1 or link.hex() != commitment:
        remedy = "Ask the shop for the right secret, and for the commitment it has published."
        raise ProofInvalid("the secret does not lead to the commitment", remedy=remedy)
