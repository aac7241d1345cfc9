"""VPPs without a grid: their price bands, costs by an independent program, and why no schedule exists."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import array, battery, case, grid, load, pv, vpp
from case_files import SERIES, write
from independent_cluster import cheapest

from vppcore import (
    NotSolved,
    Uncertainty,
    alone,
    bargain,
    cooperate,
    dispatch,
    load_case,
    pool,
    robust_coalition,
)
from vppcore.bargaining.band import bands_of, outage_cost, terms_of, widest_band
from vppcore.components import Boiler, GasSupply, HeatLoad, MicroTurbine
from vppcore.fairness import coalition_values
from vppcore.fleet import pool_by_exchange, price_newton
from vppcore.pages import checks, live, tables, words_cooperation
from vppcore.reading import DATA


def turbine(most: float, cost: float) -> MicroTurbine:
    return MicroTurbine(power_max=most, cost_linear=cost)


def sheddable(*demand: float, cost: float):
    return load(*demand, curtail_share=1.0, curtail_cost=cost)


def two_islands():
    """A has sun at noon and may be shed for 8, B has an engine and may be shed for 10."""
    one = vpp(sheddable(2, 3, 4, cost=8.0), pv(0, 9, 1), battery(energy_start=0.0), name="A")
    other = vpp(sheddable(3, 5, 4, cost=10.0), turbine(4, 1.2), name="B")
    return case(one, other, limit=3.0, crossing_fee=0.01)


MEMBERS = {
    "A": dict(load=[2, 3, 4], cut=(1.0, 8.0), pv=[0, 9, 1]),
    "B": dict(load=[3, 5, 4], cut=(1.0, 10.0), turbine=(4.0, 1.2)),
}


# --- costs, by an independent program -------------------------------------------------------------
def without_store(both):
    one, other = both.vpps
    parts = tuple(part for part in one.components if part.role != "store")
    return case(vpp(*parts, name="A"), other, limit=3.0, crossing_fee=0.01)


def test_costs_alone_and_together_are_those_of_an_independent_program():
    both = without_store(two_islands())
    for name, member in MEMBERS.items():
        assert dispatch(both.vpp(name)).cost == pytest.approx(cheapest({name: member})[0])
    together, _ = cheapest(MEMBERS, limit=3.0, fee=0.01)
    assert pool(both).cost == pytest.approx(together)
    made = cooperate(both)
    assert made.certificate.lower <= together * (1 + 1e-6) and together <= made.cost * (1 + 1e-6)
    assert pool_by_exchange(both).cost == pytest.approx(together)
    assert price_newton(both).upper == pytest.approx(together, rel=1e-6)


def test_one_member_without_a_grid_among_those_with_one():
    island = vpp(load(2, 3, 4), turbine(5, 1.5), name="A")
    other = vpp(load(3, 5, 4), grid([1, 2, 1], [0.1] * 3), name="B")
    members = {
        "A": dict(load=[2, 3, 4], turbine=(5.0, 1.5)),
        "B": dict(load=[3, 5, 4], buy=[1, 2, 1], sell=[0.1] * 3),
    }
    both = case(island, other, limit=2.0, crossing_fee=0.01)
    together, _ = cheapest(members, limit=2.0, fee=0.01)
    assert pool(both).cost == pytest.approx(together)
    split = bargain(both, alone(both), pool(both))
    assert split.gains.min() > 0
    assert "A has no grid and no outage cost; its prices end at the marginal price" in split.note
    assert "B has no grid" not in split.note


# --- the band -------------------------------------------------------------------------------------
def test_an_outage_cost_is_that_of_the_dearest_load_that_may_be_shed():
    assert outage_cost(two_islands().vpp("A")) == 8.0
    two = vpp(sheddable(1, 1, cost=3.0), load(1, 1, label="ward"), turbine(9, 1))
    assert outage_cost(two) is None  # the ward must be served
    wholly = two.change("ward", curtail_share=1.0, curtail_cost=50.0)
    assert outage_cost(wholly) == 50.0


def test_an_island_s_band_runs_from_nothing_to_its_outage_cost():
    terms = terms_of(two_islands().vpp("B"))
    assert terms.feed_in.tolist() == [0, 0, 0] and terms.purchase.tolist() == [10, 10, 10]
    assert "B has no grid; its prices end at its outage cost of 10 yuan/kWh" == terms.remark("B")


def test_without_an_outage_cost_it_is_the_marginal_price_alone():
    """An engine at 1.2 that runs, sun that is spilled, and an engine at 2.0 beside it."""
    plant = vpp(load(3, 3, 8), pv(0, 9, 0), turbine(5, 1.2), name="A")
    plant = plant.adding(MicroTurbine(label="old", power_max=5, cost_linear=2.0))
    terms = terms_of(plant)
    assert terms.purchase == pytest.approx([1.2, 0.0, 2.0], abs=1e-7)
    assert terms.feed_in == pytest.approx(terms.purchase)
    assert "0 to 2 yuan/kWh" in terms.remark("A")


def test_a_pair_s_band_lies_between_two_marginal_prices():
    cheap = vpp(load(1, 1), turbine(9, 0.5), name="A")
    dear = vpp(load(2, 2), turbine(9, 1.5), name="B")
    both = case(cheap, dear)
    band = bands_of(both, {("A", "B"): array(-2, -2)})["A", "B"]
    assert band["low"].tolist() == pytest.approx([0.5, 0.5])
    assert band["high"].tolist() == pytest.approx([1.5, 1.5])
    split = bargain(both, alone(both), pool(both), weights="equal")
    assert split.gains.tolist() == pytest.approx([2.0, 2.0])
    assert split.prices["A", "B"].tolist() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("method", ["closed form", "conic", "admm"])
def test_islands_bargain_on_every_road(method):
    both = two_islands()
    apart, together = alone(both), pool(both)
    split = bargain(both, apart, together, method=method)
    saving = sum(plan.cost for plan in apart.values()) - together.cost
    assert split.method == method
    assert split.gains.sum() == pytest.approx(saving, rel=1e-6)
    assert split.gains.min() > 0
    assert checks.inside_band(split, widest_band(both))[0]
    assert split.note.count("has no grid; its prices end at its outage cost") == 2


def test_an_island_tells_where_its_prices_come_from_and_others_do_not():
    island = vpp(load(2, 3, 4), turbine(5, 1.5), name="A")
    other = vpp(load(3, 5, 4), grid([1, 2, 1], [0.1] * 3), name="B")
    both = case(island, other, limit=2.0)
    crossed = bargain(both, alone(both), pool(both)).crossings
    assert crossed.loc[crossed["kind"] == "source of its prices", "VPP"].tolist() == ["A"]


def test_the_page_says_where_the_band_comes_from():
    both = two_islands()
    together = pool(both)
    split = bargain(both, alone(both), together)
    said = words_cooperation.place_in_band(split, together.trades, together.resolution)
    assert "A has no grid; its prices end at its outage cost of 8 yuan/kWh." in said


def test_a_robust_coalition_of_islands_is_bargained_over():
    both = without_store(two_islands())
    doubt = Uncertainty({"load": 1}, deviation=0.1)
    ready = robust_coalition(both, doubt)
    assert ready.cost >= pool(both).cost - 1e-6
    split = bargain(both, alone(both), pool(both))
    assert split.gains.sum() > 0


def test_tables_and_live_pages_take_a_case_without_a_grid(capsys):
    both = two_islands()
    assert tables.price_range(both).empty
    assert live.who_sends_to_whom(both) == ""
    assert "allowed here: a grid in every VPP" in capsys.readouterr().out


# --- why there is no schedule ---------------------------------------------------------------------
def test_an_island_that_lacks_power_is_told_what_when_and_how_to_say_what_it_costs():
    hut = vpp(load(2, 7, 3), turbine(5, 1), name="Hut")
    with pytest.raises(NotSolved) as refused:
        alone(case(hut))
    assert str(refused.value) == (
        "Hut: infeasible; electricity lacks 2.0 kW in step 2 (1 step(s) in all): electric_load "
        "needs at least 7.0 kW, and micro_turbine can give at most 5.0 kW (it has no grid; "
        "curtail_share 1 and curtail_cost of electric_load would say what an outage costs)"
    )
    rescued = hut.change("electric_load", curtail_share=1.0, curtail_cost=9.0)
    assert dispatch(rescued).cost == pytest.approx(2 + 5 + 3 + 2 * 9)


def test_a_vpp_with_a_grid_hears_nothing_of_outages():
    shop = vpp(load(2, 7, 3), grid([1] * 3, [0] * 3, buy_max=5.0))
    with pytest.raises(NotSolved) as refused:
        alone(case(shop))
    assert "outage" not in str(refused.value)


def lacking():
    """Both lack power in step 2, where 3 of B's 4 kW are missing however A helps with its 1 kW."""
    one = vpp(load(1, 2, 1), turbine(3, 1), name="A")
    other = vpp(load(1, 6, 1), turbine(2, 1), name="B")
    return case(one, other, limit=9.0)


