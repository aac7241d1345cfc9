"""Two folders of results: what is identical, what equal to rounding, what different."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import compare_results
import pytest
from compare_results import DIFFERENT, IDENTICAL, ROUNDED, compare_folders
from hypothesis import given
from hypothesis import strategies as st

TOOL = Path(compare_results.__file__)
TRADES = "hour,VPP1,VPP2\n1,100.0,-100.0\n2,0.0,0.0\n"


def write(folder: Path, **tables: str) -> Path:
    for name, text in tables.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.with_suffix(".csv").write_text(text, encoding="utf-8")
    return folder


def verdict_of(tmp_path: Path, first: str, second: str, **how) -> compare_results.Compared:
    one = write(tmp_path / "one", nb__trades=first)
    other = write(tmp_path / "other", nb__trades=second)
    (found,) = compare_folders(one, other, **how)
    return found


def test_the_examples_of_its_docstrings():
    assert doctest.testmod(compare_results).failed == 0


def test_the_same_bytes_are_identical(tmp_path):
    found = verdict_of(tmp_path, TRADES, TRADES)
    assert (found.verdict, found.difference) == (IDENTICAL, 0.0)


def test_a_difference_is_one_of_the_column_or_the_row(tmp_path):
    # 1e-5 beside 0 is 1e-7 of the 100 above it, and no infinite share of nothing
    table = TRADES.replace("2,0.0", "2,0.5")
    found = verdict_of(tmp_path, table, table.replace("0.5,0.0", "0.5,0.00001"))
    assert found.verdict == DIFFERENT and found.difference == pytest.approx(1e-5 / 2)
    assert found.where == "2, VPP2"


def test_a_row_of_small_numbers_is_not_measured_by_the_large_ones_above_it(tmp_path):
    first = "item,one\ncost,70000.0\nlosses,2608.289\n"
    found = verdict_of(tmp_path, first, first.replace("2608.289", "2607.737"))
    assert found.verdict == DIFFERENT and found.difference == pytest.approx(0.552 / 2608.289)


def test_the_last_digit_that_tables_have_is_rounding(tmp_path):
    first = "item,one\nflow,0.000001\n"
    found = verdict_of(tmp_path, first, first.replace("0.000001", "0.000002"))
    assert (found.verdict, found.where) == (ROUNDED, "the last digit")


def test_a_verdict_on_a_time_is_no_result(tmp_path):
    for folder, seconds in (("one", "0.2"), ("other", "0.3")):
        write(tmp_path / folder, nb__claims=f"claim,ours\nA18,43\nA19,{seconds}\n")
    (found,) = compare_folders(tmp_path / "one", tmp_path / "other")
    assert found.verdict == IDENTICAL


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (TRADES.replace("100.0,-", "100.1,-"), "1, VPP1"),
        (TRADES.replace("0.0,0.0", "0.0,none"), "2, VPP2: '0.0' and 'none'"),
        (TRADES.replace("0.0,0.0", "0.0,"), "2, VPP2: '0.0' and ''"),
        (TRADES.replace("VPP2", "VPP3"), "other columns"),
        (TRADES + "3,1.0,1.0\n", "another number of rows"),
    ],
)
def test_what_is_more_than_rounding_is_different(tmp_path, changed, said):
    found = verdict_of(tmp_path, TRADES, changed)
    assert found.verdict == DIFFERENT and found.where == said


def test_times_are_no_results(tmp_path):
    timed = "method,seconds,cost\npool,1.0,5.0\nseconds of all,3,4\n"
    later = "method,seconds,cost\npool,9.0,5.0\nseconds of all,7,8\n"
    assert verdict_of(tmp_path, timed, later).verdict == IDENTICAL


def test_the_tolerance_is_the_reader_s(tmp_path):
    changed = TRADES.replace("100.0,-", "100.1,-")
    assert verdict_of(tmp_path, TRADES, changed, tolerance=1e-2).verdict == ROUNDED


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(-1e-3, 1e-3))
def test_it_does_not_matter_which_folder_comes_first(numbers, moved):
    first = [["head"], *([repr(number)] for number in numbers)]
    second = [["head"], *([repr(number + moved)] for number in numbers)]
    there, back = (
        compare_results.numbers_apart(one, other)
        for one, other in ((first, second), (second, first))
    )
    assert there == back and there[0] >= 0


def test_a_table_in_one_folder_only_is_different_and_the_command_ends_with_1(tmp_path):
    one = write(tmp_path / "one", nb__trades=TRADES, nb__cost="a,b\n1,2\n")
    other = write(tmp_path / "other", nb__trades=TRADES)
    done = subprocess.run(
        [sys.executable, TOOL, one, other], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and f"cost: only in {one}" in done.stdout
    assert "2 tables: 1 identical, 0 equal to rounding" in done.stdout
    same = subprocess.run([sys.executable, TOOL, one, one], capture_output=True, check=False)
    assert same.returncode == 0


def test_a_folder_without_tables_is_refused(tmp_path):
    one = write(tmp_path / "one", nb__trades=TRADES)
    done = subprocess.run(
        [sys.executable, TOOL, one, tmp_path / "none"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "none has no tables" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_the_counts_that_the_page_shows_add_up():
    page = (TOOL.parent.parent / "book/how-to-read.md").read_text(encoding="utf-8")
    section = page.split("(same-numbers)=")[1].split("(own-data)=")[0]
    rows = re.findall(r"^\|[^|]+\| (\d+) \| (\d+) \| (\d+) \| (\d+)", section, re.MULTILINE)
    assert len(rows) >= 2
    for tables, *verdicts in rows:
        assert int(tables) == sum(map(int, verdicts))
