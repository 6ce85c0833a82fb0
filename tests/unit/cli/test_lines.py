"""Input files line by line: what is wrong with a line stops that line only."""

import io
import json
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest

from loyalty_core.application.files.lines import FileRow, Line, LineReader, json_rows
from loyalty_core.domain.json_text import parse_json
from loyalty_core.errors import EncodingBroken, FactError, FactTooLarge


def reader(data: bytes, limit: int = 100) -> LineReader:
    return LineReader(io.BytesIO(data), "facts.jsonl", limit)


def rows(data: bytes, limit: int = 100) -> list[FileRow]:
    return list(json_rows(reader(data, limit)))


def codes(found: list[FileRow]) -> list[tuple[int, str]]:
    return [(row.number, row.error.code if row.error else "fine") for row in found]


def test_lines_keep_their_numbers_and_lose_their_ends() -> None:
    assert list(reader(b"one\r\ntwo\n\nlast")) == [
        Line(1, "one"),
        Line(2, "two"),
        Line(3, ""),
        Line(4, "last", ended=False),
    ]


def test_nothing_is_no_line() -> None:
    assert list(reader(b"")) == []


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert list(reader(b"\xef\xbb\xbfid\n")) == [Line(1, "id")]


@pytest.mark.parametrize(
    "data",
    [
        "id\n".encode("utf-16"),
        b"\xfe\xff\x00i\x00d",
        b"PK\x03\x04rest",
        b"\x1f\x8b\x08rest",
        b"id\x00,name\n",
    ],
)
def test_what_is_no_text_is_refused_whole(data: bytes) -> None:
    with pytest.raises(EncodingBroken) as caught:
        reader(data)
    assert caught.value.where == "facts.jsonl"


def test_a_line_that_is_not_utf8_is_left_out_alone() -> None:
    found = rows(b'{"a":1}\n{"b":"\xe9"}\n{"c":3}\n')
    assert codes(found) == [(1, "fine"), (2, "encoding_broken"), (3, "fine")]
    assert found[1].raw == '{"b":"\\xe9"}'
    assert found[1].error is not None
    assert found[1].error.message == "byte 0xe9 in column 7 is not UTF-8"
    assert found[1].error.where == "facts.jsonl, line 2"


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_at_the_limit_is_read_and_one_byte_more_is_not(end: bytes) -> None:
    fits = b'{"a":"' + b"x" * 12 + b'"}'
    assert codes(rows(fits + end, limit=20)) == [(1, "fine")]
    longer = b'{"a":"' + b"x" * 13 + b'"}'
    assert codes(rows(longer + end, limit=20)) == [(1, "fact_too_large")]


def test_after_a_long_line_reading_goes_on() -> None:
    long = b'{"a":"' + b"x" * 500_000 + b'"}'
    found = rows(b'{"a":1}\n' + long + b'\n{"c":3}\n')
    assert codes(found) == [(1, "fine"), (2, "fact_too_large"), (3, "fine")]
    assert isinstance(found[1].error, FactTooLarge)
    assert found[1].error.message == "the line has 500,008 bytes, the limit is 100"
    assert len(found[1].raw) <= 101


def test_a_line_of_fifty_megabytes_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "huge.jsonl"
    with path.open("wb") as file:
        for _ in range(50):
            file.write(b"x" * 1_000_000)
        file.write(b'\n{"a":1}\n')
    tracemalloc.start()
    with path.open("rb") as file:
        found = list(json_rows(LineReader(file, "huge.jsonl")))
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(found) == [(1, "fact_too_large"), (2, "fine")]
    assert peak < 8_000_000


def test_a_line_that_is_not_json_is_left_out_alone() -> None:
    found = rows(b'{"a":1}\n{"a":}\n"text"\n{"c":3}\n')
    assert codes(found) == [
        (1, "fine"),
        (2, "encoding_broken"),
        (3, "fact_malformed"),
        (4, "fine"),
    ]


def test_a_truncated_file_says_so() -> None:
    found = rows(b'{"a":1}\n{"a":')
    assert codes(found) == [(1, "fine"), (2, "encoding_broken")]
    assert found[1].error is not None
    assert found[1].error.message.startswith("the file ends in the middle of a line")


def test_an_array_is_refused_whole() -> None:
    with pytest.raises(EncodingBroken, match="one JSON array"):
        rows(b'[{"a":1},\n{"a":2}]\n')


def test_a_file_that_becomes_unreadable_keeps_what_was_read() -> None:
    class Failing(io.BytesIO):
        def readline(self, size: int | None = -1) -> bytes:
            if self.tell() >= 16:
                raise OSError(5, "Input/output error")
            return super().readline(size)

    found = list(json_rows(LineReader(Failing(b'{"a":1}\n{"b":2}\n{"c":3}\n'), "disk.jsonl")))
    assert codes(found) == [(1, "fine"), (2, "fine"), (3, "fact_malformed")]
    assert found[2].error is not None
    assert found[2].error.message == "the file cannot be read further: Input/output error"


def test_fractions_stay_exact() -> None:
    assert parse_json('{"amount": 0.1}') == {"amount": Decimal("0.1")}


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "1" * 5000, "[" * 200_000, "", "{'a': 1}", '{"a": 1}}', r'["\uD800"]'],
    ids=["nan", "infinity", "digits", "nesting", "nothing", "quotes", "trailing", "surrogate"],
)
def test_json_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(EncodingBroken):
        parse_json(text)


def test_a_whole_pair_of_surrogates_is_a_character() -> None:
    assert parse_json(r'["\ud83d\ude00"]') == ["\U0001f600"]


def test_every_line_comes_out_once_whatever_it_holds() -> None:
    lines = [b'{"n":%d}' % number for number in range(50)]
    lines[7] = b"\xff\xff"
    lines[20] = b"x" * 1000
    lines[33] = b"{"
    found = rows(b"\n".join(lines) + b"\n")
    assert [row.number for row in found] == list(range(1, 51))
    assert [row.number for row in found if row.error] == [8, 21, 34]
    assert [row.fact for row in found if row.fact] == [
        json.loads(line) for index, line in enumerate(lines) if index not in (7, 20, 33)
    ]


def test_a_scalar_is_no_fact() -> None:
    (found,) = rows(b"42\n")
    assert isinstance(found.error, FactError)
    assert found.error.message == "a fact is a JSON object"
