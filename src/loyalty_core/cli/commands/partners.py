"""``settlement``, ``settle``, ``link``, ``unlink``: programs that accept each other's points."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from loyalty_core.cli import documents, views
from loyalty_core.cli.commands.adjusting import user
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
from loyalty_core.cli.output import answer, facts_table
from loyalty_core.cli.session import member_of, opened
from loyalty_core.domain.amounts import Money, parse_scaled
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.facts import Json
from loyalty_core.domain.partners import Owing, Settlement, SettlementReceipt
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import FactError

PartnerArgument = Annotated[
    str, typer.Argument(metavar="PARTNER", help="The partner program's id.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("link")(link)
    app.command("unlink")(unlink)
    app.command("settlement")(settlement)
    app.command("settle")(settle)


def link(
    member: MemberArgument,
    partner: PartnerArgument,
    partner_member: Annotated[
        str, typer.Argument(metavar="THEIRS", help="The member's id there.", show_default=False)
    ],
    key: KeyOption,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Link a member to the same person at a partner, once both accounts are shown to be theirs."""
    with opened(config, database) as loyalty:
        found = member_of(loyalty, member, source)
        made = loyalty.link(found.id, partner, partner_member, key=key)
    document: documents.Document = {
        "member_id": made.member_id,
        "partner": made.partner,
        "partner_member": made.partner_member,
        "linked_at": documents.moment(made.linked_at),
    }
    rows = [("linked", made.member_id), (f"at {made.partner}", made.partner_member)]
    answer(document, as_json, lambda console: console.print(facts_table(rows)))


def unlink(
    member: MemberArgument,
    partner: PartnerArgument,
    source: SourceOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a member's link to a partner; what was spent stays as it is."""
    with opened(config, database) as loyalty:
        was = loyalty.unlink(member_of(loyalty, member, source).id, partner)
    said = "unlinked" if was else "was not linked"
    document: documents.Document = {"partner": partner, "unlinked": was}
    answer(document, as_json, lambda console: console.print(said))


def settlement(
    partner: Annotated[
        str | None, typer.Argument(metavar="[PARTNER]", help="Only this one.", show_default=False)
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="MOMENT", help="The start of the period.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="MOMENT", help="The first moment after it.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what this program and its partners owe each other, to the cent."""
    start, end = (None if text is None else read_moment(text) for text in (from_, until))
    with opened(config, database) as loyalty:
        found = loyalty.settlements(partner, from_=start, until=end)

    def show(console: Console) -> None:
        for one in found:
            _show(console, one, loyalty.config)
        if not found:
            console.print("nothing was ever spent at a partner")

    settlements: list[Json] = [_document(one, loyalty.config) for one in found]
    answer({"settlements": settlements}, as_json, show)


def settle(
    partner: PartnerArgument,
    reference: Annotated[
        str, typer.Option("--reference", help="What names the payment, such as the bank's number.")
    ],
    key: KeyOption,
    amount: Annotated[
        str | None,
        typer.Option("--amount", help='Such as "12.50 EUR"; all that is open if left out.'),
    ] = None,
    actor: Annotated[
        str, typer.Option("--actor", envvar="LOYALTY_ACTOR", help="Who of the shop does it.")
    ] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note a payment between this program and a partner, by the one who owes."""
    with opened(config, database) as loyalty:
        made = loyalty.settle(
            partner,
            amount=_money(amount) if amount else None,
            reference=reference,
            actor=actor or user(),
            key=key,
        )
    rows = [
        ("paid", views.worth(made.amount)),
        ("by", made.debtor),
        ("to", made.creditor),
        ("left", views.worth(made.open)),
        ("payment", made.payment_id),
    ]
    answer(_paid(made), as_json, lambda console: console.print(facts_table(rows)))


def _money(text: str) -> Money:
    amount, _, currency = text.partition(" ")
    if not currency:
        raise FactError(f"{text!r} names no currency", where="amount", remedy='Write "12.50 EUR".')
    return Money(parse_scaled(amount, minor_digits(currency)), currency)


def _paid(made: SettlementReceipt) -> documents.Document:
    return {
        "payment_id": made.payment_id,
        "debtor": made.debtor,
        "creditor": made.creditor,
        "amount": documents.money(made.amount),
        "open": documents.money(made.open),
        "reference": made.reference,
        "actor": made.actor,
        "paid_at": documents.moment(made.paid_at),
    }


def _document(one: Settlement, config: ProgramConfig) -> documents.Document:
    return {
        "partner": one.partner,
        "currency": one.currency,
        "starts_at": documents.moment(one.starts_at),
        "ends_at": documents.moment(one.ends_at),
        "ours": _owing(one.ours, "", config),
        "theirs": _owing(one.theirs, f"{one.partner}.", config),
        "opening": documents.money(one.opening),
        "closing": documents.money(one.closing),
    }


def _owing(owing: Owing, prefix: str, config: ProgramConfig) -> documents.Document:
    points: dict[str, Json] = {
        wallet: {
            name: documents.points(
                getattr(moved, name), documents.scale_of(config, f"{prefix}{wallet}")
            )
            for name in ("redeemed", "returned")
        }
        for wallet, moved in owing.points.items()
    }
    return {
        "points": points,
        "owed": documents.money(owing.owed),
        "paid": documents.money(owing.paid),
    }


def _show(console: Console, one: Settlement, config: ProgramConfig) -> None:
    us, partner = config.program.id, one.partner
    rows = []
    sides = ((us, partner, one.ours, ""), (partner, us, one.theirs, f"{partner}."))
    for debtor, creditor, owing, prefix in sides:
        for wallet, moved in owing.points.items():
            scale = documents.scale_of(config, f"{prefix}{wallet}")
            spent, back = (views.amount(n, scale) for n in (moved.redeemed, moved.returned))
            rows.append((f"{wallet} of {debtor}", f"{spent} spent at {creditor}, {back} returned"))
        rows.append((f"{debtor} owes {creditor}", views.worth(owing.owed)))
        if owing.paid.amount_minor:
            rows.append((f"{debtor} paid {creditor}", views.worth(owing.paid)))
    net = one.closing.amount_minor
    debtor, creditor = (partner, us) if net > 0 else (us, partner)
    left = views.worth(Money(abs(net), one.currency))
    rows.append(("open", f"{debtor} owes {creditor} {left}" if net else "nothing"))
    views.heading(console, f"{us} and {partner}, {one.currency}")
    console.print(facts_table(rows))
