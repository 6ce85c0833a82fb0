"""Commands on grants: given, approved, handed over, used, taken back; each once for its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from loyalty_core.application.automatic import cancel
from loyalty_core.application.books import Books
from loyalty_core.application.enrol import locked_member, stored_receipt
from loyalty_core.application.forms import read_cart, read_text
from loyalty_core.application.grants import issue, keep, new_grant, prepare, revoke
from loyalty_core.application.ids import input_hash, is_id
from loyalty_core.application.redemptions import order_of
from loyalty_core.application.rules import Rules
from loyalty_core.application.spend import CartForm
from loyalty_core.application.structure import converter
from loyalty_core.domain.clock import Clock
from loyalty_core.domain.currencies import minor_digits
from loyalty_core.domain.facts import Json, Order
from loyalty_core.domain.grants import (
    LIVE,
    CodeImport,
    GrantReceipt,
    GrantRecord,
    GrantState,
    Revocation,
    goods_value,
    grant_receipt,
)
from loyalty_core.domain.members import MemberStatus
from loyalty_core.domain.redemptions import RedemptionState
from loyalty_core.errors import (
    FactError,
    GrantNotFound,
    GrantRefused,
    MemberInactive,
    RewardUnknown,
)
from loyalty_core.ports.records import MemberRecord, StoredReceipt
from loyalty_core.ports.store import Store, UnitOfWork

LONGEST_CODE = 200
Work = Callable[[Books, MemberRecord, GrantRecord], None]


class Granting:
    """Commands on grants under the current rules."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def give(self, member_id: str, reward: str, reason: str, actor: str, key: str) -> GrantReceipt:
        """A grant given by an operator, without points."""
        if reward not in self._rules.config.rewards:
            known = ", ".join(self._rules.config.rewards) or "none"
            remedy = f"Rewards of the catalogue: {known}."
            raise RewardUnknown(
                f"{reward!r} is not in the catalogue", where="reward", remedy=remedy
            )
        given = _hash(
            "give_grant", key, member=member_id, reward=reward, reason=reason, actor=actor
        )

        def work(uow: UnitOfWork) -> GrantReceipt:
            member = locked_member(uow, member_id)
            if stored := stored_receipt(uow, key, given):
                return converter(0).structure(stored.receipt, GrantReceipt)
            if member.status is MemberStatus.CLOSED:
                raise MemberInactive(f"the member is {member.status}", member_id=member.id)
            books = Books(uow, self._rules, self._clock())
            grant = new_grant(self._rules, member.id, reward, books.now)
            grant.reason, grant.actor = reason, actor
            if not prepare(books, grant, books.now):
                raise _refused(grant, "there is no code left", "Import more into its pool.")
            return _answered(books, grant, key, given)

        return self._store.write(work)

    def use(
        self,
        grant_id: str | None,
        code: str | None,
        cart: CartForm | None,
        order: tuple[str, str | None],
        actor: str,
        key: str,
    ) -> GrantReceipt:
        """A grant used up, found by its id or its code."""
        if (grant_id is None) == (code is None):
            raise FactError("name the grant or its code, and not both", where="grant_id")
        source, order_id = order_of(order)
        now = self._clock()
        read = read_cart(cart, now) if cart is not None else None
        bought = read.as_order(now) if read else None
        written = converter(minor_digits(read.currency)).unstructure(read) if read else None
        given = _hash(
            "use_grant",
            key,
            grant=grant_id,
            code=code,
            cart=written,
            order=[source, order_id],
            actor=actor,
        )

        def use(books: Books, member: MemberRecord, grant: GrantRecord) -> None:
            if member.status is not MemberStatus.ACTIVE:
                raise MemberInactive(f"the member is {member.status}", member_id=member.id)
            state = grant.at(books.now)
            if state is not GrantState.ISSUED:
                raise _refused(grant, f"it is {state.value}", state=state.value)
            _refuse_order(grant, bought)
            grant.use(books.now, grant.terms.saved(bought))
            grant.source, grant.order_id = source, order_id
            grant.actor = actor or grant.actor
            keep(books, grant, "grant_used", {"order": order_id, "saved": grant.saved})

        return self._on(grant_id, code, key, given, use)

    def used_at(self, connector: str, code: str, order: Order) -> bool:
        """Whether a grant is used up now, for its code was taken by a shop on this order.

        It counts as of the order, whatever has expired since. Raises ``GrantNotFound`` for a code
        of the shop's own, ``GrantRefused`` for one that was taken back or used on another order.
        """
        place = {"code": code, "source": order.source, "order": order.id}
        key = f"{connector}:{input_hash('used_at', place)}"
        given = _hash("used_at", key, **place)
        used: list[str] = []

        def use(books: Books, member: MemberRecord, grant: GrantRecord) -> None:
            used.clear()  # a collision runs it twice
            state = grant.at(order.occurred_at)
            if grant.state is GrantState.EXPIRED and grant.revoked_at is None:
                state = GrantState.ISSUED
            if state is not GrantState.ISSUED:
                raise _refused(grant, f"it is {state.value}", state=state.value, order=order.id)
            grant.use(order.occurred_at, grant.terms.saved(order))
            grant.source, grant.order_id, grant.actor = order.source, order.id, connector
            keep(books, grant, "grant_used", {"order": order.id, "saved": grant.saved})
            used.append(grant.id)

        self._on(None, code, key, given, use)
        return bool(used)

    def approve(self, grant_id: str, actor: str, key: str) -> GrantReceipt:
        """A requested grant, approved: issued, or to be handed over."""
        given = _hash("approve_grant", key, grant=grant_id, actor=actor)

        def approve(books: Books, member: MemberRecord, grant: GrantRecord) -> None:
            _expect(grant, GrantState.REQUESTED, books)
            grant.actor = actor
            if not prepare(books, grant, books.now):
                raise _refused(grant, "there is no code left", "Import more into its pool.")

        return self._on(grant_id, None, key, given, approve)

    def fulfil(self, grant_id: str, code: str | None, actor: str, key: str) -> GrantReceipt:
        """A grant that was handed over: it can be used if it has a code, and else is used now."""
        if code is not None:
            _read_code(code)
        given = _hash("fulfil_grant", key, grant=grant_id, code=code, actor=actor)

        def fulfil(books: Books, member: MemberRecord, grant: GrantRecord) -> None:
            _expect(grant, GrantState.PREPARING, books)
            grant.actor = actor
            if code is not None:
                if not books.uow.add_code(code, grant.id):
                    raise _refused(grant, "the code is another grant's, or of a pool")
                grant.code = code
            if not issue(books, grant, books.now):
                raise _refused(grant, "there is no code left", "Import more, or give the code.")
            if grant.code is None and grant.state is GrantState.ISSUED:
                grant.use(books.now, grant.terms.saved(None))
                keep(books, grant, "grant_used", {"order": None, "saved": grant.saved})

        return self._on(grant_id, None, key, given, fulfil)

    def reject(self, grant_id: str, reason: str, actor: str, key: str) -> GrantReceipt:
        """A requested grant that is not approved; its points are given back."""
        given = _hash("reject_grant", key, grant=grant_id, reason=reason, actor=actor)

        def reject(books: Books, member: MemberRecord, grant: GrantRecord) -> None:
            _expect(grant, GrantState.REQUESTED, books)
            grant.reason, grant.actor = reason, actor
            _take_back(books, member, grant, points_back=True)

        return self._on(grant_id, None, key, given, reject)

    def revoke(
        self, grant_id: str, reason: str, actor: str, points_back: bool, key: str
    ) -> GrantReceipt:
        """A grant that was not used, taken back; with the points that bought it, or without."""
        back = points_back
        given = _hash(
            "revoke_grant", key, grant=grant_id, reason=reason, actor=actor, points_back=back
        )

        def take(books: Books, member: MemberRecord, grant: GrantRecord) -> None:
            state = grant.at(books.now)
            if state not in LIVE:
                raise _refused(grant, f"it is {state.value}", state=state.value)
            grant.reason, grant.actor = reason, actor
            _take_back(books, member, grant, points_back=back)

        return self._on(grant_id, None, key, given, take)

    def import_codes(self, pool: str, codes: Iterable[str]) -> CodeImport:
        """What became of codes for a pool: those known in the program already are left alone."""
        pools = {one.code.pool for one in self._rules.config.rewards.values() if one.code}
        if not pool or pool not in pools:
            remedy = f"Pools of this program: {', '.join(sorted(pools - {''})) or 'none'}."
            raise FactError(f"no reward takes codes from {pool!r}", where="pool", remedy=remedy)
        read = [_read_code(code) for code in codes]
        fresh = sorted(set(read))
        added = self._store.write(lambda uow: uow.import_codes(pool, fresh))
        return CodeImport(pool=pool, added=added, known=len(read) - added)

    # -- one command on one grant -------------------------------------------------------------

    def _on(
        self, grant_id: str | None, code: str | None, key: str, given: str, act: Work
    ) -> GrantReceipt:
        """The receipt of a command on a grant whose member is locked."""

        def work(uow: UnitOfWork) -> GrantReceipt:
            if stored := stored_receipt(uow, key, given):
                return converter(0).structure(stored.receipt, GrantReceipt)
            member, grant = _locked(uow, grant_id, code)
            if stored := stored_receipt(uow, key, given):  # another process was first
                return converter(0).structure(stored.receipt, GrantReceipt)
            books = Books(uow, self._rules, self._clock())
            act(books, member, grant)
            return _answered(books, grant, key, given)

        return self._store.write(work)


