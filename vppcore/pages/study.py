"""The frame of a notebook: parameters are checked, numbers behind figures kept, claims judged.

A notebook's first code is `from vppcore.pages.study import Study; study = Study("its name")`.
Nothing that takes long is imported before a wrong parameter is refused.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vppcore.changes import CHANGES, MULTIPLES, changed, component_of, has
from vppcore.currency import PLAIN, quoted, said, said_anywhere, speak, spoken
from vppcore.errors import NotSolved, WrongInput
from vppcore.pages.colours import remember_vpps
from vppcore.pages.parameters_cell import Declared, notebook_file, read_parameters_cell
from vppcore.pages.rules import check_values, hits_in, levels_in, shares_in
from vppcore.pages.words import count_steps
from vppcore.parameters import rules_of
from vppcore.places import NOTEBOOKS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from pandas.io.formats.style import Styler

    from vppcore.case import Case
    from vppcore.pages.published import ClaimHome, Judgement

# parameters whose values depend on the case: they are checked once it is read
OF_THE_CASE = {"case", "study_a", "cases", "vpp", "series", "hour", "convergence_hour", "own_day"}
# how a rolling run goes: which days can be cut from each other depends on the case
OF_DAYS = {"members", "first_day", "days", "forecasts", "plan_hours", "keep_hours"}
OF_THE_CASE |= {*OF_DAYS, *CHANGES, *MULTIPLES}
# no claim speaks of a day whose prices or plants are changed
NEVER_JUDGED = ("gas_price", *MULTIPLES)


def check_parameters(notebook: str | Path, values: Mapping[str, Any]) -> None:
    """Refuses what a notebook would refuse, before a kernel starts.

    notebook: its name, as "cooperation", or its path. values: name -> value of the parameters that
    a run changes, of the types that the parameters cell declares; those left out have their
    defaults.
    Raises WrongInput with a sentence for each fault: an unknown notebook or parameter, a value
    outside what is allowed, a fault in a case's files, a VPP, an hour or a series that the case
    lacks; NotSolved for a solver that is not installed.
    """
    declared = read_parameters_cell(notebook)
    check_values(declared, values)
    check_solver(values.get("solver", "auto"))
    if not OF_THE_CASE & set(values):
        return
    complete = {name: line.default for name, line in declared.items()} | dict(values)
    names = [complete[name] for name in ("case", "study_a") if name in complete]
    names += complete.get("cases", "").split()
    asked_for = "vpp" in values
    for name in names:
        read_case(name, complete if asked_for else without_vpp_of_the_book(complete, declared))


def without_vpp_of_the_book(
    parameters: Mapping[str, Any], declared: Mapping[str, Declared]
) -> dict[str, Any]:
    """The parameters of a run for another case than the book's: the VPP that the page shows unless
    told otherwise is one of the book's case, so that none is named.
    """
    for name in ("case", "vpp"):
        if name not in declared:
            return dict(parameters)
    of_reader = parameters["case"] != declared["case"].default
    same_vpp = parameters["vpp"] == declared["vpp"].default
    return {**parameters, "vpp": None} if of_reader and same_vpp else dict(parameters)


def check_solver(solver: str) -> None:
    """Raises NotSolved for a solver that is not installed."""
    if solver != "auto":
        from vppcore.solvers import check_solver_name

        check_solver_name(solver)


def read_case(name: str, parameters: Mapping[str, Any]) -> Case:
    """The case of that name or folder, with the run's own numbers where CHANGES names them.

    Raises WrongInput if its files have faults, or if it lacks the VPP, the hour or a series that
    the parameters name.
    """
    from vppcore.reading import load_case

    case = load_case(name)
    check_what_the_case_has(case, parameters)
    asked = {}
    for parameter in (*CHANGES, *MULTIPLES):
        value = parameters.get(parameter)
        # another case that a page shows beside the run's own need not have what is changed
        own = name == parameters.get("case") or has(case, component_of(parameter))
        if value is not None and own:
            asked[parameter] = value
    return changed(case, asked)


def check_what_the_case_has(case: Case, parameters: Mapping[str, Any]) -> None:
    """Raises WrongInput with a sentence for each VPP, series and hour of the parameters that the
    case lacks.
    """
    from vppcore.uncertainty.series import series_of

    steps = case.vpps[0].steps
    faults = []
    own_day = hits_in(parameters.get("own_day"))
    latest = max((step for hit in own_day.values() for step in hit), default=1)
    if latest > steps:
        faults.append(f"own_day: found step {latest}; allowed in {case.name}: 1 to {steps}")
    for name in ("hour", "convergence_hour"):
        hour = parameters.get(name)
        if hour is not None and hour > steps:
            faults.append(f"{name}: found {hour!r}; allowed in {case.name}: 1 to {steps}")
    vpp = parameters.get("vpp")
    if vpp is not None and vpp not in case.names:
        faults.append(f"vpp: found {vpp!r}; allowed in {case.name}: {', '.join(case.names)}")
    uncertain = series_of(case)
    words = {"series": (parameters.get("series") or "").split(), "own_day": list(own_day)}
    for name, asked in words.items():
        for word in asked:
            if word not in uncertain:
                allowed = ", ".join(uncertain)
                faults.append(f"{name}: found {word!r}; allowed in {case.name}: {allowed}")
    if faults:
        raise WrongInput(*faults)
    if set(parameters) >= OF_DAYS:
        from vppcore.pages.experiments_rolling import chosen_days

        chosen_days(case, parameters)


class Study:
    """The frame of one notebook run.

    notebook: its name. values: of the parameters, in a script or a test; in a notebook they are the
    names that its parameters cell has defined, as papermill or the reader has changed them. Raises
    WrongInput with a sentence for each wrong parameter, before anything is solved.
    """

    def __init__(self, notebook: str, values: Mapping[str, Any] | None = None):
        self.started = time.perf_counter()
        self.notebook = notebook
        if values is None:
            values = sys._getframe(1).f_globals
            self.declared = read_parameters_cell(notebook)
            self.parameters = values_of(notebook, self.declared, values)
        else:
            self.declared = declared_or_given(notebook, values)
            usual = {name: line.default for name, line in self.declared.items()}
            self.parameters = usual | dict(values)
        check_values(self.declared, self.parameters)
        check_solver(self.parameters.get("solver", "auto"))
        self.tables: dict[str, pd.DataFrame] = {}
        self.texts: dict[str, str] = {}
        self.judgements: list[Judgement] = []
        self.shown_case: Case | None = None
        self.currency: str | None = None
        speak()
        count_steps()

    def case(self, name: str | None = None) -> Case:
        """The case of the parameter `case`, or another one by its name, with the run's own numbers.

        Raises WrongInput if it lacks the VPP, the hour or a series that the parameters name, or is
        in another currency than a case that the page shows already.
        """
        asked = name or self.parameters["case"]
        case = self.read(asked)
        self.speak_of(case)
        if asked == self.parameters.get("case"):
            self.shown_case = case
            remember_vpps(case.names)
            count_steps(case.vpps[0].step_hours, case.vpps[0].start_hour)
        return case

    def read(self, asked: str) -> Case:
        """The case; where it is not the book's and lacks the VPP that the page shows unless
        told otherwise, the page shows its second.
        """
        try:
            return read_case(asked, self.parameters)
        except WrongInput:
            without = without_vpp_of_the_book(self.parameters, self.declared)
            if without == self.parameters:
                raise
            case = read_case(asked, without)
            self.parameters = without
            return case

    def speak_of(self, case: Case) -> None:
        """The page is in the currency of its first case. Raises WrongInput for another one in a
        second: amounts of two currencies cannot stand side by side.
        """
        word = case.description.currency
        if self.currency is None:
            self.currency = word
            speak(word, pinned=True)
        elif word != self.currency:
            raise WrongInput(
                f"case {case.name}: found amounts in {quoted(word)}; "
                f"allowed beside the page's first case: amounts in {quoted(self.currency)}"
            )
        if word != PLAIN:
            from vppcore.pages.pictures import show_in_currency

            show_in_currency()

    @property
    def progress(self) -> bool:
        """True where somebody watches the run (`make lab` sets VPPCORE_PROGRESS): long work then
        shows a bar.
        """
        return bool(os.environ.get("VPPCORE_PROGRESS"))

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels of the parameter `levels`."""
        return levels_in(self.parameters["levels"])

    @property
    def risk_weights(self) -> tuple[float, ...]:
        """The weights of CVaR of the parameter `risk_weights`."""
        return shares_in(self.parameters["risk_weights"])

    def vpp(self, case: Case) -> str:
        """The VPP that figures show: the parameter's, else the second of the case (study A's VPP2)
        or the only one.
        """
        return self.parameters.get("vpp") or second_vpp(case)

    def series(self, case: Case) -> tuple[str, ...]:
        """The uncertain series: the parameter's, else all of the case but heat."""
        asked = self.parameters.get("series")
        return tuple(asked.split()) if asked else usual_series(case)

    @property
    def own_day(self) -> dict[str, tuple[int, ...]]:
        """The steps that are hit on the run's own day, by series; empty if it has none."""
        return hits_in(self.parameters.get("own_day"))

    @property
    def negotiation(self) -> dict[str, Any]:
        """The run's settings of the negotiation, as far as the notebook declares them."""
        from vppcore.cooperation.settings import Settings

        names = rules_of(Settings)
        return {name: value for name, value in self.parameters.items() if name in names}

    def doubt(self, case: Case) -> dict[str, Any]:
        """What is uncertain, but for the level: the arguments of `at_level` that a run chooses."""
        names = ("deviation", "pv_share", "limits")
        declared = {name: self.parameters[name] for name in names if name in self.parameters}
        return {"series": self.series(case), **declared}

    @property
    def exact_solver(self) -> str:
        """The run's solver where it takes binaries, else "auto", which finds one that does."""
        from vppcore.solvers import SOLVERS

        solver = self.parameters["solver"]
        takes = solver == "auto" or "mixed-integer linear" in SOLVERS[solver][2]
        return solver if takes else "auto"

    def check(self, holds: Any, sentence: str) -> None:
        """Raises NotSolved with the sentence unless `holds`: a result that cannot be right is not
        shown.

        sentence: what was found and what must hold, with its numbers.
        """
        if not bool(holds):
            raise NotSolved(f"{self.notebook}: {sentence}")

    def keep(self, **tables: pd.DataFrame | pd.Series) -> None:
        """Keeps the numbers behind a figure or table; the name becomes the file's name."""
        for name, table in tables.items():
            self.tables[name] = table.to_frame() if hasattr(table, "to_frame") else table

    def keep_picture(self, name: str, axes: Axes, shown: bool = False) -> None:
        """Keeps a figure as results/<notebook>/<name>.svg: a chapter shows it by
        `{figure} ../results/<notebook>/<name>.svg`.

        axes: any of the figure's. shown: True shows it on the notebook's own page, too.
        """
        import matplotlib.pyplot as plt

        from vppcore.pages.pictures import as_svg

        figure = axes.get_figure(root=True)
        if figure is not None:
            self.texts[f"{name}.svg"] = as_svg(figure)
        if not shown:
            plt.close(figure)

    def keep_text(self, name: str, text: str) -> None:
        """Keeps a text as results/<notebook>/<name>.md: a chapter takes it in by
        `{include} ../results/<notebook>/<name>.md`.
        """
        self.texts[f"{name}.md"] = said(text)

    def keep_file(self, name: str, text: str) -> None:
        """Keeps a text as results/<notebook>/<name>, for a page to offer it."""
        self.texts[name] = said(text)

    def keep_data(self, name: str, text: str) -> None:
        """Keeps what a live element is given as results/<notebook>/<name>.json; nothing if there is
        none for this case. Where somebody watches the run, the element is shown, too.
        """
        if not text:
            return
        from vppcore.pages.live_module import with_run

        usual = {key: line.default for key, line in self.declared.items()}
        changed = {key: value for key, value in self.parameters.items() if value != usual.get(key)}
        text = with_run(in_currency(text), changed)
        self.texts[f"{name}.json"] = text
        if self.progress:
            from vppcore.pages.widget import show

            show(text)

    def judges(self, *claims: str) -> bool:
        """True if this run can be held against these claims: only then need a page compute more."""
        homes = claim_homes()
        return not any(self.hindrance(homes[claim]) for claim in claims)

    def judge(
        self,
        *judgements: Judgement,
        show: bool = True,
        other: str = "",
        elsewhere: Callable[[Case], Mapping[str, Any]] | None = None,
        **results: Any,
    ) -> Styler | None:
        """Judges every claim that these results answer, and shows the verdicts with their reasons.

        results: by the names that the functions of claims_a.py and claims_b.py ask for; a function
        without arguments stands for a result that is only computed if a claim needs it.
        show: False only keeps the verdicts for the ledger, where a time differs in every run.
        other, elsewhere: for a study that has a case with nothing fitted and a fitted one: the name
        of the one that this run is not for, and case -> those of the results that it changes.
        Whichever of the two the run is for, the former is judged and the latter stands beside it.
        Asked only if a claim speaks of the run.
        A claim that does not speak of this run gets a sentence that says why, and no verdict.
        """
        from vppcore.pages.published import homes_answered_by

        if judgements:
            self.judgements += judgements
            return verdict_table(list(judgements))
        claim_homes()
        verdicts: list[Judgement] = []
        silent: dict[str, list[str]] = {}
        beside: OtherCase | None = None
        for home in homes_answered_by(results):
            why = self.hindrance(home)
            if not why:
                results |= computed(home.taken_from(results), results)
                if elsewhere and beside is None:
                    beside = self.beside(other, elsewhere)
            judgement = None if why else judged(home, results, beside)
            if judgement is not None:
                verdicts.append(judgement)
            else:
                why = why or "the results of this run do not reach it"
                silent[why] = [*silent.get(why, []), home.claim]
        self.judgements += verdicts
        if show:
            show_verdicts(verdicts, silent)
        return None

    def beside(self, name: str, elsewhere: Callable[[Case], Mapping[str, Any]]) -> OtherCase:
        """The other case of the study, with what `elsewhere` finds for it."""
        here, there = self.shown_case or self.case(), self.case(name)
        is_fitted = not here.fitted_claims
        aims = (there if is_fitted else here).fitted_claims
        return OtherCase(is_fitted, aims, elsewhere(there))

    def hindrance(self, home: ClaimHome) -> str:
        """Why a claim does not speak of this run; empty if it does."""
        paper = home.claim[0]
        if self.shown_case is None or not self.shown_case.is_paper(paper):
            name = self.parameters.get("case", self.notebook)
            return f"{name} is no case of paper {paper}"
        changed = []
        for name in (*home.unchanged, *NEVER_JUDGED):
            if name in self.declared and not self.is_usual(name, self.shown_case):
                changed.append(f"{name}={self.parameters[name]!r}")
        return f"it does not speak of a run with {', '.join(changed)}" if changed else ""

    def is_usual(self, name: str, case: Case) -> bool:
        """True if a parameter is as the page has it, or says in words what the page's None does."""
        value, usual = self.parameters[name], self.declared[name].default
        if name == "vpp" and usual is None:
            return self.vpp(case) == second_vpp(case)
        if name == "series" and usual is None:
            return set(self.series(case)) == set(usual_series(case))
        return bool(value == usual)

    def finish(self, **facts: Any) -> str:
        """Writes everything at once in place of an earlier run; returns one sentence on what was
        written.
        """
        from vppcore.pages.published import as_table
        from vppcore.pages.results import write_results

        record = {"notebook": self.notebook, "parameters": self.parameters, **facts}
        record["seconds"] = round(time.perf_counter() - self.started, 3)
        paper = self.shown_case.paper if self.shown_case else None
        if paper:
            record["paper"] = paper
        verdicts = as_table(self.judgements)
        write_results(self.notebook, self.tables, verdicts, record, self.texts)
        kept = f"{len(self.tables)} tables, {len(self.judgements)} verdicts and run.json"
        return f"{kept} kept in results/{self.notebook}/"


