"""The JSON form of adjustments: reading it strictly, and what cannot be meant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from loyalty_core.application.forms import CLOCK_SKEW, EARLIEST, read_as, read_text
from loyalty_core.application.structure import converter
from loyalty_core.application.values import shown
from loyalty_core.domain.adjustments import Adjustment, ExpiresAt
from loyalty_core.domain.amounts import parse_scaled
from loyalty_core.domain.facts import Json
from loyalty_core.domain.programs import DebtPolicy, Expiry, ProgramConfig, Wallet
from loyalty_core.errors import (
    AmountInvalid,
    CustomerMissing,
    DateOutOfRange,
    FactError,
    WalletUnknown,
)

LATEST = datetime(9999, 12, 31, tzinfo=UTC)


def read_adjustment(
    value: Adjustment | Mapping[str, Json], config: ProgramConfig, now: datetime
) -> Adjustment:
    """The adjustment that its JSON form describes, checked; a domain object is checked as well.

    Amounts of the JSON form are whole points, with as many decimal digits as the wallet has.

    Raises ``FactError`` or one of its kinds, ``WalletUnknown``.
    """
    if isinstance(value, Adjustment):
        document = _written(value)
    elif isinstance(value, Mapping):
        document = _scaled(value, config)
    else:
        raise FactError("an adjustment is a JSON object", where="$")
    read = read_as(document, Adjustment, 0)
    _check(read, config, now)
    return read


def read_expires_at(value: ExpiresAt) -> ExpiresAt:
    """When points are to expire, checked: "never", or a moment with a time zone."""
    if isinstance(value, datetime) and value.tzinfo is None:
        raise DateOutOfRange("the moment has no time zone", where="expires_at")
    try:
        read = cast(ExpiresAt, converter(0).structure(value, cast(Any, ExpiresAt)))
    except ValueError as error:
        raise DateOutOfRange(str(error), where="expires_at") from None
    _check_end("expires_at", read)
    return read


def _written(value: Adjustment) -> dict[str, Json]:
    """The JSON form of a domain object, its amount still in the smallest unit."""
    for name in ("awarded_at", "activates_at", "expires_at"):
        moment = getattr(value, name)
        if isinstance(moment, datetime) and moment.tzinfo is None:
            raise DateOutOfRange("the moment has no time zone", where=f"$.{name}")
    return cast(dict[str, Json], converter(0).unstructure(value))


def _scaled(value: Mapping[str, Json], config: ProgramConfig) -> dict[str, Json]:
    """The same with its amount in the smallest unit of the wallet it names."""
    name = value.get("wallet")
    if not isinstance(name, str):
        raise FactError("the adjustment names no wallet", where="$.wallet")
    scale = _wallet(name, config).scale
    if "amount" not in value:
        return dict(value)
    try:
        return {**value, "amount": parse_scaled(value["amount"], scale)}
    except AmountInvalid as error:
        error.where = "$.amount"
        raise


def _wallet(name: str, config: ProgramConfig) -> Wallet:
    if name not in config.wallets:
        raise WalletUnknown(
            f"the program has no wallet {shown(name)}",
            where="$.wallet",
            remedy=f"Its wallets: {', '.join(config.wallets) or 'none'}.",
        )
    return config.wallets[name]


def _check(read: Adjustment, config: ProgramConfig, now: datetime) -> None:
    wallet = _wallet(read.wallet, config)
    for name in ("reason", "actor", "key"):
        read_text(name, getattr(read, name), where=f"$.{name}")
    if read.source:
        read_text("source", read.source, where="$.source")
    if not read.amount:
        raise FactError("an adjustment by 0 changes nothing", where="$.amount")
    if bool(read.member_id) is bool(read.identities):
        raise CustomerMissing(
            "the adjustment must name its member by id or by identities",
            where="$.member_id",
            remedy="Give either member_id or identities.",
        )
    moment = read.awarded_at
    if moment and not EARLIEST <= moment <= now + CLOCK_SKEW:
        raise DateOutOfRange(f"{moment} cannot be", where="$.awarded_at", value=moment)
    if read.amount > 0:
        _check_lot(read, wallet.expiry, config.program.time_zone, now)
    else:
        _check_debt(read, wallet.debt)


def _check_lot(read: Adjustment, rule: Expiry, zone: str, now: datetime) -> None:
    """Raises ``DateOutOfRange`` unless there is a time at which the points can be spent."""
    _check_end("$.activates_at", read.activates_at)
    _check_end("$.expires_at", read.expires_at)
    awarded = read.awarded_at or now
    activates = read.activates_at or awarded
    ends = read.expires_at or rule.expires_at(awarded, activates, zone)
    if isinstance(ends, datetime) and ends <= activates:
        raise DateOutOfRange(
            f"the points expire at {ends}, before they become active at {activates}",
            where="$.expires_at",
            remedy="Give awarded_at as well, for points that have expired already.",
            value=ends,
        )


def _check_end(where: str, moment: ExpiresAt) -> None:
    if isinstance(moment, datetime) and not EARLIEST <= moment < LATEST:
        remedy = 'For points that do not expire, write "never".'
        raise DateOutOfRange(f"{moment} cannot be", where=where, remedy=remedy, value=moment)


def _check_debt(read: Adjustment, policy: DebtPolicy) -> None:
    if read.activates_at or read.expires_at:
        raise FactError(
            "points that are taken neither become active nor expire",
            where="$.activates_at" if read.activates_at else "$.expires_at",
            remedy="Leave the moment out.",
        )
    if read.awarded_at and policy is DebtPolicy.CLAMP:
        raise FactError(
            f"wallet {read.wallet!r} keeps no debt: it is set to clamp",
            where="$.amount",
            remedy=f'Set wallets.{read.wallet}.debt to "negative", or leave the debt out.',
        )
