"""Price-Newton on a feeder: the same optimum as one problem with all voltage rows."""

from dataclasses import replace

import numpy as np
import pytest

from vppcore import NotSolved, WrongInput, load_case, pool
from vppcore.fleet import deliver, fleet, kernel
from vppcore.grid.feeder import load_feeder
from vppcore.grid.placement import Placement, default_placement

RELATIVE = 1e-7


@pytest.fixture(scope="module")
def parent():
    return load_case("paper-a-parent")


@pytest.fixture(scope="module")
def feeder():
    return load_feeder("ieee33")


def assert_as_in_one_problem(case, placement):
    found = deliver(case, placement)
    whole = pool(case, placement=placement, storage="relaxed").cost
    assert found.result.upper == pytest.approx(whole, rel=RELATIVE)
    assert found.result.lower == pytest.approx(whole, rel=RELATIVE)
    assert found.result.lower <= whole * (1 + RELATIVE)
    return found


@pytest.mark.parametrize("low, high", [(0.5, 1.5), (0.95, 1.05), (0.94, 1.02)])
def test_the_optimum_is_that_of_one_problem(parent, feeder, low, high):
    placement = default_placement(parent, feeder, low=low, high=high)
    found = assert_as_in_one_problem(parent, placement)
    assert found.voltages.to_numpy().min() >= low - RELATIVE
    assert found.voltages.to_numpy().max() <= high + RELATIVE


def test_without_the_kernel_too(parent, feeder, monkeypatch):
    monkeypatch.setenv(kernel.VARIABLE, "0")
    assert_as_in_one_problem(parent, default_placement(parent, feeder))


def test_limits_that_bind_cost_something_and_others_nothing(parent, feeder):
    wide = deliver(parent, default_placement(parent, feeder, low=0.5, high=1.5))
    narrow = deliver(parent, default_placement(parent, feeder, low=0.95, high=1.05))
    assert narrow.result.lower > wide.result.upper
    assert wide.voltages.to_numpy().min() < 0.95  # so the limits did bind


def test_a_vpp_that_is_not_on_the_feeder_burdens_no_line(parent, feeder):
    whole = default_placement(parent, feeder)
    some = replace(whole, buses={name: whole.buses[name] for name in ("VPP1", "VPP3")})
    found = assert_as_in_one_problem(parent, some)
    assert list(found.withdrawn) == ["VPP1", "VPP3"]


def test_two_of_a_type_at_one_bus_and_one_elsewhere(feeder):
    case = fleet(5, seed=3, like="template")
    buses = dict(zip(case.names, [18, 18, 18, 33, 25], strict=True))
    found = assert_as_in_one_problem(case, Placement(feeder, buses, low=0.9, high=1.1))
    assert found.result.vpps == 5 + 1  # and the member that owns the voltages' room


def test_one_of_a_type_may_stand_elsewhere_than_on_the_feeder(feeder):
    case = fleet(4, seed=3, like="template")
    buses = dict(zip(case.names[1:], [18, 33, 25], strict=True))
    assert_as_in_one_problem(case, Placement(feeder, buses, low=0.9, high=1.1))


def test_net_withdrawals_are_the_ones_that_make_the_voltages(parent, feeder):
    placement = default_placement(parent, feeder)
    found = deliver(parent, placement)
    flows = {name: found.withdrawn[name].to_numpy() for name in placement.buses}
    squared = placement.squared_voltage(flows, len(found.withdrawn))
    np.testing.assert_allclose(found.voltages.to_numpy() ** 2, squared, rtol=RELATIVE)


def test_limits_that_nobody_can_keep_are_refused(parent, feeder):
    placement = default_placement(parent, feeder, low=0.999, high=1.0005)
    with pytest.raises(NotSolved, match="infeasible") as refused:
        deliver(parent, placement)
    assert refused.value.status == "infeasible"


def test_a_stranger_on_the_feeder_is_refused(parent, feeder):
    placement = Placement(feeder, {"VPP9": 18})
    with pytest.raises(WrongInput, match="placement: found VPP9; allowed: VPPs of paper-a-parent"):
        deliver(parent, placement)
