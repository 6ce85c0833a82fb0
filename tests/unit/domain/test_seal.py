"""The hashes of the seal: trees of every small size, and proofs with every part tampered with."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_core import Block, ProofInvalid, check_proof
from loyalty_core.domain.seal import (
    ENTRY_FIELDS,
    NOTHING,
    TRANSACTION_FIELDS,
    canonical,
    leaf_hash,
    make_proof,
    merkle_path,
    merkle_root,
    plain,
    root_of_path,
    row_hash,
)

SIZES = range(1, 21)
AT = datetime(2026, 6, 1, 12, 0, 0, 5, tzinfo=UTC)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaves(count: int) -> list[bytes]:
    return [leaf_hash([bytes([number]) * 32]) for number in range(count)]


def level_by_level(nodes: list[bytes]) -> bytes:
    """The same root the other way round: pairs from the left, an odd one goes up as it is."""
    while len(nodes) > 1:
        pairs = [nodes[index : index + 2] for index in range(0, len(nodes), 2)]
        nodes = [sha(b"\x01" + b"".join(pair)) if len(pair) == 2 else pair[0] for pair in pairs]
    return nodes[0]


def test_canonical_json_is_that_of_the_standard() -> None:
    assert canonical({"é": '\u20ac\n\x0f"', "a": [True, None, -1]}) == (
        '{"a":[true,null,-1],"é":"€\\n\\u000f\\""}'.encode()
    )
    assert plain(("at", "n"), (AT, None)) == {
        "at": "2026-06-01T12:00:00.000005Z",
        "n": None,
    }
    with pytest.raises(ValueError):
        canonical({"a": float("nan")})  # type: ignore[dict-item]


def test_leaves_nodes_and_heads_are_hashed_apart() -> None:
    rows = [sha(b"a"), sha(b"b")]
    assert leaf_hash(rows) == sha(b"\x00" + rows[0] + rows[1])
    assert merkle_root(rows) == sha(b"\x01" + rows[0] + rows[1])
    block = made_block(1, NOTHING, b"\x07" * 32)
    assert block.head == sha(b"\x02" + b"\x00" * 32 + block.header_hash).hex()
    assert len({leaf_hash(rows), merkle_root(rows), bytes.fromhex(block.head)}) == 3


@pytest.mark.parametrize("count", SIZES)
def test_roots_and_every_path_of_a_tree(count: int) -> None:
    tree = leaves(count)
    root = merkle_root(tree)
    assert root == level_by_level(tree)
    for position in range(count):
        path = merkle_path(tree, position)
        assert len(path) <= (count - 1).bit_length()
        assert root_of_path(tree[position], position, count, path) == root


@pytest.mark.parametrize("count", SIZES)
def test_no_other_path_leads_to_the_root(count: int) -> None:
    tree = leaves(count)
    root = merkle_root(tree)
    for position in range(count):
        path, leaf = merkle_path(tree, position), tree[position]
        wrong = [
            root_of_path(sha(leaf), position, count, path),
            root_of_path(leaf, -1, count, path),
            root_of_path(leaf, count, count, path),
            root_of_path(leaf, position, count, [*path, leaf]),
            root_of_path(leaf, position, 2**40, path),
            *(
                root_of_path(leaf, position, count, [*path[:n], sha(path[n]), *path[n + 1 :]])
                for n in range(len(path))
            ),
            *(root_of_path(leaf, position, count, path[:n]) for n in range(len(path))),
            *(
                root_of_path(leaf, other, count, path)
                for other in range(count)
                if other != position
            ),
        ]
        assert root not in wrong


def made_block(number: int, previous: str, root: bytes, count: int = 5) -> Block:
    return Block(
        program="shop",
        number=number,
        previous=previous,
        root=root.hex(),
        count=count,
        sealed_at=AT,
        through="01a207cc-0660-72ef-add8-8547dfdf808c",
    )


def proof() -> dict[str, Any]:
    """The proof of the third of five transactions, in the first of three blocks."""
    transaction = dict.fromkeys(TRANSACTION_FIELDS, "x") | {
        "id": "t",
        "amount": -5,
        "detail": {"plugin": "toy", "n": 1},
    }
    entries = [
        dict.fromkeys(ENTRY_FIELDS, "y")
        | {"transaction_id": "t", "position": position, "amount": amount}
        for position, amount in enumerate((-5, 5))
    ]
    tree = leaves(5)
    tree[2] = leaf_hash([row_hash(transaction), *map(row_hash, entries)])
    blocks = [made_block(1, NOTHING, merkle_root(tree))]
    for number in (2, 3):
        blocks.append(made_block(number, blocks[-1].head, sha(bytes([number]))))
    path = merkle_path(tree, 2)
    return make_proof(transaction, entries, path, 2, blocks[0], blocks[1:])


def test_a_proof_is_for_the_head_of_the_last_block() -> None:
    document = proof()
    assert check_proof(document) == document["head"]
    assert check_proof(document, head=f" {document['head'].upper()}\n") == document["head"]
    with pytest.raises(ProofInvalid) as refused:
        check_proof(document, head="0" * 64)
    assert refused.value.where == "head"
    assert refused.value.code == "proof_invalid"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    if not isinstance(value, dict | list):
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [path, *(one for key, child in inner for one in places(child, (*path, key)))]


CHANGES: dict[str, Callable[[Any], Any]] = {
    "other": lambda value: {
        str: lambda: value[::-1] + "0",
        int: lambda: value + 1,
        list: lambda: value[1:],
    }.get(type(value), lambda: 7)(),
    "none": lambda value: None,
    "wrong type": lambda value: {"surprise": [1]},
    "more": lambda value: [*value, value[0]] if isinstance(value, list) else [value],
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", [one for one in places(proof()) if one], ids=str)
def test_every_part_of_a_proof_counts(place: tuple[Any, ...], change: str) -> None:
    document = copy.deepcopy(proof())
    *way, last = place
    holder: Any = document
    for key in way:
        holder = holder[key]
    holder[last] = CHANGES[change](holder[last])
    assert document != proof()
    with pytest.raises(ProofInvalid):
        check_proof(document)


@pytest.mark.parametrize("name", list(proof()))
def test_a_proof_without_a_part_is_none(name: str) -> None:
    document = proof()
    del document[name]
    with pytest.raises(ProofInvalid) as refused:
        check_proof(document)
    assert refused.value.where == "format"


def test_what_is_no_json_of_a_row_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for detail in (deep, {"a": object()}, "\ud800", float("inf")):
        document = proof()
        document["transaction"]["detail"] = detail
        with pytest.raises(ProofInvalid):
            check_proof(document)
