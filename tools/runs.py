"""Where a reader's runs are kept: build/runs/<notebook>/<name made of the parameters>/.

Each has the executed notebook, its page (run.html) and its numbers (results/). A run with other
parameters has another name, so nothing of it is overwritten.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from vppcore.pages.parameters_cell import Declared

RUNS = Path("build/runs")
RESULTS = Path("results")
USUAL = "as-in-the-book"
PAGE = "run.html"
# beside the runs of a notebook: how far runs came that stopped
STOPPED = "stopped"
LONGEST_NAME = 60
NOT_IN_A_NAME = re.compile(r"[^\w.-]+", re.ASCII)


@dataclass(frozen=True)
class Run:
    """A run that is kept, or the book's own.

    name: of its folder. results: the folder of its numbers. record: what run.json says.
    """

    name: str
    results: Path
    record: dict[str, Any]


def name_of(values: Mapping[str, Any], declared: Mapping[str, Declared]) -> str:
    """The name of a run's folder: what differs from the book's run, in the notebook's order.

    Blanks become `+`. What cannot stand in a name becomes `_`; then, and where the name is long, a
    digest tells it from others.

    >>> penalty = Declared("penalty", "float", None)
    >>> levels = Declared("levels", "str", "0 2")
    >>> both = {"penalty": penalty, "levels": levels}
    >>> name_of({"levels": "0 4 8", "penalty": 3e-4}, both)
    'penalty=0.0003,levels=0+4+8'
    >>> name_of({"levels": "0 2"}, both)
    'as-in-the-book'
    >>> name_of({"levels": "../0"}, both)
    'levels=.._0-78819587'
    """
    changed = {}
    for name, line in declared.items():
        if name in values and values[name] != line.default:
            changed[name] = in_one_form(values[name])
    if not changed:
        return USUAL
    texts = [f"{name}={value}" for name, value in changed.items()]
    words = [f"{name}={in_a_name(value)}" for name, value in changed.items()]
    name = ",".join(words)
    if len(name) <= LONGEST_NAME and name == ",".join(texts).replace(" ", "+"):
        return name
    digest = sha256(json.dumps(texts).encode()).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - 9]}-{digest}"


def in_one_form(value: Any) -> str:
    """A value as a text; numbers that are the same have the same.

    >>> in_one_form(2), in_one_form(2.0), in_one_form(3e-4), in_one_form("VPP1")
    ('2', '2', '0.0003', 'VPP1')
    """
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return str(int(value)) if is_whole else str(value)


def in_a_name(text: str) -> str:
    """The text with `+` for a blank, and `_` for what cannot stand in a name."""
    return "+".join(NOT_IN_A_NAME.sub("_", word) for word in text.split(" "))


def kept_runs(notebook: str, runs: Path = RUNS) -> list[Run]:
    """The runs of a notebook that are kept, by name."""
    folders = sorted((runs / notebook).glob("*/results"))
    found = [run_in(folder, folder.parent.name) for folder in folders]
    return [run for run in found if run is not None]


def book_run(notebook: str, results: Path = RESULTS) -> Run | None:
    """The book's own run; None if there is none yet."""
    return run_in(results / notebook, "the book")


def run_in(results: Path, name: str) -> Run | None:
    """The run whose numbers are in a folder; None without a record that can be read."""
    try:
        record = json.loads((results / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Run(name, results, record) if isinstance(record, dict) else None
