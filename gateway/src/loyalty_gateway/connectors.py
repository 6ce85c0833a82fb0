"""Shops that are connected, as operators see them: how they stand, and what needs a look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, TypeAlias, cast

import strawberry

import loyalty_core as core
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.enums import ActionState, MessageState
from loyalty_gateway.errors import RequestRefused
from loyalty_gateway.failures import (
    ConnectorUnknown,
    PlatformUnavailable,
    UserError,
    attempted,
)
from loyalty_gateway.fields import resolved
from loyalty_gateway.members import First, Info, checked_size
from loyalty_gateway.operations import checked_count
from loyalty_gateway.scalars import Count

MOST_PAGES = 20
"""How many pages of a shop one request goes through: it is answered when that is done."""

ConnectorName = Annotated[
    strawberry.ID,
    strawberry.argument(description="The connector: plugin and account, such as shopify.main."),
]
AfterMessage = Annotated[
    strawberry.ID | None, strawberry.argument(description="The id of the last one had.")
]


@strawberry.type(description="Whether a shop answers and lets us do what we need.")
class ShopHealth:
    """It was asked now."""

    ok: bool = strawberry.field(description="Whether it does.")
    detail: str = strawberry.field(description="What it answered.")


@strawberry.type(description="What a shop sent, by what became of it.")
class InboxCounts:
    """What ended is counted for 90 days."""

    pending: Count = strawberry.field(description="To be taken in.")
    done: Count = strawberry.field(description="Booked.")
    ignored: Count = strawberry.field(description="Said nothing that matters, or let go.")
    dead: Count = strawberry.field(description="Could not be taken in: needs a look.")
    received_at: datetime | None = strawberry.field(description="When the latest came.")
    oldest_pending_at: datetime | None = strawberry.field(
        description="When the oldest came that is still to be taken in."
    )


@strawberry.type(description="What is done at a shop, by how far it is.")
class ActionCounts:
    """Codes made, balances shown, events told."""

    pending: Count = strawberry.field(description="To be done.")
    done: Count = strawberry.field(description="Done.")
    dead: Count = strawberry.field(description="Refused or tried for days: needs a look.")
    acted_at: datetime | None = strawberry.field(description="When something was done last.")
    failing_since: datetime | None = strawberry.field(
        description="Since when nothing could be done; null if the last thing was."
    )


@strawberry.type(description="Something in the shop that the books did not have, or otherwise.")
class Drift:
    """It is booked by now, unless it was refused."""

    what: str = strawberry.field(description="What, such as order 17 of shopify.")
    kind: str = strawberry.field(description="missing, different or refused.")


@strawberry.type(description="What a walk through a shop found.")
class Walk:
    """A comparison of the shop with the books; the difference is booked."""

    whole: bool = strawberry.field(description="Whether it began at the very start.")
    finished: bool = strawberry.field(description="Whether it came to the end.")
    pages: Count = strawberry.field(description="How many pages it went through.")
    inputs: Count = strawberry.field(description="How many things it looked at.")
    agreed: Count = strawberry.field(description="How many the books had as they are.")
    missing: Count = strawberry.field(description="How many the books did not have.")
    different: Count = strawberry.field(description="How many the books had otherwise.")
    refused: Count = strawberry.field(description="How many could not be booked.")
    drift: list[Drift] = strawberry.field(
        description="The first 100 that did not agree; of a whole walk those that were refused."
    )

    @classmethod
    def of(cls, report: core.WalkReport) -> Walk:
        """The report as clients see it."""
        return cls(
            whole=report.whole,
            finished=report.finished,
            pages=Count(report.pages),
            inputs=Count(report.inputs),
            agreed=Count(report.agreed),
            missing=Count(report.missing),
            different=Count(report.different),
            refused=Count(report.refused),
            drift=[Drift(what=one.what, kind=one.kind) for one in report.drift],
        )


@strawberry.type(description="A message that a shop sent; its body is not shown.")
class InboxMessage:
    """What became of it so far."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    topic: str = strawberry.field(description="What it is about, in the shop's own word.")
    state: MessageState = strawberry.field(description="Where it stands.")
    attempts: Count = strawberry.field(description="How often it could not be taken in.")
    inputs: Count = strawberry.field(description="How many facts and others it came to.")
    received_at: datetime = strawberry.field(description="When it came.")
    ended_at: datetime | None = strawberry.field(description="When it was done with.")
    next_attempt_at: datetime | None = strawberry.field(description="When it is tried next.")
    code: str | None = strawberry.field(description="The code of why it could not be taken in.")
    error: str | None = strawberry.field(description="Why it could not be taken in.")


