"""The catalogue and grants, as JSON documents and for a person."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from loyalty_core.cli.documents import Document, moment, money, points, scale_of
from loyalty_core.cli.output import add, facts_table, table
from loyalty_core.cli.views import amount, when, worth
from loyalty_core.domain.grants import GrantReceipt
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.statements import RewardView


def grant_document(one: GrantReceipt) -> Document:
    """Something a member owns."""
    return {
        "grant_id": one.grant_id,
        "member_id": one.member_id,
        "reward": one.reward,
        "name": one.name,
        "kind": one.kind.value,
        "state": one.state.value,
        "code": one.code,
        "worth": money(one.worth) if one.worth else None,
        "percent": str(one.percent) if one.percent is not None else None,
        "product": one.product,
        "min_order": money(one.min_order) if one.min_order else None,
        "issued_at": moment(one.issued_at) if one.issued_at else None,
        "expires_at": moment(one.expires_at) if one.expires_at else None,
        "used_at": moment(one.used_at) if one.used_at else None,
        "saved": money(one.saved) if one.saved else None,
        "source": one.source,
        "order_id": one.order_id,
        "redemption_id": one.redemption_id,
    }


def reward_document(view: RewardView, config: ProgramConfig) -> Document:
    """A reward of the catalogue."""
    scale = scale_of(config, view.wallet)
    return {
        "id": view.id,
        "summary": view.summary,
        "kind": view.kind.value if view.kind else None,
        "wallet": view.wallet,
        "points": points(view.points, scale) if view.points is not None else None,
        "missing": points(view.missing, scale) if view.missing is not None else None,
        "left": view.left,
        "refusal": view.refusal,
    }


def show_rewards(console: Console, views: Sequence[RewardView], config: ProgramConfig) -> None:
    """The catalogue, a row for each reward."""
    listed = table("reward", "what", "costs", "left", "note", right=("costs", "left"))
    for view in views:
        scale = scale_of(config, view.wallet)
        cost = amount(view.points, scale) if view.points is not None else ""
        left = "" if view.left is None else f"{view.left:,}"
        add(listed, view.id, view.summary, cost, left, view.refusal)
    console.print(listed)


def show_grants(console: Console, grants: Sequence[GrantReceipt], config: ProgramConfig) -> None:
    """What a member owns, a row for each grant."""
    listed = table("state", "what", "code", "until", "grant")
    for one in grants:
        until = when(one.expires_at, config) if one.expires_at else ""
        add(listed, one.state.value, one.name, one.code or "", until, one.grant_id)
    console.print(listed)


def show_grant(console: Console, one: GrantReceipt, config: ProgramConfig) -> None:
    """One grant."""
    rows = [
        (one.state.value, one.name),
        *([("code", one.code)] if one.code else []),
        *([("worth", worth(one.worth))] if one.worth else []),
        *([("saved", worth(one.saved))] if one.saved else []),
        *([("until", when(one.expires_at, config))] if one.expires_at else []),
        ("member", one.member_id),
        ("grant", one.grant_id),
    ]
    console.print(facts_table(rows))
