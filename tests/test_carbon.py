"""The stepped carbon price, four ways to charge it, and the orders between them that must hold whatever the numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import array, battery, grid, load, pv, solved_alone, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import VPP, NotSolved, WrongInput, dispatch, load_case
from vppcore.carbon import (
    MODELS,
    LadderPlan,
    carbon_models,
    carbon_row,
    emission,
    ladder_sweep,
    market_of,
)
from vppcore.components import CarbonMarket, ControllableLoad, MicroTurbine
from vppcore.uncertainty.settings import LIMITS, Uncertainty
from vppcore.uncertainty.worst_day import enumerate_days, worst_case

LADDER = CarbonMarket(price=0.28, interval=2000.0, growth=0.25, levels=5.0)  # 280 yuan/t, 2 t, 25 %
NAMES = ("VPP1", "VPP2", "VPP3", "VPP4", "VPP5")
CENT = 0.05  # yuan a day: what the quadratic solver leaves open of a cost of 50,000 to 90,000 yuan
FLAT, DEARER, AFTER, PLANNED = MODELS

ladders = st.builds(
    CarbonMarket,
    price=st.floats(0, 2),
    interval=st.floats(0.5, 50),
    growth=st.floats(0, 2),
    levels=st.integers(1, 8).map(float),
)


def integrated(market: CarbonMarket, excess: float) -> float:
    """The bill kg by kg: each interval of excess at its own price, the last without end, surplus at the first price."""
    if excess <= 0:
        return market.price * excess
    paid, left, step = 0.0, excess, 0
    while left > 0:
        part = left if step == market.levels - 1 else min(left, market.interval)
        paid += part * market.price * (1 + step * market.growth)
        left, step = left - part, step + 1
    return paid


# --- the ladder ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("tonnes", "yuan"), [(-1, -280), (0, 0), (2, 560), (4, 1260), (6, 2100), (8, 3080), (12, 5320)]
)
def test_bill_by_hand(tonnes, yuan):
    """280 yuan/t, then 350, 420, 490, and 560 beyond 8 t."""
    assert LADDER.bill(1000 * tonnes) == pytest.approx(yuan)
    assert integrated(LADDER, 1000 * tonnes) == pytest.approx(yuan)


def test_the_case_has_the_ladder_of_the_paper(handmade):
    for plant in handmade.vpps:
        market = market_of(plant)
        assert (market.price, market.interval, market.growth, market.levels) == pytest.approx(
            (0.28, 2000, 0.25, 5)
        )


@settings(max_examples=200)
@given(ladders, st.floats(-100, 600))
def test_bill_is_the_marginal_prices_integrated_piece_by_piece(market, excess):
    assert market.bill(excess) == pytest.approx(integrated(market, excess), rel=1e-9, abs=1e-9)


@settings(max_examples=200)
@given(ladders, st.floats(-100, 600), st.floats(-100, 600), st.floats(0, 1))
def test_bill_is_convex_and_rises(market, one, other, share):
    middle = share * one + (1 - share) * other
    assert market.bill(middle) <= share * market.bill(one) + (1 - share) * market.bill(other) + 1e-6
    assert market.bill(min(one, other)) <= market.bill(max(one, other)) + 1e-9


@settings(max_examples=100)
@given(st.floats(0, 2), st.floats(0.5, 50), st.floats(0, 2), st.floats(-100, 600))
def test_a_flat_price_is_one_step_or_no_growth(price, interval, growth, excess):
    one_step = CarbonMarket(price=price, interval=interval, growth=growth, levels=1.0)
    no_growth = CarbonMarket(price=price, interval=interval, growth=0.0, levels=5.0)
    assert one_step.bill(excess) == pytest.approx(price * excess)
    assert no_growth.bill(excess) == pytest.approx(price * excess)


@settings(max_examples=100)
@given(ladders, st.floats(-100, 600))
def test_more_steps_and_steeper_steps_never_make_it_cheaper(market, excess):
    bill = market.bill(excess)
    assert replace(market, levels=market.levels + 1).bill(excess) >= bill - 1e-9
    assert replace(market, growth=market.growth + 0.1).bill(excess) >= bill - 1e-9
    assert replace(market, interval=2 * market.interval).bill(excess) <= bill + 1e-9
    assert replace(market, price=2 * market.price).bill(excess) == pytest.approx(2 * bill)


@settings(max_examples=20)
@given(
    ladders,
    st.lists(st.floats(-100, 100), min_size=3, max_size=3),
    st.sampled_from([0.25, 1.0, 2.0]),
)
def test_what_the_model_pays_is_the_bill_of_all_steps_together(market, carbon, step_hours):
    run = solved_alone(market, 3, step_hours, fixed={"carbon": -np.array(carbon)})
    assert run.costs["carbon"] == pytest.approx(
        integrated(market, step_hours * sum(carbon)), abs=1e-5, rel=1e-6
    )


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        ({"levels": 2.5}, ["levels: found 2.5 -; allowed: a whole number"]),
        ({"levels": 0.0}, ["levels: found 0 -; allowed: 1 to 1000"]),
        ({"interval": 0.0}, ["interval: found 0 kg; allowed: 1e-09 or more"]),
        ({"growth": -0.1}, ["growth: found -0.1 -; allowed: 0 or more"]),
        ({"rise": "cubic"}, ["rise: found 'cubic'; allowed: linear, exponential"]),
        ({"reward_growth": -0.1}, ["reward_growth: found -0.1 -; allowed: 0 or more"]),
        (
            {"growth": 2.0, "levels": 100.0, "rise": "exponential"},
            [
                "levels: found 100, so that the last step costs 2.8e+29 yuan/kg; "
                "allowed: a last step below 1e+15 yuan/kg"
            ],
        ),
        (
            {"price": -0.1, "growth": -0.1},
            [
                "price: found -0.1 yuan/kg; allowed: 0 or more",
                "growth: found -0.1 -; allowed: 0 or more",
            ],
        ),
    ],
)
def test_a_wrong_ladder_is_refused_with_a_sentence_for_each_fault(change, sentences):
    with pytest.raises(WrongInput) as refused:
        vpp(load(10), grid([1], [0]), replace(LADDER, **change))
    assert refused.value.faults == [f"V, carbon_market: {sentence}" for sentence in sentences]


@pytest.mark.parametrize("change", [{"levels": np.nan}, {"price": np.nan}], ids=str)
def test_nan_is_refused_in_words(change):
    with pytest.raises(WrongInput, match="nan"):
        vpp(load(10), grid([1], [0]), replace(LADDER, **change))


# --- the ladder in a schedule -------------------------------------------------------------------------------------
def turbine_or_grid(
    market: CarbonMarket, emission: float = 0.3, quota: float = 0.3, cost: float = 0.75
) -> VPP:
    """Two hours of 100 kW, from a grid at 0.5 yuan/kWh with 0.6 kg/kWh above its quota or from a turbine of 100 kW."""
    unit = MicroTurbine(power_max=100.0, cost_linear=cost, emission=emission, carbon_quota=quota)
    return vpp(
        load(100, 100), unit, grid([0.5, 0.5], [0, 0], emission=1.0, carbon_quota=0.4), market
    )


def test_a_schedule_stops_where_the_next_step_would_begin():
    """Grid power costs 0.668, 0.71, then 0.752 yuan/kWh with its carbon, the turbine 0.75: 60 kg are bought, 100 kWh."""
    plant = turbine_or_grid(CarbonMarket(price=0.28, interval=30.0, growth=0.25, levels=5.0))
    result = dispatch(plant)
    assert result.series["carbon_market", "excess"].sum() == pytest.approx(60)
    assert result.costs["carbon"] == pytest.approx(30 * 0.28 + 30 * 0.35)
    assert result.cost == pytest.approx(100 * 0.5 + 100 * 0.75 + 18.9)


def test_quota_that_is_left_over_is_sold_at_the_first_price():
    """The turbine earns 0.3 kg/kWh of quota, 0.084 yuan: 0.576 against 0.668 of the grid's first step."""
    plant = turbine_or_grid(
        CarbonMarket(price=0.28, interval=30.0, growth=0.25, levels=5.0),
        emission=0.2,
        quota=0.5,
        cost=0.66,
    )
    result = dispatch(plant)
    assert result.series["carbon_market", "excess"].sum() == pytest.approx(-60)
    assert result.cost == pytest.approx(200 * 0.66 - 60 * 0.28)


