"""The same answers laid out for reading: tables with numbers on the right and ids in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from loyalty_core.cli.documents import scale_of
from loyalty_core.cli.output import add, facts_table, plain, print_problems, table
from loyalty_core.domain.adjustments import ReinstatementReceipt
from loyalty_core.domain.amounts import Money, format_scaled
from loyalty_core.domain.clock import zone
from loyalty_core.domain.members import Member
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.receipts import (
    AdjustmentReceipt,
    FactReceipt,
    RedemptionReceipt,
    TickReport,
    VerifyReport,
)
from loyalty_core.domain.statements import (
    Explanation,
    HistoryPage,
    Quote,
    Report,
    Statement,
    Status,
    WalletStatement,
)


def amount(units: int, scale: int) -> str:
    """Points for reading, thousands separated: ``12,500`` or ``1,234.50``."""
    text = format_scaled(abs(units), scale)
    whole, point, rest = text.partition(".")
    sign = "-" if units < 0 else ""
    return f"{sign}{int(whole):,}{point}{rest}"


def worth(money: Money | None) -> str:
    """Money for reading, empty if there is none: ``1,234.50 USD``."""
    if money is None:
        return ""
    return f"{amount(money.amount_minor, money.digits)} {money.currency}"


def when(at: datetime | None, config: ProgramConfig) -> str:
    """A moment for reading, to the minute, in the program's time zone."""
    if at is None:
        return ""
    return f"{at.astimezone(zone(config.program.time_zone)):%Y-%m-%d %H:%M %Z}"


def who(found: Member) -> str:
    """A member in a few words: the name, or the first identity, or the id."""
    if found.profile.name:
        return found.profile.name
    return f"{found.identities[0].kind}:{found.identities[0].value}" if found.identities else ""


def heading(console: Console, text: str) -> None:
    """A title above a table."""
    console.print(Text(plain(text), style="bold"))


def member(console: Console, found: Member, config: ProgramConfig) -> None:
    """A member with profile and identities."""
    profile = found.profile
    rows = [
        ("member", found.id),
        ("status", found.status.value),
        ("joined", when(found.joined_at, config)),
        ("name", profile.name),
        ("locale", profile.locale),
        ("time zone", profile.time_zone),
        ("birthday", profile.birthday.isoformat() if profile.birthday else ""),
        ("tags", ", ".join(profile.tags)),
        ("tiers", ", ".join(f"{scheme}: {tier}" for scheme, tier in profile.tiers.items())),
    ]
    console.print(facts_table([(name, value) for name, value in rows if value]))
    if found.identities:
        identities = table("identity", "value", "source")
        for identity in found.identities:
            add(identities, identity.kind.value, identity.value, identity.source)
        console.print()
        console.print(identities)


def statement(console: Console, shown: Statement, config: ProgramConfig) -> None:
    """What a member is shown."""
    found = shown.member
    heading(console, f"{who(found)}  {found.id}  as of {when(shown.at, config)}")
    for wallet in shown.wallets:
        console.print()
        wallet_statement(console, wallet, config)


def wallet_statement(console: Console, wallet: WalletStatement, config: ProgramConfig) -> None:
    """A wallet, with what becomes of its points when."""
    scale = wallet.scale
    columns = ["available", "pending", "debt", "earned", "redeemed", "expired", "adjusted"]
    if wallet.transferred:
        columns.append("transferred")
    totals = table("wallet", "balance", *columns, "worth", right=("balance", *columns, "worth"))
    cells = [amount(getattr(wallet, name), scale) for name in ("balance", *columns)]
    add(totals, wallet.wallet, *cells, worth(wallet.worth))
    console.print(totals)
    if wallet.next_pending:
        text = f"{amount(wallet.next_pending.amount, scale)} {wallet.unit} become available"
        console.print(Text(f"{text} {when(wallet.next_pending.at, config)}"))
    for dated in wallet.expiring:
        console.print(
            Text(f"{amount(dated.amount, scale)} {wallet.unit} expire {when(dated.at, config)}")
        )
    if wallet.lapses_at:
        console.print(
            Text(f"all expire {when(wallet.lapses_at, config)} unless something happens before")
        )


def history(console: Console, page: HistoryPage, config: ProgramConfig) -> None:
    """A page of transactions, latest first."""
    listed = table("when", "kind", "wallet", "amount", "transaction", "note", right=("amount",))
    for item in page.items:
        posted = item.transaction
        scale = scale_of(config, posted.wallet)
        add(
            listed,
            when(posted.occurred_at, config),
            posted.kind.value,
            posted.wallet,
            amount(posted.amount, scale),
            posted.id,
            posted.reason,
        )
    console.print(listed)
    if page.more:
        console.print(Text(f"\nmore: add --after {page.items[-1].cursor}"), soft_wrap=True)


