"""Records to rows and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from loyalty_core.application.forms import dump_document, load_document
from loyalty_core.application.histories import dump_history, load_history
from loyalty_core.application.structure import converter, iso
from loyalty_core.domain.amounts import Money
from loyalty_core.domain.clock import Booked
from loyalty_core.domain.events import Event, EventId
from loyalty_core.domain.facts import FactId, FactKey, Json
from loyalty_core.domain.households import Contribution
from loyalty_core.domain.ledger import (
    Entry,
    Lot,
    LotId,
    Transaction,
    TransactionId,
    TransactionKind,
    WalletBook,
)
from loyalty_core.domain.members import (
    Identity,
    IdentityKind,
    MemberId,
    MemberStatus,
    Profile,
)
from loyalty_core.domain.redemptions import CameBack, Redemption, RedemptionState
from loyalty_core.domain.sales import Sale
from loyalty_core.ports.records import (
    NO_SHARE,
    Absence,
    Award,
    Change,
    FactRecord,
    FactStatus,
    Gift,
    MemberRecord,
    Merge,
    Position,
)
from loyalty_core.storage.sql import decode, encode

Row = Mapping[Any, Any]
_plain = converter(0)
_NOBODY = Profile()


def member_row(record: MemberRecord, program: str) -> dict[str, Any]:
    """A member as a row."""
    decided = record.decided_to
    return {
        "id": record.id,
        "program": program,
        "status": record.status.value,
        "joined_at": record.joined_at,
        "profile": _plain.unstructure(record.profile) if record.profile != _NOBODY else {},
        "said": dict(record.said),
        "history": dump_history(record.history),
        "state": record.state,
        "decided_at": decided.occurred_at if decided else None,
        "decided_key": _key_text(decided.key) if decided else None,
        "merged_into": record.merged_into,
        "merges": _plain.unstructure(record.merges) if record.merges else [],
        "absences": _plain.unstructure(record.absences) if record.absences else [],
        "household": record.household,
        "contributions": _plain.unstructure(record.contributions) if record.contributions else [],
        "birthday": born.isoformat()[-5:] if (born := record.profile.birthday) else None,
        "segments": {name: iso(since) for name, since in record.segments.items()},
    }


def _key_text(key: FactKey) -> str:
    return encode([key.source, key.type, key.id])


def member_record(row: Row) -> MemberRecord:
    """A member from its row."""
    decided = None
    if row["decided_at"] is not None:
        decided = Position(row["decided_at"], FactKey(*decode(row["decided_key"])))
    return MemberRecord(
        id=MemberId(row["id"]),
        status=MemberStatus(row["status"]),
        joined_at=row["joined_at"],
        profile=_plain.structure(row["profile"], Profile) if row["profile"] else _NOBODY,
        said=row["said"],
        history=load_history(row["history"]),
        state=row["state"],
        decided_to=decided,
        merged_into=row["merged_into"],
        merges=[_plain.structure(merge, Merge) for merge in row["merges"]],
        absences=[_plain.structure(one, Absence) for one in row["absences"]],
        household=row["household"],
        contributions=[_plain.structure(one, Contribution) for one in row["contributions"]],
        segments={name: datetime.fromisoformat(at) for name, at in row["segments"].items()},
    )


def identity_from(row: Sequence[str]) -> Identity:
    """An identity from its kind, value and source."""
    return Identity(IdentityKind(row[0]), row[1], row[2])


def fact_row(record: FactRecord, program: str) -> dict[str, Any]:
    """A fact as a row."""
    return {
        "id": record.id,
        "program": program,
        "source": record.key.source,
        "type": record.key.type,
        "external_id": record.key.id,
        "member_id": record.member_id,
        "status": record.status.value,
        "occurred_at": record.occurred_at,
        "received_at": record.received_at,
        "document": dump_document(record.document),
        "awards": [_award_row(award) for award in record.awards],
        "gifts": _plain.unstructure(record.gifts) if record.gifts else [],
        "kept": record.sale.kept if record.sale else None,
        "currency": record.sale.currency if record.sale else None,
        "categories": list(record.sale.categories) if record.sale else [],
        "measures": record.measures,
        "claims": record.claims or None,
        "causes": [[key.source, key.id] for key in record.causes],
        "state_before": record.before,
        "config_version": record.config_version,
        "deferred": list(record.deferred),
        "attempts": record.attempts,
        "retry_at": record.retry_at,
    }


def fact_record(row: Row) -> FactRecord:
    """A fact from its row."""
    key = FactKey(row["source"], row["type"], row["external_id"])
    record = FactRecord(
        id=FactId(row["id"]),
        key=key,
        member_id=row["member_id"],
        status=FactStatus(row["status"]),
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        document=load_document(row["type"], row["document"]),
        awards=[_award(award) for award in row["awards"]],
        gifts=[_plain.structure(gift, Gift) for gift in row["gifts"]],
        sale=_sale(row),
        measures=row["measures"],
        claims=row["claims"] or {},
        causes=tuple(FactKey(source, "activity", name) for source, name in row["causes"]),
        before=row["state_before"],
        config_version=row["config_version"],
        deferred=tuple(row["deferred"]),
        attempts=row["attempts"],
        retry_at=row["retry_at"],
        stored=True,
    )
    record.was_at = record.position if record.decided else None
    return record


def _sale(row: Row) -> Sale | None:
    if row["kept"] is None:
        return None
    return Sale(row["kept"], row["currency"], tuple(row["categories"]))


def _award_row(award: Award) -> dict[str, Json]:
    row: dict[str, Json] = {
        "plugin": award.plugin,
        "rule": award.rule,
        "wallet": award.wallet,
        "amount": award.amount,
        "lines": {**award.lines},
        "awarded_at": iso(award.awarded_at),
        "activates_at": iso(award.activates_at),
        "expires_at": iso(award.expires_at) if award.expires_at else None,
        "lot_id": award.lot_id,
        "net": award.net,
        **({"whole": True} if award.whole else {}),
        **({"changes": list(map(_change_row, award.changes))} if award.changes else {}),
    }
    if award.share:
        parts: dict[str, Json] = {"household": award.household, "share": str(award.share)}
        row |= parts | {"answered": award.answered}
    return row


def _award(stored: Mapping[str, Json]) -> Award:
    expires = stored.get("expires_at")
    awarded = datetime.fromisoformat(cast(str, stored["awarded_at"]))
    return Award(
        plugin=cast(str, stored["plugin"]),
        rule=cast(str, stored["rule"]),
        wallet=cast(str, stored["wallet"]),
        amount=cast(int, stored["amount"]),
        lines=cast(Mapping[str, int], stored["lines"]),
        awarded_at=awarded,
        activates_at=datetime.fromisoformat(cast(str, stored["activates_at"])),
        expires_at=datetime.fromisoformat(cast(str, expires)) if expires else None,
        lot_id=cast(LotId | None, stored.get("lot_id")),
        net=cast(int, stored.get("net", 0)),
        whole=stored.get("whole") is True,
        household=cast(MemberId | None, stored.get("household")),
        share=Decimal(cast(str, stored["share"])) if "share" in stored else NO_SHARE,
        answered=cast(int, stored.get("answered", 0)),
        changes=tuple(map(_change, cast(Sequence[Sequence[Any]], stored.get("changes", ())))),
    )


def _change_row(change: Change) -> list[Json]:
    return [iso(change.booked.at), change.booked.id, iso(change.at), change.net, change.version]


def _change(stored: Sequence[Any]) -> Change:
    booked_at, id, at, net, version = stored
    booked = Booked(datetime.fromisoformat(booked_at), id)
    return Change(booked, datetime.fromisoformat(at), net, version)


def wallet_book(values: Iterable[Any]) -> WalletBook:
    """A wallet from its columns, without lots."""
    book = WalletBook(*values)
    book.stored = True
    return book


def lot_of(values: Iterable[Any]) -> Lot:
    """A lot from its columns."""
    return Lot(*values)


def entry_rows(made: Transaction) -> list[dict[str, Any]]:
    """The entries of a transaction as rows."""
    return [
        {
            "transaction_id": made.id,
            "position": position,
            "member_id": made.member_id,
            "wallet": made.wallet,
            "account": entry.account,
            "lot_id": entry.lot_id,
            "amount": entry.amount,
        }
        for position, entry in enumerate(made.entries)
    ]


def transaction_of(row: Row, entries: list[Row]) -> Transaction:
    """A transaction from its row and those of its entries."""
    return Transaction(
        id=TransactionId(row["id"]),
        member_id=row["member_id"],
        wallet=row["wallet"],
        kind=TransactionKind(row["kind"]),
        amount=row["amount"],
        occurred_at=row["occurred_at"],
        booked_at=row["booked_at"],
        entries=tuple(
            Entry(entry["account"], entry["lot_id"], entry["amount"])
            for entry in sorted(entries, key=lambda item: item["position"])
        ),
        fact_id=row["fact_id"],
        config_version=row["config_version"],
        actor=row["actor"],
        reason=row["reason"],
        detail=row["detail"],
    )


_AS_THEY_ARE = (
    "id",
    "member_id",
    "wallet",
    "plugin",
    "reward",
    "points",
    "returned",
    "source",
    "order_id",
    "created_at",
    "expires_at",
    "ended_at",
    "ended_id",
    "transaction_id",
    "item",
    "attempts",
    "retry_at",
    "came_from",
    "household",
    "spender",
)


def redemption_row(one: Redemption, program: str) -> dict[str, Any]:
    """A redemption as a row; its lots in the order they are spent."""
    return {
        **{name: getattr(one, name) for name in _AS_THEY_ARE},
        "program": program,
        "state": one.state.value,
        "worth_minor": one.worth.amount_minor,
        "currency": one.worth.currency,
        "lines": dict(one.lines),
        "lots": [[lot_id, amount] for lot_id, amount in one.lots.items()],
        "came_back": {lot_id: [*back] for lot_id, back in one.came_back.items()},
        "account": [one.account, one.account_lot],
    }


def redemption_of(row: Row) -> Redemption:
    """A redemption from its row."""
    account, account_lot = row["account"]
    return Redemption(
        **{name: row[name] for name in _AS_THEY_ARE},
        account=account,
        account_lot=account_lot,
        state=RedemptionState(row["state"]),
        worth=Money(row["worth_minor"], row["currency"]),
        lines=row["lines"],
        lots=dict(row["lots"]),
        came_back={lot_id: CameBack(*back) for lot_id, back in row["came_back"].items()},
    )


def event_row(event: Event, program: str) -> dict[str, Any]:
    """An event as a row."""
    return {
        "id": event.id,
        "program": program,
        "type": event.type,
        "member_id": event.member_id,
        "transaction_id": event.transaction_id,
        "occurred_at": event.occurred_at,
        "data": event.data,
    }


def event_of(row: Row) -> Event:
    """An event from its row."""
    return Event(
        id=EventId(row["id"]),
        type=row["type"],
        member_id=row["member_id"],
        transaction_id=row["transaction_id"],
        occurred_at=row["occurred_at"],
        data=row["data"],
    )
