"""Plain values: what every database gives back as it was."""

from __future__ import annotations

MOST_BITS = 1024
"""How large a whole number in JSON may be: one of thousands of digits is not even written."""


def is_json(value: object) -> bool:
    """Whether a value is ``Json`` that every database gives back as it was: no floats, no NUL.

    An object is a ``dict``: no other mapping can be written.
    """
    if isinstance(value, dict):
        return all(type(key) is str and is_storable(key) for key in value) and all(
            is_json(item) for item in value.values()
        )
    if isinstance(value, list):
        return all(is_json(item) for item in value)
    if type(value) is int:
        return value.bit_length() <= MOST_BITS
    return is_storable(value) if type(value) is str else value is None or type(value) is bool


def is_document(value: object) -> bool:
    """Whether a value is a JSON object that every database gives back as it was."""
    return isinstance(value, dict) and is_json(value)


def is_storable(value: str) -> bool:
    """Whether a text has no U+0000, which PostgreSQL refuses, and no lone surrogate."""
    if "\x00" in value:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
