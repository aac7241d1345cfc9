"""The commands of the Makefile, called as a reader calls them, in a tiny book of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest
from build_lock import BuildLock
from contents import Refused
from tiny_book import GIVEN, ROOT, TinyBook, notebook, write

# each would leave the file `hurt` behind if a shell, or make itself, ran it
HARMFUL = [
    "$(touch hurt)",
    "$(shell touch hurt)",
    "$$(touch hurt)",
    "`touch hurt`",
    "'; touch hurt; '",
    '"; touch hurt; "',
    "a && touch hurt",
    "a\ntouch hurt",
    "a | touch hurt",
    "${IFS}$(touch hurt)",
]


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """A tiny book in a folder whose name has a blank, an apostrophe and a dollar."""
    book = TinyBook(tmp_path_factory.mktemp("build") / "it's a $HOME {book}")
    book.lend_environment()
    return book


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A tiny book that has been built once."""
    book = TinyBook(tmp_path_factory.mktemp("built") / "a book")
    book.lend_environment()
    done = book.make("book")
    assert done.returncode == 0, done.stdout
    return book


def ran(done: subprocess.CompletedProcess) -> list[str]:
    """The notebooks that a build ran."""
    return sorted(line.split()[0] for line in done.stdout.splitlines() if " ran: " in line)


def start_slowly(book: TinyBook) -> subprocess.Popen:
    """`make book` in a group of its own, once it runs a notebook that takes long."""
    (book.folder / "begun").unlink(missing_ok=True)
    slow = "import time\nfrom pathlib import Path\nPath('begun').touch()\ntime.sleep(60)"
    write(book.folder / "notebooks/first.ipynb", notebook('case: str = "one"', slow))
    build = subprocess.Popen(
        ["make", "book"],
        cwd=book.folder,
        env=book.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=listen_to_interrupts,
    )
    wait_for((book.folder / "begun").exists)
    return build


def listen_to_interrupts() -> None:
    """As in a terminal: who starts the tests in the background may have turned interrupts off."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(condition, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.05)


# --- values are values ---
@pytest.mark.parametrize("value", HARMFUL)
def test_no_value_is_run(commands, value):
    done = commands.make("run", f"NB={value}", f"P={value}")
    assert done.returncode and "Traceback" not in done.stdout, done.stdout
    assert not list(commands.folder.rglob("hurt"))
    assert not (ROOT / "hurt").exists()


def test_no_parameter_is_run(commands):
    done = commands.make("run", "NB=first", "P=case='$(touch hurt)' factor=`touch hurt`")
    assert done.returncode and "Traceback" not in done.stdout, done.stdout
    assert not list(commands.folder.rglob("hurt"))


@pytest.mark.parametrize(
    "name", ["NAME", "CASE", "CASES", "LEVELS", "DEVIATIONS", "PROFILE", "UPGRADE", "LAB"]
)
def test_no_value_is_run_on_its_way_to_any_command(commands, name):
    """A target that only shows what arrives: the text as it was given, and nothing has run."""
    write(commands.folder / "show.mk", 'include Makefile\nshow:\n\t@printf "%s" "$$' + name + '"')
    for value in HARMFUL:
        done = commands.make("-f", "show.mk", "show", f"{name}={value}")
        assert done.stdout == value
        by_environment = commands.make("-f", "show.mk", "show", **{name: value})
        assert by_environment.stdout == value
    assert not list(commands.folder.rglob("hurt"))


def test_an_unknown_notebook_is_refused_with_those_that_exist(commands):
    done = commands.make("run", "NB=third")
    assert "There is no notebook 'third'; the notebooks are: first, ledger, second." in done.stdout
    assert "Say which notebook to run" in commands.make("run").stdout
    assert "There is no notebook '--help'" in commands.make("run", "NB=--help").stdout


def test_no_recipe_of_the_makefile_holds_a_reader_s_value_as_text():
    """They are exported word for word; `$(NB)` in a recipe would be read as shell code."""
    recipes = [line for line in (ROOT / "Makefile").read_text().splitlines() if line[:1] == "\t"]
    for name in GIVEN:
        assert not [line for line in recipes if f"$({name})" in line or f"${{{name}}}" in line]


# --- one notebook ---
TWO = "build/runs/first/case=two"


def test_a_run_leaves_the_book_s_results_alone_and_nothing_of_an_earlier_run(commands):
    write(commands.folder / "results/first/worth.csv", "the book's")
    write(commands.folder / f"{TWO}/results/old.csv", "of an earlier run")
    done = commands.make("run", "NB=first", "P=case=two")
    assert done.returncode == 0, done.stdout
    assert f"first ran: {TWO}/" in done.stdout
    assert "The book has no results of this notebook yet" in done.stdout
    assert commands.read("results/first/worth.csv") == "the book's\n"
    assert commands.read(f"{TWO}/results/worth.csv") == "40.0\n"
    assert not (commands.folder / f"{TWO}/results/old.csv").exists()
    assert '<h1 id="first">first' in commands.read(f"{TWO}/run.html")


def test_runs_with_other_parameters_are_kept_apart(commands):
    for parameters in ("", "case=two", "case=two factor=2", "case=one"):
        assert commands.make("run", "NB=first", f"P={parameters}").returncode == 0
    kept = {path.parent.name for path in commands.folder.glob("build/runs/first/*/results")}
    assert kept >= {"as-in-the-book", "case=two", "case=two,factor=2"}
    assert "case=one" not in kept, "the book's own case, said in words"


def test_a_run_that_fails_ends_in_its_sentence_and_leaves_no_results(commands):
    nowhere = commands.folder / "build/runs/first/case=nowhere"
    write(nowhere / "results/run.json", "{}")
    commands.make("run", "NB=first", "P=case=two")
    done = commands.make("run", "NB=first", "P=case=nowhere")
    assert done.returncode
    assert "first stopped with\n  case: found 'nowhere'; allowed: one, two\n" in done.stdout
    assert "Traceback" not in done.stdout
    assert not nowhere.exists()
    assert not list(commands.folder.glob("build/runs/first/.writing-*"))
    assert commands.read(f"{TWO}/results/worth.csv") == "40.0\n", "another run's stay"


def test_a_real_kernel_runs_a_notebook(tmp_path):
    """Without stand-ins: papermill, a kernel, and this folder's own vppcore."""
    book = TinyBook(tmp_path / "it's real", stand_ins=False)
    book.lend_environment()
    done = book.make("run", "NB=first", "P=case=two")
    assert done.returncode == 0, done.stdout
    assert book.read(f"{TWO}/results/worth.csv") == "40.0\n"
    failed = book.make("run", "NB=first", "P=case=nowhere")
    assert "(the whole story: build/runs/first/stopped/case=nowhere.ipynb)" in failed.stdout
    assert "allowed: one, two" in book.read("build/runs/first/stopped/case=nowhere.ipynb")