def explanation(console: Console, why: Explanation, config: ProgramConfig) -> None:
    """Why a transaction is in the books."""
    posted, fact = why.transaction, why.fact
    rows = [
        ("transaction", posted.id),
        ("kind", posted.kind.value),
        ("amount", f"{amount(posted.amount, scale_of(config, posted.wallet))} {posted.wallet}"),
        ("member", posted.member_id),
        ("occurred", when(posted.occurred_at, config)),
        ("booked", when(posted.booked_at, config)),
        ("fact", f"{fact.type} {fact.id} of {fact.source}" if fact else ""),
        ("refunds", ", ".join(why.refunds)),
        ("actor", posted.actor),
        ("reason", posted.reason),
        ("segments", ", ".join(why.segments)),
        ("rules", f"configuration version {why.config_version}"),
    ]
    console.print(facts_table([(name, value) for name, value in rows if value]))
    awards = table("plugin", "rule", "wallet", "awarded", "kept", "expires", right=_AWARDED)
    for award in why.awards:
        scale = scale_of(config, award.wallet)
        cells = (amount(award.amount, scale), amount(award.kept, scale))
        add(awards, award.plugin, award.rule, award.wallet, *cells, when(award.expires_at, config))
    if why.awards:
        console.print()
        console.print(awards)


_AWARDED = ("awarded", "kept")


def quote(console: Console, quoted: Quote, config: ProgramConfig) -> None:
    """What a cart would earn, and what points could buy on it."""
    earnings = table("rule", "wallet", "earns", "usable from", "expires", right=("earns",))
    for earning in quoted.earnings:
        earned = amount(earning.amount, scale_of(config, earning.wallet))
        dates = (when(earning.activates_at, config), when(earning.expires_at, config))
        add(earnings, f"{earning.plugin}: {earning.rule}", earning.wallet, earned, *dates)
    if quoted.earnings:
        console.print(earnings)
    else:
        console.print(Text("This cart earns nothing."))
    if quoted.offers:
        offers = table("reward", "wallet", "costs", "gives", "note", right=("costs", "gives"))
        for name, offer in quoted.offers.items():
            cost = amount(offer.points, scale_of(config, offer.wallet))
            add(offers, name, offer.wallet, cost, worth(offer.worth), offer.refusal)
        console.print()
        console.print(offers)
    for plugin in quoted.failed:
        console.print(Text(f"plugin {plugin} could not answer", style="red"))


def receipts(console: Console, done: Sequence[FactReceipt], config: ProgramConfig) -> None:
    """What became of recorded facts, one row each, and every error and problem below."""
    listed = table("status", "member", "change", "fact", right=("change",))
    for receipt in done:
        changes = ", ".join(
            f"{amount(units, scale_of(config, wallet))} {wallet}"
            for wallet, units in receipt.changes.items()
        )
        cells = (receipt.member_id or "", changes, receipt.fact_id or "")
        add(listed, receipt.status.value, *cells)
    console.print(listed)
    for number, receipt in enumerate(done, 1):
        if receipt.error:
            console.print(Text(f"fact {number}: {receipt.error.code}: {plain(str(receipt.error))}"))
        print_problems(console, receipt.problems)


def redemption(console: Console, receipt: RedemptionReceipt, config: ProgramConfig) -> None:
    """Points spent, and what they gave."""
    spent = amount(receipt.points, scale_of(config, receipt.wallet))
    rows = [
        (receipt.state.replace("_", " "), f"{spent} {receipt.wallet}"),
        ("on", receipt.reward),
        *([("until", when(receipt.expires_at, config))] if receipt.expires_at else []),
        ("worth", worth(receipt.worth)),
        ("member", receipt.member_id),
        *([("spent by", receipt.spender)] if receipt.spender else []),
        ("redemption", receipt.redemption_id),
        ("transaction", receipt.transaction_id or "none yet"),
    ]
    console.print(facts_table(rows))


def adjustment(console: Console, receipt: AdjustmentReceipt, config: ProgramConfig) -> None:
    """A balance changed by an operator."""
    changed = amount(receipt.amount, scale_of(config, receipt.wallet))
    rows = [
        ("changed by", f"{changed} {receipt.wallet}"),
        ("reason", receipt.reason),
        ("actor", receipt.actor),
        ("member", receipt.member_id),
        ("transaction", receipt.transaction_id or "none: nothing was left to take"),
    ]
    console.print(facts_table(rows))


def reinstatement(console: Console, receipt: ReinstatementReceipt, config: ProgramConfig) -> None:
    """Expired points given back."""
    given = amount(receipt.points, scale_of(config, receipt.wallet))
    rows = [
        ("given back", f"{given} {receipt.wallet}"),
        ("expire", when(receipt.expires_at, config) if receipt.expires_at else "never"),
        ("reason", receipt.reason),
        ("actor", receipt.actor),
        ("member", receipt.member_id),
        ("transaction", receipt.transaction_id),
        ("corrects", receipt.corrects),
    ]
    console.print(facts_table(rows))


