"""A scheme's tiers with their terms in whole numbers: who reaches or keeps what, given sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from loyalty_core import ProgramConfig, Progress, Tier, minor_digits
from loyalty_tiers.config import Need, SchemeRules, Terms, TierRule

NONE = ""
"""What is held by who has no tier."""
Sums = Callable[[str], int]
"""How much of a metric counts."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The tiers of a scheme from the lowest to the highest."""

    rules: SchemeRules
    program: ProgramConfig

    @property
    def zone(self) -> str:
        """The time zone in which days begin."""
        return self.program.program.time_zone

    @property
    def start(self) -> str:
        """The tier that everybody has on joining, if there is one."""
        first = self.rules.tier[0] if self.rules.tier else None
        return first.tier if first and free(first) and not first.invitation else NONE

    @property
    def revisions(self) -> list[date]:
        """The days on which any terms change."""
        return sorted({terms.starts_on for rule in self.rules.tier for terms in rule.revised})

    @property
    def metrics(self) -> set[str]:
        """The metrics that any terms name: no other is counted."""
        terms = [one for rule in self.rules.tier for one in (rule, *rule.revised)]
        lists = [(t.any_of, t.all_of, t.stay_any_of, t.stay_all_of) for t in terms]
        return {need.metric for kinds in lists for needs in kinds for need in needs}

    def rank(self, tier: str) -> int:
        """The place of a tier, 0 for the lowest; -1 for none, and for one that is no more."""
        names = [rule.tier for rule in self.rules.tier]
        return names.index(tier) if tier in names else -1

    def at(self, rank: int) -> str:
        """The tier of a rank."""
        return self.rules.tier[rank].tier if rank >= 0 else NONE

    def rule(self, tier: str) -> TierRule | None:
        """What is written of a tier."""
        return self.rules.tier[self.rank(tier)] if self.rank(tier) >= 0 else None

    def shown(self, tier: str) -> Tier | None:
        """A tier as members see it."""
        rule = self.rule(tier)
        if rule is None:
            return None
        name = rule.name or rule.tier
        return Tier(tier=tier, name=name, rank=self.rank(tier), visible=rule.visible)

    def highest(self, below: int, fits: Callable[[TierRule], bool], invited: Sequence[str]) -> int:
        """The highest rank under ``below`` whose tier fits and is open to the member, or -1."""
        ranks = [rank for rank, rule in enumerate(self.rules.tier[:below]) if fits(rule)]
        return max([-1, *(rank for rank in ranks if _open(self.rules.tier[rank], invited))])

    def reaches(self, rule: TierRule, day: date, sums: Sums) -> bool:
        """Whether these sums are enough to reach a tier on a day."""
        terms = terms_on(rule, day)
        return self._enough(terms.any_of, terms.all_of, sums)

    def keeps(self, rule: TierRule, day: date, sums: Sums) -> bool:
        """Whether these sums are enough to keep a tier on a day."""
        return self._enough(*stay_terms(terms_on(rule, day)), sums)

    def _enough(self, any_of: Sequence[Need], all_of: Sequence[Need], sums: Sums) -> bool:
        anyhow = not any_of or any(not self.progress(need, sums).missing for need in any_of)
        return anyhow and all(not self.progress(need, sums).missing for need in all_of)

    def progress(self, need: Need, sums: Sums) -> Progress:
        """How far these sums are."""
        unit, scale = need.metric, 0
        if need.metric == "spend":
            unit = self.program.program.currency
            scale = minor_digits(unit)
        elif need.metric == "points":
            wallet = self.program.wallets[self.rules.points_wallet]
            unit, scale = wallet.unit, wallet.scale
        least = need.at_least if need.at_least is not None else need.more_than
        return Progress(
            metric=need.metric,
            unit=unit,
            scale=scale,
            have=sums(need.metric),
            need=int((least or Decimal(0)).scaleb(scale)),
            more_than=need.at_least is None,
        )


def terms_on(rule: TierRule, day: date) -> Terms:
    """The terms of a tier on a day: the latest that have begun."""
    begun = [terms for terms in rule.revised if terms.starts_on <= day]
    return max(begun, key=lambda terms: terms.starts_on) if begun else rule


def stay_terms(terms: Terms) -> tuple[Sequence[Need], Sequence[Need]]:
    """What keeping a tier takes."""
    if terms.stay_any_of or terms.stay_all_of:
        return terms.stay_any_of, terms.stay_all_of
    return terms.any_of, terms.all_of


def free(terms: Terms) -> bool:
    """Whether nothing has to be done for a tier."""
    return not (terms.any_of or terms.all_of)


def _open(rule: TierRule, invited: Sequence[str]) -> bool:
    return not rule.invitation or rule.tier in invited
