"""The shop's pages: a checkout, and a member's points."""

import json
from decimal import Decimal

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from shop import points
from shop.models import Order


class CardDeclinedError(Exception):
    """The payment provider said no."""


def charge(card: str, amount: Decimal) -> None:
    """Stands for the payment provider: every card but the declined one can be charged."""
    if card == "declined":
        raise CardDeclinedError


@require_POST
def checkout(request: HttpRequest) -> JsonResponse:
    """Stores the order and charges the card in one transaction; points follow the commit."""
    basket = json.loads(request.body)
    try:
        with transaction.atomic():
            order = Order.objects.create(
                number=basket["number"],
                email=basket["email"],
                amount=Decimal(basket["amount"]),
                placed_at=timezone.now(),
            )
            transaction.on_commit(lambda: points.record(order))
            charge(basket["card"], order.amount)
    except CardDeclinedError:
        return JsonResponse({"code": "card_declined"}, status=402)
    return JsonResponse({"number": order.number})


@require_GET
def balance(request: HttpRequest, email: str) -> JsonResponse:
    """What a member can spend now."""
    member = points.loyalty().find({"email": email})
    if member is None:
        return JsonResponse({"available": 0})
    wallet = points.loyalty().statement(member.id).wallet("points")
    return JsonResponse({"available": wallet.available})
