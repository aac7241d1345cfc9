"""What a notebook leaves behind: tables as CSV, claims.csv and run.json in one folder, whole or not
at all.

The book's run says where by VPPCORE_RESULTS; without it results go to build/runs/results, so that
no other run overwrites what the book shows.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from vppcore.currency import PLAIN, said, said_anywhere, spoken
from vppcore.errors import WrongInput
from vppcore.pages.parameters_cell import read_parameters_cell
from vppcore.places import NOTEBOOKS, PROJECT, RESULTS

WHERE = "VPPCORE_RESULTS"
RUNS = PROJECT / "build" / "runs" / "results"
CONTENTS = PROJECT / "_toc.yml"
PACKAGES = ("cvxpy", "highspy", "osqp", "clarabel", "gurobipy", "pandas", "numpy")
# the first letters by which a spreadsheet knows a formula; signed numbers and the dash of a missing
# unit are none
FORMULA = re.compile(r"[=+\-@\t\r]")
NOT_IN_A_FILE_NAME = re.compile(r"[^\w +-]")
SIGNED_NUMBER = re.compile(r"[+-](\d[\d.,]*([eE][+-]?\d+)?( [\w %/(),.+-]*)?)?")


def results_folder() -> Path:
    """The folder below which this run's results go."""
    return Path(os.environ.get(WHERE) or RUNS)


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula with an apostrophe before it; all else as
    it is.

    >>> harmless("=1+1"), harmless("-3.5 kW"), harmless("wind")
    ("'=1+1", '-3.5 kW', 'wind')
    """
    if not isinstance(cell, str) or not FORMULA.match(cell) or SIGNED_NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def in_currency(cell: Any) -> Any:
    """A text in the currency of the case; all else as it is."""
    return said(cell) if isinstance(cell, str) else cell


def file_name(name: str) -> str:
    """A table's name as the name of a file: what cannot stand in one becomes an underscore.

    >>> file_name("figure_a5_VPP1_heat"), file_name("figure_../../x")
    ('figure_a5_VPP1_heat', 'figure_______x')
    """
    return NOT_IN_A_FILE_NAME.sub("_", name)


def as_csv(table: pd.DataFrame) -> str:
    """A table as the text of a CSV file: columns with one name each, six decimals, no cell that is
    a formula.
    """
    numbered = isinstance(table.index, pd.RangeIndex) and table.index.name is None
    flat = table.copy()
    if isinstance(flat.columns, pd.MultiIndex):
        flat.columns = [" ".join(str(piece) for piece in column) for column in flat.columns]
    texts = flat.select_dtypes(exclude="number").columns
    flat[texts] = flat[texts].map(in_currency).map(harmless)
    flat = flat.rename(index=in_currency, columns=in_currency)
    flat = flat.rename(index=harmless, columns=harmless).rename_axis(index=in_currency)
    return flat.to_csv(float_format="%.6f", index=not numbered)


def versions(*packages: str) -> dict[str, str]:
    """Versions of the packages that are installed; Gurobi need not be."""
    installed = {}
    for name in packages:
        with contextlib.suppress(PackageNotFoundError):
            installed[name] = version(name)
    return installed


def write_results(
    notebook: str,
    tables: dict[str, pd.DataFrame],
    verdicts: pd.DataFrame,
    record: dict[str, Any],
    texts: dict[str, str] | None = None,
) -> Path:
    """Writes a run's folder in place of an earlier one; if anything fails the earlier one stays as
    it was.

    tables: file name -> table. verdicts: claims.csv, left out if empty. record: run.json, to which
    Python's and the packages' versions are added. texts: file name with its ending -> what
    stands in it.
    """
    if spoken() != PLAIN:
        record = said_anywhere(record) | {"currency": spoken()}
    system = {"python": sys.version.split()[0], "versions": versions(*PACKAGES)}
    root = results_folder()
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".writing-") as folder:
        made = Path(folder, notebook)
        made.mkdir()
        for name, table in tables.items():
            (made / f"{file_name(name)}.csv").write_text(as_csv(table), encoding="utf-8")
        for name, text in (texts or {}).items():
            stem, _, ending = name.rpartition(".")
            (made / f"{file_name(stem)}.{ending}").write_text(text, encoding="utf-8")
        if len(verdicts):
            verdicts.to_csv(made / "claims.csv", index=False)
        text = json.dumps(record | system, indent=2, default=float) + "\n"
        (made / "run.json").write_text(text, encoding="utf-8")
        exchange(made, root / notebook, Path(folder, "earlier"))
    return root / notebook


def exchange(made: Path, target: Path, earlier: Path) -> None:
    """Moves `made` to `target` and what stood there to `earlier`, or leaves all as it was."""
    if target.exists():
        target.rename(earlier)
    try:
        made.rename(target)
    except BaseException:
        if earlier.exists():
            earlier.rename(target)
        raise


def result_of(notebook: str) -> Path | None:
    """The folder of a notebook's results: this run's place, or the book's for lack of one there;
    None without any.
    """
    for root in (results_folder(), RESULTS):
        if (root / notebook / "run.json").is_file():
            return root / notebook
    return None


def judging_notebooks() -> list[str]:
    """The book's notebooks that judge claims, in the order of its table of contents."""
    contents = yaml.safe_load(CONTENTS.read_text(encoding="utf-8"))
    names = [entry.removeprefix("notebooks/") for entry in files_in(contents)]
    judging = []
    for name in names:
        file = NOTEBOOKS / f"{name}.ipynb"
        if file.is_file() and "study.judge(" in file.read_text(encoding="utf-8"):
            judging.append(name)
    return judging


def files_in(node: Any) -> Iterator[str]:
    """Every file that a table of contents names, however deep."""
    if isinstance(node, dict):
        if "file" in node:
            yield str(node["file"])
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from files_in(child)


def foreign(notebook: str) -> str:
    """A sentence if the results found are not those of the notebook's own parameters; empty if they
    are, or for none.
    """
    folder = result_of(notebook)
    if folder is None:
        return ""
    used = json.loads((folder / "run.json").read_text(encoding="utf-8")).get("parameters", {})
    usual = {name: declared.default for name, declared in read_parameters_cell(notebook).items()}
    changed = [f"{name}={value!r}" for name, value in used.items() if usual.get(name) != value]
    if not changed:
        return ""
    return (
        f"{notebook}: these verdicts come from a run with {', '.join(changed)}, not from the book's"
    )


def collect_judgements(*notebooks: str) -> pd.DataFrame:
    """The verdicts that these notebooks left, as one table.

    Raises WrongInput if one of them has not been run, or was run so that it left none.
    """
    tables, missing, without = [], [], []
    for name in notebooks:
        folder = result_of(name)
        if folder is None:
            missing.append(name)
        elif (folder / "claims.csv").is_file():
            tables.append(pd.read_csv(folder / "claims.csv"))
        else:
            without.append(foreign(name) or f"{name}: its run left no verdicts")
    faults = []
    if missing:
        faults.append(
            f"ledger: no verdicts of {', '.join(missing)};"
            " allowed: after these notebooks have run (make book)"
        )
    for sentence in without:
        faults.append(f"ledger: {sentence}; allowed: after its run with the book's parameters")
    if faults:
        raise WrongInput(*faults)
    return pd.concat(tables, ignore_index=True)
