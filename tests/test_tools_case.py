"""A case of a reader's own: copied, checked, and handed on, whatever its name."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys

import case
import pytest
import rerun
from parameter_values import values_from
from tiny_book import ROOT

from vppcore.pages.parameters_cell import Declared

# what hides Gurobi's package from a program, as if it were not installed
HIDDEN = "import sys; sys.modules['gurobipy'] = None; "
DECLARED = {"case": Declared("case", "str", "paper-a")}


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


def test_a_name_that_no_file_system_takes_is_refused(project):
    with pytest.raises(SystemExit, match="NAME has 300 characters: allowed are up to 100"):
        case.new(300 * "a")


def test_a_link_that_leads_nowhere_is_in_the_way(project):
    (project / "data/mine").symlink_to("nowhere")
    with pytest.raises(SystemExit, match="data/mine is there already; nothing was written"):
        case.new("mine")


def call(monkeypatch, *words: str) -> str:
    """Calls the command, which refuses; the sentence that it ends with."""
    monkeypatch.setattr(sys, "argv", ["case.py", *words])
    with pytest.raises(SystemExit) as left:
        case.main()
    return str(left.value.code)


@pytest.mark.parametrize("error", [OSError(28, "No space left"), PermissionError(13, "Denied")])
def test_a_folder_that_cannot_be_written_is_a_sentence(project, monkeypatch, error):
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(case.tempfile, "TemporaryDirectory", fails)
    sentence = call(monkeypatch, "new", "--kind=street", "--", "mine")
    assert (
        sentence == f"a file could not be read or written ({error.strerror}); nothing was written"
    )
    assert [path.name for path in (project / "data").iterdir()] == ["template"]


def test_files_that_cannot_be_copied_are_a_sentence():
    error = shutil.Error([("a/units.csv", "b/units.csv", "Permission denied")])
    assert case.why_stopped(error) == "a/units.csv could not be copied (Permission denied)"


def test_a_question_that_nobody_answers_writes_nothing(monkeypatch):
    def closed(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", closed)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    with pytest.raises(SystemExit, match="no kind was said; nothing was written"):
        case.kind_asked_for("")


def test_a_command_that_is_interrupted_ends_without_a_word(monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(case, "new", interrupted)
    assert call(monkeypatch, "new", "--kind=street", "--", "mine") == "130"


@pytest.mark.parametrize("name", ["mine", "my case", "it's mine", "a $HOME `x`", 'a "b"'])
def test_the_command_that_a_check_prints_runs_that_very_case(project, name, capsys):
    shutil.copytree(project / "data/template", project / "data" / name)
    case.check(f"data/{name}")
    line = capsys.readouterr().out.splitlines()[-1]
    words = shlex.split(line.removeprefix("Now: "))
    assert words[:3] == ["make", "run", "NB=bargaining"]
    assert values_from(words[3].removeprefix("P="), DECLARED) == {"case": f"data/{name}"}


@pytest.mark.parametrize("kind", [kind for kind in case.KINDS if kind != case.PLAIN_KIND])
def test_a_kind_has_a_template_that_passes_the_check(project, kind, capsys):
    shutil.copytree(ROOT / "data/templates", project / "data/templates")
    case.new("mine", kind)
    case.check("data/mine")
    printed = capsys.readouterr().out
    assert case.KINDS[kind] in printed and printed.count(" alone: ") >= 3


def test_a_kind_that_there_is_not_is_refused(project):
    with pytest.raises(
        SystemExit, match="KIND='farm': allowed are street, homes, industry, feeder"
    ):
        case.new("mine", "farm")
    assert [path.name for path in (project / "data").iterdir()] == ["template"]


def test_the_kind_is_asked_for_where_somebody_can_answer(monkeypatch, capsys):
    assert case.kind_asked_for("homes") == "homes"
    monkeypatch.setattr("builtins.input", lambda question: " feeder ")
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: False, raising=False)
    assert case.kind_asked_for("") == "street"
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    assert case.kind_asked_for("") == "feeder"
    assert "three homes" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda question: "")
    assert case.kind_asked_for("") == "street"


@pytest.mark.parametrize("kind", [kind for kind in case.KINDS if kind != case.PLAIN_KIND])
def test_a_template_of_each_kind_runs_the_page_on_one_s_own_case(tmp_path, kind):
    rerun.run("bargaining", f"case={ROOT / 'data/templates' / kind}", runs=tmp_path, quiet=True)
    (made,) = (tmp_path / "bargaining").iterdir()
    assert "A reader's run of bargaining" in (made / "run.html").read_text(encoding="utf-8")


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
