"""``seal``, ``head``, ``proof``: books that cannot be rewritten without being found out."""

from __future__ import annotations

from typing import Annotated

import typer

from loyalty_core.cli import sealing
from loyalty_core.cli.options import DEFAULT_CONFIG, ConfigOption, DatabaseOption, JsonOption
from loyalty_core.cli.output import answer, print_json
from loyalty_core.cli.progress import meter
from loyalty_core.cli.session import opened, reading
from loyalty_core.domain.facts import Json
from loyalty_core.domain.json_text import parse_object
from loyalty_core.domain.seal import check_proof
from loyalty_core.errors import EncodingBroken, FactTooLarge

LARGEST_PROOF = 1 << 26


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("seal")(seal)
    app.command("head")(head)
    app.command("proof")(proof)


def seal(
    late: Annotated[
        bool,
        typer.Option("--late", help="Look at every transaction, not only at those of late."),
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Seal what is booked into the hash chain.

    `tick` does this as its last step. It may run at any time, and several at once.
    """
    with (
        opened(config, database) as loyalty,
        meter("sealing", "transactions", None, quiet=as_json) as shown,
    ):
        done = loyalty.seal(late=late, progress=shown.update)
        last = loyalty.head()
    document = sealing.sealed_document(done, last)
    answer(document, as_json, lambda console: sealing.show_sealed(console, done, last))


def head(
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the head of the sealed books, to be published.

    It stands for everything sealed so far. Put it where you cannot change it afterwards.
    """
    with opened(config, database) as loyalty:
        last = loyalty.head()
    document = sealing.head_document(last)
    answer(document, as_json, lambda console: sealing.show_head(console, last))


def proof(
    transaction: Annotated[
        str | None,
        typer.Argument(metavar="TRANSACTION", help="A transaction's id, as history lists it."),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option("--check", metavar="FILE", help="Check this proof; needs no database."),
    ] = None,
    published: Annotated[
        str | None,
        typer.Option("--head", metavar="HEAD", help="The published head the proof must be for."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that a transaction is in the sealed books.

    Prints a JSON document that anybody can check with --check, or by hand.
    """
    if (transaction is None) == (check is None):
        raise typer.BadParameter("give a TRANSACTION, or a proof with --check")
    if check is None:
        with opened(config, database) as loyalty:
            made = loyalty.proof(str(transaction))
        if published is not None:
            check_proof(made, head=published)
        print_json(dict(made))
        return
    given = read_proof(check)
    checked = sealing.checked_document(given, check_proof(given, head=published))
    known = published is not None
    answer(checked, as_json, lambda console: sealing.show_checked(console, checked, known))


def read_proof(path: str) -> dict[str, Json]:
    """The JSON object in a file or, for ``-``, on standard input.

    Raises ``EncodingBroken``, ``FactTooLarge``.
    """
    where = "standard input" if path == "-" else path
    with reading(path) as file:
        data = file.read(LARGEST_PROOF + 1)
    if len(data) > LARGEST_PROOF:
        raise FactTooLarge(f"the proof has more than {LARGEST_PROOF:,} bytes", where=where)
    try:
        return dict(parse_object(data.decode("utf-8-sig")))
    except UnicodeDecodeError as broken:
        raise EncodingBroken(f"byte {broken.start + 1} is not UTF-8", where=where) from None
    except EncodingBroken as error:
        error.where = where
        raise
