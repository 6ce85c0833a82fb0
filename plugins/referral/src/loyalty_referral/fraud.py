"""The checks that a referral has to pass: each has a name, words for people, and one question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import entry_points
from keyword import iskeyword
from typing import Protocol, runtime_checkable

from loyalty_core import Scalar
from loyalty_referral.config import ReferralConfig, Velocity
from loyalty_referral.prints import ALIAS, EMAIL, SAME, Prints

GROUP = "loyalty.referral_checks"
"""The entry points, by name, of checks that other distributions bring."""
OTHERWISE = "It was not accepted."


@dataclass(frozen=True, slots=True, kw_only=True)
class Friend:
    """A friend whom the referrer brought before: when, by which fingerprints."""

    at: datetime
    prints: Prints = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a check may look at: all that was known of both at the moment somebody was invited.

    ``friends`` are the latest 50 who were accepted before, the oldest first, and ``accepted`` how
    many there ever were. ``orders`` is what the friend had bought before, ``invites`` whether
    they had brought others, ``oneself`` whether both are one member, and ``asking`` whether the
    referrer is somebody's friend from this very moment. ``data`` are those values of the friend's
    activity that checks of other distributions ask for.
    """

    at: datetime
    prints: Prints = field(default_factory=dict)
    referrer: Prints = field(default_factory=dict)
    friends: Sequence[Friend] = ()
    accepted: int = 0
    orders: int = 0
    invites: bool = False
    oneself: bool = False
    asking: bool = False
    data: Mapping[str, Scalar] = field(default_factory=dict)

    def meets(self, kind: str) -> bool:
        """Whether the friend shares a fingerprint with the referrer, or with a friend before."""
        mine = set(self.prints.get(kind, ()))
        others = [self.referrer, *(friend.prints for friend in self.friends)]
        return any(not mine.isdisjoint(other.get(kind, ())) for other in others)


@runtime_checkable
class FraudCheck(Protocol):
    """A question about an invitation. Pure: no clock, network, database, randomness or mutation."""

    @property
    def words(self) -> str:
        """Why it refuses, in words for members that tell nothing of others."""
        ...

    def refuses(self, invitation: Invitation) -> bool:
        """Whether the friend is refused; called again whenever an earlier fact comes late."""
        ...


@runtime_checkable
class AsksFor(FraudCheck, Protocol):
    """A check that looks at more of the friend's activity than others do.

    What it asks for goes on to the referrer's facts as it is, so it must not be personal.
    """

    @property
    def data(self) -> type:
        """A frozen dataclass of what ``referral.joined`` holds for it, with a default for each.

        Its fields are as those of a kind of activity, with their sentences in the metadata.
        """
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """A check made of a sentence and a function."""

    words: str
    asks: Callable[[Invitation], bool]

    def refuses(self, invitation: Invitation) -> bool:
        """Whether the friend is refused."""
        return self.asks(invitation)


class Checks:
    """The checks of a program, in their order."""

    def __init__(self, config: ReferralConfig) -> None:
        self._checks = {name: check_of(name, config) for name in config.checks}

    def reason(self, invitation: Invitation) -> str:
        """The name of the first check that refuses; empty if none does."""
        return next(
            (name for name, one in self._checks.items() if one and one.refuses(invitation)), ""
        )

    def words(self, name: str) -> str:
        """Why a referral was refused, for people; empty if it was not."""
        check = self._checks.get(name)
        return (check.words if check else REASONS.get(name, OTHERWISE)) if name else ""


REASONS = {
    "not_a_code": "There is no such code.",
    "elsewhere": "They came by somebody else's code.",
    "no_group": "There is no such group.",
    "closed": "The group is not open any more.",
    "already": "You are in this group already.",
}
"""What else is refused, and why, for people."""


def check_of(name: str, config: ReferralConfig) -> FraudCheck | None:
    """The check of a name: one of our own, or of an installed distribution; None if unknown."""
    kind = name.removeprefix(SAME)
    if name.startswith(SAME) and kind.isidentifier() and not iskeyword(kind) and kind != "code":
        words = f"The same {kind} has been used before."
        return Check(words, lambda invitation: invitation.meets(kind))
    if name in OWN:
        return OWN[name]
    if name == "velocity":
        return Check("Too many friends in a short time.", partial(_too_fast, config.velocity))
    for found in entry_points(group=GROUP, name=name):
        loaded = found.load()
        return loaded if isinstance(loaded, FraudCheck) else None
    return None


def asked_by(config: ReferralConfig) -> dict[str, type]:
    """The data that checks of other distributions ask for, by their names."""
    found = {name: check_of(name, config) for name in config.checks}
    return {name: one.data for name, one in found.items() if isinstance(one, AsksFor)}


def compared_by(config: ReferralConfig) -> list[str]:
    """What the ``same_`` checks compare."""
    return [name.removeprefix(SAME) for name in config.checks if name.startswith(SAME)]


def _too_fast(limit: Velocity, invitation: Invitation) -> bool:
    since = timedelta(hours=limit.hours)
    latest = sum(invitation.at - friend.at < since for friend in invitation.friends)
    return latest >= limit.most


OWN: Mapping[str, FraudCheck] = {
    "self": Check("Nobody can invite themselves.", lambda one: one.oneself),
    "circle": Check(
        "Who has invited others cannot be invited.", lambda one: one.invites or one.asking
    ),
    "not_new": Check("Only new customers can be invited.", lambda one: one.orders > 0),
    ALIAS: Check("The same mailbox has been used before.", lambda one: one.meets(EMAIL)),
}
