"""Other steps and other horizons: quarter hours count a quarter, two days are two days, a window is a case of its own."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from builders import array, battery, case, grid, load, pv, seller_and_buyer, small_vpps, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import (
    VPP,
    Case,
    WrongInput,
    bargain,
    bargaining_weights,
    cooperate,
    dispatch,
    load_case,
    pool,
    trade_by_game,
)
from vppcore.carbon import carbon_row, market_of
from vppcore.components import (
    Boiler,
    CarbonMarket,
    CHPWithCapture,
    Component,
    ControllableLoad,
    GasSupply,
    GasTurbine,
    HeatLoad,
    MicroTurbine,
)
from vppcore.pages import tables
from vppcore.reading import DATA
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worst_day import Adversary, enumerate_days, worst_case

SAME = 1e-6


def with_profiles(component: Component, change) -> Component:
    """The component with each of its series changed."""
    return replace(
        component,
        **{
            f.name: change(getattr(component, f.name))
            for f in fields(component)
            if "column" in f.metadata and getattr(component, f.name) is not None
        },
    )


def quarters(plant: VPP) -> VPP:
    """The same power in steps of a quarter: each value four times."""
    parts = tuple(with_profiles(c, lambda series: np.repeat(series, 4)) for c in plant.components)
    return replace(plant, components=parts, steps=4 * plant.steps, step_hours=plant.step_hours / 4)


def days(plant: VPP, count: int) -> VPP:
    """The same horizon several times in a row."""
    parts = tuple(with_profiles(c, lambda series: np.tile(series, count)) for c in plant.components)
    return replace(plant, components=parts, steps=count * plant.steps)


def each(made: Case, change, *more) -> Case:
    return replace(made, vpps=tuple(change(plant, *more) for plant in made.vpps))


def without(plant: VPP, *names: str) -> VPP:
    return replace(plant, components=tuple(c for c in plant.components if c.name not in names))


def hourly(series: pd.DataFrame | pd.Series) -> np.ndarray:
    """Means of four quarter hours."""
    values = series.to_numpy()
    return values.reshape(-1, 4, *values.shape[1:]).mean(axis=1)


def everything(quadratic: float = 0.0) -> VPP:
    """Eight hours of a VPP with every kind of component and no ramps; linear unless `quadratic` says otherwise."""
    chance = np.random.default_rng(7)
    buy, demand, steps = (
        array(0.4, 0.4, 1.2, 0.8, 0.3, 1.2, 1.2, 0.5),
        chance.integers(120, 200, 8).astype(float),
        8,
    )
    return vpp(
        load(*demand, shift_share=0.2, shift_cost=0.02, shift_hours=4.0, curtail_share=0.1, curtail_cost=0.9),
        HeatLoad(forecast=chance.integers(60, 120, steps).astype(float), curtail_share=0.1, curtail_cost=0.3),
        pv(*chance.integers(0, 150, steps), operation_cost=0.01, carbon_quota=0.1),
        battery(energy_max=60.0, energy_min=5.0, energy_start=20.0, charge_max=25.0, discharge_max=30.0, wear_cost=0.03,
                wear_cost_quadratic=quadratic),
        Boiler(heat_max=80.0, efficiency=0.9, operation_cost=0.01, emission=0.2),
        GasTurbine(power_max=50.0, power_min=10.0, electric_efficiency=0.35, heat_recovery=0.5, cost_linear=0.02, cost_fixed=3.0,
                   emission=0.5, carbon_quota=0.3),
        MicroTurbine(power_max=40.0, cost_linear=0.7, cost_quadratic=quadratic, emission=0.6, carbon_quota=0.4),
        CHPWithCapture(power_max=60.0, power_min=15.0, heat_slope_min=0.15, heat_slope_max=0.2, back_pressure_slope=0.7,
                       electric_efficiency=0.4, p2g_max=20.0, p2g_efficiency=0.6, p2g_carbon=0.2, ccs_max=10.0, ccs_energy=0.5,
                       cost_linear=0.05, cost_fixed=1.0, emission=0.55, carbon_quota=0.4),
        ControllableLoad(forecast=demand, buy_price=buy, share=0.05, price_share=0.8, cost_quadratic=quadratic),
        grid(buy, np.full(steps, 0.25), sell_max=40.0, emission=0.7, carbon_quota=0.5),
        GasSupply(price=3.0, calorific_value=10.0),
        CarbonMarket(price=0.2, interval=30.0, growth=0.5, levels=4.0),
    )  # fmt: skip


@pytest.fixture(scope="module")
def week() -> tuple[Case, Case]:
    """The measured week in hours and in quarter hours."""
    return load_case("simbench-semiurb"), load_case("simbench-semiurb-15min")


@pytest.fixture(scope="module")
def template() -> Case:
    return load_case("template")


# --- energy is power times step -----------------------------------------------------------------------------------
@pytest.mark.parametrize("quadratic", [0.0, 0.002])
def test_the_same_day_costs_the_same_in_quarter_hours(quadratic):
    """With every kind of component."""
    plant = everything(quadratic)
    one, four = dispatch(plant), dispatch(quarters(plant))
    near = SAME if not quadratic else 1e-5
    assert four.cost == pytest.approx(one.cost, rel=near)
    assert one.exact and four.exact
    for made, found in (
        (plant, one),
        (quarters(plant), four),
    ):  # a bill is power times hours times price
        bought = made.step_hours * (made.component("grid").buy_price @ found.series["grid", "buy"])
        assert found.costs["electricity purchase"] == pytest.approx(bought, abs=1e-6)
        excess = made.step_hours * found.series["carbon_market", "excess"].sum()
        assert found.costs["carbon"] == pytest.approx(
            made.component("carbon_market").bill(excess), abs=1e-3
        )
    if quadratic:  # with curved costs the schedule is one, and so is every label of the bill
        assert four.costs.to_dict() == pytest.approx(one.costs.to_dict(), abs=0.01)
        for name in ("micro_turbine", "controllable_load", "battery"):
            assert hourly(four.balances["electricity"][name]) == pytest.approx(
                one.balances["electricity"][name].to_numpy(), abs=0.05
            )


@settings(max_examples=10)
@given(small_vpps(), st.sampled_from([0.0, 0.004]))
def test_any_small_day_costs_the_same_in_quarter_hours(plant, quadratic):
    plant = plant.change("battery", wear_cost_quadratic=quadratic)
    one, four = (dispatch(made, storage="relaxed").cost for made in (plant, quarters(plant)))
    assert four == pytest.approx(one, rel=1e-5, abs=1e-4)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_a_constant_power_costs_by_the_hour(power, step_hours):
    plant = vpp(load(*power), grid([0.7] * len(power), [0.1] * len(power)), step_hours=step_hours)
    assert dispatch(plant).cost == pytest.approx(0.7 * sum(power) * step_hours)


def test_prices_per_kwh_do_not_depend_on_the_step():
    plant = everything(0.002)
    one, four = dispatch(plant), dispatch(quarters(plant))
    assert list(one.prices) == ["electricity", "heat", "gas", "carbon"]
    for carrier in one.prices:
        assert hourly(four.prices[carrier]) == pytest.approx(
            one.prices[carrier].to_numpy(), abs=1e-3
        )


@pytest.mark.parametrize("name", ["template", "paper-a"])
def test_cooperation_saves_the_same_in_quarter_hours(name):
    """Without ramps, which leave less room within an hour than from one hour to the next."""
    made = load_case(name)
    for component in ("gas_turbine", "chp_p2g_ccs"):
        if any(component in (c.name for c in plant.components) for plant in made.vpps):
            made = made.change_all(component, ramp_max=np.inf)
    fine = each(made, quarters)
    one, four = pool(made, flattest=True), pool(fine, flattest=True)
    assert four.cost == pytest.approx(one.cost, rel=SAME)
    apart = [pool(case, members=(), storage="relaxed").cost for case in (made, fine)]
    assert apart[0] == pytest.approx(apart[1], rel=SAME)
    for pair in one.trades:
        assert hourly(four.trades[pair]) == pytest.approx(
            one.trades[pair].to_numpy(), abs=0.05 * one.trades.abs().to_numpy().max()
        )
    for rule in ("contribution", "energy", "equal"):
        weights = [
            bargaining_weights(result.trades, rule, case.vpps[0].step_hours)
            for result, case in ((one, made), (four, fine))
        ]
        assert weights[0].to_numpy() == pytest.approx(weights[1].to_numpy(), abs=1e-3)


def test_the_split_of_the_saving_is_the_same_in_quarter_hours(template):
    gains = []
    for made in (template, each(template, quarters)):
        alone, together = {v.name: dispatch(v) for v in made.vpps}, pool(made, flattest=True)
        gains.append(bargain(made, alone, together).gains.to_numpy())
    assert gains[0] == pytest.approx(gains[1], abs=1e-3)


def test_the_carbon_excess_and_its_bill_are_the_same_in_quarter_hours():
    rows, whole = (
        [],
        without(everything(0.002), "chp_p2g_ccs"),
    )  # captured CO2 is in no emission of carbon.py
    for plant in (whole, quarters(whole)):
        market = market_of(plant)
        rows.append(carbon_row(plant, market, market))
    assert rows[0] == pytest.approx(rows[1], rel=1e-3, abs=0.1)
    assert rows[0]["total"] == pytest.approx(rows[1]["total"], rel=1e-5) and rows[0]["excess"] != 0


@pytest.mark.parametrize("step_hours", [0.25, 0.5, 1.0, 2.0])
def test_wear_and_stored_energy_by_hand(step_hours):
    """Four hours cheap, four dear: 8 kWh charged at 0.9 are 7.2 stored, of which 0.8 come out; wear on both ways, and more
    for more power: 2 kW in, 1.44 kW out."""
    half = int(4 / step_hours)
    store = battery(energy_start=0.0, charge_max=2.0, wear_cost=0.01, wear_cost_quadratic=0.005)
    plant = vpp(
        load(*[10.0] * 2 * half),
        store,
        grid([0.1] * half + [5.0] * half, [0.0] * 2 * half),
        step_hours=step_hours,
    )
    found = dispatch(plant)
    out = 0.8 * 7.2
    assert found.series["battery", "energy"].iloc[half - 1] == pytest.approx(7.2, abs=1e-3)
    assert found.costs["battery wear"] == pytest.approx(
        0.01 * (8 + out) + 0.005 * 4 * (2**2 + (out / 4) ** 2), rel=1e-3
    )
    assert found.cost == pytest.approx(
        0.1 * 48 + 5.0 * (40 - out) + found.costs["battery wear"], rel=1e-4
    )


@pytest.mark.parametrize("step_hours", [0.25, 0.5, 1.0])
def test_self_discharge_is_lost_by_the_hour(step_hours):
    """Charging is cheap in the last hour only: until then 10 kWh lose 2 % an hour, whatever the step."""
    per_hour, hours = int(1 / step_hours), 6
    price = np.repeat([1.0] * (hours - 1) + [0.01], per_hour)
    store = battery(
        energy_min=0.0,
        energy_start=10.0,
        self_discharge=0.02,
        discharge_max=0.0,
        charge_efficiency=1.0,
    )
    found = dispatch(
        vpp(load(*[1.0] * hours * per_hour), store, grid(price, 0 * price), step_hours=step_hours)
    )
    stored = found.series["battery", "energy"].to_numpy()[per_hour - 1 :: per_hour]
    assert stored == pytest.approx([*(10 * 0.98**hour for hour in range(1, hours)), 10.0])
    assert found.series["battery", "charge"].iloc[:-per_hour].max() == pytest.approx(0, abs=1e-7)
    refill = step_hours * found.series["battery", "charge"].sum()
    assert 10 - 10 * 0.98**hours - 1e-6 <= refill <= (10 - 10 * 0.98**hours) / 0.98 + 1e-6


@given(small_vpps(steps=4), st.sampled_from([0.01, 0.1]))
def test_self_discharge_costs_nearly_the_same_in_quarter_hours(plant, lost):
    """Not quite: what is charged within an hour loses for a part of it only, at most one hour's share of what passes."""
    plant = plant.change(
        "battery", self_discharge=lost, charge_max=10.0
    )  # or it could not make up for the loss
    one, four = (dispatch(made, storage="relaxed") for made in (plant, quarters(plant)))
    passed = (
        plant.component("battery").energy_max
        + one.series["battery", "charge"].sum()
        + one.series["battery", "discharge"].sum()
    )
    assert (
        abs(four.cost - one.cost)
        <= 2 * lost * passed * plant.component("grid").buy_price.max() / 0.72 + 1e-5
    )


