"""The JSON documents of the command line: stable keys, exact amounts.

Points are ``{"units": 1250, "decimal": "12.50"}``: an integer of the wallet's smallest unit and
the same in whole points. Money is ``{"amount": "12.50", "currency": "USD"}``. Moments are in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from loyalty_core.application.structure import converter
from loyalty_core.cli.output import error_document, problem_document
from loyalty_core.domain.adjustments import ReinstatementReceipt
from loyalty_core.domain.amounts import Money, format_scaled
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.facts import Activity, Json, Order
from loyalty_core.domain.ledger import Transaction
from loyalty_core.domain.members import Member
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.receipts import (
    AdjustmentReceipt,
    FactReceipt,
    RedemptionReceipt,
    TickReport,
    VerifyReport,
)
from loyalty_core.domain.rewards import SpendOffer
from loyalty_core.domain.statements import (
    Dated,
    Explanation,
    HistoryPage,
    Quote,
    Report,
    Statement,
    Status,
    WalletStatement,
    WalletTotals,
)

Document = dict[str, Json]


def moment(at: datetime | None) -> str | None:
    """A moment in ISO 8601, UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def points(units: int, scale: int) -> Document:
    """Points as an integer of the smallest unit and as a decimal text."""
    return {"units": units, "decimal": format_scaled(units, scale)}


def money(amount: Money | None) -> Document | None:
    """Money as a decimal text and its currency."""
    if amount is None:
        return None
    text = format_scaled(amount.amount_minor, amount.digits)
    return {"amount": text, "currency": amount.currency}


def scale_of(config: ProgramConfig, wallet: str) -> int:
    """How many digits the wallet's smallest unit has; 0 for a wallet no longer configured."""
    return config.scale(wallet) or 0


def _by_wallet(amounts: Mapping[str, int], config: ProgramConfig) -> Document:
    return {wallet: points(units, scale_of(config, wallet)) for wallet, units in amounts.items()}


def member(found: Member) -> Document:
    """A member with profile and identities."""
    profile = found.profile
    return {
        "id": found.id,
        "status": found.status.value,
        "joined_at": moment(found.joined_at),
        "profile": {
            "name": profile.name,
            "locale": profile.locale,
            "time_zone": profile.time_zone,
            "birthday": profile.birthday.isoformat() if profile.birthday else None,
            "consents": dict(profile.consents),
            "tags": list(profile.tags),
            "tiers": dict(profile.tiers),
        },
        "identities": [
            {"kind": identity.kind.value, "value": identity.value, "source": identity.source}
            for identity in found.identities
        ],
    }


def _dated(dated: Dated, scale: int) -> Document:
    return {"at": moment(dated.at), "points": points(dated.amount, scale)}


def wallet_statement(wallet: WalletStatement) -> Document:
    """One wallet as its member sees it."""
    document: Document = {"wallet": wallet.wallet, "unit": wallet.unit, "scale": wallet.scale}
    for name in ("balance", "available", "pending", "debt", "earned", "redeemed"):
        document[name] = points(getattr(wallet, name), wallet.scale)
    for name in ("expired", "adjusted", "transferred"):
        document[name] = points(getattr(wallet, name), wallet.scale)
    upcoming = wallet.next_pending
    return document | {
        "worth": money(wallet.worth),
        "next_pending": _dated(upcoming, wallet.scale) if upcoming else None,
        "expiring": [_dated(dated, wallet.scale) for dated in wallet.expiring],
        "lapses_at": moment(wallet.lapses_at),
    }


def statement(shown: Statement) -> Document:
    """What a member is shown."""
    return {
        "member": member(shown.member),
        "at": moment(shown.at),
        "wallets": [wallet_statement(wallet) for wallet in shown.wallets],
        "household_id": shown.household_id,
        "shown": {plugin: dict(what) for plugin, what in shown.shown.items()},
    }


def transaction(posted: Transaction, scale: int) -> Document:
    """One transaction with its entries."""
    return {
        "id": posted.id,
        "member_id": posted.member_id,
        "wallet": posted.wallet,
        "kind": posted.kind.value,
        "amount": points(posted.amount, scale),
        "occurred_at": moment(posted.occurred_at),
        "booked_at": moment(posted.booked_at),
        "fact_id": posted.fact_id,
        "config_version": posted.config_version,
        "actor": posted.actor,
        "reason": posted.reason,
        "detail": dict(posted.detail),
        "entries": [
            {
                "account": entry.account,
                "lot_id": entry.lot_id,
                "amount": points(entry.amount, scale),
            }
            for entry in posted.entries
        ],
    }


