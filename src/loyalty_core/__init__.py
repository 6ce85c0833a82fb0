"""The loyalty SDK: everything public is here, and nothing else is."""

from importlib.metadata import version as _version

from loyalty_core.aio import AsyncLoyalty
from loyalty_core.application.activities import ActivityField, ActivityKind
from loyalty_core.application.files.facts import FactFile, read_facts
from loyalty_core.application.files.lines import FileRow
from loyalty_core.application.structure import read_settings
from loyalty_core.domain.adjustments import (
    Adjustment,
    AdjustmentOutcome,
    AdjustmentSummary,
    ExpiresAt,
    ReinstatementReceipt,
)
from loyalty_core.domain.amounts import (
    Minor,
    Money,
    Rounding,
    format_scaled,
    parse_scaled,
    round_scaled,
    split,
)
from loyalty_core.domain.backtests import Backtest, Compared, Figures, GrantsCompared, Impossible
from loyalty_core.domain.benefit_checks import benefit_problems
from loyalty_core.domain.benefits import (
    Benefit,
    BenefitKind,
    Checkout,
    GrantedBenefit,
    Stacking,
    points_multiplier,
)
from loyalty_core.domain.boards import (
    Board,
    BoardAround,
    BoardPage,
    BoardWin,
    Place,
    Score,
    board_win,
)
from loyalty_core.domain.calendars import Calendar, LeapDay
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
from loyalty_core.domain.connections import (
    ActionReport,
    ActionState,
    ConnectorStatus,
    Drift,
    Failed,
    InboxReport,
    LoggedAction,
    LoggedMessage,
    MessageReceipt,
    MessageState,
    Translation,
    WalkReport,
    WebhookCheck,
)
from loyalty_core.domain.connectors import (
    Action,
    CodeUsed,
    Customer,
    Disconnected,
    DropCode,
    ErasureAsked,
    ExportAsked,
    Health,
    Input,
    MakeCode,
    Message,
    Page,
    ShopErasureAsked,
    ShowMember,
    SignedIn,
    TellEvent,
    Unreadable,
    Verified,
    Wants,
    WebhookRequest,
)
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.decisions import Decision, Trace
from loyalty_core.domain.deprecation import Deprecation, LoyaltyDeprecationWarning
from loyalty_core.domain.effects import (
    Cause,
    Credit,
    Effect,
    Emit,
    Grant,
    KeepState,
    Measure,
    PutRow,
)
from loyalty_core.domain.events import Event
from loyalty_core.domain.facts import (
    SHIPPING,
    Activity,
    Decidable,
    Fact,
    Json,
    JsonObject,
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
from loyalty_core.domain.foreign import (
    as_object,
    as_objects,
    as_text,
    needed_id,
    needed_moment,
    needed_object,
)
from loyalty_core.domain.grants import BorneCost, CodeImport, GrantReceipt, GrantState
from loyalty_core.domain.habits import Habits, Purchases, UsualItem, UsualOrder, UsualStore
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
from loyalty_core.domain.limits import Claims, Limited
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
from loyalty_core.domain.names import Name
from loyalty_core.domain.orders import is_purchase, line_nets, order_total
from loyalty_core.domain.partners import (
    AccountLink,
    MovedPoints,
    Owing,
    Settlement,
    SettlementReceipt,
)
from loyalty_core.domain.plugin_states import (
    LiftReceipt,
    PersonalData,
    PluginState,
    PluginStatus,
    StateStep,
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
    GuestErasureReceipt,
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
from loyalty_core.domain.secrets import Secret, same_signature, secret_problems
from loyalty_core.domain.segments import (
    Campaign,
    Condition,
    HeldSegment,
    RecountReport,
    Segment,
    SegmentCount,
    SegmentPage,
    SegmentReport,
)
from loyalty_core.domain.settings import doc
from loyalty_core.domain.shops import (
    code_title,
    contact_identities,
    customer_ids,
    is_title_of,
    member_text,
    worth_in,
    worth_text,
)
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
from loyalty_core.domain.tiers import Goal, Outcome, Progress, Returned, Standing, Tier, TierChange
from loyalty_core.domain.versions import RulesChange, RulesState, RulesVersion
from loyalty_core.errors import (
    ActionRefused,
    AgreementMissing,
    AmountInvalid,
    BoardUnknown,
    BooksTooLarge,
    ClaimRefused,
    ConfigError,
    ConnectorDisabled,
    ConnectorError,
    ConnectorUnknown,
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
    PlatformUnavailable,
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
    SecretMissing,
    SegmentUnknown,
    SettlementRefused,
    SignatureInvalid,
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
from loyalty_core.plugins.accounts import (
    ConnectedAccount,
    ShopAccount,
    account_problems,
    code_problems,
    connected_problems,
    leads_here,
    reward_kinds,
    shop_data,
    signer_problems,
    url_problems,
)
from loyalty_core.plugins.asking import HttpAnswer, ShopHttp, patiently
from loyalty_core.plugins.hookspecs import hookimpl
from loyalty_core.plugins.loader import Plugin
from loyalty_core.plugins.manifest import PLUGIN_API_VERSION, PluginManifest
from loyalty_core.plugins.schema import config_schema
from loyalty_core.plugins.walks import cursor_of, inputs_of, place_at
from loyalty_core.ports.connectors import (
    ActsOnShop,
    Connector,
    ListsChanges,
    ReceivesWebhooks,
    SignsMembersIn,
)
from loyalty_core.ports.grants import CodeSource
from loyalty_core.ports.payments import Charge, Payment, PaymentProvider, PaymentState, Repayment
from loyalty_core.ports.program import (
    BenefitSource,
    Command,
    FollowsFacts,
    Fulfils,
    Handler,
    ProgramType,
    RewardKind,
    ScoresMembers,
    ShowsMembers,
    Subscription,
    SuggestsLines,
    TierScheme,
    UnitesStates,
)
from loyalty_core.schema.columns import Moment
from loyalty_core.schema.own import Migration, OwnTables, add_column, own_table
from loyalty_core.storage.engine import add_sqlite_hooks

__version__ = _version("loyalty-core")

# fmt: off
__all__ = [
    "PLUGIN_API_VERSION", "SHIPPING", "Accepted", "AccountLink", "Action", "ActionRefused",
    "ActionReport", "ActionState", "Activity", "ActivityField", "ActivityKind", "ActsOnShop",
    "Adjustment", "AdjustmentOutcome", "AdjustmentReceipt", "AdjustmentSummary", "AgreementMissing",
    "AmountInvalid", "AsyncLoyalty", "AwardExplanation", "Backtest", "Benefit", "BenefitKind",
    "BenefitSource", "BenefitUse", "Block", "Board", "BoardAround", "BoardPage", "BoardUnknown",
    "BoardWin", "BooksTooLarge", "BorneCost", "Calendar", "Campaign", "Cart", "Cause", "Charge",
    "Checkout", "ClaimReceipt", "ClaimRefused", "Claims", "Clock", "CodeImport", "CodeRules",
    "CodeSource", "CodeUsed", "Command", "Compared", "Condition", "ConfigError", "ConnectedAccount",
    "Connector", "ConnectorDisabled", "ConnectorError", "ConnectorStatus", "ConnectorUnknown",
    "Credit", "CurrencyUnknown", "Customer", "CustomerMissing", "DateOutOfRange", "Dated",
    "DebtPolicy", "Decidable", "Decision", "Deprecation", "Difference", "Disconnected", "Drift",
    "DropCode", "Earning", "Effect", "Emit", "EncodingBroken", "Entry", "ErasureAsked",
    "ErasureReceipt", "Event", "ExpiresAt", "Expiry", "Explanation", "ExportAsked", "Fact",
    "FactError", "FactFile", "FactReceipt", "FactTooLarge", "Failed", "Figures", "FileRow",
    "FollowsFacts", "Fulfils", "Goal", "GoodwillPolicy", "Grant", "GrantNotFound", "GrantReceipt",
    "GrantRefused", "GrantState", "GrantedBenefit", "GrantsCompared", "GuestErasureReceipt",
    "Habits", "Handler", "Health", "HeldSegment", "History", "HistoryItem", "HistoryPage",
    "HostConnectionUnsafe", "HouseholdInvitation", "HouseholdMemberView", "HouseholdNotFound",
    "HouseholdReceipt", "HouseholdRefused", "HouseholdRole", "HouseholdRules", "HouseholdState",
    "HouseholdStatement", "HttpAnswer", "IdempotencyConflict", "Identity", "IdentityConflict",
    "IdentityInvalid", "IdentityKind", "Impossible", "InboxReport", "Input", "InsufficientPoints",
    "JoinPolicy", "Json", "JsonObject", "KeepState", "LeapDay", "LeavingPolicy", "LedgerFault",
    "LiftReceipt", "Limit", "Limited", "Line", "LineKind", "LinePrice", "LinkRefused",
    "ListsChanges", "LoggedAction", "LoggedMessage", "Loyalty", "LoyaltyDeprecationWarning",
    "LoyaltyError", "MakeCode", "Measure", "Member", "MemberErased", "MemberId", "MemberInactive",
    "MemberNotFound", "MemberStatus", "MemberView", "MergeReceipt", "MergeRefused", "Message",
    "MessageReceipt", "MessageState", "Migration", "Minor", "MissedBenefit", "Moment", "Money",
    "MovedPoints", "Name", "NotSealed", "Order", "OrderNotFound", "OrderRefund", "OrderStatus",
    "OrderSumsMismatch", "Outcome", "Owing", "OwnTables", "Page", "Paid", "Partner", "Payment",
    "PaymentProvider", "PaymentState", "Period", "PersonalData", "Place", "PlatformUnavailable",
    "Plugin", "PluginError", "PluginFailed", "PluginManifest", "PluginMissing", "PluginState",
    "PluginStatus", "PointsValue", "Price", "Pricing", "Problem", "Profile", "Program",
    "ProgramConfig", "ProgramType", "Progress", "ProofInvalid", "Purchases", "PutRow", "Quote",
    "Rate", "RebuildReport", "ReceivesWebhooks", "RecordStatus", "RecordSummary", "RecountReport",
    "RedemptionEnded", "RedemptionNotFound", "RedemptionReceipt", "RedemptionRefused",
    "RedemptionState", "Refund", "RefundExceedsOrder", "RefundKind", "RefundLine",
    "ReinstatementReceipt", "ReinstatementRefused", "Rejection", "Repayment", "Report", "Returned",
    "Reward", "RewardKind", "RewardType", "RewardUnknown", "RewardView", "Rounding", "RulesChange",
    "RulesState", "RulesVersion", "Scalar", "Score", "ScoresMembers", "SealBroken", "SealReport",
    "Secret", "SecretMissing", "Segment", "SegmentCount", "SegmentPage", "SegmentReport",
    "SegmentUnknown", "Settlement", "SettlementReceipt", "SettlementRefused", "SharedWallet",
    "ShopAccount", "ShopErasureAsked", "ShopHttp", "ShowMember", "ShowsMembers", "SignatureInvalid",
    "SignedIn", "SignsMembersIn", "SpendOffer", "SpendRequest", "Spenders", "Stacking", "Standing",
    "StateStep", "Statement", "Status", "StoreBusy", "StoreError", "StoreFull", "StoreReadOnly",
    "StoreUnreachable", "Subscription", "SuggestsLines", "TellEvent", "Tender", "TickReport",
    "Tier", "TierChange", "TierScheme", "TopMember", "Trace", "Transaction", "TransactionKind",
    "TransactionNotFound", "TransferReceipt", "TransferRefused", "TransferRules", "Translation",
    "UnitesStates", "UnmergeReceipt", "Unreadable", "UsualItem", "UsualOrder", "UsualStore",
    "Verified", "VerifyReport", "WalkReport", "Wallet", "WalletStatement", "WalletTotals",
    "WalletUnknown", "Wants", "WebhookCheck", "WebhookRequest", "__version__", "account_problems",
    "add_column", "add_months", "add_sqlite_hooks", "as_object", "as_objects", "as_text",
    "benefit_problems", "board_win", "check_proof", "code_problems", "code_title", "config_schema",
    "connected_problems", "contact_identities", "cursor_of", "customer_ids", "day_of", "doc",
    "format_scaled", "hookimpl", "inputs_of", "is_purchase", "is_title_of", "leads_here",
    "line_nets", "member_text", "minor_digits", "needed_id", "needed_moment", "needed_object",
    "next_period_start", "order_total", "own_table", "parse_scaled", "patiently", "period_start",
    "place_at", "points_multiplier", "price", "read_facts", "read_settings", "reward_kinds",
    "round_scaled", "same_signature", "secret_problems", "shop_data", "signer_problems", "split",
    "start_of", "url_problems", "worth_in", "worth_text", "zone",
]
# fmt: on
