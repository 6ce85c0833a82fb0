"""What passes between a program and a connected shop: what comes in, and what is done there.

A **message** is what a shop sent; it waits in the inbox until it is translated into inputs. An
**action** is something to be done at a shop. A **walk** goes through what changed there, page by
page, and is compared with the books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core.domain.events import Event
from loyalty_core.domain.facts import Fact, Json, Order
from loyalty_core.domain.grants import GrantReceipt
from loyalty_core.domain.json_text import parse_json
from loyalty_core.domain.members import Identity, Profile
from loyalty_core.domain.statements import Statement
from loyalty_core.errors import EncodingBroken, FactError, SignatureInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """A webhook as it arrived: the raw body, and every header as it was sent.

    ``headers`` are pairs of name and value, decoded as latin-1, doubled ones twice. ``url`` is the
    one that was asked for, which behind a proxy may not be the one the shop knows.
    """

    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    url: str = ""
    received_at: datetime

    def header(self, name: str) -> str | None:
        """The header with this name, whatever its case; None if it is not there.

        Raises ``SignatureInvalid`` for one that came twice or holds anything but ASCII: nobody can
        say which of two is meant.
        """
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        if len(found) > 1:
            raise SignatureInvalid(f"the header {name} came {len(found)} times", where=name)
        if found and not found[0].isascii():
            raise SignatureInvalid(f"the header {name} is not ASCII", where=name)
        return found[0].strip() if found else None

    def needed(self, name: str) -> str:
        """The header with this name; raises ``SignatureInvalid`` without it, and as ``header``."""
        value = self.header(name)
        if not value:
            raise SignatureInvalid(f"the header {name} is missing", where=name)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a webhook is, once its signature holds.

    ``key`` is the best the shop has to tell one delivery from another: what comes with the same
    key again is a duplicate. ``about`` are headers that ``translate`` needs. Nothing is kept of
    one without ``keep``, such as a ping.
    """

    key: str
    topic: str
    about: Mapping[str, str] = field(default_factory=dict)
    keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who a shop says is signed in there: identities to find the member by."""

    source: str
    identities: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a shop sent, as ``translate`` gets it."""

    topic: str
    body: bytes
    about: Mapping[str, str] = field(default_factory=dict)
    received_at: datetime

    def json(self) -> Json:
        """The body as JSON, fractions as exact decimals; raises ``EncodingBroken``."""
        try:
            return parse_json(self.body.decode("utf-8"))
        except UnicodeDecodeError as broken:
            raise EncodingBroken(f"byte {broken.start + 1} of the body is not UTF-8") from None


# -- what comes in --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer of the shop, as the shop knows them now.

    Makes nobody a member that the program's ``join`` would not make one by a fact, unless they
    asked for it (``joins``). Identities are added. Of ``profile``, what is empty stays as it was,
    but for the fields that the shop ``says`` by their names: an empty one takes away what this
    shop said before, and nothing that the host or another shop did.
    """

    source: str
    identities: Mapping[str, str]
    profile: Profile = Profile()
    says: tuple[str, ...] = ()
    joins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeUsed:
    """A code was used on an order: if it is a grant's, the grant is used up on that order.

    The order is a fact of its own as well: say it, too.
    """

    code: str
    order: Order | Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAsked:
    """A person asks, through the shop, to be forgotten; ``reference`` is the shop's own."""

    source: str
    identities: Mapping[str, str]
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportAsked:
    """A person asks, through the shop, what is known of them: told by the event ``export_asked``.

    ``reference`` is the shop's own number of the request.
    """

    source: str
    identities: Mapping[str, str]
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopErasureAsked:
    """A shop asks that everybody be forgotten who is known from it, and from nowhere else.

    Platforms ask it once a shop has left for good; ``reference`` is the shop's own.
    """

    source: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """The shop does not want us any more: its connector is switched off, until it is enabled.

    Such a message may be old: say it only once the shop itself takes nothing of us.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something in the shop that cannot be read: kept as a dead message, and the rest goes on.

    ``what`` names it, such as a file and a line, ``raw`` is it as far as it can be shown.
    """

    what: str
    raw: bytes
    error: FactError


Input = (
    Fact
    | Mapping[str, Json]
    | Customer
    | CodeUsed
    | ErasureAsked
    | ExportAsked
    | ShopErasureAsked
    | Disconnected
    | Unreadable
)
"""What a connector makes of a shop's data; a mapping is a fact in its documented JSON form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of what changed in a shop, and where to go on.

    ``cursor`` is what ``changed_since`` is to be asked with next: at once while there is ``more``,
    and in the next walk otherwise. It must not leave out what changes meanwhile: what is seen
    twice does no harm. ``total`` is how many inputs the whole walk has, where the shop says so.
    """

    inputs: tuple[Input, ...]
    cursor: str
    more: bool = False
    total: int | None = None


# -- what is done there ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """What is done at a shop.

    ``rewards`` of the catalogue are handed over by making their codes there. With ``members``, what
    a member has is shown there. ``events`` are told as they are; ``"*"`` are all.
    """

    rewards: tuple[str, ...] = ()
    members: bool = False
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeCode:
    """A code to be made at the shop, worth what the grant says; nothing if it is there already.

    ``key`` and ``code`` are the same at every attempt. ``identities`` say whose it is. Until it is
    made, ``grant.expires_at`` is when it will expire if it is made now.
    """

    key: str
    code: str
    grant: GrantReceipt
    identities: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCode:
    """A code that must not be of use at the shop any more; nothing if it is not there."""

    key: str
    code: str
    grant: GrantReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowMember:
    """What a member has, to be written where the shop can show it.

    It is what holds now, not what held when something happened. ``revision`` grows with each: what
    was written with a higher one stays.
    """

    key: str
    statement: Statement
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TellEvent:
    """An event to be told to somebody; ``key`` is the same at every attempt."""

    key: str
    event: Event


Action = MakeCode | DropCode | ShowMember | TellEvent
"""What a connector can be asked to do at a shop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether a shop answers and lets us do what we need; ``detail`` says what it answered."""

    ok: bool
    detail: str = ""
