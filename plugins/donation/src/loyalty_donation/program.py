"""The donation program: what of an order goes to a charity, and what could."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from loyalty_core import (
    Activity,
    Credit,
    Decidable,
    Effect,
    Emit,
    Json,
    KeepState,
    Line,
    LineKind,
    MemberView,
    Minor,
    Order,
    ProgramConfig,
    day_of,
    format_scaled,
    line_nets,
    minor_digits,
    order_total,
    parse_scaled,
    split,
)
from loyalty_donation.accounts import CHOSEN, Accounts
from loyalty_donation.config import DonationConfig, Percent
from loyalty_donation.facts import CHOOSE

BY_CUSTOMER = "~line"
"""The rule under which is credited what a customer gave with a line of the order."""


class DonationProgram:
    """Credits the accounts of charities; pure, as programs are.

    Each credit says which lines it is of, so refunds take back their share without being asked
    about.
    """

    def __init__(self, config: DonationConfig, program: ProgramConfig) -> None:
        self._config = config
        self._zone = program.program.time_zone
        self._accounts = Accounts(config, program)
        self._by_sku = {sku: one.charity for one in config.charity for sku in one.skus}

    def decide(self, fact: Decidable, member: MemberView) -> Sequence[Effect]:
        """The credits of percentages and of the order's own donations; or a choice to be kept."""
        if isinstance(fact, Activity):
            return list(self._choice(fact, member))
        credits = [
            credit for rule in self._config.percent for credit in self._part(rule, fact, member)
        ]
        return [*credits, *self._given(fact, member)]

    def suggest(self, cart: Order, member: MemberView) -> Sequence[Line]:
        """The donation that makes the total a round one; none if it is round already."""
        rule = self._config.round_up
        if rule is None or cart.currency not in rule.to:
            return ()
        step = parse_scaled(rule.to[cart.currency], minor_digits(cart.currency))
        missing = -order_total(cart) % step
        if not missing or any(line.id == rule.line for line in cart.lines):
            return ()
        return (Line(id=rule.line, sku=rule.line, amount=Minor(missing), kind=LineKind.DONATION),)

    def _choice(self, fact: Activity, member: MemberView) -> Iterator[Effect]:
        chosen = fact.data.get("charity")
        if fact.kind != CHOOSE:
            return
        if chosen not in self._accounts.charities:
            yield Emit(type="donation.choice_refused", data={"charity": chosen})
        elif chosen != member.state.get(CHOSEN):
            yield KeepState({CHOSEN: chosen})

    def _part(self, rule: Percent, order: Order, member: MemberView) -> Iterator[Credit]:
        """What the merchant gives of the goods, to the cent, half a cent up."""
        day = day_of(order.occurred_at, self._zone)
        if (rule.starts_on and day < rule.starts_on) or (rule.ends_on and day > rule.ends_on):
            return
        charity = self._accounts.chosen(order, member, rule.charities)
        fund = self._accounts.at(charity, order.currency, order.occurred_at)
        nets = line_nets(order)
        values = {line.id: nets[line.id] for line in order.lines if _fits(rule, line)}
        exact = Fraction(rule.percent) * sum(values.values()) / 100
        amount = int(exact + Fraction(1, 2))
        if fund is not None and amount > 0:
            shares = split(amount, list(values.values()))
            lines = dict(zip(values, shares, strict=True))
            yield Credit(wallet=fund.wallet, amount=amount, rule=rule.rule, lines=lines)

    def _given(self, order: Order, member: MemberView) -> Iterator[Effect]:
        """What the customer gave with lines of the order, each cent of it."""
        by_wallet: dict[str, dict[str, int]] = {}
        nets = line_nets(order)
        for line in order.lines:
            if line.kind is not LineKind.DONATION or nets[line.id] <= 0:
                continue
            charity = self._by_sku.get(line.sku) or self._accounts.chosen(order, member)
            fund = self._accounts.at(charity, order.currency, order.occurred_at)
            if fund is None:
                data: Mapping[str, Json] = {
                    "source": order.source,
                    "order": order.id,
                    "line": line.id,
                    "charity": charity,
                    "amount": format_scaled(nets[line.id], minor_digits(order.currency)),
                    "currency": order.currency,
                }
                yield Emit(type="donation.without_account", data=data)
            else:
                by_wallet.setdefault(fund.wallet, {})[line.id] = nets[line.id]
        for wallet, lines in by_wallet.items():
            amount = sum(lines.values())
            yield Credit(wallet=wallet, amount=amount, rule=BY_CUSTOMER, lines=lines)


def _fits(rule: Percent, line: Line) -> bool:
    wanted = not rule.categories or not set(rule.categories).isdisjoint(line.categories)
    return line.kind is LineKind.GOODS and line.net > 0 and wanted
