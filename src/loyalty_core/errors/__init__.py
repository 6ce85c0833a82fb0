"""Every error the SDK raises on purpose: one class and one stable ``code`` for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from loyalty_core.errors.base import LoyaltyError as LoyaltyError
from loyalty_core.errors.base import Problem as Problem
from loyalty_core.errors.connectors import ActionRefused as ActionRefused
from loyalty_core.errors.connectors import ConnectorDisabled as ConnectorDisabled
from loyalty_core.errors.connectors import ConnectorError as ConnectorError
from loyalty_core.errors.connectors import ConnectorUnknown as ConnectorUnknown
from loyalty_core.errors.connectors import PlatformUnavailable as PlatformUnavailable
from loyalty_core.errors.connectors import SecretMissing as SecretMissing
from loyalty_core.errors.connectors import SignatureInvalid as SignatureInvalid
from loyalty_core.errors.store import HostConnectionUnsafe as HostConnectionUnsafe
from loyalty_core.errors.store import StoreBusy as StoreBusy
from loyalty_core.errors.store import StoreError as StoreError
from loyalty_core.errors.store import StoreFull as StoreFull
from loyalty_core.errors.store import StoreReadOnly as StoreReadOnly
from loyalty_core.errors.store import StoreUnreachable as StoreUnreachable


class ConfigError(LoyaltyError):
    """The configuration cannot be used; ``problems`` lists every fault found, not just the first.

    Remedy: run ``loyalty check`` and mend each path it names.
    """

    code = "config_invalid"

    def __init__(self, problems: Sequence[Problem], *, where: str = "") -> None:
        self.problems = tuple(problems)
        lines = "; ".join(str(problem) for problem in self.problems)
        super().__init__(
            f"the configuration has {len(self.problems)} fault(s): {lines}", where=where
        )


class PluginError(LoyaltyError):
    """A plugin cannot be started: import failure, wrong API version, clash or unknown hook.

    Remedy: the message names the plugin; install, upgrade or remove it, or take it out of
    ``[plugins]``.
    """

    code = "plugin_refused"


class PluginMissing(PluginError):
    """The configuration names a plugin that is not installed.

    Remedy: install the distribution, or delete its section from ``[plugins]``.
    """

    code = "plugin_missing"


class PluginFailed(LoyaltyError):
    """A plugin raised, or returned something it may not, while serving a request.

    On earning, the other programs book and this one is tried again; on spending, nothing is
    booked. Remedy: see the logged traceback, mend or remove the plugin. Where a later release of
    it kept something of the member, install that release.
    """

    code = "plugin_failed"


class FactError(LoyaltyError):
    """A fact cannot be taken in; nothing of it is booked. The base of what is wrong with input."""

    code = "fact_malformed"
    default_remedy = "Correct the document and send it again."

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        remedy: str = "",
        problems: Sequence[Problem] = (),
        **facts: object,
    ) -> None:
        self.problems = tuple(problems)
        super().__init__(message, where=where, remedy=remedy, **facts)


class CurrencyUnknown(FactError):
    """The currency is not an ISO 4217 code, or no program wallet deals in it."""

    code = "currency_unknown"
    default_remedy = "Use an ISO 4217 code such as EUR."


class AmountInvalid(FactError):
    """An amount is negative, absurdly large, not a decimal, or finer than its currency allows."""

    code = "amount_invalid"
    default_remedy = 'Write amounts as decimal strings in major units, such as "12.50".'


class OrderSumsMismatch(FactError):
    """The parts of an order do not sum to the total it states, or a discount exceeds its line."""

    code = "order_sums_mismatch"


class RefundExceedsOrder(FactError):
    """A refund gives back more than the order, or one of its lines, was worth.

    It is booked all the same and takes no more points than were earned: an order may have been
    edited since. So this is told in the ``problems`` of a receipt, and not raised.
    """

    code = "refund_exceeds_order"
    default_remedy = "Look at the refund in the shop; there is nothing to send again."


class DateOutOfRange(FactError):
    """A moment lies further in the future than clocks can disagree, or before the year 1970."""

    code = "date_out_of_range"
    default_remedy = "Check the clock and the time zone of the sender."


class CustomerMissing(FactError):
    """The fact does not say whose it is: no identity that could be found or enrolled."""

    code = "customer_missing"
    default_remedy = "Send at least one identity, such as a customer_id, an email or a phone."


class IdentityInvalid(FactError):
    """An identity cannot be read as what it claims to be, such as a phone number without digits."""

    code = "identity_invalid"


class IdentityConflict(FactError):
    """The identities given belong to more than one member."""

    code = "identity_conflict"
    default_remedy = "Send the identities of one person only, or merge the members first."


class FactTooLarge(FactError):
    """One fact is larger than the limit on input, so it was not read further."""

    code = "fact_too_large"
    default_remedy = "Split the input: one fact a line, each under the limit."


class EncodingBroken(FactError):
    """The bytes are not UTF-8, or not the JSON or CSV they claim to be."""

    code = "encoding_broken"
    default_remedy = "Save the file as UTF-8."


class IdempotencyConflict(LoyaltyError):
    """The same key came with other content: the first stands, this one is refused.

    For orders that do change, send a higher ``version`` or a later ``updated_at``.
    """

    code = "idempotency_conflict"
    default_remedy = "Use a new key for a new command, and a higher version for a changed document."


class MemberNotFound(LoyaltyError):
    """No member has this id or identity in this program."""

    code = "member_not_found"


class MemberInactive(LoyaltyError):
    """The member's status does not allow this: suspended or closed members cannot spend."""

    code = "member_inactive"


