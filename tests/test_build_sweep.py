"""`make sweep`: never stale, whatever the folder's name; a senseless grid is refused at once."""

from __future__ import annotations

import csv
import os
import shlex

import pytest
from tiny_book import TinyBook, write


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A tiny book in a folder with an apostrophe, and a case with a blank outside data/."""
    book = TinyBook(tmp_path_factory.mktemp("sweep") / "it's a book")
    book.lend_environment()
    write(book.folder / "my own case/numbers.csv", "hour,kw\n1,126.55")
    return book


@pytest.fixture
def computed(book):
    """The points that a sweep computes, as a function."""
    log = book.folder / "computed.txt"
    log.unlink(missing_ok=True)

    def points() -> list[str]:
        lines = sorted(log.read_text().splitlines()) if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    return points


def sweep(book: TinyBook, cases: str, levels: str = "0", deviations: str = "0.1", **more: str):
    return book.make(
        "sweep", f"CASES={cases}", f"LEVELS={levels}", f"DEVIATIONS={deviations}", **more
    )


def table(book: TinyBook) -> list[tuple[str, ...]]:
    with open(book.folder / "results/sweep/sweep.csv", newline="") as file:
        return [tuple(row) for row in csv.reader(file)][1:]


def test_a_sweep_follows_its_case_wherever_it_is(book, computed):
    done = sweep(book, "my own case")
    assert done.returncode == 0 and "126.55" in done.stdout, done.stdout
    assert computed() == ["my own case 0 0.1"]

    assert sweep(book, "my own case").returncode == 0
    assert computed() == []

    write(book.folder / "my own case/numbers.csv", "hour,kw\n1,167.86")
    done = sweep(book, "my own case")
    assert "167.86" in done.stdout and "126.55" not in done.stdout
    assert table(book) == [("my own case", "0.1", "0", "167.86")]
    assert computed() == ["my own case 0 0.1"]
    assert len(list((book.folder / "build/sweep/points").glob("*.csv"))) == 1


def test_points_of_a_larger_grid_are_computed_once(book, computed):
    assert sweep(book, "one 'my own case'", "0 4", "0.1 .10 0.2").returncode == 0
    assert len(table(book)) == 8
    computed()
    assert sweep(book, "one two", "4 8", "0.2").returncode == 0
    assert computed() == ["one 8 0.2", "two 4 0.2", "two 8 0.2"]
    assert [row[:3] for row in table(book)] == [
        ("one", "0.2", "4"),
        ("one", "0.2", "8"),
        ("two", "0.2", "4"),
        ("two", "0.2", "8"),
    ]


def test_a_point_that_fails_says_why_and_leaves_no_table_of_an_earlier_sweep(book):
    assert sweep(book, "one", "4").returncode == 0
    done = sweep(book, "one", "4 13")
    assert done.returncode
    assert "sweep_point stopped at level 13: it brings no luck\n" in done.stdout
    assert "The sweep is not complete; the reason stands above" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (book.folder / "results/sweep/sweep.csv").exists()


def test_a_sweep_by_the_jobs_of_a_scheduler(tmp_path):
    """The stand-in runs each point as a job; what fails there is said here."""
    book = TinyBook(tmp_path)  # the plugin takes no folder with an apostrophe
    book.lend_environment()
    profile = "PROFILE=profiles/cluster-generic"
    done = book.make("sweep", "CASES=one", "LEVELS=2", "DEVIATIONS=0.1", profile)
    assert done.returncode == 0, done.stdout
    assert table(book) == [("one", "0.1", "2", "10.0")]
    codes = (book.folder / "build/logs/jobs").glob("*.code")
    assert [code.read_text() for code in codes] == ["0\n"]

    done = book.make("sweep", "CASES=one", "LEVELS=13", "DEVIATIONS=0.1", profile)
    assert done.returncode
    assert "sweep_point stopped at level 13: it brings no luck\n" in done.stdout


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"PROFILE": "nowhere"}, "PROFILE: found 'nowhere'; allowed: a folder with a config.yaml"),
        ({"LEVELS": "x"}, "LEVELS: found 'x'; allowed: whole numbers of 0 or more"),
        ({"LEVELS": "-1"}, "LEVELS: found '-1'; allowed"),
        ({"LEVELS": "1.5"}, "LEVELS: found '1.5'; allowed"),
        ({"LEVELS": ""}, "LEVELS: found nothing; allowed"),
        ({"LEVELS": "0 1:30"}, "LEVELS: found '1:30'; allowed"),
        ({"DEVIATIONS": "1"}, "DEVIATIONS: found '1'; allowed: numbers from 0 to below 1"),
        ({"DEVIATIONS": "0,1"}, "DEVIATIONS: found '0,1'; allowed"),
        ({"DEVIATIONS": "nan"}, "DEVIATIONS: found 'nan'; allowed"),
        ({"CASES": ""}, "CASES: found nothing; allowed"),
        ({"CASES": "nowhere"}, "CASES: 'nowhere' cannot be used: case: no folder 'nowhere'"),
        ({"CASES": "one 'two"}, 'CASES: "one \'two" cannot be read: No closing quotation'),
        ({"CASES": "$(touch hurt)"}, "CASES: '$(touch' cannot be used"),
        ({"CASES": "'{a}' one"}, "CASES: '{a}' cannot be used"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused_in_a_sentence(book, given, sentence):
    arguments = [f"{name}={value}" for name, value in given.items()]
    done = book.make("sweep", *arguments)
    assert done.returncode and sentence in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
    assert "hurt" not in os.listdir(book.folder)


def test_folders_of_any_name_are_swept(book):
    names = ["{case}", "a;touch hurt", "$(touch hurt)", "-x", "it's", "ü", "a  b"]
    for name in names:
        write(book.folder / "odd" / name / "numbers.csv", "hour,kw\n1,7")
    cases = [f"odd/{name}" for name in names]
    done = sweep(book, shlex.join(cases))
    assert done.returncode == 0, done.stdout
    assert sorted(row[0] for row in table(book)) == sorted(cases)
    assert "hurt" not in os.listdir(book.folder)