def history(page: HistoryPage, config: ProgramConfig) -> Document:
    """A page of transactions; ``next`` is the cursor to go on with, null on the last page."""
    return {
        "items": [
            {
                "cursor": item.cursor,
                "transaction": transaction(
                    item.transaction, scale_of(config, item.transaction.wallet)
                ),
            }
            for item in page.items
        ],
        "more": page.more,
        "next": page.items[-1].cursor if page.more and page.items else None,
    }


def fact(recorded: Order | Activity | None) -> Document | None:
    """A fact in its documented JSON form."""
    if recorded is None:
        return None
    digits = minor_digits(recorded.currency) if isinstance(recorded, Order) else 0
    body = cast(Document, converter(digits).unstructure(recorded))
    return {"type": recorded.type} | body


def _point_lines(lines: Mapping[str, int], scale: int) -> Document:
    return {line: points(amount, scale) for line, amount in lines.items()}


def explanation(why: Explanation, config: ProgramConfig) -> Document:
    """Why a transaction is in the books."""
    return {
        "transaction": transaction(why.transaction, scale_of(config, why.transaction.wallet)),
        "fact": fact(why.fact),
        "refunds": list(why.refunds),
        "awards": [
            {
                "plugin": award.plugin,
                "rule": award.rule,
                "wallet": award.wallet,
                "amount": points(award.amount, scale_of(config, award.wallet)),
                "kept": points(award.kept, scale_of(config, award.wallet)),
                "lines": _point_lines(award.lines, scale_of(config, award.wallet)),
                "expires_at": moment(award.expires_at),
            }
            for award in why.awards
        ],
        "config_version": why.config_version,
        "segments": list(why.segments),
    }


def _offer(offer: SpendOffer, config: ProgramConfig) -> Document:
    scale = scale_of(config, offer.wallet)
    return {
        "wallet": offer.wallet,
        "points": points(offer.points, scale),
        "worth": money(offer.worth),
        "lines": {
            line: money(Money(amount, offer.worth.currency)) for line, amount in offer.lines.items()
        },
        "minimum": points(offer.minimum, scale),
        "step": points(offer.step, scale),
        "refusal": offer.refusal,
        "detail": dict(offer.detail),
    }


def quote(quoted: Quote, config: ProgramConfig) -> Document:
    """What a cart would earn, and what points could buy on it."""
    return {
        "earned": {
            wallet: points(quoted.earned(wallet), definition.scale)
            for wallet, definition in config.wallets.items()
        },
        "earnings": [
            {
                "plugin": earning.plugin,
                "rule": earning.rule,
                "wallet": earning.wallet,
                "amount": points(earning.amount, scale_of(config, earning.wallet)),
                "lines": _point_lines(earning.lines, scale_of(config, earning.wallet)),
                "activates_at": moment(earning.activates_at),
                "expires_at": moment(earning.expires_at),
            }
            for earning in quoted.earnings
        ],
        "offers": {name: _offer(offer, config) for name, offer in quoted.offers.items()},
        "failed": list(quoted.failed),
    }


def fact_receipt(receipt: FactReceipt, config: ProgramConfig) -> Document:
    """What became of one recorded fact."""
    return {
        "status": receipt.status.value,
        "fact_id": receipt.fact_id,
        "member_id": receipt.member_id,
        "enrolled": receipt.enrolled,
        "changes": _by_wallet(receipt.changes, config),
        "transactions": list(receipt.transactions),
        "problems": [problem_document(problem) for problem in receipt.problems],
        "error": error_document(receipt.error) if receipt.error else None,
    }


def redemption(receipt: RedemptionReceipt, config: ProgramConfig) -> Document:
    """Points spent, and what they gave."""
    currency = receipt.worth.currency
    return {
        "redemption_id": receipt.redemption_id,
        "state": receipt.state.value,
        "transaction_id": receipt.transaction_id,
        "member_id": receipt.member_id,
        "reward": receipt.reward,
        "wallet": receipt.wallet,
        "points": points(receipt.points, scale_of(config, receipt.wallet)),
        "worth": money(receipt.worth),
        "occurred_at": moment(receipt.occurred_at),
        "lines": {line: money(Money(amount, currency)) for line, amount in receipt.lines.items()},
        "expires_at": moment(receipt.expires_at) if receipt.expires_at else None,
        "source": receipt.source,
        "order_id": receipt.order_id,
        "returned": points(receipt.returned, scale_of(config, receipt.wallet)),
        "household": receipt.household,
        "spender": receipt.spender,
    }


