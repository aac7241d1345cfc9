"""What is counted over each day, week or month: by hand, by the calendar of Python and by other programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import case as case_tool
import numpy as np
import pytest
from builders import array, battery, case, grid, load, pv, vpp
from case_files import DESCRIPTION, faults_of, with_rows, write
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from vppcore import (
    VPP,
    Uncertainty,
    WrongInput,
    dispatch,
    load_case,
    pool,
    worst_case,
)
from vppcore.carbon import billed, by_reward_steps, carbon_models
from vppcore.choices import PERIODS
from vppcore.components import CarbonMarket, Clock, MicroTurbine, PowerMarket
from vppcore.components.periods import counted_over, period_faults, periods_of
from vppcore.fleet import pool_by_exchange, price_newton
from vppcore.game.settlement import costs_with_trades
from vppcore.live.adversary import check_shown
from vppcore.live.ladder import ladder as live_ladder
from vppcore.pages import words_b, words_vpp
from vppcore.proofs.days import worst_day
from vppcore.proofs.studies import alone as proof_alone
from vppcore.rolling.run import roll
from vppcore.uncertainty.settings import at_level
from vppcore.uncertainty.worst_day import check_day, enumerate_days

SAME = 1e-6
STEP = 6.0  # h, so that a day has four steps
DAY = round(24 / STEP)
BERLIN = ZoneInfo("Europe/Berlin")
LADDER = dict(price=0.2, interval=20.0, growth=0.5, levels=4.0)


def plant(demand, prices, market: CarbonMarket, *more, start: datetime | None = None) -> VPP:
    """A load served by a dirty grid or by a dear turbine that is cleaner; nothing joins its steps."""
    demand, prices = np.asarray(demand, float), np.asarray(prices, float)
    parts = (
        load(*demand),
        grid(prices, np.zeros(len(prices)), emission=0.9, buy_max=1000.0),
        MicroTurbine(power_max=8.0, cost_linear=0.8, emission=0.3),
        market,
        *more,
    )
    if start is None:
        return VPP("V", parts, len(demand), STEP)
    return VPP("V", parts, len(demand), STEP, float(start.hour), start.weekday(), start)


# --- the calendar ---------------------------------------------------------------------------------
def of_period(period: str, moment: datetime) -> object:
    """What tells the periods of local times apart, by Python's calendar."""
    names = {
        "day": moment.date(),
        "week": moment.isocalendar()[:2],
        "month": (moment.year, moment.month),
    }
    return names[period]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([word for word in PERIODS if word != "horizon"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"]),
    st.dates(date(2016, 1, 1), date(2018, 12, 31)),
    st.integers(0, 47),
    st.integers(1, 1500),
)
def test_periods_are_those_of_the_calendar(period, zone, day, half_hours, steps):
    """Half hours, each told apart by the local date of its middle, on days of any length."""
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    moments = [begin + timedelta(minutes=30 * (half_hours + k)) for k in range(steps + 1)]
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    hour = local[0].hour + local[0].minute / 60
    found = periods_of(period, Clock(steps, 0.5, hour, local[0].weekday(), local[0]))
    middles = [(m + timedelta(minutes=15)).astimezone(ZoneInfo(zone)) for m in moments[:-1]]
    names = [of_period(period, middle) for middle in middles]
    assert [len(set(names[one.first : one.last])) for one in found] == [1] * len(found)
    assert len(found) == len(set(names))
    assert found[0].first == 0 and found[-1].last == steps
    assert all(one.last == after.first for one, after in pairwise(found))
    assert all(one.share == 1 for one in found[1:-1])


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_clocks_change_has_its_hours(day, hours):
    start = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=BERLIN)
    clock = Clock(48, start_hour=0.0, weekday=6, start=start)
    first, second, *_ = periods_of("day", clock)
    assert (first.last, first.share, second.first) == (hours, 1.0, hours)
    assert second.share == pytest.approx(min(24, 48 - hours) / 24)
    assert clock.window(hours + 1, 24).start.hour == 0
    quarters = periods_of("day", Clock(4 * hours, 0.25, 0.0, 6, start))
    assert [(one.first, one.last, one.share) for one in quarters] == [(0, 4 * hours, 1.0)]


