"""What plugins keep of members, read as their releases of now keep it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from loyalty_core.application.plain import is_document
from loyalty_core.application.quarantine import Quarantine
from loyalty_core.domain.facts import Json
from loyalty_core.domain.plugin_states import StateStep
from loyalty_core.errors import PluginFailed
from loyalty_core.ports.program import UnitesStates

VERSION = "~version"
"""The key by which a document says its version; one of the first version has none.

So the version goes wherever the document goes: to the facts, into merges and to other releases.
"""
FIRST = 1
Document = Mapping[str, Json]
logger = logging.getLogger("loyalty_core")


def version_of(kept: Document) -> int:
    """Which version of a plugin's documents this is."""
    said = kept.get(VERSION, FIRST)
    return said if type(said) is int else FIRST


@dataclass(frozen=True, slots=True)
class States:
    """Reads and writes the documents of plugins; ``steps`` are those of all that are on."""

    steps: Mapping[str, Sequence[StateStep]] = field(default_factory=dict)

    def read(self, plugin: str, kept: Document) -> Document:
        """A document as the plugin's release of now keeps it; the kept one is not changed.

        Raises ``PluginFailed`` where a step fails, and for one of a later release.
        """
        steps = self.steps.get(plugin, ())
        if VERSION not in kept and (not kept or not steps):
            return kept
        version = version_of(kept)
        if version > len(steps) + FIRST:
            raise _failed(
                f"plugin {plugin!r} knows states up to version {len(steps) + FIRST}, and that of "
                f"the member is of version {version}",
                plugin,
                "A later release of the plugin wrote it: install that one. Nothing is lost.",
            )
        document: Document = {name: value for name, value in kept.items() if name != VERSION}
        for number, step in enumerate(steps[version - FIRST :], version):
            document = _stepped(plugin, number, step, document)
        return document

    def written(self, plugin: str, document: Document) -> Document:
        """A document as it is kept: with its version."""
        behind = len(self.steps.get(plugin, ()))
        return {**document, VERSION: behind + FIRST} if behind else document

    def alike(self, one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
        """Whether two snapshots say the same, whatever versions their documents are of."""
        same = one == other
        if same or not any(self.steps.values()):
            return same
        return self._latest(one) == self._latest(other)

    def _latest(self, snapshot: Mapping[str, Json]) -> Mapping[str, object]:
        kept, latest = snapshot.get("state"), dict[str, object]()
        for plugin, document in kept.items() if isinstance(kept, dict) else ():
            latest[plugin] = document
            if isinstance(document, dict) and self.steps.get(plugin):
                try:
                    latest[plugin] = self.written(plugin, self.read(plugin, document))
                except PluginFailed:
                    continue  # it is what it is
        return {**snapshot, "state": latest}

    def united(
        self,
        plugin: str,
        program: object,
        kept: Document,
        other: Document,
        quarantine: Quarantine,
    ) -> Document:
        """One plugin's documents of two members as one; what it does not unite itself, by keys.

        Of a plugin that is off nobody can read two versions as one: then that of the member who
        stays counts. Raises ``PluginFailed`` when the plugin raises or returns what is not JSON.
        """
        if plugin not in self.steps:
            alike = version_of(kept) == version_of(other)
            return {**other, **kept} if alike else kept or other
        ours, theirs = self.read(plugin, kept), self.read(plugin, other)
        if not isinstance(program, UnitesStates):
            return self.written(plugin, {**theirs, **ours})
        try:
            with quarantine.asking(plugin, "merge_states"):
                made = program.merge_states(ours, theirs)
        except Exception as error:
            logger.exception("plugin %s failed to unite states", plugin)
            message = f"plugin {plugin!r} raised {type(error).__name__} uniting two members' states"
            raise PluginFailed(message, where=plugin) from error
        if not is_document(made) or VERSION in made:
            message = f"plugin {plugin!r} united states to what is not a JSON object of its own"
            raise PluginFailed(message, where=plugin)
        return self.written(plugin, made)


def _stepped(plugin: str, number: int, step: StateStep, document: Document) -> Document:
    """The document after one step; it may change what it is given."""
    what = f"from version {number} to {number + 1}"
    try:
        made = step.upgrade(deepcopy(dict(document)))
    except Exception as error:
        logger.exception("plugin %s failed on a state %s", plugin, what, extra={"plugin": plugin})
        message = f"plugin {plugin!r} raised {type(error).__name__} on a state {what}"
        raise PluginFailed(message, where=plugin, remedy=_MEND) from error
    if not is_document(made) or VERSION in made:
        message = f"plugin {plugin!r} made a state {what} that is not a JSON object of its own"
        raise _failed(message, plugin, _MEND)
    return made


_MEND = "Mend the step; what was kept is as it was."


def _failed(message: str, plugin: str, remedy: str) -> PluginFailed:
    logger.error("%s. %s", message, remedy, extra={"plugin": plugin})
    return PluginFailed(message, where=plugin, remedy=remedy)
