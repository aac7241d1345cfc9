"""`make batch` and `make compare`, in a tiny book."""

from __future__ import annotations

import os
import re
import time

import batch
import pytest
from tiny_book import TinyBook, write


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    made = TinyBook(tmp_path_factory.mktemp("batch") / "a book")
    made.lend_environment()
    return made


def test_sets_run_in_parallel_and_one_that_fails_stops_no_other(book):
    write(book.folder / "sets.csv", "case,factor\ntwo,\n,\nnowhere,\ntwo,3\n")
    done = book.make("batch", "FILE=sets.csv", "NB=first")
    assert done.returncode and "Traceback" not in done.stdout, done.stdout
    assert "[4 of 4] " in done.stdout and "3 of 4 runs went well" in done.stdout
    assert "line 4: first stopped with\n  case: found 'nowhere'" in done.stdout
    kept = {path.parent.name for path in book.folder.glob("build/runs/first/*/results")}
    assert kept == {"as-in-the-book", "case=two", "case=two,factor=3"}


def test_twenty_sets_are_twenty_runs_as_many_at_a_time_as_cores(tmp_path, monkeypatch, capsys):
    """The real notebook's parameters are checked; what stands in for the runs says who is at work."""
    fees = [f"{number / 100:.2f}" for number in range(1, 21)]
    write(tmp_path / "twenty.csv", "\n".join(["crossing_fee", *fees, ""]))
    sets = batch.read_sets(tmp_path / "twenty.csv", "bargaining")
    assert [one.parameters for one in sets] == [f"crossing_fee={fee}" for fee in fees]
    assert len({one.folder for one in sets}) == 20
    busy: set[str] = set()
    most = []

    def stand_in(one: batch.Set) -> tuple[float, str]:
        busy.add(one.parameters)
        most.append(len(busy))
        time.sleep(0.01)
        busy.remove(one.parameters)
        return 0.01, "the seventh stops" if one.parameters.endswith("0.07") else ""

    monkeypatch.setattr(batch, "run_one", stand_in)
    failed = batch.run_all(sets)
    assert [(one.line, fault) for one, fault in failed] == [(8, "the seventh stops")]
    told = capsys.readouterr().out
    assert re.findall(r"^\[(\d+) of 20\] bargaining ", told, re.MULTILINE) == [
        str(count) for count in range(1, 21)
    ]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert max(most) <= cores and not busy


def test_all_faults_are_told_with_their_lines_before_anything_runs(book):
    write(book.folder / "bad.csv", "notebook,case,factor\nfirst,one,x\nthird,,\nfirst,two,\n,two,")
    done = book.make("batch", "FILE=bad.csv", "NB=first")
    assert done.returncode and "at a time" not in done.stdout
    assert "line 2: factor=x is not a number" in done.stdout
    assert "line 3: There is no notebook 'third'" in done.stdout
    assert "line 5: it is the run of line 4 again" in done.stdout


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("", "Say which file holds the sets"),
        ("none.csv", "none.csv cannot be read"),
        ("head.csv", "head.csv has no row with a set"),
        ("more.csv", "line 2: it has more cells than the head has columns"),
    ],
)
def test_a_file_that_cannot_be_taken(book, file, sentence):
    write(book.folder / "head.csv", "case\n")
    write(book.folder / "more.csv", "case\none,2\n")
    done = book.make("batch", f"FILE={file}", "NB=first")
    assert done.returncode and sentence in done.stdout and "Traceback" not in done.stdout


def test_a_notebook_without_kept_runs_is_refused(book):
    done = book.make("compare", "NB=second")
    assert done.returncode and "No run of second is kept; first: make run NB=second" in done.stdout
