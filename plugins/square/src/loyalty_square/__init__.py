"""Sellers on Square: sales, returns and customers in; gift cards, balances and tiers out."""

from loyalty_square.plugin import plugin

__all__ = ["plugin"]
