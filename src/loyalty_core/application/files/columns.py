"""Which column of a CSV file holds which field, and the fact that a row's cells describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_core.domain.amounts import parse_scaled
from loyalty_core.domain.clock import zone
from loyalty_core.domain.facts import Json
from loyalty_core.domain.members import IdentityKind
from loyalty_core.errors import AmountInvalid, DateOutOfRange, FactError

IDENTITIES = tuple(kind.value for kind in IdentityKind if kind is not IdentityKind.CODE)
ORDER_TEXTS = ("id", "source", "currency", "status", "channel", "store")
ORDER_AMOUNTS = ("discount", "shipping", "shipping_tax", "total")
LINE_FIELDS: Mapping[str, str] = {
    "line_id": "id",
    "amount": "amount",
    "line_discount": "discount",
    "line_tax": "tax",
    "sku": "sku",
    "kind": "kind",
}
ORDER_FIELDS = (
    *("occurred_at", "updated_at", "version", "tax_included", "test", "tags"),
    *ORDER_TEXTS,
    *ORDER_AMOUNTS,
    *IDENTITIES,
    *LINE_FIELDS,
    *("quantity", "categories"),
)
ACTIVITY_TEXTS = ("id", "kind", "source", "channel", "store")
ACTIVITY_FIELDS = ("occurred_at", "tags", *ACTIVITY_TEXTS, *IDENTITIES)
ADJUSTMENT_TEXTS = ("member_id", "source", "wallet", "amount", "reason", "actor", "key")
ADJUSTMENT_MOMENTS = ("awarded_at", "activates_at", "expires_at")
ADJUSTMENT_FIELDS = (*ADJUSTMENT_TEXTS, *ADJUSTMENT_MOMENTS, *IDENTITIES)
ALIASES: Mapping[str, tuple[str, ...]] = {"id": ("order_id",), "occurred_at": ("date",)}
"""Names of columns that are understood without ``--map`` besides the field's own name."""

DATA = "data."
MOMENTS = ("occurred_at", "updated_at")
LIST_SEPARATOR = "|"
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a file does not say itself. ``time_zone`` is for moments that state none."""

    source: str
    currency: str
    time_zone: str
    date_format: str = ""

    def moment(self, text: str, where: str) -> str:
        """The moment that a cell names, in ISO 8601 with an offset; a day is its first moment.

        Raises ``DateOutOfRange``.
        """
        try:
            if self.date_format:
                read = datetime.strptime(text, self.date_format)  # noqa: DTZ007 - the zone follows
            else:
                read = datetime.fromisoformat(text)
        except ValueError:
            expected = self.date_format or "2026-11-21 or 2026-11-21T10:00:00+01:00"
            raise DateOutOfRange(
                f"{text[:60]!r} is not a date like {expected}",
                where=where,
                remedy="Say how dates are written, for example --date-format %d.%m.%Y",
            ) from None
        aware = read if read.tzinfo else read.replace(tzinfo=zone(self.time_zone))
        return aware.isoformat()


@dataclass(frozen=True, slots=True)
class Columns:
    """The place of each field in a row."""

    places: Mapping[str, int]
    names: Sequence[str]

    @staticmethod
    def of(
        header: Sequence[str],
        fields: Sequence[str],
        required: Sequence[str],
        maps: Mapping[str, str],
    ) -> Columns:
        """The columns by ``--map`` first, then by the fields' own names; raises ``FactError``.

        Where ``DATA`` is a field, a column whose name begins with it is one as well.
        """
        names = [name.strip() for name in header]
        places: dict[str, int] = {}
        for name, column in maps.items():
            if name not in fields and not (name.startswith(DATA) and DATA in fields):
                known = ", ".join(sorted(fields))
                raise FactError(f"there is no field {name!r} to map", remedy=f"Fields: {known}.")
            if column not in names:
                raise _no_column(name, column, names)
            places[name] = _only(names, column)
        own = [name for name in names if DATA in fields and name.startswith(DATA)]
        for name in (*fields, *own):
            for column in (name, *ALIASES.get(name, ())):
                if name not in places and column in names and column not in maps.values():
                    places[name] = _only(names, column)
        for name in required:
            if name not in places:
                raise _no_column(name, name, names)
        return Columns(places, names)

    def cells(self, row: Sequence[str]) -> dict[str, str]:
        """The fields of a row that hold something."""
        found = {name: row[place].strip() for name, place in self.places.items()}
        return {name: cell for name, cell in found.items() if cell}

    def where(self, name: str) -> str:
        """The column a field comes from, for an error's ``where``."""
        place = self.places.get(name)
        return f"column {self.names[place]!r}" if place is not None else f"field {name!r}"


def _only(names: Sequence[str], column: str) -> int:
    if list(names).count(column) > 1:
        raise FactError(f"the header names the column {column!r} twice")
    return list(names).index(column)


def _no_column(name: str, column: str, names: Sequence[str]) -> FactError:
    found = ", ".join(names)[:500]
    return FactError(
        f"the file has no column {column!r} for {name}; its columns are: {found}",
        where="line 1",
        remedy=f"Name the column that holds it: --map {name}=COLUMN",
    )