@pytest.mark.parametrize("road", [pool, cooperate, pool_by_exchange])
def test_what_is_missing_in_spite_of_all_trades_is_told_where_it_arises(road):
    with pytest.raises(NotSolved) as refused:
        road(lacking())
    sentence = str(refused.value)
    assert refused.value.status == "infeasible"
    assert sentence.startswith("A and B together: infeasible, whatever they trade; B: electricity")
    assert "lacks 3.0 kW in step 2 (1 step(s) in all)" in sentence
    assert "other VPPs, steps or carriers hold back" in sentence


def test_a_member_that_lacks_heat_is_named_alone():
    heating = (Boiler(heat_max=1.0, efficiency=0.9), GasSupply(price=1.0, calorific_value=10.0))
    cold = vpp(load(1, 1), HeatLoad(forecast=array(3, 3)), *heating, turbine(3, 1), name="A")
    with pytest.raises(NotSolved, match=r"A: infeasible; heat lacks 2\.0 kW in step 1 \(2 step"):
        pool(case(cold, vpp(load(1, 1), turbine(2, 1), name="B")))


def test_the_values_of_coalitions_say_who_cannot_stand_alone():
    one = vpp(load(1, 2, 1), turbine(9, 1), name="A")
    other = vpp(load(1, 6, 1), turbine(2, 1), name="B")
    both = case(one, other, limit=9.0)
    assert pool(both).cost == pytest.approx(12)
    with pytest.raises(NotSolved, match=r"B: infeasible; electricity lacks 4\.0 kW in step 2"):
        coalition_values(both)


