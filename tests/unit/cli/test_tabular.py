"""CSV files row by row: a bad row is set aside, the rows around it are not."""

import io
from collections.abc import Mapping

import pytest

from loyalty_core.application.files.columns import Defaults
from loyalty_core.application.files.lines import FileRow, LineReader
from loyalty_core.application.files.tabular import activity_rows, order_rows
from loyalty_core.errors import EncodingBroken, FactError

DEFAULTS = Defaults(source="shop", currency="USD", time_zone="America/New_York")
HEADER = "order_id,customer_id,date,amount\n"


def orders(
    text: str | bytes,
    *,
    delimiter: str = ",",
    maps: Mapping[str, str] | None = None,
    group: bool = False,
    defaults: Defaults = DEFAULTS,
) -> list[FileRow]:
    data = text.encode() if isinstance(text, str) else text
    reader = LineReader(io.BytesIO(data), "orders.csv", 300_000)
    return list(order_rows(reader, delimiter, maps or {}, defaults, group=group))


def found_in(rows: list[FileRow]) -> list[tuple[int, str]]:
    found = [(row.number, row.error, dict(row.fact or {})) for row in rows]
    return [(number, error.code if error else str(fact["id"])) for number, error, fact in found]


def test_a_row_is_an_order() -> None:
    (row,) = orders(HEADER + "A1,00004,1997-01-01,29.33\n")
    assert row == FileRow(
        2,
        "A1,00004,1997-01-01,29.33",
        {
            "type": "order",
            "source": "shop",
            "currency": "USD",
            "identities": {"customer_id": "00004"},
            "id": "A1",
            "occurred_at": "1997-01-01T00:00:00-05:00",
            "lines": [{"id": "1", "amount": "29.33"}],
        },
    )


def test_every_field_can_be_mapped() -> None:
    header = "nr;who;mail;when;changed;v;sum;off;vat;pcs;art;what;groups;state;cur;src;ch;st;marks"
    header += ";rebate;post;posttax;all;gross;trial;line\n"
    row = "7;c;a@b.c;2026-01-02T03:04:05Z;2026-01-03;2;10.00;1.00;0.50;3;S1;goods;x|y;paid;EUR;web"
    row += ";app;Berlin;m|n;2.00;4.99;0.80;11.99;yes;no;L1\n"
    names = (
        "id customer_id email occurred_at updated_at version amount line_discount line_tax quantity"
        " sku kind categories status currency source channel store tags discount shipping"
        " shipping_tax total tax_included test line_id"
    )
    maps = dict(zip(names.split(), header.strip().split(";"), strict=True))
    (found,) = orders(header + row, delimiter=";", maps=maps)
    assert found.fact == {
        "type": "order",
        "source": "web",
        "currency": "EUR",
        "identities": {"customer_id": "c", "email": "a@b.c"},
        "id": "7",
        "status": "paid",
        "channel": "app",
        "store": "Berlin",
        "discount": "2.00",
        "shipping": "4.99",
        "shipping_tax": "0.80",
        "total": "11.99",
        "occurred_at": "2026-01-02T03:04:05+00:00",
        "updated_at": "2026-01-03T00:00:00-05:00",
        "version": 2,
        "tax_included": True,
        "test": False,
        "tags": ["m", "n"],
        "lines": [
            {
                "id": "L1",
                "amount": "10.00",
                "discount": "1.00",
                "tax": "0.50",
                "sku": "S1",
                "kind": "goods",
                "quantity": 3,
                "categories": ["x", "y"],
            }
        ],
    }


def test_adjacent_rows_are_lines_of_one_order_if_asked() -> None:
    text = HEADER + "A,1,1997-01-01,1.00\nA,1,1997-01-01,2.00\nB,1,1997-01-01,3.00\n"
    alone = orders(text)
    assert found_in(alone) == [(2, "A"), (3, "A"), (4, "B")]
    first, second = orders(text, group=True)
    assert first.raw == "A,1,1997-01-01,1.00\nA,1,1997-01-01,2.00"
    assert first.fact is not None
    assert first.fact["lines"] == [{"id": "1", "amount": "1.00"}, {"id": "2", "amount": "2.00"}]
    assert (second.number, second.raw) == (4, "B,1,1997-01-01,3.00")


