"""Assignments in nbgrader's format: a right submission gets all points, each wrong answer loses its own.

The format is followed as its documentation has it, without nbgrader: a submission's locked cells are
taken from the source, all cells run one after the other, and a test that raises nothing gets its
points. `make assignments` asks nbgrader itself.
"""

from __future__ import annotations

import re
from functools import cache

import assignments
import nbformat
import pytest
from saying import Refused

SOLUTION = re.compile(r"^ *### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.MULTILINE | re.DOTALL)
HIDDEN = re.compile(r"^### BEGIN HIDDEN TESTS\n.*?^### END HIDDEN TESTS$", re.MULTILINE | re.DOTALL)
# Answers that look plausible. Assignment -> question -> what stands there in place of the solution.
WRONG = {
    "cooperation": {
        "alone": "costs_alone = {vpp.name: 1000.0 for vpp in case.vpps}",
        "saving": "saving = pool(case).cost",
        "pays": "def trade_pays(receiver_price, sender_price, fee):\n"
        "    return receiver_price - sender_price > fee",
        "gas": "def break_even_price(efficiency, carbon, capture_energy, gas_price, carbon_price):\n"
        "    return efficiency * gas_price + carbon * carbon_price",
        "round": "def one_round(b_to_a, multiplier, penalty):\n"
        "    a = (4 - multiplier - penalty * b_to_a) / (1 + penalty)\n"
        "    b = (-2 - multiplier - penalty * b_to_a) / (1 + penalty)\n"
        "    return a, b, multiplier + penalty * (a + b)",
        "bounds": "def bounds(trade, multiplier):\n    return 1.0, 1.0",
    },
    "bargaining": {
        "payments": "def payments_of(costs_alone, costs_with_trades, weights):\n"
        "    return {name: 0.0 for name in weights}",
        "weights": "def contribution_weights(supplied, received):\n"
        "    total = sum(supplied.values()) + sum(received.values())\n"
        "    return {name: (supplied[name] + received[name]) / total for name in supplied}",
        "price": "def position(trades, middles, halves, payment):\n    return 0.0",
        "core": "def unhappy(names, values, gains):\n"
        "    return [c for c in values if values[c] > sum(gains[n] for n in c) + 1e-6]",
        "firm": "change = {name: 0.0 for name in case.names}",
    },
    "game": {
        "ladder": "def carbon_bill(excess):\n    return 280.0 * excess",
        "role": "def role(supply, demand, band=0.05):\n"
        '    return "seller" if supply > demand else "buyer"',
        "imitation": "def imitate(shares, payoffs, step):\n    return shares",
        "rest": "def rest(worths, surpluses):\n    return [s / sum(surpluses) for s in surpluses]",
        "price": "def best_price(first_worth, reservation, low, high):\n"
        "    return (first_worth + reservation) / 2",
        "hour": 'sellers = {"VPP1"}',
    },
}
CASES = [(name, question) for name, answers in WRONG.items() for question in answers]


@cache
def source(name: str) -> nbformat.NotebookNode:
    """An assignment as the teacher has it."""
    file = assignments.COURSE / "source" / name / f"{name}.ipynb"
    return nbformat.read(file, as_version=nbformat.NO_CONVERT)


def marks(cell: nbformat.NotebookNode) -> dict:
    """What nbgrader is told of a cell."""
    return cell.metadata.get("nbgrader", {})


def for_students(code: str) -> str:
    """Without solutions and hidden tests."""

    def stub(found: re.Match[str]) -> str:
        indent = re.match(" *", found.group()).group()
        return f"{indent}raise NotImplementedError()"

    return HIDDEN.sub("", SOLUTION.sub(stub, code))


def graded(name: str, answers: dict[str, str]) -> dict[str, float]:
    """Test -> points of a submission that has these answers and the solution's for the rest."""
    space: dict = {}
    points = {}
    for cell in source(name).cells:
        if cell.cell_type != "code":
            continue
        code = answers.get(marks(cell)["grade_id"], cell.source)
        try:
            exec(code, space)
            raised = False
        except Exception:  # nbgrader's rule: whatever a cell raises costs its points
            raised = True
        if marks(cell)["grade"]:
            points[marks(cell)["grade_id"]] = 0.0 if raised else float(marks(cell)["points"])
    return points


def points_of(name: str) -> dict[str, float]:
    """Test -> its points."""
    return {
        marks(cell)["grade_id"]: float(marks(cell)["points"])
        for cell in source(name).cells
        if marks(cell).get("grade")
    }


@cache
def points_of_the_solution(name: str) -> dict[str, float]:
    return graded(name, {})


def test_there_are_three_assignments():
    assert set(assignments.names()) == set(WRONG)


@pytest.mark.parametrize("name", WRONG)
def test_a_right_submission_gets_all_points(name):
    assert points_of_the_solution(name) == points_of(name)


@pytest.mark.parametrize("name", WRONG)
def test_an_untouched_sheet_gets_none(name):
    untouched = {
        marks(cell)["grade_id"]: for_students(cell.source)
        for cell in source(name).cells
        if marks(cell)["solution"]
    }
    assert set(graded(name, untouched).values()) == {0.0}


@pytest.mark.parametrize(("name", "question"), CASES)
def test_a_wrong_answer_loses_its_points(name, question):
    points = graded(name, {question: WRONG[name][question]})
    assert points[f"{question}-test"] == 0.0
    assert sum(points.values()) < sum(points_of_the_solution(name).values())


@pytest.mark.parametrize("name", WRONG)
def test_each_question_has_a_locked_test_and_a_wrong_answer(name):
    cells = source(name).cells
    questions = [marks(cell)["grade_id"] for cell in cells if marks(cell)["solution"]]
    assert set(questions) == set(WRONG[name])
    assert list(points_of(name)) == [f"{question}-test" for question in questions]
    for cell in cells:
        assert marks(cell)["locked"] == (not marks(cell)["solution"]), cell.source
        assert marks(cell)["schema_version"] == 3
    ids = [marks(cell)["grade_id"] for cell in cells]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", WRONG)
def test_students_see_a_part_of_each_test_and_no_solution(name):
    for cell in source(name).cells:
        shown = for_students(cell.source)
        assert "###" not in shown
        if marks(cell)["grade"]:
            assert "assert" in shown and len(shown) < len(cell.source)
        if marks(cell)["solution"]:
            assert "NotImplementedError" in shown


@pytest.mark.parametrize("name", WRONG)
def test_points_are_said_as_they_are(name):
    text = "\n".join(cell.source for cell in source(name).cells if cell.cell_type == "markdown")
    said = [int(number) for number in re.findall(r"\((\d+) points?\)", text)]
    assert said == list(points_of(name).values())
    assert f" {sum(said)} points." in text


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ({"solution": 13.0, "untouched": 0.0}, "game, solution: 13 points; allowed: 14"),
        ({"solution": 14.0, "untouched": 2.0}, "game, untouched: 2 points; allowed: 0"),
    ],
)
def test_an_assignment_that_grades_wrongly_is_not_handed_out(tmp_path, monkeypatch, points, said):
    for step in ("generate", "submit", "nbgrader"):
        monkeypatch.setattr(assignments, step, lambda *arguments: None)
    monkeypatch.setattr(assignments, "scores", lambda course, assignment: points)
    assignments.new_course(tmp_path / "course")
    with pytest.raises(Refused, match=said):
        assignments.try_out(tmp_path / "course", "game")
