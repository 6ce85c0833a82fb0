"""What commands need around the facade: opening it, finding members, reading amounts and files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import typer

from loyalty_core.cli.options import read_moment
from loyalty_core.domain.amounts import parse_scaled
from loyalty_core.domain.decisions import Trace
from loyalty_core.domain.members import IdentityKind, Member
from loyalty_core.errors import FactError, MemberNotFound, WalletUnknown
from loyalty_core.loyalty import Loyalty


@contextmanager
def opened(
    config: Path, database: str | None, at: str | None = None, trace: Trace | None = None
) -> Iterator[Loyalty]:
    """The program of the configuration, closed at the end; with ``at``, its clock stands there."""
    with Loyalty.open(config, database, trace=trace) as loyalty:
        yield loyalty._asked_at(read_moment(at)) if at else loyalty


def identity_of(text: str) -> tuple[str, str]:
    """The kind and the value of an identity such as ``email:ada@example.org``."""
    kind, _, value = text.partition(":")
    if kind not in set(IdentityKind):
        kinds = ", ".join(IdentityKind)
        raise typer.BadParameter(f"{kind!r} is not a kind of identity: {kinds}")
    return kind, value


def member_of(loyalty: Loyalty, text: str, source: str = "") -> Member:
    """The member that an id, or an identity such as ``email:ada@example.org``, names.

    Raises ``MemberNotFound``, ``IdentityInvalid``.
    """
    if ":" not in text:
        return loyalty.member(text)
    kind, value = identity_of(text)
    found = loyalty.find({kind: value}, source=source)
    if found is None:
        at = f" of source {source!r}" if source else ""
        remedy = "" if source or kind != "customer_id" else "Name the shop with --source."
        raise MemberNotFound(f"nobody is known by {kind} {value!r}{at}", remedy=remedy)
    return found


def wallet_named(loyalty: Loyalty, name: str | None) -> str:
    """The wallet meant: the one named, or the program's only one; raises ``WalletUnknown``."""
    wallets = loyalty.config.wallets
    if name is None and len(wallets) == 1:
        return next(iter(wallets))
    if name is None:
        raise WalletUnknown(
            "the program has several wallets", remedy=f"Add --wallet: {', '.join(wallets)}."
        )
    if name not in wallets:
        raise WalletUnknown(
            f"the program has no wallet {name!r}", remedy=f"Its wallets: {', '.join(wallets)}."
        )
    return name


def points_of(loyalty: Loyalty, wallet: str, text: str) -> int:
    """A decimal of whole points in the wallet's smallest unit; raises ``AmountInvalid``."""
    return parse_scaled(text, loyalty.config.scale(wallet) or 0)


@contextmanager
def reading(name: str) -> Iterator[BinaryIO]:
    """The bytes of a file, or of standard input for ``-``; raises ``FactError``."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - what the block raises is not ours
    except OSError as error:
        raise FactError(
            f"the file cannot be read: {error.strerror}", where=name, remedy="Check the path."
        ) from None
    with file:
        yield file