def in_currency(data: str) -> str:
    """What a live element is given, JSON, with its texts in the currency of the case, which it is
    told for the words of its own."""
    if spoken() == PLAIN:
        return data
    spoken_of = said_anywhere(json.loads(data)) | {"currency": spoken()}
    return json.dumps(spoken_of, ensure_ascii=False)


class OtherCase(NamedTuple):
    """The case of a study that stands beside the run's own.

    is_fitted: it is the one with fitted numbers; else the run's own is.
    aims: claims that the fitted one of the two was fitted to.
    results: by the names that claims ask for.
    """

    is_fitted: bool
    aims: set[str]
    results: Mapping[str, Any]


def judged(
    home: ClaimHome, results: Mapping[str, Any], other: OtherCase | None
) -> Judgement | None:
    """The judgement on one claim by the case with nothing fitted, with what the fitted one gives
    beside it where the claim asks for a result that the other case changes.
    """
    from vppcore.pages.published import judgement_beside, judgement_of

    if other is None or not home.taken_from(other.results):
        return judgement_of(home, results)
    here, there = results, {**results, **other.results}
    unfitted, fitted = (here, there) if other.is_fitted else (there, here)
    return judgement_beside(home, unfitted, fitted, other.aims)


def second_vpp(case: Case) -> str:
    """The VPP that figures show unless told otherwise: the second, or the only one."""
    return case.names[min(1, len(case.names) - 1)]


