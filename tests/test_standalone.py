"""The VPPs of a case alone, and what a case says of the paper that it rebuilds."""

from __future__ import annotations

import shutil

import pytest

from vppcore import NotSolved, WrongInput, alone, dispatch, load_case
from vppcore.places import DATA

PAPERS = {"paper-a": "A", "paper-a-parent": "A", "paper-b": "B", "paper-b-handmade": "B"}


def test_alone_is_dispatch_of_each_vpp():
    case = load_case("paper-a")
    schedules = alone(case, solver="highs")
    assert list(schedules) == case.names
    for vpp in case.vpps:
        assert schedules[vpp.name].cost == pytest.approx(dispatch(vpp).cost)


def test_alone_refuses_an_unknown_solver_and_says_who_has_no_schedule():
    case = load_case("template")
    with pytest.raises(WrongInput, match="solver"):
        alone(case, solver="abacus")
    with pytest.raises(NotSolved, match="Shop: "):
        alone(case.change("Shop", "grid", buy_max=1.0))


@pytest.mark.parametrize("name", ["template", *PAPERS])
def test_only_the_papers_cases_say_that_they_are(name):
    case = load_case(name)
    for paper in "AB":
        assert case.is_paper(paper) == (PAPERS.get(name) == paper)
    if name not in PAPERS:
        assert case.fitted_claims == set()


def test_the_folder_s_name_means_nothing(tmp_path):
    """A copy under another name is the paper's still; a case of one's own never is, whatever its folder is called."""
    shutil.copytree(DATA / "paper-a", tmp_path / "mine")
    shutil.copytree(DATA / "template", tmp_path / "paper-a-mine")
    assert load_case(tmp_path / "mine").is_paper("A")
    assert not load_case(tmp_path / "paper-a-mine").is_paper("A")


def test_a_copy_with_other_vpps_is_not_the_paper_s(tmp_path):
    shutil.copytree(DATA / "paper-a", tmp_path / "paper-a-mine")
    for name in ("units.csv", "series.csv"):
        file = tmp_path / "paper-a-mine" / name
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("VPP2", "Mill").replace("vpp2", "mill"), encoding="utf-8")
    case = load_case(tmp_path / "paper-a-mine")
    assert case.names == ["VPP1", "Mill", "VPP3"]
    assert not case.is_paper("A")


def test_a_part_of_the_day_is_not_the_paper_s_day():
    assert not load_case("paper-a").window(1, 12).is_paper("A")


def test_the_claims_a_case_was_fitted_to_are_data():
    assert load_case("paper-a").fitted_claims == {f"A0{number}" for number in range(1, 8)}
    assert load_case("paper-a-parent").fitted_claims == set()
    shaped = {"B10", "B11", "B12", "B13", "B14", "B15"}
    assert shaped < load_case("paper-b").fitted_claims


@pytest.mark.parametrize("study", ["A", "{paper: C, vpps: [x]}", "{paper: A}", "{paper: A, vpps: []}",
                                   "{paper: A, vpps: [VPP1], fitted: [A1]}"])  # fmt: skip
def test_a_study_that_is_not_one_is_refused(tmp_path, study):
    shutil.copytree(DATA / "template", tmp_path / "mine")
    with (tmp_path / "mine" / "case.yaml").open("a", encoding="utf-8") as file:
        file.write(f"study: {study}\n")
    with pytest.raises(WrongInput, match=r"case.yaml, line \d+, study"):
        load_case(tmp_path / "mine")
