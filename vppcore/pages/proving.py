"""The page of proofs: makes them, has them checked, and changes one to see it refused."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import comb
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from tqdm.auto import tqdm

from vppcore.case import Case
from vppcore.places import PROJECT
from vppcore.proofs.branching import Leaf, Node
from vppcore.proofs.plans import ends
from vppcore.proofs.proof import Proof
from vppcore.proofs.rational import Limit
from vppcore.proofs.studies import tasks

CHECKER = PROJECT / "tools/check_proofs.py"
DAY_CHECKER = PROJECT / "tools/check_worst_days.py"
EXACT = "open 0.0e+00"  # what a checker says of two bounds that are the same fraction
FEW_TERMS = (4, 6)  # of a row that is shown in words


class Said(NamedTuple):
    """What the checker says: its lines, and whether it found nothing wrong."""

    lines: list[str]
    holds: bool


def prove_all(case: Case, levels: Sequence[int] = (), progress: bool = False) -> dict[str, Proof]:
    """The proofs of a case by the name of their file; see `proofs.studies.tasks`."""
    asked = list(tasks(case, levels=levels))
    return {task.name: task.make() for task in tqdm(asked, desc="proofs", disable=not progress)}


def checked(texts: Iterable[str], checker: Path = CHECKER) -> Said:
    """What a checker says of these files, in a Python of its own that knows no package."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, text in enumerate(texts):
            file = Path(folder, f"{number:03d}.json")
            file.write_text(text, encoding="utf-8")
            files.append(str(file))
        command = [sys.executable, "-I", str(checker), *files]
        said = subprocess.run(command, capture_output=True, text=True)
    words = (said.stdout + said.stderr).replace(f"{folder}/", "")
    return Said(words.splitlines(), said.returncode == 0)


def of_worst_days(proofs: Mapping[str, Proof]) -> dict[str, Proof]:
    """Those of the proofs that are of a worst day."""
    return {name: proof for name, proof in proofs.items() if proof.plans is not None}


def days_of(proof: Proof) -> int:
    """How many days the budget of a worst day has."""
    number = 1
    for columns, most in proof.budgets:
        number *= sum(comb(len(columns), hits) for hits in range(min(most, len(columns)) + 1))
    return number


