"""What the plugin remembers of two members who turn out to be one person."""

from loyalty_points.memory import united

DAY = "2026-06-01"


def test_counters_of_one_window_add_up_and_of_two_the_later_counts() -> None:
    one = {"counts": {"bonus": {"lifetime": {"since": "", "points": 5, "awards": 1}}}}
    two = {
        "counts": {
            "bonus": {
                "lifetime": {"since": "", "points": 7, "awards": 2},
                "day": {"since": DAY, "points": 7, "awards": 2},
            }
        }
    }
    assert united(one, two, {}) == {
        "counts": {
            "bonus": {
                "lifetime": {"since": "", "points": 12, "awards": 3},
                "day": {"since": DAY, "points": 7, "awards": 2},
            }
        }
    }
    early = {"shared": {"cap": {"day": {"since": "2026-05-31", "points": 9, "awards": 1}}}}
    late = {"shared": {"cap": {"day": {"since": DAY, "points": 2, "awards": 1}}}}
    assert united(early, late, {}) == united(late, early, {}) == late


def test_what_either_has_seen_is_seen() -> None:
    one = {"seen": {"review": {"since": "", "values": ["a", "b"]}}}
    two = {"seen": {"review": {"since": "", "values": ["b", "c"]}}}
    assert united(one, two, {}) == {"seen": {"review": {"since": "", "values": ["a", "b", "c"]}}}


def test_progress_adds_up_to_just_below_an_award() -> None:
    def counted(number: int) -> dict[str, object]:
        return {"progress": {"stamps": {"since": "", "count": number}}}

    for mine, theirs, expected in ((1, 2, 3), (3, 4, 4), (5, 1, 5), (0, 2, 2)):
        found = united(counted(mine), counted(theirs), {"stamps": 5})  # type: ignore[arg-type]
        assert found == counted(expected)
