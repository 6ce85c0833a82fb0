"""By which rules all members were scored last: where these change, all of them are once more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update

from loyalty_core.storage.board_tables import scored
from loyalty_core.storage.outbox import Outbox

FROM_THE_FIRST = ""


class Scored(Outbox):
    """The part of ``ports.boards.BoardWork`` that knows how far scoring all members is."""

    def lock_scored(self, rules: str, version: int) -> str | None:
        """The member after whom to go on scoring by these rules, locked; None if all are.

        ``rules`` are those of a version of the configuration. Who still has those of an older
        version than the last begins nothing: it is another process that will end soon.
        """
        mine = scored.c.program == self._program
        chosen = select(scored.c.rules, scored.c.config_version, scored.c.after).where(mine)
        row = self._connection.execute(chosen).first()
        if row is not None and _after(row, rules, version) is None:
            return None
        fresh = {"program": self._program, "rules": "", "config_version": 0, "after": None}
        self._write(self._insert(scored).on_conflict_do_nothing(), [fresh])
        row = self._connection.execute(chosen.with_for_update()).one()
        after = _after(row, rules, version)
        if row.rules != rules and after is not None:
            begun = {"rules": rules, "config_version": version, "after": after}
            self._connection.execute(update(scored).where(mine).values(begun))
        return after

    def mark_scored(self, after: str | None) -> None:
        """Keeps up to which member all are scored: None when that is the last."""
        mine = scored.c.program == self._program
        self._connection.execute(update(scored).where(mine).values(after=after))


def _after(row: Row[Any, Any, Any], rules: str, version: int) -> str | None:
    if row.rules == rules:
        after: str | None = row.after
        return after
    return FROM_THE_FIRST if row.config_version < version else None
