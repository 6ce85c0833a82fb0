"""What webhooks say, as the Admin API would answer it: the other of Shopify's two ways to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Doc = dict[str, Any]


def money(one: Doc | None, plain: str | None = None, currency: str = "USD") -> Doc:
    """A pair of amounts, of which the shop's may stand alone."""
    if not one:
        only = {"amount": _short(plain or "0.00"), "currencyCode": currency}
        return {"shopMoney": only, "presentmentMoney": only}
    return {
        name: {"amount": _short(one[key]["amount"]), "currencyCode": one[key]["currency_code"]}
        for name, key in (("shopMoney", "shop_money"), ("presentmentMoney", "presentment_money"))
    }


def _short(amount: str) -> str:
    """``10.00`` as the API writes it: ``10.0``."""
    whole, _, fraction = amount.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def paged(items: Sequence[Doc], key: str = "id") -> Callable[..., Doc]:
    """A connection: pages of at most so many, and where the next one is."""

    def resolve(_: Any, first: int | None = None, after: str | None = None, **__: Any) -> Doc:
        start = int(after or 0)
        end = len(items) if first is None else min(start + first, len(items))
        nodes = list(items[start:end])
        return {
            "nodes": nodes,
            "edges": [{"node": node, "cursor": str(place)} for place, node in enumerate(nodes)],
            "pageInfo": {"hasNextPage": end < len(items), "endCursor": str(end)},
        }

    return resolve


def line_node(one: Doc) -> Doc:
    product = one.get("product_id")
    return {
        "id": f"gid://shopify/LineItem/{one['id']}",
        "quantity": one["quantity"],
        "currentQuantity": one.get("current_quantity", one["quantity"]),
        "sku": one.get("sku") or None,
        "vendor": one.get("vendor"),
        "isGiftCard": one.get("gift_card", False),
        "product": {"id": f"gid://shopify/Product/{product}"} if product else None,
        "originalUnitPriceSet": money(one.get("price_set"), one.get("price")),
        "discountAllocations": [
            {"allocatedAmountSet": money(part.get("amount_set"), part.get("amount"))}
            for part in one.get("discount_allocations", [])
        ],
        "taxLines": [
            {"priceSet": money(part.get("price_set"), str(part.get("price")))}
            for part in one.get("tax_lines", [])
        ],
    }


def refund_node(one: Doc) -> Doc:
    return {
        "__typename": "Refund",
        "id": f"gid://shopify/Refund/{one['id']}",
        "createdAt": one["created_at"],
        "refundLineItems": paged(
            [
                {
                    "quantity": part["quantity"],
                    "lineItem": {"id": f"gid://shopify/LineItem/{part['line_item_id']}"},
                }
                for part in one["refund_line_items"]
            ]
        ),
        "refundShippingLines": {
            "nodes": [
                {"subtotalAmountSet": money(part["subtotal_amount_set"])}
                for part in one["refund_shipping_lines"]
            ]
        },
        "orderAdjustments": {
            "nodes": [
                {
                    "id": f"gid://shopify/OrderAdjustment/{part['id']}",
                    "reason": part["reason"].upper().replace(" ", "_"),
                    "amountSet": money(part["amount_set"]),
                    "taxAmountSet": money(part["tax_amount_set"]),
                }
                for part in one["order_adjustments"]
            ]
        },
        "transactions": {"nodes": [transaction_node(part) for part in one["transactions"]]},
    }


def transaction_node(one: Doc) -> Doc:
    return {
        "kind": one["kind"].upper(),
        "status": one["status"].upper(),
        "gateway": one.get("gateway"),
        "amountSet": money(one.get("amount_set"), one["amount"]),
    }


def order_node(one: Doc, customer: Doc | None) -> Doc:
    lines = [part for part in one["shipping_lines"] if not part.get("is_removed")]
    place = one.get("location_id")
    return {
        "__typename": "Order",
        "id": f"gid://shopify/Order/{one['id']}",
        "test": one["test"],
        "email": one["email"] or None,
        "phone": one["phone"],
        "tags": [tag.strip() for tag in one["tags"].split(",") if tag.strip()],
        "createdAt": one["created_at"],
        "processedAt": one["processed_at"],
        "updatedAt": one["updated_at"],
        "cancelledAt": one["cancelled_at"],
        "displayFinancialStatus": one["financial_status"].upper(),
        "currencyCode": one["currency"],
        "taxesIncluded": one["taxes_included"],
        "sourceName": one["source_name"],
        "discountCodes": [part["code"] for part in one["discount_codes"]],
        "totalTipReceivedSet": money(None, one["total_tip_received"], one["currency"]),
        "paymentGatewayNames": one["payment_gateway_names"],
        "transactions": [transaction_node(part) for part in one.get("transactions", [])],
        "retailLocation": {"id": f"gid://shopify/Location/{place}"} if place else None,
        "customer": customer,
        "shippingLine": {
            "discountedPriceSet": money(lines[0]["discounted_price_set"]),
            "taxLines": [{"priceSet": money(tax["price_set"])} for tax in lines[0]["tax_lines"]],
        }
        if lines
        else None,
        "refunds": [refund_node(part) for part in one["refunds"]],
        "lineItems": paged([line_node(part) for part in one["line_items"]]),
    }


def customer_node(one: Doc, metafield: Callable[..., Any] | None = None) -> Doc:
    email, phone = one["email"], one["phone"]
    return {
        "__typename": "Customer",
        "id": f"gid://shopify/Customer/{one['id']}",
        "updatedAt": one["updated_at"],
        "firstName": one["first_name"],
        "lastName": one["last_name"],
        "locale": one["locale"],
        "tags": [tag.strip() for tag in one["tags"].split(",") if tag.strip()],
        "defaultEmailAddress": {"emailAddress": email} if email else None,
        "defaultPhoneNumber": {"phoneNumber": phone} if phone else None,
        "metafield": metafield,
    }
