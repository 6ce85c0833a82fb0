"""Reading a program's configuration: strictly, and with every fault reported at once."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfoNotFoundError

from loyalty_core.application.campaigns import dated
from loyalty_core.application.reward_checks import reward_faults
from loyalty_core.application.segment_checks import segment_faults
from loyalty_core.application.structure import converter, read_settings
from loyalty_core.domain.amounts import parse_scaled
from loyalty_core.domain.benefits import Checkout
from loyalty_core.domain.calendars import Calendar
from loyalty_core.domain.catalogue import Reward
from loyalty_core.domain.clock import zone
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.facts import Json
from loyalty_core.domain.households import FINEST_SHARE, HUNDRED, HouseholdRules
from loyalty_core.domain.names import is_section
from loyalty_core.domain.programs import (
    Partner,
    PointsValue,
    Program,
    ProgramConfig,
    TransferRules,
    Wallet,
)
from loyalty_core.domain.segments import Campaign, Segment
from loyalty_core.errors import ConfigError, LoyaltyError, Problem

_LONGEST = {
    "after_days": 36500,
    "after_months": 1200,
    "after_years": 100,
    "inactivity_days": 36500,
}
"""How far ahead points may expire: a century, so that every date can be written."""
LONGEST_REMINDER = 366
_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """The top of a configuration file."""

    program: Program
    wallets: Mapping[str, Wallet] = field(default_factory=dict)
    checkout: Checkout = Checkout()
    rewards: Mapping[str, Reward] = field(default_factory=dict)
    segments: Mapping[str, Segment] = field(default_factory=dict)
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    partners: Mapping[str, Partner] = field(default_factory=dict)
    plugins: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    gateway: Mapping[str, Json] = field(default_factory=dict)
    household: HouseholdRules | None = None
    calendar: Calendar = Calendar()


def load_config(config: str | Path | Mapping[str, Json]) -> ProgramConfig:
    """The configuration in a ``loyalty.toml``, or in the mapping one would parse to.

    Raises ``ConfigError`` with every fault found, each with its path, value and remedy. Plugins'
    own sections are read by the plugins later.
    """
    problems: list[Problem] = []
    document = dated(document_of(config), problems)
    try:
        made = _structured(document)
    except ConfigError as error:
        problems += error.problems
        try:  # what can be read without the faulty keys may have faults of its own
            made = _structured(_without(document, [problem.where for problem in problems]))
        except ConfigError:
            raise ConfigError(problems) from None
    problems += _faults(made)
    if problems:
        raise ConfigError(problems)
    return made


def _structured(document: Mapping[str, Json]) -> ProgramConfig:
    read = read_settings(ConfigFile, document, where="")
    return ProgramConfig(
        program=read.program,
        wallets=read.wallets,
        checkout=read.checkout,
        rewards=read.rewards,
        segments=read.segments,
        campaigns=read.campaigns,
        partners=read.partners,
        plugins=read.plugins,
        gateway=read.gateway,
        household=read.household,
        calendar=read.calendar,
    )


def _without(document: Mapping[str, Json], paths: Iterable[str]) -> dict[str, Json]:
    """A copy of the document in which the keys at these dotted paths are left out.

    Where a key is missing, the table that lacks it is left out; the program's own id is made up.
    """
    copy = deepcopy(dict(document))
    for path in paths:
        *parents, last = path.split(".")
        tables: list[Json] = [copy]
        for name in parents:
            table = tables[-1]
            tables.append(table.get(name) if isinstance(table, dict) else None)
        key = last.partition("[")[0]
        if isinstance(tables[-1], dict) and key not in tables[-1] and len(tables) > 2:
            key = parents[-1]
            del tables[-1]
        if isinstance(tables[-1], dict):
            tables[-1].pop(key, None)
    program = copy.get("program")
    copy["program"] = {"id": "unread", **(program if isinstance(program, dict) else {})}
    return copy


def document_of(config: str | Path | Mapping[str, Json]) -> Mapping[str, Json]:
    """The configuration as one JSON document, nothing checked yet.

    Raises ``ConfigError`` for a file that cannot be read, is not UTF-8, or is not TOML.
    """
    try:
        document = config if isinstance(config, Mapping) else _parse(Path(config))
        return cast(Mapping[str, Json], plain(document))
    except RecursionError:
        raise ConfigError([Problem("", "the configuration is nested too deeply")]) from None


def _parse(path: Path) -> Mapping[str, Json]:
    try:
        text = path.read_bytes().decode("utf-8")
        return cast(Mapping[str, Json], tomllib.loads(text, parse_float=Decimal))
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise ConfigError([Problem(str(path), message, "Run: loyalty init")]) from None
    except UnicodeDecodeError:
        problem = Problem(str(path), "is not UTF-8", "Save it as UTF-8.")
        raise ConfigError([problem]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem(str(path), f"is not TOML: {error}", "Mend the line.")]) from None


def plain(value: Any) -> Any:
    """The same document with TOML's dates, times and decimals as texts, as JSON would have it."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def effective(config: ProgramConfig) -> dict[str, Json]:
    """The configuration with every default written out, as JSON; not when it starts."""
    program = _full(replace(config.program, in_force_from=None))
    del program["in_force_from"]
    return {
        "program": program,
        "wallets": {name: _full(wallet) for name, wallet in config.wallets.items()},
        "checkout": _full(config.checkout),
        "rewards": {name: _full(reward) for name, reward in config.rewards.items()},
        "segments": {name: _full(segment) for name, segment in config.segments.items()},
        "campaigns": {name: _full(campaign) for name, campaign in config.campaigns.items()},
        "partners": {name: _full(partner) for name, partner in config.partners.items()},
        "plugins": cast(Json, dict(config.plugins)),
        "gateway": cast(Json, dict(config.gateway)),
        **({"household": _full(config.household)} if config.household else {}),
        **({"calendar": _full(config.calendar)} if config.calendar.kinds else {}),
    }


