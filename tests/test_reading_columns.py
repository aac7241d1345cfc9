"""Which column is whose: labels, tariffs, limits by step, units, and columns that nobody asks for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import pytest
from case_files import SERIES, UNITS, faults_of, with_column, with_rows, write

from vppcore import alone, dispatch, load_case, pool
from vppcore.components import COMPONENTS, Component, Part
from vppcore.components.base import KIND_OF, bounded, kind, parameter, profile


def loaded(folder, units: str = UNITS, series: str = SERIES):
    return load_case(write(folder, {"units.csv": units, "series.csv": series}))


def sentences(folder, units: str = UNITS, series: str = SERIES) -> list[str]:
    return faults_of(write(folder, {"units.csv": units, "series.csv": series}))


# --- labels ---------------------------------------------------------------------------------------
def test_a_labelled_load_has_its_own_column_and_adds_to_the_other(tmp_path):
    units = with_rows("Shop,electric_load.cold,shift_share,50,%")
    case = loaded(tmp_path, units, with_column("shop_cold_kw", 1, 2, 3))
    shop = case.vpp("Shop")
    assert shop.component("electric_load").forecast.tolist() == [30, 35, 50]
    assert shop.component("cold").forecast.tolist() == [1, 2, 3]
    served = dispatch(shop).balances["electricity"]["grid"].sum()
    assert served == pytest.approx(30 + 35 + 50 + 1 + 2 + 3)


def test_a_labelled_load_may_say_that_it_is_a_load(tmp_path):
    units = with_rows("Shop,electric_load.cold,shift_share,50,%")
    case = loaded(tmp_path, units, with_column("shop_cold_load_mw", 0.001, 0.002, 0.003))
    assert case.vpp("Shop").component("cold").forecast.tolist() == [1, 2, 3]


def test_a_label_without_a_column_asks_for_it_by_name(tmp_path):
    (sentence,) = sentences(tmp_path, with_rows("Shop,electric_load.cold,shift_share,50,%"))
    assert "no column shop_cold_kw for Shop electric_load.cold (forecast demand)" in sentence


def test_every_kind_with_a_series_asks_for_its_own_column(tmp_path):
    units = with_rows(
        "Home,heat_load,rating,60,kW", "Home,heat_load.sauna,rating,9,kW", "Home,boiler,heat_max,99,kW",
        "Home,boiler,efficiency,0.9,-", "Home,gas_supply,price,1,yuan/m3", "Home,gas_supply,calorific_value,10,kWh/m3",
        "Home,renewable.roof,rating,50,kW",
    )  # fmt: skip
    (head, *rows) = SERIES.splitlines()
    more = ["10,5,1", "11,6,2", "12,7,3"]
    series = "\n".join(
        [
            head + ",home_heat_kw,home_sauna_kw,home_roof_kw",
            *map(",".join, zip(rows, more, strict=True)),
        ]
    )
    home = loaded(tmp_path, units, series).vpp("Home")
    assert home.component("heat_load").forecast.tolist() == [10, 11, 12]
    assert home.component("sauna").forecast.tolist() == [5, 6, 7]
    assert home.component("roof").forecast.tolist() == [1, 2, 3]


def test_blanks_and_capitals_of_names_stand_as_underscores_and_small_letters(tmp_path):
    units = UNITS.replace("Home,", "My Home,").replace("renewable.pv", "renewable.South Roof")
    series = SERIES.replace("home_pv_kw", "my_home_south_roof_kw").replace(
        "home_load", "My Home_load"
    )
    case = loaded(tmp_path, units, series)
    assert case.names == ["My Home", "Shop"]
    assert case.vpp("My Home").component("South Roof").forecast[1] == 45


# --- one column, one owner ------------------------------------------------------------------------
def test_two_components_cannot_share_a_column(tmp_path):
    """A plant labelled load would read the load's own series."""
    found = sentences(tmp_path, with_rows("Home,renewable.load,rating,60,kW"))
    assert any(
        "column home_load_kw: Home electric_load and Home renewable.load both ask for it" in f
        for f in found
    )


