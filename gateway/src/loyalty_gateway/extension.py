"""What a plugin adds to the schemas, as data. The one module of the gateway that plugins import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loyalty_core import Deprecation, LoyaltyError
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.failures import UserError

__all__ = [
    "ContributedFailure",
    "ContributedField",
    "GatewayContext",
    "GraphQLExtension",
    "Permission",
    "UserError",
]


class Permission(StrEnum):
    """Who may ask for what a plugin adds, and so in which schema it is.

    ``public`` is everybody in the storefront's schema, ``member`` whoever is signed in there,
    ``admin`` the operators in theirs.
    """

    PUBLIC = "public"
    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributedField:
    """One field that a plugin adds.

    ``resolver`` is an async function with annotations Strawberry reads; it may take ``root``
    (the object the field is on), ``info`` (``info.context`` is a ``GatewayContext``) and the
    field's arguments. That of a subscription is an async generator: each thing it yields is
    sent. What it returns or yields must be nullable, so that a failing plugin takes nothing
    else with it. ``name`` is in camel case. Nobody may ask for it but those in ``permissions``.
    One with a ``deprecation`` is ``@deprecated`` in the schema, with its reason.
    """

    name: str
    resolver: Callable[..., Awaitable[object] | AsyncIterator[object]]
    description: str
    permissions: frozenset[Permission]
    deprecation: Deprecation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributedFailure:
    """One failure that a plugin adds to what commands of the gateway may answer.

    ``kind`` is a Strawberry type that is a ``UserError``; it becomes a member of the unions named
    in ``results``, such as ``RedeemResult``. ``of`` is asked with each error of the SDK that such
    a command was stopped by: it returns the failure to answer, or None for the gateway's own. It
    is a pure function; where it raises, the gateway's own is answered. A reward that was refused
    is a ``RedemptionRefused`` whose ``facts`` have its ``reward`` and the offer's ``detail``.
    """

    kind: type[UserError]
    results: frozenset[str]
    of: Callable[[LoyaltyError, GatewayContext], UserError | None]
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GraphQLExtension:
    """All that one plugin adds: ``fields`` is by the name of the GraphQL type they go on.

    Types of its own are in the schemas where a field, argument or failure needs them. Names of
    root fields and of new types begin with the plugin's id, so that plugins never meet. One is
    equal to itself alone: who returns the same one each time has its schema made once.
    """

    queries: tuple[ContributedField, ...] = ()
    mutations: tuple[ContributedField, ...] = ()
    subscriptions: tuple[ContributedField, ...] = ()
    fields: Mapping[str, tuple[ContributedField, ...]] = field(default_factory=dict)
    failures: tuple[ContributedFailure, ...] = ()
