"""Settings that cannot be meant are refused before anything starts, all at once."""

import re

import pytest

from loyalty_core import ConfigError, ProgramConfig
from loyalty_points import plugin
from plugins.points.tests.build import BASE, settings, shop

EARN = '[[earn]]\nrule = "r"\n'
RATE = EARN + "rate = { USD = 1 }\n"
VISIT = '[[activity]]\nrule = "v"\nkind = "visit"\n'


def problems(toml: str, program: ProgramConfig | None = None) -> list[tuple[str, str]]:
    """Path and message of every fault, after the core and the plugin have read the settings."""
    try:
        plugin.loyalty_register_programs(settings(toml), program or shop())
    except ConfigError as error:
        return [(problem.where, problem.message) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("toml", "where", "message"),
    [
        (EARN, "earn[0]", "the rule gives nothing"),
        (RATE + "bonus = 5", "earn[0]", "the rule has rate and bonus"),
        (RATE + 'wallet = "miles"', "earn[0].wallet", "the program has no wallet 'miles'"),
        (EARN + "rate = { XYZ = 1 }", "earn[0].rate.XYZ", "'XYZ' is not a currency"),
        (EARN + "rate = { USD = -1 }", "earn[0].rate.USD", "-1 is not positive"),
        (EARN + "rate = { USD = 0 }", "earn[0].rate.USD", "0 is not positive"),
        (EARN + 'per = { USD = "2.50" }', "earn[0].points", "missing"),
        (RATE + "points = 5", "earn[0].points", "points without per"),
        (
            EARN + 'points = 5\nper = { USD = "2.505" }',
            "earn[0].per.USD",
            "2.505 has more than 2 decimal digits",
        ),
        (EARN + "points = 5\nper = { JPY = 0 }", "earn[0].per.JPY", "0 is not positive"),
        (EARN + 'bonus = 5\nmode = "step"', "earn[0].mode", "'step' without an amount to earn by"),
        (EARN + "bonus = 0", "earn[0].bonus", "0 is not positive"),
        (EARN + 'bonus = "0.5"', "earn[0].bonus", "0.5 has more than 0 decimal digits"),
        (EARN + "multiply = 1", "earn[0].multiply", "1 takes away"),
        (RATE + 'multiplies = ["x"]', "earn[0].multiplies", "the rule multiplies by nothing"),
        (
            EARN + 'multiply = 2\nmultiplies = ["x"]',
            "earn[0].multiplies",
            "'x' is no rule that can be multiplied here",
        ),
        (RATE + 'group = "g"', "earn[0].group", "there is no group 'g'"),
        (RATE + "pending_days = -1", "earn[0].pending_days", "-1 is not from 0 to 36500"),
        (
            RATE + 'expiry = { on_dates = ["02-29"] }',
            "earn[0].expiry.on_dates",
            "'02-29' is not a day of each year",
        ),
        (
            RATE + 'expiry = { on_dates = ["31-12"] }',
            "earn[0].expiry.on_dates",
            "'31-12' is not a day of each year",
        ),
        (RATE + "expiry = {}", "earn[0].expiry", "an expiry that says nothing"),
        (
            RATE + "expiry = { after_days = 0 }",
            "earn[0].expiry.after_days",
            "0 is not from 1 to 36500",
        ),
        (
            RATE + "expiry = { after_days = 9, inactivity_days = 9 }",
            "earn[0].expiry.inactivity_days",
            "a rule's points cannot lapse alone",
        ),
        (
            RATE + 'caps = [{ period = "day", limit = 0 }]',
            "earn[0].caps[0].limit",
            "0 is not positive",
        ),
        (
            RATE + 'caps = [{ period = "day", limit = "1.5", counts = "awards" }]',
            "earn[0].caps[0].limit",
            "1.5 has more than 0 decimal digits",
        ),
        (
            RATE + 'caps = [{ period = "campaign", limit = 9 }]',
            "earn[0].caps[0].period",
            "there are no dates to be a campaign",
        ),
        (
            RATE + "when = { starts_on = 2026-02-02, ends_on = 2026-02-01 }",
            "earn[0].when.ends_on",
            "2026-02-01 is before 2026-02-02",
        ),
        (
            RATE + "when = { starts_at = 2026-02-02T00:00:00Z, ends_at = 2026-02-02T00:00:00Z }",
            "earn[0].when.ends_at",
            "2026-02-02T00:00:00+00:00 is not after 2026-02-02T00:00:00+00:00",
        ),
        (
            RATE + "when = { starts_on = 2026-02-02, starts_at = 2026-02-02T00:00:00Z }",
            "earn[0].when",
            "both starts_on and starts_at",
        ),
        (
            RATE + "when = { hours = [{ start = 09:00:00, end = 09:00:00 }] }",
            "earn[0].when.hours[0]",
            "09:00:00 to 09:00:00 is no time at all",
        ),
        (
            RATE + 'when = { hours = [{ start = "09:00+01:00", end = "10:00" }] }',
            "earn[0].when.hours[0]",
            "a time of day with an offset",
        ),
        (RATE + "when = { nth_order = [0] }", "earn[0].when.nth_order", "0 is no order's number"),
        (RATE + "when = { every_nth = 0 }", "earn[0].when.every_nth", "0 is not positive"),
        (
            RATE + "when = { minimum_orders = -1 }",
            "earn[0].when.minimum_orders",
            "-1 is negative",
        ),
        (
            RATE + 'when = { minimum_amount = { USD = "-1" } }',
            "earn[0].when.minimum_amount.USD",
            "-1 is not positive",
        ),
        (
            RATE + '[groups]\ng = "max"\n' + VISIT + "points = 0",
            "activity[0].points",
            "0 is not positive",
        ),
        ('[[activity]]\nrule = "v"\nkind = " "\npoints = 1', "activity[0].kind", "' ' is no kind"),
        (VISIT + "points = 1\nneeds = 0", "activity[0].needs", "0 is not from 1 to 1000000"),
        (VISIT + "points = 1\nrepeat = true", "activity[0].repeat", "repeat without needs"),
        (
            VISIT + 'points = 1\nneeds = 2\nneeds_within = "campaign"',
            "activity[0].needs_within",
            "the rule has no dates to be a campaign",
        ),
        (
            '[[caps]]\ncap = "c"\nwallet = "miles"\nperiod = "day"\nlimit = 1',
            "caps[0].wallet",
            "the program has no wallet 'miles'",
        ),
        (
            '[[caps]]\ncap = "c"\nperiod = "campaign"\nlimit = 1',
            "caps[0].period",
            "there are no dates to be a campaign",
        ),
        (
            '[[caps]]\ncap = "c"\nperiod = "day"\nlimit = 1\nrules = ["x"]',
            "caps[0].rules",
            "'x' is no rule of wallet 'points'",
        ),
        ('[redeem]\nwallet = "miles"', "redeem.wallet", "the program has no wallet 'miles'"),
        ('[redeem]\nwallet = "stars"', "redeem.wallet", "wallet 'stars' has no value"),
        ("[redeem]\nminimum = -5", "redeem.minimum", "-5 is not positive"),
        (
            "[redeem]\nlifted = [{ starts_on = 2026-02-02, ends_on = 2026-02-01 }]",
            "redeem.lifted[0].ends_on",
            "2026-02-01 is before 2026-02-02",
        ),
        (
            "[redeem]\nmaximum_percent = 101",
            "redeem.maximum_percent",
            "101 is not a percentage above 0 and up to 100",
        ),
        ("[redeem]\nstep = 0", "redeem.step", "0 is not positive"),
        (
            '[redeem]\n[[redeem.ratio]]\npoints = 1\namount = "1"',
            "redeem.ratio[0]",
            "the ratio does not say on which goods it counts",
        ),
        (
            '[redeem]\n[[redeem.ratio]]\npoints = 0\namount = "1"\nskus = ["x"]',
            "redeem.ratio[0].points",
            "0 is not positive",
        ),
        (
            '[redeem]\n[[redeem.ratio]]\npoints = 1\namount = "1.005"\nskus = ["x"]',
            "redeem.ratio[0].amount",
            "1.005 has more than 2 decimal digits",
        ),
        (
            '[redeem]\nstep = 10\n[[redeem.ratio]]\npoints = 7\namount = "1"\nskus = ["x"]',
            "redeem.ratio[0]",
            "a step of 10 points is not worth whole minor units of money",
        ),
    ],
)
def test_each_fault_names_its_place(toml: str, where: str, message: str) -> None:
    assert problems(toml) == [(f"plugins.points.{where}", message)]


