"""What the shop is asked, in GraphQL, and what it is asked to send in webhooks."""

from __future__ import annotations

SUBSCRIPTION = """subscription {
  event {
    issuedAt
    ... on OrderCreated { order { id } }
    ... on OrderUpdated { order { id } }
    ... on OrderConfirmed { order { id } }
    ... on OrderPaid { order { id } }
    ... on OrderFullyPaid { order { id } }
    ... on OrderRefunded { order { id } }
    ... on OrderFullyRefunded { order { id } }
    ... on OrderCancelled { order { id } }
    ... on OrderExpired { order { id } }
    ... on CustomerCreated { user { id } }
    ... on CustomerUpdated { user { id } }
  }
}
"""
"""The query of the webhook: ids alone, no address and no name leave the shop with it."""

ORDER_FIELDS = """
fragment OrderFields on Order {
  id created updatedAt status isPaid origin voucherCode userEmail
  channel { slug }
  user { id email }
  billingAddress { phone }
  total { gross { amount currency } }
  totalCharged { amount }
  totalAuthorized { amount }
  totalRefunded { amount }
  shippingPrice { net { amount } gross { amount } }
  giftCards { id }
  lines {
    id quantity productSku
    totalPrice { net { amount } gross { amount } }
    undiscountedTotalPrice { net { amount } }
    variant { id product { id productType { kind } category { slug } } }
  }
  grantedRefunds {
    id createdAt status shippingCostsIncluded amount { amount }
    lines { quantity orderLine { id } }
    transactionEvents { id }
  }
  fulfillments {
    id created status
    totalRefundedAmount { amount }
    shippingRefundedAmount { amount }
    lines { quantity orderLine { id } }
  }
  transactions {
    paymentMethodDetails { __typename }
    events { id type createdAt pspReference amount { amount } }
  }
  payments { transactions { id kind isSuccess created amount { amount } } }
}
"""

CUSTOMER_FIELDS = """
fragment CustomerFields on User {
  id email firstName lastName languageCode isStaff updatedAt
  defaultBillingAddress { phone }
}
"""

ORDER = "query Order($id: ID!) { order(id: $id) { ...OrderFields } }" + ORDER_FIELDS

ORDERS = (
    """query Orders($first: Int!, $after: String, $filter: OrderFilterInput) {
  orders(
    first: $first, after: $after, filter: $filter
    sortBy: { field: LAST_MODIFIED_AT, direction: ASC }
  ) {
    edges { node { ...OrderFields } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + ORDER_FIELDS
)

CUSTOMER = "query Customer($id: ID!) { user(id: $id) { ...CustomerFields } }" + CUSTOMER_FIELDS

CUSTOMERS = (
    """query Customers($first: Int!, $after: String, $filter: CustomerFilterInput) {
  customers(
    first: $first, after: $after, filter: $filter
    sortBy: { field: LAST_MODIFIED_AT, direction: ASC }
  ) {
    edges { node { ...CustomerFields } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + CUSTOMER_FIELDS
)

SHOP = """query Shop {
  shop { name version }
  app {
    isActive
    permissions { code }
    webhooks { name isActive targetUrl asyncEvents { eventType } }
  }
}
"""

CHANNEL = "query Channel($slug: String!) { channel(slug: $slug) { id currencyCode } }"

FIND_VOUCHER = """query FindVoucher($code: String!) {
  vouchers(first: 20, filter: { search: $code }) {
    edges {
      node {
        id name
        codes(first: 5) { edges { node { code } } }
        channelListings { channel { slug } }
      }
    }
  }
}
"""

MAKE_VOUCHER = """mutation MakeVoucher($input: VoucherInput!) {
  made: voucherCreate(input: $input) { voucher { id } errors { code message } }
}
"""

LIST_VOUCHER = """mutation ListVoucher($id: ID!, $channel: VoucherChannelListingAddInput!) {
  made: voucherChannelListingUpdate(id: $id, input: { addChannels: [$channel] }) {
    errors { code message }
  }
}
"""

DROP_VOUCHER = """mutation DropVoucher($id: ID!) {
  made: voucherDelete(id: $id) { errors { code message } }
}
"""

FIND_GIFT_CARD = """query FindGiftCard($metadata: [MetadataFilter!]) {
  giftCards(first: 20, filter: { metadata: $metadata }) {
    edges { node { id code isActive } }
  }
}
"""

MAKE_GIFT_CARD = """mutation MakeGiftCard($input: GiftCardCreateInput!) {
  made: giftCardCreate(input: $input) { giftCard { id code } errors { code message } }
}
"""

ACTIVATE_GIFT_CARD = """mutation ActivateGiftCard($id: ID!) {
  made: giftCardActivate(id: $id) { errors { code message } }
}
"""

DROP_GIFT_CARD = """mutation DropGiftCard($id: ID!) {
  made: giftCardDeactivate(id: $id) { errors { code message } }
}
"""

SHOWN = "query Shown($id: ID!, $key: String!) { user(id: $id) { id metafield(key: $key) } }"

SHOW = """mutation Show($id: ID!, $metadata: [MetadataInput!]!) {
  made: updateMetadata(id: $id, input: $metadata) { errors { code message } }
}
"""
