"""The rules of a good plugin that are about GraphQL; found by the core's entry points."""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_core.testing.plugin import Idle, Subject, Unchecked, rule
from loyalty_gateway.contributions import extensions_of
from loyalty_gateway.schema import files_of, stale
from loyalty_gateway.testing import extension_faults


def _extending(subject: Subject) -> object:
    """The plugin; raises ``Idle`` if it adds nothing to GraphQL."""
    if not hasattr(subject.plugin, "loyalty_extend_graphql"):
        raise Idle("it adds nothing to GraphQL")
    return subject.plugin


@rule(
    "LQ215",
    "graphql-fits",
    why="A field that cannot be null takes its whole member with it when the plugin fails, and one "
    "without a permission is nobody's.",
    mend="Say who may ask for each field, let it return `| None`, begin the names of root fields "
    "and types with the plugin's id, and describe everything.",
)
def graphql_fits(subject: Subject) -> list[str]:
    """What it adds to GraphQL composes with both schemas, can be null and has a permission."""
    return extension_faults(_extending(subject))


@rule(
    "LQ310",
    "graphql-files",
    why="A front-end is written against these files, and a change of them is reviewed.",
    mend="Run `python -m loyalty_gateway.schema --plugin ID --write graphql` in its folder.",
)
def graphql_files(subject: Subject) -> Iterator[str]:
    """Its folder `graphql` has what it adds to the schemas, as it is now."""
    plugin = _extending(subject)
    if subject.folder is None:
        raise Unchecked("its folder is not there")
    for path in stale(files_of(subject.folder / "graphql", extensions_of([plugin]))):
        yield f"{path.name} is stale"


RULES = (graphql_fits, graphql_files)
