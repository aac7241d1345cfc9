"""A fingerprint changes with what a file says, and only then."""

from __future__ import annotations

import json

import pytest
from fingerprints import fingerprint
from hypothesis import given
from hypothesis import strategies as st
from tiny_book import notebook

PYTHON = 'def f(x):\n    """Doubles."""\n    return 2 * x\n'
YAML = "title: one\nnote: 'a # b'\nsteps: 24\n"
STYLE = 'font.size: 10\naxes.prop_cycle: cycler(color=["#112233", "#445566"])\n'
LOCK = "a==1 \\\n    --hash=sha256:00\n    # via b\n"

SAME = [
    ("a.py", PYTHON, PYTHON.replace("Doubles", "Twice as much")),
    ("a.py", PYTHON, "# a comment\n" + PYTHON.replace("2 * x", "(2\n    * x)")),
    ("a.py", PYTHON, PYTHON.replace('    """Doubles."""\n', "")),
    ("a.yaml", YAML, "# a comment\n" + YAML.replace("24", "24   # hours") + "\n\n"),
    ("a.yaml", YAML, YAML.replace("\n", "\r\n")),
    ("a.mplstyle", STYLE, "# a comment\n\n" + STYLE.replace("10", "10  # points")),
    ("a.csv", "hour,kw\n1,2\n", "hour,kw\r\n1,2\r\n"),
    ("a.csv", "hour,kw\n1,2\n", "\ufeffhour,kw\n1,2"),
    ("a.lock", LOCK, LOCK.replace("# via b", "# via c")),
]
DIFFERENT = [
    ("a.py", PYTHON, PYTHON.replace("2 * x", "3 * x")),
    ("a.py", PYTHON, PYTHON.replace("2 * x", "2.0 * x")),
    ("a.py", "x = 'text'\n", "x = 'other'\n"),
    ("a.py", "def f():\n    yield 1\n    'a'\n", "def f():\n    'a'\n    return 1\n"),
    ("a.yaml", YAML, YAML.replace("24", "25")),
    ("a.yaml", YAML, YAML.replace("24", "'24'")),
    ("a.yaml", YAML, YAML.replace("a # b", "a # c")),
    ("a.yaml", "a:\n  b: 1\n", "a:\nb: 1\n"),
    ("a.yaml", "note: |\n  # one\n", "note: |\n  # two\n"),
    ("a.mplstyle", STYLE, STYLE.replace("10", "11")),
    ("a.mplstyle", STYLE, STYLE.replace("#445566", "#445567")),
    ("a.csv", "hour,kw\n1,2\n", "hour,kw\n1,2.0\n"),
    ("a.csv", "# one\nhour\n", "# two\nhour\n"),
    ("a.lock", LOCK, LOCK.replace("00", "01")),
    ("a.bin", "one", "two"),
]


def of(tmp_path, name, text, **options):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8", newline="")
    return fingerprint(file, **options)


@pytest.mark.parametrize(("name", "one", "other"), SAME)
def test_comments_and_layout_do_not_count(tmp_path, name, one, other):
    assert of(tmp_path, name, one) == of(tmp_path, name, other)


@pytest.mark.parametrize(("name", "one", "other"), DIFFERENT)
def test_everything_else_counts(tmp_path, name, one, other):
    assert of(tmp_path, name, one) != of(tmp_path, name, other)


def test_docstrings_count_where_they_are_read(tmp_path):
    other = PYTHON.replace("Doubles", "Twice as much")
    assert of(tmp_path, "a.py", PYTHON, docstrings=True) != of(
        tmp_path, "a.py", other, docstrings=True
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "def f(:\n"),
        ("a.py", "(" * 20_000),
        ("a.yaml", "a: 'b\n"),
        ("a.yaml", "\t- a: 'b\n"),
        ("a.ipynb", "{"),
        ("a.ipynb", "[]"),
    ],
)
def test_a_file_that_cannot_be_read_is_taken_byte_by_byte(tmp_path, name, text):
    assert of(tmp_path, name, text) == of(tmp_path, name, text)
    assert of(tmp_path, name, text) != of(tmp_path, name, text + " ")


def test_nested_anchors_and_brackets_cost_no_time(tmp_path):
    lines = ["a0: &a0 [x, x]"]
    for depth in range(1, 40):
        lines.append(f"a{depth}: &a{depth} [*a{depth - 1}, *a{depth - 1}]")
    bomb = "\n".join(lines)
    assert of(tmp_path, "a.yaml", bomb) != of(tmp_path, "a.yaml", bomb.replace("x, x", "x, y"))
    brackets = "a: " + "[" * 5000 + "]" * 5000
    assert of(tmp_path, "a.yaml", brackets) != of(tmp_path, "a.yaml", brackets + "\nb: 1")


def test_what_a_run_leaves_in_a_notebook_does_not_count(tmp_path):
    text = notebook("x = 1", "x")
    content = json.loads(text)
    content["metadata"] = {"papermill": {}}
    content["cells"][1]["execution_count"] = 7
    content["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    content["cells"][2]["metadata"] = {"execution": {}, "tags": []}
    content["cells"][2]["source"] = ["x"]
    assert of(tmp_path, "a.ipynb", text) == of(tmp_path, "a.ipynb", json.dumps(content))
    content["cells"][2]["metadata"] = {"mystnb": {"figure": {"caption": "a figure"}}}
    assert of(tmp_path, "a.ipynb", text) != of(tmp_path, "a.ipynb", json.dumps(content))
    assert of(tmp_path, "a.ipynb", text) != of(tmp_path, "a.ipynb", notebook("x = 1", "x  # told"))


@given(st.text(), st.text())
def test_two_tables_have_one_fingerprint_only_if_their_lines_are_equal(tmp_path, one, other):
    same = of(tmp_path, "a.csv", one) == of(tmp_path, "a.csv", other)
    lines = [text.removeprefix("\ufeff").splitlines() for text in (one, other)]
    assert same == (lines[0] == lines[1])
