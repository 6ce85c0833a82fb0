"""The reward: a seat at an evening with an author, for those who have read enough."""

from __future__ import annotations

from loyalty_core import (
    MemberView,
    Minor,
    Money,
    ProgramConfig,
    SpendOffer,
    SpendRequest,
    minor_digits,
    parse_scaled,
)

from loyalty_book_club.config import Evening
from loyalty_book_club.memory import Memory


class EveningSeat:
    """A seat for a fixed number of points. ``offer`` is pure, and asked again when it is bought."""

    id = "book_club.evening"
    summary = "A seat at an evening with an author"

    def __init__(self, evening: Evening, wallet: str, program: ProgramConfig) -> None:
        currency = program.program.currency
        self.wallet = wallet
        self._evening = evening
        self._worth = Money(Minor(parse_scaled(evening.worth, minor_digits(currency))), currency)

    def offer(self, request: SpendRequest, member: MemberView) -> SpendOffer:
        """One seat, or why there is none for this member."""
        price = self._evening.points
        books = self._evening.books - Memory.of(member.state).count
        most = request.available if request.points is None else request.points
        if books > 0:
            return self._refused(f"{books} more to read first")
        if min(most, request.available) < price:
            return self._refused(f"a seat costs {price}")
        return SpendOffer(
            wallet=self.wallet, points=price, worth=self._worth, minimum=price, step=price
        )

    def _refused(self, why: str) -> SpendOffer:
        nothing = Money(Minor(0), self._worth.currency)
        return SpendOffer(
            wallet=self.wallet,
            points=0,
            worth=nothing,
            minimum=self._evening.points,
            refusal=why,
        )
