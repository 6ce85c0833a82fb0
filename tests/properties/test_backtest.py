"""Under the configuration that was in force all along, a backtest finds no difference at all.

Whoever is decided alike is copied; so the replay itself is tested with everybody replayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from loyalty_core import Backtest, Loyalty
from loyalty_core.application.backtest.case import Case
from tests.properties import machine, test_people
from tests.properties.engines import NIGHTLY, engine, examples
from tests.properties.sales import SHAPES
from tests.toy import START, Toy

__all__ = ["engine"]

WALLET = ("balance", "debt", "held", "earned", "redeemed", "expired", "adjusted", "transferred")


@pytest.fixture(params=["copied", "replayed"])
def everybody(request: pytest.FixtureRequest) -> Iterator[str]:
    """Whether members whom the rules make no difference to are copied, or replayed like others."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "replayed":
            patch.setattr(Case, "decided_alike", lambda case: False)
        yield request.param


class Replayed:
    """What a machine checks when it is done: nothing differs, and the scratch books are right."""

    folder: Any
    loyalty: Loyalty
    clock: Any

    def nothing_checked(self) -> None:
        """These are checked by the machines themselves."""

    agrees = is_right = remembers = debt_is_paid_first = nothing_checked
    nothing_personal_is_left = who_was_merged_is_answered_for = nothing_checked

    def teardown(self) -> None:
        if not hasattr(self, "loyalty"):
            return
        for days in (-400, 10):
            since = START + timedelta(days=days)
            if since <= self.clock():
                self.compare(since)

    def compare(self, since: Any) -> None:
        scratch = f"sqlite:///{self.folder / f'{uuid4()}.db'}"
        found = self.loyalty.backtest(document(self.loyalty), since=since, into=scratch)
        alike(found)
        self.loyalty.tick()
        with Loyalty.open(
            document(self.loyalty), scratch, plugins=[Toy()], clock=self.clock
        ) as replayed:
            assert replayed.verify().problems == ()
            replayed.tick()
            assert wallets(replayed, self.loyalty) == wallets(self.loyalty, self.loyalty)


def alike(found: Backtest) -> None:
    assert found.impossible == ()
    assert [one for one in found.months if one.differs] == []
    assert [one for one in found.members if one.differs] == []
    assert not found.differs


def document(loyalty: Loyalty) -> dict[str, Any]:
    """The configuration in force, as a mapping."""
    return loyalty._store.read(lambda reader: dict(reader.versions()[-1].document))


def wallets(loyalty: Loyalty, other: Loyalty) -> dict[str, tuple[Any, ...]]:
    """What everybody's wallets hold, by the members of the other one."""
    ids = [one.id for one in other._store.read(lambda reader: reader.members_after("", 1000))]
    found = loyalty._store.read(lambda reader: reader.wallets_of(ids))
    values = {one.member_id: tuple(getattr(one, name) for name in WALLET) for one in found}
    return {member: held for member, held in values.items() if any(held)}


@pytest.mark.parametrize("shape", SHAPES if NIGHTLY else ["plain", "lapsing"])
def test_one_member_is_replayed_alike(
    engine: Engine, shape: str, everybody: str, tmp_path: Any
) -> None:
    class Machine(Replayed, machine.Machine):
        folder = tmp_path

    run_state_machine_as_test(
        lambda: Machine(engine, SHAPES[shape]),
        settings=examples(2, 100, stateful_step_count=60 if NIGHTLY else 25),
    )


@pytest.mark.parametrize(
    "shape", ["plain", "clamp", "pending_first", "lapsing"] if NIGHTLY else ["clamp"]
)
def test_several_members_are_replayed_alike(
    engine: Engine, shape: str, everybody: str, tmp_path: Any
) -> None:
    class Machine(Replayed, test_people.Machine):
        folder = tmp_path

    run_state_machine_as_test(
        lambda: Machine(engine, SHAPES[shape]),
        settings=examples(2, 100, stateful_step_count=60 if NIGHTLY else 25),
    )
