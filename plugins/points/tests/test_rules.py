"""How rules meet: multipliers, groups, priorities, pending days and expiry."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from loyalty_core import SHIPPING, Benefit, BenefitKind, GrantedBenefit
from plugins.points.tests.build import BASE, amounts, credits, line, member, order, points

DOUBLE = '[[earn]]\nrule = "double"\nmultiply = 2\n'


def test_a_multiplier_is_a_credit_of_its_own() -> None:
    found = credits(points(BASE + DOUBLE).decide(order(6000, 4000), member()))
    assert found["base"].lines == {"l0": 60, "l1": 40}
    assert found["double"].lines == {"l0": 60, "l1": 40}


def test_a_multiplier_of_some_lines_multiplies_what_they_earned() -> None:
    toml = BASE + '[[earn]]\nrule = "tea"\nmultiply = "2.5"\nwhen = { categories = ["tea"] }'
    bought = order(line("a", 1000, categories=("tea",)), line("b", 9000))
    found = credits(points(toml).decide(bought, member()))
    assert (found["base"].amount, found["tea"].lines) == (100, {"a": 15})
    assert "tea" not in credits(points(toml).decide(order(line("b", 9000)), member()))


def test_a_multiplier_without_conditions_on_lines_includes_shipping() -> None:
    toml = BASE + "basis = { shipping = true }\n" + DOUBLE
    found = credits(points(toml).decide(order(1000, shipping=500), member()))
    assert found["double"].lines == {"l0": 10, SHIPPING: 5}


def test_two_multipliers_add_up() -> None:
    toml = BASE + DOUBLE + '[[earn]]\nrule = "triple"\nmultiply = 3'
    assert amounts(points(toml).decide(order(1000), member())) == {
        "base": 10,
        "double": 10,
        "triple": 20,
    }


def test_bonuses_are_multiplied_only_by_name() -> None:
    bonus = '[[earn]]\nrule = "bonus"\nbonus = 7\n'
    plain = points(BASE + bonus + DOUBLE).decide(order(1000), member())
    assert amounts(plain) == {"base": 10, "bonus": 7, "double": 10}
    named = points(BASE + bonus + DOUBLE + 'multiplies = ["bonus"]').decide(order(1000), member())
    assert amounts(named) == {"base": 10, "bonus": 7, "double": 7}


def test_a_multiplier_does_not_reach_into_another_wallet() -> None:
    toml = DOUBLE + '[[earn]]\nrule = "stars"\nwallet = "stars"\nrate = { USD = 1 }'
    assert amounts(points(toml).decide(order(1000), member())) == {"stars": 10}


def test_a_multiplier_for_a_payment_multiplies_the_share_paid_so() -> None:
    toml = BASE + DOUBLE + 'when = { payments = ["store_card"] }'
    for paid, extra in [
        ([("store_card", 10000)], {"double": 100}),
        ([("store_card", 2500), ("cash", 7500)], {"double": 25}),
        ([("store_card", 2500), ("gift_card", 7500)], {"double": 25}),
        ([("cash", 10000)], {}),
        ([], {}),
    ]:
        earned = amounts(points(toml).decide(order(10000, paid=paid), member()))
        del earned["base"]
        assert earned == extra, paid


RULES = """
[groups]
offers = "{combine}"
[[earn]]
rule = "three"
rate = {{ USD = 3 }}
group = "offers"
priority = {priority}
when = {{ categories = ["tea"] }}
[[earn]]
rule = "one"
rate = {{ USD = 1 }}
group = "offers"
[[earn]]
rule = "beside"
bonus = 1
"""


@pytest.mark.parametrize(
    ("combine", "priority", "tea", "expected"),
    [
        ("sum", 0, True, {"three": 30, "one": 10, "beside": 1}),
        ("max", 9, True, {"three": 30, "beside": 1}),
        ("max", 9, False, {"one": 10, "beside": 1}),
        ("first", 0, True, {"three": 30, "beside": 1}),
        ("first", 9, True, {"one": 10, "beside": 1}),
        ("first", 0, False, {"one": 10, "beside": 1}),
    ],
)
def test_a_group_combines_as_it_says(
    combine: str, priority: int, tea: bool, expected: dict[str, int]
) -> None:
    program = points(RULES.format(combine=combine, priority=priority))
    bought = order(line("a", 1000, categories=("tea",) if tea else ()))
    assert amounts(program.decide(bought, member())) == expected


def test_the_order_in_the_file_never_changes_what_priorities_say() -> None:
    first = '[[earn]]\nrule = "a"\nrate = { USD = 1 }\ngroup = "g"\npriority = 2\n'
    second = '[[earn]]\nrule = "b"\nrate = { USD = 2 }\ngroup = "g"\npriority = 1\n'
    groups = '[groups]\ng = "first"\n'
    for toml in (groups + first + second, groups + second + first):
        assert amounts(points(toml).decide(order(1000), member())) == {"b": 20}


def test_a_capped_rule_leaves_its_group_to_the_next() -> None:
    toml = """
        [groups]
        g = "max"
        [[earn]]
        rule = "rich"
        rate = { USD = 5 }
        group = "g"
        caps = [{ period = "day", limit = 8 }]
        [[earn]]
        rule = "plain"
        rate = { USD = 1 }
        group = "g"
    """
    assert amounts(points(toml).decide(order(1000), member())) == {"plain": 10}
    assert amounts(points(toml).decide(order(500), member())) == {"rich": 8}


def test_pending_days_end_at_the_start_of_a_day_of_the_program() -> None:
    program = points(BASE + "pending_days = 14", time_zone="America/New_York")
    late = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)  # still 1 March in New York
    credit = credits(program.decide(order(1000, at=late), member()))["base"]
    # 15 March in New York, after the clocks went forward
    assert credit.activates_at == datetime(2026, 3, 15, 4, tzinfo=UTC)
    assert credit.expires_at is None


def test_a_rule_can_have_an_expiry_of_its_own() -> None:
    toml = BASE + 'pending_days = 10\nexpiry = { after_days = 30, counted_from = "activation" }'
    credit = credits(points(toml).decide(order(1000), member()))["base"]
    assert credit.activates_at == datetime(2026, 3, 12, tzinfo=UTC)
    assert credit.expires_at == datetime(2026, 4, 11, tzinfo=UTC)


def test_without_either_the_wallet_decides() -> None:
    credit = credits(points(BASE).decide(order(1000), member()))["base"]
    assert (credit.activates_at, credit.expires_at) == (None, None)


def test_a_benefit_multiplies_like_a_rule_and_the_largest_counts() -> None:
    def granted(name: str, multiplier: str, wallet: str = "points") -> GrantedBenefit:
        benefit = Benefit(
            benefit=name,
            kind=BenefitKind.POINTS_MULTIPLIER,
            multiplier=Decimal(multiplier),
            wallet=wallet,
        )
        return GrantedBenefit(benefit=benefit, source="tiers.status", why="VIP")

    several = granted("a", "1.5"), granted("b", "2.5"), granted("c", "9", wallet="stars")
    bonus = '[[earn]]\nrule = "bonus"\nbonus = 7\n'
    view = replace(member(), benefits=several)
    found = credits(points(BASE + DOUBLE + bonus).decide(order(6000, 4000), view))
    assert {rule: credit.amount for rule, credit in found.items()} == {
        "base": 100,
        "bonus": 7,
        "double": 100,
        "~benefit": 150,
    }
    assert found["~benefit"].lines == {"l0": 90, "l1": 60}