@settings(max_examples=25)
@given(
    market=st.builds(
        CarbonMarket,
        price=st.floats(0, 1),
        interval=st.floats(5, 60),
        growth=st.floats(0, 1),
        levels=st.integers(1, 6).map(float),
    ),
    emission=st.floats(0, 1),
    quota=st.floats(0, 1),
    cost=st.floats(0.4, 1.2),
)
def test_the_optimum_is_that_of_a_fine_enumeration(market, emission, quota, cost):
    """All pairs of turbine powers on a net of 0.25 kW, billed piece by piece, not by the maximum of lines."""
    power = np.linspace(0, 100, 401)
    total = np.add.outer(power, power).ravel()
    excess = 0.6 * (200 - total) + (emission - quota) * total
    bills = {kg: integrated(market, kg) for kg in np.unique(excess)}
    found = 0.5 * (200 - total) + cost * total + np.array([bills[kg] for kg in excess])
    best = dispatch(turbine_or_grid(market, emission, quota, cost)).cost
    slope = 0.5 + 1.2 + 1.6 * market.price * (1 + market.growth * market.levels)
    assert best <= found.min() + 1e-6
    assert found.min() <= best + 0.25 * slope


@pytest.mark.parametrize("name", NAMES)
def test_the_carbon_cost_of_a_schedule_is_the_bill_of_its_excess(handmade, five, name):
    result, flows = five[name], five[name].balances["electricity"]
    bought, made = flows["grid"].clip(lower=0).sum(), flows["micro_turbine"].sum()
    excess = (0.85522 - 0.798) * bought + (
        0.60 - 0.55
    ) * made  # paper B (1)-(2), the case's numbers
    assert float(result.series["carbon_market", "excess"].sum()) == pytest.approx(excess, abs=1e-3)
    assert result.costs["carbon"] == pytest.approx(integrated(LADDER, excess), abs=1e-3)
    assert result.exact and result.cost == pytest.approx(result.costs.sum())


