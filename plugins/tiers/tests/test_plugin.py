"""What the plugin registers, and that its README tells the truth of it."""

import pytest

from loyalty_core import ConfigError, Profile, TierScheme
from loyalty_tiers import plugin
from loyalty_tiers.program import TiersProgram
from plugins.tiers.tests.build import Shop, ladder, settings, shop


def test_what_is_registered() -> None:
    (program,) = plugin.loyalty_register_programs(settings(ladder()), shop())
    assert isinstance(program, TiersProgram)
    (scheme,) = plugin.loyalty_register_benefits(settings(ladder()), shop())
    assert isinstance(scheme, TierScheme)
    assert [(tier.tier, tier.rank) for tier in scheme.tiers] == [
        ("bronze", 0),
        ("silver", 1),
        ("gold", 2),
    ]


def test_a_benefit_for_a_tag_is_for_those_alone_who_have_it_beside_the_tier() -> None:
    twice = '{ benefit = "twice", kind = "points_multiplier", multiplier = 2, for_tags = ["tea"] }'
    tenth = '{ benefit = "tenth", kind = "percent_off", percent = 10, for_tags = ["tea", "club"] }'
    each = {"earn": [{"rule": "each", "rate": {"USD": "1"}}]}
    toml = ladder().replace(FIRST, f"{FIRST}\nbenefits = [{twice}, {tenth}]")
    shop = Shop(toml, plugins_on={"points": each})
    cart = {"currency": "USD", "lines": [{"id": "1", "amount": "20.00"}]}

    def price() -> int:
        pricing = shop.loyalty.quote(cart, shop.member).pricing
        assert pricing is not None
        return pricing.member_price.amount_minor

    assert shop.buy("100.00", "a").changes == {"points": 100}
    assert (shop.tier, shop.statement.benefits, price()) == ("silver", (), 2000)
    assert shop.buy("10.00", "b").changes == {"points": 10}
    shop.loyalty.update_member(shop.member, profile=Profile(tags=("tea",)))
    assert [one.benefit.benefit for one in shop.statement.benefits] == ["twice", "tenth"]
    assert price() == 1800
    assert shop.buy("10.00", "c").changes == {"points": 20}
    shop.loyalty.update_member(shop.member, profile=Profile(tags=("club",)))
    assert [one.benefit.benefit for one in shop.statement.benefits] == ["tenth"]
    assert shop.buy("10.00", "d").changes == {"points": 10}
    assert shop.refund("c").changes == {"points": -20}  # as it was decided


FIRST = 'any_of = [{ metric = "spend", at_least = "100.00" }]'
TWICE = '{ benefit = "a", kind = "gift" }'
WRONG = {
    "tier[1].any_of[0].metric": ('"spend", at_least = "100.00"', '"speed", at_least = "100.00"'),
    "tier[1].any_of[0]: it has": (
        'at_least = "100.00"',
        'at_least = "100.00", more_than = "100.00"',
    ),
    "tier[1].any_of[0]: 1.001": ('"100.00"', '"1.001"'),
    "tier[1]: a tier above": (FIRST, ""),
    "tier[1].tier": ('tier = "silver"', 'tier = "gold"'),
    "tier[1].entry.wallet": (FIRST, f'{FIRST}\nentry = {{ points = 5, wallet = "moons" }}'),
    "tier[1].every_order.points": (FIRST, f'{FIRST}\nevery_order = {{ points = "0.5" }}'),
    "months": ('scheme = "status"', 'scheme = "status"\nmonths = 0'),
    "grace_days": ('scheme = "status"', 'scheme = "status"\ngrace_days = 400'),
    "tier[1].benefits[0].percent: a percent_off needs it": (
        FIRST,
        f'{FIRST}\nbenefits = [{{ benefit = "a", kind = "percent_off" }}]',
    ),
    "tier[1].benefits[0].percent: 101": (
        FIRST,
        f'{FIRST}\nbenefits = [{{ benefit = "a", kind = "percent_off", percent = 101 }}]',
    ),
    "tier[1].benefits[0].count: only a quota": (
        FIRST,
        f'{FIRST}\nbenefits = [{{ benefit = "a", kind = "gift", count = 1 }}]',
    ),
    "tier[1].benefits[0].per": (
        FIRST,
        f'{FIRST}\nbenefits = [{{ benefit = "a", kind = "gift", per = "paid_period" }}]',
    ),
    "tier[1].benefits[0].for_tags": (
        FIRST,
        f'{FIRST}\nbenefits = [{{ benefit = "a", kind = "quota", count = 1, for_tags = ["x"] }}]',
    ),
    "tier[1].benefits[1].benefit": (
        FIRST,
        f"{FIRST}\nbenefits = [{TWICE}, {TWICE}]",
    ),
}


@pytest.mark.parametrize("where", WRONG)
def test_a_fault_is_refused_with_its_place(where: str) -> None:
    right, wrong = WRONG[where]
    assert right in ladder()
    with pytest.raises(ConfigError) as refused:
        plugin.loyalty_register_programs(settings(ladder().replace(right, wrong, 1)), shop())
    assert any(f"plugins.tiers.scheme[0].{where}" in str(one) for one in refused.value.problems)


def test_points_are_those_of_the_wallet_that_is_named() -> None:
    asked = ladder().replace(FIRST, FIRST.replace("spend", "points").replace("100.00", "12.5"))
    named = 'scheme = "status"\npoints_wallet = "{}"'
    stars = asked.replace('scheme = "status"', named.format("stars"))
    assert plugin.loyalty_register_programs(settings(stars), shop())
    moons = asked.replace('scheme = "status"', named.format("moons"))
    with pytest.raises(ConfigError) as refused:
        plugin.loyalty_register_programs(settings(moons), shop())
    assert str(refused.value.problems[0]) == (
        "plugins.tiers.scheme[0].tier[1].any_of[0].metric: the program has no wallet 'moons'. "
        "Set the scheme's points_wallet."
    )