def _locked(
    uow: UnitOfWork, grant_id: str | None, code: str | None
) -> tuple[MemberRecord, GrantRecord]:
    """A grant as it is under the lock of the member who owns it."""
    known = _existing(_look(uow, grant_id, code), grant_id or code or "")
    while True:
        member = locked_member(uow, known.member_id, households=True)
        current = _existing(uow.grant(id=known.id), known.id)
        if current.member_id == member.id:
            return member, current
        known = current  # a merge moved it meanwhile


def _look(uow: UnitOfWork, grant_id: str | None, code: str | None) -> GrantRecord | None:
    if grant_id is not None:
        return uow.grant(id=grant_id) if is_id(grant_id) else None
    return uow.grant(code=_read_code(code or ""))


def _existing(found: GrantRecord | None, named: str) -> GrantRecord:
    if found is None:
        raise GrantNotFound(f"there is no grant {named[:60]!r}", grant=named)
    return found


def _answered(books: Books, grant: GrantRecord, key: str, given: str) -> GrantReceipt:
    """The receipt, kept under the key; everything is written."""
    receipt = grant_receipt(grant, books.now)
    document = cast(Mapping[str, Json], converter(0).unstructure(receipt))
    stored = StoredReceipt(key, given, grant.member_id, document, books.now)
    books.changes.receipts.append(stored)
    books.flush()
    return receipt


