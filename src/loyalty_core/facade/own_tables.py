"""Reading the tables that plugins own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Select, Subquery, Table, select
from sqlalchemy.sql import visitors

from loyalty_core.application.rules import Rules
from loyalty_core.domain.facts import Json
from loyalty_core.errors import PluginError
from loyalty_core.ports.store import Store


class OwnTableMethods:
    """Reading the tables that plugins own."""

    _store: Store
    _rules: Rules

    def rows(
        self, table: Table, ask: Callable[[Subquery], Select[*tuple[object, ...]]]
    ) -> list[Mapping[str, Json | datetime]]:
        """The rows of a plugin's own table that ``ask`` selects, by column; moments are in UTC.

        ``ask`` gets the rows of this program to select from. Rows of somebody who was merged are
        with who answers for them. How many come is for ``ask`` to limit.

        Raises ``PluginError`` for a table that no plugin of the program has registered, or a
        selection from another one.
        """
        shape = self._rules.tables.get(table.name)
        if shape is None:
            known = ", ".join(self._rules.tables) or "none"
            raise PluginError(
                f"no plugin of the program has a table {table.name!r}",
                where="rows",
                remedy=f"Tables: {known}.",
            )
        program = self._rules.config.program.id
        mine = select(table).where(table.c.program == program).subquery(table.name)
        statement = ask(mine)
        read = {one.name for one in visitors.iterate(statement) if isinstance(one, Table)}
        if read != {table.name}:
            raise PluginError(
                f"the selection is not from {table.name!r} alone",
                where="rows",
                remedy="Return a select() from the rows that ask is given.",
            )
        return self._store.read(lambda reader: reader.own_rows(statement))
