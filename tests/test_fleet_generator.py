"""Drawn fleets: the same numbers however they are asked for, plausible, refused where they make no sense."""

from __future__ import annotations

import numpy as np
import pytest

from vppcore import WrongInput, dispatch, load_case
from vppcore.components import Battery, ElectricLoad, Grid
from vppcore.fleet import Batch, Spread, batches_of, batches_of_fleet, drawn, fleet
from vppcore.parameters import rules_of

ARRAYS = ("row_low", "row_high", "cost", "curvature", "column_low", "column_high", "constant")


def by_name(batches: list[Batch]) -> dict[str, tuple[Batch, int]]:
    return {name: (batch, k) for batch in batches for k, name in enumerate(batch.names)}


def assert_same_problem(one: tuple[Batch, int], other: tuple[Batch, int]) -> None:
    (left, i), (right, j) = one, other
    assert (left.matrix != right.matrix).nnz == 0 and (left.trade != right.trade).nnz == 0
    for name in ARRAYS:
        ours = getattr(left, name)[..., i]
        theirs = getattr(right, name)[..., j]
        finite = np.isfinite(theirs)
        assert np.array_equal(ours[~finite], theirs[~finite])
        scale = np.abs(theirs[finite]).max(initial=0.0)
        assert np.abs(ours[finite] - theirs[finite]).max(initial=0.0) <= 1e-12 * scale, name


@pytest.mark.parametrize("like", ["paper-a-parent", "paper-b", "template"])
def test_vpps_side_by_side_are_the_case_s_vpps(like):
    case = fleet(11, seed=3, like=like)
    ours = by_name(list(batches_of_fleet(drawn(11, seed=3, like=like), size=2)))
    theirs = by_name(batches_of(case))
    assert sorted(ours) == sorted(case.names) == sorted(theirs)
    for name in case.names:
        assert_same_problem(ours[name], theirs[name])


def test_processes_share_the_batches_and_draw_the_same():
    whole = by_name(list(batches_of_fleet(drawn(10, seed=5), size=2)))
    shares = [list(batches_of_fleet(drawn(10, seed=5), 2, share, 3)) for share in range(3)]
    assert sum(batch.count for share in shares for batch in share) == 10
    for share in shares:
        for name, place in by_name(share).items():
            assert_same_problem(place, whole[name])


def test_a_vpp_is_the_same_in_a_larger_fleet_and_another_with_another_seed():
    small = drawn(3, seed=1).numbers(2)
    large = drawn(5000, seed=1).numbers(2)
    other = drawn(3, seed=2).numbers(2)
    assert small.factors == large.factors != other.factors
    assert all(np.array_equal(small.series[key], large.series[key]) for key in small.series)


def test_nothing_spreads_when_nothing_may():
    still = Spread(size=0.0, plants=0.0, fuel=0.0, shift=0.0, noise=0.0)
    case = fleet(3, seed=9, like="paper-a-parent", spread=still)
    for ours, theirs in zip(case.vpps, load_case("paper-a-parent").vpps, strict=True):
        assert dispatch(ours).cost == pytest.approx(dispatch(theirs).cost, rel=1e-9)


def test_vpps_of_a_fleet_are_sound_and_differ():
    case = fleet(12, seed=4)
    costs = [dispatch(vpp).cost for vpp in case.vpps]
    assert len(np.unique(np.round(costs, 3))) == 12
    peaks = np.array([vpp.of(ElectricLoad)[0].demand.max() for vpp in case.vpps])
    stores = np.array([vpp.of(Battery)[0].energy_max for vpp in case.vpps])
    assert (peaks > 0).all() and (stores > 0).all()
    for vpp in case.vpps:
        assert np.array_equal(vpp.of(Grid)[0].buy_price, case.vpps[0].of(Grid)[0].buy_price)
    assert case.description.study is None


@pytest.mark.parametrize("n", [0, -3, 1.5, 10**8, True])
def test_a_wrong_number_of_vpps_is_refused(n):
    with pytest.raises(WrongInput, match="n: found"):
        drawn(n)


def test_a_fleet_of_one_is_a_case():
    case = fleet(1, like="template")
    assert case.names == ["V1"]


def test_a_hundred_thousand_are_drawn_batch_by_batch():
    many = drawn(100_000, seed=1)
    first = next(batches_of_fleet(many, size=4))
    assert first.names == ("V000001", "V000004", "V000007", "V000010")
    assert by_name([first])


def test_spreads_are_declared_with_unit_and_meaning():
    assert all(rule.unit and rule.text for rule in rules_of(Spread).values())