@dataclass(slots=True)
class OrderBuilder:
    """Makes the JSON form of an order out of the rows that are its lines."""

    columns: Columns
    defaults: Defaults
    _cells: list[dict[str, str]] = field(default_factory=list)

    def key(self, row: Sequence[str]) -> str:
        """The order's id in this row, empty if the cell is."""
        return row[self.columns.places["id"]].strip()

    def build(self, rows: Sequence[Sequence[str]]) -> dict[str, Json]:
        """The order of these rows; raises ``FactError`` or a kind of it, naming the column."""
        parts = [self.columns.cells(row) for row in rows]
        head = parts[0]
        for part in parts[1:]:
            self._agree(head, part)
        order: dict[str, Json] = {
            "type": "order",
            "source": self.defaults.source,
            "currency": self.defaults.currency,
            "identities": {kind: head[kind] for kind in IDENTITIES if kind in head},
        }
        for name in (*ORDER_TEXTS, *ORDER_AMOUNTS):
            if name in head:
                order[name] = head[name]
        for name in MOMENTS:
            if name in head:
                order[name] = self.defaults.moment(head[name], self.columns.where(name))
        if "version" in head:
            order["version"] = self._whole("version", head)
        for name in ("tax_included", "test"):
            if name in head:
                order[name] = self._truth(name, head)
        if "tags" in head:
            order["tags"] = listed(head["tags"])
        order["lines"] = [self._line(number, part) for number, part in enumerate(parts, 1)]
        return order

    def _line(self, number: int, part: Mapping[str, str]) -> dict[str, Json]:
        line: dict[str, Json] = {"id": str(number)}
        line |= {target: part[name] for name, target in LINE_FIELDS.items() if name in part}
        if "quantity" in part:
            line["quantity"] = self._whole("quantity", part)
        if "categories" in part:
            line["categories"] = listed(part["categories"])
        return line

    def _agree(self, head: Mapping[str, str], part: Mapping[str, str]) -> None:
        for name in set(part) - set(LINE_FIELDS) - {"quantity", "categories"}:
            if head.get(name, part[name]) != part[name]:
                raise FactError(
                    f"the lines of order {head.get('id')!r} disagree about {name}: "
                    f"{head[name]!r} and {part[name]!r}",
                    where=self.columns.where(name),
                )

    def _whole(self, name: str, part: Mapping[str, str]) -> int:
        try:
            return parse_scaled(part[name], 0)
        except AmountInvalid:
            raise FactError(
                f"{part[name][:60]!r} is not a whole number", where=self.columns.where(name)
            ) from None

    def _truth(self, name: str, part: Mapping[str, str]) -> bool:
        value = _TRUTH.get(part[name].lower())
        if value is None:
            raise FactError(
                f"{part[name][:60]!r} is not true or false", where=self.columns.where(name)
            )
        return value


def activity(columns: Columns, defaults: Defaults, row: Sequence[str]) -> dict[str, Json]:
    """The activity that a row describes; raises ``FactError`` or a kind of it."""
    cells = columns.cells(row)
    made: dict[str, Json] = {
        "type": "activity",
        "source": defaults.source,
        "identities": {kind: cells[kind] for kind in IDENTITIES if kind in cells},
    }
    made |= {name: cells[name] for name in ACTIVITY_TEXTS if name in cells}
    if "occurred_at" in cells:
        where = columns.where("occurred_at")
        made["occurred_at"] = defaults.moment(cells["occurred_at"], where)
    if "tags" in cells:
        made["tags"] = listed(cells["tags"])
    data: dict[str, Json] = {
        name.removeprefix(DATA): cell for name, cell in cells.items() if name.startswith(DATA)
    }
    return made | ({"data": data} if data else {})


def adjustment(columns: Columns, defaults: Defaults, row: Sequence[str]) -> dict[str, Json]:
    """The adjustment that a row describes; raises ``DateOutOfRange``."""
    cells = columns.cells(row)
    made: dict[str, Json] = {name: cells[name] for name in ADJUSTMENT_TEXTS if name in cells}
    identities: dict[str, Json] = {kind: cells[kind] for kind in IDENTITIES if kind in cells}
    for name in ADJUSTMENT_MOMENTS:
        if name in cells:
            never = name == "expires_at" and cells[name] == "never"
            made[name] = "never" if never else defaults.moment(cells[name], columns.where(name))
    return made | ({"identities": identities} if identities else {})


def listed(cell: str) -> list[Json]:
    """The items of a cell that holds a list."""
    return [item.strip() for item in cell.split(LIST_SEPARATOR) if item.strip()]


def complete(fact: Mapping[str, Json], defaults: Defaults, kind: str | None) -> dict[str, Json]:
    """A fact from a JSON line with what it leaves out: type, source, currency and time zone."""
    made = dict(fact)
    if kind:
        made.setdefault("type", kind)
    if defaults.source:
        made.setdefault("source", defaults.source)
    if defaults.currency and made.get("type") in ("order", "refund"):
        made.setdefault("currency", defaults.currency)
    if defaults.time_zone:
        for name in MOMENTS:
            value = made.get(name)
            if isinstance(value, str):
                made[name] = defaults.moment(value, f"$.{name}")
    return made
