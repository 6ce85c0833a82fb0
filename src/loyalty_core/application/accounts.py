"""Accounts that rewards give to: wallets that members cannot spend from, such as a charity's."""

from __future__ import annotations

from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.domain.rewards import SpendOffer
from loyalty_core.errors import PluginFailed


def refuse_account(plugin: str, offer: SpendOffer, config: ProgramConfig) -> None:
    """Raises ``PluginFailed`` if an account is named that the worth cannot be booked into.

    The account must not be spendable: points never become other points here. And it must be kept
    in the currency of the worth, to the minor unit.
    """
    if not offer.account:
        return
    account, worth = config.wallets.get(offer.account), offer.worth
    fits = account is not None and not account.spendable
    if not fits or (account and (account.unit, account.scale) != (worth.currency, worth.digits)):
        raise PluginFailed(
            f"plugin {plugin!r} gives {worth} into {offer.account!r}, which is no account for it",
            where=plugin,
        )
