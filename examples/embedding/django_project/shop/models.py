"""The shop's own tables."""

from django.db import models


class Order(models.Model):
    """An order; ``recorded_at`` is empty until the loyalty program has acknowledged it."""

    number = models.CharField(max_length=40, unique=True)
    email = models.EmailField()
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    placed_at = models.DateTimeField()
    recorded_at = models.DateTimeField(null=True)
