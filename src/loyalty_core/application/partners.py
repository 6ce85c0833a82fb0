"""What programs of one database agree on: the points they accept, and what they pay for them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from loyalty_core.application.config import load_config
from loyalty_core.application.rules import Rules
from loyalty_core.domain.events import Event
from loyalty_core.domain.members import MemberId
from loyalty_core.domain.partners import AccountLink, PartnerPoints, Price
from loyalty_core.domain.programs import Paid, ProgramConfig
from loyalty_core.errors import AgreementMissing, LinkRefused
from loyalty_core.ports.partners import PartnerReader
from loyalty_core.ports.program import Owned, RewardKind, Subscription
from loyalty_core.ports.store import UnitOfWork

logger = logging.getLogger("loyalty_core")


def partner_rewards(config: ProgramConfig) -> dict[str, Owned[RewardKind]]:
    """The rewards that are paid with partners' points, by name; no plugin owns them."""
    found: dict[str, Owned[RewardKind]] = {}
    for partner, agreed in config.partners.items():
        for wallet, accepted in agreed.accepts.items():
            price = Price.of(accepted.value, accepted.scale, config.program.currency)
            reward = PartnerPoints(partner, wallet, accepted, price)
            found[reward.id] = Owned("", reward)
    return found


def rules_of(reader: PartnerReader, program: str) -> Rules:
    """The rules by which another program's books are kept, as it was opened last.

    They say what booking needs: wallets, and who is told. Raises ``AgreementMissing``.
    """
    presence = reader.presence(program)
    if presence is None:
        raise AgreementMissing(
            f"the program {program!r} was never opened with partners in this database",
            where=f"partners.{program}",
            program=program,
        )
    config = replace(load_config(presence.document), version=presence.version)
    subscribed = {
        event: [Owned("", elsewhere(event, name)) for name in names]
        for event, names in presence.subscriptions.items()
    }
    return Rules(config, subscriptions=subscribed)


def elsewhere(event: str, name: str) -> Subscription:
    """A subscription that is not handled by what made it, but by another part or program."""

    def handler(event: Event) -> None:
        raise NotImplementedError(name)

    return Subscription(id=name, event_type=event, handler=handler)


def agreed(ours: ProgramConfig, theirs: ProgramConfig, wallet: str) -> tuple[Price, Paid]:
    """What the other program owes us for points of its wallet, and its own conditions.

    Raises ``AgreementMissing`` where the two configurations do not say the same.
    """
    us, partner = ours.program.id, theirs.program.id
    accepted = ours.partners[partner].accepts[wallet]
    their_side = theirs.partners.get(us)
    paid = their_side.pays.get(wallet) if their_side else None
    if paid is None:
        raise AgreementMissing(
            f"{partner!r} pays nothing for {wallet!r} spent at {us!r}",
            where=f"partners.{us}.pays.{wallet}",
            remedy=f"Add that section to the configuration of {partner!r}, and open it once.",
            program=partner,
        )
    scale = theirs.wallets[wallet].scale
    if scale != accepted.scale:
        raise AgreementMissing(
            f"{wallet!r} of {partner!r} has {scale} decimal digits, not {accepted.scale}",
            where=f"partners.{partner}.accepts.{wallet}.scale",
            remedy=f"Set scale = {scale} here.",
            program=partner,
        )
    return Price.of(paid.price, scale, theirs.program.currency), paid


def linked(reader: PartnerReader, member_id: str, partner: str) -> AccountLink:
    """The link of a member to one of a partner; raises ``LinkRefused``."""
    found = reader.links_of(member_id, partner)
    if not found:
        raise LinkRefused(
            f"the member is not linked to a member of {partner!r}",
            where="member_id",
            remedy="Link them once the person has shown that both accounts are theirs.",
            member_id=member_id,
        )
    return found[0]


def lock_across(members: Mapping[UnitOfWork, Iterable[MemberId]]) -> None:
    """Locks members of several programs in one order, that of their ids."""
    owned = {member: uow for uow, some in members.items() for member in some}
    for member in sorted(owned):
        owned[member].lock_members([member])


def join(uow: UnitOfWork, rules: Rules) -> Rules:
    """The rules, knowing whether there is anything to do with partners; they are told of us.

    What a partner does not agree to is logged: no partner may keep us from starting. Of those who
    start the first time, one is first: that the other is not there yet is no warning then.
    """
    config = rules.config
    if not config.partners:
        return replace(rules, coalition=uow.hosted())
    again = uow.presence(config.program.id) is not None
    uow.announce({event: rules.subscribers(event) for event in rules.subscriptions})
    for partner, ours in config.partners.items():
        for wallet in ours.accepts:
            try:
                agreed(config, rules_of(uow, partner).config, wallet)
            except AgreementMissing as error:
                level = logging.WARNING if again or uow.presence(partner) else logging.INFO
                logger.log(level, "points of %s cannot be spent here yet: %s", partner, error)
    return replace(rules, coalition=True)
