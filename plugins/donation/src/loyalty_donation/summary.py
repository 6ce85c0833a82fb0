"""What charities have and members gave, as data; money in minor units of its currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from loyalty_core import HistoryItem, TransactionKind, day_of, minor_digits, parse_scaled
from loyalty_donation.accounts import Fund
from loyalty_donation.program import BY_CUSTOMER


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a charity has in one currency, by itself or by a campaign; minor units.

    ``given`` is what came by members, refunds taken off, and ``givers`` how many of them have given
    something. ``matched`` is what the merchant adds to it, ``passed`` what came from a campaign
    that stopped at its goal, or went from it (negative). ``paid`` is what the charity has got.
    """

    wallet: str
    currency: str
    charity: str
    name: str
    campaign: str | None = None
    given: int = 0
    givers: int = 0
    matched: int = 0
    passed: int = 0
    paid: int = 0
    goal: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def total(self) -> int:
        """All that the charity is due, whether paid or not."""
        return self.given + self.matched + self.passed

    @property
    def open(self) -> int:
        """What the charity is still to get; negative if refunds came after it was paid."""
        return self.total - self.paid

    @property
    def progress(self) -> int | None:
        """How many whole percent of the goal are there; None without a goal."""
        return None if self.goal is None else max(self.total, 0) * 100 // self.goal

    @property
    def reached(self) -> bool:
        """Whether there is a goal, and it is reached."""
        return self.goal is not None and self.total >= self.goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one member gave to a charity in a year, or had given for them; minor units.

    ``ways`` sums to ``amount``: ``line`` is what they paid themselves with a line of an order,
    ``points`` what their points gave, the names of rules what the merchant gave of their purchases,
    ``adjustment`` and ``transfer`` what an operator changed or another member brought.
    """

    year: int
    charity: str
    name: str
    campaign: str | None
    wallet: str
    currency: str
    amount: int
    ways: Mapping[str, int] = field(default_factory=dict)


def account_of(fund: Fund, given: int, givers: int, paid: int) -> Account:
    """The account, with what the merchant adds; what passes between accounts is not in it yet."""
    campaign, charity = fund.campaign, fund.charity
    goal = campaign.goal if campaign else None
    return Account(
        wallet=fund.wallet,
        currency=fund.currency,
        charity=charity.charity,
        name=(campaign.name if campaign else "") or charity.name or charity.charity,
        campaign=campaign.campaign if campaign else None,
        given=given,
        givers=givers,
        matched=matched(fund, given),
        paid=paid,
        goal=None if goal is None else parse_scaled(goal, minor_digits(fund.currency)),
        starts_on=campaign.starts_on if campaign else None,
        ends_on=campaign.ends_on if campaign else None,
    )


def matched(fund: Fund, given: int) -> int:
    """What the merchant adds to what was given: its percent, rounded down, within the budget.

    It depends on the sum alone, so neither order nor refunds can make it drift by a cent.
    """
    if fund.match is None or given <= 0:
        return 0
    share = int(Fraction(fund.match.percent) * given / 100)
    if fund.match.budget is None:
        return share
    return min(share, parse_scaled(fund.match.budget, minor_digits(fund.currency)))


def passed_on(funds: Iterable[Fund], accounts: Mapping[str, Account]) -> dict[str, Account]:
    """The accounts by wallet, after campaigns that stop at their goal passed on what is more."""
    found = dict(accounts)
    own = {(fund.charity.charity, fund.currency): fund for fund in funds if not fund.campaign}
    for fund in funds:
        account, campaign = accounts[fund.wallet], fund.campaign
        if campaign is None or campaign.when_reached != "stop" or account.goal is None:
            continue
        more = max(account.total - account.goal, 0)
        into = own[fund.charity.charity, fund.currency].wallet
        found[fund.wallet] = replace(account, passed=-more)
        found[into] = replace(found[into], passed=found[into].passed + more)
    return found


def given_by(fund: Fund, items: Iterable[HistoryItem], zone: str) -> list[Given]:
    """What a member's transactions in an account come to in each year, the latest first."""
    years: dict[int, dict[str, int]] = {}
    for made in (item.transaction for item in items):
        ways = years.setdefault(day_of(made.occurred_at, zone).year, {})
        way = str(made.detail.get("rule") or made.kind.value)
        way = {BY_CUSTOMER: "line", TransactionKind.DONATION.value: "points"}.get(way, way)
        ways[way] = ways.get(way, 0) + made.amount
    return [
        Given(
            year=year,
            charity=fund.charity.charity,
            name=fund.charity.name or fund.charity.charity,
            campaign=fund.campaign.campaign if fund.campaign else None,
            wallet=fund.wallet,
            currency=fund.currency,
            amount=sum(ways.values()),
            ways={way: amount for way, amount in sorted(ways.items()) if amount},
        )
        for year, ways in sorted(years.items(), reverse=True)
    ]
