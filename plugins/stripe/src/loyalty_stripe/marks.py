"""What is written into the metadata of payments, and read back: which fee they are, and whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from loyalty_core import Charge, JsonObject, LineKind, as_object, as_text

PROGRAM, MEMBER, KEY, ATTEMPT = (
    "loyalty_program",
    "loyalty_member",
    "loyalty_key",
    "loyalty_attempt",
)
LINE, SKU, KIND, TAGS = "loyalty_line", "loyalty_sku", "loyalty_kind", "loyalty_tags"
PAGE, REFUND, DUE = "loyalty_page", "loyalty_refund", "loyalty_due"
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fee:
    """A charge of this program, as its payment says: enough to make its order's line again.

    ``page`` is whether it is paid on a page of Stripe, and not by a method that was kept. ``due``
    is when it was: a payment is never before that, though Stripe's clock has no finer hands than
    seconds, and may be slow.
    """

    key: str
    attempt: int
    member: str
    line: str
    sku: str
    kind: LineKind
    tags: tuple[str, ...]
    page: bool
    due: datetime


def marks_of(charge: Charge, program: str, *, page: bool) -> dict[str, str]:
    """The metadata of a charge's payment; nothing in it says who the member is but their id."""
    marks = {
        PROGRAM: program,
        MEMBER: charge.member_id,
        KEY: charge.key,
        ATTEMPT: str(charge.attempt),
        LINE: charge.line.id,
        SKU: charge.line.sku,
        KIND: charge.line.kind.value,
        TAGS: ",".join(charge.line.tags),
        PAGE: "1" if page else "",
        DUE: due_mark(charge.at),
    }
    return {name: value for name, value in marks.items() if value}


def fee_of(doc: JsonObject, program: str) -> Fee | None:
    """The fee of this program that a payment or a page is; None for anything else."""
    marks = as_object(doc.get("metadata"))
    key, kind = as_text(marks.get(KEY)), as_text(marks.get(KIND))
    if (
        not key
        or as_text(marks.get(PROGRAM)) != program
        or kind not in {one.value for one in LineKind}
    ):
        return None
    attempt = as_text(marks.get(ATTEMPT))
    return Fee(
        key=key,
        attempt=int(attempt) if attempt.isascii() and attempt.isdigit() else 1,
        member=as_text(marks.get(MEMBER)),
        line=as_text(marks.get(LINE)),
        sku=as_text(marks.get(SKU)),
        kind=LineKind(kind),
        tags=tuple(one for one in as_text(marks.get(TAGS)).split(",") if one),
        page=bool(as_text(marks.get(PAGE))),
        due=due_of(doc),
    )


def due_mark(at: datetime) -> str:
    """A moment as it stands in the metadata."""
    return at.astimezone(UTC).isoformat()


def due_of(doc: JsonObject) -> datetime:
    """The moment before which a payment or a refund of ours is not; ``NEVER`` for others."""
    try:
        at = datetime.fromisoformat(as_text(as_object(doc.get("metadata")).get(DUE)))
    except ValueError:
        return NEVER
    return at if at.tzinfo else NEVER


def elsewhere(doc: JsonObject, program: str) -> bool:
    """Whether a payment says that it is of another program, which shares the account."""
    return as_text(as_object(doc.get("metadata")).get(PROGRAM)) not in ("", program)


def member_of(doc: JsonObject) -> str:
    """The member's id that a document names, empty for none."""
    return as_text(as_object(doc.get("metadata")).get(MEMBER))


def key_for(*words: str) -> str:
    """The idempotency key of a request: the same for the same words, and saying nothing of them.

    >>> key_for("shop", "customer", "1") == key_for("shop", "customer", "1")
    True
    """
    return "loyalty-" + sha256("\0".join(words).encode()).hexdigest()[:48]


def marked(doc: JsonObject, marks: Mapping[str, str]) -> bool:
    """Whether a document has all of these marks."""
    found = as_object(doc.get("metadata"))
    return all(as_text(found.get(name)) == value for name, value in marks.items())
