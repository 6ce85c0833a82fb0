"""``adjust``, ``import adjustments`` and ``reinstate``: what operators do to balances."""

from __future__ import annotations

import getpass
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from loyalty_core.cli import documents, views
from loyalty_core.cli.adjusting import (
    AdjustingSpec,
    adjust_file,
    adjusted_document,
    show_adjusted,
)
from loyalty_core.cli.file_options import (
    DateFormatOption,
    DelimiterOption,
    FileArgument,
    FormatOption,
    MapOption,
    RejectsOption,
    TimeZoneOption,
    read_delimiter,
    read_maps,
    read_time_zone,
)
from loyalty_core.cli.importing import FileSpec
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    KeyOption,
    MemberArgument,
    SourceOption,
    read_moment,
)
from loyalty_core.cli.output import REJECTED, answer
from loyalty_core.cli.session import member_of, opened, points_of, wallet_named
from loyalty_core.domain.adjustments import ExpiresAt

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stays in the books.")]
ActorOption = Annotated[
    str,
    typer.Option(
        "--actor",
        envvar="LOYALTY_ACTOR",
        help="Who does it; the user of this computer if left out.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands on one member; ``import adjustments`` stands with the other imports."""
    app.command("adjust")(adjust)
    app.command("reinstate")(reinstate)


def adjust(
    member: MemberArgument,
    points: Annotated[
        str, typer.Option("--points", help="Whole points to add, or to take if negative.")
    ],
    reason: ReasonOption,
    key: KeyOption,
    wallet: Annotated[
        str | None, typer.Option("--wallet", help="May be left out if there is only one.")
    ] = None,
    actor: ActorOption = "",
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change one member's balance by hand.

    For many members, and for opening balances, see `import adjustments`.
    """
    with opened(config, database) as loyalty:
        named = wallet_named(loyalty, wallet)
        units = points_of(loyalty, named, points)
        receipt = loyalty.adjust(
            member_of(loyalty, member, source).id,
            named,
            units,
            reason=reason,
            actor=actor or user(),
            key=key,
        )
    document = documents.adjustment(receipt, loyalty.config)
    answer(document, as_json, lambda console: views.adjustment(console, receipt, loyalty.config))


def import_adjustments(
    file: FileArgument,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Answer the same, but book nothing.")
    ] = False,
    enrol: Annotated[
        bool, typer.Option("--enrol", help="Make people members whom nobody knows yet.")
    ] = False,
    wallet: Annotated[
        str, typer.Option("--wallet", help="Of rows that name none; the only one if left out.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="Of rows that state none.")] = "",
    actor: ActorOption = "",
    maps: MapOption = None,
    format_: FormatOption = None,
    source: Annotated[
        str, typer.Option("--source", help="The shop that customer_id identities belong to.")
    ] = "",
    time_zone: TimeZoneOption = "",
    date_format: DateFormatOption = "",
    delimiter: DelimiterOption = "",
    rejects: RejectsOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the balances of many members: CSV with a header, or JSON lines.

    Also for opening balances from another system. A row is booked once for its key; those that
    cannot be booked go to the rejects file, each with its line and the reason.

    Fields: key, amount (whole points, negative to take), member_id or identities (customer_id,
    email, phone, card, payment_token; as an object in JSON), source, wallet, reason, actor. Points
    that were awarded elsewhere have awarded_at, activates_at and expires_at, a moment or never;
    without expires_at the wallet's rule decides. A date without a time is the first moment of its
    day.
    """
    file_spec = FileSpec(
        path=file,
        orders=False,
        format=format_,
        time_zone=read_time_zone(time_zone),
        date_format=date_format,
        delimiter=read_delimiter(delimiter),
        maps=read_maps(maps),
        rejects=rejects,
    )
    given = {"wallet": wallet, "reason": reason, "actor": actor or user(), "source": source}
    spec = AdjustingSpec(file=file_spec, given=given, enrol=enrol, dry_run=dry_run)
    _import(spec, config, database, as_json)


def _import(spec: AdjustingSpec, config: Path, database: str | None, as_json: bool) -> None:
    with opened(config, database) as loyalty:
        given = dict(spec.given)
        if given["wallet"] or len(loyalty.config.wallets) == 1:
            given["wallet"] = wallet_named(loyalty, given["wallet"] or None)
        spec = replace(spec, given={name: text for name, text in given.items() if text})
        done = adjust_file(loyalty, spec, quiet=as_json)
    document = adjusted_document(spec, done, loyalty.config)
    answer(document, as_json, lambda console: show_adjusted(console, spec, done, loyalty.config))
    if done.outcome.rejected:
        raise typer.Exit(REJECTED)


def reinstate(
    member: MemberArgument,
    transaction: Annotated[
        str,
        typer.Argument(
            metavar="TRANSACTION", help="The expiry, as `history` names it.", show_default=False
        ),
    ],
    reason: ReasonOption,
    key: KeyOption,
    points: Annotated[
        str | None, typer.Option("--points", help="Whole points; all of it if left out.")
    ] = None,
    expires_at: Annotated[
        str,
        typer.Option(
            "--expires-at",
            metavar="MOMENT",
            help="When they expire now, or never; by the wallet's rule from now if left out.",
        ),
    ] = "",
    actor: ActorOption = "",
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a member expired points back.

    They go back into the lot they expired from, debt is paid first, and what was refunded or
    given back since is not there any more.
    """
    ends: ExpiresAt = None
    if expires_at:
        ends = "never" if expires_at == "never" else read_moment(expires_at)
    with opened(config, database) as loyalty:
        found = member_of(loyalty, member, source)
        wallet = loyalty.explain(transaction).transaction.wallet
        receipt = loyalty.reinstate(
            found.id,
            transaction,
            points=None if points is None else points_of(loyalty, wallet, points),
            expires_at=ends,
            reason=reason,
            actor=actor or user(),
            key=key,
        )
    document = documents.reinstatement(receipt, loyalty.config)
    answer(document, as_json, lambda console: views.reinstatement(console, receipt, loyalty.config))


def user() -> str:
    """The user of this computer; a usage error where nobody knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise typer.BadParameter("this computer does not say who you are; add --actor") from None
