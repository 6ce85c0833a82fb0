"""A Flask shop on SQLAlchemy: its order and our books are one transaction.

    DATABASE_URL=sqlite:///flask_shop.db flask --app flask_app run

``POST /checkout`` stores the shop's order, spends points on it, books what it earns and charges
the card. If the card is declined, or anything else fails, none of it has happened.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
)
from sqlalchemy.exc import IntegrityError

from loyalty_core import Loyalty, LoyaltyError, add_sqlite_hooks, format_scaled, parse_scaled

CONFIG = Path(__file__).with_name("loyalty.toml")

shop_tables = MetaData()
orders = Table(
    "shop_order",
    shop_tables,
    Column("number", String(40), primary_key=True),
    Column("email", String(254), nullable=False),
    Column("charged_minor", BigInteger, nullable=False),
)


class CardDeclinedError(Exception):
    """The payment provider said no."""


def charge(card: str, amount_minor: int) -> None:
    """Stands for the payment provider: every card but the declined one can be charged."""
    if card == "declined":
        raise CardDeclinedError


def sell(connection: Connection, ours: Loyalty, basket: dict[str, Any]) -> dict[str, Any]:
    """Everything a sale is, inside the shop's transaction."""
    member = ours.enrol({"email": basket["email"]})
    discount_minor = 0
    if basket.get("points"):
        cart = {"currency": "EUR", "lines": basket["lines"]}
        key = f"order {basket['number']}"
        spent = ours.redeem(member.id, points=basket["points"], cart=cart, key=key)
        discount_minor = spent.worth.amount_minor
    total_minor = sum(parse_scaled(line["amount"], 2) for line in basket["lines"])
    charged_minor = total_minor - discount_minor
    row = {"number": basket["number"], "email": basket["email"]}
    connection.execute(insert(orders).values(**row, charged_minor=charged_minor))
    receipt = ours.record(
        {
            "type": "order",
            "source": "web",
            "id": basket["number"],
            "identities": {"email": basket["email"]},
            "currency": "EUR",
            "occurred_at": datetime.now(UTC).isoformat(),
            "lines": basket["lines"],
            "discount": format_scaled(discount_minor, 2),
        }
    )
    charge(basket["card"], charged_minor)  # what raises here undoes all of the above
    return {"charged_minor": charged_minor, "earned": receipt.changes.get("points", 0)}


def create_app(database: str | None = None) -> Flask:
    engine = create_engine(database or os.environ["DATABASE_URL"])
    if engine.dialect.name == "sqlite":
        add_sqlite_hooks(engine)  # without them SQLite would not undo savepoints with the rest
    shop_tables.create_all(engine)
    loyalty = Loyalty.open(CONFIG, engine)
    app = Flask(__name__)
    app.extensions["shop"] = (engine, loyalty)

    @app.errorhandler(LoyaltyError)
    def refused(error: LoyaltyError) -> tuple[Response, int]:
        return jsonify(code=error.code, message=error.message), 422

    @app.errorhandler(CardDeclinedError)
    def declined(error: CardDeclinedError) -> tuple[Response, int]:
        return jsonify(code="card_declined"), 402

    @app.errorhandler(IntegrityError)
    def known(error: IntegrityError) -> tuple[Response, int]:
        return jsonify(code="order_known"), 409

    @app.post("/checkout")
    def checkout() -> dict[str, Any]:
        basket = request.get_json()
        with engine.begin() as connection, loyalty.using(connection) as ours:
            return sell(connection, ours, basket)

    @app.get("/points/<email>")
    def points(email: str) -> dict[str, Any]:
        member = loyalty.find({"email": email})
        if member is None:
            return {"available": 0}
        return {"available": loyalty.statement(member.id).wallet("points").available}

    return app