def _take_back(
    books: Books, member: MemberRecord, grant: GrantRecord, *, points_back: bool
) -> None:
    """Revokes a grant for good, and gives the points back that bought it, if they are to be."""
    redemption = None
    if points_back and grant.redemption_id is not None:
        redemption = books.uow.redemption(grant.redemption_id)
    if redemption is None or redemption.state is not RedemptionState.CAPTURED:
        revoke(books, grant, Revocation.OPERATOR, books.now)
        return
    books.load([member.id], lots=redemption.lot_ids, open_of=[member.id])
    cancel(books, redemption, grant, Revocation.OPERATOR)


def _expect(grant: GrantRecord, state: GrantState, books: Books) -> None:
    now = grant.at(books.now)
    if now is not state:
        raise _refused(grant, f"it is {now.value}, not {state.value}", state=now.value)


def _refuse_order(grant: GrantRecord, order: Order | None) -> None:
    """Raises ``GrantRefused`` for an order that the grant cannot be used on."""
    terms = grant.terms
    if order is None:
        if terms.min_order or terms.percent is not None:
            raise _refused(grant, "it depends on what is bought", "Give the cart.")
        return
    if order.currency != terms.currency and (terms.worth or terms.min_order):
        raise _refused(grant, f"it is worth {terms.currency}, not {order.currency}")
    if goods_value(order) < terms.min_order:
        receipt = grant_receipt(grant, order.occurred_at)
        raise _refused(grant, f"the order must come to {receipt.min_order}")


def _refused(grant: GrantRecord, why: str, remedy: str = "", **facts: object) -> GrantRefused:
    return GrantRefused(why, where=grant.reward, remedy=remedy, grant=grant.id, **facts)


def _read_code(code: str) -> str:
    """A code without space around it; raises ``FactError`` for one that cannot be."""
    text = code.strip()
    read_text("code", text)
    if len(text) > LONGEST_CODE:
        raise FactError(f"a code has at most {LONGEST_CODE} letters", where="code")
    return text


def _hash(command: str, key: str, **given: object) -> str:
    """The hash of a command's input; raises ``FactError`` for a text that cannot be stored."""
    for name, text in {"key": key, **given}.items():
        if isinstance(text, str) and (text or name == "key"):
            read_text(name, text)
    return input_hash(command, given)