# --- files and the page ---------------------------------------------------------------------------
ISLANDS = """\
vpp,component,parameter,value,unit,source,status
Home,electric_load,curtail_share,100,%,made up,assumed
Home,electric_load,curtail_cost,8,yuan/kWh,made up,assumed
Home,renewable.pv,rating,50,kW,made up,assumed
Shop,electric_load,curtail_share,100,%,made up,assumed
Shop,electric_load,curtail_cost,8,yuan/kWh,made up,assumed
Shop,micro_turbine,power_max,40,kW,made up,assumed
Shop,micro_turbine,cost_linear,1.2,yuan/kWh,made up,assumed
all,tie,limit,25,kW,made up,assumed
"""


def test_a_case_of_islands_needs_no_tariff(tmp_path):
    rows = [",".join(line.split(",")[:4]) for line in SERIES.splitlines()]
    files = {"units.csv": ISLANDS, "series.csv": "\n".join(rows) + "\n"}
    islands = load_case(write(tmp_path, files))
    split = bargain(islands, alone(islands), pool(islands))
    assert split.gains.min() > 0
    assert isinstance(widest_band(islands), pd.DataFrame)
    assert split.is_band_of_all(widest_band(islands))  # one outage cost is one band
    assert np.ptp(widest_band(islands)["high"]) == 0


def test_the_page_s_sentence_is_what_the_program_says():
    page = " ".join((DATA.parent / "book" / "own-case.md").read_text(encoding="utf-8").split())
    assert "its prices end at its outage cost of 10 yuan/kWh" in page
