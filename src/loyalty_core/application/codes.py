"""Codes of grants: drawn so that nobody can guess them."""

from __future__ import annotations

import secrets


def random_code(alphabet: str, length: int) -> str:
    """A code that nobody can guess: every letter is drawn by the system's secure source."""
    return "".join(secrets.choice(alphabet) for _ in range(length))
