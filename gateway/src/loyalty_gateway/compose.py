"""Putting a schema together: the gateway's own types and what plugins add, each name once."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import lru_cache
from typing import cast

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.annotation import StrawberryAnnotation
from strawberry.exceptions import StrawberryException
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import (
    StrawberryContainer,
    StrawberryObjectDefinition,
    StrawberryType,
)
from strawberry.types.execution import ExecutionContext
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

from loyalty_core import PluginError
from loyalty_gateway import admin, failures, storefront
from loyalty_gateway.context import FailureOf, GatewayContext
from loyalty_gateway.contributions import (
    AddedFailure,
    Audience,
    Extensions,
    failures_in,
    field_of,
    fields_in,
)
from loyalty_gateway.extension import GraphQLExtension
from loyalty_gateway.fields import ADMIN
from loyalty_gateway.scalars import scalar_map

OWN = "the gateway"
KEPT = 32
"""How many schemas a process keeps: whoever serves several programs makes those alike once."""


@strawberry.type(description="What can be followed.")
class Subscription:
    """Plugins add all of it; without any a schema has none."""


class ComposedSchema(strawberry.Schema):
    """A schema of the gateway with what plugins add; nothing outside it is changed."""

    def __init__(
        self, query: type, mutation: type, *, audience: Audience, extensions: Extensions
    ) -> None:
        """Raises ``PluginError`` naming both owners where two want the same name."""
        self._audience = audience
        self._added: dict[str, list[StrawberryField]] = {}
        self._owners: dict[tuple[str, str], str] = {}
        self._failures: dict[str, list[AddedFailure]] = {}
        self._unions: dict[str, StrawberryUnion] = {}
        for item in fields_in(extensions, audience):
            self._claim(item.type_name, item.field.name, f"plugin {item.plugin}")
            self._added.setdefault(item.type_name, []).append(field_of(item, audience))
        for failure in failures_in(extensions, audience):
            for union in sorted(failure.failure.results):
                self._failures.setdefault(union, []).append(failure)
        self._extended: set[str] = set()
        everything = audience is Audience.ADMIN  # receipts may carry any failure
        super().__init__(
            query=query,
            mutation=mutation,
            subscription=Subscription if "Subscription" in self._added else None,
            types=failures.FAILURES.values() if everything else (),
            extensions=[_Prepared],
            config=StrawberryConfig(scalar_map=scalar_map()),
        )
        for type_name in self._added.keys() - self._extended:
            adding = {name for (on, _), name in self._owners.items() if on == type_name}
            message = f"{', '.join(sorted(adding))} extends {type_name}, which is not there"
            raise PluginError(message, where=type_name)
        for union in self._failures.keys() - self._unions.keys():
            names = sorted({one.plugin for one in self._failures[union]})
            message = f"plugin {', '.join(names)} extends {union}, which is not there"
            raise PluginError(message, where=union)

    @property
    def graphql_schema(self) -> GraphQLSchema:
        """The graphql-core schema, to validate against."""
        return self._schema

    @property
    def failures(self) -> dict[str, list[FailureOf]]:
        """What plugins answer for errors of commands, by the name of the result's union."""
        return {union: [one.failure.of for one in added] for union, added in self._failures.items()}

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
        return [self._widened(field) for field in (*own, *added)]

    def _widened(self, field: StrawberryField) -> StrawberryField:
        """The field, a copy of it if plugins add failures to the union it answers."""
        kind = field.type
        wide = self._wide(kind)
        if wide is kind:
            return field
        made = copy.copy(field)
        made.type = wide
        return made

    def _wide(self, kind: StrawberryType | type | object) -> StrawberryType | type:
        if isinstance(kind, StrawberryContainer):
            inner = self._wide(kind.of_type)
            return kind if inner is kind.of_type else type(kind)(of_type=inner)
        if not isinstance(kind, StrawberryUnion):
            return cast(StrawberryType, kind)
        name = kind.graphql_name or ""
        if name not in self._failures:
            return kind
        if name not in self._unions:
            kinds = dict.fromkeys(one.failure.kind for one in self._failures[name])
            self._unions[name] = StrawberryUnion(
                name=name,
                type_annotations=(*kind.type_annotations, *map(StrawberryAnnotation, kinds)),
                description=kind.description,
            )
        return self._unions[name]

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Does nothing: errors are masked and logged where the response is written."""


def _admin_only(field: StrawberryField) -> bool:
    return any(field.metadata.get(key) for key in ADMIN)


class _Prepared(strawberry.extensions.SchemaExtension):
    """Hands Strawberry the document that was parsed, measured and validated before."""

    def on_operation(self) -> Iterator[None]:
        context = cast(GatewayContext, self.execution_context.context)
        self.execution_context.graphql_document = context.document
        self.execution_context.pre_execution_errors = [] if context.document else None
        yield


def composed(audience: Audience, extensions: Extensions | None = None) -> ComposedSchema:
    """The schema of an audience with what plugins add to it: for the same ones the same schema.

    Raises ``PluginError`` for a name defined twice, an unknown type, a field without permission
    or one that cannot be null.
    """
    try:
        return _composed(audience, tuple((extensions or {}).items()))
    except (StrawberryException, TypeError) as error:
        if isinstance(error.__cause__, PluginError):  # graphql-core wraps what it was
            raise error.__cause__ from None
        if not extensions:
            raise
        raise _refusal(audience, extensions, error) from error


@lru_cache(maxsize=KEPT)
def _composed(
    audience: Audience, extensions: tuple[tuple[str, GraphQLExtension], ...]
) -> ComposedSchema:
    roots: tuple[type, type] = (storefront.Query, storefront.Mutation)
    if audience is Audience.ADMIN:
        roots = (admin.Query, admin.Mutation)
    return ComposedSchema(*roots, audience=audience, extensions=dict(extensions))


def _refusal(audience: Audience, extensions: Extensions, error: Exception) -> PluginError:
    """Who cannot be in a schema, found by making it with each plugin alone, then with two."""
    for plugin, extension in extensions.items():
        if fault := _fault(audience, {plugin: extension}):
            message = f"plugin {plugin} does not fit {OWN}'s {audience} schema: {fault}"
            return PluginError(message, where=plugin, remedy="Mend or rename what it adds.")
    for plugin, extension in extensions.items():
        for other, its in extensions.items():
            if fault := _fault(audience, {other: its, plugin: extension}):
                message = f"plugin {other} and plugin {plugin} do not fit together: {fault}"
                return PluginError(message, where=plugin, remedy="Rename what one of them adds.")
    message = f"the {audience} schema cannot be made with {', '.join(sorted(extensions))}: {error}"
    return PluginError(message, remedy="Mend or rename what the plugins add.")


def _fault(audience: Audience, extensions: Extensions) -> str:
    try:
        _composed(audience, tuple(extensions.items()))
    except (PluginError, StrawberryException, TypeError) as error:
        return str(error)
    return ""