def adjustment(receipt: AdjustmentReceipt, config: ProgramConfig) -> Document:
    """A balance changed by an operator."""
    return {
        "transaction_id": receipt.transaction_id,
        "member_id": receipt.member_id,
        "wallet": receipt.wallet,
        "amount": points(receipt.amount, scale_of(config, receipt.wallet)),
        "reason": receipt.reason,
        "actor": receipt.actor,
        "occurred_at": moment(receipt.occurred_at),
    }


def reinstatement(receipt: ReinstatementReceipt, config: ProgramConfig) -> Document:
    """Expired points given back."""
    return {
        "transaction_id": receipt.transaction_id,
        "corrects": receipt.corrects,
        "member_id": receipt.member_id,
        "wallet": receipt.wallet,
        "points": points(receipt.points, scale_of(config, receipt.wallet)),
        "expires_at": moment(receipt.expires_at),
        "reason": receipt.reason,
        "actor": receipt.actor,
        "occurred_at": moment(receipt.occurred_at),
    }


def tick(done: TickReport, config: ProgramConfig) -> Document:
    """What one run of the nightly jobs did."""
    return {
        "activated_lots": done.activated_lots,
        "expired_lots": done.expired_lots,
        "expired": _by_wallet(done.expired, config),
        "timed_out_holds": done.timed_out_holds,
        "retried_facts": done.retried_facts,
        "retried_redemptions": done.retried_redemptions,
        "lapsed_facts": done.lapsed_facts,
        "expired_grants": done.expired_grants,
        "calendar_facts": done.calendar_facts,
        "reminders": done.reminders,
        "segments": done.segments,
        "messages": done.messages,
        "dead_messages": done.dead_messages,
        "polled": done.polled,
        "actions": done.actions,
        "action_failures": done.action_failures,
        "closed_boards": done.closed_boards,
        "board_prizes": done.board_prizes,
        "delivered": done.delivered,
        "delivery_failures": done.delivery_failures,
        "sealed": done.sealed,
    }


def verification(report: VerifyReport) -> Document:
    """The invariants checked, and what does not hold."""
    return {
        "ok": not report.problems,
        "transactions": report.transactions,
        "entries": report.entries,
        "lots": report.lots,
        "wallets": report.wallets,
        "blocks": report.blocks,
        "sealed": report.sealed,
        "head": report.head,
        "problems": [problem_document(problem) for problem in report.problems],
    }


def status(state: Status) -> Document:
    """The state of the installation."""
    return {
        "database": state.database,
        "schema": list(state.schema),
        "config_version": state.config_version,
        "plugins": [dict(plugin) for plugin in state.plugins],
        "deferred_facts": state.deferred_facts,
        "waiting_facts": state.waiting_facts,
        "pending_deliveries": state.pending_deliveries,
        "dead_deliveries": state.dead_deliveries,
        "pending_messages": state.pending_messages,
        "dead_messages": state.dead_messages,
        "pending_actions": state.pending_actions,
        "dead_actions": state.dead_actions,
        "disabled_connectors": list(state.disabled_connectors),
        "quarantined_plugins": list(state.quarantined_plugins),
    }


def wallet_totals(totals: WalletTotals) -> Document:
    """One wallet over the whole program."""
    document: Document = {"wallet": totals.wallet, "unit": totals.unit, "scale": totals.scale}
    for name in ("issued", "redeemed", "expired", "adjusted", "outstanding", "due", "debt"):
        document[name] = points(getattr(totals, name), totals.scale)
    return document | {"worth": money(totals.worth)}


def report(shown: Report) -> Document:
    """What a merchant wants to see of the program."""
    scale = shown.wallets[0].scale if shown.wallets else 0
    return {
        "at": moment(shown.at),
        "members": shown.members,
        "orders": shown.orders,
        "activities": shown.activities,
        "waiting": shown.waiting,
        "deferred": shown.deferred,
        "wallets": [wallet_totals(totals) for totals in shown.wallets],
        "top_members": [
            {
                "member": member(top.member),
                "earned": points(top.earned, scale),
                "balance": points(top.balance, scale),
            }
            for top in shown.top_members
        ],
    }