def test_lines_that_disagree_about_their_order_are_rejected_together() -> None:
    text = HEADER + "A,1,1997-01-01,1.00\nA,2,1997-01-01,2.00\nB,1,1997-01-01,3.00\n"
    bad, good = orders(text, group=True)
    assert bad.error is not None
    assert bad.error.message == "the lines of order 'A' disagree about customer_id: '1' and '2'"
    assert bad.error.where == "orders.csv, line 2, column 'customer_id'"
    assert good.error is None


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends() -> None:
    text = HEADER + '"A, ""x""\ny",1,1997-01-01,1.00\nB,1,1997-01-01,1.00\n'
    assert found_in(orders(text)) == [(2, 'A, "x"\ny'), (4, "B")]


def test_blank_lines_are_passed_over() -> None:
    assert found_in(orders(HEADER + "\nA,1,1997-01-01,1.00\n\n , ,,\n")) == [(3, "A")]


def test_a_byte_order_mark_and_windows_line_ends() -> None:
    text = "\ufeff" + HEADER.replace("\n", "\r\n") + "A,1,1997-01-01,1.00\r\n"
    assert found_in(orders(text)) == [(2, "A")]


def test_a_row_of_other_width_is_set_aside() -> None:
    rows = orders(HEADER + "A,1,1997-01-01,1,50\nB,1,1997-01-01\nC,1,1997-01-01,1.00\n")
    assert found_in(rows) == [(2, "encoding_broken"), (3, "encoding_broken"), (4, "C")]
    assert rows[0].error is not None
    assert rows[0].error.message == "the row has 5 columns, the header 4"


def test_a_truncated_file_says_so_and_keeps_what_was_read() -> None:
    rows = orders(HEADER + "A,1,1997-01-01,1.00\nB,1,19")
    assert found_in(rows) == [(2, "A"), (3, "encoding_broken")]
    assert rows[1].error is not None
    assert rows[1].error.message.startswith("the file ends in the middle of a row")


@pytest.mark.parametrize("stray", ['"B,1,1997-01-01,1.00', 'B,"1,1997-01-01,1.00', '"B"x,1,,'])
def test_a_stray_quote_costs_one_row(stray: str) -> None:
    others = [f"{letter},1,1997-01-01,1.00" for letter in "ACDEF"]
    text = HEADER + "\n".join([others[0], stray, *others[1:]]) + "\n"
    rows = orders(text)
    assert found_in(rows) == [
        (2, "A"),
        (3, "encoding_broken"),
        (4, "C"),
        (5, "D"),
        (6, "E"),
        (7, "F"),
    ]
    assert rows[1].raw == stray


def test_two_stray_quotes_cost_two_rows() -> None:
    lines = [f"{n}{chr(34) if n in (13, 31) else ''},1,1997-01-01,1.00" for n in range(10, 50)]
    lines[3], lines[21] = '"13,1,1997-01-01,1.00', '31,"1,1997-01-01,1.00'
    rows = orders(HEADER + "\n".join(lines) + "\n")
    assert [row.raw for row in rows if row.error] == [lines[3], lines[21]]
    assert len(rows) == 40


def test_an_unclosed_quote_in_a_long_file_costs_one_row() -> None:
    lines = [f"{number},1,1997-01-01,1.00" for number in range(20_000)]
    lines[5] = '"5,1,1997-01-01,1.00'
    rows = orders(HEADER + "\n".join(lines) + "\n")
    assert [row.number for row in rows if row.error] == [7]
    assert len(rows) == 20_000


def test_a_row_that_is_not_utf8_costs_one_row() -> None:
    data = HEADER.encode() + b"A,1,1997-01-01,1.00\nB,M\xfcller,1997-01-01,1.00\nC,1,1997-01-01,2\n"
    assert found_in(orders(data)) == [(2, "A"), (3, "encoding_broken"), (4, "C")]


