"""Values from a command line: read as people mean them, or refused before a kernel starts."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

import pytest
from contents import Refused
from parameter_values import value_of, values_from
from tiny_book import ROOT, TinyBook, notebook, write

from vppcore.pages.parameters_cell import Declared, read_parameters_cell

FLOAT = Declared("penalty", "float", 0.5)
FLOAT_OR_NONE = Declared("penalty", "float", None)
WHOLE = Declared("level", "int", 12)
SWITCH = Declared("balancing", "bool", False)
TEXT = Declared("case", "str", "paper-a")
TEXT_OR_NONE = Declared("vpp", "str", None)


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (FLOAT, "010", 10),
        (FLOAT, "3e-4", 3e-4),
        (FLOAT, "1e5", 1e5),
        (FLOAT, "-.5", -0.5),
        (FLOAT, "2.", 2.0),
        (FLOAT, "+7", 7),
        (WHOLE, "010", 10),
        (WHOLE, "-3", -3),
        (SWITCH, "true", True),
        (SWITCH, "False", False),
        (SWITCH, "yes", True),
        (SWITCH, "on", True),
        (SWITCH, "off", False),
        (TEXT, "yes", "yes"),
        (TEXT, "010", "010"),
        (TEXT, "1:30", "1:30"),
        (TEXT, "None", "None"),
        (TEXT, "", ""),
        (TEXT, "$(touch x)", "$(touch x)"),
        (TEXT_OR_NONE, "none", None),
        (TEXT_OR_NONE, "None", None),
        (TEXT_OR_NONE, "VPP2", "VPP2"),
        (FLOAT_OR_NONE, "none", None),
        (Declared("penalty", "float | None", 1.0), "none", None),
        (Declared("pair", "tuple", (1, 2)), "(3, 4)", (3, 4)),
        (Declared("untyped", "int", 3), "4", 4),
    ],
)
def test_a_value_is_read_as_its_parameter_is_declared(parameter, text, value):
    read = value_of(parameter, text)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize("parameter", [FLOAT, FLOAT_OR_NONE, WHOLE, SWITCH])
@pytest.mark.parametrize(
    "text",
    ["1:30", "1_0", "0x10", "0b1", "0,5", "1 000", "", "~", "null", ".inf", "nan", "inf", "1e999"]
    + ["9" * 5000, "٣", "[1]", "2001-01-01", "1e", "--1", "abc", "!!python/object:x"],
)
def test_what_is_no_such_value_is_refused_with_what_is_allowed(parameter, text):
    with pytest.raises(Refused, match=f"^{parameter.name}=.* is not (a |true)"):
        value_of(parameter, text)


@pytest.mark.parametrize("text", ["0.5", "1e3"])
def test_a_fraction_is_no_whole_number(text):
    with pytest.raises(Refused, match="a whole number, such as 3"):
        value_of(WHOLE, text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("penalty", "not of the form name=value"),
        ("=3", "not of the form name=value"),
        ("penalti=3", r"no parameter 'penalti'; it has: penalty \(now 0.5\), case \(now 'a b'\)"),
        ("penalty='3", "cannot be read: No closing quotation"),
        ("penalty=1 penalty=2", "penalty is given twice"),
        ("penalty=1:30", "penalty=1:30 is not a number, such as 3, 0.25 or 3e-4"),
    ],
)
def test_parameters_that_cannot_be_taken(tmp_path, text, sentence):
    write(tmp_path / "a.ipynb", notebook('penalty: float = 0.5  # x\ncase: str = "a b"  # y'))
    declared = read_parameters_cell(tmp_path / "a.ipynb")
    with pytest.raises(Refused, match=sentence):
        values_from(text, declared)
    assert values_from("case='c d' penalty=2", declared) == {"case": "c d", "penalty": 2}


def test_every_parameter_of_this_book_is_found_and_of_a_known_type():
    kinds = {"str", "int", "float", "bool"}
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for parameter in read_parameters_cell(file).values():
            assert parameter.kinds & kinds, (file.name, parameter)


def test_a_wrong_value_is_refused_before_anything_heavy_is_loaded(tmp_path):
    book = TinyBook(tmp_path)
    book.lend_environment()
    began = time.monotonic()
    done = book.make("run", "NB=first", "P=factor=1:30")
    assert done.returncode and "factor=1:30 is not a number, such as 3" in done.stdout
    assert "Traceback" not in done.stdout
    assert time.monotonic() - began < 5
    assert not (tmp_path / "build/runs").exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("penalty=-1", "penalty: found -1; allowed: "),
        ("case=nowhere", "nowhere"),
        ("solver=cplex", "solver: found 'cplex'; allowed: "),
        ("order=random", "order: found 'random'; allowed: "),
        ("balancing=2", "balancing=2 is not true or false"),
    ],
)
def test_this_book_refuses_a_wrong_parameter_at_once_and_without_a_kernel(given, sentence):
    """As `make run NB=cooperation` calls it; the time is the processor's, on any machine."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [sys.executable, "tools/rerun.py", "--parameters", given, "--", "cooperation"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and sentence in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "papermill" not in done.stderr
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began < 5
