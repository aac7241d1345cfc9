"""The cheapest schedule in which something is true, beside the optimum; second road: other solves."""

from __future__ import annotations

import numpy as np
import pytest
from builders import seller_and_buyer

from vppcore import alone, cooperate, load_case, pool
from vppcore.cooperation.wanted import WantedSchedules
from vppcore.errors import WrongInput
from vppcore.pages import wanted


def test_without_more_rows_it_is_the_joint_optimum():
    there = seller_and_buyer()
    asked = WantedSchedules(there)
    assert asked.optimum == pytest.approx(pool(there).cost)
    assert asked.extra([]) == 0.0


def test_without_trade_it_costs_what_the_vpps_cost_alone():
    """Second road: each VPP's own least cost."""
    there = seller_and_buyer()
    asked = WantedSchedules(there)
    apart = sum(result.cost for result in alone(there).values())
    one, other = there.names
    silent = asked.extra([asked.received(one, other) == 0, asked.received(other, one) == 0])
    assert silent == pytest.approx(apart - asked.optimum)
    assert silent > 0


def test_what_an_optimum_shows_costs_nothing_more():
    """Rows that the joint optimum meets leave its cost; the opposite ones cannot all be free."""
    there = seller_and_buyer()
    asked = WantedSchedules(there)
    name = there.names[0]
    found = pool(there).dispatches[name]
    through = found.balances["electricity"].filter(items=found.with_role("trade")).sum(axis=1)
    flow = asked.through(name, "trade")
    assert asked.extra([flow <= through.max() + 1e-6, flow >= through.min() - 1e-6]) == 0.0


def test_what_no_schedule_shows_is_infinitely_dear():
    there = seller_and_buyer()
    asked = WantedSchedules(there)
    assert asked.extra([asked.through(there.names[0], "trade") >= 1e9]) == np.inf


def test_another_vpp_is_refused():
    with pytest.raises(WrongInput, match="wanted schedule: found 'Nobody'; allowed: "):
        WantedSchedules(seller_and_buyer()).through("Nobody", "grid")


def test_the_statements_of_paper_a_cost_what_the_rows_say():
    """A25 holds at an optimum with nothing fitted; an exact optimum of the joint problem under the
    rows of A26 shows VPP1 as a supplier in each of its hours.
    """
    case = load_case("paper-a-parent")
    agreed = cooperate(case, balancing=False)
    costs = wanted.wanted_costs(case, agreed)
    assert set(costs.extra) == set(wanted.ON_SCHEDULES)
    assert costs.extra["A25"] == costs.extra["A27"] == 0.0
    assert 0 < costs.extra["A26"] < 1e-3 * costs.optimum
    assert costs.extra["A24"] == np.inf
    asked = WantedSchedules(case)
    small = dict.fromkeys(case.names, 1.0)
    asked.extra(wanted.vpp1_supplies(asked, small))
    places = wanted.places_of((0, 10), (16, 24))
    assert (asked.through("VPP1", "trade").value[places] <= -1.0 + 1e-6).all()
