"""The loyalty program of the shop: opened once per process, told of orders after their commit."""

import logging
from functools import cache

from django.conf import settings
from django.utils import timezone

from loyalty_core import Loyalty, LoyaltyError
from shop.models import Order

logger = logging.getLogger(__name__)


@cache
def loyalty() -> Loyalty:
    """Opened when it is first needed, which is after the server forked its workers."""
    return Loyalty.open(settings.LOYALTY_CONFIG, settings.LOYALTY_DATABASE)


def record(order: Order) -> bool:
    """Whether the program has the order now; it may be asked as often as one likes."""
    try:
        loyalty().record(
            {
                "type": "order",
                "source": "web",
                "id": order.number,
                "identities": {"email": order.email},
                "currency": "EUR",
                "occurred_at": order.placed_at.isoformat(),
                "lines": [{"id": "1", "amount": str(order.amount)}],
            }
        )
    except LoyaltyError:
        logger.exception("order %s is not recorded yet", order.number)
        return False
    Order.objects.filter(pk=order.pk).update(recorded_at=timezone.now())
    return True
