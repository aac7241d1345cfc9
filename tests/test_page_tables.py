"""Tables and runs behind the pages of study A, on a reader's cases: other names, labels, tariffs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import battery, case, grid, load, pv, seller_and_buyer, vpp

from vppcore import alone, bargain, cooperate, dispatch, pool, worst_case
from vppcore.bargaining.weights import bargaining_weights
from vppcore.components import Renewable
from vppcore.cooperation.ends import choices_of
from vppcore.pages import experiments, figures, tables
from vppcore.uncertainty.settings import Uncertainty, at_level
from vppcore.uncertainty.worst_day import enumerate_days

PRICES = {"buy": [0.5, 1.0], "sell": [0.1, 0.2]}


def two_houses():
    """Two loads and two plants, a tariff for each VPP, and names that no paper has."""
    roofs = (pv(4, 8), Renewable(label="mill", forecast=np.array([1.0, 1.0])))
    loads = (load(10, 20, label="sauna"), load(5, 5, label="house"))
    first = vpp(*loads, *roofs, grid(**PRICES, label="main"), name="Up <b>")
    second = vpp(load(7, 7), grid([0.9, 0.9], [0.1, 0.1]), name="Down")
    made = case(first, second)
    object.__setattr__(made, "series", pd.DataFrame(index=pd.RangeIndex(1, 3, name="step")))
    return made


def test_loads_and_plants_of_a_vpp_are_added():
    there = two_houses()
    assert tables.demand(there, "load")["Up <b>"].tolist() == [15.0, 25.0]
    assert tables.demand(there, "heat").empty
    assert tables.available(there).to_dict("list") == {"Up <b>": [5.0, 9.0]}


def test_tariffs_are_shown_once_if_they_are_one():
    assert list(tables.tariff(two_houses())) == [
        "Up <b> main, purchase",
        "Up <b> main, feed-in",
        "Down grid, purchase",
        "Down grid, feed-in",
    ]
    one = seller_and_buyer()
    object.__setattr__(one, "series", pd.DataFrame(index=pd.RangeIndex(1, 3)))
    assert tables.tariff(one).to_dict("list") == {"purchase": [1.0, 1.0], "feed-in": [0.2, 0.2]}


def test_the_exchange_names_partners_and_grid_whatever_they_are_called():
    result = pool(two_houses()).dispatches["Up <b>"]
    table = tables.exchange(result)
    assert list(table) == ["Down", "buy", "sell"]
    assert figures.exchange(result).get_ylabel().startswith("power (kW)")
    lonely = dispatch(two_houses().vpps[0])
    assert list(tables.exchange(lonely)) == ["buy", "sell"]


def test_a_labelled_load_is_drawn_as_load():
    result = dispatch(two_houses().vpps[0])
    labels = figures.balance(result).get_legend_handles_labels()[1]
    assert "load served" in labels and "sauna" not in labels


def test_balances_are_kept_and_drawn_where_they_are():
    result = dispatch(two_houses().vpps[0])
    assert list(tables.balances(result, "electricity", "heat", prefix="f_")) == ["f_electricity"]
    figures.plt.close("all")
    figures.balances([result, result], ["electricity", "heat", "gas"])
    assert len(figures.plt.gcf().axes) == 2
    figures.plt.close("all")
    figures.balances([result], ["heat"])
    figures.worst_days({}, {})
    assert not figures.plt.get_fignums()


def test_cost_alone_is_that_of_the_schedules(alone, parent):
    costs = tables.cost_alone(alone)
    assert costs.to_dict() == {name: schedule.cost for name, schedule in alone.items()}
    # the numbers from which the model was rebuilt
    assert costs["VPP1"] == pytest.approx(21745.84, abs=0.05)
    assert costs["VPP2"] == pytest.approx(28770.21, abs=0.05)
    assert costs["VPP3"] == pytest.approx(23035.44, abs=0.05)


def test_a_column_shows_more_than_zeros_where_a_household_is_small():
    table = pd.DataFrame(
        {"traded (MWh)": [0.0, 0.00638], "gap (yuan)": [1e-9, 2e-8], "none": [0.0, 0.0]}
    )
    shown = tables.on_page(table, dict.fromkeys(table, 1)).data
    assert shown["traded (MWh)"].tolist() == ["0.00000", "0.00638"]
    assert shown["gap (yuan)"].tolist() == ["0.0", "0.0"] == shown["none"].tolist()
    whole = tables.on_page(pd.DataFrame({"gain": [1.189, 0.437], "cost": [37.4, 2.2]})).data
    assert whole.to_numpy().tolist() == [["1.19", "37"], ["0.44", "2"]]


def test_firmness_splits_one_saving_by_every_rule(together):
    splits = pd.DataFrame({"VPP1": [500.0], "VPP2": [300.0], "VPP3": [100.0]}, ["one"])
    table = tables.firmness(splits, together.trades)
    assert list(table.index) == ["one", "rule: equal", "rule: energy"]
    assert table.loc["rule: equal"].tolist() == pytest.approx([300.0] * 3)
    assert table.sum(axis=1).tolist() == pytest.approx([900.0] * 3)


def test_optimal_trades_split_one_saving_and_come_from_the_case():
    there = seller_and_buyer()
    made = experiments.agree(there, "contribution")
    splits = experiments.optimal_splits(there, "contribution", made)
    saving = made.split.gains.sum()
    assert splits.sum(axis=1).tolist() == pytest.approx([saving] * len(splits))
    gains = made.split.gains.to_dict()
    assert splits.loc["negotiated (this page)"].to_dict() == pytest.approx(gains)
    by_hand = bargaining_weights(pool(there).trades, "contribution") * saving
    assert splits.loc["joint optimum"].to_dict() == pytest.approx(by_hand.to_dict())


def test_the_ends_of_the_optimal_trades_split_one_saving():
    """Second road: the flattest row by hand, from the joint optimum."""
    there = seller_and_buyer()
    made = experiments.agree(there, "contribution")
    ends = experiments.splits_at_ends(there, "contribution", made)
    assert list(ends.index) == choices_of(there.names)
    saving = made.split.gains.sum()
    assert ends.sum(axis=1).tolist() == pytest.approx([saving] * len(ends))
    by_hand = bargaining_weights(pool(there, flattest=True).trades, "contribution") * saving
    assert ends.loc["flattest"].to_dict() == pytest.approx(by_hand.to_dict())


def test_an_agreement_is_what_its_three_calls_give():
    there = seller_and_buyer()
    found = experiments.agree(there, "equal", tolerance=1e-4)
    costs = tables.cost_alone(alone(there))
    assert tables.cost_alone(found.alone).to_dict() == pytest.approx(costs.to_dict())
    assert found.together.cost == pytest.approx(pool(there).cost, rel=1e-4)
    again = bargain(there, found.alone, found.together, weights="equal")
    assert found.split.gains.to_dict() == pytest.approx(again.gains.to_dict())


def test_a_negotiation_is_repeated_under_each_setting():
    there = seller_and_buyer()
    runs = [dict(order="parallel"), dict(penalty=0.05, balancing=True)]
    table = experiments.negotiate_each(there, runs, penalty=0.02, tolerance=1e-3)
    assert table["order"].tolist() == ["parallel", "sequential"]
    assert table["starting penalty"].tolist() == [0.02, 0.05]
    assert table["balancing"].tolist() == [False, True]
    alike = cooperate(there, penalty=0.02, order="parallel", max_iterations=2000)
    assert table["iterations"].iloc[0] == alike.iterations
    assert (table["certified gap"] < 1e-2).all()


# --- uncertainty ----------------------------------------------------------------------------------
def a_house():
    return vpp(load(10, 20, 5), pv(4, 8, 0), battery(), grid([1, 2, 1], [0, 0, 0]), name="House")


def test_no_random_day_costs_more_than_the_worst_and_some_day_costs_as_much():
    doubt = Uncertainty({"load": 1, "pv": 1}, 0.2)
    worst = enumerate_days(a_house(), doubt)
    tried = experiments.random_days(a_house(), doubt, 40)
    assert len(tried) == 40 and max(tried) == pytest.approx(worst) and min(tried) < worst
    assert tried == experiments.random_days(a_house(), doubt, 40)
    assert tried != experiments.random_days(a_house(), doubt, 40, seed=2)


def test_forecast_and_worst_case_add_all_that_follow_a_series():
    there = two_houses().vpps[0]
    doubt = Uncertainty({"load": 1, "pv": 1}, {"load": 0.1, "pv": 0.5})
    hits = pd.DataFrame({"load": [0, 1], "pv": [1, 0]}, pd.RangeIndex(1, 3, name="step"))
    found = tables.forecast_and_worst(there, doubt, hits)
    assert found["load"]["forecast"].tolist() == [15.0, 25.0]
    assert found["load"]["worst case"].tolist() == pytest.approx([15.0, 27.5])
    assert found["pv"]["worst case"].tolist() == pytest.approx([2.0, 8.0])
    assert figures.worst_days(found, {"load": [2]}) is None


def test_hours_and_prices_of_a_worst_day():
    day = worst_case(a_house(), Uncertainty({"load": 1, "pv": 1}), canonical=True)
    listed = tables.hit_hours({"House": day})
    assert listed.loc["load", "House"] == "2"
    cost = tables.worst_days({"House": day})
    assert cost.loc["House", "more"] == pytest.approx(day.cost - day.nominal)
    prices = pd.DataFrame(
        {"forecast day": [1.0, 2.0, 1.0], "worst day": [1.5, 3.0, 1.0]}, [1, 2, 3]
    )
    span = tables.price_span(prices, day.hits)
    assert span.loc["load hit", ("worst day", "highest")] == 3.0
    assert span["forecast day"]["hours"].to_dict() == {"load hit": 1, "load not hit": 2}


def test_gains_by_level_leave_out_levels_without_a_saving():
    there = seller_and_buyer()
    days = {v.name: worst_case(v, at_level(0)) for v in there.vpps}
    coalition = cooperate(there)
    nothing = SimpleNamespace(cost=sum(day.cost for day in days.values()))
    splits = experiments.gains_by_level(there, {0: (days, coalition), 2: (days, nothing)})
    table = tables.gains_by_level(splits, there.names)
    assert list(table.index) == [0] and list(table) == ["seller", "buyer", "prices bound"]
    saving = sum(day.cost for day in days.values()) - coalition.cost
    assert table.loc[0, there.names].sum() == pytest.approx(saving, rel=1e-6)


def test_energy_of_schedules_counts_each_kwh_once():
    trades = pd.DataFrame({("A", "B"): [1000.0, -500.0], ("B", "A"): [-1000.0, 500.0]})
    energy = tables.energy_traded({"alone": None, "nominal": trades}, 0.5)
    assert energy.to_dict() == {"nominal": 0.75}


def test_the_price_of_robustness_is_what_costs_more_than_nominal():
    columns = ["mean", "95 % quantile", "mean of worst 5 %", "worst"]
    risk = pd.DataFrame([[1.0, 5, 6, 7], [2.0, 4, 3, 7]], ["nominal", "robust 4"], columns)
    price = tables.price_of_robustness(risk, ["robust 4"])
    assert price.loc["robust 4"].tolist() == [1.0, -1.0, -3.0]


def test_the_ledger_s_page_shows_printed_numbers_with_their_unit():
    verdicts = pd.DataFrame(
        {
            "statement": ["<i>saves</i>", "rises"],
            "value": [10780.45, np.nan],
            "unit": ["yuan/day", np.nan],
            "ours": ["1", "2"],
            "verdict": ["reproduced"] * 2,
            "reason": ["", "why"],
            "fitted": ["", ""],
        },
        index=["A01", "A14"],
    )
    page = tables.ledger_page(verdicts)
    assert page.data["printed"].tolist() == ["10,780.45 yuan/day", "–"]
    assert page.data["verdict"].tolist() == ["reproduced", "reproduced: why"]
    assert "<i>" not in page.to_html()


def test_printed_levels_are_the_paper_s():
    table = tables.published_levels().set_index("claim")
    assert table.loc["A13", ["mode", "level", "yuan"]].tolist() == ["together", 8, 98960]


def test_what_is_shed_is_on_the_page_where_there_is_any():
    columns = {"alone": [100.0], "together": [90.0], "saving": [10.0], "saving (%)": [10.0]}
    sweep = pd.DataFrame(columns | {"shed alone": [0.0], "shed together": [0.0]}, [2])
    assert list(tables.costs_by_level(sweep)) == ["alone", "together", "saving", "saving (%)"]
    shed = tables.costs_by_level(sweep.assign(**{"shed alone": 946.4}))
    assert shed.loc[2, "shed alone (kWh)"] == 946 and "shed together (kWh)" not in shed
    moved = pd.Series({"nominal": 1.23, "robust 4": 2.0}, name="traded (MWh)")
    calm = SimpleNamespace(cost=1234.4, shed=pd.Series([0.0]))
    table = tables.promises(moved, {"robust 4": calm})
    assert table["guaranteed (yuan)"].tolist() == ["", "1,234"] and "shed (kWh)" not in table
    calm.shed = pd.Series([1.0, 2.0])
    assert tables.promises(moved, {"robust 4": calm}).loc["robust 4", "shed (kWh)"] == "3"
