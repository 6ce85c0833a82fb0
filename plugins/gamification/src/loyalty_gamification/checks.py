"""Settings that are well formed but cannot be meant: each with its path, value and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from loyalty_core import (
    AmountInvalid,
    ConfigError,
    Problem,
    ProgramConfig,
    minor_digits,
    parse_scaled,
)
from loyalty_gamification.config import (
    BadgeRules,
    BoardRules,
    Counts,
    GamificationConfig,
    MissionRules,
    Prize,
    QuizRules,
    StreakRules,
    What,
    WheelRules,
)
from loyalty_gamification.counting import ORDER
from loyalty_gamification.fair import commitment_of
from loyalty_gamification.quizzes import QUIZ
from loyalty_gamification.wheels import secret_of

ROOT = "plugins.gamification"
MOST_DAYS = 36500
MOST_VALUES = 100
MOST_MEMBERS = 50
MOST_WHEEL_DAYS = 3660
LONGEST_NAMES = 80
"""How long the names of a wheel and a prize with a stock may be together: the core keeps both."""
MOST_SETTLING_DAYS = 366
MOST_PLACES = 10_000
SHORTEST_SECRET = 32
LEAST_UNITS = {
    "day": {"week": 7, "month": 28, "quarter": 90, "year": 365},
    "week": {"week": 1, "month": 4, "quarter": 12, "year": 52},
}
"""How many units there are at least in each period: more freezes would never let a streak end."""


def check(config: GamificationConfig, program: ProgramConfig) -> None:
    """Returns nothing when the settings can be used.

    Raises ``ConfigError`` with every fault of the whole section at once.
    """
    problems = list(faults(config, program))
    if problems:
        raise ConfigError(problems)


def faults(config: GamificationConfig, program: ProgramConfig) -> Iterator[Problem]:
    """Every fault of the settings, in the order of the file."""
    yield from own_names(f"{ROOT}.streak", "streak", [rules.streak for rules in config.streak])
    for index, streak in enumerate(config.streak):
        yield from _streak(f"{ROOT}.streak[{index}]", streak, program)
    yield from own_names(f"{ROOT}.mission", "mission", [one.mission for one in config.mission])
    for index, mission in enumerate(config.mission):
        yield from _mission(f"{ROOT}.mission[{index}]", mission, program)
    if not 2 <= config.team.members <= MOST_MEMBERS:
        message = f"{config.team.members} is not from 2 to {MOST_MEMBERS}"
        yield problem(f"{ROOT}.team.members", message, "")
    yield from own_names(f"{ROOT}.quiz", "quiz", [one.quiz for one in config.quiz])
    for index, quiz in enumerate(config.quiz):
        yield from _quiz(f"{ROOT}.quiz[{index}]", quiz, program)
    yield from own_names(f"{ROOT}.wheel", "wheel", [one.wheel for one in config.wheel])
    for index, wheel in enumerate(config.wheel):
        yield from _wheel(f"{ROOT}.wheel[{index}]", wheel, program)
    yield from own_names(f"{ROOT}.board", "board", [rules.board for rules in config.board])
    for index, board in enumerate(config.board):
        yield from _board(f"{ROOT}.board[{index}]", board, program)
    yield from own_names(f"{ROOT}.badge", "badge", [rules.badge for rules in config.badge])
    for index, badge in enumerate(config.badge):
        yield from _badge(f"{ROOT}.badge[{index}]", badge, config, program)


def _streak(where: str, rules: StreakRules, program: ProgramConfig) -> Iterator[Problem]:
    yield from what_faults(f"{where}.what", rules.what, "times")
    units = LEAST_UNITS[rules.unit][rules.freezes_per]
    if not 0 <= rules.freezes < units:
        message = f"{rules.freezes} is not from 0 to {units - 1}"
        remedy = f"A {rules.freezes_per} may have only {units} {rules.unit}s."
        yield problem(f"{where}.freezes", message, remedy)
    lengths = Counter(prize.at for prize in rules.prize)
    for index, prize in enumerate(rules.prize):
        at = f"{where}.prize[{index}]"
        if prize.at < 1 or lengths[prize.at] > 1:
            yield problem(f"{at}.at", f"{prize.at} is not a length of its own from 1 up", "")
        yield from prize_faults(at, prize, program)


def _mission(where: str, rules: MissionRules, program: ProgramConfig) -> Iterator[Problem]:
    if rules.starts_on and rules.ends_on and rules.ends_on < rules.starts_on:
        yield problem(f"{where}.ends_on", "it ends before it starts", "")
    days = rules.within_days
    if days is not None and not 1 <= days <= MOST_DAYS:
        yield problem(f"{where}.within_days", f"{days} is not from 1 to {MOST_DAYS}", "")
    if not rules.step:
        yield problem(f"{where}.step", "the mission has no steps", "Write at least one.")
    yield from _team(where, rules)
    yield from prize_faults(where, rules, program)
    yield from own_names(f"{where}.step", "step", [step.step for step in rules.step])
    for index, step in enumerate(rules.step):
        at = f"{where}.step[{index}]"
        yield from what_faults(f"{at}.what", step.what, step.counts)
        yield from need_faults(f"{at}.needs", step.needs, step.counts, program)
        yield from prize_faults(at, step, program)
        if step.once_per and step.what.kind == ORDER:
            yield problem(f"{at}.once_per", "orders have no data", "Each order counts once.")
        if step.once_per and step.needs > MOST_VALUES:
            message = f"{step.needs} different values are too many to remember"
            yield problem(f"{at}.needs", message, f"At most {MOST_VALUES} with once_per.")


def _team(where: str, rules: MissionRules) -> Iterator[Problem]:
    if not 0 <= rules.share <= 100:
        yield problem(f"{where}.share", f"{rules.share} is not from 0 to 100 percent", "")
    elif rules.share and not rules.team:
        message = "only the members of teams have shares"
        yield problem(f"{where}.share", message, "Write team = true, or leave it out.")
    for index, step in enumerate(rules.step if rules.team else ()):
        if step.points or step.reward:
            message = "a team wins when all steps are done"
            remedy = "Write the prize in the mission, or make the step a mission of its own."
            yield problem(f"{where}.step[{index}]", message, remedy)


def _free_kind(where: str, kind: str) -> Iterator[Problem]:
    """A kind of activity that nobody can send with the data of a game."""
    if not kind or kind == ORDER:
        yield problem(where, f"{kind!r} is no kind of activity", "")
    elif kind.startswith("gamification."):
        yield problem(where, f"{kind!r} is one of the plugin's own", "Use another name.")


def _quiz(where: str, rules: QuizRules, program: ProgramConfig) -> Iterator[Problem]:
    yield from _free_kind(f"{where}.kind", rules.kind)
    if not rules.question:
        yield problem(f"{where}.question", "the quiz has no questions", "Write at least one.")
    yield from own_names(f"{where}.question", "question", [one.question for one in rules.question])
    for index, question in enumerate(rules.question):
        at = f"{where}.question[{index}]"
        if question.question == QUIZ:
            message = f"{QUIZ!r} is where an activity names the quiz"
            yield problem(f"{at}.question", message, "Use another name.")
        if not any(answer.strip() for answer in question.answers):
            yield problem(f"{at}.answers", "no answer is right", "Write one.")
    if rules.reward:
        message = "right answers are worth points; a reward cannot be won several times at once"
        yield problem(f"{where}.reward", message, "Write it in all_right.")
    yield from prize_faults(where, rules, program)
    yield from prize_faults(f"{where}.all_right", rules.all_right, program)


def _wheel(where: str, rules: WheelRules, program: ProgramConfig) -> Iterator[Problem]:
    yield from _free_kind(f"{where}.kind", rules.kind)
    if rules.spins < 1:
        yield problem(f"{where}.spins", f"{rules.spins} is not from 1 up", "")
    if not rules.prize:
        yield problem(f"{where}.prize", "the wheel has no prizes", "Write at least one.")
    yield from own_names(f"{where}.prize", "prize", [prize.prize for prize in rules.prize])
    for index, prize in enumerate(rules.prize):
        at = f"{where}.prize[{index}]"
        if prize.odds < 1:
            yield problem(f"{at}.odds", f"{prize.odds} is not from 1 up", "")
        yield from prize_faults(at, prize, program)
    yield from _limits(where, rules, program)
    secret = secret_of(rules)
    if not 1 <= rules.days <= MOST_WHEEL_DAYS:
        yield problem(f"{where}.days", f"{rules.days} is not from 1 to {MOST_WHEEL_DAYS}", "")
    elif len(secret) < SHORTEST_SECRET:
        message = f"the secret is not set, or shorter than {SHORTEST_SECRET} characters"
        remedy = 'Make one with python -c "import secrets; print(secrets.token_hex(32))".'
        yield problem(f"{where}.secret", message, remedy)
    elif (right := commitment_of(secret, rules.days)) != rules.commitment:
        message = "it does not commit to the secret and the number of days"
        yield problem(f"{where}.commitment", message, f"Theirs is {right}.")


def _limits(where: str, rules: WheelRules, program: ProgramConfig) -> Iterator[Problem]:
    """Limits that cannot be, and what is won instead where it may be gone itself."""
    stocked = [prize for prize in rules.prize if prize.stock is not None]
    for index, prize in enumerate(rules.prize):
        at = f"{where}.prize[{index}]"
        if prize.stock is not None and prize.stock < 0:
            yield problem(f"{at}.stock", f"{prize.stock} is negative", "")
        if prize.stock is not None and len(rules.wheel) + len(prize.prize) > LONGEST_NAMES:
            message = "its name and the wheel's are too long for what is limited"
            yield problem(f"{at}.prize", message, f"Together at most {LONGEST_NAMES} letters.")
    if rules.budget is not None:
        wallets = sorted({prize.wallet for prize in rules.prize if prize.points})
        if len(wallets) != 1 or wallets[0] not in program.wallets:
            message = "a budget is of the points of one wallet, which the prizes give"
            yield problem(f"{where}.budget", message, "Give all points in one wallet.")
        else:
            scale = program.wallets[wallets[0]].scale
            yield from _amount(f"{where}.budget", rules.budget, scale, least=0)
    elif not stocked:
        if rules.instead:
            yield problem(f"{where}.instead", "nothing of this wheel can be gone", "Leave it out.")
        return
    instead = [prize for prize in rules.prize if prize.prize == rules.instead]
    if not instead:
        names = ", ".join(prize.prize for prize in rules.prize)
        message = "what is won instead of a prize that is gone is no prize of the wheel"
        yield problem(f"{where}.instead", message, f"Name one of: {names}.")
    elif instead[0] in stocked or (rules.budget is not None and instead[0].points):
        message = f"{rules.instead!r} can be gone itself"
        yield problem(f"{where}.instead", message, "Name a prize without stock and points.")


def _badge(
    where: str, rules: BadgeRules, config: GamificationConfig, program: ProgramConfig
) -> Iterator[Problem]:
    sources = [rules.what, rules.streak, rules.mission, rules.quiz]
    if sum(map(bool, sources)) != 1:
        message = "it has not exactly one of what, streak, mission and quiz"
        yield problem(where, message, "Write one of them.")
    if rules.what is not None:
        yield from what_faults(f"{where}.what", rules.what, rules.counts)
    elif rules.counts == "spend":
        yield problem(f"{where}.counts", "only orders count by spend", "Write what.")
    for key, name, names in (
        ("streak", rules.streak, [one.streak for one in config.streak]),
        ("mission", rules.mission, [one.mission for one in config.mission]),
        ("quiz", rules.quiz, [one.quiz for one in config.quiz]),
    ):
        if name and name not in names:
            message = f"there is no {key} {name!r}"
            yield problem(f"{where}.{key}", message, f"There are: {', '.join(names) or 'none'}.")
    days = rules.expires_after_days
    if days is not None and not 1 <= days <= MOST_DAYS:
        message = f"{days} is not from 1 to {MOST_DAYS}"
        yield problem(f"{where}.expires_after_days", message, "Leave it out: it never expires.")
    if not rules.level:
        yield problem(f"{where}.level", "the badge has no levels", "Write at least one.")
    yield from own_names(f"{where}.level", "level", [level.level for level in rules.level])
    for index, level in enumerate(rules.level):
        at = f"{where}.level[{index}]"
        yield from need_faults(f"{at}.needs", level.needs, rules.counts, program)
        yield from prize_faults(at, level, program)
    for index, (lower, upper) in enumerate(pairwise(rules.level)):
        if upper.needs <= lower.needs:
            message = f"{upper.needs} is not more than the level below needs"
            yield problem(f"{where}.level[{index + 1}].needs", message, "Write the lowest first.")


def _board(where: str, rules: BoardRules, program: ProgramConfig) -> Iterator[Problem]:
    if rules.what is not None:
        spend: Counts = "spend" if rules.counts == "spend" else "times"
        yield from what_faults(f"{where}.what", rules.what, spend)
    elif rules.counts == "times":
        yield problem(f"{where}.what", "it does not say which facts count", "Write what.")
    if rules.counts == "points" and rules.wallet not in program.wallets:
        message = f"the program has no wallet {rules.wallet!r}"
        yield problem(f"{where}.wallet", message, f"Wallets: {', '.join(program.wallets)}.")
    if (rules.counts == "measure") != bool(rules.metric):
        message = "metric says what is measured, where counts is measure, and nowhere else"
        yield problem(f"{where}.metric", message, "Write both, or neither.")
    if not 0 <= rules.settles_after_days <= MOST_SETTLING_DAYS:
        message = f"{rules.settles_after_days} is not from 0 to {MOST_SETTLING_DAYS}"
        yield problem(f"{where}.settles_after_days", message, "")
    if not 1 <= rules.keeps <= MOST_PLACES:
        message = f"{rules.keeps} is not from 1 to {MOST_PLACES}"
        yield problem(f"{where}.keeps", message, "")
    for index, prize in enumerate(rules.prize):
        at, fewest = f"{where}.prize[{index}]", rules.prize[index - 1].places + 1 if index else 1
        if not fewest <= prize.places <= MOST_PLACES:
            message = f"{prize.places} is not from {fewest} to {MOST_PLACES}"
            yield problem(f"{at}.places", message, "Write the fewest places first.")
        if rules.per == "lifetime" and (prize.points or prize.reward):
            message = "a lifetime is never over, so nothing is ever won"
            yield problem(at, message, "Write per, or only a title: it is shown while it is held.")
        yield from prize_faults(at, prize, program)


def own_names(where: str, key: str, names: Sequence[str]) -> Iterator[Problem]:
    """Names that are there twice."""
    counts = Counter(names)
    for index, name in enumerate(names):
        if counts[name] > 1:
            yield problem(f"{where}[{index}].{key}", f"{name!r} is not a name of its own", "")


def what_faults(where: str, what: What, counts: Counts) -> Iterator[Problem]:
    """Conditions that no fact can fulfil, and sums that could not be exact."""
    if not what.kind:
        yield problem(f"{where}.kind", "it names no kind", 'Write "order" or a kind of activity.')
    elif what.kind == ORDER and what.data:
        yield problem(f"{where}.data", "orders have no data", "Use tags, skus or categories.")
    elif what.kind != ORDER and (what.skus or what.categories):
        yield problem(where, "only orders have lines", "Leave out skus and categories.")
    if counts == "spend" and (what.kind != ORDER or what.skus or what.categories):
        message = "spend is counted of whole orders"
        yield problem(where, message, 'Use kind = "order" without skus and categories.')


def need_faults(
    where: str, needs: Decimal, counts: Counts, program: ProgramConfig
) -> Iterator[Problem]:
    """An amount that is not above zero, or finer than what is counted."""
    digits = minor_digits(program.program.currency) if counts == "spend" else 0
    yield from _amount(where, needs, digits, least=1)


def prize_faults(where: str, prize: Prize, program: ProgramConfig) -> Iterator[Problem]:
    """A prize in a wallet or of a reward that is not there, or of part of a point."""
    if prize.wallet in program.wallets:
        scale = program.wallets[prize.wallet].scale
        yield from _amount(f"{where}.points", prize.points, scale, least=0)
    elif prize.points:
        message = f"the program has no wallet {prize.wallet!r}"
        yield problem(f"{where}.wallet", message, f"Wallets: {', '.join(program.wallets)}.")
    if prize.reward and prize.reward not in program.rewards:
        message = f"the program has no reward {prize.reward!r}"
        remedy = f"Rewards: {', '.join(program.rewards) or 'none'}."
        yield problem(f"{where}.reward", message, remedy)


def _amount(where: str, amount: Decimal, scale: int, *, least: int) -> Iterator[Problem]:
    try:
        if parse_scaled(amount, scale) < least:
            yield problem(where, f"{amount} is too small", "")
    except AmountInvalid as error:
        yield problem(where, error.message, error.remedy)


def problem(where: str, message: str, remedy: str) -> Problem:
    """A fault of the configuration."""
    return Problem(where, message, remedy, ConfigError.code)