def test_ramps_are_by_the_hour():
    """20 kW/h are 5 kW in a quarter of an hour."""
    turbine = GasTurbine(power_max=100.0, ramp_max=20.0, electric_efficiency=0.5, cost_linear=0.0)
    plant = vpp(
        load(*[0, 0, 0, 0, 0, 100, 100, 100]),
        turbine,
        GasSupply(price=1.0, calorific_value=10.0),
        grid([5.0] * 8, [0.0] * 8),
        step_hours=0.25,
    )
    power = dispatch(plant).series["gas_turbine", "power"].to_numpy()
    assert np.abs(np.diff(power)).max() == pytest.approx(5, abs=1e-6)


@pytest.mark.parametrize("penalty", [None, 1e-2])
def test_the_talks_take_as_many_iterations_in_quarter_hours(penalty):
    """The same problem with each hour four times: with every term of it a quarter, each iteration is the same."""
    made = seller_and_buyer()
    assert (
        cooperate(each(made, quarters), penalty=penalty).iterations
        == cooperate(made, penalty=penalty).iterations
    )


def test_the_talks_agree_in_quarter_hours_too(template):
    fine = each(template, quarters)
    found = cooperate(fine)
    assert found.cost == pytest.approx(pool(template).cost, rel=1e-3)
    assert found.certificate.lower <= pool(template).cost + 1e-3 <= found.certificate.upper + 2e-3


