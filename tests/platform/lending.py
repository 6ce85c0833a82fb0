"""A library's plugin with tables of its own, in three releases.

Each line of an order is a loan: what, for how many cents, when it is due, and whether it came with
the member's first order. What refunds leave of an order is a row of another table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Index, String, Table, text

from loyalty_core import (
    Activity,
    Decidable,
    Effect,
    MemberView,
    Migration,
    Moment,
    Outcome,
    OwnTables,
    PluginManifest,
    ProgramConfig,
    PutRow,
    add_column,
    hookimpl,
    line_nets,
    own_table,
)
from tests.toy import ToyFailure

DUE = timedelta(days=14)


def loans_then() -> Table:
    """The loans of the first release."""
    return own_table(
        "loyalty_lending_loan",
        Column("item", String(64), nullable=False),
        Column("cents", BigInteger, nullable=False),
        Column("due_at", Moment, nullable=False),
        Index("loyalty_lending_loan_due", "program", "due_at"),
    )


def loans_with_first() -> Table:
    """The loans of the second release, which know the first order."""
    return own_table(
        "loyalty_lending_loan",
        Column("item", String(64), nullable=False),
        Column("cents", BigInteger, nullable=False),
        Column("due_at", Moment, nullable=False),
        Column("first", Boolean),
        Index("loyalty_lending_loan_due", "program", "due_at"),
    )


def loans_with_shelf() -> Table:
    """The loans of the third release, which say where an item stands."""
    return own_table(
        "loyalty_lending_loan",
        Column("item", String(64), nullable=False),
        Column("cents", BigInteger, nullable=False),
        Column("due_at", Moment, nullable=False),
        Column("first", Boolean),
        Column("shelf", String(8), nullable=False),
        Index("loyalty_lending_loan_due", "program", "due_at"),
    )


LOAN = loans_with_shelf()
LEFT = own_table("loyalty_lending_left", Column("cents", BigInteger, nullable=False))


def _second(connection: Connection) -> None:
    add_column(connection, "loyalty_lending_loan", Column("first", Boolean))
    LEFT.create(connection)


def _third(connection: Connection) -> None:
    shelf: Column[Any] = Column("shelf", String(8), nullable=False, server_default="")
    add_column(connection, "loyalty_lending_loan", shelf)
    shelved = "UPDATE loyalty_lending_loan SET shelf = upper(substr(item, 1, 1))"
    connection.execute(text(shelved))


STEPS = (
    Migration("0001_loans", lambda connection: loans_then().create(connection)),
    Migration("0002_first_and_left", _second),
    Migration("0003_shelf", _third),
)
RELEASES: dict[int, tuple[Table, ...]] = {
    1: (loans_then(),),
    2: (loans_with_first(), LEFT),
    3: (LOAN, LEFT),
}


@dataclass(eq=False)
class Lending:
    """The plugin; ``failing`` holds the ids of facts that make it raise."""

    release: int = 3
    id: str = "lending"
    failing: set[str] = field(default_factory=set)
    answer: Callable[[], Any] | None = None
    steps: Sequence[Migration] | None = None
    tables: Sequence[Table] | None = None

    @property
    def manifest(self) -> PluginManifest:
        return PluginManifest(
            id=self.id, version=f"{self.release}.0", requires_plugin_api=">=1.0,<2"
        )

    @hookimpl
    def loyalty_register_programs(self, config: None, program: ProgramConfig) -> Any:
        return [LendingProgram(self)]

    @hookimpl
    def loyalty_register_tables(self) -> Any:
        return [
            OwnTables(
                tables=RELEASES[self.release] if self.tables is None else self.tables,
                migrations=STEPS[: self.release] if self.steps is None else self.steps,
            )
        ]


@dataclass(frozen=True)
class LendingProgram:
    """What members borrow."""

    lending: Lending

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        if fact.id in self.lending.failing:
            raise ToyFailure(fact.id)
        if self.lending.answer is not None:
            answer: Sequence[Effect] = self.lending.answer()
            return answer
        if isinstance(fact, Activity):
            return ()
        items = {line.id: line.sku or line.id for line in fact.lines}
        return [
            PutRow(
                "loyalty_lending_loan",
                self._loan(items[line], cents, fact, not member.history.orders),
            )
            for line, cents in line_nets(fact).items()
            if line in items
        ]

    def _loan(self, item: str, cents: int, fact: Decidable, first: bool) -> dict[str, Any]:
        loan = {"item": item, "cents": cents, "due_at": fact.occurred_at + DUE}
        if self.lending.release > 1:
            loan["first"] = first
        if self.lending.release > 2:
            loan["shelf"] = item[:1].upper()
        return loan

    def follow(self, outcome: Outcome, member: MemberView) -> Sequence[Effect]:
        if self.lending.release < 2 or self.lending.answer or isinstance(outcome.fact, Activity):
            return ()
        left = outcome.returned[-1].value if outcome.returned else outcome.value
        return [PutRow("loyalty_lending_left", {"cents": left})]
