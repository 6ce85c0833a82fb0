"""What is asked of the Admin API, in GraphQL.

Fields of orders are named as webhooks name them, by aliases, so that one reader reads both. The
``id`` of what has a connection below it keeps its name: bulk operations ask for that.
"""

from __future__ import annotations

_MONEY = "{ shop_money: shopMoney { amount currency_code: currencyCode } }"

_LINE = f"""
  id quantity current_quantity: currentQuantity sku vendor gift_card: isGiftCard
  product {{ id }}
  price_set: originalUnitPriceSet {_MONEY}
  discount_allocations: discountAllocations {{ amount_set: allocatedAmountSet {_MONEY} }}
  tax_lines: taxLines {{ price_set: priceSet {_MONEY} }}
"""

CUSTOMER_FIELDS = """
  id updated_at: updatedAt first_name: firstName last_name: lastName locale tags
  default_email: defaultEmailAddress { email: emailAddress }
  default_phone: defaultPhoneNumber { phone: phoneNumber }
"""

ORDER_FIELDS = f"""
  id test email phone tags
  created_at: createdAt processed_at: processedAt updated_at: updatedAt cancelled_at: cancelledAt
  financial_status: displayFinancialStatus currency: currencyCode
  taxes_included: taxesIncluded source_name: sourceName discount_codes: discountCodes
  total_tip_received_set: totalTipReceivedSet {_MONEY}
  payment_gateway_names: paymentGatewayNames
  retail_location: retailLocation {{ id }}
  customer {{
    id
    default_email: defaultEmailAddress {{ email: emailAddress }}
    default_phone: defaultPhoneNumber {{ phone: phoneNumber }}
  }}
  shipping_line: shippingLine {{
    discounted_price_set: discountedPriceSet {_MONEY}
    tax_lines: taxLines {{ price_set: priceSet {_MONEY} }}
  }}
  refunds {{ id }}
"""

ORDERS = f"""query($first: Int!, $lines: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    nodes {{
      {ORDER_FIELDS}
      line_items: lineItems(first: $lines) {{
        nodes {{ {_LINE} }} pageInfo {{ hasNextPage endCursor }}
      }}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

ORDER = f"""query($id: ID!, $lines: Int!) {{
  order(id: $id) {{
    {ORDER_FIELDS}
    line_items: lineItems(first: $lines) {{
      nodes {{ {_LINE} }} pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}"""

LINES = f"""query($id: ID!, $lines: Int!, $after: String) {{
  order(id: $id) {{
    line_items: lineItems(first: $lines, after: $after) {{
      nodes {{ {_LINE} }} pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}"""

REFUND = f"""query($id: ID!, $first: Int!, $after: String) {{
  refund(id: $id) {{
    id created_at: createdAt
    refund_line_items: refundLineItems(first: $first, after: $after) {{
      nodes {{ quantity line_item: lineItem {{ id }} }} pageInfo {{ hasNextPage endCursor }}
    }}
    refund_shipping_lines: refundShippingLines(first: 20) {{
      nodes {{ subtotal_amount_set: subtotalAmountSet {_MONEY} }}
    }}
    order_adjustments: orderAdjustments(first: 20) {{
      nodes {{ reason amount_set: amountSet {_MONEY} tax_amount_set: taxAmountSet {_MONEY} }}
    }}
    transactions(first: 20) {{ nodes {{ kind status amount_set: amountSet {_MONEY} }} }}
  }}
}}"""

PAYMENTS = f"""query($id: ID!) {{
  order(id: $id) {{
    transactions(first: 100) {{ kind status gateway amount_set: amountSet {_MONEY} }}
  }}
}}"""

CUSTOMERS = f"""query($first: Int!, $after: String, $query: String) {{
  customers(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    nodes {{ {CUSTOMER_FIELDS} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""

CUSTOMER = f"query($id: ID!) {{ customer(id: $id) {{ {CUSTOMER_FIELDS} }} }}"

BULK = {
    "orders": f"""{{ orders(sortKey: UPDATED_AT) {{ edges {{ node {{
      {ORDER_FIELDS}
      lineItems {{ edges {{ node {{ {_LINE} }} }} }}
    }} }} }} }}""",
    "customers": f"{{ customers {{ edges {{ node {{ {CUSTOMER_FIELDS} }} }} }} }}",
}

START_BULK = """mutation($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id createdAt }
    userErrors { field message code }
  }
}"""

BULK_STATE = """query($id: ID!) {
  node(id: $id) {
    ... on BulkOperation { id status errorCode url rootObjectCount }
  }
}"""

SHOP = """{
  shop { name myshopifyDomain currencyCode }
  currentAppInstallation { accessScopes { handle } }
}"""

FIND_CODE = """query($code: String!) {
  codeDiscountNodeByCode(code: $code) {
    id
    codeDiscount {
      ... on DiscountCodeBasic { title status endsAt }
      ... on DiscountCodeFreeShipping { title status endsAt }
    }
  }
}"""

_MADE = "{ codeDiscountNode { id } userErrors { field message code } }"

MAKE_DISCOUNT = f"""mutation($input: DiscountCodeBasicInput!) {{
  made: discountCodeBasicCreate(basicCodeDiscount: $input) {_MADE}
}}"""

MAKE_FREE_SHIPPING = f"""mutation($input: DiscountCodeFreeShippingInput!) {{
  made: discountCodeFreeShippingCreate(freeShippingCodeDiscount: $input) {_MADE}
}}"""

END_DISCOUNT = f"""mutation($id: ID!, $input: DiscountCodeBasicInput!) {{
  made: discountCodeBasicUpdate(id: $id, basicCodeDiscount: $input) {_MADE}
}}"""

END_FREE_SHIPPING = f"""mutation($id: ID!, $input: DiscountCodeFreeShippingInput!) {{
  made: discountCodeFreeShippingUpdate(id: $id, freeShippingCodeDiscount: $input) {_MADE}
}}"""

ACTIVATE_CODE = f"mutation($id: ID!) {{ made: discountCodeActivate(id: $id) {_MADE} }}"

DEACTIVATE_CODE = f"mutation($id: ID!) {{ made: discountCodeDeactivate(id: $id) {_MADE} }}"

FIND_GIFT_CARD = """query($query: String!) {
  giftCards(first: 10, query: $query) { nodes { id note enabled expiresOn } }
}"""

MAKE_GIFT_CARD = """mutation($input: GiftCardCreateInput!) {
  made: giftCardCreate(input: $input) { giftCard { id } userErrors { field message code } }
}"""

END_GIFT_CARD = """mutation($id: ID!, $input: GiftCardUpdateInput!) {
  made: giftCardUpdate(id: $id, input: $input) { giftCard { id } userErrors { field message } }
}"""

DEACTIVATE_GIFT_CARD = """mutation($id: ID!) {
  made: giftCardDeactivate(id: $id) { giftCard { id } userErrors { field message code } }
}"""

SHOWN = """query($id: ID!, $namespace: String!) {
  customer(id: $id) {
    id tags
    metafield(namespace: $namespace, key: "member") { value compareDigest }
  }
}"""

SHOW = """mutation($metafields: [MetafieldsSetInput!]!) {
  made: metafieldsSet(metafields: $metafields) {
    metafields { id } userErrors { field message code }
  }
}"""

ADD_TAGS = """mutation($id: ID!, $tags: [String!]!) {
  made: tagsAdd(id: $id, tags: $tags) { userErrors { field message } }
}"""

REMOVE_TAGS = """mutation($id: ID!, $tags: [String!]!) {
  made: tagsRemove(id: $id, tags: $tags) { userErrors { field message } }
}"""
