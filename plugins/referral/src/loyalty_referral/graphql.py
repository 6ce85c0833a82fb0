"""What the plugin adds to the gateway: a member's referrals and groups, and what they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, TypeAlias, cast

import strawberry

from loyalty_core import Json, Scalar
from loyalty_gateway.extension import (
    ContributedField,
    GatewayContext,
    GraphQLExtension,
    Permission,
)
from loyalty_referral import sharing

Info: TypeAlias = strawberry.Info[GatewayContext, None]
Key = Annotated[
    str,
    strawberry.argument(description="Your own key: sent again, nothing is done a second time."),
]
Code = Annotated[str, strawberry.argument(description="The code of who opened the group.")]
Group = Annotated[str, strawberry.argument(description="The group's name.")]


@strawberry.type(description="What a member gives to friends.")
class ReferralLink:
    """The address is null where the program has none."""

    code: str = strawberry.field(description="The member's code.")
    url: str | None = strawberry.field(description="The address with the code in it.")


@strawberry.type(description="Whose friend the member is, without saying who that is.")
class ReferralClaim:
    """Asked while nobody has the code."""

    state: str = strawberry.field(description="asked, accepted or refused.")
    reason: str = strawberry.field(description="The check that refused, by its name.")
    why: str = strawberry.field(description="Why it was refused, in words.")
    at: datetime = strawberry.field(description="When the member asked.")


@strawberry.type(description="A friend of the member, without saying who that is.")
class ReferralFriend:
    """One of the latest fifty."""

    referral: strawberry.ID = strawberry.field(description="A name for it that says nothing.")
    state: str = strawberry.field(description="refused, signed_up, bought or rewarded.")
    reason: str = strawberry.field(description="The check that refused, by its name.")
    why: str = strawberry.field(description="Why it was refused, in words.")
    at: datetime = strawberry.field(description="When the friend came.")
    due_at: datetime | None = strawberry.field(
        description="When the reward comes, if it waits for a return window."
    )


@strawberry.type(description="How far the member is towards what a number of friends brings.")
class ReferralMilestone:
    """One that is repeated begins anew."""

    milestone: str = strawberry.field(description="The milestone.")
    name: str = strawberry.field(description="What members call it.")
    have: int = strawberry.field(description="How many friends there are.")
    needs: int = strawberry.field(description="How many it takes.")
    times: int = strawberry.field(description="How often it was reached.")


@strawberry.type(description="A group that the member has opened.")
class ReferralGroup:
    """Friends join it by the member's code and its name."""

    group: str = strawberry.field(description="The group's name.")
    deal: str = strawberry.field(description="What is bought.")
    name: str = strawberry.field(description="What members call that.")
    state: str = strawberry.field(description="open, won or lost.")
    have: int = strawberry.field(description="How many are in it.")
    needs: int = strawberry.field(description="How many it takes.")
    most: int = strawberry.field(description="How many there can be.")
    closes_at: datetime = strawberry.field(description="When its time is over.")


@strawberry.type(description="A place of the member in somebody's group.")
class ReferralPlace:
    """The group by the code of who opened it, a slash, and its name."""

    group: str = strawberry.field(description="The group.")
    state: str = strawberry.field(description="asked, in, refused, left, won or lost.")
    reason: str = strawberry.field(description="Why it was refused, by name.")
    why: str = strawberry.field(description="Why it was refused, in words.")


@strawberry.type(description="What there is to show of a member's referrals and groups.")
class ReferralOverview:
    """Nobody else is named in it."""

    link: ReferralLink | None = strawberry.field(description="Null until it is first drawn.")
    invited_by: ReferralClaim | None = strawberry.field(description="Whose friend they are.")
    accepted: int = strawberry.field(description="How many friends were accepted.")
    friends: list[ReferralFriend] = strawberry.field(description="The latest, oldest first.")
    milestones: list[ReferralMilestone] = strawberry.field(description="The milestones.")
    groups: list[ReferralGroup] = strawberry.field(description="Groups they opened.")
    places: list[ReferralPlace] = strawberry.field(description="Groups they are in.")


async def referral(root: strawberry.Parent[object], info: Info) -> ReferralOverview | None:
    """The member's referrals and groups."""
    return await _overview(str(getattr(root, "id", "")), info.context)