def test_the_game_s_payments_count_quarters(handmade):
    """Four hours of study B. Schedules with ramps and ties differ a little; a payment four times too large would show."""
    by_hour, by_quarter = (
        trade_by_game(made, starts=0)
        for made in (handmade.window(10, 4), each(handmade.window(10, 4), quarters))
    )
    assert by_quarter.cost == pytest.approx(by_hour.cost, rel=1e-3)
    size = by_hour.table["payment"].abs().max()
    assert by_quarter.table["payment"].to_numpy() == pytest.approx(
        by_hour.table["payment"].to_numpy(), abs=0.05 * size
    )
    assert by_quarter.table["payment"].sum() == pytest.approx(0, abs=1e-6)


# --- two days -----------------------------------------------------------------------------------------------------
def test_two_days_without_storage_cost_twice_one(template):
    """Loads may be moved within each day, so nothing joins the two."""
    for plant in template.vpps:
        plant = without(plant, "battery")
        assert dispatch(days(plant, 2)).cost == pytest.approx(2 * dispatch(plant).cost, rel=SAME)
    bare = each(template, without, "battery")
    assert pool(each(bare, days, 2)).cost == pytest.approx(2 * pool(bare).cost, rel=SAME)


@pytest.mark.parametrize("name", ["template", "paper-a"])
def test_two_days_with_storage_cost_at_most_twice_one(name):
    made = load_case(name)
    if (
        name == "paper-a"
    ):  # a ramp from the last hour to the first would join the days the other way
        for component in ("gas_turbine", "chp_p2g_ccs"):
            made = made.change_all(component, ramp_max=np.inf)
    one, two = pool(made), pool(each(made, days, 2))
    assert two.cost <= 2 * one.cost * (1 + SAME)
    for plant in made.vpps:
        cost = dispatch(plant, storage="relaxed").cost
        assert dispatch(days(plant, 2), storage="relaxed").cost <= 2 * cost + SAME * abs(cost)


