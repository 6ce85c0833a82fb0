"""Shops on Shopify: their orders, refunds and customers in; codes, balances and tiers out."""

from loyalty_shopify.plugin import plugin

__all__ = ["plugin"]
