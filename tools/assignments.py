"""Make the assignments with nbgrader: the students' version, the teacher's, and a trial of both.

The source of an assignment is its notebook in teaching/source/, in nbgrader's own format: solutions
and hidden tests stand between marks, points and locks in the cells' metadata. Before anything is
handed out, two submissions are graded: the source itself must get all points, the students' version
none.

Usage: assignments.py writes build/assignments/; `make assignments` installs nbgrader first.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from saying import Refused, give_up, say

ROOT = Path(__file__).resolve().parent.parent
COURSE = ROOT / "teaching"
INTO = Path("build/assignments")
TRIAL = Path("build/assignments-trial")
# submissions of the trial -> whether they get all points or none
SUBMISSIONS = {"solution": True, "untouched": False}


def names() -> list[str]:
    """The assignments, by the folders of their sources."""
    return sorted(folder.name for folder in (COURSE / "source").iterdir() if folder.is_dir())


def nbgrader(course: Path, *arguments: str) -> None:
    """Runs a command of nbgrader in a course's folder. Raises Refused with what it says."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    # nbgrader calls a program of its environment by name
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=course, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Refused(f"assignments stopped at nbgrader {arguments[0]}:\n{done.stderr.strip()}")


def new_course(course: Path) -> None:
    """A course's folder with the settings and the sources, and nothing else."""
    shutil.rmtree(course, ignore_errors=True)
    course.mkdir(parents=True)
    shutil.copyfile(COURSE / "nbgrader_config.py", course / "nbgrader_config.py")
    ignored = shutil.ignore_patterns(".ipynb_checkpoints")
    shutil.copytree(COURSE / "source", course / "source", ignore=ignored)


def generate(course: Path, assignment: str) -> None:
    """Writes release/: the students' version, without solutions and hidden tests."""
    nbgrader(course, "generate_assignment", assignment, "--create", "--force")


def submit(course: Path, assignment: str) -> None:
    """Hands in the two submissions of the trial."""
    versions = {"solution": "source", "untouched": "release"}
    for student in SUBMISSIONS:
        into = course / "submitted" / student / assignment
        shutil.copytree(course / versions[student] / assignment, into)


def most_points(course: Path, assignment: str) -> float:
    """The points of all tests of an assignment."""
    notebook = nbformat.read(
        course / "source" / assignment / f"{assignment}.ipynb", as_version=nbformat.NO_CONVERT
    )
    return sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in notebook.cells)


def scores(course: Path, assignment: str) -> dict[str, float]:
    """Student -> points, as nbgrader has stored them."""
    from nbgrader.api import Gradebook  # installed by `make assignments` alone

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {student: book.find_submission(assignment, student).score for student in SUBMISSIONS}


def try_out(course: Path, assignment: str) -> float:
    """Grades the two submissions; returns the points. Raises Refused if one gets the wrong ones."""
    generate(course, assignment)
    submit(course, assignment)
    nbgrader(course, "autograde", assignment, "--create")
    most = most_points(course, assignment)
    for student, score in scores(course, assignment).items():
        expected = most if SUBMISSIONS[student] else 0
        if score != expected:
            raise Refused(
                f"assignments stopped: {assignment}, {student}: {score:g} points;"
                f" allowed: {expected:g}"
            )
    return most


def main() -> None:
    """Tries the assignments out, then writes the course."""
    try:
        new_course(ROOT / TRIAL)
        for assignment in names():
            points = try_out(ROOT / TRIAL, assignment)
            say(f"{assignment}: the solution gets all {points:g} points, an untouched sheet none")
        shutil.rmtree(ROOT / TRIAL)
        new_course(ROOT / INTO)
        for assignment in names():
            generate(ROOT / INTO, assignment)
    except Refused as refused:
        give_up(str(refused))
    say(f"for students: {INTO}/release; with solutions and hidden tests: {INTO}/source")


if __name__ == "__main__":
    main()
