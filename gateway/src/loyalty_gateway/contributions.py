"""What plugins add, read from their extensions and checked one by one, each with its owner."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, cast, runtime_checkable

import pluggy
import strawberry
from strawberry.exceptions import StrawberryException
from strawberry.permission import BasePermission, PermissionExtension
from strawberry.types.base import StrawberryOptional, has_object_definition
from strawberry.types.field import StrawberryField

from loyalty_core import PluginError, PluginManifest
from loyalty_gateway import hookspecs
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.errors import RequestRefused
from loyalty_gateway.extension import (
    ContributedFailure,
    ContributedField,
    GraphQLExtension,
    Permission,
)
from loyalty_gateway.failures import UserError

Extensions = Mapping[str, GraphQLExtension]
"""What plugins add, by the plugin's id."""

ROOTS = ("Query", "Mutation", "Subscription")
_NAME = re.compile(r"[a-z][A-Za-z0-9]*", re.ASCII)


class Audience(StrEnum):
    """The two schemas."""

    STOREFRONT = "storefront"
    ADMIN = "admin"


SEEN_BY: Mapping[Audience, frozenset[Permission]] = {
    Audience.STOREFRONT: frozenset({Permission.PUBLIC, Permission.MEMBER}),
    Audience.ADMIN: frozenset({Permission.ADMIN}),
}


@runtime_checkable
class HasManifest(Protocol):
    """A plugin object as the SDK holds it."""

    @property
    def manifest(self) -> PluginManifest:
        """What the plugin says of itself."""
        ...


def extensions_of(plugins: Iterable[object]) -> dict[str, GraphQLExtension]:
    """What each plugin adds, by the plugin's id; those without the hook add nothing.

    Raises ``PluginError`` naming the plugin if its hook fails or returns anything else.
    """
    made = {}
    for plugin in plugins:
        name = plugin.manifest.id if isinstance(plugin, HasManifest) else type(plugin).__name__
        manager = pluggy.PluginManager(hookspecs.PROJECT)  # one each: who fails is known
        manager.add_hookspecs(hookspecs)
        try:
            manager.register(plugin, name)
            results = manager.hook.loyalty_extend_graphql()
        except Exception as error:
            message = f"plugin {name}: loyalty_extend_graphql failed: {error}"
            raise PluginError(message, where=name) from error
        for extension in results:
            if not isinstance(extension, GraphQLExtension):
                message = f"plugin {name}: loyalty_extend_graphql returned no GraphQLExtension"
                raise PluginError(message, where=name)
            made[name] = extension
    return made


@dataclass(frozen=True, slots=True)
class AddedField:
    """A field, the type it goes on, and whose it is."""

    plugin: str
    type_name: str
    field: ContributedField

    @property
    def where(self) -> str:
        """Its place in the schema."""
        return f"{self.type_name}.{self.field.name}"


@dataclass(frozen=True, slots=True)
class AddedFailure:
    """A failure, and whose it is."""

    plugin: str
    failure: ContributedFailure


def fields_in(extensions: Extensions, audience: Audience) -> Iterator[AddedField]:
    """What is added to the types of one schema.

    Raises ``PluginError`` for a field without permission, in whichever schema it would be.
    """
    for plugin, extension in extensions.items():
        roots = (extension.queries, extension.mutations, extension.subscriptions)
        on_types = dict(zip(ROOTS, roots, strict=True))
        for type_name in on_types.keys() & extension.fields.keys():
            message = f"plugin {plugin}: {type_name} is extended by its own part of the extension"
            raise PluginError(
                message, where=plugin, remedy="Use queries, mutations or subscriptions."
            )
        for type_name, fields in {**on_types, **extension.fields}.items():
            for field in fields:
                added = AddedField(plugin, type_name, field)
                if _seen(plugin, added.where, field.permissions, audience):
                    yield added


def failures_in(extensions: Extensions, audience: Audience) -> Iterator[AddedFailure]:
    """What is added to the results of commands in one schema.

    Raises ``PluginError`` for a failure without permission, without results, or that is none.
    """
    for plugin, extension in extensions.items():
        for failure in extension.failures:
            name = getattr(failure.kind, "__name__", str(failure.kind))
            if not (has_object_definition(failure.kind) and issubclass(failure.kind, UserError)):
                message = f"plugin {plugin}: {name} is no type that is a UserError"
                remedy = "Derive it from UserError, under @strawberry.type."
                raise PluginError(message, where=plugin, remedy=remedy)
            if not failure.results:
                message = f"plugin {plugin}: {name} is the result of nothing"
                raise PluginError(message, where=plugin, remedy="Name a union, as RedeemResult.")
            if _seen(plugin, name, failure.permissions, audience):
                yield AddedFailure(plugin, failure)


def _seen(plugin: str, where: str, permissions: frozenset[Permission], audience: Audience) -> bool:
    if not permissions:
        message = f"plugin {plugin}: {where} has no permission"
        remedy = "Say who may ask for it, such as member."
        raise PluginError(message, where=plugin, remedy=remedy)
    return bool(permissions & SEEN_BY[audience])


class _Permitted(BasePermission):
    """The storefront's rule for one contributed field; operators are let in at the door."""

    message = "Sign in first"

    def has_permission(self, source: object, info: strawberry.Info[Any, Any], **_: object) -> bool:
        context = cast(GatewayContext, info.context)
        return context.operator or context.claim is not None

    def on_unauthorized(self) -> None:
        raise RequestRefused(self.message or "", code="UNAUTHENTICATED")


def field_of(added: AddedField, audience: Audience) -> StrawberryField:
    """The Strawberry field, with its permission; raises ``PluginError`` unless it can be null."""
    field = added.field
    if fault := _fault(added):
        raise PluginError(f"plugin {added.plugin}: {added.where} {fault}", where=added.plugin)
    open_to_all = audience is Audience.ADMIN or Permission.PUBLIC in field.permissions
    permitted = PermissionExtension(permissions=[_Permitted()], use_directives=False)
    make: Any = strawberry.subscription if _is_root(added, "Subscription") else strawberry.field
    try:
        made: StrawberryField = make(
            resolver=field.resolver,
            name=field.name,
            description=field.description,
            deprecation_reason=field.deprecation.reason if field.deprecation else None,
            extensions=[] if open_to_all else [permitted],
            metadata={"plugin": added.plugin},
        )
        made.python_name = field.name
        nullable = isinstance(made.type, StrawberryOptional)
    except StrawberryException as error:
        message = f"plugin {added.plugin}: {added.where}: {error}"
        raise PluginError(message, where=added.plugin) from error
    if not nullable:
        message = f"plugin {added.plugin}: {added.where} must be nullable"
        remedy = "Add | None to what its resolver returns or yields."
        raise PluginError(message, where=added.plugin, remedy=remedy)
    return made


def _is_root(added: AddedField, root: str) -> bool:
    return added.type_name == root


def _fault(added: AddedField) -> str:
    """What is wrong with a field by itself; empty for nothing."""
    if not _NAME.fullmatch(added.field.name):
        return "is no name in camel case"
    if _is_root(added, "Subscription"):
        right = inspect.isasyncgenfunction(added.field.resolver)
        return "" if right else "is not resolved by an async generator"
    right = inspect.iscoroutinefunction(added.field.resolver)
    return "" if right else "is not resolved by an async function"