def test_two_vpps_cannot_share_a_column(tmp_path):
    """A VPP home_2, and a home whose plant is called 2_load."""
    units = (
        UNITS.replace("Shop,", "home_2,") + "Home,renewable.2_load,rating,60,kW,made up,assumed\n"
    )
    found = sentences(tmp_path, units, SERIES.replace("shop_load", "home_2_load"))
    assert any(
        "column home_2_load_kw" in f and "home_2 electric_load" in f and "renewable.2_load" in f
        for f in found
    )


def test_a_name_that_begins_like_another_is_no_trouble(tmp_path):
    units = UNITS.replace("Shop,", "Home_2,")
    case = loaded(tmp_path, units, SERIES.replace("shop_load", "home_2_load"))
    assert case.vpp("Home_2").component("electric_load").forecast.tolist() == [30, 35, 50]
    assert case.vpp("Home").component("electric_load").forecast.tolist() == [20, 25, 15]


@pytest.mark.parametrize("other", ["home", "HOME", "Ho me:Ho_me"])
def test_names_that_would_read_the_same_columns_are_refused(tmp_path, other):
    first, _, second = other.partition(":")
    units = UNITS.replace("Home,", f"{first},") if second else UNITS
    rows = units + f"{second or other},electric_load,rating,60,kW,made up,assumed\n"
    assert any("names that differ in more than capitals" in f for f in sentences(tmp_path, rows))


def test_one_series_in_two_columns_is_refused(tmp_path):
    (sentence,) = sentences(tmp_path, series=with_column("home_load_mw", 0.02, 0.03, 0.01))
    assert "column home_load_mw: holds the same series as column home_load_kw" in sentence


def test_one_column_of_the_tariff_in_two_units_is_one_sentence(tmp_path):
    (sentence,) = sentences(tmp_path, series=with_column("grid_buy_yuan_per_mwh", 1, 2, 3))
    assert (
        "column grid_buy_yuan_per_mwh: holds the same series as column grid_buy_yuan_per_kwh"
        in sentence
    )


# --- no column is dropped -------------------------------------------------------------------------
NOBODY_S = {
    "a plant that nobody has": ("shop_pv_kw", "nobody asks for it"),
    "a typing error": ("home_laod_kw", "nobody asks for it"),
    "a VPP that is not there": ("office_load_kw", "no VPP of units.csv is called so"),
    "a column of the tariff that nobody reads": ("grid_peak_kw", "nobody asks for it"),
    "a note": ("remark", "nobody asks for it"),
    "a price as power": ("grid_buy_mw", "does not end in a unit for Home grid, purchase price in yuan/kWh"),
    "power as a price": ("home_load_yuan_per_kwh", "does not end in a unit for Home electric_load"),
    "power without a unit": ("home_pv", "no unit in its name, for Home renewable.pv"),
    "a price in another money": ("grid_sell_euro_per_kwh", "does not end in a unit for Home grid, feed-in price"),
    "energy for power": ("home_pv_kwh", "does not end in a unit"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "words"), NOBODY_S.values(), ids=NOBODY_S.keys())
def test_a_column_that_nobody_asks_for_is_refused_by_name(tmp_path, name, words):
    (sentence,) = sentences(tmp_path, series=with_column(name, 1, 1, 1))
    assert f"column {name}: " in sentence and words in sentence and "; allowed: " in sentence


PRICES = {
    "grid_buy_mw": "grid_buy_yuan_per_kwh, grid_buy_yuan_per_mwh",
    "grid_buy_kw": "grid_buy_yuan_per_kwh, grid_buy_yuan_per_mwh",
    "grid_buy": "grid_buy_yuan_per_kwh, grid_buy_yuan_per_mwh",
    "grid_buy_kwh": "grid_buy_yuan_per_kwh, grid_buy_yuan_per_mwh",
    "grid_buy_percent": "grid_buy_yuan_per_kwh, grid_buy_yuan_per_mwh",
}


@pytest.mark.parametrize(("name", "advice"), PRICES.items())
def test_a_price_in_a_wrong_unit_is_one_sentence_that_advises_the_right_one(tmp_path, name, advice):
    (sentence,) = sentences(tmp_path, series=SERIES.replace("grid_buy_yuan_per_kwh", name))
    assert f"column {name}: " in sentence and advice in sentence


