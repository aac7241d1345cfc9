"""What a notebook does besides the study: check its parameters, keep the numbers behind its figures, judge claims.

Everything a notebook writes goes to `results/<notebook>/`, whole or not at all: tables as CSV, `claims.csv`, `run.json`.
Set VPPCORE_RESULTS to write elsewhere.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from vppcore.bargaining.settings import METHODS, WEIGHT_RULES
from vppcore.case import Case
from vppcore.cooperation.settings import ORDERS
from vppcore.errors import WrongInput
from vppcore.exclusive import STORAGE_MODES
from vppcore.game.rules import PAYOFFS
from vppcore.pages.published import Judgement, as_table
from vppcore.parameters import Rule
from vppcore.places import PROJECT
from vppcore.reading import load_case
from vppcore.solvers import SOLVER_CHOICES, check_solver_name
from vppcore.uncertainty.recourse import series_of
from vppcore.uncertainty.settings import LIMITS, READINGS

ROOT = PROJECT


def is_number(value, above=-math.inf, below=math.inf, whole=False):
    """True for a finite number strictly between two limits."""
    rule = Rule("number", low=above, high=below, above=True, below=True, whole=whole)
    return rule.admits(value)


def _number(
    low: float, high: float = math.inf, whole: bool = False, reach: bool = False, none: str = ""
):
    """A rule: a number above `low` (or from it on, with `reach`) and below `high`; None too if `none` says what it means."""
    text = f"{'a whole number' if whole else 'a number'} {f'of {low:g} or more' if reach else f'above {low:g}'}"
    text += (f" and below {high:g}" if high < math.inf else "") + (
        f", or none ({none})" if none else ""
    )

    def right(value: Any) -> bool:
        if value is None:
            return bool(none)
        return is_number(value, low, high, whole) or (
            reach and is_number(value, whole=whole) and value == low
        )

    return right, text


def _levels(value: Any) -> tuple[int, ...] | None:
    """Rising levels from text such as "0 2 4"; None if it is not one."""
    words = value.split() if isinstance(value, str) else []
    found = tuple(int(word) for word in words if word.isdecimal())
    return (
        found
        if words and len(found) == len(words) and all(a < b for a, b in pairwise(found))
        else None
    )


def _text(meaning: str, words: bool = False, none: bool = False):
    """A rule: a text that is not empty; with `words` it must hold a word; with `none` None will do too."""

    def right(value: Any) -> bool:
        return (
            bool(value.strip() if words else value)
            if isinstance(value, str)
            else none and value is None
        )

    return right, meaning


def _one_of(*choices: Any):
    return lambda value: value in choices, ", ".join(str(choice) for choice in choices)


# parameter of a notebook -> (is the value right?, what is allowed)
RULES = {
    "case": _text("the name or folder of a case"),
    "solver": _one_of(*SOLVER_CHOICES), "order": _one_of(*ORDERS), "weights": _one_of(*WEIGHT_RULES),
    "storage": _one_of(*STORAGE_MODES), "method": _one_of(*METHODS), "balancing": _one_of(True, False),
    "penalty": _number(0, none="what suits the size of the case"),
    "price_penalty": _number(0, none="the band's width chooses"), "tolerance": _number(0, 1),
    "price_tolerance": _number(0, 1), "relaxation": _number(0, 2), "max_iterations": _number(1, whole=True, reach=True),
    "trade_limit": _number(0, none="the case's own"), "crossing_fee": _number(0, reach=True, none="the case's own"),
    "vpp": _text("the name of a VPP of the case", none=True),
    "levels": (lambda value: _levels(value) is not None, "rising whole numbers of 0 or more with spaces between: '0 2 4'"),
    "level": _number(0, whole=True, reach=True), "deviation": _number(0, 1, reach=True),
    "pv_share": _number(0, 1.000001, reach=True), "limits": _one_of(*LIMITS), "reading": _one_of(*READINGS),
    "series": _text("names of series with spaces between, as in 'load wind pv', or none (load and all plants)", True, True),
    "samples": _number(1, whole=True, reach=True), "seed": _number(0, whole=True, reach=True),
    "persistence": _number(0, 1, reach=True),
    "hour": _number(1, whole=True, reach=True), "convergence_hour": _number(1, whole=True, reach=True),
    "study_a": _text("the name or folder of a case with a carbon market"),
    "carbon_price": _number(0, none="the case's own"),
    "flat_price": _number(0), "interval": _number(0, none="the case's own"),
    "growth": _number(0, reach=True, none="the case's own"),
    "ladder_steps": _number(1, whole=True, reach=True, none="the case's own"),
    "price_min": _number(0, reach=True, none="the case's own"), "price_max": _number(0, none="the case's own"),
    "payoff": _one_of(*PAYOFFS), "evolution_step": _number(0), "price_step": _number(0),
    "starts": _number(1, whole=True, reach=True),
    "feeder": _text("a feeder's folder below data/"),
    "placement": _text("buses with spaces between, as in '18 25 33'", words=True),
    "background": _number(0, reach=True), "low": _number(0.5, 1), "high": _number(1, 1.5),
    "cases": _text("names of cases with spaces between", words=True),
    "first_step": _number(1, whole=True, reach=True), "steps": _number(1, whole=True, reach=True),
    "notebooks": _text("names of notebooks, with spaces between", words=True),
}  # fmt: skip


# component -> parameter of a notebook -> (its field, factor to internal units)
CHANGES = {
    "tie": {"trade_limit": ("limit", 1.0), "crossing_fee": ("crossing_fee", 1.0)},
    "carbon_market": {
        "carbon_price": ("price", 1e-3),
        "interval": ("interval", 1e3),
        "growth": ("growth", 1.0),
        "ladder_steps": ("levels", 1.0),
    },
    "power_market": {"price_min": ("price_min", 1.0), "price_max": ("price_max", 1.0)},
}


class Study:
    """The frame of one notebook run.

    Raises WrongInput at once, before anything is solved, with a sentence for each wrong parameter.
    """

    def __init__(self, notebook: str, **parameters: Any):
        faults = [
            f"{name}: no such parameter; allowed: {', '.join(RULES)}"
            for name in parameters
            if name not in RULES
        ]
        faults += [
            f"{name}: found {value!r}; allowed: {RULES[name][1]}"
            for name, value in parameters.items()
            if name in RULES and not RULES[name][0](value)
        ]
        if faults:
            raise WrongInput(*faults)
        if "solver" in parameters:
            check_solver_name(parameters["solver"])
        self.notebook, self.parameters, self.started = notebook, parameters, time.perf_counter()
        self.tables: dict[str, pd.DataFrame] = {}
        self.judgements: list[Judgement] = []

    def case(self, name: str) -> Case:
        """The case, with the run's own numbers for tie, carbon market and power market where CHANGES has their parameters.

        Raises WrongInput if it lacks the VPP, the hour or a series that the parameters name.
        """
        case = load_case(name)
        steps = range(1, case.vpps[0].steps + 1)
        here = {
            "vpp": case.names,
            "series": series_of(case),
            "hour": steps,
            "convergence_hour": steps,
        }
        asked = {
            "vpp": [self.parameters.get("vpp")],
            "series": (self.parameters.get("series") or "").split(),
            "hour": [self.parameters.get("hour")],
            "convergence_hour": [self.parameters.get("convergence_hour")],
        }
        faults = [
            f"{name}: found {word!r}; allowed in {case.name}: "
            + (f"1 to {len(steps)}" if here[name] is steps else ", ".join(here[name]))
            for name, words in asked.items()
            for word in words
            if word and word not in here[name]
        ]
        if faults:
            raise WrongInput(*faults)
        for component, own in CHANGES.items():
            changes = {
                field: factor * self.parameters[parameter]
                for parameter, (field, factor) in own.items()
                if self.parameters.get(parameter) is not None
            }
            if changes:
                case = (
                    case.change_tie(**changes)
                    if component == "tie"
                    else case.change_all(component, **changes)
                )
        return case

    @property
    def progress(self) -> bool:
        """True where somebody watches the notebook run (`make lab` sets VPPCORE_PROGRESS): long work then shows a bar."""
        return bool(os.environ.get("VPPCORE_PROGRESS"))

    def vpp(self, case: Case) -> str:
        """The VPP that figures show: the parameter's, else the second of the case (study A's VPP2) or the only one."""
        return self.parameters.get("vpp") or case.names[min(1, len(case.names) - 1)]

    def series(self, case: Case) -> tuple[str, ...]:
        """The uncertain series: the parameter's, else all of the case but heat."""
        asked = self.parameters.get("series")
        return (
            tuple(asked.split())
            if asked
            else tuple(name for name in series_of(case) if name != "heat")
        )

    def keep(self, **tables: pd.DataFrame | pd.Series) -> None:
        """Keeps the numbers behind a figure or table; the name becomes the file's name."""
        self.tables |= {
            name: table.to_frame() if isinstance(table, pd.Series) else table
            for name, table in tables.items()
        }

    def judge(self, *judgements: Judgement) -> Styler:
        """Keeps verdicts for the ledger and returns them as a table for the page, with their whole reasons."""
        self.judgements += judgements
        left = [{"selector": "th", "props": "text-align: left"}]
        return (
            as_table(list(judgements))
            .set_index("claim")
            .style.set_properties(**{"text-align": "left"})
            .set_table_styles(left)
        )

    def finish(self, **facts: Any) -> str:
        """Writes everything at once in place of an earlier run; returns one sentence on what was written."""
        root = Path(os.environ.get("VPPCORE_RESULTS") or ROOT / "results")
        root.mkdir(parents=True, exist_ok=True)
        record = {
            "notebook": self.notebook,
            "parameters": self.parameters,
            **facts,
            "seconds": round(time.perf_counter() - self.started, 3),
            "python": sys.version.split()[0],
            "versions": versions(
                "cvxpy", "highspy", "osqp", "clarabel", "gurobipy", "pandas", "numpy"
            ),
        }
        with tempfile.TemporaryDirectory(dir=root, prefix=".writing-") as folder:
            made = Path(folder, self.notebook)
            made.mkdir()
            for name, table in self.tables.items():
                flat = table.copy()
                if isinstance(flat.columns, pd.MultiIndex):
                    flat.columns = [
                        " ".join(str(piece) for piece in column) for column in flat.columns
                    ]
                flat.to_csv(
                    made / f"{name}.csv",
                    float_format="%.6f",
                    index=not isinstance(flat.index, pd.RangeIndex) or flat.index.name is not None,
                )
            if self.judgements:
                as_table(self.judgements).to_csv(made / "claims.csv", index=False)
            (made / "run.json").write_text(
                json.dumps(record, indent=2, default=float) + "\n", encoding="utf-8"
            )
            target, earlier = root / self.notebook, Path(folder, "earlier")
            if target.exists():
                target.rename(earlier)
            try:
                made.rename(target)
            except BaseException:
                if earlier.exists():
                    earlier.rename(target)
                raise
        return f"{len(self.tables)} tables, {len(self.judgements)} verdicts and run.json kept in results/{self.notebook}/"


def versions(*packages: str) -> dict[str, str]:
    """Versions of the packages that are installed; Gurobi need not be."""
    found = {}
    for name in packages:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def collect_judgements(*notebooks: str) -> pd.DataFrame:
    """The verdicts that these notebooks left in the results folder (or, for lack of them there, in the book's), as one table.

    Raises WrongInput if one of them has not been run.
    """
    roots = [
        Path(folder) for folder in (os.environ.get("VPPCORE_RESULTS"), ROOT / "results") if folder
    ]
    found = {
        name: next(
            (
                root / name / "claims.csv"
                for root in roots
                if (root / name / "claims.csv").is_file()
            ),
            None,
        )
        for name in notebooks
    }
    missing = [name for name, file in found.items() if file is None]
    if missing:
        raise WrongInput(
            f"ledger: no verdicts of {', '.join(missing)}; allowed: after these notebooks have run (make book)"
        )
    return pd.concat([pd.read_csv(file) for file in found.values()], ignore_index=True)
