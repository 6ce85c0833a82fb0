"""A typed way to declare a field that a method resolves."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import strawberry

P = ParamSpec("P")
R = TypeVar("R")

ADMIN = {"admin": True}
"""Metadata of the fields that only operators see."""


def resolved(
    description: str, *, admin: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator that makes a method a described field, in the operators' schema alone if so."""
    made = strawberry.field(description=description, metadata=ADMIN if admin else None)
    return cast(Callable[[Callable[P, R]], Callable[P, R]], made)
