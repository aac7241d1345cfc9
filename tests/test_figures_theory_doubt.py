"""Pictures of the uncertainty chapter: what is drawn is held against a number found in another way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from drawn import panels_of
from scipy.optimize import linprog

from vppcore import robust_coalition, worst_case
from vppcore.pages import experiments_theory, figures, toys
from vppcore.pages import figures_theory_doubt as theory
from vppcore.pages.colours import STATE_COLOURS
from vppcore.uncertainty.settings import at_level

pytestmark = pytest.mark.usefixtures("fresh_style")


@pytest.fixture(scope="module")
def costs():
    return toys.battery_or_none()


def test_the_toy_costs_what_the_chapter_works_out_by_hand(costs):
    assert costs["with a battery"].tolist() == pytest.approx(
        [200 * 0.4, 260 * 0.4, 260 * 0.4, 260 * 0.4 + 60 * 1.2]
    )
    assert costs["without a battery"].tolist() == pytest.approx(
        [80.0, 80.0 + 72.0, 80.0 + 72.0, 80.0 + 2 * 72.0]
    )


def test_bars_end_at_the_costs_and_only_the_battery_spoils_the_sum(costs):
    beyond = []
    for place, own in zip(panels_of(theory.hits(costs)), costs.values(), strict=True):
        heights = np.array([[bar.get_height() for bar in box] for box in place.containers])
        assert heights.sum(axis=0) == pytest.approx(own.to_numpy())
        beyond.append(heights[2])
    assert beyond[0] == pytest.approx(np.zeros(4), abs=1e-6)
    assert beyond[1] == pytest.approx([0, 0, 0, 72 - 24])


def test_the_toy_s_worst_days_are_its_dearest_combinations(costs):
    for battery, title in ((False, "without a battery"), (True, "with a battery")):
        found = worst_case(toys.three_hours(battery), toys.TWO_HITS)
        assert found.cost == pytest.approx(costs[title].max(), abs=1e-4)


def dual_cost(demand: float) -> float:
    """The chapter's dual, by another solver: the largest d mu - 100 nu."""
    solved = linprog([-demand, 100], [[1, 0], [1, -1]], [1.2, 0.1])
    return -solved.fun


def test_lines_support_the_cost_and_the_cost_is_their_largest():
    table = toys.cost_by_demand(np.arange(20, 401, 20))
    axes = theory.supporting_lines(table, toys.DEMANDS)
    cost, *lines = [line.get_ydata() for line in axes.get_lines() if len(line.get_xdata()) > 1]
    assert cost == pytest.approx([dual_cost(demand) for demand in table.index])
    assert len(lines) == 2
    assert all((np.asarray(line) <= np.asarray(cost) + 1e-6).all() for line in lines)
    assert np.max(lines, axis=0) == pytest.approx(cost)
    marks = [line.get_ydata()[0] for line in axes.get_lines() if len(line.get_xdata()) == 1]
    assert marks == pytest.approx([1.2 * 200 + 0.1 * 100, 1.2 * 260 + 0.1 * 100])


def test_envelopes_meet_the_product_at_both_ends_and_bounds_fail_as_the_chapter_says():
    proven = toys.largest_worth()
    assert proven == pytest.approx(60 * 1.2)
    above, below = panels_of(theory.envelopes(proven / 2, proven, toys.TOO_SMALL, 10 * proven))
    first, second = (line.get_ydata() for line in above.get_lines()[:2])
    allowed = np.minimum(first, second)
    assert (allowed[0], allowed[-1]) == pytest.approx((0, proven / 2))
    ends = above.get_lines()[2].get_ydata()
    assert ends == pytest.approx([allowed[0], allowed[-1]])
    small, right, large = (np.asarray(line.get_ydata()) for line in below.get_lines())
    assert small[-1] == pytest.approx(60) and right[-1] == large[-1] == pytest.approx(72)
    z = np.asarray(below.get_lines()[0].get_xdata())
    assert right == pytest.approx(72 * z)  # the product itself
    assert large[z > 0.11].min() == pytest.approx(72)  # the whole worth for a tenth of a hit


def test_the_ladder_of_readings_is_in_the_order_of_the_proposition(parent):
    doubt = dict(series=("load", "wind", "pv"))
    short = parent.window(19, 4)
    costs = experiments_theory.by_reading(short, 1, **doubt)
    axes = theory.readings(costs)
    drawn = [line.get_xdata()[0] for line in axes.get_lines() if len(line.get_xdata()) == 1]
    assert drawn == sorted(drawn) and len(drawn) == 4
    assert 1000 * np.array(drawn) == pytest.approx(costs.to_numpy())
    level = at_level(1, **doubt)
    assert costs["trades first"] == pytest.approx(robust_coalition(short, level).cost, rel=1e-4)
    assert costs["alone"] == pytest.approx(
        sum(worst_case(vpp, level).cost for vpp in short.vpps), rel=1e-6
    )


def test_alone_has_the_colour_of_alone_among_sampled_days():
    costs = pd.DataFrame({"alone": [3.0, 2.0], "nominal": [1.0, 2.0]})
    axes = figures.distributions(costs)
    drawn = {line.get_label(): line.get_color() for line in axes.get_lines()}
    assert drawn["alone"] == STATE_COLOURS["alone"]
    assert drawn["nominal"] not in STATE_COLOURS.values()