@strawberry.type(description="Something that was done at a shop, or is to be.")
class ShopAction:
    """What is done is computed when it is done."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    about: str = strawberry.field(description="A reward, member, or the type of an event.")
    member_id: strawberry.ID | None = strawberry.field(description="The member concerned.")
    state: ActionState = strawberry.field(description="Where it stands.")
    attempts: Count = strawberry.field(description="How often it could not be done.")
    noted_at: datetime = strawberry.field(description="Since when it was to be done.")
    ended_at: datetime | None = strawberry.field(description="When it was done, or given up.")
    next_attempt_at: datetime | None = strawberry.field(description="When it is tried next.")
    error: str | None = strawberry.field(description="Why it could not be done.")


@strawberry.type(description="One account of a shop platform that the program is connected to.")
class Connector:
    """How it stands."""

    id: strawberry.ID = strawberry.field(description="Plugin and account, such as shopify.main.")
    plugin: str = strawberry.field(description="The plugin that connects it.")
    receives: bool = strawberry.field(description="Whether the shop sends webhooks.")
    walks: bool = strawberry.field(description="Whether shop and books can be compared.")
    acts: bool = strawberry.field(description="Whether something is done at the shop.")
    disabled_at: datetime | None = strawberry.field(
        description="When it was switched off; null if it is on."
    )
    disabled_for: str | None = strawberry.field(description="Why it was switched off.")
    messages: InboxCounts = strawberry.field(description="What the shop sent.")
    actions: ActionCounts = strawberry.field(description="What is done at the shop.")
    backfilled_at: datetime | None = strawberry.field(
        description="When the whole history was booked; null if it was not yet."
    )
    walked_at: datetime | None = strawberry.field(description="When a walk came to its end last.")
    last_walk: Walk | None = strawberry.field(description="What the latest walk found so far.")

    @classmethod
    def of(cls, status: core.ConnectorStatus) -> Connector:
        """The status as clients see it."""
        return cls(
            id=strawberry.ID(status.connector),
            plugin=status.plugin,
            receives=status.receives,
            walks=status.walks,
            acts=status.acts,
            disabled_at=status.disabled_at,
            disabled_for=status.disabled_for or None,
            messages=InboxCounts(
                pending=Count(status.pending),
                done=Count(status.done),
                ignored=Count(status.ignored),
                dead=Count(status.dead),
                received_at=status.received_at,
                oldest_pending_at=status.oldest_pending_at,
            ),
            actions=ActionCounts(
                pending=Count(status.actions_pending),
                done=Count(status.actions_done),
                dead=Count(status.actions_dead),
                acted_at=status.acted_at,
                failing_since=status.failing_since,
            ),
            backfilled_at=status.backfilled_at,
            walked_at=status.walked_at,
            last_walk=Walk.of(status.last_walk) if status.last_walk else None,
        )

    @resolved("Whether the shop answers: it is asked now.")
    async def health(self, info: Info) -> ShopHealth | None:
        """The health; it takes as long as the shop does."""
        found = await info.context.in_thread(info.context.loyalty.connector_health, self.id)
        return ShopHealth(ok=found.ok, detail=found.detail)

    @resolved("What the shop sent, latest first.")
    async def inbox(
        self,
        info: Info,
        state: Annotated[
            MessageState | None, strawberry.argument(description="Only those that stand so.")
        ] = None,
        first: First = 20,
        after: AfterMessage = None,
    ) -> list[InboxMessage] | None:
        """A page of messages."""
        checked_size(first)
        wanted = None if state is None else core.MessageState[state.name]
        ask = partial(info.context.loyalty.connector_inbox, self.id)
        found = await info.context.in_thread(ask, state=wanted, first=first, after=after)
        return [_message(one) for one in found]

    @resolved("What was done at the shop, and is to be, latest first.")
    async def log(
        self, info: Info, first: First = 20, after: AfterMessage = None
    ) -> list[ShopAction] | None:
        """A page of actions."""
        checked_size(first)
        ask = partial(info.context.loyalty.connector_log, self.id)
        found = await info.context.in_thread(ask, first=first, after=after)
        return [_action(one) for one in found]


def _message(one: core.LoggedMessage) -> InboxMessage:
    return InboxMessage(
        id=strawberry.ID(one.id),
        topic=one.topic,
        state=MessageState[one.state.name],
        attempts=Count(one.attempts),
        inputs=Count(one.inputs),
        received_at=one.received_at,
        ended_at=one.ended_at,
        next_attempt_at=one.next_attempt_at,
        code=one.code or None,
        error=one.error or None,
    )


def _action(one: core.LoggedAction) -> ShopAction:
    return ShopAction(
        id=strawberry.ID(one.id),
        about=one.about,
        member_id=strawberry.ID(one.member_id) if one.member_id else None,
        state=ActionState[one.state.name],
        attempts=Count(one.attempts),
        noted_at=one.noted_at,
        ended_at=one.ended_at,
        next_attempt_at=one.next_attempt_at,
        error=one.error or None,
    )


@strawberry.type(description="What became of messages and actions that needed a look.")
class Looked:
    """Those among them that were dead."""

    changed: Count = strawberry.field(description="How many there were.")
    connector: Connector = strawberry.field(description="The connector after it.")


ConnectorResult: TypeAlias = Annotated[
    Connector | ConnectorUnknown,
    strawberry.union("ConnectorResult", description="The connector after it, or why not."),
]
LookedResult: TypeAlias = Annotated[
    Looked | ConnectorUnknown,
    strawberry.union("LookedResult", description="What was changed, or why nothing was."),
]
ReconcileResult: TypeAlias = Annotated[
    Walk | ConnectorUnknown | PlatformUnavailable,
    strawberry.union("ReconcileResult", description="What was found, or why nothing was."),
]


@strawberry.type(description="The shops that the program is connected to.")
class ConnectorQuery:
    """The part of the operators' questions that is about shops."""

    @resolved("Every shop that the program is connected to; no shop is asked.")
    async def connectors(self, info: Info) -> list[Connector] | None:
        """The connectors."""
        context = info.context
        names = [one.id for one in context.loyalty.connectors]
        return [
            Connector.of(await context.in_thread(context.loyalty.connector_status, name))
            for name in names
        ]

    @resolved("One of the shops that the program is connected to.")
    async def connector(self, info: Info, id: ConnectorName) -> Connector | None:
        """The connector; null if there is none of this name."""
        context = info.context
        try:
            found = await context.in_thread(context.loyalty.connector_status, id)
        except core.ConnectorUnknown:
            return None
        return Connector.of(found)


