"""Cars, tanks, turbines that may stand and loads that wait, through every road of the house.

A cluster whose members are on or off is not convex: what is proven of it is proven of the true problem.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from builders import battery, case, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st
from independent import Day

from vppcore import (
    NotSolved,
    WrongInput,
    bargain,
    cooperate,
    dispatch,
    pool,
    robust_coalition,
    worst_case,
)
from vppcore.coalitions import CoalitionCosts
from vppcore.components import (
    CarbonMarket,
    Converter,
    DeferrableLoad,
    ElectricVehicle,
    HeatLoad,
    HeatPump,
    HeatStore,
    MicroTurbine,
)
from vppcore.fairness import coalition_values
from vppcore.fleet.exchange import pool_by_exchange
from vppcore.fleet.price_newton import price_newton
from vppcore.live import adversary as live_adversary
from vppcore.live import ladder, study_a
from vppcore.pages.words_vpp import exactness
from vppcore.places import DATA
from vppcore.proofs.studies import tasks
from vppcore.uncertainty.ordinary_days import out_of_sample
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.series import hit
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worst_day import days_of_budget

TURBINE = {
    "power_min": 6.0,
    "power_max": 12.0,
    "cost_linear": 0.45,
    "may_stand": 1.0,
    "start_cost": 2.0,
    "on_before": 0.0,
}
PRICES = [0.3, 0.9, 1.2, 0.5]


def works_and_laundry(
    prices=PRICES, works=(3, 5, 5, 3), sun=(0, 4, 3, 0), limit=4.0, start_cost=2.0, run=2.0
):
    """A turbine that may stand, and next door a load that waits: neither problem is convex."""
    tariff = grid(prices, [0.1] * len(prices))
    works = vpp(
        load(*works), MicroTurbine(**TURBINE | {"start_cost": start_cost}), tariff, name="works"
    )
    waits = DeferrableLoad(power=3.0, duration=run)
    laundry = vpp(load(*[1.0] * len(prices)), pv(*sun), waits, tariff, name="laundry")
    return case(works, laundry, limit=limit, crossing_fee=0.01)


def by_scipy(prices, works, sun, limit, start_cost, run) -> float:
    """The same two as one mixed-integer program, written anew."""
    steps = len(prices)
    day = Day(steps)
    for name in ("A", "B"):
        day.add(f"buy {name}", cost=prices)
        day.add(f"sell {name}", cost=-0.1)
    day.add("there", limit, 0.02)
    day.add("back", limit, 0.02)
    day.add("power", 12.0, 0.45)
    day.add("on", 1, whole=True)
    day.add("begins", 1, start_cost)
    day.add("used", np.asarray(sun, float))
    last = steps - int(run)
    day.add("start", np.arange(steps) <= last, whole=True)
    day.row({("start", step): 1.0 for step in range(steps)}, 1, 1)
    for step in range(steps):
        of_works = {
            ("buy A", step): 1,
            ("sell A", step): -1,
            ("power", step): 1,
            ("there", step): -1,
            ("back", step): 1,
        }
        day.row(of_works, works[step], works[step])
        of_laundry = {
            ("buy B", step): 1,
            ("sell B", step): -1,
            ("used", step): 1,
            ("there", step): 1,
            ("back", step): -1,
        }
        for earlier in range(max(0, step - int(run) + 1), step + 1):
            of_laundry["start", earlier] = -3.0
        day.row(of_laundry, 1, 1)
        day.row({("power", step): 1, ("on", step): -12.0}, -np.inf, 0)
        day.row({("power", step): 1, ("on", step): -6.0}, 0, np.inf)
        change = {("on", step): 1.0, ("begins", step): -1.0} | (
            {("on", step - 1): -1.0} if step else {}
        )
        day.row(change, -np.inf, 0)
    return day.solve()[0]


NUMBERS = {
    "prices": PRICES,
    "works": (3, 5, 5, 3),
    "sun": (0, 4, 3, 0),
    "limit": 4.0,
    "start_cost": 2.0,
    "run": 2.0,
}


@st.composite
def drawn_numbers(draw) -> dict:
    """Other numbers for the two."""
    few = st.lists(st.integers(0, 8), min_size=4, max_size=4)
    return {
        "prices": [0.2 + number / 8 for number in draw(few)],
        "works": draw(few),
        "sun": draw(few),
        "limit": draw(st.sampled_from([2.0, 4.0, 9.0])),
        "start_cost": draw(st.sampled_from([0.5, 2.0, 4.0])),
        "run": draw(st.sampled_from([1.0, 2.0, 3.0])),
    }


# --- what the certificate says of members that are on or off -----------------------------------------------------
@settings(max_examples=10, deadline=None)
@given(drawn_numbers())
def test_the_joint_optimum_is_that_of_a_second_program(numbers):
    made = works_and_laundry(**numbers)
    least = by_scipy(**numbers)
    assert pool(made).cost == pytest.approx(least, abs=1e-6)
    assert pool(made, storage="binary").cost == pytest.approx(least, abs=1e-6)
    assert pool(made, storage="relaxed").cost <= least + 1e-6


@settings(max_examples=5, deadline=None)
@given(drawn_numbers())
def test_both_bounds_of_talks_hold_for_the_true_problem(numbers):
    """The upper one is a schedule in which all is whole, the lower one is below every such schedule."""
    least = by_scipy(**numbers)
    made = works_and_laundry(**numbers)
    talks = cooperate(made)
    proof = talks.certificate
    assert proof.lower <= least + 1e-6 <= proof.upper + 2e-6
    assert talks.cost <= cost_apart(made) + 1e-5 * proof.money
    for schedule in talks.dispatches.values():
        assert schedule.exact
    on = talks.dispatches["works"].series["micro_turbine", "on"]
    assert np.minimum(on, 1 - on).max() <= 1e-6


def test_talks_may_end_above_the_optimum_and_say_by_how_much():
    """Prices alone cannot always split what is whole: the gap that is left is one of duality."""
    made = works_and_laundry()
    least = by_scipy(**NUMBERS)
    relaxed = pool(made, storage="relaxed")
    talks = cooperate(made)
    assert relaxed.cost < least - 1e-3
    assert relaxed.cost - 1e-6 <= talks.certificate.lower <= least + 1e-6
    assert (
        talks.certificate.gap >= (talks.certificate.upper - least) / talks.certificate.money - 1e-9
    )
    assert "on or off: micro_turbine of works and deferrable_load of laundry" in talks.note
    assert "prices alone may leave a gap between them" in talks.note
    assert "nothing is half on" in pool(made).note and "half on" in relaxed.note


def cost_apart(made) -> float:
    """What the members pay if nobody trades."""
    return sum(dispatch(member).cost for member in made.vpps)


def test_nobody_trades_where_the_trades_of_talks_cost_more_than_none():
    """Prices ask for trades that each start and each run, being whole, makes a loss of."""
    made = works_and_laundry()
    talks = cooperate(made)
    assert talks.cost == pytest.approx(cost_apart(made))
    assert talks.certificate.upper == talks.cost
    assert not talks.trades.to_numpy().any()
    assert "yuan more than none, so nobody trades" in talks.note
    for member in made.vpps:
        assert talks.dispatches[member.name].cost == pytest.approx(dispatch(member).cost)


def test_agreed_trades_stay_where_a_member_has_no_schedule_without_them():
    """The same two, but the works has no grid to fall back on."""
    made = works_and_laundry()
    works = vpp(
        load(3.0, 5.0, 5.0, 3.0),
        MicroTurbine(**TURBINE | {"power_min": 2.0, "power_max": 4.0}),
        name="works",
    )
    talks = cooperate(replace(made, vpps=(works, made.vpp("laundry"))))
    assert talks.trades.to_numpy().any()
    assert "nobody trades" not in talks.note
    assert talks.dispatches["works"].cost + talks.dispatches["laundry"].cost == pytest.approx(
        talks.cost
    )


def test_the_chapter_prints_what_the_bounds_of_two_members_are():
    numbers = {
        "prices": [0.45, 0.7, 0.7, 1.075],
        "works": (5, 7, 7, 1),
        "sun": (0, 4, 6, 5),
        "limit": 4.0,
        "start_cost": 0.5,
        "run": 2.0,
    }
    made = works_and_laundry(**numbers)
    talks = cooperate(made)
    found = [
        pool(made, storage="relaxed").cost,
        talks.certificate.lower,
        by_scipy(**numbers),
        talks.cost,
        cost_apart(made),
    ]
    chapter = (DATA.parent / "book" / "vpp-model.md").read_text(encoding="utf-8")
    section = chapter.split("(certificate-of-wholes)=")[1].split("## Balances")[0]
    printed = re.findall(r"^\| .+ \| (\d+\.\d\d) \|$", section, flags=re.MULTILINE)
    assert [float(cost) for cost in printed] == pytest.approx(found, abs=0.0051)
    assert pool(made).cost == pytest.approx(found[2])
    assert 100 * (found[3] / found[2] - 1) == pytest.approx(0.7, abs=0.05)
    assert 100 * talks.certificate.gap == pytest.approx(6, abs=0.5)


def test_what_is_saved_by_halves_is_not_shared_out():
    made = works_and_laundry()
    alone = {plant.name: dispatch(plant) for plant in made.vpps}
    with pytest.raises(WrongInput, match="or something is half on"):
        bargain(made, alone, pool(made, storage="relaxed"))
    together = pool(made)
    saving = sum(result.cost for result in alone.values()) - together.cost
    gains = bargain(made, alone, together).gains
    assert gains[["works", "laundry"]].sum() == pytest.approx(saving)
    assert gains.min() >= -1e-6


def test_coalitions_count_what_is_whole():
    made = works_and_laundry()
    costs = CoalitionCosts(made)
    assert costs.cost(("works", "laundry")) == pytest.approx(by_scipy(**NUMBERS))
    assert costs.cost(("works",)) == pytest.approx(dispatch(made.vpp("works")).cost)
    values = coalition_values(made)
    apart = sum(dispatch(plant).cost for plant in made.vpps)
    assert values["works", "laundry"] == pytest.approx(apart - by_scipy(**NUMBERS))


def test_the_flattest_of_the_cheapest_schedules_is_whole():
    made = works_and_laundry()
    flat = pool(made, flattest=True)
    assert flat.cost == pytest.approx(by_scipy(**NUMBERS), rel=1e-5)
    assert all(schedule.exact for schedule in flat.dispatches.values())
    alone = dispatch(made.vpp("works"), flattest=True)
    assert alone.exact and alone.cost == pytest.approx(dispatch(made.vpp("works")).cost, rel=1e-5)


def test_exact_proofs_branch_on_what_is_whole():
    made = works_and_laundry()
    found = {task.name.removeprefix("by-hand-"): task.make() for task in tasks(made)}
    assert float(found["together-works-laundry"].value) == pytest.approx(by_scipy(**NUMBERS))
    assert float(found["talks-lower"].value) <= by_scipy(**NUMBERS) + 1e-9
    assert float(found["talks-upper"].value) >= by_scipy(**NUMBERS) - 1e-9


# --- days that are not as forecast -------------------------------------------------------------------------------
DOUBT = Uncertainty({"load": 1, "pv": 1})


def worst_of_all_days(plant, doubt) -> float:
    """Each day by `dispatch`, with binaries from the start, without an emergency."""
    recourse = Recourse(plant, doubt)
    costs = []
    for z in days_of_budget(recourse):
        day = {series: values for (_, series), values in recourse.unflatten(z).items()}
        there = hit(plant, doubt, day)
        without = replace(
            there, components=tuple(c for c in there.components if c.name != "emergency")
        )
        costs.append(dispatch(without, storage="binary").cost)
    return max(costs)


@settings(max_examples=5, deadline=None)
@given(drawn_numbers(), st.sampled_from(["works", "laundry"]))
def test_the_worst_day_of_what_is_whole_is_the_worst_of_all_days(numbers, name):
    plant = works_and_laundry(**numbers).vpp(name)
    found = worst_case(plant, DOUBT)
    worst = worst_of_all_days(plant, DOUBT)
    assert found.cost == pytest.approx(worst, abs=1e-5)
    assert found.bound >= worst - 1e-5
    assert found.shed.sum() + found.dumped.sum() == pytest.approx(0.0, abs=1e-6)


def test_a_day_as_forecast_costs_what_dispatch_finds():
    for plant in [*works_and_laundry().vpps, *households().vpps]:
        nothing = Uncertainty({"load": 0})
        assert worst_case(plant, nothing).cost == pytest.approx(dispatch(plant).cost)


def test_a_robust_coalition_and_its_ordinary_days_are_whole():
    made = works_and_laundry()
    result = robust_coalition(made, DOUBT)
    assert result.bounds["lower"].iloc[-1] == pytest.approx(
        result.bounds["upper"].iloc[-1], rel=1e-4
    )
    assert result.cost >= by_scipy(**NUMBERS) - 1e-6
    costs = out_of_sample(made, DOUBT, {"robust": result.trades, "alone": None}, samples=20)
    assert costs["robust"].mean() < costs["alone"].mean()
    assert costs["alone"].min() > 0


# --- households: a car, a heat pump, a tank ----------------------------------------------------------------------
def households(steps: int = 24, step_hours: float = 1.0):
    """A car that feeds back, and a heat pump with a tank, next door to sun and an electrolyser."""
    hours = step_hours * np.arange(steps) % 24
    buy = np.where((hours >= 17) & (hours < 21), 0.9, np.where(hours < 6, 0.25, 0.5))
    tariff = grid(buy, np.full(steps, 0.08), buy_max=50.0, sell_max=50.0)
    sun = np.maximum(0.0, 8 * np.sin((hours - 6) / 12 * np.pi))
    car = ElectricVehicle(
        energy_max=40.0, energy_needed=9.0, arrival=17.0, departure=7.0, charge_max=7.0, discharge_max=4.0,
        charge_efficiency=0.92, discharge_efficiency=0.92, wear_cost=0.02,
    )  # fmt: skip
    pump = HeatPump(
        heat_max=6.0, outdoor=3 + 5 * np.sin((hours - 9) / 12 * np.pi), flow_temperature=45.0, carnot_share=0.45
    )  # fmt: skip
    tank = HeatStore(
        energy_min=0.0, energy_max=10.0, energy_start=3.0, charge_max=6.0, discharge_max=6.0, self_discharge=0.01
    )  # fmt: skip
    washer = DeferrableLoad(label="washer", power=2.0, duration=2.0, earliest=7.0, latest=23.0)
    first = vpp(load(*np.full(steps, 1.0)), HeatLoad(forecast=np.full(steps, 2.5)), car, pump, tank, tariff,
                name="home", step_hours=step_hours)  # fmt: skip
    heater = Converter(label="rod", throughput_max=2.0, electricity_in=1.0, heat_out=1.0)
    second = vpp(load(*np.full(steps, 1.5)), pv(*sun), battery(end="at_least"), washer, heater,
                 HeatLoad(forecast=np.full(steps, 0.5)), tariff, name="roof", step_hours=step_hours)  # fmt: skip
    return case(first, second, limit=5.0, crossing_fee=0.01)


def test_households_of_today_cooperate_and_bargain():
    made = households()
    alone = {plant.name: dispatch(plant) for plant in made.vpps}
    together = pool(made)
    talks = cooperate(made)
    assert together.cost < sum(result.cost for result in alone.values())
    assert talks.certificate.lower <= together.cost + 1e-6 <= talks.certificate.upper + 2e-6
    split = bargain(made, alone, together)
    assert split is not None
    said = exactness(talks.dispatches)
    assert "start and no start of washer" in said


@pytest.mark.parametrize("step_hours", [0.25, 0.5])
def test_finer_steps_leave_the_day_as_it_is(step_hours):
    """The same day in finer steps; the cost differs by what finer placement allows, and not upwards."""
    coarse = pool(households()).cost
    fine = pool(households(round(24 / step_hours), step_hours)).cost
    assert fine == pytest.approx(coarse, rel=0.03)


def test_two_days_cost_twice_one():
    one = sum(dispatch(plant).cost for plant in households().vpps)
    two = households(48)
    assert sum(dispatch(plant).cost for plant in two.vpps) == pytest.approx(2 * one, rel=2e-3)
    for plant in two.vpps:
        afternoon = dispatch(plant.window(16, 24))
        assert afternoon.exact


def test_the_worst_day_of_households():
    home, roof = households(12).vpps
    for plant in (home, roof):
        found = worst_case(plant, Uncertainty({"load": 2, "heat": 1, "pv": 2}))
        assert found.bound == pytest.approx(found.cost, rel=1e-5)
        assert found.cost >= dispatch(plant).cost - 1e-6


# --- who cannot take them says so in a sentence ------------------------------------------------------------------
@pytest.mark.parametrize("call", [pool_by_exchange, price_newton])
def test_the_exchange_form_refuses_what_is_whole(call):
    with pytest.raises(
        WrongInput, match="works, micro_turbine: found on and off, which only binaries keep apart"
    ):
        call(works_and_laundry())


def test_live_elements_refuse_what_is_whole():
    made = works_and_laundry()
    with pytest.raises(
        WrongInput,
        match="found on and off, which only binaries keep apart; allowed in a live element",
    ):
        study_a.who_sends_to_whom(made)
    laundry = made.vpp("laundry")
    with pytest.raises(WrongInput, match="found start and no start"):
        live_adversary.a_day(laundry, DOUBT)
    market = CarbonMarket(price=0.1, interval=5.0, growth=0.25, levels=4.0)
    with pytest.raises(WrongInput, match="found on and off"):
        ladder.ladder(made.vpp("works").adding(market))


def test_live_elements_take_cars_and_tanks():
    home, _ = households().vpps
    assert live_adversary.a_day(home, Uncertainty({"load": 1})).outputs


def test_a_turbine_that_cannot_be_left_idle_is_explained():
    """On for four hours more, at 6 kW at least, and nobody takes it."""
    stuck = {"on_before": 1.0, "hours_before": 0.0, "up_hours": 4.0}
    plant = vpp(load(3, 3, 3), MicroTurbine(**TURBINE | stuck), name="stuck")
    with pytest.raises(NotSolved, match="electricity has too much by 3.0 kW in step 1"):
        dispatch(plant)


def test_a_start_counts_among_the_prices_that_an_emergency_follows():
    plant = vpp(
        load(2, 2),
        MicroTurbine(**TURBINE | {"start_cost": 500.0, "power_min": 1.0}),
        grid([0.5, 0.5], [0, 0], buy_max=1.0),
    )
    nothing = Uncertainty({"load": 0})
    found = worst_case(plant, nothing)
    assert found.shed.sum() == pytest.approx(0.0) and found.cost == pytest.approx(
        dispatch(plant).cost
    )
