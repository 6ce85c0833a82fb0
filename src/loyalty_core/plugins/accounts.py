"""What can be wrong with the settings of a connected shop, whatever platform it is on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from loyalty_core.domain.catalogue import RewardType
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.plugin_states import PersonalData
from loyalty_core.domain.programs import ProgramConfig
from loyalty_core.errors import CurrencyUnknown, Problem

MOST_MINUTES = 10_080
LOCAL = ("127.0.0.1", "::1", "localhost")
_URL = "Write an https URL, such as https://shop.example."
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


class ConnectedAccount(Protocol):
    """One account of a platform, as a merchant writes it: what such settings have in common."""

    @property
    def account(self) -> str:
        """Its name here, which stands in the URL of its webhooks."""
        ...

    @property
    def source(self) -> str:
        """The source of its facts, empty for the account's name."""
        ...

    @property
    def poll_minutes(self) -> int:
        """How often `tick` looks for what webhooks missed, 0 for never."""
        ...


class ShopAccount(ConnectedAccount, Protocol):
    """An account that is a shop, where what points buy can be taken."""

    @property
    def currency(self) -> str:
        """The shop's currency, empty for the program's."""
        ...

    @property
    def rewards(self) -> Sequence[str]:
        """The rewards whose codes are made there."""
        ...


def connected_problems(where: str, accounts: Sequence[ConnectedAccount]) -> list[Problem]:
    """What is wrong with the names, sources and polling of accounts, each with its place.

    ``where`` is the place of their list, such as ``plugins.stripe.account``.
    """
    problems: list[Problem] = []
    names: set[str] = set()
    sources: set[str] = set()
    for place, account in enumerate(accounts):
        here = f"{where}[{place}]"
        problems += _name(here, account, names, sources)
        if not 0 <= account.poll_minutes <= MOST_MINUTES:
            message = f"{account.poll_minutes} is not from 0 to {MOST_MINUTES:,}"
            problems.append(Problem(f"{here}.poll_minutes", message))
    return problems


def account_problems(
    where: str,
    accounts: Sequence[ShopAccount],
    program: ProgramConfig,
    makes: Collection[RewardType],
) -> list[Problem]:
    """What is wrong with shops on a platform in what they all have, each with its place.

    ``where`` is the place of their list, such as ``plugins.shopify.shop``, and ``makes`` the kinds
    of rewards that a shop on this platform can make.
    """
    problems = connected_problems(where, accounts)
    for place, account in enumerate(accounts):
        here = f"{where}[{place}]"
        problems += _currency(here, account)
        problems += _rewards(here, account, program, makes)
    return problems


def reward_kinds(account: ShopAccount, program: ProgramConfig) -> set[RewardType]:
    """The kinds of rewards whose codes an account makes."""
    known = (program.rewards.get(name) for name in account.rewards)
    return {reward.kind for reward in known if reward is not None}


def leads_here(url: str, connector: str) -> bool:
    """Whether webhooks that a platform sends to a URL come to the connector with this id."""
    try:
        return urlsplit(url).path.endswith(f"/webhooks/{connector.replace('.', '/')}")
    except ValueError:
        return False


def shop_data(facts: str) -> tuple[PersonalData, ...]:
    """What a connector of shops keeps of members, for its manifest: ``facts`` says what it reads.

    Codes and what members have are written by the core's own road, so this holds for all of them.
    """
    return (
        PersonalData(what=facts, where="facts", why="They are what points are earned by."),
        PersonalData(
            what="Codes that members bought and, with `show_members`, their balance and tier.",
            where="outside",
            why="So that they can be used and seen in the shop.",
            erasure="Codes that are open are dropped there; what is shown of a customer goes with "
            "the customer.",
        ),
    )


def code_problems(
    account: ShopAccount,
    program: ProgramConfig,
    kinds: Collection[RewardType],
    fits: re.Pattern[str],
    message: str,
) -> Iterator[Problem]:
    """What is wrong with the codes that are drawn for an account's rewards of these ``kinds``.

    Every code that could be drawn has to be one that the platform takes: ``fits`` says which those
    are, a place at a time, and ``message`` says it to people. Codes of a pool were made elsewhere.
    """
    for name in account.rewards:
        reward = program.rewards.get(name)
        code = reward.code if reward and reward.kind in kinds else None
        if code is None or code.pool:
            continue
        if not all(fits.fullmatch(code.prefix + letter * code.length) for letter in code.alphabet):
            remedy = "Mend prefix, length or alphabet."
            yield Problem(f"rewards.{name}.code", f"{name!r}: {message}", remedy)


def signer_problems(where: str, references: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with the number of secrets that sign an account's webhooks: one, or two.

    Two are the new one and the old one, while it changes. ``where`` is the place of the account.
    """
    if not 1 <= len(references) <= 2:
        yield Problem(f"{where}.secrets", f"{len(references)} secrets", "Name one, or two.")


def url_problems(
    where: str, url: str, *, path: bool = True, query: bool = False
) -> Iterator[Problem]:
    """What is wrong with a URL that keys are sent to: it is of https, and has no keys in itself.

    ``where`` is the place of the setting; ``path`` and ``query`` say whether it may have them. On
    this machine http is fine, as a double has it.
    """
    try:
        parts = urlsplit(url)
        schemes = ("https", "http") if parts.hostname in LOCAL else ("https",)
        fits = bool(parts.hostname) and parts.scheme in schemes and parts.port != 0
    except ValueError:
        yield Problem(where, "it is no URL", _URL)
        return
    over = [("a name or password", parts.username), ("a fragment", parts.fragment)]
    over += [] if query else [("a query", parts.query)]
    over += [] if path else [("a path", parts.path.strip("/"))]
    if found := [name for name, there in over if there]:
        yield Problem(where, f"the URL has {' and '.join(found)}", _URL)
    elif not fits:
        yield Problem(where, f"{url[:60]!r} is no https URL", _URL)


def _name(
    where: str, account: ConnectedAccount, names: set[str], sources: set[str]
) -> Iterator[Problem]:
    name, source = account.account, account.source or account.account
    if not _NAME.fullmatch(name):
        remedy = "Use lower case letters, digits, - and _."
        yield Problem(f"{where}.account", f"{name[:60]!r} cannot be in a URL", remedy)
    elif name in names:
        yield Problem(f"{where}.account", f"{name!r} is there already")
    elif source in sources:
        remedy = "Orders and customers are known by their source: give each account its own."
        yield Problem(f"{where}.source", f"{source!r} is that of another account", remedy)
    names.add(name)
    sources.add(source)


def _currency(where: str, account: ShopAccount) -> Iterator[Problem]:
    if account.currency:
        try:
            minor_digits(account.currency)
        except CurrencyUnknown as error:
            yield Problem(f"{where}.currency", error.message, error.remedy)


def _rewards(
    where: str, account: ShopAccount, program: ProgramConfig, makes: Collection[RewardType]
) -> Iterator[Problem]:
    """What cannot be made there; that the rewards are in the catalogue is the core's to check."""
    money = account.currency or program.program.currency
    for name in account.rewards:
        reward = program.rewards.get(name)
        if reward is None:
            continue
        if reward.kind not in makes:
            remedy = f"It makes {', '.join(makes)}." if makes else "It makes none."
            yield Problem(f"{where}.rewards", f"{name!r} is a {reward.kind}", remedy)
        priced = bool(reward.amount or reward.rate or reward.min_order)
        if priced and money != program.program.currency:
            message = f"{name!r} is worth {program.program.currency}, and the shop has {money}"
            yield Problem(f"{where}.rewards", message, "Only percents can be taken off there.")
