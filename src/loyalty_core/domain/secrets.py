"""Secrets by reference: a configuration names the environment variable, never the secret."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loyalty_core.errors import Problem, SecretMissing

REFERENCE = "env:"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by its reference, ``env:NAME``; its text never shows more than that.

    >>> Secret("env:SHOP_SECRET")
    Secret(reference='env:SHOP_SECRET')
    """

    reference: str

    def reveal(self) -> str:
        """The secret, read from the environment now; raises ``SecretMissing``."""
        name = self.reference.removeprefix(REFERENCE)
        if value := os.environ.get(name, ""):
            return value
        raise SecretMissing(f"the environment variable {name} is not set", where=name)


def secret_problems(where: str, reference: str) -> Iterator[Problem]:
    """What is wrong with a reference to a secret in a configuration, without reading the secret."""
    if not reference.startswith(REFERENCE):
        remedy = 'Put it into an environment variable and write "env:NAME" here.'
        yield Problem(where, "a secret stands in the file", remedy)
    elif not _VARIABLE.fullmatch(reference.removeprefix(REFERENCE)):
        yield Problem(where, f"{reference[:60]!r} names no variable", "Write env:NAME.")


def same_signature(given: str | bytes, expected: Iterable[str | bytes]) -> bool:
    """Whether a signature is one of those expected; in constant time, all of them compared.

    >>> same_signature("9f86", [b"9f86", "60303"])
    True
    """
    found = False
    for one in expected:
        found |= hmac.compare_digest(_bytes(given), _bytes(one))
    return found


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