async def draw(info: Info) -> ReferralLink | None:
    """The link of the member who is signed in; which code it is, is the shop's to say."""
    context = info.context
    me = await context.me()
    made = await context.in_thread(sharing.link_of, context.loyalty, me)
    context.forget(me)
    return _link(made)


async def claim(
    info: Info,
    idempotency_key: Key,
    code: Annotated[
        str | None,
        strawberry.argument(description="The friend's code; the link followed if left out."),
    ] = None,
    device: Annotated[
        str | None, strawberry.argument(description="What tells this device from others.")
    ] = None,
) -> ReferralOverview | None:
    """Says by whose code the member who is signed in has come."""
    data: dict[str, Scalar] = {"device": device} if device else {}
    return await _done(info.context, sharing.claim, code or "", key=idempotency_key, data=data)


async def open_group(
    info: Info,
    idempotency_key: Key,
    deal: Annotated[str, strawberry.argument(description="What is to be bought.")],
    group: Group,
) -> ReferralOverview | None:
    """Opens a group of the member who is signed in."""
    return await _done(info.context, sharing.open_group, deal, group, key=idempotency_key)


async def join_group(
    info: Info, idempotency_key: Key, code: Code, group: Group
) -> ReferralOverview | None:
    """Takes a place for the member who is signed in."""
    return await _done(info.context, sharing.join_group, code, group, key=idempotency_key)


async def leave_group(
    info: Info, idempotency_key: Key, group: Group, code: Code = ""
) -> ReferralOverview | None:
    """Gives the place of the member who is signed in back."""
    return await _done(info.context, sharing.leave_group, group, code, key=idempotency_key)


async def _done(
    context: GatewayContext,
    command: Callable[..., Mapping[str, Json]],
    *given: str,
    key: str,
    **named: object,
) -> ReferralOverview:
    """Does it for the member who is signed in: keys are their own, whatever others send."""
    me = await context.me()
    own = f"{command.__name__}-{me}-{key}"
    await context.in_thread(command, context.loyalty, me, *given, key=own, **named)
    context.forget(me)
    return await _overview(me, context)


async def _overview(member_id: str, context: GatewayContext) -> ReferralOverview:
    statement = await context.load_statement(member_id)
    link = sharing.known_link(context.loyalty, statement.member)
    shown = cast(Mapping[str, Any], statement.shown.get("referral", {}))
    invited_by = shown.get("invited_by")
    return ReferralOverview(
        link=_link(link) if link else None,
        invited_by=ReferralClaim(**_dated(invited_by)) if invited_by else None,
        accepted=shown.get("accepted", 0),
        friends=[ReferralFriend(**_dated(one)) for one in shown.get("friends", ())],
        milestones=[ReferralMilestone(**one) for one in shown.get("milestones", ())],
        groups=[ReferralGroup(**_dated(one)) for one in shown.get("groups", ())],
        places=[ReferralPlace(**one) for one in shown.get("places", ())],
    )


def _link(link: sharing.Link) -> ReferralLink:
    return ReferralLink(code=link.code, url=link.url or None)


def _dated(one: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown, with moments as such."""
    made = dict(one)
    for name in ("at", "due_at", "closes_at"):
        if made.get(name):
            made[name] = datetime.fromisoformat(made[name])
    return made


EVERYBODY = frozenset({Permission.MEMBER, Permission.ADMIN})
MEMBERS = frozenset({Permission.MEMBER})
extension = GraphQLExtension(
    mutations=tuple(
        ContributedField(name=name, resolver=resolver, description=text, permissions=MEMBERS)
        for name, resolver, text in (
            ("referralDrawLink", draw, "Gives the member a code and a link to share."),
            ("referralClaim", claim, "Says by whose code the member has come."),
            ("referralOpenGroup", open_group, "Opens a group that buys together."),
            ("referralJoinGroup", join_group, "Takes a place in a group."),
            ("referralLeaveGroup", leave_group, "Gives a place in a group back."),
        )
    ),
    fields={
        "Member": (
            ContributedField(
                name="referral",
                resolver=referral,
                description="The member's referrals and groups.",
                permissions=EVERYBODY,
            ),
        )
    },
)