def test_without_a_date_days_begin_at_midnight_and_weeks_on_monday():
    evening = Clock(72, start_hour=18.0, weekday=6)
    assert [one.first for one in periods_of("day", evening)] == [0, 6, 30, 54]
    assert [one.share for one in periods_of("day", evening)] == [0.25, 1.0, 1.0, 0.75]
    assert [one.first for one in periods_of("week", evening)] == [0, 6]
    assert [one.last for one in periods_of("month", Clock(1000))] == [730, 1000]


def test_a_window_keeps_its_place_in_the_calendar():
    start = datetime(2026, 1, 30, tzinfo=UTC)
    days = plant(np.ones(5 * DAY), np.ones(5 * DAY), CarbonMarket(**LADDER), start=start)
    cut = days.window(DAY + 1, 4 * DAY)
    assert cut.start == datetime(2026, 1, 31, tzinfo=UTC)
    assert [(one.first, one.last) for one in periods_of("month", cut.clock)] == [
        (0, DAY),
        (DAY, 4 * DAY),
    ]


def test_what_no_calendar_tells_is_said_in_a_sentence():
    assert "on which weekday" in period_faults("period", "week", Clock(24))[0]
    assert "steps of 48 h" in period_faults("period", "day", Clock(4, 48.0))[0]
    assert "found 'year'" in period_faults("period", "year", Clock(24))[0]
    with pytest.raises(WrongInput, match="on which weekday"):
        periods_of("week", Clock(24))
    with pytest.raises(WrongInput, match=r"carbon_market: period: found 'fortnight'; allowed"):
        plant([1, 1], [1, 1], CarbonMarket(**LADDER, period="fortnight"))
    moment = datetime(2026, 3, 2, 6, tzinfo=UTC)
    with pytest.raises(WrongInput, match="beside start_hour = 0"):
        Clock(24, start=moment)
    with pytest.raises(WrongInput, match="allowed: a day and a time with a zone"):
        Clock(24, start_hour=6.0, start=moment.replace(tzinfo=None))
    with pytest.raises(WrongInput, match="beside start_hour = 6 and weekday = 3"):
        replace(vpp(load(1), grid([1], [0])), start_hour=6.0, weekday=3, start=moment)


def test_it_is_said_what_is_counted_over_what():
    assert counted_over("month", Clock(24)) == "a month that is not all there"
    assert counted_over("day", Clock(60)) == "each of 3 days, of which 1 is not all there"
    assert counted_over("day", Clock(48)) == "each of 2 days"


# --- a ladder for each day --------------------------------------------------------------------------
@st.composite
def two_days(draw, growing_reward: bool = False):
    """Two days of a VPP whose steps nothing joins but the ladder of a day."""
    sizes = st.integers(0, 40).map(float)
    demand = draw(st.lists(sizes, min_size=2 * DAY, max_size=2 * DAY))
    prices = draw(st.lists(st.sampled_from([0.1, 0.4, 0.7]), min_size=2 * DAY, max_size=2 * DAY))
    quota = draw(st.sampled_from([0.0, 0.5]))
    market = CarbonMarket(
        price=draw(st.sampled_from([0.1, 0.3])),
        interval=draw(st.sampled_from([10.0, 80.0, 400.0])),
        growth=draw(st.sampled_from([0.2, 1.0])),
        levels=3.0,
        reward_growth=0.5 if growing_reward else 0.0,
        period="day",
    )
    made = plant(demand, prices, market)
    return made.change("grid", carbon_quota=quota).change("micro_turbine", carbon_quota=2 * quota)


