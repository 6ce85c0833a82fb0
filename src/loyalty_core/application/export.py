"""Handing a person everything that is kept of them, for machines to read."""

from __future__ import annotations

from loyalty_core.application.enrol import found_members
from loyalty_core.application.rules import Rules
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import MemberStatus
from loyalty_core.errors import MemberErased, MemberNotFound
from loyalty_core.ports.store import Reader, Store

FORMAT = "loyalty-export/1"


class Exporting:
    """Exports people's data."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def export(self, member_id: str) -> dict[str, Json]:
        """Everything that belongs to the member, table by table, as JSON."""
        now = self._clock()
        config = self._rules.config

        def look(reader: Reader) -> dict[str, Json]:
            found = found_members(reader, [member_id])
            if member_id not in found:
                raise MemberNotFound(f"there is no member {member_id!r}", member_id=member_id)
            record = found[member_id][0]
            if record.status is MemberStatus.ERASED:
                raise MemberErased(f"the member {member_id!r} was erased", member_id=member_id)
            data = reader.everything(record.id)
            return {
                "format": FORMAT,
                "program": config.program.id,
                "member_id": record.id,
                "exported_at": now.isoformat(),
                "wallets": {
                    name: {"unit": wallet.unit, "scale": wallet.scale}
                    for name, wallet in config.wallets.items()
                },
                "data": {name: [dict(row) for row in rows] for name, rows in data.items()},
            }

        return self._store.read(look)
