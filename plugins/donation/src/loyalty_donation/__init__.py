"""Giving to charities: a program of the loyalty SDK."""

from loyalty_donation.books import Charities, Payout
from loyalty_donation.facts import choice
from loyalty_donation.plugin import plugin
from loyalty_donation.summary import Account, Given

__all__ = ["Account", "Charities", "Given", "Payout", "choice", "plugin"]
