"""Members' habits as clients see them."""

from __future__ import annotations

from datetime import datetime

import strawberry

import loyalty_core as core
from loyalty_gateway.scalars import Count
from loyalty_gateway.values import Money


@strawberry.type(description="Orders of one currency, less what was given back of them.")
class Purchases:
    """Of orders of which nothing was kept nothing counts."""

    orders: Count = strawberry.field(description="How many orders.")
    total: Money = strawberry.field(description="What was paid for what was kept.")
    average: Money = strawberry.field(description="The average order.")

    @classmethod
    def of(cls, one: core.Purchases) -> Purchases:
        """The purchases as clients see them."""
        return cls(
            orders=Count(one.orders), total=Money.of(one.total), average=Money.of(one.average)
        )


@strawberry.type(description="One article of a usual order.")
class UsualItem:
    """An article and a number."""

    sku: str = strawberry.field(description="The article.")
    quantity: Count = strawberry.field(description="How many were kept of it the last time.")


@strawberry.type(description="The articles that a member orders together most often.")
class UsualOrder:
    """Of equals, the one ordered last."""

    items: list[UsualItem] = strawberry.field(description="The articles.")
    orders: Count = strawberry.field(description="How often they were ordered together.")
    last_at: datetime = strawberry.field(description="When they were ordered last.")


@strawberry.type(description="A store that a member orders in.")
class UsualStore:
    """A store and a number."""

    store: str = strawberry.field(description="The store.")
    orders: Count = strawberry.field(description="How many orders were made there.")
    last_at: datetime = strawberry.field(description="When the last one was made.")


@strawberry.type(description="What a member usually orders, where, how much and how often.")
class Habits:
    """All but the lifetime is of orders since a moment."""

    since: datetime = strawberry.field(description="From when on orders are looked at.")
    lifetime: list[Purchases] = strawberry.field(description="All orders ever, by currency.")
    recent: list[Purchases] = strawberry.field(description="Those looked at, by currency.")
    usual_order: UsualOrder | None = strawberry.field(description="What is ordered usually.")
    usual_stores: list[UsualStore] = strawberry.field(
        description="Up to ten stores, the most usual one first."
    )
    days_between: int | None = strawberry.field(
        description="The average number of days from one order to the next."
    )

    @classmethod
    def of(cls, found: core.Habits) -> Habits:
        """The habits as clients see them."""
        usual = found.usual_order
        return cls(
            since=found.since,
            lifetime=list(map(Purchases.of, found.lifetime)),
            recent=list(map(Purchases.of, found.recent)),
            usual_order=UsualOrder(
                items=[UsualItem(sku=one.sku, quantity=Count(one.quantity)) for one in usual.items],
                orders=Count(usual.orders),
                last_at=usual.last_at,
            )
            if usual
            else None,
            usual_stores=[
                UsualStore(store=one.store, orders=Count(one.orders), last_at=one.last_at)
                for one in found.usual_stores
            ],
            days_between=found.days_between,
        )