@settings(max_examples=6, deadline=None)
@given(two_days())
def test_two_days_that_nothing_joins_cost_what_each_does(days):
    apart = [days.window(1, DAY), days.window(DAY + 1, DAY)]
    both = dispatch(days)
    alone = [dispatch(day) for day in apart]
    assert both.cost == pytest.approx(sum(day.cost for day in alone), rel=SAME, abs=1e-6)
    market = days.component("carbon_market")
    bill = market.bill_over(both.series["carbon_market", "excess"], days.clock)
    assert both.costs["carbon"] == pytest.approx(bill, rel=SAME, abs=1e-6)
    joined = days.change("carbon_market", period="horizon", interval=2 * market.interval)
    assert dispatch(joined).cost <= both.cost * (1 + SAME) + 1e-6


@settings(max_examples=3, deadline=None)
@given(two_days(growing_reward=True))
def test_a_reward_that_rises_is_filled_in_order_on_each_day(days):
    apart = [days.window(1, DAY), days.window(DAY + 1, DAY)]
    alone = [dispatch(day) for day in apart]
    assert dispatch(days).cost == pytest.approx(sum(day.cost for day in alone), rel=SAME, abs=1e-6)


def test_the_four_models_of_two_days_are_those_of_each():
    demand, prices = [20, 5, 30, 0, 8, 8, 2, 1], [0.2, 0.7, 0.4, 0.4] * 2
    days = plant(demand, prices, CarbonMarket(**LADDER, period="day"))
    apart = [carbon_models(days.window(first, DAY)) for first in (1, DAY + 1)]
    both = carbon_models(days)
    for column in ("total", "carbon", "excess"):
        assert both[column].to_numpy() == pytest.approx(
            apart[0][column].to_numpy() + apart[1][column].to_numpy(), rel=1e-5
        )
    flat = days.change("carbon_market", period="horizon")
    assert not np.allclose(both["carbon"], carbon_models(flat)["carbon"])


def week_by_linprog(demand, prices, market: CarbonMarket, store: dict, days: int) -> float:
    """The week of `plant` with a battery: purchase, turbine, charge, discharge, energy; a cost each day."""
    steps = days * DAY
    slopes, offsets = market.pieces()
    names = ("buy", "turbine", "charge", "discharge", "energy")
    at = {name: np.arange(k * steps, (k + 1) * steps) for k, name in enumerate(names)}
    bill = 5 * steps + np.arange(days)
    cost = np.zeros(5 * steps + days)
    cost[at["buy"]] = STEP * np.asarray(prices)
    cost[at["turbine"]] = STEP * 0.8
    cost[bill] = 1.0
    equal = np.zeros((2 * steps, len(cost)))
    right = np.zeros(2 * steps)
    for t in range(steps):
        equal[t, [at["buy"][t], at["turbine"][t], at["discharge"][t]]] = 1.0
        equal[t, at["charge"][t]] = -1.0
        right[t] = demand[t]
        row = steps + t
        equal[row, at["energy"][t]] = 1.0
        equal[row, at["charge"][t]] = -STEP * store["charge_efficiency"]
        equal[row, at["discharge"][t]] = STEP / store["discharge_efficiency"]
        if t:
            equal[row, at["energy"][t - 1]] = -1.0
        else:
            right[row] = store["energy_start"]
    below = []
    for d in range(days):
        for slope in range(len(slopes)):
            row = np.zeros(len(cost))
            for t in range(d * DAY, (d + 1) * DAY):
                row[at["buy"][t]] = slopes[slope] * STEP * 0.9
                row[at["turbine"][t]] = slopes[slope] * STEP * 0.3
            row[bill[d]] = -1.0
            below.append((row, offsets[slope]))
    limits = {"buy": None, "turbine": 8.0, "charge": 10.0, "discharge": 10.0, "energy": 20.0}
    bounds = [(0.0, limits[name]) for name in names for _ in range(steps)]
    bounds[at["energy"][-1]] = (store["energy_start"], store["energy_start"])
    bounds += [(None, None)] * days
    rows, most = zip(*below, strict=True)
    found = linprog(cost, np.array(rows), np.array(most), equal, right, bounds)
    assert found.status == 0
    return float(found.fun)


STORE = dict(energy_start=5.0, charge_efficiency=0.9, discharge_efficiency=0.8)