def test_a_tariff_without_a_grid_is_refused(tmp_path):
    found = sentences(tmp_path, UNITS.replace("all,grid,sell_max,100,kW,made up,assumed\n", ""))
    assert any("column grid_buy_yuan_per_kwh" in f and "no VPP has a grid" in f for f in found)


# --- tariffs --------------------------------------------------------------------------------------
def test_a_labelled_grid_takes_the_common_tariff(tmp_path):
    case = loaded(tmp_path, UNITS.replace("all,grid,", "all,grid.main,"))
    assert case.vpp("Shop").component("main").buy_price.tolist() == [0.4, 1.2, 0.8]


def test_a_labelled_grid_may_have_a_tariff_of_its_own(tmp_path):
    series = with_column("grid_night_buy_yuan_per_kwh", 0.1, 0.1, 0.1)
    series = with_column("grid_night_sell_yuan_per_kwh", 0, 0, 0, series=series)
    case = loaded(tmp_path, with_rows("Shop,grid.night,buy_max,5,kW"), series)
    shop = case.vpp("Shop")
    assert shop.component("night").buy_price.tolist() == [0.1, 0.1, 0.1]
    assert shop.component("grid").buy_price.tolist() == [0.4, 1.2, 0.8]
    cheaper = dispatch(loaded(tmp_path / "usual").vpp("Shop")).cost - dispatch(shop).cost
    assert cheaper == pytest.approx(5 * (0.3 + 1.1 + 0.7))


def test_a_tariff_with_a_label_may_be_shared_by_vpps(tmp_path):
    series = SERIES.replace("grid_", "grid_main_")
    case = loaded(tmp_path, UNITS.replace("all,grid,", "all,grid.main,"), series)
    assert case.vpp("Home").component("main").buy_price.tolist() == [0.4, 1.2, 0.8]


def test_two_grids_of_a_vpp_need_two_tariffs(tmp_path):
    found = sentences(tmp_path, with_rows("Shop,grid.second,buy_max,5,kW"))
    assert any(
        "Shop grid and Shop grid.second both ask for it" in f and "grid_second_buy" in f
        for f in found
    )


# --- limits by step -------------------------------------------------------------------------------
def test_limits_of_the_grid_may_be_given_by_step(tmp_path):
    case = loaded(tmp_path, series=with_column("grid_buy_max_kw", 100, 40, 45))
    for vpp in case.vpps:
        assert vpp.component("grid").buy_max.tolist() == [100, 40, 45]


def test_the_limit_of_a_single_vpp_wins_over_the_common_one(tmp_path):
    series = with_column(
        "shop_grid_buy_max_kw", 60, 60, 60, series=with_column("grid_buy_max_kw", 100, 40, 45)
    )
    case = loaded(tmp_path, series=series)
    assert case.vpp("Shop").component("grid").buy_max.tolist() == [60, 60, 60]
    assert case.vpp("Home").component("grid").buy_max.tolist() == [100, 40, 45]


def test_a_row_of_a_vpp_wins_over_a_common_column_and_its_column_over_a_common_row(tmp_path):
    series = with_column("grid_buy_max_kw", 100, 90, 80)
    series = with_column("home_grid_sell_max_kw", 3, 2, 1, series=series)
    case = loaded(tmp_path, with_rows("Shop,grid,buy_max,70,kW"), series)
    assert case.vpp("Shop").component("grid").buy_max == 70
    assert case.vpp("Home").component("grid").sell_max.tolist() == [3, 2, 1]


def test_what_was_expected_is_a_column_beside_what_happens(tmp_path):
    series = with_column("shop_electric_load_expected_kw", 33, 34, 35)
    shop = loaded(tmp_path, series=series).vpp("Shop")
    assert shop.component("electric_load").expected.tolist() == [33, 34, 35]
    assert shop.component("electric_load").forecast.tolist() == [30, 35, 50]