# --- the book ---
def test_the_book_is_built_and_then_left_alone(built):
    assert built.read("build/book/index.html") == "the pages\n".strip()
    assert built.read("results/ledger/total.csv") == "60.0\n"
    page = (built.folder / "build/book/index.html").stat().st_mtime_ns
    done = built.make("book")
    assert done.returncode == 0 and ran(done) == []
    assert (built.folder / "build/book/index.html").stat().st_mtime_ns == page


def test_foreign_results_are_made_again_with_all_that_rests_on_them(built):
    """As a notebook leaves them that an editor ran, which knows nothing of the book."""
    write(built.folder / "results/second/worth.csv", "-1")
    write(built.folder / "data/{mine}/numbers.csv", "1,2")
    done = built.make("book")
    assert done.returncode == 0 and ran(done) == ["ledger", "second"], done.stdout
    assert "second runs again: results/second/worth.csv is not what the book's run" in done.stdout
    assert built.read("results/ledger/total.csv") == "60.0\n"


def test_a_second_build_is_refused_and_a_killed_one_is_taken_up(built):
    before = built.read("notebooks/first.ipynb")
    build = start_slowly(built)

    second = built.make("book")
    processes = json.loads(built.read("build/lock.json"))["processes"]
    assert second.returncode
    assert f"`make book` is running already, as process {processes[0]}, since " in second.stdout
    assert "make sweep" not in second.stdout

    cleaning = built.make("clean")
    assert cleaning.returncode
    assert f"`make book` is running already, as process {processes[0]}, since " in cleaning.stdout
    assert (built.folder / "results/second").is_dir()

    jobs = [pid for pid in os.listdir("/proc") if is_job_of(pid, built)]
    os.killpg(build.pid, signal.SIGKILL)
    build.wait()
    build.stdout.close()
    wait_for(lambda: not any(is_job_of(pid, built) for pid in jobs))
    assert list((built.folder / ".snakemake/locks").glob("*.lock"))

    write(built.folder / "notebooks/first.ipynb", before)
    third = built.make("book")
    assert third.returncode == 0, third.stdout
    assert f"as process {processes[0]}, was killed; its lock is removed" in third.stdout
    assert "first" in ran(third)
    assert built.read("results/ledger/total.csv") == "60.0\n"