def week(period: str = "day") -> VPP:
    chance = np.random.default_rng(3)
    demand = chance.uniform(0, 20, 7 * DAY)
    prices = chance.uniform(0.1, 0.7, 7 * DAY)
    market = CarbonMarket(price=0.1, interval=60.0, growth=0.6, levels=5.0, period=period)
    start = datetime(2026, 2, 2, tzinfo=UTC)  # a Monday
    return plant(demand, prices, market, battery(**STORE), start=start)


def test_a_week_of_daily_ladders_is_that_of_an_independent_program():
    days = week()
    demand = days.component("electric_load").forecast
    prices = days.component("grid").buy_price
    market = days.component("carbon_market")
    by_linprog = week_by_linprog(demand, prices, market, STORE, 7)
    assert dispatch(days).cost == pytest.approx(by_linprog, rel=SAME)
    assert dispatch(week("week")).cost == pytest.approx(dispatch(week("horizon")).cost, rel=SAME)
    assert dispatch(week("week")).cost > by_linprog


def test_a_month_ends_within_the_horizon():
    """Two days of January and two of February: 120 kg each, on ladders of 100 kg."""
    market = CarbonMarket(price=1.0, interval=100.0, growth=1.0, levels=2.0, period="month")
    start = datetime(2026, 1, 30, tzinfo=BERLIN)
    demand = np.full(4 * DAY, 60 / 0.9 / 24)
    made = plant(demand, np.full(4 * DAY, 0.1), market, start=start).change(
        "micro_turbine", power_max=0.0
    )
    carbon = dispatch(made).costs["carbon"]
    assert carbon == pytest.approx(2 * (100 + 2 * 20))
    once = dispatch(made.change("carbon_market", period="horizon")).costs["carbon"]
    assert once == pytest.approx(100 + 2 * 140)
    peak = made.change("carbon_market", price=0.0).change(
        "grid", peak_price=31 * 28.0, peak_period="month"
    )
    charge = dispatch(peak).costs["capacity charge"]
    assert charge == pytest.approx((2 * 28 + 2 * 31) * 60 / 0.9 / 24)


def test_a_day_of_23_hours_has_a_ladder_of_its_own():
    """Steps of an hour from midnight before the clocks go forward: 23 h on one ladder, 24 on the next."""
    start = datetime(2026, 3, 29, tzinfo=BERLIN)
    market = CarbonMarket(price=1.0, interval=23.0, growth=1.0, levels=2.0, period="day")
    made = vpp(load(*np.ones(47)), grid(np.ones(47), np.zeros(47), emission=1.0), market)
    made = replace(made, start=start, weekday=6)
    result = dispatch(made)
    assert market.excess_over(result.series["carbon_market", "excess"], made.clock) == (
        pytest.approx([23.0, 24.0])
    )
    assert result.costs["carbon"] == pytest.approx(23 + 23 + 2)


def test_steps_of_the_reward_are_tried_on_one_period_only():
    market = CarbonMarket(**LADDER, reward_growth=0.5, period="day")
    days = plant(np.ones(2 * DAY), np.ones(2 * DAY), market)
    with pytest.raises(WrongInput, match="counted over 2 periods; allowed where each step"):
        by_reward_steps(days)
    one = days.window(1, DAY)
    assert by_reward_steps(one)["total"].min() == pytest.approx(dispatch(one).cost)


# --- all roads ------------------------------------------------------------------------------------
def neighbours(period: str = "day"):
    """Two members with ladders, one with sun."""
    chance = np.random.default_rng(7)
    prices = chance.uniform(0.1, 0.7, 2 * DAY)
    market = CarbonMarket(price=0.1, interval=30.0, growth=0.6, levels=4.0, period=period)
    dirty = grid(prices, np.full(2 * DAY, 0.05), emission=0.9, buy_max=100.0, sell_max=100.0)
    sunny = vpp(
        load(*chance.uniform(0, 9, 2 * DAY)),
        pv(*chance.uniform(0, 20, 2 * DAY)),
        dirty,
        market,
        name="A",
        step_hours=STEP,
    )
    shop = vpp(load(*chance.uniform(5, 20, 2 * DAY)), dirty, market, name="B", step_hours=STEP)
    return case(sunny, shop, limit=15.0, crossing_fee=0.01)