def test_what_was_expected_is_below_zero_only_behind_a_meter_of_both(tmp_path):
    series = with_column("shop_electric_load_expected_kw", 33, -4, 35)
    (sentence,) = sentences(tmp_path / "plain", series=series)
    assert "found -4 kW; allowed: 0 or more, or any where net_metered is yes" in sentence
    units = with_rows("Shop,electric_load,net_metered,yes,-")
    shop = loaded(tmp_path / "net", units, series).vpp("Shop")
    assert shop.component("electric_load").expected.tolist() == [33, -4, 35]


def test_a_common_column_over_which_a_row_of_every_vpp_wins_is_refused(tmp_path):
    series = with_column("grid_buy_max_kw", 100, 90, 80)
    units = with_rows("Shop,grid,buy_max,70,kW", "Home,grid,buy_max,60,kW")
    (sentence,) = sentences(tmp_path, units, series)
    assert "column grid_buy_max_kw: nobody asks for it, every VPP has a row" in sentence


def test_a_row_and_a_column_for_the_same_are_refused(tmp_path):
    found = sentences(tmp_path, series=with_column("grid_sell_max_kw", 3, 2, 1))
    assert any(
        "column grid_sell_max_kw: holds sell_max of Home grid, and so does a row" in f
        for f in found
    )
    found = sentences(tmp_path, series=with_column("tie_limit_kw", 3, 2, 1))
    assert any("column tie_limit_kw: holds limit of all tie, and so does a row" in f for f in found)


def test_a_required_limit_may_come_by_step_alone(tmp_path):
    units = UNITS.replace("Home,battery,charge_max,10,kW,made up,assumed\n", "")
    case = loaded(tmp_path, units, with_column("home_battery_charge_max_kw", 10, 0, 5))
    assert case.vpp("Home").component("battery").charge_max.tolist() == [10, 0, 5]


def test_the_tie_may_be_closed_for_some_steps(tmp_path):
    units = UNITS.replace("all,tie,limit,25,kW", "all,tie,crossing_fee,0.01,yuan/kWh")
    open_all_day = loaded(tmp_path / "open")
    closed = loaded(tmp_path / "closed", units, with_column("tie_limit_kw", 0, 0, 0))
    noon = loaded(tmp_path / "noon", units, with_column("tie_limit_kw", 0, 25, 0))
    apart = sum(schedule.cost for schedule in alone(closed).values())
    assert pool(closed).cost == pytest.approx(apart)
    assert pool(open_all_day).cost < pool(noon).cost < apart - 1
    trades = pool(noon).trades
    assert np.abs(trades.to_numpy()[[0, 2]]).max() < 1e-6
    assert np.abs(trades.to_numpy()[1]).max() > 1


def test_an_infinite_limit_by_step_is_none(tmp_path):
    case = loaded(tmp_path, series=with_column("grid_buy_max_kw", "inf", 40, "inf"))
    assert case.vpp("Home").component("grid").buy_max.tolist() == [np.inf, 40, np.inf]


@pytest.mark.parametrize(
    ("cell", "words"), [("-1", "found -1 kW; allowed: 0 or more"), ("x", "found 'x'")]
)
def test_a_limit_by_step_is_checked_like_one_in_a_row(tmp_path, cell, words):
    (sentence,) = sentences(tmp_path, series=with_column("grid_buy_max_kw", 100, cell, 45))
    assert f"series.csv, line 3, column grid_buy_max_kw: {words}" in sentence


def test_a_window_cuts_limits_too(tmp_path):
    case = loaded(tmp_path, series=with_column("grid_buy_max_kw", 100, 40, 45)).window(2, 2)
    assert case.vpp("Home").component("grid").buy_max.tolist() == [40, 45]
    units = UNITS.replace("all,tie,limit,25,kW", "all,tie,crossing_fee,0.01,yuan/kWh")
    case = loaded(tmp_path / "tie", units, with_column("tie_limit_kw", 1, 2, 3)).window(2, 2)
    assert case.tie.limit.tolist() == [2, 3]


# --- load that may be called ----------------------------------------------------------------------
CALLABLE = ("Shop,controllable_load,share,80,%", "Shop,controllable_load,price_share,0.1,-")