@pytest.mark.parametrize("name", ["", " ", "x" * 51, " x", "a\\nb"])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        settings(
            f'[[activity]]\nrule = "{name}"\nkind = "v"\npoints = 1\n'
            f'[[caps]]\ncap = "{name}"\nperiod = "day"\nlimit = 1'
        )
    assert [(one.where, one.message[-14:]) for one in raised.value.problems] == [
        ("$.activity[0].rule", " is not a name"),
        ("$.caps[0].cap", " is not a name"),
    ]


def test_one_name_for_two_rules() -> None:
    found = problems(RATE + '[[activity]]\nrule = "r"\nkind = "visit"\npoints = 1')
    assert found == [
        ("plugins.points.earn[0].rule", "'r' names 2 rules"),
        ("plugins.points.activity[0].rule", "'r' names 2 rules"),
    ]


def test_a_group_is_of_one_wallet_and_one_sort() -> None:
    toml = """
        [groups]
        g = "max"
        [[earn]]
        rule = "a"
        rate = { USD = 1 }
        group = "g"
        [[earn]]
        rule = "b"
        wallet = "stars"
        multiply = 2
        group = "g"
    """
    assert problems(toml) == [
        ("plugins.points.groups.g", "the rules of 'g' credit several wallets"),
        ("plugins.points.groups.g", "'g' mixes multipliers with other rules"),
    ]


