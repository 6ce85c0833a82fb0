"""The loyalty SDK: everything public is here, and nothing else is."""

from importlib.metadata import version as _version

from loyalty_core.aio import AsyncLoyalty
from loyalty_core.application.structure import read_settings
from loyalty_core.domain.adjustments import (
    Adjustment,
    AdjustmentOutcome,
    AdjustmentSummary,
    ExpiresAt,
    ReinstatementReceipt,
)
from loyalty_core.domain.amounts import Minor, Money, Rounding, format_scaled, parse_scaled, split
from loyalty_core.domain.benefit_checks import benefit_problems
from loyalty_core.domain.benefits import (
    Benefit,
    BenefitKind,
    Checkout,
    GrantedBenefit,
    Stacking,
    points_multiplier,
)
from loyalty_core.domain.catalogue import CodeRules, Limit, Price, Rate, Reward, RewardType
from loyalty_core.domain.clock import (
    Clock,
    Period,
    add_months,
    day_of,
    next_period_start,
    period_start,
    start_of,
    zone,
)
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.effects import Cause, Credit, Effect, Emit, Grant, KeepState, Measure
from loyalty_core.domain.events import Event
from loyalty_core.domain.facts import (
    SHIPPING,
    Activity,
    Decidable,
    Fact,
    Json,
    Line,
    LineKind,
    Order,
    OrderRefund,
    OrderStatus,
    Refund,
    RefundKind,
    RefundLine,
    Scalar,
    Tender,
)
from loyalty_core.domain.grants import BorneCost, CodeImport, GrantReceipt, GrantState
from loyalty_core.domain.household_views import (
    HouseholdInvitation,
    HouseholdMemberView,
    HouseholdReceipt,
    HouseholdStatement,
)
from loyalty_core.domain.households import (
    HouseholdRole,
    HouseholdRules,
    HouseholdState,
    LeavingPolicy,
    SharedWallet,
    Spenders,
)
from loyalty_core.domain.ledger import Entry, Transaction, TransactionKind
from loyalty_core.domain.members import (
    History,
    Identity,
    IdentityKind,
    Member,
    MemberId,
    MemberStatus,
    MemberView,
    Profile,
)
from loyalty_core.domain.orders import is_purchase, line_nets, order_total
from loyalty_core.domain.partners import (
    AccountLink,
    MovedPoints,
    Owing,
    Settlement,
    SettlementReceipt,
)
from loyalty_core.domain.pricing import BenefitUse, LinePrice, MissedBenefit, Pricing, price
from loyalty_core.domain.programs import (
    Accepted,
    DebtPolicy,
    Expiry,
    GoodwillPolicy,
    JoinPolicy,
    Paid,
    Partner,
    PointsValue,
    Program,
    ProgramConfig,
    TransferRules,
    Wallet,
)
from loyalty_core.domain.receipts import (
    AdjustmentReceipt,
    ClaimReceipt,
    Difference,
    ErasureReceipt,
    FactReceipt,
    MergeReceipt,
    RebuildReport,
    RecordStatus,
    RecordSummary,
    RedemptionReceipt,
    Rejection,
    SealReport,
    TickReport,
    TransferReceipt,
    UnmergeReceipt,
    VerifyReport,
)
from loyalty_core.domain.redemptions import RedemptionState
from loyalty_core.domain.rewards import SpendOffer, SpendRequest
from loyalty_core.domain.seal import Block, check_proof
from loyalty_core.domain.statements import (
    AwardExplanation,
    Cart,
    Dated,
    Earning,
    Explanation,
    HistoryItem,
    HistoryPage,
    Quote,
    Report,
    RewardView,
    Statement,
    Status,
    TopMember,
    WalletStatement,
    WalletTotals,
)
from loyalty_core.domain.tiers import (
    Goal,
    Outcome,
    Progress,
    Returned,
    Standing,
    Tier,
    TierChange,
)
from loyalty_core.errors import (
    AgreementMissing,
    AmountInvalid,
    ClaimRefused,
    ConfigError,
    CurrencyUnknown,
    CustomerMissing,
    DateOutOfRange,
    EncodingBroken,
    FactError,
    FactTooLarge,
    GrantNotFound,
    GrantRefused,
    HostConnectionUnsafe,
    HouseholdNotFound,
    HouseholdRefused,
    IdempotencyConflict,
    IdentityConflict,
    IdentityInvalid,
    InsufficientPoints,
    LedgerFault,
    LinkRefused,
    LoyaltyError,
    MemberErased,
    MemberInactive,
    MemberNotFound,
    MergeRefused,
    NotSealed,
    OrderNotFound,
    OrderSumsMismatch,
    PluginError,
    PluginFailed,
    PluginMissing,
    Problem,
    ProofInvalid,
    RedemptionEnded,
    RedemptionNotFound,
    RedemptionRefused,
    RefundExceedsOrder,
    ReinstatementRefused,
    RewardUnknown,
    SealBroken,
    SettlementRefused,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnreachable,
    TransactionNotFound,
    TransferRefused,
    WalletUnknown,
)
from loyalty_core.loyalty import Loyalty
from loyalty_core.plugins.hookspecs import hookimpl
from loyalty_core.plugins.loader import Plugin
from loyalty_core.plugins.manifest import PLUGIN_API_VERSION, PluginManifest
from loyalty_core.ports.grants import CodeSource
from loyalty_core.ports.payments import (
    Charge,
    Payment,
    PaymentProvider,
    PaymentState,
    Repayment,
)
from loyalty_core.ports.program import (
    BenefitSource,
    FollowsFacts,
    Fulfils,
    Handler,
    ProgramType,
    RewardKind,
    ShowsMembers,
    Subscription,
    SuggestsLines,
    TierScheme,
    UnitesStates,
)
from loyalty_core.storage.engine import add_sqlite_hooks

