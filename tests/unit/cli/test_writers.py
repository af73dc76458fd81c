"""Tables on a terminal are short, and what is bad is in them."""

from pulumi_tke_hybrid.cli.writers import MOST_ROWS, first_rows


def test_a_long_table_begins_with_what_is_bad_and_counts_the_rest() -> None:
    rows = list(range(10_000))
    shown, rest = first_rows(rows, lambda row: row in (7, 9_999))
    assert shown == [7, 9_999, *(row for row in rows if row != 7)][:MOST_ROWS]
    assert rest == "and 9900 more rows; --json FILE has all"


def test_a_short_table_keeps_its_order() -> None:
    assert first_rows([3, 1, 2], lambda row: row == 2) == ([3, 1, 2], "")
