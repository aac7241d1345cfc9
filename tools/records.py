"""The record of a notebook's run in the book: what it rested on and what it wrote, file by file.

The book's results belong to the book's run alone. Its record, build/records/<notebook>.json, holds
the listing that the run rested on and a digest of every file that it left in results/<notebook>/
and of the executed notebook. If something it rests on has changed, or if one of its files is
missing, changed or foreign, the record is void: it is removed, and the notebook runs again.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from contents import book_notebooks
from dependencies import INPUTS, ROOT, Project, collected_by, replace_text, write_listings
from fingerprints import digest

RECORDS = Path("build/records")
RESULTS = Path("results")
EXECUTED = Path("build/site/notebooks")
# a folder that a run was about to fill when it was killed
HALF_WRITTEN = ".writing-*"


@dataclass(frozen=True)
class Book:
    """The book's notebooks, whose verdicts each collects, and why some must run again."""

    notebooks: list[str]
    collected: dict[str, list[str]]
    reasons: list[str]


def prepare(root: Path = ROOT) -> Book:
    """Brings listings up to date, removes void records. Raises Refused for a broken notebook."""
    project = Project(root)
    notebooks = book_notebooks(root)
    write_listings(project, notebooks)
    return Book(
        notebooks=notebooks,
        collected={name: collected_by(project, name, notebooks) for name in notebooks},
        reasons=remove_void_records(notebooks, root),
    )


def write_record(notebook: str, root: Path = ROOT) -> None:
    """Records what the run that has just ended rested on and left."""
    listing = (root / INPUTS / f"{notebook}.txt").read_text(encoding="utf-8")
    record = {
        "notebook": notebook,
        "inputs": listing.splitlines(),
        "files": files_of_run(notebook, root),
    }
    file = root / RECORDS / f"{notebook}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_text(file, json.dumps(record, indent=2) + "\n")


def files_of_run(notebook: str, root: Path) -> dict[str, str]:
    """File -> digest of everything that belongs to the notebook's run."""
    files = [path for path in (root / RESULTS / notebook).rglob("*") if path.is_file()]
    executed = root / EXECUTED / f"{notebook}.ipynb"
    if executed.is_file():
        files.append(executed)
    return {path.relative_to(root).as_posix(): digest(path.read_bytes()) for path in sorted(files)}


def remove_void_records(notebooks: list[str], root: Path) -> list[str]:
    """Removes records that are no longer true; returns a sentence for each."""
    sentences = []
    for notebook in notebooks:
        record = root / RECORDS / f"{notebook}.json"
        if record.is_file():
            fault = why_void(record, root)
            if fault:
                record.unlink()
                sentences.append(f"{notebook} runs again: {fault}.")
    return sentences


def why_void(record: Path, root: Path) -> str:
    """What is no longer as the record says, in words; empty if all is."""
    notebook = record.stem
    try:
        said = json.loads(record.read_text(encoding="utf-8"))
        inputs = set(said["inputs"])
        files = dict(said["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return "the record of its last run cannot be read"
    listing = (root / INPUTS / f"{notebook}.txt").read_text(encoding="utf-8")
    different = inputs ^ set(listing.splitlines())
    if different:
        names = sorted({line.partition("  ")[2] for line in different})
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f"changed is {', '.join(names[:3])}{more}"
    there = files_of_run(notebook, root)
    for file in sorted(files.keys() | there.keys()):
        if file not in there:
            return f"{file} is missing"
        if file not in files:
            return f"{file} is not the book's own"
        if files[file] != there[file]:
            return f"{file} is not what the book's run wrote"
    return ""


def remove_what_is_left_over(notebooks: list[str], root: Path = ROOT) -> list[str]:
    """Removes results of notebooks that left the book, and what a killed run had half written.

    Only what a record says the book wrote; a folder below results/ that the book does not know
    stays.
    """
    left = []
    for record in sorted((root / RECORDS).glob("*.json")):
        if record.stem not in notebooks:
            shutil.rmtree(root / RESULTS / record.stem, ignore_errors=True)
            (root / EXECUTED / f"{record.stem}.ipynb").unlink(missing_ok=True)
            (root / INPUTS / f"{record.stem}.txt").unlink(missing_ok=True)
            record.unlink()
            left.append(record.stem)
    for folder in (root / RESULTS).glob(HALF_WRITTEN):
        shutil.rmtree(folder, ignore_errors=True)
    return left