__version__ = _version("loyalty-core")

# fmt: off
__all__ = [
    "PLUGIN_API_VERSION", "SHIPPING", "Accepted", "AccountLink", "Activity", "Adjustment",
    "AdjustmentOutcome", "AdjustmentReceipt", "AdjustmentSummary", "AgreementMissing",
    "AmountInvalid", "AsyncLoyalty", "AwardExplanation", "Benefit", "BenefitKind", "BenefitSource",
    "BenefitUse", "Block", "BorneCost", "Cart", "Cause", "Charge", "Checkout", "ClaimReceipt",
    "ClaimRefused", "Clock", "CodeImport", "CodeRules", "CodeSource", "ConfigError", "Credit",
    "CurrencyUnknown", "CustomerMissing", "DateOutOfRange", "Dated", "DebtPolicy", "Decidable",
    "Difference", "Earning", "Effect", "Emit", "EncodingBroken", "Entry", "ErasureReceipt", "Event",
    "ExpiresAt", "Expiry", "Explanation", "Fact", "FactError", "FactReceipt", "FactTooLarge",
    "FollowsFacts", "Fulfils", "Goal", "GoodwillPolicy", "Grant", "GrantNotFound", "GrantReceipt",
    "GrantRefused", "GrantState", "GrantedBenefit", "Handler", "History", "HistoryItem",
    "HistoryPage", "HostConnectionUnsafe", "HouseholdInvitation", "HouseholdMemberView",
    "HouseholdNotFound", "HouseholdReceipt", "HouseholdRefused", "HouseholdRole", "HouseholdRules",
    "HouseholdState", "HouseholdStatement", "IdempotencyConflict", "Identity", "IdentityConflict",
    "IdentityInvalid", "IdentityKind", "InsufficientPoints", "JoinPolicy", "Json", "KeepState",
    "LeavingPolicy", "LedgerFault", "Limit", "Line", "LineKind", "LinePrice", "LinkRefused",
    "Loyalty", "LoyaltyError", "Measure", "Member", "MemberErased", "MemberId", "MemberInactive",
    "MemberNotFound", "MemberStatus", "MemberView", "MergeReceipt", "MergeRefused", "Minor",
    "MissedBenefit", "Money", "MovedPoints", "NotSealed", "Order", "OrderNotFound", "OrderRefund",
    "OrderStatus", "OrderSumsMismatch", "Outcome", "Owing", "Paid", "Partner", "Payment",
    "PaymentProvider", "PaymentState", "Period", "Plugin", "PluginError", "PluginFailed",
    "PluginManifest", "PluginMissing", "PointsValue", "Price", "Pricing", "Problem", "Profile",
    "Program", "ProgramConfig", "ProgramType", "Progress", "ProofInvalid", "Quote", "Rate",
    "RebuildReport", "RecordStatus", "RecordSummary", "RedemptionEnded", "RedemptionNotFound",
    "RedemptionReceipt", "RedemptionRefused", "RedemptionState", "Refund", "RefundExceedsOrder",
    "RefundKind", "RefundLine", "ReinstatementReceipt", "ReinstatementRefused", "Rejection",
    "Repayment", "Report", "Returned", "Reward", "RewardKind", "RewardType", "RewardUnknown",
    "RewardView", "Rounding", "Scalar", "SealBroken", "SealReport", "Settlement",
    "SettlementReceipt", "SettlementRefused", "SharedWallet", "ShowsMembers", "SpendOffer",
    "SpendRequest", "Spenders", "Stacking", "Standing", "Statement", "Status", "StoreBusy",
    "StoreError", "StoreFull", "StoreReadOnly", "StoreUnreachable", "Subscription", "SuggestsLines",
    "Tender", "TickReport", "Tier", "TierChange", "TierScheme", "TopMember", "Transaction",
    "TransactionKind", "TransactionNotFound", "TransferReceipt", "TransferRefused", "TransferRules",
    "UnitesStates", "UnmergeReceipt", "VerifyReport", "Wallet", "WalletStatement", "WalletTotals",
    "WalletUnknown", "__version__", "add_months", "add_sqlite_hooks", "benefit_problems",
    "check_proof", "day_of", "format_scaled", "hookimpl", "is_purchase", "line_nets",
    "minor_digits", "next_period_start", "order_total", "parse_scaled", "period_start",
    "points_multiplier", "price", "read_settings", "split", "start_of", "zone",
]
# fmt: on
