"""Asking how plugins stand, and asking those again that are in quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from loyalty_core.application.record import Recorder
from loyalty_core.application.rules import Rules
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.plugin_states import LiftReceipt, PluginState, PluginStatus
from loyalty_core.errors import PluginMissing
from loyalty_core.ports.quarantine import QuarantineRecord
from loyalty_core.ports.store import Reader, Store, UnitOfWork

FACTS_A_CHUNK = 500


class PluginStates:
    """How the plugins of a program stand."""

    def __init__(self, store: Store, rules: Rules, recorder: Recorder, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._recorder = recorder
        self._clock = clock

    def of(self, plugins: Iterable[PluginStatus]) -> tuple[PluginStatus, ...]:
        """These plugins as they stand now; those without a state of their own."""

        def look(reader: Reader) -> tuple[PluginStatus, ...]:
            waiting, tables = reader.waiting_for_plugins(), self._tables()
            held: dict[str, list[QuarantineRecord]] = {}
            for _, record in sorted(reader.quarantined().items()):
                if record.since is not None:
                    held.setdefault(record.plugin, []).append(record)
            found = []
            for one in plugins:
                mine = held.get(one.id, []) if one.state is PluginState.ON else []
                found.append(
                    replace(
                        one,
                        state=PluginState.QUARANTINED if mine else one.state,
                        held=tuple(f"{record.call} {record.of}".rstrip() for record in mine),
                        reason=", and ".join(record.reason for record in mine),
                        since=min((one.since for one in mine if one.since), default=None),
                        tables=tables.get(one.id, ()),
                        deferred_facts=waiting.facts.get(one.id, 0),
                        pending_deliveries=waiting.pending.get(one.id, 0),
                        dead_deliveries=waiting.dead.get(one.id, 0),
                    )
                )
            return tuple(found)

        self._rules.quarantine.save(self._store, self._clock())
        return self._store.read(look)

    def _tables(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name, shape in self._rules.tables.items():
            found[shape.plugin] = (*found.get(shape.plugin, ()), name)
        return found

    def lift(self, plugin: str) -> LiftReceipt:
        """Asks a plugin again, for all that it failed on."""
        if plugin not in self._rules.config.plugins:
            raise PluginMissing(
                f"the plugin {plugin!r} is not on",
                where="plugin",
                remedy=f"On are: {', '.join(self._rules.config.plugins) or 'none'}.",
                plugin=plugin,
            )

        def end(uow: UnitOfWork) -> tuple[bool, int]:
            held = any(
                one.plugin == plugin and one.since is not None for one in uow.quarantined().values()
            )
            return held, uow.lift(plugin, self._clock())

        self._rules.quarantine.save(self._store, self._clock())
        lifted, deliveries = self._store.write(end)
        self._rules.quarantine.release(plugin)
        retried = 0
        while done := self._store.write(self._retry):
            retried += done
        waits = self._store.read(lambda reader: reader.waiting_for_plugins().facts)
        return LiftReceipt(
            plugin=plugin,
            lifted=lifted,
            retried_facts=retried,
            deferred_facts=waits.get(plugin, 0),
            deliveries=deliveries,
        )

    def _retry(self, uow: UnitOfWork) -> int:
        now = self._clock()
        due = uow.facts_to_retry(now, FACTS_A_CHUNK)
        return self._recorder.redecide_in(uow, due, None, now) if due else 0