def tick(console: Console, done: TickReport, config: ProgramConfig) -> None:
    """What one run of the nightly jobs did."""
    expired = ", ".join(
        f"{amount(units, scale_of(config, wallet))} {wallet}"
        for wallet, units in done.expired.items()
    )
    rows = [
        ("lots activated", f"{done.activated_lots:,}"),
        ("lots expired", f"{done.expired_lots:,}" + (f" ({expired})" if expired else "")),
        ("holds timed out", f"{done.timed_out_holds:,}"),
        ("facts retried", f"{done.retried_facts:,}"),
        ("facts lapsed", f"{done.lapsed_facts:,}"),
        ("rewards retried", f"{done.retried_redemptions:,}"),
        ("grants expired", f"{done.expired_grants:,}"),
        ("birthdays and anniversaries", f"{done.calendar_facts:,}"),
        ("reminders of points that expire", f"{done.reminders:,}"),
        ("segments changed", f"{done.segments:,}"),
        ("boards closed", f"{done.closed_boards:,}"),
        ("prizes of boards", f"{done.board_prizes:,}"),
        ("events delivered", f"{done.delivered:,}"),
        ("deliveries failed", f"{done.delivery_failures:,}"),
        ("transactions sealed", f"{done.sealed:,}"),
    ]
    shops = [
        ("messages taken in", done.messages),
        ("messages dead", done.dead_messages),
        ("inputs polled", done.polled),
        ("actions done", done.actions),
        ("actions failed", done.action_failures),
    ]
    rows += [(name, f"{count:,}") for name, count in shops if count]
    console.print(facts_table(rows))


def verification(console: Console, report: VerifyReport) -> None:
    """The invariants checked, and what does not hold."""
    checked = (
        f"{report.transactions:,} transactions, {report.entries:,} entries, "
        f"{report.lots:,} lots and {report.wallets:,} wallets checked, "
        f"{report.sealed:,} transactions sealed in {report.blocks:,} blocks"
    )
    if report.problems:
        console.print(Text(f"{checked}: {len(report.problems)} problem(s)", style="bold red"))
        print_problems(console, report.problems)
    else:
        console.print(Text(f"{checked}: the books are right"))


def status(console: Console, state: Status) -> None:
    """The state of the installation."""
    rows = [
        ("database", state.database),
        ("schema", ", ".join(state.schema)),
        ("configuration", f"version {state.config_version}"),
        ("facts deferred", f"{state.deferred_facts:,}"),
        ("facts waiting", f"{state.waiting_facts:,}"),
        ("deliveries pending", f"{state.pending_deliveries:,}"),
        ("deliveries dead", f"{state.dead_deliveries:,}"),
        ("messages pending", f"{state.pending_messages:,}"),
        ("messages dead", f"{state.dead_messages:,}"),
        ("actions pending", f"{state.pending_actions:,}"),
        ("actions dead", f"{state.dead_actions:,}"),
    ]
    rows += [("switched off", name) for name in state.disabled_connectors]
    rows += [("in quarantine", name) for name in state.quarantined_plugins]
    console.print(facts_table(rows))
    if state.plugins:
        names = list(dict.fromkeys(name for plugin in state.plugins for name in plugin))
        plugins = table(*names)
        for plugin in state.plugins:
            add(plugins, *(str(plugin.get(name, "")) for name in names))
        console.print()
        console.print(plugins)


def report(console: Console, shown: Report, config: ProgramConfig) -> None:
    """What a merchant wants to see of the program."""
    heading(console, f"as of {when(shown.at, config)}")
    counts = [("members", shown.members), ("orders", shown.orders)]
    others = [
        ("activities", shown.activities),
        ("facts waiting", shown.waiting),
        ("facts deferred", shown.deferred),
    ]
    counts += [(name, count) for name, count in others if count]
    console.print(facts_table([(name, f"{count:,}") for name, count in counts]))
    columns = ("issued", "redeemed", "expired", "adjusted", "outstanding", "due", "debt")
    wallets = table("wallet", *columns, "worth", right=(*columns, "worth"))
    for totals in shown.wallets:
        cells = [amount(getattr(totals, name), totals.scale) for name in columns]
        add(wallets, totals.wallet, *cells, worth(totals.worth))
    console.print()
    console.print(wallets)
    if shown.top_members:
        scale = shown.wallets[0].scale if shown.wallets else 0
        top = table("", "member", "known as", "earned", "balance", right=("", "earned", "balance"))
        for place, entry in enumerate(shown.top_members, 1):
            sums = (amount(entry.earned, scale), amount(entry.balance, scale))
            add(top, str(place), entry.member.id, who(entry.member), *sums)
        console.print()
        console.print(top)
