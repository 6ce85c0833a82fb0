"""Any shop over signed webhooks, in and out, by the Standard Webhooks specification."""

from loyalty_webhooks.plugin import plugin

__all__ = ["plugin"]
