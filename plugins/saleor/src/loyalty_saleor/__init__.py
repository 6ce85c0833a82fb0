"""Shops on Saleor: orders, refunds and customers in; vouchers, gift cards and balances out."""

from loyalty_saleor.plugin import plugin

__all__ = ["plugin"]
