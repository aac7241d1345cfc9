"""Pictures of the model chapter: what is drawn is held against a number found in another way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn import panels_of
from matplotlib.path import Path as Outline
from scipy.optimize import linprog

from vppcore import dispatch
from vppcore.components import Battery, CHPWithCapture, GasTurbine
from vppcore.pages import figures_theory_model as theory
from vppcore.pages import tables
from vppcore.pages.pictures import description

pytestmark = pytest.mark.usefixtures("fresh_style")


@pytest.fixture
def unit(parent) -> CHPWithCapture:
    (found,) = parent.vpp("VPP2").of(CHPWithCapture)
    return found


@pytest.mark.parametrize("name", ["VPP1", "VPP2", "VPP3"])
def test_the_numbers_at_each_bus_add_up_to_zero(alone, name):
    flows = theory.flows_over_the_day(alone[name], 1.0)
    axes = theory.buses(flows, alone[name])
    numbers = [text for text in axes.texts if text.get_text()[0] in "+−"]
    for column, carrier in enumerate(flows):
        drawn = [
            float(text.get_text().replace("−", "-").replace(",", ""))
            for text in numbers
            if column < text.get_position()[0] < column + 0.5
        ]
        assert len(drawn) >= 3, carrier
        assert sum(drawn) == pytest.approx(0, abs=0.051 * len(drawn))  # rounded to a decimal
    served = -alone[name].balances["electricity"]["electric_load"].sum() / 1000
    assert flows.loc["electric_load", "electricity"] == pytest.approx(-served)


def test_an_arrow_points_to_the_bus_where_a_component_injects(alone):
    flows = theory.flows_over_the_day(alone["VPP2"], 1.0)
    axes = theory.buses(flows, alone["VPP2"])
    numbers = [text for text in axes.texts if text.get_text()[0] in "+−"]
    for arrow, text in zip(axes.patches, numbers, strict=True):
        (start, _), (end, _) = arrow._posA_posB
        assert (end > start) == text.get_text().startswith("+")


def extreme(unit: CHPWithCapture, heat: float, sign: int) -> float | None:
    """Least (sign 1) or largest (-1) supplied power at a heat, by a linear program of its own.

    Unknowns: power and the power of P2G.
    """
    drain = 1 + unit.ccs_energy * unit.p2g_carbon
    most = min(unit.p2g_max, unit.ccs_max / (unit.ccs_energy * unit.p2g_carbon))
    rows = [
        ([-1, 0], -(unit.power_min - unit.heat_slope_min * heat)),
        ([-1, 0], -unit.back_pressure_slope * (heat - unit.heat_at_power_min)),
        ([1, 0], unit.power_max - unit.heat_slope_max * heat),
        ([1, -drain], unit.supply_max),
        ([-1, drain], 0),
        ([-unit.emission, unit.p2g_carbon], unit.emission * unit.heat_slope_min * heat),
    ]
    solved = linprog(
        [sign, -sign * drain],
        [row for row, _ in rows],
        [limit for _, limit in rows],
        bounds=[(None, None), (0, most)],
    )
    return sign * solved.fun if solved.success else None


def test_the_last_step_is_the_region_and_lies_in_the_one_before(unit):
    steps = theory.region_steps(unit)
    last = Outline(theory.ring_of(steps["3. limits of exhaust and supply"]))
    middle = Outline(theory.ring_of(steps["2. P2G and capture drain it"]))
    plain = Outline(theory.ring_of(steps["1. the plain unit"]))
    for heat in np.linspace(50, 2700, 7):
        low, high = extreme(unit, heat, 1), extreme(unit, heat, -1)
        assert low is not None and high is not None
        for inside in (low + 5, high - 5):
            assert last.contains_point((heat, inside)) and middle.contains_point((heat, inside))
        for outside in (low - 5, high + 5):
            assert not last.contains_point((heat, outside))
        bare = replace(unit, p2g_max=0.0, supply_max=unit.power_max)
        least = extreme(bare, heat, 1)
        assert plain.contains_point((heat, least + 5))
        assert not plain.contains_point((heat, least - 5))


def test_each_panel_shows_the_step_before_dashed(unit):
    steps = theory.region_steps(unit)
    places = panels_of(theory.unfolded(steps))
    for before, place in zip(list(steps.values())[:-1], places[1:], strict=True):
        (dashed,) = [line for line in place.get_lines() if line.get_linestyle() == "--"]
        drawn = np.column_stack([dashed.get_xdata(), dashed.get_ydata()])
        assert drawn == pytest.approx(theory.closed(theory.ring_of(before) / 1000))


def test_burning_is_drawn_to_pay_in_the_steps_in_which_the_relaxation_burns(calibrated):
    vpp = calibrated.vpp("VPP2")
    (battery,) = vpp.of(Battery)
    relaxed = dispatch(vpp, storage="relaxed")
    axes = theory.burning(battery, relaxed.prices[["electricity"]].set_axis(["a day"], axis=1))
    (marks,) = [line for line in axes.get_lines() if line.get_label() == "a day"]
    pays = np.asarray(marks.get_ydata()) > 1e-9
    flows = relaxed.series["battery"]
    burns = np.minimum(flows["charge"], flows["discharge"]).to_numpy() > 1e-3
    assert burns.any() and pays[burns].all()
    assert "burning pays in steps" in description(axes.get_figure(root=True))


def test_bars_and_marks_of_costs_are_the_schedules_costs(alone):
    axes = theory.costs_by_item(tables.cost_items(alone))
    (marks,) = [line for line in axes.get_lines() if line.get_label() == "cost"]
    assert 1000 * np.asarray(marks.get_ydata()) == pytest.approx(
        [result.cost for result in alone.values()], rel=1e-6
    )
    heights = sum(bar.get_height() for box in axes.containers for bar in box)
    assert 1000 * heights == pytest.approx(sum(result.cost for result in alone.values()), rel=1e-5)


def test_the_carbon_account_is_what_the_market_settles(parent, alone):
    accounts = theory.carbon_accounts(alone, 1.0)
    axes = theory.carbon(accounts, theory.kinds_of(alone))
    (marks,) = [line for line in axes.get_lines() if line.get_label() == "account"]
    price = 0.75  # yuan/kg, study A's
    paid = [result.costs["carbon"] for result in alone.values()]
    assert 1000 * price * np.asarray(marks.get_ydata()) == pytest.approx(paid, rel=1e-5)


def test_where_the_turbine_is_at_the_margin_both_prices_lie_on_the_line(parent):
    vpps = {vpp.name: vpp for vpp in parent.vpps if vpp.of(GasTurbine)}
    schedules = {name: dispatch(vpp) for name, vpp in vpps.items()}
    axes = theory.two_prices(vpps, schedules)
    line = axes.get_lines()[-1]
    x, y = (np.asarray(part) for part in (line.get_xdata(), line.get_ydata()))
    slope = (y[1] - y[0]) / (x[1] - x[0])
    on_it = 0
    for marks in axes.get_lines()[:-1]:
        if marks.get_markerfacecolor() != "none":
            heat, power = np.asarray(marks.get_xdata()), np.asarray(marks.get_ydata())
            assert power == pytest.approx(y[0] + slope * (heat - x[0]), abs=1e-4)
            on_it += len(heat)
    assert on_it >= 12
    # the chapter's numbers, worked by hand there
    assert theory.turbine_line(parent.vpp("VPP1")) == pytest.approx((1.541, 1.135), abs=6e-4)
