"""Shops on WooCommerce: orders, refunds, customers, reviews in; coupons and balances out."""

from loyalty_woocommerce.plugin import plugin

__all__ = ["plugin"]
