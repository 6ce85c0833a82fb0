"""Segments as clients see them; members are not told of hidden ones."""

from __future__ import annotations

from datetime import datetime

import strawberry

import loyalty_core as core
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.fields import ADMIN
from loyalty_gateway.scalars import Count


@strawberry.type(description="A segment that a member is in, as of the last count.")
class HeldSegment:
    """A segment and since when."""

    segment: str = strawberry.field(description="The segment's id.")
    name: str = strawberry.field(description="What members call it.")
    since: datetime = strawberry.field(description="Since when the member is in it.")
    visible: bool = strawberry.field(description="Whether members are told.", metadata=ADMIN)


@strawberry.type(description="A segment with its size, as of the last count.")
class Segment:
    """How many members are in it, of how many."""

    segment: str = strawberry.field(description="The segment's id.")
    name: str = strawberry.field(description="What members call it.")
    visible: bool = strawberry.field(description="Whether members are told.")
    members: Count = strawberry.field(description="How many members are in it.")
    of: Count = strawberry.field(description="How many members there are in all.")


@strawberry.type(description="Every segment of the program, as of the last count.")
class SegmentReport:
    """The segments, and when they were counted."""

    counted_at: datetime | None = strawberry.field(
        description="When they were counted; null before the first time."
    )
    segments: list[Segment] = strawberry.field(description="The segments.")

    @classmethod
    def of(cls, found: core.SegmentReport) -> SegmentReport:
        """The report as clients see it."""
        return cls(
            counted_at=found.counted_at,
            segments=[
                Segment(
                    segment=one.segment,
                    name=one.name,
                    visible=one.visible,
                    members=Count(one.members),
                    of=Count(one.of),
                )
                for one in found.segments
            ],
        )


def segments_of(statement: core.Statement, context: GatewayContext) -> list[HeldSegment]:
    """The segments a member is in; all of them for operators, those visible for the member."""
    return [
        HeldSegment(segment=one.segment, name=one.name, since=one.since, visible=one.visible)
        for one in statement.segments
        if context.operator or one.visible
    ]
