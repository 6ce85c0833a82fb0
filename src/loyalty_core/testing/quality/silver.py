"""The rules of silver: with the plugin on, the books are right whatever happens."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from loyalty_core.ports.connectors import ActsOnShop
from loyalty_core.testing.quality import plays
from loyalty_core.testing.quality.migrating import migration_faults
from loyalty_core.testing.quality.rules import Idle, Unchecked, rule
from loyalty_core.testing.quality.subject import Subject
from loyalty_core.testing.quality.upgrading import upgrade_faults
from loyalty_core.testing.quality.watching import PURE


def _pure_calls(subject: Subject) -> plays.Played:
    """The histories played; raises ``Idle`` for a plugin that is asked nothing."""
    played = plays.played(subject)
    if not any(name.rpartition(".")[2] in PURE for name in played.notes.calls):
        raise Idle(f"it registers nothing with {', '.join(PURE)}")
    return played


@rule(
    "LQ201",
    "asks-nobody",
    why="The core asks again when an earlier fact comes late, for quotes and in backtests, and "
    "needs the answer of then.",
    mend="Use the fact's `occurred_at`, or the moment that is passed in. What has to be asked of "
    "others is a handler's work, after the commit; chance is drawn from what does not change, as "
    "`hmac` of the fact's id.",
)
def asks_nobody(subject: Subject) -> list[str]:
    """What is called while a fact is decided asks no clock, chance, file, network or database."""
    return _pure_calls(subject).notes.asks


@rule(
    "LQ202",
    "same-answer",
    why="Awards are compared with what is booked; an answer that wavers books differences.",
    mend="Let the answer follow from the arguments and the settings alone: keep nothing on the "
    "object between calls, and sort what comes out of a set.",
)
def same_answer(subject: Subject) -> list[str]:
    """The same question has the same answer, however often it is asked."""
    return _pure_calls(subject).notes.differs


@rule(
    "LQ203",
    "changes-nothing",
    why="The member's view and the fact go on to other plugins.",
    mend="Copy before changing: `state = {**member.state}`, or `copy.deepcopy` where it is nested.",
)
def changes_nothing(subject: Subject) -> list[str]:
    """It changes nothing that it is given."""
    return _pure_calls(subject).notes.changes


@rule(
    "LQ204",
    "decides-all",
    why="Where a plugin fails, its part of a fact is put off and tried again, without end.",
    mend="Handle facts that you do not expect: another currency, no lines, data that lacks a key "
    "or has another type. Return effects as their page says: names begin with the plugin's id, "
    "lines add up to the amount.",
)
def decides_all(subject: Subject) -> list[str]:
    """It fails on no fact of any history, and all of its effects can be booked."""
    return plays.played(subject).refused


@rule(
    "LQ205",
    "converges",
    why="Shops send late, twice and in any order.",
    mend="Decide from the fact and `member.state` alone, and keep in the state what later facts "
    "need. What depends on the time goes into `show` and `benefits`, which are told the moment.",
)
def converges(subject: Subject) -> list[str]:
    """However the facts of a history arrive, the books, the states and what is shown are the same.

    They come shuffled, some of them twice, in batches, with nightly jobs in between.
    """
    return plays.played(subject).differences


@rule(
    "LQ206",
    "merges",
    why="Two members turn out to be one person, and facts from before that still come.",
    mend="Say in `merge_states` what two states are together, so that it does not matter which "
    "facts were there already.",
)
def merges(subject: Subject) -> Iterator[str]:
    """Facts that come after their member was merged lead to the same as those that came before."""
    return plays.merged(subject)


@rule(
    "LQ207",
    "erases",
    why="Who asks to be forgotten is forgotten everywhere.",
    mend="Keep ids and digests in states and in what is caused for others, never a name, an "
    "address or a number of somebody.",
)
def erases(subject: Subject) -> Iterator[str]:
    """After an erasure nothing in any table says who it was, and sending old facts changes nothing.

    The books stay right, and the members who are left can still be shown.
    """
    return plays.erased(subject)


@rule(
    "LQ208",
    "handles-twice",
    why="An event is delivered at least once.",
    mend="Derive ids and keys of what a handler makes from `event.id` and the event's data.",
)
def handles_twice(subject: Subject) -> list[str]:
    """A handler makes the same facts of the same event, however often that comes."""
    notes = plays.played(subject).notes
    if not notes.subscriptions:
        raise Idle("it subscribes to no events")
    if not notes.subscriptions.keys() & notes.calls.keys():
        raise Idle("no event that it subscribes to happens in these histories")
    return notes.handlers


@rule(
    "LQ209",
    "right-books",
    why="This is what the SDK is for.",
    mend="`loyalty verify` names the row. If the effects of the plugin look right, report it.",
)
def right_books(subject: Subject) -> Iterator[str]:
    """The invariants of the books hold with it on: after rewards, refunds, jobs and years."""
    return plays.spent(subject)


@rule(
    "LQ210",
    "keeps-apart",
    why="Two programs with different settings live in one process.",
    mend="Keep nothing in module or class variables: what is registered holds its own settings.",
)
def keeps_apart(subject: Subject) -> Iterator[str]:
    """A program comes to the same whether or not another one runs beside it."""
    return plays.side_by_side(subject)


@rule(
    "LQ211",
    "switches-off",
    why="A merchant tries a plugin, and tries without it.",
    mend="Let nothing but the plugin's own section depend on it, and keep what it needs in the "
    "members' states.",
)
def switches_off(subject: Subject) -> Iterator[str]:
    """Switched off and on again, the program opens, takes facts, and its books are right."""
    return plays.switched_off(subject)


@rule(
    "LQ212",
    "opens-quietly",
    why="A program opens in every process, also to check its configuration where there is no "
    "network and no secret.",
    mend="Read secrets and ask shops when something is to be done, not in a hook.",
)
def opens_quietly(subject: Subject) -> list[str]:
    """Its hooks ask no clock, chance, file, network, database or environment."""
    return plays.played(subject).notes.registering


@rule(
    "LQ214",
    "migrates",
    why="Books are older than the release that opens them.",
    mend="Add a step for each change of a table, and never change one that was released. A new "
    "column is nullable, or has a `server_default`.",
)
def migrates(subject: Subject) -> list[str]:
    """Its migrations lead to its tables from each release that there was, and keep the rows."""
    tables = plays.played(subject).notes.tables
    if not tables:
        raise Idle("it has no tables of its own")
    faults = [
        fault for own in tables for fault in migration_faults(subject.id, own, subject.database_url)
    ]
    return list(dict.fromkeys(faults))


@rule(
    "LQ216",
    "says-what-it-keeps",
    why="Whoever answers for data protection has to say what is kept of people, where and why.",
    mend="Name it in the manifest: `personal_data` has a `PersonalData` for each thing, with "
    "`what`, `where` and `why`. Of what is `outside` its `erasure` says what becomes of it when a "
    "person is erased; the rest is cleared by the core.",
)
def says_what_it_keeps(subject: Subject) -> Iterator[str]:
    """The manifest says what it keeps of members: in states, own tables, facts, events, outside."""
    notes, said = plays.played(subject).notes, subject.plugin.manifest.personal_data
    acting = [name for name, one in notes.connectors.items() if _acts(one)]
    kept = {
        "state": "it keeps a state of members" if notes.keeps else "",
        "tables": "it has tables of its own" if notes.tables else "",
        "facts": "it declares activities" if notes.kinds else "",
        "events": f"it emits {', '.join(sorted(notes.told))}" if notes.told else "",
        "outside": f"something is done at {', '.join(acting)}" if acting else "",
    }
    if notes.connectors and not notes.kinds:
        kept["facts"] = f"facts come from {', '.join(notes.connectors)}"
    for where, words in kept.items():
        if words and where not in {one.where for one in said}:
            yield f"{words}, and personal_data names nothing in {where!r}"
    for one in said:
        if one.where not in kept:
            yield f"{one.where!r} of {one.what!r} is none of {', '.join(kept)}"
        if not one.what.strip() or not one.why.strip():
            yield f"{one} does not say what it is, or why"
        if one.where == "outside" and not one.erasure.strip():
            yield f"{one.what!r} is outside, and its erasure is not told"
        if one.where == "tables" and not notes.tables:
            yield f"{one.what!r} is in tables, and it has none"


@rule(
    "LQ217",
    "upgrades-states",
    why="Members come with what an older release kept of them.",
    mend="Add a `StateStep` to the manifest for each release that keeps something else in the "
    "state, and never change or take out one that was released. It makes all of the document that "
    "the next release kept, from the one before alone.",
)
def upgrades_states(subject: Subject) -> list[str]:
    """A state of each older release becomes one that it decides on, shows and merges."""
    if not subject.plugin.manifest.state_steps:
        raise Idle("its states are as they ever were")
    return list(dict.fromkeys(upgrade_faults(subject)))


def _acts(connector: object) -> bool:
    if not isinstance(connector, ActsOnShop):
        return False
    wants = connector.wants
    return bool(wants.rewards or wants.members or wants.events)


def names_in_tests(subject: Subject) -> set[str]:
    """The names that its tests use; raises ``Unchecked`` where they are not there."""
    if subject.folder is None:
        raise Unchecked("its tests are not there")
    found: set[str] = set()
    for path in sorted((subject.folder / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
    return found


RULES = (
    asks_nobody,
    same_answer,
    changes_nothing,
    decides_all,
    converges,
    merges,
    erases,
    handles_twice,
    right_books,
    keeps_apart,
    switches_off,
    opens_quietly,
    migrates,
    says_what_it_keeps,
    upgrades_states,
)