@strawberry.type(description="What operators do about connected shops.")
class ConnectorMutation:
    """The part of the operators' commands that is about shops."""

    @resolved("Compares what changed in a shop with the books, and books the difference.")
    async def reconcile_connector(
        self,
        info: Info,
        connector: ConnectorName,
        pages: Annotated[
            int,
            strawberry.argument(
                description="How many pages of the shop, from 1 to 20; while the walk is not "
                "finished, ask again."
            ),
        ] = 1,
    ) -> ReconcileResult | None:
        """What was found in so many pages."""
        if not 1 <= pages <= MOST_PAGES:
            message = f"pages is {pages}, it must be from 1 to {MOST_PAGES}"
            raise RequestRefused(message, code="BAD_REQUEST", where="pages")
        context = info.context
        walk = partial(context.loyalty.reconcile, connector, pages=pages)
        made = await attempted(context, ReconcileResult, walk)
        return cast(ReconcileResult, made) if isinstance(made, UserError) else Walk.of(made)

    @resolved("Tries dead messages and actions again, with the next tick; all, or these.")
    async def replay_connector(
        self,
        info: Info,
        connector: ConnectorName,
        ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Their ids, 100 at most by default."),
        ] = None,
    ) -> LookedResult | None:
        """How many are tried again."""
        chosen = None if ids is None else list(ids)
        checked_count(info.context, len(chosen or ()), "ids")
        again = partial(info.context.loyalty.replay, connector, ids=chosen)
        return await _looked(info.context, connector, again)

    @resolved("Lets dead messages go: they are not tried again and need no look any more.")
    async def skip_messages(
        self,
        info: Info,
        connector: ConnectorName,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description="Their ids, 100 at most by default."),
        ],
    ) -> LookedResult | None:
        """How many were let go."""
        checked_count(info.context, len(ids), "ids")
        skip = partial(info.context.loyalty.skip, connector, ids=list(ids))
        return await _looked(info.context, connector, skip)

    @resolved("Switches a connector on again; what waited is done with the next tick.")
    async def enable_connector(
        self, info: Info, connector: ConnectorName
    ) -> ConnectorResult | None:
        """The connector."""
        context = info.context
        made = await attempted(
            context, ConnectorResult, context.loyalty.enable_connector, connector
        )
        return cast(ConnectorResult, made) if isinstance(made, UserError) else Connector.of(made)


async def _looked(
    context: GatewayContext, connector: str, command: Callable[[], int]
) -> LookedResult:
    made = await attempted(context, LookedResult, command)
    if isinstance(made, UserError):
        return cast(LookedResult, made)
    status = await context.in_thread(context.loyalty.connector_status, connector)
    return Looked(changed=Count(made), connector=Connector.of(status))
