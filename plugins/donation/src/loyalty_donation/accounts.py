"""Which account a donation goes into: by charity, currency and day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from loyalty_core import Decidable, MemberView, Order, ProgramConfig, day_of
from loyalty_donation.config import Campaign, Charity, DonationConfig, Match

CHOSEN = "charity"
"""The key under which a member's choice is kept."""
TAG = "charity:"
"""How a tag of an order begins that names the charity for this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fund:
    """A charity's account in one currency: its own, or that of a campaign."""

    wallet: str
    currency: str
    charity: Charity
    campaign: Campaign | None = None

    @property
    def match(self) -> Match | None:
        """What the merchant adds."""
        return self.campaign.match if self.campaign else self.charity.match


class Accounts:
    """All accounts of a program."""

    def __init__(self, config: DonationConfig, program: ProgramConfig) -> None:
        self._zone = program.program.time_zone
        self.charities: Mapping[str, Charity] = {one.charity: one for one in config.charity}
        units = {name: wallet.unit for name, wallet in program.wallets.items()}
        own = [
            Fund(wallet=wallet, currency=units[wallet], charity=charity)
            for charity in config.charity
            for wallet in charity.wallets
        ]
        campaigns = [
            Fund(
                wallet=one.wallet,
                currency=units[one.wallet],
                charity=self.charities[one.charity],
                campaign=one,
            )
            for one in config.campaign
        ]
        self.funds = (*own, *campaigns)
        self._own = {(fund.charity.charity, fund.currency): fund for fund in own}
        self._campaigns = campaigns

    def own(self, charity: str, currency: str) -> Fund | None:
        """The charity's own account in a currency, if it has one."""
        return self._own.get((charity, currency))

    def at(self, charity: str, currency: str, moment: datetime) -> Fund | None:
        """Where a gift of that moment goes: to a campaign that is on, else to the charity's own."""
        day = day_of(moment, self._zone)
        for fund in self._campaigns:
            campaign = fund.campaign
            assert campaign is not None
            wanted = (fund.charity.charity, fund.currency) == (charity, currency)
            if wanted and campaign.starts_on <= day <= campaign.ends_on:
                return fund
        return self.own(charity, currency)

    def chosen(self, fact: Decidable, member: MemberView, among: Collection[str] = ()) -> str:
        """The charity that a fact is for: as the order says, else the member, else the first."""
        usable = [name for name in among or self.charities if name in self.charities]
        tags = fact.tags if isinstance(fact, Order) else ()
        wishes = [tag.removeprefix(TAG) for tag in tags if tag.startswith(TAG)]
        wishes.append(str(member.state.get(CHOSEN, "")))
        return next((wish for wish in wishes if wish in usable), usable[0])