def _full(value: Any) -> dict[str, Json]:
    written = converter(0).unstructure(value)
    for name in value.__dataclass_fields__:
        item = getattr(value, name)
        if isinstance(item, Mapping):
            written[name] = {key: _full(inner) for key, inner in item.items()}
        else:
            nested = hasattr(item, "__dataclass_fields__")
            written[name] = _full(item) if nested else converter(0).unstructure(item)
    return cast(dict[str, Json], written)


def fingerprint(config: ProgramConfig) -> str:
    """A hash of everything that decides: the same rules have the same fingerprint."""
    decides = effective(config)
    del decides["gateway"]
    text = json.dumps(decides, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _faults(config: ProgramConfig) -> Iterator[Problem]:
    program = config.program
    if not is_section(program.id):
        remedy = "Use lower case letters, digits, - and _."
        yield Problem("program.id", f"{program.id!r} is not an id", remedy)
    yield from _currency("program.currency", program.currency)
    try:
        zone(program.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones
        remedy = "Use an IANA name such as Europe/Berlin."
        yield Problem("program.time_zone", f"{program.time_zone!r} is not a time zone", remedy)
    yield from _start_faults(program)
    if program.spend_until and not (program.ends_on and program.ends_on <= program.spend_until):
        remedy = "Write ends_on, no later than it, or leave it out."
        yield Problem("program.spend_until", "the program goes on after it", remedy)
    for name in ("join_wait_days", "unmerge_days"):
        days = getattr(program, name)
        if not 0 <= days <= _LONGEST["after_days"]:
            limits = f"from 0 to {_LONGEST['after_days']}"
            yield Problem(f"program.{name}", f"{days} is not {limits}")
    country = program.default_country
    if country and not re.fullmatch("[A-Z]{2}", country):
        remedy = "Use ISO 3166, such as DE."
        yield Problem("program.default_country", f"{country!r} is not a country code", remedy)
    for name, wallet in config.wallets.items():
        yield from _wallet_faults(f"wallets.{name}", name, wallet, program)
    yield from reward_faults(config)
    yield from segment_faults(config)
    for name, partner in config.partners.items():
        yield from _partner_faults(f"partners.{name}", name, partner, config)
    if config.household is not None:
        yield from _household_faults(config.household, config.wallets)


def _start_faults(program: Program) -> Iterator[Problem]:
    try:
        program.starts_at  # noqa: B018 - a moment that cannot be in UTC is a fault
    except OverflowError:
        yield Problem("program.in_force_from", f"{program.in_force_from} cannot be")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return  # the zone has its own fault


def _household_faults(rules: HouseholdRules, wallets: Mapping[str, Wallet]) -> Iterator[Problem]:
    where = "household"
    if not rules.wallets:
        remedy = "Add a table such as [household.wallets.points]."
        yield Problem(f"{where}.wallets", "no wallet is shared", remedy)
    for name, shared in rules.wallets.items():
        if name not in wallets:
            remedy = f"The wallets are: {', '.join(wallets)}."
            yield Problem(f"{where}.wallets.{name}", "there is no such wallet", remedy)
        if shared.per_day is not None and shared.per_day <= 0:
            message = f"{shared.per_day} is not positive"
            yield Problem(f"{where}.wallets.{name}.per_day", message)
    least, most = rules.limits
    for key, percent in (("least_share", least), ("share", rules.share), ("most_share", most)):
        if not 0 <= percent <= HUNDRED:
            yield Problem(f"{where}.{key}", f"{percent} is not from 0 to 100 percent")
        if len(str(percent).partition(".")[2]) > FINEST_SHARE:
            message = f"{percent} has more than {FINEST_SHARE} digits behind the point"
            yield Problem(f"{where}.{key}", message)
    if not least <= rules.share <= most:
        message = f"{rules.share} is not from {least} to {most}, the limits of it"
        yield Problem(f"{where}.share", message)
    if not 2 <= rules.most_members <= 1000:
        yield Problem(f"{where}.most_members", f"{rules.most_members} is not from 2 to 1000")
    if not 0 <= rules.days_between <= _LONGEST["after_days"]:
        limits = f"from 0 to {_LONGEST['after_days']}"
        yield Problem(f"{where}.days_between", f"{rules.days_between} is not {limits}")


def _wallet_faults(where: str, name: str, wallet: Wallet, program: Program) -> Iterator[Problem]:
    if not is_section(name):
        yield Problem(where, f"{name!r} is not an id", "Use lower case letters, digits, - and _.")
    if not 0 <= wallet.scale <= 6:
        yield Problem(f"{where}.scale", f"{wallet.scale} is not from 0 to 6")
    expiry = wallet.expiry
    for span, longest in _LONGEST.items():
        length = getattr(expiry, span)
        if length is not None and not 1 <= length <= longest:
            yield Problem(f"{where}.expiry.{span}", f"{length} is not from 1 to {longest}")
    for number in expiry.remind_days:
        if not 1 <= number <= LONGEST_REMINDER or expiry.remind_days.count(number) > 1:
            message = f"{number} is not from 1 to {LONGEST_REMINDER}, or there twice"
            yield Problem(f"{where}.expiry.remind_days", message)
    for day in expiry.on_dates:
        if not _is_month_day(day):
            remedy = 'Write month and day, such as "12-31"; 29 February is not in every year.'
            yield Problem(f"{where}.expiry.on_dates", f"{day!r} is not a day of each year", remedy)
    yield from _transfer_faults(f"{where}.transfer", wallet.transfer)
    for name, given in (("transfer", wallet.transfer.allowed), ("value", wallet.value)):
        if given and not wallet.spendable:
            yield Problem(f"{where}.{name}", "the wallet is not the members' to spend", "Leave it.")
    if wallet.value is not None:
        yield from _value_faults(f"{where}.value", wallet.value, program)


def _value_faults(where: str, value: PointsValue, program: Program) -> Iterator[Problem]:
    if value.points <= 0:
        yield Problem(f"{where}.points", f"{value.points} is not positive")
    currency = value.currency or program.currency
    faults = list(_currency(f"{where}.currency", currency))
    yield from faults
    if faults:
        return
    try:
        if parse_scaled(value.amount, minor_digits(currency)) <= 0:
            yield Problem(f"{where}.amount", f"{value.amount!r} is not positive")
    except LoyaltyError as error:
        yield Problem(f"{where}.amount", error.message, error.remedy)


def _partner_faults(
    where: str, name: str, partner: Partner, config: ProgramConfig
) -> Iterator[Problem]:
    if not is_section(name):
        yield Problem(where, f"{name!r} is not an id", "Name the section after the program's id.")
    if name == config.program.id:
        yield Problem(where, "a program is no partner of itself", "Name another program.")
    for wallet, accepted in partner.accepts.items():
        place = f"{where}.accepts.{wallet}"
        yield from _value_faults(f"{place}.value", accepted.value, config.program)
        if not 0 <= accepted.scale <= 6:
            yield Problem(f"{place}.scale", f"{accepted.scale} is not from 0 to 6")
    for wallet, paid in partner.pays.items():
        place = f"{where}.pays.{wallet}"
        yield from _value_faults(f"{place}.price", paid.price, config.program)
        if wallet not in config.wallets:
            known = ", ".join(config.wallets) or "none"
            message = f"the program has no wallet {wallet!r}"
            yield Problem(place, message, f"Its wallets: {known}.")
        elif not config.wallets[wallet].spendable:
            yield Problem(place, f"{wallet!r} is not the members' to spend", "Leave it.")
        if paid.most_per_month is not None and paid.most_per_month <= 0:
            yield Problem(f"{place}.most_per_month", f"{paid.most_per_month} is not positive")


def _transfer_faults(where: str, rules: TransferRules) -> Iterator[Problem]:
    for name in ("smallest", "largest", "per_day"):
        points = getattr(rules, name)
        if points is not None and points <= 0:
            yield Problem(f"{where}.{name}", f"{points} is not positive")
    most = min((limit for limit in (rules.largest, rules.per_day) if limit), default=None)
    if rules.smallest and most is not None and rules.smallest > most > 0:
        message = f"{rules.smallest} is more than the largest that may be given, {most}"
        yield Problem(f"{where}.smallest", message, "Then nothing could be given at all.")


def _is_month_day(day: str) -> bool:
    if not _MONTH_DAY.fullmatch(day):
        return False
    try:
        date.fromisoformat(f"2027-{day}")
    except ValueError:
        return False
    return True


def _currency(where: str, currency: str) -> Iterator[Problem]:
    try:
        minor_digits(currency)
    except LoyaltyError as error:
        yield Problem(where, error.message, error.remedy)
