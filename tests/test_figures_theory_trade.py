"""Pictures of the theory: what is drawn is held against a number found in another way."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import panels_of
from matplotlib.patches import StepPatch

from vppcore import cooperate, pool
from vppcore.pages import experiments_theory
from vppcore.pages import figures_theory_trade as theory
from vppcore.pages.pictures import description
from vppcore.standalone import alone as each_alone

pytestmark = pytest.mark.usefixtures("fresh_style")


def line(axes, label: str) -> np.ndarray:
    (found,) = [one for one in axes.get_lines() if one.get_label() == label]
    return np.asarray(found.get_ydata(), float)


def area_of(polygon: np.ndarray) -> float:
    """By the shoelace formula."""
    x, y = polygon.T
    return abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2


# --- cooperation ----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def flattest(parent):
    return pool(parent, flattest=True)


@pytest.fixture(scope="module")
def prices_alone(parent):
    return theory.bus_prices(each_alone(parent, flattest=True))


def test_the_shaded_area_is_the_sum_of_the_spreads(prices_alone, flattest):
    axes = theory.spread(prices_alone, theory.bus_prices(flattest.dispatches))
    for place, prices in zip(
        panels_of(axes), (prices_alone, theory.bus_prices(flattest.dispatches)), strict=True
    ):
        (shade,) = [each for each in place.patches if isinstance(each, StepPatch) and each.fill]
        drawn = area_of(shade.get_path().vertices)
        ordered = np.sort(prices.to_numpy(), axis=1)
        assert drawn == pytest.approx((ordered[:, -1] - ordered[:, 0]).sum())
    assert "Mean spread" in description(axes.get_figure(root=True))


def test_with_trade_the_spread_is_twice_the_fee_where_no_line_is_full(parent, pooled):
    prices = theory.bus_prices(pooled.dispatches)
    widest = prices.max(axis=1) - prices.min(axis=1)
    full = (pooled.trades.abs() > 0.999 * parent.tie.limit).any(axis=1)
    assert (widest[~full] <= 2 * parent.tie.crossing_fee + 1e-6).all()
    assert not full.all()


def test_wishes_end_at_the_agreed_trade_and_its_multiplier(together):
    pair, step = theory.largest_trade(together)
    above, below = panels_of(theory.wishes(together))
    largest = together.trades.abs().to_numpy().max()
    for name in pair:
        said = line(above, name)
        assert len(said) == together.iterations
        assert said[-1] == pytest.approx(largest, rel=0.02)
        assert abs(said[0] - largest) > 0.1 * largest  # they start apart
    ordered = pair if pair in together.multipliers else pair[::-1]
    agreed = together.multipliers.loc[step, ordered]
    assert below.get_lines()[0].get_ydata()[-1] == pytest.approx(agreed)
    assert str(step) in above.get_title(loc="left")


def test_the_bounds_close_around_the_joint_optimum(parent, pooled, together):
    rounds = experiments_theory.doubled(together.iterations)[-3:]
    bounds = experiments_theory.bounds_by_round(parent, [1, *rounds])
    assert list(bounds.index) == [1, *rounds]
    above, below = panels_of(theory.closing(bounds))
    upper, lower = (one.get_ydata() for one in above.get_lines())
    assert (1000 * np.asarray(lower) <= pooled.cost * (1 + 1e-7)).all()
    assert (1000 * np.asarray(upper) >= pooled.cost * (1 - 1e-7)).all()
    gaps = below.get_lines()[0].get_ydata()
    assert gaps == pytest.approx((bounds["upper"] - bounds["lower"]).to_numpy())
    assert gaps[-1] < gaps[0] / 100
    last = together.certificate
    assert gaps[-1] == pytest.approx(last.upper - last.lower, rel=1e-6)


def test_the_bounds_are_those_of_talks_that_end_there(parent):
    bounds = experiments_theory.bounds_by_round(parent, (2,), order="parallel")
    proof = cooperate(parent, order="parallel", max_iterations=2).certificate
    assert bounds.loc[2].tolist() == pytest.approx([proof.upper, proof.lower])


def test_two_schedules_cost_the_same_and_trade_otherwise(pooled, flattest):
    axes = theory.two_optima(pooled, flattest, ("a corner", "the flattest"))
    first, second = panels_of(axes)
    assert pooled.cost == pytest.approx(flattest.cost, rel=1e-6)
    heights = [
        np.array([bar.get_height() for box in place.containers for bar in box])
        for place in (first, second)
    ]
    squares = [float((each**2).sum()) for each in heights]
    assert squares[1] < squares[0]
    assert squares[1] == pytest.approx(
        (flattest.trades[list(flattest.multipliers.columns)] ** 2).to_numpy().sum(), rel=1e-6
    )
    figures_told = [place.get_title(loc="left").split(": ")[1] for place in (first, second)]
    assert figures_told[0] == figures_told[1]
