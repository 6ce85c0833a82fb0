"""Secrets by reference: a configuration names the environment variable, never the secret."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from loyalty_core.domain.facts import Json
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
    """What is wrong with a reference to a secret in a configuration, without reading the secret.

    Nothing of what stands there instead is told.
    """
    if not reference.startswith(REFERENCE):
        yield _in_file(where)
    elif not _VARIABLE.fullmatch(reference.removeprefix(REFERENCE)):
        remedy = "Write env:NAME, with letters, digits and _, no digit first."
        yield Problem(where, "what is after env: is no variable's name", remedy)


def unreferenced(where: str, value: Json) -> Iterator[Problem]:
    """What is wrong with a value of any shape in which references alone may stand."""
    if isinstance(value, list | tuple):
        for place, one in enumerate(value):
            yield from unreferenced(f"{where}[{place}]", one)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from unreferenced(f"{where}.{name}", one)
    elif isinstance(value, str):
        yield from secret_problems(where, value)
    else:
        yield _in_file(where)


def _in_file(where: str) -> Problem:
    remedy = 'Put it into an environment variable and write "env:NAME" here.'
    return Problem(where, "a secret stands in the file", remedy)


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
