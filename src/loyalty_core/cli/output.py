"""What the command prints: answers on standard output, errors and progress on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from loyalty_core.domain.facts import Json
from loyalty_core.errors import (
    AgreementMissing,
    BoardUnknown,
    ConfigError,
    ConnectorUnknown,
    FactError,
    GrantNotFound,
    GrantRefused,
    HouseholdNotFound,
    HouseholdRefused,
    IdempotencyConflict,
    InsufficientPoints,
    LedgerFault,
    LinkRefused,
    LoyaltyError,
    MemberErased,
    MemberInactive,
    MemberNotFound,
    MergeRefused,
    PlatformUnavailable,
    PluginError,
    PluginFailed,
    Problem,
    RedemptionEnded,
    RedemptionNotFound,
    RedemptionRefused,
    ReinstatementRefused,
    RewardUnknown,
    SecretMissing,
    SegmentUnknown,
    SettlementRefused,
    StoreError,
    TransactionNotFound,
    TransferRefused,
    WalletUnknown,
)

OK, REJECTED, USAGE, CONFIG, STORE, NOT_FOUND, REFUSED, PLUGIN, DEFECT, INTERRUPTED = (
    *range(8),
    70,
    130,
)
EXIT_CODES: Mapping[int, str] = {
    OK: "done",
    REJECTED: "some input was rejected, or problems were found",
    USAGE: "the command line is wrong",
    CONFIG: "the configuration or a plugin keeps the program from starting",
    STORE: "the database cannot be used",
    NOT_FOUND: "no such member, transaction, wallet, reward, grant, segment or connector",
    REFUSED: "the program's rules refuse the command; nothing was booked",
    PLUGIN: "a plugin failed, or a shop cannot be reached; nothing was booked",
    DEFECT: "a defect of the SDK: report it",
    INTERRUPTED: "stopped by Ctrl-C; what was acknowledged is booked",
}
_BY_ERROR: tuple[tuple[tuple[type[LoyaltyError], ...], int], ...] = (
    ((ConfigError, PluginError), CONFIG),
    ((StoreError,), STORE),
    (
        (
            MemberNotFound,
            HouseholdNotFound,
            MemberErased,
            TransactionNotFound,
            RedemptionNotFound,
            WalletUnknown,
            BoardUnknown,
            RewardUnknown,
            GrantNotFound,
            SegmentUnknown,
            ConnectorUnknown,
        ),
        NOT_FOUND,
    ),
    (
        (
            InsufficientPoints,
            RedemptionRefused,
            RedemptionEnded,
            GrantRefused,
            ReinstatementRefused,
            TransferRefused,
            HouseholdRefused,
            AgreementMissing,
            LinkRefused,
            SettlementRefused,
            MergeRefused,
            MemberInactive,
            IdempotencyConflict,
        ),
        REFUSED,
    ),
    ((SecretMissing,), CONFIG),
    ((PluginFailed, PlatformUnavailable), PLUGIN),
    ((LedgerFault,), DEFECT),
    ((FactError,), REJECTED),
)

WIDTH = 1000
"""Columns of an answer: more than any table needs, so that nothing is cut. A terminal that is
narrower wraps the lines itself, and an id stays one word to copy."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def exit_code(error: LoyaltyError) -> int:
    """The exit code that tells scripts what kind of error this is."""
    for kinds, code in _BY_ERROR:
        if isinstance(error, kinds):
            return code
    return REJECTED


def plain(text: str) -> str:
    """``text`` with characters that could steer a terminal written as escapes.

    >>> plain("ada\\x1b[31m")
    'ada\\\\x1b[31m'
    """
    return _CONTROL.sub(lambda found: ascii(found.group())[1:-1], text)


def stdout_console() -> Console:
    """Where answers go: coloured on a terminal only, and never broken inside an id."""
    return Console(file=sys.stdout, width=WIDTH, highlight=False, markup=False, emoji=False)


def stderr_console() -> Console:
    """Where errors, notes and progress go."""
    width = None if sys.stderr.isatty() else WIDTH
    return Console(file=sys.stderr, width=width, highlight=False, markup=False, emoji=False)


def answer(document: Json, as_json: bool, view: Callable[[Console], None]) -> None:
    """Prints ``document`` for machines, or lets ``view`` print it for people."""
    if as_json:
        print_json(document)
    else:
        view(stdout_console())


def print_json(document: Json) -> None:
    """Prints one JSON document in ASCII, whatever the locale of the terminal is."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    sys.stdout.flush()


def error_document(error: LoyaltyError) -> dict[str, Json]:
    """An error for machines: ``code``, ``message``, ``where``, ``remedy`` and ``problems``."""
    problems = getattr(error, "problems", ())
    return {
        "code": error.code,
        "message": error.message,
        "where": error.where,
        "remedy": error.remedy,
        "problems": [problem_document(problem) for problem in problems],
    }


def problem_document(problem: Problem) -> dict[str, Json]:
    """A problem for machines."""
    return {
        "code": problem.code,
        "where": problem.where,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def print_error(error: LoyaltyError, as_json: bool) -> None:
    """Prints an error: one JSON document, or what, where and the remedy for a person."""
    if as_json:
        print_json({"error": error_document(error)})
        return
    console = stderr_console()
    problems: Sequence[Problem] = getattr(error, "problems", ())
    many = isinstance(error, ConfigError) or len(problems) > 1
    headline = f"{len(problems)} fault(s)" if many else error.message
    console.print(Text.assemble(("error ", "bold red"), (error.code, "bold"), f": {headline}"))
    _print_fact(console, "at", error.where)
    if many:
        print_problems(console, problems)
    _print_fact(console, "remedy", error.remedy)


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Prints problems one after the other, each with its place and its remedy."""
    for problem in problems:
        console.print(Text(f"  {plain(problem.where or '$')}", style="bold"), soft_wrap=True)
        console.print(Text(f"    {plain(problem.message)}"), soft_wrap=True)
        if problem.remedy:
            console.print(Text(f"    remedy: {plain(problem.remedy)}"), soft_wrap=True)


def _print_fact(console: Console, name: str, value: str) -> None:
    if value:
        console.print(Text(f"  {name}: {plain(value)}"), soft_wrap=True)


def table(*columns: str, right: Sequence[str] = (), title: str | None = None) -> Table:
    """An empty table; the columns named in ``right`` hold numbers. Ids are never wrapped."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title=title, title_justify="left")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    return made


def add(to: Table, *cells: str) -> None:
    """Adds a row of plain text to a table."""
    to.add_row(*(Text(plain(cell)) for cell in cells))


def facts_table(rows: Sequence[tuple[str, str]]) -> Table:
    """A table of names and values, one pair a row."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    made.add_column(no_wrap=True, style="dim")
    made.add_column(no_wrap=False, overflow="fold")
    for name, value in rows:
        add(made, name, value)
    return made