def proof_table(proofs: Mapping[str, Proof]) -> pd.DataFrame:
    """A row for each proof: its value, the size of its program, of its tree and of its file."""
    rows = {}
    for proof in proofs.values():
        rows[proof.statement] = {
            "yuan": float(proof.value),
            "columns": len(proof.program.cost),
            "rows": len(proof.program.rows),
            "programs": len(leaves(proof.tree)),
            "plans": 0 if proof.plans is None else len(ends(proof.plans)),
            "digits": len(str(proof.value)),
            "kB": len(proof.as_text().encode()) / 1e3,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("statement")


def leaves(node: Node) -> list[Leaf]:
    """The programs at the ends of a tree."""
    if isinstance(node, Leaf):
        return [node]
    return [*leaves(node.first), *leaves(node.second)]


def row_to_show(proof: Proof) -> int:
    """A row of a few terms that a reader can follow: a balance if there is one."""
    least, most = FEW_TERMS
    short = [k for k, row in enumerate(proof.program.rows) if least <= len(row) <= most]
    balances = [k for k in short if "balance" in proof.row_names[k]]
    return [*balances, *short, 0][0]


def row_in_words(proof: Proof, row: int) -> str:
    """A row of a proof's program as an inequality, with the names of its columns.

    proof: whose. row: which, from 0.
    """
    terms = []
    for column, number in proof.program.rows[row].items():
        terms.append(f"{number} × [{proof.column_names[column]}]")
    low, high = proof.program.row_low[row], proof.program.row_high[row]
    return f"{proof.row_names[row]}: {limits_in_words(' + '.join(terms), low, high)}"


def limits_in_words(words: str, low: Limit, high: Limit) -> str:
    """Something between its limits.

    >>> from fractions import Fraction
    >>> limits_in_words("x", Fraction(1), Fraction(1)), limits_in_words("x", None, Fraction(1, 2))
    ('x = 1', 'x ≤ 1/2')
    """
    if low is not None and low == high:
        return f"{words} = {low}"
    below = "" if low is None else f"{low} ≤ "
    above = "" if high is None else f" ≤ {high}"
    return f"{below}{words}{above}"


def with_a_flipped_digit(text: str) -> str:
    """The same file with one digit of its point changed, the first that is not zero and costs.

    What costs nothing may have room to move: another digit there can be a proof as good.
    """
    data: dict[str, Any] = json.loads(text)
    costs = {column for column, number in enumerate(data["cost"]) if number != "0"}
    flip(data["x"], costs | {column for column, _ in data["squares"]})
    return json.dumps(data)


def with_a_flipped_plan(text: str) -> str:
    """The same file of a worst day with one digit of its first plan changed.

    It is of a number in a balance, which it opens; others may have room to move.
    """
    data: dict[str, Any] = json.loads(text)
    plan = data["plans"]
    while "nodes" in plan:
        plan = plan["nodes"][0]
    hits = {column for columns, _ in data["budgets"] for column in columns}
    rows = zip(data["rows"], data["row_low"], data["row_high"], strict=True)
    balances = [row for row, low, high in rows if low is not None and low == high]
    flip(plan["x"], {column for row in balances for column, _ in row} - hits)
    return json.dumps(data)


def flip(numbers: list[str], among: Collection[int] = ()) -> None:
    """Changes the last digit of the first number that is not zero, of those in places `among`.

    among: none stands for all, as if no such number is not zero.
    """
    places = [k for k, number in enumerate(numbers) if number != "0"]
    place = next((k for k in places if k in among), places[0])
    number = numbers[place]
    numbers[place] = number[:-1] + str((int(number[-1]) + 1) % 10)


# --- sentences ------------------------------------------------------------------------------------
def answer(said: Said, table: pd.DataFrame) -> str:
    """Whether the checker found anything, and how much there was to check."""
    number = len(table)
    if not said.holds:
        return f"No: the checker refuses one of {number} proofs. {said.lines[-1]}."
    exactly = sum(line.endswith(EXACT) for line in said.lines)
    size = table["kB"].sum() / 1e3
    rest = ""
    if exactly < number:
        widest = max(float(line.rsplit(" ", 1)[1]) for line in said.lines)
        rest = f" (the others to an interval of at most {widest:.1e} yuan)"
    return (
        f"Yes. {exactly} of {number} costs and bounds are proved exactly, to the last digit{rest},"
        f" by files of {size:.1f} MB in all; a checker of {lines_of(CHECKER)} lines, which uses"
        " Python's fractions and nothing else, found nothing wrong."
    )


def worst_days(proofs: Mapping[str, Proof], said: Said) -> str:
    """Whether any day of a budget may cost more than those that were found.

    said: what the checker of worst days said of them.
    """
    there = of_worst_days(proofs)
    if not there:
        return (
            "No worst day is proved here: that takes an uncertain series and costs without squares."
        )
    if not said.holds:
        return f"The checker refuses a worst day. {said.lines[-1]}."
    exactly = sum(line.endswith(EXACT) for line in said.lines)
    days = max(days_of(proof) for proof in there.values())
    plans = sum(len(ends(proof.plans)) for proof in there.values() if proof.plans is not None)
    number = f"{days:,}" if days < 10**6 else f"{days:.1e}"
    return (
        f"Of {len(there)} worst days {exactly} are proved exactly, too: no other day of the budget,"
        f" which has up to {number}, costs more. {plans} plans for all these days prove it to a"
        f" second checker, of {lines_of(DAY_CHECKER)} lines."
    )


def largest(table: pd.DataFrame) -> str:
    """The largest program, and how long its value is."""
    name = table["rows"].idxmax()
    row = table.loc[name]
    return (
        f"The largest program here has {row['rows']:,.0f} rows and {row['columns']:,.0f} columns;"
        f" its value is a fraction of {row['digits']:.0f} digits."
    )


def trees(table: pd.DataFrame) -> str:
    """Which proofs needed more than one program."""
    several = table[table["programs"] > 1]
    if several.empty:
        return "No store charges and discharges at once in a cheapest schedule: none needs a tree."
    most = several["programs"].max()
    return (
        f"{len(several)} of {len(table)} need a tree, since flows that exclude each other would "
        f"run at once; the largest has {most:.0f} programs at its ends."
    )


def lines_of(checker: Path) -> int:
    """Lines of a checker."""
    return len(checker.read_text(encoding="utf-8").splitlines())