@settings(max_examples=10)
@given(small_vpps(steps=4), st.integers(2, 3))
def test_any_day_repeated_costs_at_most_as_often(plant, count):
    """The days of four hours; the loads' day ends with them."""
    plant = plant.change("electric_load", shift_hours=4.0)
    one, more = (
        dispatch(plant, storage="relaxed").cost,
        dispatch(days(plant, count), storage="relaxed").cost,
    )
    assert more <= count * one + 1e-5 * max(1, abs(one))
    bare = plant.change("battery", charge_max=0.0)
    assert dispatch(days(bare, count)).cost == pytest.approx(
        count * dispatch(bare).cost, rel=1e-5, abs=1e-5
    )


def test_the_carbon_ladder_is_of_the_horizon():
    """A step of 30 kg holds for one day or for one week; two days with steps of 60 kg cost twice one day."""
    plant = without(everything(), "battery")
    one = dispatch(plant).cost
    assert dispatch(days(plant, 2).change("carbon_market", interval=60.0)).cost == pytest.approx(
        2 * one, rel=SAME
    )
    assert dispatch(days(plant, 2)).cost > 2 * one + 1


@pytest.mark.parametrize(("step_hours", "count"), [(1.0, 2), (0.25, 2), (1.0, 3)])
def test_moved_load_is_made_up_within_each_day(step_hours, count):
    """Power is dear on the first day and in the morning of the others: no load waits for the next day."""
    a_day = int(24 / step_hours)
    price = np.concatenate(
        [np.full(a_day, 2.0), *(np.repeat([1.0, 0.2], a_day // 2) for _ in range(count - 1))]
    )
    plant = vpp(
        load(*[10.0] * a_day * count, shift_share=0.5),
        grid(price, 0 * price),
        step_hours=step_hours,
    )
    found = dispatch(plant)
    shift = found.series["electric_load", "shift"].to_numpy().reshape(count, a_day)
    assert np.abs(shift.sum(axis=1)).max() < 1e-6
    assert step_hours * shift[1, a_day // 2 :].sum() == pytest.approx(60)
    assert found.cost == pytest.approx(24 * 10 * 2.0 + (count - 1) * (60 * 1.0 + 180 * 0.2))


@pytest.mark.parametrize(
    ("hours", "moved"), [(24.0, 6), (6.0, 6), (3.0, 3), (2.0, 2), (0.25, 0), (1e-3, 0), (np.inf, 6)]
)
def test_the_period_of_moved_load_is_in_hours(hours, moved):
    """Six hours in quarters, each dearer than the next: sums over each period vanish, and over nothing shorter."""
    price = np.linspace(2, 1, 24)
    plant = vpp(
        load(*[10.0] * 24, shift_share=0.5, shift_hours=hours),
        grid(price, 0 * price),
        step_hours=0.25,
    )
    shift = dispatch(plant).series["electric_load", "shift"].to_numpy()
    period = max(1, int(4 * min(hours, 6)))
    assert np.abs(np.add.reduceat(shift, range(0, 24, period))).max() < 1e-6
    assert np.abs(shift).sum() * 0.25 == pytest.approx(30 if moved else 0, abs=1e-6)


def test_a_period_longer_than_the_rest_ends_with_the_horizon():
    """Seven hours in periods of three: 3 + 3 + 1, and the last hour alone cannot move."""
    price = np.linspace(2, 1, 7)
    shift = dispatch(
        vpp(load(*[10.0] * 7, shift_share=0.5, shift_hours=3.0), grid(price, 0 * price))
    ).series["electric_load", "shift"]
    assert [shift.iloc[:3].sum(), shift.iloc[3:6].sum(), shift.iloc[6]] == pytest.approx(
        [0, 0, 0], abs=1e-6
    )
    assert shift.abs().sum() == pytest.approx(20)


# --- windows ------------------------------------------------------------------------------------------------------
def written(folder, name: str, first: int, steps: int) -> Case:
    """Some steps of a case of the book as a folder of its own."""
    folder.mkdir()
    source, whole = DATA / name, load_case(name)
    (folder / "units.csv").write_bytes((source / "units.csv").read_bytes())
    text = (source / "case.yaml").read_text(encoding="utf-8")
    (folder / "case.yaml").write_text(
        text.replace(f"\nsteps: {whole.vpps[0].steps}", f"\nsteps: {steps}"), encoding="utf-8"
    )
    lines = [
        line
        for line in (source / "series.csv").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    rows = lines[first : first + steps]
    if lines[0].startswith("hour"):
        rows = [",".join([str(k), *row.split(",")[1:]]) for k, row in enumerate(rows, 1)]
    (folder / "series.csv").write_text("\n".join([lines[0], *rows]) + "\n", encoding="utf-8")
    return load_case(folder)


def profiles(made: Case) -> dict[str, np.ndarray]:
    return {
        f"{v.name} {c.name} {f.name}": getattr(c, f.name)
        for v in made.vpps
        for c in v.components
        for f in fields(c)
        if "column" in f.metadata
    }


@pytest.mark.parametrize(
    ("name", "first", "steps"),
    [
        ("template", 1, 24),
        ("template", 7, 6),
        ("template", 24, 1),
        ("simbench-semiurb-15min", 97, 96),
    ],
)
def test_a_window_is_the_case_written_by_hand(tmp_path, name, first, steps):
    cut, by_hand = (
        load_case(name).window(first, steps),
        written(tmp_path / "mine", name, first, steps),
    )
    found, expected = profiles(cut), profiles(by_hand)
    assert found.keys() == expected.keys() and all(
        np.array_equal(found[key], expected[key]) for key in found
    )
    assert {(v.name, v.steps, v.step_hours) for v in cut.vpps} == {
        (v.name, v.steps, v.step_hours) for v in by_hand.vpps
    }
    assert cut.description == by_hand.description and cut.tie.limit == by_hand.tie.limit
    assert np.array_equal(cut.series, by_hand.series)
    for one, other in list(zip(cut.vpps, by_hand.vpps, strict=True))[:2]:
        assert dispatch(one).cost == dispatch(other).cost
    if name == "template":
        assert pool(cut).cost == pool(by_hand).cost
    assert tables.energy(cut).equals(tables.energy(by_hand))


@pytest.mark.parametrize(
    ("first", "steps"), [(0, 5), (-1, 5), (20, 6), (25, 1), (1, 25), (1, 0), (3, -2)]
)
def test_a_window_beyond_the_case_is_refused(template, first, steps):
    with pytest.raises(WrongInput) as refused:
        template.window(first, steps)
    assert (
        str(refused.value)
        == f"case template: found steps {first} to {first - 1 + steps}; allowed: within 1 to 24"
    )


def test_a_window_of_a_window_and_the_case_it_came_from(template):
    whole = profiles(template)
    twice, once = template.window(5, 12).window(3, 4), template.window(7, 4)
    assert all(
        np.array_equal(profiles(twice)[key], series) for key, series in profiles(once).items()
    )
    assert (
        all(np.array_equal(profiles(template)[key], series) for key, series in whole.items())
        and template.vpps[0].steps == 24
    )
    assert list(once.series.index) == [7, 8, 9, 10]  # the steps of the case


def test_days_in_a_row_cost_less_than_days_apart(week):
    """What is stored may serve the next day; each window ends as full as it began."""
    plant = week[0].vpp("VPP2")
    apart = sum(
        dispatch(week[0].window(first, 24).vpp("VPP2"), storage="relaxed").cost
        for first in range(1, 72, 24)
    )
    in_a_row = dispatch(week[0].window(1, 72).vpp("VPP2"), storage="relaxed").cost
    assert in_a_row <= apart + SAME * apart and plant.steps == 168


def test_the_rest_of_the_house_takes_a_window(template):
    cut = template.window(9, 6)
    alone, together = {v.name: dispatch(v) for v in cut.vpps}, pool(cut)
    assert bargain(cut, alone, together).gains.sum() == pytest.approx(
        sum(r.cost for r in alone.values()) - together.cost, abs=1e-4
    )
    assert list(together.trades.index) == list(range(1, 7))
    assert cut.change_all("electric_load", shift_share=0.0).vpps[0].steps == 6


# --- uncertainty in quarter hours ---------------------------------------------------------------------------------
def doubtful(step_hours: float = 0.25) -> VPP:
    store = battery(energy_max=4.0, energy_start=1.0, charge_max=6.0, discharge_max=6.0)
    return vpp(
        load(20, 35, 30, 25, shift_share=0.1, shift_cost=0.02),
        pv(0, 30, 20, 5),
        store,
        grid([0.4, 1.2, 0.8, 0.6], [0.2] * 4),
        step_hours=step_hours,
    )


@pytest.mark.parametrize("limits", ["forecast", "actual"])
@pytest.mark.parametrize("step_hours", [0.25, 1.0])
def test_the_worst_day_of_quarter_hours_is_the_worst_of_all(limits, step_hours):
    """Against trying all days; the answer must not depend on the multipliers' bounds."""
    plant = doubtful(step_hours)
    doubt = Uncertainty({"load": 2 * step_hours, "pv": step_hours}, limits=limits)
    found = worst_case(plant, doubt)
    assert found.cost == pytest.approx(enumerate_days(plant, doubt), rel=1e-6)
    assert found.cost == pytest.approx(worst_case(plant, doubt, big=10.0).cost, rel=1e-6)
    assert (
        found.nominal == pytest.approx(dispatch(plant, storage="relaxed").cost, rel=1e-6)
        and found.cost > found.nominal
    )


@given(st.lists(st.integers(0, 1), min_size=8, max_size=8))
def test_a_day_hit_by_the_hour_costs_the_same_in_quarter_hours(hits):
    plant, doubt = doubtful(1.0), Uncertainty({"load": 4, "pv": 4})
    one, four = (
        Recourse(plant, doubt),
        Recourse(quarters(plant), doubt),
    )
    assert one.keys == four.keys
    day = np.array(hits, float)
    assert four.value(np.repeat(day, 4)) == pytest.approx(one.value(day), rel=1e-6)


def test_more_room_in_time_is_never_safer():
    """Two hours may be hit, or eight quarters anywhere: the eight include the two hours."""
    plant = doubtful(1.0)
    by_hour = worst_case(plant, Uncertainty({"load": 2, "pv": 1}))
    by_quarter = worst_case(quarters(plant), Uncertainty({"load": 2, "pv": 1}))
    assert by_quarter.cost >= by_hour.cost - 1e-6
    assert by_quarter.hits.sum().to_dict() == {"load": 8, "pv": 4}
    assert by_quarter.nominal == pytest.approx(by_hour.nominal, rel=1e-6)


def test_promised_trades_are_power_in_every_step():
    """A VPP that must deliver 5 kW: in quarters the same promise costs the same."""
    made = case(doubtful(1.0), replace(doubtful(1.0), name="other"), limit=50.0)
    fine, doubt = each(made, quarters), Uncertainty({"load": 1})
    promise = np.array([[-5.0], [0.0], [3.0], [-2.0]])
    one, four = (Adversary(Recourse(c.connected()[0], doubt)) for c in (made, fine))
    assert four.recourse.value(
        np.zeros(16), four.recourse.flat(np.repeat(promise, 4, axis=0))
    ) == pytest.approx(one.recourse.value(np.zeros(4), one.recourse.flat(promise)), rel=1e-6)


# --- the measured week --------------------------------------------------------------------------------------------
def test_the_week_has_the_same_energy_in_both_resolutions(week):
    one, four = (tables.energy(made) for made in week)
    assert list(one.index) == list(four.index)
    assert four["energy (kWh)"].to_numpy() == pytest.approx(
        one["energy (kWh)"].to_numpy(), rel=1e-4
    )
    assert (four["peak (kW)"] >= one["peak (kW)"] - 0.01).all()
    for name, series in profiles(week[0]).items():
        assert hourly(pd.Series(profiles(week[1])[name])) == pytest.approx(series, abs=0.11), (
            name
        )  # written to 0.1 kW


def test_the_week_s_devices_and_prices_are_the_same(week):
    numbers = ["vpp", "component", "parameter", "number"]
    one, four = (made.units[numbers].reset_index(drop=True) for made in week)
    assert one.equals(four)


def test_the_week_costs_nearly_the_same_in_both_resolutions(week):
    """Means over an hour never cost more where nothing ramps (costs are convex), and less than 1 % less."""
    for one, four in zip(week[0].vpps, week[1].vpps, strict=True):
        by_hour, by_quarter = (
            dispatch(one, storage="relaxed").cost,
            dispatch(four, storage="relaxed").cost,
        )
        assert abs(by_quarter - by_hour) < 0.01 * abs(by_hour), one.name
        assert by_quarter >= by_hour - 1e-4 * abs(by_hour), one.name
