"""Pictures of the theory beyond the papers: what is drawn is held against another road."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from drawn import line, panels_of, told
from matplotlib.colors import to_hex
from matplotlib.text import Text

from vppcore.fairness import excesses, nucleolus, shapley
from vppcore.grid.feeder import Feeder, load_feeder
from vppcore.grid.placement import Placement
from vppcore.grid.power_flow import power_flow
from vppcore.pages import experiments_c, figures
from vppcore.pages import figures_theory_c as theory
from vppcore.pages.colours import STATE_COLOURS

pytestmark = pytest.mark.usefixtures("fresh_style")


# --- delivery -------------------------------------------------------------------------------------
def two_buses() -> Placement:
    """The chapter's line: 10 kV, 1 ohm and 0.5 ohm."""
    lines = pd.DataFrame({"from_bus": [0], "to_bus": [1], "r_ohm": [1.0], "x_ohm": [0.5]})
    loads = pd.DataFrame({"p_kw": [0.0, 0.0], "q_kvar": [0.0, 0.0]}, [0, 1])
    return Placement(Feeder("two buses", lines, loads, base_kv=10.0, source=0), {"V": 1})


def test_the_drawn_voltages_solve_the_quadratic_equation():
    above, below = panels_of(theory.line_of_two_buses(two_buses(), 8000.0))
    power, exact = line(above, "AC power flow")
    _, linear = line(above, "linear model")
    share = power / 100  # p r / V0 squared
    middle = (1 - 2 * share) / 2
    by_hand = np.sqrt(middle + np.sqrt(middle**2 - 1.25 * share**2))
    assert exact == pytest.approx(by_hand, abs=1e-6)
    assert linear == pytest.approx(np.sqrt(1 - 2 * share))
    apart = below.get_lines()[0].get_ydata()
    assert (np.asarray(apart) >= -1e-9).all()
    assert max(apart) == pytest.approx(0.9165 - 0.9112, abs=1e-4)


@pytest.fixture(scope="module")
def feeder():
    return Placement(load_feeder("ieee33"), {"VPP1": 18, "VPP2": 25, "VPP3": 33}, low=0.93)


@pytest.fixture(scope="module")
def wished():
    steps = [1, 2, 3]
    table = {"VPP1": [0.0, 900.0, -400.0], "VPP2": [50.0, 0.0, 0.0], "VPP3": [0.0, 300.0, 0.0]}
    return pd.DataFrame(table, steps)


def test_the_way_to_a_bus_adds_up_to_its_resistance(feeder):
    grid = feeder.feeder
    way = theory.way_to(grid, 33)
    assert (way[0], way[-1]) == (1, 33)
    ohm = {frozenset((row.from_bus, row.to_bus)): row.r_ohm for row in grid.lines.itertuples()}
    summed = sum(ohm[frozenset(pair)] for pair in zip(way, way[1:], strict=False))
    assert summed == pytest.approx(6.635, abs=1e-3)  # of the chapter's table


def test_voltages_stand_over_the_resistance_and_extremes_are_found(feeder, wished):
    voltages = power_flow(feeder, wished).voltages
    assert theory.extreme_steps(voltages) == (2, 3)
    axes = theory.voltages_along(feeder, {"alone": voltages}, (2, 3))
    for place, step in zip(panels_of(axes), (2, 3), strict=True):
        ohm, drawn = line(place, "alone")
        assert ohm[0] == 0.0 and ohm[-1] == pytest.approx(11.063, abs=1e-3)
        assert (np.diff(ohm) > 0).all()
        assert drawn[-1] == voltages.loc[step, 18]


def test_the_grant_lies_on_the_edge_and_the_wish_outside(feeder, wished):
    granted = experiments_c.operators_answer(feeder, wished)
    assert granted.loc[1].tolist() == pytest.approx(wished.loc[1].tolist(), abs=1e-2)
    for table, least, most in ((wished, -1.0, -1e-4), (granted, -1e-6, 1e-5)):
        changed = {name: np.array([table.loc[2, name]]) for name in ("VPP1", "VPP3")}
        (room,) = theory.within_limits(feeder, granted.loc[2], changed)
        assert least < room < most
    linear = feeder.linear_voltages(granted.loc[[2]])
    assert linear.to_numpy().min() == pytest.approx(0.93, abs=1e-5)
    axes = theory.projection(feeder, wished, granted)
    assert "step 2" in axes.get_xlabel()
    assert "VPP1 wishes 900 kW" in told(axes)


def test_a_wish_that_is_granted_is_drawn_within_what_is_allowed(feeder, wished):
    axes = theory.projection(feeder, wished.loc[[1]], wished.loc[[1]])
    assert line(axes, "wished")[0] == line(axes, "granted")[0]


def test_no_allowed_point_is_nearer_than_the_grant(feeder, wished):
    granted = experiments_c.operators_answer(feeder, wished).loc[2]
    nearest = np.linalg.norm(granted - wished.loc[2])
    random = np.random.default_rng(3)
    tried = granted.to_numpy() + random.normal(0, 100, (2000, 3))
    flows = {name: tried[:, place] for place, name in enumerate(wished)}
    room = theory.within_limits(feeder, granted, flows)
    allowed = tried[room >= 0]
    assert len(allowed) > 100
    assert np.linalg.norm(allowed - wished.loc[2].to_numpy(), axis=1).min() >= nearest - 1e-3


