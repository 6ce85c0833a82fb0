"""The seal: hashes that chain booked transactions together, and proofs that anyone can check.

Transactions are sealed in blocks. A block's root is the Merkle root of its transactions' leaves,
built as in RFC 6962 (Certificate Transparency): a leaf, a node and a head are hashed with different
first bytes, so that none can pass for another. A block's head is the hash of the head before it and
of its own header, so one head stands for everything sealed up to it.

Rows are hashed as canonical JSON (RFC 8785): keys sorted, no blanks, UTF-8, moments as text. A leaf
is the hash of its rows' hashes: the transaction's, then one for each entry. That is how a row that
was changed can be named. ``reason`` is left out: it is free text that erasure may blank.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from loyalty_core.domain.facts import Json
from loyalty_core.errors import ProofInvalid

Fields = Mapping[str, Json]

FORMAT = "loyalty-proof-1"
NOTHING = "0" * 64
"""The head before the first block."""

TRANSACTION_FIELDS = (
    *("id", "member_id", "wallet", "kind", "amount", "occurred_at", "booked_at"),
    *("fact_id", "config_version", "actor", "detail"),
)
ENTRY_FIELDS = (
    *("transaction_id", "position", "member_id", "wallet", "account", "lot_id", "amount"),
)
_HEADER_FIELDS = ("program", "number", "root", "count", "sealed_at", "through")
_MOST_LEAVES = 2**32
_LEAF, _NODE, _HEAD = b"\x00", b"\x01", b"\x02"
HASH_BYTES = 32
_HASH = re.compile(r"[0-9a-f]{64}")


# -- rows and leaves ------------------------------------------------------------------------------


def plain(names: Iterable[str], values: Iterable[object]) -> dict[str, Json]:
    """The named fields of a row as JSON values, moments as text in UTC to the microsecond."""
    fields: dict[str, Any] = dict(zip(names, values, strict=True))
    for name, value in fields.items():
        if isinstance(value, datetime):
            fields[name] = _moment(value)
    return fields  # columns of tables hold JSON values otherwise


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"


_canonical = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def canonical(fields: Fields) -> bytes:
    """The one text that stands for these fields; raises ``ValueError`` for what is not JSON.

    >>> canonical({"b": 1, "a": None})
    b'{"a":null,"b":1}'
    """
    return _canonical(fields).encode()


def row_hash(fields: Fields) -> bytes:
    """The hash of one row."""
    return hashlib.sha256(canonical(fields)).digest()


def leaf_hash(rows: Iterable[bytes]) -> bytes:
    """The leaf of a transaction, from the hashes of its row and of its entries in their order."""
    return hashlib.sha256(_LEAF + b"".join(rows)).digest()


# -- the tree -------------------------------------------------------------------------------------


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over one or more leaves (RFC 6962, section 2.1)."""
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return _node(merkle_root(leaves[:split]), merkle_root(leaves[split:]))