def test_a_build_that_is_interrupted_ends_with_a_sentence_and_leaves_no_lock(built):
    before = built.read("notebooks/first.ipynb")
    build = start_slowly(built)
    os.killpg(build.pid, signal.SIGINT)
    said, _ = build.communicate(timeout=30)
    write(built.folder / "notebooks/first.ipynb", before)
    assert "Ended as you asked; call the command again to go on from here." in said
    assert "Traceback" not in said and "without a word" not in said
    assert not list(built.folder.glob(".snakemake/locks/*"))
    assert not any(is_job_of(pid, built) for pid in os.listdir("/proc"))
    done = built.make("book")
    assert done.returncode == 0 and "killed" not in done.stdout


def is_job_of(pid: str, book: TinyBook) -> bool:
    """True for a process that runs a notebook of this book."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read()
        return b"run_notebook.py" in command and os.readlink(f"/proc/{pid}/cwd") == str(book.folder)
    except OSError:
        return False


def test_jobs_end_when_the_workflow_alone_is_killed(built):
    """Nothing of a killed build writes beside the next one."""
    before = built.read("notebooks/first.ipynb")
    build = start_slowly(built)
    workflow = json.loads(built.read("build/lock.json"))["processes"][1]
    os.kill(workflow, signal.SIGKILL)
    said, _ = build.communicate(timeout=30)
    assert build.returncode and "was ended from outside (SIGKILL)" in said
    wait_for(lambda: not any(is_job_of(pid, built) for pid in os.listdir("/proc")))
    write(built.folder / "notebooks/first.ipynb", before)
    assert built.make("book").returncode == 0


def test_every_failure_says_its_cause(built):
    cases = {
        "notebooks/first.ipynb": (notebook("x = 1", "raise ValueError('no luck')"), "no luck"),
        "jupyter_book/cli/main.py": ("def main():\n    raise SystemExit('bad page')", "bad page"),
        "Snakefile": ("rule book:\n    input: 'never.txt'", "never.txt"),
        "tools/run_notebook.py": ("import os\nos.kill(os.getpid(), 9)", "ended without a word"),
    }
    for name, (text, cause) in cases.items():
        before = built.read(name)
        write(built.folder / name, text)
        done = built.make("book")
        write(built.folder / name, before)
        assert done.returncode and cause in done.stdout, (name, done.stdout)
        assert "The book was not built; the reason stands above" in done.stdout
        assert "Traceback" not in done.stdout, name


# --- cleaning away ---
def test_clean_removes_what_was_made_and_nothing_else(tmp_path):
    book = TinyBook(tmp_path / "a book")
    write(book.folder / "results/second/worth.csv", "1")
    write(book.folder / "build/logs/log", "said")
    (book.folder / ".snakemake").symlink_to(book.folder / "data")
    done = book.make("clean")
    assert done.returncode == 0, done.stdout
    assert "build/, results/, .snakemake/ are removed." in done.stdout
    assert not any((book.folder / name).exists() for name in ("build", "results", ".snakemake"))
    assert (book.folder / "data/one/numbers.csv").is_file()
    assert book.make("clean").returncode == 0


# --- the lock ---
def test_the_lock_is_one_holder_s_and_free_when_it_ends(tmp_path):
    first = BuildLock(tmp_path, "make book")
    assert first.take() is None
    with pytest.raises(Refused, match=f"`make book` is running already, as process {os.getpid()}"):
        BuildLock(tmp_path, "make sweep").take()
    first.release()
    second = BuildLock(tmp_path, "make sweep")
    assert second.take() is None
    second.file.close()  # as when it is killed: it never said that it came to an end
    assert BuildLock(tmp_path, "make book").take()["command"] == "make sweep"


@pytest.mark.parametrize("left", ["", "{", "[]", "null", '{"command": 1}'])
def test_a_lock_file_that_makes_no_sense_is_no_obstacle(tmp_path, left):
    write(tmp_path / "build/lock.json", left)
    assert BuildLock(tmp_path, "make book").take() is None


# --- the rest ---
def test_clean_needs_no_environment(tmp_path):
    book = TinyBook(tmp_path)
    for name in ("build/x", "results/x", ".snakemake/x"):
        write(tmp_path / name, "x")
    assert book.make("clean", PATH="/usr/bin:/bin").returncode == 0
    assert not {"build", "results", ".snakemake", ".venv"} & set(os.listdir(tmp_path))


def test_help_lists_every_command_of_the_readme(commands):
    listed = commands.make("help").stdout
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("book", "run", "case", "check", "sweep", "lab", "test"):
        assert f"make {command}" in readme and f"make {command} " in listed


def test_ci_builds_and_tests_the_book():
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert "make book\nmake test\n" in script and "set -euo pipefail" in script
