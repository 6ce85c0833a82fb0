"""Checks the rules one by one, and says which grade a plugin has reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import entry_points

from loyalty_core.errors import ConfigError
from loyalty_core.testing.quality import bronze, connecting, gold, silver
from loyalty_core.testing.quality.claim import Grade, read_claim
from loyalty_core.testing.quality.playing import words
from loyalty_core.testing.quality.rules import Idle, Rule, Unchecked, rule
from loyalty_core.testing.quality.subject import Subject

GROUP = "loyalty.quality"
"""The entry points of distributions that bring rules of their own, such as the gateway."""


class Verdict(StrEnum):
    """What came of checking a rule.

    ``idle``: there is nothing that it is about. ``unchecked``: nobody knows, because something
    that it has to look at is not there.
    """

    PASSED = "passed"
    FAILED = "failed"
    EXEMPT = "exempt"
    IDLE = "idle"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule and what came of it: the faults of one that failed, the reason of the others."""

    rule: Rule
    verdict: Verdict
    faults: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """All rules checked on a plugin, in the order of their codes.

    ``grade`` is the highest of which, and of those below it, every rule holds, does not apply or
    is exempt; None if that is not even bronze. ``wanted`` is what its quality.toml claims.
    """

    plugin: str
    version: str
    findings: tuple[Finding, ...]
    wanted: Grade

    @property
    def grade(self) -> Grade | None:
        """The grade reached, None for none."""
        bad = {
            one.rule.grade.rank
            for one in self.findings
            if one.verdict in (Verdict.FAILED, Verdict.UNCHECKED)
        }
        reached = [grade for grade in Grade if not any(rank <= grade.rank for rank in bad)]
        return reached[-1] if reached else None

    @property
    def is_kept(self) -> bool:
        """Whether the plugin is as good as it claims to be."""
        return self.grade is not None and self.grade.rank >= self.wanted.rank


@rule(
    "LQ109",
    "quality-file",
    why="An exemption is a promise that somebody has looked, and why it is right.",
    mend="In quality.toml write `grade`, and below `[exempt]` the code of a rule with the reason. "
    "Delete an exemption once the rule holds without it.",
)
def quality_file(subject: Subject) -> Iterator[str]:
    """What quality.toml says can be read, and its exemptions have reasons and are needed."""
    try:
        claim = read_claim(subject.text("quality.toml"))
    except ConfigError as error:
        yield from map(str, error.problems)
        return
    known = {one.code: one for one in all_rules()}
    for code, reason in claim.exempt.items():
        if code not in known:
            yield f"there is no rule {code!r}"
        elif not reason.strip():
            yield f"the exemption from {code} has no reason"
        elif known[code].grade is Grade.BRONZE:
            yield f"{code} is a rule of bronze: nothing is exempt from it"
        elif checked(subject, known[code]).verdict is not Verdict.FAILED:
            yield f"the exemption from {code} is not needed"


def all_rules() -> tuple[Rule, ...]:
    """The rules of the core and of the distributions that are installed, by code.

    Raises ``ValueError`` where a code is taken twice.
    """
    found: dict[str, Rule] = {}
    brought = [one for point in entry_points(group=GROUP) for one in point.load()]
    for one in (
        *bronze.RULES,
        quality_file,
        *silver.RULES,
        *connecting.RULES,
        *gold.RULES,
        *brought,
    ):
        if found.setdefault(one.code, one) is not one:
            raise ValueError(f"two rules have the code {one.code}")
    return tuple(found[code] for code in sorted(found))


def checked(subject: Subject, one: Rule) -> Finding:
    """What comes of checking a rule, whether the plugin says it is exempt from it or not."""
    return subject.once(("finding", one.code), lambda: _checked(subject, one))


def _checked(subject: Subject, one: Rule) -> Finding:
    try:
        faults = tuple(one.check(subject))
    except Idle as idle:
        return Finding(rule=one, verdict=Verdict.IDLE, reason=str(idle))
    except Unchecked as missing:
        return Finding(rule=one, verdict=Verdict.UNCHECKED, reason=str(missing))
    except Exception as error:  # noqa: BLE001 - whatever a plugin does is a fault of it
        faults = (words(error),)
    return Finding(rule=one, verdict=Verdict.FAILED if faults else Verdict.PASSED, faults=faults)


def finding(subject: Subject, one: Rule) -> Finding:
    """What came of a rule, as the grade counts it: exempt where quality.toml says why."""
    reason = subject.claim.exempt.get(one.code, "")
    if reason and one.grade is not Grade.BRONZE:
        return Finding(rule=one, verdict=Verdict.EXEMPT, reason=reason)
    return checked(subject, one)


def report(subject: Subject) -> QualityReport:
    """Every rule checked on a plugin."""
    return QualityReport(
        plugin=subject.id,
        version=subject.plugin.manifest.version,
        findings=tuple(finding(subject, one) for one in all_rules()),
        wanted=subject.claim.grade,
    )