def merkle_path(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """The hashes that lead from the leaf at ``position`` to the root, the lowest first."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    left, right = leaves[:split], leaves[split:]
    if position < split:
        return [*merkle_path(left, position), merkle_root(right)]
    return [*merkle_path(right, position - split), merkle_root(left)]


def root_of_path(leaf: bytes, position: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a path leads to, or None if no tree of ``count`` leaves has such a path."""
    if not 0 <= position < count <= _MOST_LEAVES or (count == 1) != (not path):
        return None
    if count == 1:
        return leaf
    split = _split(count)
    if position < split:
        left = root_of_path(leaf, position, split, path[:-1])
        return _node(left, path[-1]) if left else None
    right = root_of_path(leaf, position - split, count - split, path[:-1])
    return _node(path[-1], right) if right else None


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def _split(count: int) -> int:
    """The largest power of two below ``count``: how many leaves go to the left."""
    return 1 << (count - 1).bit_length() - 1


# -- the chain ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Transactions sealed together: ``count`` of them under ``root``, after the head ``previous``.

    Blocks of a program are numbered from 1. ``through`` is an id: when the block was made, every
    transaction to be seen with an id up to it was sealed.
    """

    program: str
    number: int
    previous: str
    root: str
    count: int
    sealed_at: datetime
    through: str

    @property
    def header(self) -> dict[str, Json]:
        """What the block says of itself."""
        return plain(_HEADER_FIELDS, (getattr(self, name) for name in _HEADER_FIELDS))

    @property
    def header_hash(self) -> bytes:
        """The hash of the header."""
        return row_hash(self.header)

    @property
    def head(self) -> str:
        """The hash that stands for this block and all before it."""
        return next_head(self.previous, self.header_hash)


def next_head(previous: str, header: bytes) -> str:
    """The head after a block, from the head before it and the hash of its header."""
    return hashlib.sha256(_HEAD + bytes.fromhex(previous) + header).hexdigest()


# -- proofs ---------------------------------------------------------------------------------------


def make_proof(
    transaction: Fields,
    entries: Sequence[Fields],
    path: Sequence[bytes],
    position: int,
    block: Block,
    later: Sequence[Block],
) -> dict[str, Json]:
    """The document that proves a transaction was sealed under the head of the last block given."""
    rows = [row_hash(transaction), *map(row_hash, entries)]
    return {
        "format": FORMAT,
        "transaction": dict(transaction),
        "entries": [dict(entry) for entry in entries],
        "leaf": leaf_hash(rows).hex(),
        "position": position,
        "path": [one.hex() for one in path],
        "block": block.header,
        "previous": block.previous,
        "later": [one.header_hash.hex() for one in later],
        "head": (later[-1] if later else block).head,
    }


def check_proof(document: Mapping[str, Json], *, head: str | None = None) -> str:
    """The head under which the transaction of a proof was sealed; needs no database.

    The document is that of ``Loyalty.proof``. It proves something to those who know its head from
    elsewhere: give the head that the shop has published, and it must be that one.

    Raises ``ProofInvalid``, saying which part does not fit.
    """
    transaction, entries = _contents(document)
    try:
        leaf = leaf_hash([row_hash(transaction), *map(row_hash, entries)])
        header = row_hash(_object(document, "block", _HEADER_FIELDS))
    except (TypeError, ValueError, RecursionError):
        _refuse("transaction", "it holds what no sealed row can hold")
    if document["leaf"] != leaf.hex():
        _refuse("leaf", "the transaction or one of its entries is not what was sealed")
    block = _object(document, "block", _HEADER_FIELDS)
    path = [bytes.fromhex(one) for one in _hashes(document, "path")]
    root = root_of_path(leaf, _number(document, "position"), _number(block, "count"), path)
    if root is None or block["root"] != root.hex():
        _refuse("path", "the path does not lead from the transaction to the block's root")
    found = next_head(_hash(document, "previous"), header)
    for one in _hashes(document, "later"):
        found = next_head(found, bytes.fromhex(one))
    if document["head"] != found:
        _refuse("head", "the block does not lead to the head")
    if head is not None and head.strip().lower() != found:
        _refuse("head", f"this proof is for the head {found}, not for the one given")
    return found


_PROOF_FIELDS = (
    *("format", "transaction", "entries", "leaf", "position", "path"),
    *("block", "previous", "later", "head"),
)


def _contents(document: Mapping[str, Json]) -> tuple[Fields, list[Fields]]:
    if set(document) != set(_PROOF_FIELDS) or document["format"] != FORMAT:
        _refuse("format", f"this is not a document of the format {FORMAT}")
    transaction = _object(document, "transaction", TRANSACTION_FIELDS)
    found = document["entries"]
    if not isinstance(found, Sequence) or isinstance(found, str):
        _refuse("entries", "a list is missing")
    entries = [_object({"entry": one}, "entry", ENTRY_FIELDS) for one in found]
    for position, entry in enumerate(entries):
        if (entry["transaction_id"], entry["position"]) != (transaction["id"], position):
            _refuse(f"entries[{position}]", "this entry belongs somewhere else")
    return transaction, entries


def _object(document: Mapping[str, Json], name: str, fields: Sequence[str]) -> Fields:
    found = document[name]
    if not isinstance(found, Mapping) or set(found) != set(fields):
        _refuse(name, f"it must have exactly these fields: {', '.join(fields)}")
    return found


def _number(document: Mapping[str, Json], name: str) -> int:
    found = document[name]
    if type(found) is not int:
        _refuse(name, "a whole number is missing")
    return found


def _hash(document: Mapping[str, Json], name: str) -> str:
    return _hashes({name: [document[name]]}, name)[0]


def _hashes(document: Mapping[str, Json], name: str) -> list[str]:
    found = document[name]
    if not isinstance(found, Sequence) or isinstance(found, str):
        _refuse(name, "a list of hashes is missing")
    if not all(isinstance(one, str) and _HASH.fullmatch(one) for one in found):
        _refuse(name, "a hash has 64 digits from 0 to f")
    return [str(one) for one in found]


def _refuse(where: str, message: str) -> NoReturn:
    raise ProofInvalid(message, where=where)
