"""`check` in a notebook: what it reads, what it says, where right ends; and the notebooks to download."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vppcore.errors import WrongInput
from vppcore.exercises import check
from vppcore.exercises.checking import EMPTY, NOT_YET, RIGHT, verdict
from vppcore.exercises.questions import FIELDS, all_questions, as_question, question
from vppcore.exercises.sealing import sealed
from vppcore.exercises.sheets import all_sheets, as_sheet
from vppcore.exercises.typed import NO_NUMBER, readings

ROOT = Path(__file__).parent.parent
QUESTIONS = [asked for questions in all_questions().values() for asked in questions]
ENTRY = {
    "part": 1,
    "ask": "A price",
    "unit": "yuan",
    "answer": 200,
    "tolerance": "1 %",
    "hint": "Think.",
    "source": "200",
}


def load(path: str):
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- what is typed --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0.617", [0.617]),
        ("0,617", [0.617]),
        (" .5 ", [0.5]),
        ("-310", [-310]),
        ("\u2212310", [-310]),
        ("– 0,31", [-0.31]),
        ("+7", [7]),
        ("10 941.5", [10941.5]),
        ("10\u202f941,5", [10941.5]),
        ("10,941.5", [10941.5]),
        ("10.941,5", [10941.5]),
        ("1'234'567", [1234567]),
        ("1,234,567", [1234567]),
        ("1,234", [1.234, 1234]),
        ("1.234", [1.234, 1234]),
        ("1.5e3", [1500]),
        ("0.617 yuan", [0.617]),
    ],
)
def test_numbers_are_read_as_people_write_them(text, meant):
    assert readings(text, "yuan") == meant


@pytest.mark.parametrize(
    "text", ["", "three", "1/3", "½", "1 2", "1,23,456", "12 34", "--1", "1e999", "nan", "inf", "٣"]
)
def test_what_is_no_number_is_refused_in_a_sentence(text, capsys):
    assert readings(text) == []
    check("ex-p2g", text)
    assert capsys.readouterr().out == f"{NO_NUMBER}\n"


@pytest.mark.parametrize("value", [None, True, [0.617], float("nan"), float("inf"), 1j, {}])
def test_so_is_a_value_that_is_none(value, capsys):
    check("ex-p2g", value)
    assert capsys.readouterr().out == f"{NO_NUMBER}\n"


@pytest.mark.parametrize("value", [0.617, np.float64(0.617), np.float32(0.617), np.array(0.617)])
def test_numbers_of_any_library_are_taken(value, capsys):
    check("ex-p2g", value)
    assert capsys.readouterr().out == f"{RIGHT}\n"


# --- what is said ---------------------------------------------------------------------------------
def test_a_wrong_number_brings_the_hint_of_its_part(capsys):
    check("ex-p2g", 0.617, part=2)
    assert capsys.readouterr().out == f"{NOT_YET} {question('ex-p2g', 2).hint}\n"


def test_an_unknown_label_is_one_sentence_with_near_ones(capsys):
    check("ex-p2", 0.617)
    said = capsys.readouterr().out
    assert "'ex-p2'" in said and "nearest: ex-p2g" in said and said.count("\n") == 1


@pytest.mark.parametrize("label", ["", "nothing like it", 3, None])
def test_a_label_like_no_other_brings_some(label, capsys):
    check(label, 0.617)
    assert "a number, as ex-p2g" in capsys.readouterr().out


def test_an_unknown_part_is_one_sentence_with_the_parts(capsys):
    check("ex-p2g", 0.617, part=9)
    assert capsys.readouterr().out == "ex-p2g: found part 9; allowed: 1, 2, 4a, 4b\n"


# --- where right ends -----------------------------------------------------------------------------
@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked.name)
def test_the_tolerance_is_what_the_source_says(asked):
    """Right up to the tolerance and no further; no other interval nearby has the same hash."""
    for distance in (-1, -0.99, 0, 0.99, 1):
        assert verdict(asked, asked.answer + distance * asked.tolerance).right
    for distance in (-1000.5, -3, -1.01, 1.01, 3, 1000.5):
        assert verdict(asked, asked.answer + distance * asked.tolerance).right is False


@given(st.floats(-1e6, 1e6), st.floats(1e-4, 1e4), st.floats(-5, 5))
def test_a_seal_knows_near_from_far(answer, tolerance, distance):
    fits = sealed(answer, tolerance, "any").fits(answer + distance * tolerance)
    # between lies what rounding decides
    assert fits or abs(distance) > 0.9999
    assert not fits or abs(distance) < 1.0001


def test_a_number_beyond_counting_is_not_right():
    assert not sealed(1.0, 1e-9, "any").fits(1e300)


def test_the_answer_stands_in_no_form():
    """Not as it is, and not in what the form knows of it."""
    forms = load("book/_ext/exercise_forms.py")
    for label, questions in all_questions().items():
        html = forms.forms(label, label)
        for asked in questions:
            (form,) = [part for part in html.split("<form") if f'"{asked.name}"' in part]
            known = re.findall(r'data-(?:start|width|code)="(.*?)"', form)
            assert len(known) == 3
            assert all(abs(float(number) - asked.answer) > asked.tolerance / 2 for number in known)


def test_the_list_of_all_exercises_has_each_once_in_its_grade():
    forms = load("book/_ext/exercise_forms.py")
    for sheet in all_sheets():
        lines = forms.chapter_lines(sheet)
        assert f"<exercises/{sheet.name}>" in lines[0]
        for exercise in sheet.exercises:
            (line,) = [line for line in lines if f"<{exercise.label}>" in line]
            assert line.startswith(f"- *{exercise.grade}*: ") and exercise.title in line


# --- the source -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answer": "200"}, "found answer '200'; allowed: a number"),
        ({"tolerance": 0}, "found tolerance 0 at the answer 200"),
        ({"tolerance": "much"}, "found tolerance 'much'"),
        ({"answer": 0}, "a share of an answer that is not 0"),
    ],
)
def test_an_entry_that_is_no_question_is_refused(change, said):
    with pytest.raises(WrongInput, match=re.escape(said)):
        as_question("ex-x", ENTRY | change, "answers.yml")


def test_an_entry_names_all_fields_and_no_other():
    assert set(ENTRY) == set(FIELDS)
    for changed in (ENTRY | {"note": "x"}, {"part": 1}):
        with pytest.raises(WrongInput, match="allowed: part, ask, unit"):
            as_question("ex-x", changed, "answers.yml")


PAGE = "# Exercises\n\nWords.\n\n```python\nx = 1\n```\n\n## By hand\n\n{exercise}\n"
ASKED = "```{exercise} Why?\n:label: ex-x\n\nBecause?\n```\n"
ANSWERED = "````{solution} ex-x\n:label: sol-x\n:class: dropdown\n\n```python\nx\n```\n````\n"


def test_a_page_is_read():
    sheet = as_sheet("x", PAGE.format(exercise=ASKED + ANSWERED))
    assert (sheet.title, sheet.words, sheet.setup) == ("Exercises", "Words.", "x = 1\n")
    (exercise,) = sheet.of_grade("By hand")
    assert (exercise.label, exercise.text) == ("ex-x", "Because?")
    assert exercise.solution == "```python\nx\n```"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (PAGE.format(exercise=ASKED), "found label 'ex-x' in section 'By hand'"),
        (PAGE.format(exercise=ASKED + ANSWERED).replace("By hand", "Easy"), "in section 'Easy'"),
        ("# Exercises\n", "found no title or no code"),
    ],
)
def test_a_page_that_lacks_something_is_refused(page, said):
    with pytest.raises(WrongInput, match=said):
        as_sheet("x", page)


# --- notebooks to download ------------------------------------------------------------------------
@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return load("tools/exercise_notebooks.py").write(tmp_path_factory.mktemp("notebooks"))


def test_each_page_has_a_notebook_with_its_exercises_and_no_solution(written):
    assert [file.stem for file in written] == [f"exercises-{sheet.name}" for sheet in all_sheets()]
    for file, sheet in zip(written, all_sheets(), strict=True):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        text = "\n".join(cell["source"] for cell in cells)
        assert len({cell["id"] for cell in cells}) == len(cells)
        chapter = (ROOT / f"book/{sheet.name}.md").read_text(encoding="utf-8")
        (title,) = re.findall(r"^# (.+)$", chapter, re.M)
        assert f"*{title}*" in cells[0]["source"]
        for exercise in sheet.exercises:
            assert f"## {exercise.title}\n" in text
            checks = text.count(f'check("{exercise.label}", ...')
            assert checks == len(all_questions().get(exercise.label, ()))
            for line in exercise.solution.splitlines():
                long_and_own = len(line) >= 40 and line.strip() not in sheet.setup
                assert not long_and_own or line not in text, f"{sheet.name}: {line}"
        assert not re.search(r"\{[\w:]+\}`", text), f"{sheet.name}: a role is left"


def answered(cell: dict) -> dict:
    """A cell of checks with the right numbers in place of the dots."""
    lines = []
    for line in cell["source"].splitlines():
        found = re.fullmatch(r'check\("([\w-]+)", \.\.\., part="(\w+)"\)', line)
        right = str(question(*found.groups()).answer) if found else ""
        lines.append(line.replace("...", right) if found else line)
    return cell | {"source": "\n".join(lines)}


@pytest.mark.parametrize("fill, said", [(False, EMPTY), (True, RIGHT)])
def test_a_notebook_runs_and_all_its_checks_say_what_they_should(written, tmp_path, fill, said):
    file = next(file for file in written if file.stem == "exercises-vpp-model")
    notebook = json.loads(file.read_text(encoding="utf-8"))
    if fill:
        notebook["cells"] = [answered(cell) for cell in notebook["cells"]]
    source, target = tmp_path / "asked.ipynb", tmp_path / "done.ipynb"
    source.write_text(json.dumps(notebook), encoding="utf-8")
    done = papermill.execute_notebook(source, target, cwd=ROOT, progress_bar=False)
    printed = [
        output["text"]
        for cell in done["cells"]
        for output in cell.get("outputs", [])
        if output["output_type"] == "stream"
    ]
    labels = [exercise.label for exercise in all_sheets()[0].exercises]
    count = sum(len(all_questions().get(label, ())) for label in labels)
    assert "".join(printed) == f"{said}\n" * count