def test_every_fault_is_reported_at_once_with_a_remedy() -> None:
    toml = EARN + 'wallet = "miles"\npending_days = -1\n' + VISIT + "points = 0\n[redeem]\nstep = 0"
    with pytest.raises(ConfigError) as raised:
        plugin.loyalty_register_rewards(settings(toml), shop())
    assert [problem.where.removeprefix("plugins.points.") for problem in raised.value.problems] == [
        "earn[0].wallet",
        "earn[0].pending_days",
        "earn[0]",
        "activity[0].points",
        "redeem.step",
    ]
    assert all(problem.remedy for problem in raised.value.problems)
    assert all(problem.code == "config_invalid" for problem in raised.value.problems)


@pytest.mark.parametrize(
    ("toml", "where"),
    [
        ("[[earn]]\nrate = { USD = 1 }", "$.earn[0].rule"),
        (RATE + "rat = 1", "$.earn[0].rat"),
        (EARN + 'rate = { USD = "1e3" }', "$.earn[0].rate.USD"),
        (EARN + "rate = { USD = true }", "$.earn[0].rate.USD"),
        (RATE + 'rounding = "nearest"', "$.earn[0].rounding"),
        (RATE + "caps = [{ limit = 5 }]", "$.earn[0].caps[0].period"),
        (RATE + 'caps = [{ period = "hour", limit = 5 }]', "$.earn[0].caps[0].period"),
        (RATE + 'when = { weekdays = ["Mon"] }', "$.earn[0].when.weekdays[0]"),
        (RATE + "when = { starts_at = 2026-01-01T00:00:00 }", "$.earn[0].when.starts_at"),
        (BASE + '[groups]\ng = "best"', "$.groups.g"),
    ],
)
def test_what_is_not_even_well_formed_is_refused_by_the_core(toml: str, where: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(where)):
        settings(toml)