def test_a_called_load_is_a_part_of_the_load_with_its_scale(tmp_path):
    """Half of the load, of which four fifths cost a tenth of the price: 0.5 (0.2 + 0.8 x 0.1) of the bill."""
    usual = dispatch(loaded(tmp_path / "usual").vpp("Shop")).cost
    case = loaded(tmp_path / "called", with_rows("Shop,electric_load,scale,0.5,-", *CALLABLE))
    assert dispatch(case.vpp("Shop")).cost == pytest.approx(0.5 * (0.2 + 0.8 * 0.1) * usual)


def test_a_called_load_is_a_part_of_all_loads_of_its_vpp(tmp_path):
    cold = "Shop,electric_load.cold,shift_share,0,%"
    series = with_column("shop_cold_kw", 1, 2, 3)
    shop = loaded(tmp_path, with_rows(cold, *CALLABLE), series).vpp("Shop")
    called = shop.component("controllable_load").beside(shop.components)
    assert called.forecast.tolist() == [31, 37, 53]
    assert called.buy_price.tolist() == [0.4, 1.2, 0.8]


def test_a_called_load_takes_the_price_of_the_vpp_s_own_grid(tmp_path):
    units = with_rows(*CALLABLE).replace("all,grid,", "all,grid.main,")
    shop = loaded(tmp_path, units, SERIES.replace("grid_", "grid_main_")).vpp("Shop")
    called = shop.component("controllable_load").beside(shop.components)
    assert called.buy_price.tolist() == [0.4, 1.2, 0.8]


def test_a_called_load_with_a_label_may_have_a_column_that_says_which_part_is_meant(tmp_path):
    rows = [row.replace("e_load,", "e_load.pumps,") for row in CALLABLE]
    series = with_column("shop_pumps_load_kw", 3, 3, 3)
    shop = loaded(tmp_path / "own", with_rows(*rows), series).vpp("Shop")
    assert shop.component("pumps").beside(shop.components).forecast.tolist() == [3, 3, 3]
    shop = loaded(tmp_path / "none", with_rows(*rows)).vpp("Shop")
    assert shop.component("pumps").beside(shop.components).forecast.tolist() == [30, 35, 50]