@pytest.mark.parametrize("name", NAMES)
def test_two_quadratic_solvers_find_one_schedule(handmade, five, name):
    """One cost to 1e-6, one schedule to 1e-4 MW: tolerances tighter than the solvers' own, since the cost is nearly flat."""
    other = dispatch(handmade.vpp(name), "osqp")
    assert five[name].solved.solver == "clarabel" and other.solved.solver == "osqp"
    assert other.cost == pytest.approx(five[name].cost, rel=1e-6)
    apart = (
        (other.balances["electricity"]["grid"] - five[name].balances["electricity"]["grid"])
        .abs()
        .max()
    )
    assert apart < 0.1  # 1e-4 MW


# --- four models --------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def models(handmade):
    return {plant.name: carbon_models(plant) for plant in handmade.vpps}


def check_orders(table, flat_price: float, dearer: float) -> None:
    """What follows from each model minimising its own sum, for any VPP and any ladder that starts at `flat_price`."""
    total, operation, excess = table["total"], table["operation"], table["excess"]
    # the ladder is nowhere below its first price, and only model 4 plans for it
    assert total[FLAT] <= total[PLANNED] + CENT and total[PLANNED] <= total[AFTER] + CENT
    # model 3 minimises operation cost alone
    assert (operation[AFTER] <= operation + CENT).all()
    # each flat optimum is a candidate of the other
    assert (
        (dearer - flat_price) * excess[DEARER] - CENT
        <= total[DEARER] - total[FLAT]
        <= (dearer - flat_price) * excess[FLAT] + CENT
    )
    assert (total == operation + table["carbon"]).all()