def test_the_fleet_s_roads_find_the_same_cost():
    both = neighbours()
    together = pool(both).cost
    assert together > pool(neighbours("horizon").change_all("carbon_market", interval=60.0)).cost
    assert pool_by_exchange(both).cost == pytest.approx(together, rel=SAME)
    found = price_newton(both)
    assert found.lower * (1 - SAME) <= together <= found.upper * (1 + SAME)


def test_the_exact_proof_has_a_ladder_for_each_day():
    days = week().window(1, 2 * DAY)
    proof = proof_alone(days, "by hand")
    assert float(proof.value) == pytest.approx(dispatch(days).cost, rel=SAME)


def test_days_in_a_row_take_a_ladder_that_ends_with_them():
    both = neighbours()
    whole = replace(both, series=both.series.reindex(range(2 * DAY)))
    found = roll(whole, plan_hours=24.0)
    assert found.cost == pytest.approx(pool(both).cost, rel=1e-5)
    with pytest.raises(WrongInput, match="period = month, and kept day 2 begins within one"):
        roll(whole.change_all("carbon_market", period="month"))
    with pytest.raises(WrongInput, match="period = horizon, and kept day 2 begins within one"):
        roll(whole.change_all("carbon_market", period="horizon"))
    with pytest.raises(WrongInput, match="period = day, and kept day 2 begins within one"):
        roll(whole, plan_hours=18.0, keep_hours=18.0)


def test_a_game_bills_what_trade_changes_on_each_day():
    """20 kg a day; 12 kg spared on the second day are 10 of the dear step and 2 of the other."""
    market = CarbonMarket(price=1.0, interval=10.0, growth=1.0, levels=2.0, period="day")
    terms = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.0)
    dirty = grid(np.ones(4), np.zeros(4), emission=1.0)
    made = vpp(load(*np.full(4, 20 / 24)), dirty, market, terms, step_hours=12.0)
    before = dispatch(made)
    assert before.costs["carbon"] == pytest.approx(2 * 30)
    spared = array(0, 0, 0.5, 0.5)
    after = costs_with_trades(made, before, spared, np.zeros(4))
    assert after["carbon"] == pytest.approx(60 - 10 * 2 - 2)
    assert billed(made, before, market)["carbon"] == pytest.approx(60)


def test_a_page_with_one_ladder_refuses_several_days():
    with pytest.raises(WrongInput, match="period: found day, of which the horizon has 7"):
        live_ladder(week())


def test_words_claim_no_place_on_a_ladder_that_begins_anew():
    days = week().window(1, 2 * DAY)
    said = words_b.place_on_ladder(carbon_models(days), days.component("carbon_market"), "V")
    assert "the ladder counts each day anew" in said and "next tonne" not in said


# --- budgets of uncertainty -----------------------------------------------------------------------
@settings(max_examples=3, deadline=None)
@given(
    st.lists(st.integers(1, 20), min_size=2 * DAY, max_size=2 * DAY),
    st.lists(st.sampled_from([0.1, 0.4, 0.7]), min_size=2 * DAY, max_size=2 * DAY),
    st.integers(1, 2),
)
def test_the_worst_of_two_days_that_nothing_joins_is_both_worst_days(demand, prices, hits):
    days = vpp(load(*demand), grid(prices, np.zeros(2 * DAY)), step_hours=STEP)
    doubt = Uncertainty({"load": hits * STEP}, period="day")
    both = worst_case(days, doubt)
    apart = [worst_case(days.window(first, DAY), doubt) for first in (1, DAY + 1)]
    assert both.cost == pytest.approx(sum(day.cost for day in apart), rel=SAME)
    assert both.cost == pytest.approx(enumerate_days(days, doubt), rel=SAME)
    assert both.hits["load"][:DAY].sum() <= hits and both.hits["load"][DAY:].sum() <= hits
    twice = worst_case(days, Uncertainty({"load": 2 * hits * STEP}))
    assert both.cost <= twice.cost * (1 + SAME)


