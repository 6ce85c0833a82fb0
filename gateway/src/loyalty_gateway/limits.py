"""How much a query asks for, measured in one pass that looks at each node of it once.

A fragment is measured once, however often it is spread, and its measure is added up: so a few
hundred bytes of nested fragments cost what their text is long, not what they expand to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from loyalty_gateway.settings import Limits

INTROSPECTION = frozenset({"__schema", "__type"})
"""Root fields whose depth is graphql-core's to limit: the standard query is 15 deep."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selection asks for with all fragments expanded; ``depth`` counts nested fields."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    root_fields: int = 0


class Measurer:
    """Measures one document; ``visited`` says how many nodes it looked at."""

    def __init__(self, document: DocumentNode) -> None:
        self.visited = 0
        self._document = document
        self._known: dict[str, Measure] = {}
        self._open: set[str] = set()
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def largest(self) -> Measure:
        """The largest of each count over all operations, and over fragments nobody spreads.

        A fragment alone has no depth: it may belong below an introspection field.
        """
        measures = [
            self._selections(definition.selection_set, own=len(definition.directives or ()))
            for definition in self._document.definitions
            if isinstance(definition, OperationDefinitionNode)
        ]
        measures += [replace(self._fragment(name), depth=0) for name in self._fragments]
        return Measure(
            *(
                max((getattr(measure, name) for measure in measures), default=0)
                for name in Measure.__dataclass_fields__
            )
        )

    def _fragment(self, name: str) -> Measure:
        if name in self._known:
            return self._known[name]
        if name not in self._fragments or name in self._open:  # validation reports it
            return Measure()
        self._open.add(name)
        self._known[name] = self._selections(self._fragments[name].selection_set)
        self._open.remove(name)
        return self._known[name]

    def _selections(self, selections: SelectionSetNode | None, own: int = 0) -> Measure:
        depth, fields, aliases, directives, roots = 0, 0, 0, own, 0
        for node in selections.selections if selections else ():
            self.visited += 1
            inner = self._node(node)
            depth = max(depth, inner.depth)
            fields += inner.fields
            aliases += inner.aliases
            directives += inner.directives + len(node.directives or ())
            roots += inner.root_fields
        return Measure(depth, fields, aliases, directives, roots)

    def _node(self, node: SelectionNode) -> Measure:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        if isinstance(node, InlineFragmentNode):
            return self._selections(node.selection_set)
        assert isinstance(node, FieldNode)
        inner = self._selections(node.selection_set)
        return Measure(
            depth=0 if node.name.value in INTROSPECTION else inner.depth + 1,
            fields=inner.fields + 1,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives,
            root_fields=1,
        )


def refusals(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """One error for each limit that the document passes; none for one that may run."""
    return list(_excess(Measurer(document).largest(), limits))


def _excess(measure: Measure, limits: Limits) -> Iterator[GraphQLError]:
    for name in Measure.__dataclass_fields__:
        allowed = getattr(limits, name)
        if getattr(measure, name) > allowed:
            words = name.replace("_", " ")
            yield GraphQLError(
                f"The query exceeds the limit of {allowed} {words}",
                extensions={"code": "TOO_COMPLEX"},
            )