class OrderNotFound(LoyaltyError):
    """No order of this id has come from this source in this program.

    Remedy: check the source and the id; the order may still be on its way, so try again later.
    """

    code = "order_not_found"


class ClaimRefused(LoyaltyError):
    """An order cannot be claimed: it has an owner, names somebody else, or has waited too long.

    Remedy: who is named by the order has to enrol with that identity; for anything else, look at
    the order and adjust the balance.
    """

    code = "claim_refused"


class MergeRefused(LoyaltyError):
    """These members cannot be merged, or a merge cannot be taken back: never was, or too late."""

    code = "merge_refused"


class MemberErased(LoyaltyError):
    """The member was erased: nothing is known of the person any more, and nothing can be done."""

    code = "member_erased"
    default_remedy = "If the person joined again, they are another member: find them by identity."


class TransactionNotFound(LoyaltyError):
    """No transaction has this id in this program."""

    code = "transaction_not_found"


class WalletUnknown(LoyaltyError):
    """The program has no wallet of this name."""

    code = "wallet_unknown"


class BoardUnknown(LoyaltyError):
    """The program has no board of this name."""

    code = "board_unknown"


class RewardUnknown(LoyaltyError):
    """No reward of this name is on in this program."""

    code = "reward_unknown"


class InsufficientPoints(LoyaltyError):
    """The member has fewer points available now than the command needs; nothing was booked."""

    code = "insufficient_points"


class TransferRefused(LoyaltyError):
    """The wallet does not allow this transfer: at all, to this member, or of so many points."""

    code = "transfer_refused"


class HouseholdNotFound(LoyaltyError):
    """No household of this program has the id that was given, or it is dissolved."""

    code = "household_not_found"


class HouseholdRefused(LoyaltyError):
    """The household does not allow this: not by this member, not now, or not so many points."""

    code = "household_refused"


class RedemptionRefused(LoyaltyError):
    """The redemption breaks a limit of the program: minimum, step, or share of the order."""

    code = "redemption_refused"


class RedemptionNotFound(LoyaltyError):
    """No redemption of this program has the id that was given."""

    code = "redemption_not_found"


class RedemptionEnded(LoyaltyError):
    """The redemption is captured, released or timed out already; nothing was booked now."""

    code = "redemption_ended"


class GrantNotFound(LoyaltyError):
    """No grant of this program has the id or the code that was given."""

    code = "grant_not_found"


class SegmentUnknown(LoyaltyError):
    """The program has no segment of this name."""

    code = "segment_unknown"


class GrantRefused(LoyaltyError):
    """The grant cannot be used, approved, handed over or revoked as it is; nothing was changed."""

    code = "grant_refused"


class AgreementMissing(LoyaltyError):
    """Two programs have not both agreed that points of the one are accepted by the other."""

    code = "agreement_missing"
    default_remedy = "Configure [partners] in both programs, and open both once."


class LinkRefused(LoyaltyError):
    """The member is not linked to a member of the partner, or is linked to another one already."""

    code = "link_refused"


class SettlementRefused(LoyaltyError):
    """Nothing, or less, is open between the two programs than is to be paid."""

    code = "settlement_refused"


class ReinstatementRefused(LoyaltyError):
    """There is not that much to give back: not an expiry, or given back or refunded already."""

    code = "reinstatement_refused"


class LedgerFault(LoyaltyError):
    """An invariant of the books would break, so nothing was booked. Always a defect: report it."""

    code = "ledger_fault"


class BooksTooLarge(LoyaltyError):
    """The database has more transactions than whoever asked lets be read at once."""

    code = "books_too_large"
    default_remedy = "Run `loyalty verify` on the machine of the jobs: it takes books of any size."


class NotSealed(LoyaltyError):
    """The transaction is booked but not sealed yet, so nothing can prove that it was."""

    code = "not_sealed"
    default_remedy = "Run `loyalty seal`, or wait for the next `loyalty tick`, and ask again."


class SealBroken(LoyaltyError):
    """Sealed rows are not as they were sealed: somebody changed, removed or added them by hand.

    Remedy: restore the rows from a backup; `verify` names each. Corrections are new transactions.
    """

    code = "seal_broken"


class ProofInvalid(LoyaltyError):
    """A proof does not show that its transaction was sealed under the head."""

    code = "proof_invalid"
    default_remedy = "Ask the shop for a new proof, and for the head it has published."


E = TypeVar("E", bound=LoyaltyError)


def all_errors(root: type[E]) -> Iterator[type[E]]:
    """``root`` and every error class of the SDK below it, in the order of definition."""
    yield root
    for child in root.__subclasses__():
        if child.__module__.startswith(__name__):
            yield from all_errors(child)
