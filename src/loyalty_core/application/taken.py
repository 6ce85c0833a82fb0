"""What programs' effects on one fact come to, before anything is booked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from loyalty_core.application.rules import Rules
from loyalty_core.application.sharing import parts
from loyalty_core.domain.effects import (
    Cause,
    Credit,
    Effect,
    Emit,
    Grant,
    KeepState,
    Measure,
    PutRow,
)
from loyalty_core.domain.facts import Json
from loyalty_core.errors import PluginFailed
from loyalty_core.ports.records import Award, FactRecord, MemberRecord


class Emitted(NamedTuple):
    """What a plugin emits about a fact, and whether it decides the fact for the first time."""

    record: FactRecord
    plugin: str
    emit: Emit
    first: bool


@dataclass(slots=True)
class Taken:
    """What the programs' effects on one fact come to; ``state`` moves with them."""

    record: FactRecord
    member: MemberRecord
    rules: Rules
    state: dict[str, Mapping[str, Json]]
    failed: list[str]
    desired: list[Award] = field(default_factory=list)
    emitted: list[Emitted] = field(default_factory=list)
    granted: list[tuple[str, Grant]] = field(default_factory=list)
    caused: list[tuple[str, Cause]] = field(default_factory=list)
    rows: list[tuple[str, PutRow]] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)
    measures: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def of(self, plugin: str) -> Iterator[None]:
        """Notes a failure of the plugin; what it was awarded before stays."""
        try:
            yield
        except PluginFailed:
            self.failed.append(plugin)

    def take(self, plugin: str, effects: Sequence[Effect], *, follows: bool) -> None:
        """Takes one program's effects in."""
        record = self.record
        for effect in effects:
            if isinstance(effect, Credit):
                award = award_of(effect, plugin, record.occurred_at, self.rules)
                award.whole = follows
                self.desired += parts(award, self.member, record.occurred_at, self.rules)
                if not follows:
                    self.credits.append(effect)
            elif isinstance(effect, KeepState):
                self.state[plugin] = self.rules.states.written(plugin, effect.state)
            elif isinstance(effect, Grant):
                self.granted.append((plugin, effect))
            elif isinstance(effect, Cause):
                self.caused.append((plugin, effect))
            elif isinstance(effect, PutRow):
                self.rows.append((plugin, effect))
            elif isinstance(effect, Measure):
                total = self.measures.get(effect.metric, 0) + effect.amount
                self.measures[effect.metric] = total
            else:
                first = record.config_version == 0 or plugin in record.deferred
                self.emitted.append(Emitted(record, plugin, effect, first))

    @property
    def silent(self) -> frozenset[str]:
        """The plugins that could not be asked: what they gave before stays."""
        return self.rules.gone.union(self.failed)

    def measured(self) -> dict[str, int]:
        """What is measured now: what stays of plugins that could not be asked, and what is new."""
        known, silent = self.record.measures.items(), self.silent
        stays = {name: amount for name, amount in known if name.partition(".")[0] in silent}
        return {**self.measures, **stays}

    def awards(self) -> list[Award]:
        """What is awarded now: what stays of plugins that failed or are gone, and what is new."""
        known = {award.name: award for award in self.record.awards}
        silent = self.silent
        made = [award for award in self.desired if award.plugin not in silent]
        stays = [award for award in self.record.awards if award.plugin in silent]
        return stays + [_same_lot(award, known.get(award.name)) for award in made]


def award_of(credit: Credit, plugin: str, awarded: datetime, rules: Rules) -> Award:
    """The award a credit means, with the moments its lot will have."""
    activates = credit.activates_at or awarded
    zone, expiry = rules.config.program.time_zone, rules.config.wallets[credit.wallet].expiry
    return Award(
        plugin=plugin,
        rule=credit.rule,
        wallet=credit.wallet,
        amount=credit.amount,
        lines=dict(credit.lines),
        awarded_at=awarded,
        activates_at=activates,
        expires_at=credit.expires_at or expiry.expires_at(awarded, activates, zone),
    )


def _same_lot(award: Award, known: Award | None) -> Award:
    """The award with what is already booked under its name: its lot, and how much."""
    if known is not None and known.lot_id is not None:
        award.lot_id, award.net, award.answered = known.lot_id, known.net, known.answered
        award.changes = known.changes
    return award