def test_a_worst_case_by_day_joined_by_a_store_is_that_of_all_days_tried_and_proved():
    chance = np.random.default_rng(5)
    demand, prices = chance.uniform(5, 20, 2 * DAY), chance.uniform(0.1, 0.9, 2 * DAY)
    days = vpp(load(*demand), grid(prices, np.zeros(2 * DAY)), battery(), step_hours=STEP)
    doubt = at_level(6, series=("load",), period="day")
    found = worst_case(days, doubt)
    assert found.cost == pytest.approx(enumerate_days(days, doubt), rel=SAME)
    proof = worst_day(days, doubt, "by hand")
    assert float(proof.value) == pytest.approx(found.cost, rel=SAME)
    assert [most for _, most in proof.budgets] == [1, 1]


def test_a_day_beyond_its_budget_is_refused_by_period():
    days = vpp(load(*np.ones(2 * DAY)), grid(np.ones(2 * DAY), np.zeros(2 * DAY)), step_hours=STEP)
    doubt = Uncertainty({"load": STEP}, period="day")
    check_day(days, doubt, {"load": [1, DAY + 1]})
    with pytest.raises(WrongInput, match="found 2 hits on load in one day; allowed: 1"):
        check_day(days, doubt, {"load": [1, 2]})
    with pytest.raises(WrongInput, match="found step 9; allowed: 1 to 8"):
        check_day(days, doubt, {"load": [9]})
    with pytest.raises(WrongInput, match="period: found 'year'; allowed: horizon, day, week"):
        Uncertainty({"load": 1}, period="year")
    with pytest.raises(
        WrongInput, match="period: found day, of which the horizon of V has several"
    ):
        check_shown(days, 6, {"deviation": 0.2, "period": "day"})


# --- files ----------------------------------------------------------------------------------------
ROWS = (
    "all,carbon_market,price,250,yuan/t",
    "all,carbon_market,interval,0.02,t",
    "all,carbon_market,growth,0.25,-",
    "all,carbon_market,levels,5,-",
    "all,grid,emission,0.9,kg/kWh",
    "Shop,grid,peak_price,5,yuan/kW",
    "Shop,grid,peak_period,month,-",
)


def test_a_case_says_its_periods_and_a_check_repeats_them(tmp_path):
    """Three hours around a midnight that ends January."""
    start = "start: 2026-01-31T22:00\ntimezone: Europe/Berlin\n"
    files = {
        "case.yaml": DESCRIPTION + start,
        "units.csv": with_rows(*ROWS, "all,carbon_market,period,day,-"),
    }
    read = load_case(write(tmp_path, files))
    shop = read.vpp("Shop")
    assert shop.component("carbon_market").period == "day"
    assert shop.start == datetime(2026, 1, 31, 22, tzinfo=BERLIN)
    assert periods_of("month", shop.clock)[0].share == pytest.approx(2 / (31 * 24))
    assert [(one.first, one.last) for one in periods_of("day", shop.clock)] == [(0, 2), (2, 3)]
    assert words_vpp.counted_over(read) == [
        "Home, carbon_market: steps of its price count each of 2 days, of which 2 are not all there",
        "Shop, grid: peaks count for each of 2 months, of which 2 are not all there",
        "Shop, carbon_market: steps of its price count each of 2 days, of which 2 are not all there",
    ]
    assert words_vpp.counted_over(read)[1] in case_tool.prices_in_words(read)


def test_a_case_without_a_date_has_no_weeks(tmp_path):
    units = with_rows(*ROWS, "Home,carbon_market,period,week,-")
    (sentence,) = faults_of(write(tmp_path, {"units.csv": units}))
    assert "Home, carbon_market: period: found week, but on which weekday" in sentence


def test_a_flat_price_counts_nothing(tmp_path):
    flat = [row for row in ROWS if "levels" not in row and "peak" not in row]
    assert words_vpp.counted_over(load_case(write(tmp_path, {"units.csv": with_rows(*flat)}))) == []
