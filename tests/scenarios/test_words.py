"""The words of scenarios: no part of them takes a name that another part has."""

from importlib.metadata import entry_points
from itertools import combinations

from loyalty_core.testing import (
    scenario_grants,
    scenario_people,
    scenario_segments,
    scenarios,
)


def test_no_two_parts_share_a_word() -> None:
    plugins = {found.name: found.load() for found in entry_points(group=scenarios.WORDS)}
    assert plugins
    own = {"grants": scenario_grants, "people": scenario_people, "segments": scenario_segments}
    parts = {**own, **plugins}
    for (one, first), (other, second) in combinations(parts.items(), 2):
        for words in ("ACTIONS", "VIEWS"):
            shared = set(getattr(first, words)) & set(getattr(second, words))
            assert shared == set(), f"{one} and {other} share {words}"
    for name, words in plugins.items():
        assert not set(words.ACTIONS) & set(scenarios.ACTIONS), name
        assert not set(words.VIEWS) & set(scenarios.VIEWS), name
