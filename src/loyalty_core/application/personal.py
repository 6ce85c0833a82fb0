"""Finding a person in what shops sent and could not be taken in."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterator

from loyalty_core.domain.members import Identity, IdentityKind
from loyalty_core.ports.connectors import MessageRecord
from loyalty_core.ports.store import UnitOfWork

FEWEST_DIGITS = 6


def forget_messages(uow: UnitOfWork, known: Collection[Identity]) -> None:
    """Deletes the dead messages that name a person; those that were taken in have no body."""
    named = [one.id for one in uow.dead_messages() if names(one, known)]
    if named:
        uow.delete_messages(named)


def names(message: MessageRecord, known: Collection[Identity]) -> bool:
    """Whether a message holds one of these identities, however it is written there.

    Broken JSON is searched as text. Of a phone number the digits count.
    """
    text = _plain((message.body or b"").decode("utf-8", "replace"))
    try:
        texts = [_plain(part) for part in _texts(json.loads(message.body or b""))]
    except (ValueError, RecursionError):
        texts = []
    digits = "".join(one for one in text if one.isdigit())
    for identity in known:
        if identity.kind is IdentityKind.PHONE:
            number = "".join(one for one in identity.value if one.isdigit())
            if len(number) >= FEWEST_DIGITS and number in digits:
                return True
        value = _plain(identity.value)
        if value in text or any(value in part for part in texts):
            return True
    return False


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _texts(value: object) -> Iterator[str]:
    """Every text and number in a JSON value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)
