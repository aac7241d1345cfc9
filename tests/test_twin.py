"""The day of study A, written a second time in linopy: equal to vppcore's, and alert to a change."""

from __future__ import annotations

import shutil
from functools import cache

import nbformat
import pandas as pd
import pytest
import yaml

from vppcore import load_case, pool
from vppcore.changes import changed
from vppcore.errors import NotSolved, WrongInput
from vppcore.pages import twin, words_twin
from vppcore.places import DATA, NOTEBOOKS


@cache
def cells() -> dict[str, str]:
    """The code cells of the page by their id, in order."""
    page = nbformat.read(NOTEBOOKS / "twin.ipynb", as_version=4)
    return {cell.id: cell.source for cell in page.cells if cell.cell_type == "code"}


def run(last: str, old: str = "", new: str = "", **values) -> dict:
    """The names that the page's cells have made, up to the cell `last`.

    old, new: a piece of a cell, and what stands there instead. values: of parameters.
    """
    assert not old or sum(source.count(old) for source in cells().values()) == 1
    names = {"display": str}
    for key, source in cells().items():
        exec(source.replace(old, new) if old else source, names)
        if key == "twin-parameters":
            names |= values
        if key == last:
            break
    return names


def refusal_of(case: str, last: str = "twin-rows", **values) -> str:
    with pytest.raises(WrongInput) as refused:
        run(last, case=case, **values)
    return str(refused.value)


def rows_of(case: str) -> tuple[pd.DataFrame, dict]:
    """The rows of a case, "all" written out, and its description."""
    names = run("twin-rows", case=case)
    return names["rows"], names["about"]


@pytest.mark.parametrize("case", ["paper-a-parent", "paper-a"])
def test_the_twin_equals_vppcore_in_both_cases(case):
    names = run("twin-price-table", case=case)
    costs = names["costs"]
    assert (costs["linopy"] - costs["vppcore"]).abs().max() <= 1e-6 * costs["vppcore"].min()
    beside = names["beside"]
    assert beside["within"].all() and beside.loc["gas", "unique"]
    said = words_twin.why_not_unique(beside, names["moving"], names["sending"])
    assert said.startswith("Why") and "0.010 yuan" in said
    other_fee = 2 * names["sending"]
    assert words_twin.why_not_unique(beside, names["moving"], other_fee) == ""


def test_the_twin_follows_changed_numbers():
    values = {"gas_price": 2.5, "trade_limit": 500.0}
    twins = run("twin-together", **values)["together_cost"]
    case = load_case("paper-a-parent")
    before = pool(case, storage="relaxed").cost
    after = pool(changed(case, values), storage="relaxed").cost
    assert twins == pytest.approx(after, rel=1e-6)
    assert abs(after - before) > 0.01 * before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("turbine_gas = turbine /", "turbine_gas = 1.0001 * turbine /"),
        ("crossing_fee * (given + received)", "crossing_fee * given"),
    ],
)
def test_a_changed_coefficient_is_seen(old, new):
    with pytest.raises(NotSolved, match="differs from vppcore's"):
        run("twin-answer", old, new)


def test_an_overlooked_plant_has_no_schedule_at_all():
    with pytest.raises(NotSolved, match="no optimum, the solver says infeasible"):
        run("twin-alone", "turbine_heat + heat + boiler", "turbine_heat + boiler")


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("paper-b", "found micro_turbine"),
        ("simbench-semiurb", "a horizon of 168 hours"),
        ("template", "found no gas_turbine; allowed on this page: "),
        ("templates/homes", "Oak: found heat_pump; allowed on this page: "),
        ("templates/feeder", "found no chp_p2g_ccs; allowed on this page: "),
    ],
)
def test_cases_with_other_plants_or_longer_horizons_are_refused(case, said):
    assert said in refusal_of(case)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("case.yaml", "steps: 24", "steps: '24'", "case.yaml, steps: found '24', a text"),
        ("units.csv", ",", "\t", "units.csv: found no column value between commas"),
        ("series.csv", ",", "\t", "series.csv: found no column grid_buy_yuan_per_kwh between"),
        ("units.csv", "kWh", "kWhh", "found unit 'kWhh'"),
    ],
)
def test_files_that_pandas_does_not_read_as_the_page_asks_are_refused(
    tmp_path, file, old, new, said
):
    folder = tmp_path / "mine"
    shutil.copytree(DATA / "paper-a-parent", folder)
    text = (folder / file).read_text(encoding="utf-8").replace(old, new)
    (folder / file).write_text(text, encoding="utf-8")
    assert said in refusal_of(str(folder))


def test_solvers_that_linopy_does_not_share_are_refused():
    assert refusal_of("paper-a", solver="clarabel").startswith("solver: found 'clarabel'")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "MW"}, "found the unit MW; allowed on this page: kW"),
        ({"parameter": "colour"}, "found no equation for it"),
        ({"parameter": "cost_quadratic", "value": "1"}, "found 1; allowed on this page: 0"),
    ],
)
def test_numbers_without_an_equation_are_refused(change, said):
    about = yaml.safe_load((DATA / "paper-a-parent/case.yaml").read_text())
    rows = pd.read_csv(DATA / "paper-a-parent/units.csv", dtype={"value": object})
    place = rows.index[rows["component"] == "gas_turbine"][0]
    for column, value in change.items():
        rows.loc[place, column] = value
    with pytest.raises(WrongInput) as refused:
        twin.completed(rows, about)
    assert said in str(refused.value)


def test_a_vpp_without_a_unit_has_one_of_no_power():
    rows, _ = rows_of("paper-a-parent")
    power = rows[rows["parameter"] == "power_max"].set_index(["vpp", "component"])["value"]
    assert power["VPP2", "gas_turbine"] == power["VPP1", "chp_p2g_ccs"] == 0
    assert power["VPP1", "gas_turbine"] > 0


def test_sentences_say_what_came_out():
    costs = pd.DataFrame(
        {"linopy": [2.0, 3.0, 4.0], "vppcore": [2.0, 3.0, 4.0], "apart (millionths)": 0.0},
        index=["A", "B", "together"],
    )
    first, second = words_twin.same_costs(costs)
    assert first.startswith("Yes") and "2 VPPs cost 5.00 yuan alone" in second
    costs.loc["B", "apart (millionths)"] = 2.0
    assert words_twin.same_costs(costs)[0].startswith("No")
    prices = pd.DataFrame({"linopy least": [0.2], "vppcore least": [0.2]})
    assert words_twin.prices_differ(prices).startswith("Both")
    prices["linopy least"] = 0.1
    assert words_twin.prices_differ(prices).startswith("Where the two differ")
