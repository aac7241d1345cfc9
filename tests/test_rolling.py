"""Days in a row: what is carried on, what is expected, what deviates and who pays for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import array, battery, case, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import (
    Case,
    NotSolved,
    Uncertainty,
    WrongInput,
    cooperate,
    dispatch,
    load_case,
    pool,
    robust_coalition,
)
from vppcore.components import CarbonMarket, DeferrableLoad, ElectricVehicle, MicroTurbine
from vppcore.components.clock import Clock
from vppcore.rolling.forecasts import Forecasts, persistence
from vppcore.rolling.run import roll
from vppcore.rolling.settings import Rolling, stretches
from vppcore.rolling.state import left_by_plant

SAME = 1e-6
STEP = 6.0  # h: four steps a day
BUY = [0.4, 0.8, 1.2, 0.6]


def days_case(sun, home, shop, **tie) -> Case:
    """Two members in steps of six hours: one with a roof and a battery, one with a load alone."""
    days = len(sun) // 4
    prices = grid(BUY * days, [0.2] * len(sun))
    roof = vpp(
        pv(*sun), load(*home), battery(energy_max=60.0), prices, name="Home", step_hours=STEP
    )
    return case(roof, vpp(load(*shop), prices, name="Shop", step_hours=STEP), **tie)


def three_days(**tie) -> Case:
    sun = [0, 9, 7, 0, 0, 4, 9, 0, 0, 8, 2, 0]
    return days_case(sun, [1, 2, 2, 3] * 3, [2, 5, 6, 3, 2, 4, 6, 3, 2, 6, 5, 3], **tie)


@pytest.fixture(scope="module")
def run():
    """Three days, of which the first is looked back at only."""
    return roll(three_days(crossing_fee=0.01), forecasts="persistence")


def with_expected(whole: Case, day: int) -> Case:
    """The days from the second on, each expected to be like the day before it."""
    cut = whole.window(day + 1, whole.vpps[0].steps - day)
    vpps = []
    for before, member in zip(whole.vpps, cut.vpps, strict=True):
        parts = []
        for known, part in zip(before.components, member.components, strict=True):
            if np.ndim(getattr(part, "forecast", None)) > 0:
                part = replace(part, expected=known.forecast[:-day])
            parts.append(part)
        vpps.append(replace(member, components=tuple(parts)))
    return replace(cut, vpps=tuple(vpps))


# --- forecasts that a case gives ------------------------------------------------------------------
def test_given_forecasts_that_repeat_the_day_before_are_persistence():
    whole = three_days(crossing_fee=0.01)
    looked_back = roll(whole, plan_hours=24, forecasts="persistence")
    given_ones = roll(with_expected(whole, 4), plan_hours=24, forecasts="given")
    costs = ["planned", "paid", "cost", "alone planned", "alone"]
    assert given_ones.days[costs].to_numpy() == pytest.approx(
        looked_back.days[costs].to_numpy(), abs=1e-5
    )
    assert abs(given_ones.deviations.to_numpy()).max() > 1


def test_who_has_no_forecast_is_known_in_advance():
    whole = three_days()
    only_sun = whole.vpps[0].change("pv", expected=np.zeros(12))
    made = replace(whole, vpps=(only_sun, whole.vpps[1]))
    plan = next(iter(stretches(made, Rolling(), 1)))
    expected = Forecasts(made, "given").expected(only_sun, plan)
    assert not expected.component("pv").forecast.any()
    known = whole.vpps[0].component("electric_load").forecast
    assert expected.component("electric_load").forecast.tolist() == known[:6].tolist()
    run = roll(made, forecasts="given")
    assert run.deviations["Home"].min() < 0 and not run.deviations["Shop"].any()


def test_one_number_is_expected_in_all_steps():
    whole = three_days()
    member = whole.vpps[1].change("electric_load", expected=4.0)
    made = replace(whole, vpps=(whole.vpps[0], member))
    plan = next(iter(stretches(made, Rolling(), 1)))
    expected = Forecasts(made, "given").expected(member, plan, happened=2)
    assert expected.component("electric_load").forecast.tolist() == [2, 5, 4, 4, 4, 4]


def test_given_forecasts_that_nobody_has_are_refused():
    with pytest.raises(WrongInput, match="found given, and nothing expected in .* home_electric_l"):
        roll(three_days(), forecasts="given")


def test_what_is_expected_changes_no_schedule_and_no_worst_day():
    whole = three_days()
    told = with_expected(whole, 4)
    plain = whole.window(5, 8)
    assert pool(told).cost == pytest.approx(pool(plain).cost)
    assert dispatch(told.vpps[0]).cost == pytest.approx(dispatch(plain.vpps[0]).cost)


# --- what must come out ---------------------------------------------------------------------------
@pytest.mark.parametrize("hours", [72.0, np.inf])
def test_one_plan_for_all_days_with_perfect_forecasts_is_the_joint_optimum(hours):
    whole = three_days(crossing_fee=0.01)
    once = roll(whole, plan_hours=hours, keep_hours=hours)
    together = pool(whole)
    assert once.cost == pytest.approx(together.cost, rel=SAME)
    assert once.days["planned"].sum() == pytest.approx(together.cost, rel=SAME)
    assert once.foresight.sum() == pytest.approx(together.cost, rel=SAME)
    assert not once.balanced.to_numpy().any()


def test_talks_in_place_of_the_joint_optimum_lead_to_the_same_days():
    case_ = three_days(crossing_fee=0.01)
    talked = roll(case_, forecasts="persistence", trading="cooperate")
    pooled = roll(case_, forecasts="persistence")
    assert talked.days["planned"].groupby("day").sum().iloc[0] == pytest.approx(
        pooled.days["planned"].groupby("day").sum().iloc[0], rel=1e-3
    )
    assert cooperate(case_).agreed


# --- trades of one's own --------------------------------------------------------------------------
def test_a_rule_that_pools_leads_to_the_same_days(run):
    own = roll(
        three_days(crossing_fee=0.01),
        forecasts="persistence",
        trading=lambda plan: pool(plan).trades,
    )
    assert own.worth().to_list() == pytest.approx(run.worth().to_list(), rel=1e-4)
    assert own.days["paid"].groupby("day").sum().to_numpy() == pytest.approx(0.0, abs=SAME)


def test_who_promises_nothing_is_alone_but_for_what_deviates():
    def nothing(plan):
        return 0.0 * pool(plan).trades

    found = roll(three_days(), forecasts="persistence", trading=nothing, settlement="tariff")
    assert found.cost == pytest.approx(found.days["alone"].sum(), rel=SAME)
    assert found.worth()["planned"] == pytest.approx(0.0, abs=SAME * abs(found.cost))


def test_robust_trades_go_through_days_in_a_row():
    doubt = Uncertainty({"load": 6, "pv": 6}, deviation=0.5)
    robust = roll(
        three_days(),
        forecasts="persistence",
        trading=lambda plan: robust_coalition(plan, doubt).trades,
    )
    assert robust.foresight.sum() <= robust.cost * (1 + SAME)
    assert robust.trades.abs().to_numpy().max() > 0


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda plan: {}, "trading: found dict without these columns"),
        (lambda plan: pool(plan).trades.iloc[1:], "found 5 rows for a plan of 6 steps"),
        (lambda plan: pool(plan).trades.abs() + 1, "kW between what Home gets from Shop"),
        (lambda plan: 1e6 * pool(plan).trades, "allowed: up to the tie's 100"),
    ],
)
def test_what_are_no_trades_of_a_plan_is_refused(rule, words):
    with pytest.raises(WrongInput, match=words):
        roll(three_days(limit=100.0), trading=rule)


def test_stored_energy_goes_on_over_midnight_and_ends_as_it_began(run):
    series = run.series["Home"]["battery"]
    before = np.concatenate([[5.0], series["energy"].to_numpy()[:-1]])
    stored = STEP * (0.9 * series["charge"] - series["discharge"] / 0.8)
    assert series["energy"].to_numpy() == pytest.approx(before + stored.to_numpy(), abs=60 * SAME)
    assert series["energy"].iloc[-1] == pytest.approx(5.0, rel=SAME)
    assert len(series) == 8


def test_what_members_pay_each_other_adds_up_to_zero_each_day(run):
    scale = run.days["planned"].abs().sum()
    for column in ("paid", "settled"):
        sums = run.days[column].groupby("day").sum()
        assert sums.to_numpy() == pytest.approx(0.0, abs=SAME * scale)
    assert run.days["paid"].abs().sum() > 0


def test_the_columns_of_a_day_add_up(run):
    days = run.days
    own = days["realised"] - days["spared"] + days["fees"]
    assert days["cost"].to_numpy() == pytest.approx(
        (own + days["paid"] + days["settled"]).to_numpy()
    )
    kept = days["planned"] + days["paid"] + days["deviation"]
    assert days["cost"].to_numpy() == pytest.approx(kept.to_numpy())


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=12, max_size=12),
    st.lists(st.integers(0, 6), min_size=12, max_size=12),
    st.sampled_from(["perfect", "persistence"]),
    st.sampled_from(["members", "tariff"]),
)
def test_nobody_is_cheaper_than_foresight(sun, shop, forecasts, settlement):
    whole = days_case(sun, [1] * 12, shop, limit=4.0, crossing_fee=0.02)
    found = roll(whole, forecasts=forecasts, settlement=settlement)
    room = SAME * (1 + found.days["realised"].abs().sum())
    assert found.foresight.sum() <= found.cost + room
    assert found.foresight_alone.sum() <= found.days["alone"].sum() + room
    traded = found.trades + found.balanced
    assert traded.abs().to_numpy().max() <= 4.0 * (1 + SAME)


def test_perfect_forecasts_leave_nothing_to_settle():
    found = roll(three_days(crossing_fee=0.01))
    scale = found.days["planned"].abs().sum()
    assert found.days["deviation"].to_numpy() == pytest.approx(0.0, abs=SAME * scale)
    assert found.worth()["planned"] == pytest.approx(found.worth()["as it came"], abs=SAME * scale)


# --- worked by hand -------------------------------------------------------------------------------
def test_a_seller_buys_what_its_sun_does_not_give():
    """Steps of 12 h. Yesterday 10 kW, today 6 and 10; the buyer wants 10 kW and has been promised them."""
    prices = grid([1.0] * 4, [0.2] * 4)
    seller = vpp(pv(10, 10, 6, 10), load(0, 0, 0, 0), prices, name="seller", step_hours=12.0)
    buyer = vpp(load(10, 10, 10, 10), prices, name="buyer", step_hours=12.0)
    found = roll(case(seller, buyer), forecasts="persistence")
    assert found.trades["buyer", "seller"].to_list() == pytest.approx([10, 10])
    day = found.days.loc[1]
    assert day.loc["seller", "realised"] == pytest.approx(4 * 12 * 1.0)
    assert day.loc["buyer", "realised"] == pytest.approx(0.0, abs=SAME)
    assert day["alone"].to_list() == pytest.approx([-0.2 * 12 * 16, 240.0])
    assert found.worth().to_list() == pytest.approx([192.0, 153.6, 153.6])
    assert found.deviations["seller"].to_list() == pytest.approx([4.0, 0.0], abs=SAME)


def too_much_and_too_little(fee: float) -> tuple[Case, dict]:
    """One draws 4 kW that nobody expected, the other has 3 kW of sun that nobody expected."""
    prices = grid([1.0, 1.0], [0.2, 0.2])
    short = vpp(load(4, 0), prices, name="short", step_hours=12.0)
    long = vpp(pv(3, 0), load(0, 0), prices, name="long", step_hours=12.0)
    nothing = {("short", "electric_load"): [0.0, 0.0], ("long", "pv"): [0.0, 0.0]}
    return case(short, long, crossing_fee=fee), nothing


def test_what_one_lacks_and_another_has_over_passes_between_them_at_half_the_band():
    both, nothing = too_much_and_too_little(fee=0.0)
    found = roll(both, forecasts=nothing)
    assert found.balanced["short", "long"].to_list() == pytest.approx([3.0, 0.0])
    energy = 3 * 12
    assert found.costs.to_dict() == pytest.approx(
        {"short": 12 * 1.0 + 0.6 * energy, "long": -0.6 * energy}
    )
    by_grid = roll(both, forecasts=nothing, settlement="tariff")
    assert by_grid.costs.to_dict() == pytest.approx({"short": 48.0, "long": -0.2 * energy})


def test_nothing_passes_where_the_fees_eat_the_gain():
    both, nothing = too_much_and_too_little(fee=0.4)
    assert not roll(both, forecasts=nothing).balanced.to_numpy().any()


# --- what is expected -----------------------------------------------------------------------------
def agreed_after_another_third_day(values) -> np.ndarray:
    """The trades of days two and three if on day three something else happens."""
    home = [1, 2, 2, 3] * 3
    sun = [0, 9, 7, 0, 0, 4, 9, 0, *values]
    whole = days_case(sun, home, [2, 5, 6, 3] * 2 + list(values), crossing_fee=0.01)
    plans = list(stretches(whole, Rolling(), 5))
    expected = Forecasts(whole, "persistence")
    return np.concatenate(
        [
            expected.expected(m, s).component("electric_load").forecast
            for m in whole.vpps
            for s in plans
        ]
        + [expected.expected(whole.vpps[0], s).component("pv").forecast for s in plans]
    )


def test_persistence_never_sees_the_day_itself():
    one = agreed_after_another_third_day([0, 9, 7, 1])
    other = agreed_after_another_third_day([5, 1, 2, 8])
    assert one.tolist() == other.tolist()


def test_a_forecast_that_sees_the_day_is_found_out(monkeypatch):
    def peeking(self, name, component, stretch):
        return component.forecast[stretch.before : stretch.before + stretch.plan]

    monkeypatch.setattr(Forecasts, "of", peeking)
    with pytest.raises(AssertionError):
        test_persistence_never_sees_the_day_itself()


def test_hours_behind_the_kept_day_are_expected_as_the_last_day_that_is_known():
    known = np.arange(48.0)
    assert persistence(known, 24, 36)[:24].tolist() == known[24:].tolist()
    assert persistence(known, 24, 36)[24:].tolist() == known[24:36].tolist()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("tomorrow", "forecasts: found 'tomorrow'; allowed: perfect, persistence"),
        ({("Shop", "grid"): [1.0] * 12}, "found one for Shop grid; allowed: loads"),
        ({("Shop", "electric_load"): [1.0]}, "12 numbers, one for each step"),
    ],
)
def test_forecasts_that_make_no_sense_are_refused(how, words):
    with pytest.raises(WrongInput, match=words):
        roll(three_days(), forecasts=how)


def test_persistence_needs_a_day_to_look_back_at():
    with pytest.raises(WrongInput, match="persistence for a single day"):
        roll(three_days().window(1, 4), forecasts="persistence")


# --- what is carried on ---------------------------------------------------------------------------
def test_a_store_ends_with_what_it_is_asked_to_end_with():
    house = vpp(load(1, 1), battery(energy_end=11.0), grid([1, 2], [0, 0]))
    assert dispatch(house).series["battery", "energy"].iloc[-1] == pytest.approx(11.0)
    with pytest.raises(WrongInput, match="energy_end: found 19 kWh, and charging all it can"):
        vpp(load(1.0), battery(energy_end=19.0, charge_max=1.0), grid([1], [0]))


def test_a_car_with_an_end_and_no_start_is_refused():
    car = ElectricVehicle(
        energy_max=50.0,
        energy_needed=8.0,
        charge_max=6.0,
        arrival=18.0,
        departure=6.0,
        energy_end=9.0,
    )
    assert car.faults() == ["energy_end: found it without energy_start; allowed: both, or neither"]


@pytest.mark.parametrize("may_stand", [0.0, 1.0])
def test_a_turbine_ramps_from_the_power_before(may_stand):
    """It would give 10 kW at once, and may rise by 2 kW an hour from 3."""
    before = {"on_before": 1.0} if may_stand else {}
    turbine = MicroTurbine(
        power_max=10.0,
        cost_linear=0.1,
        ramp_max=2.0,
        power_before=3.0,
        may_stand=may_stand,
        **before,
    )
    plant = vpp(load(10, 10), turbine, grid([1, 1], [0, 0]))
    assert dispatch(plant).series["micro_turbine", "power"].to_list() == pytest.approx([5.0, 7.0])
    assert plant.window(2, 1).component("micro_turbine").power_before is None


def test_how_long_a_turbine_has_been_on_goes_on_over_midnight():
    turbine = MicroTurbine(
        power_max=9.0, cost_linear=1.0, may_stand=1.0, on_before=1.0, hours_before=5.0
    )
    flows = dispatch(vpp(load(9, 9, 9), turbine, grid([2, 2, 2], [0, 0, 0]))).series[
        "micro_turbine"
    ]
    state = left_by_plant(turbine, flows, 1.0)
    assert state["on_before"] == 1.0 and state["hours_before"] == 8.0
    off = flows.assign(on=[1.0, 0.0, 0.0])
    assert left_by_plant(turbine, off, 1.0)["hours_before"] == 2.0


def test_a_car_that_chooses_its_start_goes_on_from_there():
    car = ElectricVehicle(
        energy_max=50.0, energy_needed=12.0, charge_max=6.0, arrival=18.0, departure=6.0
    )
    whole = three_days(crossing_fee=0.01)
    whole = replace(whole, vpps=(whole.vpps[0], whole.vpps[1].adding(car)))
    found = roll(whole)
    assert found.foresight.sum() <= found.cost * (1 + SAME)
    flows = found.series["Shop"]["electric_vehicle"]
    drawn = car.drawn(Clock(12, STEP))
    stored = STEP * (flows["charge"] - flows["discharge"]).to_numpy() - drawn
    energy = flows["energy"].to_numpy()
    assert np.diff(energy) == pytest.approx(stored[1:], abs=50 * SAME)
    assert energy[-1] == pytest.approx(energy[0] - stored[0], abs=50 * SAME)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (CarbonMarket(price=0.1, levels=3, growth=0.5), "counted over period = horizon"),
        (
            DeferrableLoad(power=1.0, duration=6.0, earliest=18.0, latest=6.0),
            "a kept day ends at 0",
        ),
    ],
)
def test_what_no_day_can_be_cut_from_the_next_for_is_refused(part, words):
    whole = three_days()
    whole = replace(whole, vpps=(whole.vpps[0].adding(part), whole.vpps[1]))
    with pytest.raises(WrongInput, match=words):
        roll(whole)


@pytest.mark.parametrize("period", ["day", "month", "horizon"])
def test_a_price_on_peaks_goes_through_days_in_a_row(period):
    whole = three_days()
    found = roll(whole.change_all("grid", peak_price=1.0, peak_period=period))
    assert found.foresight.sum() <= found.cost * (1 + SAME)
    assert found.foresight_alone.sum() <= found.days["alone"].sum() * (1 + SAME)


@pytest.mark.parametrize(
    ("period", "share", "peaks"), [("horizon", 1, [8, 1, 0]), ("month", 72 / 730, [8, 1, 0])]
)
def test_a_peak_that_is_paid_for_is_not_paid_again(period, share, peaks):
    """Loads alone, and energy for nothing: 8 kW on the first day, 9 on the second, 7 on the third."""
    prices = grid([0.0] * 6, [0.0] * 6, peak_price=2.0, peak_period=period)
    shop = vpp(load(3, 8, 5, 9, 7, 7), prices, name="Shop", step_hours=12.0)
    other = vpp(load(0, 0, 0, 0, 0, 0), prices, name="Other", step_hours=12.0)
    days = roll(case(shop, other, limit=0.0)).days.xs("Shop", level="vpp")
    expected = [2.0 * share * peak for peak in peaks]
    assert days["alone"].to_list() == pytest.approx(expected, abs=SAME)
    assert days["cost"].to_list() == pytest.approx(expected, abs=SAME)


def test_a_peak_from_before_is_known_of_the_first_steps_alone():
    prices = grid([0.0] * 4, [0.0] * 4, peak_price=2.0, peak_before=6.0)
    shop = vpp(load(3, 8, 5, 9), prices)
    assert dispatch(shop).cost == pytest.approx(2 * (9 - 6))
    assert dispatch(shop.window(1, 1)).cost == pytest.approx(0.0, abs=SAME)
    assert dispatch(shop.window(2, 3)).cost == pytest.approx(2 * 9)


@pytest.mark.parametrize(
    ("terms", "keep", "words"),
    [
        ({"peak_period": "day"}, 12.0, "peak_period = day, and kept day 2 begins within one"),
        ({"metering_hours": 18.0}, 24.0, "within an interval of metering_hours = 18"),
    ],
)
def test_what_is_kept_cuts_no_metered_interval_in_two(terms, keep, words):
    whole = three_days().change_all("grid", peak_price=1.0, **terms)
    with pytest.raises(WrongInput, match=words):
        roll(whole, keep_hours=keep)


def test_a_monthly_peak_of_more_than_a_month_is_refused():
    days = 31
    whole = days_case([0, 9, 7, 0] * days, [1, 2, 2, 3] * days, [2, 5, 6, 3] * days)
    with pytest.raises(WrongInput, match="month, and .*; allowed .* holds the whole run"):
        roll(whole.change_all("grid", peak_price=1.0, peak_period="month"))


def test_less_planned_than_kept_and_broken_steps_are_refused():
    with pytest.raises(WrongInput, match="less than keep_hours"):
        roll(three_days(), plan_hours=12.0)
    with pytest.raises(WrongInput, match="keep_hours: found 20 h with steps of 6 h"):
        roll(three_days(), keep_hours=20.0)


def test_an_island_that_promised_sun_that_does_not_shine_says_so():
    sunny = vpp(pv(10, 10), load(1, 1), name="sunny", step_hours=12.0)
    shop = vpp(load(5, 5), grid([1, 1], [0, 0]), name="shop", step_hours=12.0)
    island = case(sunny, shop)
    clouds = island.change("sunny", "pv", forecast=array(2, 2))
    with pytest.raises(NotSolved, match=r"day 1 \(steps 1 to 2\), with the agreed trades"):
        roll(clouds, forecasts={("sunny", "pv"): [10.0, 10.0]})


def test_a_real_week_has_its_days():
    """Two feeders and two days: the state of each plant is found again."""
    week = load_case("simbench-semiurb").window(1, 48)
    found = roll(replace(week, vpps=week.vpps[:2]))
    assert found.foresight.sum() <= found.cost * (1 + SAME)
    assert list(found.days.index.unique("day")) == [1, 2]
