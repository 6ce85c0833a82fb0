"""Putting a schema together: the gateway's own types and what plugins add, each name once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, cast, runtime_checkable

import pluggy
import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.exceptions import DuplicatedTypeName, StrawberryException
from strawberry.permission import BasePermission, PermissionExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.execution import ExecutionContext
from strawberry.types.field import StrawberryField

from loyalty_core import PluginError, PluginManifest
from loyalty_gateway import admin, failures, hookspecs, storefront
from loyalty_gateway.context import GatewayContext
from loyalty_gateway.errors import RequestRefused
from loyalty_gateway.extension import ContributedField, GraphQLExtension, Permission
from loyalty_gateway.fields import ADMIN
from loyalty_gateway.scalars import scalar_map

OWN = "the gateway"


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
class _Contribution:
    plugin: str
    type_name: str
    field: ContributedField


def _contributions(
    extensions: Mapping[str, GraphQLExtension], audience: Audience
) -> Iterator[_Contribution]:
    for plugin, extension in extensions.items():
        on_types = {"Query": extension.queries, "Mutation": extension.mutations}
        for type_name in on_types.keys() & extension.fields.keys():
            message = f"plugin {plugin}: {type_name} is extended through queries and mutations"
            raise PluginError(message, where=plugin)
        for type_name, fields in {**on_types, **extension.fields}.items():
            for field in fields:
                if not field.permissions:
                    message = f"plugin {plugin}: {type_name}.{field.name} has no permission"
                    raise PluginError(
                        message, where=plugin, remedy="Say who may ask for it, such as member."
                    )
                if field.permissions & SEEN_BY[audience]:
                    yield _Contribution(plugin, type_name, field)


class _Permitted(BasePermission):
    """The storefront's rule for one contributed field; operators are let in at the door."""

    message = "Sign in first"

    def has_permission(self, source: object, info: strawberry.Info[Any, Any], **_: object) -> bool:
        context = cast(GatewayContext, info.context)
        return context.operator or context.claim is not None

    def on_unauthorized(self) -> None:
        raise RequestRefused(self.message or "", code="UNAUTHENTICATED")


def _permitted() -> PermissionExtension:
    return PermissionExtension(permissions=[_Permitted()], use_directives=False)


def _made(contribution: _Contribution, audience: Audience) -> StrawberryField:
    """The Strawberry field; raises ``PluginError`` unless it can be null."""
    field = contribution.field
    where = f"{contribution.type_name}.{field.name}"
    open_to_all = audience is Audience.ADMIN or Permission.PUBLIC in field.permissions
    try:
        made: StrawberryField = strawberry.field(
            resolver=field.resolver,
            name=field.name,
            description=field.description,
            extensions=[] if open_to_all else [_permitted()],
            metadata={"plugin": contribution.plugin},
        )
        made.python_name = field.name
        nullable = isinstance(made.type, StrawberryOptional)
    except StrawberryException as error:
        message = f"plugin {contribution.plugin}: {where}: {error}"
        raise PluginError(message, where=contribution.plugin) from error
    if not nullable:
        message = f"plugin {contribution.plugin}: {where} must be nullable"
        remedy = "Add | None to what its resolver returns."
        raise PluginError(message, where=contribution.plugin, remedy=remedy)
    return made


class ComposedSchema(strawberry.Schema):
    """A schema of the gateway with what plugins add; nothing outside it is changed."""

    def __init__(
        self,
        query: type,
        mutation: type,
        *,
        audience: Audience,
        extensions: Mapping[str, GraphQLExtension],
        for_print: bool,
    ) -> None:
        """Raises ``PluginError`` naming both owners where two want the same name."""
        self._audience = audience
        self._added: dict[str, list[StrawberryField]] = {}
        self._owners: dict[tuple[str, str], str] = {}
        for item in _contributions(extensions, audience):
            self._claim(item.type_name, item.field.name, f"plugin {item.plugin}")
            self._added.setdefault(item.type_name, []).append(_made(item, audience))
        self._extended: set[str] = set()
        everything = audience is Audience.ADMIN  # receipts may carry any failure
        try:
            super().__init__(
                query=query,
                mutation=mutation,
                types=failures.FAILURES.values() if everything else (),
                extensions=[_Prepared],
                config=StrawberryConfig(scalar_map=scalar_map(), sort_schema=for_print),
            )
        except (StrawberryException, TypeError) as error:
            raise _refusal(error, extensions) from error
        for type_name in self._added.keys() - self._extended:
            adding = {name for (on, _), name in self._owners.items() if on == type_name}
            message = f"{', '.join(sorted(adding))} extends {type_name}, which is not there"
            raise PluginError(message, where=type_name)

    @property
    def graphql_schema(self) -> GraphQLSchema:
        """The graphql-core schema, to validate against."""
        return self._schema

    def _claim(self, type_name: str, name: str, owner: str) -> None:
        if first := self._owners.get((type_name, name)):
            message = f"{type_name}.{name} is defined by {first} and by {owner}"
            raise PluginError(message, where=f"{type_name}.{name}", remedy="Rename one of them.")
        self._owners[type_name, name] = owner

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """The fields of a type in this schema: its own, those only operators see, and plugins'."""
        own = [
            field
            for field in type_definition.fields
            if self._audience is Audience.ADMIN or not _admin_only(field)
        ]
        name = self.config.name_converter.from_type(type_definition)
        added = self._added.get(name, [])
        if added:
            self._extended.add(name)
            for field in own:
                named = self.config.name_converter.get_graphql_name(field)
                if taken := self._owners.get((name, named)):
                    message = f"{name}.{named} is defined by {OWN} and by {taken}"
                    raise PluginError(
                        message, where=f"{name}.{named}", remedy="Rename the plugin's."
                    )
        return [*own, *added]

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Does nothing: errors are masked and logged where the response is written."""


def _refusal(error: Exception, extensions: Mapping[str, GraphQLExtension]) -> Exception:
    """What to raise for a schema that cannot be made; graphql-core wraps what it was."""
    if isinstance(error.__cause__, PluginError):
        return error.__cause__
    if not extensions:
        return error
    message = f"the schema cannot be made with {', '.join(sorted(extensions))}: {error}"
    if isinstance(error, DuplicatedTypeName):
        kinds = (error.first_cls, error.second_cls)
        message += ": " + " and ".join(kind.__module__ for kind in kinds if kind)
    return PluginError(message, remedy="Mend or rename what the plugin adds.")


def _admin_only(field: StrawberryField) -> bool:
    return any(field.metadata.get(key) for key in ADMIN)


class _Prepared(strawberry.extensions.SchemaExtension):
    """Hands Strawberry the document that was parsed, measured and validated before."""

    def on_operation(self) -> Iterator[None]:
        context = cast(GatewayContext, self.execution_context.context)
        self.execution_context.graphql_document = context.document
        self.execution_context.pre_execution_errors = [] if context.document else None
        yield


def composed(
    audience: Audience,
    extensions: Mapping[str, GraphQLExtension] | None = None,
    *,
    for_print: bool = False,
) -> ComposedSchema:
    """The schema of an audience with what plugins add to it.

    ``for_print`` sorts it; Strawberry's sorted schemas cannot resolve unions, so they only print.

    Raises ``PluginError`` for a name defined twice, an unknown type, a field without permission
    or one that cannot be null.
    """
    roots: tuple[type, type] = (storefront.Query, storefront.Mutation)
    if audience is Audience.ADMIN:
        roots = (admin.Query, admin.Mutation)
    return ComposedSchema(
        *roots, audience=audience, extensions=extensions or {}, for_print=for_print
    )
