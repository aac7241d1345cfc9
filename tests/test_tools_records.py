"""The book's results are written by the book's run alone, and what is not its own is made again."""

from __future__ import annotations

import shutil

import pytest
from records import prepare, remove_what_is_left_over, write_record
from tiny_book import TinyBook, write


@pytest.fixture
def book(tmp_path):
    """A tiny book whose notebooks have run."""
    book = TinyBook(tmp_path)
    prepare(book.folder)
    for name in ("first", "second", "ledger"):
        write(book.folder / f"results/{name}/worth.csv", "1")
        write(book.folder / f"build/site/notebooks/{name}.ipynb", "{}")
        write_record(name, book.folder)
    return book


def records(book: TinyBook) -> list[str]:
    return sorted(file.stem for file in (book.folder / "build/records").glob("*.json"))


def test_nothing_runs_again_when_nothing_has_changed(book):
    assert prepare(book.folder).reasons == []
    assert records(book) == ["first", "ledger", "second"]


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (
            lambda root: write(root / "results/first/worth.csv", "2"),
            "not what the book's run wrote",
        ),
        (lambda root: write(root / "results/first/other.csv", "2"), "not the book's own"),
        (lambda root: write(root / "results/first/a/b.csv", "2"), "not the book's own"),
        (lambda root: (root / "results/first/worth.csv").unlink(), "worth.csv is missing"),
        (lambda root: shutil.rmtree(root / "results/first"), "worth.csv is missing"),
        (lambda root: shutil.rmtree(root / "results"), "worth.csv is missing"),
        (
            lambda root: (root / "build/site/notebooks/first.ipynb").unlink(),
            "first.ipynb is missing",
        ),
        (lambda root: write(root / "build/records/first.json", "{"), "cannot be read"),
        (lambda root: write(root / "build/records/first.json", "[]"), "cannot be read"),
        (lambda root: write(root / "data/one/numbers.csv", "1,3"), "data/one/numbers.csv"),
    ],
)
def test_results_that_are_not_the_book_s_own_are_made_again(book, harm, reason):
    harm(book.folder)
    reasons = [
        sentence for sentence in prepare(book.folder).reasons if sentence.startswith("first ")
    ]
    assert len(reasons) == 1 and reason in reasons[0]
    assert "first" not in records(book)


def test_a_change_that_is_taken_back_reruns_nothing(book):
    before = book.read("vppcore/model.py")
    write(book.folder / "vppcore/model.py", before + "\nX = 1\n")
    write(book.folder / "vppcore/model.py", before)
    assert prepare(book.folder).reasons == []


def test_the_reason_names_what_has_changed(book):
    for name in ("vppcore/model.py", "vppcore/errors.py", "data/one/numbers.csv", "data/one/x.csv"):
        write(book.folder / name, "X = 1\n")
    reasons = prepare(book.folder).reasons
    assert reasons[0].startswith(
        "first runs again: changed is data/one/numbers.csv, data/one/x.csv"
    )
    assert reasons[0].endswith("and 2 more.")


def test_results_of_a_notebook_that_left_the_book_are_removed_and_others_stay(book):
    write(book.folder / "results/sweep/sweep.csv", "1")
    write(book.folder / "results/.writing-x/first/worth.csv", "1")
    assert remove_what_is_left_over(["first", "ledger"], book.folder) == ["second"]
    assert sorted(path.name for path in (book.folder / "results").iterdir()) == [
        "first",
        "ledger",
        "sweep",
    ]
    assert not (book.folder / "build/site/notebooks/second.ipynb").exists()


def test_the_ledger_comes_after_those_whose_verdicts_it_collects(book):
    assert prepare(book.folder).collected == {
        "first": [],
        "second": [],
        "ledger": ["first", "second"],
    }
