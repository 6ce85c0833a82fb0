"""The committed schema files: ``python -m loyalty_gateway.schema --write FOLDER`` renews them.

With ``--plugin ID`` they are what an installed plugin adds to the gateway's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    lexicographic_sort_schema,
    print_schema,
    print_type,
)

from loyalty_core import PluginMissing
from loyalty_gateway.compose import composed
from loyalty_gateway.contributions import Audience, Extensions, extensions_of

PLUGINS = "loyalty.plugins"
ONE_OF = "directive @oneOf on INPUT_OBJECT"
"""Written out for tools that do not know it yet."""


def schema_text(audience: Audience) -> str:
    """The schema of an audience without plugins, in the schema definition language, sorted."""
    text = print_schema(_own(audience)).rstrip() + "\n"
    return f"{ONE_OF}\n\n{text}" if "@oneOf" in text else text


@cache
def _own(audience: Audience) -> GraphQLSchema:
    return _sorted(audience, {})


def _sorted(audience: Audience, extensions: Extensions) -> GraphQLSchema:
    """The schema read back from its text: what Strawberry sorts it can neither run nor print."""
    return lexicographic_sort_schema(build_schema(composed(audience, extensions).as_str()))


def added_text(audience: Audience, extensions: Extensions) -> str:
    """What plugins add to the schema of an audience, sorted; empty for nothing.

    Types of their own, and ``extend`` for each type of the gateway that they add to. Raises
    ``PluginError`` for what does not fit.
    """
    before = _own(audience).type_map
    after = _sorted(audience, extensions).type_map
    parts = [
        print_type(kind) if name not in before else _more(before[name], kind)
        for name, kind in sorted(after.items())
    ]
    return "\n\n".join(part for part in parts if part) + "\n" if any(parts) else ""


def _more(before: GraphQLNamedType, after: GraphQLNamedType) -> str:
    """What a type has more than before, as an extension of it; empty for nothing."""
    if isinstance(after, GraphQLUnionType) and isinstance(before, GraphQLUnionType):
        known = {kind.name for kind in before.types}
        new = [kind.name for kind in after.types if kind.name not in known]
        return f"extend union {after.name} = {' | '.join(new)}" if new else ""
    kinds = GraphQLObjectType | GraphQLInterfaceType
    if isinstance(after, kinds) and isinstance(before, kinds):
        fields = {name: it for name, it in after.fields.items() if name not in before.fields}
        if fields:
            return f"extend {print_type(type(after)(after.name, fields))}"
    return ""


def files_of(folder: Path, extensions: Extensions | None) -> Mapping[Path, str]:
    """Each schema file of a folder, with the text that it must have; none for an empty text.

    Without ``extensions`` they are the gateway's own schemas, with them what is added to those.
    """
    return {
        folder / f"{audience.value}.graphql": schema_text(audience)
        if extensions is None
        else added_text(audience, extensions)
        for audience in Audience
    }


def stale(files: Mapping[Path, str]) -> list[Path]:
    """The files that are not what they must be."""
    return [
        path
        for path, text in files.items()
        if (path.read_text(encoding="utf-8") if path.is_file() else "") != text
    ]


def main(arguments: Sequence[str]) -> int:
    """Writes the schemas into a folder, or says which of its files are stale; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m loyalty_gateway.schema", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", metavar="FOLDER", type=Path, help="renew the files of a folder")
    what.add_argument("--check", metavar="FOLDER", type=Path, help="say which of them are stale")
    parser.add_argument("--plugin", metavar="ID", help="what this plugin adds, not the whole")
    given = parser.parse_args(arguments)
    extensions = None if given.plugin is None else extensions_of([_installed(given.plugin)])
    files = files_of(given.write or given.check, extensions)
    found = stale(files)
    for path in found:
        if given.write:
            _write(path, files[path])
        sys.stdout.write(f"{path} {'written' if given.write else 'is stale'}\n")
    return 1 if found and given.check else 0


def _write(path: Path, text: str) -> None:
    if not text:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _installed(name: str) -> object:
    """The plugin of an entry point; raises ``PluginMissing``."""
    for point in entry_points(group=PLUGINS, name=name):
        plugin: object = point.load()
        return plugin
    raise PluginMissing(f"the plugin {name!r} is not installed", remedy=f"Install loyalty-{name}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
