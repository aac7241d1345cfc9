"""`make book` and `make sweep`: hand the work to Snakemake and say how it ended.

Usage: make_book.py book, or make_book.py sweep. A sweep's grid stands in the environment: CASES,
LEVELS and DEVIATIONS; PROFILE names a folder that says on which machines its points are computed.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from build_lock import BuildLock, says_who_was_killed, workflow_is_locked
from contents import Refused, book_notebooks
from dependencies import ROOT
from records import remove_what_is_left_over
from saying import CHANNEL

LOGS = Path("build/logs")
SAID = LOGS / "said.log"
WORKFLOW_LOG = LOGS / "snakemake.log"
POLL_SECONDS = 0.1
INTERRUPTED: list[int] = []  # the signals by which a reader asked for the end
FAILED_JOB = re.compile(r"^Error in rule (\w+):\n(?:    .*\n)*?    output: ([^,\n]+)", re.MULTILINE)
FIRST_COMPLAINT = re.compile(r"^.*(Error|Exception|error:|cannot|Missing).*$", re.MULTILINE)


def snakemake(*options: str) -> list[str]:
    """The command line of the workflow tool: that of this very environment."""
    return [sys.executable, "-m", "snakemake", "--cores", "all", *options]


def build(target: str, command: str, prepare: Callable[[], None], *options: str) -> None:
    """Builds a target of the Snakefile after `prepare`, which runs when nobody else builds.

    options: more of the workflow tool's own.
    Raises Refused with the reason if it could not be built.
    """
    (ROOT / LOGS).mkdir(parents=True, exist_ok=True)
    lock = BuildLock(ROOT, command)
    earlier = lock.take()
    try:
        if workflow_is_locked(ROOT):
            print(says_who_was_killed(earlier), flush=True)
            run_quietly(snakemake("--unlock"))
        prepare()
        code = run_and_show(snakemake("--keep-going", "--rerun-incomplete", *options, target), lock)
    finally:
        lock.release()
    if INTERRUPTED:
        sys.exit("Ended as you asked; call the command again to go on from here.")
    if code:
        raise Refused(reason(code))


def tidy_up() -> None:
    """What an earlier book has left beside this one is removed, with a sentence."""
    for notebook in remove_what_is_left_over(book_notebooks(ROOT)):
        print(f"{notebook} is no longer in _toc.yml; its results are removed.", flush=True)


def run_quietly(command: list[str]) -> None:
    """Runs a command that has nothing to say unless it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(complaint(done.stdout + done.stderr))


def run_and_show(command: list[str], lock: BuildLock) -> int:
    """Runs the workflow and shows what its jobs say while they say it; returns its exit code.

    The workflow inherits the lock: should this process be killed, it goes on, and so does the lock.
    """
    said = ROOT / SAID
    said.write_text("", encoding="utf-8")
    environment = os.environ | {CHANNEL: str(said)}
    descriptors = (lock.file.fileno(),) if lock.file else ()
    with (
        open(ROOT / WORKFLOW_LOG, "w", encoding="utf-8") as log,
        open(said, encoding="utf-8") as news,
    ):
        workflow = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, pass_fds=descriptors
        )
        lock.write([os.getpid(), workflow.pid])
        pass_on_signals(workflow)
        while workflow.poll() is None:
            time.sleep(POLL_SECONDS)
            show(news.read())
        show(news.read())
    return workflow.returncode


def pass_on_signals(workflow: subprocess.Popen) -> None:
    """A polite end is the workflow's to carry out; Ctrl-C reaches it by itself."""

    def end_politely(number: int, frame: Any) -> None:
        INTERRUPTED.append(number)
        print("Ending; what is running now is finished first.", file=sys.stderr, flush=True)
        workflow.terminate()

    def wait_for_its_end(number: int, frame: Any) -> None:
        INTERRUPTED.append(number)

    signal.signal(signal.SIGINT, wait_for_its_end)
    signal.signal(signal.SIGTERM, end_politely)
    signal.signal(signal.SIGHUP, end_politely)


def show(text: str) -> None:
    """Prints what was said, without a line of its own for nothing."""
    if text:
        print(text, end="", flush=True)


def reason(code: int) -> str:
    """Why the build failed: what the jobs have not said themselves is looked up in the log."""
    said = (ROOT / SAID).read_text(encoding="utf-8")
    log = (ROOT / WORKFLOW_LOG).read_text(encoding="utf-8", errors="replace")
    if code < 0:
        name = signal.Signals(-code).name
        return (
            f"The workflow tool was ended from outside ({name}); call the command again to go on."
        )
    sentences = []
    for rule, output in FAILED_JOB.findall(log):
        job = Path(output.strip()).stem
        if f"{job} stopped" not in said and f"{rule} stopped" not in said:
            sentences.append(
                f"{job} ({rule}) ended without a word, most likely killed from outside"
                " or for want of memory."
            )
    if not said.strip() and not sentences:
        sentences.append(complaint(log))
    return "\n".join(sentences)


def complaint(log: str) -> str:
    """The part of the workflow tool's output that says what it did not like."""
    first = FIRST_COMPLAINT.search(log)
    part = log[first.start() :] if first else log
    lines = [line.rstrip() for line in part.splitlines() if line.strip()]
    return "The workflow tool says:\n  " + "\n  ".join(lines[:12] or ["nothing"])


def make_book() -> None:
    """`make book`."""
    print(
        "Building the book; a notebook runs again only if something that it rests on has changed."
    )
    try:
        build("book", "make book", tidy_up)
    except Refused as refused:
        print(refused, file=sys.stderr)
        sys.exit(f"The book was not built; the reason stands above, details in {LOGS}/.")
    print("The book: build/book/index.html")


def profile_from(text: str) -> list[str]:
    """The workflow tool's options for a profile, none for no profile. Raises Refused."""
    if not text:
        return []
    if not (ROOT / text / "config.yaml").is_file():
        raise Refused(
            f"PROFILE: found {text!r}; allowed: a folder with a config.yaml, as in "
            "PROFILE=profiles/cluster-generic."
        )
    return ["--workflow-profile", text]


def make_sweep() -> None:
    """`make sweep`."""
    from sweep_plan import (
        plan_of,
        print_table,
        write_plan,
    )  # loads the models, which a book needs not

    try:
        profile = profile_from(os.environ.get("PROFILE", ""))
        plan = plan_of(os.environ)
        build("sweep", "make sweep", lambda: write_plan(plan), *profile)
    except Refused as refused:
        print(refused, file=sys.stderr)
        sys.exit(f"The sweep is not complete; the reason stands above, details in {LOGS}/.")
    print_table()


def main() -> None:
    if sys.argv[1:] == ["book"]:
        make_book()
    elif sys.argv[1:] == ["sweep"]:
        make_sweep()
    else:
        sys.exit("say what to make: make_book.py book, or make_book.py sweep")


if __name__ == "__main__":
    main()
