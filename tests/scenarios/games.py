"""Looks at what the gamification plugin shows of the step's member."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from loyalty_gamification import check_spin


def by_name(section: str, key: str, read: str) -> Callable[[Any, Any, Any, Any], Any]:
    """A look at one thing of every game of a section, by the game's name."""

    def view(player: Any, step: Any, result: Any, expected: Any) -> dict[str, Any]:
        shown = player.statement(step).shown["gamification"].get(section, [])
        found = {one[key]: "" if one[read] is None else one[read] for one in shown}
        return {name: found.get(name) for name in expected}

    return view


def _spins(player: Any, step: Any, result: Any, expected: Any) -> dict[str, Any]:
    """What the member's spins came to, by wheel."""
    shown = player.statement(step).shown["gamification"]["wheels"]
    found = {one["wheel"]: [spin["prize"] for spin in one["spins"]] for one in shown}
    return {name: found[name] for name in expected}


def _checked(player: Any, step: Any, result: Any, expected: Any) -> dict[str, Any]:
    """What spins came to by what the shop has published, those of days that are over."""
    shown = player.statement(step).shown["gamification"]["wheels"]
    return {
        wheel["wheel"]: [
            check_spin(
                wheel["commitment"],
                first_day=date.fromisoformat(wheel["first_day"]),
                day=date.fromisoformat(spin["day"]),
                day_secret=spin["day_secret"],
                wheel=wheel["wheel"],
                spin=spin["spin"],
                odds=[(prize["prize"], prize["odds"]) for prize in wheel["prizes"]],
            )
            for spin in wheel["spins"]
            if spin["day_secret"]
        ]
        for wheel in shown
        if wheel["wheel"] in expected
    }


def _missions(read: Callable[[Any], Any]) -> Callable[[Any, Any, Any, Any], Any]:
    """A look at the missions that the expectation names, as far as they are open."""

    def view(player: Any, step: Any, result: Any, expected: Any) -> dict[str, Any]:
        shown = player.statement(step).shown["gamification"].get("missions", [])
        found = {one["mission"]: read(one) for one in shown}
        return {name: found.get(name, "") for name in expected}

    return view


def _done(mission: Any) -> str:
    return " ".join(one["step"] for one in mission["steps"] if one["done"])


GAME_VIEWS: Mapping[str, Callable[[Any, Any, Any, Any], Any]] = {
    "streaks": by_name("streaks", "streak", "length"),
    "best": by_name("streaks", "streak", "best"),
    "badges": by_name("badges", "badge", "level"),
    "spun": _spins,
    "checked": _checked,
    "spins_left": by_name("wheels", "wheel", "left"),
    "right": by_name("quizzes", "quiz", "right"),
    "done": _missions(_done),
    "progress": _missions(lambda one: one["steps"][0]["have"]),
    "completed": _missions(lambda one: one["times"]),
}
