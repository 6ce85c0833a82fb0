"""That something will go: told to whoever uses it, with the day and with what takes its place."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
MARK = "deprecated"
"""The key of a field's metadata under which a setting has its deprecation."""


class LoyaltyDeprecationWarning(FutureWarning):
    """Something is used that will go. It is shown unless a filter says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """Since which release something is deprecated, the last day it is there, and what to ``use``.

    It is written where the thing is: in the metadata of a setting, ``field(metadata={"doc": ...,
    "deprecated": Deprecation(...)})``; as the decorator of a function, a method or the
    specification of a hook; as ``deprecation`` of what a plugin adds to GraphQL. Releases after
    ``last_day`` may be without it, and the tests of the SDK fail until they are.
    """

    since: str
    last_day: date
    use: str

    @property
    def reason(self) -> str:
        """The whole of it as sentences, for people."""
        return f"Deprecated since {self.since}, gone after {self.last_day}. Use {self.use}."

    def is_over(self, today: date) -> bool:
        """Whether it should be gone by now."""
        return today > self.last_day

    def warn(self, what: str, *, stacklevel: int = 1) -> None:
        """Warns whoever called, so many frames above the caller of this."""
        warnings.warn(f"{what}: {self.reason}", LoyaltyDeprecationWarning, stacklevel + 2)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, which warns with each call."""

        @functools.wraps(function)
        def warning(*args: P.args, **kwargs: P.kwargs) -> R:
            self.warn(f"{function.__qualname__}()")
            return function(*args, **kwargs)

        setattr(warning, MARK, self)
        return warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecated:
    """Something deprecated: a path of the configuration, or a name with what it is."""

    what: str
    deprecation: Deprecation

    def __str__(self) -> str:
        """It with its sentences."""
        return f"{self.what}: {self.deprecation.reason}"


def deprecation_of(thing: object) -> Deprecation | None:
    """That of a function, a method or a hook's specification; None if it stays."""
    found = getattr(thing, MARK, None)
    return found if isinstance(found, Deprecation) else None
