"""Pages of small cases, and of cases without a grid: no noise, no -0, no share of nothing."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from vppcore import VPP, dispatch
from vppcore.components import ElectricLoad, Grid, Renewable
from vppcore.misreports import Lies
from vppcore.pages import (
    experiments,
    figures,
    pictures,
    tables,
    tables_c,
    words_c,
    words_uncertainty,
    words_vpp,
)
from vppcore.uncertainty.settings import at_level
from vppcore.uncertainty.worst_day import enumerate_days, worst_case

ALONE = pd.DataFrame({"cost": [1203.5, 3.3e-14], "none": [0.0, 0.0]}, index=["Farm", "Mill"])


def test_what_rounding_leaves_of_nothing_is_a_zero_in_a_table_with_few_digits():
    shown = tables.on_page(pd.DataFrame({"Mill": [0.0, 3.3e-14], "Farm": [1203.5, 0.0]})).data
    assert list(shown["Mill"]) == ["0", "0"]


def test_a_small_number_beside_a_large_one_keeps_its_digits():
    shown = tables.on_page(pd.DataFrame({"cost": [62_000.0], "gap": [3.2e-5]})).data
    assert shown.loc[0, "gap"] == "0.0000320"


def test_a_description_has_no_minus_before_zero_and_no_noise():
    assert pictures.rounded(-0.0) == "0"
    table = pd.DataFrame({"trade": [-1.7e-13, 41.3]}, index=["Shop", "Home"])
    assert pictures.table_in_words(table) == "trade from 0 (at Shop) to 41.3 (at Home)."


@pytest.fixture(scope="module")
def mill():
    parts = (ElectricLoad(forecast=[10.0, 20.0]), Renewable(forecast=[30.0, 30.0]))
    return dispatch(VPP("Mill", parts, steps=2))


def test_a_vpp_without_a_grid_is_said_to_have_none(mill):
    assert words_vpp.with_the_grid(mill, 1.0) == "Mill has no grid."


def test_carriers_of_which_nothing_flows_are_named_and_not_drawn(mill):
    said = words_vpp.empty_accounts(mill, "gas", "carbon")
    assert said == "Of gas and carbon nothing is drawn: none flows at Mill."
    assert words_vpp.empty_accounts(mill, "electricity") == ""
    before = len(figures.plt.get_fignums())
    figures.balances([mill], ["gas", "carbon"])
    assert len(figures.plt.get_fignums()) == before


def test_gains_are_drawn_in_a_unit_that_suits_them():
    gains = pd.DataFrame({"equal": [0.88, 0.88]}, index=["Oak", "Elm"])
    assert figures.gains(gains).get_ylabel() == "gain (yuan)"
    assert figures.gains(1e4 * gains).get_ylabel() == "gain (1000 yuan)"


def test_small_gains_of_lies_have_digits():
    best = pd.DataFrame({"equal": [0.0, 0.932]}, index=["Oak", "Elm"])
    lies = pd.DataFrame({"equal": ["", "load +5 %"]}, index=["Oak", "Elm"])
    told = tables_c.what_lies_gain(Lies(best, best, lies, best))
    assert list(told["equal"]) == ["nothing", "0.932 (load +5 %)"]


def test_limits_that_cost_nothing_take_nothing():
    stable = pd.DataFrame({"in the core": [True]}, index=["nucleolus"])
    said = words_c.feeder_takes(7e-15, -0.172, stable)
    assert said.startswith("The feeder's limits take nothing from the saving of all")


def test_an_item_that_only_the_coalition_has_may_change_a_bill_most():
    apart = pd.DataFrame({"Mill": [3e-14, 0.0]}, index=["demand response", "total"])
    index = ["demand response", "crossing fee", "total"]
    together = pd.DataFrame({"Mill": [0.0, 15.0, 15.0]}, index=index)
    said = words_c.own_schedule("Mill", apart, together)
    assert "crossing fee grows by 15" in said


def test_energy_and_power_are_in_units_that_suit_them():
    energy = pd.DataFrame({"energy (kWh)": [23.1, 18.4]}, index=["Oak load", "Elm load"])
    assert tables_c.energy_by_kind(energy).loc["load", "kWh in all"] == pytest.approx(41.5)
    assert list(tables_c.energy_by_kind(1000 * energy)) == ["MWh in all"]


def test_columns_of_a_table_may_be_numbers_texts_or_twice_the_same():
    frame = pd.DataFrame([[1e3, 1e-13, "x"], [2e3, 5.0, "y"]], columns=[12, 12, "word"])
    shown = tables.on_page(frame).data
    assert list(shown.iloc[:, 1]) == ["0", "5"] and list(shown.iloc[:, 2]) == ["x", "y"]


# --- under uncertainty ----------------------------------------------------------------------------
SWEEP = pd.DataFrame(
    {"alone": [51.457, 57.139], "together": [48.813, 54.509], "saving": [2.644, 2.63]}, index=[0, 4]
).assign(**{"saving (%)": [5.14, 4.6], "shed alone": 0.0, "shed together": 0.0})


def test_guaranteed_costs_of_a_household_are_not_rounded_to_tens():
    shown = tables.levels_on_page(SWEEP).data
    assert shown.loc[0].to_list() == ["51.46", "48.81", "2.64", "5.1"]
    large = tables.levels_on_page(SWEEP * 1000).data
    assert large.loc[0, ["alone", "saving"]].to_list() == ["51,460", "2,640"]


def test_promises_of_a_household_are_in_kwh_and_have_the_digits_of_their_cost():
    moved = pd.Series({"robust 4": 0.0064}, name="traded (MWh)")
    calm = SimpleNamespace(cost=51.957, shed=pd.Series([0.0]))
    table = tables.promises(moved, {"robust 4": calm})
    assert table["traded (kWh)"].to_list() == [6.4]
    assert table["guaranteed (yuan)"].to_list() == ["51.96"]


def test_the_tail_is_enlarged_where_its_days_are_drawn():
    costs = pd.DataFrame({"alone": [46.9, 50.0, 55.8]})
    axes = figures.distributions(costs)
    figures.enlarge_tail(axes, costs)
    low, high = axes.get_xlim()
    assert 50 < low < high == pytest.approx(55.8)


def test_bounds_that_meet_are_not_said_to_be_a_solver_s_noise_apart():
    bounds = pd.DataFrame({"lower": [48.8, 52.0], "upper": [52.0, 52.0 + 1.4e-14]})
    said = words_uncertainty.bounds_meet(bounds, 2)
    assert said == "At level 2 the bounds begin 3.20 yuan apart and meet after 2 rounds."


def test_a_feeder_whose_limits_do_not_bind_has_no_price():
    day = SimpleNamespace(prices=pd.DataFrame({"electricity": [0.5, 1.1]}))
    noise = pd.DataFrame({"Oak": [1.9e-16, 0.0], "Elm": [0.0, 0.02]})
    agreed = SimpleNamespace(dispatches={"Oak": day}, network_prices=noise)
    found = tables_c.network_prices(agreed)
    assert found["Oak"].to_list() == [0.0, 0.0] and found["Elm"].to_list() == [0.0, 0.02]
    none = words_c.network_prices_said(found[["Oak"]])
    assert none == "No limit binds, so the feeder has no price."


def test_noise_in_a_column_of_texts_and_numbers_is_none():
    frame = pd.DataFrame({"excess": [137.0, 62.0], "least": [-1.8e-12, "none"]}, dtype=object)
    assert list(tables.on_page(frame).data["least"]) == ["0", "none"]


@pytest.mark.parametrize(
    ("steps", "series", "said"), [(4, 2, "each of two series"), (40, 1, "one")]
)
def test_all_days_of_one_step_can_be_tried_with_steps_of_any_length(steps, series, said):
    load, sun = 10.0 + np.arange(steps) % 3, 4.0 * (np.arange(steps) % 2)
    grid = Grid(buy_price=np.linspace(0.5, 1.0, steps), sell_price=np.zeros(steps))
    parts = (ElectricLoad(forecast=load), Renewable(label="pv", forecast=sun), grid)
    vpp = VPP("Home", parts, steps=steps, step_hours=0.25)
    doubt = at_level(2, series=("load", "pv"))
    small = experiments.few_days(vpp, doubt, ["load", "pv"])
    assert len(small.budgets) == series and set(small.budgets.values()) == {0.25}
    exact, searched = enumerate_days(vpp, small), worst_case(vpp, small).cost
    assert exact == pytest.approx(searched)
    told = words_uncertainty.tried_days([1.0], 2.0, exact, searched, small)
    assert f"a budget of one step for {said}" in told


def test_bills_of_a_household_have_cents_and_names_may_have_blanks():
    items = pd.DataFrame({"My home": [34.4, -8.3, 26.06]}, index=["gas", "sale", "total"])
    items["cluster"] = items["My home"]
    assert words_vpp.costs_alone(items) == "Alone My home pays 26.1 yuan."
    assert words_vpp.bills(items) == "The largest bill is gas, 34.4 yuan in all."
    assert list(tables.bills_on_page(items).data["cluster"]) == ["34.40", "−8.30", "26.06"]
