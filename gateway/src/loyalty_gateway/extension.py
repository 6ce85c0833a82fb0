"""What a plugin adds to the schemas, as data. The one module of the gateway that plugins import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loyalty_gateway.context import GatewayContext

__all__ = ["ContributedField", "GatewayContext", "GraphQLExtension", "Permission"]


class Permission(StrEnum):
    """Who may ask for a contributed field, and so in which schema it is.

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
    field's arguments. What it returns must be nullable, so that a failing plugin takes nothing
    else with it. ``name`` is in camel case. Nobody may ask for it but those in ``permissions``.
    """

    name: str
    resolver: Callable[..., Awaitable[object]]
    description: str
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLExtension:
    """All that one plugin adds: ``fields`` is by the name of the GraphQL type they go on.

    Names of root fields and of new types begin with the plugin's id, so that plugins never meet.
    """

    queries: tuple[ContributedField, ...] = ()
    mutations: tuple[ContributedField, ...] = ()
    fields: Mapping[str, tuple[ContributedField, ...]] = field(default_factory=dict)