# --- series of other units, as a newcomer would add them ------------------------------------------
@dataclass(frozen=True, eq=False, kw_only=True)
class HeatPump(Component):
    """A heat pump whose performance follows the weather."""

    cop: np.ndarray = profile("cop", "-", "heat per electric energy", low=1.0, high=10.0)
    heat_max: float = parameter("kW", "largest heat", by_step=True)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        power = cp.Variable(steps, nonneg=True)
        heat = cp.multiply(self.cop, power)
        return Part(
            inject={"heat": heat, "electricity": -power},
            constraints=[heat <= self.heat_max],
            series={"power": power},
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Weather(Component):
    """Something with a temperature, an exchange of either sign and a share."""

    outdoor: np.ndarray = profile("outdoor", "degC", "temperature outdoors", low=-60.0, high=60.0)
    drift: np.ndarray = profile("drift", "kW", "power that flows in or out", low=-np.inf)
    wind: np.ndarray = profile("wind", "m/s", "speed of the wind")
    height: float = parameter("m", "height of the mast", 10.0)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        flow = bounded(steps, self.drift, self.drift)
        return Part(inject={"electricity": flow}, series={"flow": flow})


@pytest.fixture
def newcomers() -> Iterator[None]:
    """Two kinds of components that a newcomer has added."""
    before = dict(COMPONENTS)
    for name, component in (("heat_pump", HeatPump), ("weather", Weather)):
        COMPONENTS[name] = kind(name)(component)
    yield
    for name in ("heat_pump", "weather"):
        KIND_OF.pop(COMPONENTS.pop(name))
    COMPONENTS.update(before)


PUMP = "Home,heat_pump,heat_max,30,kW"
COPS = {
    "home_cop": (3, 2.5, 4),
    "home_cop_cop": (3, 2.5, 4),
    "home_cop_factor": (3, 2.5, 4),
    "home_cop_percent": (300, 250, 400),
    "home_cop_share": (3, 2.5, 4),
    "home_cop_ratio": ("300 %", "250 %", "400%"),
}


@pytest.mark.usefixtures("newcomers")
@pytest.mark.parametrize(("name", "cells"), COPS.items())
def test_a_dimensionless_series(tmp_path, name, cells):
    case = loaded(tmp_path, with_rows(PUMP), with_column(name, *cells))
    assert case.vpp("Home").component("heat_pump").cop.tolist() == [3, 2.5, 4]


@pytest.mark.usefixtures("newcomers")
def test_a_dimensionless_series_with_a_label_out_of_range_and_in_kw(tmp_path):
    labelled = PUMP.replace("heat_pump", "heat_pump.cellar")
    case = loaded(tmp_path / "a", with_rows(labelled), with_column("home_cellar_cop", 3, 2.5, 4))
    assert case.vpp("Home").component("cellar").cop.tolist() == [3, 2.5, 4]
    (sentence,) = sentences(tmp_path / "b", with_rows(PUMP), with_column("home_cop", 3, 0.5, 4))
    assert "line 3, column home_cop: found 0.5 -; allowed: 1 to 10" in sentence
    (sentence,) = sentences(tmp_path / "c", with_rows(PUMP), with_column("home_cop_kw", 3, 2.5, 4))
    assert "column home_cop_kw: its name does not end in a unit for Home heat_pump" in sentence
    (sentence,) = sentences(tmp_path / "d", with_rows(PUMP))
    assert "no column home_cop for Home heat_pump (heat per electric energy)" in sentence
    (sentence,) = sentences(tmp_path / "e", with_rows(PUMP), with_column("home_cop_eer", 3, 2.5, 4))
    assert (
        "column home_cop_eer: its name does not end in a unit for Home heat_pump, heat per electric energy,"
        " a number without unit; allowed: home_cop, home_cop_share, home_cop_factor" in sentence
    )


@pytest.mark.usefixtures("newcomers")
def test_temperatures_signed_powers_and_units_of_one_s_own(tmp_path):
    series = with_column("home_outdoor_degc", -5, 0, 12.5)
    series = with_column("home_drift_kw", -1, 0, 1, series=series)
    series = with_column("home_wind_m_per_s", 3, 4, 5, series=series)
    weather = (
        loaded(tmp_path, with_rows("Home,weather,height,12,m"), series)
        .vpp("Home")
        .component("weather")
    )
    assert weather.outdoor.tolist() == [-5, 0, 12.5]
    assert weather.drift.tolist() == [-1, 0, 1]
    assert weather.wind.tolist() == [3, 4, 5]
    assert weather.height == 12


@pytest.mark.usefixtures("newcomers")
def test_several_series_of_a_labelled_component_have_the_label_before_them(tmp_path):
    series = with_column("home_garden_outdoor_degc", -5, 0, 12.5)
    series = with_column("home_garden_drift_mw", -0.001, 0, 0.001, series=series)
    series = with_column("home_garden_wind_m_per_s", 3, 4, 5, series=series)
    case = loaded(tmp_path, with_rows("Home,weather.garden,height,12,m"), series)
    assert case.vpp("Home").component("garden").drift.tolist() == [-1, 0, 1]


# --- a fault for each of many spoilt columns ------------------------------------------------------
@pytest.mark.parametrize(
    "missing", [name for name in SERIES.splitlines()[0].split(",") if name != "hour"]
)
def test_each_column_that_is_left_out_is_asked_for(tmp_path, missing):
    place = SERIES.splitlines()[0].split(",").index(missing)
    rows = [
        [cell for k, cell in enumerate(line.split(",")) if k != place]
        for line in SERIES.splitlines()
    ]
    found = sentences(tmp_path, series="\n".join(map(",".join, rows)))
    assert any(f"no column {missing} for " in f for f in found)


def test_all_orders_of_columns_are_the_same_case(tmp_path):
    names = SERIES.splitlines()[0].split(",")
    usual = loaded(tmp_path / "usual")
    for number, order in enumerate(
        itertools.islice(itertools.permutations(range(len(names))), 0, 720, 97)
    ):
        rows = [[line.split(",")[place] for place in order] for line in SERIES.splitlines()]
        other = loaded(tmp_path / f"{number}", series="\n".join(map(",".join, rows)))
        assert (
            other.vpp("Home").component("pv").forecast.tolist()
            == usual.vpp("Home").component("pv").forecast.tolist()
        )
