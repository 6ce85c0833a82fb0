"""Three queries to try on the demo's gateway, and what the SDK itself answers to each."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from loyalty_core.cli.demo.program import DemoResult
from loyalty_core.cli.demo.serving import Gateway, WrongAnswerError, ask
from loyalty_core.cli.documents import Document, moment, money
from loyalty_core.domain.amounts import format_scaled
from loyalty_core.domain.facts import Json
from loyalty_core.domain.statements import Report, Statement, WalletStatement
from loyalty_core.loyalty import Loyalty

CART: Mapping[str, Json] = {"currency": "USD", "lines": [{"id": "1", "amount": "29.73"}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoQuery:
    """A query, whom it is asked as, and the SDK's own answer in the same form."""

    title: str
    query: str
    admin: bool
    expected: Callable[[Loyalty, DemoResult], Document]

    def curl(self, gateway: Gateway) -> str:
        """The query as a command to paste into a shell."""
        url, credential = self._door(gateway)
        body = json.dumps({"query": self.query})
        return (
            f"curl -s {shlex.quote(url)} -H {shlex.quote(f'Authorization: Bearer {credential}')} "
            f"-H 'Content-Type: application/json' -d {shlex.quote(body)}"
        )

    def ask(self, gateway: Gateway) -> Mapping[str, Json]:
        """The gateway's answer; raises ``WrongAnswerError``."""
        url, credential = self._door(gateway)
        return ask(url, credential, self.query)

    def _door(self, gateway: Gateway) -> tuple[str, str]:
        if self.admin:
            return gateway.admin, gateway.admin_key
        return gateway.storefront, gateway.token


def _decimal(units: int, scale: int) -> str:
    return format_scaled(units, scale)


def _wallet(wallet: WalletStatement) -> Document:
    return {
        "name": wallet.wallet,
        "balance": _decimal(wallet.balance, wallet.scale),
        "available": _decimal(wallet.available, wallet.scale),
        "earned": _decimal(wallet.earned, wallet.scale),
        "expired": _decimal(wallet.expired, wallet.scale),
        "worth": money(wallet.worth),
        "expiring": [
            {"at": moment(dated.at), "points": _decimal(dated.amount, wallet.scale)}
            for dated in wallet.expiring
        ],
    }


def _me(loyalty: Loyalty, result: DemoResult) -> Document:
    statement: Statement = loyalty.statement(result.statement.member.id)
    return {
        "me": {
            "id": statement.member.id,
            "statement": {
                "at": moment(statement.at),
                "wallets": [_wallet(wallet) for wallet in statement.wallets],
            },
        }
    }


def _quote(loyalty: Loyalty, result: DemoResult) -> Document:
    quoted = loyalty.quote(CART, result.statement.member.id)
    scales = {name: wallet.scale for name, wallet in loyalty.config.wallets.items()}
    return {
        "quote": {
            "earnings": [
                {"rule": found.rule, "points": _decimal(found.amount, scales[found.wallet])}
                for found in quoted.earnings
            ],
            "offers": [
                {
                    "reward": name,
                    "points": _decimal(offer.points, scales[offer.wallet]),
                    "worth": money(offer.worth),
                }
                for name, offer in quoted.offers.items()
            ],
        }
    }


def _program(loyalty: Loyalty, _: DemoResult) -> Document:
    report: Report = loyalty.report(top=3)
    names = ("issued", "redeemed", "expired", "outstanding")
    scale = report.wallets[0].scale
    return {
        "program": {
            "name": loyalty.config.program.name,
            "report": {
                "members": report.members,
                "orders": report.orders,
                "wallets": [
                    {"wallet": totals.wallet}
                    | {name: _decimal(getattr(totals, name), totals.scale) for name in names}
                    | {"worth": money(totals.worth)}
                    for totals in report.wallets
                ],
                "topMembers": [
                    {
                        "member": {"id": top.member.id},
                        "earned": _decimal(top.earned, scale),
                        "balance": _decimal(top.balance, scale),
                    }
                    for top in report.top_members
                ],
            },
        }
    }


QUERIES: tuple[DemoQuery, ...] = (
    DemoQuery(
        title="The statement of the member who is signed in",
        query=(
            "{ me { id statement { at wallets { name balance available earned expired "
            "worth { amount currency } expiring { at points } } } } }"
        ),
        admin=False,
        expected=_me,
    ),
    DemoQuery(
        title="What a cart of 29.73 USD would earn, and what points could pay of it",
        query=(
            '{ quote(cart: { currency: "USD", lines: [{ id: "1", amount: "29.73" }] }) '
            "{ ... on Quote { earnings { rule points } "
            "offers { reward points worth { amount currency } } } } }"
        ),
        admin=False,
        expected=_quote,
    ),
    DemoQuery(
        title="The merchant's totals",
        query=(
            "{ program { name report(top: 3) { members orders wallets "
            "{ wallet issued redeemed expired outstanding worth { amount currency } } "
            "topMembers { member { id } earned balance } } } }"
        ),
        admin=True,
        expected=_program,
    ),
)


def check(gateway: Gateway, loyalty: Loyalty, result: DemoResult) -> list[Document]:
    """What became of each query: the gateway's answer is the SDK's own, or how it differs."""
    checked: list[Document] = []
    for query in QUERIES:
        expected = query.expected(loyalty, result)
        outcome: Document = {"query": query.title, "ok": False}
        try:
            answer = query.ask(gateway)
        except WrongAnswerError as error:
            outcome |= {"expected": expected, "message": str(error)}
        else:
            outcome["ok"] = answer == expected
            if answer != expected:
                outcome |= {"expected": expected, "answer": dict(answer)}
        checked.append(outcome)
    return checked