def test_a_huge_line_costs_one_row() -> None:
    text = HEADER + "A,1,1997-01-01,1.00\n" + "x" * 400_000 + "\nC,1,1997-01-01,1.00\n"
    assert found_in(orders(text)) == [(2, "A"), (3, "fact_too_large"), (4, "C")]


def test_a_huge_cell_costs_one_row() -> None:
    text = HEADER + "A" * 200_000 + ",1,1997-01-01,1.00\nC,1,1997-01-01,1.00\n"
    assert found_in(orders(text)) == [(2, "fact_too_large"), (3, "C")]


@pytest.mark.parametrize(
    ("delimiter", "remedy"),
    [
        (";", "Add --delimiter ';'."),
        ("\t", "Add --delimiter $'\\t'."),
        ("|", "Add --delimiter '|'."),
    ],
)
def test_the_wrong_delimiter_is_recognised(delimiter: str, remedy: str) -> None:
    text = (HEADER + "A,1,1997-01-01,1.00\n").replace(",", delimiter)
    with pytest.raises(EncodingBroken, match="the header is one column") as caught:
        orders(text)
    assert caught.value.remedy == remedy
    assert found_in(orders(text, delimiter=delimiter)) == [(2, "A")]


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(EncodingBroken, match="the file is empty"):
        orders("")


def test_a_missing_column_is_named_with_those_there() -> None:
    with pytest.raises(FactError) as caught:
        orders("nr,date,amount\nA,1997-01-01,1.00\n")
    assert caught.value.message == (
        "the file has no column 'id' for id; its columns are: nr, date, amount"
    )
    assert caught.value.remedy == "Name the column that holds it: --map id=COLUMN"


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ({"id": "nr"}, "the file has no column 'nr' for id"),
        ({"points": "amount"}, "there is no field 'points' to map"),
    ],
)
def test_a_wrong_map_is_refused(maps: Mapping[str, str], message: str) -> None:
    with pytest.raises(FactError, match=message):
        orders(HEADER, maps=maps)


def test_a_column_named_twice_is_refused() -> None:
    with pytest.raises(FactError, match="the header names the column 'amount' twice"):
        orders("order_id,date,amount,amount\n")


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("A,1,02/01/1997,1.00,1,1", "date"),
        ("A,1,1997-02-30,1.00,1,1", "date"),
        ("A,1,1997-01-01,1.00,two,1", "quantity"),
        ("A,1,1997-01-01,1.00,1,perhaps", "test"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(row: str, column: str) -> None:
    header = "order_id,customer_id,date,amount,quantity,test\n"
    bad, good = orders(header + row + "\nB,1,1997-01-01,1.00,1,0\n")
    assert bad.error is not None
    assert bad.error.where == f"orders.csv, line 2, column {column!r}"
    assert good.error is None


def test_dates_can_have_a_form_of_their_own() -> None:
    stated = Defaults(
        source="s", currency="EUR", time_zone="Europe/Berlin", date_format="%d.%m.%Y %H:%M"
    )
    (row,) = orders(HEADER + "A,1,31.07.2026 23:30,1.00\n", defaults=stated)
    assert row.fact is not None
    assert row.fact["occurred_at"] == "2026-07-31T23:30:00+02:00"


def test_activities_with_data() -> None:
    text = "id,kind,occurred_at,email,product\n1,review,2026-01-01,a@b.c,tent\n2,review,,a@b.c,\n"
    reader = LineReader(io.BytesIO(text.encode()), "reviews.csv")
    rows = list(activity_rows(reader, ",", {"data.product": "product"}, DEFAULTS))
    assert rows[0].fact == {
        "type": "activity",
        "source": "shop",
        "identities": {"email": "a@b.c"},
        "id": "1",
        "kind": "review",
        "occurred_at": "2026-01-01T00:00:00-05:00",
        "data": {"product": "tent"},
    }
    assert rows[1].fact is not None
    assert "occurred_at" not in rows[1].fact  # the core says what is missing
