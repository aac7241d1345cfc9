"""A case of a reader's own: copied, checked, and handed on, whatever its name."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys

import case
import pytest
from parameter_values import values_from
from tiny_book import ROOT

from vppcore.pages.parameters_cell import Declared

# what hides Gurobi's package from a program, as if it were not installed
HIDDEN = "import sys; sys.modules['gurobipy'] = None; "
DECLARED = {"case": Declared("case", "str", "paper-a")}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the template alone, in which cases are made."""
    shutil.copytree(ROOT / "data/template", tmp_path / "data/template")
    monkeypatch.setattr(case, "ROOT", tmp_path)
    monkeypatch.setattr(case, "TEMPLATE", tmp_path / "data/template")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_case_is_the_template_whole(project, capsys):
    case.new("mine")
    made = sorted(path.name for path in (project / "data/mine").iterdir())
    assert made == ["case.yaml", "series.csv", "units.csv"]
    assert "Then: make check CASE=data/mine" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="data/mine is there already; nothing was written"):
        case.new("mine")
    assert sorted(path.name for path in (project / "data").iterdir()) == ["mine", "template"]


@pytest.mark.parametrize("name", ["../x", "a b", "", "-x", ".x", "a/b", "$(touch x)", "a\nb", "ü"])
def test_a_name_that_is_none_is_refused(project, name):
    with pytest.raises(SystemExit, match="allowed are letters"):
        case.new(name)
    assert [path.name for path in (project / "data").iterdir()] == ["template"]


@pytest.mark.parametrize("name", ["mine", "my case", "it's mine", "a $HOME `x`", 'a "b"'])
def test_the_command_that_a_check_prints_runs_that_very_case(project, name, capsys):
    shutil.copytree(project / "data/template", project / "data" / name)
    case.check(f"data/{name}")
    line = capsys.readouterr().out.splitlines()[-1]
    words = shlex.split(line.removeprefix("Now: "))
    assert words[:3] == ["make", "run", "NB=bargaining"]
    assert values_from(words[3].removeprefix("P="), DECLARED) == {"case": f"data/{name}"}


def test_a_faulty_case_is_refused_with_every_fault(project):
    units = project / "data/template/units.csv"
    text = units.read_text().replace("kWh", "kWhh")
    units.write_text(text)
    with pytest.raises(SystemExit, match="data/template cannot be used yet:\n  .*kWhh"):
        case.check("data/template")


def run_without_gurobi(code: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", HIDDEN + code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_everything_works_without_gurobi_s_package():
    code = (
        "from vppcore import bargain, cooperate, dispatch, load_case; "
        "import vppcore.pages.figures, vppcore.uncertainty.robust, vppcore.grid.power_flow; "
        "case = load_case('template'); "
        "alone = {vpp.name: dispatch(vpp) for vpp in case.vpps}; "
        "bargain(case, alone, cooperate(case)); "
        "print([round(result.cost, 2) for result in alone.values()]); "
        "dispatch(case.vpps[0], storage='binary'); "
        "dispatch(load_case('paper-b').vpps[0], storage='binary')"
    )
    done = run_without_gurobi(code)
    assert done.stdout == "[26.06, 100.5]\n", done.stderr


def test_what_asks_for_gurobi_is_refused_in_a_sentence_without_its_package():
    code = (
        "from vppcore import NotSolved, dispatch, load_case\n"
        "try:\n    dispatch(load_case('template').vpps[0], solver='gurobi')\n"
        "except NotSolved as refused:\n    print(refused)"
    )
    done = run_without_gurobi(code)
    assert "gurobi" in done.stdout and "Traceback" not in done.stderr, done.stderr
