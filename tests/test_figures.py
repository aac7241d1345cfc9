"""Figures by their numbers: what is drawn is what was computed, and every axis says its unit."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from builders import battery, grid, load, vpp
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from scipy.spatial import ConvexHull

from vppcore import bargain, dispatch
from vppcore.bargaining.split import price_band
from vppcore.components import COMPONENTS
from vppcore.components.chp import coupled_region
from vppcore.pages import colours, figures, words
from vppcore.pages.tables import before_and_after

pytestmark = pytest.mark.usefixtures("fresh_style")


def bars(axes) -> pd.DataFrame:
    """Every drawn bar: its step, lower and upper edge, height and colour."""
    drawn = [bar for box in axes.containers for bar in box if isinstance(bar, Rectangle)]
    return pd.DataFrame(
        {
            "step": [round(bar.get_x() + bar.get_width() / 2) for bar in drawn],
            "height": [bar.get_height() for bar in drawn],
            "low": [min(bar.get_y(), bar.get_y() + bar.get_height()) for bar in drawn],
            "high": [max(bar.get_y(), bar.get_y() + bar.get_height()) for bar in drawn],
            "colour": [to_hex(bar.get_facecolor()) for bar in drawn],
        }
    )


def legend(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize("carrier", ["electricity", "heat"])
@pytest.mark.parametrize("name", ["VPP1", "VPP2", "VPP3"])
def test_the_bars_of_a_balance_add_up_to_the_load_served(alone, name, carrier):
    result = alone[name]
    axes = figures.balance(result, carrier)
    heights = bars(axes).groupby("step")["height"].sum()
    served = -result.balances[carrier].filter(like="_load").sum(axis=1)
    assert heights.to_numpy() == pytest.approx(served.to_numpy(), abs=1e-3)
    (line,) = [line for line in axes.get_lines() if line.get_label() == "load served"]
    assert line.get_ydata() == pytest.approx(served.to_numpy())
    assert axes.get_ylabel() == {"electricity": "power (kW)", "heat": "heat (kW)"}[carrier]
    assert axes.get_xlabel() == "hour of the day" and name in axes.get_title(loc="left")


def test_stacked_bars_touch_and_do_not_overlap(alone):
    drawn = bars(figures.balance(alone["VPP2"]))
    for _, step in drawn.groupby("step"):
        for part in (step[step["height"] > 1e-9], step[step["height"] < -1e-9]):
            assert part["height"].abs().sum() == pytest.approx(
                part["high"].max() - part["low"].min() if len(part) else 0
            )
        above = step.loc[step["height"] > 1e-9, "low"]
        assert above.min() == pytest.approx(0)


def test_a_component_has_one_colour_in_every_figure(alone, together):
    def colour_of_battery(axes):
        (box,) = [box for box in axes.containers if box.get_label() == "battery"]
        return to_hex(box.patches[0].get_facecolor())

    drawn = [
        colour_of_battery(figures.balance(result))
        for result in (alone["VPP1"], alone["VPP3"], together.dispatches["VPP2"])
    ]
    assert drawn == [colours.COLOURS["battery"].lower()] * 3


def test_every_kind_of_component_has_a_colour_and_a_reader_s_own_gets_one():
    for kind in COMPONENTS:
        assert to_hex(colours.colour_of(kind, kind))
    assert colours.colour_of("my own plant") == colours.colour_of("my own plant")
    assert colours.colour_of("my own plant") in colours.SPARE


def test_labels_work_in_every_figure_and_two_of_a_kind_are_told_apart():
    plant = vpp(
        load(4, 6),
        load(1, 2, label="sauna"),
        grid([1.0, 2.0], [0.2, 0.2], label="main"),
        battery(),
        battery(label="car"),
    )
    result = dispatch(plant)
    axes = figures.balance(result)
    (line,) = [line for line in axes.get_lines() if line.get_label() == "load served"]
    assert line.get_ydata() == pytest.approx([5, 8])
    assert "main (grid)" in legend(axes)
    drawn = colours.component_colours(["battery", "car"], result.kinds)
    assert drawn["battery"] != drawn["car"]
    assert "main" in figures.exchanged(result)


def test_more_vpps_than_colours_are_no_error():
    colours = figures.vpp_colours([f"VPP{k}" for k in range(20)])
    assert len(colours) == 20 and colours["VPP0"] != colours["VPP1"]


def test_traded_power_is_drawn_pair_by_pair(together):
    axes = figures.traded(together)
    pairs = list(together.multipliers)
    expected = sum(
        together.trades[pair].where(together.trades[pair].abs() > 1e-6, 0) for pair in pairs
    )
    assert bars(axes).groupby("step")["height"].sum().reindex(
        range(1, 25), fill_value=0
    ).to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-3)
    assert legend(axes) == [f"{i} from {j}" for i, j in pairs]
    assert "(kW)" in axes.get_ylabel()


def test_exchange_is_trade_and_grid(together):
    result = together.dispatches["VPP1"]
    axes = figures.exchange(result)
    expected = result.series["tie"].sum(axis=1) + result.balances["electricity"]["grid"]
    assert bars(axes).groupby("step")["height"].sum().to_numpy() == pytest.approx(
        expected.to_numpy(), abs=1e-3
    )
    assert set(legend(axes)) <= {"VPP2", "VPP3", "grid"} and "(kW)" in axes.get_ylabel()


def test_exchange_alone_is_the_grid(alone):
    drawn = bars(figures.exchange(alone["VPP2"])).groupby("step")["height"].sum()
    expected = alone["VPP2"].balances["electricity"]["grid"]
    assert drawn.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-3)


def test_as_many_prices_are_drawn_as_hours_with_trade(parent, together, split):
    axes = figures.prices(split, price_band(parent))
    for pair, prices in split.prices.items():
        (line,) = [line for line in axes.get_lines() if line.get_label() == " – ".join(pair)]
        drawn = np.asarray(line.get_ydata(), float)
        assert np.isfinite(drawn).sum() == prices.notna().sum() > 0
        assert np.nanmax(np.abs(drawn - prices.to_numpy())) == 0
    assert axes.get_ylabel() == "price (yuan/kWh)" and axes.get_ylim()[0] == 0
    assert {"grid's price band", "mid-market"} <= set(legend(axes))


@pytest.mark.parametrize("method", ["conic", "admm"])
def test_drawn_prices_lie_in_the_drawn_band(parent, alone, together, method):
    band = price_band(parent)
    axes = figures.prices(bargain(parent, alone, together, method=method), band)
    assert axes.get_ylim()[1] >= band["high"].max()
    for line in axes.get_lines():
        if "–" in line.get_label():
            drawn = np.asarray(line.get_ydata(), float)
            assert (
                np.nanmax(drawn - band["high"].to_numpy()) <= 1e-9
                and np.nanmin(drawn - band["low"].to_numpy()) >= -1e-9
            )


def test_residuals_are_drawn_over_the_iterations(together):
    axes = figures.residuals(
        together.history, {"relative primal": "disagreement", "relative dual": "change"}, 1e-3
    )
    assert axes.get_yscale() == "log" and axes.get_xlabel() == "iteration" and axes.get_ylabel()
    first, second = axes.get_lines()[:2]
    assert (first.get_ydata() == together.history["relative primal"]).all()
    assert (second.get_ydata() == together.history["relative dual"]).all()
    assert list(first.get_xdata()) == list(together.history.index)
    assert legend(axes) == ["disagreement", "change", "tolerance"]
    assert axes.get_lines()[2].get_ydata()[0] == 1e-3
    assert first.get_linestyle() != second.get_linestyle()  # told apart without colour


def test_cost_paths_are_in_thousands(parent, together):
    axes = figures.cost_paths(together.history, parent.names)
    for line, name in zip(axes.get_lines(), parent.names, strict=True):
        assert line.get_label() == name
        assert line.get_ydata() == pytest.approx(
            together.history[f"cost {name} (yuan)"].to_numpy() / 1000
        )
    assert axes.get_ylabel() == "own cost (1000 yuan)"


def test_before_and_after_shows_both_costs_and_the_gain(split):
    table = before_and_after(split).drop("cluster")
    axes = figures.before_and_after(table)
    first, second = axes.containers
    assert [bar.get_height() for bar in first] == pytest.approx((table["alone"] / 1000).tolist())
    assert [bar.get_height() for bar in second] == pytest.approx((table["after"] / 1000).tolist())
    assert [text.get_text() for text in axes.texts] == [f"{gain:,.0f}" for gain in table["gain"]]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list(table.index)
    assert "1000 yuan" in axes.get_ylabel()


def test_a_household_s_costs_are_drawn_by_ones_with_the_digits_of_their_gains(split):
    table = before_and_after(split).drop("cluster") / 1000
    axes = figures.before_and_after(table)
    assert axes.get_ylabel() == "cost (yuan)"
    assert [bar.get_height() for bar in axes.containers[0]] == pytest.approx(list(table["alone"]))
    assert [text.get_text() for text in axes.texts] == [f"{gain:,.3f}" for gain in table["gain"]]
    assert figures.bounds(SWEPT.rename(columns={"alone": "upper", "together": "lower"}) / 1000)
    assert figures.levels(SWEPT / 1000).get_ylabel() == "worst-case cost (yuan)"
    assert figures.distributions(pd.DataFrame({"a": [4.0, 1.0]})).get_xlabel().endswith("(yuan)")


@pytest.mark.parametrize("steps", [False, True])
def test_lines_are_drawn_as_they_are(alone, steps):
    table = alone["VPP2"].prices[["electricity", "heat"]]
    axes = figures.lines(table, "price (yuan/kWh)", title="VPP2", steps=steps)
    for line, name in zip(axes.get_lines(), table, strict=True):
        assert (line.get_ydata() == table[name]).all() and line.get_label() == name
        assert (line.get_drawstyle() == "steps-mid") == steps
    assert (axes.get_ylabel(), axes.get_title(loc="left")) == ("price (yuan/kWh)", "VPP2")
    assert len({line.get_linestyle() for line in axes.get_lines()}) == 2


def test_the_time_axis_says_what_a_step_is():
    short = dispatch(vpp(load(10, 20, 30), grid([1, 1, 1], [0, 0, 0])))
    axes = figures.balance(short)
    assert axes.get_xlabel() == "step"
    figures.hour_axis(axes, 96)
    assert axes.get_xlabel() == "step" and axes.get_xlim() == (0.3, 96.7)
    figures.hour_axis(axes, 24)
    assert axes.get_xlabel() == "hour of the day" and list(axes.get_xticks()) == list(
        range(1, 25, 3)
    )


def test_a_day_that_begins_at_six_or_has_no_hours_has_steps():
    for step_hours, start in ((0.25, 0.0), (1.0, 6.0)):
        axes = figures.new_axes()
        try:
            words.count_steps(step_hours, start)
            figures.hour_axis(axes, 24)
        finally:
            words.count_steps()
        assert axes.get_xlabel() == "step"


def area(points: np.ndarray) -> float:
    x, y = points.T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2


def test_the_region_is_drawn_with_its_true_area(parent):
    chp = parent.vpp("VPP2").component("chp_p2g_ccs")
    corners = coupled_region(chp)
    plain = pd.DataFrame({"heat": [0.0, 0.0, 1000.0], "supplied": [0.0, 500.0, 0.0]})
    axes = figures.region(corners, plain)
    coupled, triangle = (patch.get_path().vertices[:-1] for patch in axes.patches)
    assert area(np.asarray(triangle)) == pytest.approx(250_000)
    assert area(np.asarray(coupled)) == pytest.approx(
        ConvexHull(corners[["heat", "supplied"]].to_numpy()).volume
    )
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("heat (kW)", "supplied power (kW)")
    assert legend(axes) == ["with P2G and CCS", "plain CHP"]


def test_the_body_of_the_region_has_three_named_axes_in_one_unit(parent):
    corners = coupled_region(parent.vpp("VPP2").component("chp_p2g_ccs"))
    axes = plt.figure().add_subplot(projection="3d")
    figures.region_in_space(corners, axes)
    labels = (axes.get_xlabel(), axes.get_ylabel(), axes.get_zlabel())
    assert [label.split(" (")[0] for label in labels] == ["heat", "supplied", "net gas"]
    assert {label.split("(")[1] for label in labels} == {"MW)"}
    ticks = [
        (tick, float(text.get_text()))
        for tick, text in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    ]
    assert all(text == pytest.approx(tick / 1000, abs=0.051) for tick, text in ticks)
    low, high = axes.get_zlim()
    assert low <= corners["net gas"].min() and high >= corners["net gas"].max()


def test_a_worst_day_shows_forecast_deviations_and_the_named_steps():
    forecast = pd.Series([10.0, 20.0, 30.0], pd.RangeIndex(1, 4))
    axes = figures.worst_day(forecast, forecast * [1, 1.2, 1], [2, 3], "load (kW)")
    (deviation,) = axes.containers
    assert [bar.get_height() for bar in deviation] == pytest.approx([0, 4, 0])
    assert [line.get_ydata().tolist() for line in axes.get_lines()] == [[10, 20, 30], [10, 24, 30]]
    assert set(legend(axes)) == {"named by the paper", "deviation", "forecast", "worst case"}
    assert axes.get_ylabel() == "load (kW)"


SWEPT = pd.DataFrame(
    {
        "alone": [10_000.0, 16_000.0],
        "together": [9000.0, 12_000.0],
        "saving": [1000.0, 4000.0],
        "saving (%)": [10.0, 25.0],
    },
    pd.Index([0, 4], name="level"),
)


def test_levels_are_drawn_in_thousands_with_the_papers_points_open():
    paper = pd.DataFrame(
        {"mode": ["alone", "together"], "level": [4, 0], "yuan": [15_000.0, 8000.0]}
    )
    axes = figures.levels(SWEPT, paper)
    drawn = {
        line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
        for line in axes.get_lines()
    }
    assert drawn == {
        "alone": ([0, 4], [10, 16]),
        "paper, alone": ([4], [15]),
        "together": ([0, 4], [9, 12]),
        "paper, together": ([0], [8]),
    }
    assert {
        line.get_markerfacecolor() for line in axes.get_lines() if "paper" in line.get_label()
    } == {"none"}
    assert "1000 yuan" in axes.get_ylabel() and legend(figures.levels(SWEPT)) == [
        "alone",
        "together",
    ]


def test_savings_are_drawn_in_yuan_and_in_percent():
    _, (first, second) = figures.panels(1, 2)
    assert figures.savings({"one": SWEPT, "two": 2 * SWEPT}, first, second) is second
    assert [line.get_ydata().tolist() for line in first.get_lines()] == [[1, 4], [2, 8]]
    assert [line.get_ydata().tolist() for line in second.get_lines()] == [[10, 25], [20, 50]]
    assert (first.get_ylabel(), second.get_ylabel()) == (
        "saving (1000 yuan)",
        "saving (% of the cost alone)",
    )
    assert list(first.get_xticks()) == [0, 4] and legend(second) == ["one", "two"]
    assert figures.savings({"one": SWEPT}).get_ylim()[0] == 0


def test_bounds_and_distributions_are_drawn_as_they_are():
    table = pd.DataFrame(
        {"lower": [1000.0, 1500.0], "upper": [3000.0, 1600.0]},
        pd.RangeIndex(1, 3, name="iteration"),
    )
    axes = figures.bounds(table)
    assert [line.get_ydata().tolist() for line in axes.get_lines()] == [[3, 1.6], [1, 1.5]]
    assert list(axes.get_xticks()) == [1, 2]
    axes = figures.distributions(pd.DataFrame({"a": [4000.0, 1000.0], "b": [2000.0, 3000.0]}))
    curves = [
        (line.get_xdata().tolist(), line.get_ydata().tolist()) for line in axes.get_lines()[:2]
    ]
    assert curves == [([1, 4], [0.5, 1]), ([2, 3], [0.5, 1])]
    assert legend(axes) == ["a", "b"] and "1000 yuan" in axes.get_xlabel()


def test_a_figure_is_drawn_on_the_axes_it_is_given(parent, alone, together, split):
    figure, (first, second, third, fourth) = figures.panels(2, 2)
    assert figures.balance(alone["VPP1"], axes=first) is first
    assert figures.traded(together, second) is second
    assert figures.prices(split, price_band(parent), third) is third
    assert figures.exchange(alone["VPP1"], fourth) is fourth
    assert figure.axes == [first, second, third, fourth]
    assert plt.get_fignums() == [figure.number]  # none was opened beside it


def test_drawing_changes_no_result(together):
    before = together.dispatches["VPP1"].series.copy()
    figures.exchange(together.dispatches["VPP1"])
    figures.balance(together.dispatches["VPP1"])
    assert before.equals(together.dispatches["VPP1"].series)
