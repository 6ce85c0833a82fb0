"""Payments by Stripe: fees are collected, and payments, refunds and disputes become facts."""

from loyalty_stripe.plugin import plugin

__all__ = ["plugin"]