# --- who could leave ------------------------------------------------------------------------------
VALUES = {  # of the chapter, in whole yuan
    ("VPP1",): 0.0,
    ("VPP2",): 0.0,
    ("VPP3",): 0.0,
    ("VPP1", "VPP2"): 7784.0,
    ("VPP1", "VPP3"): 3640.0,
    ("VPP2", "VPP3"): 3108.0,
    ("VPP1", "VPP2", "VPP3"): 10782.0,
}


@pytest.fixture
def gains():
    columns = {"Shapley value": shapley(VALUES), "nucleolus": nucleolus(VALUES)}
    return pd.DataFrame(columns | {"equal": pd.Series(3594.0, columns["nucleolus"].index)})


def test_corners_of_the_core_are_what_no_coalition_can_better(gains):
    corners = theory.corners_of_the_core(VALUES)
    assert len({tuple(corner.round(6)) for corner in corners}) == 4
    for corner in corners:
        left = excesses(VALUES, pd.Series(corner, gains.index))
        assert left.max() == pytest.approx(0.0, abs=1e-6)
        assert (left > -1e-6).sum() == 2
    assert corners.sum(axis=1) == pytest.approx(10782.0)


def test_marks_stand_where_the_shares_put_them(gains):
    axes = theory.core_of_three(VALUES, gains)
    for rule in gains:
        ((x,), (y,)) = line(axes, rule)
        share = gains[rule] / 10782
        assert y == pytest.approx(np.sqrt(0.75) * share["VPP3"])
        assert x == pytest.approx(share["VPP2"] + share["VPP3"] / 2)
    assert "equal (outside)" in told(axes)
    assert "nucleolus (in the core)" in told(axes)


def test_an_empty_core_is_not_shaded(gains):
    empty = VALUES | {("VPP1", "VPP2", "VPP3"): 7000.0}
    assert len(theory.corners_of_the_core(empty)) == 0
    axes = theory.core_of_three(empty, 7000 / 10782 * gains)
    assert "core" not in axes.get_legend_handles_labels()[1]


def test_excesses_are_drawn_from_the_one_next_to_leaving_downwards(gains):
    axes = theory.excesses_by_rule(VALUES, gains, shown=3)
    drawn, _ = line(axes, "equal")
    assert drawn[-1] == pytest.approx((7784 - 2 * 3594) / 1000)
    assert len(drawn) == 3
    assert [each.get_text() for each in axes.get_yticklabels()][-1] == "1 + 2"


def test_the_mean_of_the_orders_is_the_shapley_value():
    axes = theory.what_each_adds(VALUES)
    by_vpp = [[bar.get_width() for bar in box] for box in axes.containers]
    assert [widths[-1] for widths in by_vpp] == pytest.approx(list(shapley(VALUES) / 1000))
    assert np.sum(by_vpp, axis=0) == pytest.approx(np.full(7, 10.782))


def test_values_with_limits_stand_beside_those_without():
    limited = {members: 0.5 * value for members, value in VALUES.items()}
    axes = theory.values_with_limits(VALUES, limited)
    free, with_limits = ([bar.get_height() for bar in box] for box in axes.containers)
    assert free == pytest.approx([7.784, 3.64, 3.108, 10.782])
    assert with_limits == pytest.approx([each / 2 for each in free])


# --- real profiles --------------------------------------------------------------------------------
def test_hours_hold_the_energy_of_their_quarters():
    power = pd.Series(np.random.default_rng(1).uniform(0, 2000, 96))
    axes = theory.quarters_and_hours({"load (MW)": power}, 0.25)
    (fine, coarse) = axes.patches
    edges, values = fine.get_data().edges, fine.get_data().values
    hours, means = coarse.get_data().edges, coarse.get_data().values
    assert (len(values), len(means)) == (96, 24)
    assert np.diff(edges) @ values == pytest.approx(np.diff(hours) @ means)
    assert means[5] == pytest.approx(power[20:24].mean() / 1000)


def test_profiles_of_a_day_are_a_vpps_loads_and_plants(parent):
    profiles = experiments_c.profiles_of_a_day(parent.vpps[0])
    assert set(profiles) == {"load (MW)", "wind (MW)"}
    assert all(len(series) == 24 for series in profiles.values())


# --- figures of the same pages --------------------------------------------------------------------
def test_voltages_alone_and_together_have_the_colours_of_their_states():
    low, high = pd.DataFrame({1: [1.0, 0.9]}), pd.DataFrame({1: [1.0, 1.1]})
    axes = figures.voltage_range({"alone": low, "together": high}, 0.95, 1.05)
    handles, labels = axes.get_legend_handles_labels()
    drawn = {
        label: to_hex(each.get_facecolor()[0]) for each, label in zip(handles, labels, strict=True)
    }
    states = {name: STATE_COLOURS[name].lower() for name in ("alone", "together")}
    assert drawn == states


def test_a_title_that_is_set_later_stands_above_the_legend():
    table = pd.DataFrame(
        np.ones((3, 4)), columns=["Nash bargaining", "equal", "Shapley", "nucleolus"]
    )
    axes = figures.grouped_bars(table, "gain")
    axes.set_title("paper-a")
    figures.legend_above(axes)
    axes.get_figure().canvas.draw()
    (title,) = [each for each in axes.findobj(Text) if each.get_text() == "paper-a"]
    legend = axes.get_legend().get_window_extent()
    shadow = 2  # pixels: a letter's room below its line
    assert title.get_window_extent().y0 >= legend.y1 - shadow