def usual_series(case: Case) -> tuple[str, ...]:
    """What is uncertain unless told otherwise: every series of the case but heat."""
    from vppcore.uncertainty.series import series_of

    return tuple(name for name in series_of(case) if name != "heat")


def claim_homes() -> dict[str, ClaimHome]:
    """Every claim with its function, both papers' read in."""
    from vppcore.pages import claims_a, claims_b  # noqa: F401  enter their functions
    from vppcore.pages.published import CLAIM_HOMES

    return CLAIM_HOMES


def computed(names: tuple[str, ...], results: Mapping[str, Any]) -> dict[str, Any]:
    """These results, each computed if it is given as a function."""
    given = {name: results[name] for name in names}
    return {name: value() if callable(value) else value for name, value in given.items()}


def verdict_table(judgements: list[Judgement]) -> Styler:
    """Verdicts as a page shows them: each beside its claim in words and the printed number."""
    from vppcore.pages.published import as_table, ledger
    from vppcore.pages.tables import ledger_page

    return ledger_page(ledger(as_table(judgements)))


def show_verdicts(verdicts: list[Judgement], silent: Mapping[str, list[str]]) -> None:
    """Shows the verdicts as a table, and a sentence for each reason why claims have none."""
    from IPython.display import display

    if verdicts:
        display(verdict_table(verdicts))
    for why, numbers in silent.items():
        print(f"no verdict on {', '.join(numbers)}: {why}")


def values_of(
    notebook: str, declared: Mapping[str, Declared], namespace: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of the declared parameters in a namespace. Raises WrongInput if the parameters
    cell was not run.
    """
    missing = [name for name in declared if name not in namespace]
    if missing:
        raise WrongInput(
            f"{notebook}: no value for {', '.join(missing)};"
            " allowed: after the parameters cell has run"
        )
    return {name: namespace[name] for name in declared}


def declared_or_given(notebook: str, values: Mapping[str, Any]) -> dict[str, Declared]:
    """What the notebook declares; without a notebook, the values' own names and types."""
    if (NOTEBOOKS / f"{notebook}.ipynb").is_file():
        return read_parameters_cell(notebook_file(notebook))
    return {name: Declared(name, type(value).__name__, value) for name, value in values.items()}
