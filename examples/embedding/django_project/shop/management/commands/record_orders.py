"""``manage.py record_orders``: tells the program of orders it has not acknowledged."""

from typing import Any

from django.core.management.base import BaseCommand

from shop import points
from shop.models import Order


class Command(BaseCommand):
    """Run it from a timer. Orders the program has already are not booked twice."""

    def handle(self, *args: Any, **options: Any) -> None:
        missing = Order.objects.filter(recorded_at=None).order_by("placed_at")
        done = [points.record(order) for order in missing]
        self.stdout.write(f"{sum(done)} of {len(done)} recorded")
