"""Who would be in the segments of the configuration that is tried, as of the end of a backtest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import cast

from loyalty_core.application.backtest.case import Case
from loyalty_core.application.config import effective
from loyalty_core.application.rules import Rules
from loyalty_core.application.segments import Segmenting
from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.segments import in_order
from loyalty_core.ports.configs import ConfigVersion
from loyalty_core.ports.store import Store, UnitOfWork

Segments = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts the segments of ``rules`` over the scratch database, once all facts are decided.

    ``others`` are those that the books do not have, or not with this definition.
    """

    scratch: Store
    rules: Rules
    until: datetime
    others: Collection[str]

    def count(self) -> None:
        """Counts who would be in which segment; it is carried out a few members at a time."""
        counting = Segmenting(self.scratch, self.rules, lambda: self.until)
        if self.rules.config.segments:
            self.scratch.write(partial(counting.count, now=self.until, again=True))

    def enter(self, uow: UnitOfWork, members: Sequence[MemberId]) -> Segments:
        """Puts these members into the segments they would be in, and says which those are."""
        changes = uow.take_changes(members) if self.rules.config.segments else []
        uow.write_segments(changes, self.until)
        entered: dict[str, list[str]] = defaultdict(list)
        for one in changes:
            entered[one.member_id].append(one.segment)
        return entered

    def asked_of(self, case: Case, entered: Segments) -> Segments:
        """The segments whose figures count each member: those of the books, or ``others``.

        The members have those that they would be in from here on.
        """
        found: dict[str, Sequence[str]] = {}
        for one in case.members.values():
            would = entered.get(one.id, ())
            theirs = {name for name in one.segments if name not in self.others}
            found[one.id] = sorted(theirs | {name for name in would if name in self.others})
            segments = {name: one.segments.get(name, self.until) for name in would}
            one.segments = case.decided_members[one.id].segments = segments
        return found


def defined_otherwise(rules: Rules, version: ConfigVersion) -> tuple[str, ...]:
    """The segments of these rules that a version does not have, or has by another definition."""
    config = rules.config
    new = cast(Mapping[str, Json], effective(config)["segments"])
    old = cast(Mapping[str, Json], version.document.get("segments") or {})
    others: dict[str, None] = {}
    for name in in_order(config.segments):
        made_of = config.segments[name].uses()
        if name not in old or old[name] != new[name] or any(one in others for one in made_of):
            others[name] = None
    return tuple(others)
