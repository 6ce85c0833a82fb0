"""Bulk operations as Shopify runs them: what they refuse, and how their file is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)


class _Connections(Visitor):
    """Counts connections, how deep they are nested, and finds those within a list."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self._open: list[str] = []
        self.count = self.deepest = 0
        self.within_list = False

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        kind = self._info.get_type()
        bare = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        name = str(get_named_type(kind)) if kind else ""
        if name.endswith("Connection"):
            self.count += 1
            self.within_list |= "list" in self._open
            self._open.append("connection")
        elif isinstance(bare, GraphQLList) and node.name.value not in ("edges", "nodes"):
            self._open.append("list")
        else:
            self._open.append("field")
        self.deepest = max(self.deepest, self._open.count("connection"))

    def leave_field(self, *_: Any) -> None:
        self._open.pop()


def refused(schema: GraphQLSchema, query: str) -> str:
    """Why a query cannot be run in bulk; empty if it can."""
    info = TypeInfo(schema)
    found = _Connections(info)
    visit(parse(query), TypeInfoVisitor(info, found))
    if found.within_list:
        return (
            "Queries that contain a connection field within a list field are not currently "
            "supported."
        )
    if not 1 <= found.count <= 5 or found.deepest > 2:
        return "Bulk queries have one to five connections, two deep."
    return ""


def lines_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of the file: each object, and below it those of its connections."""
    made: list[dict[str, Any]] = []
    for connection in data.values():
        made += _lines(connection, None)
    return made


def _lines(connection: Any, parent: str | None) -> Iterator[dict[str, Any]]:
    for edge in connection["edges"]:
        node = edge["node"]
        below = {k: v for k, v in node.items() if isinstance(v, dict) and "edges" in v}
        line = {key: value for key, value in node.items() if key not in below}
        yield line if parent is None else line | {"__parentId": parent}
        for one in below.values():
            yield from _lines(one, node["id"])
