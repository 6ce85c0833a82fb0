"""What the tests of a plugin call that extends the schemas: two checks, a line each.

::

    def test_graphql() -> None:
        check_extension(plugin)
        check_schema_files(plugin, Path(__file__).parents[1] / "graphql")
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

from loyalty_core import PluginError
from loyalty_gateway.compose import composed
from loyalty_gateway.contributions import ROOTS, Audience, Extensions, extensions_of
from loyalty_gateway.schema import files_of, stale

__all__ = ["check_extension", "check_schema_files"]


def check_extension(plugin: object) -> None:
    """Returns nothing if what the plugin adds to GraphQL fits the gateway and its rules.

    It composes with both schemas; each field has a permission and can be null; root fields and new
    types begin with the plugin's id; everything new is described. Raises ``AssertionError`` with
    all that is wrong, each with its place.
    """
    faults = extension_faults(plugin)
    assert not faults, "\n".join(faults)


def extension_faults(plugin: object) -> list[str]:
    """What is wrong with what the plugin adds to GraphQL, each with its place."""
    try:
        extensions = extensions_of([plugin])
        return list(dict.fromkeys(_faults(extensions)))
    except PluginError as error:
        return [str(error)]


def check_schema_files(plugin: object, folder: Path) -> None:
    """Returns nothing if the folder has what the plugin adds, as it is now.

    It is in ``storefront.graphql`` and ``admin.graphql``, each there if there is anything to it.
    Raises ``AssertionError`` naming the stale files and the command that renews them.
    """
    extensions = extensions_of([plugin])
    found = [str(path) for path in stale(files_of(folder, extensions))]
    name = next(iter(extensions), "ID")
    remedy = f"python -m loyalty_gateway.schema --plugin {name} --write {folder}"
    assert not found, f"stale: {', '.join(found)}; if the change is meant: {remedy}"


def _faults(extensions: Extensions) -> Iterator[str]:
    for audience in Audience:
        before = composed(audience).graphql_schema.type_map
        after = composed(audience, extensions).graphql_schema.type_map
        for name, kind in after.items():
            if is_introspection_type(kind) or is_specified_scalar_type(kind):
                continue
            old = before.get(name)
            if old is None and name not in ROOTS:
                yield from _named(name, name, extensions)
                yield from [] if kind.description else [f"{name} is not described"]
            known = set(getattr(old, "fields", ())) | set(getattr(old, "values", ()))
            for part in _parts(kind, known):
                if name in ROOTS and "(" not in part[0]:
                    yield from _named(f"{name}.{part[0]}", part[0], extensions)
                yield from [] if part[1] else [f"{name}.{part[0]} is not described"]


def _named(where: str, name: str, extensions: Extensions) -> Iterator[str]:
    """A fault unless the name begins with the id of its plugin, whatever the case."""
    owner = next(iter(extensions))
    if not name.lower().startswith(owner.replace("_", "")):
        yield f"{where} does not begin with the plugin's id, {owner}"


def _parts(kind: GraphQLNamedType, known: set[str]) -> Iterator[tuple[str, str | None]]:
    """The new values, fields and arguments of a type, each with its description."""
    if isinstance(kind, GraphQLEnumType):
        yield from ((name, it.description) for name, it in kind.values.items() if name not in known)
    if isinstance(kind, GraphQLInputObjectType):
        yield from ((name, it.description) for name, it in kind.fields.items() if name not in known)
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            if name in known:
                continue
            yield name, field.description
            for argument, it in field.args.items():
                yield f"{name}({argument})", it.description
