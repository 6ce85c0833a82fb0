"""What the plugin adds to the gateway. The one module that imports it."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import strawberry
from loyalty_gateway.extension import (
    ContributedField,
    GatewayContext,
    GraphQLExtension,
    Permission,
)

from loyalty_book_club.tables import most_read, pages_of

MOST = 100
Info: TypeAlias = strawberry.Info[GatewayContext, None]


@strawberry.type(description="A book, and how many members have read it.")
class BookClubTitle:
    """One line of the list."""

    isbn: str = strawberry.field(description="The book, by its ISBN.")
    readers: int = strawberry.field(description="How many members have read it.")
    stars: int = strawberry.field(description="The sum of the stars it got.")
    rated: int = strawberry.field(description="How many gave it stars.")


@strawberry.type(description="What a member has read.")
class BookClubReading:
    """Counted when it is asked."""

    books: int = strawberry.field(description="How many books.")
    pages: int = strawberry.field(description="How many pages they have together.")
    latest: str | None = strawberry.field(description="The latest of them, by its ISBN.")


async def most_read_books(
    info: Info,
    first: Annotated[int, strawberry.argument(description="How many, at most 100.")] = 10,
) -> list[BookClubTitle] | None:
    """The books that most members have read."""
    wanted = max(0, min(first, MOST))
    found = await info.context.in_thread(most_read, info.context.loyalty, first=wanted)
    return [
        BookClubTitle(isbn=one.isbn, readers=one.readers, stars=one.stars, rated=one.rated)
        for one in found
    ]


async def reading(root: strawberry.Parent[object], info: Info) -> BookClubReading | None:
    """What the member has read."""
    context, member = info.context, str(getattr(root, "id", ""))
    statement = await context.in_thread(context.loyalty.statement, member)
    shown = statement.shown.get("book_club", {})
    latest = shown.get("latest")
    return BookClubReading(
        books=int(str(shown.get("books", 0))),
        pages=await context.in_thread(pages_of, context.loyalty, member),
        latest=str(latest) if latest else None,
    )


EVERYBODY = frozenset({Permission.MEMBER, Permission.ADMIN})
extension = GraphQLExtension(
    queries=(
        ContributedField(
            name="bookClubMostRead",
            resolver=most_read_books,
            description="The books that most members have read.",
            permissions=frozenset({Permission.PUBLIC, Permission.MEMBER, Permission.ADMIN}),
        ),
    ),
    fields={
        "Member": (
            ContributedField(
                name="reading",
                resolver=reading,
                description="What the member has read.",
                permissions=EVERYBODY,
            ),
        )
    },
)
