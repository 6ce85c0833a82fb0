"""``rewards``, ``grants``, ``use`` and ``import codes``: the catalogue and what members own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from loyalty_core.cli.granting import (
    grant_document,
    reward_document,
    show_grant,
    show_grants,
    show_rewards,
)
from loyalty_core.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    KeyOption,
    MemberArgument,
    SourceOption,
)
from loyalty_core.cli.output import answer, facts_table
from loyalty_core.cli.session import member_of, opened
from loyalty_core.domain.facts import Json
from loyalty_core.domain.grants import GrantState
from loyalty_core.errors import EncodingBroken

PoolArgument = Annotated[str, typer.Argument(help="The pool, as a reward's code names it.")]
CodesArgument = Annotated[str, typer.Argument(help="A text file, one code a line, or -.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("rewards")(rewards)
    app.command("grants")(grants)
    app.command("use")(use)


def rewards(
    member: Annotated[
        str, typer.Option("--member", help="Whose prices: an id, or an identity.")
    ] = "",
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what points buy: for a member, at their price, and why not."""
    with opened(config, database) as loyalty:
        whose = member_of(loyalty, member, source).id if member else None
        found = loyalty.rewards(whose)
    document: Json = {"rewards": [reward_document(view, loyalty.config) for view in found]}
    answer(document, as_json, lambda console: show_rewards(console, found, loyalty.config))


def grants(
    member: MemberArgument,
    state: Annotated[
        GrantState | None, typer.Option("--state", help="Only those that stand so.")
    ] = None,
    first: Annotated[int, typer.Option("--first", help="How many, the latest first.")] = 20,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a member owns and owned of the catalogue."""
    with opened(config, database) as loyalty:
        whose = member_of(loyalty, member, source).id
        found = loyalty.grants(whose, state=state, first=first)
    document: Json = {"grants": [grant_document(one) for one in found]}
    answer(document, as_json, lambda console: show_grants(console, found, loyalty.config))


def use(
    code: Annotated[str, typer.Argument(help="The code of the grant.")],
    key: KeyOption,
    order: Annotated[
        str | None, typer.Option("--order", help="The order it is used on; give --source too.")
    ] = None,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Use up the grant that has a code: once, and a second use is refused."""
    with opened(config, database) as loyalty:
        done = loyalty.use_grant(code=code, source=source, order_id=order, key=key)
    answer(grant_document(done), as_json, lambda c: show_grant(c, done, loyalty.config))


def import_codes(
    pool: PoolArgument,
    file: CodesArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add codes to a pool, one a line; those that are known already are left alone."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise EncodingBroken(f"{file} cannot be read: {error}", where=file) from None
    codes = [line.strip() for line in text.splitlines() if line.strip()]
    with opened(config, database) as loyalty:
        done = loyalty.import_codes(pool, codes)
    rows = [("added", f"{done.added:,}"), ("known already", f"{done.known:,}"), ("pool", pool)]
    document: Json = {"pool": done.pool, "added": done.added, "known": done.known}
    answer(document, as_json, lambda console: console.print(facts_table(rows)))
