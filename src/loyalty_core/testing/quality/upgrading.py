"""Gives members what older releases of a plugin kept of them, and goes on with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loyalty_core.application.kept_states import FIRST, VERSION, States
from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.plugin_states import StateStep
from loyalty_core.errors import LoyaltyError, PluginFailed
from loyalty_core.loyalty import Loyalty
from loyalty_core.ports.records import Changes
from loyalty_core.ports.store import UnitOfWork
from loyalty_core.testing.quality.happening import NAMES, known
from loyalty_core.testing.quality.playing import happening, record, refusals, stages
from loyalty_core.testing.quality.subject import Subject
from loyalty_core.testing.quality.watching import Notes, looked_at


def upgrade_faults(subject: Subject) -> Iterator[str]:
    """What is wrong with the steps, and with a program whose members have states of before."""
    steps = subject.plugin.manifest.state_steps
    faults = list(_of_steps(subject.id, steps))
    if faults:
        yield from faults
        return
    with refusals() as refused, stages(subject) as each:
        for number, stage in enumerate(each, 1):
            history = happening(stage, 0).history()
            for version, step in enumerate(steps, FIRST):
                with stage.opened() as (loyalty, _):
                    kept = {**step.example, VERSION: version}
                    try:
                        _gone_on(loyalty, subject.id, kept, history)
                    except LoyaltyError as error:
                        yield f"sample {number}, a state of version {version}: {error}"
    yield from refused.lines


def _of_steps(plugin: str, steps: Sequence[StateStep]) -> Iterator[str]:
    """What steps ask of the outside, where they waver, and what they make that cannot be kept."""
    with refusals():
        for version, step in enumerate(steps, FIRST):
            notes = Notes()
            name = f"the step from version {version} to {version + 1}"
            watched = StateStep(looked_at(step.upgrade, name, notes), step.example)
            every = (*steps[: version - FIRST], watched, *steps[version:])
            try:
                States({plugin: every}).read(plugin, {**step.example, VERSION: version})
            except PluginFailed as error:
                yield f"{error}{f' ({notes.raises[0]})' if notes.raises else ''}"
            yield from (*notes.asks, *notes.differs)


def _gone_on(
    loyalty: Loyalty, plugin: str, kept: Mapping[str, Json], history: Sequence[dict[str, object]]
) -> None:
    """A history of a member who has this state, and the merge of another one who has it."""
    ids = {name: _member(loyalty, name) for name in NAMES}
    _plant(loyalty, ids["ada"], plugin, kept)
    loyalty.statement(ids["ada"])
    record(loyalty, [history])
    loyalty.tick()
    _plant(loyalty, ids["cy"], plugin, kept)
    loyalty.merge(ids["bob"], ids["cy"], key="bob")
    loyalty.merge(ids["ada"], ids["bob"], key="ada")
    loyalty.statement(ids["ada"])


def _member(loyalty: Loyalty, name: str) -> MemberId:
    found = loyalty.find(known(name), source="web")
    assert found is not None
    return MemberId(found.id)


def _plant(loyalty: Loyalty, member: MemberId, plugin: str, kept: Mapping[str, Json]) -> None:
    def work(uow: UnitOfWork) -> None:
        members = uow.lock_members([member])
        for one in members.values():
            one.state = {**one.state, plugin: kept}
        uow.save(Changes(members=members))

    loyalty._parts.store.write(work)