@pytest.mark.parametrize("name", NAMES)
def test_orders_of_the_four_models_are_theorems(models, name):
    """280 and 320 yuan/t, so that 40 E2 <= T2 - T1 <= 40 E1 with E in t."""
    check_orders(models[name], 0.28, 0.32)


@settings(max_examples=10)
@given(
    name=st.sampled_from(NAMES),
    price=st.floats(0.05, 0.8),
    interval=st.floats(300, 6000),
    growth=st.floats(0, 1),
    dearer=st.floats(1.05, 2),
    buying=st.floats(0.8, 1.4),
)
def test_orders_of_the_four_models_hold_for_other_numbers(
    handmade, name, price, interval, growth, dearer, buying
):
    plant = handmade.vpp(name)
    plant = plant.change("carbon_market", price=price, interval=interval, growth=growth)
    plant = plant.change("grid", buy_price=buying * plant.component("grid").buy_price)
    table = carbon_models(plant, flat_price=dearer * price)
    check_orders(table, price, dearer * price)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_recomputed(handmade, five, models, name):
    """Bills piece by piece; the last model is the VPP's own schedule."""
    table = models[name]
    prices = {
        FLAT: replace(LADDER, levels=1.0),
        DEARER: CarbonMarket(price=0.32),
        AFTER: LADDER,
        PLANNED: LADDER,
    }
    for model, market in prices.items():
        assert table["carbon"][model] == pytest.approx(
            integrated(market, table["excess"][model]), abs=1e-6
        )
    own, row = five[name], table.loc[PLANNED]
    flows = own.balances["electricity"]
    assert row["total"] == pytest.approx(own.cost, abs=1e-6) and row["carbon"] == pytest.approx(
        own.costs["carbon"], abs=1e-3
    )
    emitted = 0.85522 * flows["grid"].clip(lower=0).sum() + 0.60 * flows["micro_turbine"].sum()
    assert row["emission"] == pytest.approx(emitted, rel=1e-6)
    assert row["spilled"] == pytest.approx(
        float(own.series["renewable", "curtailed"].sum()), abs=1e-3
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_dearer_carbon_never_raises_the_excess(models, name):
    """A theorem too: of two convex bills whose difference rises with the excess, the steeper one gets the smaller excess."""
    excess = models[name]["excess"]
    assert (
        excess[DEARER] <= excess[FLAT] + 1
        and excess[PLANNED] <= excess[FLAT] + 1
        and excess[FLAT] <= excess[AFTER] + 1
    )


def test_without_growth_planning_for_the_ladder_is_the_flat_price(handmade):
    table = carbon_models(handmade.change("VPP1", "carbon_market", growth=0.0).vpp("VPP1"))
    assert table.loc[PLANNED].to_numpy() == pytest.approx(table.loc[FLAT].to_numpy(), rel=1e-9)


def test_the_published_emission_of_vpp1(models):
    """B07: Model 4 emits 1206.7 kg less than Model 1; B09: it spills less. Met by fitting."""
    table = models["VPP1"]
    assert table["emission"][FLAT] - table["emission"][PLANNED] == pytest.approx(1206.7, rel=1e-3)
    assert table["spilled"][PLANNED] < table["spilled"][FLAT]
    assert table["emission"].idxmax() == AFTER


def test_sweep_rows_are_the_planned_model_and_name_their_step(handmade):
    plant = handmade.vpp("VPP3")
    table = ladder_sweep(plant, prices=(0.2, 0.28), intervals=(1000.0, 2000.0), growths=(0.0, 0.25))
    assert len(table) == 8
    assert (table["step"] == np.clip(table["excess"] // table["interval"], 0, 4)).all()
    for row in table.itertuples():
        market = replace(LADDER, price=row.price, interval=row.interval, growth=row.growth)
        assert row.carbon == pytest.approx(integrated(market, row.excess), abs=1e-6)
    totals = table.set_index(["price", "interval", "growth"])["total"]
    for price in (
        0.2,
        0.28,
    ):  # a bill that is nowhere lower makes no day cheaper: with excess, growth and short steps cost
        assert (
            totals[price, 1000.0, 0.25]
            >= totals[price, 2000.0, 0.25] - CENT
            >= totals[price, 2000.0, 0.0] - 2 * CENT
        )
        assert totals[price, 1000.0, 0.0] == pytest.approx(
            totals[price, 2000.0, 0.0], abs=CENT
        )  # flat: no steps at all
    assert table[table["price"] == 0.28].iloc[-1]["total"] == pytest.approx(
        dispatch(plant).cost, abs=CENT
    )


@pytest.mark.parametrize("name", ["VPP1", "VPP3", "VPP5"])
def test_a_plan_for_many_ladders_is_each_ladder_s_own_dispatch(handmade, name):
    """One problem with the lines as parameters, against one problem stated for each ladder."""
    plant = handmade.vpp(name)
    plan = LadderPlan(plant, 5)
    for price, interval, growth, levels in (
        (0.28, 2000.0, 0.25, 5.0),
        (0.0, 2000.0, 0.25, 5.0),
        (0.5, 500.0, 1.0, 3.0),
        (0.28, 2000.0, 0.25, 1.0),
    ):
        market = replace(LADDER, price=price, interval=interval, growth=growth, levels=levels)
        planned = plan.dispatch(market)
        numbers = dict(price=price, interval=interval, growth=growth, levels=levels)
        stated = dispatch(plant.change("carbon_market", **numbers))
        assert planned.cost == pytest.approx(stated.cost, abs=CENT)
        assert planned.costs.to_dict() == pytest.approx(stated.costs.to_dict(), abs=1.0)
        assert planned.prices.columns.tolist() == stated.prices.columns.tolist()


def test_a_plan_turns_to_binaries_where_flows_overlap_and_explains_what_is_missing():
    """Negative prices: charging and discharging at once would earn money."""
    ladder = replace(LADDER, price=0.1, interval=1.0, growth=0.5, levels=3.0)
    full = battery(energy_start=20.0)
    plant = vpp(load(5, 5), full, grid([-1.0, 0.5], [-1.5, 0.2], emission=1.0), ladder)
    planned = LadderPlan(plant, 3).dispatch(ladder)
    stated = dispatch(plant)
    assert planned.exact and "mixed-integer" in planned.solved.kind
    assert planned.cost == pytest.approx(stated.cost, abs=1e-6)
    dark = vpp(load(5, 50), grid([1.0, 1.0], [0.0, 0.0], emission=1.0, buy_max=20.0), ladder)
    with pytest.raises(NotSolved, match="electricity lacks 30.0 kW in step 2") as refused:
        ladder_sweep(dark, [0.1], [1.0], [0.5])
    assert refused.value.status == "infeasible"


@pytest.mark.parametrize(
    "markets", [(), (LADDER, replace(LADDER, label="second"))], ids=["none", "two"]
)
def test_models_need_one_carbon_market(markets):
    with pytest.raises(WrongInput, match=rf"^V: found {len(markets)} carbon_market; allowed: one$"):
        carbon_models(vpp(load(10), grid([1], [0]), *markets))


def test_a_negative_flat_price_is_refused(handmade):
    with pytest.raises(WrongInput, match="price: found -0.1 yuan/kg; allowed: 0 or more"):
        carbon_models(handmade.vpp("VPP1"), flat_price=-0.1)


def test_equal_prices_with_emission_count_no_power_that_only_circulates():
    """Buying and selling at once would cost nothing and be billed: found in model 3, which does not look at carbon."""
    prices = grid([1, 1, 1], [1, 1, 1], emission=0.8, carbon_quota=0.7)
    plant = vpp(load(10, 10, 10), prices, CarbonMarket(price=0.0))
    for solver in ("auto", "clarabel"):
        result = dispatch(plant, solver)
        assert result.exact
        assert result.series["carbon_market", "excess"].sum() == pytest.approx(0.1 * 30, abs=1e-5)


def test_emission_is_excess_and_quota_together():
    plant = load_case("paper-a").vpp("VPP1")
    result = dispatch(plant)
    quota = sum(
        getattr(c, "carbon_quota", 0.0) * result.series[c.name, key].sum()
        for c, key in (
            (plant.component("wind"), "power"),
            (plant.component("gas_turbine"), "power"),
            (plant.component("boiler"), "heat"),
        )
    )
    assert emission(plant, result) == pytest.approx(
        result.series["carbon_market", "excess"].sum() + quota, rel=1e-6
    )


def test_a_row_can_be_planned_with_one_market_and_billed_by_another(handmade):
    plant = handmade.vpp("VPP5")
    flat = carbon_row(plant, replace(LADDER, levels=1.0), LADDER)
    assert flat["carbon"] == pytest.approx(integrated(LADDER, flat["excess"]), abs=1e-6)
    assert carbon_models(plant)["total"][PLANNED] <= flat["total"] + CENT


# --- the worst day with a ladder ----------------------------------------------------------------------------------
@st.composite
def doubtful(draw) -> VPP:
    """Three hours of load, PV, turbine, called load and a grid with carbon, all linear, under a ladder."""

    def series(high: int) -> np.ndarray:
        return array(*draw(st.lists(st.integers(0, high), min_size=3, max_size=3)))

    buy = (3 + series(9)) / 10
    market = CarbonMarket(
        price=draw(st.sampled_from([0.0, 0.28, 1.0])),
        interval=draw(st.sampled_from([5.0, 20.0])),
        growth=draw(st.sampled_from([0.0, 0.25, 1.0])),
        levels=draw(st.sampled_from([1.0, 3.0])),
    )
    most = draw(st.sampled_from([30.0, 200.0, np.inf]))
    outside = grid(
        buy,
        0.5 * buy,
        buy_max=most,
        sell_max=20.0,
        emission=draw(st.sampled_from([0.2, 0.9])),
        carbon_quota=0.5,
    )
    unit = MicroTurbine(
        power_max=20.0,
        ramp_max=15.0,
        cost_linear=0.7,
        emission=0.6,
        carbon_quota=draw(st.sampled_from([0.4, 0.9])),
    )
    demand = series(100)
    called = ControllableLoad(forecast=demand, buy_price=buy, share=0.12, price_share=0.97)
    sun = pv(
        *series(80),
        carbon_quota=draw(st.sampled_from([0.0, 0.4])),
        operation_cost=draw(st.sampled_from([0.0, 0.5])),
    )
    return vpp(load(*demand, shift_share=0.1, shift_cost=0.01), sun, unit, called, outside, market)


@settings(max_examples=15)
@given(doubtful(), st.sampled_from(LIMITS))
def test_bounds_of_the_worst_day_hold_with_a_ladder_and_a_grid_that_emits(plant, limits):
    """Every day tried one by one, the search with the proven bounds, and the search with bounds twice as wide."""
    doubt = Uncertainty({"load": 1, "pv": 1}, 0.5, limits)
    usual, wide = worst_case(plant, doubt), worst_case(plant, doubt, big=2.0)
    assert usual.cost == pytest.approx(enumerate_days(plant, doubt), abs=1e-4, rel=1e-6)
    assert wide.cost == pytest.approx(usual.cost, abs=1e-4, rel=1e-6)
