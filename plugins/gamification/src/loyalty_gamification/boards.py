"""Boards: members ranked by what they did in each period, and what the first places win."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from loyalty_core import (
    Board,
    MemberView,
    Outcome,
    ProgramConfig,
    Score,
    board_win,
    day_of,
    minor_digits,
    next_period_start,
)
from loyalty_gamification.config import BoardPrize, BoardRules, What
from loyalty_gamification.counting import ORDER, amount_of, fits
from loyalty_gamification.turn import Document, State, Turn, known_of

ORDERS = What(kind=ORDER)


@dataclass(frozen=True, slots=True)
class Ranking:
    """One board as the configuration has it.

    It remembers ``scores``: by period the amount and when it was reached; those of periods that
    were closed when the member's last fact happened are let go. ``won`` is the last title, and
    ``times`` how often there was one.
    """

    rules: BoardRules
    program: ProgramConfig

    section = "boards"

    @property
    def name(self) -> str:
        """The board's name."""
        return self.rules.board

    @property
    def board(self) -> Board:
        """What the core knows of it."""
        unit, scale = self._unit()
        prizes = max((prize.places for prize in self.rules.prize), default=0)
        return Board(
            board=self.name,
            name=self.rules.name or self.name,
            per=self.rules.per,
            unit=unit,
            scale=scale,
            settles_after_days=self.rules.settles_after_days,
            keeps=max(self.rules.keeps, prizes),
            prizes=prizes if self.rules.per != "lifetime" else 0,
            visible=not self.rules.hidden,
        )

    def play(self, turn: Turn) -> None:
        """Gives what a place of a closed period wins."""
        win = board_win(turn.fact)
        prize = self._prize(win.rank) if win and win.board == self.name else None
        if win is None or prize is None:
            return
        turn.give(prize, f"board.{self.name}")
        turn.tell("board_won", board=self.name, period=win.period, rank=win.rank)
        known = dict(turn.known(self))
        if prize.title:
            known["won"] = {"title": prize.title, "period": win.period, "rank": win.rank}
            known["times"] = known.get("times", 0) + 1
        turn.keep(self, known)

    def count(self, turn: Turn) -> None:
        """Adds what the fact counts for to its period."""
        amount = self._amount(turn.outcome)
        if not amount:
            return
        known, period = dict(turn.known(self)), self.board.period(turn.day)
        scores = {
            one: score
            for one, score in known.get("scores", {}).items()
            if not self._is_closed(one, turn.at)
        }
        before = scores.get(period, [0])[0]
        scores[period] = [before + amount, turn.at.astimezone(UTC).isoformat()]
        turn.keep(self, {**known, "scores": scores})

    def scores(self, state: State, member: MemberView) -> Iterator[Score]:
        """What the member has in each period that is remembered."""
        if self.rules.tags and not set(self.rules.tags) & set(member.profile.tags):
            return
        for period, (amount, reached_at) in known_of(self, state).get("scores", {}).items():
            yield Score(
                board=self.name,
                day=date.fromisoformat(period) if period else date.min,
                amount=amount,
                reached_at=datetime.fromisoformat(reached_at),
            )

    def show(self, state: State, member: MemberView, at: datetime) -> Document | None:
        """The member's place now with the title that goes with it, and the title won last."""
        if self.rules.hidden:
            return None
        board, known, zone = self.board, known_of(self, state), self.program.program.time_zone
        period = board.period(day_of(at, zone))
        rank = member.ranks.get(self.name)
        now = self._prize(rank) if rank else None
        ends_at, won = board.ends_at(period, zone), known.get("won")
        until = self._won_until(won["period"]) if won else None
        held = won if won and (until is None or at < until) else None
        return {
            "board": self.name,
            "name": board.name,
            "period": period,
            "ends_at": ends_at.isoformat() if ends_at else None,
            "unit": board.unit,
            "scale": board.scale,
            "amount": known.get("scores", {}).get(period, [0])[0] if rank else 0,
            "rank": rank,
            "title": (now.title or None) if now else None,
            "won": {**held, "until": until.isoformat() if until else None} if held else None,
            "times": known.get("times", 0),
        }

    def united(self, kept: Document, other: Document) -> Document:
        """What both did together, reached when the later of them reached it."""
        scores = dict(other.get("scores", {}))
        for period, (amount, reached_at) in kept.get("scores", {}).items():
            theirs, since = scores.get(period, (0, reached_at))
            scores[period] = [amount + theirs, max(reached_at, since)]
        wins = [one["won"] for one in (kept, other) if "won" in one]
        made: dict[str, object] = {"scores": scores} if scores else {}
        if wins:
            made["won"] = max(wins, key=lambda won: (won["period"], -won["rank"]))
            made["times"] = kept.get("times", 0) + other.get("times", 0)
        return made

    def _prize(self, rank: int) -> BoardPrize | None:
        """The prize of a rank: the first one whose places reach so far."""
        return next((prize for prize in self.rules.prize if rank <= prize.places), None)

    def _amount(self, outcome: Outcome) -> int:
        """What a fact counts for, with what its refunds have left of it."""
        what, counts = self.rules.what, self.rules.counts
        if counts in ("times", "spend"):
            currency = self.program.program.currency
            return amount_of(what or ORDERS, counts, outcome, currency)
        if what is not None and not fits(what, outcome.fact):
            return 0
        left = outcome.returned[-1] if outcome.returned else None
        if counts == "measure":
            whole = left is not None and left.whole
            return 0 if whole else outcome.measures.get(self.rules.metric, 0)
        if left is not None:
            return left.points.get(self.rules.wallet, 0)
        wallet = self.rules.wallet
        return sum(one.amount for one in outcome.credits if one.wallet == wallet)

    def _unit(self) -> tuple[str, int]:
        if self.rules.counts == "spend":
            currency = self.program.program.currency
            return currency, minor_digits(currency)
        if self.rules.counts == "points":
            wallet = self.program.wallets[self.rules.wallet]
            return wallet.unit, wallet.scale
        return self.rules.metric, 0

    def _is_closed(self, period: str, at: datetime) -> bool:
        return self.board.is_closed(period, self.program.program.time_zone, at)

    def _won_until(self, period: str) -> datetime | None:
        """When the title of a period ends: once the next period is closed."""
        if self.rules.per == "lifetime":
            return None
        following = next_period_start(date.fromisoformat(period), self.rules.per)
        zone = self.program.program.time_zone
        return self.board.closes_at(following.isoformat(), zone)
