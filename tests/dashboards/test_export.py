"""CSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.export import file_name, iso, to_csv


@pytest.mark.parametrize(
    "hostile",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "\n=1",
        "＝1+1",
        "\u200b=1",
        "|calc",
    ],
)
def test_nothing_is_run_as_a_formula(hostile):
    cell = next(
        csv.reader(io.StringIO(to_csv(["v"], [[hostile]]).decode().split("\r\n", 1)[1]))
    )[0]

    assert cell[0] in "'\ufffd"


def test_numbers_stay_numbers_and_nothing_stays_empty():
    assert to_csv(["a", "b", "c"], [[-1.5, None, True]]) == b"a,b,c\r\n-1.5,,yes\r\n"


def test_no_cell_is_longer_than_spreadsheets_hold():
    table = to_csv(["a"], [["=" + "x" * 100_000]])

    _, (kept,) = csv.reader(io.StringIO(table.decode()))
    assert len(kept) == 32_767
    assert kept.endswith("…")


def test_the_mark_for_excel_comes_first_when_asked_for():
    assert to_csv(["가"], [], bom=True) == "\ufeff가\r\n".encode()


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_any_text_makes_one_row_that_can_be_read(cells):
    rows = list(
        csv.reader(io.StringIO(to_csv(["h"] * len(cells), [cells]).decode(), newline=""))
    )

    assert len(rows) == 2
    assert len(rows[1]) == len(cells)


@given(st.lists(st.text()))
def test_a_file_name_is_safe_on_every_system(parts):
    name = file_name(*parts)

    assert name.endswith(".csv")
    assert name.isascii()
    assert len(name) < 90
    assert not set(name) & set('/\\:*?"<>|\r\n ')
    assert not name.startswith(("-", ".csv"))


def test_times_are_iso_and_impossible_ones_empty():
    assert iso(1_795_492_800_000) == "2026-11-24T04:00:00Z"
    assert iso(10**18) == ""
