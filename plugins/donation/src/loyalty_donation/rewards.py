"""Points that become a donation, in whole steps: one reward for each charity."""

from __future__ import annotations

from datetime import datetime

from loyalty_core import (
    MemberView,
    Money,
    ProgramConfig,
    SpendOffer,
    SpendRequest,
    format_scaled,
    minor_digits,
    parse_scaled,
)
from loyalty_donation.accounts import Accounts
from loyalty_donation.config import Charity, Points


class PointsDonation:
    """So many whole steps as the points asked for hold; the rest stays with the member."""

    def __init__(
        self, charity: Charity, points: Points, accounts: Accounts, program: ProgramConfig
    ) -> None:
        definition = program.wallets[points.wallet]
        self.id = f"donation.{charity.charity}"
        self.summary = f"A donation to {charity.name or charity.charity}"
        self.wallet = points.wallet
        self._charity = charity.charity
        self._accounts = accounts
        self._unit, self._scale = definition.unit, definition.scale
        self._currency = program.program.currency
        self._step = parse_scaled(points.step, self._scale)
        self._amount = parse_scaled(points.amount, minor_digits(self._currency))

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        """The most whole steps, and the account that what they give goes into."""
        asked = request.available if request.points is None else request.points
        steps = max(min(asked, request.available), 0) // self._step
        fund = self._accounts.at(self._charity, self._currency, _moment(request))
        refusal = ""
        if fund is None:
            steps, refusal = 0, f"nothing can be given in {self._currency}"
        elif not steps:
            refusal = f"a donation takes at least {self._written(self._step)}"
        return SpendOffer(
            wallet=self.wallet,
            points=steps * self._step,
            worth=Money(steps * self._amount, self._currency),
            minimum=self._step,
            step=self._step,
            refusal=refusal,
            account=fund.wallet if fund else "",
        )

    def _written(self, points: int) -> str:
        return f"{format_scaled(points, self._scale)} {self._unit}"


def _moment(request: SpendRequest) -> datetime:
    assert request.at is not None, "quotes and redemptions say when they are asked"
    return request.at
